//! Tests of `verify`.

use serde_json::json;

use super::*;
use crate::client::tests::{canned, client};

fn verdict(kind: &str, sentence: &str, findings: serde_json::Value) -> serde_json::Value {
    json!({
        "verdict": kind, "sentence": sentence, "agency": "US-NC", "purpose": "renewal",
        "at": "2026-11-23T14:02:11Z", "checked_at": "2026-11-23T14:02:11Z", "findings": findings,
        "credential": {"id": "urn:uuid:1", "code": null, "name": "Formative Assessment",
            "subject": {"name": "Ana Reyes", "identity_checked": false},
            "valid_from": "2026-08-01T00:00:00Z", "valid_until": null},
        "issuer": {"id": "did:key:z6Mk", "name": "Palmetto Learning", "agency": "US-SC", "standing": "registered"},
        "status": {"state": "active", "fresh_as_of": "2026-11-23T13:58:11Z", "source": "US-SC"},
        "recognized_by": [{"agency": "US-NC", "scope": "all achievements", "purposes": ["renewal", "stipend"],
            "from": "2026-01-01T00:00:00Z", "until": null, "path": ["US-NC"]}],
        "worth": [{"agency": "US-NC", "purpose": "renewal", "unit": "CEU", "amount": "1.5", "rule": "r1",
            "citation": "16 NCAC 06C .0334"}],
        "receipt": null
    })
}

fn shown(verdict: serde_json::Value) -> String {
    let node = Url::parse("http://127.0.0.1:7400").unwrap();
    let text = render(&serde_json::from_value(verdict).unwrap(), &node, false);
    assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
    text
}

fn finding(check: &str, outcome: &str, code: &str, detail: &str) -> serde_json::Value {
    json!({"check": check, "outcome": outcome, "code": code, "detail": detail})
}

#[test]
fn accepted_reads_as_a_card() {
    let passed = finding("proof", "passed", "proof.valid", "the signature fits");
    let text = shown(verdict(
        "accepted",
        "Accepted in North Carolina for license renewal.",
        json!([passed]),
    ));
    assert_eq!(text, include_str!("snapshots/accepted.txt").trim_end());
}

#[test]
fn not_recognized_says_who_recognizes_nobody() {
    let missing = finding(
        "recognition",
        "failed",
        "recognition.none",
        "North Carolina recognizes this issuer for nothing",
    );
    let no_rate = finding(
        "worth",
        "not_applicable",
        "worth.no_published_rate",
        "North Carolina publishes no rate for it",
    );
    let mut v = verdict(
        "not_recognized",
        "Genuine, but not recognized in North Carolina for license renewal.",
        json!([missing, no_rate]),
    );
    v["recognized_by"] = json!([]);
    v["worth"] = json!([]);
    assert_eq!(shown(v), include_str!("snapshots/not_recognized.txt").trim_end());
}

/// The words of an unknown signer about itself are never told as if somebody here had said them.
#[test]
fn a_signer_that_nobody_knows_lends_no_name() {
    let unknown = finding(
        "issuer",
        "not_applicable",
        "issuer.unregistered",
        "the key that signed is held by the signer's own identifier, and no agency of this federation registers it",
    );
    let like = finding(
        "issuer",
        "not_applicable",
        "issuer.name_resembles",
        "the name “Palmetto Learning” in the file is like that of “Palmetto Learning”, an issuer of South Carolina",
    );
    let mut v = verdict(
        "not_recognized",
        "Signed, but nobody here knows the signer. The file says it is from “Palmetto Learning”. Anyone can write that name.",
        json!([unknown, like]),
    );
    v["issuer"] =
        json!({"id": "did:key:z6Mk", "name": "Palmetto \u{202e}Learning", "agency": null, "standing": "unregistered"});
    v["recognized_by"] = json!([]);
    v["worth"] = json!([]);
    let flowing = |v: &serde_json::Value| shown(v.clone()).split_whitespace().collect::<Vec<_>>().join(" ");
    let text = flowing(&v);
    for part in [
        "issued by unknown here; the file says “Palmetto Learning”",
        "look out",
        "(issuer.unregistered)",
        "(issuer.name_resembles)",
        "read more http://127.0.0.1:7400/help/issuer.unregistered",
        "the file for “Formative Assessment” names Ana Reyes",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.to_lowercase().contains("genuine"), "{text}");
    // A node that does not say it yet is not believed to know the signer.
    v["issuer"].as_object_mut().unwrap().remove("standing");
    assert_eq!(flowing(&v), text);
    v["issuer"]["name"] = json!("\u{202e}");
    assert!(flowing(&v).contains("issued by unknown here; the file names no issuer"));
}

