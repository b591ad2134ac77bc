//! The issuers of the vectors.

use registry_schema::{ExternalKeys, Issuer, VerificationMethod, acceptance::ProviderKind};

use super::NOW;

/// One whose key its agency keeps.
pub(super) fn issuer() -> Issuer {
    Issuer {
        id: "did:key:z6MkExample".into(),
        name: "Palmetto Learning".into(),
        agency: "US-SC".parse().unwrap(),
        verification_methods: vec![],
        url: Some("https://palmetto.example".into()),
        provider: None,
        own_keys: None,
    }
}

/// One that signs with software of its own: with a key that has a term, and a status list.
pub(super) fn with_own_keys() -> Issuer {
    Issuer {
        id: "did:web:palmetto.example".into(),
        verification_methods: vec![VerificationMethod {
            id: "did:web:palmetto.example#key-1".into(),
            public_key_multibase: "z6MkExample".into(),
            from: Some(NOW),
            until: Some(NOW.plus_seconds(86_400)),
            compromised: None,
        }],
        provider: Some(ProviderKind::HigherEducation),
        own_keys: Some(ExternalKeys {
            status_lists: vec!["https://palmetto.example/status/1".into()],
            seen: NOW,
        }),
        ..issuer()
    }
}
