//! `comity peer diff`: what this node and another one hold of each agency, side by side.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use api_types::{replication::LogHoldingResponse, routes};
use registry_schema::{AgencyId, Timestamp};
use serde::Serialize;

use super::{abroad, find, home};
use crate::{CommandContext, client::ApiClient, exit::Exit, out, show};

/// Returns true if both hold the same envelopes and the same key log.
fn is_same(ours: &LogHoldingResponse, theirs: &LogHoldingResponse) -> bool {
    (&ours.heads, &ours.key_log) == (&theirs.heads, &theirs.key_log)
}

async fn held(client: &ApiClient) -> anyhow::Result<BTreeMap<String, LogHoldingResponse>> {
    let all = client.get(&routes::HEARTBEATS, &[], &[]).await?.value()?;
    Ok(all.into_iter().map(|log| (log.genesis.clone(), log)).collect())
}

/// The times of the two nodes: each tells its ages by its own.
#[derive(Clone, Copy)]
struct NodeTimes {
    ours: Timestamp,
    theirs: Timestamp,
}

/// The longest wait for what was asked for, and the pause between two looks.
const PULLED_WITHIN: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(250);

pub(super) async fn diff(session: &CommandContext, agency: &AgencyId, pull: bool) -> anyhow::Result<Exit> {
    let peer = find(session, agency).await?;
    let abroad = abroad(session, &peer)?;
    let look = async || anyhow::Ok(rows(&held(&session.client).await?, &held(&abroad).await?));
    let mut rows = look().await?;
    if pull {
        let before = rows.iter().filter(|row| !row.same).count();
        session
            .client
            .act(&routes::PULL, &[agency.as_str()], session.dry_run)
            .await?;
        if session.dry_run {
            out::note(&format!(
                "dry run: your node would ask {agency} for what differs in {}",
                show::count(before, "log")
            ));
        } else {
            let end = Instant::now() + PULLED_WITHIN;
            while rows.iter().any(|row| !row.same) && Instant::now() < end {
                tokio::time::sleep(PAUSE).await;
                rows = look().await?;
            }
            let mended = before.saturating_sub(rows.iter().filter(|row| !row.same).count());
            let are = if mended == 1 { "is" } else { "are" };
            out::note(&format!(
                "{} differed; {mended} {are} the same now",
                show::count(before, "log")
            ));
        }
    }
    let same = rows.iter().all(|row| row.same);
    if session.out.json {
        session.out.json(&serde_json::value::to_raw_value(&rows)?)?;
    } else {
        let us = home(session).await?.to_string();
        let times = NodeTimes {
            ours: session.now(),
            theirs: abroad.now(),
        };
        let cells: Vec<Vec<String>> = rows.iter().map(|row| row.cells(times)).collect();
        let (one, other) = (format!("at {us}"), format!("at {agency}"));
        let table = show::table(&["agency", "heads", &one, "as of", &other, "as of"], 0, &cells);
        session.out.data(&table)?;
        let differ = rows.iter().filter(|row| !row.same).count();
        if differ > 0 {
            let differ = match differ {
                1 => "1 log differs".to_owned(),
                more => format!("{more} logs differ"),
            };
            out::note(&format!(
                "{differ}: what one of them lacks may be on its way, where both follow the agency"
            ));
        }
    }
    Ok(if same { Exit::Done } else { Exit::Negative })
}

/// An agency, here and there.
#[derive(Debug, Serialize)]
struct AgencyDiffRow {
    genesis: String,
    /// True if both hold the same envelopes and the same key log.
    same: bool,
    /// The log as each of the two nodes tells of it.
    ours: Option<LogHoldingResponse>,
    theirs: Option<LogHoldingResponse>,
}

fn rows(
    ours: &BTreeMap<String, LogHoldingResponse>,
    theirs: &BTreeMap<String, LogHoldingResponse>,
) -> Vec<AgencyDiffRow> {
    let mut all: Vec<&String> = ours.keys().chain(theirs.keys()).collect();
    all.sort_unstable();
    all.dedup();
    let row = |genesis: &String| {
        let (ours, theirs) = (ours.get(genesis).cloned(), theirs.get(genesis).cloned());
        let same = matches!((&ours, &theirs), (Some(ours), Some(theirs)) if is_same(ours, theirs));
        AgencyDiffRow {
            genesis: genesis.clone(),
            same,
            ours,
            theirs,
        }
    };
    let mut rows: Vec<AgencyDiffRow> = all.into_iter().map(row).collect();
    rows.sort_by_key(AgencyDiffRow::name);
    rows
}

impl AgencyDiffRow {
    fn name(&self) -> String {
        let named = self
            .ours
            .iter()
            .chain(&self.theirs)
            .find_map(|held| held.agency.as_ref());
        named.map_or_else(|| self.genesis.chars().take(16).collect(), ToString::to_string)
    }

    fn cells(&self, times: NodeTimes) -> Vec<String> {
        let counted = |held: &Option<LogHoldingResponse>| match held {
            Some(held) if held.missing == 0 => held.envelopes.to_string(),
            Some(held) => format!("{} of {}", held.envelopes, held.envelopes + held.missing),
            None => "not held".to_owned(),
        };
        let age = |held: &Option<LogHoldingResponse>, now: Timestamp| {
            let as_of = held.as_ref().and_then(|held| held.as_of);
            as_of.map_or_else(|| "never".to_owned(), |at| show::ago(at, now))
        };
        vec![
            self.name(),
            if self.same { "same" } else { "differ" }.to_owned(),
            counted(&self.ours),
            age(&self.ours, times.ours),
            counted(&self.theirs),
            age(&self.theirs, times.theirs),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(agency: &str, heads: &[&str], missing: usize) -> (String, LogHoldingResponse) {
        let held = LogHoldingResponse {
            agency: Some(agency.parse().unwrap()),
            genesis: format!("genesis of {agency}"),
            key_log: "k".into(),
            envelopes: 7,
            heads: heads.iter().map(|head| (*head).to_owned()).collect(),
            missing,
            as_of: None,
            good_until: None,
            deferred: None,
            quarantined: None,
            writers: Vec::new(),
        };
        (held.genesis.clone(), held)
    }

    #[test]
    fn logs_are_the_same_only_if_their_newest_envelopes_are() {
        let ours = BTreeMap::from([held("US-NC", &["a"], 0), held("US-SC", &["b"], 2)]);
        let theirs = BTreeMap::from([
            held("US-NC", &["a"], 0),
            held("US-SC", &["c"], 0),
            held("US-TN", &["d"], 0),
        ]);
        let rows = rows(&ours, &theirs);
        assert_eq!(
            rows.iter().map(|row| row.same).collect::<Vec<_>>(),
            [true, false, false]
        );
        let now: Timestamp = "2026-11-23".parse().unwrap();
        let times = NodeTimes { ours: now, theirs: now };
        assert_eq!(
            rows[1].cells(times),
            ["US-SC", "differ", "7 of 9", "never", "7", "never"]
        );
        assert_eq!(
            rows[2].cells(times),
            ["US-TN", "differ", "not held", "never", "7", "never"]
        );
    }
}
