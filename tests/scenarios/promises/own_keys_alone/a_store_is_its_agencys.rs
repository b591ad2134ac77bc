//! The store of another agency in a node's place opens for nobody: neither the node nor any command beside it acts for an
//! agency with another's operators, credentials and keys. Promise 4.

use registry_schema::VerdictKind;
use tests::{Federation, TeacherScenario, TestAgency, damage, program};

/// Runs a command on the data directory, which is refused and says these words.
async fn is_refused(agency: &TestAgency, command: &[&str], words: &[&str]) {
    let data = agency.data().to_str().expect("a path in Unicode");
    let refused = program::run("comityd", [command, &["--data", data]].concat(), b"").await;
    assert_eq!(refused.code, Some(1), "{command:?}: {refused:?}");
    for word in words {
        assert!(
            refused.stderr.contains(word),
            "{command:?}: `{word}` is not in {}",
            refused.stderr
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_of_another_agency_is_refused_by_the_node_and_all_its_commands() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let [nc, sc] = ["US-NC", "US-SC"].map(|id| federation.agency(id));
    let (of_nc, of_sc) = (nc.stops_for_a_backup().await, sc.stops_for_a_backup().await);
    nc.is_restored_from(&of_sc).await;
    sc.is_restored_from(&of_nc).await;
    for (agency, own, other) in [(nc, "US-NC", "US-SC"), (sc, "US-SC", "US-NC")] {
        for command in [&["run"][..], &["repair"], &["ticket"], &["operator", "add", "mallory"]] {
            is_refused(agency, command, &["another agency's", own, other, "backup"]).await;
        }
    }
    nc.is_restored_from(&of_nc).await;
    sc.is_restored_from(&of_sc).await;

    // A store from before it said whose it is: the first start says so.
    damage::on_sqlite(nc, "DELETE FROM owner");
    nc.starts().await;
    sc.starts().await;
    federation.meets().await;
    federation.awaits(nc, &badge, VerdictKind::Accepted).await;
    let of_nc = nc.stops_for_a_backup().await;
    sc.stops().await;
    sc.is_restored_from(&of_nc).await;
    is_refused(sc, &["run"], &["another agency's", "US-NC"]).await;
    sc.is_restored_from(&of_sc).await;

    // A disk that gives back something else has not made it another's.
    damage::on_sqlite(nc, "UPDATE owner SET agency = zeroblob(32)");
    is_refused(nc, &["run"], &["comityd repair"]).await;
    let data = nc.data().to_str().expect("a path in Unicode");
    let repaired = program::run("comityd", ["repair", "--data", data], b"").await;
    assert_eq!(repaired.code, Some(0), "{repaired:?}");
    assert!(repaired.stdout.contains("mended"), "{repaired:?}");
    nc.starts().await;
    sc.starts().await;
    federation.meets().await;
    federation.awaits(nc, &badge, VerdictKind::Accepted).await;
    federation.audit().await;
}
