//! The check that the row of a credential says what the badge says that was signed: a disk may give back another place than
//! it was given, and an act on that place would be an act on somebody else's credential.

use serde_json::Value;
use verification::{data_integrity, multikey};

use super::RegistrarError;
use storage::{SignedCredentialRow, Store, StoreError, StoredCredential};

/// The number of rows that are compared at once.
const ROWS_AT_ONCE: i64 = 1000;

/// The way from a node to its status lists.
const LISTS: &str = "/v1/status-lists/";

/// A credential whose row says something else than its badge, or whose badge cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowTrouble {
    /// Its code, or else its id, as the row has them.
    pub credential: String,
    /// The difference.
    pub why: String,
    /// True if the badge beside the row may be another credential's.
    pub is_another: bool,
    /// True if the badge beside the row is as it was signed.
    pub is_signed: bool,
}

impl RowTrouble {
    /// Says what is wrong, and what to do.
    #[must_use]
    pub fn in_words(&self) -> String {
        let Self { credential, why, .. } = self;
        let (whose, its_badge) = match self.is_signed && !self.is_another {
            true => (
                "its badge is as it was signed, and names its own place",
                format!(
                    "which `curl -H 'Accept: application/vc' NODE/v1/credentials/{credential}` gives, as its holder does"
                ),
            ),
            false => ("its badge here is not sound either", "which its holder has".to_owned()),
        };
        format!(
            "the row of the credential `{credential}` in this node's store is damaged: {why}; {whose}. To change its status, give \
             the badge, {its_badge}: `comity credential revoke --badge FILE`, or `suspend`, or `reinstate`. To mend the row, put a \
             backup in the store's place"
        )
    }
}

impl From<RowTrouble> for RegistrarError {
    fn from(trouble: RowTrouble) -> Self {
        Self::Conflict(format!(
            "{}. Nothing was changed; `comityd repair` names all such rows, while the node is stopped",
            trouble.in_words()
        ))
    }
}

/// The place of a credential: its row and its badge agree on it.
///
/// # Errors
/// What they differ in.
pub fn place(kept: &SignedCredentialRow) -> Result<(u32, u32), RowTrouble> {
    let issued = &kept.issued;
    compare(&ComparedRow {
        credential: issued.code.to_string(),
        id: Some(&issued.id),
        issuer: Some(&issued.issuer),
        list: Some(issued.list),
        slot: Some(issued.slot),
        document: Some(&kept.document),
    })
}

/// Checks that the badge beside a row is of the same credential, wherever the row says that its place is.
///
/// # Errors
/// [`RegistrarError`], in words for strangers, if it is not, or cannot be read.
pub fn has_its_badge(kept: &SignedCredentialRow) -> Result<(), RegistrarError> {
    match place(kept) {
        Err(trouble) if trouble.is_another => Err(RegistrarError::NotNow(
            "what this agency's store holds of this credential is damaged: write to the agency, whose operator can mend it".into(),
        )),
        _ => Ok(()),
    }
}

/// The rows of a store that do not say what their badges say.
///
/// # Errors
/// [`StoreError`], if the store cannot be read.
pub async fn row_troubles(store: &Store) -> Result<Vec<RowTrouble>, StoreError> {
    let (mut troubles, mut read) = (Vec::new(), 0);
    loop {
        let rows = store.stored_credentials(read, ROWS_AT_ONCE).await?;
        if rows.is_empty() {
            return Ok(troubles);
        }
        read += ROWS_AT_ONCE;
        troubles.extend(rows.iter().filter_map(|row| compare(&ComparedRow::of(row)).err()));
    }
}

/// The values of a row; none for a column that cannot be read.
struct ComparedRow<'a> {
    credential: String,
    id: Option<&'a str>,
    issuer: Option<&'a str>,
    list: Option<i64>,
    slot: Option<i64>,
    document: Option<&'a str>,
}

impl<'a> ComparedRow<'a> {
    fn of(stored: &'a StoredCredential) -> Self {
        let code = stored.code.as_deref().map(|code| {
            let read: Result<registry_schema::CredentialCode, _> = code.parse();
            read.map_or_else(|_| code.to_owned(), |code| code.to_string())
        });
        Self {
            credential: code.or_else(|| stored.id.clone()).unwrap_or_default(),
            id: stored.id.as_deref(),
            issuer: stored.issuer.as_deref(),
            list: stored.list,
            slot: stored.slot,
            document: stored.document.as_deref(),
        }
    }
}

