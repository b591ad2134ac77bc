//! The same badge gets the same verdict from the API, in either form, from the command line, and on the page.

use registry_schema::{Check, CredentialCode, StatusReason, Verdict, VerdictKind};
use serde_json::{Value, json};
use tests::{Federation, TeacherScenario, VerdictAssertions as _, forge, program};

/// A verdict without what cannot be the same twice: when it was asked, and how old our own list was at that moment.
fn essence(mut verdict: Value) -> Value {
    for moment in ["at", "checked_at"] {
        verdict[moment] = Value::Null;
    }
    for finding in verdict["findings"].as_array_mut().expect("findings") {
        if finding["check"] == Check::Recognition.as_str() {
            finding["as_of"] = Value::Null;
        }
    }
    verdict
}

/// As askama writes text into a page.
fn escaped(text: &str) -> String {
    let mut html = String::new();
    for c in text.chars() {
        match c {
            '&' | '<' | '>' | '"' | '\'' => html.push_str(&format!("&#{};", u32::from(c))),
            _ => html.push(c),
        }
    }
    html
}

/// A sentence as the page tells it: of an address, only whose it is.
fn short(sentence: &str) -> String {
    let parts = sentence.split('`').enumerate();
    let told = parts.map(|(i, part)| match part.strip_prefix("https://").filter(|_| i % 2 == 1) {
        Some(address) => format!("at {}", address.split('/').next().unwrap_or_default()),
        None if i % 2 == 1 => format!("“{part}”"),
        None => part.to_owned(),
    });
    told.collect()
}

/// Returns what a reader sees of a page: its text, with one space between words.
fn visible(page: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in page.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            _ if !inside => text.push(c),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

const fn word(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::Accepted => "Accepted here",
        VerdictKind::NotRecognized => "Genuine, not recognized here",
        VerdictKind::NotValid => "Not valid",
        VerdictKind::CouldNotCheck => "Could not check",
        VerdictKind::Unreadable => "Not a badge we can read",
    }
}

