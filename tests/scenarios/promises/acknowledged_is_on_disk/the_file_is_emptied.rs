//! A database file that is emptied or cut short under a running node is told at once, everywhere, with what to do; nothing is
//! acknowledged after it. Promise 1.

use registry_schema::{StatusReason, StatusState, VerdictKind};
use tests::{Federation, TeacherScenario, TestAgency, damage, eventually, http, program, program::Program};

async fn is_told(sc: &TestAgency, program: &Program, file: &str, words: &str) {
    let ready = format!("{}/readyz", sc.url());
    eventually(&format!("the node says what happened to {file}"), async || {
        let reply = http::try_send(http::client().get(&ready)).await?;
        let told = reply.text();
        if reply.status == 503 && told.contains(words) {
            Ok(())
        } else {
            Err(format!("{told}; it said: {}", program.said()))
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_database_file_is_told_by_the_node_and_by_the_next_start() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    let whole = sc.stops_for_a_backup().await;
    let mut program = sc.starts_program(&[]).await;
    std::fs::File::create(sc.data().join("registry.sqlite")).expect("the file is emptied");
    is_told(sc, &program, "registry.sqlite", "was emptied").await;
    let refused = sc
        .tries_to_change(badge.code(), StatusState::Revoked, StatusReason::Misconduct)
        .await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.text().contains("was emptied"), "{}", refused.text());
    // Nor does anything else say that all is well.
    let told = sc.comity(&["store", "show"]).await;
    assert_eq!(told.code, Some(3), "{told:?}");
    assert!(told.stdout.contains("was emptied"), "{told:?}");
    eventually("its own lists are called no more than they are", async || {
        let own = &sc.employer().reads("/v1/agencies").await.with_status(200).value()[0];
        let page = sc.employer().reads("/agencies").await.with_status(200).text();
        match own["good_until"].is_null() || page.contains("Always") {
            true => Err(own.to_string()),
            false => Ok(()),
        }
    })
    .await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_cut_short_is_told_and_nobody_goes_on_from_it() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    let whole = sc.stops_for_a_backup().await;
    let (data, folder) = (sc.data().to_str().expect("a path in Unicode"), sc.data());
    for name in ["registry.sqlite", "registry.sqlite-wal"] {
        let mut program = sc.starts_program(&[]).await;
        damage::cuts_in_half(sc, name);
        is_told(sc, &program, name, "was cut short").await;
        // It stays so, whatever is at its end later.
        let file = std::fs::OpenOptions::new().write(true).open(folder.join(name));
        let file = file.expect("the file");
        let length = file.metadata().expect("its length").len();
        file.set_len(length * 2).expect("the file is as long as before");
        is_told(sc, &program, name, "was cut short").await;
        let refused = sc
            .tries_to_change(badge.code(), StatusState::Revoked, StatusReason::Misconduct)
            .await;
        assert_eq!(refused.status, 503, "{}", refused.text());
        assert!(refused.text().contains("was cut short"), "{}", refused.text());
        program.is_killed().await;

        let refused = program::run("comityd", ["run", "--data", data], b"").await;
        assert_ne!(refused.code, Some(0), "{refused:?}");
        for words in ["cut short", "backup", "comityd rebuild"] {
            assert!(refused.stderr.contains(words), "`{words}` is not in {refused:?}");
        }
        for file in ["", "-wal", "-shm", ".cut-short"] {
            let _ = std::fs::remove_file(folder.join(format!("registry.sqlite{file}")));
        }
        sc.is_restored_from(&whole).await;
    }
    sc.starts().await;
    federation.meets().await;
    federation.awaits(sc, &badge, VerdictKind::Accepted).await;
    federation.audit().await;
}
