//! A proof, as a file, that a writer has two histories.

use minicbor::{Decode, Encode};

use super::{KeyLog, SignedKeyLogEntry};
use crate::signed::{Hash, InvalidStatement, PublicKey, Signed};

/// Most signatures in the key log of a proof: checking it takes no longer than some 30 ms.
const MAX_PROOF_CHECKS: usize = 512;

/// Proof that a writer has two histories: two envelopes' headers of one writer with one number. It needs nothing else
/// but the key log that names the writer.
#[derive(Clone, Debug, Encode, Decode)]
pub struct ForkProof {
    /// The agency's key log.
    #[n(0)]
    pub key_log: Vec<SignedKeyLogEntry>,
    /// The two, sorted by hash.
    #[n(1)]
    pub headers: Vec<Signed<crate::envelope::EnvelopeHeader>>,
}

impl ForkProof {
    /// Checks the proof; gives the agency, the writer, and the number that it used twice.
    ///
    /// # Errors
    /// [`InvalidStatement`], if it proves nothing.
    pub fn check(&self) -> Result<(Hash, PublicKey, u32), InvalidStatement> {
        if self.headers.len() != 2 {
            return Err(InvalidStatement::Rule(
                "two envelopes prove a fork, neither more nor fewer",
            ));
        }
        let (log, more) = KeyLog::begin(self.key_log.clone(), MAX_PROOF_CHECKS)?;
        if more {
            return Err(InvalidStatement::Rule(
                "the key log of a proof has at most 512 signatures",
            ));
        }
        let mut headers = Vec::new();
        for header in &self.headers {
            let named = |h: &crate::envelope::EnvelopeHeader| {
                (h.agency == log.genesis() && log.names_writer(&h.key_log, &h.writer) == Some(true)).then_some(h.writer)
            };
            headers.push(header.clone().verify(named)?);
        }
        match headers.as_slice() {
            [one, other]
                if one.hash() != other.hash()
                    && one.get().writer == other.get().writer
                    && one.get().sequence == other.get().sequence =>
            {
                Ok((log.genesis(), one.get().writer, one.get().sequence))
            }
            _ => Err(InvalidStatement::Rule(
                "two different envelopes of one writer with one number prove a fork",
            )),
        }
    }
}
