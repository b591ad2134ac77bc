//! Rubrics: what this agency reviews applications against.

use api_types::rubrics::{ImportedRubric, RubricImportResponse};
use axum::{Json, extract::State, http::StatusCode};
use policy::rubrics;
use registry_schema::Timestamp;

use super::{
    App,
    auth::AuthenticatedOperator,
    body::{Body, TextBody},
    problem::{INVALID, Problem},
};

/// The rubrics of this agency, in all their versions; the newest import first.
#[utoipa::path(get, path = api_types::routes::RUBRICS.path(), tag = "registration",
    responses((status = 200, body = Vec<ImportedRubric>)))]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<ImportedRubric>>, Problem> {
    let rows = app.store.rubrics().await?;
    let read = rows.iter().enumerate().filter_map(|(i, row)| {
        let rubric = serde_json::from_str(&row.content)
            .inspect_err(|error| tracing::error!(%error, id = row.id, "a rubric cannot be read"));
        Some(ImportedRubric {
            imported_at: Timestamp(row.imported_at),
            current: i == 0,
            rubric: rubric.ok()?,
        })
    });
    Ok(Json(read.collect()))
}

/// Import a version of a rubric, as TOML.
///
/// What was imported under a version never changes. A file that says how many standards and components it has, or that has
/// the id of a rubric whose counts are known, is refused if it counts otherwise. With `dry_run`, nothing is written and
/// the consequences are shown.
#[utoipa::path(post, path = api_types::routes::RUBRIC_IMPORT.path(), tag = "registration",
    request_body = String,
    params(("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = RubricImportResponse), (status = 401, body = Problem), (status = 409, body = Problem),
              (status = 422, description = "what is wrong with the file, by line and column", body = Problem)))]
pub(super) async fn import(
    State(app): State<App>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Body<TextBody>,
) -> Result<(StatusCode, Json<RubricImportResponse>), Problem> {
    let TextBody(text) = body.content;
    let rubric = rubrics::parse(&text).map_err(|wrong| Problem::new(&INVALID, wrong.to_string()))?;
    let consequences = match hand.dry_run {
        true => Some(app.registrar.rubric_consequences(&rubric).await?),
        false => None,
    };
    app.registrar.import_rubric(&rubric, &hand).await?;
    Ok((
        super::created(&hand),
        Json(RubricImportResponse { rubric, consequences }),
    ))
}
