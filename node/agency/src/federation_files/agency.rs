//! One agency's files: which there are.

use std::collections::{BTreeSet, VecDeque};

use aws_lc_rs::digest;
use bytes::Bytes;
use protocol::{
    Checkpoint, Hash, Heartbeat, KeyLog, Signed,
    files::{self, CheckpointFiles, LogListing, MAX_PAGES, PageRef},
    message::{LogSummary, MAX_HASHES, PAGE_BYTES},
};

/// The number of earlier states of the last page that can still be had: who has an older listing finds what it names.
const MOST_EARLIER: usize = 16;

/// The files of one agency, as far as they are known.
#[derive(Default)]
pub(super) struct AgencyFiles {
    pub(super) key_log: Option<KeyLog>,
    pub(super) checkpoint: Option<CheckpointFiles>,
    heartbeats: Vec<Signed<Heartbeat>>,
    /// The envelopes that no other names as a parent.
    heads: BTreeSet<Hash>,
    pages: Vec<EnvelopePage>,
    /// The names that the last page had in listings before.
    earlier: VecDeque<(Hash, (i64, i64))>,
    /// Of the last page, so that it can grow without being read again.
    growing: Option<digest::Context>,
    listing: Option<(Bytes, Hash)>,
}

/// A page of envelopes.
#[derive(Clone, Copy, Debug)]
struct EnvelopePage {
    /// The places in the store of the first envelope and the last.
    places: (i64, i64),
    count: u32,
    bytes: usize,
    /// None, until somebody asks: the last page grows.
    name: Option<Hash>,
}

impl AgencyFiles {
    /// An envelope comes after those that are here.
    pub(super) fn add(&mut self, position: i64, (name, parents): (Hash, &[Hash]), bytes: &[u8]) {
        for parent in parents {
            self.heads.remove(parent);
        }
        self.heads.insert(name);
        self.listing = None;
        if let (Some(page), Some(growing)) = (self.pages.last_mut(), &mut self.growing)
            && page.bytes + bytes.len() <= PAGE_BYTES
        {
            if let Some(earlier) = page.name.take() {
                self.earlier.push_back((earlier, page.places));
                self.earlier.drain(..self.earlier.len().saturating_sub(MOST_EARLIER));
            }
            growing.update(bytes);
            page.places.1 = position;
            page.count += 1;
            page.bytes += bytes.len();
            return;
        }
        self.name_last();
        let mut growing = digest::Context::new(&digest::SHA256);
        growing.update(bytes);
        self.growing = Some(growing);
        self.pages.push(EnvelopePage {
            places: (position, position),
            count: 1,
            bytes: bytes.len(),
            name: None,
        });
    }

    fn name_last(&mut self) {
        if let (Some(page), Some(growing)) = (self.pages.last_mut(), &self.growing)
            && page.name.is_none()
        {
            let mut name = [0; 32];
            name.copy_from_slice(growing.clone().finish().as_ref());
            page.name = Some(Hash(name));
        }
    }

    /// The key log is this one now.
    pub(super) fn know(&mut self, key_log: KeyLog) {
        self.key_log = Some(key_log);
        self.listing = None;
    }

    /// These are the counted heartbeats and the newest checkpoint now.
    pub(super) fn hear(&mut self, heartbeats: Vec<Signed<Heartbeat>>, checkpoint: Option<Signed<Checkpoint>>) {
        self.heartbeats = heartbeats;
        // The store took it in after it was believed; with the same key log, it still is.
        let believed = checkpoint
            .zip(self.key_log.as_ref())
            .and_then(|(checkpoint, key_log)| Checkpoint::read(checkpoint, key_log).ok());
        self.checkpoint = believed.map(|checkpoint| CheckpointFiles {
            name: checkpoint.hash(),
            rows: checkpoint.get().pages.clone(),
        });
        self.listing = None;
    }

