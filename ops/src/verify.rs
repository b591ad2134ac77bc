//! `comity verify`: badges in, verdicts out.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use anyhow::Context;
use registry_schema::{
    AgencyId, Check, CredentialCode, Finding, Outcome, StatusState, Verdict, VerdictKind, code::BadCode,
};
use reqwest::Url;

use crate::{
    Session,
    args::Verify,
    client::MAX_BODY,
    exit::{self, Exit, usage},
    out, show,
};

/// A badge as it is sent.
struct Badge {
    kind: &'static str,
    bytes: Vec<u8>,
}

pub(crate) async fn verify(session: &Session, args: &Verify) -> anyhow::Result<Exit> {
    let several = args.badges.len() > 1;
    let mut worst = Exit::Done;
    for (i, name) in args.badges.iter().enumerate() {
        let exit = match one(session, args, name).await {
            Ok(verdict) => {
                if !session.out.json {
                    let head = if several {
                        format!("{}{}\n", if i > 0 { "\n" } else { "" }, show::plain(name))
                    } else {
                        String::new()
                    };
                    session.out.data(&format!(
                        "{head}{}",
                        render(&verdict, session.client.node(), session.out.color)
                    ))?;
                }
                exit_for(verdict.verdict)
            }
            Err(error) => {
                let exit = exit::of(&error);
                // A node that is gone or refuses us does so for the next badge too.
                if !several || matches!(exit, Exit::Unreachable | Exit::NotAllowed) {
                    return Err(error);
                }
                out::note(&format!("comity: {}: {error:#}", show::plain(name)));
                exit
            }
        };
        worst = worst.max(exit);
    }
    Ok(worst)
}

async fn one(session: &Session, args: &Verify, name: &str) -> anyhow::Result<Verdict> {
    let badge = load(name)?;
    let query = [
        ("at", args.at.map(|t| t.to_string())),
        ("purpose", args.purpose.map(|p| p.to_string())),
        ("agency", args.agency.as_ref().map(ToString::to_string)),
    ];
    let reply = session
        .client
        .ask(&["v1", "verifications"], &query, badge.kind, badge.bytes)
        .await?;
    let verdict = reply.parse()?;
    if session.out.json {
        session.out.json(&reply.json)?;
    }
    Ok(verdict)
}

const fn exit_for(verdict: VerdictKind) -> Exit {
    match verdict {
        VerdictKind::Accepted => Exit::Done,
        VerdictKind::NotValid | VerdictKind::NotRecognized | VerdictKind::Unreadable => Exit::Negative,
        VerdictKind::CouldNotCheck => Exit::CouldNotCheck,
    }
}

/// The badge that was named: stdin, a file, a code or a link, in this order.
fn load(name: &str) -> anyhow::Result<Badge> {
    if name == "-" {
        let bytes = limited(io::stdin().lock()).context("cannot read the badge from stdin")?;
        return Ok(Badge {
            kind: kind_of(&bytes, None),
            bytes,
        });
    }
    let path = Path::new(name);
    if path.exists() {
        let read = || format!("cannot read the badge `{name}`");
        let bytes = limited(fs::File::open(path).with_context(read)?).with_context(read)?;
        return Ok(Badge {
            kind: kind_of(&bytes, path.extension().and_then(|e| e.to_str())),
            bytes,
        });
    }
    let typed = |text: String| {
        Ok(Badge {
            kind: "text/plain",
            bytes: text.into_bytes(),
        })
    };
    match name.parse::<CredentialCode>() {
        Ok(code) => return typed(code.to_string()),
        Err(mistake @ BadCode::Check(_)) => return Err(usage(mistake.to_string())),
        Err(BadCode::Shape(_)) => {}
    }
    if Url::parse(name).is_ok_and(|u| matches!(u.scheme(), "http" | "https")) {
        return typed(name.to_owned());
    }
    Err(usage(format!(
        "`{name}` is no file here, no link and no credential code (NC-4K2M9-QXR7T-3)"
    )))
}

