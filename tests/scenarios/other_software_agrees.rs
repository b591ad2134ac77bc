//! Other projects' verifiers accept what we issue, we verify what they sign, and all refuse what is altered.

use std::path::{Path, PathBuf};

use registry_schema::{Check, StatusReason, Timestamp, VerdictKind};
use serde_json::Value;
use tempfile::TempDir;
use tests::{Federation, IssuedBadge, TeacherScenario, VerdictAssertions as _, eventually, forge, http, interop};
use verification::{
    IssuerSigningKey, KeyKind,
    data_integrity::{self, Cryptosuite},
    multikey,
};

/// Writes a file into a folder.
fn write(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("a file is written");
    path
}

fn folder() -> TempDir {
    tempfile::Builder::new()
        .prefix("comity-interop-")
        .tempdir()
        .expect("a folder")
}

/// Fetches a badge's status lists from the addresses that it names, as any verifier would.
async fn status_lists(badge: &IssuedBadge, folder: &TempDir) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for url in badge.status_lists() {
        let reply = http::get(&url).await.with_status(200);
        assert_eq!(reply.content_type, "application/vc");
        assert_eq!(reply.value()["id"], url.as_str());
        let name = url.rsplit('/').next().expect("a name").to_owned();
        files.push(write(folder, &name, &reply.body));
    }
    assert_eq!(files.len(), 2, "revocations and suspensions");
    files
}

fn paths(files: &[PathBuf]) -> Vec<&Path> {
    files.iter().map(PathBuf::as_path).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_badge_of_ours_is_good_for_others_until_it_is_suspended_or_revoked() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    let folder = folder();
    let file = write(&folder, "badge.json", &badge.bytes());
    let other = sc.issues(&issuer, "Riley Brooks").await;
    let other_file = write(&folder, "other.json", &other.bytes());

    let all_say = async |file: &Path, badge: &IssuedBadge, status_ok: bool| {
        let lists = status_lists(badge, &folder).await;
        for verifier in interop::VERIFIERS {
            let says = interop::asks(verifier, file, &paths(&lists)).await;
            assert!(says.verified, "{verifier}: {says:?}");
            assert_eq!(says.status_ok, status_ok, "{verifier}: {says:?}");
        }
    };
    all_say(&file, &badge, true).await;
    sc.suspends(&badge, StatusReason::Administrative).await;
    all_say(&file, &badge, false).await;
    sc.reinstates(&badge, StatusReason::Administrative).await;
    all_say(&file, &badge, true).await;
    sc.revokes(&badge, StatusReason::IssuedInError).await;
    all_say(&file, &badge, false).await;
    all_say(&other_file, &other, true).await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_list_of_ours_verifies_by_itself() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let folder = folder();
    for list in status_lists(&badge, &folder).await {
        let says = interop::asks("verify.mjs", &list, &[]).await;
        assert!(says.verified, "{says:?}");
        // Bits exchanged, the same verifier refuses it.
        let mut altered: Value = serde_json::from_slice(&std::fs::read(&list).expect("a list")).expect("JSON");
        altered["credentialSubject"]["ttl"] = Value::from(1);
        let altered = write(&folder, "altered-list.json", altered.to_string().as_bytes());
        assert!(!interop::asks("verify.mjs", &altered, &[]).await.verified);
    }
    federation.audit().await;
}

/// A list is sent once: who has it is told so, until something in it changes.
#[tokio::test(flavor = "multi_thread")]
async fn a_status_list_is_sent_again_only_when_it_changed() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let url = badge.status_lists().remove(0);
    let get = async |known: Option<&str>| {
        let mut request = http::client().get(&url);
        if let Some(known) = known {
            request = request.header("if-none-match", known);
        }
        let response = request.send().await.expect("an answer");
        let etag = response.headers().get("etag");
        let etag = etag.map(|etag| etag.to_str().expect("text").to_owned());
        (response.status().as_u16(), etag)
    };
    let (status, etag) = get(None).await;
    let etag = etag.expect("a list has an ETag");
    assert_eq!(status, 200);
    assert_eq!(get(Some(&etag)).await.0, 304);
    assert_eq!(get(Some("\"another\"")).await.0, 200);
    federation
        .agency("US-SC")
        .revokes(&badge, StatusReason::IssuedInError)
        .await;
    let (status, newer) = get(Some(&etag)).await;
    assert_eq!(status, 200, "a revocation is news");
    assert_ne!(newer.as_ref(), Some(&etag));
    federation.audit().await;
}

