//! Errors: what the asker did wrong, or what this node cannot do now (RFC 9457), with a page that explains each code.

use std::borrow::Cow;

use api_types::problem::ProblemResponse;
use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use transport::buckets::Allowance;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use super::language::in_english;
use agency::registrar::RegistrarError;
use storage::StoreError;

/// An error, as it is answered: the problem, and what its headers say.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    response: Box<ProblemResponse>,
    /// In how many seconds to come again, for the header.
    retry_after: Option<u64>,
    /// The budget that is used up, for the headers.
    budget: Option<String>,
    /// The media types that are taken, for the header.
    accepts: &'static [&'static str],
}

impl From<Problem> for ProblemResponse {
    fn from(problem: Problem) -> Self {
        *problem.response
    }
}

/// The document has it as what is answered.
impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        ProblemResponse::schema()
    }
}

impl ToSchema for Problem {
    fn name() -> Cow<'static, str> {
        ProblemResponse::name()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        ProblemResponse::schemas(schemas);
    }
}

/// A code, its status, its title and its explanation.
pub(crate) struct ProblemCode {
    pub(crate) code: &'static str,
    status: StatusCode,
    pub(crate) title: &'static str,
    pub(crate) explanation: &'static str,
}

impl ProblemCode {
    pub(super) const fn status(&self) -> StatusCode {
        self.status
    }
}

macro_rules! codes {
    ($($name:ident = $code:literal, $status:ident, $title:literal, $explanation:literal;)*) => {
        $(pub(crate) const $name: ProblemCode =
            ProblemCode { code: $code, status: StatusCode::$status, title: $title, explanation: $explanation };)*
        /// All codes, for the pages that explain them.
        pub(crate) const ALL: &[ProblemCode] = &[$($name),*];
    };
}

