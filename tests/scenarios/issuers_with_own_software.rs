//! An issuer signs and revokes with software of its own, a neighbour's agency registers it, and its badges count here; and
//! still nobody learns which of them is checked.

use registry_schema::{Issuer, Verdict, VerdictKind};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{
    Federation, Publisher, TestAgency, VerdictAssertions as _, eventually, interop,
    own_keys::{knows, path_of, recognizes},
};
use verification::IssuerSigningKey;

const SEED: &str = "2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b";
const HOUR: &str = "3600000";
const LIST: &str = "/status/revocation";
/// The number of checks that are made to see that none of them asks anybody.
const CHECKS: usize = 50;

/// Digital Bazaar's libraries, at the issuer's own desk.
struct IssuerSoftware<'a> {
    publisher: &'a Publisher,
    folder: TempDir,
}

impl<'a> IssuerSoftware<'a> {
    fn of(publisher: &'a Publisher) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { publisher, folder }
    }

    async fn runs(&self, tool: &str, words: &[&str]) -> Vec<u8> {
        let file = self.folder.path().join("out.json");
        let path = file.to_str().expect("a path");
        let did = self.publisher.did();
        let all = [path, "--seed", SEED, "--did", &did]
            .into_iter()
            .chain(words.iter().copied());
        let (line, code) = interop::tool(tool, all).await;
        assert_eq!(code, Some(0), "{line}");
        std::fs::read(&file).expect("what it made")
    }

    /// A badge with its status at this place of the list at this path.
    async fn signs(&self, path: &str, place: &str) -> Vec<u8> {
        let list = self.publisher.url(path);
        self.runs("sign.mjs", &["--status", &list, place]).await
    }

    /// Publishes its list with these places set.
    async fn publishes(&self, path: &str, set: &[&str], ttl: &str) -> String {
        let list = self.publisher.url(path);
        let mut words = vec!["--id", list.as_str(), "--ttl", ttl];
        words.extend(set.iter().flat_map(|place| ["--set", place]));
        let bytes = self.runs("status-list.mjs", &words).await;
        self.publisher.lays_out(path, "application/vc", bytes)
    }
}

/// NC and SC, whose operators know the publisher's certificate.
async fn neighbours(publisher: &Publisher) -> Federation {
    let federation = Federation::start(&["US-NC", "US-SC"]).await;
    for agency in federation.agencies() {
        publisher.is_trusted_by(agency, |_| {}).await;
    }
    federation.meets().await;
    federation
}

/// South Carolina registers it, as its document stands on the web, and North Carolina recognizes it.
async fn is_registered_and_recognized(publisher: &Publisher, federation: &Federation, list: &str) -> Issuer {
    let [nc, sc] = ["US-NC", "US-SC"].map(|id| federation.agency(id));
    let did = publisher.did();
    let adding = [
        "issuer",
        "add",
        "--name",
        "Coastal College",
        "--did",
        &did,
        "--status-list",
        list,
    ];
    let added = sc.comity(&adding).await;
    assert_eq!(added.code, Some(0), "{added:?}");
    let issuer: Issuer = sc.employer().reads(&path_of(&did)).await.with_status(200).json();
    knows(nc, &issuer).await;
    recognizes(nc, &did).await;
    issuer
}

/// Waits until a node has fetched South Carolina's one list.
async fn has_its_list(agency: &TestAgency) {
    eventually(&format!("{} has the list", agency.id()), async || {
        let told = agency
            .employer()
            .reads("/v1/agencies/US-SC")
            .await
            .with_status(200)
            .value();
        let lists = &told["issuers_lists"];
        let is_here = lists["named"] == 1 && lists["fresh"] == 1 && lists["failing"] == 0;
        is_here.then_some(()).ok_or_else(|| told.to_string())
    })
    .await;
}

/// Waits for this answer.
async fn answers_soon(agency: &TestAgency, badge: &[u8], kind: VerdictKind) -> Verdict {
    let employer = agency.employer();
    let awaited = format!("the answer {}", kind.as_str());
    let verdict = eventually(&awaited, async || {
        let verdict = employer.verifies_bytes(badge).await;
        if verdict.verdict == kind {
            Ok(verdict)
        } else {
            Err(format!("{verdict:#?}"))
        }
    });
    verdict.await.is(kind)
}

/// The same, while minutes go by.
async fn answers(federation: &Federation, agency: &TestAgency, badge: &[u8], kind: VerdictKind) -> Verdict {
    let waiting = answers_soon(agency, badge, kind);
    federation.clock().runs_until(waiting).await
}

