//! An agency whose database is lost comes back from its peers: what replicates whole, by one command; its old badges stay
//! good, its revocations hold, and it goes on with new keys.

use node::config::Config;
use platform::clock::Clock;
use registry_schema::{Issuer, StatusReason, Verdict, VerdictKind};
use tests::{
    Federation, IssuedBadge, TeacherScenario, TestAgency, VerdictAssertions as _, eventually, ports, program,
    program::{Program, ProgramOutput},
};

/// The command did what was asked.
fn done(ended: ProgramOutput) -> ProgramOutput {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended
}

fn text(path: &std::path::Path) -> &str {
    path.to_str().expect("a path")
}

/// Its operator comes back, and runs it.
async fn back(data: &std::path::Path) -> TestAgency {
    let config = Config::load(data).expect("a configuration");
    let agency = TestAgency::new(&config, data, Clock::default()).await;
    agency.starts().await;
    agency
}

/// Gives its issuer a new key; gives the issuer as it is now.
async fn rekeys(agency: &TestAgency, issuer: &Issuer) -> Issuer {
    let refused = agency.comity(&["issuer", "add", "--name", &issuer.name]).await;
    assert_eq!(refused.code, Some(5), "{refused:?}");
    assert!(
        refused.stderr.replace('\n', " ").contains("comity issuer rekey"),
        "{refused:?}"
    );
    let tried = done(agency.comity(&["issuer", "rekey", &issuer.name, "--dry-run"]).await);
    assert!(tried.stdout.starts_with("Nothing was changed"), "{tried:?}");
    done(agency.comity(&["issuer", "rekey", &issuer.name, "--yes"]).await);
    let again = agency.comity(&["issuer", "rekey", &issuer.id, "--yes"]).await;
    assert_eq!(again.code, Some(5), "its old key is retired already: {again:?}");
    let issuers: Vec<Issuer> = agency
        .employer()
        .reads("/v1/issuers?agency=US-SC")
        .await
        .with_status(200)
        .json();
    let mut named = issuers
        .into_iter()
        .filter(|one| one.name == issuer.name && one.id != issuer.id);
    named.next().expect("an issuer under the old name")
}

/// A rebuilt node does not know what was issued before, and denies nothing of it; nor does anybody who asks it.
async fn denies_nothing(at: &[&TestAgency], rebuilt: &TestAgency, badge: &IssuedBadge) {
    for agency in at {
        let code = badge.code().to_string();
        let reply = agency.employer().sends(code.as_bytes(), "text/plain", &[]).await;
        let verdict: Verdict = reply.with_status(200).json();
        let verdict = verdict.is(VerdictKind::CouldNotCheck);
        for words in ["lost its records of badges issued before", "badge file"] {
            assert!(verdict.sentence.contains(words), "{}", verdict.sentence);
        }
    }
    let reply = rebuilt
        .employer()
        .reads(&format!("/v1/credentials/{}", badge.code()))
        .await;
    assert!(reply.with_status(410).text().contains("/help/credential.records_lost"));
    let refused = rebuilt
        .comity(&[
            "--yes",
            "credential",
            "revoke",
            &badge.code().to_string(),
            "--reason",
            "misconduct",
        ])
        .await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        refused.stderr.replace('\n', " ").contains("--badge FILE"),
        "{refused:?}"
    );
}

