//! A PostgreSQL server that really goes away, in the midst of a write: stopped in order and at once, its answer lost, and
//! succeeded by its standby. Whatever an operator was told and whatever was answered, before, meanwhile and after, is
//! compared with what is on the disk; the node goes on by itself, and starts again. Promises 1 and 2.
//!
//! Somebody writes and asks all the time beside it. `tests/campaign weather` plays every kind of write at every moment of its
//! transaction; here is a slice of it, from a seed.

use node::config::Config;
use rand::{SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};
use registry_schema::Issuer;
use tests::{
    ExchangeIntervals, Federation, PostgresProxy, PostgresServer, Program, StoreBackend, TestAgency, chance,
    deeds::{KINDS, OperatorClient, WriteKind, WriteOutcome},
    eventually, http,
    oracle::DiskOracle,
    postgres::ShutdownMode,
    wait::PATIENCE,
    wire::TransactionPhase,
    witness::{ClientCrowd, WitnessRecord, settles},
};

const MOMENTS: [TransactionPhase; 4] = [
    TransactionPhase::Midst,
    TransactionPhase::Commit,
    TransactionPhase::Sent,
    TransactionPhase::Answered,
];

/// The way in which the server goes away in the midst of a transaction.
#[derive(Clone, Copy, Debug)]
enum ServerFailure {
    /// It is stopped, and started again once the node knows.
    Stopped(ShutdownMode),
    /// It stays; the connection of the transaction is gone.
    Unheard,
    /// It is killed, and its standby takes its place.
    Succeeded,
}

/// A home whose node is a program on a PostgreSQL server of its own, and a peer on SQLite.
struct PostgresScenario {
    federation: Federation,
    issuer: Issuer,
    server: PostgresServer,
    wire: PostgresProxy,
    program: Program,
    record: WitnessRecord,
    operator: OperatorClient,
    rng: StdRng,
    rounds: u32,
}

const DATABASE: &str = "home";

impl PostgresScenario {
    async fn begin(mut rng: StdRng) -> Self {
        let server = PostgresServer::start();
        let wire = PostgresProxy::to(server.port()).await;
        let url = server.gains_a_database(DATABASE, wire.port());
        let rhythm = ExchangeIntervals {
            heartbeat_every: 1,
            heartbeat_term: 3600,
            exchange_every: 1,
        };
        let databases = |id: &str| (id == "US-SC").then(|| url.clone());
        let federation = Federation::start_in(&["US-SC", "US-TN"], rhythm, StoreBackend::Sqlite, &databases).await;
        let home = federation.agency("US-SC");
        let issuer = home.registers("Palmetto Educator Institute").await;
        for id in ["US-SC", "US-TN"] {
            federation.agency(id).recognizes(&issuer).await;
        }
        home.stops().await;
        let mut config = Config::load(home.data()).expect("a configuration");
        config.lease_term_seconds = 2;
        config.save(home.data()).expect("a configuration is written");
        let program = home.starts_program(&[]).await;
        let operator = OperatorClient::new(home, &issuer, "Avery", StdRng::from_rng(&mut rng));
        Self {
            federation,
            issuer,
            server,
            wire,
            program,
            record: WitnessRecord::default(),
            operator,
            rng,
            rounds: 0,
        }
    }

    fn home(&self) -> &TestAgency {
        self.federation.agency("US-SC")
    }

    /// People who write and ask beside what happens.
    fn crowd(&mut self) -> ClientCrowd {
        self.rounds += 1;
        let (name, rng) = (format!("Blake {}", self.rounds), StdRng::from_rng(&mut self.rng));
        let operator = OperatorClient::new(self.home(), &self.issuer, &name, rng);
        ClientCrowd::gathers(&self.record, operator, &[self.home(), self.federation.agency("US-TN")])
    }

    /// Waits until the home says this of itself.
    async fn is(&mut self, status: u16, says: &str) {
        let client = http::client();
        let url = format!("{}/readyz", self.home().url());
        let program = &mut self.program;
        eventually(&format!("the home answers {status} with `{says}`"), async || {
            if let Some(ended) = program.ended() {
                panic!("it ended with {ended}: {}", program.said());
            }
            let reply = http::try_send(client.get(&url)).await?;
            match (reply.status, reply.text()) {
                (is, text) if is == status && text.contains(says) => Ok(()),
                (is, text) => Err(format!("{is} {text}")),
            }
        })
        .await;
    }

