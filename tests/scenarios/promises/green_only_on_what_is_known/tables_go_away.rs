//! Somebody drops or renames a table under a node, each in turn, as the database lists them: the node names it and is not ready,
//! shows no revoked badge as accepted, and goes on by itself once the table is back; one that starts on it says what to do.
//! Promise 2.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use registry_schema::{StatusReason, Verdict, VerdictKind};
use reqwest::Method;
use serde_json::json;
use tests::{
    AgencyProcess, ExchangeIntervals, Federation, HttpReply, IssuedBadge, PostgresServer, Program, StoreBackend,
    TestAgency, damage, eventually, http, postgres::ShutdownMode, program,
};

const OFTEN: ExchangeIntervals = ExchangeIntervals {
    heartbeat_every: 1,
    heartbeat_term: 3_600,
    exchange_every: 1,
};

/// The longest that a missing table may go unnoticed.
const NOTICED_WITHIN: Duration = Duration::from_secs(15);

/// The database of the agency, for somebody who does things behind the node's back.
enum Administrator<'a> {
    /// In this data directory.
    Sqlite(PathBuf),
    Postgres(&'a PostgresServer),
}

const DATABASE: &str = "home";

impl Administrator<'_> {
    fn does(&self, sql: &str) -> String {
        match self {
            Self::Sqlite(data) => damage::asks_sqlite(data, sql),
            Self::Postgres(server) => server.asks(DATABASE, sql),
        }
    }

    fn tables(&self) -> Vec<String> {
        let listed = self.does(match self {
            Self::Sqlite(_) => "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'sqlite_sequence'",
            Self::Postgres(_) => "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
        });
        let tables: Vec<String> = listed.lines().map(str::to_owned).collect();
        assert!(tables.len() > 20, "{tables:?}");
        tables
    }

    fn takes_away(&self, table: &str) {
        self.does(&format!("ALTER TABLE {table} RENAME TO elsewhere"));
    }

    fn puts_back(&self, table: &str) {
        self.does(&format!("ALTER TABLE elsewhere RENAME TO {table}"));
    }
}

