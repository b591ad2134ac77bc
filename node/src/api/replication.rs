//! The reach of each agency's log here, and of our own elsewhere. Only the process that writes knows.

use std::collections::BTreeMap;

use api_types::replication::{HeartbeatReport, LogHolder, LogHoldingResponse, ReachResponse, WriterReport};
use axum::{
    Json,
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse as _, Response},
};
use protocol::{Hash, Heartbeat, Replica, signed::encode};
use registry_schema::{AgencyId, Timestamp};

use super::{
    App,
    auth::AuthenticatedOperator,
    documents,
    problem::{NOT_FOUND, Problem},
};
use agency::{peer_set::Membership, registrar::RegistrarError};

fn texts(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(ToString::to_string).collect()
}

fn beat(heartbeat: &Heartbeat) -> HeartbeatReport {
    HeartbeatReport {
        issued: heartbeat.issued,
        next_by: heartbeat.next_by,
        good_until: heartbeat.good_until(),
        heads: texts(&heartbeat.heads),
    }
}

fn reached(replica: &Replica, names: &BTreeMap<Hash, AgencyId>, now: Timestamp) -> Vec<LogHoldingResponse> {
    let one = |(genesis, log): (&Hash, &protocol::log::AgencyLog)| {
        let mut writers: BTreeMap<_, WriterReport> = BTreeMap::new();
        let live = log.key_log().writers();
        let writer = |key: &protocol::PublicKey| WriterReport {
            writer: key.to_string(),
            live: live.contains(key),
            counted: None,
            pending: None,
        };
        for key in &live {
            writers.insert(*key, writer(key));
        }
        for heartbeat in log.counted() {
            let key = heartbeat.get().writer;
            writers.entry(key).or_insert_with(|| writer(&key)).counted = Some(beat(heartbeat.get()));
        }
        for heartbeat in log.pending() {
            let key = heartbeat.get().writer;
            writers.entry(key).or_insert_with(|| writer(&key)).pending = Some(beat(heartbeat.get()));
        }
        let freshness = if log.key_log().writers().contains(&replica.writer()) {
            log.freshness_at_home(&replica.writer(), now)
        } else {
            log.freshness()
        };
        LogHoldingResponse {
            agency: names.get(genesis).cloned(),
            genesis: genesis.to_string(),
            key_log: log.key_log().head().to_string(),
            envelopes: log.len(),
            heads: texts(&log.heads()),
            missing: log.missing(),
            as_of: freshness.map(|(as_of, _)| as_of),
            good_until: freshness.map(|(_, until)| until),
            deferred: replica.deferred().get(genesis).map(|one| one.limit.to_string()),
            quarantined: replica.quarantined().get(genesis).map(|one| one.why.to_string()),
            writers: writers.into_values().collect(),
        }
    };
    replica.logs().iter().map(one).collect()
}

/// Show what this node holds of every agency: newest envelopes, heartbeats, and what is missing. Several processes of one
/// agency: one that does not write asks the one that does, for operators alone.
#[utoipa::path(get, path = api_types::routes::HEARTBEATS.path(), tag = "federation",
    responses((status = 200, body = Vec<LogHoldingResponse>), (status = 503, description = "this process does not write", body = Problem)))]
pub(super) async fn heartbeats(
    State(app): State<App>,
    operator: Result<AuthenticatedOperator, Problem>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    if operator.is_ok() {
        return Ok(Json(all_reached(&app).await?).into_response());
    }
    let node = app.clone();
    let make = async move { documents::json(&all_reached(&node).await?) };
    let document = app.documents.glance("heartbeats", make).await?;
    Ok(document.answer(&asked, "application/json"))
}

async fn all_reached(app: &App) -> Result<Vec<LogHoldingResponse>, Problem> {
    let names: BTreeMap<Hash, AgencyId> = {
        let registry = app.registry.snapshot();
        let roster = registry.roster();
        let others = roster.others().map(|(id, known)| (known.genesis, id.clone()));
        let own = (roster.own().genesis, roster.own().agency.clone());
        others.chain([own]).collect()
    };
    let now = app.clock.now();
    let look = move |replica: &Replica| reached(replica, &names, now);
    Ok(app.registrar.look(look).await.map_err(RegistrarError::from)?)
}

/// The word of one peer: holder, heads, when, how much it lacks, whether it has more than this node, its signed bytes.
type PeerCountersignature = (Hash, Vec<Hash>, Timestamp, usize, bool, Vec<u8>);

