//! This agency's key log: who may write, what the root could do next, and taking in what it did.

use api_types::key_log::{
    BadgeKeyReport, KeyLogEntryReport, KeyLogEntryRequest, KeyLogEntryResponse, KeyLogProposalRequest,
    KeyLogProposalResponse, KeyLogResponse, LostRevocation, WriterKeyReport,
};
use axum::{Json, extract::State, http::StatusCode};
use protocol::{
    KeyLog, PublicKey,
    key_log::{KeyEnd, KeyLogAct, SignedKeyLogEntry, WriterScope},
};
use serde_json::json;
use verification::{KeyKind, multikey};

use super::{
    App,
    auth::AuthenticatedOperator,
    body::Body,
    problem::{INVALID, NOT_FOUND, Problem},
    recognitions::consequences_response,
};
use agency::{
    registrar::{KeyLogProposal, ProposedAct, place_of},
    root::{self, WritingAbility},
};

fn view(log: &KeyLog, here: &[PublicKey]) -> KeyLogResponse {
    let authority = log.authority();
    let ended = |end: Option<KeyEnd>| end.map(|end| end.to_string());
    let writers = authority.writers().iter().map(|(key, writer)| WriterKeyReport {
        key: key.to_string(),
        scope: match writer.terms.last().map(|term| &term.scope) {
            Some(WriterScope::Kinds(kinds)) => kinds.clone(),
            _ => vec!["all".into()],
        },
        ended: ended(writer.end),
        here: here.contains(key),
    });
    let badge_keys = authority.badge_keys().iter().map(|(key, end)| BadgeKeyReport {
        key: key.to_string(),
        ended: ended(*end),
    });
    let entries = log.chain().into_iter().map(|entry| KeyLogEntryReport {
        position: entry.get().position,
        time: entry.get().time,
        hash: entry.hash().to_string(),
        act: entry.get().act.to_string(),
    });
    KeyLogResponse {
        genesis: log.genesis().to_string(),
        head: log.head().to_string(),
        ability: WritingAbility::of(log, here).as_str().to_owned(),
        trouble: WritingAbility::of(log, here).trouble().map(str::to_owned),
        disputed: log.disputed().is_some(),
        root_threshold: authority.root().threshold,
        root_keys: authority.root().keys.iter().map(ToString::to_string).collect(),
        next_root: authority.next_root().to_string(),
        writers: writers.collect(),
        unused: here
            .iter()
            .filter(|key| authority.writer(key).is_none())
            .map(ToString::to_string)
            .collect(),
        badge_keys: badge_keys.collect(),
        entries: entries.collect(),
        text: root::key_log_to_text(log),
    }
}

/// This agency's key log.
#[utoipa::path(get, path = api_types::routes::KEY_LOG.path(), tag = "keys", responses((status = 200, body = KeyLogResponse)))]
pub(super) async fn show(State(app): State<App>) -> Result<Json<KeyLogResponse>, Problem> {
    let log = app.registrar.key_log().await?;
    Ok(Json(view(&log, &app.registrar.keys_here()?)))
}

/// Ask what the root would have to sign, and what would come of it. Changes nothing but that `add_writer` makes a key, if
/// none is here that the key log does not name yet.
#[utoipa::path(post, path = api_types::routes::PROPOSE_KEY_LOG_ENTRY.path(), tag = "keys", request_body = KeyLogProposalRequest,
    params(("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = KeyLogProposalResponse), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn propose(
    State(app): State<App>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Body<KeyLogProposalRequest>,
) -> Result<(StatusCode, Json<KeyLogProposalResponse>), Problem> {
    let new = body.content;
    let wish = wish(new).map_err(|detail| Problem::new(&INVALID, detail))?;
    let KeyLogProposal {
        entry,
        is_example,
        voided,
        changes,
        unrevoked,
    } = app.registrar.propose(wish, &hand).await?;
    let log = app.registrar.key_log().await?;
    let ends = root::endings(&log, &claimed(&entry)?).map_err(|refused| Problem::new(&INVALID, refused.to_string()))?;
    let text = root::entry_to_text(&entry, &log).map_err(|error| Problem::new(&INVALID, format!("{error:#}")))?;
    let act = claimed(&entry)?;
    let gone = app.unrevoked(unrevoked).await;
    let example = if is_example {
        " (an example: the node makes a key of its own when this is done)"
    } else {
        ""
    };
    let view = KeyLogProposalResponse {
        // Nobody shall sign an entry whose key nobody has.
        text: if is_example { String::new() } else { text },
        act: format!("{act}{example}"),
        voided,
        changes: changes.len(),
        unrevoked: gone,
        ends: ends.iter().map(ToString::to_string).collect(),
        consequences: app
            .registrar
            .key_consequences(&changes)
            .await?
            .map(consequences_response),
    };
    Ok((super::created(&hand), Json(view)))
}

impl super::AppState {
    /// Revocations that an entry takes away, with the codes of credentials that are kept here.
    async fn unrevoked(&self, slots: Vec<(u32, u32)>) -> Vec<LostRevocation> {
        let mut gone = Vec::new();
        for (list, index) in slots {
            let kept = self.store.credential_at(list, index).await.ok().flatten();
            let kept = kept.filter(|kept| place_of(kept).is_ok());
            gone.push(LostRevocation {
                list,
                index,
                code: kept.map(|kept| kept.issued.code.to_string()),
            });
        }
        gone
    }
}

fn claimed(entry: &SignedKeyLogEntry) -> Result<KeyLogAct, Problem> {
    let claim = entry
        .claim()
        .map_err(|error| Problem::new(&INVALID, error.to_string()))?;
    Ok(claim.act)
}

fn wish(new: KeyLogProposalRequest) -> Result<ProposedAct, String> {
    let key = new
        .key
        .as_deref()
        .map(str::parse::<PublicKey>)
        .transpose()
        .map_err(|e| e.to_string())?;
    let needed = || key.ok_or_else(|| "`key` is missing: 64 hexadecimal digits".to_owned());
    let end = || match new.end.as_deref() {
        Some("retired") => Ok(KeyEnd::Retired),
        Some("compromised") => Ok(KeyEnd::Compromised),
        _ => Err("`end` is `retired` or `compromised`".to_owned()),
    };
    let last = new
        .last
        .as_ref()
        .map(|last| last.iter().map(|hash| hash.parse()).collect());
    Ok(match new.act.as_str() {
        "add_writer" => ProposedAct::AddWriter { kinds: new.kinds, key },
        "scope_writer" => ProposedAct::ScopeWriter {
            key: needed()?,
            kinds: new.kinds,
        },
        "end_writer" => ProposedAct::EndWriter {
            key: needed()?,
            end: end()?,
            last: last.transpose().map_err(|e: protocol::signed::BadHex| e.to_string())?,
            before: new.before,
        },
        "add_badge_key" => ProposedAct::AddBadgeKey(needed()?),
        "end_badge_key" => ProposedAct::EndBadgeKey(needed()?, end()?),
        other => {
            return Err(format!(
                "`{other}` is no act: one of add_writer, scope_writer, end_writer, add_badge_key, end_badge_key"
            ));
        }
    })
}

/// Take in an entry that the root signed. With `dry_run`, nothing is written and the consequences are shown.
#[utoipa::path(post, path = api_types::routes::ENTER_KEY_LOG_ENTRY.path(), tag = "keys", request_body = KeyLogEntryRequest,
    params(("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = KeyLogEntryResponse), (status = 401, body = Problem), (status = 409, body = Problem),
              (status = 422, body = Problem)))]
