//! Faults between this node and its database, for tests: the n-th call fails, is done and its reply is lost, or is slow.
//!
//! A release build has none of it: what follows is there with debug assertions alone, as tests are built.

/// A call to the database, by what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreCall {
    /// A query outside a transaction.
    Read,
    /// The beginning of a transaction.
    Begin,
    /// A statement or query in a transaction.
    Statement,
    /// The commit of a transaction.
    Commit,
    /// The commit of a transaction in which an envelope is. It is counted as a [`StoreCall::Commit`] as well.
    CommitOfEnvelopes,
}

impl StoreCall {
    /// Returns true if a fault that is to come to `only` comes to this call.
    #[cfg(debug_assertions)]
    fn is(self, only: Self) -> bool {
        self == only || (self, only) == (Self::CommitOfEnvelopes, Self::Commit)
    }
}

/// A way in which a call goes wrong.
#[cfg(debug_assertions)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreFault {
    /// The call fails, and nothing of it is done.
    Fails,
    /// The call is done, and its reply is lost.
    ReplyLost,
    /// The call is done after this time.
    Slow(std::time::Duration),
    /// The call fails after this time, and nothing of it is done.
    Stalls(std::time::Duration),
    /// The call fails, and so do all after it, until [`FaultInjector::heal`].
    Down,
    /// The call is done, its reply is lost, and all calls after it fail, until [`FaultInjector::heal`].
    DownAfter,
    /// The call is done, its reply is lost, and no transaction begins after it, until [`FaultInjector::heal`]: what reads without
    /// one goes on.
    NothingBeginsAfter,
}

/// The calls that fail in an outage.
#[cfg(debug_assertions)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StoreOutage {
    /// All.
    All,
    /// The beginnings of transactions.
    Begin,
}

/// A defect of the driver, which takes one of its defenses away. A test finds each of them.
#[cfg(debug_assertions)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DriverMutant {
    /// After a failed step the replica goes on as it is, with what the disk may not have.
    KeepsItsReplica,
    /// The registry is not frozen while the replica is made again.
    StaysFresh,
    /// A commit whose reply was lost is told as not done.
    DeniesWhatIsUnknown,
    /// A batch is answered from before it is on disk.
    AnswersBeforeTheDisk,
    /// A connection goes back to its pool whatever became of its transaction.
    KeepsConnections,
    /// A write rests on whatever version the log has by then.
    IgnoresVersions,
    /// A store that went back is met by a write as if nothing were.
    TrustsTheCount,
    /// The knowledge of what is on disk is forgotten when the replica is made again.
    ForgetsDurableHeads,
    /// A file that was removed or replaced is written on.
    TrustsItsFile,
}

/// The faults of one store. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct FaultInjector {
    #[cfg(debug_assertions)]
    plan: std::sync::Arc<platform::lock::Lock<FaultPlan>>,
}

/// A fault that is to come.
#[cfg(debug_assertions)]
#[derive(Debug)]
struct ArmedFault {
    /// The kind of call that it comes to; any, if none.
    only: Option<StoreCall>,
    /// The number of such calls that are still to be.
    left: u64,
    fault: StoreFault,
}

#[cfg(debug_assertions)]
#[derive(Debug, Default)]
struct FaultPlan {
    /// The calls so far.
    calls: u64,
    next: Option<ArmedFault>,
    /// The call that the fault came to, and when that call had ended.
    struck: Option<(StoreCall, std::time::SystemTime)>,
    outage: Option<StoreOutage>,
    mutant: Option<DriverMutant>,
}

#[cfg(debug_assertions)]
impl FaultInjector {
    /// Lets a fault come at the n-th call from now on, counted from 1.
    pub fn arm(&self, nth: u64, fault: StoreFault) {
        self.arm_on(None, nth, fault);
    }

    /// Lets a fault come at the n-th call of this kind from now on, counted from 1.
    pub fn arm_on(&self, only: Option<StoreCall>, nth: u64, fault: StoreFault) {
        self.plan.with(|plan| {
            plan.next = Some(ArmedFault { only, left: nth, fault });
            plan.struck = None;
        });
    }

