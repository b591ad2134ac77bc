//! Commands do not say what is not so: of an agency that does not exist, a term that differs, a peer that was never heard, a
//! list that goes on, peers that are gone, a note that is too long.

use registry_schema::{StatusReason, VerdictKind};
use serde_json::{Value, json};
use tests::{
    ExchangeIntervals, Federation, Program, TeacherScenario, TestAgency, VerdictAssertions as _, eventually, program,
};

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Runs a command; gives what it says, both ways, in one line.
async fn says(agency: &TestAgency, arguments: &[&str], code: i32) -> String {
    let ended = agency.comity(arguments).await;
    assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:?}");
    in_one_line(&format!("{} {}", ended.stdout, ended.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn trust_and_credential_lists_are_told_as_they_are() {
    let TeacherScenario { federation, issuer, .. } = Federation::with_a_badge().await;
    let [nc, sc] = ["US-NC", "US-SC"].map(|id| federation.agency(id));
    let unknown = says(nc, &["trust", "diff", "US-ZZ"], 1).await;
    assert!(
        unknown.contains("US-ZZ") && !unknown.contains("only US-NC"),
        "{unknown}"
    );

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("trust.csv");
    let path = file.to_str().expect("a path");
    let exported = nc.comity(&["trust", "export", "--output", "csv"]).await;
    let exported = if exported.code == Some(0) {
        exported.stdout
    } else {
        nc.comity(&["trust", "export"]).await.stdout
    };
    std::fs::write(&file, &exported).expect("a file");
    let same = says(nc, &["trust", "import", path], 0).await;
    assert!(same.contains("stands already"), "{same}");
    let ending = nc
        .comity(&[
            "trust",
            "recognize",
            &issuer.id,
            "--purpose",
            "salary",
            "--until",
            "2028-07-01",
        ])
        .await;
    assert_eq!(ending.code, Some(0), "{ending:?}");
    let exported = nc.comity(&["trust", "export"]).await.stdout;
    assert!(exported.contains("2028-0"), "{exported}");
    std::fs::write(&file, exported.replace("2028-0", "2029-0")).expect("a file");
    let ended = nc.comity(&["trust", "import", path]).await;
    let said = in_one_line(&format!("{} {}", ended.stdout, ended.stderr));
    assert!(said.contains("stands otherwise, and was not changed"), "{said}");

    sc.issues(&issuer, "Riley Brooks").await;
    let some = says(sc, &["credential", "list", "--limit", "1"], 0).await;
    assert!(some.contains("there are more"), "{some}");
    let all = says(sc, &["credential", "list"], 0).await;
    assert!(!all.contains("there are more"), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn peers_that_are_gone_or_were_never_heard_are_told_and_end_status_otherwise() {
    let TeacherScenario { federation, .. } = Federation::with_a_badge_and(ExchangeIntervals {
        exchange_every: 1,
        ..ExchangeIntervals::default()
    })
    .await;
    let sc = federation.agency("US-SC");
    for other in ["US-NC", "US-TN"] {
        federation.link("US-SC", other).cut().await;
    }
    let said = eventually("status says who is not connected", async || {
        let ended = sc.comity(&["status"]).await;
        match ended.code {
            Some(6) => Ok(in_one_line(&ended.stdout)),
            code => Err(format!("{code:?}: {}", ended.stdout)),
        }
    })
    .await;
    assert!(said.contains("2 of 2 peers are not connected: US-NC, US-TN"), "{said}");

    // A newcomer that knows of one peer, and never heard it.
    let (va, links) = federation.stranger("US-VA").await;
    for link in &links {
        link.cut().await;
    }
    va.starts().await;
    federation.clock().runs_until(va.registers("Tidewater Institute")).await;
    let reach: Value = va.employer().reads("/v1/reach/US-VA").await.with_status(200).value();
    assert_eq!(reach["held_by"], json!(0), "{reach}");
    let sentence = reach["sentence"].as_str().expect("a sentence");
    assert!(sentence.starts_with("held by 0 of 3 peers"), "{sentence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_is_kept_whole_or_refused() {
    let TeacherScenario { federation, issuer, .. } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    let too_long = "x".repeat(1_001);
    for act in ["rekey", "suspend"] {
        let said = sc
            .comity(&["issuer", act, &issuer.id, "--note", &too_long, "--yes"])
            .await;
        assert_eq!(said.code, Some(2), "{act}: {said:?}");
        assert!(in_one_line(&said.stderr).contains("1001 characters"), "{act}: {said:?}");
    }
    let kept = sc
        .comity(&["issuer", "rekey", &issuer.id, "--note", &too_long[..1_000], "--yes"])
        .await;
    assert_eq!(kept.code, Some(0), "{kept:?}");
}

/// Whoever reads a node's log may go: the node has nobody to tell, and answers and writes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_logs_reader_is_gone_answers_and_writes_on() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    sc.stops().await;
    let data = sc.data().to_str().expect("a path in Unicode");
    // It has something to say about each request and each statement.
    let mut program = Program::comityd_in(["run", "--data", data], &[("COMITY_LOG", "debug".into())]);
    program.answers_at(sc.url()).await;
    program.loses_its_listeners().await;
    for _ in 0..10 {
        sc.employer().verifies(&badge).await.is(VerdictKind::Accepted);
    }
    sc.suspends(&badge, StatusReason::Administrative).await;
    sc.employer().verifies(&badge).await.is(VerdictKind::NotValid);
    assert_eq!(program.ended(), None);
    drop(program);
    federation.audit().await;
}

/// Whoever reads a node's log may stand still: what there is no more room for is dropped, and nobody waits.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_logs_reader_stands_still_answers_and_writes_on() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    sc.stops().await;
    let data = sc.data().to_str().expect("a path in Unicode");
    let mut program = Program::comityd_unread(["run", "--data", data], &[("COMITY_LOG", "trace".into())]);
    program.answers_at(sc.url()).await;
    // A pipe holds 64 KiB, and each request says more than a line.
    for _ in 0..300 {
        sc.employer().reads("/livez").await.with_status(200);
    }
    sc.suspends(&badge, StatusReason::Administrative).await;
    sc.employer().verifies(&badge).await.is(VerdictKind::NotValid);
    assert_eq!(program.ended(), None);
    drop(program);
    federation.audit().await;
}

#[tokio::test]
async fn a_new_node_that_nobody_else_will_reach_is_told_at_once_and_a_key_that_is_gone_has_a_next_step() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    let init = async |name: &str, more: &[&str]| {
        let data = at(name);
        let fixed = ["init", "--agency", "US-NC", "--name", "North Carolina", "--data", &data];
        let made = program::run("comityd", fixed.iter().chain(more), b"").await;
        assert_eq!(made.code, Some(0), "{made:?}");
        made
    };
    let warns = |said: &str| in_one_line(said).contains("answers this machine alone: set `listen`");
    let alone = init("alone", &["--url", "https://comity.example.gov"]).await;
    assert!(warns(&alone.stderr), "{alone:?}");
    let open = init(
        "open",
        &["--url", "https://comity.example.gov", "--listen", "0.0.0.0:443"],
    )
    .await;
    assert!(!warns(&open.stderr) && open.stdout.contains("--tls-cert"), "{open:?}");
    let here = init("here", &["--url", "http://127.0.0.1:7400"]).await;
    assert!(!warns(&here.stderr) && !here.stdout.contains("--tls-cert"), "{here:?}");

    std::fs::remove_file(folder.path().join("here/keys/node.key")).expect("a key");
    for line in [["ticket", "--data"], ["run", "--data"]] {
        let refused = program::run("comityd", line.iter().copied().chain([at("here").as_str()]), b"").await;
        assert_eq!(refused.code, Some(1), "{refused:?}");
        let said = in_one_line(&refused.stderr);
        assert!(said.contains("put `keys/node.key` back from a backup"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_badge_out_of_its_term_is_not_called_active() {
    let TeacherScenario { federation, issuer, .. } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    let issues = async |subject: &str, from: &str, until: &str| {
        let line = [
            "credential",
            "issue",
            "--issuer",
            &issuer.id,
            "--achievement-name",
            "Badge",
            "--description",
            "d",
            "--criteria",
            "c",
            "--subject",
            subject,
            "--valid-from",
            from,
            "--valid-until",
            until,
        ];
        let dry = says(sc, &[&line[..], &["--dry-run"]].concat(), 0).await;
        let done = says(sc, &line, 0).await;
        (dry, done)
    };
    let (dry, done) = issues("Ana Reyes", "2020-01-01", "2021-01-01").await;
    for said in [dry, done] {
        assert!(said.contains("warning: its end is past"), "{said}");
    }
    let (dry, done) = issues("Bo Li", "2090-01-01", "2091-01-01").await;
    assert!(
        !dry.contains("its end is past") && !done.contains("its end is past"),
        "{dry} {done}"
    );
    let listed = sc.comity(&["credential", "list"]).await.stdout;
    for (subject, stands) in [("Ana Reyes", "expired"), ("Bo Li", "not yet valid")] {
        let line = listed.lines().find(|line| line.contains(subject)).unwrap_or_default();
        assert!(line.contains(stands) && !line.contains("active"), "{listed}");
        let code = line.split_whitespace().next().expect("a code");
        let shown = says(sc, &["credential", "show", code], 0).await;
        assert!(shown.contains(&format!("status {stands} ")), "{shown}");
    }
    federation.audit().await;
}
