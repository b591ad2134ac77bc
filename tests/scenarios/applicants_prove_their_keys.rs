//! An applicant who signs with software of its own proves that it controls its identifier, and is registered as that.

use policy::rubrics::STARTER;
use registry_schema::Issuer;
use reqwest::multipart;
use serde_json::{Value, json};
use tests::{
    Federation, HttpReply, Publisher, TestAgency, http,
    own_keys::{is_accepted, issues, key, knows, path_of, publishes, recognizes, signed, text_of, trial},
    party::{TokenClient, applies, scores, with_public_histories},
};
use verification::{IssuerSigningKey, formats::bake_png, jwt, multikey};

const PIXEL: &[u8] = include_bytes!("../fixtures/plain.png");

/// Sends a trial badge, as its holder of this token.
async fn proves(party: &TokenClient<'_>, id: &str, badge: Vec<u8>) -> HttpReply {
    let url = format!("{}/v1/applications/{id}/proof", party.agency.url());
    http::send(http::client().post(url).bearer_auth(&party.token).body(badge)).await
}

/// A case, and what its applicant has.
struct Case {
    id: String,
    token: String,
    challenge: String,
}

impl Case {
    /// Applies at an agency under this name.
    async fn begins(sc: &TestAgency, name: &str) -> Self {
        let (id, token) = applies(sc, name).await;
        let applicant = TokenClient {
            agency: sc,
            token: token.clone(),
        };
        let seen = applicant.sees(&id).await;
        let challenge = seen["challenge"].as_str().expect("a challenge").to_owned();
        Self { id, token, challenge }
    }
}

/// An applicant at South Carolina who signs with software of its own and publishes its key, and somebody else who applies.
struct Scene {
    federation: Federation,
    publisher: Publisher,
    own: IssuerSigningKey,
    thief: IssuerSigningKey,
    did: String,
    /// The name of its own key.
    method: String,
    case: Case,
    others: Case,
}

impl Scene {
    async fn starts() -> Self {
        let federation = with_public_histories().await;
        let sc = federation.agency("US-SC");
        let publisher = Publisher::starts().await;
        publisher.is_trusted_by(sc, |_| {}).await;
        federation.meets().await;
        sc.asks_with_text("/v1/rubrics", STARTER).await.with_status(201);
        let (own, thief) = (key(81), key(99));
        publishes(&publisher, &[("1", &own)], &[("login", &thief)]);
        let did = publisher.did();
        Self {
            case: Case::begins(sc, "Coastal College").await,
            others: Case::begins(sc, "Somebody else").await,
            method: format!("{did}#1"),
            did,
            federation,
            publisher,
            own,
            thief,
        }
    }

    fn sc(&self) -> &TestAgency {
        self.federation.agency("US-SC")
    }

