//! `comityd repair` waits for a process that was killed, names what it takes out that held a badge back, keeps a copy, and
//! leaves out of a damaged roster the damaged row alone. Promises 2 and 6.

use std::os::unix::fs::PermissionsExt as _;

use node::config::Config;
use registry_schema::{StatusReason, VerdictKind};
use reqwest::Method;
use tests::{
    ExchangeIntervals, Federation, StoreBackend, TeacherScenario, TestAgency, VerdictAssertions as _, damage, program,
    program::ProgramOutput,
};

const OFTEN: ExchangeIntervals = ExchangeIntervals {
    heartbeat_every: 2,
    heartbeat_term: 86_400,
    exchange_every: 1,
};

async fn repairs(agency: &TestAgency) -> ProgramOutput {
    let data = agency.data().to_str().expect("a path in Unicode");
    program::run("comityd", ["repair", "--data", data], b"").await
}

async fn is_repaired(agency: &TestAgency) -> String {
    let repaired = repairs(agency).await;
    assert_eq!(repaired.code, Some(0), "{repaired:?}");
    repaired.stdout.trim_end().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_that_only_a_row_tells_of_is_named_when_the_row_goes_and_kept_in_a_file() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge_and(OFTEN).await;
    let sc = federation.agency("US-SC");
    let revoked = sc.issues(&issuer, "Riley Brooks").await;
    sc.revokes(&revoked, StatusReason::IssuedInError).await;
    sc.stops().await;
    assert_eq!(is_repaired(sc).await, "nothing is damaged");
    let (genesis, (list, index), (_, model)) = (sc.genesis(), badge.slot(), revoked.slot());
    damage::on_sqlite(
        sc,
        &format!(
            "INSERT INTO entries (agency, document, name, surviving)
             SELECT agency, document, 'r/{index}', surviving FROM entries WHERE agency = x'{genesis}' AND name = 'r/{model}'"
        ),
    );
    let said = is_repaired(sc).await;
    let again = format!("comity credential revoke {}", badge.code());
    for words in [again.as_str(), &format!("list {list} index {index}"), "is kept in `"] {
        assert!(said.contains(words), "`{words}` is not in {said}");
    }
    assert!(!said.contains(&revoked.code().to_string()), "{said}");
    let (_, file) = said.split_once("is kept in `").expect("a file is named");
    let (file, _) = file.split_once('`').expect("a file is named");
    let mode = std::fs::metadata(file).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let kept = std::fs::read_to_string(file).expect("the file");
    for words in [format!("r/{index}"), genesis.to_string()] {
        assert!(kept.contains(&words), "`{words}` is not in {kept}");
    }
    sc.starts().await;
    federation.meets().await;
    for other in federation.agencies() {
        federation.awaits(other, &badge, VerdictKind::Accepted).await;
        federation.awaits(other, &revoked, VerdictKind::NotValid).await;
    }
    federation.audit().await;
}

