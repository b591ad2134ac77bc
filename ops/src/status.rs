//! `comity status`: is the node ready, and how fresh is what it knows of each agency?

use registry_schema::{AgencyId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use crate::{Session, client::Reply, exit::Exit, out, peer, show};

/// An agency as the node knows it.
#[derive(Debug, Deserialize)]
struct Agency {
    #[serde(alias = "id")]
    agency: AgencyId,
    #[serde(default)]
    name: Option<String>,
    #[serde(default, alias = "as_of")]
    last_heard: Option<Timestamp>,
    #[serde(default, alias = "fresh_until")]
    good_until: Option<Timestamp>,
    #[serde(default)]
    issuers: Count,
    #[serde(default)]
    recognitions: Count,
    /// Whether it is the agency of this node, which hears itself at all times.
    #[serde(default)]
    home: bool,
    /// The status lists that it names for issuers with keys of their own.
    #[serde(default)]
    issuers_lists: Option<IssuersLists>,
}

/// What the node keeps of them.
#[derive(Debug, Deserialize)]
struct IssuersLists {
    named: u64,
    fresh: u64,
    failing: u64,
    #[serde(default)]
    oldest: Option<Timestamp>,
}

/// How many: said, or to be counted.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Count {
    Said(u64),
    Listed(Vec<serde::de::IgnoredAny>),
}

impl Default for Count {
    fn default() -> Self {
        Self::Said(0)
    }
}

impl Count {
    fn shown(&self) -> String {
        match self {
            Self::Said(n) => n.to_string(),
            Self::Listed(all) => all.len().to_string(),
        }
    }
}

/// A weakness of the node, for its operators.
#[derive(Debug, Deserialize)]
struct OperatorWarning {
    detail: String,
}

/// Whose node it is, and which version.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Version {
    version: Option<String>,
    agency: Option<AgencyId>,
}

pub(crate) async fn status(session: &Session) -> anyhow::Result<Exit> {
    let (ready, said) = session.client.ready().await?;
    let version = session.client.read(&["version"], &[]).await?;
    let agencies = session.client.read(&["v1", "agencies"], &[]).await?;
    let warnings = if session.client.has_token() {
        let asked = session.client.read(&["v1", "warnings"], &[]).await;
        asked
            .inspect_err(|error| {
                out::note(&format!(
                    "warning: the node does not say what its operators should mend: {error:#}"
                ))
            })
            .ok()
    } else {
        None
    };
    let known: Version = version.parse().unwrap_or_default();
    let reach = match &known.agency {
        Some(home) => peer::reach(session, home).await,
        None => None,
    };
    if session.out.json {
        let (version, agencies): (&RawValue, &RawValue) = (&version.json, &agencies.json);
        let reach = reach.map(|reach| reach.sentence);
        let warnings: Option<Value> = warnings.as_ref().map(Reply::parse).transpose()?;
        let all = json!({ "ready": ready, "said": said.trim(), "reach": reach, "warnings": warnings });
        // The node's own words stay as they came.
        let text = format!(
            "{},\"version\":{version},\"agencies\":{agencies}}}",
            all.to_string().trim_end_matches('}')
        );
        session.out.json(&RawValue::from_string(text)?)?;
    } else {
        if let (Some(ours), Some(theirs)) = (&session.profile.agency, &known.agency)
            && ours != theirs
        {
            out::note(&format!(
                "warning: this is the node of {theirs}, and the profile is for {ours}"
            ));
        }
        let agencies = agencies.parse::<Vec<Agency>>()?;
        let rows: Vec<Vec<String>> = agencies.iter().map(|a| row(a, session.now)).collect();
        let lists: String = agencies.iter().filter_map(|a| issuers_lists(a, session.now)).collect();
        let table = show::table(
            &["agency", "name", "last heard", "fresh", "issuers", "recognitions"],
            0,
            &rows,
        );
        let warnings: Vec<OperatorWarning> = warnings.as_ref().map_or_else(|| Ok(vec![]), Reply::parse)?;
        let warnings = warnings.iter().map(|warning| format!("warning: {}", warning.detail));
        let warnings: String = warnings.map(|line| format!("\n\n{}", show::paragraph(&line))).collect();
        let reach = reach.map(|reach| format!("\n\n{}", show::paragraph(&format!("our log is {}", reach.sentence))));
        let (head, reach) = (head(session, ready, &said, &known), reach.unwrap_or_default());
        session
            .out
            .data(&format!("{head}\n\n{table}{lists}{reach}{warnings}"))?;
    }
    Ok(if ready { Exit::Done } else { Exit::Negative })
}

