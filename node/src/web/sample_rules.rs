//! The page of the shipped samples of rules, and what badges count for by one of them.

use axum::{extract::State, http::StatusCode, response::Response};
use transport::client::ClientAddress;
use verification::{VerificationQuestion, bulk::BulkRow};

use super::{
    MOST_FILES, PAGE_LANGUAGE, VerifyForm, lines_of, page,
    pages::{ManyPage, SampleRulesPage},
    problem_page, read_form,
};
use crate::api::{
    App,
    body::{Body, FileForm},
    bulk,
    clients::AskingClient,
    problem::{self, Problem},
    verifications::question_of,
    worth::{SamplePolicy, together_by},
};

/// `GET /sample-rules`.
pub(crate) async fn sample_rules_page() -> Response {
    with(StatusCode::OK, None)
}

fn with(status: StatusCode, problem: Option<&Problem>) -> Response {
    match SampleRulesPage::new(problem.map(Problem::detail)) {
        Ok(shown) => page(status, &shown),
        Err(_) => problem_page(&Problem::new(&problem::UNAVAILABLE, "a sample cannot be read")),
    }
}

/// `POST /sample-rules`: what badges count for by the sample that was chosen.
pub(crate) async fn count(
    State(app): State<App>,
    AskingClient(client): AskingClient,
    body: Result<Body<FileForm>, Problem>,
) -> Response {
    let counted = async {
        let Body {
            content: form,
            place: _place,
        } = body?;
        answered(&app, client, read_form(form).await?).await
    };
    match counted.await {
        Ok(response) => response,
        Err(problem) => with(problem.status(), Some(&problem)),
    }
}

async fn answered(app: &App, client: ClientAddress, mut sent: VerifyForm) -> Result<Response, Problem> {
    // The field that names an agency elsewhere names the sample here; the verdicts are this node's own agency's.
    let sample = SamplePolicy::of(sent.asked.agency.take().unwrap_or_default().trim())?;
    // This node's own agency says whether a badge is good, and the sample what it is good for.
    let question = question_of(app, &sent.asked)?;
    let purpose = question.purpose;
    let question = VerificationQuestion {
        purpose: None,
        ..question
    };
    let rows = match sent.files.len() {
        0 => return Err(Problem::new(&problem::INVALID, "choose one or more badge files")),
        1 if sent.names_many || sent.file.starts_with(b"PK\x03\x04") => bulk::rows(sent.file.into(), None).await?,
        2.. if sent.files.len() > MOST_FILES => {
            let detail = format!("at most {MOST_FILES} files at once");
            return Err(Problem::new(&problem::INVALID, detail));
        }
        _ => {
            let files = (1..).zip(sent.files);
            let rows = files.map(|(row, (name, content))| BulkRow {
                row,
                input: Some(name),
                content: Ok(content),
            });
            rows.collect()
        }
    };
    if rows.len() > MOST_FILES {
        let detail = format!("at most {MOST_FILES} badges are counted together");
        return Err(Problem::new(&problem::INVALID, detail));
    }
    let lines = lines_of(app, client, rows, &question).await?;
    let name = {
        let registry = app.registry.snapshot();
        registry.home().map(|home| home.name.clone()).unwrap_or_default()
    };
    let worded: Vec<_> = lines.iter().map(|line| line.in_words(PAGE_LANGUAGE)).collect();
    let shown = ManyPage::new(&worded, &question.agency, &name, question.purpose, question.now)
        .with_total(Some(together_by(&sample, &lines, purpose, question.at)))
        .by_sample(&sample.whose, &sample.note());
    Ok(page(StatusCode::OK, &shown))
}