fn limited(from: impl Read) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MAX_BODY as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_BODY {
        Err(usage("longer than 16 MiB, as no badge is"))
    } else {
        Ok(bytes)
    }
}

/// The content type: by what stands in the file, then by its name.
fn kind_of(bytes: &[u8], extension: Option<&str>) -> &'static str {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return "image/png";
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let text = text.trim_start_matches('\u{feff}').trim();
        let is_svg = text.starts_with('<') && text.contains("<svg");
        return match text.as_bytes().first() {
            Some(b'{' | b'[') => "application/json",
            _ if is_svg => "image/svg+xml",
            _ if text.starts_with("ey") && text.matches('.').count() == 2 => "application/vc+jwt",
            _ => by_extension(extension).unwrap_or("text/plain"),
        };
    }
    by_extension(extension).unwrap_or("application/octet-stream")
}

fn by_extension(extension: Option<&str>) -> Option<&'static str> {
    match extension?.to_ascii_lowercase().as_str() {
        "json" | "jsonld" => Some("application/json"),
        "jwt" => Some("application/vc+jwt"),
        "png" => Some("image/png"),
        "svg" => Some("image/svg+xml"),
        "txt" => Some("text/plain"),
        _ => None,
    }
}

/// The verdict as a card: the sentence, four lines in fixed order, the person, and what did not pass.
fn render(verdict: &Verdict, node: &Url, color: bool) -> String {
    let mut lines = show::labelled("issued by", [issued_by(verdict)]);
    lines.extend(show::labelled("recognized by", recognized_by(verdict)));
    lines.push(status(verdict));
    lines.extend(show::labelled("counts for", counts_for(verdict)));
    // The lines are aligned with each other, and the blank ones between their groups keep them so.
    lines.push(Default::default());
    lines.push(("the person".to_owned(), person(verdict)));
    let open: Vec<&Finding> = verdict
        .findings
        .iter()
        .filter(|f| stands_below(f, verdict.verdict))
        .collect();
    if !open.is_empty() {
        lines.push(Default::default());
    }
    for finding in &open {
        lines.push((
            outcome(finding.outcome).to_owned(),
            format!("{} ({})", finding.detail, finding.code),
        ));
    }
    let deciding = if verdict.verdict == VerdictKind::CouldNotCheck {
        Outcome::CouldNotCheck
    } else {
        Outcome::Failed
    };
    if let Some(finding) = open.iter().find(|f| f.outcome == deciding)
        && let Ok(page) = node.join(&format!("/help/{}", finding.code))
    {
        lines.push(("read more".to_owned(), page.into()));
    }
    if let Some(receipt) = &verdict.receipt {
        lines.push(("receipt".to_owned(), receipt.clone()));
    }
    let sentence = show::paragraph(&verdict.sentence);
    let sentence = if color {
        format!("{}{sentence}\u{1b}[0m", paint(verdict.verdict))
    } else {
        sentence
    };
    format!("{sentence}\n\n{}", show::pairs(&lines))
}

/// Whether a finding stands among those that did not pass; holder and worth have lines of their own.
fn stands_below(finding: &Finding, verdict: VerdictKind) -> bool {
    match (finding.check, finding.outcome) {
        (Check::Holder | Check::Worth, _) | (_, Outcome::Passed) => false,
        // Of a file that cannot be read, no other question arises; saying so seven times helps nobody.
        (_, Outcome::NotApplicable) => verdict != VerdictKind::Unreadable,
        _ => true,
    }
}

const fn paint(verdict: VerdictKind) -> &'static str {
    match verdict {
        VerdictKind::Accepted => "\u{1b}[1;32m",
        VerdictKind::NotRecognized => "\u{1b}[1;34m",
        VerdictKind::NotValid => "\u{1b}[1;31m",
        VerdictKind::CouldNotCheck => "\u{1b}[1;33m",
        VerdictKind::Unreadable => "\u{1b}[1;90m",
    }
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::CouldNotCheck => "not checked",
        Outcome::NotApplicable => "not needed",
    }
}

