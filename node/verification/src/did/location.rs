//! The place of a DID's document (did:web Method Specification, §3.2; did:webvh 1.0, "The DID to HTTPS Transformation").

use super::{BadDid, DidProblem};

/// The place of a DID's document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DidLocation {
    /// The https address of the document, or of the history.
    pub document: String,
    /// The https address of the witnesses' approvals, for a history.
    pub witnesses: Option<String>,
}

/// The longest DID that is looked up.
const LONGEST: usize = 512;

/// The place of this DID's document; none if it is of a method that has no document on the web.
pub fn on_the_web(did: &str) -> Option<Result<DidLocation, BadDid>> {
    let found = match (did.strip_prefix("did:web:"), did.strip_prefix("did:webvh:")) {
        (Some(rest), _) => web(rest),
        (_, Some(rest)) => webvh(rest),
        (None, None) => return None,
    };
    Some(found.map_err(|why| BadDid::NoLocation {
        did: did.chars().take(120).collect(),
        why,
    }))
}

fn web(rest: &str) -> Result<DidLocation, DidProblem> {
    let (host, path) = place(rest)?;
    let document = match path.as_str() {
        "" => format!("https://{host}/.well-known/did.json"),
        path => format!("https://{host}{path}/did.json"),
    };
    Ok(DidLocation {
        document,
        witnesses: None,
    })
}

fn webvh(rest: &str) -> Result<DidLocation, DidProblem> {
    let (scid, rest) = rest.split_once(':').ok_or(DidProblem::NoDomain)?;
    if scid.is_empty() || !scid.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(DidProblem::NoHash);
    }
    let (host, path) = place(rest)?;
    let path = if path.is_empty() { "/.well-known" } else { &path };
    Ok(DidLocation {
        document: format!("https://{host}{path}/did.jsonl"),
        witnesses: Some(format!("https://{host}{path}/did-witness.json")),
    })
}

/// The host with its port, and the path with a slash before each part.
fn place(rest: &str) -> Result<(String, String), DidProblem> {
    // DID 1.0, §3.1: of these characters alone; so no fragment, query, slash or user can hide in it.
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'%' | b':');
    if rest.len() > LONGEST || !rest.bytes().all(fits) {
        return Err(DidProblem::StrangeCharacters);
    }
    let mut parts = rest.split(':');
    let host = host(parts.next().unwrap_or_default())?;
    let mut path = String::new();
    for part in parts {
        if part.is_empty() || part.contains('%') || part.bytes().all(|b| b == b'.') {
            return Err(DidProblem::StrangePath);
        }
        path.push('/');
        path.push_str(part);
    }
    Ok((host, path))
}

fn host(text: &str) -> Result<String, DidProblem> {
    let lower = text.to_ascii_lowercase();
    let (name, port) = match lower.split_once("%3a") {
        Some((name, port)) => (name, Some(port)),
        None => (lower.as_str(), None),
    };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() > 253 || !name.split('.').all(label) {
        return Err(DidProblem::DomainIsNone);
    }
    // A name whose last part is a number is an IPv4 address for every client.
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x") {
        return Err(DidProblem::AddressInDigits);
    }
    match port {
        None => Ok(name.to_owned()),
        Some(port) => {
            let digits = port.bytes().all(|b| b.is_ascii_digit());
            let number: u16 = port
                .parse()
                .ok()
                .filter(|p| digits && *p > 0)
                .ok_or(DidProblem::PortNoNumber)?;
            Ok(format!("{name}:{number}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_did_says_where_its_document_stands() {
        for (did, url) in [
            (
                "did:web:w3c-ccg.github.io",
                "https://w3c-ccg.github.io/.well-known/did.json",
            ),
            (
                "did:web:w3c-ccg.github.io:user:alice",
                "https://w3c-ccg.github.io/user/alice/did.json",
            ),
            (
                "did:web:example.com%3A3000:user:alice",
                "https://example.com:3000/user/alice/did.json",
            ),
            (
                "did:web:localhost%3a8443",
                "https://localhost:8443/.well-known/did.json",
            ),
            ("did:web:Example.COM:Staff", "https://example.com/Staff/did.json"),
            ("did:webvh:QmX:example.com", "https://example.com/.well-known/did.jsonl"),
            (
                "did:webvh:QmX:example.com%3A3000:dids:issuer",
                "https://example.com:3000/dids/issuer/did.jsonl",
            ),
        ] {
            let location = on_the_web(did).unwrap().unwrap();
            assert_eq!(location.document, url, "{did}");
            assert_eq!(location.witnesses.is_some(), did.starts_with("did:webvh:"), "{did}");
        }
        assert_eq!(on_the_web("did:key:z6Mk"), None);
        assert_eq!(on_the_web("https://example.com"), None);
    }

    /// The test suite of did:webvh has these as logs that were once resolved by mistake.
    #[test]
    fn a_did_leads_nowhere_else_than_to_its_domain() {
        for id in [
            "",
            ":",
            "%3A80",
            "example.com:",
            "example.com::a",
            "example.com:..:secret",
            "example.com:.",
            "example.com:%2e%2e:secret",
            "example.com:a%2Fb",
            "example.com%2F..%2Fx",
            "127.0.0.1",
            "127%2E0%2E0%2E1",
            "127.0.0.1%3A80",
            "127.0.0.1%3a80",
            "2130706433",
            "0x7f000001",
            "1.0x7f",
            "example.com#fragment",
            "example.com?query",
            "example.com/path",
            "user@example.com",
            "user%40example.com",
            "example.com%3A0",
            "example.com%3A99999",
            "example.com%3A",
            "example.com%3A+80",
            "exämple.com",
            "-a.example",
            "[::1]",
            "a b",
        ] {
            for did in [format!("did:web:{id}"), format!("did:webvh:QmX:{id}")] {
                assert!(on_the_web(&did).unwrap().is_err(), "{did}");
            }
        }
        assert!(on_the_web("did:webvh:example.com").unwrap().is_err());
        assert!(
            on_the_web(&format!("did:web:{}.example", "a".repeat(600)))
                .unwrap()
                .is_err()
        );
    }
}
