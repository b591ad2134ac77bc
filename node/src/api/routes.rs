//! Routes as they are declared: what each needs of a node, in one value. The rows are in [`super::table`]; the layers around the
//! routes ask the declaration, and know no path.
//!
//! The facts that clients need too (path, method, role, media types, whether something is written) are those of
//! [`api_types::routes`]; what only the node knows (cost, limit, place, deadline) is added here.

use std::{collections::HashMap, sync::LazyLock, time::Duration};

use api_types::{Role, RouteFacts};
use axum::{
    extract::{MatchedPath, Request},
    http::{Extensions, HeaderMap, Method, header::CONTENT_TYPE},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::{
    costs::RouteCost,
    problem::{MEDIA_TYPE, Problem, TOO_LARGE, TOO_SLOW},
    table::TABLE,
};
use crate::web;

/// The media type of a form without files.
pub(super) const FORM: &str = "application/x-www-form-urlencoded";
/// The media type of a form with files.
pub(super) const FORM_WITH_FILES: &str = "multipart/form-data";

/// The longest that a request may take, its body included, unless its route says otherwise.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// The way in which the bytes of a body come in, and whose room they take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// As the connection brings them.
    Plain,
    /// By the gate of badges, which bounds what strangers have on its way.
    Badges,
    /// By the gate of uploads of many badges.
    Uploads,
}

/// The longest body that a route reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimit {
    /// The number of bytes that are read; one more is too many.
    pub(super) bytes: usize,
    /// The subject of the refusal: `a badge`.
    what: &'static str,
    /// Advice for who meets it.
    advice: &'static str,
    pub(super) arrival: Arrival,
}

impl BodyLimit {
    /// Of any request that says nothing else.
    pub(crate) const REQUEST: Self = Self {
        bytes: 2 * MIB,
        what: "a request",
        advice: "; a badge has a few kilobytes",
        arrival: Arrival::Plain,
    };
    /// Of a badge, and of what else strangers send to have it checked.
    pub(super) const BADGE: Self = Self {
        arrival: Arrival::Badges,
        ..Self::REQUEST
    };
    /// Of many badges in one upload.
    pub(super) const BADGES: Self = Self {
        bytes: verification::bulk::MAX_UPLOAD,
        what: "an upload",
        advice: ": send it in parts",
        arrival: Arrival::Uploads,
    };
    /// Of a framework.
    pub(super) const FRAMEWORK: Self = Self {
        bytes: policy::framework::MAX_BYTES,
        what: "a framework",
        advice: "",
        arrival: Arrival::Uploads,
    };
    /// Of what strangers write: an application, and what is added to it.
    pub(super) const APPLICATION: Self = Self {
        bytes: 256 * KIB,
        what: "an application, and each step in its case,",
        advice: "; link to what is longer",
        arrival: Arrival::Plain,
    };
    /// Of a countersignature.
    pub(super) const COUNTERSIGNATURE: Self = Self {
        bytes: super::federation::MAX_HELD_BYTES,
        what: "a countersignature",
        advice: "",
        arrival: Arrival::Badges,
    };

    /// The same, for bodies of so many bytes.
    #[cfg(test)]
    pub(super) const fn of_bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    /// The limit in words: `2 MiB`.
    pub(super) fn in_words(&self) -> String {
        match self.bytes {
            bytes if bytes.is_multiple_of(MIB) => format!("{} MiB", bytes / MIB),
            bytes if bytes.is_multiple_of(KIB) => format!("{} KiB", bytes / KIB),
            bytes => format!("{bytes} bytes"),
        }
    }

    /// The answer to a longer body.
    pub(super) fn too_large(&self) -> Problem {
        let (what, most, advice) = (self.what, self.in_words(), self.advice);
        Problem::new(&TOO_LARGE, format!("{what} has at most {most}{advice}"))
    }
}

/// The terms of a route that only the node knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct RouteTerms {
    cost: RouteCost,
    limit: BodyLimit,
    /// True if the holder of the lease alone can answer, though nothing is written: it alone has the replica.
    asks_the_replica: bool,
    /// True if it is answered before the node has read its store.
    while_restoring: bool,
    /// True if a person reads the answer, as a page.
    is_page: bool,
    deadline: Duration,
}

impl RouteTerms {
    /// The usual terms, at this cost.
    pub(super) const fn at(cost: RouteCost) -> Self {
        Self {
            cost,
            limit: BodyLimit::REQUEST,
            asks_the_replica: false,
            while_restoring: false,
            is_page: false,
            deadline: REQUEST_TIMEOUT,
        }
    }

    /// The same, for bodies of this length.
    pub(super) const fn takes(self, limit: BodyLimit) -> Self {
        Self { limit, ..self }
    }

    /// The same, answered by the holder of the lease alone.
    pub(super) const fn by_replica(self) -> Self {
        Self {
            asks_the_replica: true,
            ..self
        }
    }

    /// The same, answered also while the node reads its store.
    pub(super) const fn while_restoring(self) -> Self {
        Self {
            while_restoring: true,
            ..self
        }
    }

