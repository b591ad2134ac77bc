//! `comity trust export`, `import` and `diff`: a trust list as a file.

use std::{collections::BTreeMap, fs::File, io::Read as _, path::Path};

use anyhow::Context as _;
use registry_schema::{
    AgencyId, Purpose, Scope, Timestamp,
    recognition::{Attestation, RecognitionEntry},
};
use serde::{Deserialize, Serialize};

use crate::{
    Session,
    args::trust::FileForm,
    client::Client,
    confirm, csv,
    exit::{Exit, fault, usage},
    out, show,
};

/// The longest file that is read.
const MOST_BYTES: u64 = 8 * 1024 * 1024;
/// Most rows of a file.
const MOST_ROWS: usize = 5_000;

const COLUMNS: [&str; 11] = [
    "issuer",
    "issuer_name",
    "purposes",
    "scope",
    "from",
    "until",
    "accepts_without_status",
    "attestation",
    "stands_alone",
    "may_be_followed",
    "conditions",
];

/// A recognition in a file: what `POST /v1/recognitions` takes, with the issuer's name for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    issuer: String,
    #[serde(default, skip_serializing)]
    issuer_name: Option<String>,
    purposes: Vec<Purpose>,
    scope: Scope,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    #[serde(default)]
    accepts_without_status: bool,
    #[serde(default)]
    attestation: Attestation,
    #[serde(default)]
    stands_alone: bool,
    #[serde(default)]
    may_be_followed: bool,
    #[serde(default)]
    conditions: Vec<String>,
}

impl Row {
    fn of(entry: &RecognitionEntry) -> Self {
        let r = entry.recognition.clone();
        Self {
            issuer: r.issuer.id,
            issuer_name: None,
            purposes: r.purposes,
            scope: r.scope,
            from: Some(r.from),
            until: r.until,
            accepts_without_status: r.accepts_without_status,
            attestation: r.basis.attestation,
            stands_alone: r.basis.stands_alone,
            may_be_followed: r.basis.may_be_followed,
            conditions: r.basis.conditions,
        }
    }

    /// Two rows with the same key speak of the same.
    fn key(&self) -> (String, String, Vec<Purpose>) {
        let mut purposes = self.purposes.clone();
        purposes.sort_unstable();
        let scope = serde_json::to_string(&self.scope).unwrap_or_default();
        (self.issuer.clone(), scope, purposes)
    }

    fn in_words(&self) -> String {
        let purposes: Vec<&str> = self.purposes.iter().map(|p| p.as_str()).collect();
        format!("{}: {}, for {}", self.issuer, self.scope, purposes.join(", "))
    }
}

/// The recognitions of an agency that are in force now, and its id: of the node's own, if none is named.
async fn standing(session: &Session, agency: Option<&AgencyId>) -> anyhow::Result<(String, Vec<RecognitionEntry>)> {
    standing_at(&session.client, agency, session.now).await
}

async fn standing_at(
    node: &Client,
    agency: Option<&AgencyId>,
    now: Timestamp,
) -> anyhow::Result<(String, Vec<RecognitionEntry>)> {
    #[derive(Deserialize)]
    struct Version {
        agency: AgencyId,
    }
    let agency = match agency {
        Some(agency) => agency.clone(),
        None => node.read(&["version"], &[]).await?.parse::<Version>()?.agency,
    };
    let query = [("agency", Some(agency.to_string())), ("at", Some(now.to_string()))];
    let all = node.read(&["v1", "recognitions"], &query).await?.parse()?;
    Ok((agency.to_string(), all))
}

