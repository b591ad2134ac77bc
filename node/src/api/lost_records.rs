//! The answers of a node that was rebuilt about credentials from before: it cannot tell whether its agency issued them.

use axum::response::{IntoResponse as _, Response};
use registry_schema::Timestamp;

use super::{
    App,
    problem::{Problem, RECORDS_LOST},
};
use agency::node_client::RECORDS_SINCE;

/// The answer about a credential that is not here; none, if this node has the records of all that its agency issued.
pub(super) async fn answer(app: &App) -> Result<Option<Response>, Problem> {
    let Some(before) = app.store.lost_records().await? else {
        return Ok(None);
    };
    let mut response = Problem::new(
        &RECORDS_LOST,
        format!("{}; ask the holder for the badge file", in_words(before)),
    )
    .into_response();
    if let Ok(value) = before.to_string().parse() {
        response.headers_mut().insert(RECORDS_SINCE, value);
    }
    Ok(Some(response))
}

/// Returns the reason that this node cannot tell, in lower case, without a full stop.
pub(super) fn in_words(before: Timestamp) -> String {
    format!(
        "this agency's node lost its records of badges issued before {}, and cannot tell whether it issued this one",
        before.date_in_words()
    )
}
