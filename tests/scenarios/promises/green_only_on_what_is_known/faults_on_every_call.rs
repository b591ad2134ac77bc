//! Whatever call to its database fails, is done without a reply, or is the first of an outage: a node says nothing that
//! its disk does not, and goes on by itself. Promises 1 and 2.
//!
//! Two agencies. In each round one badge is suspended, reinstated and revoked at its home, while one call of one node to
//! its database goes wrong. All that the operator was told and all that both nodes answered meanwhile is then compared
//! with a fold over what is on the disks ([`DiskOracle`]).
//!
//! `tests/campaign driver` goes through every call of every kind on both databases; here is a slice of it, from a seed.

use std::{
    cell::Cell,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use rand::RngExt as _;
use registry_schema::{Issuer, StatusReason, StatusState, Verdict, VerdictKind};
use storage::{DriverMutant, StoreCall, StoreFault};
use tests::{
    ExchangeIntervals, Federation, HttpReply, IssuedBadge, StoreBackend, TestAgency, chance, eventually,
    oracle::DiskOracle,
};

/// The kinds of faults.
const FAULTS: [StoreFault; 6] = [
    StoreFault::Fails,
    StoreFault::ReplyLost,
    StoreFault::Down,
    StoreFault::DownAfter,
    StoreFault::NothingBeginsAfter,
    StoreFault::Slow(Duration::from_millis(60)),
];

/// The outcome of an act, as an operator was told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ActOutcome {
    Done,
    NotDone,
    Unknown,
}

impl ActOutcome {
    fn of(reply: &HttpReply) -> Self {
        match reply.status {
            201 => Self::Done,
            _ if reply.text().contains("node.outcome_unknown") => Self::Unknown,
            _ => Self::NotDone,
        }
    }
}

/// The call that a fault came to, and when that had ended.
type FaultHit = (StoreCall, SystemTime);

/// An act, and what came of it.
#[derive(Clone, Copy, Debug)]
struct StatusAct {
    to: StatusState,
    told: ActOutcome,
    /// The time at which it was asked for.
    begun: i64,
    /// The time at which the operator had the answer.
    answered: i64,
}

/// An answer about the badge.
#[derive(Debug)]
#[expect(dead_code, reason = "which node it was is printed with what contradicts the disk")]
struct BadgeAnswer {
    at: &'static str,
    /// The time of the question.
    asked: i64,
    /// The time of the answer.
    answered: i64,
    verdict: VerdictKind,
    /// As of when the node says that it knows the badge's status.
    as_of: Option<i64>,
}

fn now() -> i64 {
    milliseconds(SystemTime::now())
}

fn milliseconds(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("a time")
}

/// Two agencies, and an issuer of the first whom both recognize.
struct FaultCampaign {
    federation: Federation,
    issuer: Issuer,
}

/// The time that the driver has to take notice of a fault.
const NOTICE: i64 = 1_000;

/// A fault: where, at which call from the arming on, and how.
#[derive(Clone, Copy, Debug)]
struct InjectedFault {
    at: &'static str,
    /// The kind of call; any, if none.
    on: Option<StoreCall>,
    nth: u64,
    kind: StoreFault,
}

