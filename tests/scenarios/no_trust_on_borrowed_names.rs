//! A badge by a key that no agency registers is never called genuine, and gets no tick beside the name that it claims: in
//! sentence, page, command, JSON and among many, in every form. If it claims the name of somebody whom an agency registers, or
//! one that a reader takes for it, that is said, with the real one.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use registry_schema::{Check, CheckOutcome, IssuerStanding, Verdict, VerdictKind, quotable};
use serde_json::{Value, json};
use tests::{Federation, Publisher, TeacherScenario, TestAgency, VerdictAssertions as _, forge, program};
use verification::{data_integrity, formats, jwt, multikey};

const REAL: &str = "Palmetto Educator Institute";

/// Returns what a reader sees of a page: its text, with one space between words.
fn visible(page: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in page.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            _ if !inside => text.push(c),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Nothing in this text lends the signer a name.
fn lends_nothing(name: &str, text: &str) {
    for claim in [
        "genuine",
        "Nothing is wrong with the badge itself",
        "Issued by",
        "issued to",
    ] {
        assert!(
            !text.contains(claim) && !text.contains("Genuine"),
            "{name}: `{claim}`: {text}"
        );
    }
}

/// The answer about a file of which nobody here knows the signer, if every way of asking tells it as that.
async fn is_by_nobody_known(name: &str, agency: &TestAgency, file: &[u8]) -> Verdict {
    let employer = agency.employer();
    let verdict: Verdict = employer.verifies_bytes(file).await.is(VerdictKind::NotRecognized);
    assert!(verdict.is_by_someone_unknown(), "{name}: {verdict:#?}");
    let issuer = verdict.issuer.as_ref().expect("an issuer");
    assert_eq!(
        (issuer.standing, &issuer.agency),
        (IssuerStanding::Unregistered, &None),
        "{name}"
    );
    assert_eq!(
        verdict.finding("issuer.unregistered").outcome,
        CheckOutcome::NotApplicable,
        "{name}"
    );
    assert_eq!(verdict.codes(Check::Proof), ["proof.valid"], "{name}: {verdict:#?}");
    let raw = employer.sends(file, "application/octet-stream", &[]).await.value();
    assert_eq!(
        (&raw["verdict"], &raw["issuer"]["standing"]),
        (&json!("not_recognized"), &json!("unregistered")),
        "{name}"
    );
    lends_nothing(name, &verdict.sentence);
    assert!(
        verdict
            .sentence
            .starts_with("Signed, but nobody here knows the signer. "),
        "{name}: {}",
        verdict.sentence
    );

    let page = employer.drops_on_the_page(file).await.with_status(200).text();
    let (_, card) = page.split_once("<article").expect("a card");
    let (card, rest) = card.split_once("</article>").expect("a card");
    let own = card.split_once("What others say").map_or(card, |(own, _)| own);
    assert!(
        own.contains("Signed by someone unknown here") && own.contains("card tone unknown-signer"),
        "{name}: {own}"
    );
    assert!(
        !own.contains("#accepted"),
        "{name}: nothing on the card is ticked: {own}"
    );
    lends_nothing(name, &visible(&format!("<{own}<{rest}")));

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("badge");
    std::fs::write(&path, file).expect("a file");
    let path = path.to_str().expect("a path");
    let ended = program::comity(["verify", "--node", agency.url(), path]).await;
    assert_eq!(ended.code, Some(1), "{name}: {ended:?}");
    lends_nothing(name, &ended.stdout);
    let told = ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("issued by unknown here; the file "), "{name}: {told}");
    let ended = program::comity(["verify", "--node", agency.url(), "--output", "json", path]).await;
    let said: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(said["issuer"]["standing"], "unregistered", "{name}");
    verdict
}

