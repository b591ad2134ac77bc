//! An issuer that signs with software and keys of its own is registered by an agency that keeps no key of it, and is looked
//! at again after it changed its keys.

use registry_schema::{Issuer, Timestamp, Verdict, VerdictKind};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{
    Federation, HttpReply, Publisher, TestAgency, VerdictAssertions as _, WebvhHistory, eventually,
    own_keys::{is_accepted, issues, key, knows, path_of, publishes, recognizes, text_of},
    program::ProgramOutput,
};
use verification::{IssuerSigningKey, multikey};

async fn registers(agency: &TestAgency, body: &Value) -> HttpReply {
    agency.asks(Method::POST, "/v1/issuers", Some(body)).await
}

/// An issuer that signs with keys of its own and publishes them on a server of its own, and the agencies of the story.
struct Scene {
    federation: Federation,
    publisher: Publisher,
    did: String,
    old: IssuerSigningKey,
    new: IssuerSigningKey,
    login: IssuerSigningKey,
}

impl Scene {
    /// Starts these agencies. South Carolina's node trusts the issuer's server, where no document stands yet.
    async fn starts(ids: &[&str]) -> Self {
        let federation = Federation::start(ids).await;
        let publisher = Publisher::starts().await;
        publisher.is_trusted_by(federation.agency("US-SC"), |_| {}).await;
        federation.meets().await;
        Self {
            did: publisher.did(),
            federation,
            publisher,
            old: key(81),
            new: key(82),
            login: key(83),
        }
    }

    /// Starts the same; the issuer publishes a key that may issue and one that may not, and South Carolina registers it.
    async fn registered(ids: &[&str]) -> (Self, Issuer) {
        let scene = Self::starts(ids).await;
        publishes(&scene.publisher, &[("1", &scene.old)], &[("login", &scene.login)]);
        let body = json!({
            "name": "Coastal College", "did": scene.did, "status_lists": [scene.publisher.url("/status/1")],
            "provider": "higher_education",
        });
        registers(scene.sc(), &body).await.with_status(201);
        let issuer = scene.entry().await;
        (scene, issuer)
    }

    /// Starts the same at both agencies; North Carolina recognizes the issuer.
    async fn recognized() -> (Self, Issuer) {
        let (scene, issuer) = Self::registered(&["US-NC", "US-SC"]).await;
        knows(scene.nc(), &issuer).await;
        recognizes(scene.nc(), &scene.did).await;
        (scene, issuer)
    }

    fn sc(&self) -> &TestAgency {
        self.federation.agency("US-SC")
    }

    fn nc(&self) -> &TestAgency {
        self.federation.agency("US-NC")
    }

    fn now(&self) -> Timestamp {
        self.federation.clock().now()
    }

    /// The issuer's entry at South Carolina.
    async fn entry(&self) -> Issuer {
        let reply = self.sc().employer().reads(&path_of(&self.did)).await;
        reply.with_status(200).json()
    }

    /// A badge that it signed with its old key an hour ago.
    fn signed_before(&self) -> Vec<u8> {
        issues(&self.publisher, ("1", &self.old), self.now().plus_seconds(-3_600))
    }

    /// North Carolina's answer about a badge.
    async fn hears(&self, badge: &[u8]) -> Verdict {
        self.nc().employer().verifies_bytes(badge).await
    }

    /// Puts the new key in the old one's place, two hours after the registration.
    fn publishes_its_new_key(&self) {
        self.federation.clock().advance_hours(2);
        publishes(&self.publisher, &[("2", &self.new)], &[]);
    }

    /// Looks at its keys again; gives its entry.
    async fn looks_again(&self) -> Issuer {
        let looked = self.sc().comity(&["issuer", "refresh", "Coastal College"]).await;
        assert_eq!(looked.code, Some(0), "{looked:?}");
        self.entry().await
    }