/// Asserts what everybody says of the badges from before, in the end.
async fn stands(federation: &Federation, at: &[&TestAgency], good: &IssuedBadge, revoked: &IssuedBadge) {
    for agency in at {
        federation.awaits(agency, good, VerdictKind::Accepted).await;
        let verdict = federation.awaits(agency, revoked, VerdictKind::NotValid).await;
        verdict.finding("status.revoked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_its_keys_a_node_comes_back_from_a_peer_and_issues_again() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let [nc, sc, tn] = ["US-NC", "US-SC", "US-TN"].map(|id| federation.agency(id));
    let revoked = sc.issues(&issuer, "Riley Brooks").await;
    sc.revokes(&revoked, StatusReason::Misconduct).await;
    stands(&federation, &[nc, tn], &badge, &revoked).await;
    sc.stops().await;
    sc.loses_its_database().await;
    let data = text(sc.data());
    for refused in [
        vec!["run", "--data", data],
        vec![
            "init",
            "--agency",
            "US-SC",
            "--name",
            "South Carolina",
            "--url",
            "http://127.0.0.1:1",
            "--data",
            data,
        ],
    ] {
        let ended = program::run("comityd", refused, b"").await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains("comityd rebuild"), "{ended:?}");
    }
    // A source that has nothing changes nothing, so that it can be tried again.
    let nowhere = format!("http://127.0.0.1:{}", ports::free());
    let ended = program::run("comityd", ["rebuild", "--data", data, "--from", &nowhere], b"").await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let said = done(program::run("comityd", ["rebuild", "--data", data, "--from", nc.url()], b"").await).stdout;
    for words in [
        "rebuilt the node of US-SC",
        "lost with the database",
        "comity issuer rekey",
        "1 revocations and suspensions",
        "could not check",
    ] {
        assert!(said.contains(words), "`{words}` is not in:\n{said}");
    }
    let again = program::run("comityd", ["rebuild", "--data", data, "--from", nc.url()], b"").await;
    assert!(again.stderr.contains("holds a store"), "{again:?}");

    let sc = back(sc.data()).await;
    stands(&federation, &[nc, &sc, tn], &badge, &revoked).await;
    denies_nothing(&[nc, &sc, tn], &sc, &badge).await;
    let now = rekeys(&sc, &issuer).await;
    let new = sc.issues(&now, "Casey Morgan").await;
    assert_ne!(new.slot().0, badge.slot().0, "a list of its own");
    federation.awaits(&sc, &new, VerdictKind::Accepted).await;
    for other in [nc, tn] {
        other.recognizes(&now).await;
        federation.awaits(other, &new, VerdictKind::Accepted).await;
    }
    sc.revokes(&new, StatusReason::IssuedInError).await;
    federation.awaits(tn, &new, VerdictKind::NotValid).await;
    stands(&federation, &[nc, &sc, tn], &badge, &revoked).await;
    for agency in [nc, tn] {
        assert_eq!(agency.audited("replication.fork").await, 0, "one history");
    }
    sc.stops().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuilt_node_whose_issuers_key_was_stolen_calls_no_badge_of_before_forged() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let [nc, sc] = ["US-NC", "US-SC"].map(|id| federation.agency(id));
    federation.awaits(nc, &badge, VerdictKind::Accepted).await;
    sc.stops().await;
    sc.loses_its_database().await;
    done(
        program::run(
            "comityd",
            ["rebuild", "--data", text(sc.data()), "--from", nc.url()],
            b"",
        )
        .await,
    );
    let sc = back(sc.data()).await;
    federation.awaits(&sc, &badge, VerdictKind::Accepted).await;
    done(sc.comity(&["--yes", "issuer", "compromised", &issuer.name]).await);
    for agency in [nc, &sc] {
        let verdict = federation.awaits(agency, &badge, VerdictKind::CouldNotCheck).await;
        let told = &verdict.finding("issuer.key_compromised").detail;
        assert!(told.contains("lost its records of badges issued before"), "{told}");
    }
    sc.stops().await;
}

/// The peer that gives the files had not heard of the revocation; the one that had is away.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_rebuilt_from_a_peer_that_lags_is_believed_once_more_than_half_have_told() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let [nc, sc, tn] = ["US-NC", "US-SC", "US-TN"].map(|id| federation.agency(id));
    for agency in [nc, tn] {
        federation.awaits(agency, &badge, VerdictKind::Accepted).await;
    }
    nc.stops().await;
    sc.revokes(&badge, StatusReason::Misconduct).await;
    federation.awaits(tn, &badge, VerdictKind::NotValid).await;
    sc.stops().await;
    tn.stops().await;
    nc.starts().await;
    sc.loses_its_database().await;
    let rebuild = ["rebuild", "--data", text(sc.data()), "--from", nc.url()];
    let said = done(program::run("comityd", rebuild, b"").await).stdout;
    assert!(said.contains("more than half"), "{said}");
    let sc = back(sc.data()).await;
    let never_accepted = async |at: &TestAgency| {
        let verdict = at.employer().verifies(&badge).await;
        assert_ne!(verdict.verdict, VerdictKind::Accepted, "{verdict:#?}");
    };
    eventually("the one that lags has told", async || {
        never_accepted(&sc).await;
        let reply = sc.employer().reads("/readyz").await;
        match (reply.status, reply.text()) {
            (503, text) if text.contains("1 of the 2 agencies that are asked told") => Ok(()),
            (is, text) => Err(format!("{is} {text}")),
        }
    })
    .await;
    never_accepted(&sc).await;
    let refused = sc.comity(&["issuer", "rekey", &issuer.name, "--yes"]).await;
    assert_eq!(refused.code, Some(6), "nothing is written: {refused:?}");

    tn.starts().await;
    federation.awaits(&sc, &badge, VerdictKind::NotValid).await;
    sc.says_of_itself(200, "ready").await;
    rekeys(&sc, &issuer).await;
    federation.awaits(nc, &badge, VerdictKind::NotValid).await;
    for agency in [nc, tn] {
        assert_eq!(agency.audited("replication.fork").await, 0, "one history");
    }
    sc.stops().await;
}

