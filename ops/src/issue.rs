//! `comity credential issue`: one badge, or one a row of a file.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Context;
use api_types::{
    credentials::{IssuedCredentialResponse, NewAchievement, NewCredential},
    routes,
};
use registry_schema::{AgencyId, Credential, TermDate, Timestamp};
use serde_json::value::RawValue;

use crate::{
    CommandContext,
    args::IssueArgs,
    client::Answer,
    credential, csv,
    exit::{self, Exit, fault, usage},
    issuer::{self, NameScope},
    out, peer, show,
};

/// The badge in the node's answer once it issued.
fn badge_of(issued: &IssuedCredentialResponse) -> anyhow::Result<&RawValue> {
    issued.document.as_deref().ok_or_else(|| {
        let code = issued.credential.code;
        let message = format!("the node's answer has no badge in it: see `comity credential show {code}`");
        fault(Exit::CouldNotCheck, message)
    })
}

pub(crate) async fn issue(session: &CommandContext, args: &IssueArgs) -> anyhow::Result<Exit> {
    match (&args.csv, &args.out) {
        (Some(csv), Some(out)) => many(session, args, csv, out).await,
        (_, out) => one(session, args, out.as_deref()).await,
    }
}

async fn one(session: &CommandContext, args: &IssueArgs, out: Option<&Path>) -> anyhow::Result<Exit> {
    if let Some(file) = out {
        writable(file)?;
    }
    let mut new = read_row(args, &[], &[]).map_err(usage)?;
    new.issuer = resolve_issuer(session, &new.issuer).await?;
    let reply = session.change(&routes::ISSUANCE, &[], &new).await?;
    if session.dry_run {
        let now = session.now();
        session.shows(&reply, |tried| credential::render_tried(&tried.credential, now))?;
        warn_if_over(session, &reply.value()?.credential);
        return Ok(Exit::Done);
    }
    let issued = reply.value()?;
    let document = badge_of(&issued)?;
    warn_if_over(session, &issued.credential);
    let code = issued.credential.code;
    match out.map(|file| (file, write_badge(file, document))) {
        // Issued is issued: what cannot be put into the file must not be lost.
        Some((file, Err(error))) => {
            session.out.data(document.get())?;
            Err(error.context(format!(
                "{code} is issued, and printed because `{}` cannot be written",
                file.display()
            )))
        }
        Some((file, Ok(()))) => {
            if session.out.json {
                session.out.json(&reply.json)?
            } else {
                session.out.data(&code.to_string())?
            }
            out::note(&format!("issued {code}, written to {}", file.display()));
            Ok(Exit::Done)
        }
        None => {
            if session.out.json {
                session.out.json(&reply.json)?
            } else {
                session.out.data(document.get())?
            }
            out::note(&format!("issued {code}"));
            Ok(Exit::Done)
        }
    }
}

fn warn_if_over(session: &CommandContext, credential: &Credential) {
    if let Some(warning) = credential::is_over(credential, session.now()) {
        out::note(&warning);
    }
}

/// Checks that a new file can be put there; asked before anything is issued.
fn writable(file: &Path) -> anyhow::Result<()> {
    if file.exists() {
        return Err(usage(format!("`{}` exists: give a file that does not", file.display())));
    }
    let dir = file
        .parent()
        .filter(|d| !d.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."));
    if dir.is_dir() {
        Ok(())
    } else {
        Err(usage(format!("`{}` is no directory: make it first", dir.display())))
    }
}

fn write_badge(file: &Path, document: &RawValue) -> anyhow::Result<()> {
    let mut to = fs::OpenOptions::new().write(true).create_new(true).open(file)?;
    writeln!(to, "{}", document.get())?;
    to.sync_all()?;
    Ok(())
}

const COLUMNS: [&str; 11] = [
    "subject",
    "issuer",
    "achievement_name",
    "achievement_id",
    "description",
    "criteria",
    "aligned_to",
    "clock_hours",
    "assessed_blind",
    "valid_from",
    "valid_until",
];

fn yes_or_no(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" => Some(true),
        "no" | "false" => Some(false),
        _ => None,
    }
}

