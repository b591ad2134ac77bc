//! The cost of each route, and the budget that it is taken from before anything is done.
//!
//! **Each route has a cost**; a test walks the OpenAPI document and the pages, and finds one without. Costs are classes of
//! a processor's time. Beside them stand the limits of what takes more than that: connections ([`crate::serve`]), bytes on
//! their way ([`super::arrivals`], [`super::outgoing`]), codes, applications ([`super::clients`]).

use axum::{
    extract::{MatchedPath, Request, State},
    http::{Method, header::AUTHORIZATION},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use self::RouteCost::{Check, List, Look, Many, Nothing, Operators, Sign, Write};
use super::{App, auth, is_page, problem::Problem};
use crate::web;

/// The cost of a route for whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RouteCost {
    /// It answers from constants.
    Nothing,
    /// A look at one thing, here.
    Look,
    /// A whole list or page; made once for a state of the lists, where it can be.
    List,
    /// A badge is judged.
    Check,
    /// Many are.
    Many,
    /// The agency signs.
    Sign,
    /// The store is written.
    Write,
    /// A token is looked for; what it opens is not a stranger's to pay.
    Operators,
}

impl RouteCost {
    const fn micros(self) -> u32 {
        match self {
            Nothing => 0,
            Check => 100,
            Look | Operators => 200,
            List | Sign => 2_000,
            Write => 10_000,
            Many => 20_000,
        }
    }
}

/// The cost of the registry as it was at an earlier moment, in microseconds, if it has to be made.
pub(crate) const PAST: u32 = 500_000;

/// The cost of each route.
const ROUTES: &[(&str, &str, RouteCost)] = &[
    ("GET", "/livez", Nothing),
    ("GET", "/readyz", Look),
    ("GET", "/version", Nothing),
    ("GET", "/v1/clock", Look),
    ("GET", "/v1/store", Look),
    ("GET", "/v1/warnings", Operators),
    ("POST", "/v1/clock/acceptance", Operators),
    ("POST", "/v1/store/acceptance", Operators),
    ("POST", "/v1/issuers/{id}/rekey", Operators),
    ("GET", "/openapi.json", Look),
    // The verdict.
    ("POST", "/v1/verifications", Check),
    ("POST", "/v1/verifications/bulk", Many),
    ("POST", "/v1/worth", Many),
    ("POST", "/credentials/verify", Check),
    ("POST", "/presentations/verify", Many),
    ("POST", "/authorization", Look),
    ("POST", "/recognition", Look),
    ("GET", "/v1/credentials/{code}", Look),
    ("GET", "/v1/credentials/{code}/confirmations/{digest}", Look),
    // What is published.
    ("GET", "/v1/agencies", List),
    ("GET", "/v1/agencies/{id}", List),
    ("GET", "/v1/agencies/{id}/forks", Look),
    ("GET", "/v1/agencies/{id}/forks/{fork}", Look),
    ("GET", "/v1/agencies/{id}/forks/acknowledgements", Operators),
    ("GET", "/v1/issuers", List),
    ("GET", "/v1/issuers/{id}", Look),
    ("GET", "/v1/issuers/{id}/history", Look),
    ("GET", "/v1/recognitions", List),
    ("GET", "/v1/agency-recognitions", List),
    ("GET", "/v1/registrations", List),
    ("GET", "/v1/trust-history", List),
    ("GET", "/v1/status-lists", List),
    ("GET", "/v1/status-lists/{id}", Sign),
    ("GET", "/v1/recognized-entities", List),
    ("GET", "/registry.json", List),
    ("GET", "/.well-known/openid-federation", Sign),
    ("GET", "/.well-known/did.json", Look),
    ("GET", "/fetch", Sign),
    ("GET", "/v1/key-log", Look),
    ("GET", "/v1/policy", List),
    ("GET", "/v1/policy/model", Look),
    ("GET", "/v1/policy/samples", Look),
    ("GET", "/v1/policy/samples/{agency}", Look),
    ("GET", "/v1/policy/schema", Look),
    ("GET", "/v1/rubrics", Look),
    ("GET", "/v1/frameworks", Look),
    ("GET", "/v1/frameworks/{id}", List),
    ("GET", "/v1/frameworks/{id}/coverage", List),
    // The federation.
    ("GET", "/v1/heartbeats", Look),
    ("GET", "/v1/reach/{agency}", Look),
    ("GET", "/v1/peers", Look),
    ("GET", "/v1/peers/ticket", Look),
    ("GET", "/v1/peers/introductions", Look),
    ("GET", "/v1/peers/introductions/signed", Sign),
    ("GET", "/federation/index.json", Look),
    ("GET", "/federation/{genesis}/summary", Look),
    ("GET", "/federation/{genesis}/{kind}/{name}", List),
    ("POST", "/federation/held", Write),
    // What strangers write.
    ("POST", "/v1/applications", Write),
    ("GET", "/v1/applications/{id}", Look),
    ("POST", "/v1/applications/{id}/steps", Write),
    ("POST", "/v1/applications/{id}/proof", Write),
    // Operators'.
    ("GET", "/v1/applications", Operators),
    ("POST", "/v1/applications/{id}/contact-expunging", Operators),
    ("GET", "/v1/credentials", Operators),
    ("POST", "/v1/credentials", Operators),
    ("POST", "/v1/credentials/{code}/status-entries", Operators),
    ("POST", "/v1/credentials/{code}/expunging", Operators),
    ("POST", "/credentials/issue", Operators),
    ("POST", "/v1/status-lists/{id}/entries", Operators),
    ("POST", "/v1/issuers", Operators),
    ("POST", "/v1/issuers/{id}/keys", Operators),
    ("POST", "/v1/issuers/{id}/standing", Operators),
    ("POST", "/v1/issuers/{id}/provider", Operators),
    ("POST", "/v1/issuers/{id}/key-compromise", Operators),
    ("POST", "/v1/recognitions", Operators),
    ("POST", "/v1/recognitions/{id}/withdrawal", Operators),
    ("POST", "/v1/agency-recognitions", Operators),
    ("POST", "/v1/agency-recognitions/{id}/withdrawal", Operators),
    ("POST", "/v1/rubrics", Operators),
    ("PUT", "/v1/policy", Operators),
    ("POST", "/v1/frameworks", Operators),
    ("DELETE", "/v1/frameworks/{id}", Operators),
    ("POST", "/v1/key-log", Operators),
    ("POST", "/v1/key-log/proposals", Operators),
    ("POST", "/v1/agencies/{id}/forks/acknowledgements", Operators),
    ("POST", "/v1/peers", Operators),
    ("POST", "/v1/peers/{agency}/removal", Operators),
    ("POST", "/v1/peers/{agency}/pull", Operators),
    // The pages.
    ("GET", "/", Look),
    ("GET", "/verify", Nothing),
    ("POST", "/verify", Check),
    ("GET", "/agencies", List),
    ("GET", "/issuers", List),
    ("GET", "/issuers/{id}", List),
    ("GET", "/frameworks", List),
    ("GET", "/frameworks/{id}", List),
    ("GET", "/sample-rules", List),
    ("POST", "/sample-rules", Many),
    ("GET", "/apply", Look),
    ("POST", "/apply", Write),
    ("GET", "/application", Nothing),
    ("POST", "/application", Write),
    ("POST", "/application/proof", Write),
    ("GET", "/docs", Look),
    ("GET", "/docs/{group}", Look),
    ("GET", "/help", Nothing),
    ("GET", "/help/{code}", Nothing),
    ("GET", "/assets/style.css", Nothing),
    ("GET", "/assets/sample-badge.json", Nothing),
    ("GET", "/assets/icon.svg", Nothing),
];

