//! The invariants that hold once all that was said has arrived.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use protocol::{
    DocumentId, DocumentRow, Hash, KeyLog,
    envelope::EnvelopeHeader,
    key_log::{KeyEnd, KeyLogAct, WriterTerm},
    log::{AgencyLog, AppendOutcome},
};
use rand::{SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};

use super::at_any_time::{has_gaps, sorted};
use super::hold;
use crate::world::{SimulatedNode, SimulatedWorld};

impl SimulatedWorld {
    pub(crate) fn assert_at_the_end(&self) {
        self.assert_at_any_time();
        let agencies: Vec<Hash> = self.roots.keys().copied().collect();
        for agency in agencies {
            // One who does harm may never have shown its own key log to anybody.
            let is_known = self.honest().any(|site| site.replica.logs().contains_key(&agency));
            // Or it gave a checkpoint, and nobody the history behind it: that goes stale, and is all there is.
            let mut logs = self.honest().filter_map(|site| site.replica.logs().get(&agency));
            if self.is_hostile(agency) && (!is_known || logs.any(|log| log.base().is_some())) {
                continue;
            }
            // Of what is more than its share, each takes in what came first.
            if self.is_hostile(agency) && self.truth.drowned.contains(&agency) {
                continue;
            }
            self.assert_converged(agency);
            self.assert_no_order_matters(agency);
            for site in self.honest() {
                let log = &site.replica.logs()[&agency];
                for envelope in log.envelopes().map(Result::unwrap) {
                    hold!(3, envelope.header().agency == agency, "an envelope of another agency");
                    self.assert_authorized(agency, envelope.hash(), envelope.header().writer);
                }
                assert_cut(log);
                assert_forks_found(log);
                assert_folds(site, agency, log);
            }
            self.assert_nothing_revoked_is_lost(agency);
        }
    }

    fn assert_converged(&self, agency: Hash) {
        let mut first: Option<&AgencyLog> = None;
        for site in self.honest() {
            let log = site.replica.logs().get(&agency);
            hold!(11, log.is_some(), "{:?} does not know {agency:?}", site.name);
            let log = &site.replica.logs()[&agency];
            let other = *first.get_or_insert(log);
            hold!(
                11,
                log.key_log().leaves() == other.key_log().leaves(),
                "two key logs of {agency}"
            );
            hold!(
                11,
                log.heads() == other.heads(),
                "two sites hold other envelopes of {agency}"
            );
            hold!(11, log.base().is_none(), "the history of {agency} did not arrive");
            let ours = sorted(log.rows().unwrap());
            let theirs = sorted(other.rows().unwrap());
            hold!(
                1,
                ours == theirs,
                "two sites differ in rows of {agency}: {ours:?} {theirs:?}"
            );
            // Where a fork's branches came in another order, automerge knows them by other names.
            let comparable = !has_gaps(log) && !has_gaps(other) && !is_forked(log);
            hold!(
                1,
                !comparable || log.document_heads() == other.document_heads(),
                "two sites differ in automerge heads of {agency}"
            );
        }
    }

    /// Takes the same in again, in another order: key-log entries at any time, envelopes in any order of parents.
    fn assert_no_order_matters(&self, agency: Hash) {
        let log = &self.honest().next().unwrap().replica.logs()[&agency];
        let rows = sorted(log.rows().unwrap());
        let entries = log.key_log().signed();
        let mut envelopes: Vec<_> = log.envelopes().map(Result::unwrap).collect();
        let mut rng = StdRng::seed_from_u64(self.now.0.unsigned_abs());
        envelopes.shuffle(&mut rng);
        let mut again = AgencyLog::new(KeyLog::read(entries[..1].to_vec()).unwrap());
        let mut entries = entries.into_iter().skip(1).peekable();
        while !envelopes.is_empty() || entries.peek().is_some() {
            let before = envelopes.len();
            let mut waiting = Vec::new();
            for envelope in envelopes {
                // As a node does: who is not named yet is not believed yet.
                let is_named = again
                    .key_log()
                    .names_writer(&envelope.header().key_log, &envelope.header().writer);
                if is_named != Some(true)
                    || matches!(again.append(envelope.clone()).unwrap(), AppendOutcome::Missing(_))
                {
                    waiting.push(envelope);
                }
            }
            envelopes = waiting;
            if let Some(entry) = entries.next() {
                assert_eq!(again.add_entries(vec![entry]).unwrap().1.refused, None);
            } else {
                hold!(1, envelopes.len() < before, "what was kept once is not kept again");
            }
        }
        hold!(
            1,
            sorted(again.rows().unwrap()) == rows,
            "another order of {agency} gives other rows"
        );
        hold!(
            1,
            again.forks().eq(log.forks()),
            "another order of {agency} tells other forks"
        );
    }

