//! An agency's keys change in an offline ceremony, on files carried by hand; what an honest key signed stays, and what a
//! stolen one signed goes.

use std::path::{Path, PathBuf};

use registry_schema::{Purpose, RecognitionScope, StatusReason, StatusState, VerdictKind};
use tests::{Federation, TeacherScenario, TestAgency, VerdictAssertions as _, eventually, http, program};

/// An operator's terminal, and the folder that is carried to the machine with the root key.
struct KeyCeremony {
    folder: tempfile::TempDir,
    profile: PathBuf,
    root: PathBuf,
    next_root: PathBuf,
}

impl KeyCeremony {
    fn at(agency: &TestAgency) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let profile = folder.path().join("profile.toml");
        let text = format!(
            "node = \"{}\"\nagency = \"{}\"\ntoken = \"{}\"\n",
            agency.url(),
            agency.id(),
            agency.token()
        );
        std::fs::write(&profile, text).expect("a profile");
        let keys = agency.data().join("keys");
        // The root's keys are offline from now on.
        let carry = |name: &str| {
            let to = folder.path().join(name);
            std::fs::rename(keys.join(name), &to).expect("a key to carry away");
            to
        };
        let (root, next_root) = (carry("root.key"), carry("next-root.key"));
        Self {
            folder,
            profile,
            root,
            next_root,
        }
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    async fn comity(&self, line: &[&str]) -> program::ProgramOutput {
        let profile = self.profile.display().to_string();
        program::comity([&["--profile", &profile, "--yes"], line].concat()).await
    }

    async fn does(&self, line: &[&str]) -> String {
        let ended = self.comity(line).await;
        assert_eq!(ended.code, Some(0), "comity {line:?}: {ended:?}");
        ended.stdout
    }

    async fn signs(&self, entry: &str, root: &Path) -> program::ProgramOutput {
        let root = root.display().to_string();
        program::run("comityd", ["root", "sign", entry, "--root", &root, "--yes"], b"").await
    }

    /// Signs an entry with any key, as other software would.
    fn forges(&self, entry: &str, key: &Path) {
        let text = std::fs::read_to_string(entry).expect("an entry");
        let mut file = agency::root::EntryFile::from_text(&text).expect("an entry");
        file.entry.sign(&agency::root::key(key).expect("a key"));
        std::fs::write(entry, file.to_text().expect("a text")).expect("it is written");
    }

    /// Proposes, signs and applies.
    async fn holds(&self, name: &str, line: &[&str]) -> String {
        let entry = self.file(name);
        let said = self.does(&[line, &["--out", &entry]].concat()).await;
        assert_eq!(self.signs(&entry, &self.root).await.code, Some(0));
        self.does(&["key", "apply", &entry]).await;
        said
    }
}

async fn key_log(agency: &TestAgency) -> serde_json::Value {
    http::get(&format!("{}/v1/key-log", agency.url()))
        .await
        .with_status(200)
        .value()
}

/// The writer keys, the first one first: `(key, how it ended)`.
async fn writers(agency: &TestAgency) -> Vec<(String, Option<String>)> {
    let log = key_log(agency).await;
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let all = log["writers"].as_array().expect("writers").iter();
    all.map(|writer| (text(&writer["key"]).expect("a key"), text(&writer["ended"])))
        .collect()
}

async fn the_good_writer(agency: &TestAgency) -> String {
    let good: Vec<_> = writers(agency)
        .await
        .into_iter()
        .filter(|(_, ended)| ended.is_none())
        .collect();
    assert_eq!(good.len(), 1, "{good:?}");
    good[0].0.clone()
}

/// Waits until every node holds South Carolina's key log as far as she does.
async fn everyone_has_her_keys(federation: &Federation) {
    let sc = federation.agency("US-SC");
    let home = sc.genesis();
    for other in federation.agencies() {
        eventually(&format!("{} has the keys", other.id()), async || {
            let (here, there) = (sc.key_log_head(home).await, other.key_log_head(home).await);
            if here == there {
                Ok(())
            } else {
                Err(format!("{here:?} and {there:?}"))
            }
        })
        .await;
    }
}

