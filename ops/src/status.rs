//! `comity status`: is the node ready, and how fresh is what it knows of each agency?

mod asked;
mod clocks;
mod troubles;

use registry_schema::{AgencyFreshness, AgencyId, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use crate::{CommandContext, client::ApiReply, exit::Exit, out, peer::Hindrances, show};
use asked::{NodeAnswers, Version};
use troubles::{away, deferred, forked, is_one_lost, quarantined, stale};

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
    freshness: AgencyFreshness,
    #[serde(default)]
    issuers: Count,
    #[serde(default)]
    recognitions: Count,
    /// True if it is the agency of this node, which hears itself at all times.
    #[serde(default)]
    home: bool,
    /// Since when it is expelled.
    #[serde(default)]
    expelled_since: Option<Timestamp>,
    /// Since when it is followed no more: nothing new of it reaches the node.
    #[serde(default)]
    left_since: Option<Timestamp>,
    /// True if its root signs two histories.
    #[serde(default)]
    disputed: bool,
    /// The number of forks of its log that are proven.
    #[serde(default)]
    forks: u64,
    /// The status lists that it names for issuers with keys of their own.
    #[serde(default)]
    issuers_lists: Option<IssuersLists>,
}

/// The node's account of the lists that it keeps of them.
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

/// A number: said, or to be counted.
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
    /// True if it closes each connection as soon as it is made.
    #[serde(default)]
    turns_away: bool,
    freshness: AgencyFreshness,
    #[serde(flatten)]
    hindrances: Hindrances,
}

/// The node's ability to write.
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

/// Asks whether the node is ready, and then all else. **Only a node that does not answer at all ends it**: what else cannot be
/// read is named, and what can be is told.
pub(crate) async fn status(session: &CommandContext) -> anyhow::Result<Exit> {
    let (ready, said) = session.client.ready().await?;
    // Taken at once: what is asked next may take its time.
    let clocks = clocks::clocks_differ(session.client.ahead_by());
    let asked = NodeAnswers::of(session).await;
    let now = session.now();
    let heard: &[Agency] = asked.agencies.as_ref().map_or(&[], |(_, heard)| heard);
    let peers: &[Peer] = asked.peers.as_deref().unwrap_or_default();
    let told = AgencyWarnings {
        clocks,
        next_step: clocks::next_step(&asked.clock),
        away: away(peers),
        stale: stale(peers),
        is_one_lost: is_one_lost(peers),
        forked: forked(heard),
        quarantined: quarantined(peers, now),
        deferred: deferred(peers, now),
    };
    if session.out.json {
        session.out.json(&as_json(&asked, &told, ready, &said, now)?)?;
    } else {
        let known = asked.version.as_ref().map(|(_, version)| version);
        if let (Some(ours), Some(theirs)) = (&session.profile.agency, known.and_then(|known| known.agency.as_ref()))
            && ours != theirs
        {
            out::note(&format!(
                "warning: this is the node of {theirs}, and the profile is for {ours}"
            ));
        }
        let head = head(session.client.node().as_str(), ready, &said, known);
        session.out.data(&in_words(&head, &asked, &told, now))?;
    }
    Ok(exit(ready, &asked, &told))
}

/// The troubles with agencies, in words.
#[derive(Debug, Default)]
struct AgencyWarnings {
    /// That this machine's clock is not the node's.
    clocks: Option<String>,
    /// The next step where the node's clock is in doubt.
    next_step: Option<String>,
    away: Option<String>,
    stale: Option<String>,
    is_one_lost: bool,
    forked: Option<String>,
    quarantined: Option<String>,
    deferred: Option<String>,
}

fn exit(ready: bool, asked: &NodeAnswers, told: &AgencyWarnings) -> Exit {
    if !ready || asked.ability.trouble.is_some() {
        Exit::Negative
    } else if told.forked.is_some() || told.quarantined.is_some() {
        Exit::Integrity
    } else if asked.agencies.is_none() || asked.peers.is_none() {
        Exit::CouldNotCheck
    } else if told.away.is_some() {
        Exit::Unreachable
    } else if told.deferred.is_some() || told.is_one_lost {
        Exit::CouldNotCheck
    } else {
        Exit::Done
    }
}

