//! What we issue, other projects' verifiers accept; what they sign, we verify; what is altered, all refuse.

use std::path::{Path, PathBuf};

use registry_schema::{Check, Reason, VerdictKind};
use serde_json::Value;
use tempfile::TempDir;
use tests::{Answer as _, Badge, Federation, Scene, http, interop};

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
async fn status_lists(badge: &Badge, folder: &TempDir) -> Vec<PathBuf> {
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
    let Scene {
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

    let all_say = async |file: &Path, badge: &Badge, status_ok: bool| {
        let lists = status_lists(badge, &folder).await;
        for verifier in interop::VERIFIERS {
            let says = interop::asks(verifier, file, &paths(&lists)).await;
            assert!(says.verified, "{verifier}: {says:?}");
            assert_eq!(says.status_ok, status_ok, "{verifier}: {says:?}");
        }
    };
    all_say(&file, &badge, true).await;
    sc.suspends(&badge, Reason::Administrative).await;
    all_say(&file, &badge, false).await;
    sc.reinstates(&badge, Reason::Administrative).await;
    all_say(&file, &badge, true).await;
    sc.revokes(&badge, Reason::IssuedInError).await;
    all_say(&file, &badge, false).await;
    all_say(&other_file, &other, true).await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_list_of_ours_verifies_by_itself() {
    let Scene { federation, badge, .. } = Federation::with_a_badge().await;
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

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_badge_of_ours_is_refused_by_all() {
    let Scene { federation, badge, .. } = Federation::with_a_badge().await;
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
    let Scene { federation, badge, .. } = Federation::with_a_badge().await;
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
        "issuer.key_is_issuers",
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
    federation.agency("US-SC").revokes(&badge, Reason::Misconduct).await;
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
