//! The file of a node's database is removed, or another is put in its place, while the node runs: what it had acknowledged stays
//! open without a name, and would be gone with the process. It acknowledges nothing more, keeps what it had, and nobody goes on
//! from less without having been asked. Promises 1 and 2.

use std::{fs, path::PathBuf};

use node::config::Config;
use registry_schema::{StatusReason, StatusState, Verdict, VerdictKind};
use storage::DriverMutant;
use tests::{
    ExchangeIntervals, Federation, HttpReply, IssuedBadge, StoreBackend, TestAgency, VerdictAssertions as _, eventually,
};

const OFTEN: ExchangeIntervals = ExchangeIntervals {
    heartbeat_every: 1,
    heartbeat_term: 3_600,
    exchange_every: 1,
};

/// An act on a file of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DatabaseFileChange {
    /// A copy of before takes its place.
    Replaced,
    /// It is gone.
    Removed,
    /// The log beside it is gone.
    LogRemoved,
}

/// An agency that nobody else holds the lists of, with a copy of its database from before a badge was revoked.
struct LoneAgency {
    federation: Federation,
    kept: IssuedBadge,
    revoked: IssuedBadge,
    older: PathBuf,
}

impl LoneAgency {
    async fn begin() -> Self {
        let federation = Federation::start_on(&["US-SC"], OFTEN, StoreBackend::Sqlite).await;
        let sc = federation.agency("US-SC");
        let issuer = sc.registers("Palmetto Educator Institute").await;
        sc.recognizes(&issuer).await;
        let [kept, revoked] = [
            sc.issues(&issuer, "Jordan Avery").await,
            sc.issues(&issuer, "Riley Brooks").await,
        ];
        sc.stops().await;
        let older = sc.data().join("older");
        fs::copy(sc.data().join("registry.sqlite"), &older).expect("a copy");
        sc.starts().await;
        sc.revokes(&revoked, StatusReason::IssuedInError).await;
        Self {
            federation,
            kept,
            revoked,
            older,
        }
    }

    fn sc(&self) -> &TestAgency {
        self.federation.agency("US-SC")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.sc().data().join(name)
    }

    fn does(&self, deed: DatabaseFileChange) {
        let file = self.file("registry.sqlite");
        match deed {
            DatabaseFileChange::Replaced => fs::rename(&self.older, file),
            DatabaseFileChange::Removed => fs::remove_file(file),
            DatabaseFileChange::LogRemoved => fs::remove_file(self.file("registry.sqlite-wal")),
        }
        .expect("a file of the database");
    }

    async fn suspends(&self) -> HttpReply {
        let reason = StatusReason::IssuedInError;
        self.sc()
            .tries_to_change(self.kept.code(), StatusState::Suspended, reason)
            .await
    }

