//! The page of an issuer that signs with keys of its own.

use askama::Template as _;
use registry_schema::{ExternalKeys, MAX_STATUS_LISTS, VerificationMethod};

use super::super::{samples::*, *};

fn shown(keys: usize, text: &str) -> String {
    let key = |number: usize| VerificationMethod {
        id: format!("did:web:a.example#{number}{text}"),
        public_key_multibase: format!("z4MX{}{text}", "x".repeat(1_400)),
        from: None,
        until: Some(now()),
        compromised: (number == 1).then(now),
    };
    let (mut issuers, _) = issuers();
    issuers[0].verification_methods = (0..keys).map(key).collect();
    issuers[0].own_keys = Some(ExternalKeys {
        status_lists: (0..MAX_STATUS_LISTS)
            .map(|i| format!("https://a.example/{i}{text}"))
            .collect(),
        seen: now(),
    });
    IssuerPage::new(&issuers[0], &|id| id.to_string(), "Registered.".into(), None, now())
        .render()
        .unwrap()
}

#[test]
fn it_tells_every_key_and_list_and_what_is_not_known() {
    let html = shown(2, "");
    for told in [
        "keys of its own",
        "did:web:a.example#1",
        "compromised since",
        "https://a.example/15",
        ", compromised",
    ] {
        assert!(html.contains(told), "`{told}` is not in {html}");
    }
    let (mut issuers, _) = issuers();
    let name = |id: &registry_schema::AgencyId| id.to_string();
    let page = |issuer: &registry_schema::Issuer| {
        let page = IssuerPage::new(issuer, &name, "Registered.".into(), None, now());
        page.render().unwrap()
    };
    assert!(
        !page(&issuers[0]).contains("keys of its own"),
        "its agency keeps its key"
    );
    issuers[0].own_keys = Some(ExternalKeys {
        status_lists: vec![],
        seen: now(),
    });
    assert!(page(&issuers[0]).contains("what it revokes is not known here"));
}

#[test]
fn many_keys_make_no_large_page_and_what_they_are_called_stays_text() {
    let html = shown(100, "<script>alert(1)</script>\u{202e}");
    assert!(
        html.len() < 50_000 && html.contains("And 70 more"),
        "{} bytes",
        html.len()
    );
    assert!(!html.contains("<script") && !html.contains('\u{202e}'));
}
