//! A database file that is emptied under a running node is told at once, everywhere, with what to do; nothing is acknowledged
//! after it. Promise 1.

use registry_schema::{Reason, StatusState};
use tests::{Federation, Scene, eventually, http, program};

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_database_file_is_told_by_the_node_and_by_the_next_start() {
    let Scene { federation, badge, .. } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    let whole = sc.stops_for_a_backup().await;
    let mut program = sc.starts_program(&[]).await;
    std::fs::File::create(sc.data().join("registry.sqlite")).expect("the file is emptied");
    let ready = format!("{}/readyz", sc.url());
    eventually("the node says that its file was emptied", async || {
        let reply = http::try_send(http::client().get(&ready)).await?;
        let told = reply.text();
        if reply.status == 503 && told.contains("was emptied") {
            Ok(())
        } else {
            Err(told)
        }
    })
    .await;
    let refused = sc
        .tries_to_change(badge.code(), StatusState::Revoked, Reason::Misconduct)
        .await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.text().contains("was emptied"), "{}", refused.text());
    program.is_killed().await;

    let data = sc.data().to_str().expect("a path in Unicode");
    for leftover in ["registry.sqlite-wal", "registry.sqlite-shm"] {
        let _ = std::fs::remove_file(sc.data().join(leftover));
    }
    std::fs::File::create(sc.data().join("registry.sqlite")).expect("the file is emptied");
    for command in ["run", "repair"] {
        let refused = program::run("comityd", [command, "--data", data], b"").await;
        assert_ne!(refused.code, Some(0), "{refused:?}");
        for words in ["backup", "comityd rebuild"] {
            assert!(refused.stderr.contains(words), "`{words}` is not in {refused:?}");
        }
    }
    sc.is_restored_from(&whole).await;
    sc.starts().await;
    federation.meets().await;
    federation.audit().await;
}
