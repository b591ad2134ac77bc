//! `comity status`: is the node ready, and how fresh is what it knows of each agency?

mod asked;
mod clocks;
mod troubles;

use api_types::{
    agencies::AgencyResponse, operations::VersionResponse, peers::PeerResponse, status_lists::StatusListFill,
};
use registry_schema::Timestamp;
use serde_json::{Value, json, value::RawValue};

use crate::{CommandContext, client::parse, exit::Exit, out, show};
use asked::NodeAnswers;
use troubles::{acknowledged, away, deferred, forked, is_one_lost, quarantined, stale};

/// Asks whether the node is ready, and then all else. **Only a node that does not answer at all ends it**: what else cannot be
/// read is named, and what can be is told.
pub(crate) async fn status(session: &CommandContext) -> anyhow::Result<Exit> {
    let (ready, said) = session.client.ready().await?;
    // Taken at once: what is asked next may take its time.
    let clocks = clocks::clocks_differ(session.client.ahead_by());
    let asked = NodeAnswers::of(session).await;
    let now = session.now();
    let heard: &[AgencyResponse] = asked.agencies.as_ref().map_or(&[], |(_, heard)| heard);
    let peers: &[PeerResponse] = asked.peers.as_deref().unwrap_or_default();
    let told = AgencyWarnings {
        clocks,
        next_step: asked.clock.as_ref().and_then(clocks::next_step),
        away: away(peers),
        stale: stale(peers),
        is_one_lost: is_one_lost(peers),
        forked: forked(heard, &asked.forks),
        acknowledged: acknowledged(heard, &asked.forks, now),
        quarantined: quarantined(peers, now),
        deferred: deferred(peers, now),
    };
    if session.out.json {
        session.out.json(&as_json(&asked, &told, ready, &said, now)?)?;
    } else {
        let known = asked.version.as_ref().map(|(_, version)| version);
        if let (Some(ours), Some(theirs)) = (&session.profile.agency, known.map(|known| &known.agency))
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
    /// Forks that somebody has looked into: no trouble any more.
    acknowledged: Option<String>,
    quarantined: Option<String>,
    deferred: Option<String>,
}

fn exit(ready: bool, asked: &NodeAnswers, told: &AgencyWarnings) -> Exit {
    if !ready || asked.trouble().is_some() {
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
    let raw = |json: Option<&RawValue>| json.map_or("null", RawValue::get).to_owned();
    let version = raw(asked.version.as_ref().map(|(json, _)| &**json));
    let agencies = raw(asked.agencies.as_ref().map(|(json, _)| &**json));
    let reach = asked.reach.as_ref().map(|reach| &reach.sentence);
    let warnings: Option<Value> = asked.warnings.as_ref().map(|(json, _)| parse(json)).transpose()?;
    let all = json!({
        "ready": ready, "said": said.trim(), "now": now, "clocks": told.clocks, "next_step": told.next_step, "reach": reach,
        "away": told.away, "stale": told.stale, "forked": told.forked, "acknowledged_forks": told.acknowledged,
        "quarantined": told.quarantined, "deferred": told.deferred, "trouble": asked.trouble(),
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
    let troubles = [&told.forked, &told.quarantined, &told.deferred, &told.away, &told.stale];
    let troubles = troubles.into_iter().flatten().map(String::as_str);
    parts.extend(asked.trouble().into_iter().chain(troubles).map(show::paragraph));
    parts.extend(told.acknowledged.iter().map(|text| show::paragraph(text)));
    let reach = asked.reach.iter();
    parts.extend(reach.map(|reach| show::paragraph(&format!("our log is {}", reach.sentence))));
    let warnings = asked.warnings.iter().flat_map(|(_, warnings)| warnings);
    parts.extend(warnings.map(|warning| show::paragraph(&format!("warning: {}", warning.detail))));
    let unread = asked.unread.iter();
    parts.extend(unread.map(|not| show::paragraph(&format!("the node does not say {}: {}", not.what, not.why))));
    parts.join("\n\n")
}

fn head(node: &str, ready: bool, said: &str, known: Option<&VersionResponse>) -> String {
    let whose = known.map(|known| format!(" of {}", known.agency)).unwrap_or_default();
    let which = known
        .map(|known| format!(", version {}", known.version))
        .unwrap_or_default();
    let state = match ready {
        true => "ready".to_owned(),
        false => format!("not ready: {}", said.trim()),
    };
    show::paragraph(&format!("{node}{whose}{which}: {state}"))
}

fn row(agency: &AgencyResponse, now: Timestamp) -> Vec<String> {
    let heard = agency
        .last_heard
        .map_or_else(|| "never".to_owned(), |t| show::ago(t, now));
    let fresh = show::fresh(agency.freshness, agency.good_until, now);
    let fresh = match agency.left_since {
        Some(_) if agency.expelled_since.is_none() => format!("left: {fresh}"),
        _ => fresh,
    };
    vec![
        agency.id.to_string(),
        agency.name.clone(),
        if agency.home { "this node".to_owned() } else { heard },
        fresh,
        agency.issuers.to_string(),
        agency.recognitions.to_string(),
    ]
}

/// The newest list of each issuer, where that is nearly full: those before it are full by design.
fn filled_lists(lists: &[StatusListFill]) -> Vec<String> {
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
fn issuers_lists(agency: &AgencyResponse, now: Timestamp) -> Option<String> {
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
        agency.id,
        lists.fresh,
        lists.named,
        oldest.unwrap_or_default()
    );
    Some(show::paragraph(&sentence))
}

#[cfg(test)]
mod tests;
