//! An agency that lies in its files harms what is known of itself, and nothing else: not what other agencies' badges are
//! worth, not what it revoked before, not the next start of the node that reads them.

use registry_schema::{StatusReason, VerdictKind};
use serde_json::{Value, json};
use tests::{Federation, SecondAgency, TeacherScenario, VerdictAssertions as _, eventually, files::mirror, second};

/// Returns the amount of each: as much as a file can have, where it is cheap to write.
fn size_of(attack: &str) -> u64 {
    match attack {
        "forks" => 200,
        "one_page_often" => 4_096,
        "deep_page" | "deep_summary" => 500_000,
        "dated_ahead" => 3_600_000,
        "rival_entries" => 6,
        "many_pages" | "missing_parents" => 3,
        _ => 0,
    }
}

/// An agency, what it does, and two badges of its issuer: one that it revoked before, and one that is good.
struct HostileAgency {
    agency: SecondAgency,
    attack: String,
    is_blamed: bool,
    revoked: Vec<u8>,
    good: Vec<u8>,
    asked: u64,
}

async fn asked(agency: &SecondAgency) -> u64 {
    let did = agency.does(json!({"do": "asked"})).await;
    did["asked"].as_u64().expect("a number")
}

async fn liars(federation: &Federation) -> Vec<HostileAgency> {
    let first = SecondAgency::founds("US-H", federation.clock()).await;
    let did = first.does(json!({"do": "attacks"})).await;
    let attacks = did["attacks"].as_object().expect("attacks").clone();
    assert!(attacks.len() >= 20, "{attacks:?}");
    let mut liars = Vec::new();
    for (number, (attack, a_node)) in attacks.into_iter().enumerate() {
        let agency = SecondAgency::founds(&format!("US-H{number}"), federation.clock()).await;
        agency.registers().await;
        agency.does(json!({"do": "revoke", "index": 400, "reason": 2})).await;
        liars.push(HostileAgency {
            revoked: agency.issues(400).await,
            good: agency.issues(401).await,
            asked: 0,
            is_blamed: a_node == "blames",
            attack,
            agency,
        });
    }
    liars
}

#[tokio::test(flavor = "multi_thread")]
async fn each_lie_that_files_can_tell_harms_its_own_agency_alone() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::of_readers().await;
    let sc = federation.agency("US-SC");
    let mut liars = liars(&federation).await;
    let mut mirrors = vec![mirror(sc, sc.url())];
    mirrors.extend(liars.iter().map(|liar| liar.agency.mirror()));
    let va = federation.reader("US-VA", mirrors).await;
    va.starts().await;
    va.recognizes(&issuer).await;
    federation.awaits(&va, &badge, VerdictKind::Accepted).await;
    let employer = va.employer();
    for liar in &mut liars {
        liar.agency.is_held_by(&va).await;
        let verdict = employer.verifies_bytes(&liar.good).await;
        verdict.is(VerdictKind::NotRecognized);
        liar.asked = asked(&liar.agency).await;
        let order = json!({"do": "attack", "attack": liar.attack, "size": size_of(&liar.attack)});
        liar.agency.does(order).await;
    }
    for liar in &liars {
        eventually(&format!("the node reads `{}`", liar.attack), async || {
            let more = asked(&liar.agency).await - liar.asked;
            if more >= 3 { Ok(()) } else { Err(more.to_string()) }
        })
        .await;
    }
    // Another agency's revocation arrives while they lie.
    sc.revokes(&badge, StatusReason::Misrepresentation).await;
    federation.awaits(&va, &badge, VerdictKind::NotValid).await;
    let blamed = liars.iter().filter(|liar| liar.is_blamed).count();
    eventually("those who send what nobody sends are blamed", async || {
        let noted = va.audited("peer.misbehaved").await;
        if noted >= i64::try_from(blamed / 2).expect("a number") {
            Ok(())
        } else {
            Err(noted.to_string())
        }
    })
    .await;
    let holds = async || {
        for liar in &liars {
            let verdict = employer.verifies_bytes(&liar.revoked).await;
            assert_eq!(
                verdict.verdict,
                VerdictKind::NotValid,
                "`{}` takes a revocation back: {verdict:?}",
                liar.attack
            );
        }
        let stored = second::oracle(&va).await;
        for agency in stored["agencies"].as_array().expect("agencies") {
            // What waits may take something away already; nothing else stands that does not follow from the disk.
            for row in agency["derived_rows_differ"].as_array().expect("rows") {
                let key = row["key"].as_str().expect("a key");
                let takes_away = key.starts_with("r/") || key.starts_with("s/");
                assert!(row["fold"].is_null() && takes_away, "{}: {row}", agency["agency"]);
            }
            assert_eq!(agency["damage"], json!([]), "{}", agency["agency"]);
        }
        let unreadable: &Value = &stored["unreadable"];
        assert_eq!(*unreadable, json!([]));
    };
    holds().await;
    // It starts again from what they made it keep.
    va.stops().await;
    va.starts().await;
    federation.awaits(&va, &badge, VerdictKind::NotValid).await;
    holds().await;
    va.agrees(&[sc]).await;
}
