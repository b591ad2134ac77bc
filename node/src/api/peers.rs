//! The peers of this node: whom it follows, how to follow it, and whom it introduces.

use api_types::consequences::ConsequencesResponse;
use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use protocol::Ticket;
use registry_schema::{AgencyFreshness, AgencyId, QueryTime, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    App,
    agencies::{heard, known_freshness},
    auth::AuthenticatedOperator,
    documents,
    hindrances::Hindrances,
    operations::not_known,
    problem::{INVALID, NOT_FOUND, Problem, UNAVAILABLE},
    recognitions::{dependent_on, would},
};
use agency::{
    peer_set::{KnownPeer, Membership},
    registrar::ProposedChange,
    registry::{AgencyState, Registry},
};
use transport::network;

/// An agency that this node's operators made a peer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Peer {
    /// The agency whose node it is; this node's own, where that has other stores.
    agency: AgencyId,
    /// Its name for people, once it was heard; before, as its ticket has it.
    name: Option<String>,
    /// Its identity: the hash of its first key-log entry, in hexadecimal.
    genesis: String,
    /// `member`; `left`, if it is no longer followed; `expelled`, if nothing that it says counts but what it revoked;
    /// `unpinned`, if its name was just let go of.
    membership: &'static str,
    /// Since when it left or is expelled.
    ended: Option<Timestamp>,
    /// The moment at which an operator added it; none, if the configuration names it.
    added: Option<Timestamp>,
    /// True if one of its nodes is connected now.
    connected: bool,
    /// True if its nodes close each connection as soon as it is made: as a rule because they do not follow this agency.
    turns_away: bool,
    /// By which transport: `TCP`, `QUIC`.
    transport: Option<String>,
    /// The address at which its node answers HTTP.
    address: Option<String>,
    /// The multiaddresses at which its nodes listen for peers.
    addresses: Vec<String>,
    /// Everything that it wrote before this moment is known here.
    last_heard: Option<Timestamp>,
    /// Until when that counts.
    good_until: Option<Timestamp>,
    /// The agency's freshness now, by the clock of this node: the judgment on which its verdicts rest.
    freshness: AgencyFreshness,
    /// The number of seconds since `last_heard`.
    lag_seconds: Option<i64>,
    /// The number of envelopes of its log that are known to exist and are not here.
    missing: usize,
    /// The causes that keep more of it from being taken in, or anything of it from being fresh.
    #[serde(flatten)]
    hindrances: Hindrances,
    /// The number of times that one of its nodes did what no honest node does; the audit trail says what.
    misbehaved: i64,
    /// Of a peer that is, or in a dry run would be, removed: how many of this agency's standing recognitions rest on what the
    /// agency said, because it registers the issuer, or is itself what is recognized. `consequences` tells what follows
    /// from these.
    #[serde(skip_serializing_if = "Option::is_none")]
    recognitions: Option<usize>,
}

fn shown(
    registry: &Registry,
    misbehaved: &BTreeMap<String, i64>,
    id: &AgencyId,
    known: &KnownPeer,
    now: Timestamp,
) -> Peer {
    let lists = registry.agency(id);
    let (last_heard, good_until) = lists.map_or((None, None), |lists| heard(registry, lists, now));
    let transport = registry.transport(&known.genesis);
    let (membership, ended) = match known.membership {
        Membership::Member => ("member", None),
        Membership::Left(since) => ("left", Some(since)),
        Membership::Expelled(since) => ("expelled", Some(since)),
    };
    let said = |part: fn(&Ticket) -> &String| {
        let said = known.tickets.iter().map(part).find(|text| !text.is_empty());
        said.cloned()
    };
    let nodes = known.tickets.iter().filter_map(|ticket| network::Peer::of(ticket).ok());
    let counts = nodes.filter_map(|node| misbehaved.get(&node.name().to_string()));
    Peer {
        agency: id.clone(),
        name: lists
            .map(|lists| lists.name.clone())
            .or_else(|| said(|ticket| &ticket.name)),
        genesis: known.genesis.to_string(),
        membership,
        ended,
        added: known.added.as_ref().map(|(at, _)| *at),
        connected: transport.is_some(),
        turns_away: transport.is_none() && registry.is_turned_away_by(&known.genesis),
        transport: transport.filter(|via| !via.is_empty()).map(str::to_owned),
        address: lists
            // The key log says where the agency answers, and not where its other stores do.
            .filter(|_| id != registry.home_id())
            .map(|lists| lists.url.clone())
            .or_else(|| said(|ticket| &ticket.url)),
        addresses: known
            .tickets
            .iter()
            .flat_map(|ticket| ticket.addresses.clone())
            .collect(),
        last_heard,
        good_until,
        freshness: lists.map_or(AgencyFreshness::NeverHeard, |lists| {
            known_freshness(registry, lists, now)
        }),
        lag_seconds: last_heard.map(|heard| now.seconds_since(heard).max(0)),
        missing: lists.map_or(0, |lists| lists.missing),
        hindrances: Hindrances::of(registry, &known.genesis),
        misbehaved: counts.sum(),
        recognitions: None,
    }
}