#[test]
fn not_valid_shows_every_finding_that_failed() {
    let mut v = verdict(
        "not_valid",
        "Not valid: this badge was revoked on 3 March 2026.",
        json!([
            finding(
                "proof",
                "failed",
                "proof.invalid",
                "the signature does not match: the file was changed after it was issued"
            ),
            finding("dates", "passed", "dates.valid", "in date"),
            finding(
                "status",
                "failed",
                "status.revoked",
                "revoked on 3 March 2026 by South Carolina: issued in error"
            ),
            finding(
                "holder",
                "could_not_check",
                "holder.not_asked",
                "nobody showed that the badge is theirs"
            ),
        ]),
    );
    v["status"]["state"] = json!("revoked");
    assert_eq!(shown(v), include_str!("snapshots/not_valid.txt").trim_end());
}

#[test]
fn what_depends_counts_for_nothing_where_the_badge_is_not_accepted() {
    let depends = finding(
        "worth",
        "could_not_check",
        "worth.depends",
        "for license renewal: 0 of 60 PDP",
    );
    let sentence = "Not valid: this badge was revoked on 3 March 2026.";
    for (kind, says) in [
        (
            "not_valid",
            "counts for     nothing unless accepted; then for license renewal: 0 of 60 PDP",
        ),
        ("accepted", "counts for     for license renewal: 0 of 60 PDP"),
    ] {
        let mut v = verdict(kind, sentence, json!([depends]));
        v["worth"] = json!([]);
        let text = shown(v);
        assert!(text.contains(says), "{text}");
    }
}

#[test]
fn could_not_check_says_what_and_since_when() {
    let stale = finding(
        "status",
        "could_not_check",
        "status.stale",
        "not heard from South Carolina since 19 November 2026",
    );
    let mut v = verdict(
        "could_not_check",
        "Could not check: South Carolina has not been heard from since Thursday.",
        json!([stale]),
    );
    v["status"] = json!({"state": "unknown", "fresh_as_of": "2026-11-19T08:00:00Z", "source": "US-SC"});
    assert_eq!(shown(v), include_str!("snapshots/could_not_check.txt").trim_end());
}

/// Whatever is known: the line says that, or why it is not.
#[test]
fn the_line_on_the_status_claims_nothing_that_nobody_said() {
    let line = |found: serde_json::Value, status: serde_json::Value| {
        let mut v = verdict("could_not_check", "Could not check.", json!([found]));
        v["status"] = status;
        let text = shown(v).split_whitespace().collect::<Vec<_>>().join(" ");
        let (_, line) = text.split_once("1 January 2026 ").unwrap();
        line.split_once(" counts for").unwrap().0.to_owned()
    };
    let unknown = json!({"state": "unknown", "fresh_as_of": null, "source": null});
    let why =
        "not told, because the badge is not genuine: where its status stands is only what somebody wrote into the file";
    let not_told = finding("status", "could_not_check", "status.not_checked", why);
    assert_eq!(line(not_told, unknown.clone()), format!("status {why}"));
    let why = "the badge has no status: it cannot be revoked or suspended";
    let none = finding("status", "not_applicable", "status.none", why);
    assert_eq!(line(none.clone(), unknown.clone()), format!("status {why}"));
    // An earlier node tells the age of another list.
    let of_another = json!({"state": "unknown", "fresh_as_of": "2026-11-23T14:02:00Z", "source": null});
    assert_eq!(line(none, of_another), format!("status {why}"));
    let unreachable = finding("status", "could_not_check", "status.unreachable", "nobody keeps it");
    assert_eq!(line(unreachable, unknown), "status not known");
}

#[test]
fn the_age_of_what_is_too_old_is_told_to_the_second() {
    let mut stale = finding(
        "status",
        "could_not_check",
        "status.stale",
        "South Carolina has not been heard from since X",
    );
    stale["as_of"] = json!("2026-11-23T14:01:31Z");
    stale["agency"] = json!("US-SC");
    let mut v = verdict("could_not_check", "Could not check.", json!([stale]));
    v["status"] = json!({"state": "unknown", "fresh_as_of": "2026-11-23T14:01:31Z", "source": "US-SC"});
    let text = shown(v);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("not known; last heard 23 November 2026, 14:01 UTC (40 seconds ago)"),
        "{text}"
    );
    assert!(!text.contains("just now"), "{text}");
}

#[test]
fn a_recognition_that_may_hold_no_longer_is_told_as_that() {
    let stale = finding("recognition", "could_not_check", "recognition.stale", "x");
    let in_doubt = finding(
        "worth",
        "could_not_check",
        "worth.recognition_in_doubt",
        "could not be told in North Carolina: x",
    );
    let mut v = verdict("could_not_check", "Could not check.", json!([stale, in_doubt]));
    v["recognized_by"][0]["in_doubt"] = json!("South Carolina has not been heard from since Thursday");
    v["worth"] = json!([]);
    let text = shown(v).split_whitespace().collect::<Vec<_>>().join(" ");
    let doubt = "US-NC, all achievements, for license renewal, a stipend, since 1 January 2026; whether it still holds could not be \
                 told: South Carolina has not been heard from since Thursday";
    assert!(text.contains(doubt), "{text}");
    assert!(
        text.contains("counts for could not be told in North Carolina: x (worth.recognition_in_doubt)"),
        "{text}"
    );
}