/// A file lies at the vault while the node goes on.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_revoked_while_the_end_of_its_key_was_being_signed_stays_revoked() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    let suspended = sc.issues(&issuer, "Casey Morgan").await;
    let ceremony = KeyCeremony::at(sc);
    let old = the_good_writer(sc).await;
    ceremony.holds("new.entry", &["key", "rotate"]).await;
    let new = writers(sc)
        .await
        .into_iter()
        .find(|(key, _)| *key != old)
        .expect("a new key")
        .0;

    let entry = ceremony.file("end.entry");
    ceremony.does(&["key", "end", &new, "--retired", "--out", &entry]).await;
    sc.revokes(&badge, StatusReason::Misconduct).await;
    let suspends = sc.tries_to_change(suspended.code(), StatusState::Suspended, StatusReason::Administrative);
    suspends.await.with_status(201);
    let late = sc.issues(&issuer, "Sam Rivera").await;
    assert_eq!(ceremony.signs(&entry, &ceremony.root).await.code, Some(0));
    let said = ceremony.does(&["key", "apply", &entry]).await;
    assert!(!said.contains("that are gone"), "{said}");

    everyone_has_her_keys(&federation).await;
    // Written by the key that is left, after all of that.
    sc.revokes(&late, StatusReason::IssuedInError).await;
    for agency in federation.agencies() {
        for one in [&late, &badge, &suspended] {
            federation.awaits(agency, one, VerdictKind::NotValid).await;
        }
    }
    federation.audit().await;
}

/// It is beyond the end of a key that was retired, and more than is taken in of its agency.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_retired_key_revoked_counts_while_its_envelope_is_deferred_and_after_a_restart() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let [nc, sc, tn] = ["US-NC", "US-SC", "US-TN"].map(|id| federation.agency(id));
    tn.stops().await;
    let ceremony = KeyCeremony::at(sc);
    let old = the_good_writer(sc).await;
    ceremony.holds("new.entry", &["key", "rotate"]).await;
    let new = writers(sc).await.into_iter().find(|(key, _)| *key != old);
    let new = new.expect("a new key").0;
    let entry = ceremony.file("end.entry");
    ceremony.does(&["key", "end", &new, "--retired", "--out", &entry]).await;
    sc.revokes(&badge, StatusReason::Misconduct).await;
    assert_eq!(ceremony.signs(&entry, &ceremony.root).await.code, Some(0));
    ceremony.does(&["key", "apply", &entry]).await;
    federation.awaits(nc, &badge, VerdictKind::NotValid).await;

    let takes_in = |entries: u32| {
        let mut config = node::config::Config::load(tn.data()).expect("a configuration");
        config.quota.entries = entries;
        config.save(tn.data()).expect("a configuration is written");
    };
    let deferred = async || {
        let peers: Vec<serde_json::Value> = tn.employer().reads("/v1/peers").await.with_status(200).json();
        let of_sc = peers.into_iter().find(|peer| peer["agency"] == "US-SC");
        of_sc.expect("South Carolina is a peer")["deferred"].clone()
    };
    takes_in(1);
    for told_anew in [true, false] {
        tn.starts().await;
        if told_anew {
            federation.awaits(tn, &badge, VerdictKind::NotValid).await;
            assert_eq!(tn.key_log_head(sc.genesis()).await, sc.key_log_head(sc.genesis()).await);
        }
        let verdict = tn.employer().verifies(&badge).await;
        verdict.is(VerdictKind::NotValid).finding("status.revoked");
        let why = deferred().await;
        assert!(why["why"].as_str().is_some_and(|why| why.contains("entries")), "{why}");
        tn.stops().await;
        // At the second start nobody tells it again.
        for other in ["US-NC", "US-SC"] {
            federation.link("US-TN", other).cut().await;
        }
    }
    takes_in(4_000_000);
    for other in ["US-NC", "US-SC"] {
        federation.link("US-TN", other).heal().await;
    }
    tn.starts().await;
    federation.meets().await;
    eventually("nothing is deferred", async || match deferred().await {
        serde_json::Value::Null => Ok(()),
        why => Err(why.to_string()),
    })
    .await;
    tn.employer().verifies(&badge).await.is(VerdictKind::NotValid);
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_writer_key_takes_over_and_what_the_old_one_signed_stays_good() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    let early = sc.issues(&issuer, "Casey Morgan").await;
    sc.revokes(&early, StatusReason::Misconduct).await;
    let ceremony = KeyCeremony::at(sc);
    let old = the_good_writer(sc).await;

    ceremony.holds("new.entry", &["key", "rotate"]).await;
    let late = sc.issues(&issuer, "Sam Rivera").await;
    sc.revokes(&late, StatusReason::Misconduct).await;
    ceremony
        .holds("old.entry", &["key", "end", &old[..8], "--retired"])
        .await;
    let new = the_good_writer(sc).await;
    assert_ne!(new, old);
    everyone_has_her_keys(&federation).await;

    // She goes on with the new key alone, after a restart too, and is heard.
    sc.stops().await;
    sc.starts().await;
    federation.meets().await;
    let last = sc.issues(&issuer, "Riley Brooks").await;
    sc.revokes(&last, StatusReason::Misconduct).await;
    for other in federation.agencies() {
        for revoked in [&early, &late, &last] {
            federation.awaits(other, revoked, VerdictKind::NotValid).await;
        }
        federation.awaits(other, &badge, VerdictKind::Accepted).await;
    }
    federation.audit().await;
}