fn issued_by(verdict: &Verdict) -> String {
    let Some(issuer) = &verdict.issuer else {
        return "not known".to_owned();
    };
    let name = issuer.name.as_deref().unwrap_or(&issuer.id);
    match &issuer.agency {
        Some(agency) => format!("{name} ({agency})"),
        None => format!("{name} (of no agency that this node knows)"),
    }
}

fn recognized_by(verdict: &Verdict) -> Vec<String> {
    if verdict.recognized_by.is_empty() {
        return vec!["no agency that this node knows".to_owned()];
    }
    let said = verdict.recognized_by.iter().map(|r| {
        let purposes: Vec<&str> = r.purposes.iter().map(|p| p.in_words()).collect();
        let until = r
            .until
            .map(|u| format!(" until {}", u.date_in_words()))
            .unwrap_or_default();
        let from = r.from.date_in_words();
        let through: Vec<&str> = r
            .path
            .iter()
            .map(AgencyId::as_str)
            .filter(|a| *a != r.agency.as_str())
            .collect();
        let through = if through.is_empty() {
            String::new()
        } else {
            format!(", through {}", through.join(", "))
        };
        format!(
            "{}, {}, for {}, since {from}{until}{through}",
            r.agency,
            r.scope,
            purposes.join(", ")
        )
    });
    said.collect()
}

fn status(verdict: &Verdict) -> (String, String) {
    let label = match verdict.status.state {
        StatusState::Active => "not revoked",
        StatusState::Suspended => "suspended",
        StatusState::Revoked => "revoked",
        StatusState::Unknown => "status",
    };
    let heard = verdict
        .status
        .fresh_as_of
        .map(|t| format!("{} ({})", t.in_words(), show::ago(t, verdict.checked_at)));
    let text = match (verdict.status.state, heard) {
        (StatusState::Unknown, None) => "not known".to_owned(),
        (StatusState::Unknown, Some(heard)) => format!("not known; last heard {heard}"),
        (_, None) => "as of a time that is not known".to_owned(),
        (_, Some(heard)) => format!("as of {heard}"),
    };
    (label.to_owned(), text)
}

fn counts_for(verdict: &Verdict) -> Vec<String> {
    if verdict.worth.is_empty() {
        let finding = verdict.findings.iter().find(|f| f.check == Check::Worth);
        return vec![finding.map_or_else(|| "not known".to_owned(), |f| format!("{} ({})", f.detail, f.code))];
    }
    let condition = if verdict.verdict == VerdictKind::Accepted {
        ""
    } else {
        "nothing unless accepted; then "
    };
    let said = verdict.worth.iter().map(|w| {
        format!(
            "{condition}{} {} in {} for {} ({})",
            w.amount,
            w.unit,
            w.agency,
            w.purpose.in_words(),
            w.citation
        )
    });
    said.collect()
}