    /// The listing's bytes and their SHA-256; none, before the key log is known.
    pub(super) fn listing(&mut self) -> Option<(Bytes, Hash)> {
        if self.listing.is_none() {
            self.name_last();
            let key_log = self.key_log.as_ref()?;
            let envelopes = self.pages.iter().filter_map(|page| {
                Some(PageRef {
                    name: page.name?,
                    count: page.count,
                    bytes: u32::try_from(page.bytes).ok()?,
                })
            });
            let key_pages = files::pages(&key_log.signed());
            let key_log_pages = key_pages.iter().filter_map(|(bytes, count)| {
                Some(PageRef {
                    name: Hash::of(&[bytes]),
                    count: *count,
                    bytes: u32::try_from(bytes.len()).ok()?,
                })
            });
            self.listing = Some(super::named(&LogListing {
                version: 1,
                summary: LogSummary {
                    agency: key_log.genesis(),
                    key_log: key_log.leaves().into_iter().take(MAX_HASHES).collect(),
                    heads: self.heads.iter().copied().take(MAX_HASHES).collect(),
                    heartbeats: self.heartbeats.clone(),
                },
                key_log: key_log_pages.collect(),
                envelopes: envelopes.take(MAX_PAGES).collect(),
                checkpoint: self.checkpoint.clone(),
            }));
        }
        self.listing.clone()
    }

    /// The bytes of a page of the key log.
    pub(super) fn key_log_page(&self, name: Hash) -> Option<Vec<u8>> {
        let pages = files::pages(&self.key_log.as_ref()?.signed());
        let mut bytes = pages.into_iter().map(|(bytes, _)| bytes);
        bytes.find(|bytes| Hash::of(&[bytes]) == name)
    }

    /// The places of the envelopes in the page with this name.
    pub(super) fn places(&self, name: Hash) -> Option<(i64, i64)> {
        let page = self.pages.iter().find(|page| page.name == Some(name));
        let earlier = || self.earlier.iter().find(|(earlier, _)| *earlier == name);
        page.map(|page| page.places).or_else(|| Some(earlier()?.1))
    }

    /// The page with this name has these bytes now.
    pub(super) fn rename(&mut self, name: Hash, bytes: &[u8]) {
        self.earlier.retain(|(earlier, _)| *earlier != name);
        let is_last = self.pages.last().is_some_and(|page| page.name == Some(name));
        if is_last {
            let mut growing = digest::Context::new(&digest::SHA256);
            growing.update(bytes);
            self.growing = Some(growing);
        }
        if let Some(page) = self.pages.iter_mut().find(|page| page.name == Some(name)) {
            page.bytes = bytes.len();
            page.name = Some(Hash::of(&[bytes]));
            self.listing = None;
        }
    }
}

impl std::fmt::Debug for AgencyFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AgencyFiles")
            .field("pages", &self.pages.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: u8) -> Hash {
        Hash([number; 32])
    }

    /// The names of the pages, as a listing would tell them.
    fn names(held: &mut AgencyFiles) -> Vec<Hash> {
        held.name_last();
        held.pages.iter().filter_map(|page| page.name).collect()
    }

    #[test]
    fn only_the_last_page_ever_gets_another_name_and_its_earlier_ones_are_still_found() {
        let mut held = AgencyFiles::default();
        let half = vec![1; PAGE_BYTES / 2];
        held.add(1, (hash(1), &[]), &half);
        let first = names(&mut held);
        assert_eq!(first, [Hash::of(&[&half])]);
        held.add(5, (hash(2), &[hash(1)]), &half);
        let second = names(&mut held);
        assert_eq!(second, [Hash::of(&[&half, &half])]);
        held.add(9, (hash(3), &[hash(2)]), &[7]);
        let third = names(&mut held);
        assert_eq!(third, [second[0], Hash::of(&[&[7]])]);
        assert_eq!(held.places(first[0]), Some((1, 1)));
        assert_eq!(held.places(second[0]), Some((1, 5)));
        assert_eq!(held.places(third[1]), Some((9, 9)));
        assert_eq!(held.places(hash(1)), None);
        assert_eq!(held.heads, BTreeSet::from([hash(3)]));
    }

    #[test]
    fn a_page_that_shrank_is_called_what_it_holds_and_grows_on_from_there() {
        let mut held = AgencyFiles::default();
        held.add(1, (hash(1), &[]), b"a value and more");
        let before = names(&mut held);
        held.rename(before[0], b"a value");
        assert_eq!(names(&mut held), [Hash::of(&[b"a value"])]);
        assert_eq!(held.places(before[0]), None);
        held.add(2, (hash(2), &[]), b" again");
        assert_eq!(names(&mut held), [Hash::of(&[b"a value again"])]);
        assert_eq!(held.heads.len(), 2, "neither is the other's ancestor");
    }
}