/// A row, read; or what is wrong with it.
fn read_row(args: &IssueArgs, headings: &[String], cells: &[String]) -> Result<NewCredential, String> {
    let cell = |name: &str| {
        let place = headings.iter().position(|h| h == name)?;
        Some(cells.get(place)?.trim().to_owned()).filter(|c| !c.is_empty())
    };
    let text = |name: &str, given: &Option<String>| cell(name).or_else(|| given.clone());
    let needed = |name: &str, given: &Option<String>| {
        text(name, given)
            .filter(|t| !t.trim().is_empty())
            .ok_or_else(|| format!("`{name}` is missing"))
    };
    let date = |name: &str, given: Option<TermDate>| match cell(name) {
        Some(text) => text.parse().map(Some).map_err(|e| format!("{name}: {e}")),
        None => Ok(given),
    };
    let new = NewCredential {
        issuer: needed("issuer", &args.issuer)?,
        achievement: NewAchievement {
            id: text("achievement_id", &args.achievement_id).unwrap_or_default(),
            name: needed("achievement_name", &args.achievement_name)?,
            description: text("description", &args.description),
            criteria: text("criteria", &args.criteria),
            aligned_to: match cell("aligned_to") {
                Some(items) => items.split_whitespace().map(str::to_owned).collect(),
                None => args.aligned_to.clone(),
            },
            clock_hours: match cell("clock_hours") {
                Some(text) => Some(text.parse().map_err(|e| format!("clock_hours: {e}"))?),
                None => args.clock_hours,
            },
            assessed_blind: match cell("assessed_blind") {
                Some(text) => Some(yes_or_no(&text).ok_or("assessed_blind: say `yes` or `no`, or nothing")?),
                None => args.assessed_blind,
            },
        },
        subject: needed("subject", &args.subject)?,
        valid_from: date("valid_from", args.valid_from)?,
        valid_until: date("valid_until", args.valid_until)?,
    };
    match (new.valid_from, new.valid_until) {
        (Some(from), Some(until)) if from.is_after(until) => Err("`valid_until` is not after `valid_from`".to_owned()),
        _ => Ok(new),
    }
}

/// A file of badges to issue, read whole.
struct IssueBatch {
    headings: Vec<String>,
    rows: Vec<(csv::CsvRow, NewCredential)>,
}

fn read_batch(args: &IssueArgs, text: &str) -> anyhow::Result<IssueBatch> {
    let mut rows = csv::parse(text)
        .map_err(|line| usage(format!("line {line}: a quotation begins here and never ends")))?
        .into_iter();
    let headings = rows
        .next()
        .ok_or_else(|| usage("the file is empty: its first line names the columns"))?
        .cells;
    let headings: Vec<String> = headings.iter().map(|h| h.trim().to_lowercase()).collect();
    if let Some(strange) = headings.iter().find(|h| !COLUMNS.contains(&h.as_str())) {
        return Err(usage(format!(
            "no column `{strange}` is known: there are {}",
            COLUMNS.join(", ")
        )));
    }
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for row in rows {
        let read = if row.cells.len() == headings.len() {
            read_row(args, &headings, &row.cells)
        } else {
            Err(format!(
                "{} where the first line has {}",
                show::count(row.cells.len(), "cell"),
                headings.len()
            ))
        };
        match read {
            Ok(new) => good.push((row, new)),
            Err(mistake) => bad.push(format!("  line {}: {mistake}", row.line)),
        }
    }
    if !bad.is_empty() {
        return Err(usage(format!(
            "nothing was issued; put this right first:\n{}",
            bad.join("\n")
        )));
    }
    if good.is_empty() {
        return Err(usage("the file names columns and no badges"));
    }
    Ok(IssueBatch { headings, rows: good })
}

async fn many(session: &CommandContext, args: &IssueArgs, file: &Path, dir: &Path) -> anyhow::Result<Exit> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let mut batch = read_batch(args, &text)?;
    let rest = dir.join("not-issued.csv");
    if !session.dry_run {
        if rest.exists() {
            return Err(usage(format!(
                "`{}` is left from an earlier run: issue from it, or move it away",
                rest.display()
            )));
        }
        fs::create_dir_all(dir).with_context(|| format!("cannot make the directory `{}`", dir.display()))?;
    }
    resolve_issuers(session, &mut batch).await?;
    preview(&batch);
    let agency = peer::home(session).await?;
    if let Some(warning) = those_over(&batch, &agency, session.now()) {
        out::note(&warning);
    }
    session.agrees(&format!("Issue {}?", show::count(batch.rows.len(), "badge")))?;
    let (mut issued, mut failed, mut worst) = (0, Vec::new(), Exit::Done);
    for (row, new) in &batch.rows {
        // When the node is gone or refuses us, the remaining rows are not tried.
        let stop = matches!(worst, Exit::Unreachable | Exit::NotAllowed);
        let done = if stop {
            Err(fault(worst, "not tried"))
        } else {
            send(session, dir, new).await
        };
        match done {
            Ok(written) => {
                issued += 1;
                if let Some(SavedBadge {
                    failure: Some(error), ..
                }) = &written.placed
                {
                    worst = worst.max(Exit::Usage);
                    out::note(&format!(
                        "line {} ({}): issued, and printed because its file cannot be written: {error:#}",
                        row.line, new.subject
                    ));
                }
                report(session, row.line, new, &written)?;
            }
            Err(error) => {
                worst = worst.max(exit::of(&error));
                out::note(&format!("line {} ({}): {error:#}", row.line, new.subject));
                failed.push(csv::line(&row.cells));
            }
        }
    }
    if session.dry_run {
        out::note(&format!(
            "dry run: nothing was issued; {issued} of {} would be",
            batch.rows.len()
        ));
        return Ok(worst);
    }
    out::note(&format!("issued {issued} of {}", batch.rows.len()));
    if !failed.is_empty() {
        failed.insert(0, csv::line(&batch.headings));
        fs::write(&rest, failed.join("\n") + "\n").with_context(|| format!("cannot write `{}`", rest.display()))?;
        out::note(&format!(
            "the rows that failed are in {}: look whether the node has them (`comity credential list`), then issue from that file",
            rest.display()
        ));
    }
    Ok(worst)
}

