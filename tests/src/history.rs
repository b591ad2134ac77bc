//! A `did:webvh` of an issuer outside the federation: its history, written as the specification has it (didwebvh 1.0).

use aws_lc_rs::digest::{SHA256, digest};
use registry_schema::Timestamp;
use serde_json::{Map, Value, json};
use verification::{IssuerSigningKey, multikey};

/// A history that grows.
#[derive(Debug)]
pub struct WebvhHistory {
    update: IssuerSigningKey,
    place: String,
    scid: String,
    entries: Vec<Value>,
}

fn hash(bytes: &[u8]) -> String {
    bs58::encode([&[0x12, 0x20], digest(&SHA256, bytes).as_ref()].concat()).into_string()
}

fn canonical(value: &Value) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value).expect("canonical JSON")
}

impl WebvhHistory {
    /// A DID at a host with its port, with a document in which this key issues, from then on.
    ///
    /// # Panics
    /// If it cannot be signed.
    pub fn begins(host: &str, issuing: &IssuerSigningKey, at: Timestamp) -> Self {
        let update = IssuerSigningKey::from_seed(&[55; 32]).expect("a key");
        let mut history = Self {
            update,
            place: host.replace(':', "%3A"),
            scid: "{SCID}".to_owned(),
            entries: vec![],
        };
        let parameters = json!({
            "method": "did:webvh:1.0",
            "scid": "{SCID}",
            "updateKeys": [multikey::encode(&history.update.public_key())],
        });
        let first = history.entry("{SCID}", parameters, issuing, at);
        history.scid = hash(&canonical(&first));
        let text = first.to_string().replace("{SCID}", &history.scid);
        history.closes(serde_json::from_str(&text).expect("JSON"));
        history
    }

    /// Another key issues from then on.
    pub fn goes_on(&mut self, issuing: &IssuerSigningKey, at: Timestamp) {
        let before = self.entries.last().map(|entry| entry["versionId"].clone());
        let before = before.as_ref().and_then(Value::as_str).unwrap_or_default();
        let next = self.entry(before, json!({}), issuing, at);
        self.closes(next);
    }

    fn entry(&self, before: &str, parameters: Value, issuing: &IssuerSigningKey, at: Timestamp) -> Value {
        let did = self.did();
        let key = multikey::encode(&issuing.public_key());
        json!({
            "versionId": before,
            "versionTime": at.whole_seconds().to_string(),
            "parameters": parameters,
            "state": {
                "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
                "id": did,
                "verificationMethod": [{"id": format!("{did}#{key}"), "type": "Multikey", "controller": did, "publicKeyMultibase": key}],
                "assertionMethod": [format!("{did}#{key}")],
            },
        })
    }

    /// Gives an entry its hash and its signature.
    fn closes(&mut self, mut entry: Value) {
        let number = self.entries.len() + 1;
        entry["versionId"] = json!(format!("{number}-{}", hash(&canonical(&entry))));
        let key = multikey::encode(&self.update.public_key());
        let mut proof = Map::from_iter([
            ("type".to_owned(), json!("DataIntegrityProof")),
            ("cryptosuite".to_owned(), json!("eddsa-jcs-2022")),
            ("verificationMethod".to_owned(), json!(format!("did:key:{key}#{key}"))),
            ("proofPurpose".to_owned(), json!("assertionMethod")),
        ]);
        let sha = |value: &Value| digest(&SHA256, &canonical(value)).as_ref().to_vec();
        let message = [sha(&Value::Object(proof.clone())), sha(&entry)].concat();
        let signature = bs58::encode(self.update.sign(&message).expect("a signature")).into_string();
        proof.insert("proofValue".to_owned(), json!(format!("z{signature}")));
        entry["proof"] = json!([proof]);
        self.entries.push(entry);
    }

    /// The DID.
    #[must_use]
    pub fn did(&self) -> String {
        format!("did:webvh:{}:{}", self.scid, self.place)
    }

    /// The verification method of a key.
    #[must_use]
    pub fn method(&self, key: &IssuerSigningKey) -> String {
        format!("{}#{}", self.did(), multikey::encode(&key.public_key()))
    }

    /// The file `did.jsonl`.
    #[must_use]
    pub fn log(&self) -> String {
        self.entries.iter().map(|entry| format!("{entry}\n")).collect()
    }
}