    /// Of what was acknowledged, all that some site still holds and the root did not cut away.
    fn assert_nothing_revoked_is_lost(&self, agency: Hash) {
        for site in self.honest() {
            let log = &site.replica.logs()[&agency];
            let history = HeaderHistory::of(log);
            let acknowledged = self.truth.acknowledged.iter().filter(|(of, ..)| *of == agency);
            for (_, envelope, document, key) in acknowledged {
                if !self.truth.rewound.contains(&agency) {
                    hold!(
                        8,
                        log.holds(envelope),
                        "an envelope of {agency} that was acknowledged is gone"
                    );
                }
                if history.counts(envelope, document) || history.restricts(envelope, document) {
                    let place = (agency, document.to_string(), key.clone());
                    hold!(
                        8,
                        site.disk.rows.contains_key(&place),
                        "{key} of {agency} was acknowledged and is gone"
                    );
                    hold!(8, site.shown.contains_key(&place), "{key} of {agency} is not shown");
                }
            }
        }
    }
}

/// Documents, disk and a fold without automerge say the same, and so does a replica made again from the disk.
fn assert_folds(site: &SimulatedNode, agency: Hash, log: &AgencyLog) {
    let rows = sorted(log.rows().unwrap());
    let folded = sorted(log.fold_without_automerge().unwrap());
    hold!(
        5,
        rows == folded,
        "automerge says {rows:?}, the fold without it {folded:?}"
    );
    let from = (agency, String::new(), String::new());
    let answers = sorted(log.answers().unwrap());
    for (what, stored, rows) in [
        ("on disk", &site.disk.rows, &rows),
        ("in the answers", &site.shown, &answers),
    ] {
        let stored = stored.range(from.clone()..).take_while(|((of, ..), _)| *of == agency);
        let stored: BTreeSet<_> = stored
            .map(|((_, d, key), values)| (d.clone(), key.clone(), values.clone()))
            .collect();
        let ours = rows
            .iter()
            .cloned()
            .map(|row| (row.document.to_string(), row.key, row.values));
        let ours: BTreeSet<_> = ours.collect();
        let differ: Vec<_> = stored.symmetric_difference(&ours).collect();
        hold!(
            5,
            differ.is_empty(),
            "at {}, the rows {what} of {agency} and those of the log differ in {differ:?}",
            site.name
        );
    }
    let names: BTreeSet<Hash> = site.disk.envelopes.iter().map(|(_, name, _)| *name).collect();
    hold!(
        5,
        names.len() == site.disk.envelopes.len(),
        "an envelope is stored twice"
    );
    let mut again = AgencyLog::new(site.disk.key_logs[&agency].clone());
    for (_, _, signed) in site.disk.envelopes.iter().filter(|(of, ..)| *of == agency) {
        let envelope = signed.clone().verify(again.key_log());
        hold!(5, envelope.is_ok(), "what was stored is not believed");
        if let Ok(envelope) = envelope {
            again.append(envelope).unwrap();
        }
    }
    hold!(
        5,
        sorted(again.rows().unwrap()) == rows,
        "the rows made again from the disk differ"
    );
}

/// Returns true if two envelopes of one writer have one number.
fn is_forked(log: &AgencyLog) -> bool {
    let mut numbers = BTreeSet::new();
    let mut envelopes = log.envelopes().map(Result::unwrap);
    envelopes.any(|envelope| !numbers.insert((envelope.header().writer, envelope.header().sequence)))
}

/// Two envelopes of one writer with one number are proof, and every site that holds both shows it.
fn assert_forks_found(log: &AgencyLog) {
    let mut numbers: BTreeMap<_, u32> = BTreeMap::new();
    for envelope in log.envelopes().map(Result::unwrap) {
        let header = envelope.header();
        *numbers.entry((header.writer, header.sequence)).or_default() += 1;
    }
    let forked: BTreeSet<_> = numbers
        .into_iter()
        .filter(|(_, count)| *count > 1)
        .map(|((writer, _), _)| writer)
        .collect();
    let proofs = log.fork_proofs();
    let proven: BTreeSet<_> = proofs.iter().filter_map(|proof| Some(proof.check().ok()?.1)).collect();
    hold!(6, forked == proven, "forked {forked:?}, proven {proven:?}");
}

