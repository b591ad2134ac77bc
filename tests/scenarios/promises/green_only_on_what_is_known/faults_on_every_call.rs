//! Whatever call to its database fails, is done without a reply, or is the first of an outage: a node says nothing that
//! its disk does not, and goes on by itself. Promises 1 and 2.
//!
//! Two agencies. In each round one badge is suspended, reinstated and revoked at its home, while one call of one node to
//! its database goes wrong. All that the operator was told and all that both nodes answered meanwhile is then compared
//! with a fold over what is on the disks ([`DiskOracle`]).
//!
//! `tests/campaign driver` goes through every call of every kind on both databases; here is a slice of it, from a seed.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use node::storage::{DriverMutant, StoreCall, StoreFault};
use rand::RngExt as _;
use registry_schema::{Issuer, Reason, StatusState, Verdict, VerdictKind};
use tests::{Agency, Badge, Federation, Keeping, Reply, Rhythm, chance, eventually, oracle::DiskOracle};

/// The kinds of faults.
const FAULTS: [StoreFault; 5] = [
    StoreFault::Fails,
    StoreFault::ReplyLost,
    StoreFault::Down,
    StoreFault::DownAfter,
    StoreFault::Slow(Duration::from_millis(60)),
];

/// What an operator was told of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Done,
    NotDone,
    Unknown,
}

impl Told {
    fn of(reply: &Reply) -> Self {
        match reply.status {
            201 => Self::Done,
            _ if reply.text().contains("node.outcome_unknown") => Self::Unknown,
            _ => Self::NotDone,
        }
    }
}

/// An act, and what came of it.
#[derive(Clone, Copy, Debug)]
struct Act {
    to: StatusState,
    told: Told,
    /// When the operator had the answer.
    answered: i64,
}

/// An answer about the badge.
#[derive(Debug)]
#[expect(dead_code, reason = "which node it was is printed with what contradicts the disk")]
struct Said {
    at: &'static str,
    /// When it was asked.
    asked: i64,
    verdict: VerdictKind,
    /// As of when the node says that it knows the badge's status.
    as_of: Option<i64>,
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("a time")
}

/// Two agencies, and an issuer of the first whom both recognize.
struct Campaign {
    federation: Federation,
    issuer: Issuer,
}

/// A fault: where, at which call from the arming on, and how.
#[derive(Clone, Copy, Debug)]
struct Fault {
    at: &'static str,
    /// The kind of call; any, if none.
    on: Option<StoreCall>,
    nth: u64,
    kind: StoreFault,
}

impl Campaign {
    async fn begin(keeping: Keeping) -> Self {
        let rhythm = Rhythm {
            heartbeat_every: 2,
            heartbeat_term: 3600,
            exchange_every: 1,
        };
        let federation = Federation::start_on(&["US-SC", "US-TN"], rhythm, keeping).await;
        let issuer = federation
            .agency("US-SC")
            .registers("Palmetto Educator Institute")
            .await;
        for id in ["US-SC", "US-TN"] {
            federation.agency(id).recognizes(&issuer).await;
        }
        Self { federation, issuer }
    }

    fn home(&self) -> &Agency {
        self.federation.agency("US-SC")
    }

    /// Asks both nodes about the badge; one that says that it cannot answer now says nothing.
    async fn ask(&self, badge: &Badge, said: &mut Vec<Said>) {
        for at in ["US-SC", "US-TN"] {
            let asked = now();
            let (employer, file) = (self.federation.employer_at(at), badge.bytes());
            let reply = employer.sends(&file, "application/octet-stream", &[]).await;
            if reply.status == 200 {
                let verdict: Verdict = reply.json();
                said.push(Said {
                    at,
                    asked,
                    verdict: verdict.verdict,
                    as_of: verdict.status.fresh_as_of.map(|at| at.0),
                });
            }
        }
    }

    /// One round; gives what contradicts the disk. The fault may not come, if there are fewer calls: says so.
    async fn round(&self, fault: Fault, mutant: Option<DriverMutant>) -> (Vec<String>, Option<StoreCall>) {
        let badge = self.home().issues(&self.issuer, "Jordan Avery").await;
        for id in ["US-SC", "US-TN"] {
            self.federation
                .awaits(self.federation.agency(id), &badge, VerdictKind::Accepted)
                .await;
        }
        let faults = self.federation.agency(fault.at).faults().await;
        faults.mutate(mutant);
        faults.arm_on(fault.on, fault.nth, fault.kind);
        let (mut acts, mut said) = (Vec::new(), Vec::new());
        for to in [StatusState::Suspended, StatusState::Active, StatusState::Revoked] {
            let reply = self.home().tries_to_change(badge.code(), to, Reason::IssuedInError);
            // Where the outcome is looked for, that ends once the database is back.
            let heals = async {
                for _ in 0..6 {
                    self.ask(&badge, &mut said).await;
                }
                faults.heal();
            };
            let (reply, ()) = tokio::join!(reply, heals);
            acts.push(Act {
                to,
                told: Told::of(&reply),
                answered: now(),
            });
            self.ask(&badge, &mut said).await;
        }
        let struck = faults.struck();
        faults.disarm();
        self.is_ready().await;
        self.ask(&badge, &mut said).await;
        let mut wrong = self.contradictions(&badge, &acts, &said).await;
        faults.mutate(None);
        if mutant.is_none() {
            wrong.extend(self.settles(&badge).await);
        }
        (wrong, struck)
    }