    /// Moves the database's files away, and puts this one in their place.
    fn puts_in_place(&self, file: &str, away: &str) {
        let away = self.file(away);
        fs::create_dir(&away).expect("a folder");
        for name in ["registry.sqlite", "registry.sqlite-wal", "registry.sqlite-shm"] {
            match fs::rename(self.file(name), away.join(name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{name}: {error}"),
                _ => {}
            }
        }
        fs::rename(self.file(file), self.file("registry.sqlite")).expect("it is put in place");
    }

    /// Asserts that what is said of the revoked badge, if anything, is not that it is good.
    async fn is_never_green(&self) {
        let (employer, file) = (self.sc().employer(), self.revoked.bytes());
        let reply = employer.sends(&file, "application/octet-stream", &[]).await;
        match reply.status {
            503 => {}
            _ => assert_ne!(reply.with_status(200).json::<Verdict>().verdict, VerdictKind::Accepted),
        }
    }

    async fn is_ready(&self) {
        eventually("it is ready", async || {
            let reply = self.sc().employer().reads("/readyz").await;
            if reply.status == 200 { Ok(()) } else { Err(reply.text()) }
        })
        .await;
    }

    /// Returns the reason that its stopped node does not start.
    async fn refuses_to_start(&self) -> String {
        let config = Config::load(self.sc().data()).expect("a configuration");
        match node::start(self.sc().data(), config, platform::clock::Clock::default()).await {
            Ok(_) => panic!("it starts"),
            Err(error) => format!("{error:#}"),
        }
    }

    async fn loses_nothing(self, deed: DatabaseFileChange) {
        self.does(deed);
        let refused = self.suspends().await;
        assert_eq!(refused.status, 503, "{deed:?}: {}", refused.text());
        let said = eventually("it says what happened and what to do", async || {
            self.is_never_green().await;
            let reply = self.sc().employer().reads("/readyz").await;
            match (reply.status, reply.text()) {
                (503, text) if text.contains("is kept in `rescued.sqlite`") => Ok(text),
                (is, text) => Err(format!("{is} {text}")),
            }
        })
        .await;
        assert!(
            said.contains("removed or replaced") && said.contains("RUNBOOK"),
            "{said}"
        );
        self.is_never_green().await;
        self.sc().stops().await;
        // Whatever lies there now: nobody goes on from less by accident.
        let why = self.refuses_to_start().await;
        assert!(why.contains("rescued.sqlite"), "{deed:?}: {why}");

        self.puts_in_place("rescued.sqlite", "away");
        self.sc().starts().await;
        self.is_ready().await;
        self.sc()
            .employer()
            .verifies(&self.revoked)
            .await
            .is(VerdictKind::NotValid);
        self.sc()
            .employer()
            .verifies(&self.kept)
            .await
            .is(VerdictKind::Accepted);
        assert_eq!(self.suspends().await.status, 201, "it writes again");
        self.federation.audit().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_file_that_is_replaced_takes_nothing_along_that_was_acknowledged() {
    LoneAgency::begin()
        .await
        .loses_nothing(DatabaseFileChange::Replaced)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_file_that_is_removed_takes_nothing_along_that_was_acknowledged() {
    LoneAgency::begin()
        .await
        .loses_nothing(DatabaseFileChange::Removed)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_the_database_that_is_removed_takes_nothing_along_that_was_acknowledged() {
    LoneAgency::begin()
        .await
        .loses_nothing(DatabaseFileChange::LogRemoved)
        .await;
}

/// A person who meant the file that is there now moves the other away; the log of the file before it does not spoil it.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_goes_on_from_the_file_that_was_put_in_place_once_somebody_says_so() {
    let alone = LoneAgency::begin().await;
    alone.does(DatabaseFileChange::Replaced);
    eventually("what it had is kept", async || {
        let reply = alone.sc().employer().reads("/readyz").await;
        if reply.text().contains("is kept in `rescued.sqlite`") {
            Ok(())
        } else {
            Err(reply.text())
        }
    })
    .await;
    alone.sc().stops().await;
    fs::rename(alone.file("rescued.sqlite"), alone.file("later.sqlite")).expect("it is moved away");
    alone.sc().starts().await;
    // It is an older copy, and somebody has to say that it holds.
    alone
        .sc()
        .says_of_itself(503, "is a copy that was put in its place")
        .await;
    let accepted = alone.sc().comity(&["--yes", "store", "accept"]).await;
    assert_eq!(accepted.code, Some(0), "{accepted:?}");
    alone.is_ready().await;
    assert_eq!(
        alone.sc().keeps(alone.revoked.code()).await.state,
        StatusState::Active,
        "it is the older one"
    );
    alone.sc().stops().await;

    alone.puts_in_place("later.sqlite", "away");
    alone.sc().starts().await;
    alone.is_ready().await;
    alone
        .sc()
        .employer()
        .verifies(&alone.revoked)
        .await
        .is(VerdictKind::NotValid);
    alone.federation.audit().await;
}

/// The scenarios above can fail: a driver that trusts its file acknowledges what nobody will find.
#[tokio::test(flavor = "multi_thread")]
async fn a_driver_that_trusts_its_file_is_found() {
    // Where the file is gone, SQLite itself sometimes notices.
    for deed in [DatabaseFileChange::Replaced, DatabaseFileChange::LogRemoved] {
        let alone = LoneAgency::begin().await;
        alone.sc().faults().await.mutate(Some(DriverMutant::TrustsItsFile));
        alone.does(deed);
        assert_eq!(alone.suspends().await.status, 201, "{deed:?}: it is acknowledged");
        alone.sc().employer().reads("/readyz").await.with_status(200);
    }
}
