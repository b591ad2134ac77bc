//! The pages: the same Verdict as the API's, for people. Plain HTML from the server; no JavaScript.

pub(crate) mod frameworks;
pub(crate) mod issuers;
mod pages;
pub(crate) mod registration;
pub(crate) mod sample_rules;

use std::sync::Arc;
use transport::client::ClientAddress;

use api_types::agencies::AgencyResponse;
use api_types::verifications::VerificationQuery;
use axum::{
    Extension,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use futures::TryStreamExt as _;
use registry_schema::{AgencyId, CredentialCode};
use utoipa::openapi::OpenApi;
use verification::{VerificationQuestion, bulk::BulkRow};
use words::Language;

use pages::{
    AgenciesPage, AgencyRow, ApiReference, DocsGroupPage, DocsPage, ErrorEntry, HelpIndexPage, HelpPage, ManyPage,
    ProblemPage, VerdictPage, VerifyPage,
};
pub(crate) use pages::{CONTENT_SECURITY_POLICY, ago};

use crate::api::{
    App, agencies,
    body::{Body, FileForm},
    bulk,
    clients::AskingClient,
    following::link,
    problem::{self, Problem},
    store,
    verifications::{answer, question_of},
    warnings, worth,
};

/// The language of the pages, whose own words are not in the catalogue yet: a page speaks one language.
const PAGE_LANGUAGE: Language = Language::English;

/// The number of files that are dropped at once: as many as are counted together.
const MOST_FILES: usize = worth::MOST_BADGES;
/// The number of answers that a page shows.
const MOST_ON_A_PAGE: usize = 2_000;

/// The page for developers, as `document` tells it.
pub(crate) fn reference(document: &OpenApi) -> Arc<ApiReference> {
    let error = |code: &problem::ProblemCode| ErrorEntry {
        code: code.code,
        title: code.title,
        status: Problem::new(code, "").status().as_u16(),
    };
    Arc::new(ApiReference::new(document, problem::ALL.iter().map(error).collect()))
}

/// `GET /verify`.
pub(crate) async fn back_to_the_box() -> Redirect {
    Redirect::to("/")
}

/// `GET /assets/style.css`.
pub(crate) async fn style() -> Response {
    asset("text/css; charset=utf-8", pages::STYLESHEET)
}

/// `GET /assets/sample-badge.json`.
pub(crate) async fn sample_badge() -> Response {
    asset("application/json", pages::SAMPLE_BADGE)
}

/// `GET /assets/icon.svg`.
pub(crate) async fn icon() -> Response {
    asset("image/svg+xml", pages::ICON)
}

fn page(status: StatusCode, template: &impl askama::Template) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn asset(kind: &'static str, content: &'static str) -> Response {
    (
        [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, "public, max-age=300"),
        ],
        content,
    )
        .into_response()
}

pub(crate) fn problem_page(problem: &Problem) -> Response {
    let status = problem.status();
    page(
        status,
        &ProblemPage::new(status.as_u16(), problem.title(), problem.detail()),
    )
}

/// The page with the box, with what was typed before and the problem with it.
fn box_page(app: &App, asked: &VerificationQuery, text: &str, problem: Option<&Problem>) -> Response {
    let registry = app.registry.snapshot();
    let agencies: Vec<(AgencyId, String)> = registry
        .agencies()
        .into_iter()
        .map(|lists| (lists.id.clone(), lists.name.clone()))
        .collect();
    let asked_agency = asked.agency.as_deref().and_then(|id| id.parse().ok());
    let agency = asked_agency
        .filter(|id| registry.agency(id).is_some())
        .unwrap_or_else(|| registry.home_id().clone());
    let name = registry
        .agency(&agency)
        .map_or_else(|| agency.to_string(), |lists| lists.name.clone());
    let purpose = asked.purpose.as_deref().and_then(|p| p.parse().ok());
    let shown = VerifyPage::new(&agency, &name, &agencies, problem.map(Problem::detail)).with_answers(
        text,
        purpose,
        (
            asked.at.as_deref().unwrap_or_default(),
            asked.known.as_deref().unwrap_or_default(),
        ),
    );
    page(problem.map_or(StatusCode::OK, Problem::status), &shown)
}

