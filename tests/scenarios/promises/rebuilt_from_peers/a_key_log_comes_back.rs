//! An agency whose own key log is damaged or gone goes on: `comityd repair` gets it back from peers or from a file, and takes
//! nothing that its root did not sign, nor less than there was. Promise 6.

use std::path::Path;

use agency::root;
use node::config::Config;
use protocol::{
    SigningKey,
    key_log::{KeyLogAct, WriterKey},
};
use registry_schema::{Issuer, StatusReason, Timestamp, VerdictKind};
use tests::{
    ExchangeIntervals, Federation, IssuedBadge, StoreBackend, TeacherScenario, TestAgency, ports, program,
    program::ProgramOutput,
};

use super::damage_is_one_agencys::flips;

const OFTEN: ExchangeIntervals = ExchangeIntervals {
    heartbeat_every: 2,
    heartbeat_term: 86_400,
    exchange_every: 1,
};

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in Unicode")
}

/// Runs a statement on a stopped node's SQLite, and gives the first column of the rows, in hexadecimal.
fn asks_sqlite(agency: &TestAgency, sql: &str) -> Vec<String> {
    let script = "
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
for row in db.execute(sys.argv[2]).fetchall():
    print(row[0].hex())
db.commit()
";
    let asked = std::process::Command::new("python3")
        .args(["-c", script])
        .arg(agency.data().join("registry.sqlite"))
        .arg(sql)
        .output()
        .expect("python3 runs");
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let rows = String::from_utf8(asked.stdout).expect("text");
    rows.lines().map(str::to_owned).collect()
}

fn key_logs(agency: &TestAgency) -> Vec<String> {
    asks_sqlite(agency, "SELECT entries FROM key_logs ORDER BY agency")
}

async fn repairs(agency: &TestAgency, more: &[&str]) -> ProgramOutput {
    let arguments = [&["repair", "--data", text(agency.data())], more].concat();
    program::run("comityd", arguments, b"").await
}

/// It is refused, says these words, and the key logs in the store are as they were.
async fn is_refused(agency: &TestAgency, more: &[&str], words: &[&str]) {
    let before = key_logs(agency);
    let refused = repairs(agency, more).await;
    assert_eq!(refused.code, Some(1), "{more:?}: {refused:?}");
    for word in words {
        assert!(
            refused.stderr.contains(word),
            "{more:?}: `{word}` is not in {}",
            refused.stderr
        );
    }
    assert_eq!(key_logs(agency), before, "{more:?} changed the store");
}

async fn does_not_start(agency: &TestAgency) {
    let refused = program::run("comityd", ["run", "--data", text(agency.data())], b"").await;
    assert_ne!(refused.code, Some(0), "{refused:?}");
    assert!(refused.stderr.contains("comityd repair"), "{}", refused.stderr);
}

async fn is_repaired(agency: &TestAgency, more: &[&str]) -> String {
    let repaired = repairs(agency, more).await;
    assert_eq!(repaired.code, Some(0), "{more:?}: {repaired:?}");
    repaired.stdout
}