/// Nothing by a compromised key survives but its last good envelopes and those before them.
fn assert_cut(log: &AgencyLog) {
    let history = HeaderHistory::of(log);
    for entry in log.key_log().chain() {
        let KeyLogAct::WriterEnded { key, .. } = entry.get().act else {
            continue;
        };
        let compromised = log
            .key_log()
            .authority()
            .writer(&key)
            .is_some_and(|writer| writer.end == Some(KeyEnd::Compromised));
        if !compromised || log.key_log().disputed().is_some() || !history.is_whole() {
            continue;
        }
        for row in log.rows().unwrap() {
            let by_others_or_before = history.may_stem_from(&row);
            hold!(7, by_others_or_before, "{row:?} stems from after the cut");
        }
    }
}

/// The history that the headers of the kept envelopes tell, read the slow and simple way.
struct HeaderHistory<'a> {
    log: &'a AgencyLog,
    headers: BTreeMap<Hash, EnvelopeHeader>,
    ancestors: BTreeMap<Hash, BTreeSet<Hash>>,
}

impl<'a> HeaderHistory<'a> {
    fn of(log: &'a AgencyLog) -> Self {
        let mut ancestors: BTreeMap<Hash, BTreeSet<Hash>> = BTreeMap::new();
        let mut headers = BTreeMap::new();
        for envelope in log.envelopes().map(Result::unwrap) {
            let mut before = BTreeSet::from([envelope.hash()]);
            for parent in &envelope.header().parents {
                before.extend(&ancestors[parent]);
            }
            ancestors.insert(envelope.hash(), before);
            headers.insert(envelope.hash(), envelope.header().clone());
        }
        Self {
            log,
            headers,
            ancestors,
        }
    }

    fn terms(&self, writer: &protocol::PublicKey) -> &[Arc<WriterTerm>] {
        let writer = self.log.key_log().authority().writer(writer);
        writer.map_or(&[], |writer| writer.terms.as_slice())
    }

    /// Returns true if all that ends a term is here.
    fn is_whole(&self) -> bool {
        let writers = self.log.key_log().authority().writers().values();
        let mut last = writers
            .flat_map(|writer| &writer.terms)
            .flat_map(|term| term.last.iter().flatten());
        last.all(|hash| self.headers.contains_key(hash))
    }

    /// Returns true if the root lets what an envelope puts in a document count.
    fn counts(&self, envelope: &Hash, document: &DocumentId) -> bool {
        let Some(header) = self.headers.get(envelope) else {
            return false;
        };
        let holds = |term: &&Arc<WriterTerm>| match &term.last {
            Some(last) => last
                .iter()
                .any(|last| self.ancestors.get(last).is_some_and(|before| before.contains(envelope))),
            None => true,
        };
        let term = self.terms(&header.writer).iter().find(holds);
        term.is_some_and(|term| term.scope.holds(document))
    }

    /// Returns true if what an envelope restricts in a status list counts beyond its writer's last envelopes: of a key that was
    /// retired.
    fn restricts(&self, envelope: &Hash, document: &DocumentId) -> bool {
        let Some(header) = self.headers.get(envelope) else {
            return false;
        };
        let writer = self.log.key_log().authority().writer(&header.writer);
        let is_of_a_list = matches!(document, DocumentId::StatusList(_));
        is_of_a_list
            && writer.is_some_and(|writer| {
                let scope = writer.terms.last().map(|term| &term.scope);
                writer.end == Some(KeyEnd::Retired) && scope.is_some_and(|scope| scope.holds(document))
            })
    }

    /// Returns true if some envelope that counts puts something at this row's place.
    fn may_stem_from(&self, row: &DocumentRow) -> bool {
        self.log.envelopes().map(Result::unwrap).any(|envelope| {
            let mut puts = envelope.puts();
            // A register's first member is true, or all of it was expunged.
            let suspends = |value: &[u8]| value.get(1) == Some(&0xf5) || value == [0xf6];
            let takes = |value: &[u8]| match row.key.split_once('/') {
                Some(("s", _)) => suspends(value),
                Some(("r" | "a" | "u", _)) => true,
                _ => false,
            };
            let at_place =
                |(document, key, _): &(&DocumentId, &str, &[u8])| **document == row.document && *key == row.key;
            let hash = envelope.hash();
            puts.find(at_place).is_some_and(|(document, _, value)| {
                self.counts(&hash, document) || (takes(value) && self.restricts(&hash, document))
            })
        })
    }
}
