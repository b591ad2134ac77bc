//! Tokens (VC-JWT): what `jose` signs, we verify; what we sign, `jose` verifies; what is forged, both refuse.

use std::path::{Path, PathBuf};

use aws_lc_rs::{encoding::AsDer as _, rsa};
use registry_schema::{VerdictKind, verdict::Verdict};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tests::{Federation, Publisher, TeacherScenario, VerdictAssertions as _, forge, http, interop};
use verification::{IssuerSigningKey, KeyKind, jwt, multikey};

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn read(folder: &TempDir, name: &str) -> Vec<u8> {
    std::fs::read(folder.path().join(name)).expect("a token")
}

/// The output of the tool: the public keys, and the names of honest and of forged tokens.
struct GeneratedTokens {
    keys: Map<String, Value>,
    honest: Vec<String>,
    forged: Vec<String>,
}

async fn made(words: &[&str]) -> GeneratedTokens {
    let (line, code) = interop::tool("token.mjs", words).await;
    assert_eq!(code, Some(0), "{line}");
    let names = |of: &str| serde_json::from_value(line[of].clone()).expect("names");
    GeneratedTokens {
        keys: line["keys"].as_object().expect("keys").clone(),
        honest: names("honest"),
        forged: names("forged"),
    }
}

/// Asks `jose` whether it verifies each of these; it says why not.
async fn jose(keys: Option<&Path>, tokens: &[PathBuf]) -> Vec<Option<String>> {
    let mut words = vec!["verify".to_owned()];
    if let Some(keys) = keys {
        words.extend(["--keys".to_owned(), keys.display().to_string()]);
    }
    words.extend(tokens.iter().map(|token| token.display().to_string()));
    let (line, code) = interop::tool("token.mjs", &words).await;
    let answers = line["answers"].as_array().expect("answers");
    assert_eq!(answers.len(), tokens.len());
    let refused: Vec<Option<String>> = answers
        .iter()
        .map(|answer| (answer["verified"] != true).then(|| answer["error"].to_string()))
        .collect();
    assert_eq!(code, Some(i32::from(refused.iter().any(Option::is_some))));
    refused
}

