//! The revocations and suspensions that a damaged store lost: those that stood in a row alone, and those that the audit
//! trail alone tells of.

use std::collections::BTreeMap;

use protocol::{
    DocumentId, DocumentRow, Hash,
    status_list::{self, StatusListEntry},
};
use registry_schema::{CredentialCode, StatusState, Timestamp};

use agency::registrar::place_of;
use storage::{RemovalList, Store, StoreError, UnfoundedEntry};

/// The evidence that is left of a lost restriction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestrictionEvidence {
    /// A row that was taken out.
    Row,
    /// The audit trail, which says when it was done.
    Audit(Timestamp),
}

/// A revocation or suspension that was in the store, and that no sound envelope in it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostRestriction {
    /// The agency whose list it is: the hash of its first key-log entry.
    pub agency: Hash,
    /// True if that is this node's own agency.
    pub own: bool,
    /// The status list.
    pub list: u32,
    /// The place in it.
    pub index: u32,
    /// Revoked or suspended.
    pub state: StatusState,
    /// The credential there, if it is kept here.
    pub code: Option<CredentialCode>,
    /// The evidence that is left of it.
    pub told_by: RestrictionEvidence,
}

/// The store's word on places in status lists, what is set aside included.
#[derive(Debug)]
pub(super) struct StoredRestrictions(BTreeMap<(Hash, u32, String), Vec<Vec<u8>>>);

impl StoredRestrictions {
    /// All that the store says now.
    pub(super) async fn read(store: &Store) -> Result<Self, StoreError> {
        let all = store.changes(-1).await?;
        let mut places: BTreeMap<_, Vec<Vec<u8>>> = BTreeMap::new();
        for DocumentRow {
            agency,
            document,
            key,
            values,
        } in all.rows.into_iter().chain(all.restrictions)
        {
            if let (DocumentId::StatusList(list), Some(_)) = (document, by_key(&key)) {
                places.entry((agency, list, key)).or_default().extend(values);
            }
        }
        Ok(Self(places))
    }

    fn entry(&self, agency: Hash, list: u32, key: String) -> Option<StatusListEntry> {
        let place = (agency, list, key);
        let values = self.0.get(&place)?;
        status_list::fold(&place.2, values)
    }

    /// Returns true if a place is held back as much as this state does it.
    fn holds_back(&self, agency: Hash, list: u32, index: u32, state: StatusState) -> bool {
        let is_revoked = self.entry(agency, list, format!("r/{index}")).is_some();
        let suspended = self.entry(agency, list, format!("s/{index}"));
        is_revoked || (state != StatusState::Revoked && suspended.is_some_and(|entry| holds(&entry)))
    }

    /// Returns true if a suspended place was freed at this moment or later.
    fn is_freed_since(&self, agency: Hash, list: u32, index: u32, at: Timestamp) -> bool {
        let entry = self.entry(agency, list, format!("s/{index}"));
        matches!(entry, Some(StatusListEntry::Suspended { change, .. }) if change.state != StatusState::Suspended && change.at >= at)
    }

    /// Leaves those out of which the store still says so.
    pub(super) fn keep_what_is_lost(&self, lost: &mut Vec<LostRestriction>) {
        lost.retain(|one| !self.holds_back(one.agency, one.list, one.index, one.state));
    }

    /// Lists what this node's own audit trail says was revoked or suspended, and nothing else in the store.
    pub(super) async fn lost_by_audit(&self, store: &Store, home: Hash) -> Result<Vec<LostRestriction>, StoreError> {
        let mut last: BTreeMap<String, (StatusState, Timestamp)> = BTreeMap::new();
        for (act, subject, at) in store.acts_on_status().await? {
            let state = match act.as_str() {
                "credential.revoke" => StatusState::Revoked,
                "credential.suspend" => StatusState::Suspended,
                _ => StatusState::Active,
            };
            let before = last.entry(subject).or_insert((state, at));
            if before.0 != StatusState::Revoked {
                *before = (state, at);
            }
        }
        let mut lost = Vec::new();
        for (subject, (state, at)) in last {
            if state == StatusState::Active {
                continue;
            }
            let kept = store.credential_by_id(&subject).await?;
            let place = kept.as_ref().and_then(|kept| place_of(kept).ok());
            // What was expunged since has no place any more.
            let Some((list, index)) = place.or_else(|| by_subject(&subject)) else {
                continue;
            };
            let is_freed = state == StatusState::Suspended && self.is_freed_since(home, list, index, at);
            if is_freed || self.holds_back(home, list, index, state) {
                continue;
            }
            lost.push(LostRestriction {
                agency: home,
                own: true,
                list,
                index,
                state,
                code: kept.map(|kept| kept.issued.code),
                told_by: RestrictionEvidence::Audit(at),
            });
        }
        Ok(lost)
    }
}

fn holds(entry: &StatusListEntry) -> bool {
    match entry {
        StatusListEntry::Revoked { .. } => true,
        StatusListEntry::Suspended { change, .. } => change.state == StatusState::Suspended,
        _ => false,
    }
}

/// The place that an act names which was on no credential that is kept here.
fn by_subject(subject: &str) -> Option<(u32, u32)> {
    let (list, index) = subject.strip_prefix("list ")?.split_once(" index ")?;
    Some((list.parse().ok()?, index.parse().ok()?))
}