codes! {
    INVALID = "request.invalid", UNPROCESSABLE_ENTITY, "The request asks for what cannot be",
        "A value in the request breaks a rule. The detail says which one, and what it may be. Nothing was changed.";
    TOO_LARGE = "request.too_large", PAYLOAD_TOO_LARGE, "The file is too large",
        "A badge, and any other request, has at most 2 MiB; an upload of many badges has at most 48 MiB; what applicants write has at most 256 KiB. A real badge file is a few kilobytes, or a few hundred with a picture. Send the badge itself, not a scan or an archive.";
    UNSUPPORTED = "request.unsupported", BAD_REQUEST, "The request cannot be read",
        "The body is not what this address takes: see /openapi.json for the shape. Nothing was changed.";
    PACKED = "request.packed", UNSUPPORTED_MEDIA_TYPE, "The body is compressed",
        "This node takes bodies as they are: a badge has a few kilobytes. Send it again without the header `Content-Encoding`, and not compressed. Nothing was changed.";
    MEDIA_TYPE = "request.media_type", UNSUPPORTED_MEDIA_TYPE, "This address takes another kind of body",
        "The header `Content-Type` names a kind of body that this address does not take, or none where one has to be named. The header `Accept` of the answer, and its detail, say which ones it takes. Nothing was changed.";
    NOT_FOUND = "request.not_found", NOT_FOUND, "There is nothing at this address",
        "The address, or the thing that it names, does not exist at this node. Check it for a typing mistake.";
    METHOD = "request.method", METHOD_NOT_ALLOWED, "This address takes another method",
        "The address exists, but not for this method: see /openapi.json.";
    TOO_SLOW = "request.too_slow", REQUEST_TIMEOUT, "The request took too long",
        "A request, its body included, has a minute. What was begun is carried out to its end: look at what stands, and send it again if need be.";
    TOO_MANY = "request.too_many", TOO_MANY_REQUESTS, "More is asked than this node takes at a time",
        "So that nobody can fill this node's store, it takes only so many applications in an hour, and only so many that wait. Nothing was changed. Try again later, or write to the agency.";
    TOO_OFTEN = "request.too_often", TOO_MANY_REQUESTS, "Too many codes were looked up",
        "Short codes are looked up only so often for one address, so that nobody tries them one after the other. The header `Retry-After` says in how many seconds to come again. Whoever has many badges to check sends them as a list: see /docs.";
    TOO_MUCH = "request.too_much", TOO_MANY_REQUESTS, "This address has used up its share of the node's work",
        "So that nobody can keep a node from answering others, each address has a budget of its work. The headers `Retry-After`, `RateLimit` and `RateLimit-Policy` say when there is more; the numbers are milliseconds of work and seconds. Nothing was done. Operators with a token are not held up.";
    UNAUTHENTICATED = "operator.unauthenticated", UNAUTHORIZED, "This is for operators of the agency",
        "Send an operator's token: `Authorization: Bearer TOKEN`, or use `comity --profile FILE`. A token is made on the node's machine with `comityd operator add NAME`.";
    VC_NOT_VERIFIED = "credential.not_verified", UNPROCESSABLE_ENTITY, "The credential or presentation is not verified",
        "This comes from the VC API's endpoints alone. The list `errors` says what was found, each with a page of its own. Nothing was changed. For an answer about a badge, with who recognizes its issuer, send it to /v1/verifications.";
    CONFLICT = "act.conflict", CONFLICT, "This contradicts what stands",
        "The lists already say otherwise; the detail says what. Nothing was changed. A revocation is final: issue a new credential instead.";
    RECORDS_LOST = "credential.records_lost", GONE, "The records that would tell are lost",
        "The agency's node lost its database once, and was rebuilt from its peers: they hold what was revoked, and no records of single badges. What it issued before stays good, and it cannot tell by a code which badge that was. Check the badge's file instead; its holder has it.";
    STORE_INCOMPLETE = "store.incomplete", CONFLICT, "The store lacks what nobody's word stands in for",
        "An operator vouches for a store that may lack what no peer can tell. This one is known to lack part of the agency's own log, which later entries follow: to write beside them would make a second history. Nothing was changed. Have that part given back: by a peer, or by a newer backup; otherwise begin again from the peers.";
    SCHEMA_INCOMPLETE = "store.schema_incomplete", SERVICE_UNAVAILABLE, "A table of the node's store is missing",
        "What the answer rests on is not in the node's database: somebody dropped or renamed a table or a column, or took the node's right to it away. The detail names it. Nothing was changed, and nothing is called good that rests on it. The node's operator gives the table its name or its rights back, or puts a backup in the store's place; the node goes on by itself once the table is there. Without a backup, `comityd rebuild` gets back from peers what they hold. The same is in `/readyz` and in `comity status`.";
    PARTLY_DONE = "act.partly_done", SERVICE_UNAVAILABLE, "Part of it was done",
        "A policy that is too long for one signed entry is written in several, and something went wrong between two of them. What was written stands. Apply the same file again: it writes what is missing.";
    TRUST_STALE = "trust.stale", SERVICE_UNAVAILABLE, "A trust list is too old to answer from",
        "The answer would rest on an agency's list that this node has not heard recently enough. Neither yes nor no can be said honestly; the detail names the agency. Try again later, or ask that agency's own node.";
    UNAVAILABLE = "node.unavailable", SERVICE_UNAVAILABLE, "This node cannot do it now",
        "The node's store or its own lists cannot be used at the moment. Nothing was changed. Try again; if it stays so, the node's operator finds the cause in its log and in `/readyz`.";
    RESTORING = "node.restoring", SERVICE_UNAVAILABLE, "This node is still reading its store",
        "The node has just started, and makes its lists from its store before it answers anything. Nothing was changed. Try again in some seconds; `/readyz` says how far it is.";
    NO_WRITER = "node.no_writer", SERVICE_UNAVAILABLE, "No process of this agency writes at the moment",
        "Several processes of the agency answer, and one of them writes. It cannot be reached, and no other has taken over yet. Nothing was changed. Try again in some seconds; if it stays so, the node's operator finds the cause in the log of each process.";
    OUTCOME_UNKNOWN = "node.outcome_unknown", SERVICE_UNAVAILABLE, "Whether it was done is not known",
        "The process that writes for this agency, or its database, was sent the request and went before it answered. Look at what stands before you send it again: either all of it was done, or nothing.";
}

impl Problem {
    pub(crate) fn new(code: &ProblemCode, detail: impl Into<String>) -> Self {
        Self {
            response: Box::new(ProblemResponse {
                kind: format!("/help/{}", code.code),
                title: code.title.to_owned(),
                status: code.status.as_u16(),
                detail: detail.into(),
                field: None,
            }),
            retry_after: None,
            budget: None,
            accepts: &[],
        }
    }

    /// The same, with the number of seconds after which to come again.
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The same, with the budget that is used up, and for how many seconds, in microseconds of work: the headers of
    /// draft-ietf-httpapi-ratelimit-headers.
    pub(super) fn with_budget(mut self, allowance: Allowance, seconds: u64) -> Self {
        let (quota, window) = (allowance.at_once / 1_000.0, allowance.at_once / allowance.a_second);
        self.budget = Some(format!("\"work\";r=0;t={seconds}|\"work\";q={quota:.0};w={window:.0}"));
        self
    }

    pub(crate) fn detail(&self) -> &str {
        &self.response.detail
    }