    /// Waits until both nodes say that they are ready.
    async fn is_ready(&self) {
        for id in ["US-SC", "US-TN"] {
            eventually(&format!("{id} is ready"), async || {
                let reply = self.federation.employer_at(id).reads("/readyz").await;
                if reply.status == 200 { Ok(()) } else { Err(reply.text()) }
            })
            .await;
        }
    }

    /// What was told or answered and is not so on the home's disk.
    async fn contradictions(&self, badge: &Badge, acts: &[Act], said: &[Said]) -> Vec<String> {
        let disk = self.disk("US-SC").await;
        let mut wrong = Vec::new();
        let slot = badge.slot();
        let revoked = disk.revoked.get(&slot).copied();
        let is_last = |act: &Act| act.to == StatusState::Revoked;
        for act in acts.iter().filter(|act| is_last(act)) {
            match (act.told, revoked) {
                (Told::Done, None) => wrong.push("acknowledged, and not on disk".to_owned()),
                (Told::NotDone, Some(_)) => wrong.push("told as not done, and on disk".to_owned()),
                _ => {}
            }
            for one in said.iter().filter(|one| one.asked > act.answered) {
                let is_false = one.verdict == VerdictKind::Accepted
                    && revoked.is_some_and(|at| one.as_of.is_none_or(|as_of| as_of >= at));
                if is_false {
                    wrong.push(format!("a false green: revoked at {revoked:?}, and {one:?}"));
                }
            }
        }
        for one in said {
            let is_false_red = one.verdict == VerdictKind::NotValid
                && revoked.is_none()
                && acts
                    .iter()
                    .all(|act| act.to != StatusState::Suspended || act.told == Told::NotDone);
            if is_false_red {
                wrong.push(format!("a false red: nothing is on disk, and {one:?}"));
            }
        }
        wrong.extend(self.untrue_countersignatures().await);
        wrong
    }

    /// Countersignatures of Tennessee for South Carolina's log that name what is not on Tennessee's disk.
    async fn untrue_countersignatures(&self) -> Vec<String> {
        let held = self.disk("US-TN").await;
        let reply = self.federation.employer_at("US-SC").reads("/v1/reach/US-SC").await;
        if reply.status != 200 {
            return vec![];
        }
        let reach = reply.value();
        let peers = reach["peers"].as_array().cloned().expect("its peers");
        let named = peers
            .iter()
            .flat_map(|one| one["heads"].as_array().cloned().unwrap_or_default());
        let named = named.filter_map(|head| head.as_str()?.parse().ok());
        let missing = named.filter(|head| !held.envelopes.contains(head));
        missing
            .map(|head| format!("Tennessee countersigned {head}, and its disk does not have it"))
            .collect()
    }

    /// Both nodes come to say what the home's disk says.
    async fn settles(&self, badge: &Badge) -> Vec<String> {
        let due = match self.disk("US-SC").await.restricted(badge.slot()) {
            Some(_) => VerdictKind::NotValid,
            None => VerdictKind::Accepted,
        };
        for id in ["US-SC", "US-TN"] {
            self.federation.awaits(self.federation.agency(id), badge, due).await;
        }
        self.untrue_countersignatures().await
    }

    /// What is on a node's disk of South Carolina's log.
    async fn disk(&self, id: &str) -> DiskOracle {
        let genesis = self.home().genesis();
        self.federation.agency(id).on_disk(genesis).await
    }

    /// How many calls a round without a fault makes at a node.
    async fn calls(&self, at: &'static str) -> u64 {
        let faults = self.federation.agency(at).faults().await;
        let before = faults.calls();
        let never = Fault {
            at,
            on: None,
            nth: u64::MAX / 2,
            kind: StoreFault::Fails,
        };
        let (wrong, _) = self.round(never, None).await;
        assert_eq!(wrong, Vec::<String>::new(), "without a fault");
        faults.calls() - before
    }

    /// The node starts again with what is on its disk.
    async fn starts_again(&self) {
        for id in ["US-SC", "US-TN"] {
            let agency = self.federation.agency(id);
            agency.stops().await;
            agency.starts().await;
        }
        self.is_ready().await;
        self.federation.audit().await;
    }
}

/// Every `step`-th call, from a place that chance gives.
async fn go_through(keeping: Keeping, step: u64) {
    let mut rng = chance::seeded("faults_on_every_call");
    let campaign = Campaign::begin(keeping).await;
    let mut wrong = Vec::new();
    for at in ["US-SC", "US-TN"] {
        let calls = campaign.calls(at).await;
        assert!(calls > 20, "{at} makes {calls} calls");
        for kind in FAULTS {
            let mut nth = rng.random_range(1..=step);
            while nth <= calls {
                let fault = Fault {
                    at,
                    on: None,
                    nth,
                    kind,
                };
                let (found, struck) = campaign.round(fault, None).await;
                wrong.extend(found.into_iter().map(|what| format!("{fault:?} ({struck:?}): {what}")));
                nth += step;
            }
        }
    }
    campaign.starts_again().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// How far apart the calls are that go wrong; `tests/campaign driver` sets 1.
fn step() -> u64 {
    let step = std::env::var("COMITY_FAULT_STEP").ok();
    step.map_or(29, |step| step.parse().expect("COMITY_FAULT_STEP is a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_call_to_sqlite_goes_wrong_a_node_says_nothing_that_its_disk_does_not() {
    go_through(Keeping::Sqlite, step()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_call_to_postgresql_goes_wrong_a_node_says_nothing_that_its_disk_does_not() {
    go_through(Keeping::Postgres, step() * 2).await;
}