/// Asserts what must be among the findings on a forgery, and the verdict: never one that an honest token has.
fn refused(name: &str, verdict: &Verdict) {
    let (kind, code) = match name
        .split_once('.')
        .map_or("", |(_, attack)| attack.trim_end_matches(".jwt"))
    {
        attack if attack.ends_with("four-parts") || attack == "no-object" => {
            (VerdictKind::Unreadable, "structure.unreadable")
        }
        // Of a kind that is not known here: nobody says that it is wrong.
        attack if attack.ends_with("altered-alg-PS256") => (VerdictKind::CouldNotCheck, "proof.unknown_suite"),
        "expired" => (VerdictKind::NotValid, "dates.expired"),
        "expired-by-the-claim-alone" => (VerdictKind::NotValid, "proof.expired"),
        "not-yet-valid" | "not-yet-valid-by-the-claim-alone" => (VerdictKind::NotValid, "dates.not_yet_valid"),
        "an-issuer-who-is-not-the-key-s" => (VerdictKind::CouldNotCheck, "issuer.unresolvable"),
        "two-issuers" | "a-date-that-is-a-text" => (VerdictKind::NotValid, "structure.invalid"),
        // A stranger's token whose key is named by another's document, which is not asked for.
        attack if attack.ends_with("altered-kid") => {
            let known = ["proof.invalid", "proof.unknown_key"];
            assert!(
                verdict.findings.iter().any(|f| known.contains(&f.code.as_str())),
                "{name}: {verdict:#?}"
            );
            return;
        }
        _ => (VerdictKind::NotValid, "proof.invalid"),
    };
    assert_eq!(verdict.verdict, kind, "{name}: {verdict:#?}");
    assert!(
        verdict.findings.iter().any(|f| f.code == code),
        "{name} lacks {code}: {verdict:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_jose_signed_are_verified_and_every_forgery_is_refused_by_both() {
    let federation = Federation::start(&["US-NC"]).await;
    let nc = federation.agency("US-NC");
    let publisher = Publisher::starts().await;
    publisher.is_trusted_by(nc, |_| {}).await;
    let folder = folder();
    let at = folder.path().to_str().expect("a path");
    let did = publisher.did();
    let GeneratedTokens { keys, honest, forged } = made(&["sign", at, "--did", &did]).await;
    assert!((honest.len(), forged.len() > 120) == (4, true), "{forged:?}");

    // The issuer's own document has the keys as jose writes them.
    let methods: Vec<Value> = keys
        .iter()
        .map(|(id, jwk)| json!({"id": id, "type": "JsonWebKey", "controller": did, "publicKeyJwk": jwk}))
        .collect();
    let document = json!({
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/jwk/v1"],
        "id": did,
        "verificationMethod": methods,
        "assertionMethod": keys.keys().collect::<Vec<_>>(),
    });
    publisher.lays_out("/.well-known/did.json", "application/did+json", document.to_string());

    for name in &honest {
        let verdict = nc.employer().verifies_bytes(&read(&folder, name)).await;
        let verdict = verdict.is(VerdictKind::NotRecognized);
        for code in ["structure.valid", "proof.valid", "issuer.unregistered", "dates.in_date"] {
            verdict.finding(code);
        }
    }
    for name in &forged {
        refused(name, &nc.employer().verifies_bytes(&read(&folder, name)).await);
    }
    let keys_file = folder.path().join("keys.json");
    std::fs::write(&keys_file, Value::Object(keys).to_string()).expect("a file");
    let paths = |names: &[String]| -> Vec<PathBuf> { names.iter().map(|name| folder.path().join(name)).collect() };
    assert_eq!(jose(Some(&keys_file), &paths(&honest)).await, vec![None; 4]);
    for (name, refused) in forged.iter().zip(jose(Some(&keys_file), &paths(&forged)).await) {
        assert!(refused.is_some(), "jose verifies {name}");
    }
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_we_sign_are_verified_by_jose_and_every_forgery_is_refused_by_both() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let (nc, sc) = (federation.agency("US-NC"), federation.agency("US-SC"));
    let folder = folder();
    let mut tokens = Vec::new();
    let mut write = |name: &str, token: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, token).expect("a file");
        tokens.push(path);
    };

    // The node's own, of the badge that it issued.
    let url = format!("{}/v1/credentials/{}", sc.url(), badge.code().compact());
    let asked = http::client().get(&url).header("accept", "application/vc+jwt");
    let reply = http::send(asked.bearer_auth(sc.token())).await.with_status(200);
    assert_eq!(reply.content_type, "application/vc+jwt");
    write("issued", &reply.body);
    nc.employer()
        .verifies_bytes(&reply.body)
        .await
        .is(VerdictKind::Accepted)
        .finding("status.active");

    // And with each kind of key.
    let rsa = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).expect("a key");
    let rsa = rsa.as_der().expect("a document");
    let mut unsigned: Value = serde_json::from_slice(&forge::by_a_stranger(None)).expect("JSON");
    unsigned.as_object_mut().expect("an object").remove("proof");
    for (name, key) in [
        ("EdDSA", IssuerSigningKey::from_seed(&[5; 32])),
        ("ES256", IssuerSigningKey::from_secret(KeyKind::P256, &[5; 32])),
        ("ES384", IssuerSigningKey::from_secret(KeyKind::P384, &[5; 48])),
        ("RS256", IssuerSigningKey::rsa_from_pkcs8(rsa.as_ref())),
    ] {
        let key = key.expect("a key");
        let (did, method) = multikey::did_key(&key.public_key());
        unsigned["issuer"]["id"] = json!(did);
        let token = jwt::sign(unsigned.clone(), &key, &method, federation.clock().now()).expect("a token");
        write(name, token.as_bytes());
        let verdict = nc.employer().verifies_bytes(token.as_bytes()).await;
        verdict.is(VerdictKind::NotRecognized).finding("proof.valid");
    }
    assert_eq!(jose(None, &tokens).await, vec![None; 5], "jose verifies ours");

    for token in &tokens {
        let (path, at) = (token.to_str().expect("a path"), folder.path().to_str().expect("a path"));
        let GeneratedTokens { forged, .. } = made(&["forge", path, at]).await;
        assert!(forged.len() > 20, "{forged:?}");
        let paths: Vec<PathBuf> = forged.iter().map(|name| folder.path().join(name)).collect();
        for (name, refused) in forged.iter().zip(jose(None, &paths).await) {
            assert!(refused.is_some(), "jose verifies {name}");
        }
        for name in &forged {
            refused(name, &nc.employer().verifies_bytes(&read(&folder, name)).await);
        }
    }
    federation.audit().await;
}
