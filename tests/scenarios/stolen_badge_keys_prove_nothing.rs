//! A badge by a key that was stolen is good only if its home agency, asked, confirms that it issued that very badge; and
//! nobody is asked in any other case.

use protocol::trust_list;
use registry_schema::{Issuer, StatusReason, Timestamp, Verdict, VerdictKind};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Federation, IssuedBadge, TeacherScenario, TestAgency, VerdictAssertions as _, eventually};
use verification::{data_integrity, multikey};

/// Signs a badge as a thief does, with the key that stands in the agency's store: like `badge`, with another holder.
async fn forged(sc: &TestAgency, badge: &IssuedBadge, now: Timestamp) -> IssuedBadge {
    let key = sc
        .badge_key_of(badge.document["issuer"]["id"].as_str().expect("an issuer"))
        .await;
    let (_, method) = multikey::did_key(&key.public_key());
    let mut document = badge.document.clone();
    let fields = document.as_object_mut().expect("an object");
    fields.remove("proof");
    fields.insert("id".into(), json!("urn:uuid:6a1f9ff8-37b5-4f42-9a10-53c4e5d5c0de"));
    let name = document.pointer_mut("/credentialSubject/identifier/0/identityHash");
    *name.expect("a badge carries a name") = json!("Mallory Fox");
    IssuedBadge {
        credential: badge.credential.clone(),
        document: data_integrity::sign(document, &key, &method, now).expect("a signature"),
    }
}

async fn says(agency: &TestAgency, badge: &IssuedBadge, kind: VerdictKind, code: &str) -> Verdict {
    eventually(&format!("{} answers {code}", agency.id()), async || {
        let verdict = agency.employer().verifies(badge).await;
        let has = verdict.findings.iter().any(|finding| finding.code == code);
        if verdict.verdict == kind && has {
            Ok(verdict)
        } else {
            Err(format!("{verdict:#?}"))
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_theft_the_home_agencys_word_decides_badge_by_badge() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let (nc, sc, tn) = (
        federation.agency("US-NC"),
        federation.agency("US-SC"),
        federation.agency("US-TN"),
    );
    let revoked = sc.issues(&issuer, "Riley Brooks").await;
    sc.revokes(&revoked, StatusReason::Misconduct).await;
    let theft = forged(sc, &badge, federation.clock().now()).await;
    // Nobody can tell it from a real one yet.
    for agency in federation.agencies() {
        federation.awaits(agency, &theft, VerdictKind::Accepted).await;
    }

    let dry = sc.comity(&["issuer", "compromised", &issuer.name, "--dry-run"]).await;
    assert_eq!(dry.code, Some(0), "{dry:?}");
    assert!(
        dry.stdout.contains("will confirm: 2"),
        "what comes of it is shown: {dry:?}"
    );
    let ends = dry
        .stdout
        .lines()
        .find(|line| line.contains("recognitions of it end with this key"));
    assert!(
        ends.is_some_and(|line| ["US-NC", "US-SC", "US-TN"].iter().all(|id| line.contains(id))),
        "and who recognizes it: {dry:?}"
    );
    tn.employer().verifies(&theft).await.is(VerdictKind::Accepted);
    let done = sc
        .comity(&["--yes", "issuer", "compromised", &issuer.name, "--note", "a laptop"])
        .await;
    assert_eq!(done.code, Some(0), "{done:?}");
    // What must survive everywhere is the entry as it reads now.
    sc.acknowledged().retain(|act| !act.what.starts_with("issuer "));
    let marked: Issuer = sc.employer().reads(&format!("/v1/issuers/{}", issuer.id)).await.json();
    assert!(marked.compromised().is_some(), "{marked:?}");
    sc.notes("the key marked".into(), trust_list::register(&marked));
    let again = sc.comity(&["--yes", "issuer", "compromised", &issuer.id]).await;
    assert_eq!(again.code, Some(5), "{again:?}");

    for agency in federation.agencies() {
        let verdict = says(agency, &theft, VerdictKind::CouldNotCheck, "issuer.key_compromised").await;
        assert!(
            verdict.sentence.contains("South Carolina does not confirm"),
            "{}",
            verdict.sentence
        );
        let verdict = says(agency, &badge, VerdictKind::Accepted, "issuer.key_is_issuers").await;
        let told = &verdict.finding("issuer.key_is_issuers").detail;
        assert!(told.contains("confirms that it issued this very badge"), "{told}");
        says(agency, &revoked, VerdictKind::NotValid, "status.revoked").await;
        // The real badge, changed: no word of anybody's mends a signature that does not match.
        let verdict: Verdict = agency.employer().asks(&badge.tampered(), &[]).await;
        verdict.is(VerdictKind::NotValid);
        // Many at once are answered alike.
        let lines = format!("{}\n{}\n", badge.document, theft.document);
        let reply = agency
            .employer()
            .sends_many(lines.into_bytes(), "application/jsonl", &[])
            .await
            .with_status(200)
            .text();
        let kinds: Vec<Value> = reply
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        assert_eq!(kinds[0]["verdict"], "accepted", "{reply}");
        assert_eq!(kinds[1]["verdict"], "could_not_check", "{reply}");
        agency
            .employer()
            .reads("/help/issuer.key_compromised")
            .await
            .with_status(200);
    }

    // The key issues nothing more; under a new one the issuer goes on.
    let body = json!({"issuer": issuer.id, "subject": "Sam Lee", "achievement": {"name": "More"}});
    let refused = sc.asks(Method::POST, "/v1/credentials", Some(&body)).await;
    refused.problem(409, "act.conflict");
    // Until the new one is heard, nobody is recognized by the name of the stolen one; then its name is its own.
    let recognizes = async || {
        nc.comity(&["trust", "recognize", &issuer.name, "--purpose", "salary"])
            .await
    };
    let refused = recognizes().await;
    assert_eq!(refused.code, Some(5), "{refused:?}");
    assert!(
        refused.stderr.contains("is in good standing") && refused.stderr.contains(&issuer.id),
        "{refused:?}"
    );
    let anew = sc.registers(&issuer.name).await;
    assert_ne!(anew.id, issuer.id);
    let recognized = eventually("the name is that of the new one", async || {
        let ended = recognizes().await;
        match ended.code {
            Some(0) => Ok(ended),
            _ => Err(format!("{ended:?}")),
        }
    })
    .await;
    assert!(
        recognized.stdout.contains(&anew.id) && !recognized.stdout.contains(&issuer.id),
        "{recognized:?}"
    );
    assert!(recognized.stderr.contains("was passed over"), "{recognized:?}");
    let fresh = sc.issues(&anew, "Sam Lee").await;
    nc.recognizes(&anew).await;
    federation.awaits(nc, &fresh, VerdictKind::Accepted).await;

    // Where home cannot be asked, nothing by the stolen key is green; badges by sound keys need nobody.
    sc.stops().await;
    for agency in [nc, tn] {
        let verdict = says(agency, &badge, VerdictKind::CouldNotCheck, "issuer.key_compromised").await;
        assert!(
            verdict.sentence.contains("South Carolina did not answer"),
            "{}",
            verdict.sentence
        );
        says(agency, &revoked, VerdictKind::NotValid, "status.revoked").await;
    }
    federation.awaits(nc, &fresh, VerdictKind::Accepted).await;
    sc.starts().await;
    for agency in [nc, tn] {
        federation.awaits(agency, &badge, VerdictKind::Accepted).await;
    }
    federation.meets().await;
    federation.audit().await;
}