/// The key log names a key that is nowhere any more: nobody waits for its word.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_writer_key_is_replaced_while_peers_tell_how_far_the_log_reaches() {
    let federation = Federation::start(&["US-NC", "US-SC"]).await;
    federation.meets().await;
    let [nc, sc] = ["US-NC", "US-SC"].map(|id| federation.agency(id));
    let issuer = sc.registers("Palmetto Educator Academy").await;
    nc.recognizes(&issuer).await;
    let [badge, early] = [
        sc.issues(&issuer, "Ana Reyes").await,
        sc.issues(&issuer, "Casey Morgan").await,
    ];
    sc.revokes(&early, StatusReason::Misconduct).await;
    federation.awaits(nc, &early, VerdictKind::NotValid).await;
    let lost = the_good_writer(sc).await;
    let ceremony = KeyCeremony::at(sc);
    sc.stops().await;
    let key = sc.data().join("keys/writer.key");
    std::fs::write(&key, format!("{}\n", "5e".repeat(32))).expect("another key");
    sc.starts().await;
    federation.meets().await;

    ceremony.holds("new.entry", &["key", "rotate"]).await;
    ceremony
        .holds("old.entry", &["key", "end", &lost[..8], "--retired"])
        .await;
    assert_ne!(the_good_writer(sc).await, lost);
    everyone_has_her_keys(&federation).await;
    let late = sc.issues(&issuer, "Riley Brooks").await;
    sc.revokes(&late, StatusReason::Misconduct).await;
    for revoked in [&early, &late] {
        federation.awaits(nc, revoked, VerdictKind::NotValid).await;
    }
    federation.awaits(nc, &badge, VerdictKind::Accepted).await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stolen_key_wrote_is_void_everywhere_and_the_ceremony_lists_it_first() {
    let TeacherScenario { federation, issuer, .. } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    let (honest, stolen) = (
        sc.issues(&issuer, "Casey Morgan").await,
        sc.issues(&issuer, "Sam Rivera").await,
    );
    sc.revokes(&honest, StatusReason::Misconduct).await;
    let ceremony = KeyCeremony::at(sc);
    let old = the_good_writer(sc).await;
    let theft = federation.clock().now().plus_seconds(1);
    federation.clock().advance_hours(1);
    // The thief's revocation, and recognition.
    sc.revokes(&stolen, StatusReason::Misconduct).await;
    sc.acknowledged().pop();
    sc.recognizes_for(&issuer, &[Purpose::Salary], &RecognitionScope::All)
        .await;
    sc.acknowledged().pop();
    for other in federation.agencies() {
        federation.awaits(other, &stolen, VerdictKind::NotValid).await;
    }

    ceremony.holds("new.entry", &["key", "rotate"]).await;
    let theft = theft.to_string();
    let end = ["key", "end", &old, "--compromised", "--before", &theft];
    let listed = ceremony
        .does(&[&end[..], &["--dry-run", "--out", &ceremony.file("none")]].concat())
        .await;
    assert!(listed.contains(&stolen.code().to_string()), "{listed}");
    assert!(!listed.contains(&honest.code().to_string()), "{listed}");
    // What it granted is void too, and that is told in verdicts.
    let told = listed.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains("for salary advancement: from accepted, no published rate to not recognized"),
        "{told}"
    );
    assert!(
        !told.contains("license renewal"),
        "what was recognized before stands: {told}"
    );
    assert_eq!(writers(sc).await.len(), 2, "a dry run changes nothing");

    ceremony.holds("old.entry", &end).await;
    everyone_has_her_keys(&federation).await;
    for other in federation.agencies() {
        federation.awaits(other, &stolen, VerdictKind::Accepted).await;
        federation.awaits(other, &honest, VerdictKind::NotValid).await;
    }
    // The void revocation does not stand in the way of a good one.
    sc.revokes(&stolen, StatusReason::Misconduct).await;
    for other in federation.agencies() {
        federation.awaits(other, &stolen, VerdictKind::NotValid).await;
    }
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_root_changes_keys_and_the_next_root_takes_over_from_a_thief() {
    let federation = Federation::start(&["US-NC", "US-SC"]).await;
    let sc = federation.agency("US-SC");
    let ceremony = KeyCeremony::at(sc);
    let entry = ceremony.file("new.entry");
    // A dry run makes no key, and nobody can sign what it shows.
    let files = || std::fs::read_dir(sc.data().join("keys")).expect("keys").count();
    let before = files();
    let shown = ceremony.does(&["key", "rotate", "--dry-run", "--out", &entry]).await;
    assert!(shown.contains("an example"), "{shown}");
    assert!(files() == before && !Path::new(&entry).exists());
    ceremony.does(&["key", "rotate", "--out", &entry]).await;
    // A ceremony that is begun again goes on with the key that was made for it.
    let again = ceremony.file("again.entry");
    ceremony.does(&["key", "rotate", "--out", &again]).await;
    assert_eq!(files(), before + 1);
    assert!(ceremony.does(&["key", "list"]).await.contains("not in the log"));

    let unsigned = ceremony.comity(&["key", "apply", &entry]).await;
    assert_eq!(unsigned.code, Some(5), "{unsigned:?}");
    let stranger = ceremony.folder.path().join("stranger.key");
    let made = program::run("comityd", ["root", "new", &stranger.display().to_string()], b"").await;
    assert_eq!(made.code, Some(0), "{made:?}");
    assert_eq!(
        ceremony.signs(&entry, &stranger).await.code,
        Some(1),
        "it is no key of the root"
    );
    ceremony.forges(&entry, &stranger);
    let foreign = ceremony.comity(&["key", "apply", &entry]).await;
    assert_eq!(foreign.code, Some(5), "{foreign:?}");
    assert_eq!(writers(sc).await.len(), 1);

    // The rotation, all of it offline but for the export and the last step.
    let (log, rotation, after) = (
        ceremony.file("key-log"),
        ceremony.file("rotation"),
        ceremony.file("after.key"),
    );
    ceremony.does(&["key", "export", &log]).await;
    let root = ceremony.root.display().to_string();
    let by_the_old = program::run(
        "comityd",
        [
            "root", "rotate", &log, "--root", &root, "--next", &after, "--out", &rotation,
        ],
        b"",
    )
    .await;
    assert_eq!(by_the_old.code, Some(1), "{by_the_old:?}");
    let next = ceremony.next_root.display().to_string();
    let by_the_next = program::run(
        "comityd",
        [
            "root", "rotate", &log, "--root", &next, "--next", &after, "--out", &rotation,
        ],
        b"",
    )
    .await;
    assert_eq!(by_the_next.code, Some(0), "{by_the_next:?}");
    ceremony.does(&["key", "apply", &rotation]).await;
    everyone_has_her_keys(&federation).await;

    // The old root is worth nothing any more; the new one is.
    let entry = ceremony.file("by-the-old-root.entry");
    ceremony.does(&["key", "rotate", "--out", &entry]).await;
    assert_eq!(ceremony.signs(&entry, &ceremony.root).await.code, Some(1));
    ceremony.forges(&entry, &ceremony.root);
    assert_eq!(ceremony.comity(&["key", "apply", &entry]).await.code, Some(5));
    let entry = ceremony.file("by-the-new-root.entry");
    ceremony.does(&["key", "rotate", "--out", &entry]).await;
    assert_eq!(ceremony.signs(&entry, &ceremony.next_root).await.code, Some(0));
    ceremony.does(&["key", "apply", &entry]).await;

    let did = http::get(&format!("{}/.well-known/did.json", sc.url()))
        .await
        .with_status(200)
        .value();
    assert_eq!(did["verificationMethod"].as_array().map(Vec::len), Some(3), "{did}");
    federation.audit().await;
}