#[test]
fn a_sign_beside_a_name_that_nobody_vouches_for_is_not_shown() {
    let mut v = verdict("not_recognized", "Signed, but nobody here knows the signer.", json!([]));
    v["issuer"] =
        json!({"id": "did:key:z6Mk", "name": "Palmetto ✅ \u{1F512}", "agency": null, "standing": "unregistered"});
    v["endorsements"] = json!([{"by": "North ✔ Carolina", "of": "badge", "outcome": "not_applicable",
        "code": "issuer.unregistered", "detail": "it is signed"}]);
    let text = shown(v);
    assert!(
        text.contains("the file says “Palmetto”") && text.contains("“North Carolina”, as it says"),
        "{text}"
    );
    assert!(!text.contains(['✅', '✔', '\u{1F512}']), "{text}");
}

#[test]
fn unreadable_needs_nothing_but_the_sentence() {
    let broken = finding(
        "structure",
        "failed",
        "structure.unreadable",
        "reading stopped at line 3, column 7",
    );
    let mut v = verdict("unreadable", "This is not a badge that we can read.", json!([broken]));
    v["credential"] = json!(null);
    v["issuer"] = json!(null);
    v["recognized_by"] = json!([]);
    v["worth"] = json!([]);
    v["status"] = json!({"state": "unknown", "fresh_as_of": null, "source": null});
    assert_eq!(shown(v), include_str!("snapshots/unreadable.txt").trim_end());
}

#[test]
fn each_verdict_has_its_exit_code_and_its_color() {
    use VerdictKind::{Accepted, CouldNotCheck, NotRecognized, NotValid, Unreadable};
    let all = [Accepted, NotValid, NotRecognized, Unreadable, CouldNotCheck];
    assert_eq!(all.map(|v| exit_for(v).code()), [0, 1, 1, 1, 3]);
    let known = all.map(|verdict| paint(verdict, false)).into_iter();
    let colors: std::collections::BTreeSet<_> = known.chain([paint(NotRecognized, true)]).collect();
    assert_eq!(colors.len(), 6);
}

#[test]
fn the_content_type_follows_from_the_content() {
    for (bytes, extension, kind) in [
        (&b"\x89PNG\r\n\x1a\nrest"[..], None, "image/png"),
        (b" \n{\"a\":1}", Some("txt"), "application/json"),
        (b"<?xml version=\"1.0\"?><svg/>", None, "image/svg+xml"),
        (b"eyJhbGciOiJFZERTQSJ9.e30.c2ln", None, "application/vc+jwt"),
        (b"https://badges.example.org/17", None, "text/plain"),
        (b"\xff\xfe", Some("json"), "application/json"),
        (b"\xff\xfe", None, "application/octet-stream"),
    ] {
        assert_eq!(kind_of(bytes, extension), kind);
    }
}

#[test]
fn what_is_typed_is_a_code_a_link_or_a_mistake() {
    let code = CredentialCode::new(*b"NC", 12345).to_string();
    assert_eq!(load(&code.to_lowercase()).unwrap().bytes, code.as_bytes());
    assert_eq!(load("https://badges.example.org/17").unwrap().kind, "text/plain");
    for (wrong, says) in [
        ("no-such-badge.json", "is no file here"),
        ("NC-4K2M9-QXR7T-Z", "typing mistake"),
    ] {
        let error = load(wrong).err().unwrap();
        assert_eq!(exit::of(&error), Exit::Usage);
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_badge_is_sent_as_it_is_with_the_question() {
    let body = verdict("accepted", "Accepted.", json!([])).to_string();
    let (node, requests) = canned("200 OK", "application/json", &body);
    let session = CommandContext {
        client: client(&node),
        out: out::OutputWriter {
            json: true,
            color: false,
        },
        profile: Default::default(),
        yes: false,
        dry_run: false,
    };
    let args = VerifyArgs {
        badges: vec!["https://badges.example.org/17".to_owned()],
        bulk: None,
        at: Some("2026-08-15".parse().unwrap()),
        known: Some("2026-09-01T14:00:00Z".parse().unwrap()),
        purpose: Some(registry_schema::Purpose::Renewal),
        agency: Some("US-TN".parse().unwrap()),
    };
    assert_eq!(verify(&session, &args).await.unwrap(), Exit::Done);
    let request = requests.recv().unwrap();
    let line =
        "POST /v1/verifications?at=2026-08-15&known=2026-09-01T14%3A00%3A00Z&purpose=renewal&agency=US-TN HTTP/1.1\r\n";
    assert!(request.starts_with(line), "{request}");
    assert!(request.contains("content-type: text/plain\r\n"));
    assert!(request.ends_with("\r\n\r\nhttps://badges.example.org/17"));
}
