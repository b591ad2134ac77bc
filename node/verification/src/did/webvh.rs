//! did:webvh 1.0: a DID whose document has a history that proves itself. Each entry is chained to the one before by its
//! hash, the first to the DID itself, and signed by a key that the entry before has named.
//!
//! Source: didwebvh 1.0 (Decentralized Identity Foundation), "Read (Resolve)" and "DID Method Processes".

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::digest::{SHA256, digest};
use registry_schema::{Timestamp, VerificationMethod};
use serde_json::{Value, json};

use super::{BadDidDocument, ResolvedKeys, document};
use crate::json::JsonObject;
use crate::{KeyKind, VerificationKey, badge::moment, json, multikey};

/// More entries than this are no issuer's.
const MAX_ENTRIES: usize = 1_000;
const MAX_PROOFS: usize = 16;
/// The most that another clock may be ahead of ours, in seconds.
const SKEW: i64 = 60;
const PARAMETERS: [&str; 9] = [
    "method",
    "scid",
    "updateKeys",
    "nextKeyHashes",
    "witness",
    "watchers",
    "portable",
    "deactivated",
    "ttl",
];

/// The state that holds after an entry.
#[derive(Default)]
struct WebvhState {
    version: String,
    time: Option<Timestamp>,
    id: String,
    scid: String,
    update_keys: Vec<String>,
    next_key_hashes: Vec<String>,
    witness: Option<WebvhWitnesses>,
    portable: bool,
    deactivated: bool,
    ttl: Option<u32>,
}

/// The witnesses of an entry, as Multikeys, and how many of them must approve it.
#[derive(Clone, PartialEq, Eq)]
struct WebvhWitnesses {
    threshold: usize,
    ids: BTreeSet<String>,
}

/// Reads a history: the keys that issue, each with its terms.
pub(super) fn read(
    did: &str,
    log: &[u8],
    witnesses: Option<&[u8]>,
    now: Timestamp,
) -> Result<ResolvedKeys, BadDidDocument> {
    let text = std::str::from_utf8(log).map_err(|_| BadDidDocument::HistoryNoText)?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() || lines.len() > MAX_ENTRIES {
        return Err(BadDidDocument::HistoryLength { count: lines.len() });
    }
    let mut state = WebvhState::default();
    let mut terms = KeyPeriods::default();
    let mut versions = BTreeMap::new();
    let mut to_approve = Vec::new();
    let mut last = Value::Null;
    for (i, line) in lines.iter().enumerate() {
        let number = i + 1;
        let at = |why: BadDidDocument| BadDidDocument::HistoryEntry {
            number,
            why: why.into(),
        };
        let entry = json::read(line.as_bytes()).map_err(|why| at(BadDidDocument::EntryNoJson { why }))?;
        let Value::Object(entry) = entry else {
            return Err(at(BadDidDocument::EntryNoObject));
        };
        let approving = step(&mut state, &entry, number, now).map_err(at)?;
        to_approve.extend(approving.map(|by| (number, by)));
        versions.insert(state.version.clone(), number);
        last = entry.get("state").cloned().unwrap_or_default();
        let (issuing, _) = document::keys(&last, &state.id).map_err(at)?;
        terms.follow(
            if state.deactivated { vec![] } else { issuing },
            state.time.unwrap_or(now),
        );
    }
    if state.id != did {
        return Err(BadDidDocument::HistoryOfAnother);
    }
    approved(&to_approve, &versions, witnesses)?;
    let (_, other) = document::keys(&last, did)?;
    Ok(ResolvedKeys {
        issuing: terms.0,
        other,
        ttl: state.ttl,
    })
}

