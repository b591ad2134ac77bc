//! An applicant who signs with software of its own proves that it controls its identifier, and is registered as that.

use policy::rubrics::STARTER;
use registry_schema::Issuer;
use reqwest::multipart;
use serde_json::json;
use tests::{
    HttpReply, Publisher, http,
    own_keys::{is_accepted, issues, key, knows, path_of, publishes, recognizes, signed, text_of, trial},
    party::{TokenClient, applies, scores, with_public_histories},
};
use verification::{formats::bake_png, jwt, multikey};

const PIXEL: &[u8] = include_bytes!("../fixtures/plain.png");

/// Sends a trial badge, as its holder of this token.
async fn proves(party: &TokenClient<'_>, id: &str, badge: Vec<u8>) -> HttpReply {
    let url = format!("{}/v1/applications/{id}/proof", party.agency.url());
    http::send(http::client().post(url).bearer_auth(&party.token).body(badge)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_applicant_proves_that_it_signs_with_its_own_software_and_is_registered_as_that() {
    let federation = with_public_histories().await;
    let [nc, sc] = ["US-NC", "US-SC"].map(|id| federation.agency(id));
    let publisher = Publisher::starts().await;
    publisher.is_trusted_by(sc, |_| {}).await;
    federation.meets().await;
    sc.asks_with_text("/v1/rubrics", STARTER).await.with_status(201);
    let pat = TokenClient {
        agency: sc,
        token: sc.token().to_owned(),
    };
    let (id, token) = applies(sc, "Coastal College").await;
    let applicant = TokenClient { agency: sc, token };
    let (own, thief) = (key(81), key(99));
    let did = publisher.did();
    let method = format!("{did}#1");
    let now = federation.clock().now();
    let seen = applicant.sees(&id).await;
    let challenge = seen["challenge"].as_str().expect("a challenge").to_owned();
    let shown = pat.comity(&["issuer", "show", &id]).await;
    assert!(shown.stdout.contains(&challenge), "{shown:?}");
    let (other_id, other_token) = applies(sc, "Somebody else").await;
    let other = TokenClient {
        agency: sc,
        token: other_token,
    };
    assert_ne!(
        other.sees(&other_id).await["challenge"],
        json!(challenge),
        "each case has its own"
    );

    // Nobody proves for another, nor by saying that it is so.
    let good = signed(
        trial(&did, &format!("A trial: {challenge}"), Some(&publisher.url(""))),
        &method,
        &own,
        now,
    );
    let stranger = TokenClient {
        agency: sc,
        token: String::new(),
    };
    for party in [&stranger, &other] {
        proves(party, &id, good.clone())
            .await
            .problem(401, "operator.unauthenticated");
    }
    let said = json!({"prove": {"issuer": did, "keys": [{"id": method, "public_key_multibase": text_of(&thief)}]}});
    for party in [&applicant, &pat] {
        let refused = party.takes(&id, said.clone()).await.problem(422, "request.invalid");
        assert!(refused.detail.contains("trial badge"), "{refused:?}");
    }

    // A forged proof is none, and each says why.
    publishes(&publisher, &[("1", &own)], &[("login", &thief)]);
    let described = |text: &str| trial(&did, text, None);
    let mut as_earner = described("A trial.");
    as_earner["credentialSubject"]["identifier"][0]["identityHash"] = json!(challenge);
    let written_in = {
        let bytes = signed(described("A trial."), &method, &own, now);
        String::from_utf8(bytes).expect("text").replace("A trial.", &challenge)
    };
    let theirs = other.sees(&other_id).await["challenge"]
        .as_str()
        .expect("a challenge")
        .to_owned();
    for (what, badge, told) in [
        (
            "another key",
            signed(described(&challenge), &method, &thief, now),
            "does not match",
        ),
        (
            "a key that may not issue",
            signed(described(&challenge), &format!("{did}#login"), &thief, now),
            "another key",
        ),
        (
            "a key of its own name",
            signed(
                described(&challenge),
                &multikey::did_key(&thief.public_key()).1,
                &thief,
                now,
            ),
            "another key",
        ),
        (
            "no challenge",
            signed(described("A trial."), &method, &own, now),
            "does not stand",
        ),
        (
            "another's challenge",
            signed(described(&theirs), &method, &own, now),
            "does not stand",
        ),
        (
            "as an earner may write it",
            signed(as_earner, &method, &own, now),
            "does not stand",
        ),
        ("written in afterwards", written_in.into_bytes(), "changed after"),
        (
            "no signature",
            described(&challenge).to_string().into_bytes(),
            "no signature",
        ),
        ("no badge", b"%PDF-1.7".to_vec(), "cannot be read"),
        (
            "an address",
            signed(
                trial("https://coastal.example/i", &challenge, None),
                "https://coastal.example/k#1",
                &own,
                now,
            ),
            "names no document",
        ),
    ] {
        let refused = proves(&applicant, &id, badge).await.problem(422, "request.invalid");
        assert!(refused.detail.contains(told), "{what}: {refused:?}");
    }
    assert_eq!(
        applicant.sees(&id).await["steps"].as_array().map(Vec::len),
        Some(1),
        "nothing is written down"
    );

    // A good one, in any form; the last counts. Nothing of the trial badge is kept.
    let by_name = multikey::did_key(&thief.public_key());
    let token = jwt::sign(trial(&by_name.0, &challenge, None), &thief, &by_name.1, now).expect("a token");
    let proved = proves(&applicant, &id, token.into_bytes())
        .await
        .with_status(201)
        .value();
    assert_eq!(proved["proven"], by_name.0);
    let text = String::from_utf8(good.clone()).expect("text");
    let form = multipart::Form::new().text("key", applicant.token.clone()).part(
        "file",
        multipart::Part::bytes(bake_png(PIXEL, &text).expect("a picture")).file_name("trial.png"),
    );
    let url = format!("{}/application/proof", sc.url());
    let page = http::send(http::client().post(url).multipart(form))
        .await
        .with_status(201)
        .text();
    assert!(
        page.contains("Proved that it signs with keys of its own") && page.contains(&challenge),
        "{page}"
    );
    let file = sc.data().join("trial.json");
    std::fs::write(&file, &good).expect("a file");
    let proved = applicant
        .comity(&["issuer", "prove", &id, file.to_str().expect("a path")])
        .await;
    assert!(proved.code == Some(0) && proved.stdout.contains(&did), "{proved:?}");

    // Who reviews sees who proved what; what is approved is that identifier with its keys, and renewed it stays so.
    let shown = pat.comity(&["issuer", "show", &id]).await;
    let short = protocol::ticket::key_fingerprint(&text_of(&own));
    assert!(
        shown.stdout.contains(&did) && shown.stdout.contains(short.get(..9).expect("a part")),
        "{shown:?}"
    );
    let ann = TokenClient::operator(sc, "ann", &federation).await;
    let bo = TokenClient::operator(sc, "bo", &federation).await;
    let approves = async |days: i64| {
        for reviewer in [&ann, &bo] {
            reviewer.takes(&id, scores("met")).await.with_status(201);
        }
        let until = federation.clock().now().plus_seconds(days * 86_400).whole_seconds();
        let step = json!({"approve": {"until": until, "provider": "higher_education"}});
        pat.takes(&id, step).await.with_status(201).value()
    };
    assert_eq!(approves(30).await["issuer"], did);
    let issuer: Issuer = sc.employer().reads(&path_of(&did)).await.with_status(200).json();
    let lists = issuer.own_keys.clone().expect("keys of its own").status_lists;
    assert_eq!(lists, [publisher.url("/revocation"), publisher.url("/suspension")]);
    assert_eq!(issuer.verification_methods.len(), 1);
    assert_eq!(issuer.verification_methods[0].public_key_multibase, text_of(&own));
    let late = proves(&applicant, &id, good.clone()).await.problem(409, "act.conflict");
    assert!(late.detail.contains("`prove` is not possible"), "{late:?}");
    let taken = proves(&other, &other_id, signed(described(&theirs), &method, &own, now)).await;
    assert!(taken.problem(409, "act.conflict").detail.contains("registers"));
    applicant.takes(&id, json!("renew")).await.with_status(201);
    assert_eq!(approves(300).await["issuer"], did);
    knows(nc, &issuer).await;
    recognizes(nc, &did).await;
    let badge = issues(&publisher, ("1", &own), federation.clock().now());
    is_accepted(nc.employer().verifies_bytes(&badge).await);

    // A restart reads all of it again.
    sc.stops().await;
    sc.starts().await;
    federation.meets().await;
    assert_eq!(pat.sees(&id).await["proven"], did);
    let history = sc
        .employer()
        .reads(&format!("{}/history", path_of(&did)))
        .await
        .with_status(200)
        .value();
    let steps: Vec<&str> = history["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .filter_map(|s| s["step"].as_str())
        .collect();
    assert_eq!(&steps[..4], ["apply", "prove", "prove", "prove"]);
    federation.audit().await;
}