/// Wherever it is killed: nobody takes what it left for the agency's store, and it can be done again.
#[tokio::test(flavor = "multi_thread")]
async fn a_rebuilding_that_was_broken_off_is_done_again_and_denies_nothing() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let [nc, sc] = ["US-NC", "US-SC"].map(|id| federation.agency(id));
    let lost = sc.stops_for_a_backup().await;
    drop(lost);
    sc.loses_its_database().await;
    let data = text(sc.data());
    let rebuild = ["rebuild", "--data", data, "--from", nc.url()];
    for wanted in [
        "registry.sqlite-rebuilding",
        "registry.sqlite",
        "registry.sqlite-reached",
    ] {
        let mut rebuilding = Program::comityd(rebuild);
        eventually(&format!("it made {wanted}"), async || {
            let is_made = sc.data().join(wanted).exists();
            is_made.then_some(()).ok_or_else(|| "not yet".to_owned())
        })
        .await;
        rebuilding.is_killed().await;
        assert!(
            sc.data().join("registry.sqlite-rebuilding").exists(),
            "it was killed too late"
        );
        for command in ["run", "repair"] {
            let refused = program::run("comityd", [command, "--data", data], b"").await;
            assert_eq!(refused.code, Some(1), "{refused:?}");
            assert!(refused.stderr.contains("broken off"), "{refused:?}");
        }
    }
    done(program::run("comityd", rebuild, b"").await);
    let again = back(sc.data()).await;
    denies_nothing(&[nc, &again], &again, &badge).await;
    federation.awaits(&again, &badge, VerdictKind::Accepted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_offline_root_alone_an_agency_comes_back_with_a_new_writer_key() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let [nc, sc, tn] = ["US-NC", "US-SC", "US-TN"].map(|id| federation.agency(id));
    let revoked = sc.issues(&issuer, "Riley Brooks").await;
    sc.revokes(&revoked, StatusReason::Misconduct).await;
    stands(&federation, &[nc], &badge, &revoked).await;
    let safe = tempfile::tempdir().expect("a safe");
    let root = safe.path().join("root.key");
    std::fs::copy(sc.data().join("keys/root.key"), &root).expect("the root's key");
    let listen = Config::load(sc.data()).expect("a configuration").listen.to_string();
    sc.stops().await;
    std::fs::remove_dir_all(sc.data()).expect("all is gone");

    let data = safe.path().join("node");
    let at_peers = format!("/ip4/127.0.0.1/tcp/{}", ports::free());
    let rebuild = async |root: &str| {
        let line = [
            "rebuild",
            "--data",
            text(&data),
            "--from",
            nc.url(),
            "--agency",
            "US-SC",
            "--root",
            root,
            "--listen",
            &listen,
            "--peer-listen",
            &at_peers,
        ];
        program::run("comityd", line, b"").await
    };
    let foreign = safe.path().join("foreign.key");
    done(program::run("comityd", ["root", "new", text(&foreign)], b"").await);
    let refused = rebuild(text(&foreign)).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(!data.exists(), "what failed leaves nothing");
    let said = done(rebuild(text(&root)).await).stdout;
    for words in ["the root signed", "its node has a new identity", "comity issuer rekey"] {
        assert!(said.contains(words), "`{words}` is not in:\n{said}");
    }

    let sc = back(&data).await;
    let ticket = done(program::run("comityd", ["ticket", "--no-qr", "--data", text(&data)], b"").await).stdout;
    for other in [nc, tn] {
        done(other.comity(&["peer", "add", "--yes", ticket.trim()]).await);
    }
    sc.says_of_itself(200, "ready").await;
    eventually("North Carolina hears the new writer key", async || {
        let (here, there) = (sc.key_log_head(sc.genesis()).await, nc.key_log_head(sc.genesis()).await);
        if here == there {
            Ok(())
        } else {
            Err(format!("{here:?} and {there:?}"))
        }
    })
    .await;
    let now = rekeys(&sc, &issuer).await;
    let new = sc.issues(&now, "Casey Morgan").await;
    nc.recognizes(&now).await;
    federation.awaits(nc, &new, VerdictKind::Accepted).await;
    stands(&federation, &[nc, &sc], &badge, &revoked).await;
    // The credential is lost, and its place is not: who has the badge can have it revoked.
    let (list, index) = badge.slot();
    let entry = serde_json::json!({"index": index, "status": "revoked", "reason": "superseded"});
    let path = format!("/v1/status-lists/{list}/entries");
    sc.asks(reqwest::Method::POST, &path, Some(&entry))
        .await
        .with_status(201);
    federation.awaits(nc, &badge, VerdictKind::NotValid).await;
    sc.stops().await;
}