    /// Returns true if a fault is still to come.
    #[must_use]
    pub fn is_armed(&self) -> bool {
        self.plan.with(|plan| plan.next.is_some())
    }

    /// The call that the fault came to, and when that call had ended, once it has.
    #[must_use]
    pub fn struck(&self) -> Option<(StoreCall, std::time::SystemTime)> {
        self.plan.with(|plan| plan.struck)
    }

    /// Ends an outage; a fault that is still to come comes.
    pub fn heal(&self) {
        self.plan.with(|plan| plan.outage = None);
    }

    /// Ends an outage, and forgets a fault that is still to come.
    pub fn disarm(&self) {
        self.plan.with(|plan| {
            plan.next = None;
            plan.outage = None;
        });
    }

    /// Returns the number of calls so far.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.plan.with(|plan| plan.calls)
    }

    /// Takes a defense of the driver away, or gives it back.
    pub fn mutate(&self, mutant: Option<DriverMutant>) {
        self.plan.with(|plan| plan.mutant = mutant);
    }

    /// Returns true if this defense is taken away.
    pub fn is_mutant(&self, mutant: DriverMutant) -> bool {
        self.plan.with(|plan| plan.mutant == Some(mutant))
    }

    /// The fault that comes to this call.
    fn strike(&self, call: StoreCall) -> Option<StoreFault> {
        self.plan.with(|plan| {
            plan.calls += 1;
            let is_down = match plan.outage {
                None => false,
                Some(StoreOutage::All) => true,
                Some(StoreOutage::Begin) => call == StoreCall::Begin,
            };
            if is_down {
                return Some(StoreFault::Down);
            }
            let armed = plan
                .next
                .as_mut()
                .filter(|armed| armed.only.is_none_or(|only| call.is(only)))?;
            armed.left = armed.left.saturating_sub(1);
            if armed.left > 0 {
                return None;
            }
            let fault = plan.next.take()?.fault;
            plan.outage = match fault {
                StoreFault::Down | StoreFault::DownAfter => Some(StoreOutage::All),
                StoreFault::NothingBeginsAfter => Some(StoreOutage::Begin),
                _ => None,
            };
            Some(fault)
        })
    }

    /// Runs a call, with the fault that comes to it.
    pub(super) async fn around<T>(
        &self,
        call: StoreCall,
        run: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, sqlx::Error> {
        let lost = || sqlx::Error::Io(std::io::Error::other("a fault that a test asked for"));
        let Some(fault) = self.strike(call) else {
            return run.await;
        };
        let done = match fault {
            StoreFault::Fails | StoreFault::Down => Err(lost()),
            StoreFault::ReplyLost | StoreFault::DownAfter | StoreFault::NothingBeginsAfter => {
                run.await.and_then(|_| Err(lost()))
            }
            StoreFault::Stalls(pause) => {
                tokio::time::sleep(pause).await;
                Err(lost())
            }
            StoreFault::Slow(pause) => {
                tokio::time::sleep(pause).await;
                run.await
            }
        };
        let now = std::time::SystemTime::now();
        self.plan.with(|plan| plan.struck = plan.struck.or(Some((call, now))));
        done
    }
}

#[cfg(not(debug_assertions))]
impl FaultInjector {
    /// Runs a call.
    #[expect(clippy::unused_self, reason = "in a debug build, it decides about the call")]
    pub(super) fn around<T, F: Future<Output = Result<T, sqlx::Error>>>(&self, _call: StoreCall, run: F) -> F {
        run
    }
}

/// Returns true if a test took this defense of the driver away; never in a release build.
#[macro_export]
macro_rules! driver_mutant {
    ($faults:expr, $name:ident) => {{
        #[cfg(debug_assertions)]
        let is_mutant = $faults.is_mutant($crate::DriverMutant::$name);
        #[cfg(not(debug_assertions))]
        let is_mutant = false;
        is_mutant
    }};
}
