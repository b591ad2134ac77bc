//! The keys of an issuer that signs with its own, as a page shows them.

use protocol::ticket::key_fingerprint;
use registry_schema::{Issuer, VerificationMethod};

use super::words::plain;

/// Most keys that are shown.
const MOST_KEYS: usize = 30;

/// A view of what is known of its keys and lists.
#[derive(Debug)]
pub(super) struct IssuerKeysView {
    pub(super) seen: String,
    pub(super) keys: Vec<IssuerKeyView>,
    pub(super) more: usize,
    pub(super) lists: Vec<String>,
}

/// A key.
#[derive(Debug)]
pub(super) struct IssuerKeyView {
    /// Its fingerprint.
    pub(super) short: String,
    pub(super) term: String,
    /// The verification method.
    pub(super) name: String,
    pub(super) text: String,
}

impl IssuerKeysView {
    /// None for an issuer whose key its home agency keeps.
    pub(super) fn of(issuer: &Issuer) -> Option<Self> {
        let own = issuer.own_keys.as_ref()?;
        let keys = &issuer.verification_methods;
        Some(Self {
            seen: own.seen.date_in_words(),
            keys: keys.iter().take(MOST_KEYS).map(IssuerKeyView::of).collect(),
            more: keys.len().saturating_sub(MOST_KEYS),
            lists: own.status_lists.iter().map(|list| plain(list, 300)).collect(),
        })
    }
}

impl IssuerKeyView {
    fn of(key: &VerificationMethod) -> Self {
        let day =
            |at: Option<registry_schema::Timestamp>, word: &str| at.map(|at| format!("{word} {}", at.date_in_words()));
        let said = [
            day(key.from, "from"),
            day(key.until, "until"),
            day(key.compromised, "compromised since"),
        ];
        let said: Vec<String> = said.into_iter().flatten().collect();
        Self {
            short: key_fingerprint(&key.public_key_multibase),
            term: said.join(", "),
            name: plain(&key.id, 200),
            text: plain(&key.public_key_multibase, 120),
        }
    }
}
