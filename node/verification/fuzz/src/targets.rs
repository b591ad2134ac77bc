//! The targets, and what must hold for each. Each says whether the bytes were taken for what it looks for, so that a test can
//! tell that its seeds get to the end.

use std::{collections::BTreeSet, sync::Once};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use policy::framework;
use registry_schema::{AgencyId, CredentialCode, Decimal, Purpose, Timestamp, verdict::VerdictKind};
use serde_json::{Map, Value};
use verification::{
    IssuerSigningKey, JsonProblem, OpenBadge, bitstring, bulk, contexts,
    data_integrity::{self, ProofOutcome},
    did, foreign_list, formats, multikey, vcdm,
};

use super::{
    scene::{FuzzFixture, SCENE, status, t},
    seeds,
};

/// Whatever says that it is a badge: nothing is accepted that shows something else than what its issuer signed.
pub fn badge(bytes: &[u8]) -> bool {
    tolerate_libraries();
    let Ok(badge) = formats::read(bytes) else { return false };
    judged(&SCENE, &badge)
}

/// The verdict on a badge that was read: accepted only if it shows what was signed.
pub fn judged(scene: &FuzzFixture, badge: &OpenBadge) -> bool {
    let verdict = scene.judges(badge);
    let _ = verification::confirmation::digest_of(&badge.document);
    let accepted = verdict.verdict == VerdictKind::Accepted;
    if accepted {
        let shown = verdict.credential;
        let honest = scene.honest.iter().find(|one| Some(&one.shown) == shown.as_ref());
        let honest = honest.map(|one| &one.status);
        assert_eq!(honest, Some(&status(badge)), "another badge was accepted: {shown:?}");
    }
    for (part, answer) in badge.parts.iter().zip(&verdict.credentials) {
        if let (Ok(part), VerdictKind::Accepted) = (part, answer.verdict) {
            let honest = scene
                .honest
                .iter()
                .find(|one| Some(&one.shown) == answer.credential.as_ref());
            assert_eq!(
                honest.map(|one| &one.status),
                Some(&status(part)),
                "another badge was accepted in a record"
            );
        }
    }
    accepted
}

/// Strict JSON: what it takes, `serde_json` takes and understands in the same way; what it alone refuses, it names.
pub fn json(bytes: &[u8]) -> bool {
    let strict = vcdm::read_json(bytes);
    let usual: Result<Value, _> = serde_json::from_slice(bytes);
    match (strict, usual) {
        (Ok(strict), usual) => {
            assert_eq!(usual.ok().as_ref(), Some(&strict), "two readers, two values");
            let again = vcdm::read_json(strict.to_string().as_bytes());
            assert_eq!(again.as_ref(), Ok(&strict), "what was read reads back");
            true
        }
        (Err(why), Ok(usual)) => {
            let named = !matches!(why, JsonProblem::Syntax { .. });
            assert!(named, "refused without a reason: {why:?}: {usual}");
            false
        }
        (Err(_), Err(_)) => false,
    }
}

/// Canonical statements: the short way gives what the libraries give, or declines.
pub fn quads(bytes: &[u8]) -> bool {
    tolerate_libraries();
    let Ok(Value::Object(document)) = vcdm::read_json(bytes) else {
        return false;
    };
    let Some(short) = data_integrity::rdf::canonical_fast(&document) else {
        return false;
    };
    let long = data_integrity::rdf::canonical_by_libraries(&document);
    assert_eq!(long.as_ref(), Some(&short), "the two ways differ");
    true
}

/// A token of this header (the first line) and this payload (the rest), signed by its issuer, by a stranger, and by
/// nobody: what the stranger signed is never accepted.
pub fn token(bytes: &[u8]) -> bool {
    tolerate_libraries();
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    let (Some(header), Some(payload)) = (parts.next(), parts.next()) else {
        return false;
    };
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let by = |key: &IssuerSigningKey| {
        key.sign(signed.as_bytes())
            .map(|made| URL_SAFE_NO_PAD.encode(made))
            .unwrap_or_default()
    };
    let accepted = |signature: &str| {
        let badge = formats::read(format!("{signed}.{signature}").as_bytes()).ok()?;
        let verdict = SCENE.judges(&badge);
        (verdict.verdict == VerdictKind::Accepted).then_some(badge)
    };
    assert!(
        accepted(&by(&SCENE.attacker)).is_none(),
        "a stranger's token was accepted"
    );
    assert!(
        accepted("").is_none() && accepted(&"A".repeat(86)).is_none(),
        "an unsigned token was accepted"
    );
    let Some(badge) = accepted(&by(&SCENE.key)) else {
        return false;
    };
    assert_eq!(badge.issuer_id, SCENE.did, "a token of another issuer was accepted");
    let now = t("2026-11-23T14:02:00Z");
    assert!(badge.valid_from.is_none_or(|from| from <= now) && badge.valid_until.is_none_or(|until| now <= until));
    true
}

