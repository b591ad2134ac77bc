//! Whatever is sent, the answer is a verdict or a 4xx that says what is wrong; the node lives on, in bounded memory.

use registry_schema::{Check, CheckOutcome, VerdictKind};
use serde_json::{Value, json};
use tests::{
    Employer, Federation, IssuedBadge, TeacherScenario, VerdictAssertions as _, chance, forge,
    strangers::{from, socket_of},
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const PLAIN_PNG: &[u8] = include_bytes!("../fixtures/plain.png");
const MIB: usize = 1024 * 1024;

/// The badge with something done to its text.
fn with(badge: &IssuedBadge, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut document = badge.document.clone();
    change(&mut document);
    document.to_string().into_bytes()
}

async fn still_answers(employer: &Employer, badge: &IssuedBadge) {
    employer.verifies(badge).await.is(VerdictKind::Accepted);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_badge_gets_its_own_finding() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let employer = federation.employer_at("US-TN");
    let now = federation.clock().now();
    let term = json!({
        "valid_from": now.plus_seconds(-7200).to_string(), "valid_until": now.plus_seconds(-3600).to_string(),
    });
    let expired = federation
        .agency("US-SC")
        .issues_with(&issuer, "Morgan Ellis", term)
        .await;
    let later = json!({"valid_from": now.plus_seconds(86_400).to_string()});
    let early = federation
        .agency("US-SC")
        .issues_with(&issuer, "Morgan Ellis", later)
        .await;
    let real_method = badge
        .document
        .pointer("/proof/verificationMethod")
        .and_then(Value::as_str)
        .expect("a method");

    let cases: [(&str, Vec<u8>, VerdictKind, &str); 11] = [
        ("tampered", badge.tampered(), VerdictKind::NotValid, "proof.invalid"),
        ("expired", expired.bytes(), VerdictKind::NotValid, "dates.expired"),
        (
            "not yet valid",
            early.bytes(),
            VerdictKind::NotValid,
            "dates.not_yet_valid",
        ),
        (
            "unknown issuer",
            forge::by_a_stranger(None),
            VerdictKind::NotRecognized,
            "issuer.unregistered",
        ),
        (
            "another's key",
            forge::signed_by_another(&badge.document, None),
            VerdictKind::NotValid,
            "issuer.key_not_issuers",
        ),
        (
            "another's key in the issuer's name",
            forge::signed_by_another(&badge.document, Some(real_method)),
            VerdictKind::NotValid,
            "proof.invalid",
        ),
        (
            "no signature",
            with(&badge, |b| drop(b.as_object_mut().expect("an object").remove("proof"))),
            VerdictKind::NotValid,
            "proof.missing",
        ),
        (
            "an unsigned addition",
            with(&badge, |b| b["licenseNumber"] = json!("12345")),
            VerdictKind::NotValid,
            "proof.uncovered_field",
        ),
        (
            "status removed",
            with(&badge, |b| {
                drop(b.as_object_mut().expect("an object").remove("credentialStatus"))
            }),
            VerdictKind::NotValid,
            "proof.invalid",
        ),
        (
            "an unknown kind of signature",
            with(&badge, |b| b["proof"]["cryptosuite"] = json!("quantum-2040")),
            VerdictKind::CouldNotCheck,
            "proof.unknown_suite",
        ),
        (
            "status at a list of nobody's",
            with(&badge, |b| {
                b["credentialStatus"][0]["statusListCredential"] = json!("https://x.example/1")
            }),
            VerdictKind::NotValid,
            "status.not_checked",
        ),
    ];
    for (what, bytes, kind, code) in cases {
        let verdict = employer.verifies_bytes(&bytes).await;
        println!("{what}: {}", verdict.sentence);
        verdict.is(kind).finding(code);
    }
    // Every finding is shown: one that is expired and altered is told to be both.
    let both = String::from_utf8(expired.bytes())
        .expect("text")
        .replace("Morgan Ellis", "Somebody Else");
    let verdict = employer.verifies_bytes(both.as_bytes()).await.is(VerdictKind::NotValid);
    verdict.finding("proof.invalid");
    verdict.finding("dates.expired");
    still_answers(&employer, &badge).await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_badge_is_said_to_be_none_and_why() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let employer = federation.employer_at("US-NC");
    let mut rng = chance::seeded("what_is_no_badge");
    let text = String::from_utf8(badge.bytes()).expect("text");
    let doubled = text.replacen('{', "{\"issuer\":\"did:key:z6MkOther\",", 1);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("a picture that is no badge", PLAIN_PNG.to_vec()),
        ("half a picture", PLAIN_PNG[..PLAIN_PNG.len() / 2].to_vec()),
        ("noise", chance::noise(&mut rng, 1000)),
        ("2 MB of noise", chance::noise(&mut rng, 2_000_000)),
        ("nothing", vec![]),
        (
            "a letter",
            b"This is a letter of recommendation, not a badge.\n".to_vec(),
        ),
        ("half of a badge", text.as_bytes()[..text.len() / 2].to_vec()),
        (
            "100,000 deep",
            ["[".repeat(100_000), "]".repeat(100_000)].concat().into_bytes(),
        ),
        ("100,000 deep, never closed", "{\"a\":".repeat(100_000).into_bytes()),
        (
            "deep in a badge",
            text.replacen('{', &format!("{{\"x\":{}0{},", "[".repeat(5000), "]".repeat(5000)), 1)
                .into_bytes(),
        ),
        ("a key twice", doubled.into_bytes()),
        ("an empty object", b"{}".to_vec()),
        ("a list", b"[1,2,3]".to_vec()),
        ("a page", b"<!doctype html><title>no badge</title>".to_vec()),
        (
            "an SVG without a badge",
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>".to_vec(),
        ),
        ("entities that grow", entities_that_grow()),
        ("a PDF", b"%PDF-1.7\n".to_vec()),
        ("text that is no UTF-8", b"\xff\xfe{\x00}\x00".to_vec()),
        (
            "a number without end",
            [b"{\"a\":1".to_vec(), b"0".repeat(200_000), b"}".to_vec()].concat(),
        ),
    ];
    for (what, bytes) in cases {
        let verdict = employer.verifies_bytes(&bytes).await;
        println!("{what}: {}", verdict.sentence);
        let verdict = verdict.is(VerdictKind::Unreadable);
        let finding = verdict.finding("structure.unreadable");
        assert!(
            finding.detail.len() > 20 && !verdict.sentence.contains("panic"),
            "{what}: {finding:?}"
        );
        assert!(
            verdict.credential.is_none() && verdict.issuer.is_none(),
            "{what}: {verdict:#?}"
        );
        for other in verdict
            .findings
            .iter()
            .filter(|finding| finding.check != Check::Structure)
        {
            let not_run = [CheckOutcome::CouldNotCheck, CheckOutcome::NotApplicable];
            assert!(
                not_run.contains(&other.outcome),
                "{what}: nothing was there to check: {other:?}"
            );
        }
    }
    still_answers(&employer, &badge).await;
    federation.audit().await;
}

