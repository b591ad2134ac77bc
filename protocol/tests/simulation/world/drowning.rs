//! The cost that one agency's log may have: a writer that signs histories and entries without end.

use protocol::{DocumentRow, Envelope, Hash, SignedEnvelope, status_list};
use rand::RngExt as _;
use registry_schema::StatusReason;

use super::{SHARES, SealedEnvelope, SimulatedWorld, key_of};
use crate::audit::violated;

impl SimulatedWorld {
    /// Many histories beside each other, or one line of many puts: more than any share.
    pub(super) fn drown(&mut self, at: usize, to: usize) {
        let home = self.sites[at].home;
        self.truth.drowned.insert(home);
        let before = self.others_answers(to, home);
        let envelopes = if self.rng.random() {
            self.fan(at, 150)
        } else {
            self.line(at, 20)
        };
        for some in envelopes.chunks(50) {
            self.push(at, to, home, some.to_vec());
        }
        let after = self.others_answers(to, home);
        if before != after {
            violated(
                13,
                format!("what {home} signed changed what others say at {}", self.sites[to].name),
            );
        }
        self.assert_within_shares(to);
    }

    fn others_answers(&self, at: usize, but: Hash) -> Vec<Vec<DocumentRow>> {
        let logs = self.sites[at]
            .replica
            .logs()
            .iter()
            .filter(|(agency, _)| **agency != but);
        logs.map(|(_, log)| log.answers().unwrap()).collect()
    }

    fn fan(&mut self, at: usize, count: u32) -> Vec<SignedEnvelope> {
        let key = key_of(&self.sites[at].key);
        let next = self.sites[at].replica.logs()[&self.sites[at].home].next_for(&key.public());
        (0..count)
            .filter_map(|index| self.sealed(at, next.clone(), index..index + 1))
            .map(|sealed| sealed.signed())
            .collect()
    }

    fn line(&mut self, at: usize, count: u32) -> Vec<SignedEnvelope> {
        let key = key_of(&self.sites[at].key);
        let (mut number, mut parents) = self.sites[at].replica.logs()[&self.sites[at].home].next_for(&key.public());
        let mut line = Vec::new();
        for index in 0..count {
            let Some(sealed) = self.sealed(at, (number, parents), index * 200..(index + 1) * 200) else {
                break;
            };
            (number, parents) = (number + 1, vec![sealed.hash()]);
            line.push(sealed.signed());
        }
        line
    }

    fn sealed(&mut self, at: usize, next: (u32, Vec<Hash>), slots: std::ops::Range<u32>) -> Option<Envelope> {
        let site = &self.sites[at];
        let (home, key) = (site.home, key_of(&site.key));
        let log = site.replica.logs()[&home].key_log().clone();
        let puts = slots
            .map(|slot| status_list::revoke(1, slot, StatusReason::Unspecified, self.now))
            .collect();
        let sealed = Envelope::seal(&key, &log, next, self.now, puts, &mut self.rng).ok()?;
        let truth = SealedEnvelope {
            agency: home,
            writer: key.public(),
            stamp: None,
            by: None,
        };
        self.truth.sealed.insert(sealed.hash(), truth);
        Some(sealed)
    }

    /// No agency but a site's own takes up more there than its share.
    pub(crate) fn assert_within_shares(&self, at: usize) {
        let site = &self.sites[at];
        for (agency, log) in site.replica.logs().iter().filter(|(agency, _)| **agency != site.home) {
            let (used, most) = (log.usage(), SHARES.most);
            let within = used.bytes <= most.bytes
                && used.puts <= most.puts
                && used.documents <= most.documents
                // The last of a term are never too many.
                && used.branches <= most.branches + 16;
            if !within {
                violated(13, format!("{agency} takes up {used:?} at {}", site.name));
            }
            // A restart builds all of it once; what is done beside that has its bound.
            let work = log.work();
            if work.rebuilt > 400 {
                violated(
                    13,
                    format!(
                        "{agency} made {} documents be built again at {}",
                        work.rebuilt, site.name
                    ),
                );
            }
        }
    }
}