    pub(crate) fn title(&self) -> &str {
        &self.response.title
    }

    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The same, with the media types that the address takes, for the header.
    pub(super) fn accepting(mut self, kinds: &'static [&'static str]) -> Self {
        self.accepts = kinds;
        self
    }

    /// The same, about this member of the body or of the query.
    pub(super) fn about(mut self, field: impl Into<String>) -> Self {
        self.response.field = Some(field.into());
        self
    }
}

/// Makes a problem of an error that the framework answered in its own words, such as a query that cannot be read.
pub(crate) async fn in_our_words(response: Response) -> Response {
    let status = response.status();
    let kind = response
        .headers()
        .get(header::CONTENT_TYPE)
        .map(|kind| kind.as_bytes().to_vec())
        .unwrap_or_default();
    let is_ours = [b"application/problem".as_slice(), b"text/html"]
        .iter()
        .any(|ours| kind.starts_with(ours));
    if is_ours || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let code = match status {
        StatusCode::NOT_FOUND => &NOT_FOUND,
        StatusCode::METHOD_NOT_ALLOWED => &METHOD,
        StatusCode::PAYLOAD_TOO_LARGE => &TOO_LARGE,
        StatusCode::REQUEST_TIMEOUT => &TOO_SLOW,
        _ if status.is_server_error() => &UNAVAILABLE,
        _ => &UNSUPPORTED,
    };
    let allow = response.headers().get(header::ALLOW).cloned();
    let said = axum::body::to_bytes(response.into_body(), 1024)
        .await
        .unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let detail = if said.trim().is_empty() {
        "see /openapi.json for what can be asked here"
    } else {
        said.trim()
    };
    let mut problem = Problem::new(code, detail).into_response();
    if let Some(allow) = allow {
        problem.headers_mut().insert(header::ALLOW, allow);
    }
    problem
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let (retry_after, budget, accepts) = (self.retry_after, self.budget, self.accepts);
        let mut response = (status, Json(self.response)).into_response();
        if let Some(seconds) = retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
        }
        if let Ok(kinds) = header::HeaderValue::from_str(&accepts.join(", "))
            && !accepts.is_empty()
        {
            response.headers_mut().insert(header::ACCEPT, kinds);
        }
        if let Some((now, policy)) = budget.as_deref().and_then(|budget| budget.split_once('|')) {
            let told = [("ratelimit", now), ("ratelimit-policy", policy)];
            for (name, value) in told {
                if let Ok(value) = header::HeaderValue::from_str(value) {
                    response.headers_mut().insert(name, value);
                }
            }
        }
        let kind = header::HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<RegistrarError> for Problem {
    fn from(error: RegistrarError) -> Self {
        match error {
            RegistrarError::Unknown(detail) => Self::new(&NOT_FOUND, detail),
            RegistrarError::Conflict(detail) => Self::new(&CONFLICT, detail),
            RegistrarError::Invalid(detail) => Self::new(&INVALID, detail),
            RegistrarError::Unsignable(why) => Self::new(&INVALID, in_english(why)),
            RegistrarError::TooMany { detail, retry_after } => Self::new(&TOO_MANY, detail).retry_after(retry_after),
            RegistrarError::NotTheirs(detail) => Self::new(&UNAUTHENTICATED, detail),
            RegistrarError::NotHolder => Self::new(
                &NO_WRITER,
                "this process does not write for the agency at the moment: try again in some seconds",
            ),
            RegistrarError::PartlyDone(detail) => Self::new(&PARTLY_DONE, detail),
            error @ RegistrarError::OutcomeUnknown => Self::new(&OUTCOME_UNKNOWN, error.to_string()),
            RegistrarError::NotNow(detail) => Self::new(&UNAVAILABLE, detail),
            RegistrarError::SchemaIncomplete(gap) => Self::new(&SCHEMA_INCOMPLETE, gap.to_string()),
            RegistrarError::Unavailable(detail) => {
                tracing::error!(%detail, "an act was not done");
                Self::new(&UNAVAILABLE, "the store cannot be used at the moment: try again")
            }
            RegistrarError::StoreAway { class, detail } => {
                tracing::error!(%detail, "an act was not done");
                Self::new(
                    &UNAVAILABLE,
                    format!("the store cannot be used at the moment, because {class}: try again"),
                )
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        // What this node would sign for its issuers it cannot, whoever asks.
        if matches!(error, StoreError::Sealed(_) | StoreError::IssuerKeyDamaged(_)) {
            return Self::new(&UNAVAILABLE, error.to_string());
        }
        RegistrarError::from(error).into()
    }
}

pub(crate) async fn no_such_route() -> Problem {
    Problem::new(
        &NOT_FOUND,
        "there is nothing at this address: see /openapi.json for what there is",
    )
}