/// An old list played back is believed for a day, not for ever; and who keeps one for its `ttl` never holds one that ended.
#[tokio::test(flavor = "multi_thread")]
async fn a_status_list_ends_and_is_signed_anew_in_time() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let date = |list: &Value, name: &str| -> Timestamp {
        let text = list[name].as_str().unwrap_or_else(|| panic!("no {name}: {list}"));
        text.parse().expect("a date")
    };
    for url in badge.status_lists() {
        let first = http::get(&url).await.with_status(200);
        let list = first.value();
        let (from, until) = (date(&list, "validFrom"), date(&list, "validUntil"));
        let now = federation.clock().now();
        assert!(from.0 <= now.0 && now.0 - from.0 < 120_000, "as of now: {list}");
        // A young key is younger than the minute that the list tells of.
        let counts_for = until.0 - from.0;
        assert!(
            (86_340_000..=86_400_000).contains(&counts_for),
            "for as long as the agency's word counts: {list}"
        );
        let ttl = list["credentialSubject"]["ttl"].as_i64().expect("a ttl");
        assert!(ttl > 0 && ttl * 2 <= until.0 - from.0, "{list}");
        // Long before that it is signed anew, though nothing changed.
        federation.clock().advance_hours(1);
        let later = eventually("the list is signed anew", async || {
            let later = http::get(&url).await.with_status(200).value();
            let is_new = date(&later, "validFrom").0 - from.0 >= 3_500_000;
            if is_new { Ok(later) } else { Err(later.to_string()) }
        })
        .await;
        assert!(date(&later, "validUntil") > until);
        assert_eq!(
            later["credentialSubject"]["encodedList"],
            list["credentialSubject"]["encodedList"]
        );
        assert_ne!(later["proof"], list["proof"]);
    }
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_badge_of_ours_is_refused_by_all() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let folder = folder();
    let altered = write(&folder, "altered.json", &badge.tampered());
    let lists = status_lists(&badge, &folder).await;
    for verifier in interop::VERIFIERS {
        assert!(
            !interop::asks(verifier, &altered, &paths(&lists)).await.verified,
            "{verifier}"
        );
    }
    let verdict = federation.employer_at("US-NC").verifies_bytes(&badge.tampered()).await;
    verdict.is(VerdictKind::NotValid).finding("proof.invalid");
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_badge_that_other_software_signed_verifies_here() {
    const SEED: &str = "2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a";
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let employer = federation.employer_at("US-NC");
    let folder = folder();
    let file = folder.path().join("theirs.json");
    let path = file.to_str().expect("a path");

    interop::tool("sign.mjs", [path, "--seed", SEED]).await;
    let verdict = employer.verifies_bytes(&std::fs::read(&file).expect("a badge")).await;
    let verdict = verdict.is(VerdictKind::NotRecognized);
    for code in [
        "structure.valid",
        "proof.valid",
        "issuer.unregistered",
        "dates.in_date",
        "status.none",
    ] {
        verdict.finding(code);
    }

    interop::tool("sign.mjs", [path, "--seed", SEED, "--tamper"]).await;
    let verdict = employer.verifies_bytes(&std::fs::read(&file).expect("a badge")).await;
    verdict.is(VerdictKind::NotValid).finding("proof.invalid");

    // A stranger's badge that names a slot of ours is checked in ours, and is still a stranger's.
    let (number, index) = badge.slot();
    let list = badge.status_lists().remove(0);
    assert!(list.ends_with(&format!("/{number}-revocation")));
    federation
        .agency("US-SC")
        .revokes(&badge, StatusReason::Misconduct)
        .await;
    interop::tool(
        "sign.mjs",
        [path, "--seed", SEED, "--status", &list, &index.to_string()],
    )
    .await;
    let theirs = std::fs::read(&file).expect("a badge");
    federation
        .awaits(federation.agency("US-NC"), &badge, VerdictKind::NotValid)
        .await;
    let verdict = employer.verifies_bytes(&theirs).await;
    assert!(verdict.verdict != VerdictKind::Accepted, "{verdict:#?}");
    assert_eq!(verdict.codes(Check::Proof), ["proof.valid"]);
    federation.audit().await;
}

