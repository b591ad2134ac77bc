//! A trust list as a file: one recognition a row.

use std::{fs::File, io::Read as _, path::Path};

use anyhow::Context as _;
use api_types::recognitions::{AgencyRecognitionRequest, RecognitionRequest};
use registry_schema::{
    AgencyId, Purpose, RecognitionScope, Timestamp,
    recognition::{AgencyRecognitionEntry, Attestation, RecognitionEntry},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{csv, exit::usage, show};

/// The longest file that is read.
const MOST_BYTES: u64 = 8 * 1024 * 1024;
/// Most rows of a file.
const MOST_ROWS: usize = 5_000;

pub(super) const COLUMNS: [&str; 14] = [
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
    "agency",
    "depth",
    "registered_by",
];

/// A recognition in a file, of an issuer or of an agency: what `POST /v1/recognitions` or `POST /v1/agency-recognitions`
/// takes, with the issuer's name for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    /// The issuer's id; none, if an agency is recognized.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) issuer: Option<String>,
    #[serde(default, skip_serializing)]
    pub(super) issuer_name: Option<String>,
    /// The agency that registers the issuer; the only one that does, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) registered_by: Option<AgencyId>,
    /// The agency whose recognitions are accepted; none, if an issuer is recognized.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) agency: Option<AgencyId>,
    /// Through how many agencies that reaches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) depth: Option<u8>,
    pub(super) purposes: Vec<Purpose>,
    pub(super) scope: RecognitionScope,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<Timestamp>,
    #[serde(default)]
    pub(super) accepts_without_status: bool,
    #[serde(default)]
    pub(super) attestation: Option<Attestation>,
    #[serde(default)]
    pub(super) stands_alone: bool,
    #[serde(default)]
    pub(super) may_be_followed: bool,
    #[serde(default)]
    pub(super) conditions: Vec<String>,
}

/// The request that takes a row in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RowRequest {
    /// A recognition of an issuer.
    Issuer(RecognitionRequest),
    /// A recognition of an agency.
    Agency(AgencyRecognitionRequest),
}

impl Row {
    pub(super) fn of(entry: &RecognitionEntry) -> Self {
        let r = entry.recognition.clone();
        Self {
            issuer: Some(r.issuer.id),
            issuer_name: Some(r.issuer.name),
            registered_by: Some(r.issuer.agency),
            agency: None,
            depth: None,
            purposes: r.purposes,
            scope: r.scope,
            from: Some(r.from),
            until: r.until,
            accepts_without_status: r.accepts_without_status,
            attestation: Some(r.basis.attestation),
            stands_alone: r.basis.stands_alone,
            may_be_followed: r.basis.may_be_followed,
            conditions: r.basis.conditions,
        }
    }

    pub(super) fn of_agency(entry: &AgencyRecognitionEntry) -> Self {
        let r = entry.recognition.clone();
        Self {
            issuer: None,
            issuer_name: None,
            registered_by: None,
            agency: Some(r.of),
            depth: Some(r.depth),
            purposes: r.purposes,
            scope: r.scope,
            from: Some(r.from),
            until: r.until,
            accepts_without_status: false,
            attestation: Some(r.basis.attestation),
            stands_alone: false,
            may_be_followed: r.basis.may_be_followed,
            conditions: r.basis.conditions,
        }
    }

    /// The request that takes it in; what it leaves out is as the node has it.
    pub(super) fn request(&self) -> anyhow::Result<RowRequest> {
        if let Some(agency) = &self.agency {
            let new = AgencyRecognitionRequest::new(agency.clone(), self.purposes.clone());
            return Ok(RowRequest::Agency(AgencyRecognitionRequest {
                scope: self.scope.clone(),
                from: self.from,
                until: self.until,
                depth: self.depth.unwrap_or(new.depth),
                attestation: self.attestation.unwrap_or(new.attestation),
                may_be_followed: self.may_be_followed,
                conditions: self.conditions.clone(),
                ..new
            }));
        }
        let issuer = self.issuer.clone().context("`issuer` is empty, and so is `agency`")?;
        Ok(RowRequest::Issuer(RecognitionRequest {
            issuer,
            registered_by: self.registered_by.clone(),
            purposes: self.purposes.clone(),
            scope: self.scope.clone(),
            from: self.from,
            until: self.until,
            accepts_without_status: self.accepts_without_status,
            attestation: self.attestation.unwrap_or_default(),
            stands_alone: self.stands_alone,
            may_be_followed: self.may_be_followed,
            conditions: self.conditions.clone(),
        }))
    }

    /// Checks that it names one of the two: an issuer, or an agency.
    fn is_of_one(&self) -> Result<(), String> {
        match (&self.issuer, &self.agency) {
            (Some(_), None) if self.depth.is_none() => Ok(()),
            (Some(_), None) => Err("`depth` is for agencies".to_owned()),
            (None, Some(_)) if self.accepts_without_status || self.stands_alone || self.registered_by.is_some() => {
                Err("`accepts_without_status`, `stands_alone` and `registered_by` are for issuers".to_owned())
            }
            (None, Some(_)) => Ok(()),
            (Some(_), Some(_)) => Err("a row names an `issuer` or an `agency`, and not both".to_owned()),
            (None, None) => Err("`issuer` is empty, and so is `agency`".to_owned()),
        }
    }

