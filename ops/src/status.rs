//! `comity status`: is the node ready, and how fresh is what it knows of each agency?

use registry_schema::{AgencyId, Timestamp};
use serde::Deserialize;
use serde_json::{json, value::RawValue};

use crate::{Session, exit::Exit, out, peer, show};

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
    let known: Version = version.parse().unwrap_or_default();
    let reach = match &known.agency {
        Some(home) => peer::reach(session, home).await,
        None => None,
    };
    if session.out.json {
        let (version, agencies): (&RawValue, &RawValue) = (&version.json, &agencies.json);
        let reach = reach.map(|reach| reach.sentence);
        let all = json!({ "ready": ready, "said": said.trim(), "reach": reach });
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
        let rows: Vec<Vec<String>> = agencies
            .parse::<Vec<Agency>>()?
            .iter()
            .map(|a| row(a, session.now))
            .collect();
        let table = show::table(
            &["agency", "name", "last heard", "fresh", "issuers", "recognitions"],
            0,
            &rows,
        );
        let reach = reach.map(|reach| format!("\n\n{}", show::paragraph(&format!("our log is {}", reach.sentence))));
        let (head, reach) = (head(session, ready, &said, &known), reach.unwrap_or_default());
        session.out.data(&format!("{head}\n\n{table}{reach}"))?;
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

#[cfg(test)]
mod tests {
    use super::*;

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