/// Many at once: each line, what the page counts and what it gives along, and what the command says of all.
async fn so_among_many(agency: &TestAgency, files: &[(&str, Vec<u8>)], good: &[u8]) {
    let zip = {
        use std::io::Write as _;
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, bytes) in files
            .iter()
            .map(|(name, bytes)| (*name, bytes.as_slice()))
            .chain([("good", good)])
        {
            archive
                .start_file(name, zip::write::SimpleFileOptions::default())
                .expect("a file");
            archive.write_all(bytes).expect("a file");
        }
        archive.finish().expect("an archive").into_inner()
    };
    let employer = agency.employer();
    let lines = employer
        .sends_many(zip.clone(), "application/zip", &[])
        .await
        .with_status(200);
    let lines = String::from_utf8_lossy(&lines.body).into_owned();
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), files.len() + 1);
    for line in &lines {
        let wanted = if line["input"] == "good" {
            "registered"
        } else {
            "unregistered"
        };
        assert_eq!(line["issuer"]["standing"], wanted, "{line:#}");
    }
    let page = employer.drops_on_the_page(&zip).await.with_status(200).text();
    let text = visible(&page);
    assert!(
        text.contains(&format!("Signed by someone unknown here: {}", files.len())),
        "{text}"
    );
    assert!(!text.contains("Genuine, not recognized here"), "{text}");
    let (_, csv) = page.split_once("data:text/csv;charset=utf-8;base64,").expect("a CSV");
    let (csv, _) = csv.split_once('"').expect("its end");
    let csv = base64::engine::general_purpose::STANDARD.decode(csv).expect("base64");
    let csv = String::from_utf8(csv).expect("text");
    assert_eq!(csv.matches(",unregistered,").count(), files.len(), "{csv}");
    assert_eq!(csv.matches(",registered,").count(), 1, "{csv}");

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("many.zip");
    std::fs::write(&path, &zip).expect("a file");
    let path = path.to_str().expect("a path");
    let ended = program::comity(["verify", "--node", agency.url(), "--bulk", path]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let told = format!("{} signed by somebody whom no agency here registers", files.len());
    assert!(ended.stderr.contains(&told), "{ended:?}");
    lends_nothing("many", &ended.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_nobody_registers_is_nobodys_in_every_form_and_every_way_of_asking() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let nc = federation.agency("US-NC");
    let publisher = Publisher::starts().await;
    publisher.is_trusted_by(nc, |_| {}).await;
    federation.awaits(nc, &badge, VerdictKind::Accepted).await;
    let key = forge::strangers_key();
    let now = federation.clock().now();
    publisher.publishes_key(&key, &["assertionMethod"]);

    let by_key = forge::borrows_the_name(REAL);
    let json = String::from_utf8(by_key.clone()).expect("text");
    let (did, method) = multikey::did_key(&key.public_key());
    let token = jwt::sign(forge::in_the_name_of(REAL, &did), &key, &method, now).expect("a token");
    // An Ed25519 key is two bytes of kind and thirty-two of key.
    let multibase = multikey::encode(&key.public_key());
    let bytes = bs58::decode(&multibase[1..]).into_vec().expect("base58");
    let jwk = json!({"crv": "Ed25519", "kty": "OKP", "x": URL_SAFE_NO_PAD.encode(&bytes[2..])});
    let did_jwk = format!("did:jwk:{}", URL_SAFE_NO_PAD.encode(jwk.to_string()));
    let by_jwk = data_integrity::sign(
        forge::in_the_name_of(REAL, &did_jwk),
        &key,
        &format!("{did_jwk}#0"),
        now,
    );
    let by_web = publisher.signs(forge::in_the_name_of(REAL, &publisher.did()), &key, now);
    let picture = formats::bake_png(include_bytes!("../../node/assets/badge.png"), &json).expect("a picture");
    let drawing = formats::bake_svg(include_str!("../../node/assets/badge.svg"), &json).expect("a drawing");
    let files = [
        ("did-key.json", by_key.clone()),
        ("did-key.jwt", token.into_bytes()),
        ("did-jwk.json", by_jwk.expect("a badge").to_string().into_bytes()),
        ("did-web.json", by_web),
        ("baked.png", picture),
        ("baked.svg", drawing.into_bytes()),
    ];
    for (name, file) in &files {
        let verdict = is_by_nobody_known(name, nc, file).await;
        let like = verdict.finding("issuer.name_resembles");
        assert!(
            like.detail.contains(&format!("“{REAL}”, an issuer of ")),
            "{name}: {}",
            like.detail
        );
        assert!(verdict.sentence.contains(&format!(
            "The file says it is from “{REAL}”. Anyone can write that name."
        )));
    }
    so_among_many(nc, &files, &badge.bytes()).await;

    // An identifier that holds no key, and of which nothing is published, is not checked at all.
    let id = "https://palmetto.example/issuer";
    let by_url = data_integrity::sign(forge::in_the_name_of(REAL, id), &key, &format!("{id}#{multibase}"), now);
    let by_url = by_url.expect("a badge").to_string().into_bytes();
    let verdict = nc
        .employer()
        .verifies_bytes(&by_url)
        .await
        .is(VerdictKind::CouldNotCheck);
    assert_eq!(
        verdict.issuer.expect("an issuer").standing,
        IssuerStanding::Unregistered
    );
    let page = nc.employer().drops_on_the_page(&by_url).await.with_status(200).text();
    lends_nothing("https", &visible(page.split_once("<article").expect("a card").1));

    // A badge of an issuer that is registered, and not recognized here, is genuine; its standing says so.
    let tn = federation.agency("US-TN");
    let registered = tn.registers("Cumberland Learning Collaborative").await;
    let genuine = tn.issues(&registered, "Sam Rivera").await;
    let verdict = federation.awaits(nc, &genuine, VerdictKind::NotRecognized).await;
    assert!(
        !verdict.is_by_someone_unknown() && verdict.sentence.starts_with("Genuine, but "),
        "{}",
        verdict.sentence
    );

    // The VC API judges the proof, as the standard has it, and warns.
    let body = json!({"verifiableCredential": serde_json::from_slice::<Value>(&by_key).expect("JSON")});
    let presentation = json!({"verifiablePresentation": {
        "@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiablePresentation"],
        "verifiableCredential": [body["verifiableCredential"]],
    }});
    for (path, body) in [("/credentials/verify", body), ("/presentations/verify", presentation)] {
        let reply = nc
            .asks(reqwest::Method::POST, path, Some(&body))
            .await
            .with_status(200)
            .value();
        assert_eq!(reply["verified"], true, "{path}: {reply}");
        let warned = reply["warnings"].to_string();
        assert!(
            warned.contains("/help/issuer.unregistered") && warned.contains("/help/issuer.name_resembles"),
            "{warned}"
        );
    }
    for code in ["issuer.unregistered", "issuer.name_resembles"] {
        nc.employer().reads(&format!("/help/{code}")).await.with_status(200);
    }
    federation.audit().await;
}