pub(crate) async fn export(session: &Session, agency: Option<&AgencyId>, form: FileForm) -> anyhow::Result<Exit> {
    let (_, all) = standing(session, agency).await?;
    if form == FileForm::Json || session.out.json {
        let rows: Vec<Row> = all.iter().map(Row::of).collect();
        session.out.data(&serde_json::to_string_pretty(&rows)?)?;
        return Ok(Exit::Done);
    }
    let mut lines = vec![COLUMNS.join(",")];
    for entry in &all {
        let row = Row::of(entry);
        let purposes: Vec<&str> = row.purposes.iter().map(|p| p.as_str()).collect();
        let time = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
        let scope = match &row.scope {
            Scope::All => "all".to_owned(),
            scope => serde_json::to_string(scope)?,
        };
        let conditions = match row.conditions.as_slice() {
            [] => String::new(),
            some => serde_json::to_string(some)?,
        };
        lines.push(csv::line(&[
            row.issuer.clone(),
            guarded(&entry.recognition.issuer.name),
            purposes.join(" "),
            scope,
            time(row.from),
            time(row.until),
            row.accepts_without_status.to_string(),
            row.attestation.as_str().to_owned(),
            row.stands_alone.to_string(),
            row.may_be_followed.to_string(),
            conditions,
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

/// The rows of a file, each with where it stands; or all that is wrong with them.
fn rows(path: &Path) -> anyhow::Result<Vec<(String, Row)>> {
    let named = path.display();
    let mut text = String::new();
    let cannot = || format!("cannot read `{named}`");
    File::open(path)
        .with_context(cannot)?
        .take(MOST_BYTES + 1)
        .read_to_string(&mut text)
        .with_context(cannot)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(usage(format!("`{named}` is longer than 8 MiB")));
    }
    if text.trim_start().starts_with('[') {
        let rows: Vec<Row> = serde_json::from_str(&text).map_err(|e| usage(format!("`{named}`: {e}")))?;
        return limited(
            rows.into_iter()
                .enumerate()
                .map(|(n, row)| (format!("entry {}", n + 1), row))
                .collect(),
        );
    }
    let lines =
        csv::parse(&text).map_err(|line| usage(format!("`{named}`: the quotation in line {line} never ends")))?;
    let Some((head, lines)) = lines.split_first() else {
        return Err(usage(format!("`{named}` is empty")));
    };
    let unknown: Vec<&String> = head.cells.iter().filter(|c| !COLUMNS.contains(&c.trim())).collect();
    if let Some(unknown) = unknown.first() {
        return Err(usage(format!(
            "`{named}`: no column is called `{unknown}`: {}",
            COLUMNS.join(", ")
        )));
    }
    let (mut good, mut wrong) = (Vec::new(), Vec::new());
    for line in lines {
        let cell = |name: &str| {
            let place = head.cells.iter().position(|cell| cell.trim() == name)?;
            line.cells
                .get(place)
                .map(|cell| cell.trim())
                .filter(|cell| !cell.is_empty())
        };
        match row(&cell) {
            Ok(row) => good.push((format!("line {}", line.line), row)),
            Err(why) => wrong.push(format!("line {}: {why}", line.line)),
        }
    }
    if wrong.is_empty() {
        limited(good)
    } else {
        Err(usage(wrong.join("\n")))
    }
}

fn limited(rows: Vec<(String, Row)>) -> anyhow::Result<Vec<(String, Row)>> {
    if rows.len() > MOST_ROWS {
        return Err(usage(format!("a file has at most {MOST_ROWS} recognitions")));
    }
    Ok(rows)
}

fn row<'a>(cell: &impl Fn(&str) -> Option<&'a str>) -> Result<Row, String> {
    let time = |name: &str| {
        cell(name)
            .map(|text| text.parse::<Timestamp>().map_err(|e| format!("{name}: {e}")))
            .transpose()
    };
    let flag = |name: &str| match cell(name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(format!("{name}: `{other}` is neither `true` nor `false`")),
    };
    let purposes = cell("purposes").ok_or("`purposes` is empty")?.split_whitespace();
    let json = |name: &str, text: &str| -> Result<serde_json::Value, String> {
        serde_json::from_str(text).map_err(|e| format!("{name}: {e}"))
    };
    let typed = |name: &str, e: serde_json::Error| format!("{name}: {e}");
    Ok(Row {
        issuer: cell("issuer").ok_or("`issuer` is empty")?.to_owned(),
        issuer_name: None,
        purposes: purposes
            .map(|p| p.parse().map_err(|e| format!("{e}")))
            .collect::<Result<_, String>>()?,
        scope: match cell("scope") {
            None | Some("all") => Scope::All,
            Some(text) => serde_json::from_value(json("scope", text)?).map_err(|e| typed("scope", e))?,
        },
        from: time("from")?,
        until: time("until")?,
        accepts_without_status: flag("accepts_without_status")?,
        attestation: cell("attestation").map_or(Ok(Attestation::OwnReview), str::parse)?,
        stands_alone: flag("stands_alone")?,
        may_be_followed: flag("may_be_followed")?,
        conditions: match cell("conditions") {
            None => Vec::new(),
            Some(text) => serde_json::from_value(json("conditions", text)?).map_err(|e| typed("conditions", e))?,
        },
    })
}

/// Adds what the file has and the list has not. Nothing is written while a row has a mistake.
pub(crate) async fn import(session: &Session, path: &Path) -> anyhow::Result<Exit> {
    let rows = rows(path)?;
    let (_, standing) = standing(session, None).await?;
    let known: Vec<_> = standing.iter().map(|entry| Row::of(entry).key()).collect();
    let (mut new, mut wrong): (Vec<(String, Row)>, Vec<String>) = (Vec::new(), Vec::new());
    for (place, row) in rows {
        if known.contains(&row.key()) || new.iter().any(|(_, other)| other.key() == row.key()) {
            out::note(&format!("{place}: stands already, left out: {}", row.in_words()));
            continue;
        }
        match session.client.write_as(&["v1", "recognitions"], &row, true).await {
            Ok(_) => new.push((place, row)),
            Err(error) => wrong.push(format!("{place}: {error:#}")),
        }
    }
    if !wrong.is_empty() {
        return Err(usage(format!("nothing was imported\n{}", wrong.join("\n"))));
    }
    let preview: Vec<String> = new
        .iter()
        .map(|(place, row)| format!("{place}: + {}", row.in_words()))
        .collect();
    if session.dry_run {
        session.out.data(&preview.join("\n"))?;
        out::note("dry run: nothing was changed");
        return Ok(Exit::Done);
    }
    if confirm::somebody_is_there() && !session.yes && !new.is_empty() {
        out::note(&preview.join("\n"));
        confirm::ask(&format!("Recognize {}?", show::count(new.len(), "issuer")))?;
    }
    for (done, (place, row)) in new.iter().enumerate() {
        let reply = session.client.write_as(&["v1", "recognitions"], row, false).await;
        let reply = reply.with_context(|| format!("{place}: {done} of {} were imported before this", new.len()))?;
        let entry: RecognitionEntry = reply.parse()?;
        session
            .out
            .data(&format!("{}  {}", entry.recognition.id, row.in_words()))?;
    }
    out::note(&format!("{} imported", show::count(new.len(), "recognition")));
    Ok(Exit::Done)
}

/// How your agency's list differs from a file, or from another agency's list.
pub(crate) async fn diff(session: &Session, other: &str) -> anyhow::Result<Exit> {
    let (home, here) = standing(session, None).await?;
    let theirs: Vec<Row> = if Path::new(other).exists() {
        rows(Path::new(other))?.into_iter().map(|(_, row)| row).collect()
    } else if other.starts_with("https://") || other.starts_with("http://") {
        // Another node says what its own agency's list is; the profile's token stays with the profile's node.
        let node = Client::new(Some(other), &session.profile, false)?;
        let (_, all) = standing_at(&node, None, session.now).await?;
        all.iter().map(Row::of).collect()
    } else {
        let agency: AgencyId = other.parse().map_err(|_| {
            fault(
                Exit::Negative,
                format!("`{other}` is no file here, no agency's id (US-TN) and no address of a node"),
            )
        })?;
        standing(session, Some(&agency)).await?.1.iter().map(Row::of).collect()
    };
    let by_key = |rows: Vec<Row>| -> BTreeMap<_, Row> { rows.into_iter().map(|row| (row.key(), row)).collect() };
    let (here, there) = (by_key(here.iter().map(Row::of).collect()), by_key(theirs));
    let mut lines = Vec::new();
    for (key, row) in &here {
        match there.get(key) {
            None => lines.push(format!("only {home}: {}", row.in_words())),
            Some(same) if same.from.is_some() && same != row => {
                lines.push(format!(
                    "otherwise in `{other}` (term or conditions): {}",
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

    fn read(cells: &[(&str, &'static str)]) -> Result<Row, String> {
        let cell = |name: &str| {
            let found = cells.iter().find(|(known, _)| *known == name);
            found.map(|(_, text)| *text).filter(|text| !text.is_empty())
        };
        row(&cell)
    }

    #[test]
    fn a_row_is_read_with_its_scope_its_term_and_its_conditions() {
        let good = read(&[
            ("issuer", "did:key:z6Mk"),
            ("purposes", "renewal salary"),
            (
                "scope",
                r#"{"stack":{"name":"Reading","achievements":["https://a.example/1"]}}"#,
            ),
            ("until", "2029-07-01"),
            ("may_be_followed", "true"),
            ("conditions", r#"["the district approves"]"#),
        ])
        .unwrap();
        assert_eq!(good.purposes, [Purpose::Renewal, Purpose::Salary]);
        assert!(good.may_be_followed && !good.stands_alone && good.from.is_none());
        assert_eq!((good.scope.ids().len(), good.conditions.len()), (1, 1));
        for (column, text, said) in [
            ("purposes", "fun", "`fun` is no purpose"),
            ("until", "soon", "until: "),
            ("stands_alone", "yes", "neither `true` nor `false`"),
            ("scope", "everything", "scope: "),
            ("attestation", "hearsay", "own_review"),
        ] {
            let mut cells = vec![(column, text), ("issuer", "did:key:z6Mk"), ("purposes", "renewal")];
            cells.dedup_by_key(|(name, _)| *name);
            let wrong = read(&cells).unwrap_err();
            assert!(wrong.contains(said), "{wrong}");
        }
        assert!(
            read(&[("purposes", "renewal")])
                .unwrap_err()
                .contains("`issuer` is empty")
        );
    }

    #[test]
    fn no_name_is_a_formula() {
        assert_eq!(guarded("=cmd()"), "'=cmd()");
        assert_eq!(guarded("Palmetto"), "Palmetto");
    }
}
