//! A badge by a key that nobody registers is never called genuine, and lends its name to nobody.

use registry_schema::{IssuerStanding, verdict::EndorsementTarget};
use serde_json::json;

use super::*;
use crate::{did, names::SimilarName};

/// Somebody's own key, which nobody registers, and the name of somebody else. Whoever checks knows South Carolina's issuer.
fn borrowed(name: &str) -> JudgeFixture {
    let mut world = world();
    world.signer = IssuerSigningKey::from_seed(&[42; 32]).unwrap();
    let (did, method) = multikey::did_key(&world.signer.public_key());
    world.method = method;
    world.unsigned["issuer"] = json!({"id": did, "type": ["Profile"], "name": name});
    world.unsigned.as_object_mut().unwrap().remove("credentialStatus");
    world.evidence.status.clear();
    world.evidence.issuers.clear();
    world.evidence.recognitions.clear();
    world
}

fn is_unknown(verdict: &Verdict) {
    audit("an unknown signer", verdict);
    assert_eq!(verdict.verdict, VerdictKind::NotRecognized, "{}", verdict.sentence);
    assert!(verdict.is_by_someone_unknown());
    assert_eq!(verdict.issuer.as_ref().unwrap().standing, IssuerStanding::Unregistered);
    assert!(
        verdict.findings.iter().any(|f| f.code == "issuer.unregistered"),
        "{:#?}",
        verdict.findings
    );
    let of_issuer = verdict.findings.iter().filter(|f| f.check == Check::Issuer);
    assert!(
        of_issuer.clone().all(|f| f.outcome == CheckOutcome::NotApplicable),
        "{:#?}",
        verdict.findings
    );
    assert!(
        verdict
            .sentence
            .starts_with("Signed, but nobody here knows the signer. "),
        "{}",
        verdict.sentence
    );
    assert!(
        !verdict.sentence.to_lowercase().contains("genuine"),
        "{}",
        verdict.sentence
    );
}

#[test]
fn a_key_that_nobody_registers_makes_nothing_genuine() {
    let world = borrowed("Palmetto Academy");
    let verdict = world.verdict();
    is_unknown(&verdict);
    assert_eq!(
        verdict.sentence,
        "Signed, but nobody here knows the signer. The file says it is from “Palmetto Academy”. Anyone can write that name."
    );
    assert_eq!(verdict.issuer.unwrap().agency, None);
    // The very same badge, once an agency registers its key: by its key, and by its name alone.
    for with_key in [true, false] {
        let mut known = borrowed("Palmetto Academy");
        let (did, key) = (known.badge().issuer_id, multikey::encode(&known.signer.public_key()));
        let mut issuer = super::world().evidence.issuers.remove(0);
        issuer.id = did;
        issuer.verification_methods[0].public_key_multibase = key;
        issuer.verification_methods.truncate(usize::from(with_key));
        known.evidence.issuers.push(issuer);
        let verdict = known.verdict();
        assert_eq!(
            verdict.sentence,
            "Genuine, but North Carolina does not recognize its issuer."
        );
        assert_eq!(verdict.issuer.unwrap().standing, IssuerStanding::Registered);
        // An agency that is expelled here registers nobody.
        known.evidence.expelled.insert(id("US-SC"), t("2026-01-01"));
        is_unknown(&known.verdict());
    }
}

/// Tokens, keys as DIDs of other kinds, and issuers that publish their keys on the web.
#[test]
fn no_form_and_no_kind_of_identifier_makes_a_stranger_known() {
    let created = t("2026-01-15T09:00:00Z");
    let by_key = borrowed("Palmetto Academy");
    let token = crate::jwt::sign(by_key.unsigned.clone(), &by_key.signer, &by_key.method, created).unwrap();
    let json = by_key.badge().document.to_string();
    let baked = formats::bake_png(include_bytes!("../../../../assets/badge.png"), &json).unwrap();
    let drawn = formats::bake_svg(include_str!("../../../../assets/badge.svg"), &json).unwrap();
    for bytes in [token.into_bytes(), baked, drawn.into_bytes()] {
        let badge = formats::read(&bytes).unwrap();
        is_unknown(&judge(&badge, &by_key.evidence, &by_key.question));
    }
    for id in [
        "did:web:palmetto-academy.example",
        "did:webvh:QmX:palmetto.example",
        "https://palmetto.example/issuer",
    ] {
        let mut world = borrowed("Palmetto Academy");
        world.unsigned["issuer"]["id"] = json!(id);
        world.method = format!("{id}#key-1");
        let of_web = VerificationMethod {
            id: world.method.clone(),
            public_key_multibase: multikey::encode(&world.signer.public_key()),
            from: None,
            until: None,
            compromised: None,
        };
        let keys = did::ResolvedKeys {
            issuing: vec![of_web],
            ..did::ResolvedKeys::default()
        };
        let freshness = fresh();
        world.evidence.resolved = Some(Ok(crate::evidence::ResolvedIssuer { keys, freshness }));
        is_unknown(&world.verdict());
    }
}