/// `GET /`.
pub(crate) async fn verify_page(State(app): State<App>, Query(asked): Query<VerificationQuery>) -> Response {
    box_page(&app, &asked, "", None)
}

/// The contents of the form.
#[derive(Default)]
struct VerifyForm {
    file: Vec<u8>,
    /// All files, with their names.
    files: Vec<(String, Vec<u8>)>,
    /// Its name ends like that of a list or an archive.
    names_many: bool,
    text: String,
    asked: VerificationQuery,
}

/// `POST /verify`.
pub(crate) async fn verify(
    State(app): State<App>,
    AskingClient(client): AskingClient,
    body: Result<Body<FileForm>, Problem>,
) -> Response {
    let received = async {
        let Body { content: form, place } = body?;
        Ok((read_form(form).await?, place))
    };
    let (sent, _place) = match received.await {
        Ok(received) => received,
        Err(problem) => return box_page(&app, &VerificationQuery::default(), "", Some(&problem)),
    };
    let question = match question_of(&app, &sent.asked) {
        Ok(question) => question,
        Err(problem) => return box_page(&app, &sent.asked, &sent.text, Some(&problem)),
    };
    let badge = if sent.file.is_empty() {
        sent.text.trim().as_bytes()
    } else {
        &sent.file
    };
    if badge.is_empty() {
        let problem = Problem::new(&problem::INVALID, "choose a badge file, or type a short code or a link");
        return box_page(&app, &sent.asked, "", Some(&problem));
    }
    if let Some(problem) = Some(sent.text.trim())
        .filter(|_| sent.file.is_empty())
        .and_then(mistyped)
    {
        return box_page(&app, &sent.asked, &sent.text, Some(&problem));
    }
    if sent.files.len() > 1 {
        return match several(&app, client, sent.files, question).await {
            Ok(response) => response,
            Err(problem) => box_page(&app, &sent.asked, "", Some(&problem)),
        };
    }
    if sent.names_many || sent.file.starts_with(b"PK\x03\x04") {
        return match many(&app, client, sent.file, question).await {
            Ok(response) => response,
            Err(problem) => box_page(&app, &sent.asked, "", Some(&problem)),
        };
    }
    match answer(&app, client, badge, &question).await {
        Ok(verdict) => {
            let names = app.registry.snapshot();
            let name = |id: &AgencyId| {
                names
                    .agency(id)
                    .map_or_else(|| id.to_string(), |lists| lists.name.clone())
            };
            let verdict = verdict.in_words(&PAGE_LANGUAGE);
            page(StatusCode::OK, &VerdictPage::new(&verdict, &name, question.now))
        }
        Err(problem) => match problem.status() {
            StatusCode::TOO_MANY_REQUESTS => box_page(&app, &sent.asked, &sent.text, Some(&problem)),
            _ => problem_page(&problem),
        },
    }
}

/// The answers about several files that were dropped into the box: one teacher's badges, perhaps.
async fn several(
    app: &App,
    client: ClientAddress,
    files: Vec<(String, Vec<u8>)>,
    question: VerificationQuestion,
) -> Result<Response, Problem> {
    if files.len() > MOST_FILES {
        let detail = format!("at most {MOST_FILES} files at once: put more into a ZIP archive");
        return Err(Problem::new(&problem::INVALID, detail));
    }
    let rows = (1..).zip(files).map(|(row, (name, content))| BulkRow {
        row,
        input: Some(name),
        content: Ok(content),
    });
    answers(app, client, rows.collect(), question).await
}

/// The answers about an archive or a list that was dropped into the box.
async fn many(
    app: &App,
    client: ClientAddress,
    file: Vec<u8>,
    question: VerificationQuestion,
) -> Result<Response, Problem> {
    let rows = bulk::rows(file.into(), None).await?;
    answers(app, client, rows, question).await
}

