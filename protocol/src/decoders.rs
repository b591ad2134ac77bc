//! Every decoder that a peer's bytes reach, each as one function that must refuse or accept, whatever the bytes: what
//! is fuzzed, and what the table of hostile objects is fed to.

use minicbor::Decode;

use crate::{
    checkpoint::{Checkpoint, Held, read_page},
    envelope::SignedEnvelope,
    heartbeat::Heartbeat,
    key_log::{ForkProof, KeyLog, SignedEntry},
    message::{MAX_MESSAGE_BYTES, Request, Response},
    signed::{Hash, Signed},
};

/// Whether the bytes are a request.
#[must_use]
pub fn request(bytes: &[u8]) -> bool {
    Request::read(bytes).is_ok()
}

/// Whether the bytes are a response.
#[must_use]
pub fn response(bytes: &[u8]) -> bool {
    Response::read(bytes).is_ok()
}

/// Whether the bytes are a page of rows.
#[must_use]
pub fn page(bytes: &[u8]) -> bool {
    read_page(Hash([0; 32]), bytes).is_ok()
}

/// Decodes what could have come in a message.
fn decoded<T: for<'b> Decode<'b, ()>>(bytes: &[u8]) -> Option<T> {
    let fits = bytes.len() <= MAX_MESSAGE_BYTES;
    fits.then(|| minicbor::decode(bytes).ok()).flatten()
}

/// Whether the bytes are a key log.
#[must_use]
pub fn key_log(bytes: &[u8]) -> bool {
    decoded::<Vec<SignedEntry>>(bytes).is_some_and(|entries| KeyLog::read(entries).is_ok())
}

/// Whether the bytes are proof of a fork.
#[must_use]
pub fn fork_proof(bytes: &[u8]) -> bool {
    decoded::<ForkProof>(bytes).is_some_and(|proof| proof.check().is_ok())
}

/// A key log, and beside it an object that only it can prove: the two in one CBOR array.
fn beside_its_key_log<T: for<'b> Decode<'b, ()>>(bytes: &[u8]) -> Option<(KeyLog, T)> {
    let (entries, object): (Vec<SignedEntry>, T) = decoded(bytes)?;
    Some((KeyLog::read(entries).ok()?, object))
}

/// Whether the bytes are a key log and an envelope that it proves.
#[must_use]
pub fn envelope(bytes: &[u8]) -> bool {
    beside_its_key_log::<SignedEnvelope>(bytes).is_some_and(|(log, envelope)| envelope.verify(&log).is_ok())
}

/// Whether the bytes are a key log and a heartbeat that it proves.
#[must_use]
pub fn heartbeat(bytes: &[u8]) -> bool {
    beside_its_key_log::<Signed<Heartbeat>>(bytes).is_some_and(|(log, beat)| Heartbeat::read(beat, &log).is_ok())
}

/// Whether the bytes are a key log and a checkpoint that it proves.
#[must_use]
pub fn checkpoint(bytes: &[u8]) -> bool {
    beside_its_key_log::<Signed<Checkpoint>>(bytes).is_some_and(|(log, it)| Checkpoint::read(it, &log).is_ok())
}

/// Whether the bytes are a key log and a countersignature that it proves.
#[must_use]
pub fn held(bytes: &[u8]) -> bool {
    beside_its_key_log::<Signed<Held>>(bytes).is_some_and(|(log, held)| Held::read(held, &log).is_ok())
}
