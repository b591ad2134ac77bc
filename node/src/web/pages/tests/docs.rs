//! The page for developers.

use askama::Template as _;

use super::{super::*, reference};

#[test]
fn the_page_for_developers_tells_of_every_route_and_who_may_call_it() {
    let reference = reference();
    let first = DocsPage::new(&reference, "https://nc.example/", "North Carolina");
    let parts = DocsGroupPage::all(&reference);
    let parts: Vec<String> = parts.iter().map(|page| page.render().unwrap()).collect();
    let html = first.render().unwrap() + &parts.concat();
    let document = serde_json::to_value(crate::api::document()).unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let title = format!(r#"<h3 class="code">{} {path}</h3>"#, method.to_uppercase());
            let (_, told) = html.split_once(&title).unwrap_or_else(|| panic!("{title}: {html}"));
            let who = if operation["security"].is_array() {
                "For operators"
            } else {
                "Public"
            };
            assert!(
                told.trim_start().starts_with(&format!(r#"<p class="note">{who}"#)),
                "{title} is {who}"
            );
        }
    }
    for part in [
        "https://nc.example/v1/verifications",
        "/help/request.invalid",
        r#"href="/openapi.json""#,
        "could_not_check",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
}