/// It runs, its badge is accepted, and what it revokes is revoked everywhere.
async fn goes_on(federation: &Federation, agency: &TestAgency, good: &IssuedBadge, revoked: &IssuedBadge) {
    agency.starts().await;
    federation.meets().await;
    for other in federation.agencies() {
        federation.awaits(other, good, VerdictKind::Accepted).await;
    }
    agency.revokes(revoked, StatusReason::IssuedInError).await;
    for other in federation.agencies() {
        federation.awaits(other, revoked, VerdictKind::NotValid).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_or_missing_own_key_log_comes_back_from_peers() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge_and(OFTEN).await;
    let [nc, sc] = ["US-NC", "US-SC"].map(|id| federation.agency(id));
    let mut revoked = Vec::new();
    for subject in ["Riley Brooks", "Sam Lee"] {
        revoked.push(sc.issues(&issuer, subject).await);
    }
    let genesis = sc.genesis().to_string();
    let removes = format!("DELETE FROM key_logs WHERE agency = x'{genesis}'");
    for (round, revoked) in revoked.iter().enumerate() {
        federation.awaits(nc, revoked, VerdictKind::Accepted).await;
        sc.stops().await;
        match round {
            0 => flips(sc, "key_logs", "entries", sc, 0.5),
            _ => drop(asks_sqlite(sc, &removes)),
        }
        does_not_start(sc).await;
        let nowhere = format!("http://127.0.0.1:{}", ports::free());
        let words = ["nobody gave another", &nowhere, "--from", "--key-log", "backup"];
        is_refused(sc, &["--from", &nowhere], &words).await;
        // The first time of those whom it knows, the second time of one that is named, as JSON.
        if round == 0 {
            let said = is_repaired(sc, &[]).await;
            for words in [
                "put this node's own key log back",
                nc.url(),
                "it was damaged",
                "start the node",
            ] {
                assert!(said.contains(words), "`{words}` is not in {said}");
            }
        } else {
            let said = is_repaired(sc, &["--from", nc.url(), "--json"]).await;
            let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
            assert_eq!(said["key_log"]["entries"], 1, "{said}");
            assert_eq!(said["key_log"]["from"], serde_json::json!([nc.url()]), "{said}");
        }
        assert_eq!(is_repaired(sc, &[]).await.trim(), "nothing is damaged");
        goes_on(&federation, sc, &badge, revoked).await;
        assert_eq!(
            sc.audited("store.key_log").await,
            i64::try_from(round + 1).expect("few")
        );
    }
    federation.audit().await;
}

/// South Carolina has a second writer key since an earlier export: her key log has two entries, and is damaged.
struct DamagedKeyLog {
    scene: TeacherScenario,
    revoked: IssuedBadge,
    folder: tempfile::TempDir,
}

impl DamagedKeyLog {
    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    async fn make() -> Self {
        let scene = Federation::with_a_badge_and(OFTEN).await;
        let damaged = Self {
            revoked: scene
                .federation
                .agency("US-SC")
                .issues(&scene.issuer, "Riley Brooks")
                .await,
            folder: tempfile::tempdir().expect("a folder"),
            scene,
        };
        let [nc, sc] = ["US-NC", "US-SC"].map(|id| damaged.scene.federation.agency(id));
        let does = async |agency: &TestAgency, line: &[&str]| {
            let ended = agency.comity(&[&["--yes"], line].concat()).await;
            assert_eq!(ended.code, Some(0), "comity {line:?}: {ended:?}");
        };
        does(nc, &["key", "export", &damaged.file("nc.key-log")]).await;
        does(sc, &["key", "export", &damaged.file("old.key-log")]).await;
        let entry = damaged.file("new.entry");
        does(sc, &["key", "rotate", "--out", &entry]).await;
        let root = sc.data().join("keys/root.key").display().to_string();
        let signed = program::run("comityd", ["root", "sign", &entry, "--root", &root, "--yes"], b"").await;
        assert_eq!(signed.code, Some(0), "{signed:?}");
        does(sc, &["key", "apply", &entry]).await;
        does(sc, &["key", "export", &damaged.file("sc.key-log")]).await;
        let whole = std::fs::read_to_string(damaged.file("sc.key-log")).expect("a key log");
        let middle = whole.len() - 200;
        let other = if whole.as_bytes()[middle] == b'A' { "B" } else { "A" };
        let mut altered = whole;
        altered.replace_range(middle..=middle, other);
        std::fs::write(damaged.file("altered.key-log"), altered).expect("a file");
        sc.stops().await;
        damaged
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_own_key_log_from_a_file_is_taken_if_it_is_the_agencys_whole_and_unaltered() {
    let damaged = DamagedKeyLog::make().await;
    let TeacherScenario { federation, badge, .. } = &damaged.scene;
    let sc = federation.agency("US-SC");
    let [nc_file, old, new, entry, altered] = [
        "nc.key-log",
        "old.key-log",
        "sc.key-log",
        "new.entry",
        "altered.key-log",
    ]
    .map(|name| damaged.file(name));
    // Of a sound store as of a damaged one.
    is_refused(sc, &["--key-log", &old], &["1 of the 2 entries", "nothing was changed"]).await;
    is_refused(sc, &["--key-log", &nc_file], &["`US-NC`"]).await;
    for part in [0.2, 0.9] {
        flips(sc, "key_logs", "entries", sc, part);
        does_not_start(sc).await;
        for (file, words) in [
            (&nc_file, "`US-NC`"),
            (&altered, "as its root signed it"),
            (&old, "--accept-shorter"),
            (&new.replace("sc.key-log", "none"), "cannot be read"),
        ] {
            is_refused(sc, &["--key-log", file], &[words]).await;
        }
        // Whoever has no more may say so; what turns up later is added.
        if part < 0.5 {
            let said = is_repaired(sc, &["--key-log", &old, "--accept-shorter"]).await;
            assert!(said.contains("with 1 entries"), "{said}");
        }
        // What the ceremony wrote does as well as an export.
        let right = if part < 0.5 { &new } else { &entry };
        let said = is_repaired(sc, &["--key-log", right]).await;
        let entries = if part < 0.5 { "it has 2 now" } else { "with 2 entries" };
        assert!(said.contains(entries), "{said}");
    }
    goes_on(federation, sc, badge, &damaged.revoked).await;
    federation.audit().await;
}

/// Her root signed another entry for the place of one that was applied.
#[tokio::test(flavor = "multi_thread")]
async fn two_histories_of_the_root_are_refused_until_a_rotation_ends_them() {
    let damaged = DamagedKeyLog::make().await;
    let TeacherScenario { federation, badge, .. } = &damaged.scene;
    let sc = federation.agency("US-SC");
    let before = std::fs::read_to_string(damaged.file("old.key-log")).expect("a key log");
    let before = root::key_log_from_text(&before).expect("a key log");
    let [of_root, of_next] = ["root.key", "next-root.key"].map(|name| sc.data().join("keys").join(name));
    let key = SigningKey::from_seed(&[7; 32]).expect("a key");
    let act = KeyLogAct::WriterAdded(WriterKey::of_all(key.public()));
    let mut rival = before.propose(act, Timestamp(1_700_000_000_000)).expect("an entry");
    rival.sign(&root::key(&of_root).expect("a key"));
    let file = damaged.file("rival.entry");
    let written = root::entry_to_text(&rival, &before).expect("a text");
    std::fs::write(&file, written).expect("a file");
    let words = ["signed two histories", "comityd root rotate", "disputed.key-log"];
    is_refused(sc, &["--key-log", &file], &words).await;
    flips(sc, "key_logs", "entries", sc, 0.9);
    is_refused(
        sc,
        &["--key-log", &file, "--key-log", &damaged.file("sc.key-log")],
        &words,
    )
    .await;

    let (disputed, entry) = (sc.data().join("disputed.key-log"), damaged.file("rotation.entry"));
    let (after, next) = (damaged.file("after.key"), text(&of_next).to_owned());
    let rotates = [
        "root",
        "rotate",
        text(&disputed),
        "--root",
        &next,
        "--next",
        &after,
        "--out",
        &entry,
    ];
    let rotated = program::run("comityd", rotates, b"").await;
    assert_eq!(rotated.code, Some(0), "{rotated:?}");
    let said = is_repaired(sc, &["--key-log", &entry]).await;
    assert!(said.contains("with 4 entries"), "{said}");
    goes_on(federation, sc, badge, &damaged.revoked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_own_key_log_on_postgresql_comes_back_from_peers_too() {
    let federation = Federation::start_on(&["US-NC", "US-SC", "US-TN"], OFTEN, StoreBackend::Postgres).await;
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = federation.gains_a_badge().await;
    let sc = federation.agency("US-SC");
    let revoked = sc.issues(&issuer, "Riley Brooks").await;
    federation
        .awaits(federation.agency("US-TN"), &revoked, VerdictKind::Accepted)
        .await;
    sc.stops().await;
    let config = Config::load(sc.data()).expect("a configuration");
    let sql = format!(
        r"UPDATE key_logs SET entries = set_byte(entries, 100, get_byte(entries, 100) # 65) WHERE agency = '\x{}'",
        sc.genesis()
    );
    let damaged = std::process::Command::new("psql")
        .args([&config.database.expect("a database"), "-qc", &sql])
        .status();
    assert!(damaged.expect("psql runs").success());
    does_not_start(sc).await;
    let said = is_repaired(sc, &[]).await;
    assert!(said.contains("put this node's own key log back"), "{said}");
    goes_on(&federation, sc, &badge, &revoked).await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_key_of_an_issuer_is_named_wherever_it_is_asked_for_and_a_new_one_takes_its_place() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge_and(OFTEN).await;
    let sc = federation.agency("US-SC");
    let warned = async || {
        let warnings = sc.asks(reqwest::Method::GET, "/v1/warnings", None).await;
        warnings.with_status(200).text()
    };
    assert!(!warned().await.contains("issuer.key_damaged"));
    sc.stops().await;
    let damages = "UPDATE issuer_keys SET seed = zeroblob(length(seed))";
    asks_sqlite(sc, damages);
    sc.starts().await;
    federation.meets().await;

    let new = serde_json::json!({"issuer": issuer.id, "subject": "Alex Jordan", "achievement": {"name": "Assessment"}});
    let refused = sc.asks(reqwest::Method::POST, "/v1/credentials", Some(&new)).await;
    let refused = refused.problem(409, "act.conflict");
    let rekey = format!("comity issuer rekey {}", issuer.id);
    for words in [issuer.id.as_str(), "backup", &rekey] {
        assert!(refused.detail.contains(words), "`{words}` is not in {refused:?}");
    }
    let told = warned().await;
    assert!(told.contains("issuer.key_damaged") && told.contains(&rekey), "{told}");
    let status = sc.comity(&["status"]).await.stdout;
    let status: Vec<&str> = status.split_whitespace().collect();
    assert!(
        status.join(" ").contains("is damaged in this node's store"),
        "{status:?}"
    );
    let page = sc.employer().reads("/help/issuer.key_damaged").await.with_status(200);
    assert!(page.text().contains("comity issuer rekey"));

    // What was issued with it stays good, and can be revoked.
    federation
        .awaits(federation.agency("US-TN"), &badge, VerdictKind::Accepted)
        .await;
    sc.stops().await;
    let said = is_repaired(sc, &[]).await;
    assert!(said.contains("not mended") && said.contains(&rekey), "{said}");
    sc.starts().await;
    federation.meets().await;
    sc.revokes(&badge, StatusReason::IssuedInError).await;
    federation
        .awaits(federation.agency("US-TN"), &badge, VerdictKind::NotValid)
        .await;
    federation.audit().await;
    let rekeyed = sc.comity(&["--yes", "issuer", "rekey", &issuer.id]).await;
    assert_eq!(rekeyed.code, Some(0), "{rekeyed:?}");
    assert!(!warned().await.contains("issuer.key_damaged"));
    let issuers: Vec<Issuer> = sc
        .employer()
        .reads("/v1/issuers?agency=US-SC")
        .await
        .with_status(200)
        .json();
    let now = issuers
        .iter()
        .find(|one| one.name == issuer.name && one.id != issuer.id);
    let again = sc.issues(now.expect("an issuer with a new key"), "Casey Morgan").await;
    federation.awaits(sc, &again, VerdictKind::Accepted).await;
}