/// Checks one entry and goes on to what holds after it; gives who has to approve it.
fn step(
    state: &mut WebvhState,
    entry: &JsonObject,
    number: usize,
    now: Timestamp,
) -> Result<Option<WebvhWitnesses>, BadDidDocument> {
    let text = |name: &'static str| {
        entry
            .get(name)
            .and_then(Value::as_str)
            .ok_or(BadDidDocument::EntryLacks { name })
    };
    let inner = |name: &'static str| {
        entry
            .get(name)
            .and_then(Value::as_object)
            .ok_or(BadDidDocument::EntryLacks { name })
    };
    if state.deactivated {
        return Err(BadDidDocument::EntryAfterEnd);
    }
    let parameters = inner("parameters")?;
    let changed = WebvhParameters::read(parameters, number == 1)?;
    if number == 1 {
        state.scid = changed
            .scid
            .clone()
            .ok_or(BadDidDocument::EntryLacks { name: "scid" })?;
        state.version.clone_from(&state.scid);
    }

    // The chain: hashes, numbers and times.
    let version = text("versionId")?;
    let hashed = hash_of_entry(entry, &state.version)?;
    if version != format!("{number}-{hashed}") {
        return Err(BadDidDocument::AnotherHash);
    }
    if number == 1 && hash_of_start(entry, &state.scid)? != state.scid {
        return Err(BadDidDocument::AnotherBeginning);
    }
    let time = moment(text("versionTime")?).ok_or(BadDidDocument::NoTime)?;
    if state.time.is_some_and(|before| time <= before) || time > now.plus_seconds(SKEW) {
        return Err(BadDidDocument::WrongTime);
    }

    // The signature: by a key that the entry before named, or had committed to.
    let committed = !state.next_key_hashes.is_empty();
    let own = changed.update_keys.as_ref();
    if committed {
        let own = own.ok_or(BadDidDocument::NoKeysAsCommitted)?;
        if changed.next_key_hashes.is_none() {
            return Err(BadDidDocument::NoCommitment);
        }
        if !own
            .iter()
            .all(|key| state.next_key_hashes.contains(&multihash(key.as_bytes())))
        {
            return Err(BadDidDocument::KeyNotCommitted);
        }
    }
    let active = own.filter(|_| number == 1 || committed).unwrap_or(&state.update_keys);
    signed_by(entry, active)?;

    // The document.
    let id = inner("state")?.get("id").and_then(Value::as_str).unwrap_or_default();
    if id.strip_prefix("did:webvh:").and_then(|rest| rest.split(':').next()) != Some(state.scid.as_str()) {
        return Err(BadDidDocument::DocumentOfAnother);
    }
    if number > 1 && id != state.id {
        let known = inner("state")?.get("alsoKnownAs").and_then(Value::as_array);
        if !state.portable || !known.is_some_and(|all| all.contains(&json!(state.id))) {
            return Err(BadDidDocument::NotPortable);
        }
    }

    let approving = match (&state.witness, &changed.witness) {
        (Some(before), _) => Some(before.clone()),
        (None, Some(new)) => new.clone(),
        (None, None) => None,
    };
    version.clone_into(&mut state.version);
    id.clone_into(&mut state.id);
    state.time = Some(time);
    changed.apply(state);
    Ok(approving)
}

/// The changes that an entry's `parameters` make.
#[derive(Default)]
struct WebvhParameters {
    scid: Option<String>,
    update_keys: Option<Vec<String>>,
    next_key_hashes: Option<Vec<String>>,
    witness: Option<Option<WebvhWitnesses>>,
    portable: Option<bool>,
    deactivated: Option<bool>,
    ttl: Option<u32>,
}

