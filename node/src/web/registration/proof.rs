//! The trial badge that an applicant sends from its page, to prove that it signs with software of its own.

use axum::{
    extract::{FromRequest as _, Multipart, Request, State, multipart::MultipartError},
    http::StatusCode,
    response::Response,
};
use registry_schema::registration::StepActor;

use super::{super::pages::ApplicationPage, agency_name, answered, page};
use crate::api::{
    App,
    applications::{Viewer, application_response, hash, is_applicants, proved},
    problem::{INVALID, Problem},
    verifications::receive,
};

/// `POST /application/proof`: the key and the file in the body.
pub(in crate::web) async fn proof(State(app): State<App>, request: Request) -> Response {
    answered(sent(&app, request).await)
}

async fn sent(app: &App, request: Request) -> Result<Response, Problem> {
    let client = app.clients.of(request.extensions(), request.headers());
    let arrived = receive(app, request).await?;
    let unreadable = |e: MultipartError| Problem::unreadable_body(e.status(), e.body_text());
    let multipart = Multipart::from_request(arrived.request, app).await;
    let multipart = multipart.map_err(|e| Problem::unreadable_body(e.status(), e.body_text()))?;
    let (key, file) = read(multipart).await.map_err(unreadable)?;
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

async fn read(mut multipart: Multipart) -> Result<(String, Vec<u8>), MultipartError> {
    let (mut key, mut file) = (String::new(), Vec::new());
    while let Some(field) = multipart.next_field().await? {
        match field.name().unwrap_or_default() {
            "key" => key = field.text().await?.trim().to_owned(),
            "file" => file = field.bytes().await?.to_vec(),
            _ => {}
        }
    }
    Ok((key, file))
}
