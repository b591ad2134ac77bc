//! Tests of what every page keeps: it says its answer, shows strangers' text as text, and stays small and quiet.

use askama::Template;
use registry_schema::{Purpose, Timestamp, VerdictKind};

use super::{samples::*, *};

mod answers;
mod applying;
mod docs;
mod issuers;
mod own_keys;
mod unknown_signers;

use applying::{application, applying, following};
use issuers::trust_list;

const FIFTY_KB: usize = 50_000;

fn page(verdict: &registry_schema::Verdict) -> String {
    VerdictPage::new(verdict, &agency_name, now()).render().unwrap()
}

/// Returns what the page for developers takes from the document that the node serves.
fn reference() -> ApiReference {
    let errors = vec![ErrorEntry {
        code: "request.invalid",
        title: "What cannot be",
        status: 422,
    }];
    ApiReference::new(&crate::api::document(), errors)
}

/// The words of the main heading.
fn heading(html: &str) -> String {
    let (_, heading) = html.split_once("<h1").unwrap();
    let (heading, _) = heading.split_once("</h1>").unwrap();
    heading
        .split('<')
        .filter_map(|part| part.split_once('>'))
        .map(|(_, text)| text)
        .collect()
}

fn rows(count: usize) -> Vec<AgencyRow> {
    let ids = ["US-NC", "US-SC", "US-TN", "US-CO:aurora"]
        .map(String::from)
        .into_iter();
    let ids = ids.chain((0..).map(|i| format!("US-CO:d{i}")));
    ids.take(count)
        .enumerate()
        .map(|(i, id)| AgencyRow {
            name: agency_name(&agency(&id)),
            id: agency(&id),
            as_of: (i != 3).then(|| at("2026-11-23T14:02:11Z")),
            good_until: Some(if i == 2 {
                at("2026-11-23T14:05:00Z")
            } else {
                at("2026-11-24T14:02:11Z")
            }),
            issuers: i,
            recognitions: 2 * i,
            url: format!("https://{i}.agency.example"),
            home: i == 0,
            expelled_since: None,
            disputed: false,
            forks: 0,
            hindrances: Default::default(),
        })
        .collect()
}

fn every_page() -> Vec<String> {
    let (issuers, recognitions) = issuers();
    let names: Vec<_> = rows(50).into_iter().map(|r| (r.id, r.name)).collect();
    let here = agency("US-NC");
    let mut pages: Vec<String> = KINDS.map(|k| page(&verdict(k))).to_vec();
    pages.push(page(&unknown_signer("Palmetto Educator Institute")));
    pages.extend([
        VerifyPage::new(&here, "North Carolina", &names, Some("choose a file"))
            .render()
            .unwrap(),
        AgenciesPage::new(&rows(200), now())
            .in_doubt(Some(&"the store lacks a table ".repeat(100)))
            .render()
            .unwrap(),
        trust_list(&issuers, &recognitions, true, now(), 1),
        trust_list(&[], &[], true, now(), 7),
        HelpIndexPage::new(&[], &[]).render().unwrap(),
        applying("Palmetto"),
        ApplyPage::new("North Carolina", None, &FormValues::new(), vec![])
            .render()
            .unwrap(),
        following("Palmetto"),
        ApplicationPage::new("North Carolina", "", None, Some("no such key"), now())
            .render()
            .unwrap(),
        AppliedPage::new("North Carolina", &application("Palmetto"), "applicant_1")
            .render()
            .unwrap(),
        IssuerPage::new(&issuers[0], &agency_name, "Registered.".into(), None, now())
            .render()
            .unwrap(),
        DocsPage::new(&reference(), "https://nc.example", "North Carolina")
            .render()
            .unwrap(),
        DocsGroupPage::all(&reference())
            .iter()
            .map(|page| page.render().unwrap())
            .max_by_key(String::len)
            .unwrap(),
        HelpPage::for_code("status.revoked").unwrap().render().unwrap(),
        ProblemPage::new(413, "The file is too large", "a badge has at most 2 MB")
            .render()
            .unwrap(),
    ]);
    pages
}