/// Pictures: what is baked into one reads back; a picture with a badge takes no second one.
pub fn picture(bytes: &[u8]) -> bool {
    let read = formats::read(bytes);
    let honest = &seeds::text("rdf");
    let baked = [
        formats::bake_png(bytes, honest).ok(),
        std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| formats::bake_svg(text, honest).ok())
            .map(String::into_bytes),
    ];
    let mut reads_back = false;
    for baked in baked.into_iter().flatten() {
        let holds_one = read
            .as_ref()
            .is_ok_and(|badge| badge.form != formats::BadgeFormat::Json);
        assert!(!holds_one, "a second badge was baked in");
        if baked.len() > formats::MAX_BYTES {
            continue;
        }
        let again = formats::read(&baked).map(|badge| badge.document);
        let wanted = vcdm::read_json(honest.as_bytes());
        assert_eq!(again.ok(), wanted.ok(), "what was baked in does not read back");
        reads_back = true;
    }
    reads_back
}

/// The options of a proof of the honest badge: it holds only as it was made.
pub fn proof(bytes: &[u8]) -> bool {
    tolerate_libraries();
    let Ok(proof) = vcdm::read_json(bytes) else {
        return false;
    };
    let mut document = SCENE.unsigned.clone();
    if let Some(object) = document.as_object_mut() {
        object.insert("proof".to_owned(), proof);
    }
    let ProofOutcome::Valid(signatures) = data_integrity::verify(&document, multikey::key_in_method) else {
        return false;
    };
    for signature in &signatures {
        assert_eq!(signature.verification_method, SCENE.method, "another key made it");
        let issued = Some(t("2026-01-15T09:00:00Z"));
        assert_eq!(signature.created, issued, "it was made at another time");
        assert_eq!(signature.expires, None);
    }
    assert!(!signatures.is_empty(), "valid without a signature");
    true
}

/// Status lists: packed and unpacked they are the same, and a place that is not there is never "not revoked".
pub fn status_list(bytes: &[u8]) -> bool {
    tolerate_libraries();
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(list) = bitstring::decode(text, 0)
    {
        assert!(list.len() <= bitstring::MAX_BYTES * 8);
        assert_eq!(bitstring::decode(&bitstring::encode(&list), 0).as_ref(), Ok(&list));
    }
    let Ok(list) = foreign_list::read(bytes, multikey::key_in_method) else {
        return false;
    };
    assert!(list.weight() < 64 * 1024 * 1024);
    for (index, size, kind) in [
        (Some(94_567), Some(1), "BitstringStatusListEntry"),
        (Some(u32::MAX), Some(1), "BitstringStatusListEntry"),
        (Some(7), Some(8), "BitstringStatusListEntry"),
        (Some(7), Some(9), "StatusList2021Entry"),
        (Some(7), Some(0), "StatusList2021Entry"),
        (None, None, "BitstringStatusListEntry"),
        (None, None, "1EdTechRevocationList"),
    ] {
        let entry = verification::StatusEntry {
            kind: kind.to_owned(),
            purpose: Some("revocation".to_owned()),
            list: super::scene::LIST.to_owned(),
            index,
            size,
            messages: [].into(),
        };
        let found = list.look_up(Some("urn:uuid:1"), &entry, 0);
        let has_place = !entry.is_bitstring()
            || (index.is_some_and(|i| i < u32::MAX) && size.is_some_and(|s| (1..=8).contains(&s)));
        if let Ok(found) = found {
            assert!(has_place, "a place that is not there has a status");
            assert!(found.value < 1 << size.unwrap_or(1));
        }
    }
    true
}

/// Documents and histories of DIDs (before a zero byte; after it, the witnesses' approvals), and their names: a changed
/// history has no key that the honest one lacks.
pub fn did(bytes: &[u8]) -> bool {
    tolerate_libraries();
    let now = t("2026-11-23T14:02:00Z");
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let (document, witnesses) = (parts.next().unwrap_or_default(), parts.next());
    let _ = did::read("did:web:badges.example", document, None, now);
    let mut holds = false;
    for (subject, keys) in seeds::histories() {
        if let Ok(resolved) = did::read(subject, document, witnesses, now) {
            let all = resolved.issuing.iter().chain(&resolved.other);
            for method in all {
                assert!(
                    keys.contains(&method.public_key_multibase),
                    "a key that nobody wrote into this history"
                );
            }
            holds = true;
        }
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return holds;
    };
    if let Ok(key) = multikey::decode(text) {
        assert_eq!(
            multikey::decode(&multikey::encode(&key)),
            Ok(key),
            "a key reads back as another"
        );
    }
    if let Some(key) = multikey::key_of_did(text) {
        assert_eq!(multikey::key_of_did(&multikey::did_key(&key).0), Some(key));
    }
    let _ = multikey::key_in_method(text);
    if let Some(Ok(location)) = did::on_the_web(text) {
        let url = location.document.as_str();
        assert!(
            url.starts_with("https://") && !url.contains(['@', '\\', ' ', '\n']),
            "{url}"
        );
        assert!(!url.contains("/../"), "{url}");
    }
    holds
}

