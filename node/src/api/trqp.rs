//! The Trust Registry Query Protocol 2.0 of the Trust over IP Foundation, §6 (requests and answers) and §9 (HTTPS).
//!
//! Any agency of the federation can be the authority: by its name (`US-TN`), its node's URL, or that URL's did:web. What
//! rests on a list that is too old is neither yes nor no: an error.

use std::collections::BTreeSet;

use api_types::trqp::{TrqpRequest, TrqpResponse};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderName},
    response::{IntoResponse as _, Response},
};
use registry_schema::{AgencyId, Purpose, QueryTime, RecognitionScope, Timestamp, recognition::RecognitionEntry};
use verification::{
    Evidence, Freshness,
    followed::{self, ListFreshness, RecognitionPath, RecognitionQuery},
};

use super::{
    App,
    body::Body,
    key_log::did_web,
    problem::{NOT_FOUND, Problem, TRUST_STALE, UNSUPPORTED},
};
use agency::{evidence::of_issuer, registry::Registry};

/// The longest text in a query, in bytes.
const MOST_BYTES: usize = 500;
/// Most members of a context.
const MOST_CONTEXT: usize = 20;
/// The resource that stands for any badge.
const ANYTHING: &str = "micro-credential";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Is this entity authorized by this authority?
///
/// `issue`: the authority registers the issuer as its own, or recognizes it, itself or through agencies that it follows.
/// `recognize:<purpose>`: it recognizes the issuer for this purpose. What its acceptance rules demand of a badge is not asked:
/// the query names none. The message says that there are such rules; `/v1/verifications` holds a badge against them.
#[utoipa::path(post, path = api_types::routes::TRQP_AUTHORIZATION.path(), tag = "other registries", request_body = TrqpRequest,
    responses((status = 200, body = TrqpResponse), (status = 400, body = Problem),
              (status = 404, description = "the authority or the action is not known", body = Problem),
              (status = 503, description = "a list that the answer rests on is too old", body = Problem)))]
pub(super) async fn authorization(
    State(app): State<App>,
    headers: HeaderMap,
    body: Result<Body<TrqpRequest>, Problem>,
) -> Response {
    let answer = match asked(body) {
        Ok(query) => answer(&app, query, true).await,
        Err(problem) => Err(problem),
    };
    let answer = answer.map(|(yes, message, query)| reply(&app, query, Some(yes), None, message));
    echoed(&headers, answer)
}

/// Is this entity recognized by this authority?
///
/// The entity can be an issuer, or another agency, whose recognitions the authority accepts.
#[utoipa::path(post, path = api_types::routes::TRQP_RECOGNITION.path(), tag = "other registries", request_body = TrqpRequest,
    responses((status = 200, body = TrqpResponse), (status = 400, body = Problem),
              (status = 404, description = "the authority or the action is not known", body = Problem),
              (status = 503, description = "a list that the answer rests on is too old", body = Problem)))]
pub(super) async fn recognition(
    State(app): State<App>,
    headers: HeaderMap,
    body: Result<Body<TrqpRequest>, Problem>,
) -> Response {
    let answer = match asked(body) {
        Ok(query) => answer(&app, query, false).await,
        Err(problem) => Err(problem),
    };
    let answer = answer.map(|(yes, message, query)| reply(&app, query, None, Some(yes), message));
    echoed(&headers, answer)
}

fn asked(body: Result<Body<TrqpRequest>, Problem>) -> Result<TrqpRequest, Problem> {
    // The protocol wants 400 for whatever is missing or of another type, as bodies are answered anyway.
    let query = body?.content;
    let context = query.context.iter().flatten();
    let texts = [&query.entity_id, &query.authority_id, &query.action, &query.resource];
    let all = texts.into_iter().chain(context.flat_map(|(name, text)| [name, text]));
    if all.into_iter().any(|text| text.len() > MOST_BYTES)
        || texts.into_iter().any(String::is_empty)
        || query.context.as_ref().is_some_and(|c| c.len() > MOST_CONTEXT)
    {
        let said =
            format!("each text of a query has 1 to {MOST_BYTES} bytes, and a context at most {MOST_CONTEXT} members");
        return Err(Problem::new(&UNSUPPORTED, said));
    }
    Ok(query)
}