async fn resolve_issuer(session: &CommandContext, typed: &str) -> anyhow::Result<String> {
    issuer::resolve_as(
        session,
        typed,
        session.profile.agency.as_ref(),
        NameScope::InGoodStanding,
    )
    .await
}

async fn resolve_issuers(session: &CommandContext, batch: &mut IssueBatch) -> anyhow::Result<()> {
    let mut known = std::collections::BTreeMap::new();
    for (_, new) in &mut batch.rows {
        if !known.contains_key(&new.issuer) {
            let id = resolve_issuer(session, &new.issuer).await?;
            known.insert(new.issuer.clone(), id);
        }
        if let Some(id) = known.get(&new.issuer) {
            new.issuer.clone_from(id);
        }
    }
    Ok(())
}

fn preview(batch: &IssueBatch) {
    let row = |(row, new): &(csv::CsvRow, NewCredential)| {
        vec![
            row.line.to_string(),
            new.subject.clone(),
            new.achievement.name.clone(),
            new.valid_until
                .map_or_else(|| "no end".to_owned(), |until| until.to_string()),
        ]
    };
    let first: Vec<Vec<String>> = batch.rows.iter().take(10).map(row).collect();
    out::note(&show::table(&["line", "subject", "badge", "until"], 0, &first));
    if let more @ 1.. = batch.rows.len().saturating_sub(first.len()) {
        out::note(&format!("and {more} more"));
    }
}

/// The warning about rows whose badges would be issued after their end.
fn those_over(batch: &IssueBatch, agency: &AgencyId, now: Timestamp) -> Option<String> {
    let is_over = |new: &NewCredential| {
        new.valid_until
            .is_some_and(|until| until.ends(agency).is_ok_and(|end| end < now))
    };
    let over = batch.rows.iter().filter(|(_, new)| is_over(new));
    let lines: Vec<String> = over.map(|(row, _)| row.line.to_string()).collect();
    (!lines.is_empty()).then(|| {
        show::paragraph(&format!(
            "warning: of {} the end is past, and they are expired wherever they are shown (lines {})",
            show::count(lines.len(), "badge"),
            lines.join(", ")
        ))
    })
}

/// The outcome of one row.
struct IssuedRow {
    reply: Answer<IssuedCredentialResponse>,
    placed: Option<SavedBadge>,
}

/// A badge, and the file that it is in unless that failed.
struct SavedBadge {
    issued: IssuedCredentialResponse,
    file: PathBuf,
    failure: Option<anyhow::Error>,
}

async fn send(session: &CommandContext, dir: &Path, new: &NewCredential) -> anyhow::Result<IssuedRow> {
    let reply = session.change(&routes::ISSUANCE, &[], new).await?;
    if session.dry_run {
        return Ok(IssuedRow { reply, placed: None });
    }
    let issued = reply.value()?;
    let file = dir.join(format!("{}.json", issued.credential.code));
    let failure = write_badge(&file, badge_of(&issued)?).err();
    Ok(IssuedRow {
        reply,
        placed: Some(SavedBadge { issued, file, failure }),
    })
}

fn report(session: &CommandContext, line: usize, new: &NewCredential, written: &IssuedRow) -> anyhow::Result<()> {
    match &written.placed {
        _ if session.out.json => session.out.json(&written.reply.json),
        Some(SavedBadge {
            issued,
            failure: Some(_),
            ..
        }) => session.out.json(badge_of(issued)?),
        Some(SavedBadge { issued, file, .. }) => session.out.data(&show::plain(&format!(
            "{}  {}  {}",
            issued.credential.code,
            file.display(),
            new.subject
        ))),
        None => session
            .out
            .data(&show::plain(&format!("line {line}  would be issued  {}", new.subject))),
    }
}

#[cfg(test)]
mod tests;