/// The peer that an agency comes back from has not heard its last revocation, and another has.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_lags_brings_no_revocation_back() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let [nc, sc, tn] = ["US-NC", "US-SC", "US-TN"].map(|id| federation.agency(id));
    let revoked = sc.issues(&issuer, "Riley Brooks").await;
    federation.awaits(tn, &revoked, VerdictKind::Accepted).await;
    for other in ["US-SC", "US-NC"] {
        federation.link("US-TN", other).cut().await;
    }
    sc.revokes(&revoked, StatusReason::Misconduct).await;
    stands(&federation, &[nc], &badge, &revoked).await;
    let safe = tempfile::tempdir().expect("a safe");
    let root = safe.path().join("root.key");
    std::fs::copy(sc.data().join("keys/root.key"), &root).expect("the root's key");
    let listen = Config::load(sc.data()).expect("a configuration").listen.to_string();
    sc.stops().await;

    let data = safe.path().join("node");
    let at_peers = format!("/ip4/127.0.0.1/tcp/{}", ports::free());
    let mut line = vec![
        "rebuild",
        "--data",
        text(&data),
        "--from",
        tn.url(),
        "--agency",
        "US-SC",
    ];
    line.extend(["--root", text(&root), "--listen", &listen, "--peer-listen", &at_peers]);
    done(program::run("comityd", line, b"").await);
    let sc = back(&data).await;
    let ticket = done(program::run("comityd", ["ticket", "--no-qr", "--data", text(&data)], b"").await).stdout;
    for other in [nc, tn] {
        done(other.comity(&["peer", "add", "--yes", ticket.trim()]).await);
    }
    for other in ["US-SC", "US-NC"] {
        federation.link("US-TN", other).heal().await;
    }
    for other in [nc, tn] {
        eventually("it hears the new writer key", async || {
            let (here, there) = (
                sc.key_log_head(sc.genesis()).await,
                other.key_log_head(sc.genesis()).await,
            );
            if here == there {
                Ok(())
            } else {
                Err(format!("{here:?} and {there:?}"))
            }
        })
        .await;
    }
    stands(&federation, &[nc, tn, &sc], &badge, &revoked).await;
    sc.stops().await;
}
