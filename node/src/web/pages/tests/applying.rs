//! The pages around applications.

use askama::Template as _;

use super::super::{samples::*, *};

pub(super) fn application(text: &str) -> api_types::applications::ApplicationResponse {
    use registry_schema::registration::RegistrationStep;
    let text = text.to_owned();
    let step = |number, role, step| serde_json::json!({"number": number, "at": "2026-01-02", "role": role, "step": step, "note": text, "note_is_public": true});
    let evidence = RegistrationStep::Evidence {
        component: Some("blind-review".into()),
        link: Some(text.clone()),
    };
    let value = serde_json::json!({
        "id": "app-1", "name": text, "url": text, "contact_name": text, "contact_email": text, "phase": "registered",
        "rubric": {"id": "comity-starter", "version": "1"}, "issuer": "did:example:1", "until": "2027-01-02", "lapsed": false,
        "conditions": [text], "unmet": [], "possible": ["evidence", "appeal", "renew", "close"],
        "challenge": "comity-proof-1", "proven": text,
        "steps": [step(1, "applicant", serde_json::json!("apply")), step(2, "applicant", serde_json::to_value(evidence).unwrap())],
    });
    serde_json::from_value(value).unwrap()
}

fn rubric() -> registry_schema::criteria::Rubric {
    policy::rubrics::parse(policy::rubrics::STARTER).unwrap()
}

pub(super) fn applying(text: &str) -> String {
    let typed: FormValues = ["name", "url", "contact_name", "note-blind-review", "link-blind-review"]
        .map(|field| (field.to_owned(), text.to_owned()))
        .into();
    let wrong = ["contact_email", "link-blind-review", ""].map(|field| FieldError {
        field: field.to_owned(),
        what: text.to_owned(),
    });
    ApplyPage::new("North Carolina", Some(&rubric()), &typed, wrong.to_vec())
        .render()
        .unwrap()
}

pub(super) fn following(text: &str) -> String {
    let (case, rubric) = (application(text), rubric());
    ApplicationPage::new(
        "North Carolina",
        "applicant_1",
        Some((&case, &rubric)),
        Some(text),
        now(),
    )
    .render()
    .unwrap()
}

/// Checks that those who cannot see the page hear what each field is, and where the mistake is.
#[test]
fn the_form_to_apply_keeps_what_was_typed_and_names_every_field() {
    let html = applying("what I typed");
    assert_eq!(
        html.matches("hat I typed").count(),
        5 + 3 + 2,
        "typed, in the summary, and beside two fields: {html}"
    );
    let fields = |tag: &'static str| html.split(tag).skip(1);
    for field in fields("<input ").chain(fields("<textarea ")) {
        let Some((_, rest)) = field.split_once(" id=\"") else {
            continue;
        };
        let (id, _) = rest.split_once('"').unwrap();
        assert!(html.contains(&format!("<label for=\"{id}\">")), "{id} has no label");
    }
    for link in html.split("<a href=\"#").skip(1) {
        let (id, _) = link.split_once('"').unwrap();
        assert!(html.contains(&format!(" id=\"{id}\"")), "{id} is not there");
    }
    assert_eq!(html.matches("aria-invalid").count(), 2);
}
