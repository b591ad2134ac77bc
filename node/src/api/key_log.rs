//! This agency's key log: who may write, what the root could do next, and taking in what it did.

use api_types::consequences::ConsequencesResponse;
use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::StatusCode,
};
use protocol::{
    KeyLog, PublicKey,
    key_log::{KeyEnd, KeyLogAct, SignedKeyLogEntry, WriterScope},
};
use registry_schema::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use verification::{KeyKind, multikey};

use super::{
    App,
    auth::AuthenticatedOperator,
    problem::{INVALID, NOT_FOUND, Problem},
    recognitions::consequences_response,
};
use agency::{
    registrar::{KeyLogProposal, ProposedAct, place_of},
    root::{self, WritingAbility},
};

/// An agency's key log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyLogView {
    /// The agency's identity: the hash of the first entry, in hexadecimal.
    genesis: String,
    /// The last entry that counts.
    head: String,
    /// `writes`, if a key of this node may write; `only_others`, if none on this machine may; `no_key_is_good`, if the agency
    /// has none.
    ability: &'static str,
    /// A sentence on what is wrong with that, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<&'static str>,
    /// True if two entries stand at one place, so that the log ends before them.
    disputed: bool,
    /// The number of the root's keys that sign together.
    root_threshold: u8,
    /// The root's keys.
    root_keys: Vec<String>,
    /// The commitment to the next root.
    next_root: String,
    /// The keys that may write, and those that could.
    writers: Vec<WriterView>,
    /// Writer keys whose secret is on this machine and that the log does not name: the next `add_writer` takes the first.
    unused: Vec<String>,
    /// The keys that sign the agency's own statements.
    badge_keys: Vec<KeyView>,
    /// The entries that count, in words.
    entries: Vec<EntryView>,
    /// The whole log as text, for the ceremony: `comityd root rotate` reads it.
    text: String,
}

/// A writer key.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WriterView {
    /// The key, in hexadecimal.
    key: String,
    /// The documents that it may write: `all`, or kinds.
    scope: Vec<String>,
    /// `retired` or `compromised`, if it ended.
    ended: Option<String>,
    /// True if its secret is on this machine.
    here: bool,
}

/// A badge key.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyView {
    /// The key, in hexadecimal.
    key: String,
    /// `retired` or `compromised`, if it ended.
    ended: Option<String>,
}

/// An entry.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EntryView {
    /// Its place, from 0.
    position: u32,
    /// The moment at which it was signed, by the agency's clock.
    #[schema(value_type = String)]
    time: Timestamp,
    /// Its name.
    hash: String,
    /// The act, in words.
    act: String,
}

fn view(log: &KeyLog, here: &[PublicKey]) -> KeyLogView {
    let authority = log.authority();
    let ended = |end: Option<KeyEnd>| end.map(|end| end.to_string());
    let writers = authority.writers().iter().map(|(key, writer)| WriterView {
        key: key.to_string(),
        scope: match writer.terms.last().map(|term| &term.scope) {
            Some(WriterScope::Kinds(kinds)) => kinds.clone(),
            _ => vec!["all".into()],
        },
        ended: ended(writer.end),
        here: here.contains(key),
    });
    let badge_keys = authority.badge_keys().iter().map(|(key, end)| KeyView {
        key: key.to_string(),
        ended: ended(*end),
    });
    let entries = log.chain().into_iter().map(|entry| EntryView {
        position: entry.get().position,
        time: entry.get().time,
        hash: entry.hash().to_string(),
        act: entry.get().act.to_string(),
    });
    KeyLogView {
        genesis: log.genesis().to_string(),
        head: log.head().to_string(),
        ability: WritingAbility::of(log, here).as_str(),
        trouble: WritingAbility::of(log, here).trouble(),
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
#[utoipa::path(get, path = "/v1/key-log", tag = "keys", responses((status = 200, body = KeyLogView)))]
pub(super) async fn show(State(app): State<App>) -> Result<Json<KeyLogView>, Problem> {
    let log = app.registrar.key_log().await?;
    Ok(Json(view(&log, &app.registrar.keys_here()?)))
}

/// The act that the root is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewProposal {
    /// `add_writer`, `scope_writer`, `end_writer`, `add_badge_key` or `end_badge_key`.
    act: String,
    /// The key, in hexadecimal. For `add_writer`: of another node; this one makes a key of its own, if absent.
    key: Option<String>,
    /// To which kinds of documents the key may write (`status-list`, `trust-list`, …); to all, if none is named.
    #[serde(default)]
    kinds: Vec<String>,
    /// The end of the key: `retired` or `compromised`.
    end: Option<String>,
    /// The key's last good envelopes.
    last: Option<Vec<String>>,
    /// In their place: what the key dated before this moment is good.
    #[schema(value_type = Option<String>)]
    before: Option<Timestamp>,
}

/// An entry that the root could sign.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProposalView {
    /// The entry as text, to be carried to the root; empty in a dry run of `add_writer` for which a key is yet to be made.
    text: String,
    /// The act, in words.
    act: String,
    /// The number of envelopes of the key that would count no more.
    voided: usize,
    /// The number of entries of the lists that would alter.
    changes: usize,
    /// Revocations that would be gone: list and index, and the credential's code if this agency keeps it. Revoke them
    /// again with a good key.
    unrevoked: Vec<Unrevoked>,
    /// The abilities that the agency would lose by it, in words: write its lists, sign its statements.
    ends: Vec<String>,
    /// The changes that there would be in verdict or worth, if entries of the lists would alter: what they granted, recognized
    /// or ruled is void.
    #[serde(skip_serializing_if = "Option::is_none")]
    consequences: Option<ConsequencesResponse>,
}