impl FaultCampaign {
    async fn begin(keeping: StoreBackend) -> Self {
        let rhythm = ExchangeIntervals {
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

    fn home(&self) -> &TestAgency {
        self.federation.agency("US-SC")
    }

    /// Asks both nodes about the badge; one that says that it cannot answer now says nothing.
    async fn ask(&self, badge: &IssuedBadge, said: &mut Vec<BadgeAnswer>) {
        for at in ["US-SC", "US-TN"] {
            let asked = now();
            let (employer, file) = (self.federation.employer_at(at), badge.bytes());
            let reply = employer.sends(&file, "application/octet-stream", &[]).await;
            if reply.status == 200 {
                let verdict: Verdict = reply.json();
                said.push(BadgeAnswer {
                    at,
                    asked,
                    answered: now(),
                    verdict: verdict.verdict,
                    as_of: verdict.status.fresh_as_of.map(|at| at.0),
                });
            }
        }
    }

    /// One round; gives what contradicts the disk. The fault may not come, if there are fewer calls: says so.
    async fn round(&self, fault: InjectedFault) -> (Vec<String>, Option<StoreCall>) {
        let badge = self.badge().await;
        let (acts, mut said, struck) = self.acts(&badge, fault, Duration::ZERO).await;
        self.is_ready().await;
        self.ask(&badge, &mut said).await;
        let mut wrong = self.contradictions(&badge, &acts, &said, None).await;
        wrong.extend(self.settles(&badge).await);
        (wrong, struck.map(|(call, _)| call))
    }

    /// A badge that both nodes accept.
    async fn badge(&self) -> IssuedBadge {
        let badge = self.home().issues(&self.issuer, "Jordan Avery").await;
        for id in ["US-SC", "US-TN"] {
            self.federation
                .awaits(self.federation.agency(id), &badge, VerdictKind::Accepted)
                .await;
        }
        badge
    }

    /// Suspends, reinstates and revokes a badge while a call goes wrong, and asks about it all the time. An outage ends
    /// so long after the call.
    async fn acts(
        &self,
        badge: &IssuedBadge,
        fault: InjectedFault,
        outage: Duration,
    ) -> (Vec<StatusAct>, Vec<BadgeAnswer>, Option<FaultHit>) {
        let faults = self.federation.agency(fault.at).faults().await;
        faults.arm_on(fault.on, fault.nth, fault.kind);
        let (mut acts, mut said) = (Vec::new(), Vec::new());
        for to in [StatusState::Suspended, StatusState::Active, StatusState::Revoked] {
            let (is_told, begun) = (Cell::new(false), now());
            let told = async {
                let reply = self
                    .home()
                    .tries_to_change(badge.code(), to, StatusReason::IssuedInError);
                let told = ActOutcome::of(&reply.await);
                is_told.set(true);
                (told, now())
            };
            // Where the outcome is looked for, that ends once the database is back.
            let heals = async {
                let mut noticed = None;
                for asked in 1.. {
                    self.ask(badge, &mut said).await;
                    if noticed.is_none() && faults.struck().is_some() {
                        noticed = Some(Instant::now());
                    }
                    let is_over = noticed.map_or(is_told.get() || outage.is_zero(), |at| at.elapsed() >= outage);
                    if asked >= 6 && is_over {
                        break;
                    }
                }
                faults.heal();
            };
            let ((told, answered), ()) = tokio::join!(told, heals);
            acts.push(StatusAct {
                to,
                told,
                begun,
                answered,
            });
            self.ask(badge, &mut said).await;
        }
        let struck = faults.struck();
        faults.disarm();
        (acts, said, struck)
    }

    /// Lists what contradicts the disk of two fresh nodes, of which one has a defect.
    async fn hunt(mutant: Option<DriverMutant>, fault: InjectedFault) -> Vec<String> {
        let campaign = Self::begin(StoreBackend::Sqlite).await;
        let badge = campaign.badge().await;
        let faults = campaign.federation.agency(fault.at).faults().await;
        faults.mutate(mutant);
        let (acts, mut said, struck) = campaign.acts(&badge, fault, Duration::from_secs(3)).await;
        let (_, struck) = struck.unwrap_or_else(|| panic!("{fault:?} did not come"));
        let within = Duration::from_secs(if mutant.is_some() { 10 } else { 45 });
        if tokio::time::timeout(within, campaign.is_ready()).await.is_err() {
            return vec!["a node does not become ready again".into()];
        }
        let until = Instant::now() + Duration::from_secs(5);
        loop {
            campaign.ask(&badge, &mut said).await;
            let noticed = milliseconds(struck) + NOTICE;
            let wrong = campaign.contradictions(&badge, &acts, &said, Some(noticed)).await;
            if !wrong.is_empty() || mutant.is_none() || Instant::now() > until {
                return wrong;
            }
        }
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

    /// Lists what was told or answered and is not so on the home's disk. From the time on at which the driver must have taken
    /// notice of the fault, nobody says more than the disk, whatever the operator was told by then.
    async fn contradictions(
        &self,
        badge: &IssuedBadge,
        acts: &[StatusAct],
        said: &[BadgeAnswer],
        noticed: Option<i64>,
    ) -> Vec<String> {
        let disk = self.disk("US-SC").await;
        let mut wrong = Vec::new();
        let slot = badge.slot();
        let revoked = disk.revoked.get(&slot).copied();
        let is_last = |act: &StatusAct| act.to == StatusState::Revoked;
        for act in acts.iter().filter(|act| is_last(act)) {
            match (act.told, revoked) {
                (ActOutcome::Done, None) => wrong.push("acknowledged, and not on disk".to_owned()),
                (ActOutcome::NotDone, Some(_)) => wrong.push("told as not done, and on disk".to_owned()),
                _ => {}
            }
            let from = noticed.map_or(act.answered, |noticed| act.answered.min(noticed));
            for one in said.iter().filter(|one| one.asked > from) {
                let is_false = one.verdict == VerdictKind::Accepted
                    && revoked.is_some_and(|at| one.as_of.is_none_or(|as_of| as_of >= at));
                if is_false {
                    wrong.push(format!("a false green: revoked at {revoked:?}, and {one:?}"));
                }
            }
        }
        // What may have restricted the badge: what was not refused, and whatever is on disk.
        let restricts = |act: &&StatusAct| match act.to {
            StatusState::Active | StatusState::Unknown => false,
            StatusState::Revoked => revoked.is_some(),
            StatusState::Suspended => act.told != ActOutcome::NotDone,
        };
        let restricting: Vec<&StatusAct> = acts.iter().filter(restricts).collect();
        for one in said.iter().filter(|one| one.verdict == VerdictKind::NotValid) {
            if restricting.iter().all(|act| act.begun > one.answered) {
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
    async fn settles(&self, badge: &IssuedBadge) -> Vec<String> {
        let due = match self.disk("US-SC").await.restricted(badge.slot()) {
            Some(_) => VerdictKind::NotValid,
            None => VerdictKind::Accepted,
        };
        for id in ["US-SC", "US-TN"] {
            self.federation.awaits(self.federation.agency(id), badge, due).await;
        }
        self.untrue_countersignatures().await
    }

    /// Reads what is on a node's disk of South Carolina's log.
    async fn disk(&self, id: &str) -> DiskOracle {
        let genesis = self.home().genesis();
        self.federation.agency(id).on_disk(genesis).await
    }

    /// Counts the calls that a round without a fault makes at a node.
    async fn calls(&self, at: &'static str) -> u64 {
        let faults = self.federation.agency(at).faults().await;
        let before = faults.calls();
        let never = InjectedFault {
            at,
            on: None,
            nth: u64::MAX / 2,
            kind: StoreFault::Fails,
        };
        let (wrong, _) = self.round(never).await;
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
async fn go_through(keeping: StoreBackend, step: u64) {
    let mut rng = chance::seeded("faults_on_every_call");
    let campaign = FaultCampaign::begin(keeping).await;
    let mut wrong = Vec::new();
    for at in ["US-SC", "US-TN"] {
        let calls = campaign.calls(at).await;
        assert!(calls > 20, "{at} makes {calls} calls");
        for kind in FAULTS {
            let mut nth = rng.random_range(1..=step);
            while nth <= calls {
                let fault = InjectedFault {
                    at,
                    on: None,
                    nth,
                    kind,
                };
                let (found, struck) = campaign.round(fault).await;
                wrong.extend(found.into_iter().map(|what| format!("{fault:?} ({struck:?}): {what}")));
                nth += step;
            }
        }
    }
    campaign.starts_again().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The distance between the calls that go wrong; `tests/campaign driver` sets 1.
fn step() -> u64 {
    let step = std::env::var("COMITY_FAULT_STEP").ok();
    step.map_or(29, |step| step.parse().expect("COMITY_FAULT_STEP is a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_call_to_sqlite_goes_wrong_a_node_says_nothing_that_its_disk_does_not() {
    go_through(StoreBackend::Sqlite, step()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_call_to_postgresql_goes_wrong_a_node_says_nothing_that_its_disk_does_not() {
    go_through(StoreBackend::Postgres, step() * 2).await;
}

/// The campaign can fail: it finds each defense of the driver that is taken away, and nothing where none is.
#[tokio::test(flavor = "multi_thread")]
async fn the_campaign_finds_each_defense_that_is_taken_away() {
    let commit = |at, nth, kind| InjectedFault {
        at,
        on: Some(StoreCall::CommitOfEnvelopes),
        nth,
        kind,
    };
    // The first envelope suspends, the third revokes.
    let hunts = [
        (DriverMutant::KeepsItsReplica, commit("US-SC", 3, StoreFault::ReplyLost)),
        (DriverMutant::KeepsItsReplica, commit("US-TN", 3, StoreFault::Fails)),
        (
            DriverMutant::StaysFresh,
            commit("US-SC", 3, StoreFault::NothingBeginsAfter),
        ),
        (
            DriverMutant::DeniesWhatIsUnknown,
            commit("US-SC", 3, StoreFault::ReplyLost),
        ),
        (
            DriverMutant::AnswersBeforeTheDisk,
            commit("US-SC", 1, StoreFault::Stalls(Duration::from_secs(2))),
        ),
        (DriverMutant::KeepsConnections, commit("US-SC", 1, StoreFault::Fails)),
    ];
    for (mutant, fault) in hunts {
        let (without, wrong) = tokio::join!(
            FaultCampaign::hunt(None, fault),
            FaultCampaign::hunt(Some(mutant), fault)
        );
        assert_eq!(without, Vec::<String>::new(), "{fault:?}, without a defect");
        println!("{mutant:?}: {}", wrong.first().map_or("not found", String::as_str));
        assert!(!wrong.is_empty(), "{mutant:?} is not found by {fault:?}");
    }
}