    /// The same, without what only people read, and with what an absence stands for.
    pub(super) fn plain(&self) -> Self {
        let (attestation, depth) = match self.agency {
            Some(_) => (Attestation::AdoptedReview, Some(1)),
            None => (Attestation::OwnReview, None),
        };
        Self {
            issuer_name: None,
            registered_by: None,
            depth: self.depth.or(depth),
            attestation: Some(self.attestation.unwrap_or(attestation)),
            ..self.clone()
        }
    }

    /// In what this row of a file says another thing than what stands, which has the same key; what the file leaves out is no
    /// difference.
    pub(super) fn differences(&self, stands: &Self) -> Vec<String> {
        let (file, stands) = (self.plain(), stands.plain());
        let time = |at: Option<Timestamp>| at.map_or_else(|| "without end".to_owned(), |at| at.to_string());
        let mut told = Vec::new();
        let mut compare = |what: &str, file: String, stands: String| {
            if file != stands {
                told.push(format!("{what}: {stands}, and the file says {file}"));
            }
        };
        if file.from.is_some() {
            compare("from", time(file.from), time(stands.from));
        }
        compare("until", time(file.until), time(stands.until));
        let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
        compare(
            "accepts without status",
            yes(file.accepts_without_status),
            yes(stands.accepts_without_status),
        );
        compare("stands alone", yes(file.stands_alone), yes(stands.stands_alone));
        compare(
            "may be followed",
            yes(file.may_be_followed),
            yes(stands.may_be_followed),
        );
        let word = |it: Option<Attestation>| it.map_or("none", Attestation::as_str).to_owned();
        compare("attestation", word(file.attestation), word(stands.attestation));
        let number = |depth: Option<u8>| depth.map_or_else(|| "none".to_owned(), |depth| depth.to_string());
        compare("depth", number(file.depth), number(stands.depth));
        let list = |conditions: &[String]| {
            if conditions.is_empty() {
                "none".to_owned()
            } else {
                conditions.join(", ")
            }
        };
        compare("conditions", list(&file.conditions), list(&stands.conditions));
        told
    }

    /// Two rows with the same key speak of the same.
    pub(super) fn key(&self) -> (String, String, Vec<Purpose>) {
        let mut purposes = self.purposes.clone();
        purposes.sort_unstable();
        let scope = serde_json::to_string(&self.scope).unwrap_or_default();
        (self.whom(), scope, purposes)
    }

    fn whom(&self) -> String {
        match (&self.agency, &self.issuer) {
            (Some(agency), _) => format!("whatever {agency} recognizes"),
            (None, issuer) => issuer.clone().unwrap_or_default(),
        }
    }

    pub(super) fn in_words(&self) -> String {
        let purposes: Vec<&str> = self.purposes.iter().map(|p| p.as_str()).collect();
        let name = self.issuer_name.as_ref().map(|name| format!("{} ", show::plain(name)));
        format!(
            "{}{}: {}, for {}",
            name.unwrap_or_default(),
            self.whom(),
            self.scope,
            purposes.join(", ")
        )
    }
}

/// The rows of a file, each with where it stands; or all that is wrong with them.
pub(super) fn rows(path: &Path) -> anyhow::Result<Vec<(String, Row)>> {
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
        for (n, row) in rows.iter().enumerate() {
            row.is_of_one()
                .map_err(|why| usage(format!("`{named}`: entry {}: {why}", n + 1)))?;
        }
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
    let json = |name: &str, text: &str| -> Result<Value, String> {
        serde_json::from_str(text).map_err(|e| format!("{name}: {e}"))
    };
    let typed = |name: &str, e: serde_json::Error| format!("{name}: {e}");
    let row = Row {
        issuer: cell("issuer").map(str::to_owned),
        issuer_name: cell("issuer_name").map(str::to_owned),
        registered_by: cell("registered_by")
            .map(|text| text.parse().map_err(|e| format!("registered_by: {e}")))
            .transpose()?,
        agency: cell("agency")
            .map(|text| text.parse().map_err(|e| format!("agency: {e}")))
            .transpose()?,
        depth: cell("depth")
            .map(|text| {
                text.parse()
                    .map_err(|_| format!("depth: `{text}` is no number from 1 to 4"))
            })
            .transpose()?,
        purposes: purposes
            .map(|p| p.parse().map_err(|e| format!("{e}")))
            .collect::<Result<_, String>>()?,
        scope: match cell("scope") {
            None | Some("all") => RecognitionScope::All,
            Some(text) => serde_json::from_value(json("scope", text)?).map_err(|e| typed("scope", e))?,
        },
        from: time("from")?,
        until: time("until")?,
        accepts_without_status: flag("accepts_without_status")?,
        attestation: cell("attestation").map(str::parse).transpose()?,
        stands_alone: flag("stands_alone")?,
        may_be_followed: flag("may_be_followed")?,
        conditions: match cell("conditions") {
            None => Vec::new(),
            Some(text) => serde_json::from_value(json("conditions", text)?).map_err(|e| typed("conditions", e))?,
        },
    };
    row.is_of_one()?;
    Ok(row)
}

#[cfg(test)]
mod tests;
