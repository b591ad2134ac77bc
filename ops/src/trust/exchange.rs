//! `comity trust export`, `import` and `diff`: a trust list as a file.

mod rows;

use std::{collections::BTreeMap, path::Path};

use anyhow::Context as _;
use api_types::{consequences::ConsequencesResponse, recognitions::RecognitionListQuery, routes};
use registry_schema::{AgencyId, QueryTime, RecognitionScope, Timestamp};

use crate::{
    CommandContext,
    args::trust::ExportFormat,
    client::ApiClient,
    csv,
    exit::{Exit, fault, usage},
    out, show,
};
use rows::{COLUMNS, Row, RowRequest, rows};

use super::with_consequences;

/// The recognitions of an agency that are in force now, of issuers and of agencies, and its id: of the node's own, if none
/// is named.
async fn standing(session: &CommandContext, agency: Option<&AgencyId>) -> anyhow::Result<(String, Vec<Row>)> {
    standing_at(&session.client, agency).await
}

async fn standing_at(node: &ApiClient, agency: Option<&AgencyId>) -> anyhow::Result<(String, Vec<Row>)> {
    let agency = match agency {
        // An agency that nobody knows has no list: an empty one would be a false answer.
        Some(agency) => {
            node.get(&routes::AGENCY, &[agency.as_str()], &[]).await?;
            agency.clone()
        }
        None => node.get(&routes::VERSION, &[], &[]).await?.value()?.agency,
    };
    // By the time of the node that is asked.
    let now = node.now();
    let query = RecognitionListQuery {
        agency: Some(agency.to_string()),
        issuer: None,
        at: Some(now.to_string()),
    };
    let issuers = node.get(&routes::RECOGNITIONS, &[], &query.pairs()).await?.value()?;
    let agencies = node.get(&routes::AGENCY_RECOGNITIONS, &[], &[]).await?.value()?;
    let agencies = agencies
        .iter()
        .filter(|entry| entry.agency == agency && entry.holds(QueryTime::now(now), None));
    let all = issuers.iter().map(Row::of).chain(agencies.map(Row::of_agency));
    Ok((agency.to_string(), all.collect()))
}

pub(crate) async fn export(
    session: &CommandContext,
    agency: Option<&AgencyId>,
    form: ExportFormat,
) -> anyhow::Result<Exit> {
    let (_, all) = standing(session, agency).await?;
    if form == ExportFormat::Json || session.out.json {
        session.out.data(&serde_json::to_string_pretty(&all)?)?;
        return Ok(Exit::Done);
    }
    let mut lines = vec![COLUMNS.join(",")];
    for row in &all {
        let purposes: Vec<&str> = row.purposes.iter().map(|p| p.as_str()).collect();
        let time = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
        let scope = match &row.scope {
            RecognitionScope::All => "all".to_owned(),
            scope => serde_json::to_string(scope)?,
        };
        let conditions = match row.conditions.as_slice() {
            [] => String::new(),
            some => serde_json::to_string(some)?,
        };
        lines.push(csv::line(&[
            row.issuer.clone().unwrap_or_default(),
            guarded(row.issuer_name.as_deref().unwrap_or_default()),
            purposes.join(" "),
            scope,
            time(row.from),
            time(row.until),
            row.accepts_without_status.to_string(),
            row.attestation.map(|it| it.as_str().to_owned()).unwrap_or_default(),
            row.stands_alone.to_string(),
            row.may_be_followed.to_string(),
            conditions,
            row.agency.as_ref().map(ToString::to_string).unwrap_or_default(),
            row.depth.map(|depth| depth.to_string()).unwrap_or_default(),
            row.registered_by.as_ref().map(ToString::to_string).unwrap_or_default(),
        ]));
    }
    session.out.data(&lines.join("\n"))?;
    Ok(Exit::Done)
}

/// A text that no spreadsheet takes for a formula.
fn guarded(text: &str) -> String {
    let text = show::plain(text);
    if text.starts_with(['=', '+', '-', '@']) {
        format!("'{text}")
    } else {
        text
    }
}

/// The answer to a row: its id, if it was made, and the consequences that it would have, each for itself.
struct ImportedRow {
    id: String,
    consequences: Option<ConsequencesResponse>,
}

/// Adds a row to the list; or, in a dry run, has the node check it.
async fn add(session: &CommandContext, row: &Row, dry_run: bool) -> anyhow::Result<ImportedRow> {
    let client = &session.client;
    match row.request()? {
        RowRequest::Issuer(new) => {
            let made = client.call(&routes::RECOGNIZE, &[], &new, dry_run).await?.value()?;
            Ok(ImportedRow {
                id: made.entry.recognition.id,
                consequences: made.consequences,
            })
        }
        RowRequest::Agency(new) => {
            let made = client.call(&routes::RECOGNIZE_AGENCY, &[], &new, dry_run).await?;
            let made = made.value()?;
            Ok(ImportedRow {
                id: made.entry.recognition.id,
                consequences: made.consequences,
            })
        }
    }
}

