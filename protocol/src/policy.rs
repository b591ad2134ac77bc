//! The entries of a policy, and how they fold.
//!
//! | key | value | rule |
//! |---|---|---|
//! | `about` | [`PolicyDescription`](registry_schema::policy::PolicyDescription) | on conflict: the smallest in bytes |
//! | `acceptance/<id>` | [`AcceptanceRule`](registry_schema::acceptance::AcceptanceRule) | on conflict all versions hold |
//! | `collection/<id>` | [`BadgeCollection`](registry_schema::criteria::BadgeCollection) | on conflict a badge is in it where all versions agree |
//! | `criterion/<id>` | [`Criterion`](registry_schema::criteria::Criterion) | on conflict all versions are shown |
//! | `requirement/<id>` | [`Requirement`](registry_schema::worth::Requirement) | on conflict all versions are shown |
//! | `worth/<id>` | [`WorthRule`](registry_schema::worth::WorthRule) | on conflict it gives no amount |
//!
//! An empty value takes an entry away; in conflict with a version, the version stays: two officers who act at once
//! never make a policy weaker than one of them meant it.

use registry_schema::PolicyEntry;

use crate::envelope::{DocumentId, Put};

/// The put that says this.
#[must_use]
pub fn say(entry: &PolicyEntry) -> Put {
    Put {
        document: DocumentId::Policy,
        key: entry.key(),
        value: entry.to_cbor(),
    }
}

/// The put that takes this away.
#[must_use]
pub fn take_away(entry: &PolicyEntry) -> Put {
    Put {
        document: DocumentId::Policy,
        key: entry.key(),
        value: Vec::new(),
    }
}

/// The versions that the surviving values of a key hold: none, if it was taken away or breaks a rule.
#[must_use]
pub fn fold(key: &str, values: &[Vec<u8>]) -> Vec<PolicyEntry> {
    let said = values.iter().filter(|value| !value.is_empty());
    said.filter_map(|value| PolicyEntry::from_cbor(key, value)).collect()
}

/// Checks that a put obeys the rules of this kind of document.
pub(crate) fn admits(key: &str, value: &[u8]) -> bool {
    use registry_schema::policy::{PolicyEntryKind, is_id};
    let names_an_entry = match key.split_once('/') {
        None => key == PolicyEntryKind::About.as_str(),
        Some((kind, id)) => {
            let mut kinds = PolicyEntryKind::ALL
                .into_iter()
                .filter(|k| *k != PolicyEntryKind::About);
            kinds.any(|k| k.as_str() == kind) && is_id(id)
        }
    };
    names_an_entry && (value.is_empty() || PolicyEntry::from_cbor(key, value).is_some())
}

#[cfg(test)]
mod tests {
    use registry_schema::criteria::Criterion;

    use super::*;

    fn criterion(demands: &str) -> PolicyEntry {
        PolicyEntry::Criterion(Criterion {
            id: "public-rubric".into(),
            demands: demands.into(),
            citation: "a test".into(),
            met_by: vec![],
        })
    }

    #[test]
    fn an_entry_reads_back_and_can_be_taken_away() {
        let entry = criterion("The rubric is public.");
        let (put, gone) = (say(&entry), take_away(&entry));
        assert_eq!(
            (put.key.as_str(), gone.key.as_str()),
            ("criterion/public-rubric", "criterion/public-rubric")
        );
        assert!(admits(&put.key, &put.value) && admits(&gone.key, &gone.value));
        assert_eq!(fold(&put.key, std::slice::from_ref(&put.value)), [entry]);
        assert_eq!(fold(&gone.key, &[gone.value]), []);
    }

    #[test]
    fn of_concurrent_versions_all_stay_and_none_is_taken_away() {
        let (one, other) = (
            criterion("The rubric is public."),
            criterion("The rubric is published."),
        );
        let values = [Vec::new(), say(&one).value, say(&other).value];
        assert_eq!(fold("criterion/public-rubric", &values), [one, other]);
    }

    #[test]
    fn what_breaks_a_limit_is_void() {
        let put = say(&criterion("The rubric is public."));
        assert!(!admits("criterion/Public", &put.value), "no id");
        assert!(!admits("criterion/other", &put.value), "another id");
        assert!(!admits("worth/public-rubric", &put.value), "another kind");
        assert!(!admits("about/x", &[]) && !admits("criterion", &[]) && !admits("pictures/x", &[]));
        let too_long = say(&criterion(&"x".repeat(1_001)));
        assert!(!admits(&too_long.key, &too_long.value));
        let mut longer = put.value.clone();
        longer.push(0);
        assert!(!admits(&put.key, &longer), "not its one form");
    }
}
