//! The files of what a node holds: the second transport, for web servers that know nothing of this protocol.
//!
//! Of each agency there is one [`LogListing`], which changes, and which names the others: pages of the key log, pages of
//! envelopes in the order in which the node kept them, the newest checkpoint and its rows. These are named by what is
//! in them and never change. Nothing of it is believed because of where it was found: signatures decide, as they do on
//! every other way.

use minicbor::{Decode, Encode};

use crate::{
    envelope::SignedEnvelope,
    key_log::SignedKeyLogEntry,
    message::{InvalidMessage, LogSummary, MAX_HASHES, MAX_MESSAGE_BYTES, PAGE_BYTES},
    signed::{Hash, encode},
};

/// Most pages of one kind that a listing names: of envelopes, up to 8 GiB.
pub const MAX_PAGES: usize = 16_384;

/// A page that a listing names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct PageRef {
    /// The SHA-256 of its bytes.
    #[n(0)]
    pub name: Hash,
    /// The number of statements in it.
    #[n(1)]
    pub count: u32,
    /// Its length in bytes; at most [`PAGE_BYTES`].
    #[n(2)]
    pub bytes: u32,
}

/// The newest checkpoint among the files.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct CheckpointFiles {
    /// Its name.
    #[n(0)]
    pub name: Hash,
    /// Its pages of rows.
    #[n(1)]
    pub rows: Vec<Hash>,
}

/// The reach of an agency's log here, and the files that hold it.
#[derive(Clone, Debug, Encode, Decode)]
pub struct LogListing {
    /// The version of this form: 1.
    #[n(0)]
    pub version: u8,
    /// The summary that the node would give in an exchange.
    #[n(1)]
    pub summary: LogSummary,
    /// The pages of the key log, each entry after the one before it. Pages are only added, and the last one replaced
    /// by a longer one.
    #[n(2)]
    pub key_log: Vec<PageRef>,
    /// The pages of envelopes, each envelope after its parents. Pages are only added, and the last one replaced by a
    /// longer one; one of which values are expunged is replaced as well.
    #[n(3)]
    pub envelopes: Vec<PageRef>,
    /// The newest checkpoint that is here.
    #[n(4)]
    pub checkpoint: Option<CheckpointFiles>,
}

impl LogListing {
    /// The file's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a listing.
    ///
    /// # Errors
    /// [`InvalidMessage`], if the bytes are none, or break a limit.
    pub fn read(bytes: &[u8]) -> Result<Self, InvalidMessage> {
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err(InvalidMessage);
        }
        let listing: Self = whole(bytes)?;
        let fits = |pages: &[PageRef]| {
            pages.len() <= MAX_PAGES
                && pages
                    .iter()
                    .all(|page| page.bytes as usize <= PAGE_BYTES && page.count > 0)
        };
        let LogSummary { key_log, heads, .. } = &listing.summary;
        let right = listing.version == 1
            && key_log.len() <= MAX_HASHES
            && heads.len() <= MAX_HASHES
            && fits(&listing.key_log)
            && fits(&listing.envelopes)
            && listing
                .checkpoint
                .as_ref()
                .is_none_or(|c| c.rows.len() <= crate::checkpoint::MAX_PAGES);
        if right { Ok(listing) } else { Err(InvalidMessage) }
    }
}

/// Reads a page of envelopes: a CBOR sequence (RFC 8742), of at most [`PAGE_BYTES`].
///
/// # Errors
/// [`InvalidMessage`], if it is none.
pub fn read_envelopes(bytes: &[u8]) -> Result<Vec<SignedEnvelope>, InvalidMessage> {
    sequence(bytes)
}

/// Reads a page of a key log: a CBOR sequence (RFC 8742), of at most [`PAGE_BYTES`].
///
/// # Errors
/// [`InvalidMessage`], if it is none.
pub fn read_entries(bytes: &[u8]) -> Result<Vec<SignedKeyLogEntry>, InvalidMessage> {
    sequence(bytes)
}

/// Cuts statements into pages: each as long as [`PAGE_BYTES`] allows; gives the bytes and how many are in them.
#[must_use]
pub fn pages<T: Encode<()>>(statements: &[T]) -> Vec<(Vec<u8>, u32)> {
    let mut pages: Vec<(Vec<u8>, u32)> = Vec::new();
    for statement in statements {
        let bytes = encode(statement);
        match pages.last_mut() {
            Some((page, count)) if page.len() + bytes.len() <= PAGE_BYTES => {
                page.extend_from_slice(&bytes);
                *count += 1;
            }
            _ => pages.push((bytes, 1)),
        }
    }
    pages
}

fn sequence<T: for<'b> Decode<'b, ()>>(bytes: &[u8]) -> Result<Vec<T>, InvalidMessage> {
    if bytes.len() > PAGE_BYTES {
        return Err(InvalidMessage);
    }
    let mut decoder = minicbor::Decoder::new(bytes);
    let mut statements = Vec::new();
    while decoder.position() < bytes.len() {
        statements.push(decoder.decode().map_err(|_| InvalidMessage)?);
    }
    Ok(statements)
}