fn entities_that_grow() -> Vec<u8> {
    let mut text = String::from("<!DOCTYPE svg [<!ENTITY a \"aaaaaaaaaa\">");
    for (name, of) in "bcdefghij".chars().zip("abcdefghi".chars()) {
        text.push_str(&format!("<!ENTITY {name} \"{}\">", format!("&{of};").repeat(10)));
    }
    text.push_str("]><svg xmlns=\"http://www.w3.org/2000/svg\">&j;</svg>");
    text.into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused_and_what_is_just_not_is_read() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let employer = federation.employer_at("US-TN");
    let noise = chance::noise(&mut chance::seeded("what_is_too_large"), 20 * MIB);

    for content_type in [
        "application/octet-stream",
        "application/json",
        "image/png",
        "text/plain",
    ] {
        let problem = employer
            .sends(&noise, content_type, &[])
            .await
            .problem(413, "request.too_large");
        assert!(problem.detail.contains("2 MiB"), "{problem:?}");
    }
    employer
        .sends_form(&noise, "file")
        .await
        .problem(413, "request.too_large");
    let page = employer.drops_on_the_page(&noise).await;
    assert_eq!(
        (page.status, page.content_type.as_str()),
        (413, "text/html"),
        "{}",
        page.text()
    );
    assert!(page.text().contains("2 MiB"), "{}", page.text());
    employer
        .sends(&noise[..2 * MIB + 1], "image/png", &[])
        .await
        .problem(413, "request.too_large");

    // The bound is where it is said to be, and not lower.
    let verdict = employer.verifies_bytes(&noise[..2 * MIB]).await;
    verdict.is(VerdictKind::Unreadable);
    let mut padded = badge.bytes();
    padded.resize(1_900_000, b' ');
    employer.verifies_bytes(&padded).await.is(VerdictKind::Accepted);
    employer.sends_form(&padded, "file").await.with_status(200);

    // An operator's request is bounded as well.
    let sc = federation.agency("US-SC");
    let long = json!({"name": "x".repeat(3 * MIB)});
    sc.asks(reqwest::Method::POST, "/v1/issuers", Some(&long))
        .await
        .problem(413, "request.too_large");
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_understood_is_answered_with_what_is_wrong() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let tn = federation.employer_at("US-TN");
    let bytes = badge.bytes();
    let parameters = [
        ("at", "yesterday"),
        ("at", "2026-02-30"),
        ("at", "2026-11-23T10:00"),
        ("at", "2999-01-01"),
        ("at", "1969-12-31"),
        ("known", "-000001-01-01T00:00:00Z"),
        ("purpose", "fame"),
        ("agency", "US-ZZ"),
        ("agency", "north carolina"),
        ("agency", "US-NC\u{0}"),
    ];
    for (name, value) in parameters {
        let problem = tn
            .sends(&bytes, "application/json", &[(name, value)])
            .await
            .problem(422, "request.invalid");
        assert!(problem.detail.len() > 10, "{name}={value}: {problem:?}");
    }
    // Good ones are understood.
    tn.asks(
        &bytes,
        &[
            ("at", "2026-11-23T00:00:00Z"),
            ("purpose", "renewal"),
            ("agency", "US-NC"),
        ],
    )
    .await
    .is_honest();

    // What type it says it is does not matter; what it is does.
    for content_type in [
        "application/json",
        "application/vc",
        "image/png",
        "text/html",
        "x",
        "nonsense/;;;",
        "text/plain",
    ] {
        tn.sends(&bytes, content_type, &[])
            .await
            .with_status(200)
            .json::<registry_schema::Verdict>()
            .is(VerdictKind::Accepted);
    }
    tn.sends(&bytes, "multipart/form-data", &[])
        .await
        .problem(400, "request.unsupported");
    tn.sends(&bytes, "multipart/form-data; boundary=x", &[])
        .await
        .problem(400, "request.unsupported");
    tn.sends_form(&bytes, "badge").await.problem(400, "request.unsupported");
    tn.reads("/v1/no-such-thing").await.problem(404, "request.not_found");
    tn.reads("/v1/verifications").await.problem(405, "request.method");
    tn.reads("/v1/agencies/US-ZZ").await.problem(404, "request.not_found");
    tn.reads("/v1/agencies/%ff").await.problem(400, "request.unsupported");
    tn.reads("/v1/recognitions?at=2026-01-01&at=2026-01-02")
        .await
        .problem(400, "request.unsupported");
    tn.reads("/v1/recognitions?at=yesterday")
        .await
        .problem(422, "request.invalid");
    for id in [
        "0-revocation",
        "x",
        "1-fame",
        "99999999999999999999-revocation",
        "%00",
        "..%2f..%2fetc%2fpasswd",
    ] {
        tn.reads(&format!("/v1/status-lists/{id}"))
            .await
            .problem(404, "request.not_found");
    }

    // An operator is told as clearly.
    let sc = federation.agency("US-SC");
    let posts = async |path: &str, body: Value| sc.asks(reqwest::Method::POST, path, Some(&body)).await;
    let new = |subject: &str| json!({"issuer": issuer.id, "subject": subject, "achievement": {"name": "A"}});
    posts("/v1/credentials", new("")).await.problem(422, "request.invalid");
    posts("/v1/credentials", new(&"x".repeat(201)))
        .await
        .problem(422, "request.invalid");
    let mut backwards = new("Jordan Avery");
    backwards["valid_from"] = json!("2026-02-01");
    backwards["valid_until"] = json!("2026-01-01");
    posts("/v1/credentials", backwards)
        .await
        .problem(422, "request.invalid");
    let mut unknown_field = new("Jordan Avery");
    unknown_field["colour"] = json!("green");
    posts("/v1/credentials", unknown_field)
        .await
        .problem(400, "request.unsupported");
    let mut unknown_issuer = new("Jordan Avery");
    unknown_issuer["issuer"] = json!("did:key:z6MkNobody");
    posts("/v1/credentials", unknown_issuer)
        .await
        .problem(404, "request.not_found");
    let entries = |code: &str| format!("/v1/credentials/{code}/status-entries");
    let revoked = json!({"status": "revoked", "reason": "misconduct"});
    posts(&entries("not-a-code"), revoked.clone())
        .await
        .problem(422, "request.invalid");
    posts(&entries("SC00000000000"), revoked)
        .await
        .with_status_among(&[404, 422]);
    let because = json!({"status": "revoked", "reason": "because"});
    posts(&entries(&badge.code().compact()), because)
        .await
        .problem(400, "request.unsupported");
    let unknown = json!({"status": "unknown", "reason": "misconduct"});
    posts(&entries(&badge.code().compact()), unknown)
        .await
        .problem(422, "request.invalid");

    assert_eq!(sc.keeps(badge.code()).await.state, registry_schema::StatusState::Active);
    still_answers(&tn, &badge).await;
    federation.audit().await;
}