#[test]
fn a_name_that_borrows_is_told_with_the_real_one() {
    for (name, said) in [
        (
            "Palmetto\u{202E} Academy",
            "The file says it is from “Palmetto Academy”. ",
        ),
        (
            "Palmetto\nAcademy”. Genuine",
            "The file says it is from “Palmetto Academy'. Genuine”. ",
        ),
        ("\u{200B}\u{2066} ", "The file names no issuer."),
    ] {
        let verdict = borrowed(name).verdict();
        assert!(verdict.sentence.contains(said), "{name:?}: {}", verdict.sentence);
        assert!(
            !verdict.sentence.contains(['\u{202E}', '\u{2066}', '\n']),
            "{:?}",
            verdict.sentence
        );
    }
    let mut world = borrowed("PALMETTO ACADEMY, INC.");
    world.evidence.like_names = vec![SimilarName {
        name: "Palmetto Academy".to_owned(),
        agency: id("US-SC"),
        is_agency: false,
        likeness: crate::names::NameSimilarity::Same,
    }];
    let verdict = world.verdict();
    is_unknown(&verdict);
    assert!(
        verdict
            .sentence
            .ends_with(" It is like the name of “Palmetto Academy”, an issuer of South Carolina."),
        "{}",
        verdict.sentence
    );
    let warning = verdict
        .findings
        .iter()
        .find(|f| f.code == "issuer.name_resembles")
        .unwrap();
    assert_eq!(
        warning.detail,
        "the name “PALMETTO ACADEMY, INC.” in the file is like that of “Palmetto Academy”, an issuer of South Carolina; \
         nothing shows that they signed it"
    );
    // Of a badge whose signer is registered, or whose signature does not hold, nothing of that kind is said.
    let mut known = super::world();
    known.evidence.like_names.clone_from(&world.evidence.like_names);
    assert!(
        known
            .verdict()
            .findings
            .iter()
            .all(|f| f.code != "issuer.name_resembles")
    );
    world.forge = |document| document["name"] = json!("Another badge");
    let verdict = world.verdict();
    assert_eq!(verdict.verdict, VerdictKind::NotValid);
    assert_eq!(verdict.issuer.unwrap().standing, IssuerStanding::Unregistered);
}

#[test]
fn an_endorsement_by_a_stranger_lends_no_name() {
    let mut world = world();
    let stranger = IssuerSigningKey::from_seed(&[43; 32]).unwrap();
    let (did, method) = multikey::did_key(&stranger.public_key());
    let about = world.unsigned["credentialSubject"]["achievement"]["id"].clone();
    let praise = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
        "id": "urn:uuid:11111111-2222-4333-8444-555555555555",
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "name": "Praise",
        "issuer": {"id": did, "type": ["Profile"], "name": "North Carolina"},
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {"id": about, "type": ["EndorsementSubject"], "endorsementComment": "the best of all"},
    });
    let praise = data_integrity::sign(praise, &stranger, &method, t("2026-01-02")).unwrap();
    world.unsigned["credentialSubject"]["achievement"]["endorsement"] = json!([praise]);
    let verdict = world.verdict();
    assert_eq!(verdict.verdict, VerdictKind::Accepted, "{:#?}", verdict.findings);
    let told = &verdict.endorsements[0];
    assert_eq!(
        (told.of, told.code.as_str(), told.outcome),
        (
            EndorsementTarget::Achievement,
            "issuer.unregistered",
            CheckOutcome::NotApplicable
        ),
        "{told:?}"
    );
    let mut endorser = world.evidence.issuers[0].clone();
    (endorser.id, endorser.name) = (did, "Board of Praise".to_owned());
    endorser.verification_methods.clear();
    world.evidence.endorsers = vec![endorser];
    let told = &world.verdict().endorsements[0];
    assert_eq!(
        (told.code.as_str(), told.by.as_deref()),
        ("proof.valid", Some("Board of Praise"))
    );
}