/// The peers of this node: who is connected, how far each one's log reaches here; those included who left or were
/// expelled.
#[utoipa::path(get, path = "/v1/peers", tag = "federation", responses((status = 200, body = Vec<Peer>)))]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<Peer>>, Problem> {
    let misbehaved = app.store.acts_by_subject("peer.misbehaved").await?;
    let now = app.clock.now();
    let registry = app.registry.snapshot();
    let roster = registry.roster();
    let stores = roster.stores().map(|known| (&roster.own().agency, known));
    Ok(Json(
        stores
            .into_iter()
            .chain(roster.others())
            .map(|(id, known)| shown(&registry, &misbehaved, id, known, now))
            .collect(),
    ))
}

pub(super) async fn one(app: &App, agency: &AgencyId) -> Result<Peer, Problem> {
    let misbehaved = app.store.acts_by_subject("peer.misbehaved").await?;
    let registry = app.registry.snapshot();
    let roster = registry.roster();
    let stores = roster.stores().filter(|_| *agency == roster.own().agency);
    let known = stores.or_else(|| roster.of(agency));
    let known = known.ok_or_else(|| Problem::new(&NOT_FOUND, format!("`{agency}` is no peer: see /v1/peers")))?;
    Ok(shown(&registry, &misbehaved, agency, known, app.clock.now()))
}

/// A peer to follow.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPeer {
    /// The ticket, as `comity peer ticket` prints it at the other node.
    ticket: String,
    /// The peer that introduced it, if one did; then `introduction` is needed.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    introduced_by: Option<AgencyId>,
    /// The introduction that this peer signed, as its `/v1/peers/introductions/signed` gives it: it must hold the ticket.
    #[serde(default)]
    introduction: Option<String>,
}

/// The content of a ticket.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Told {
    /// The ticket.
    ticket: String,
    /// The agency whose node it is.
    agency: AgencyId,
    /// Its name for people, as it gives it.
    name: String,
    /// Its identity: the hash of its first key-log entry, in hexadecimal.
    genesis: String,
    /// The identity of its node in the network of peers.
    node: String,
    /// The multiaddresses at which that node listens for peers.
    addresses: Vec<String>,
    /// The address at which it answers HTTP.
    url: String,
    /// In a dry run of following it: what rests on it already.
    #[serde(skip_serializing_if = "Option::is_none")]
    awaited: Option<Awaited>,
}

/// The recognitions that already rest on an agency that is not followed yet. What it registers and recognizes itself is not
/// known before it is followed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Awaited {
    /// The number of this agency's standing recognitions that are of issuers that it registers, or of itself: they count as soon
    /// as its lists are here.
    recognitions: usize,
    /// The agencies that recognize what it recognizes, by this log; this one too, if it does.
    #[schema(value_type = Vec<String>)]
    followed_by: Vec<AgencyId>,
}

/// Returns what rests on an agency with this log.
fn awaited(registry: &Registry, ticket: &Ticket, now: Timestamp) -> Awaited {
    let log = ticket.genesis.to_string();
    let follows = |lists: &&AgencyState| {
        let mut all = lists.agency_recognitions();
        all.any(|entry| {
            let of = &entry.recognition;
            of.of == ticket.agency && of.key_log == log && entry.holds(QueryTime::now(now), None)
        })
    };
    let agencies = registry.agencies().into_iter().filter(follows);
    let resting = dependent_on(registry, &ticket.agency, now);
    Awaited {
        recognitions: resting.of_issuers + resting.of_agency,
        followed_by: agencies.map(|lists| lists.id.clone()).collect(),
    }
}

