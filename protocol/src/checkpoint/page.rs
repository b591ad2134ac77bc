//! Pages of rows, as a checkpoint names them.
//!
//! `[document, revocations, [[key, [values…]]…]]`. The revocations of a status list, which are nearly all rows, are one
//! byte string: sorted by time, then index, each three bytes of `index · 16 + reason`, big-endian, and the milliseconds
//! since the one before, seven bits a byte, the lowest first, the high bit set on all but the last (LEB128). Between 4
//! and 6 bytes each. Every other row is named by its key.

use minicbor::{Decode, Encode};
use registry_schema::{StatusReason, Timestamp, status::LIST_SLOTS};

use crate::{
    document::DocumentRow,
    envelope::DocumentId,
    mutant::mutant,
    signed::{Hash, encode},
    status_list::{self, StatusListEntry},
};

/// The longest page, in bytes.
pub const MAX_PAGE_BYTES: usize = 512 * 1024;
/// A page ends before it would hold more than this of either kind, in bytes.
const PAGE_BYTES: usize = 256 * 1024;
/// The longest form of one revocation, in bytes.
const MAX_REVOCATION_BYTES: usize = 12;

#[derive(Encode, Decode)]
struct CheckpointPage {
    #[n(0)]
    document: DocumentId,
    #[cbor(n(1), with = "minicbor::bytes")]
    revocations: Vec<u8>,
    #[n(2)]
    others: Vec<KeyValues>,
}

#[derive(Encode, Decode)]
struct KeyValues {
    #[n(0)]
    key: String,
    #[n(1)]
    values: Vec<ValueBytes>,
}

#[derive(Encode, Decode)]
#[cbor(transparent)]
struct ValueBytes(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>);

/// A page that is not what a checkpoint can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a page of rows that is none")]
pub struct BadCheckpointPage;

/// Appends the pages of one document's rows, which are sorted by key.
pub(super) fn write(rows: &[&DocumentRow], pages: &mut Vec<Vec<u8>>) {
    let Some(document) = rows.first().map(|row| row.document.clone()) else {
        return;
    };
    let mut revoked = Vec::new();
    let mut others = Vec::new();
    for row in rows {
        match plain_revocation(row) {
            _ if mutant!(PagesLoseRows) && row.key.starts_with("s/") => {}
            Some(it) => revoked.push(it),
            None => others.push(*row),
        }
    }
    revoked.sort_unstable();
    let mut page = CheckpointPage {
        document: document.clone(),
        revocations: vec![],
        others: vec![],
    };
    let mut finish = |page: &mut CheckpointPage| {
        pages.push(encode(page));
        page.revocations.clear();
        page.others.clear();
    };
    let mut last = 0;
    for (at, index, reason) in revoked {
        if page.revocations.len() >= PAGE_BYTES {
            finish(&mut page);
            last = 0;
        }
        let packed = (index << 4) | u32::from(reason);
        page.revocations.extend(packed.to_be_bytes().iter().skip(1));
        push_varint(at - last, &mut page.revocations);
        last = at;
    }
    let mut bytes = 0;
    for row in others {
        let size = row.key.len() + row.values.iter().map(|value| value.len() + 4).sum::<usize>();
        if bytes + size > PAGE_BYTES && bytes > 0 {
            finish(&mut page);
            bytes = 0;
        }
        bytes += size;
        page.others.push(KeyValues {
            key: row.key.clone(),
            values: row.values.iter().cloned().map(ValueBytes).collect(),
        });
    }
    finish(&mut page);
}

/// A row that says no more than that a slot is revoked, once.
fn plain_revocation(row: &DocumentRow) -> Option<(u64, u32, u8)> {
    let [value] = row.values.as_slice() else { return None };
    let Some(StatusListEntry::Revoked { index, change }) = status_list::fold(&row.key, &row.values) else {
        return None;
    };
    let at = u64::try_from(change.at.0).ok()?;
    let reason = StatusReason::ALL.iter().position(|reason| *reason == change.reason)?;
    // One that was expunged has another value, and is named by its key.
    (status_list::revoked_value(change.reason, change.at) == *value).then_some((at, index, u8::try_from(reason).ok()?))
}

fn push_varint(mut number: u64, bytes: &mut Vec<u8>) {
    loop {
        let [seven, ..] = (number & 0x7f).to_le_bytes();
        number >>= 7;
        if number == 0 {
            return bytes.push(seven);
        }
        bytes.push(seven | 0x80);
    }
}

fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..63).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// The rows of a page.
///
/// # Errors
/// [`BadCheckpointPage`], if the bytes are no page.
pub fn read_page(agency: Hash, bytes: &[u8]) -> Result<Vec<DocumentRow>, BadCheckpointPage> {
    if bytes.len() > MAX_PAGE_BYTES {
        return Err(BadCheckpointPage);
    }
    let page: CheckpointPage = minicbor::decode(bytes).map_err(|_| BadCheckpointPage)?;
    // Each four bytes become a row: what no honest page holds would cost too much memory.
    if page.revocations.len() > PAGE_BYTES + MAX_REVOCATION_BYTES {
        return Err(BadCheckpointPage);
    }
    let row = |key: String, values: Vec<Vec<u8>>| DocumentRow {
        agency,
        document: page.document.clone(),
        key,
        values,
    };
    let mut rows = Vec::new();
    let mut rest = page.revocations.as_slice();
    let mut at = 0i64;
    while let [a, b, c, after @ ..] = rest {
        rest = after;
        let packed = u32::from_be_bytes([0, *a, *b, *c]);
        let since = take_varint(&mut rest).ok_or(BadCheckpointPage)?;
        at = i64::try_from(since)
            .ok()
            .and_then(|since| at.checked_add(since))
            .ok_or(BadCheckpointPage)?;
        let index = packed >> 4;
        let reason = StatusReason::ALL.get((packed & 15) as usize).ok_or(BadCheckpointPage)?;
        if index >= LIST_SLOTS {
            return Err(BadCheckpointPage);
        }
        rows.push(row(
            format!("r/{index}"),
            vec![status_list::revoked_value(*reason, Timestamp(at))],
        ));
    }
    if !rest.is_empty() {
        return Err(BadCheckpointPage);
    }
    let others = page.others.into_iter();
    rows.extend(others.map(|named| row(named.key, named.values.into_iter().map(|value| value.0).collect())));
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

    use super::*;
    use crate::status_list::SlotSpan;

    fn rows(seed: u64, count: u32) -> Vec<DocumentRow> {
        let mut rng = StdRng::seed_from_u64(seed);
        let row = |put: crate::Put| DocumentRow {
            agency: Hash([1; 32]),
            document: put.document,
            key: put.key,
            values: vec![put.value],
        };
        (0..count)
            .map(|i| {
                let at = Timestamp(1_700_000_000_000 + rng.random_range(0..150_000_000_000));
                let reason = *StatusReason::ALL
                    .get(rng.random_range(0..StatusReason::ALL.len()))
                    .unwrap();
                let list = i % 3;
                match rng.random_range(0..20) {
                    0 => row(status_list::suspend(list, i, rng.random(), reason, at)),
                    1 => row(status_list::reserve(
                        list,
                        SlotSpan::Block(i % 512),
                        (i % 2 == 0).then_some(7),
                        at,
                    )),
                    _ => row(status_list::revoke(list, i, reason, at)),
                }
            })
            .collect()
    }

    #[test]
    fn what_was_written_is_read() {
        for seed in 0..20 {
            let mut rows = rows(seed, 2_000);
            rows.sort_by_key(|row| (row.document.to_string(), row.key.clone()));
            rows.dedup_by_key(|row| (row.document.clone(), row.key.clone()));
            let pages = super::super::pages(&rows);
            let mut read: Vec<DocumentRow> = pages
                .iter()
                .flat_map(|page| read_page(Hash([1; 32]), page).unwrap())
                .collect();
            read.sort_by_key(|row| (row.document.to_string(), row.key.clone()));
            assert_eq!(read, rows, "seed {seed}");
            assert_eq!(
                super::super::pages(&read),
                pages,
                "seed {seed}: another form of the same rows"
            );
        }
    }

    #[test]
    fn bytes_that_are_no_page_are_refused_and_never_panic() {
        let page = super::super::pages(&rows(3, 200)).remove(0);
        for cut in 0..page.len() {
            assert!(read_page(Hash([1; 32]), &page[..cut]).is_err(), "cut at {cut}");
        }
        let mut rng = StdRng::seed_from_u64(11);
        for _ in 0..20_000 {
            let mut bytes = page.clone();
            let at = rng.random_range(0..bytes.len());
            bytes[at] = rng.random();
            let _ = read_page(Hash([1; 32]), &bytes);
        }
    }

    #[test]
    fn a_revocation_takes_no_more_than_seven_bytes() {
        let rows: Vec<DocumentRow> = rows(5, 30_000)
            .into_iter()
            .filter(|row| row.key.starts_with("r/"))
            .collect();
        let bytes: usize = super::super::pages(&rows).iter().map(Vec::len).sum();
        assert!(bytes < rows.len() * 7, "{bytes} bytes for {} revocations", rows.len());
    }
}