fn head(session: &Session, ready: bool, said: &str, version: &Version) -> String {
    let whose = version.agency.as_ref().map(|a| format!(" of {a}")).unwrap_or_default();
    let which = version
        .version
        .as_ref()
        .map(|v| format!(", version {v}"))
        .unwrap_or_default();
    let state = if ready {
        "ready".to_owned()
    } else {
        format!("not ready: {}", said.trim())
    };
    show::paragraph(&format!("{}{whose}{which}: {state}", session.client.node()))
}

fn row(agency: &Agency, now: Timestamp) -> Vec<String> {
    let heard = agency
        .last_heard
        .map_or_else(|| "never".to_owned(), |t| show::ago(t, now));
    let fresh = agency
        .good_until
        .map_or_else(|| "no".to_owned(), |t| show::left(t, now));
    vec![
        agency.agency.to_string(),
        agency.name.clone().unwrap_or_default(),
        if agency.home { "this node".to_owned() } else { heard },
        if agency.home { "always".to_owned() } else { fresh },
        agency.issuers.shown(),
        agency.recognitions.shown(),
    ]
}

/// How it stands with the lists that an agency's issuers publish themselves.
fn issuers_lists(agency: &Agency, now: Timestamp) -> Option<String> {
    let lists = agency.issuers_lists.as_ref()?;
    let oldest = lists
        .oldest
        .map(|at| format!(", the oldest from {}", show::ago(at, now)));
    let failing = match lists.failing {
        0 => String::new(),
        n => format!("; {n} could not be had when last tried, and the node's log says why"),
    };
    let sentence = format!(
        "{}'s issuers with keys of their own: {} of {} status lists are here and fresh{}{failing}",
        agency.agency,
        lists.fresh,
        lists.named,
        oldest.unwrap_or_default()
    );
    Some(format!("\n\n{}", show::paragraph(&sentence)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_that_cannot_be_had_are_told() {
        let now: Timestamp = "2026-11-23T14:02:11Z".parse().unwrap();
        let told = |lists: &str| {
            let json = format!(r#"{{"agency":"US-SC","issuers":1,"recognitions":0{lists}}}"#);
            issuers_lists(&serde_json::from_str(&json).unwrap(), now)
        };
        assert_eq!(told(""), None);
        let some = told(r#","issuers_lists":{"named":3,"fresh":2,"failing":1,"oldest":"2026-11-23T13:58:11Z"}"#);
        let some = some.unwrap().replace('\n', " ");
        assert_eq!(
            some.trim(),
            "US-SC's issuers with keys of their own: 2 of 3 status lists are here and fresh, the oldest from 4 minutes ago; \
             1 could not be had when last tried, and the node's log says why"
        );
    }

    #[test]
    fn an_agency_is_a_row_whether_its_lists_are_counted_or_shown() {
        let now: Timestamp = "2026-11-23T14:02:11Z".parse().unwrap();
        for lists in [
            r#""issuers":2,"recognitions":1"#,
            r#""issuers":[{},{}],"recognitions":[{}]"#,
        ] {
            let json = format!(
                r#"{{"agency":"US-SC","name":"South Carolina","last_heard":"2026-11-23T13:58:11Z","good_until":null,{lists}}}"#
            );
            let agency = serde_json::from_str(&json).unwrap();
            assert_eq!(
                row(&agency, now),
                ["US-SC", "South Carolina", "4 minutes ago", "no", "2", "1"]
            );
        }
    }
}