/// The verdicts of every way to ask about a badge at a node.
async fn every_way(agency: &TestAgency, badge: &[u8]) -> Vec<String> {
    let employer = agency.employer();
    let one = employer.verifies_bytes(badge).await.verdict.as_str().to_owned();
    let line = String::from_utf8(badge.to_vec()).expect("text").replace('\n', " ");
    let many = employer.sends_many(format!("{line}\n{line}\n").into(), "application/jsonl", &[]);
    let many = many.await.with_status(200).text();
    let verdict = |line: &str| -> String {
        let value: Value = serde_json::from_str(line).expect("JSON");
        value["verdict"].as_str().expect("a verdict").to_owned()
    };
    let all = many.lines().map(verdict);
    std::iter::once(one).chain(all).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn its_badges_are_good_until_it_revokes_them_and_no_check_asks_it() {
    let publisher = Publisher::starts().await;
    let desk = IssuerSoftware::of(&publisher);
    let federation = neighbours(&publisher).await;
    let (nc, sc) = (federation.agency("US-NC"), federation.agency("US-SC"));
    let key = IssuerSigningKey::from_seed(&[0x2b; 32]).expect("a key");
    publisher.publishes_key(&key, &["assertionMethod"]);
    let list = desk.publishes(LIST, &["1"], HOUR).await;
    let (badge, other) = (desk.signs(LIST, "4711").await, desk.signs(LIST, "5").await);

    // A control: of an issuer that nobody registers, its site is asked because of a check.
    nc.employer()
        .verifies_bytes(&badge)
        .await
        .is(VerdictKind::NotRecognized);
    assert!(publisher.was_asked_for().contains(&LIST.to_owned()));

    let issuer = is_registered_and_recognized(&publisher, &federation, &list).await;
    let accepted = answers_soon(nc, &badge, VerdictKind::Accepted).await;
    assert!(
        accepted
            .finding("status.active")
            .detail
            .contains("the issuer's own list"),
        "{accepted:#?}"
    );
    for agency in [nc, sc] {
        has_its_list(agency).await;
    }
    let shown = nc.comity(&["status"]).await;
    assert!(
        shown
            .stdout
            .replace('\n', " ")
            .contains("1 of 1 status lists are here and fresh"),
        "{shown:?}"
    );

    // Nobody learns which of its badges is checked. A node that begins anew remembers nothing that a check could have
    // brought; it fetches the list by itself, and then not again for minutes.
    publisher.was_asked_for();
    nc.stops().await;
    nc.starts().await;
    eventually("the list is fetched and nothing was checked", async || {
        let asked = publisher.was_asked_for();
        if asked.is_empty() {
            return Err("not yet".to_owned());
        }
        assert_eq!(asked, [LIST]);
        Ok(())
    })
    .await;
    federation.meets().await;
    let begun = std::time::Instant::now();
    for round in 0..CHECKS {
        let badge = if round % 2 == 0 { &badge } else { &other };
        nc.employer().verifies_bytes(badge).await.is(VerdictKind::Accepted);
    }
    assert_eq!(every_way(nc, &badge).await, ["accepted"; 3]);
    assert!(begun.elapsed().as_secs() < 200, "no fetch of its own was due meanwhile");
    assert_eq!(publisher.was_asked_for(), Vec::<String>::new(), "a check asked");

    let before = federation.clock().now();
    desk.publishes(LIST, &["1", "4711"], HOUR).await;
    let revoked = answers(&federation, nc, &badge, VerdictKind::NotValid).await;
    revoked.finding("status.revoked");
    assert_eq!(every_way(nc, &badge).await, ["not_valid"; 3]);
    nc.employer().verifies_bytes(&other).await.is(VerdictKind::Accepted);
    // What was known then is told still, and from the list of that time.
    let then = before.to_string();
    let known = nc
        .employer()
        .asks(&badge, &[("known", then.as_str())])
        .await
        .is(VerdictKind::Accepted);
    let fresh = known.status.fresh_as_of.expect("an age");
    assert!(fresh <= before, "{known:#?}");

    // A list that its agency does not name is not fetched, whoever asks.
    let unnamed = desk.publishes("/status/unnamed", &[], HOUR).await;
    let stray = desk.signs("/status/unnamed", "7").await;
    publisher.was_asked_for();
    let verdict = nc
        .employer()
        .verifies_bytes(&stray)
        .await
        .is(VerdictKind::CouldNotCheck);
    let said = &verdict.finding("status.unreachable").detail;
    let advice = format!("comity issuer refresh {} --add-status-list {}", issuer.id, unnamed);
    assert!(
        said.contains("US-SC does not name it") && said.contains(&advice),
        "{said}"
    );
    assert!(!publisher.was_asked_for().contains(&"/status/unnamed".to_owned()));
    let added = ["issuer", "refresh", &issuer.id, "--add-status-list", &unnamed];
    let added = sc.comity(&added).await;
    assert_eq!(added.code, Some(0), "{added:?}");
    answers(&federation, nc, &stray, VerdictKind::Accepted).await;

    // Its site is gone: what is here counts for its hour, through a restart too, and then no longer.
    publisher.stops();
    nc.stops().await;
    nc.starts().await;
    federation.meets().await;
    answers(&federation, nc, &other, VerdictKind::Accepted).await;
    federation.clock().advance_hours(2);
    let verdict = answers(&federation, nc, &other, VerdictKind::CouldNotCheck).await;
    let said = &verdict.finding("status.unreachable").detail;
    for part in ["it could not be fetched", "could not be reached", "counts no longer"] {
        assert!(said.contains(part), "{said}");
    }
    // What was revoked stays revoked, however old that is.
    answers(&federation, nc, &badge, VerdictKind::NotValid)
        .await
        .finding("status.revoked");
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_jose_signed_are_good_until_their_issuer_revokes_them() {
    let publisher = Publisher::starts().await;
    let federation = neighbours(&publisher).await;
    let nc = federation.agency("US-NC");
    let folder = tempfile::tempdir().expect("a folder");
    let (at, did, url) = (
        folder.path().to_str().expect("a path"),
        publisher.did(),
        publisher.url(LIST),
    );
    let (line, code) = interop::tool("token.mjs", ["sign", at, "--did", &did, "--list", &url]).await;
    assert_eq!(code, Some(0), "{line}");
    let keys = line["keys"].as_object().expect("keys");
    let method =
        |(id, jwk): (&String, &Value)| json!({"id": id, "type": "JsonWebKey", "controller": did, "publicKeyJwk": jwk});
    let document = json!({
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/jwk/v1"],
        "id": did,
        "verificationMethod": keys.iter().map(method).collect::<Vec<_>>(),
        "assertionMethod": keys.keys().collect::<Vec<_>>(),
    });
    let read = |name: &str| std::fs::read(folder.path().join(name)).expect("a token");
    publisher.lays_out(LIST, "application/vc+jwt", read("clear.list.jwt"));
    publisher.lays_out("/.well-known/did.json", "application/did+json", document.to_string());
    is_registered_and_recognized(&publisher, &federation, &url).await;
    let honest: Vec<String> = serde_json::from_value(line["honest"].clone()).expect("names");
    for name in &honest {
        answers(&federation, nc, &read(name), VerdictKind::Accepted).await;
    }
    let forged: Vec<String> = serde_json::from_value(line["forged"].clone()).expect("names");
    for name in forged.iter().step_by(10) {
        let verdict = nc.employer().verifies_bytes(&read(name)).await;
        assert_ne!(verdict.verdict, VerdictKind::Accepted, "{name}: {verdict:#?}");
    }
    publisher.lays_out(LIST, "application/vc+jwt", read("revoked.list.jwt"));
    for name in &honest {
        answers(&federation, nc, &read(name), VerdictKind::NotValid)
            .await
            .finding("status.revoked");
    }
    federation.audit().await;
}

/// A list counts only if the keys that its agency lists for the issuer signed it.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_by_another_key_makes_nothing_green() {
    let publisher = Publisher::starts().await;
    let desk = IssuerSoftware::of(&publisher);
    let federation = neighbours(&publisher).await;
    let nc = federation.agency("US-NC");
    let key = IssuerSigningKey::from_seed(&[0x2b; 32]).expect("a key");
    publisher.publishes_key(&key, &["assertionMethod"]);
    let badge = desk.signs(LIST, "4711").await;
    let thief = IssuerSigningKey::from_seed(&[0x2c; 32]).expect("a key");
    let now = federation.clock().now();
    publisher.publishes_list(LIST, "revocation", &[], &thief, now, 60_000);
    is_registered_and_recognized(&publisher, &federation, &publisher.url(LIST)).await;
    eventually("the forged list was fetched and told", async || {
        let verdict = nc.employer().verifies_bytes(&badge).await;
        assert_ne!(verdict.verdict, VerdictKind::Accepted, "{verdict:#?}");
        match verdict.findings.iter().any(|f| f.code == "status.list_unverified") {
            true => Ok(()),
            false => Err(format!("{verdict:#?}")),
        }
    })
    .await;
    desk.publishes(LIST, &[], HOUR).await;
    answers(&federation, nc, &badge, VerdictKind::Accepted).await;
    federation.audit().await;
}