    /// The same, for people.
    pub(super) const fn page(self) -> Self {
        Self { is_page: true, ..self }
    }
}

/// The requests to a route that are sent on to the process that writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ForwardingRule {
    /// None: any process answers.
    Never,
    /// Those of operators. What is asked by others goes on to the route, which refuses it or answers as it can.
    Operators,
    /// All: strangers may write there.
    Everybody,
}

/// The kinds of writers, each of whom has places of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriterKind {
    /// Operators of the agency.
    Operators,
    /// Applicants, and whoever else needs no token.
    Strangers,
    /// Peers that countersign.
    Peers,
}

/// A route, as it is declared.
#[derive(Clone, Copy, Debug)]
pub struct DeclaredRoute {
    facts: RouteFacts,
    terms: RouteTerms,
}

impl DeclaredRoute {
    pub(super) const fn new(facts: RouteFacts, terms: RouteTerms) -> Self {
        Self { facts, terms }
    }

    /// The facts that clients know too.
    pub const fn facts(&self) -> RouteFacts {
        self.facts
    }

    /// The number of bytes of the longest body that it reads.
    pub const fn most_bytes(&self) -> usize {
        self.terms.limit.bytes
    }

    /// The longest body in words, as refusals tell it.
    pub fn most_in_words(&self) -> String {
        self.terms.limit.in_words()
    }

    /// Returns true if a person reads the answer, as a page.
    pub const fn is_page(&self) -> bool {
        self.terms.is_page
    }

    /// Returns true if it takes JSON, and nothing else.
    pub(super) fn takes_json_alone(&self) -> bool {
        self.facts.accepts == [api_types::JSON]
    }

    pub(crate) const fn limit(&self) -> &BodyLimit {
        &self.terms.limit
    }

    pub(super) const fn cost(&self) -> RouteCost {
        self.terms.cost
    }

    pub(super) const fn while_restoring(&self) -> bool {
        self.terms.while_restoring
    }

    /// The requests that go to the process that writes.
    pub(crate) const fn forwarding(&self) -> ForwardingRule {
        match (self.facts.writes(), self.facts.role) {
            (true, Role::Public | Role::Applicant) => ForwardingRule::Everybody,
            (true, Role::Peer | Role::Operator) => ForwardingRule::Operators,
            (false, _) if self.terms.asks_the_replica => ForwardingRule::Operators,
            (false, _) => ForwardingRule::Never,
        }
    }

    /// The writers whose places it takes; none, if nothing is written.
    pub(crate) fn writer(&self) -> Option<WriterKind> {
        let writer = match self.facts.role {
            Role::Operator => WriterKind::Operators,
            Role::Public | Role::Applicant => WriterKind::Strangers,
            Role::Peer => WriterKind::Peers,
        };
        self.facts.writes().then_some(writer)
    }

    /// The media type of a body, as it is declared; none, if it is not named and need not be.
    ///
    /// # Errors
    /// If it is another, with those that are taken.
    pub(super) fn media_type(&self, headers: &HeaderMap) -> Result<Option<&'static str>, Problem> {
        let accepts = self.facts.accepts;
        let refuse = |named: &str| {
            let (shown, all) = (named.chars().take(100).collect::<String>(), accepts.join("`, `"));
            let detail = format!("the body is {shown}, and this address takes `{all}`");
            Problem::new(&MEDIA_TYPE, detail).accepting(accepts)
        };
        let Some(named) = headers.get(CONTENT_TYPE) else {
            // A browser sends JSON or a form in somebody's name only if it says that it does.
            let must_be_named = |kind: &&str| [api_types::JSON, FORM, FORM_WITH_FILES].contains(kind);
            return match accepts.iter().all(must_be_named) {
                true => Err(refuse("of no type")),
                false => Ok(None),
            };
        };
        let named = String::from_utf8_lossy(named.as_bytes());
        let essence = named.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_json = essence.starts_with("application/") && essence.ends_with("+json");
        let found = accepts.iter().copied().find(|kind| *kind == essence);
        let found = found.or_else(|| accepts.iter().copied().find(|kind| is_json && *kind == api_types::JSON));
        let found = found.or_else(|| accepts.contains(&api_types::ANY).then_some(api_types::ANY));
        found.map(Some).ok_or_else(|| refuse(&format!("`{essence}`")))
    }

    /// The declaration of the route that a request is for.
    pub(crate) fn of(extensions: &Extensions) -> Option<&'static Self> {
        extensions.get::<&'static Self>().copied()
    }

    /// The declaration of the route at a path, as a template, that takes this method.
    pub(crate) fn find(method: &Method, path: &str) -> Option<&'static Self> {
        let method = if *method == Method::HEAD {
            Method::GET.as_str()
        } else {
            method.as_str()
        };
        let mut all = BY_PATH.get(path)?.iter().copied();
        all.find(|route| route.facts.method().as_str() == method)
    }
}