/// The answers about these rows, in their order.
async fn lines_of(
    app: &App,
    client: ClientAddress,
    rows: Vec<BulkRow>,
    question: &VerificationQuestion,
) -> Result<Vec<bulk::JudgedRow>, Problem> {
    let permit = bulk::admit(app).await?;
    if rows.len() > MOST_ON_A_PAGE {
        let detail =
            format!("more than {MOST_ON_A_PAGE} badges do not fit on a page: send them in parts, or see /docs");
        return Err(Problem::new(&problem::INVALID, detail));
    }
    let chunks = bulk::lines(app.clone(), client, rows, question.clone(), permit, None);
    let cut = |_| {
        Problem::new(
            &problem::UNAVAILABLE,
            "not all badges were checked in time: send them in parts",
        )
    };
    let chunks: Vec<Vec<bulk::JudgedRow>> = chunks.try_collect().await.map_err(cut)?;
    Ok(chunks.into_iter().flatten().collect())
}

async fn answers(
    app: &App,
    client: ClientAddress,
    rows: Vec<BulkRow>,
    question: VerificationQuestion,
) -> Result<Response, Problem> {
    let lines = lines_of(app, client, rows, &question).await?;
    let (agency, purpose, now) = (question.agency.clone(), question.purpose, question.now);
    let name = {
        let registry = app.registry.snapshot();
        registry
            .agency(&agency)
            .map_or_else(|| agency.to_string(), |lists| lists.name.clone())
    };
    let worded: Vec<_> = lines.iter().map(|line| line.in_words(PAGE_LANGUAGE)).collect();
    let shown =
        ManyPage::new(&worded, &agency, &name, purpose, now).with_total(worth::together(app, &lines, &question));
    Ok(page(StatusCode::OK, &shown))
}

/// Says what to do about a text that is neither a badge nor a code: it was typed, so it can be typed again.
fn mistyped(text: &str) -> Option<Problem> {
    let problem = |detail| Some(Problem::new(&problem::INVALID, detail));
    if link(text.as_bytes()).is_some() {
        return None;
    }
    let typed = text.len() <= 32 && !text.starts_with(['{', '[', '"', '<']);
    if typed && text.parse::<CredentialCode>().is_err() {
        return problem(
            "this is neither a short code nor a link: check it for a typing mistake. A code has 13 letters and digits, and a link begins with https://",
        );
    }
    None
}

async fn read_form(mut form: FileForm) -> Result<VerifyForm, Problem> {
    let mut sent = VerifyForm::default();
    while let Some(field) = form.next_field().await? {
        match field.name() {
            "file" => {
                let name = field.file_name().to_ascii_lowercase();
                let ends = [".zip", ".csv", ".jsonl", ".ndjson"];
                let shown = field.file_name().to_owned();
                let bytes = field.bytes().await?.to_vec();
                if bytes.is_empty() {
                    continue;
                }
                sent.names_many = ends.iter().any(|end| name.ends_with(end));
                if sent.files.len() <= MOST_FILES {
                    sent.files.push((shown, bytes.clone()));
                }
                sent.file = bytes;
            }
            "text" => sent.text = field.text().await?,
            "agency" => sent.asked.agency = Some(field.text().await?),
            "purpose" => sent.asked.purpose = Some(field.text().await?),
            "at" => sent.asked.at = Some(field.text().await?),
            "known" => sent.asked.known = Some(field.text().await?),
            _ => {}
        }
    }
    Ok(sent)
}

