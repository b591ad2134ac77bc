//! DIDs whose documents stand on the web: `did:web`, and `did:webvh` 1.0 with its verifiable history. **Nothing is
//! fetched here**: this module says where a document stands, and reads the bytes that somebody brought.
//!
//! What counts is which keys issue (`assertionMethod`), and when each did.

mod document;
mod location;
mod problems;
mod webvh;

use registry_schema::{Timestamp, VerificationMethod};

pub use location::{DidLocation, on_the_web};
pub use problems::{BadDid, BadDidDocument, DidProblem};

/// An issuer's keys, as its own document has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResolvedKeys {
    /// Those that may issue (`assertionMethod`), with their terms as far as the document gives any.
    pub issuing: Vec<VerificationMethod>,
    /// Those that may not. A badge that such a key signed is not its issuer's.
    pub other: Vec<VerificationMethod>,
    /// For how many seconds the issuer lets its document be kept, if it says so.
    pub ttl: Option<u32>,
}

/// Reads what stands at the DID's [`DidLocation`]: for `did:webvh` the whole history, with the witnesses' approvals if
/// there are any. `now` is the moment of the check.
///
/// # Errors
/// If it is no document of this DID, or a history that does not hold.
pub fn read(
    did: &str,
    document: &[u8],
    witnesses: Option<&[u8]>,
    now: Timestamp,
) -> Result<ResolvedKeys, BadDidDocument> {
    if did.starts_with("did:webvh:") {
        return webvh::read(did, document, witnesses, now);
    }
    let document = crate::json::read(document).map_err(|why| BadDidDocument::NoJson { why })?;
    let (issuing, other) = document::keys(&document, did)?;
    Ok(ResolvedKeys {
        issuing,
        other,
        ttl: None,
    })
}

/// Returns true if a history needs the witnesses' approvals beside it.
#[must_use]
pub fn names_witnesses(log: &[u8]) -> bool {
    let needle = br#""witnesses""#;
    log.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests;
