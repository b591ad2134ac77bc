//! Every decoder that a peer's bytes reach, each as one function that must refuse or accept, whatever the bytes: what
//! is fuzzed, and what the table of hostile objects is fed to.

use minicbor::Decode;

use crate::{
    checkpoint::{Checkpoint, Countersignature, read_page},
    document::admits,
    envelope::{DocumentId, MAX_VALUE_BYTES, SignedEnvelope},
    files::{LogListing, read_entries, read_envelopes},
    heartbeat::Heartbeat,
    introduction::Introduction,
    key_log::{ForkProof, KeyLog, MAX_CHECKS, SignedKeyLogEntry},
    message::{MAX_MESSAGE_BYTES, SyncRequest, SyncResponse},
    policy,
    signed::{Hash, Signed},
    status_list,
    ticket::{self, Ticket},
    trust_list,
};

/// Returns true if the bytes are a request.
#[must_use]
pub fn request(bytes: &[u8]) -> bool {
    SyncRequest::read(bytes).is_ok()
}

/// Returns true if the bytes are a response.
#[must_use]
pub fn response(bytes: &[u8]) -> bool {
    SyncResponse::read(bytes).is_ok()
}

/// Returns true if the bytes are a page of rows.
#[must_use]
pub fn page(bytes: &[u8]) -> bool {
    read_page(Hash([0; 32]), bytes).is_ok()
}

/// Decodes what could have come in a message.
fn decoded<T: for<'b> Decode<'b, ()>>(bytes: &[u8]) -> Option<T> {
    let fits = bytes.len() <= MAX_MESSAGE_BYTES;
    fits.then(|| minicbor::decode(bytes).ok()).flatten()
}

/// Returns true if the bytes are a key log, as far as it is looked at in one go.
#[must_use]
pub fn key_log(bytes: &[u8]) -> bool {
    decoded::<Vec<SignedKeyLogEntry>>(bytes).is_some_and(|entries| KeyLog::begin(entries, MAX_CHECKS).is_ok())
}

/// Returns true if the bytes are an entry of a key log, signed or not, as holders of the root carry it.
#[must_use]
pub fn entry(bytes: &[u8]) -> bool {
    decoded::<SignedKeyLogEntry>(bytes).is_some_and(|entry| entry.claim().is_ok())
}

/// Returns true if the bytes are a ticket's text, or the content of one.
#[must_use]
pub fn ticket(bytes: &[u8]) -> bool {
    let read = |text: &str| text.parse::<Ticket>().is_ok();
    str::from_utf8(bytes).is_ok_and(read) || (bytes.len() <= ticket::MAX_TEXT_BYTES && read(&ticket::text_of(bytes)))
}

/// Returns true if the bytes are a file that lists an agency's other files.
#[must_use]
pub fn listing(bytes: &[u8]) -> bool {
    LogListing::read(bytes).is_ok()
}

/// Returns true if the bytes are a file of envelopes.
#[must_use]
pub fn envelope_file(bytes: &[u8]) -> bool {
    let claims = |envelopes: Vec<SignedEnvelope>| {
        !envelopes.is_empty() && envelopes.iter().all(|envelope| envelope.claim().is_ok())
    };
    read_envelopes(bytes).is_ok_and(claims)
}

/// Returns true if the bytes are a file of a key log's entries.
#[must_use]
pub fn key_log_file(bytes: &[u8]) -> bool {
    read_entries(bytes).is_ok_and(|entries| KeyLog::begin(entries, MAX_CHECKS).is_ok())
}

/// Returns true if the bytes are a put, `[document, key, value]`, that its document admits; and folds what is admitted.
#[must_use]
pub fn put(bytes: &[u8]) -> bool {
    let Some((document, key, value)) = decoded::<(DocumentId, String, minicbor::bytes::ByteVec)>(bytes) else {
        return false;
    };
    if value.len() > MAX_VALUE_BYTES || !admits(&document, &key, &value) {
        return false;
    }
    let values = [value.to_vec(), value.to_vec()];
    match document {
        DocumentId::StatusList(_) => drop(status_list::fold(&key, &values)),
        DocumentId::TrustList => drop(trust_list::fold(&key, &values)),
        DocumentId::Policy => drop(policy::fold(&key, &values)),
        DocumentId::Unknown(_) => {}
    }
    true
}

/// Returns true if the bytes are proof of a fork.
#[must_use]
pub fn fork_proof(bytes: &[u8]) -> bool {
    decoded::<ForkProof>(bytes).is_some_and(|proof| proof.check().is_ok())
}

/// A key log, and beside it an object that only it can prove: the two in one CBOR array.
fn beside_its_key_log<T: for<'b> Decode<'b, ()>>(bytes: &[u8]) -> Option<(KeyLog, T)> {
    let (entries, object): (Vec<SignedKeyLogEntry>, T) = decoded(bytes)?;
    Some((KeyLog::read(entries).ok()?, object))
}

/// Returns true if the bytes are a key log and an envelope that it proves.
#[must_use]
pub fn envelope(bytes: &[u8]) -> bool {
    beside_its_key_log::<SignedEnvelope>(bytes).is_some_and(|(log, envelope)| envelope.verify(&log).is_ok())
}

/// Returns true if the bytes are a key log and a heartbeat that it proves.
#[must_use]
pub fn heartbeat(bytes: &[u8]) -> bool {
    beside_its_key_log::<Signed<Heartbeat>>(bytes).is_some_and(|(log, beat)| Heartbeat::read(beat, &log).is_ok())
}

/// Returns true if the bytes are a key log and a checkpoint that it proves.
#[must_use]
pub fn checkpoint(bytes: &[u8]) -> bool {
    beside_its_key_log::<Signed<Checkpoint>>(bytes).is_some_and(|(log, it)| Checkpoint::read(it, &log).is_ok())
}

/// Returns true if the bytes are a key log and a countersignature that it proves.
#[must_use]
pub fn held(bytes: &[u8]) -> bool {
    beside_its_key_log::<Signed<Countersignature>>(bytes)
        .is_some_and(|(log, held)| Countersignature::read(held, &log).is_ok())
}

/// Returns true if the bytes are a key log and an introduction that it proves, at the time that the introduction says. It is
/// told as text.
#[must_use]
pub fn introduction(bytes: &[u8]) -> bool {
    let Some((log, it)) = beside_its_key_log::<Signed<Introduction>>(bytes) else {
        return false;
    };
    let (Some(claim), Ok(told)) = (it.claim(), Introduction::from_text(&Introduction::to_text(&it))) else {
        return false;
    };
    drop(Introduction::claimed_tickets(&told));
    Introduction::read(told, &log, claim.at).is_ok()
}