/// Uploads of many: bounded, whatever they claim.
pub fn bulk(bytes: &[u8]) -> bool {
    let _ = bulk::form(bytes);
    let mut many = false;
    for form in [bulk::BulkFormat::Zip, bulk::BulkFormat::Lines, bulk::BulkFormat::Csv] {
        let Ok(rows) = bulk::rows(bytes, form) else { continue };
        assert!(!rows.is_empty() && rows.len() <= bulk::MAX_ROWS);
        let size: usize = rows
            .iter()
            .filter_map(|row| row.content.as_ref().ok())
            .map(Vec::len)
            .sum();
        assert!(size <= bulk::MAX_UNPACKED, "{size} bytes");
        for row in rows.iter().take(4) {
            let _ = row.content.as_ref().map(|content| formats::read(content));
        }
        many |= rows.len() > 1;
    }
    many
}

/// Frameworks (CASE, and definitions to mint from) and policies: what is read is in order and within its limits.
pub fn framework(bytes: &[u8]) -> bool {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = policy::file::parse(text);
    }
    let Ok(read) = framework::read(bytes, "https://sc.example") else {
        return false;
    };
    let mut before = BTreeSet::new();
    assert!(read.framework.items.len() <= framework::MAX_ITEMS && read.depth <= framework::MAX_DEPTH);
    assert!(read.notes.len() <= framework::MOST_NOTES + 1);
    for item in &read.framework.items {
        assert!(
            item.parents.iter().all(|parent| before.contains(parent.as_str())),
            "a child before its parent"
        );
        before.insert(item.id.as_str());
    }
    true
}

/// Presentations and credentials of any kind, as the VC API takes them: a challenge is never met by silence.
pub fn presentation(bytes: &[u8]) -> bool {
    tolerate_libraries();
    let Ok(value) = vcdm::read_json(bytes) else {
        return false;
    };
    let question = verification::VerificationQuestion {
        agency: scene_agency(),
        purpose: None,
        at: t("2026-11-23T14:02:00Z"),
        known: None,
        now: t("2026-11-23T14:02:00Z"),
        clock_in_doubt: false,
    };
    if let Ok(credential) = vcdm::read_credential(value.clone()) {
        let answer = vcdm::verify_credential(
            &credential,
            &verification::Evidence::default(),
            &question,
            vcdm::RequestedChecks::ALL,
        );
        assert!(credential.token.is_some() || credential.document.get("proof").is_some() || !answer.is_verified());
    }
    if let Ok(shown) = vcdm::read_presentation(value) {
        let challenged = vcdm::verify_presentation(&shown, Some("4711"), None, &question);
        assert!(!challenged.is_verified(), "a challenge that nobody signed was met");
        return vcdm::verify_presentation(&shown, None, None, &question).is_verified();
    }
    false
}

fn scene_agency() -> AgencyId {
    #[expect(clippy::expect_used, reason = "written here")]
    "US-NC".parse().expect("an agency")
}

/// Short texts: one text for one value.
pub fn code(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    if let Ok(code) = text.parse::<CredentialCode>() {
        assert_eq!(code.compact().parse(), Ok(code));
        assert_eq!(code.to_string().parse(), Ok(code));
    }
    if let Ok(agency) = text.parse::<AgencyId>() {
        assert_eq!(agency.to_string(), text);
        let _ = agency.code_letters();
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        assert_eq!(moment.to_string().parse(), Ok(moment), "a moment reads back as another");
        let _ = (
            moment.in_words(),
            moment.date_in_words(),
            moment.years_earlier(5),
            moment.whole_seconds(),
        );
    }
    if let Ok(number) = text.parse::<Decimal>() {
        assert_eq!(number.to_string().parse(), Ok(number), "a number reads back as another");
    }
    let _ = text.parse::<Purpose>();
    let _ = contexts::find(text);
    let mut object = Map::new();
    object.insert("@context".to_owned(), Value::from(text));
    let _ = data_integrity::rdf::canonical_fast(&object);
    text.parse::<CredentialCode>().is_ok()
}

/// The JSON-LD libraries have `unreachable!` on paths that hostile documents find. `verification` catches that, and the
/// badge has the answer "could not check"; but libFuzzer takes any panic for a finding, caught or not. So panics that
/// begin in these libraries are let go by, and all others are findings.
fn tolerate_libraries() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let tolerated = ["/oxjsonld-", "/oxrdf-", "/oxiri-", "/json-event-parser-"];
            let place = panic.location().map_or("", std::panic::Location::file);
            if !tolerated.iter().any(|name| place.contains(name)) {
                before(panic);
            }
        }));
    });
}
