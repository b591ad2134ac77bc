//! The changes to an issuer's keys since they were last looked at. **Pure.** Nothing that was ever listed vanishes, and
//! nothing that is compromised becomes sound.

use registry_schema::{Timestamp, VerificationMethod};

/// The change to a key, if any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyDifference {
    /// It was not listed.
    New,
    /// It stands where the issuer publishes its keys no more; it stays listed, with an end.
    Gone,
    /// It has another term than was listed.
    OtherTerm,
    /// It is as it was.
    Same,
}

fn is_same(one: &VerificationMethod, other: &VerificationMethod) -> bool {
    one.id == other.id && one.public_key_multibase == other.public_key_multibase
}

/// The keys as they are listed from now on, each with what became of it. `seen` is when they were last looked at, `published`
/// what the issuer publishes now. Terms that it publishes are taken as given. Otherwise a key that is new is one since it was
/// last looked, and one that is gone was one until now; one that was over when it was last looked and stands there again
/// is listed a second time, so that what it signed in between does not become good.
#[must_use]
pub(super) fn difference(
    listed: &[VerificationMethod],
    published: &[VerificationMethod],
    seen: Timestamp,
    now: Timestamp,
) -> Vec<(VerificationMethod, KeyDifference)> {
    let mut used = vec![false; published.len()];
    let mut all = Vec::with_capacity(listed.len());
    for old in listed {
        let was_over = old.until.is_some_and(|until| until <= seen);
        let fits = |new: &VerificationMethod| is_same(old, new) && (!was_over || new.until == old.until);
        let found = published.iter().zip(&mut used).find(|(new, used)| !**used && fits(new));
        let (from, until, became) = match found {
            Some((new, used)) => {
                *used = true;
                (new.from.or(old.from), new.until, KeyDifference::OtherTerm)
            }
            None if was_over => (old.from, old.until, KeyDifference::Same),
            None => (
                old.from,
                Some(old.until.map_or(now, |until| until.min(now))),
                KeyDifference::Gone,
            ),
        };
        let kept = VerificationMethod {
            from,
            until,
            ..old.clone()
        };
        let became = if kept.is_same_key(old) {
            KeyDifference::Same
        } else {
            became
        };
        all.push((kept, became));
    }
    for (new, _) in published.iter().zip(used).filter(|(_, used)| !used) {
        let new = VerificationMethod {
            from: new.from.or(Some(seen)),
            compromised: None,
            ..new.clone()
        };
        all.push((new, KeyDifference::New));
    }
    // Under another name, too, or with another term: it is the key that somebody else has.
    for (method, _) in &mut all {
        let same = listed
            .iter()
            .filter(|old| old.public_key_multibase == method.public_key_multibase);
        method.compromised = same.filter_map(|old| old.compromised).min();
    }
    all
}

#[cfg(test)]
mod tests;
