//! A badge in its holder's hand.

use api_types::credentials::IssuedCredentialResponse;
use registry_schema::{Credential, CredentialCode};
use serde::Deserialize;
use serde_json::Value;

/// A badge in its holder's hand, with what its agency keeps of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "IssuedCredentialResponse")]
pub struct IssuedBadge {
    /// The agency's record.
    pub credential: Credential,
    /// The file.
    pub document: Value,
}

impl TryFrom<IssuedCredentialResponse> for IssuedBadge {
    type Error = String;

    fn try_from(issued: IssuedCredentialResponse) -> Result<Self, String> {
        let document = issued.document.ok_or("no badge was issued: it was a dry run")?;
        Ok(Self {
            credential: issued.credential,
            document: serde_json::from_str(document.get()).map_err(|error| error.to_string())?,
        })
    }
}

impl IssuedBadge {
    /// Its short code.
    pub const fn code(&self) -> CredentialCode {
        self.credential.code
    }

    /// The file's bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.document.to_string().into_bytes()
    }

    /// The same badge with another name in it.
    ///
    /// # Panics
    /// If it carries no name.
    pub fn tampered(&self) -> Vec<u8> {
        let mut document = self.document.clone();
        let name = document
            .pointer_mut("/credentialSubject/identifier/0/identityHash")
            .expect("a badge carries a name");
        *name = Value::from("Somebody Else");
        document.to_string().into_bytes()
    }

    /// The addresses of its status lists: revocations, suspensions.
    pub fn status_lists(&self) -> Vec<String> {
        let entries = self.document["credentialStatus"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        entries
            .iter()
            .filter_map(|entry| entry["statusListCredential"].as_str().map(str::to_owned))
            .collect()
    }

    /// The number of its status list, and its index there.
    ///
    /// # Panics
    /// If it names none.
    pub fn slot(&self) -> (u32, u32) {
        let lists = self.status_lists();
        let number = lists
            .iter()
            .find_map(|url| url.rsplit('/').next()?.strip_suffix("-revocation")?.parse().ok());
        let index = self.document.pointer("/credentialStatus/0/statusListIndex");
        let index = index.and_then(Value::as_str).and_then(|text| text.parse().ok());
        number
            .zip(index)
            .unwrap_or_else(|| panic!("a badge names its slot: {}", self.document))
    }
}