fn person(verdict: &Verdict) -> String {
    if verdict.credential.is_none() {
        return "not known: nothing could be read of the badge".to_owned();
    }
    let subject = verdict.credential.as_ref().and_then(|c| c.subject.as_ref());
    let badge = verdict.credential.as_ref().and_then(|c| c.name.as_deref());
    let named = match (subject.and_then(|s| s.name.as_deref()), badge) {
        (Some(name), Some(badge)) => format!("the badge “{badge}” names {name}"),
        (Some(name), None) => format!("the badge names {name}"),
        (None, Some(badge)) => format!("the badge “{badge}” names nobody"),
        (None, None) => "the badge names nobody".to_owned(),
    };
    if subject.is_some_and(|s| s.identity_checked) {
        return format!("{named}; the person was shown to be its holder");
    }
    let finding = verdict
        .findings
        .iter()
        .find(|f| f.check == Check::Holder && f.outcome != Outcome::Passed);
    let why = finding.map_or_else(
        || "who shows it was not checked: compare with an identity document".to_owned(),
        |f| format!("{} ({})", f.detail, f.code),
    );
    format!("{named}; {why}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::client::tests::{canned, client};

    fn verdict(kind: &str, sentence: &str, findings: serde_json::Value) -> serde_json::Value {
        json!({
            "verdict": kind, "sentence": sentence, "agency": "US-NC", "purpose": "renewal",
            "at": "2026-11-23T14:02:11Z", "checked_at": "2026-11-23T14:02:11Z", "findings": findings,
            "credential": {"id": "urn:uuid:1", "code": null, "name": "Formative Assessment",
                "subject": {"name": "Ana Reyes", "identity_checked": false},
                "valid_from": "2026-08-01T00:00:00Z", "valid_until": null},
            "issuer": {"id": "did:key:z6Mk", "name": "Palmetto Learning", "agency": "US-SC"},
            "status": {"state": "active", "fresh_as_of": "2026-11-23T13:58:11Z", "source": "US-SC"},
            "recognized_by": [{"agency": "US-NC", "scope": "all achievements", "purposes": ["renewal", "stipend"],
                "from": "2026-01-01T00:00:00Z", "until": null, "path": ["US-NC"]}],
            "worth": [{"agency": "US-NC", "purpose": "renewal", "unit": "CEU", "amount": "1.5", "rule": "r1",
                "citation": "16 NCAC 06C .0334"}],
            "receipt": null
        })
    }

    fn shown(verdict: serde_json::Value) -> String {
        let node = Url::parse("http://127.0.0.1:7400").unwrap();
        let text = render(&serde_json::from_value(verdict).unwrap(), &node, false);
        assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
        text
    }

    fn finding(check: &str, outcome: &str, code: &str, detail: &str) -> serde_json::Value {
        json!({"check": check, "outcome": outcome, "code": code, "detail": detail})
    }

    #[test]
    fn accepted_reads_as_a_card() {
        let passed = finding("proof", "passed", "proof.valid", "the signature fits");
        let text = shown(verdict(
            "accepted",
            "Accepted in North Carolina for license renewal.",
            json!([passed]),
        ));
        assert_eq!(text, include_str!("snapshots/accepted.txt").trim_end());
    }

    #[test]
    fn not_recognized_says_who_recognizes_nobody() {
        let missing = finding(
            "recognition",
            "failed",
            "recognition.none",
            "North Carolina recognizes this issuer for nothing",
        );
        let no_rate = finding(
            "worth",
            "not_applicable",
            "worth.no_published_rate",
            "North Carolina publishes no rate for it",
        );
        let mut v = verdict(
            "not_recognized",
            "Genuine, but not recognized in North Carolina for license renewal.",
            json!([missing, no_rate]),
        );
        v["recognized_by"] = json!([]);
        v["worth"] = json!([]);
        assert_eq!(shown(v), include_str!("snapshots/not_recognized.txt").trim_end());
    }

    #[test]
    fn not_valid_shows_every_finding_that_failed() {
        let mut v = verdict(
            "not_valid",
            "Not valid: this badge was revoked on 3 March 2026.",
            json!([
                finding(
                    "proof",
                    "failed",
                    "proof.invalid",
                    "the signature does not match: the file was changed after it was issued"
                ),
                finding("dates", "passed", "dates.valid", "in date"),
                finding(
                    "status",
                    "failed",
                    "status.revoked",
                    "revoked on 3 March 2026 by South Carolina: issued in error"
                ),
                finding(
                    "holder",
                    "could_not_check",
                    "holder.not_asked",
                    "nobody showed that the badge is theirs"
                ),
            ]),
        );
        v["status"]["state"] = json!("revoked");
        assert_eq!(shown(v), include_str!("snapshots/not_valid.txt").trim_end());
    }

    #[test]
    fn could_not_check_says_what_and_since_when() {
        let stale = finding(
            "status",
            "could_not_check",
            "status.stale",
            "not heard from South Carolina since 19 November 2026",
        );
        let mut v = verdict(
            "could_not_check",
            "Could not check: South Carolina has not been heard from since Thursday.",
            json!([stale]),
        );
        v["status"] = json!({"state": "unknown", "fresh_as_of": "2026-11-19T08:00:00Z", "source": "US-SC"});
        assert_eq!(shown(v), include_str!("snapshots/could_not_check.txt").trim_end());
    }

    #[test]
    fn unreadable_needs_nothing_but_the_sentence() {
        let broken = finding(
            "structure",
            "failed",
            "structure.unreadable",
            "reading stopped at line 3, column 7",
        );
        let mut v = verdict("unreadable", "This is not a badge that we can read.", json!([broken]));
        v["credential"] = json!(null);
        v["issuer"] = json!(null);
        v["recognized_by"] = json!([]);
        v["worth"] = json!([]);
        v["status"] = json!({"state": "unknown", "fresh_as_of": null, "source": null});
        assert_eq!(shown(v), include_str!("snapshots/unreadable.txt").trim_end());
    }

    #[test]
    fn each_verdict_has_its_exit_code_and_its_color() {
        use VerdictKind::{Accepted, CouldNotCheck, NotRecognized, NotValid, Unreadable};
        let all = [Accepted, NotValid, NotRecognized, Unreadable, CouldNotCheck];
        assert_eq!(all.map(|v| exit_for(v).code()), [0, 1, 1, 1, 3]);
        let colors: std::collections::BTreeSet<_> = all.map(paint).into();
        assert_eq!(colors.len(), 5);
    }

    #[test]
    fn the_content_type_follows_from_the_content() {
        for (bytes, extension, kind) in [
            (&b"\x89PNG\r\n\x1a\nrest"[..], None, "image/png"),
            (b" \n{\"a\":1}", Some("txt"), "application/json"),
            (b"<?xml version=\"1.0\"?><svg/>", None, "image/svg+xml"),
            (b"eyJhbGciOiJFZERTQSJ9.e30.c2ln", None, "application/vc+jwt"),
            (b"https://badges.example.org/17", None, "text/plain"),
            (b"\xff\xfe", Some("json"), "application/json"),
            (b"\xff\xfe", None, "application/octet-stream"),
        ] {
            assert_eq!(kind_of(bytes, extension), kind);
        }
    }

    #[test]
    fn what_is_typed_is_a_code_a_link_or_a_mistake() {
        let code = CredentialCode::new(*b"NC", 12345).to_string();
        assert_eq!(load(&code.to_lowercase()).unwrap().bytes, code.as_bytes());
        assert_eq!(load("https://badges.example.org/17").unwrap().kind, "text/plain");
        for (wrong, says) in [
            ("no-such-badge.json", "is no file here"),
            ("NC-4K2M9-QXR7T-Z", "typing mistake"),
        ] {
            let error = load(wrong).err().unwrap();
            assert_eq!(exit::of(&error), Exit::Usage);
            assert!(error.to_string().contains(says), "{error}");
        }
    }

    #[tokio::test]
    async fn a_badge_is_sent_as_it_is_with_the_question() {
        let body = verdict("accepted", "Accepted.", json!([])).to_string();
        let (node, requests) = canned("200 OK", "application/json", &body);
        let session = Session {
            client: client(&node),
            out: out::Out {
                json: true,
                color: false,
            },
            profile: Default::default(),
            now: registry_schema::Timestamp(0),
            yes: false,
            dry_run: false,
        };
        let args = Verify {
            badges: vec!["https://badges.example.org/17".to_owned()],
            at: Some("2026-08-15".parse().unwrap()),
            purpose: Some(registry_schema::Purpose::Renewal),
            agency: Some("US-TN".parse().unwrap()),
        };
        assert_eq!(verify(&session, &args).await.unwrap(), Exit::Done);
        let request = requests.recv().unwrap();
        let line = "POST /v1/verifications?at=2026-08-15T00%3A00%3A00Z&purpose=renewal&agency=US-TN HTTP/1.1\r\n";
        assert!(request.starts_with(line), "{request}");
        assert!(request.contains("content-type: text/plain\r\n"));
        assert!(request.ends_with("\r\n\r\nhttps://badges.example.org/17"));
    }
}