/// A home with a good and a revoked badge, which runs as a program.
struct Home {
    federation: Federation,
    good: IssuedBadge,
    revoked: IssuedBadge,
    program: Program,
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Home {
    async fn begins(url: Option<&str>) -> Self {
        let databases = |id: &str| url.filter(|_| id == "US-SC").map(str::to_owned);
        let federation = Federation::start_in(&["US-SC", "US-TN"], OFTEN, StoreBackend::Sqlite, &databases).await;
        let sc = federation.agency("US-SC");
        let issuer = sc.registers("Palmetto Educator Institute").await;
        sc.recognizes(&issuer).await;
        let [good, revoked] = [
            sc.issues(&issuer, "Jane Doe").await,
            sc.issues(&issuer, "Riley Brooks").await,
        ];
        sc.revokes(&revoked, StatusReason::Misconduct).await;
        sc.stops().await;
        let program = sc.starts_program(&[]).await;
        Self {
            good,
            revoked,
            program,
            federation,
        }
    }

    fn sc(&self) -> &TestAgency {
        self.federation.agency("US-SC")
    }

    async fn says(&mut self, status: u16, words: &[String]) {
        let url = format!("{}/readyz", self.sc().url());
        let program = &mut self.program;
        eventually(&format!("the node answers {status} with {words:?}"), async || {
            if let Some(ended) = program.ended() {
                panic!("it ended with {ended}: {}", program.said());
            }
            let reply = http::try_send(http::client().get(&url)).await?;
            match (reply.status, reply.text()) {
                // Two of them at once: what the node knows is of before, and what it sees is of now.
                (is, text) if text.contains("; the store lacks") => Err(format!("{is} {text}")),
                (is, text) if is == status && words.iter().all(|word| text.contains(word)) => Ok(()),
                (is, text) => Err(format!("{is} {text}")),
            }
        })
        .await;
    }

    async fn checks(&self, badge: &IssuedBadge) -> HttpReply {
        let employer = self.sc().employer();
        employer.sends(&badge.bytes(), "application/octet-stream", &[]).await
    }

    /// What is said of badges while this table is away.
    async fn is_never_falsely_green(&self, table: &str) {
        let of_revoked = self.checks(&self.revoked).await;
        match of_revoked.status {
            503 => {}
            _ => {
                let verdict: Verdict = of_revoked.with_status(200).json();
                assert_ne!(verdict.verdict, VerdictKind::Accepted, "{table}: {verdict:#?}");
            }
        }
        if table == "credentials" {
            let problem = self.checks(&self.good).await.problem(503, "store.schema_incomplete");
            assert!(problem.detail.contains("the table `credentials`"), "{problem:?}");
        }
    }

    /// The node names this table, wherever it is asked, and writes nothing.
    async fn lacks(&mut self, table: &str) {
        let named = format!("the table `{table}`");
        let begun = Instant::now();
        self.says(503, &["the lists are being made again".to_owned(), named.clone()])
            .await;
        assert!(begun.elapsed() < NOTICED_WITHIN, "{table}: {:?}", begun.elapsed());
        self.is_never_falsely_green(table).await;
        let refused = self
            .sc()
            .asks(Method::POST, "/v1/issuers", Some(&json!({"name": "Issuer of Nobody"})))
            .await;
        let problem = refused.problem(503, "store.schema_incomplete");
        assert!(problem.detail.contains(&named), "{problem:?}");
    }

    async fn commands_name(&self, table: &str) {
        let named = format!("the table `{table}`");
        for (line, code) in [("status", 1), ("store show", 3)] {
            let line: Vec<&str> = line.split(' ').collect();
            let told = self.sc().comity(&line).await;
            assert_eq!(told.code, Some(code), "{table}: {told:?}");
            let said = in_one_line(&told.stdout);
            assert!(
                said.contains(&named) && said.contains("the last backup"),
                "{line:?}: {said}"
            );
        }
        let page = self.sc().employer().reads("/agencies").await.text();
        assert!(page.contains(table), "{page}");
    }

    async fn stands(&self) {
        self.federation
            .awaits(self.sc(), &self.good, VerdictKind::Accepted)
            .await;
        self.federation
            .awaits(self.sc(), &self.revoked, VerdictKind::NotValid)
            .await;
    }
}

/// A node that starts without a table names it and a step that helps, and so does a repair.
async fn starts_on_nothing_that_lacks(agency: &TestAgency, table: &str) {
    let data = agency.data().to_str().expect("a path in Unicode");
    for command in ["run", "repair"] {
        let refused = program::run("comityd", [command, "--data", data], b"").await;
        assert_eq!(refused.code, Some(1), "{command}, {table}: {refused:?}");
        let said = in_one_line(&refused.stderr);
        for words in [&format!("the table `{table}`"), "the last backup", "`comityd rebuild`"] {
            assert!(said.contains(words), "{command}: `{words}` is not in {said}");
        }
    }
}

async fn each_table_goes_away(mut home: Home, administrator: &Administrator<'_>) {
    let tables = administrator.tables();
    for (number, table) in tables.iter().enumerate() {
        administrator.takes_away(table);
        home.lacks(table).await;
        // The commands say what the node says.
        if number % 8 == 0 {
            home.commands_name(table).await;
        }
        administrator.puts_back(table);
        // As after a start, it waits for its peers' words, and the longer the more often it went: now and then is enough.
        if number % 12 == 0 {
            home.says(200, &[]).await;
            home.stands().await;
        }
    }
    home.says(200, &[]).await;
    home.stands().await;
    home.program.is_interrupted().await;
    let url = format!("{}/livez", home.sc().url());
    eventually("the node has stopped", async || {
        match http::try_send(http::client().get(&url)).await {
            Ok(_) => Err("it answers".to_owned()),
            Err(_) => Ok(()),
        }
    })
    .await;
    let (_, said) = std::mem::replace(&mut home.program, Program::comityd(["--version"]))
        .ends()
        .await;
    assert!(said.contains("the node has stopped"), "{said}");
    for table in &tables {
        administrator.takes_away(table);
        starts_on_nothing_that_lacks(home.sc(), table).await;
        administrator.puts_back(table);
    }
    home.program = home.sc().starts_program(&[]).await;
    home.says(200, &[]).await;
    home.stands().await;
    let issuers = home.sc().employer().reads("/v1/issuers").await.with_status(200).text();
    assert!(
        !issuers.contains("Issuer of Nobody"),
        "what was refused was not done: {issuers}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_table_of_sqlite_that_goes_away_is_named_until_it_is_back() {
    let home = Home::begins(None).await;
    let administrator = Administrator::Sqlite(home.sc().data().to_owned());
    each_table_goes_away(home, &administrator).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_table_of_postgresql_that_goes_away_is_named_until_it_is_back() {
    let server = PostgresServer::start();
    let url = server.gains_a_database(DATABASE, server.port());
    each_table_goes_away(Home::begins(Some(&url)).await, &Administrator::Postgres(&server)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_process_of_an_agency_names_a_table_that_goes_away() {
    let server = PostgresServer::start();
    let url = server.gains_a_database(DATABASE, server.port());
    let databases = |id: &str| (id == "US-SC").then(|| url.clone());
    let federation = Federation::start_in(&["US-SC", "US-TN"], OFTEN, StoreBackend::Sqlite, &databases).await;
    let sc = federation.agency("US-SC");
    sc.stops().await;
    let mut processes = AgencyProcess::start(sc, 2, 2).await;
    let administrator = Administrator::Postgres(&server);
    for table in ["credentials", "entries", "audit", "lease"] {
        administrator.takes_away(table);
        for process in &mut processes {
            process.says(503, &format!("the table `{table}`")).await;
        }
        administrator.puts_back(table);
        for process in &mut processes {
            process.says(200, "ready").await;
        }
    }
}

/// Whoever asks first may wait for some seconds; then it is known, and nobody waits.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_long_for_a_database_that_is_away() {
    let server = PostgresServer::start();
    let url = server.gains_a_database(DATABASE, server.port());
    let mut home = Home::begins(Some(&url)).await;
    for how in [ShutdownMode::Fast, ShutdownMode::Immediate] {
        home.stands().await;
        server.stops(how);
        let asks = async |most: Duration| {
            let begun = Instant::now();
            let reply = home.checks(&home.good).await;
            assert_eq!(reply.status, 503, "{how:?}: {}", reply.text());
            assert!(begun.elapsed() < most, "{how:?}: {:?}", begun.elapsed());
        };
        asks(Duration::from_secs(6)).await;
        for _ in 0..20 {
            asks(Duration::from_secs(1)).await;
        }
        let of_revoked = home.checks(&home.revoked).await;
        assert_eq!(of_revoked.status, 503, "{}", of_revoked.text());
        server.starts();
        home.says(200, &[]).await;
    }
    home.stands().await;
}
