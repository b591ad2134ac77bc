//! Somebody who writes and asks all the time while something fails, writes down all that is said, and compares it with what
//! is on the disk afterwards.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use registry_schema::{Verdict, VerdictKind};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Duration, MissedTickBehavior},
};

use crate::{
    Employer, Federation, IssuedBadge, TestAgency,
    deeds::{OperatorClient, WriteKind, WriteRecord, now},
    http,
    oracle::DiskOracle,
};

/// The pause between two questions, and two writes: so short that something is always under way.
const PACE: Duration = Duration::from_millis(15);

/// An answer about a badge.
#[derive(Clone, Debug)]
pub struct WitnessedAnswer {
    /// The agency whose node gave it.
    pub at: String,
    /// About which badge: its place in a status list.
    pub slot: (u32, u32),
    /// The time of the question, in milliseconds since 1970.
    pub asked: i64,
    /// The answer.
    pub verdict: VerdictKind,
    /// As of when the node says that it knows the badge's status.
    pub as_of: Option<i64>,
}

#[derive(Debug, Default)]
struct WitnessNotes {
    acts: Vec<WriteRecord>,
    said: Vec<WitnessedAnswer>,
}

/// All that was done and said. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct WitnessRecord(Arc<Mutex<WitnessNotes>>);

impl WitnessRecord {
    fn notes(&self) -> MutexGuard<'_, WitnessNotes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down an act.
    pub fn notes_act(&self, act: WriteRecord) {
        self.notes().acts.push(act);
    }

    /// Writes down what a node says of a badge now; one that says that it cannot answer says nothing.
    pub async fn asks(&self, at: &str, employer: &Employer, badge: &IssuedBadge) {
        let asked = now();
        let request = http::client().post(format!("{}/v1/verifications", employer.node()));
        let reply = http::try_send(request.body(badge.bytes())).await;
        let Some(reply) = reply.ok().filter(|reply| reply.status == 200) else {
            return;
        };
        let verdict: Verdict = reply.json();
        let (at, slot) = (at.to_owned(), badge.slot());
        self.notes().said.push(WitnessedAnswer {
            at,
            slot,
            asked,
            verdict: verdict.verdict,
            as_of: verdict.status.fresh_as_of.map(|at| at.0),
        });
    }

    /// The acts so far.
    pub fn acts(&self) -> Vec<WriteRecord> {
        self.notes().acts.clone()
    }

    /// A badge that somebody asks about next: one of those whose status changed last, or was to.
    fn badge(&self, nth: usize) -> Option<IssuedBadge> {
        let notes = self.notes();
        let mut changed = notes.acts.iter().rev().filter_map(|act| act.deed.badge.clone());
        changed.nth(nth % 6)
    }

    /// Lists what was told and answered, and is not so on the home's disk.
    pub fn contradictions(&self, disk: &DiskOracle, sql: &dyn Fn(&str) -> String) -> Vec<String> {
        let notes = self.notes();
        let mut wrong: Vec<String> = notes
            .acts
            .iter()
            .filter_map(|act| act.contradiction(disk, sql))
            .collect();
        wrong.extend(false_greens(&notes.acts, &notes.said, disk));
        wrong
    }

    /// Tells how much was done and said, in words.
    pub fn in_words(&self) -> String {
        let notes = self.notes();
        let told = |one| notes.acts.iter().filter(|act| act.told == one).count();
        let [done, not, unknown] = [
            crate::deeds::WriteOutcome::Done,
            crate::deeds::WriteOutcome::NotDone,
            crate::deeds::WriteOutcome::Unknown,
        ]
        .map(told);
        format!(
            "{} writes ({done} done, {not} refused, {unknown} of unknown outcome), {} answers",
            notes.acts.len(),
            notes.said.len()
        )
    }

    /// The badges whose status was to change, each once.
    pub fn badges(&self) -> Vec<IssuedBadge> {
        let notes = self.notes();
        let mut badges: Vec<IssuedBadge> = notes.acts.iter().filter_map(|act| act.deed.badge.clone()).collect();
        badges.sort_by_key(IssuedBadge::slot);
        badges.dedup_by_key(|badge| badge.slot());
        badges
    }
}

/// Accepted answers that were asked for after the operator was answered, of badges that the disk restricts since before the
/// moment as of which the node says that it knows.
fn false_greens(acts: &[WriteRecord], said: &[WitnessedAnswer], disk: &DiskOracle) -> Vec<String> {
    let mut wrong = Vec::new();
    for act in acts {
        let Some(badge) = act
            .deed
            .badge
            .as_ref()
            .filter(|_| matches!(act.deed.kind, WriteKind::Suspend | WriteKind::Revoke))
        else {
            continue;
        };
        let slot = badge.slot();
        // Where it was reinstated later, a green answer may be right.
        let is_lifted = |other: &WriteRecord| {
            other.deed.kind == WriteKind::Reinstate && other.deed.badge.as_ref().is_some_and(|one| one.slot() == slot)
        };
        let Some(at) = disk.restricted(slot).filter(|_| !acts.iter().any(is_lifted)) else {
            continue;
        };
        let greens = said
            .iter()
            .filter(|one| one.slot == slot && one.verdict == VerdictKind::Accepted);
        let greens = greens.filter(|one| one.asked > act.answered && one.as_of.is_none_or(|as_of| as_of >= at));
        wrong.extend(greens.map(|one| {
            format!(
                "a false green: restricted at {at}, told {:?} at {}, and {one:?}",
                act.told, act.answered
            )
        }));
    }
    wrong
}

