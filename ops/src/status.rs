//! `comity status`: is the node ready, and how fresh is what it knows of each agency?

mod troubles;

use registry_schema::{AgencyId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use crate::{
    Session,
    client::Reply,
    exit::Exit,
    out,
    peer::{self, Hindrances},
    show,
};
use troubles::{away, deferred, forked, quarantined};

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
    /// Whether its root signs two histories.
    #[serde(default)]
    disputed: bool,
    /// How many forks of its log are proven.
    #[serde(default)]
    forks: u64,
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

/// A status list of the node's own agency.
#[derive(Debug, Deserialize)]
struct FilledList {
    list: u32,
    issuer: String,
    percent: u32,
    nearly_full: bool,
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

/// A peer of the node.
#[derive(Debug, Deserialize)]
struct Peer {
    agency: AgencyId,
    membership: String,
    connected: bool,
    #[serde(default)]
    last_heard: Option<Timestamp>,
    #[serde(default)]
    good_until: Option<Timestamp>,
    #[serde(flatten)]
    hindrances: Hindrances,
}

/// Whether the node can write.
#[derive(Debug, Default, Deserialize)]
struct Ability {
    #[serde(default)]
    trouble: Option<String>,
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
    let peers: Vec<Peer> = session.client.read(&["v1", "peers"], &[]).await?.parse()?;
    let heard: Vec<Agency> = agencies.parse()?;
    let away = away(&peers, session.now);
    let forked = forked(&heard);
    let (quarantined, deferred) = (quarantined(&peers, session.now), deferred(&peers, session.now));
    // A node of an earlier version does not tell.
    let ability = session.client.read(&["v1", "key-log"], &[]).await;
    let ability: Ability = ability.ok().and_then(|reply| reply.parse().ok()).unwrap_or_default();
    let filled = session.client.read(&["v1", "status-lists"], &[]).await;
    let filled: Vec<FilledList> = filled.ok().and_then(|reply| reply.parse().ok()).unwrap_or_default();
    if session.out.json {
        let (version, agencies): (&RawValue, &RawValue) = (&version.json, &agencies.json);
        let reach = reach.map(|reach| reach.sentence);
        let warnings: Option<Value> = warnings.as_ref().map(Reply::parse).transpose()?;
        let all = json!({
            "ready": ready, "said": said.trim(), "reach": reach, "away": away, "forked": forked, "quarantined": quarantined,
            "deferred": deferred, "trouble": ability.trouble, "warnings": warnings,
        });
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
        let rows: Vec<Vec<String>> = heard.iter().map(|a| row(a, session.now)).collect();
        let mut lists: String = heard.iter().filter_map(|a| issuers_lists(a, session.now)).collect();
        lists.push_str(&filled_lists(&filled));
        let troubles = ability
            .trouble
            .iter()
            .chain(&forked)
            .chain(&quarantined)
            .chain(&deferred)
            .chain(&away);
        lists.extend(troubles.map(|trouble| format!("\n\n{}", show::paragraph(trouble))));
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
    Ok(if !ready || ability.trouble.is_some() {
        Exit::Negative
    } else if forked.is_some() || quarantined.is_some() {
        Exit::Integrity
    } else if away.is_some() {
        Exit::Unreachable
    } else if deferred.is_some() {
        Exit::CouldNotCheck
    } else {
        Exit::Done
    })
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
        if agency.home && agency.good_until.is_none() {
            "always".to_owned()
        } else {
            fresh
        },
        agency.issuers.shown(),
        agency.recognitions.shown(),
    ]
}

/// The newest list of each issuer, where that is nearly full: those before it are full by design.
fn filled_lists(lists: &[FilledList]) -> String {
    let newest = lists.iter().enumerate().filter(|(at, list)| {
        let next = lists.get(at + 1);
        next.is_none_or(|next| next.issuer != list.issuer)
    });
    let filling = newest.filter(|(_, list)| list.nearly_full);
    let told = filling.map(|(_, list)| {
        let sentence = format!(
            "the status list {} of {} is reserved to {} percent: when it is full, a further one is opened by itself",
            list.list, list.issuer, list.percent
        );
        format!("\n\n{}", show::paragraph(&sentence))
    });
    told.collect()
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
    fn dead_peers_and_forks_are_told_with_how_many_there_are() {
        let now: Timestamp = "2026-11-23T14:02:11Z".parse().unwrap();
        let peer = |number: usize, connected: bool, membership: &str| Peer {
            agency: format!("US-NC:d{number}").parse().unwrap(),
            membership: membership.into(),
            connected,
            last_heard: Some(now),
            good_until: number.is_multiple_of(2).then_some(now.plus_seconds(60)),
            hindrances: Hindrances::default(),
        };
        let all: Vec<Peer> = (0..50).map(|number| peer(number, false, "member")).collect();
        let told = away(&all, now).unwrap();
        assert!(
            told.starts_with("50 of 50 peers are not connected: US-NC:d0, "),
            "{told}"
        );
        assert!(
            told.contains("and 38 more") && told.contains("of 25 nothing fresh is known"),
            "{told}"
        );
        assert_eq!(away(&[peer(1, true, "member"), peer(2, false, "left")], now), None);
        assert_eq!(away(&[], now), None);
        let json = r#"{"agency":"US-TN","membership":"member","connected":true,"deferred":null,
            "quarantined":{"why":"1 damaged","since":"2026-11-23T13:58:11Z"}}"#;
        let hindered_peer: Peer = serde_json::from_str(json).unwrap();
        let peers = [peer(1, true, "member"), hindered_peer];
        let told = quarantined(&peers, now);
        assert_eq!(
            told.as_deref(),
            Some("US-TN is in quarantine, and its badges are \"could not check\" (begun 4 minutes ago): 1 damaged")
        );
        assert_eq!(deferred(&peers, now), None);

        let agency = |json: &str| serde_json::from_str::<Agency>(json).unwrap();
        let sound = agency(r#"{"agency":"US-SC","forks":0,"disputed":false}"#);
        let forks = agency(r#"{"agency":"US-TN","forks":2,"disputed":false}"#);
        assert_eq!(forked(std::slice::from_ref(&sound)), None);
        let told = forked(&[sound, forks]).unwrap();
        assert!(told.starts_with("US-TN: 2 forks of its log are proven"), "{told}");
    }

    #[test]
    fn the_list_that_fills_is_told_and_those_that_are_full_are_not() {
        let list = |issuer: &str, list: u32, percent: u32| FilledList {
            list,
            issuer: issuer.into(),
            percent,
            nearly_full: percent >= 80,
        };
        assert_eq!(
            filled_lists(&[
                list("did:key:z1", 1, 100),
                list("did:key:z1", 2, 3),
                list("did:key:z2", 3, 79)
            ]),
            ""
        );
        let told = filled_lists(&[
            list("did:key:z1", 1, 100),
            list("did:key:z1", 2, 81),
            list("did:key:z2", 3, 0),
        ]);
        let told = told.trim().replace('\n', " ");
        assert_eq!(
            told,
            "the status list 2 of did:key:z1 is reserved to 81 percent: when it is full, a further one is opened by itself"
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