fn like(name: &str, agency: &str) -> SimilarName {
    SimilarName {
        name: name.to_owned(),
        agency: id(agency),
        is_agency: false,
        likeness: crate::names::NameSimilarity::Same,
    }
}

#[test]
fn a_name_that_is_equal_is_called_the_same_and_told_once() {
    for claimed in ["Palmetto Academy", "Palmetto\u{202E} Academy", " Palmetto  Academy ✅"] {
        let mut world = borrowed(claimed);
        let twice = like("Palmetto Academy", "US-SC");
        world.evidence.like_names = vec![twice.clone(), twice, like("PALMETTO ACADEMY", "US-TN")];
        let verdict = world.verdict();
        is_unknown(&verdict);
        assert!(
            verdict
                .sentence
                .ends_with(" It is the same as the name of “Palmetto Academy”, an issuer of South Carolina."),
            "{claimed:?}: {}",
            verdict.sentence
        );
        let warning = verdict
            .findings
            .iter()
            .find(|f| f.code == "issuer.name_resembles")
            .unwrap();
        assert_eq!(
            warning.detail,
            "the name “Palmetto Academy” in the file is the same as that of “Palmetto Academy”, an issuer of South Carolina, \
             and like that of “PALMETTO ACADEMY”, an issuer of Tennessee; nothing shows that they signed it"
        );
    }
}

/// A tick that a stranger writes beside a name is nowhere repeated, and what turns or hides text is in no text of the answer.
#[test]
fn no_sign_and_no_control_of_a_strangers_is_in_any_text_of_the_answer() {
    for (claimed, shown) in [
        ("Palmetto Academy ✅ verified", Some("Palmetto Academy verified")),
        ("🛡\u{FE0F} Palmetto Academy ✓ ✔ ☑ 🗸 🔒 ⭐", Some("Palmetto Academy")),
        ("\u{202E}ymedacA ottemlaP\u{202C}", Some("ymedacA ottemlaP")),
        ("\u{2067}Palmetto\u{2069}\u{2028}Academy", Some("Palmetto Academy")),
        ("✅🔒", None),
    ] {
        let mut world = borrowed(claimed);
        let hostile = format!("{claimed} \u{202E}x\u{2066}\u{200B}y\u{1D173}");
        world.unsigned["credentialSubject"]["achievement"]["name"] = json!(hostile);
        world.unsigned["credentialSubject"]["identifier"][0]["identityHash"] = json!(hostile);
        let verdict = world.verdict();
        is_unknown(&verdict);
        assert_eq!(verdict.issuer.as_ref().unwrap().name.as_deref(), shown, "{claimed:?}");
        let json = serde_json::to_string(&verdict).unwrap();
        let is_hidden = |c: char| quotable::is_invisible(c) || matches!(c, '\u{2028}');
        assert!(!json.contains(is_hidden), "{json:?}");
        for sign in ["✅", "✓", "✔", "☑", "🗸", "🛡", "🔒", "⭐"] {
            assert!(!json.contains(sign), "{sign}: {json}");
        }
    }
    // Whom an agency registers names its badges as it likes, and hides nothing in them.
    let mut known = world();
    known.unsigned["credentialSubject"]["achievement"]["name"] = json!("🏆 Teaching\u{202E} with Data");
    let name = known.verdict().credential.unwrap().name;
    assert_eq!(name.as_deref(), Some("🏆 Teaching with Data"));
}

/// An identifier with what nobody sees in it does not read like the one that it imitates.
#[test]
fn an_identifier_shows_what_is_hidden_in_it() {
    let mut world = borrowed("Palmetto Academy");
    world.unsigned["issuer"]["id"] = json!("did:web:palmetto\u{200B}.example");
    world.method = "did:web:palmetto\u{200B}.example#key-1".to_owned();
    let verdict = world.verdict();
    assert_eq!(verdict.issuer.as_ref().unwrap().id, "did:web:palmetto\u{FFFD}.example");
    assert!(!serde_json::to_string(&verdict).unwrap().contains('\u{200B}'));
}