/// A revocation that would be gone.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Unrevoked {
    /// The status list.
    list: u32,
    /// The slot.
    index: u32,
    /// The credential's code.
    code: Option<String>,
}

/// Ask what the root would have to sign, and what would come of it. Changes nothing but that `add_writer` makes a key, if
/// none is here that the key log does not name yet.
#[utoipa::path(post, path = "/v1/key-log/proposals", tag = "keys", request_body = NewProposal,
    security(("operator" = [])), params(("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = ProposalView), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn propose(
    State(app): State<App>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Result<Json<NewProposal>, JsonRejection>,
) -> Result<(StatusCode, Json<ProposalView>), Problem> {
    let Json(new) = body.map_err(|e| Problem::unreadable_body(e.status(), e.body_text()))?;
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
    let view = ProposalView {
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
    async fn unrevoked(&self, slots: Vec<(u32, u32)>) -> Vec<Unrevoked> {
        let mut gone = Vec::new();
        for (list, index) in slots {
            let kept = self.store.credential_at(list, index).await.ok().flatten();
            let kept = kept.filter(|kept| place_of(kept).is_ok());
            gone.push(Unrevoked {
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

fn wish(new: NewProposal) -> Result<ProposedAct, String> {
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

/// An entry that the root signed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKeyEntry {
    /// The entry's text, as `comityd root sign` left it.
    text: String,
    /// Take it in even if the agency can write nothing, or sign none of its statements, any more after it.
    #[serde(default)]
    ends_this_agency: bool,
}

/// The key log with an entry, or with `dry_run` as it is without it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EnteredKeyEntry {
    #[serde(flatten)]
    log: KeyLogView,
    /// Revocations that are gone with it (with `dry_run`: that would be), also such as were made after the entry was
    /// proposed. Revoke them again with a good key.
    unrevoked: Vec<Unrevoked>,
    /// With `dry_run`: what would change in verdict or worth, if entries of the lists would alter.
    #[serde(skip_serializing_if = "Option::is_none")]
    consequences: Option<ConsequencesResponse>,
}

/// Take in an entry that the root signed. With `dry_run`, nothing is written and the consequences are shown.
#[utoipa::path(post, path = "/v1/key-log", tag = "keys", request_body = NewKeyEntry,
    security(("operator" = [])), params(("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = EnteredKeyEntry), (status = 401, body = Problem), (status = 409, body = Problem),
              (status = 422, body = Problem)))]
pub(super) async fn enter(
    State(app): State<App>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Result<Json<NewKeyEntry>, JsonRejection>,
) -> Result<(StatusCode, Json<EnteredKeyEntry>), Problem> {
    let Json(new) = body.map_err(|e| Problem::unreadable_body(e.status(), e.body_text()))?;
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
    let entered = EnteredKeyEntry {
        unrevoked: app.unrevoked(unrevoked).await,
        log: view(&log, &app.registrar.keys_here()?),
        consequences: consequences.map(consequences_response),
    };
    Ok((super::created(&hand), Json(entered)))
}

/// The agency as a DID document (did:web), an export of its key log: its badge keys assert, its writer keys act for it.
#[utoipa::path(get, path = "/.well-known/did.json", tag = "keys", responses((status = 200, body = serde_json::Value)))]
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