/// One revocation is gone from the disk, with its row; the one after it is sound, and waits for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_repair_names_the_badge_that_lost_its_revocation_and_not_the_one_that_kept_it() {
    let federation = Federation::start_with(&["US-SC"], OFTEN).await;
    let sc = federation.agency("US-SC");
    let issuer = sc.registers("Palmetto Academy").await;
    sc.recognizes(&issuer).await;
    let lost = sc.issues(&issuer, "Riley Brooks").await;
    let kept = sc.issues(&issuer, "Jordan Avery").await;
    for badge in [&lost, &kept] {
        sc.revokes(badge, StatusReason::IssuedInError).await;
    }
    sc.stops().await;
    let (genesis, (_, index)) = (sc.genesis(), lost.slot());
    let newest = format!("SELECT max(position) FROM envelopes WHERE agency = x'{genesis}'");
    damage::on_sqlite(
        sc,
        &format!("DELETE FROM envelopes WHERE position = ({newest} AND position < ({newest}))"),
    );
    damage::on_sqlite(
        sc,
        &format!("DELETE FROM entries WHERE agency = x'{genesis}' AND name = 'r/{index}'"),
    );
    for _ in 0..2 {
        let said = is_repaired(sc).await;
        for words in [
            "as the audit trail says",
            &format!("comity credential revoke {} ", lost.code()),
        ] {
            assert!(said.contains(words), "`{words}` is not in {said}");
        }
        assert!(!said.contains(&kept.code().to_string()), "{said}");
    }
    sc.starts().await;
    sc.says_of_itself(503, "1 sound envelope of the own log is set aside")
        .await;
    sc.employer().verifies(&kept).await.is(VerdictKind::NotValid);
    sc.employer().verifies(&lost).await.is(VerdictKind::CouldNotCheck);

    // Nobody's word stands in for what is gone.
    let refused = sc.comity(&["--yes", "store", "accept"]).await;
    assert_eq!(refused.code, Some(5), "{refused:?}");
    for words in ["nothing was changed", "peer diff", "backup", "comityd rebuild"] {
        assert!(
            refused.stderr.replace('\n', " ").contains(words),
            "`{words}` is not in {refused:?}"
        );
    }
    assert!(!refused.stderr.contains("Now revoke"), "{refused:?}");
    let reply = sc
        .asks(Method::POST, "/v1/store/acceptance", Some(&serde_json::json!({})))
        .await;
    assert!(reply.with_status(409).text().contains("/help/store.incomplete"));
    sc.employer().reads("/help/store.incomplete").await.with_status(200);
    assert_eq!(sc.audited("store.accept").await, 0, "nobody vouched");
    sc.stops().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_whose_row_is_damaged_is_left_out_and_told_and_stops_no_node() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge_and(OFTEN).await;
    let sc = federation.agency("US-SC");
    let warned = async || {
        let warnings = sc.asks(Method::GET, "/v1/warnings", None).await;
        warnings.with_status(200).text()
    };
    sc.stops().await;
    let garbage = "INSERT INTO peers (agency, ticket, added_at, added_by) VALUES ('US-GA', 'garbage', 1, 'x')";
    damage::on_sqlite(sc, garbage);
    sc.starts().await;
    federation.meets().await;
    for other in federation.agencies() {
        federation.awaits(other, &badge, VerdictKind::Accepted).await;
    }
    let told = warned().await;
    for words in ["peer.unreadable", "US-GA", "comity peer add"] {
        assert!(told.contains(words), "`{words}` is not in {told}");
    }
    sc.employer().reads("/help/peer.unreadable").await.with_status(200);
    sc.stops().await;
    let said = is_repaired(sc).await;
    for words in ["US-GA", "comity peer add", "is kept in `"] {
        assert!(said.contains(words), "`{words}` is not in {said}");
    }
    assert_eq!(is_repaired(sc).await, "nothing is damaged");
    sc.starts().await;
    federation.meets().await;
    assert!(!warned().await.contains("peer.unreadable"));
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repair_waits_for_the_lease_of_a_process_that_was_killed_and_refuses_beside_one_that_lives() {
    let federation = Federation::start_on(&["US-SC", "US-TN"], OFTEN, StoreBackend::Postgres).await;
    let sc = federation.agency("US-SC");
    sc.stops().await;
    let mut program = sc.starts_program(&[]).await;
    program.is_killed().await;
    let database = Config::load(sc.data()).expect("a configuration").database;
    let database = database.expect("a database");
    // As another process of the agency, elsewhere, does: it renews.
    let renews = "UPDATE lease SET renewed = renewed + 1";
    let (ends, mut ended) = tokio::sync::oneshot::channel::<()>();
    let renewing = tokio::spawn(async move {
        while ended.try_recv().is_err() {
            let psql = tokio::process::Command::new("psql")
                .args([&database, "-qc", renews])
                .status();
            assert!(psql.await.expect("psql runs").success());
        }
    });
    let refused = repairs(sc).await;
    assert!(!renewing.is_finished(), "it renewed all the while");
    // Nothing of it is under way any more: that would be a sign of life.
    ends.send(()).expect("it renews");
    renewing.await.expect("it renewed");
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("stop all of them"), "{refused:?}");

    let repaired = repairs(sc).await;
    assert_eq!(repaired.code, Some(0), "{repaired:?}");
    assert!(repaired.stderr.contains("waiting"), "{repaired:?}");
    sc.starts().await;
    federation.meets().await;
    federation.audit().await;
}