/// Each cryptosuite, and a set of two proofs: made there and checked here, made here and checked there; with one word
/// changed, refused by both.
#[tokio::test(flavor = "multi_thread")]
async fn every_cryptosuite_goes_both_ways() {
    let federation = Federation::start(&["US-NC"]).await;
    let employer = federation.employer_at("US-NC");
    let folder = folder();
    let here = async |document: &[u8]| {
        let verdict = employer.verifies_bytes(document).await;
        if verdict.verdict == VerdictKind::NotRecognized {
            verdict.finding("proof.valid");
            verdict.finding("issuer.unregistered");
            return true;
        }
        verdict.is(VerdictKind::NotValid).finding("proof.invalid");
        false
    };
    let there = async |file: &Path| interop::asks("verify.mjs", file, &[]).await.verified;

    for words in [
        &["--suite", "eddsa-rdfc-2022"][..],
        &["--suite", "eddsa-jcs-2022"],
        &["--curve", "P-256", "--suite", "ecdsa-rdfc-2019"],
        &["--curve", "P-384", "--suite", "ecdsa-rdfc-2019"],
        &["--suite", "eddsa-rdfc-2022", "--suite", "eddsa-jcs-2022"],
    ] {
        for tamper in [&[][..], &["--tamper"]] {
            let file = folder.path().join("theirs.json");
            let path = [file.to_str().expect("a path")];
            interop::tool("sign.mjs", path.iter().chain(words).chain(tamper)).await;
            let document = std::fs::read(&file).expect("a badge");
            let good = tamper.is_empty();
            assert_eq!((here(&document).await, there(&file).await), (good, good), "{words:?}");
        }
    }

    let mut unsigned: Value = serde_json::from_slice(&forge::by_a_stranger(None)).expect("JSON");
    unsigned.as_object_mut().expect("an object").remove("proof");
    let at = "2026-01-20T00:00:00Z".parse().expect("a date");
    for (suite, kind, length) in [
        (Cryptosuite::EddsaRdfc2022, KeyKind::Ed25519, 32),
        (Cryptosuite::EddsaJcs2022, KeyKind::Ed25519, 32),
        (Cryptosuite::EcdsaRdfc2019, KeyKind::P256, 32),
        (Cryptosuite::EcdsaRdfc2019, KeyKind::P384, 48),
    ] {
        let key = IssuerSigningKey::from_secret(kind, &vec![9; length]).expect("a key");
        let (did, method) = multikey::did_key(&key.public_key());
        unsigned["issuer"]["id"] = did.into();
        let mut signed = data_integrity::sign_with(suite, unsigned.clone(), &key, &method, at).expect("a proof");
        for good in [true, false] {
            if !good {
                signed["credentialSubject"]["achievement"]["name"] = "Everything".into();
            }
            let file = write(&folder, "ours.json", signed.to_string().as_bytes());
            let document = std::fs::read(&file).expect("a badge");
            assert_eq!(
                (here(&document).await, there(&file).await),
                (good, good),
                "{suite:?} {kind:?}"
            );
        }
    }
    federation.audit().await;
}

/// The file in the fixtures was made once by other software; it is read as it was.
#[tokio::test(flavor = "multi_thread")]
async fn the_fixture_of_other_software_verifies_here() {
    let federation = Federation::start(&["US-TN"]).await;
    let file = include_bytes!("../fixtures/digitalbazaar-ob3.json");
    let verdict = federation
        .employer_at("US-TN")
        .verifies_bytes(file)
        .await
        .is(VerdictKind::NotRecognized);
    verdict.finding("proof.valid");
    federation.audit().await;
}
