//! Whatever a disk gives back instead of what it was given: in each column of each table a byte is changed, and of each
//! table a row is gone. A node that starts on that, with nobody to ask, shows no revoked badge as accepted; one that does
//! not start says what to do. Promise 2.
//!
//! Here is a slice, from a seed; `tests/campaign damage` goes through all of it.

use std::{
    collections::BTreeSet,
    path::Path,
    time::{Duration, Instant},
};

use rand::RngExt as _;
use registry_schema::{StatusReason, StatusState, VerdictKind};
use tests::{Employer, ExchangeIntervals, Federation, IssuedBadge, Program, TestAgency, chance, eventually, http};

/// Tells the tables and columns of a store, or damages one: a column in a row, or a row.
const SCRIPT: &str = r"
import random, sqlite3, sys
file, table, column, seed = sys.argv[1:]
db = sqlite3.connect(file)
names = [row[0] for row in db.execute('SELECT name FROM sqlite_master WHERE type = ? ORDER BY name', ('table',))]
if table == '':
    for name in names:
        if not name.startswith('sqlite_') and db.execute(f'SELECT count(*) FROM {name}').fetchone()[0]:
            print(name, '*')
            for described in db.execute(f'PRAGMA table_info({name})').fetchall():
                print(name, described[1])
    sys.exit()
chance = random.Random(int(seed))
rows = [row[0] for row in db.execute(f'SELECT rowid FROM {table} ORDER BY rowid')]
row = chance.choice(rows)
if column == '*':
    db.execute(f'DELETE FROM {table} WHERE rowid = ?', (row,))
    print('deleted row', row)
else:
    chance.shuffle(rows)
    for row in rows:
        value = db.execute(f'SELECT {column} FROM {table} WHERE rowid = ?', (row,)).fetchone()[0]
        if value is None or value in ('', b''):
            continue
        if isinstance(value, int):
            other = value ^ (1 << chance.randrange(20))
        else:
            other = bytearray(value.encode() if isinstance(value, str) else value)
            at = chance.randrange(len(other))
            other[at] ^= 1 << chance.randrange(7)
            try:
                other = other.decode('ascii') if isinstance(value, str) else bytes(other)
            except UnicodeDecodeError:
                continue
        try:
            db.execute(f'UPDATE {table} SET {column} = ? WHERE rowid = ?', (other, row))
        except sqlite3.IntegrityError:
            continue
        print('changed row', row, 'from', value if isinstance(value, int) else len(value), 'to', other if isinstance(value, int) else '')
        break
db.commit()
";

/// A column of a table, or `*` for a whole row of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ColumnRef {
    table: String,
    column: String,
}

fn run_script(store: &Path, place: &ColumnRef, seed: u64) -> String {
    let done = std::process::Command::new("python3")
        .args(["-c", SCRIPT])
        .arg(store)
        .args([&place.table, &place.column, &seed.to_string()])
        .output()
        .expect("python3 runs");
    assert!(
        done.status.success(),
        "{place:?}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    String::from_utf8(done.stdout).expect("text")
}

fn places(store: &Path) -> BTreeSet<ColumnRef> {
    let nowhere = ColumnRef {
        table: String::new(),
        column: String::new(),
    };
    let told = run_script(store, &nowhere, 0);
    let place = |line: &str| {
        let (table, column) = line.split_once(' ').expect("a table and a column");
        let [table, column] = [table, column].map(str::to_owned);
        ColumnRef { table, column }
    };
    told.lines().map(place).collect()
}

/// The files of a store at rest.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(to).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.to_string_lossy().contains("registry.sqlite") {
            std::fs::remove_file(path).expect("a file of the store");
        }
    }
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.to_string_lossy().contains("registry.sqlite") {
            std::fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("a copy");
        }
    }
}

