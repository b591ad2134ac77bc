//! The trial badge that an applicant sends from its page, to prove that it signs with software of its own.

use axum::{extract::State, http::StatusCode, response::Response};
use registry_schema::registration::StepActor;
use transport::client::ClientAddress;

use super::{super::pages::ApplicationPage, agency_name, answered, page};
use crate::api::{
    App,
    applications::{Viewer, application_response, hash, is_applicants, proved},
    body::{Body, FileForm},
    clients::AskingClient,
    problem::{INVALID, Problem},
};

/// `POST /application/proof`: the key and the file in the body.
pub(crate) async fn proof(
    State(app): State<App>,
    AskingClient(client): AskingClient,
    body: Result<Body<FileForm>, Problem>,
) -> Response {
    answered(sent(&app, client, body).await)
}

async fn sent(app: &App, client: ClientAddress, body: Result<Body<FileForm>, Problem>) -> Result<Response, Problem> {
    let Body {
        content: form,
        place: _place,
    } = body?;
    let (key, file) = read(form).await?;
    let agency = agency_name(app);
    let now = app.clock.now();
    let found = match is_applicants(&key) {
        true => app.store.application_by_token(hash(&key)).await?,
        false => None,
    };
    let Some(row) = found else {
        let problem = "this key opens no application here: check it for a typing mistake";
        let shown = ApplicationPage::new(&agency, "", None, Some(problem), now);
        return Ok(page(StatusCode::UNAUTHORIZED, &shown));
    };
    let done = match file.is_empty() {
        true => Err(Problem::new(&INVALID, "choose the file of the trial badge")),
        false => proved(app, &row.id, (StepActor::Applicant, client), file, false).await,
    };
    let (status, said) = match done {
        Ok(_) => (StatusCode::CREATED, None),
        Err(problem) if problem.status().is_client_error() => (problem.status(), Some(problem.detail().to_owned())),
        Err(problem) => return Err(problem),
    };
    let file = app.registrar.case(&row.id).await?;
    let shown = application_response(&file, Viewer::Applicant, now)?;
    let shown = ApplicationPage::new(&agency, &key, Some((&shown, &file.rubric)), said.as_deref(), now);
    Ok(page(status, &shown))
}

async fn read(mut form: FileForm) -> Result<(String, Vec<u8>), Problem> {
    let (mut key, mut file) = (String::new(), Vec::new());
    while let Some(field) = form.next_field().await? {
        match field.name() {
            "key" => key = field.text().await?.trim().to_owned(),
            "file" => file = field.bytes().await?.to_vec(),
            _ => {}
        }
    }
    Ok((key, file))
}
