//! An operator keeps the trust list from the command line: as files, against other agencies' lists and nodes, as of a date,
//! with what was said when, and with what a change would do before it is done.

use registry_schema::{VerdictKind, recognition::RecognitionEntry};
use serde_json::Value;
use tests::{Federation, TestAgency, VerdictAssertions as _, eventually, program::ProgramOutput};

const ISSUER: &str = "Palmetto Educator Institute";

/// Runs `comity` as the agency's operator; it has to end with this code.
async fn types(agency: &TestAgency, arguments: &[&str], code: i32) -> ProgramOutput {
    let ended = agency.comity(arguments).await;
    assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:?}");
    ended
}

/// Returns the output on one line.
fn flat(ended: &ProgramOutput) -> String {
    ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn knows(agency: &TestAgency, issuer: &registry_schema::Issuer) {
    let path = format!("/v1/issuers/{}", issuer.id);
    eventually("the issuer is known", async || {
        let reply = agency.employer().reads(&path).await;
        if reply.status == 200 { Ok(()) } else { Err(reply.text()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trust_list_goes_out_as_a_file_comes_in_at_another_agency_and_differs_when_one_changes() {
    let federation = Federation::start(&["US-NC", "US-SC", "US-TN"]).await;
    let [nc, sc, tn] = ["US-NC", "US-SC", "US-TN"].map(|id| federation.agency(id));
    let issuer = sc.registers(ISSUER).await;
    knows(nc, &issuer).await;
    knows(tn, &issuer).await;

    // All that a recognition can say can be typed.
    let typed = [
        "trust",
        "recognize",
        ISSUER,
        "--purpose",
        "renewal",
        "--purpose",
        "salary",
        "--stack",
        "Reading",
        "--achievement",
        "https://a.example/1",
        "--achievement",
        "https://a.example/2",
        "--attestation",
        "adopted_review",
        "--stands-alone",
        "--may-be-followed",
        "--condition",
        "the district approves",
    ];
    let shown = flat(&types(nc, &typed, 0).await);
    for said in [
        "the stack \"Reading\" of",
        "another agency's review",
        "the district approves",
        "it counts even while",
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    types(nc, &["trust", "recognize", ISSUER, "--stack", "Reading"], 2).await;
    types(
        nc,
        &[
            "trust",
            "recognize",
            ISSUER,
            "--purpose",
            "stipend",
            "--aligned",
            "urn:uuid:x",
        ],
        0,
    )
    .await;
    let own: Vec<RecognitionEntry> = nc.employer().reads("/v1/recognitions?agency=US-NC").await.json();
    assert_eq!(own.len(), 2);
    let stack = own
        .iter()
        .find(|e| e.recognition.basis.stands_alone)
        .expect("the stack");
    assert_eq!(stack.recognition.scope.ids().len(), 2);

    // Out and in again: nothing differs, neither from the file nor from the agency nor from its node.
    for form in ["csv", "json"] {
        let file = nc.data().join(format!("trust.{form}"));
        let exported = types(nc, &["trust", "export", "--as", form], 0).await;
        std::fs::write(&file, exported.stdout).expect("a file");
        let file = file.to_str().expect("a path");
        types(nc, &["trust", "diff", file], 0).await;
        let differs = types(tn, &["trust", "diff", file], if form == "csv" { 1 } else { 0 }).await;
        assert_eq!(
            differs.stdout.matches("only `").count(),
            if form == "csv" { 2 } else { 0 },
            "{differs:?}"
        );
        let dry = types(tn, &["trust", "import", file, "--dry-run"], 0).await;
        assert!(dry.stderr.contains("nothing was changed"), "{dry:?}");
        let imported = types(tn, &["trust", "import", file], 0).await;
        let expected = if form == "csv" {
            "2 recognitions imported"
        } else {
            "0 recognitions imported"
        };
        assert!(imported.stderr.contains(expected), "{imported:?}");
    }
    eventually("TN holds NC's list", async || {
        let ended = tn.comity(&["trust", "diff", "US-NC"]).await;
        if ended.code == Some(0) {
            Ok(())
        } else {
            Err(format!("{ended:?}"))
        }
    })
    .await;
    types(tn, &["trust", "diff", nc.url()], 0).await;

    // A row with a mistake keeps the whole file out.
    let wrong = tn.data().join("wrong.csv");
    std::fs::write(
        &wrong,
        format!("issuer,purposes\n{},advancement\n{},fun\n", issuer.id, issuer.id),
    )
    .expect("a file");
    let refused = types(tn, &["trust", "import", wrong.to_str().expect("a path")], 2).await;
    assert!(
        refused.stderr.contains("line 3") && refused.stderr.contains("`fun` is no purpose"),
        "{refused:?}"
    );
    let theirs: Vec<Value> = tn.employer().reads("/v1/recognitions?agency=US-TN").await.json();
    assert_eq!(theirs.len(), 2);

    // NC withdraws one: the lists differ, and each way of asking says so.
    let id = stack.recognition.id.as_str();
    types(nc, &["trust", "withdraw", id, "--yes"], 0).await;
    eventually("TN hears of the withdrawal", async || {
        let ended = tn.comity(&["trust", "diff", "US-NC"]).await;
        if ended.code == Some(1) && ended.stdout.contains("only US-TN") {
            Ok(())
        } else {
            Err(format!("{ended:?}"))
        }
    })
    .await;
    let differs = types(tn, &["trust", "diff", nc.url()], 1).await;
    assert!(
        differs.stdout.contains("the stack \"Reading\" of 2 achievements"),
        "{differs:?}"
    );
    let unreachable = types(tn, &["trust", "diff", "http://127.0.0.1:9"], 6).await;
    assert!(unreachable.stderr.contains("cannot reach"), "{unreachable:?}");

    // What was said when, in its order; and as it stood before.
    let told = flat(&types(tn, &["trust", "history", ISSUER], 0).await);
    let (recognized, withdrawn) = (told.find("US-NC recognizes"), told.find("US-NC withdraws"));
    assert!(recognized.is_some() && recognized < withdrawn, "{told}");
    let of_agency = flat(&types(nc, &["trust", "history", "US-TN"], 0).await);
    assert!(
        of_agency.contains("US-TN recognizes") && !of_agency.contains("US-NC recognizes"),
        "{of_agency}"
    );
    let before = types(tn, &["trust", "list", "--at", "2020-01-01"], 0).await;
    assert!(before.stderr.contains("no recognitions"), "{before:?}");
    let then = types(nc, &["trust", "show", id, "--at", "2020-01-01"], 0).await;
    assert!(flat(&then).contains("now from "), "{then:?}");
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn following_an_agency_and_an_issuers_standing_are_typed_and_say_first_what_they_would_do() {
    let federation = Federation::start(&["US-NC", "US-SC", "US-TN"]).await;
    let [nc, sc, tn] = ["US-NC", "US-SC", "US-TN"].map(|id| federation.agency(id));
    let issuer = sc.registers(ISSUER).await;
    let badge = sc.issues(&issuer, "Jordan Avery").await;
    knows(tn, &issuer).await;
    types(tn, &["trust", "recognize", ISSUER, "--may-be-followed"], 0).await;
    types(sc, &["trust", "recognize", ISSUER], 0).await;
    types(nc, &["trust", "recognize-agency", "US-TN", "--until", "2020-01-01"], 2).await;
    types(nc, &["trust", "recognize-agency", "US-TN", "--depth", "5"], 2).await;
    let typed = [
        "trust",
        "recognize-agency",
        "US-TN",
        "--purpose",
        "renewal",
        "--condition",
        "for two years",
    ];
    let followed = flat(&types(nc, &typed, 0).await);
    assert!(
        followed.contains("whatever US-TN recognizes") && followed.contains("for two years"),
        "{followed}"
    );
    federation.awaits(nc, &badge, VerdictKind::Accepted).await;
    let listed = types(nc, &["trust", "agencies", "--output", "json"], 0).await;
    let entries: Vec<Value> = serde_json::from_str(&listed.stdout).expect("JSON");
    let id = entries[0]["id"].as_str().expect("an id");
    let early = types(nc, &["trust", "agencies", "--at", "2020-01-01"], 0).await;
    assert!(early.stderr.contains("no recognitions of agencies"), "{early:?}");

    // What was checked here counts, without the badge: the number's base is said. A forged one does not count.
    nc.employer().verifies(&badge).await.is(VerdictKind::Accepted);
    let would = flat(&types(nc, &["trust", "withdraw-agency", id, "--dry-run"], 0).await);
    assert!(
        would.contains("0 newest badges") && would.contains("to not recognized"),
        "{would}"
    );
    assert!(
        would.contains("checks of badges of") && would.contains("for license renewal: from accepted"),
        "{would}"
    );
    let number = |text: &str| -> i64 {
        let number = text
            .split(" checks here")
            .next()
            .and_then(|before| before.rsplit(' ').next());
        number
            .and_then(|number| number.parse().ok())
            .unwrap_or_else(|| panic!("{text}"))
    };
    let before = number(&would);
    let mut altered: Value = serde_json::from_slice(&badge.bytes()).expect("JSON");
    altered["name"] = "Something else".into();
    nc.employer()
        .asks(altered.to_string().as_bytes(), &[])
        .await
        .is(VerdictKind::NotValid);
    nc.employer().verifies(&badge).await.is(VerdictKind::Accepted);
    let again = flat(&types(nc, &["trust", "withdraw-agency", id, "--dry-run"], 0).await);
    assert_eq!(
        number(&again),
        before + 1,
        "the badge that checks, and not the altered one"
    );
    nc.employer().verifies(&badge).await.is(VerdictKind::Accepted);

    // A standing says what it would do to the agency's own badges; then it is done, and followed.
    sc.employer().verifies(&badge).await.is(VerdictKind::Accepted);
    let would = flat(&types(sc, &["issuer", "suspend", ISSUER, "--dry-run"], 0).await);
    assert!(
        would.contains("1 badge of") && would.contains("to not recognized"),
        "{would}"
    );
    sc.employer().verifies(&badge).await.is(VerdictKind::Accepted);
    types(sc, &["issuer", "suspend", ISSUER, "--note", "see file 17", "--yes"], 0).await;
    federation.awaits(nc, &badge, VerdictKind::NotRecognized).await;
    types(sc, &["issuer", "suspend", ISSUER], 5).await;
    let told = flat(&types(sc, &["trust", "history", ISSUER], 0).await);
    assert!(told.contains("US-SC suspends the registration"), "{told}");
    types(sc, &["issuer", "reinstate", ISSUER, "--yes"], 0).await;
    federation.awaits(nc, &badge, VerdictKind::Accepted).await;

    types(nc, &["trust", "withdraw-agency", id, "--yes"], 0).await;
    nc.employer().verifies(&badge).await.is(VerdictKind::NotRecognized);
    let told = flat(&types(nc, &["trust", "history", "US-NC"], 0).await);
    assert!(told.contains("withdraws whatever US-TN recognizes"), "{told}");
    federation.audit().await;
}
