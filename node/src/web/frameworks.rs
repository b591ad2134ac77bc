//! The pages of frameworks.

use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;

use super::{
    page,
    pages::{FrameworkPage, FrameworksPage},
    problem_page,
};
use crate::api::{
    App, bulk,
    problem::{self, Problem},
};

#[derive(Debug, Deserialize)]
pub(crate) struct FrameworkPageQuery {
    page: Option<usize>,
}

fn agency(app: &App) -> String {
    let registry = app.registry.snapshot();
    registry.home().map(|home| home.name.clone()).unwrap_or_default()
}

/// `GET /frameworks`.
pub(crate) async fn frameworks_page(State(app): State<App>) -> Response {
    match app.store.frameworks().await {
        Ok(rows) => page(StatusCode::OK, &FrameworksPage::new(&agency(&app), &rows)),
        Err(error) => problem_page(&error.into()),
    }
}

/// `GET /frameworks/{id}`.
pub(crate) async fn framework_page(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(which): Query<FrameworkPageQuery>,
) -> Response {
    let shown = async {
        let row = app.store.framework_row(&id).await?;
        let row =
            row.ok_or_else(|| Problem::new(&problem::NOT_FOUND, "this agency keeps no framework by this name"))?;
        let _permit = bulk::admit(&app).await?;
        let framework = app.store.framework(&row).await?;
        let shown = FrameworkPage::new(&agency(&app), &framework, &row.tested()?, which.page.unwrap_or(1));
        Ok::<_, Problem>(page(StatusCode::OK, &shown))
    };
    shown.await.unwrap_or_else(|problem| problem_page(&problem))
}
