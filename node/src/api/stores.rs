//! Questions to the other stores of this node's own agency: each store keeps the credentials that it issued, and the keys of
//! the issuers that it registered.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse as _, Response},
};

use super::{
    App,
    problem::{Problem, UNAVAILABLE},
};
use agency::node_client::{ASKED, SiblingResponse};

/// The headers of a question that are passed on; an operator's token is not.
const ASKING: [HeaderName; 2] = [header::ACCEPT, header::IF_NONE_MATCH];

/// Asks the other stores of this agency for what this one does not have. None, if they all say that they do not have it
/// either, or if it was another store that asked.
///
/// # Errors
/// [`Problem`], if one of them cannot be asked: it may have it.
pub(super) async fn ask(app: &App, path: &[&str], headers: &HeaderMap) -> Result<Option<Response>, Problem> {
    if headers.contains_key(ASKED) {
        return Ok(None);
    }
    let stores: Vec<String> = {
        let registry = app.registry.snapshot();
        registry.roster().store_urls().map(str::to_owned).collect()
    };
    if stores.is_empty() {
        return Ok(None);
    }
    let silent = |why: &str| Problem::new(&UNAVAILABLE, why.to_owned());
    let busy = |_| silent("too many questions are on their way to the other stores of this agency: try again");
    let _permit = app.sibling_permits.try_acquire().map_err(busy)?;
    let kept: Vec<(HeaderName, HeaderValue)> = ASKING
        .into_iter()
        .filter_map(|name| Some((name.clone(), headers.get(&name)?.clone())))
        .collect();
    let mut unasked = false;
    for store in &stores {
        match app.node_client.pass(store, path, &kept).await {
            SiblingResponse::Answer { status, headers, body } => {
                return Ok(Some((status, headers, body).into_response()));
            }
            SiblingResponse::Unknown => {}
            SiblingResponse::Unreachable => unasked = true,
        }
    }
    if unasked {
        return Err(silent(
            "another store of this agency, which may keep it, does not answer: try again",
        ));
    }
    Ok(None)
}
