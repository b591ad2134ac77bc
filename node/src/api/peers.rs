//! The peers of this node: whom it follows, how to follow it, and whom it introduces.

use std::collections::BTreeMap;

use api_types::peers::{
    IntroductionsResponse, NewPeer, PeerMembership, PeerRemovalRequest, PeerRemovalResponse, PeerResponse,
    PendingRecognitions, TicketResponse,
};
use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use protocol::Ticket;
use registry_schema::{AgencyFreshness, AgencyId, QueryTime, Timestamp};

use super::{
    App,
    agencies::{heard, known_freshness},
    auth::AuthenticatedOperator,
    body::Body,
    documents, hindrances,
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

fn shown(
    registry: &Registry,
    misbehaved: &BTreeMap<String, i64>,
    id: &AgencyId,
    known: &KnownPeer,
    now: Timestamp,
) -> PeerResponse {
    let lists = registry.agency(id);
    let (last_heard, good_until) = lists.map_or((None, None), |lists| heard(registry, lists, now));
    let transport = registry.transport(&known.genesis);
    let (membership, ended) = match known.membership {
        Membership::Member => (PeerMembership::Member, None),
        Membership::Left(since) => (PeerMembership::Left, Some(since)),
        Membership::Expelled(since) => (PeerMembership::Expelled, Some(since)),
    };
    let said = |part: fn(&Ticket) -> &String| {
        let said = known.tickets.iter().map(part).find(|text| !text.is_empty());
        said.cloned()
    };
    let nodes = known.tickets.iter().filter_map(|ticket| network::Peer::of(ticket).ok());
    let counts = nodes.filter_map(|node| misbehaved.get(&node.name().to_string()));
    PeerResponse {
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
        hindrances: hindrances::of(registry, &known.genesis),
        misbehaved: counts.sum(),
        recognitions: None,
    }
}

/// The peers of this node: who is connected, how far each one's log reaches here; those included who left or were
/// expelled.
#[utoipa::path(get, path = api_types::routes::PEERS.path(), tag = "federation", responses((status = 200, body = Vec<PeerResponse>)))]
pub(super) async fn list(State(app): State<App>) -> Result<Json<Vec<PeerResponse>>, Problem> {
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

pub(super) async fn one(app: &App, agency: &AgencyId) -> Result<PeerResponse, Problem> {
    let misbehaved = app.store.acts_by_subject("peer.misbehaved").await?;
    let registry = app.registry.snapshot();
    let roster = registry.roster();
    let stores = roster.stores().filter(|_| *agency == roster.own().agency);
    let known = stores.or_else(|| roster.of(agency));
    let known = known.ok_or_else(|| Problem::new(&NOT_FOUND, format!("`{agency}` is no peer: see /v1/peers")))?;
    Ok(shown(&registry, &misbehaved, agency, known, app.clock.now()))
}

/// Returns what rests on an agency with this log.
fn awaited(registry: &Registry, ticket: &Ticket, now: Timestamp) -> PendingRecognitions {
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
    PendingRecognitions {
        recognitions: resting.of_issuers + resting.of_agency,
        followed_by: agencies.map(|lists| lists.id.clone()).collect(),
    }
}

fn ticket_response(ticket: Ticket) -> TicketResponse {
    TicketResponse {
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

/// Follow an agency: its name is pinned to its log for good, and its node is called at once. With `dry_run`, nothing is
/// written and what rests on it already is shown.
#[utoipa::path(post, path = api_types::routes::ADD_PEER.path(), tag = "federation", request_body = NewPeer,
    params(("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = PeerResponse), (status = 200, description = "dry run", body = TicketResponse),
              (status = 401, body = Problem), (status = 409, description = "the name is pinned to another log", body = Problem),
              (status = 422, description = "no ticket", body = Problem)))]
pub(super) async fn add(
    State(app): State<App>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Body<NewPeer>,
) -> Result<(StatusCode, Json<serde_json::Value>), Problem> {
    let new = body.content;
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
        serde_json::to_value(TicketResponse {
            awaited,
            ..ticket_response(ticket)
        })
    } else {
        serde_json::to_value(one(&app, &ticket.agency).await?)
    };
    let reply = reply.map_err(|_| Problem::new(&UNAVAILABLE, "the peer cannot be shown"))?;
    Ok((super::created(&hand), Json(reply)))
}

/// Follow an agency no more; what is known of it stays, as evidence. Or, after that, let go of its name. With `dry_run`,
/// nothing is written and the consequences are shown.
#[utoipa::path(post, path = api_types::routes::REMOVE_PEER.path(), tag = "federation",
    params(("agency" = String, Path, example = "US-SC"), ("dry_run" = Option<bool>, Query)), request_body = PeerRemovalRequest,
    responses((status = 201, body = PeerRemovalResponse), (status = 200, description = "dry run", body = PeerRemovalResponse),
              (status = 401, body = Problem), (status = 404, body = Problem),
              (status = 409, description = "it is not followed any more already", body = Problem)))]