/// People who write and ask until they are told to end.
#[derive(Debug)]
pub struct ClientCrowd {
    tasks: JoinSet<()>,
    ends: watch::Sender<bool>,
}

impl ClientCrowd {
    /// One who writes at an agency, and one each who asks at these nodes.
    pub fn gathers(record: &WitnessRecord, mut operator: OperatorClient, asked: &[&TestAgency]) -> Self {
        let (ends, end) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let pace = || {
            let mut pace = tokio::time::interval(PACE);
            pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
            pace
        };
        let (notes, over, mut beat) = (record.clone(), end.clone(), pace());
        tasks.spawn(async move {
            while !*over.borrow() {
                beat.tick().await;
                let deed = operator.thinks();
                notes.notes_act(operator.does(deed).await);
            }
        });
        for agency in asked {
            let (notes, over, mut beat) = (record.clone(), end.clone(), pace());
            let (at, employer) = (agency.id().to_string(), agency.employer());
            tasks.spawn(async move {
                let mut nth = 0;
                while !*over.borrow() {
                    beat.tick().await;
                    nth += 1;
                    if let Some(badge) = notes.badge(nth) {
                        notes.asks(&at, &employer, &badge).await;
                    }
                }
            });
        }
        Self { tasks, ends }
    }

    /// Ends, once each has its last answer.
    ///
    /// # Panics
    /// If one of them did.
    pub async fn parts(mut self) {
        self.ends.send_replace(true);
        while let Some(ended) = self.tasks.join_next().await {
            ended.expect("somebody who writes or asks");
        }
    }
}

/// Waits until these nodes say of each badge what the home's disk says.
pub async fn settles(record: &WitnessRecord, disk: &DiskOracle, federation: &Federation, at: &[&TestAgency]) {
    for badge in record.badges() {
        let due = match disk.restricted(badge.slot()) {
            Some(_) => VerdictKind::NotValid,
            None => VerdictKind::Accepted,
        };
        for agency in at {
            federation.awaits(agency, &badge, due).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deeds::{PlannedWrite, WriteOutcome};

    fn badge() -> IssuedBadge {
        serde_json::from_value(serde_json::json!({
            "credential": {
                "id": "urn:uuid:1", "code": "SC-48ZW6-XJD84-6", "agency": "US-SC", "issuer": "did:key:z", "achievement": "a", "name": "n",
                "subject": "s", "valid_from": "2026-01-01T00:00:00Z", "valid_until": null, "state": "active", "state_since": null,
            },
            "document": {"credentialStatus": [{
                "statusListCredential": "http://x/v1/status-lists/7-revocation", "statusListIndex": "3",
            }]},
        }))
        .expect("a badge")
    }

    fn act(told: WriteOutcome) -> WriteRecord {
        let deed = PlannedWrite {
            kind: WriteKind::Revoke,
            badge: Some(badge()),
            name: String::new(),
        };
        let said = String::new();
        WriteRecord {
            deed,
            told,
            answered: 1000,
            said,
        }
    }

    fn said(asked: i64, as_of: i64) -> WitnessedAnswer {
        WitnessedAnswer {
            at: "US-SC".into(),
            slot: (7, 3),
            asked,
            verdict: VerdictKind::Accepted,
            as_of: Some(as_of),
        }
    }

    #[test]
    fn a_lost_act_a_denied_one_a_half_one_and_a_false_green_are_found() {
        let nothing = DiskOracle::default();
        let mut revoked = DiskOracle::default();
        revoked.revoked.insert((7, 3), 900);
        let put = (protocol::DocumentId::StatusList(7), "r/3".to_owned(), vec![]);
        revoked.puts.push(put);
        let audits = |n: &'static str| move |_: &str| n.to_owned();
        let found = |told, disk: &DiskOracle, n| act(told).contradiction(disk, &audits(n)).unwrap_or_default();
        assert!(found(WriteOutcome::Done, &nothing, "0").contains("not on disk"));
        assert!(found(WriteOutcome::NotDone, &revoked, "1").contains("told as not done"));
        assert!(found(WriteOutcome::Done, &revoked, "0").contains("half"));
        assert!(found(WriteOutcome::Unknown, &revoked, "2").contains("half"));
        assert_eq!(found(WriteOutcome::Done, &revoked, "1"), "");
        assert_eq!(found(WriteOutcome::NotDone, &nothing, "0"), "");
        for (asked, as_of, wrong) in [(1001, 901, 1), (1001, 899, 0), (999, 901, 0)] {
            let greens = false_greens(&[act(WriteOutcome::Unknown)], &[said(asked, as_of)], &revoked);
            assert_eq!(greens.len(), wrong, "{asked} {as_of}: {greens:?}");
        }
    }
}