fn reply(
    app: &App,
    query: TrqpRequest,
    authorized: Option<bool>,
    recognized: Option<bool>,
    message: String,
) -> Json<TrqpResponse> {
    let time_requested = query.context.as_ref().and_then(|context| context.get("time")).cloned();
    Json(TrqpResponse {
        entity_id: query.entity_id,
        authority_id: query.authority_id,
        action: query.action,
        resource: query.resource,
        authorized,
        recognized,
        time_requested,
        time_evaluated: app.clock.now().whole_seconds(),
        message,
        context: query.context,
    })
}

/// The answer, with the asker's name for the request.
fn echoed(headers: &HeaderMap, answer: Result<Json<TrqpResponse>, Problem>) -> Response {
    let mut response = answer.into_response();
    if let Some(id) = headers.get(REQUEST_ID).filter(|id| id.len() <= 128) {
        response.headers_mut().insert(REQUEST_ID, id.clone());
    }
    response
}

/// Returns the purpose of an action; none, if it is to issue anything.
fn purpose(action: &str) -> Result<Option<Purpose>, Problem> {
    match action.strip_prefix("recognize:") {
        None if action == "issue" => Ok(None),
        Some(purpose) => purpose
            .parse()
            .map(Some)
            .map_err(|e| Problem::new(&NOT_FOUND, format!("{e}"))),
        None => {
            let said =
                format!("`{action}` is no action here: `issue`, or `recognize:` and a purpose (`recognize:renewal`)");
            Err(Problem::new(&NOT_FOUND, said))
        }
    }
}

/// The agency that goes by this name, URL or did:web.
fn agency(registry: &Registry, named: &str) -> Option<AgencyId> {
    let named = named.trim_end_matches('/');
    let is_it = |url: &str| url.trim_end_matches('/') == named || did_web(url).as_deref() == Some(named);
    let found = registry
        .agencies()
        .into_iter()
        .find(|lists| lists.id.as_str() == named || is_it(&lists.url));
    found.map(|lists| lists.id.clone())
}

/// The moment that is asked about; now, if none is.
fn moment(query: &TrqpRequest, now: Timestamp) -> Result<Timestamp, Problem> {
    match query
        .context
        .as_ref()
        .and_then(|context| context.get("time"))
        .map(String::as_str)
    {
        None | Some("") => Ok(now),
        Some(time) => time
            .ends_with('Z')
            .then(|| time.parse::<Timestamp>().ok())
            .flatten()
            .ok_or_else(|| {
                Problem::new(
                    &UNSUPPORTED,
                    format!("`{time}` is no time: RFC 3339 in UTC, 2026-11-23T14:02:11Z"),
                )
            }),
    }
}

/// The agency whose word is wanted.
fn authority(registry: &Registry, query: &TrqpRequest) -> Result<AgencyId, Problem> {
    agency(registry, &query.authority_id).ok_or_else(|| {
        let said = format!(
            "`{}` is no agency of this federation: see /v1/agencies",
            query.authority_id
        );
        Problem::new(&NOT_FOUND, said)
    })
}

fn stale(agency: &AgencyId) -> Problem {
    Problem::new(
        &TRUST_STALE,
        format!("the trust list of `{agency}` was not heard recently enough here"),
    )
}

