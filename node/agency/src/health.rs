//! The state of this process, as `/readyz` tells it: what works, what does not, and since when.

use protocol::replica::OwnLogQuorum;
use registry_schema::Timestamp;
use serde::Serialize;
use tokio::sync::watch;

use crate::replication::RestoringProgress;

/// The longest that a transaction may be the last one that succeeded: the node writes more often, if it can.
pub const LONGEST_WITHOUT_A_WRITE: std::time::Duration = std::time::Duration::from_secs(30);

/// The health of the replication.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum ReplicationHealth {
    /// The lists are being made from the store.
    Restoring(RestoringProgress),
    /// The lists are as the store has them.
    Live {
        /// The moment at which the own heartbeat was signed last.
        last_heartbeat: Option<Timestamp>,
        /// True if it is known how far the own log reaches abroad.
        may_write: bool,
        /// The words that are awaited on how far the own log reaches.
        #[serde(skip)]
        awaited_words: Option<OwnLogQuorum>,
        /// True if a writer key is here that the key log lets write.
        has_writer_key: bool,
        /// True if another process writes with this node's writer key.
        is_written_elsewhere: bool,
        /// The number of sound envelopes of the own log that are set aside, as what they follow was lost here.
        own_set_aside: usize,
        /// The number of the newest envelopes of the own log that the store came back without.
        own_lost: usize,
    },
    /// The lists that are known may not be what is on disk: nothing is answered or signed until they are made again.
    Lost {
        /// Since when.
        since: Timestamp,
        /// The error.
        why: String,
    },
    /// It cannot be made again until somebody acts.
    Stuck {
        /// The error.
        why: String,
    },
    /// Another process of the agency writes; this one follows the rows.
    Follows,
    /// This process follows nobody: the store cannot be read.
    FollowsNobody {
        /// Since when.
        since: Timestamp,
        /// The error.
        why: String,
    },
    /// The task ended.
    Ended,
}

/// The doubt in a store beside which another process writes with its writer key.
const WRITTEN_ELSEWHERE: &str = "another process writes with this node's writer key: a peer gave an envelope that is signed with it and was \
                                 not written here; so there is a copy of this node's data folder or of its `keys/` that runs, or the key \
                                 was stolen; nothing is written or signed here, and nothing of this agency is called good; stop the other \
                                 process, then `comity store accept` (ops/RUNBOOK.md, *Two processes write with one key*)";

/// The reasons for which a store waits for others' words on its agency's log.
const WHAT_IS_MISSING: &str = "part of what this agency wrote may be missing from the store: it was repaired, rebuilt from others' files, \
                               or is a copy that was put in its place";

impl ReplicationHealth {
    /// Explains why it cannot be told whether the store holds all that this agency wrote, if so.
    pub fn why_unknown(&self) -> Option<String> {
        match self {
            Self::Live { .. } | Self::Follows => None,
            Self::Restoring(_) => Some("the lists are still being made from the store".into()),
            Self::Lost { why, .. } | Self::Stuck { why } | Self::FollowsNobody { why, .. } => {
                Some(format!("the store cannot be looked at now: {why}"))
            }
            Self::Ended => Some("the replication ended, and nobody looks at the store: start the node again".into()),
        }
    }

    /// Returns true if another process writes with this node's writer key.
    pub(crate) const fn is_written_elsewhere(&self) -> bool {
        matches!(
            self,
            Self::Live {
                is_written_elsewhere: true,
                ..
            }
        )
    }

    /// Explains why the store may lack what this agency wrote, if it may.
    pub(crate) fn store_doubt(&self) -> Option<String> {
        match self {
            Self::Live {
                own_set_aside: count @ 1..,
                ..
            } => Some(format!(
                "{} set aside, and nothing is written: what goes before was damaged here, and no peer has given it again yet; `comity \
                 store accept` does not end this (ops/RUNBOOK.md, *The store is damaged*)",
                match count {
                    1 => "1 sound envelope of the own log is".to_owned(),
                    more => format!("{more} sound envelopes of the own log are"),
                }
            )),
            Self::Live {
                is_written_elsewhere: true,
                ..
            } => Some(WRITTEN_ELSEWHERE.to_owned()),
            Self::Live { own_lost: 1.., .. } => Some(
                "the store is older than it was: what this process wrote last is gone from it, and no peer has given it again yet; \
                 nothing of this agency is called good here (ops/RUNBOOK.md, *The database went back*)"
                    .to_owned(),
            ),
            Self::Live {
                awaited_words: Some(words),
                ..
            } => Some(self.words_in_words(words)),
            _ => None,
        }
    }