impl From<Ticket> for Told {
    fn from(ticket: Ticket) -> Self {
        Self {
            ticket: ticket.to_string(),
            genesis: ticket.genesis.to_string(),
            agency: ticket.agency,
            name: ticket.name,
            node: ticket.node,
            addresses: ticket.addresses,
            url: ticket.url,
            awaited: None,
        }
    }
}

/// Follow an agency: its name is pinned to its log for good, and its node is called at once. With `dry_run`, nothing is
/// written and what rests on it already is shown.
#[utoipa::path(post, path = "/v1/peers", tag = "federation", security(("operator" = [])), request_body = NewPeer,
    params(("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = Peer), (status = 200, description = "dry run", body = Told),
              (status = 401, body = Problem), (status = 409, description = "the name is pinned to another log", body = Problem),
              (status = 422, description = "no ticket", body = Problem)))]
pub(super) async fn add(
    State(app): State<App>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Result<Json<NewPeer>, JsonRejection>,
) -> Result<(StatusCode, Json<serde_json::Value>), Problem> {
    let Json(new) = body.map_err(|e| Problem::unreadable_body(e.status(), e.body_text()))?;
    let ticket: Ticket = new.ticket.parse().map_err(|e| Problem::new(&INVALID, format!("{e}")))?;
    if let Some(by) = &new.introduced_by {
        let introduction = new.introduction.as_deref().ok_or_else(|| {
            Problem::new(
                &INVALID,
                format!("`introduction` is missing: what the node of `{by}` signed"),
            )
        })?;
        app.registrar.check_introduction(by, introduction, &ticket).await?;
    }
    app.registrar
        .add_peer(&hand, &ticket, new.introduced_by.as_ref())
        .await?;
    let reply = if hand.dry_run {
        let awaited = awaited(&app.registry.snapshot(), &ticket, app.clock.now());
        let awaited = Some(awaited);
        serde_json::to_value(Told {
            awaited,
            ..Told::from(ticket)
        })
    } else {
        serde_json::to_value(one(&app, &ticket.agency).await?)
    };
    let reply = reply.map_err(|_| Problem::new(&UNAVAILABLE, "the peer cannot be shown"))?;
    Ok((super::created(&hand), Json(reply)))
}

/// The way to end it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Removal {
    /// True if answers shall no longer rest on anything that the agency says, but for what it revoked.
    #[serde(default)]
    expel: bool,
    /// Let go of the name of an agency that left or was expelled, so that another log may come under it.
    #[serde(default)]
    unpin: bool,
}

/// A peer as it stands now, or with `dry_run` as it would be left.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Parted {
    #[serde(flatten)]
    peer: Peer,
    /// With `dry_run`, the whole account: on which recognitions it bears, and what would change by that, at once or, where it
    /// is not expelled, as soon as its last word is too old.
    #[serde(skip_serializing_if = "Option::is_none")]
    consequences: Option<ConsequencesResponse>,
}

/// Follow an agency no more; what is known of it stays, as evidence. Or, after that, let go of its name. With `dry_run`,
/// nothing is written and the consequences are shown.
#[utoipa::path(post, path = "/v1/peers/{agency}/removal", tag = "federation", security(("operator" = [])),
    params(("agency" = String, Path, example = "US-SC"), ("dry_run" = Option<bool>, Query)), request_body = Removal,
    responses((status = 201, body = Parted), (status = 200, description = "dry run", body = Parted),
              (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 409, description = "it is not followed any more already", body = Problem)))]