pub(super) async fn remove(
    State(app): State<App>,
    Path(agency): Path<String>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Body<PeerRemovalRequest>,
) -> Result<(StatusCode, Json<PeerRemovalResponse>), Problem> {
    let PeerRemovalRequest { expel, unpin } = body.content;
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
        let membership = if hand.dry_run {
            before.membership
        } else {
            PeerMembership::Unpinned
        };
        let peer = PeerResponse {
            membership,
            recognitions: Some(resting.all()),
            ..before
        };
        let consequences = would(&app, &hand, ProposedChange::Gone(agency)).await?;
        let consequences = consequences.map(|would| would.following(resting));
        return Ok((super::created(&hand), Json(PeerRemovalResponse { peer, consequences })));
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
    Ok((super::created(&hand), Json(PeerRemovalResponse { peer, consequences })))
}

/// This node's own ticket, by which others follow it.
#[utoipa::path(get, path = api_types::routes::TICKET.path(), tag = "federation",
    responses((status = 200, body = TicketResponse), (status = 503, description = "the node is not ready", body = Problem)))]
pub(super) async fn ticket(State(app): State<App>) -> Result<Json<TicketResponse>, Problem> {
    let registry = app.registry.snapshot();
    let home = registry.home();
    let home = home.ok_or_else(|| Problem::new(&UNAVAILABLE, not_known(&app)))?;
    let own = registry.roster().own().clone();
    let ticket = Ticket {
        name: home.name.clone(),
        url: if own.url.is_empty() { home.url.clone() } else { own.url },
        ..own
    };
    Ok(Json(ticket_response(ticket)))
}

/// The tickets of this node's peers, for who already trusts this node. Nobody is followed by being introduced: an
/// operator compares the fingerprint and says yes.
#[utoipa::path(get, path = api_types::routes::INTRODUCTIONS.path(), tag = "federation",
    responses((status = 200, description = "empty, if the operator of this node introduces nobody", body = Vec<TicketResponse>)))]
pub(super) async fn introductions(State(app): State<App>) -> Json<Vec<TicketResponse>> {
    Json(whom_we_introduce(&app))
}

/// The tickets of this node's peers, signed with this agency's writer key: nobody on the way adds one. It is believed for an
/// hour.
#[utoipa::path(get, path = api_types::routes::SIGNED_INTRODUCTIONS.path(), tag = "federation",
    responses((status = 200, body = IntroductionsResponse), (status = 503, description = "this process does not write", body = Problem)))]
pub(super) async fn signed_introductions(State(app): State<App>, asked: HeaderMap) -> Result<Response, Problem> {
    let node = app.clone();
    let make = async move {
        let tickets = whom_we_introduce(&node).into_iter().map(|told| told.ticket).collect();
        let signed = node.registrar.introduce(tickets).await?;
        documents::json(&IntroductionsResponse { signed })
    };
    let document = app.documents.glance("introductions", make).await?;
    Ok(document.answer(&asked, "application/json"))
}

fn whom_we_introduce(app: &App) -> Vec<TicketResponse> {
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
            ticket.check().ok().map(|()| ticket_response(ticket))
        });
        tickets.collect::<Vec<_>>()
    });
    told.collect()
}