    fn words_in_words(&self, words: &OwnLogQuorum) -> String {
        let OwnLogQuorum {
            holders, told, needed, ..
        } = words;
        let cause = match (words.is_lost, holders) {
            (true, 0) => WHAT_IS_MISSING.to_owned(),
            (true, _) => format!(
                "{WHAT_IS_MISSING}; since then {told} of {} told how far its log reaches, and it takes {needed}",
                match holders {
                    1 => "the 1 agency that is asked".to_owned(),
                    more => format!("the {more} agencies that are asked"),
                },
            ),
            (false, 0) => "this agency has no peer that could tell whether the store holds all that it wrote, and no heartbeat by this \
                           node's key that was younger than ten minutes at the start"
                .to_owned(),
            (false, _) => format!(
                "since the start, {told} of the {} this agency's own log {} told how far it reaches, and it takes {needed}",
                match holders {
                    1 => "1 agency that may hold".to_owned(),
                    more => format!("{more} agencies that may hold"),
                },
                if *told == 1 { "has" } else { "have" },
            ),
        };
        let so = match self.lacks_own() {
            true => "nothing of this agency is called good, and nothing is written",
            false => "nothing of this agency counts as newer than its last heartbeat, and none is signed",
        };
        let then = match holders {
            0 => "`comity store accept` vouches for it",
            _ => "see `comity peer list`, and `comity store accept` if too few can be reached",
        };
        format!(
            "{cause}: if the store is a restored backup, what was revoked after it is unknown here, so {so}; {then} (ops/RUNBOOK.md, *A \
             restored backup*)"
        )
    }

    /// Decides whether the store is likely to lack part of what this agency wrote, so that nothing of it is called good.
    pub(crate) const fn lacks_own(&self) -> bool {
        let Self::Live {
            awaited_words,
            own_set_aside,
            own_lost,
            is_written_elsewhere,
            ..
        } = self
        else {
            return false;
        };
        let too_few_told = match awaited_words {
            Some(words) => words.told < words.needed && (words.is_lost || !words.is_young),
            None => false,
        };
        too_few_told || *own_set_aside > 0 || *own_lost > 0 || *is_written_elsewhere
    }
}

#[derive(Clone, Debug)]
struct HealthReport {
    replication: ReplicationHealth,
    clock: Option<String>,
    /// True if the lists were made at least once, so that there is something to answer from.
    answers: bool,
}

/// The state of this process. Clones share it.
#[derive(Clone, Debug)]
pub struct Health(watch::Sender<HealthReport>);

impl Default for Health {
    /// The health of a node that has yet to start.
    fn default() -> Self {
        Self(watch::Sender::new(HealthReport {
            replication: ReplicationHealth::Restoring(RestoringProgress::default()),
            clock: None,
            answers: false,
        }))
    }
}

impl Health {
    pub(crate) fn set_replication(&self, now: ReplicationHealth) {
        self.0.send_if_modified(|report| {
            report.answers |= matches!(now, ReplicationHealth::Live { .. } | ReplicationHealth::Follows);
            let differs = report.replication != now;
            report.replication = now;
            differs
        });
    }

    /// Sets the reason that the clock is in doubt, if it is.
    pub(crate) fn set_clock(&self, doubt: Option<String>) {
        self.0.send_modify(|report| report.clock = doubt);
    }

    /// Returns the health of the replication.
    pub fn replication(&self) -> ReplicationHealth {
        self.0.borrow().replication.clone()
    }

    /// Returns the reason that the clock is in doubt, if it is.
    pub fn clock(&self) -> Option<String> {
        self.0.borrow().clock.clone()
    }

    /// Returns what keeps this process from knowing how its own agency's lists stand now, if something does: for those who
    /// ask for them.
    pub fn hindrance(&self) -> Option<String> {
        let report = self.0.borrow();
        let by_store = match &report.replication {
            ReplicationHealth::Restoring(_) => Some("they are being made from the store".to_owned()),
            ReplicationHealth::Lost { why, .. }
            | ReplicationHealth::Stuck { why }
            | ReplicationHealth::FollowsNobody { why, .. } => Some(why.clone()),
            ReplicationHealth::Ended => Some("the replication ended".to_owned()),
            live @ (ReplicationHealth::Live { .. } | ReplicationHealth::Follows) => live.store_doubt(),
        };
        let by_clock = report.clock.as_ref();
        by_store.or_else(|| by_clock.map(|doubt| format!("this node's clock is in doubt: {doubt}")))
    }

    /// Returns true if there is anything to answer from: before the lists were made for the first time there is not.
    pub fn answers(&self) -> bool {
        self.0.borrow().answers
    }

    /// Waits until there is something to answer from, or until that needs somebody; gives the error then.
    pub async fn begun(&self) -> Result<(), String> {
        let mut reports = self.0.subscribe();
        let found = reports
            .wait_for(|report| report.answers || matches!(report.replication, ReplicationHealth::Stuck { .. }))
            .await;
        match found {
            Ok(report) if report.answers => Ok(()),
            Ok(report) => match &report.replication {
                ReplicationHealth::Stuck { why } => Err(why.clone()),
                _ => Ok(()),
            },
            // The sender is held here.
            Err(_) => Ok(()),
        }
    }
}
