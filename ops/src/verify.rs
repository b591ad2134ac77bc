//! `comity verify`: badges in, verdicts out.

mod bulk;
mod status;

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use anyhow::Context;
use api_types::{routes, verifications::VerificationQuery};
use registry_schema::{
    AgencyId, Check, CheckOutcome, CredentialCode, Finding, IssuerStanding, Verdict, VerdictKind,
    code::BadCredentialCode, quotable, verdict::Endorsement,
};
use reqwest::Url;

use crate::{
    CommandContext,
    args::VerifyArgs,
    client::MAX_BODY,
    exit::{self, Exit, usage},
    out, show,
};

/// A badge as it is sent.
pub(crate) struct BadgeInput {
    pub(crate) kind: &'static str,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) async fn verify(session: &CommandContext, args: &VerifyArgs) -> anyhow::Result<Exit> {
    if let Some(file) = &args.bulk {
        return bulk::verify(session, args, file).await;
    }
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

async fn one(session: &CommandContext, args: &VerifyArgs, name: &str) -> anyhow::Result<Verdict> {
    let badge = load(name)?;
    let reply = session
        .client
        .ask_about(&routes::VERIFICATION, &query(args).pairs(), (badge.kind, badge.bytes))
        .await?;
    let verdict = reply.value()?;
    if session.out.json {
        session.out.json(&reply.json)?;
    }
    Ok(verdict)
}

/// The question that was typed.
fn query(args: &VerifyArgs) -> VerificationQuery {
    VerificationQuery {
        agency: args.agency.as_ref().map(ToString::to_string),
        purpose: args.purpose.map(|p| p.to_string()),
        at: args.at.map(|t| t.to_string()),
        known: args.known.map(|t| t.to_string()),
        lang: None,
    }
}

const fn exit_for(verdict: VerdictKind) -> Exit {
    match verdict {
        VerdictKind::Accepted => Exit::Done,
        VerdictKind::NotValid | VerdictKind::NotRecognized | VerdictKind::Unreadable => Exit::Negative,
        VerdictKind::CouldNotCheck => Exit::CouldNotCheck,
    }
}

/// The badge that was named: stdin, a file, a code or a link, in this order.
pub(crate) fn load(name: &str) -> anyhow::Result<BadgeInput> {
    if name == "-" {
        let bytes = limited(io::stdin().lock()).context("cannot read the badge from stdin")?;
        return Ok(BadgeInput {
            kind: kind_of(&bytes, None),
            bytes,
        });
    }
    let path = Path::new(name);
    if path.exists() {
        let read = || format!("cannot read the badge `{name}`");
        let bytes = limited(fs::File::open(path).with_context(read)?).with_context(read)?;
        return Ok(BadgeInput {
            kind: kind_of(&bytes, path.extension().and_then(|e| e.to_str())),
            bytes,
        });
    }
    let typed = |text: String| {
        Ok(BadgeInput {
            kind: "text/plain",
            bytes: text.into_bytes(),
        })
    };
    match name.parse::<CredentialCode>() {
        Ok(code) => return typed(code.to_string()),
        Err(mistake @ BadCredentialCode::Check(_)) => return Err(usage(mistake.to_string())),
        Err(BadCredentialCode::Shape(_)) => {}
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
    let recognized = match &verdict.issuer {
        // Nothing shows that the badge is by whom it names.
        Some(issuer) if issuer.standing == IssuerStanding::Unregistered && !verdict.recognized_by.is_empty() => {
            "named issuer recognized by"
        }
        _ => "recognized by",
    };
    lines.extend(show::labelled(recognized, recognized_by(verdict)));
    lines.push(status::line(verdict));
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
        let is_warning = finding.code.starts_with("issuer.") && finding.outcome == CheckOutcome::NotApplicable;
        let label = if is_warning {
            "look out"
        } else {
            outcome(finding.outcome)
        };
        lines.push((label.to_owned(), format!("{} ({})", finding.detail, finding.code)));
    }
    let deciding = if verdict.verdict == VerdictKind::CouldNotCheck {
        CheckOutcome::CouldNotCheck
    } else {
        CheckOutcome::Failed
    };
    let is_deciding = |f: &&&Finding| match verdict.is_by_someone_unknown() {
        true => f.check == Check::Issuer,
        false => f.outcome == deciding,
    };
    if let Some(finding) = open.iter().find(is_deciding)
        && let Ok(page) = node.join(&format!("/help/{}", finding.code))
    {
        lines.push(("read more".to_owned(), page.into()));
    }
    lines.extend(show::labelled("holds", verdict.credentials.iter().map(within)));
    lines.extend(show::labelled(
        "endorsed by",
        verdict.endorsements.iter().map(endorsement),
    ));
    if let Some(receipt) = &verdict.receipt {
        lines.push(("receipt".to_owned(), receipt.clone()));
    }
    let sentence = show::paragraph(&verdict.sentence);
    let sentence = if color {
        format!(
            "{}{sentence}\u{1b}[0m",
            paint(verdict.verdict, verdict.is_by_someone_unknown())
        )
    } else {
        sentence
    };
    format!("{sentence}\n\n{}", show::pairs(&lines))
}

/// A badge in a record, in a line.
fn within(part: &Verdict) -> String {
    let name = part.credential.as_ref().and_then(|badge| badge.name.as_deref());
    format!("{}: {}", name.unwrap_or("a badge without a name"), part.sentence)
}

fn endorsement(one: &Endorsement) -> String {
    let by = match (one.outcome, one.by.as_deref()) {
        (CheckOutcome::Passed, by) => by.and_then(quotable::name),
        (_, by) => by.and_then(quotable::claimed).map(|by| format!("“{by}”, as it says")),
    };
    let by = by.unwrap_or_else(|| "nobody who is named".to_owned());
    format!("{by}: {}, {} ({})", outcome(one.outcome), one.detail, one.code)
}

/// Returns true if a finding stands among those that did not pass; holder and worth have lines of their own.
fn stands_below(finding: &Finding, verdict: VerdictKind) -> bool {
    match (finding.check, finding.outcome) {
        (Check::Holder | Check::Worth, _) | (_, CheckOutcome::Passed) => false,
        // Of a file that cannot be read, no other question arises; saying so seven times helps nobody.
        (_, CheckOutcome::NotApplicable) => verdict != VerdictKind::Unreadable,
        _ => true,
    }
}

/// The color of a verdict; of one on a signer that nobody knows, none.
const fn paint(verdict: VerdictKind, is_by_someone_unknown: bool) -> &'static str {
    match verdict {
        _ if is_by_someone_unknown => "\u{1b}[1m",
        VerdictKind::Accepted => "\u{1b}[1;32m",
        VerdictKind::NotRecognized => "\u{1b}[1;34m",
        VerdictKind::NotValid => "\u{1b}[1;31m",
        VerdictKind::CouldNotCheck => "\u{1b}[1;33m",
        VerdictKind::Unreadable => "\u{1b}[1;90m",
    }
}