impl WebvhParameters {
    fn read(parameters: &JsonObject, first: bool) -> Result<Self, BadDidDocument> {
        let wrong = |name| BadDidDocument::WrongParameter { name };
        if let Some(unknown) = parameters.keys().find(|name| !PARAMETERS.contains(&name.as_str())) {
            return Err(BadDidDocument::UnknownParameter {
                name: unknown.chars().take(40).collect(),
            });
        }
        if parameters
            .get("method")
            .map_or(first, |method| method != "did:webvh:1.0")
        {
            return Err(BadDidDocument::AnotherVersion);
        }
        if parameters.contains_key("scid") != first {
            return Err(wrong("scid"));
        }
        let texts = |name: &'static str| match parameters.get(name) {
            None => Ok(None),
            // Written by early versions for "none".
            Some(Value::Null) => Ok(Some(vec![])),
            Some(value) => serde_json::from_value(value.clone()).map(Some).map_err(|_| wrong(name)),
        };
        let switch = |name: &'static str| match parameters.get(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(false)),
            Some(value) => value.as_bool().map(Some).ok_or_else(|| wrong(name)),
        };
        let changed = Self {
            scid: parameters.get("scid").and_then(Value::as_str).map(str::to_owned),
            update_keys: texts("updateKeys")?,
            next_key_hashes: texts("nextKeyHashes")?,
            witness: match parameters.get("witness") {
                None => None,
                Some(Value::Null) => Some(None),
                Some(Value::Object(none)) if none.is_empty() => Some(None),
                Some(some) => Some(Some(WebvhWitnesses::read(some).ok_or_else(|| wrong("witness"))?)),
            },
            portable: switch("portable")?,
            deactivated: switch("deactivated")?,
            ttl: match parameters.get("ttl") {
                None | Some(Value::Null) => None,
                Some(ttl) => Some(
                    ttl.as_u64()
                        .and_then(|t| u32::try_from(t).ok())
                        .ok_or_else(|| wrong("ttl"))?,
                ),
            },
        };
        if !first && changed.portable == Some(true) {
            return Err(wrong("portable"));
        }
        if first && changed.update_keys.as_ref().is_none_or(Vec::is_empty) {
            return Err(wrong("updateKeys"));
        }
        Ok(changed)
    }

    fn apply(self, state: &mut WebvhState) {
        state.update_keys = self
            .update_keys
            .unwrap_or_else(|| std::mem::take(&mut state.update_keys));
        state.next_key_hashes = self
            .next_key_hashes
            .unwrap_or_else(|| std::mem::take(&mut state.next_key_hashes));
        state.witness = self.witness.unwrap_or_else(|| state.witness.take());
        state.portable = self.portable.unwrap_or(state.portable);
        state.deactivated = self.deactivated.unwrap_or(state.deactivated);
        state.ttl = self.ttl.or(state.ttl);
    }
}

impl WebvhWitnesses {
    fn read(value: &Value) -> Option<Self> {
        let listed = value
            .get("witnesses")?
            .as_array()
            .filter(|all| all.len() <= MAX_PROOFS)?;
        let mut ids = BTreeSet::new();
        for witness in listed {
            // The specification wants a did:key; the implementation in Rust writes the key alone.
            let id = witness.get("id")?.as_str()?;
            let key = id.strip_prefix("did:key:").unwrap_or(id);
            ed25519(key)?;
            if !ids.insert(key.to_owned()) {
                return None;
            }
        }
        let threshold = usize::try_from(value.get("threshold")?.as_u64()?).ok()?;
        (1..=ids.len()).contains(&threshold).then_some(Self { threshold, ids })
    }
}

/// Every entry that needs it was approved by enough witnesses. Who approves an entry approves all before it.
fn approved(
    to_approve: &[(usize, WebvhWitnesses)],
    versions: &BTreeMap<String, usize>,
    file: Option<&[u8]>,
) -> Result<(), BadDidDocument> {
    if to_approve.is_empty() {
        return Ok(());
    }
    let file = file.ok_or(BadDidDocument::NoApprovals)?;
    let file = json::read(file).map_err(|why| BadDidDocument::ApprovalsNoJson { why })?;
    let mut furthest: BTreeMap<String, usize> = BTreeMap::new();
    for approval in file.as_array().into_iter().flatten().take(MAX_ENTRIES) {
        let version = approval.get("versionId").and_then(Value::as_str).unwrap_or_default();
        let Some(number) = versions.get(version) else {
            continue;
        };
        let content = JsonObject::from_iter([("versionId".to_owned(), json!(version))]);
        for proof in proofs(approval.get("proof")) {
            if let Some(key) = proof.as_object().and_then(|proof| key_of_valid(proof, &content)) {
                let reached = furthest.entry(key).or_default();
                *reached = (*reached).max(*number);
            }
        }
    }
    for (number, by) in to_approve {
        let count = by
            .ids
            .iter()
            .filter(|id| furthest.get(*id).is_some_and(|reached| reached >= number))
            .count();
        if count < by.threshold {
            let threshold = by.threshold;
            return Err(BadDidDocument::NotApproved {
                number: *number,
                count,
                threshold,
            });
        }
    }
    Ok(())
}

/// Every proof of the entry is by an active key, and there is one.
fn signed_by(entry: &JsonObject, active: &[String]) -> Result<(), BadDidDocument> {
    let mut content = entry.clone();
    let proof = content.remove("proof");
    let all = proofs(proof.as_ref());
    let good = |proof: &Value| {
        proof
            .as_object()
            .and_then(|p| key_of_valid(p, &content))
            .is_some_and(|key| active.contains(&key))
    };
    if all.is_empty() || all.len() > MAX_PROOFS || !all.iter().all(good) {
        return Err(BadDidDocument::SignedByAnother);
    }
    Ok(())
}

