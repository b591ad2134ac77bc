//! What may be put in a trust list, and how it folds.
//!
//! | key | value | rule |
//! |---|---|---|
//! | `i/<hash>` | [`Issuer`] | on conflict: the keys that all versions name |
//! | `g/<id>` | [`Recognition`] | a grant: in conflict it does not count |
//! | `w/<id>` | [`Withdrawal`] | ends the recognition with this id; on conflict the earlier and the stricter |
//!
//! `<hash>` is the first 32 hexadecimal digits of SHA-256 of the issuer's id.

use registry_schema::{Issuer, Recognition, Withdrawal};

use crate::{
    envelope::{DocumentId, Put},
    signed::{Hash, encode},
    status_list::exactly,
};

/// What one key of a trust list says, after folding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// An issuer of this agency.
    Issuer(Issuer),
    /// A recognition; none, if concurrent versions of it contradict each other.
    Recognition(String, Option<Recognition>),
    /// The end of the recognition with this id.
    Withdrawal(String, Withdrawal),
}

/// The put that registers an issuer, or changes its entry.
#[must_use]
pub fn register(issuer: &Issuer) -> Put {
    put(format!("i/{}", issuer_key(&issuer.id)), encode(issuer))
}

/// The put that recognizes.
#[must_use]
pub fn recognize(recognition: &Recognition) -> Put {
    put(format!("g/{}", recognition.id), encode(recognition))
}

/// The put that withdraws a recognition.
#[must_use]
pub fn withdraw(id: &str, withdrawal: &Withdrawal) -> Put {
    put(format!("w/{id}"), encode(withdrawal))
}

fn put(key: String, value: Vec<u8>) -> Put {
    Put {
        document: DocumentId::TrustList,
        key,
        value,
    }
}

/// The part of an issuer's key after `i/`: the first 32 hexadecimal digits of SHA-256 of its id.
#[must_use]
pub fn issuer_key(id: &str) -> String {
    Hash::of(&[id.as_bytes()]).to_string().chars().take(32).collect()
}

/// What the surviving values of a key say; nothing, if the key or a value breaks a rule.
#[must_use]
pub fn fold(key: &str, values: &[Vec<u8>]) -> Option<Entry> {
    let (kind, rest) = key.split_once('/')?;
    match kind {
        "i" => {
            let all: Option<Vec<Issuer>> = values.iter().map(|v| exactly(v)).collect();
            let mut all = all?.into_iter();
            let first = all.next().filter(|issuer| issuer_key(&issuer.id) == rest)?;
            let agreed = all.fold(first, |mut agreed, other| {
                agreed
                    .verification_methods
                    .retain(|method| other.verification_methods.contains(method));
                agreed
            });
            Some(Entry::Issuer(agreed))
        }
        "g" if is_id(rest) => {
            let all: Option<Vec<Recognition>> = values.iter().map(|v| exactly(v)).collect();
            let mut all = all?.into_iter();
            let first = all.next().filter(|r| r.id == rest && !r.purposes.is_empty())?;
            Some(Entry::Recognition(
                rest.to_owned(),
                all.all(|other| other == first).then_some(first),
            ))
        }
        "w" if is_id(rest) => {
            let all: Option<Vec<Withdrawal>> = values.iter().map(|v| exactly(v)).collect();
            let all = all?;
            let at = all.iter().map(|w| w.at).min()?;
            let earlier_badges_stay_good = all.iter().all(|w| w.earlier_badges_stay_good);
            Some(Entry::Withdrawal(
                rest.to_owned(),
                Withdrawal {
                    at,
                    earlier_badges_stay_good,
                },
            ))
        }
        _ => None,
    }
}

/// Whether a put obeys the rules of this kind of document.
pub(crate) fn admits(key: &str, value: &[u8]) -> bool {
    fold(key, &[value.to_vec()]).is_some()
}

/// A recognition's id: 1 to 64 lower-case letters, digits and hyphens.
fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