/// The host that a request is for is clear, or it is refused: a proxy and the node never read it differently.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_a_host_or_with_two_is_refused() {
    let federation = Federation::start(&["US-SC"]).await;
    let sc = federation.agency("US-SC");
    let asks = async |head: &str| {
        let mut stream = from(1, socket_of(sc.url()), None).await.expect("a connection");
        let request = format!("{head}connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        answer
    };
    for refused in [
        "GET /v1/agencies HTTP/1.1\r\n",
        "GET /livez HTTP/1.1\r\n",
        "GET /nothing HTTP/1.1\r\n",
        "GET /v1/agencies HTTP/1.1\r\nhost: a\r\nhost: b\r\n",
        "GET /v1/agencies HTTP/1.1\r\nhost: a\r\nhost: a\r\n",
        "GET /v1/agencies HTTP/1.1\r\nhost: a b\r\n",
    ] {
        let answer = asks(refused).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{refused}: {answer}");
        assert!(
            answer.contains("application/problem+json") && answer.contains("`Host`"),
            "{answer}"
        );
    }
    for answered in [
        "GET /v1/agencies HTTP/1.1\r\nhost: comity.example.gov\r\n",
        "GET /v1/agencies HTTP/1.1\r\nhost: [::1]:7400\r\n",
        "GET /v1/agencies HTTP/1.1\r\nhost:\r\n",
        "GET /v1/agencies HTTP/1.0\r\n",
    ] {
        let answer = asks(answered).await;
        assert!(
            answer.starts_with("HTTP/1.") && answer.contains(" 200 OK"),
            "{answered}: {answer}"
        );
    }
    federation.audit().await;
}
