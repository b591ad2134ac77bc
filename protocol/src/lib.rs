//! Agreement between agencies: replication of lists that nobody but their owner can write.
//!
//! This crate has **no sockets, no clock, no disk and no async**. Time and chance come in by the door:
//! [`Replica::handle`] takes an [`ReplicaEvent`], the time and a source of random numbers, and gives [`ReplicaEffect`]s, to be
//! carried out in their order. It does not know what a credential is, nor which transport carries its messages.
//!
//! What an agency signs are *puts* `(document, key, value)` in [`envelope`]s that name their parents by hash. Every
//! node builds its own automerge changes from them ([`document`]); automerge's bytes never cross the wire, because
//! they are not safe to read from a party that one does not trust. `PROTOCOL.md` says the same for a second
//! implementer, `DESIGN.md` says why.

pub mod blob_store;
pub mod checkpoint;
pub mod cosigned;
pub mod decoders;
pub mod document;
pub mod envelope;
pub mod files;
pub mod heartbeat;
pub mod introduction;
pub mod key_log;
pub mod log;
pub mod message;
pub mod misbehaviour;
#[cfg(feature = "mutants")]
pub mod mutant;
#[cfg(not(feature = "mutants"))]
mod mutant;
pub mod policy;
pub mod replica;
pub mod session;
pub mod signed;
pub mod status_list;
pub mod ticket;
pub mod trust_list;

pub use checkpoint::{Checkpoint, Countersignature};
pub use cosigned::{Cosigned, RootKeySet};
pub use document::DocumentRow;
pub use envelope::{DocumentId, Envelope, Put, SignedEnvelope};
pub use heartbeat::{Heartbeat, UnverifiedStatement};
pub use introduction::Introduction;
pub use key_log::{KeyLog, KeyLogEntry};
pub use message::{SyncRequest, SyncResponse};
pub use misbehaviour::Misbehaviour;
pub use replica::{Replica, ReplicaEffect, ReplicaEvent, ReplicaSettings, WriteBatch};
pub use session::CallId;
pub use signed::{Hash, PublicKey, Signed, SigningKey, Verified};
pub use ticket::Ticket;