fn proofs(value: Option<&Value>) -> &[Value] {
    match value {
        None => &[],
        Some(Value::Array(all)) => all.as_slice(),
        Some(one) => std::slice::from_ref(one),
    }
}

/// The key of an `eddsa-jcs-2022` proof over this content, if the proof holds (VC Data Integrity EdDSA Cryptosuites
/// 1.0, §3.3). The key is the one that the `did:key` in its verification method holds.
fn key_of_valid(proof: &JsonObject, content: &JsonObject) -> Option<String> {
    let text = |name: &str| proof.get(name).and_then(Value::as_str);
    let is = |name: &str, value: &str| text(name) == Some(value);
    if !(is("type", "DataIntegrityProof")
        && is("cryptosuite", "eddsa-jcs-2022")
        && is("proofPurpose", "assertionMethod"))
    {
        return None;
    }
    let (body, fragment) = text("verificationMethod")?.strip_prefix("did:key:")?.split_once('#')?;
    let key = ed25519(body).filter(|_| body == fragment)?;
    let value = text("proofValue")?.strip_prefix('z').filter(|v| v.len() <= 96)?;
    let signature = bs58::decode(value).into_vec().ok()?;
    let mut options = proof.clone();
    options.remove("proofValue");
    let message = [sha256(&canonical(&options)?), sha256(&canonical(content)?)].concat();
    key.verifies(&message, &signature).then(|| body.to_owned())
}

fn ed25519(multikey: &str) -> Option<VerificationKey> {
    multikey::decode(multikey)
        .ok()
        .filter(|key| key.kind() == KeyKind::Ed25519)
}

fn canonical(object: &JsonObject) -> Option<Vec<u8>> {
    serde_json_canonicalizer::to_vec(object).ok()
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}

/// base58btc of the multihash: SHA-256, 32 bytes.
fn multihash(bytes: &[u8]) -> String {
    bs58::encode([&[0x12, 0x20], sha256(bytes).as_slice()].concat()).into_string()
}

/// The hash of an entry, chained to the version before; that of the first to the SCID.
fn hash_of_entry(entry: &JsonObject, before: &str) -> Result<String, BadDidDocument> {
    let mut entry = entry.clone();
    entry.remove("proof");
    entry.insert("versionId".to_owned(), json!(before));
    canonical(&entry)
        .map(|bytes| multihash(&bytes))
        .ok_or(BadDidDocument::NoCanonicalForm)
}

/// The hash of the first entry with a placeholder wherever that hash itself stands.
fn hash_of_start(entry: &JsonObject, scid: &str) -> Result<String, BadDidDocument> {
    if scid.len() < 32 {
        return Err(BadDidDocument::NoHash);
    }
    let mut entry = entry.clone();
    entry.remove("proof");
    entry.insert("versionId".to_owned(), json!("{SCID}"));
    let text = Value::Object(entry).to_string().replace(scid, "{SCID}");
    let entry: JsonObject = serde_json::from_str(&text).map_err(|_| BadDidDocument::NoCanonicalForm)?;
    canonical(&entry)
        .map(|bytes| multihash(&bytes))
        .ok_or(BadDidDocument::NoCanonicalForm)
}

/// From when until when each key stood in the document.
#[derive(Default)]
struct KeyPeriods(Vec<VerificationMethod>);

impl KeyPeriods {
    fn follow(&mut self, issuing: Vec<VerificationMethod>, time: Timestamp) {
        let same = |a: &VerificationMethod, b: &VerificationMethod| {
            a.id == b.id && a.public_key_multibase == b.public_key_multibase
        };
        for known in &mut self.0 {
            if known.until.is_none_or(|until| until > time) && !issuing.iter().any(|new| same(known, new)) {
                known.until = Some(time);
            }
        }
        for new in issuing {
            let open = self
                .0
                .iter_mut()
                .find(|known| same(known, &new) && known.until.is_none_or(|u| u > time));
            match open {
                Some(known) => known.until = new.until,
                None => self.0.push(VerificationMethod {
                    from: Some(time),
                    ..new
                }),
            }
        }
    }
}