/// The revocations and suspensions that go with what is taken out.
pub(super) async fn restrictions(
    store: &Store,
    home: Hash,
    taken: &RemovalList,
) -> Result<Vec<LostRestriction>, StoreError> {
    let mut lost = Vec::new();
    for row in &taken.unfounded {
        let Some((list, index, state)) = restriction(row) else {
            continue;
        };
        let own = row.agency == home;
        let kept = if own {
            store.credential_at(list, index).await?
        } else {
            None
        };
        let kept = kept.filter(|kept| place_of(kept).is_ok());
        lost.push(LostRestriction {
            agency: row.agency,
            own,
            list,
            index,
            state,
            code: kept.map(|kept| kept.issued.code),
            told_by: RestrictionEvidence::Row,
        });
    }
    Ok(lost)
}

/// Returns what a row held back that nothing holds back any more.
fn restriction(row: &UnfoundedEntry) -> Option<(u32, u32, StatusState)> {
    let DocumentId::StatusList(list) = row.document else {
        return None;
    };
    let held_back = |values: &[Vec<u8>]| match status_list::fold(&row.key, values) {
        Some(StatusListEntry::Revoked { index, .. }) => Some((index, StatusState::Revoked)),
        Some(StatusListEntry::Suspended { index, change }) => {
            (change.state == StatusState::Suspended).then_some((index, StatusState::Suspended))
        }
        _ => None,
    };
    if held_back(&row.follows).is_some() {
        return None;
    }
    let stood = match row.stood.as_deref() {
        Some(values) if !values.is_empty() => held_back(values).or_else(|| {
            // It cannot be read, and is there: what it says of is all that is left.
            status_list::fold(&row.key, values)
                .is_none()
                .then(|| by_key(&row.key))
                .flatten()
        }),
        Some(_) => None,
        None => by_key(&row.key),
    };
    stood.map(|(index, state)| (list, index, state))
}

/// Returns what a row is about, whatever it says.
fn by_key(key: &str) -> Option<(u32, StatusState)> {
    let (kind, index) = key.split_once('/')?;
    let state = match kind {
        "r" => StatusState::Revoked,
        "s" => StatusState::Suspended,
        _ => return None,
    };
    Some((index.parse().ok()?, state))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, stood: Option<Vec<Vec<u8>>>, follows: Vec<Vec<u8>>) -> UnfoundedEntry {
        UnfoundedEntry {
            agency: Hash([1; 32]),
            document: DocumentId::StatusList(7),
            key: key.to_owned(),
            stood,
            follows,
        }
    }

    fn value(put: &protocol::Put) -> Vec<u8> {
        put.value.clone()
    }

    fn standing(rows: &[(&str, Vec<u8>)]) -> StoredRestrictions {
        let all = rows.iter();
        StoredRestrictions(
            all.map(|(key, value)| ((Hash([1; 32]), 7, (*key).to_owned()), vec![value.clone()]))
                .collect(),
        )
    }

    #[test]
    fn what_is_set_aside_or_says_more_still_holds_a_place_back() {
        let reason = registry_schema::StatusReason::Misconduct;
        let revoked = value(&status_list::revoke(7, 3, reason, Timestamp(5)));
        let [held, free] = [true, false].map(|yes| value(&status_list::suspend(7, 4, yes, reason, Timestamp(5))));
        let all = standing(&[("r/3", revoked), ("s/4", held), ("s/5", free)]);
        let holds = |index, state| all.holds_back(Hash([1; 32]), 7, index, state);
        assert!(holds(3, StatusState::Revoked) && holds(3, StatusState::Suspended));
        assert!(holds(4, StatusState::Suspended) && !holds(4, StatusState::Revoked));
        assert!(!holds(5, StatusState::Suspended) && !holds(6, StatusState::Revoked));
        let is_freed = |at| all.is_freed_since(Hash([1; 32]), 7, 5, Timestamp(at));
        assert!(is_freed(5) && !is_freed(6), "it was suspended again");
        assert_eq!(by_subject("list 7 index 3"), Some((7, 3)));
        assert_eq!(by_subject("urn:uuid:1"), None);
    }

    #[test]
    fn what_a_row_held_back_alone_is_found() {
        let reason = registry_schema::StatusReason::Misconduct;
        let revoked = value(&status_list::revoke(7, 3, reason, Timestamp(5)));
        let [held, free] = [true, false].map(|yes| value(&status_list::suspend(7, 3, yes, reason, Timestamp(5))));
        let found =
            |key: &str, stood, follows| restriction(&row(key, stood, follows)).map(|(_, index, state)| (index, state));
        let was_revoked = Some((3, StatusState::Revoked));
        assert_eq!(found("r/3", Some(vec![revoked.clone()]), vec![]), was_revoked);
        assert_eq!(found("r/3", None, vec![]), was_revoked, "it cannot be read");
        assert_eq!(
            found("r/3", Some(vec![vec![1]]), vec![]),
            was_revoked,
            "it means nothing"
        );
        assert_eq!(found("r/3", None, vec![revoked.clone()]), None, "the log says so too");
        let was_held = Some((3, StatusState::Suspended));
        assert_eq!(found("s/3", Some(vec![held.clone()]), vec![free.clone()]), was_held);
        assert_eq!(found("s/3", Some(vec![free]), vec![]), None);
        assert_eq!(
            found("s/3", Some(vec![held]), vec![revoked]),
            was_held,
            "a value of another key"
        );
        assert_eq!(found("t/3", None, vec![]), None);
    }
}