fn whole<T: for<'b> Decode<'b, ()>>(bytes: &[u8]) -> Result<T, InvalidMessage> {
    let mut decoder = minicbor::Decoder::new(bytes);
    let value = decoder.decode().map_err(|_| InvalidMessage)?;
    if decoder.position() == bytes.len() {
        Ok(value)
    } else {
        Err(InvalidMessage)
    }
}

#[cfg(test)]
mod tests {
    use registry_schema::Timestamp;

    use super::*;
    use crate::{
        RootKeySet, SigningKey,
        key_log::{Founding, KeyLog, WriterKey, found},
    };

    fn log() -> KeyLog {
        let key = SigningKey::from_seed(&[1; 32]).unwrap();
        let founding = Founding {
            agency: "US-SC".parse().unwrap(),
            name: "South Carolina".into(),
            url: "https://sc.example.gov".into(),
            root: RootKeySet::single(key.public()),
            next_root: RootKeySet::single(key.public()).commitment(),
            writers: vec![WriterKey::of_all(key.public())],
            badge_keys: vec![],
        };
        found(founding, &[&key], Timestamp(1_000)).unwrap()
    }

    fn listing() -> LogListing {
        let log = log();
        let page = PageRef {
            name: Hash([7; 32]),
            count: 1,
            bytes: 100,
        };
        LogListing {
            version: 1,
            summary: LogSummary {
                agency: log.genesis(),
                key_log: log.leaves(),
                heads: vec![],
                heartbeats: vec![],
            },
            key_log: vec![page],
            envelopes: vec![page; 3],
            checkpoint: None,
        }
    }

    #[test]
    fn a_listing_reads_what_was_written_and_nothing_else() {
        let bytes = listing().to_bytes();
        assert_eq!(LogListing::read(&bytes).unwrap().envelopes, listing().envelopes);
        assert!(LogListing::read(&[bytes.as_slice(), &[0]].concat()).is_err());
        assert!(LogListing::read(&bytes[..bytes.len() - 1]).is_err());
        assert!(LogListing::read(&vec![0; MAX_MESSAGE_BYTES + 1]).is_err());
    }

    #[test]
    fn a_listing_that_breaks_a_limit_is_none() {
        type ListingMutation = fn(&mut LogListing);
        let spoils: [ListingMutation; 6] = [
            |it| it.version = 2,
            |it| it.summary.heads = vec![Hash([1; 32]); MAX_HASHES + 1],
            |it| it.envelopes[0].bytes = u32::MAX,
            |it| it.envelopes[0].count = 0,
            |it| it.key_log = vec![it.key_log[0]; MAX_PAGES + 1],
            |it| {
                it.checkpoint = Some(CheckpointFiles {
                    name: Hash([1; 32]),
                    rows: vec![Hash([1; 32]); crate::checkpoint::MAX_PAGES + 1],
                });
            },
        ];
        for (number, spoil) in spoils.iter().enumerate() {
            let mut spoiled = listing();
            spoil(&mut spoiled);
            assert!(LogListing::read(&spoiled.to_bytes()).is_err(), "spoil {number}");
        }
    }

    #[test]
    fn the_fullest_listing_fits_into_what_is_read() {
        let mut full = listing();
        let page = PageRef {
            name: Hash([255; 32]),
            count: u32::MAX,
            bytes: u32::try_from(PAGE_BYTES).unwrap(),
        };
        full.envelopes = vec![page; MAX_PAGES];
        full.summary.heads = vec![Hash([255; 32]); MAX_HASHES];
        full.checkpoint = Some(CheckpointFiles {
            name: Hash([255; 32]),
            rows: vec![Hash([255; 32]); crate::checkpoint::MAX_PAGES],
        });
        assert!(LogListing::read(&full.to_bytes()).is_ok());
    }

    #[test]
    fn pages_are_full_and_hold_all_in_order() {
        let entry = log().signed().remove(0);
        let length = encode(&entry).len();
        let many = PAGE_BYTES / length + 3;
        let pages = pages(&vec![entry.clone(); many]);
        assert_eq!(pages.len(), 2);
        assert_eq!(pages.iter().map(|(_, count)| *count as usize).sum::<usize>(), many);
        let mut read = 0;
        for (bytes, count) in &pages {
            let entries = read_entries(bytes).unwrap();
            assert_eq!(entries.len(), *count as usize);
            assert!(entries.iter().all(|read| read.name() == entry.name()));
            read += entries.len();
        }
        assert_eq!(read, many);
        assert!(read_entries(&pages[0].0[..length - 1]).is_err());
        assert!(read_entries(&[0xf6; 3]).is_err());
        assert!(read_entries(&vec![0; PAGE_BYTES + 1]).is_err());
    }
}