/// `GET /agencies`.
pub(crate) async fn agencies_page(State(app): State<App>) -> Response {
    let row = |agency: AgencyResponse| AgencyRow {
        id: agency.id,
        name: agency.name,
        as_of: agency.last_heard,
        good_until: agency.good_until,
        issuers: agency.issuers,
        recognitions: agency.recognitions,
        url: agency.url,
        home: agency.home,
        expelled_since: agency.expelled_since,
        disputed: agency.disputed,
        forks: agency.forks,
        hindrances: agency.hindrances,
    };
    let now = app.clock.now();
    let clock = app
        .health
        .clock()
        .map(|doubt| format!("the clock is in doubt: {doubt}"));
    let doubt: Vec<String> = store::doubt(&app).await.into_iter().chain(clock).collect();
    match agencies::all_apart(app).await {
        Ok(all) => {
            let rows: Vec<AgencyRow> = all.into_iter().map(row).collect();
            let doubt = (!doubt.is_empty()).then(|| doubt.join("; "));
            page(
                StatusCode::OK,
                &AgenciesPage::new(&rows, now).in_doubt(doubt.as_deref()),
            )
        }
        Err(problem) => problem_page(&problem),
    }
}

/// `GET /docs`.
pub(crate) async fn docs_page(State(app): State<App>, Extension(reference): Extension<Arc<ApiReference>>) -> Response {
    let registry = app.registry.snapshot();
    let (url, name) = registry
        .home()
        .map_or_else(Default::default, |home| (home.url.clone(), home.name.clone()));
    page(StatusCode::OK, &DocsPage::new(&reference, &url, &name))
}

/// `GET /docs/{group}`.
pub(crate) async fn docs_group_page(
    Extension(reference): Extension<Arc<ApiReference>>,
    Path(group): Path<String>,
) -> Response {
    match DocsGroupPage::of(&reference, &group) {
        Some(found) => page(StatusCode::OK, &found),
        None => problem_page(&Problem::new(
            &problem::NOT_FOUND,
            format!("there is no part of the documentation called `{group}`: see /docs"),
        )),
    }
}

/// `GET /help`.
pub(crate) async fn help_index_page() -> Response {
    let errors: Vec<_> = problem::ALL.iter().map(|code| (code.code, code.title)).collect();
    let warnings: Vec<_> = warnings::ALL.iter().map(|code| (code.code, code.title)).collect();
    page(StatusCode::OK, &HelpIndexPage::new(&errors, &warnings))
}

/// `GET /help/{code}`.
pub(crate) async fn help_page(Path(code): Path<String>) -> Response {
    let of_request = problem::ALL
        .iter()
        .find(|p| p.code == code)
        .map(|p| HelpPage::new(p.code, p.title, p.explanation));
    let of_node = warnings::ALL
        .iter()
        .find(|w| w.code == code)
        .map(|w| HelpPage::new(w.code, w.title, w.explanation));
    match HelpPage::for_code(&code).or(of_request).or(of_node) {
        Some(help) => page(StatusCode::OK, &help),
        None => problem_page(&Problem::new(
            &problem::NOT_FOUND,
            "there is no such code: see /help for all of them",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_code_of_a_warning_has_a_page_of_its_own_and_stands_in_the_index() {
        let index = help_index_page().await;
        let index = axum::body::to_bytes(index.into_body(), 1 << 20).await.unwrap();
        let index = String::from_utf8_lossy(&index);
        for warning in warnings::ALL {
            let page = help_page(Path(warning.code.into())).await;
            assert_eq!(page.status(), StatusCode::OK, "{}", warning.code);
            assert!(HelpPage::for_code(warning.code).is_none() && problem::ALL.iter().all(|p| p.code != warning.code));
            assert!(index.contains(&format!("/help/{}", warning.code)), "{}", warning.code);
        }
    }

    #[test]
    fn a_typing_mistake_is_told_from_a_badge_and_from_a_code() {
        let code = CredentialCode::new(*b"NC", 0x1_9A4E_C27B_5D13).to_string();
        for fine in [
            code.as_str(),
            &code.to_lowercase().replace('-', " "),
            "{}",
            "eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJkaWQifQ.c2ln",
        ] {
            assert!(mistyped(fine).is_none(), "{fine}");
        }
        assert!(mistyped("https://badges.example/1").is_none(), "a link is opened");
        for wrong in ["NC-00000-00000-X", "hello", "ftp://badges.example/1"] {
            assert!(mistyped(wrong).is_some(), "{wrong}");
        }
    }
}