/// Show who holds this agency's log, and up to where; with each peer's signed word for it.
#[utoipa::path(get, path = api_types::routes::REACH.path(), tag = "federation", params(("agency" = String, Path, example = "US-NC")),
    responses((status = 200, body = ReachResponse), (status = 404, description = "another agency's: ask its own node", body = Problem),
              (status = 503, description = "this process does not write", body = Problem)))]
pub(super) async fn reach(
    State(app): State<App>,
    Path(agency): Path<String>,
    operator: Result<AuthenticatedOperator, Problem>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let home = app.registry.snapshot().home_id().clone();
    if agency != home.as_str() {
        let why = format!("this node knows only who holds the log of {home}; ask the node of `{agency}` about its own");
        return Err(Problem::new(&NOT_FOUND, why));
    }
    if operator.is_ok() {
        return Ok(Json(reach_of_home(&app).await?).into_response());
    }
    let node = app.clone();
    let make = async move { documents::json(&reach_of_home(&node).await?) };
    let document = app.documents.glance("reach", make).await?;
    Ok(document.answer(&asked, "application/json"))
}

async fn reach_of_home(app: &App) -> Result<ReachResponse, Problem> {
    let (home, genesis) = {
        let registry = app.registry.snapshot();
        let own = registry.roster().own();
        (own.agency.clone(), own.genesis)
    };
    let look = move |replica: &Replica| {
        let log = replica.logs().get(&genesis);
        let said = replica.countersignatures().iter().map(|(holder, held)| {
            let it = held.get();
            let behind = log.map_or(0, |log| log.beyond(&it.heads));
            let has_more = !log.is_some_and(|log| it.heads.iter().all(|head| log.holds(head)));
            (
                *holder,
                it.heads.clone(),
                it.at,
                behind,
                has_more,
                encode(held.signed()),
            )
        });
        let said: Vec<PeerCountersignature> = said.collect();
        (log.map_or((vec![], 0), |log| (log.heads(), log.len())), said)
    };
    let ((heads, envelopes), said) = app.registrar.look(look).await.map_err(RegistrarError::from)?;
    let now = app.clock.now();
    let registry = app.registry.snapshot();
    let members = registry
        .roster()
        .others()
        .filter(|(_, known)| known.membership == Membership::Member);
    let peers = members.map(|(id, known)| {
        let said = said.iter().find(|(holder, ..)| *holder == known.genesis);
        let lists = registry.agency(id);
        let behind = said.map_or(envelopes, |(_, _, _, behind, ..)| *behind);
        LogHolder {
            agency: id.clone(),
            name: lists.map(|lists| lists.name.clone()),
            // Its own word alone says so: of one that was never heard nothing is known.
            holds_all: behind == 0 && said.is_some(),
            holds_more: said.is_some_and(|(.., has_more, _)| *has_more),
            behind,
            heads: said.map(|(_, heads, ..)| texts(heads)).unwrap_or_default(),
            at: said.map(|(_, _, at, ..)| *at),
            last_heard: lists.and_then(|lists| super::agencies::heard(&registry, lists, now).0),
            countersignature: said.map(|(.., bytes)| base64(bytes)),
        }
    });
    let peers: Vec<LogHolder> = peers.collect();
    let held_by = peers.iter().filter(|peer| peer.holds_all).count();
    Ok(ReachResponse {
        agency: home,
        genesis: genesis.to_string(),
        heads: texts(&heads),
        envelopes,
        sentence: sentence(&peers, held_by, envelopes, now),
        held_by,
        peers,
    })
}

fn sentence(peers: &[LogHolder], held_by: usize, envelopes: usize, now: Timestamp) -> String {
    if peers.is_empty() {
        return "held by nobody else: this node has no peers".to_owned();
    }
    if envelopes == 0 {
        let heard = peers.iter().filter(|peer| peer.last_heard.is_some()).count();
        return format!(
            "empty still, so that there is nothing to hold; {heard} of {} peers were heard",
            peers.len()
        );
    }
    let mut sentence = format!("held by {held_by} of {} peers", peers.len());
    for peer in peers.iter().filter(|peer| !peer.holds_all).take(3) {
        let name = peer.name.clone().unwrap_or_else(|| peer.agency.to_string());
        let heard = match peer.last_heard {
            Some(at) => format!("last heard {}", crate::web::ago(at, now)),
            None => "never heard".to_owned(),
        };
        let more = if peer.holds_more {
            "holds more of it than this node, and was "
        } else {
            ""
        };
        sentence.push_str(&format!("; {name} {more}{heard}"));
    }
    if peers.len() - held_by > 3 {
        sentence.push_str("; and others");
    }
    sentence
}

fn base64(bytes: &[u8]) -> String {
    base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes)
}
