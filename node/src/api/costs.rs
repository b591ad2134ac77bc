//! The classes of what a route costs, and the budget that it is taken from before anything is done.
//!
//! **Each route has a cost**: its row in [`super::table`] has none without. Costs are classes of
//! a processor's time. Beside them stand the limits of what takes more than that: connections ([`crate::serve`]), bytes on
//! their way ([`super::arrivals`], [`super::outgoing`]), codes, applications ([`super::clients`]).

use axum::{
    extract::{Request, State},
    http::header::AUTHORIZATION,
    middleware::Next,
    response::Response,
};

use self::RouteCost::{Check, List, Look, Many, Nothing, Operators, Sign, Write};
use super::{
    App, auth,
    routes::{DeclaredRoute, refusal},
};

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

/// Before the routes: takes what a request costs from the budget of whoever asks. An operator whose own address has used up
/// its budget comes in with a token that counts; a token is looked at only then, so that it is no way to make the store
/// work.
pub(crate) async fn take(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = DeclaredRoute::of(request.extensions());
    // Nothing is done at an address that is no route.
    let cost = route.map_or(Look, DeclaredRoute::cost);
    let client = app.clients.of(request.extensions(), request.headers());
    let making = match cost {
        List => app.outgoing.makes().await.map(Some),
        _ => Ok(None),
    };
    // Held until the answer is made.
    let _making = match making {
        Ok(making) => making,
        Err(problem) => return refusal(route, problem),
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
    refusal(route, problem)
}

#[cfg(test)]
mod tests {
    use api_types::Role;

    use super::*;
    use crate::api::routes::declared_routes;

    /// Any route that needs no token costs something, unless it does nothing; and what operators alone may do asks for a token.
    #[test]
    fn nothing_that_works_is_free_and_nothing_for_operators_is_counted_as_public() {
        let constant = |path: &str| {
            ["/livez", "/version", "/verify", "/application"].contains(&path)
                || path.starts_with("/help")
                || path.starts_with("/assets")
        };
        for route in declared_routes() {
            let facts = route.facts();
            assert!(
                route.cost() != Nothing || constant(facts.path),
                "{} is free",
                facts.path
            );
            let needs_token = matches!(facts.role, Role::Operator);
            assert!(
                route.cost() != Operators || needs_token,
                "{} needs no token",
                facts.path
            );
        }
    }
}