pub(super) async fn remove(
    State(app): State<App>,
    Path(agency): Path<String>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Result<Json<Removal>, JsonRejection>,
) -> Result<(StatusCode, Json<Parted>), Problem> {
    let Json(Removal { expel, unpin }) = body.map_err(|e| Problem::unreadable_body(e.status(), e.body_text()))?;
    let agency: AgencyId = agency.parse().map_err(|e| Problem::new(&INVALID, format!("{e}")))?;
    if unpin {
        if expel {
            return Err(Problem::new(
                &INVALID,
                "`expel` and `unpin` are two steps: expel it, and then let go of its name",
            ));
        }
        // As it was: afterwards nothing is known by this name.
        let before = one(&app, &agency).await?;
        let resting = dependent_on(&app.registry.snapshot(), &agency, app.clock.now());
        app.registrar.unpin_peer(&hand, &agency).await?;
        let membership = if hand.dry_run { before.membership } else { "unpinned" };
        let peer = Peer {
            membership,
            recognitions: Some(resting.all()),
            ..before
        };
        let consequences = would(&app, &hand, ProposedChange::Gone(agency)).await?;
        let consequences = consequences.map(|would| would.following(resting));
        return Ok((super::created(&hand), Json(Parted { peer, consequences })));
    }
    let resting = dependent_on(&app.registry.snapshot(), &agency, app.clock.now());
    app.registrar.remove_peer(&hand, &agency, expel).await?;
    let mut peer = one(&app, &agency).await?;
    let is_own = *app.registry.snapshot().home_id() == agency;
    let consequences = match is_own {
        // Another store of this agency: the lists stay the agency's own.
        true => None,
        false => {
            peer.recognitions = Some(resting.all());
            would(&app, &hand, ProposedChange::Gone(agency)).await?
        }
    };
    let consequences = consequences.map(|would| would.following(resting));
    Ok((super::created(&hand), Json(Parted { peer, consequences })))
}

/// This node's own ticket, by which others follow it.
#[utoipa::path(get, path = "/v1/peers/ticket", tag = "federation",
    responses((status = 200, body = Told), (status = 503, description = "the node is not ready", body = Problem)))]
pub(super) async fn ticket(State(app): State<App>) -> Result<Json<Told>, Problem> {
    let registry = app.registry.snapshot();
    let home = registry.home();
    let home = home.ok_or_else(|| Problem::new(&UNAVAILABLE, not_known(&app)))?;
    let own = registry.roster().own().clone();
    let ticket = Ticket {
        name: home.name.clone(),
        url: if own.url.is_empty() { home.url.clone() } else { own.url },
        ..own
    };
    Ok(Json(ticket.into()))
}

/// The tickets of this node's peers, for who already trusts this node. Nobody is followed by being introduced: an
/// operator compares the fingerprint and says yes.
#[utoipa::path(get, path = "/v1/peers/introductions", tag = "federation",
    responses((status = 200, description = "empty, if the operator of this node introduces nobody", body = Vec<Told>)))]
pub(super) async fn introductions(State(app): State<App>) -> Json<Vec<Told>> {
    Json(whom_we_introduce(&app))
}

/// The same, signed with this agency's writer key.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Introductions {
    /// The signed statement (`Introduction` in `PROTOCOL.md`), in base64: the tickets, and when they were given.
    signed: String,
}

/// The tickets of this node's peers, signed with this agency's writer key: nobody on the way adds one. It is believed for an
/// hour.
#[utoipa::path(get, path = "/v1/peers/introductions/signed", tag = "federation",
    responses((status = 200, body = Introductions), (status = 503, description = "this process does not write", body = Problem)))]
pub(super) async fn signed_introductions(State(app): State<App>, asked: HeaderMap) -> Result<Response, Problem> {
    let node = app.clone();
    let make = async move {
        let tickets = whom_we_introduce(&node).into_iter().map(|told| told.ticket).collect();
        let signed = node.registrar.introduce(tickets).await?;
        documents::json(&Introductions { signed })
    };
    let document = app.documents.glance("introductions", make).await?;
    Ok(document.answer(&asked, "application/json"))
}

fn whom_we_introduce(app: &App) -> Vec<Told> {
    if !app.introduces {
        return vec![];
    }
    let registry = app.registry.snapshot();
    let members = registry.roster().others();
    let members = members.filter(|(_, known)| known.membership == Membership::Member);
    let told = members.flat_map(|(id, known)| {
        // Only whom this node itself has heard: then it vouches for a log, and not for what somebody typed.
        let lists = registry.agency(id);
        let tickets = known.tickets.iter().filter_map(move |ticket| {
            let lists = lists?;
            let ticket = Ticket {
                name: lists.name.clone(),
                url: lists.url.clone(),
                ..ticket.clone()
            };
            ticket.check().ok().map(|()| Told::from(ticket))
        });
        tickets.collect::<Vec<_>>()
    });
    told.collect()
}
