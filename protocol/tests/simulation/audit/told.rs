//! The audit of what leaves a site, beside what is on its disk.

use protocol::{Countersignature, Hash, Heartbeat, Signed, SyncRequest, SyncResponse, message::LogSummary};

use super::hold;
use crate::world::SimulatedWorld;

impl SimulatedWorld {
    /// Of a request that a site makes: all that it says of what it holds is on its disk.
    pub(crate) fn assert_asked_by_right(&self, at: usize, request: &[u8]) {
        let Ok(request) = SyncRequest::read(request) else {
            return;
        };
        match request {
            SyncRequest::Exchange(summaries) => self.assert_on_disk(at, &summaries),
            SyncRequest::Push {
                agency,
                envelopes,
                heartbeat,
            } => {
                for envelope in envelopes {
                    let name = envelope.claim().map(|(name, _)| name);
                    hold!(
                        14,
                        name.is_ok_and(|name| self.is_on_disk(at, &name)),
                        "it pushed what is not on its disk"
                    );
                }
                for heads in heartbeat.iter().filter_map(|beat| self.heads_of(at, agency, beat)) {
                    let mut heads = heads.iter();
                    hold!(
                        14,
                        heads.all(|head| self.is_on_disk(at, head)),
                        "its word names what is not on its disk"
                    );
                }
            }
            SyncRequest::Held(held) => {
                let site = &self.sites[at];
                let log = &site.replica.logs()[&site.home];
                let read = Countersignature::read(held, log.key_log()).ok();
                for head in read.iter().flat_map(|held| &held.get().heads) {
                    hold!(
                        14,
                        self.is_on_disk(at, head),
                        "it countersigned what is not on its disk"
                    );
                }
            }
            _ => {}
        }
    }

    /// The same of an answer.
    pub(crate) fn assert_answered_by_right(&self, at: usize, response: &[u8]) {
        match SyncResponse::read(response) {
            Ok(SyncResponse::Exchange(summaries)) => self.assert_on_disk(at, &summaries),
            Ok(SyncResponse::Envelopes { envelopes, .. }) => {
                for envelope in envelopes {
                    let name = envelope.claim().map(|(name, _)| name);
                    hold!(
                        14,
                        name.is_ok_and(|name| self.is_on_disk(at, &name)),
                        "it gave what is not on its disk"
                    );
                }
            }
            _ => {}
        }
    }

    fn assert_on_disk(&self, at: usize, summaries: &[LogSummary]) {
        for summary in summaries {
            let mut heads = summary.heads.iter();
            hold!(
                14,
                heads.all(|head| self.is_on_disk(at, head)),
                "it says that it has what is not on its disk"
            );
        }
    }

    fn is_on_disk(&self, at: usize, envelope: &Hash) -> bool {
        self.sites[at].disk.names.contains(envelope)
    }

    fn heads_of(&self, at: usize, agency: Hash, beat: &Signed<Heartbeat>) -> Option<Vec<Hash>> {
        let log = self.sites[at].replica.logs().get(&agency)?;
        let read = Heartbeat::read(beat.clone(), log.key_log()).ok()?;
        Some(read.get().heads.clone())
    }
}
