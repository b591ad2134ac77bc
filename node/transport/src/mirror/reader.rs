//! Answers a replica's calls from files: which of them hold what it asks for, and which it has had already.

mod progress;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use protocol::{
    Checkpoint, Hash, Signed, SignedEnvelope, SyncRequest, SyncResponse,
    files::{self, LogListing, PageRef},
    message::ByteString,
};
use tokio::{sync::watch, time::Instant};

use super::source::{MirrorError, MirrorFileKind, MirrorSource};
use progress::PageProgress;

/// The time for which what was looked at counts as new: a replica asks again after each page that it takes in.
const FRESH: Duration = Duration::from_secs(1);
/// The shortest time between two searches of all of an agency's pages for envelopes of which values are missing.
const SEARCH_PAUSE: Duration = Duration::from_secs(600);

/// Reads one mirror.
pub(super) struct MirrorReader {
    source: MirrorSource,
    pinned: watch::Receiver<BTreeSet<Hash>>,
    looked: Option<Instant>,
    etag: Option<String>,
    /// The names of the agencies' summaries, as the index says.
    index: BTreeMap<Hash, Hash>,
    agencies: BTreeMap<Hash, MirroredAgency>,
    /// The page that was read last, since a search ends with the page to begin from.
    last: Option<(Hash, Vec<u8>)>,
}

/// The state of one agency's files, as far as it is known.
struct MirroredAgency {
    listing: LogListing,
    /// The SHA-256 of the listing.
    name: Hash,
    key_log: PageProgress,
    envelopes: PageProgress,
    searched: Option<Instant>,
}

impl MirrorReader {
    pub(super) fn new(source: MirrorSource, pinned: watch::Receiver<BTreeSet<Hash>>) -> Self {
        Self {
            source,
            pinned,
            looked: None,
            etag: None,
            index: BTreeMap::new(),
            agencies: BTreeMap::new(),
            last: None,
        }
    }

    pub(super) fn url(&self) -> &str {
        self.source.url()
    }

    /// Forgets what was read.
    pub(super) fn forget(&mut self) {
        *self = Self::new(self.source.clone(), self.pinned.clone());
    }

    /// Looks at how far the followed agencies' logs reach in the mirror.
    pub(super) async fn look(&mut self) -> Result<(), MirrorError> {
        let pins_changed = self.pinned.has_changed().unwrap_or(false);
        if !pins_changed && self.looked.is_some_and(|looked| looked.elapsed() < FRESH) {
            return Ok(());
        }
        let pinned = self.pinned.borrow_and_update().clone();
        if let Some((index, etag)) = self.source.index(self.etag.as_deref()).await? {
            let mut entries = BTreeMap::new();
            for agency in index.agencies {
                let (Ok(genesis), Ok(summary)) = (agency.genesis.parse(), agency.summary.parse()) else {
                    return Err(MirrorError::Nonsense("`index.json` holds what is no hash".into()));
                };
                entries.insert(genesis, summary);
            }
            self.index = entries;
            self.etag = etag;
        }
        self.agencies.retain(|agency, _| self.index.contains_key(agency));
        for (agency, name) in self.index.iter().filter(|(agency, _)| pinned.contains(*agency)) {
            if self.agencies.get(agency).is_some_and(|known| known.name == *name) {
                continue;
            }
            let (listing, bytes) = match self.source.listing(*agency).await {
                // The index is one file and the summary another: they need not be of the same moment.
                Err(MirrorError::Absent(_)) => continue,
                other => other?,
            };
            let name = Hash::of(&[&bytes]);
            match self.agencies.get_mut(agency) {
                Some(known) => (known.listing, known.name) = (listing, name),
                None => {
                    let known = MirroredAgency {
                        listing,
                        name,
                        key_log: PageProgress::default(),
                        envelopes: PageProgress::default(),
                        searched: None,
                    };
                    self.agencies.insert(*agency, known);
                }
            }
        }
        self.looked = Some(Instant::now());
        Ok(())
    }

    /// Answers a call; none, if files cannot.
    pub(super) async fn answer(&mut self, request: SyncRequest) -> Result<Option<SyncResponse>, MirrorError> {
        let answer = match request {
            SyncRequest::Exchange(_) => {
                self.look().await?;
                let pinned = self.pinned.borrow().clone();
                let followed = self.agencies.iter().filter(|(agency, _)| pinned.contains(*agency));
                Ok(SyncResponse::Exchange(
                    followed.map(|(_, known)| known.listing.summary.clone()).collect(),
                ))
            }
            SyncRequest::KeyLog { agency, have } => self.key_log(agency, &have).await,
            SyncRequest::Envelopes { agency, have, .. } => self.envelopes(agency, &have).await,
            SyncRequest::Whole { agency, envelopes } => self.whole(agency, envelopes).await,
            SyncRequest::Checkpoint { agency, name } => {
                match self.source.named(agency, MirrorFileKind::Checkpoints, name).await {
                    Ok(bytes) => minicbor::decode::<Signed<Checkpoint>>(&bytes)
                        .map(|checkpoint| SyncResponse::Checkpoint(Some(checkpoint)))
                        .map_err(|_| MirrorError::Nonsense(format!("the checkpoint `{name}` is none"))),
                    Err(MirrorError::Absent(_)) => Ok(SyncResponse::Checkpoint(None)),
                    Err(trouble) => Err(trouble),
                }
            }
            SyncRequest::Rows { agency, page } => match self.source.named(agency, MirrorFileKind::Rows, page).await {
                Ok(bytes) => Ok(SyncResponse::Rows(Some(ByteString(bytes)))),
                Err(MirrorError::Absent(_)) => Ok(SyncResponse::Rows(None)),
                Err(trouble) => Err(trouble),
            },
            // A web server that has no more than files refuses it; nobody there wants to know.
            SyncRequest::Held(held) => {
                return Ok(self.source.post_held(&held).await?.then_some(SyncResponse::Received));
            }
            SyncRequest::Push { .. } => return Ok(None),
        };
        match answer {
            Ok(response) => Ok(Some(response)),
            // The page has grown meanwhile, or values in it were expunged: the next listing names it anew.
            Err(MirrorError::Absent(_)) => {
                self.looked = None;
                Ok(None)
            }
            Err(trouble) => Err(trouble),
        }
    }