const fn exit_code(kind: VerdictKind) -> i32 {
    match kind {
        VerdictKind::Accepted => 0,
        VerdictKind::NotValid | VerdictKind::NotRecognized | VerdictKind::Unreadable => 1,
        VerdictKind::CouldNotCheck => 3,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn api_form_command_line_and_page_say_the_same() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let (sc, tn) = (federation.agency("US-SC"), federation.agency("US-TN"));
    let unrecognized = tn.registers("Cumberland Learning Collaborative").await;
    let unrecognized = tn.issues(&unrecognized, "Sam Rivera").await;
    let suspended = sc.issues(&issuer, "Casey Morgan").await;
    sc.suspends(&suspended, StatusReason::EvidenceInvalid).await;
    let revoked = sc.issues(&issuer, "Riley Brooks").await;
    sc.revokes(&revoked, StatusReason::IssuedInError).await;
    let now = federation.clock().now();
    let term = json!({
        "valid_from": now.plus_seconds(-7200).to_string(), "valid_until": now.plus_seconds(-3600).to_string(),
    });
    let expired = sc.issues_with(&issuer, "Morgan Ellis", term).await;
    let nc = federation.agency("US-NC");
    federation.awaits(nc, &revoked, VerdictKind::NotValid).await;
    federation.awaits(nc, &unrecognized, VerdictKind::NotRecognized).await;

    let cases = [
        ("accepted.json", badge.bytes(), VerdictKind::Accepted),
        ("not-recognized.json", unrecognized.bytes(), VerdictKind::NotRecognized),
        ("suspended.json", suspended.bytes(), VerdictKind::NotValid),
        ("revoked.json", revoked.bytes(), VerdictKind::NotValid),
        ("expired.json", expired.bytes(), VerdictKind::NotValid),
        ("tampered.json", badge.tampered(), VerdictKind::NotValid),
        (
            "foreign.json",
            forge::by_a_stranger(Some("https://badges.example/status")),
            VerdictKind::CouldNotCheck,
        ),
        (
            "letter.txt",
            b"This is a letter of recommendation, not a badge.\n".to_vec(),
            VerdictKind::Unreadable,
        ),
        (
            "plain.png",
            include_bytes!("../fixtures/plain.png").to_vec(),
            VerdictKind::Unreadable,
        ),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let employer = nc.employer();
    for (name, bytes, kind) in cases {
        let raw = employer
            .sends(&bytes, "application/octet-stream", &[])
            .await
            .with_status(200);
        let verdict: Verdict = raw.json::<Verdict>().is(kind);
        let form = employer.sends_form(&bytes, "file").await.with_status(200);
        assert_eq!(
            essence(form.value()),
            essence(raw.value()),
            "{name}: the form says otherwise"
        );

        let file = folder.path().join(name);
        std::fs::write(&file, &bytes).expect("a file is written");
        let path = file.to_str().expect("a path");
        let ended = program::comity(["verify", "--node", nc.url(), "--output", "json", path]).await;
        assert_eq!(ended.code, Some(exit_code(kind)), "{name}: {ended:?}");
        let said: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|e| panic!("{name}: {e}: {ended:?}"));
        assert_eq!(
            essence(said),
            essence(raw.value()),
            "{name}: the command says otherwise"
        );
        let table = program::comity(["verify", "--node", nc.url(), path]).await;
        assert_eq!(table.code, Some(exit_code(kind)), "{name}: {table:?}");
        let flowing = table.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            flowing.contains(&verdict.sentence),
            "{name}: `{}` is not in {}",
            verdict.sentence,
            table.stdout
        );

        let page = employer.drops_on_the_page(&bytes).await.with_status(200);
        assert_eq!(page.content_type, "text/html");
        let text = visible(&page.text());
        assert!(
            text.contains(word(kind)),
            "{name}: `{}` is not on the page: {text}",
            word(kind)
        );
        let sentence = escaped(&short(&verdict.sentence));
        assert!(
            text.contains(&sentence),
            "{name}: `{sentence}` is not on the page: {text}"
        );
        for finding in &verdict.findings {
            assert!(
                text.contains(&finding.code),
                "{name}: `{}` is not on the page",
                finding.code
            );
        }
        for other in [VerdictKind::Accepted, VerdictKind::NotRecognized]
            .into_iter()
            .filter(|other| *other != kind)
        {
            assert!(
                !text.contains(word(other)),
                "{name}: the page also says `{}`",
                word(other)
            );
        }
    }
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_gets_the_verdict_of_its_badge() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    let shown = badge.code().to_string();
    for typed in [
        shown.clone(),
        shown.to_lowercase(),
        shown.replace('-', " "),
        badge.code().compact(),
    ] {
        let verdict: Verdict = sc
            .employer()
            .sends(typed.as_bytes(), "text/plain", &[])
            .await
            .with_status(200)
            .json();
        let verdict = verdict.is(VerdictKind::Accepted);
        assert_eq!(
            verdict.credential.and_then(|credential| credential.id),
            Some(badge.credential.id.clone())
        );
    }
    let ended = program::comity(["verify", "--node", sc.url(), &shown]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    sc.revokes(&badge, StatusReason::Superseded).await;
    let ended = program::comity(["verify", "--node", sc.url(), &shown]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");

    // What was typed wrongly is not looked up, and a node that does not answer is neither red nor green.
    let last = if shown.ends_with('7') { '8' } else { '7' };
    let mistyped = format!("{}{last}", &shown[..shown.len() - 1]);
    assert_eq!(
        program::comity(["verify", "--node", sc.url(), &mistyped]).await.code,
        Some(2)
    );
    let nobody = format!("http://127.0.0.1:{}", tests::ports::free());
    assert_eq!(
        program::comity(["verify", "--node", &nobody, &shown]).await.code,
        Some(6)
    );
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_another_agency_is_asked_from_it() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let (sc, tn) = (federation.agency("US-SC"), federation.agency("US-TN"));
    let code = badge.code().to_string();
    let types = async |typed: &str| -> Verdict {
        tn.employer()
            .sends(typed.as_bytes(), "text/plain", &[])
            .await
            .with_status(200)
            .json()
    };
    let verdict = types(&code).await.is(VerdictKind::Accepted);
    assert_eq!(verdict.agency.as_str(), "US-TN", "it is still Tennessee's answer");
    assert_eq!(
        verdict.credential.and_then(|credential| credential.id),
        Some(badge.credential.id.clone())
    );

    // A code that was never given out is not the same as a node that cannot be asked.
    let never = CredentialCode::new(*b"SC", 12345).to_string();
    types(&never)
        .await
        .is(VerdictKind::Unreadable)
        .finding("structure.unreadable");
    let nobodys = CredentialCode::new(*b"ZZ", 12345).to_string();
    types(&nobodys)
        .await
        .is(VerdictKind::Unreadable)
        .finding("structure.unreadable");
    sc.stops().await;
    types(&code)
        .await
        .is(VerdictKind::CouldNotCheck)
        .finding("structure.unreachable");
    types(&never).await.is(VerdictKind::CouldNotCheck);
    sc.starts().await;
    types(&code).await.is(VerdictKind::Accepted);

    sc.revokes(&badge, StatusReason::Superseded).await;
    federation.awaits(tn, &badge, VerdictKind::NotValid).await;
    types(&code).await.is(VerdictKind::NotValid).finding("status.revoked");
    federation.audit().await;
}