fn compare(row: &ComparedRow<'_>) -> Result<(u32, u32), RowTrouble> {
    let badge = row.document.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let trouble = |is_another: bool, why: String| RowTrouble {
        credential: row.credential.clone(),
        why,
        is_another,
        is_signed: badge.as_ref().is_some_and(is_signed),
    };
    let Some(badge) = &badge else {
        return Err(trouble(true, "its badge cannot be read".into()));
    };
    let id = badge.get("id").and_then(Value::as_str);
    if id.is_none() || id != row.id {
        let said = |id: Option<&str>| id.unwrap_or("nothing that can be read").to_owned();
        let why = format!("the row has the id `{}`, and its badge `{}`", said(row.id), said(id));
        return Err(trouble(true, why));
    }
    let issuer = badge.get("issuer");
    let issuer = issuer.and_then(|issuer| issuer.get("id").unwrap_or(issuer).as_str());
    if issuer != row.issuer {
        return Err(trouble(false, "the row names another issuer than its badge".into()));
    }
    let Some((list, slot)) = place_in(badge) else {
        return Err(trouble(
            false,
            "its badge names no place in a status list of this agency".into(),
        ));
    };
    if (row.list, row.slot) != (Some(list.into()), Some(slot.into())) {
        let said = |number: Option<i64>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
        let why = format!(
            "the row says list {} index {}, and its badge list {list} index {slot}",
            said(row.list),
            said(row.slot)
        );
        return Err(trouble(false, why));
    }
    Ok((list, slot))
}

/// Returns true if a badge is as somebody signed it.
fn is_signed(badge: &Value) -> bool {
    matches!(
        data_integrity::verify(badge, multikey::key_in_method),
        data_integrity::ProofOutcome::Valid(_)
    )
}

/// The list and the index that all status entries of a badge name.
fn place_in(badge: &Value) -> Option<(u32, u32)> {
    let status = badge.get("credentialStatus")?;
    let entries = status
        .as_array()
        .map_or_else(|| std::slice::from_ref(status), Vec::as_slice);
    let mut places = entries.iter().map(|entry| {
        let url = entry.get("statusListCredential")?.as_str()?;
        let (number, _) = url.rsplit_once(LISTS)?.1.split_once('-')?;
        let index = entry.get("statusListIndex")?;
        let index = match index.as_str() {
            Some(text) => text.parse().ok()?,
            None => u32::try_from(index.as_u64()?).ok()?,
        };
        Some((number.parse().ok()?, index))
    });
    let first = places.next()??;
    places.all(|place| place == Some(first)).then_some(first)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn badge(list: &str, index: &str) -> Value {
        json!({"id": "urn:1", "issuer": {"id": "did:1"}, "credentialStatus": [
            {"statusListCredential": "https://a/v1/status-lists/7-revocation", "statusListIndex": "3"},
            {"statusListCredential": format!("https://a/v1/status-lists/{list}-suspension"), "statusListIndex": index}]})
    }

    fn said(badge: &Value, change: impl FnOnce(&mut StoredCredential)) -> Result<(u32, u32), RowTrouble> {
        let mut row = StoredCredential {
            id: Some("urn:1".into()),
            code: Some("x".into()),
            issuer: Some("did:1".into()),
            list: Some(7),
            slot: Some(3),
            document: Some(badge.to_string()),
        };
        change(&mut row);
        compare(&ComparedRow::of(&row))
    }

    #[test]
    fn a_row_says_what_its_badge_says_or_is_in_trouble() {
        let good = badge("7", "3");
        assert_eq!(said(&good, |_| ()), Ok((7, 3)));
        let without = json!({"id": "urn:1", "issuer": "did:1"});
        for bad in [badge("8", "3"), badge("7", "4"), badge("x", "3"), without] {
            assert!(!said(&bad, |_| ()).unwrap_err().is_another, "{bad}");
        }
        let slots = [Some(4), Some(-1), Some(i64::MAX), Some(3 + (1 << 32)), None];
        for slot in slots {
            let trouble = said(&good, |row| row.slot = slot).unwrap_err();
            assert!(trouble.in_words().contains("--badge FILE"), "{trouble:?}");
            assert!(!trouble.is_another);
        }
        assert!(said(&good, |row| row.list = Some(6)).is_err());
        assert!(said(&good, |row| row.issuer = Some("did:2".into())).is_err());
        for another in [
            said(&good, |row| row.id = Some("urn:2".into())),
            said(&good, |row| row.id = None),
            said(&good, |row| row.document = None),
            said(&good, |row| row.document = Some("{".into())),
        ] {
            assert!(another.unwrap_err().is_another);
        }
    }
}
