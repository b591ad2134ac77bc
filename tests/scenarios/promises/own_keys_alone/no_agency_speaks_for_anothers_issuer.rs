//! An agency that lists another's issuer, with a key of its own or as one whose key is stolen, changes no answer of those who
//! recognize the issuer as its home registers it.

use registry_schema::{Issuer, VerdictKind};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{
    Federation, HttpReply, Publisher, TeacherScenario, TestAgency, VerdictAssertions as _, eventually,
    own_keys::{is_accepted, key, path_of, text_of},
};
use verification::multikey;

async fn writes(agency: &TestAgency, path: &str, body: &Value) -> HttpReply {
    agency.asks(Method::POST, path, Some(body)).await
}

/// Waits until a node knows so many entries for the issuer.
async fn knows_entries(agency: &TestAgency, id: &str, count: usize) {
    eventually("the entries of the issuer", async || {
        let all: Vec<Issuer> = agency.employer().reads("/v1/issuers").await.with_status(200).json();
        let of_it = all.iter().filter(|issuer| issuer.id == id).count();
        if of_it == count {
            Ok(())
        } else {
            Err(format!("{of_it} entries"))
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_agencies_list_one_issuer_and_each_recognition_says_whose_word_counts() {
    let federation = Federation::start(&["US-NC", "US-SC", "US-TN", "US-UT"]).await;
    let [nc, sc, tn, ut] = ["US-NC", "US-SC", "US-TN", "US-UT"].map(|id| federation.agency(id));
    federation.meets().await;
    let did = "did:web:coastal.example";
    let (real, liars) = (key(81), key(82));
    let lists = |key: &Value| json!({"name": "Coastal College", "did": did, "keys": [key]});
    let method = |name: &str, key| json!({"id": format!("{did}#{name}"), "public_key_multibase": text_of(key)});
    for (agency, key) in [(sc, method("1", &real)), (tn, method("2", &liars))] {
        writes(agency, "/v1/issuers", &lists(&key)).await.with_status(201);
    }
    for agency in [nc, ut] {
        knows_entries(agency, did, 2).await;
    }

    // Whose word is meant has to be said, by API and by command.
    let recognizing = |by: Option<&str>| json!({"issuer": did, "registered_by": by, "purposes": ["renewal"], "scope": "all", "accepts_without_status": true});
    let unsaid = writes(nc, "/v1/recognitions", &recognizing(None)).await;
    let unsaid = unsaid.problem(422, "request.invalid");
    for told in ["US-SC", "US-TN", "--registered-by"] {
        assert!(unsaid.detail.contains(told), "{unsaid:?}");
    }
    let nobody = writes(nc, "/v1/recognitions", &recognizing(Some("US-UT"))).await;
    nobody.problem(404, "request.not_found");
    let typed = [
        "trust",
        "recognize",
        did,
        "--registered-by",
        "US-SC",
        "--without-status",
    ];
    let recognized = nc.comity(&typed).await;
    assert_eq!(recognized.code, Some(0), "{recognized:?}");
    let exported = nc.comity(&["trust", "export"]).await;
    assert!(
        exported.stdout.contains("registered_by") && exported.stdout.contains("US-SC"),
        "{exported:?}"
    );

    // The one's key signs for it, the other's does not: not where it is recognized, and not where that is only heard of.
    let now = federation.clock().now();
    let genuine = Publisher::issues_as(did, &format!("{did}#1"), &real, now);
    let (_, own_name) = multikey::did_key(&liars.public_key());
    let forged = [format!("{did}#2"), own_name].map(|method| Publisher::issues_as(did, &method, &liars, now));
    is_accepted(nc.employer().verifies_bytes(&genuine).await);
    for agency in [nc, ut] {
        eventually("the recognition is heard of", async || {
            let all = agency.employer().reads(&format!("/v1/recognitions?issuer={did}")).await;
            match all.with_status(200).value().as_array().map(Vec::len) {
                Some(1) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
        let verdicts = [
            agency.employer().verifies_bytes(&forged[0]).await,
            agency.employer().verifies_bytes(&forged[1]).await,
        ];
        assert_eq!(verdicts[0].verdict, VerdictKind::CouldNotCheck, "{:#?}", verdicts[0]);
        assert_eq!(verdicts[1].verdict, VerdictKind::NotValid, "{:#?}", verdicts[1]);
    }
    // The control: where the other's word is the one that counts, its key does, and the first one's does not.
    let own = writes(tn, "/v1/recognitions", &recognizing(Some("US-TN"))).await;
    own.with_status(201);
    is_accepted(tn.employer().verifies_bytes(&forged[0]).await);
    tn.employer()
        .verifies_bytes(&genuine)
        .await
        .is(VerdictKind::CouldNotCheck)
        .finding("proof.unknown_key");
    // Each reads the entry that counts for it, and can ask for the other.
    let entry = async |agency: &TestAgency, query: &str| -> String {
        let reply = agency.employer().reads(&format!("{}{query}", path_of(did))).await;
        reply.with_status(200).json::<Issuer>().agency.to_string()
    };
    assert_eq!(entry(nc, "").await, "US-SC");
    assert_eq!(entry(nc, "?agency=US-TN").await, "US-TN");
    assert_eq!(entry(tn, "").await, "US-TN");
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_that_calls_anothers_issuers_key_stolen_or_ended_takes_nothing_from_its_badges() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let [nc, tn] = ["US-NC", "US-TN"].map(|id| federation.agency(id));
    // Tennessee lists the issuer too, then calls its key stolen, and its registration ended.
    let squatted = json!({"name": "Palmetto Educator Institute", "did": issuer.id});
    writes(tn, "/v1/issuers", &squatted).await.with_status(201);
    for (path, body) in [
        ("key-compromise", json!({})),
        ("standing", json!({"standing": "ended"})),
    ] {
        let path = format!("{}/{path}", path_of(&issuer.id));
        writes(tn, &path, &body).await.with_status(201);
    }
    eventually("the lie is heard", async || {
        let path = format!("{}?agency=US-TN", path_of(&issuer.id));
        let reply = nc.employer().reads(&path).await;
        let stolen = reply.status == 200 && reply.text().contains("compromised");
        if stolen { Ok(()) } else { Err(reply.text()) }
    })
    .await;
    let verdict = nc.employer().verifies(&badge).await;
    assert_eq!(verdict.verdict, VerdictKind::Accepted, "{verdict:#?}");
    // Who lists it so answers by its own word, and harms itself alone.
    let own = tn.employer().verifies(&badge).await;
    assert_ne!(own.verdict, VerdictKind::Accepted, "{own:#?}");
    federation.audit().await;
}