    /// One write of this kind, in which the server goes away at this moment; and its return.
    async fn round(&mut self, kind: WriteKind, moment: TransactionPhase, going: ServerFailure) {
        println!("{kind:?}, {moment:?}: {going:?}");
        let (before, deed) = self.operator.prepares(kind).await;
        before.into_iter().for_each(|act| self.record.notes_act(act));
        let standby = match going {
            ServerFailure::Succeeded => Some(PostgresServer::standby_of(&self.server).await),
            ServerFailure::Stopped(_) | ServerFailure::Unheard => None,
        };
        let caught = self.wire.snares(kind.word(), moment);
        let crowd = self.crowd();
        let record = self.record.clone();
        let outage = async {
            let held = tokio::time::timeout(PATIENCE, caught).await;
            held.expect("a write of this kind comes by").expect("it is held")
        };
        let mut writer = std::mem::replace(
            &mut self.operator,
            OperatorClient::new(
                self.federation.agency("US-SC"),
                &self.issuer,
                "nobody",
                StdRng::seed_from_u64(0),
            ),
        );
        let writing = tokio::spawn(async move {
            let act = writer.does(deed).await;
            (writer, act)
        });
        let held = outage.await;
        match (going, standby) {
            (ServerFailure::Stopped(how), _) => {
                self.server.stops(how);
                drop(held);
                self.is(503, "").await;
                self.server.starts();
            }
            (ServerFailure::Succeeded, Some(standby)) => {
                self.server.is_killed();
                // Whoever leads clients to its heir may do so before it is ready.
                self.wire.leads_to(standby.port());
                drop(held);
                self.is(503, "standby").await;
                standby.is_promoted();
                self.server = standby;
            }
            _ => drop(held),
        }
        self.is(200, "ready").await;
        let (writer, act) = writing.await.expect("the writer is answered");
        self.operator = writer;
        record.notes_act(act);
        // It works again, without a restart.
        let (before, deed) = self.operator.prepares(kind).await;
        before.into_iter().for_each(|act| record.notes_act(act));
        let again = self.operator.does(deed).await;
        assert_eq!(again.told, WriteOutcome::Done, "after the outage: {again:?}");
        record.notes_act(again);
        crowd.parts().await;
        self.compares(&format!("{kind:?}, {moment:?}: {going:?}")).await;
    }

    async fn disk(&self) -> DiskOracle {
        self.home().on_disk(self.home().genesis()).await
    }

    /// Compares all that was told and answered so far with the disk.
    async fn compares(&self, after: &str) -> DiskOracle {
        let disk = self.disk().await;
        let sql = |text: &str| self.server.asks(DATABASE, text);
        let wrong = self.record.contradictions(&disk, &sql);
        assert!(wrong.is_empty(), "{after}:\n{}", wrong.join("\n"));
        disk
    }

    /// The node stops in order and starts again, and everybody comes to say what the disk says.
    async fn ends(self) {
        let disk = self.compares("at the end").await;
        let both = ["US-SC", "US-TN"].map(|id| self.federation.agency(id));
        settles(&self.record, &disk, &self.federation, &both).await;
        println!("{}", self.record.in_words());
        self.program.is_interrupted().await;
        let (code, said) = self.program.ends().await;
        assert_eq!(code, Some(0), "{said}");
        let home = self.federation.agency("US-SC");
        home.starts().await;
        self.federation.meets().await;
        settles(&self.record, &disk, &self.federation, &both).await;
        self.federation.audit().await;
        for agency in both {
            let forks = agency.audited("replication.fork").await;
            assert_eq!(forks, 0, "{} saw two histories", agency.id());
        }
    }
}

/// Each kind of write at each moment with each way of going; or some, as chance has them.
async fn goes_away(test: &str, goings: &[ServerFailure], slice: usize) {
    let mut rng = chance::seeded(test);
    let mut world = PostgresScenario::begin(StdRng::from_rng(&mut rng)).await;
    let mut all: Vec<(WriteKind, TransactionPhase, ServerFailure)> = Vec::new();
    for kind in KINDS {
        for moment in MOMENTS {
            all.extend(goings.iter().map(|going| (kind, moment, *going)));
        }
    }
    all.shuffle(&mut rng);
    if std::env::var_os("COMITY_WEATHER").is_none() {
        all.truncate(slice);
    }
    for (kind, moment, going) in all {
        world.round(kind, moment, going).await;
    }
    world.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_stopped_in_the_midst_of_each_kind_of_write_takes_nothing_along() {
    let ways = [
        ServerFailure::Stopped(ShutdownMode::Fast),
        ServerFailure::Stopped(ShutdownMode::Immediate),
    ];
    goes_away("a_server_that_is_stopped", &ways, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_lost_in_the_midst_of_each_kind_of_write_denies_nothing_that_was_done() {
    goes_away("a_connection_that_is_lost", &[ServerFailure::Unheard], 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_takes_the_place_of_a_killed_server_has_all_that_was_acknowledged() {
    goes_away("a_standby_that_takes_the_place", &[ServerFailure::Succeeded], 1).await;
}