/// Adds what the file has and the list has not. Nothing is written while a row has a mistake.
pub(crate) async fn import(session: &CommandContext, path: &Path) -> anyhow::Result<Exit> {
    let rows = rows(path)?;
    let (_, standing) = standing(session, None).await?;
    let known: BTreeMap<_, &Row> = standing.iter().map(|row| (row.key(), row)).collect();
    let (mut new, mut wrong): (Vec<(String, Row)>, Vec<String>) = (Vec::new(), Vec::new());
    let mut otherwise = 0;
    let mut preview: Vec<String> = Vec::new();
    for (place, row) in rows {
        if let Some(stands) = known.get(&row.key()) {
            let differences = row.differences(stands);
            if differences.is_empty() {
                out::note(&format!("{place}: stands already, left out: {}", row.in_words()));
            } else {
                otherwise += 1;
                out::note(&format!(
                    "{place}: stands otherwise, and was not changed: {} ({}); a recognition that stands is withdrawn before it \
                     is made anew with another term: `comity trust list`, `comity trust withdraw ID`, and import again",
                    row.in_words(),
                    differences.join("; ")
                ));
            }
            continue;
        }
        if new.iter().any(|(_, other)| other.key() == row.key()) {
            out::note(&format!("{place}: is in the file twice, left out: {}", row.in_words()));
            continue;
        }
        match add(session, &row, true).await {
            Ok(would) => {
                preview.push(with_consequences(
                    format!("{place}: + {}", row.in_words()),
                    &would.consequences,
                ));
                new.push((place, row));
            }
            Err(error) => wrong.push(format!("{place}: {error:#}")),
        }
    }
    if !wrong.is_empty() {
        return Err(usage(format!("nothing was imported\n{}", wrong.join("\n"))));
    }
    if session.dry_run {
        session.out.data(&preview.join("\n\n"))?;
        out::note("dry run: nothing was changed");
        return Ok(if otherwise > 0 { Exit::Conflict } else { Exit::Done });
    }
    if session.asks() && !new.is_empty() {
        out::note(&preview.join("\n\n"));
        session.agrees(&format!("Make {}?", show::count(new.len(), "recognition")))?;
    }
    for (done, (place, row)) in new.iter().enumerate() {
        let made = add(session, row, false).await;
        let made = made.with_context(|| format!("{place}: {done} of {} were imported before this", new.len()))?;
        session.out.data(&format!("{}  {}", made.id, row.in_words()))?;
    }
    out::note(&format!("{} imported", show::count(new.len(), "recognition")));
    if otherwise > 0 {
        out::note(&format!(
            "{} stand otherwise than the file says",
            show::count(otherwise, "recognition")
        ));
        return Ok(Exit::Conflict);
    }
    Ok(Exit::Done)
}

/// Compares your agency's list with a file, or with another agency's list.
pub(crate) async fn diff(session: &CommandContext, other: &str) -> anyhow::Result<Exit> {
    let (home, here) = standing(session, None).await?;
    let theirs: Vec<Row> = if Path::new(other).exists() {
        rows(Path::new(other))?.into_iter().map(|(_, row)| row).collect()
    } else if other.starts_with("https://") || other.starts_with("http://") {
        // Another node says what its own agency's list is; the profile's token stays with the profile's node.
        let node = ApiClient::of_another(other, &session.profile)?;
        standing_at(&node, None).await?.1
    } else {
        let agency: AgencyId = other.parse().map_err(|_| {
            fault(
                Exit::Negative,
                format!("`{other}` is no file here, no agency's id (US-TN) and no address of a node"),
            )
        })?;
        standing(session, Some(&agency)).await?.1
    };
    let by_key = |rows: Vec<Row>| -> BTreeMap<_, Row> { rows.into_iter().map(|row| (row.key(), row)).collect() };
    let (here, there) = (by_key(here), by_key(theirs));
    let mut lines = Vec::new();
    for (key, row) in &here {
        match there.get(key) {
            None => lines.push(format!("only {home}: {}", row.in_words())),
            Some(same) if same.from.is_some() && same.plain() != row.plain() => {
                lines.push(format!(
                    "otherwise in `{other}` (term, depth or conditions): {}",
                    row.in_words()
                ));
            }
            Some(_) => {}
        }
    }
    let only_there = there.iter().filter(|(key, _)| !here.contains_key(*key));
    lines.extend(only_there.map(|(_, row)| format!("only `{other}`: {}", row.in_words())));
    if session.out.json {
        session.out.data(&serde_json::to_string(&lines)?)?;
    } else if lines.is_empty() {
        out::note("no difference");
    } else {
        session.out.data(&lines.join("\n"))?;
    }
    Ok(if lines.is_empty() { Exit::Done } else { Exit::Negative })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_a_formula() {
        assert_eq!(guarded("=cmd()"), "'=cmd()");
        assert_eq!(guarded("Palmetto"), "Palmetto");
    }
}