async fn answer(
    app: &App,
    query: TrqpRequest,
    registered_counts: bool,
) -> Result<(bool, String, TrqpRequest), Problem> {
    let now = app.clock.now();
    let purpose = purpose(&query.action)?;
    let at = moment(&query, now)?;
    // An item of a framework, with those above it, as far as this node has the framework.
    let item = BTreeSet::from([query.resource.clone()]);
    let above = app.store.items_above(&item, None).await?;
    let is_placed = !app.store.items_kept(&item, None).await?.is_empty();
    let resource: Vec<String> = item.into_iter().chain(above.into_values().flatten()).collect();
    let registry = app.registry.snapshot();
    let authority = authority(&registry, &query)?;
    let whole = query.resource == ANYTHING;
    let question = TrqpQuestion {
        registry: &registry,
        evidence: &of_issuer(&registry, &query.entity_id, now),
        authority: &authority,
        purpose,
        sought: RecognitionQuery {
            issuer: &query.entity_id,
            achievement: (!whole).then_some(query.resource.as_str()),
            alignments: if whole { &[] } else { &resource },
            asked: QueryTime::new(at, now),
            issued: None,
            vouched: None,
        },
        is_placed,
        at,
        now,
    };
    let (yes, said) = question.answer(registered_counts)?;
    Ok((yes, said, query))
}

/// A query that is understood, and all that its answer rests on.
struct TrqpQuestion<'a> {
    registry: &'a Registry,
    evidence: &'a Evidence,
    authority: &'a AgencyId,
    /// The use that is asked about; none, if it is to issue anything.
    purpose: Option<Purpose>,
    sought: RecognitionQuery<'a>,
    /// Tells that the resource is an item of a framework that this node has.
    is_placed: bool,
    /// The moment asked about.
    at: Timestamp,
    now: Timestamp,
}

impl<'a> TrqpQuestion<'a> {
    /// The answer, and on what it rests, in words. Where it is asked whom the authority authorizes, its own registrations count,
    /// and what it accepts of another agency does not.
    fn answer(&self, registered_counts: bool) -> Result<(bool, String), Problem> {
        if !self.is_fresh(self.authority) {
            return Err(stale(self.authority));
        }
        if let Some(other) = agency(self.registry, self.sought.issuer) {
            let (accepts, said) = self.of_agency(&other);
            return Ok((accepts && !registered_counts, said));
        }
        if let Some(first) = self.held(ListFreshness::FreshAt(self.now)).first() {
            return Ok((true, self.recognized(first)));
        }
        let authority = self.authority;
        let on = self.reached([authority]);
        if registered_counts && self.purpose.is_none() && self.is_registered() {
            return Ok((true, format!("registered as an issuer by {authority}, as of {on}")));
        }
        self.refuse_if_in_doubt()?;
        let unknown = match self.may_be_below_an_item() {
            true => {
                "; it recognizes by items of a framework, and whether this stands below one is not known at this node"
            }
            false => "",
        };
        let said = format!("{authority} does not recognize it for this, as of {on}{unknown}");
        Ok((false, said))
    }

    fn is_fresh(&self, agency: &AgencyId) -> bool {
        let heard = self.evidence.trust_lists.get(agency).copied();
        heard.unwrap_or(Freshness::Never).is_fresh(self.now)
    }

    fn serves(&self, purposes: &[Purpose]) -> bool {
        self.purpose.is_none_or(|p| purposes.contains(&p))
    }