/// Starts the node; gives it once it answers and is not restoring, or what it said when it ended.
async fn start(agency: &TestAgency, badge: &IssuedBadge) -> Result<Program, String> {
    let data = agency.data().to_str().expect("a path in Unicode");
    let mut program = Program::comityd(["run", "--data", data]);
    let (client, url) = (http::client(), format!("{}/v1/verifications", agency.url()));
    let begun = Instant::now();
    loop {
        assert!(
            begun.elapsed() < tests::wait::PATIENCE,
            "it neither answers nor ends: {}",
            program.said()
        );
        if program.ended().is_some() {
            return Err(said_at_its_end(&program).await);
        }
        match http::try_send(client.post(&url).body(badge.bytes())).await {
            Ok(reply) if !reply.text().contains("node.restoring") => return Ok(program),
            _ => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// A federation with a node that knows of three badges that do not hold, and of one that does.
struct DamageScenario {
    federation: Federation,
    restricted: Vec<IssuedBadge>,
    good: IssuedBadge,
}

impl DamageScenario {
    async fn make() -> Self {
        let rhythm = ExchangeIntervals {
            heartbeat_every: 2,
            exchange_every: 1,
            ..ExchangeIntervals::default()
        };
        let federation = Federation::start_with(&["US-SC", "US-TN"], rhythm).await;
        let [sc, tn] = ["US-SC", "US-TN"].map(|id| federation.agency(id));
        let mut restricted = Vec::new();
        for home in [sc, tn] {
            let issuer = home.registers("Palmetto Educator Institute").await;
            sc.recognizes(&issuer).await;
            tn.recognizes(&issuer).await;
            let badge = home.issues(&issuer, "Riley Brooks").await;
            home.revokes(&badge, StatusReason::IssuedInError).await;
            restricted.push(badge);
            let badge = home.issues(&issuer, "Sam Lee").await;
            let suspended = home.tries_to_change(badge.code(), StatusState::Suspended, StatusReason::Administrative);
            suspended.await.with_status(201);
            restricted.push(badge);
        }
        let issuer = sc.registers("Midlands Learning Center").await;
        tn.recognizes(&issuer).await;
        let good = sc.issues(&issuer, "Jordan Avery").await;
        federation.awaits(tn, &good, VerdictKind::Accepted).await;
        for badge in &restricted {
            federation.awaits(tn, badge, VerdictKind::NotValid).await;
        }
        Self {
            federation,
            restricted,
            good,
        }
    }

    /// Lists what the node says that it must not, if anything.
    async fn wrong(&self, agency: &TestAgency) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut program = match start(agency, &self.good).await {
            Ok(program) => program,
            Err(said) => return does_not_say_what_to_do(&said),
        };
        let url = format!("{}/v1/verifications", agency.url());
        for badge in &self.restricted {
            let request = http::client().post(&url).body(badge.bytes());
            match http::try_send(request.header("content-type", "application/octet-stream")).await {
                Ok(reply) if reply.status == 200 && reply.value()["verdict"] == "accepted" => {
                    wrong.push(format!("a false green: {}", reply.text()));
                }
                Ok(_) => {}
                Err(error) => {
                    let ends = eventually("it ends, as it does not answer", async || {
                        program.ended().map(drop).ok_or_else(|| error.clone())
                    });
                    ends.await;
                    wrong.extend(does_not_say_what_to_do(&said_at_its_end(&program).await));
                    return wrong;
                }
            }
        }
        if program.said().contains("panicked") {
            wrong.push(format!("it panics: {}", program.said()));
        }
        program.is_killed().await;
        wrong
    }
}

fn does_not_say_what_to_do(said: &str) -> Vec<String> {
    let says = ["comityd repair", "comityd rebuild", "backup"];
    let is_told = says.iter().any(|one| said.contains(one)) && !said.contains("panicked");
    let wrong = (!is_told).then(|| format!("it ends and does not say what to do: {said}"));
    wrong.into_iter().collect()
}

/// Everything that a program said that has ended: the last of it may still be on its way.
async fn said_at_its_end(program: &Program) -> String {
    let said = tokio::time::timeout(Duration::from_secs(5), async {
        while !program.said().contains("rror") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    let _ = said.await;
    program.said()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_byte_or_row_of_the_store_is_lost_nothing_revoked_is_accepted() {
    let scenery = DamageScenario::make().await;
    let tn = scenery.federation.agency("US-TN");
    tn.stops().await;
    scenery.federation.link("US-TN", "US-SC").cut().await;
    let whole = tempfile::tempdir().expect("a folder");
    copy(tn.data(), whole.path());

    // Undamaged, with nobody to ask, it answers all: so that what follows can fail.
    let mut program = start(tn, &scenery.good).await.expect("it starts");
    let employer = Employer::at(tn.url());
    assert_eq!(employer.verifies(&scenery.good).await.verdict, VerdictKind::Accepted);
    for badge in &scenery.restricted {
        assert_eq!(employer.verifies(badge).await.verdict, VerdictKind::NotValid);
    }
    program.is_killed().await;

    let mut rng = chance::seeded("damage_to_every_column");
    let rounds: u32 = std::env::var("COMITY_DAMAGE_ROUNDS").map_or(0, |rounds| rounds.parse().expect("a number"));
    let mut all: Vec<ColumnRef> = places(&whole.path().join("registry.sqlite")).into_iter().collect();
    assert!(all.len() > 60, "{all:?}");
    if rounds == 0 {
        all.retain(|_| rng.random_ratio(1, 8));
    }
    let mut wrong = Vec::new();
    for place in (0..rounds.max(1)).flat_map(|_| all.clone()) {
        copy(whole.path(), tn.data());
        let damage = run_script(&tn.data().join("registry.sqlite"), &place, rng.random_range(0..1 << 32));
        if damage.is_empty() {
            continue;
        }
        let found = scenery.wrong(tn).await;
        wrong.extend(
            found
                .into_iter()
                .map(|what| format!("{place:?}, {}: {what}", damage.trim())),
        );
    }
    assert!(wrong.is_empty(), "{} places:\n{}", wrong.len(), wrong.join("\n\n"));
}
