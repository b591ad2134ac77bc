//! A signer that nobody knows, and a day asked about, on the page.

use super::*;

#[test]
fn a_signer_that_nobody_knows_gets_no_tick_beside_the_name_it_claims() {
    let html = page(&unknown_signer("Palmetto Educator Institute"));
    let (above, folded) = html.split_once("<details").unwrap();
    let (_, card) = above.split_once("<article").unwrap();
    assert!(card.contains(">Signed by someone unknown here</p>"), "{card}");
    assert!(
        above.contains(r#"<article class="card tone unknown-signer""#),
        "{above}"
    );
    for part in [
        "<dt>Says it is from</dt>",
        "<bdi>“Palmetto Educator Institute”</bdi>",
        "Anyone can write that name.",
        "an issuer of South Carolina; nothing shows that they signed it",
        "The file names ",
        "Do not count this badge because of the name in it.",
    ] {
        assert!(above.contains(part), "{part}: {above}");
    }
    assert!(!html.contains(r##"href="#accepted"/></svg><p><bdi>"##), "{html}");
    let claims = [
        "Genuine",
        "genuine",
        "Issued by</dt>",
        "Nothing is wrong with the badge",
        "was issued to",
    ];
    assert!(claims.iter().all(|claim| !html.contains(claim)), "{html}");
    let (card, _) = card.split_once("</article>").unwrap();
    assert!(!card.contains("#accepted"), "nothing on the card is ticked: {card}");
    assert!(folded.contains(r#"href="/help/issuer.unregistered""#) && folded.contains("Nobody here knows the signer"));
    for empty in ["", " \u{200B}\u{202E}"] {
        let html = page(&unknown_signer(empty));
        assert!(
            html.contains("<bdi>The file names no issuer.</bdi>") && !html.contains("<bdi>“"),
            "{html}"
        );
    }
    // Nobody is sent to whom the file names, whatever else is open.
    let mut open = unknown_signer("Palmetto Educator Institute");
    open.verdict = VerdictKind::CouldNotCheck;
    open.findings[5].outcome = registry_schema::CheckOutcome::CouldNotCheck;
    "status.unreachable".clone_into(&mut open.findings[5].code);
    let html = page(&open);
    let (_, next) = html.split_once("What to do next").unwrap();
    let (next, _) = next.split_once("</ol>").unwrap();
    assert!(
        next.contains("ask the issuer directly") && !next.contains("Palmetto"),
        "{next}"
    );
    // In a record, the same.
    let mut record = verdict(VerdictKind::NotRecognized);
    record.credentials = vec![unknown_signer("Palmetto Educator Institute")];
    let html = page(&record);
    assert!(html.contains("Signed by someone unknown here</span>"), "{html}");
    assert!(html.contains("says “Palmetto Educator Institute”"), "{html}");
}

#[test]
fn an_answer_for_a_whole_day_names_the_day_in_its_heading() {
    let mut verdict = verdict(VerdictKind::Accepted);
    // In North Carolina, 15 August ends at four in the morning in UTC.
    verdict.at = at("2026-08-16T03:59:59.999Z");
    "Accepted in North Carolina for license renewal on August 15, 2026.".clone_into(&mut verdict.sentence);
    let html = page(&verdict);
    assert!(heading(&html).contains("on August 15, 2026"), "{html}");
    assert!(html.contains(", on <strong>August 15, 2026</strong>"), "{html}");
    let mut verdict = samples::verdict(VerdictKind::NotValid);
    verdict.at = at("2026-08-16T03:59:59.999Z");
    "Not valid on August 15, 2026: this badge was revoked.".clone_into(&mut verdict.sentence);
    let html = page(&verdict);
    assert!(
        html.contains(r#"<span class="said">on August 15, 2026: this badge was revoked."#),
        "{html}"
    );
}

#[test]
fn an_answer_for_another_day_names_the_day() {
    let mut verdict = verdict(VerdictKind::Accepted);
    assert!(!page(&verdict).contains("as of <strong>"));
    verdict.at = at("2026-02-02");
    assert!(page(&verdict).contains("as of <strong>2 February 2026, 00:00 UTC</strong>"));
}
