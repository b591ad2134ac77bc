//! What an operator should know of this node and mend, though it serves. For operators alone: a weakness is no news for
//! everybody.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{App, auth::Operator, problem::Problem};
use crate::certificate;

/// A weakness of this node.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OperatorWarning {
    /// What it is, for programs: `root.at_home`.
    code: &'static str,
    /// What it is and what to do, for people.
    detail: String,
}

/// What is weak about this node, though it serves; empty, if nothing is.
#[utoipa::path(get, path = "/v1/warnings", tag = "operations", security(("operator" = [])),
    responses((status = 200, body = Vec<OperatorWarning>), (status = 401, body = Problem)))]
pub(super) async fn list(State(app): State<App>, _: Operator) -> Result<Json<Vec<OperatorWarning>>, Problem> {
    let roots = app.registrar.roots_at_home().await?;
    let roots = roots.iter().map(|file| OperatorWarning {
        code: "root.at_home",
        detail: crate::keys::root_at_home(file),
    });
    let refused = app.registrar.refuses_applications(app.registration.most_open).await?;
    let refused = refused.map(|detail| OperatorWarning {
        code: "applications.refused",
        detail,
    });
    let file = app.certificate.as_deref();
    let ending = file.and_then(|file| certificate::term_ends(file, app.clock.now()));
    let certificate = ending.map(|detail| OperatorWarning {
        code: "certificate.ends",
        detail,
    });
    Ok(Json(roots.chain(refused).chain(certificate).collect()))
}
