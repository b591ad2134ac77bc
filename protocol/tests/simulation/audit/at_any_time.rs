//! The invariants that hold after every act, and of every batch that is written.

use std::collections::BTreeSet;

use protocol::{DocumentRow, Hash, WriteBatch, key_log::KeyEnd, log::AgencyLog};

use super::{hold, violated};
use crate::world::{DiskRowKey, SealedEnvelope, SimulatedNode, SimulatedWorld, TERM};

impl SimulatedWorld {
    /// Of what is written: who signed it, and what the rows that a log begins with are.
    pub(crate) fn assert_batch(&self, at: usize, batch: &WriteBatch) {
        let home = self.sites[at].home;
        for envelope in &batch.envelopes {
            let agency = envelope.header().agency;
            self.assert_authorized(agency, envelope.hash(), envelope.header().writer);
        }
        for log in &batch.key_logs {
            self.assert_is_known(log.genesis());
        }
        for agency in &batch.renewed {
            let log = &self.sites[at].replica.logs()[agency];
            if log.base().is_some() && !self.is_hostile(*agency) {
                self.assert_begins_right(*agency, log);
            }
        }
        for row in &batch.rows {
            let changed = batch.envelopes.iter().chain(&batch.rewritten);
            let mut by = changed.map(|envelope| envelope.header().agency);
            let grew = batch.key_logs.iter().any(|log| log.genesis() == row.agency);
            hold!(
                3,
                grew || by.any(|agency| agency == row.agency),
                "{home} wrote a row of {} for nothing",
                row.agency
            );
        }
    }

    fn assert_is_known(&self, agency: Hash) {
        hold!(
            3,
            self.roots.contains_key(&agency),
            "a key log of {agency}, which is nobody"
        );
    }

    pub(super) fn assert_authorized(&self, agency: Hash, envelope: Hash, writer: protocol::PublicKey) {
        match (self.truth.sealed.get(&envelope), self.truth.keys.get(&writer)) {
            (Some(sealed), _) if sealed.agency == agency && sealed.writer == writer => {}
            (_, Some(owner)) if *owner != agency => violated(
                3,
                format!("an envelope in the log of {agency} was sealed by a writer of {owner}"),
            ),
            _ => violated(
                2,
                format!("nobody with a key of {agency} sealed the envelope {envelope}"),
            ),
        }
    }

    /// A log that begins with a checkpoint answers what the history answers.
    fn assert_begins_right(&self, agency: Hash, log: &AgencyLog) {
        let Some(base) = log.base() else { return };
        let heads = &base.get().heads;
        let reference = self
            .honest()
            .filter_map(|site| site.replica.logs().get(&agency))
            .find(|other| {
                let whole = other.base().is_none() && other.missing() == 0;
                let same_keys = other.key_log().head() == base.get().key_log && other.key_log().disputed().is_none();
                whole && same_keys && heads.iter().all(|head| other.holds(head)) && !has_gaps(other)
            });
        if let Some(reference) = reference {
            let of_the_log = sorted(reference.fold_at(heads).unwrap());
            let of_the_checkpoint: Vec<DocumentRow> = sorted(log.answers().unwrap());
            let folded = of_the_log.iter().filter(|row| row.document.kind() != "catalog");
            let folded: Vec<&DocumentRow> = folded.collect();
            hold!(
                9,
                folded == of_the_checkpoint.iter().collect::<Vec<_>>(),
                "a checkpoint of {agency} says {of_the_checkpoint:?}, its history {folded:?}"
            );
        }
    }