const fn outcome(outcome: CheckOutcome) -> &'static str {
    match outcome {
        CheckOutcome::Passed => "passed",
        CheckOutcome::Failed => "failed",
        CheckOutcome::CouldNotCheck => "not checked",
        CheckOutcome::NotApplicable => "not needed",
    }
}

fn issued_by(verdict: &Verdict) -> String {
    let Some(issuer) = &verdict.issuer else {
        return "not known".to_owned();
    };
    let name = issuer.name.as_deref().unwrap_or(&issuer.id);
    if issuer.standing == IssuerStanding::Unregistered {
        // What is told of a registered issuer comes from an agency's list, this from the file alone.
        let who = match verdict.is_by_someone_unknown() {
            true => "unknown here",
            false => "not shown",
        };
        return match quotable::claimed(issuer.name.as_deref().unwrap_or_default()) {
            Some(name) => format!("{who}; the file says “{name}”"),
            None => format!("{who}; the file names no issuer"),
        };
    }
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
        let doubt = r
            .in_doubt
            .as_deref()
            .map(|why| format!("; whether it still holds could not be told: {why}"));
        let doubt = doubt.unwrap_or_default();
        format!(
            "{}, {}, for {}, since {from}{until}{through}{doubt}",
            r.agency,
            r.scope,
            purposes.join(", ")
        )
    });
    said.collect()
}

fn counts_for(verdict: &Verdict) -> Vec<String> {
    let accepted = verdict.verdict == VerdictKind::Accepted;
    let condition = if accepted { "" } else { "nothing unless accepted; then " };
    if verdict.worth.is_empty() {
        let Some(found) = verdict.findings.iter().find(|f| f.check == Check::Worth) else {
            return vec!["not known".to_owned()];
        };
        let is_amount = matches!(found.code.as_str(), "worth.rate" | "worth.depends");
        let condition = if is_amount { condition } else { "" };
        return vec![format!("{condition}{} ({})", found.detail, found.code)];
    }
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
        (Some(name), Some(badge)) if verdict.is_by_someone_unknown() => {
            format!("the file for “{badge}” names {name}")
        }
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
        .find(|f| f.check == Check::Holder && f.outcome != CheckOutcome::Passed);
    let why = finding.map_or_else(
        || "who shows it was not checked: compare with an identity document".to_owned(),
        |f| format!("{} ({})", f.detail, f.code),
    );
    format!("{named}; {why}")
}

#[cfg(test)]
mod tests;