    async fn key_log(&mut self, agency: Hash, have: &[Hash]) -> Result<SyncResponse, MirrorError> {
        let mut entries = Vec::new();
        let mut more = false;
        if let Some(known) = self.agencies.get_mut(&agency) {
            let pages = known.listing.key_log.clone();
            let next = known.key_log.next(&pages, have.is_empty(), Instant::now());
            if let Some(page) = next {
                let bytes = self.page(agency, MirrorFileKind::KeyLog, page).await?;
                entries = files::read_entries(&bytes)
                    .map_err(|_| MirrorError::Nonsense(format!("`{}` is no page of a key log", page.name)))?;
                if let Some(known) = self.agencies.get_mut(&agency) {
                    known.key_log.note(page.name);
                    more = known.key_log.has_unread(&pages);
                }
            }
        }
        more &= !entries.is_empty();
        Ok(SyncResponse::KeyLog { entries, more })
    }

    async fn envelopes(&mut self, agency: Hash, have: &[Hash]) -> Result<SyncResponse, MirrorError> {
        let pages = self.agencies.get(&agency).map(|known| known.listing.envelopes.clone());
        let pages = pages.unwrap_or_default();
        let begun = self
            .agencies
            .get(&agency)
            .is_none_or(|known| known.envelopes.has_begun());
        if !begun && !have.is_empty() {
            let from = self.beginning(agency, &pages, have).await?;
            if let Some(known) = self.agencies.get_mut(&agency) {
                known.envelopes.begin_at(from);
            }
        }
        let next = self.agencies.get_mut(&agency);
        let next = next.and_then(|known| known.envelopes.next(&pages, have.is_empty(), Instant::now()));
        let Some(page) = next else {
            return Ok(SyncResponse::Envelopes {
                envelopes: vec![],
                more: false,
            });
        };
        let read = self.read(agency, page).await;
        let mut more = false;
        if let Some(known) = self.agencies.get_mut(&agency) {
            // One that is not there does not hold up those after it; it is tried again with all others.
            if matches!(read, Ok(_) | Err(MirrorError::Absent(_))) {
                known.envelopes.note(page.name);
            }
            more = known.envelopes.has_unread(&pages);
        }
        Ok(SyncResponse::Envelopes { envelopes: read?, more })
    }

    /// Looks from the last page back for the one from which on everything else stands that comes after `have`: a node
    /// that lacks little begins there, and not at the first.
    async fn beginning(&mut self, agency: Hash, pages: &[PageRef], have: &[Hash]) -> Result<usize, MirrorError> {
        let mut sought: BTreeSet<Hash> = have.iter().copied().collect();
        for (at, page) in pages.iter().enumerate().rev() {
            for envelope in self.read(agency, *page).await? {
                if let Ok((name, _)) = envelope.claim() {
                    sought.remove(&name);
                }
            }
            if sought.is_empty() {
                return Ok(at);
            }
        }
        Ok(0)
    }

    /// These envelopes, wherever they are.
    async fn whole(&mut self, agency: Hash, envelopes: Vec<Hash>) -> Result<SyncResponse, MirrorError> {
        let mut sought: BTreeSet<Hash> = envelopes.into_iter().collect();
        let mut found = Vec::new();
        let mut bytes = 0;
        let mut pages = vec![];
        if let Some(known) = self.agencies.get_mut(&agency)
            && known.searched.is_none_or(|searched| searched.elapsed() >= SEARCH_PAUSE)
        {
            known.searched = Some(Instant::now());
            pages.clone_from(&known.listing.envelopes);
        }
        for page in pages.into_iter().rev() {
            for envelope in self.read(agency, page).await? {
                let Ok((name, _)) = envelope.claim() else { continue };
                bytes += if sought.contains(&name) { envelope.bytes() } else { 0 };
                if bytes <= protocol::message::PAGE_BYTES && sought.remove(&name) {
                    found.push(envelope);
                }
            }
            if sought.is_empty() {
                break;
            }
        }
        Ok(SyncResponse::Envelopes {
            envelopes: found,
            more: false,
        })
    }

    async fn read(&mut self, agency: Hash, page: PageRef) -> Result<Vec<SignedEnvelope>, MirrorError> {
        let bytes = self.page(agency, MirrorFileKind::Envelopes, page).await?;
        let nonsense = |_| MirrorError::Nonsense(format!("`{}` is no page of envelopes", page.name));
        files::read_envelopes(&bytes).map_err(nonsense)
    }

    async fn page(&mut self, agency: Hash, kind: MirrorFileKind, page: PageRef) -> Result<Vec<u8>, MirrorError> {
        if let Some((name, bytes)) = &self.last
            && *name == page.name
        {
            return Ok(bytes.clone());
        }
        let bytes = self.source.named(agency, kind, page.name).await?;
        self.last = Some((page.name, bytes.clone()));
        Ok(bytes)
    }
}