    /// The rows that the driver answers from, after a batch; a revocation vanishes only if the root cut it away.
    pub(crate) fn show(&mut self, at: usize, batch: &WriteBatch) {
        if batch.renewed.iter().any(|_| true) {
            self.truth.adopted += 1;
        }
        let site = &mut self.sites[at];
        let mut gone: Vec<DiskRowKey> = Vec::new();
        for row in batch.rows.iter().chain(&batch.restrictions) {
            let place = (row.agency, row.document.to_string(), row.key.clone());
            if row.values.is_empty() {
                site.shown.remove(&place);
                gone.push((row.agency, row.document.to_string(), row.key.clone()));
            } else {
                site.shown.insert(place, row.values.clone());
            }
        }
        for agency in &batch.renewed {
            let log = &site.replica.logs()[agency];
            let mut before = std::mem::take(&mut site.shown);
            site.shown = before.split_off(&(*agency, String::new(), String::new()));
            let rest = site.shown.split_off(&(*agency, "~".into(), String::new()));
            let of_agency = std::mem::replace(&mut site.shown, before);
            site.shown.extend(rest);
            for row in log.answers().unwrap() {
                site.shown
                    .insert((*agency, row.document.to_string(), row.key), row.values);
            }
            let lost = of_agency.into_keys().filter(|place| !site.shown.contains_key(place));
            gone.extend(lost);
        }
        let gone = gone.into_iter().filter(|place| place.2.starts_with("r/"));
        for (agency, _, key) in gone.filter(|place| !site.shown.contains_key(place)).collect::<Vec<_>>() {
            let log = &site.replica.logs()[&agency];
            let writers = log.key_log().authority().writers().values();
            let cuts = writers
                .into_iter()
                .any(|writer| writer.end == Some(KeyEnd::Compromised) || writer.terms.len() > 1);
            let chain = log.key_log().chain().len();
            let loses_entries = log.key_log().signed().len() > chain;
            hold!(8, cuts || loses_entries, "{key} of {agency} was revoked and is not");
        }
    }

    /// After every act.
    pub(crate) fn assert_at_any_time(&self) {
        let is_audited = |(_, site): &(usize, &SimulatedNode)| !site.hostile && !site.stopped;
        for (at, site) in self.sites.iter().enumerate().filter(is_audited) {
            let is_sole = self.sites.iter().filter(|other| other.home == site.home).count() == 1;
            if is_sole && let Some(started_with) = site.started_with.filter(|_| !site.was_told_enough) {
                // One that it signed before may come back from a peer.
                let signed_since = |word| word > started_with && !site.words_before.contains(&word);
                hold!(
                    12,
                    !site.own_word(&site.replica).is_some_and(signed_since),
                    "a heartbeat for lists of which a restored backup may lack the end, and too few were heard"
                );
            }
            for (agency, log) in site.replica.logs() {
                for heartbeat in log.counted() {
                    let mut heads = heartbeat.get().heads.iter();
                    hold!(
                        12,
                        heads.all(|head| log.holds(head)),
                        "fresh beyond what is kept of {agency}"
                    );
                }
                let stands_apart = self.truth.rewound.contains(agency) || site.home == *agency;
                if !stands_apart && log.base().is_none() {
                    self.assert_fresh_by_right(at, *agency, log);
                }
            }
        }
    }

    /// Asserts that what a site lacks of the envelopes of an honest writer bounds how fresh its answers are.
    fn assert_fresh_by_right(&self, at: usize, agency: Hash, log: &AgencyLog) {
        let now = self.clock(at);
        let freshness = log.freshness();
        let live: BTreeSet<_> = log.key_log().writers().into_iter().collect();
        let of_agency = self.truth.sealed.iter().filter(|(_, sealed)| sealed.agency == agency);
        for (envelope, SealedEnvelope { writer, stamp, .. }) in of_agency {
            let Some(stamp) = stamp.filter(|_| !log.holds(envelope)) else {
                continue;
            };
            let counted = log.counted_of(writer).map(|heartbeat| heartbeat.get().issued);
            hold!(
                12,
                counted.is_none_or(|counted| counted < stamp),
                "fresh as of a word that names what is not here"
            );
            if live.contains(writer) && now > stamp.plus_seconds(TERM) {
                let is_fresh = freshness.is_some_and(|(_, until)| now < until);
                hold!(
                    4,
                    !is_fresh,
                    "{envelope} of {agency} is withheld, its term is over, and the answer is fresh"
                );
            }
        }
    }
}

pub(super) fn has_gaps(log: &AgencyLog) -> bool {
    log.envelopes()
        .map(Result::unwrap)
        .any(|envelope| envelope.gaps().next().is_some())
}

pub(super) fn sorted(mut rows: Vec<DocumentRow>) -> Vec<DocumentRow> {
    rows.sort_by_cached_key(|row| (row.document.to_string(), row.key.clone()));
    rows
}