fn as_json(
    asked: &NodeAnswers,
    told: &AgencyWarnings,
    ready: bool,
    said: &str,
    now: Timestamp,
) -> anyhow::Result<Box<RawValue>> {
    let raw = |reply: Option<&ApiReply>| reply.map_or("null", |reply| reply.json.get()).to_owned();
    let version = raw(asked.version.as_ref().map(|(reply, _)| reply));
    let agencies = raw(asked.agencies.as_ref().map(|(reply, _)| reply));
    let reach = asked.reach.as_ref().map(|reach| &reach.sentence);
    let warnings: Option<Value> = asked.warnings.as_ref().map(|(reply, _)| reply.parse()).transpose()?;
    let all = json!({
        "ready": ready, "said": said.trim(), "now": now, "clocks": told.clocks, "next_step": told.next_step, "reach": reach,
        "away": told.away, "stale": told.stale, "forked": told.forked, "quarantined": told.quarantined, "deferred": told.deferred, "trouble": asked.ability.trouble,
        "warnings": warnings, "unread": asked.unread,
    });
    // The node's own words stay as they came.
    let all = all.to_string();
    let rest = all.strip_suffix('}').unwrap_or(&all);
    Ok(RawValue::from_string(format!(
        "{rest},\"version\":{version},\"agencies\":{agencies}}}"
    ))?)
}

fn in_words(head: &str, asked: &NodeAnswers, told: &AgencyWarnings, now: Timestamp) -> String {
    let mut parts = vec![head.to_owned()];
    parts.extend(
        told.next_step
            .iter()
            .chain(&told.clocks)
            .map(|text| show::paragraph(text)),
    );
    if let Some((_, heard)) = &asked.agencies {
        let rows: Vec<Vec<String>> = heard.iter().map(|agency| row(agency, now)).collect();
        let headings = ["agency", "name", "last heard", "fresh", "issuers", "recognitions"];
        parts.push(show::table(&headings, 0, &rows));
        parts.extend(heard.iter().filter_map(|agency| issuers_lists(agency, now)));
    }
    parts.extend(filled_lists(&asked.filled));
    let troubles = [
        &asked.ability.trouble,
        &told.forked,
        &told.quarantined,
        &told.deferred,
        &told.away,
        &told.stale,
    ];
    parts.extend(troubles.into_iter().flatten().map(|trouble| show::paragraph(trouble)));
    let reach = asked.reach.iter();
    parts.extend(reach.map(|reach| show::paragraph(&format!("our log is {}", reach.sentence))));
    let warnings = asked.warnings.iter().flat_map(|(_, warnings)| warnings);
    parts.extend(warnings.map(|warning| show::paragraph(&format!("warning: {}", warning.detail))));
    let unread = asked.unread.iter();
    parts.extend(unread.map(|not| show::paragraph(&format!("the node does not say {}: {}", not.what, not.why))));
    parts.join("\n\n")
}

fn head(node: &str, ready: bool, said: &str, known: Option<&Version>) -> String {
    let whose = known.and_then(|known| known.agency.as_ref());
    let whose = whose.map(|agency| format!(" of {agency}")).unwrap_or_default();
    let which = known.and_then(|known| known.version.as_ref());
    let which = which.map(|version| format!(", version {version}")).unwrap_or_default();
    let state = match ready {
        true => "ready".to_owned(),
        false => format!("not ready: {}", said.trim()),
    };
    show::paragraph(&format!("{node}{whose}{which}: {state}"))
}

fn row(agency: &Agency, now: Timestamp) -> Vec<String> {
    let heard = agency
        .last_heard
        .map_or_else(|| "never".to_owned(), |t| show::ago(t, now));
    let fresh = show::fresh(agency.freshness, agency.good_until, now);
    let fresh = match agency.left_since {
        Some(_) if agency.expelled_since.is_none() => format!("left: {fresh}"),
        _ => fresh,
    };
    vec![
        agency.agency.to_string(),
        agency.name.clone().unwrap_or_default(),
        if agency.home { "this node".to_owned() } else { heard },
        fresh,
        agency.issuers.shown(),
        agency.recognitions.shown(),
    ]
}

/// The newest list of each issuer, where that is nearly full: those before it are full by design.
fn filled_lists(lists: &[FilledList]) -> Vec<String> {
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
        show::paragraph(&sentence)
    });
    told.collect()
}

/// Tells how it stands with the lists that an agency's issuers publish themselves.
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
    Some(show::paragraph(&sentence))
}

#[cfg(test)]
mod tests;