/// The routes at each path.
static BY_PATH: LazyLock<HashMap<&'static str, Vec<&'static DeclaredRoute>>> = LazyLock::new(|| {
    let mut all: HashMap<&'static str, Vec<&'static DeclaredRoute>> = HashMap::new();
    for route in TABLE {
        all.entry(route.facts.path).or_default().push(route);
    }
    all
});

/// All routes of a node: those of programs, and the pages.
pub const fn declared_routes() -> &'static [DeclaredRoute] {
    TABLE
}

/// A problem as whoever asked reads it: a page for people, JSON for programs.
pub(crate) fn refusal(route: Option<&DeclaredRoute>, problem: Problem) -> Response {
    match route.is_some_and(DeclaredRoute::is_page) {
        true => web::problem_page(&problem),
        false => problem.into_response(),
    }
}

/// Before all that asks the declaration: finds that of the route, and holds the request to its deadline.
pub(crate) async fn declare(mut request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let route = path.and_then(|path| DeclaredRoute::find(request.method(), path.as_str()));
    if let Some(route) = route {
        request.extensions_mut().insert(route);
    }
    let deadline = route.map_or(REQUEST_TIMEOUT, |route| route.terms.deadline);
    match tokio::time::timeout(deadline, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let detail = format!("it was not answered within {} seconds", deadline.as_secs());
            refusal(route, Problem::new(&TOO_SLOW, detail))
        }
    }
}

#[cfg(test)]
mod tests {
    use api_types::routes;
    use axum::http::HeaderValue;

    use super::*;

    fn paths(of: impl Fn(&DeclaredRoute) -> bool) -> Vec<&'static str> {
        let those = declared_routes().iter().filter(|route| of(route));
        those.map(|route| route.facts().path).collect()
    }

    /// What strangers write goes to the process that writes, whoever asks; what operators write, and what the replica alone
    /// can tell, goes there with a token; and a question with a body is answered where it is asked.
    #[test]
    fn what_is_forwarded_follows_from_what_is_declared() {
        let strangers = paths(|route| route.forwarding() == ForwardingRule::Everybody);
        assert_eq!(
            strangers,
            [
                routes::APPLY.path(),
                routes::CASE_STEP.path(),
                routes::CONTROL_PROOF.path(),
                "/apply",
                "/application",
                "/application/proof"
            ]
        );
        let read_there = paths(|route| !route.facts().writes() && route.forwarding() != ForwardingRule::Never);
        assert_eq!(
            read_there,
            [
                routes::FORKS.path(),
                routes::FORK_PROOF.path(),
                routes::HEARTBEATS.path(),
                routes::REACH.path()
            ]
        );
        for route in declared_routes() {
            let writes = route.facts().writes();
            assert!(
                !writes || route.forwarding() != ForwardingRule::Never,
                "{}",
                route.facts().path
            );
            assert_eq!(writes, route.writer().is_some(), "{}", route.facts().path);
        }
        assert_eq!(
            paths(|route| route.writer() == Some(WriterKind::Peers)),
            [routes::COUNTERSIGNATURE.path()]
        );
        assert_eq!(
            paths(DeclaredRoute::while_restoring),
            [
                routes::LIVENESS.path(),
                routes::READINESS.path(),
                routes::VERSION.path()
            ]
        );
    }

    #[test]
    fn a_body_is_of_a_declared_type_and_json_and_forms_are_named() {
        let find = |path: &str| DeclaredRoute::find(&Method::POST, path).unwrap();
        let named = |path: &str, kind: Option<&str>| {
            let kind = kind.map(|kind| HeaderValue::from_str(kind).unwrap());
            let headers = kind.map(|kind| (CONTENT_TYPE, kind)).into_iter().collect();
            find(path)
                .media_type(&headers)
                .map_err(|problem| problem.status().as_u16())
        };
        let json = routes::RECOGNIZE.path();
        assert_eq!(named(json, Some("application/json")), Ok(Some("application/json")));
        assert_eq!(
            named(json, Some("Application/JSON; charset=utf-8")),
            Ok(Some("application/json"))
        );
        assert_eq!(named(json, Some("application/ld+json")), Ok(Some("application/json")));
        assert_eq!(named(json, Some("text/plain")), Err(415));
        assert_eq!(named(json, None), Err(415));
        assert_eq!(named("/apply", None), Err(415));
        let badge = routes::VERIFICATION.path();
        assert_eq!(named(badge, None), Ok(None));
        assert_eq!(named(badge, Some("image/png")), Ok(Some("image/png")));
        assert_eq!(
            named(badge, Some("multipart/form-data; boundary=x")),
            Ok(Some(FORM_WITH_FILES))
        );
        assert_eq!(
            named(badge, Some("nonsense/;;;")),
            Ok(Some("*/*")),
            "its bytes say what it is"
        );
        assert_eq!(named(routes::RUBRIC_IMPORT.path(), None), Ok(None));
        assert_eq!(named(routes::RUBRIC_IMPORT.path(), Some("")), Err(415));
    }
}