    /// Sends a look of this kind, whatever comes of it.
    async fn asks_to_look(&self, body: &Value) -> HttpReply {
        let path = format!("{}/keys", path_of(&self.did));
        self.sc().asks(Method::POST, &path, Some(body)).await
    }

    /// Says that its new key was stolen.
    async fn tells_of_the_theft(&self) -> ProgramOutput {
        let stolen = text_of(&self.new);
        let said = ["--yes", "issuer", "compromised", "Coastal College", "--key", &stolen];
        let told = self.sc().comity(&said).await;
        assert_eq!(told.code, Some(0), "{told:?}");
        told
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_whose_keys_cannot_be_had_or_may_not_issue_is_not_registered() {
    let scene = Scene::starts(&["US-SC"]).await;
    let (sc, publisher, did, old) = (scene.sc(), &scene.publisher, &scene.did, &scene.old);
    let body = json!({"name": "Coastal College", "did": did});
    let gone = registers(sc, &body).await.problem(422, "request.invalid");
    assert!(
        gone.detail.contains("cannot be had") && gone.detail.contains("404"),
        "{gone:?}"
    );
    publishes(publisher, &[], &[("login", &scene.login)]);
    let none = registers(sc, &body).await.problem(422, "request.invalid");
    assert!(none.detail.contains("no key that may issue"), "{none:?}");
    publishes(publisher, &[("1", old)], &[("login", &scene.login)]);
    for (spoiled, told) in [
        (json!({"name": "C", "did": "https://coastal.example/issuer"}), "`--key`"),
        (json!({"name": "C", "did": "did:example:1"}), "did:web"),
        (json!({"name": "C", "did": "coastal.example"}), "neither a DID"),
        (json!({"name": "C", "did": did, "key": "p256"}), "the node makes"),
        (
            json!({"name": "C", "status_lists": ["https://a.example/1"]}),
            "its `did`",
        ),
        (
            json!({"name": "C", "did": did, "status_lists": ["http://a.example/1"]}),
            "https://",
        ),
        (json!({"name": "C", "did": did, "keys": []}), "no key"),
        (
            json!({"name": "C", "did": did, "keys": [{"id": "did:web:other.example#1", "public_key_multibase": text_of(old)}]}),
            "does not name a key",
        ),
    ] {
        let said = registers(sc, &spoiled).await.problem(422, "request.invalid");
        assert!(said.detail.contains(told), "{spoiled}: {said:?}");
    }
    // What was refused stands in nobody's way.
    registers(sc, &body).await.with_status(201);
    scene.federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_shows_the_keys_and_registers_those_that_may_issue() {
    let scene = Scene::starts(&["US-SC"]).await;
    let sc = scene.sc();
    publishes(&scene.publisher, &[("1", &scene.old)], &[("login", &scene.login)]);
    let list = scene.publisher.url("/status/1");
    let adding = [
        "issuer",
        "add",
        "--name",
        "Coastal College",
        "--did",
        &scene.did,
        "--status-list",
        &list,
        "--provider",
        "higher_education",
    ];
    let dry = sc.comity(&[&["--dry-run"], &adding[..]].concat()).await;
    let short = protocol::ticket::key_fingerprint(&text_of(&scene.old));
    assert!(
        dry.code == Some(0) && dry.stdout.contains(&short) && dry.stdout.contains("keys of its own"),
        "{dry:?}"
    );
    let added = sc.comity(&adding).await;
    assert!(
        added.code == Some(0) && !added.stdout.contains(&text_of(&scene.login)),
        "{added:?}"
    );
    let issuer = scene.entry().await;
    let own = issuer.own_keys.expect("keys of its own");
    assert_eq!(own.status_lists, [list]);
    assert_eq!(
        (issuer.verification_methods.len(), issuer.verification_methods[0].from),
        (1, None)
    );
    scene.federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identifier_and_a_name_are_registered_once() {
    let (scene, _) = Scene::registered(&["US-SC"]).await;
    let sc = scene.sc();
    let again = registers(sc, &json!({"name": "Another name", "did": scene.did})).await;
    assert!(again.problem(409, "act.conflict").detail.contains("registers"));
    let other = multikey::did_key(&key(90).public_key()).0;
    let taken = registers(sc, &json!({"name": "Coastal College", "did": other})).await;
    assert!(
        taken
            .problem(409, "act.conflict")
            .detail
            .contains("named `Coastal College`")
    );
    scene.federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_badges_are_accepted_where_it_is_recognized_and_nobody_is_asked_on_their_behalf() {
    let (scene, _) = Scene::recognized().await;
    let publisher = &scene.publisher;
    // South Carolina's node fetches the list that it names, whatever is checked.
    eventually("the first fetch of its list", async || {
        let asked = publisher.was_asked_for();
        match asked.iter().any(|path| path == "/status/1") {
            true => Ok(()),
            false => Err(format!("{asked:?}")),
        }
    })
    .await;
    let accepted = is_accepted(scene.hears(&scene.signed_before()).await);
    accepted.finding("issuer.key_is_issuers");
    scene
        .hears(&issues(publisher, ("login", &scene.login), scene.now()))
        .await
        .is(VerdictKind::CouldNotCheck)
        .finding("proof.unknown_key");
    assert_eq!(publisher.was_asked_for(), Vec::<String>::new());
    scene.federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_issues_nothing_for_it_by_any_way() {
    let (scene, _) = Scene::registered(&["US-SC"]).await;
    let did = &scene.did;
    let issuing = json!({"issuer": did, "subject": "Nobody", "achievement": {"name": "Nothing"}});
    let document = json!({"credential": {
        "@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiableCredential"],
        "issuer": did, "credentialSubject": {"name": "Nobody"},
    }});
    for (path, body) in [("/v1/credentials", issuing), ("/credentials/issue", document)] {
        let said = scene
            .sc()
            .asks(Method::POST, path, Some(&body))
            .await
            .problem(409, "act.conflict");
        let told = "`Coastal College` signs with keys of its own; this agency keeps none and issues nothing for it";
        assert_eq!(said.detail, told, "{path}");
    }
    scene.federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_look_says_what_became_of_each_key_and_changes_nothing() {
    let (scene, issuer) = Scene::registered(&["US-SC"]).await;
    let sc = scene.sc();
    scene.publishes_its_new_key();
    let looked = sc.comity(&["--dry-run", "issuer", "refresh", "Coastal College"]).await;
    assert!(
        looked.code == Some(0) && looked.stdout.contains("\nnew ") && looked.stdout.contains("\ngone "),
        "{looked:?}"
    );
    assert_eq!(scene.entry().await, issuer, "a dry run changes nothing");
    let dry = format!("{}/keys?dry_run=true", path_of(&scene.did));
    let dry = sc
        .asks(Method::POST, &dry, Some(&json!({})))
        .await
        .with_status(200)
        .value();
    assert!(dry["consequences"]["checks"].is_u64(), "{dry}");
    scene.looks_again().await;
    assert_eq!(sc.audited("issuer.refresh").await, 1);
    scene.federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_counts_since_the_look_before_and_the_old_one_until_this_look() {
    let (scene, issuer) = Scene::recognized().await;
    let (publisher, old, new) = (&scene.publisher, &scene.old, &scene.new);
    let before = scene.signed_before();
    let own = issuer.own_keys.expect("keys of its own");
    scene.publishes_its_new_key();
    let turned = scene.looks_again().await;
    let seen = turned.own_keys.as_ref().expect("keys of its own").seen;
    let [first, second] = turned.verification_methods.as_slice() else {
        panic!("two keys: {turned:?}")
    };
    assert_eq!(
        (first.until, second.from, second.until),
        (Some(seen), Some(own.seen), None)
    );
    knows(scene.nc(), &turned).await;
    scene.federation.clock().advance_hours(1);
    let now = scene.now();
    is_accepted(scene.hears(&before).await);
    is_accepted(scene.hears(&issues(publisher, ("2", new), now)).await);
    for (what, badge) in [
        ("the old key, later", issues(publisher, ("1", old), now)),
        (
            "the new key, before it was one",
            issues(publisher, ("2", new), own.seen.plus_seconds(-60)),
        ),
    ] {
        let verdict = scene.hears(&badge).await.is(VerdictKind::NotValid);
        verdict.finding("issuer.key_not_issuers");
        assert!(verdict.sentence.contains("key"), "{what}: {}", verdict.sentence);
    }
    scene.federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn off_the_web_its_lists_can_be_changed_and_its_keys_stay_as_they_were() {
    let (scene, _) = Scene::registered(&["US-SC"]).await;
    scene.publishes_its_new_key();
    let turned = scene.looks_again().await;
    let seen = turned.own_keys.as_ref().expect("keys of its own").seen;
    scene.federation.clock().advance_hours(1);
    scene.publisher.stops();
    scene.asks_to_look(&json!({})).await.problem(422, "request.invalid");
    let unknown = json!({"remove_status_lists": ["https://a.example/1"]});
    scene.asks_to_look(&unknown).await.problem(422, "request.invalid");
    let second = scene.publisher.url("/status/2");
    let changed = scene
        .sc()
        .comity(&["issuer", "refresh", "Coastal College", "--add-status-list", &second])
        .await;
    assert!(
        changed.code == Some(3) && changed.stderr.contains("cannot be had"),
        "{changed:?}"
    );
    let listed = scene.entry().await;
    assert_eq!(listed.verification_methods, turned.verification_methods);
    assert_eq!(
        listed.own_keys.map(|own| (own.status_lists.len(), own.seen)),
        Some((2, seen))
    );
    scene.federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_key_stays_stolen_when_it_is_looked_at_again_and_the_agency_confirms_nothing() {
    let (scene, _) = Scene::recognized().await;
    let before = scene.signed_before();
    scene.publishes_its_new_key();
    scene.looks_again().await;
    scene.federation.clock().advance_hours(1);
    scene.publisher.stops();
    let stolen = scene.tells_of_the_theft().await;
    assert!(stolen.stdout.contains("can confirm none"), "{stolen:?}");
    let keys = json!({"keys": [{"id": "#2", "public_key_multibase": text_of(&scene.new)}]});
    let still = scene.asks_to_look(&keys).await.with_status(201).value();
    assert!(
        still["verification_methods"]
            .as_array()
            .expect("keys")
            .iter()
            .any(|key| key["compromised"].is_string()),
        "{still}"
    );
    knows(scene.nc(), &scene.entry().await).await;
    scene
        .hears(&issues(&scene.publisher, ("2", &scene.new), scene.now()))
        .await
        .is(VerdictKind::CouldNotCheck)
        .finding("issuer.key_compromised");
    is_accepted(scene.hears(&before).await);
    scene.federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_lists_say_how_it_signs() {
    let (scene, _) = Scene::registered(&["US-NC", "US-SC"]).await;
    let sc = scene.sc();
    scene.publishes_its_new_key();
    let lists = json!({"add_status_lists": [scene.publisher.url("/status/2")]});
    scene.asks_to_look(&lists).await.with_status(201);
    scene.tells_of_the_theft().await;
    let page = sc
        .employer()
        .reads(path_of(&scene.did).trim_start_matches("/v1"))
        .await
        .with_status(200)
        .text();
    let short = protocol::ticket::key_fingerprint(&text_of(&scene.old));
    for told in ["signs with keys of its own", "/status/2", &short, "compromised since"] {
        assert!(page.contains(told), "`{told}` is not in {page}");
    }
    knows(scene.nc(), &scene.entry().await).await;
    let page = scene.nc().employer().reads("/issuers").await.with_status(200).text();
    assert!(page.contains("Signs with keys of its own"), "{page}");
    let shown = sc.comity(&["issuer", "list"]).await;
    assert!(shown.stdout.contains("its own"), "{shown:?}");
    scene.federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_whose_key_the_agency_keeps_has_nothing_to_look_up() {
    let federation = Federation::start(&["US-SC"]).await;
    let sc = federation.agency("US-SC");
    let ours = sc.registers("Palmetto Learning").await;
    let path = format!("{}/keys", path_of(&ours.id));
    let said = sc
        .asks(Method::POST, &path, Some(&json!({})))
        .await
        .problem(409, "act.conflict");
    assert!(said.detail.contains("keeps the key"), "{said:?}");
    federation.audit().await;
}

/// Its history says when each key issued, so nothing rests on when it was looked at.
#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_with_a_history_is_registered_with_the_terms_that_stand_there() {
    let federation = Federation::start(&["US-SC"]).await;
    let sc = federation.agency("US-SC");
    let publisher = Publisher::starts().await;
    publisher.is_trusted_by(sc, |_| {}).await;
    let now = federation.clock().now();
    let [began, changed] = [-4, -2].map(|days| now.plus_seconds(days * 86_400));
    let mut history = WebvhHistory::begins(&publisher.host(), &key(81), began);
    publisher.lays_out("/.well-known/did.jsonl", "text/jsonl", history.log());
    let added = sc
        .comity(&["issuer", "add", "--name", "Coastal", "--did", &history.did()])
        .await;
    assert_eq!(added.code, Some(0), "{added:?}");
    history.goes_on(&key(82), changed);
    publisher.lays_out("/.well-known/did.jsonl", "text/jsonl", history.log());
    let looked = sc.comity(&["issuer", "refresh", "Coastal"]).await;
    assert_eq!(looked.code, Some(0), "{looked:?}");
    let issuers: Vec<Issuer> = sc.employer().reads("/v1/issuers").await.json();
    let keys = &issuers.first().expect("an issuer").verification_methods;
    let terms: Vec<_> = keys.iter().map(|key| (key.from, key.until)).collect();
    let whole = |at: Timestamp| Some(at.whole_seconds());
    assert_eq!(terms, [(whole(began), whole(changed)), (whole(changed), None)]);
    federation.audit().await;
}

/// Many documents call their key `#1`, whichever it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_may_have_the_name_of_the_old_one() {
    let federation = Federation::start(&["US-SC"]).await;
    let sc = federation.agency("US-SC");
    let publisher = Publisher::starts().await;
    publisher.is_trusted_by(sc, |_| {}).await;
    let (old, new, did) = (key(81), key(82), publisher.did());
    publishes(&publisher, &[("1", &old)], &[]);
    let body = json!({"name": "Coastal College", "did": did});
    registers(sc, &body).await.with_status(201);
    recognizes(sc, &did).await;
    federation.clock().advance_hours(1);
    let before = issues(&publisher, ("1", &old), federation.clock().now());
    federation.clock().advance_hours(1);
    publishes(&publisher, &[("1", &new)], &[]);
    let looked = sc.comity(&["issuer", "refresh", "Coastal College"]).await;
    assert_eq!(looked.code, Some(0), "{looked:?}");
    federation.clock().advance_hours(1);
    let now = federation.clock().now();
    let hears = async |badge: &[u8]| sc.employer().verifies_bytes(badge).await;
    is_accepted(hears(&before).await);
    is_accepted(hears(&issues(&publisher, ("1", &new), now)).await);
    let late = hears(&issues(&publisher, ("1", &old), now)).await;
    late.is(VerdictKind::NotValid).finding("issuer.key_not_issuers");
    let strangers = hears(&issues(&publisher, ("1", &key(83)), now)).await;
    strangers.is(VerdictKind::NotValid).finding("proof.invalid");
    federation.audit().await;
}