/// The cost of a route; an address without one costs a look, as nothing is done there.
pub(super) fn of_route(method: &Method, path: &str) -> Option<RouteCost> {
    let method = if *method == Method::HEAD {
        "GET"
    } else {
        method.as_str()
    };
    let row = ROUTES.iter().find(|row| row.0 == method && row.1 == path);
    row.map(|row| row.2)
}

/// Before the routes: takes what a request costs from the budget of whoever asks. An operator whose own address has used up
/// its budget comes in with a token that counts; a token is looked at only then, so that it is no way to make the store
/// work.
pub(crate) async fn take(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let cost = path
        .and_then(|path| of_route(request.method(), path.as_str()))
        .unwrap_or(Look);
    let client = app.clients.of(request.extensions(), request.headers());
    let making = match cost {
        List => app.outgoing.makes().await.map(Some),
        _ => Ok(None),
    };
    let is_page = is_page(request.uri().path());
    let refuse = |problem: Problem| match is_page {
        true => web::problem_page(&problem),
        false => problem.into_response(),
    };
    // Held until the answer is made.
    let _making = match making {
        Ok(making) => making,
        Err(problem) => return refuse(problem),
    };
    let Err(problem) = app.clients.works(client, cost.micros()) else {
        return next.run(request).await;
    };
    if request.headers().contains_key(AUTHORIZATION)
        && app.clients.tries_a_token(client)
        && auth::operator(request.headers(), &app.store).await.is_ok()
    {
        return next.run(request).await;
    }
    refuse(problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The routes that the source of the pages declares.
    fn pages() -> Vec<String> {
        let source = include_str!("../web.rs");
        let declared = source.split(".route(").skip(1);
        let paths = declared.filter_map(|rest| rest.split_once('"')?.1.split_once('"'));
        paths.map(|(path, _)| path.to_owned()).collect()
    }

    #[test]
    fn each_route_has_a_cost_and_each_cost_a_route() {
        let document = serde_json::to_value(super::super::document()).unwrap();
        let mut told = Vec::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for method in operations.as_object().unwrap().keys() {
                told.push((method.to_uppercase(), path.clone()));
            }
        }
        assert!(told.len() > 70, "{}", told.len());
        for (method, path) in &told {
            let method: Method = method.parse().unwrap();
            assert!(of_route(&method, path).is_some(), "{method} {path} has no cost");
        }
        let pages = pages();
        assert!(pages.len() > 15, "{pages:?}");
        for path in &pages {
            assert!(
                of_route(&Method::GET, path)
                    .or_else(|| of_route(&Method::POST, path))
                    .is_some(),
                "{path} has no cost"
            );
        }
        for (method, path, _) in ROUTES {
            let of_document = told.contains(&((*method).to_owned(), (*path).to_owned()));
            let is_there = of_document || pages.iter().any(|page| page == path) || *path == "/openapi.json";
            assert!(is_there, "{method} {path} is no route");
        }
    }

    /// Any route that needs no token costs something, unless it does nothing; and what operators alone may do asks for a token.
    #[test]
    fn nothing_that_works_is_free_and_nothing_for_operators_is_counted_as_public() {
        let free: Vec<&str> = ROUTES.iter().filter(|row| row.2 == Nothing).map(|row| row.1).collect();
        let constant = |path: &&str| {
            ["/livez", "/version", "/verify", "/application"].contains(path)
                || path.starts_with("/help")
                || path.starts_with("/assets")
        };
        assert!(free.iter().all(constant), "{free:?}");
        let document = serde_json::to_value(super::super::document()).unwrap();
        for (method, path, cost) in ROUTES {
            let operation = &document["paths"][*path][method.to_lowercase()];
            let needs_token = operation.get("security").is_some();
            assert!(*cost != Operators || needs_token, "{method} {path} needs no token");
        }
    }
}