pub(super) async fn append(
    State(app): State<App>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Body<KeyLogEntryRequest>,
) -> Result<(StatusCode, Json<KeyLogEntryResponse>), Problem> {
    let new = body.content;
    // Looked at before, as afterwards they are gone; once the entry is in, nothing is told as an error any more.
    let before = app.registrar.entry_changes(&new.text).await;
    let log = app.registrar.enter(&new.text, new.ends_this_agency, &hand).await?;
    let (changes, unrevoked) = if hand.dry_run {
        before?
    } else {
        before.unwrap_or_default()
    };
    let consequences = match hand.dry_run {
        true => app.registrar.key_consequences(&changes).await?,
        false => None,
    };
    let entered = KeyLogEntryResponse {
        unrevoked: app.unrevoked(unrevoked).await,
        log: view(&log, &app.registrar.keys_here()?),
        consequences: consequences.map(consequences_response),
    };
    Ok((super::created(&hand), Json(entered)))
}

/// The agency as a DID document (did:web), an export of its key log: its badge keys assert, its writer keys act for it.
#[utoipa::path(get, path = api_types::routes::DID_DOCUMENT.path(), tag = "keys", responses((status = 200, body = serde_json::Value)))]
pub(super) async fn did_document(State(app): State<App>) -> Result<Json<serde_json::Value>, Problem> {
    let log = app.registrar.key_log().await?;
    let did = did_web(&log.founding().url).ok_or_else(|| {
        Problem::new(
            &NOT_FOUND,
            "this agency's URL has a path, and so no did:web at this address",
        )
    })?;
    let authority = log.authority();
    let live_badge_keys = authority
        .badge_keys()
        .iter()
        .filter(|(_, end)| end.is_none())
        .map(|(key, _)| key);
    let multikey = |key: &PublicKey| {
        let key = verification::VerificationKey::new(KeyKind::Ed25519, &key.0);
        key.map(|key| multikey::encode(&key)).unwrap_or_default()
    };
    let method = |key: &PublicKey| {
        let multikey = multikey(key);
        json!({"id": format!("{did}#{multikey}"), "type": "Multikey", "controller": did, "publicKeyMultibase": multikey})
    };
    let id = |key: &PublicKey| format!("{did}#{}", multikey(key));
    let asserting: Vec<&PublicKey> = live_badge_keys.collect();
    let writing: Vec<&PublicKey> = authority.live_writers().map(|(key, _)| key).collect();
    let methods: Vec<serde_json::Value> = asserting.iter().chain(&writing).map(|key| method(key)).collect();
    Ok(Json(json!({
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
        "id": did,
        "alsoKnownAs": [format!("urn:comity:agency:{}", log.genesis())],
        "verificationMethod": methods,
        "assertionMethod": asserting.iter().map(|key| id(key)).collect::<Vec<_>>(),
        "capabilityInvocation": writing.iter().map(|key| id(key)).collect::<Vec<_>>(),
    })))
}

/// The did:web whose document stands at `/.well-known/did.json` of this URL (did:web Method Specification, §3.2).
pub(super) fn did_web(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    let host = url.host_str().filter(|_| url.path() == "/")?;
    Some(match url.port() {
        Some(port) => format!("did:web:{host}%3A{port}"),
        None => format!("did:web:{host}"),
    })
}