    /// The recognitions of the entity that count for the authority and serve the use.
    fn held(&self, lists: ListFreshness) -> Vec<RecognitionPath<'a>> {
        let mut held = followed::held(self.evidence, self.authority, &self.sought, lists);
        held.retain(|held| self.serves(&held.purposes));
        held
    }

    /// The moment as of which something is told, in words: nothing is told as of a time that its lists do not reach to.
    fn reached<'l>(&self, lists: impl IntoIterator<Item = &'l AgencyId>) -> String {
        let as_of = |agency: &AgencyId| {
            self.evidence
                .trust_lists
                .get(agency)
                .copied()
                .and_then(Freshness::as_of)
        };
        let ages = lists.into_iter().filter_map(as_of);
        let oldest = ages.min().filter(|_| self.at <= self.now);
        oldest.map_or(self.at, |oldest| oldest.min(self.at)).in_words()
    }

    /// Says, of another agency, if the authority accepts what it recognizes.
    fn of_agency(&self, other: &AgencyId) -> (bool, String) {
        let (authority, sought) = (self.authority, &self.sought);
        let on = self.reached([authority]);
        let hop = self.evidence.agency_recognitions.iter().find(|hop| {
            let r = &hop.recognition;
            let covers = r.scope.covers(sought.achievement, sought.alignments);
            hop.agency == *authority
                && r.of == *other
                && !hop.waits
                && hop.holds(sought.asked, None)
                && covers
                && self.serves(&r.purposes)
        });
        let said = match hop {
            Some(hop) => format!(
                "{authority} accepts what {other} recognizes, by recognition `{}`, as of {on}",
                hop.recognition.id
            ),
            None => format!("{authority} does not accept what {other} recognizes for this, as of {on}"),
        };
        (hop.is_some(), said)
    }

    /// Says through whom the entity is recognized, and as of when.
    fn recognized(&self, first: &RecognitionPath<'_>) -> String {
        let path: Vec<String> = first.path().iter().rev().map(ToString::to_string).collect();
        let on = self.reached(&first.path());
        // A rule speaks of a badge: its hours, its date, how it was assessed. Nobody showed one here.
        let more = match self.asks_more(first) {
            true => "; its rules demand more of a badge: show it to /v1/verifications",
            false => "",
        };
        format!("recognized by {}, as of {on}{more}", path.join(" through "))
    }

    /// Returns true if the authority's acceptance rules govern a use for which this recognition counts.
    fn asks_more(&self, first: &RecognitionPath<'_>) -> bool {
        let policy = self.registry.agency(self.authority).and_then(|lists| lists.policy());
        policy.is_some_and(|policy| {
            policy.acceptance_rules().iter().any(|rule| {
                rule.purposes
                    .iter()
                    .any(|p| self.serves(&[*p]) && first.purposes.contains(p))
                    && rule.from.is_none_or(|from| from <= self.at)
                    && rule.until.is_none_or(|until| self.at < until)
            })
        })
    }

    /// Returns true if the authority registers the entity as its own issuer, with a key that signs at the moment asked about.
    fn is_registered(&self) -> bool {
        let (evidence, authority, at) = (self.evidence, self.authority, self.at);
        evidence.issuers.iter().any(|issuer| issuer.agency == *authority)
            && evidence
                .registrations
                .get(authority)
                .is_none_or(|said| said.holds(self.sought.asked))
            && evidence
                .issuers
                .iter()
                .filter(|issuer| issuer.agency == *authority)
                .flat_map(|issuer| &issuer.verification_methods)
                .any(|key| key.from.is_none_or(|from| from <= at) && key.until.is_none_or(|until| at < until))
    }

    /// Refuses to say no where a recognition would count, were the lists that it rests on not too old.
    fn refuse_if_in_doubt(&self) -> Result<(), Problem> {
        if let Some(doubtful) = self.held(ListFreshness::Any).first() {
            let home = doubtful.entry.recognition.issuer.agency.clone();
            let mut lists = doubtful.path().into_iter().chain([home]);
            if let Some(too_old) = lists.find(|agency| !self.is_fresh(agency)) {
                return Err(stale(&too_old));
            }
        }
        Ok(())
    }

    /// Returns true if the authority recognizes the entity by items of a framework, and nobody here knows if the resource
    /// stands below one.
    fn may_be_below_an_item(&self) -> bool {
        let by_items = |entry: &RecognitionEntry| {
            let is_by_items = matches!(entry.recognition.scope, RecognitionScope::Aligned(_));
            entry.agency == *self.authority && is_by_items && entry.holds(self.sought.asked, None)
        };
        let is_whole = self.sought.achievement.is_none();
        !is_whole && !self.is_placed && self.evidence.recognitions.iter().any(by_items)
    }
}