    /// A party at South Carolina with this token.
    fn party(&self, token: &str) -> TokenClient<'_> {
        TokenClient {
            agency: self.sc(),
            token: token.to_owned(),
        }
    }

    fn pat(&self) -> TokenClient<'_> {
        self.party(self.sc().token())
    }

    fn applicant(&self) -> TokenClient<'_> {
        self.party(&self.case.token)
    }

    fn other(&self) -> TokenClient<'_> {
        self.party(&self.others.token)
    }

    /// Signs a badge now.
    fn signs(&self, badge: Value, method: &str, key: &IssuerSigningKey) -> Vec<u8> {
        signed(badge, method, key, self.federation.clock().now())
    }

    /// A trial badge that proves: its own key signed it, and it names the status lists that it publishes.
    fn good(&self) -> Vec<u8> {
        let text = format!("A trial: {}", self.case.challenge);
        let badge = trial(&self.did, &text, Some(&self.publisher.url("")));
        self.signs(badge, &self.method, &self.own)
    }

    /// A trial badge as a token, that proves another identifier: a key's own name. Gives that name as well.
    fn by_name(&self) -> (String, Vec<u8>) {
        let (did, method) = multikey::did_key(&self.thief.public_key());
        let badge = trial(&did, &self.case.challenge, None);
        let token = jwt::sign(badge, &self.thief, &method, self.federation.clock().now()).expect("a token");
        (did, token.into_bytes())
    }

    /// Proves for the applicant's case.
    async fn proves(&self, badge: Vec<u8>) -> HttpReply {
        proves(&self.applicant(), &self.case.id, badge).await
    }

    async fn reviewers(&self) -> [TokenClient<'_>; 2] {
        let ann = TokenClient::operator(self.sc(), "ann", &self.federation).await;
        let bo = TokenClient::operator(self.sc(), "bo", &self.federation).await;
        [ann, bo]
    }

    /// Approves the case for so many days, once both have reviewed it; gives the answer.
    async fn approves(&self, reviewers: &[TokenClient<'_>; 2], days: i64) -> Value {
        for reviewer in reviewers {
            reviewer.takes(&self.case.id, scores("met")).await.with_status(201);
        }
        let now = self.federation.clock().now();
        let until = now.plus_seconds(days * 86_400).whole_seconds();
        let step = json!({"approve": {"until": until, "provider": "higher_education"}});
        self.pat().takes(&self.case.id, step).await.with_status(201).value()
    }

    /// Renews the registration, and approves that as well.
    async fn renews(&self, reviewers: &[TokenClient<'_>; 2]) -> Value {
        let renewed = self.applicant().takes(&self.case.id, json!("renew")).await;
        renewed.with_status(201);
        self.approves(reviewers, 300).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_case_has_a_challenge_of_its_own_that_its_reviewers_see() {
    let scene = Scene::starts().await;
    let (challenge, theirs) = (&scene.case.challenge, &scene.others.challenge);
    assert_ne!(theirs, challenge, "each case has its own");
    let shown = scene.pat().comity(&["issuer", "show", &scene.case.id]).await;
    assert!(shown.stdout.contains(challenge), "{shown:?}");
    scene.federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_proves_for_another_nor_by_saying_that_it_is_so() {
    let scene = Scene::starts().await;
    let (id, did, method) = (&scene.case.id, &scene.did, &scene.method);
    let good = scene.good();
    for party in [scene.party(""), scene.other()] {
        proves(&party, id, good.clone())
            .await
            .problem(401, "operator.unauthenticated");
    }
    let keys = json!([{"id": method, "public_key_multibase": text_of(&scene.thief)}]);
    let said = json!({"prove": {"issuer": did, "keys": keys}});
    for party in [scene.applicant(), scene.pat()] {
        let refused = party.takes(id, said.clone()).await.problem(422, "request.invalid");
        assert!(refused.detail.contains("trial badge"), "{refused:?}");
    }
    assert_eq!(
        scene.applicant().sees(id).await["steps"].as_array().map(Vec::len),
        Some(1),
        "nothing is written down"
    );
    scene.federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_proof_is_none_and_its_answer_says_why() {
    let scene = Scene::starts().await;
    let (did, method, own, thief) = (&scene.did, &scene.method, &scene.own, &scene.thief);
    let (challenge, theirs) = (&scene.case.challenge, &scene.others.challenge);
    let described = |text: &str| trial(did, text, None);
    let mut as_earner = described("A trial.");
    as_earner["credentialSubject"]["identifier"][0]["identityHash"] = json!(challenge);
    let written_in = {
        let bytes = scene.signs(described("A trial."), method, own);
        String::from_utf8(bytes).expect("text").replace("A trial.", challenge)
    };
    for (what, badge, told) in [
        (
            "another key",
            scene.signs(described(challenge), method, thief),
            "does not match",
        ),
        (
            "a key that may not issue",
            scene.signs(described(challenge), &format!("{did}#login"), thief),
            "another key",
        ),
        (
            "a key of its own name",
            scene.signs(described(challenge), &multikey::did_key(&thief.public_key()).1, thief),
            "another key",
        ),
        (
            "no challenge",
            scene.signs(described("A trial."), method, own),
            "does not stand",
        ),
        (
            "another's challenge",
            scene.signs(described(theirs), method, own),
            "does not stand",
        ),
        (
            "as an earner may write it",
            scene.signs(as_earner, method, own),
            "does not stand",
        ),
        ("written in afterwards", written_in.into_bytes(), "changed after"),
        (
            "no signature",
            described(challenge).to_string().into_bytes(),
            "no signature",
        ),
        ("no badge", b"%PDF-1.7".to_vec(), "cannot be read"),
        (
            "an address",
            scene.signs(
                trial("https://coastal.example/i", challenge, None),
                "https://coastal.example/k#1",
                own,
            ),
            "names no document",
        ),
    ] {
        let refused = scene.proves(badge).await.problem(422, "request.invalid");
        assert!(refused.detail.contains(told), "{what}: {refused:?}");
    }
    assert_eq!(
        scene.applicant().sees(&scene.case.id).await["steps"]
            .as_array()
            .map(Vec::len),
        Some(1),
        "nothing is written down"
    );
    scene.federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trial_badge_proves_in_any_form_and_the_last_one_is_what_a_reviewer_sees() {
    let scene = Scene::starts().await;
    let (sc, id, did) = (scene.sc(), &scene.case.id, &scene.did);
    let (name, token) = scene.by_name();
    let proved = scene.proves(token).await.with_status(201).value();
    assert_eq!(proved["proven"], name);
    let good = scene.good();
    let text = String::from_utf8(good.clone()).expect("text");
    let form = multipart::Form::new().text("key", scene.case.token.clone()).part(
        "file",
        multipart::Part::bytes(bake_png(PIXEL, &text).expect("a picture")).file_name("trial.png"),
    );
    let url = format!("{}/application/proof", sc.url());
    let page = http::send(http::client().post(url).multipart(form))
        .await
        .with_status(201)
        .text();
    assert!(
        page.contains("Proved that it signs with keys of its own") && page.contains(&scene.case.challenge),
        "{page}"
    );
    let file = sc.data().join("trial.json");
    std::fs::write(&file, &good).expect("a file");
    let proved = scene
        .applicant()
        .comity(&["issuer", "prove", id, file.to_str().expect("a path")])
        .await;
    assert!(proved.code == Some(0) && proved.stdout.contains(did), "{proved:?}");
    let shown = scene.pat().comity(&["issuer", "show", id]).await;
    let short = protocol::ticket::key_fingerprint(&text_of(&scene.own));
    assert!(
        shown.stdout.contains(did) && shown.stdout.contains(short.get(..9).expect("a part")),
        "{shown:?}"
    );
    scene.federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_approved_is_the_proven_identifier_with_its_keys_and_renewed_it_stays_so() {
    let scene = Scene::starts().await;
    let (publisher, own, did) = (&scene.publisher, &scene.own, &scene.did);
    let nc = scene.federation.agency("US-NC");
    // The last proof counts.
    scene.proves(scene.by_name().1).await.with_status(201);
    scene.proves(scene.good()).await.with_status(201);
    let reviewers = scene.reviewers().await;
    assert_eq!(scene.approves(&reviewers, 30).await["issuer"], *did);
    let entry = scene.sc().employer().reads(&path_of(did)).await;
    let issuer: Issuer = entry.with_status(200).json();
    let lists = issuer.own_keys.clone().expect("keys of its own").status_lists;
    assert_eq!(lists, [publisher.url("/revocation"), publisher.url("/suspension")]);
    assert_eq!(issuer.verification_methods.len(), 1);
    assert_eq!(issuer.verification_methods[0].public_key_multibase, text_of(own));
    assert_eq!(scene.renews(&reviewers).await["issuer"], *did);
    knows(nc, &issuer).await;
    recognizes(nc, did).await;
    let badge = issues(publisher, ("1", own), scene.federation.clock().now());
    is_accepted(nc.employer().verifies_bytes(&badge).await);
    scene.federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_registered_is_proven_no_more_neither_by_its_applicant_nor_in_anothers_case() {
    let scene = Scene::starts().await;
    let good = scene.good();
    scene.proves(good.clone()).await.with_status(201);
    scene.approves(&scene.reviewers().await, 30).await;
    let late = scene.proves(good).await.problem(409, "act.conflict");
    assert!(late.detail.contains("`prove` is not possible"), "{late:?}");
    let theirs = trial(&scene.did, &scene.others.challenge, None);
    let theirs = scene.signs(theirs, &scene.method, &scene.own);
    let taken = proves(&scene.other(), &scene.others.id, theirs).await;
    assert!(taken.problem(409, "act.conflict").detail.contains("registers"));
    scene.federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_reads_again_what_was_proven() {
    let scene = Scene::starts().await;
    let (sc, did) = (scene.sc(), &scene.did);
    for badge in [scene.by_name().1, scene.good(), scene.good()] {
        scene.proves(badge).await.with_status(201);
    }
    let reviewers = scene.reviewers().await;
    scene.approves(&reviewers, 30).await;
    scene.renews(&reviewers).await;
    sc.stops().await;
    sc.starts().await;
    scene.federation.meets().await;
    assert_eq!(scene.pat().sees(&scene.case.id).await["proven"], *did);
    let history = sc
        .employer()
        .reads(&format!("{}/history", path_of(did)))
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
    scene.federation.audit().await;
}
