//! What a repair takes out, kept for whoever looks for it later; and what of it revoked or suspended a credential.

use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use protocol::{
    DocumentId, Hash,
    status_list::{self, Entry},
};
use registry_schema::{CredentialCode, StatusState, Timestamp};
use serde_json::json;

use crate::registrar::place_of;
use platform::private;
use storage::{Copied, PeerRow, Store, ToTakeOut, Unavailable, Unfounded};

/// A revocation or suspension that stood in a row, and that no sound envelope in the store says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostRestriction {
    /// Whose list it is: the hash of its agency's first key-log entry.
    pub agency: Hash,
    /// Whether that is this node's own agency.
    pub own: bool,
    /// The status list.
    pub list: u32,
    /// The place in it.
    pub index: u32,
    /// Revoked or suspended.
    pub state: StatusState,
    /// The credential there, if it is kept here.
    pub code: Option<CredentialCode>,
}

/// The revocations and suspensions that go with what is taken out.
pub(super) async fn restrictions(
    store: &Store,
    home: Hash,
    taken: &ToTakeOut,
) -> Result<Vec<LostRestriction>, Unavailable> {
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
        });
    }
    Ok(lost)
}

/// What a row held back that nothing holds back any more.
fn restriction(row: &Unfounded) -> Option<(u32, u32, StatusState)> {
    let DocumentId::StatusList(list) = row.document else {
        return None;
    };
    let held_back = |values: &[Vec<u8>]| match status_list::fold(&row.key, values) {
        Some(Entry::Revoked { index, .. }) => Some((index, StatusState::Revoked)),
        Some(Entry::Suspended { index, change }) => {
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

/// What a row is about, whatever it says.
fn by_key(key: &str) -> Option<(u32, StatusState)> {
    let (kind, index) = key.split_once('/')?;
    let state = match kind {
        "r" => StatusState::Revoked,
        "s" => StatusState::Suspended,
        _ => return None,
    };
    Some((index.parse().ok()?, state))
}

/// The copy of a peer's row.
pub(super) fn of_peer(row: &PeerRow) -> Copied {
    let (left, expelled) = (row.left_at, row.expelled_at);
    Copied {
        table: "peers",
        agency: row.agency.clone().into_bytes(),
        name: format!("{} left {left:?} expelled {expelled:?}", row.agency),
        bytes: row.ticket.clone().into_bytes(),
    }
}

/// Writes all that is about to be taken out into a file beside the store, for its owner alone; none, if it is nothing.
pub(super) fn keep(data: &Path, copied: &[Copied], now: Timestamp) -> anyhow::Result<Option<PathBuf>> {
    if copied.is_empty() {
        return Ok(None);
    }
    let hex = |bytes: &[u8]| HEXLOWER.encode(bytes);
    let rows: Vec<_> = copied
        .iter()
        .map(|one| json!({"table": one.table, "agency": hex(&one.agency), "name": one.name, "bytes": hex(&one.bytes)}))
        .collect();
    let file = data.join(format!("repaired-{}.json", now.to_string().replace(':', "-")));
    let text = json!({"at": now.to_string(), "taken_out": rows}).to_string();
    private::replace(&file, text.as_bytes())?;
    Ok(Some(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, stood: Option<Vec<Vec<u8>>>, follows: Vec<Vec<u8>>) -> Unfounded {
        Unfounded {
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

    #[test]
    fn what_a_row_held_back_alone_is_found() {
        let reason = registry_schema::Reason::Misconduct;
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
