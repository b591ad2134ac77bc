//! The misbehaviour of peers: acts that no honest node does.

use crate::signed::{Hash, InvalidStatement};

/// A reason to end the conversation with a peer, and to write it down.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misbehaviour {
    /// It sent bytes that are no message.
    #[error("sent bytes that are no message of this protocol")]
    NotAMessage,
    /// It answered something else than it was asked.
    #[error("answered something else than it was asked")]
    WrongAnswer,
    /// It passed on a statement that is not what it claims to be.
    #[error("passed on {0}")]
    Refused(#[from] InvalidStatement),
    /// It gave a key log of another agency than was asked for.
    #[error("gave a key log of another agency than {asked}")]
    ForeignKeyLog {
        /// The agency that was asked for.
        asked: Hash,
    },
    /// It gave another checkpoint, or another page of rows, than was asked for.
    #[error("gave another checkpoint than was asked for")]
    ForeignCheckpoint,
    /// It sent a page that brings nothing, though it says there is more.
    #[error("sent an empty page and says there is more")]
    EmptyPage,
    /// It says that it holds an envelope whole, and gives it without a value that nobody expunged.
    #[error("left a value out of an envelope that nobody expunged")]
    Stripped,
}