/// The answer about a file as JSON, on the page and by the command.
async fn shown_everywhere(agency: &TestAgency, file: &[u8]) -> [String; 3] {
    let employer = agency.employer();
    let raw = employer
        .sends(file, "application/octet-stream", &[])
        .await
        .with_status(200);
    let page = employer.drops_on_the_page(file).await.with_status(200).text();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("badge");
    std::fs::write(&path, file).expect("a file");
    let path = path.to_str().expect("a path");
    let ended = program::comity(["verify", "--node", agency.url(), path]).await;
    [String::from_utf8_lossy(&raw.body).into_owned(), page, ended.stdout]
}

/// Names that were not before this code when it was written.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_like_a_registered_one_is_told_with_the_real_one() {
    let TeacherScenario { federation, .. } = Federation::with_a_badge().await;
    let (nc, sc) = (federation.agency("US-NC"), federation.agency("US-SC"));
    let other = sc.registers("Congaree Center for Reading Instruction").await;
    let known = sc.issues(&other, "Jordan Avery").await;
    federation.awaits(nc, &known, VerdictKind::NotRecognized).await;
    let employer = nc.employer();

    for (claimed, real) in [
        (
            "Congaree Center for Reading Instruction",
            "Congaree Center for Reading Instruction",
        ),
        (
            "CONGAREE CENTER FOR READING INSTRUCTION LLC",
            "Congaree Center for Reading Instruction",
        ),
        (
            "Reading Instruction Center, Congaree",
            "Congaree Center for Reading Instruction",
        ),
        (
            "\u{0421}\u{043E}ng\u{0430}r\u{0435}\u{0435} Center for Reading Instruction",
            "Congaree Center for Reading Instruction",
        ),
        (
            "C\u{03BF}ngaree Center f\u{03BF}r Reading Instructi\u{03BF}n",
            "Congaree Center for Reading Instruction",
        ),
        (
            "Ｃｏｎｇａｒｅｅ Ｃｅｎｔｅｒ ｆｏｒ Ｒｅａｄｉｎｇ Ｉｎｓｔｒｕｃｔｉｏｎ",
            "Congaree Center for Reading Instruction",
        ),
        (
            "Con\u{200C}garee\u{200B} Center\u{2063} for Reading Instruction",
            "Congaree Center for Reading Instruction",
        ),
        (
            "\u{202E}\u{2067}Congaree\u{2069} Center for Reading Instruction\u{202C}",
            "Congaree Center for Reading Instruction",
        ),
        (
            "Congaree   Center\u{3000}for\tReading \n Instruction",
            "Congaree Center for Reading Instruction",
        ),
        (
            "Congaree Centre for Reading Instruction",
            "Congaree Center for Reading Instruction",
        ),
        (
            "Congareee Center for Reading Instructions",
            "Congaree Center for Reading Instruction",
        ),
        (
            "The Congaree Center for Reading Instruction, Inc. (Badges)",
            "Congaree Center for Reading Instruction",
        ),
        ("Palmetto Educator lnstitute", REAL),
        // Turned around as it is stored, and forward as it is seen.
        ("\u{202E}etutitsnI rotacudE ottemlaP", REAL),
        ("\u{2067}\u{202E}etutitsnI rotacudE ottemlaP\u{202C}\u{2069}", REAL),
        ("Palmetto \u{202E}rotacudE\u{202C} Institute", REAL),
        ("Palm\u{2066}\u{202E}otte\u{202C}\u{2069} Educator Institute", REAL),
        // With a tick of the stranger's own.
        ("Palmetto Educator Institute ✅ verified", REAL),
        ("🛡 Palmetto Educator Institute ✔\u{FE0F}", REAL),
    ] {
        let verdict = employer
            .verifies_bytes(&forge::borrows_the_name(claimed))
            .await
            .is(VerdictKind::NotRecognized);
        assert!(verdict.is_by_someone_unknown(), "{claimed:?}");
        let like = &verdict.finding("issuer.name_resembles").detail;
        assert!(
            like.contains(&format!("“{real}”, an issuer of ")),
            "{claimed:?}: {like}"
        );
        let is_equal = quotable::claimed(claimed).as_deref() == Some(real);
        let is = if is_equal { "the same as" } else { "like" };
        assert!(
            verdict
                .sentence
                .contains(&format!(" It is {is} the name of “{real}”, an issuer of ")),
            "{}",
            verdict.sentence
        );
        let everywhere = shown_everywhere(nc, &forge::borrows_the_name(claimed)).await;
        for text in everywhere {
            let hides = |c: char| quotable::is_invisible(c) || matches!(c, '✅' | '🛡' | '✔');
            assert!(!text.contains(hides), "{claimed:?}: {text:?}");
        }
        let controls = |c: char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\n' | '\t');
        assert!(
            !verdict.sentence.contains(controls) && !like.contains(controls),
            "{:?}",
            verdict.sentence
        );
    }
    for claimed in [
        "Wateree Badge Works",
        "Reading Rockets",
        "",
        "\u{2067}\u{200B}",
        "Institute",
    ] {
        let verdict = employer
            .verifies_bytes(&forge::borrows_the_name(claimed))
            .await
            .is(VerdictKind::NotRecognized);
        assert!(verdict.is_by_someone_unknown(), "{claimed:?}");
        assert_eq!(
            verdict.codes(Check::Issuer),
            ["issuer.unregistered"],
            "{claimed:?}: {verdict:#?}"
        );
        let names = if claimed.contains(char::is_alphanumeric) {
            format!("from “{claimed}”.")
        } else {
            "names no issuer.".to_owned()
        };
        assert!(verdict.sentence.contains(&names), "{claimed:?}: {}", verdict.sentence);
    }
    // What an agency calls itself is nobody's to borrow either.
    let agencies = nc.employer().reads("/v1/agencies").await.with_status(200).value();
    let own = agencies
        .as_array()
        .expect("agencies")
        .iter()
        .find(|agency| agency["id"] == "US-TN")
        .expect("Tennessee");
    let own = own["name"].as_str().expect("a name");
    let verdict = employer
        .verifies_bytes(&forge::borrows_the_name(&own.to_uppercase()))
        .await;
    let like = &verdict.finding("issuer.name_resembles").detail;
    assert!(like.contains("an agency of this federation (US-TN)"), "{like}");
    federation.audit().await;
}