/// A key that may write status lists only cannot recognize anybody, and says so.
#[tokio::test(flavor = "multi_thread")]
async fn an_everyday_key_need_not_be_able_to_write_everything() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    let ceremony = KeyCeremony::at(sc);
    let key = the_good_writer(sc).await;
    // No other key writes her trust list: who signs and applies says that it is meant.
    let entry = ceremony.file("narrow.entry");
    ceremony
        .does(&["key", "scope", &key, "--kind", "status-list", "--out", &entry])
        .await;
    assert_eq!(ceremony.signs(&entry, &ceremony.root).await.code, Some(1));
    let root = ceremony.root.display().to_string();
    let meant = [
        "root",
        "sign",
        &entry,
        "--root",
        &root,
        "--yes",
        "--yes-end-this-agency",
    ];
    assert_eq!(program::run("comityd", meant, b"").await.code, Some(0));
    assert_eq!(ceremony.comity(&["key", "apply", &entry]).await.code, Some(5));
    ceremony.does(&["key", "apply", &entry, "--yes-end-this-agency"]).await;
    sc.revokes(&badge, StatusReason::IssuedInError).await;
    sc.asks(
        reqwest::Method::POST,
        "/v1/recognitions",
        Some(&serde_json::json!({"issuer": issuer.id, "purposes": ["salary"], "scope": "all"})),
    )
    .await
    .problem(503, "node.unavailable");
    for other in federation.agencies() {
        federation.awaits(other, &badge, VerdictKind::NotValid).await;
    }
    federation.audit().await;
}