#[test]
fn each_verdict_has_its_sentence_word_and_shape() {
    for (kind, word, shape) in [
        (VerdictKind::Accepted, "Accepted here", "accepted"),
        (
            VerdictKind::NotRecognized,
            "Genuine, not recognized here",
            "not-recognized",
        ),
        (VerdictKind::NotValid, "Not valid", "not-valid"),
        (VerdictKind::CouldNotCheck, "Could not check", "could-not-check"),
        (VerdictKind::Unreadable, "Not a badge we can read", "unreadable"),
    ] {
        let verdict = verdict(kind);
        let html = page(&verdict);
        assert_eq!(heading(&html), verdict.sentence);
        assert!(html.contains(&format!(">{word}</p>")), "{html}");
        assert!(html.contains(&format!(r##"card tone {shape}""##)), "{html}");
        for part in [
            "Issued by",
            "Recognized by",
            "Counts for",
            "Is it this person?",
            "What to do next",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }
}

#[test]
fn no_answer_but_accepted_looks_accepted() {
    for kind in KINDS.into_iter().filter(|k| *k != VerdictKind::Accepted) {
        let html = page(&verdict(kind));
        assert!(
            !html.contains("card tone accepted") && !html.contains("Accepted"),
            "{html}"
        );
    }
}

#[test]
fn a_check_that_was_not_reported_is_not_shown_as_passed() {
    let mut verdict = verdict(VerdictKind::CouldNotCheck);
    verdict.findings.clear();
    let html = page(&verdict);
    assert!(!html.contains(r##"href="#accepted""##), "{html}");
}

#[test]
fn what_was_not_signed_by_its_issuer_borrows_nothing_from_the_issuer() {
    let mut verdict = verdict(VerdictKind::NotValid);
    verdict.findings = samples::verdict(VerdictKind::Accepted).findings;
    verdict.findings[1].outcome = registry_schema::CheckOutcome::Failed;
    verdict.status.state = registry_schema::StatusState::Active;
    let html = page(&verdict);
    let (card, _) = html.split_once("</article>").unwrap();
    let (_, card) = card.split_once("<article").unwrap();
    assert!(
        !card.contains("#accepted") && card.contains("recognizes the issuer that the file names"),
        "{card}"
    );
}

#[test]
fn every_reason_of_a_no_is_shown_unfolded() {
    let html = page(&verdict(VerdictKind::NotValid));
    let (above, folded) = html.split_once("<details").unwrap();
    assert!(above.contains("Expired on June 29, 2026."), "{above}");
    assert!(
        above.contains("Revoked on 3 March 2026 by South Carolina: issued in error."),
        "{above}"
    );
    assert!(folded.contains(r#"href="/help/status.revoked""#), "{folded}");
}

#[test]
fn the_age_of_an_answer_is_told() {
    let fresh = page(&verdict(VerdictKind::Accepted));
    assert!(
        fresh.contains("Heard from South Carolina 4 minutes ago (14:02 UTC)."),
        "{fresh}"
    );
    let stale = page(&verdict(VerdictKind::CouldNotCheck));
    assert!(
        stale.contains("South Carolina has not been heard from since Thursday, 09:12 UTC."),
        "{stale}"
    );
}

#[test]
fn a_use_that_is_not_covered_is_told_beside_those_that_are() {
    let mut verdict = verdict(VerdictKind::NotRecognized);
    verdict.agency = agency("US-NC");
    verdict.purpose = Some(Purpose::Stipend);
    "recognition.wrong_purpose".clone_into(&mut verdict.findings[5].code);
    let html = page(&verdict);
    assert!(html.contains("North Carolina, but not for a stipend."), "{html}");
    assert!(
        !html.contains("have already recognized it"),
        "nobody recognizes it for this use: {html}"
    );
}

#[test]
fn a_revocation_after_the_day_asked_about_is_told() {
    let mut verdict = verdict(VerdictKind::Accepted);
    "neither revoked nor suspended by South Carolina; it was revoked later, on 3 March 2026"
        .clone_into(&mut verdict.findings[4].detail);
    let html = page(&verdict);
    let (above, _) = html.split_once("<details").unwrap();
    assert!(above.contains("it was revoked later"), "{above}");
}

#[test]
fn a_rate_that_depends_is_not_called_no_rate() {
    let mut verdict = verdict(VerdictKind::Accepted);
    verdict.worth.clear();
    assert!(page(&verdict).contains("It has published no rate."));
    "worth.depends".clone_into(&mut verdict.findings[6].code);
    let html = page(&verdict);
    assert!(
        !html.contains("It has published no rate.") && html.contains("Find out what is not known yet"),
        "{html}"
    );
}

#[test]
fn nothing_of_an_unreadable_file_looks_checked() {
    let html = page(&verdict(VerdictKind::Unreadable));
    let (card, _) = html.split_once("</article>").unwrap();
    assert_eq!(
        card.matches("Not checked. The file could not be read.").count(),
        3,
        "{card}"
    );
}

#[test]
fn text_of_strangers_stays_text() {
    let evil = "<script>alert(1)</script>\"'\u{202E}";
    for kind in KINDS {
        let mut verdict = verdict(kind);
        evil.clone_into(&mut verdict.sentence);
        if let Some(credential) = &mut verdict.credential {
            credential.name = Some(evil.to_owned());
            credential.subject.as_mut().unwrap().name = Some(evil.to_owned());
        }
        if let Some(issuer) = &mut verdict.issuer {
            issuer.name = Some(evil.to_owned());
            evil.clone_into(&mut issuer.id);
        }
        for f in &mut verdict.findings {
            evil.clone_into(&mut f.detail);
            "\"><script>".clone_into(&mut f.code);
        }
        verdict.status.source = Some(evil.to_owned());
        verdict.receipt = Some("javascript:alert(1)".to_owned());
        let html = page(&verdict);
        assert!(!html.contains("<script") && !html.contains('\u{202E}'), "{html}");
        assert!(!html.contains(r#"href="javascript"#), "{html}");
        assert!(html.contains("&#60;script&#62;"), "{html}");
    }
    let names = [(agency("US-NC"), evil.to_owned())];
    let asked = VerifyPage::new(&names[0].0, evil, &names, Some(evil)).with_answers(evil, None, (evil, evil));
    let problem = ProblemPage::new(400, evil, evil).render().unwrap();
    let mut row = rows(1);
    evil.clone_into(&mut row[0].name);
    "javascript:alert(1)".clone_into(&mut row[0].url);
    let agencies = AgenciesPage::new(&row, now()).in_doubt(Some(evil)).render().unwrap();
    let (mut issuer, _) = issuers();
    evil.clone_into(&mut issuer[0].name);
    issuer[0].url = Some("javascript:alert(1)".to_owned());
    let shown = IssuerPage::new(&issuer[0], &agency_name, "Registered.".into(), None, now())
        .render()
        .unwrap();
    for html in [
        asked.render().unwrap(),
        problem,
        agencies,
        shown,
        applying(evil),
        following(evil),
    ] {
        assert!(
            !html.contains("<script") && !html.contains("href=\"javascript"),
            "{html}"
        );
    }
}

#[test]
fn every_page_is_under_50_kb_with_hostile_text_too() {
    for html in every_page() {
        assert!(html.len() < FIFTY_KB, "{} bytes: {}", html.len(), &html[..400]);
    }
    let long = "W&".repeat(100_000);
    for kind in KINDS {
        let mut verdict = verdict(kind);
        long.clone_into(&mut verdict.sentence);
        for f in &mut verdict.findings {
            long.clone_into(&mut f.detail);
        }
        if let Some(issuer) = &mut verdict.issuer {
            issuer.name = Some(long.clone());
        }
        assert!(page(&verdict).len() < FIFTY_KB);
    }
    let (mut many, recognitions) = issuers();
    for i in 0..500 {
        let mut issuer = many[0].clone();
        issuer.id = format!("did:example:{i}:{long}");
        long.clone_into(&mut issuer.name);
        many.push(issuer);
    }
    let html = trust_list(&many, &recognitions, true, now(), 2);
    assert!(html.len() < FIFTY_KB && html.contains("Page 2 of "), "{}", html.len());
    assert!(STYLESHEET.len() < FIFTY_KB);
}

#[test]
fn pages_need_nothing_that_their_policy_forbids() {
    assert!(CONTENT_SECURITY_POLICY.starts_with("default-src 'none'"));
    assert!(!STYLESHEET.contains("@import") && !STYLESHEET.contains("http"));
    assert!(!ICON.contains("<script"));
    for html in every_page() {
        for forbidden in ["<script", " style=", " onclick", " src=", "<style"] {
            assert!(!html.contains(forbidden), "{forbidden}: {html}");
        }
    }
}

#[test]
fn every_page_has_its_landmarks_and_one_heading() {
    for html in every_page() {
        for part in [
            "<!DOCTYPE html>",
            r#"<html lang="en">"#,
            r##"href="#main""##,
            r#"<main id="main""#,
            "<header",
            "<footer",
            "<nav",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert_eq!(html.matches("<h1").count(), 1, "{html}");
        assert!(
            !html.to_lowercase().contains("fraud") && !html.contains("licence"),
            "{html}"
        );
    }
}

#[test]
fn the_first_page_asks_for_all_that_the_check_reads() {
    let names = [
        (agency("US-NC"), "North Carolina".to_owned()),
        (agency("US-TN"), "Tennessee".to_owned()),
    ];
    let page = VerifyPage::new(&names[1].0, "Tennessee", &names, None).with_answers(
        "NC-1",
        Some(Purpose::Renewal),
        ("2026-02-02", "2026-02-03"),
    );
    let html = page.render().unwrap();
    for part in [
        r#"action="/verify" enctype="multipart/form-data""#,
        r#"<input type="file" id="file" name="file""#,
        r#"name="text" value="NC-1""#,
        r#"name="known" value="2026-02-03""#,
        r#"<option value="US-TN" selected>"#,
        r#"<option value="renewal" selected>"#,
        r#"name="at" value="2026-02-02""#,
        "The file is read in this node’s memory, not kept.",
    ] {
        assert!(html.contains(part), "{part}: {html}");
    }
}

#[test]
fn the_agencies_table_says_what_the_tiles_say() {
    let html = AgenciesPage::new(&rows(4), now()).render().unwrap();
    for (tile, words) in [
        ("NC: this node", ">This node<"),
        ("SC: heard from", ">Heard from<"),
        ("TN: not heard from", ">Not heard from<"),
    ] {
        assert!(html.contains(tile), "{tile}: {html}");
        assert!(html.contains(words), "{words}: {html}");
    }
    assert!(html.contains("AK: not a member"));
    assert!(!html.contains("in doubt"), "{html}");
    let html = AgenciesPage::new(&rows(4), now()).in_doubt(Some("the store lacks a part"));
    let html = html.render().unwrap();
    assert!(
        html.contains("This node is in doubt") && html.contains("the store lacks a part"),
        "{html}"
    );
    assert!(
        html.contains("Never yet"),
        "an agency that was never heard from says so"
    );
}
