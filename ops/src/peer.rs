//! `comity peer`: whom this node follows, and who follows it.

mod diff;
mod fork;
mod joining;

use api_types::routes;
use registry_schema::{AgencyFreshness, AgencyId, Timestamp};
use serde::Deserialize;

pub(crate) use fork::check as fork_check;

use crate::{
    CommandContext,
    args::PeerCommand as Command,
    client::{self, ApiClient},
    exit::{Exit, fault},
    out, show,
};

/// A peer as the node sees it.
#[derive(Debug, Deserialize)]
struct Peer {
    agency: AgencyId,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    genesis: String,
    #[serde(default)]
    membership: Option<String>,
    #[serde(default)]
    ended: Option<Timestamp>,
    #[serde(default)]
    added: Option<Timestamp>,
    connected: bool,
    /// True if it closes each connection as soon as it is made.
    #[serde(default)]
    turns_away: bool,
    #[serde(default)]
    transport: Option<String>,
    #[serde(default)]
    address: Option<String>,
    #[serde(default)]
    addresses: Vec<String>,
    last_heard: Option<Timestamp>,
    good_until: Option<Timestamp>,
    freshness: AgencyFreshness,
    /// The number of envelopes of its log that are known to exist and are not here.
    #[serde(default)]
    missing: u64,
    #[serde(flatten)]
    hindrances: Hindrances,
    #[serde(default)]
    misbehaved: u64,
    /// Of a peer that was removed: how many recognitions of the node's agency rest on it.
    #[serde(default)]
    recognitions: Option<u64>,
}

/// A trouble, and since when it is there.
#[derive(Debug, Deserialize)]
pub(crate) struct Hindered {
    pub(crate) why: String,
    pub(crate) since: Timestamp,
}

/// The troubles that keep more of an agency from being taken in, or anything of it from being fresh.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Hindrances {
    #[serde(default)]
    pub(crate) quarantined: Option<Hindered>,
    #[serde(default)]
    pub(crate) deferred: Option<Hindered>,
}

impl Hindrances {
    /// In a word, for a table; with the runbook's names.
    fn in_a_word(&self) -> Option<&'static str> {
        match (&self.quarantined, &self.deferred) {
            (Some(_), _) => Some("quarantine"),
            (None, Some(_)) => Some("deferred"),
            (None, None) => None,
        }
    }
}

/// The holders of this node's own log.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Reach {
    /// In words.
    pub(crate) sentence: String,
    peers: Vec<Holder>,
}

#[derive(Debug, Deserialize)]
struct Holder {
    agency: AgencyId,
    holds_all: bool,
    #[serde(default)]
    holds_more: bool,
    behind: u64,
    at: Option<Timestamp>,
}

pub(crate) async fn handle(session: &CommandContext, command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Ticket { no_qr } => joining::ticket(session, no_qr).await,
        Command::Add(args) => joining::add(session, &args).await,
        Command::List => list(session).await,
        Command::Show { agency } => one(session, &agency).await,
        Command::Diff { agency, pull } => diff::diff(session, &agency, pull).await,
        Command::Remove { agency, expel, unpin } => joining::remove(session, &agency, expel, unpin).await,
        Command::Introductions => joining::introductions(session).await,
        Command::ForkCheck { file } => fork::check(session.out, &file),
    }
}

/// Asks who holds the log of this node's agency; none, if the node does not say.
async fn reach(session: &CommandContext, home: &AgencyId) -> Option<Reach> {
    let reply = session.client.read(&["v1", "reach", home.as_str()], &[]).await.ok()?;
    reply.parse().ok()
}

/// The agency whose node is asked.
pub(crate) async fn home(session: &CommandContext) -> anyhow::Result<AgencyId> {
    let version = session.client.get(&routes::VERSION, &[], &[]).await?.value()?;
    Ok(version.agency)
}

async fn all(session: &CommandContext) -> anyhow::Result<Vec<Peer>> {
    session.client.read(&["v1", "peers"], &[]).await?.parse()
}

async fn find(session: &CommandContext, agency: &AgencyId) -> anyhow::Result<Peer> {
    let found = all(session).await?.into_iter().find(|peer| peer.agency == *agency);
    found.ok_or_else(|| {
        fault(
            Exit::Negative,
            format!("`{agency}` is no peer of this node: see `comity peer list`"),
        )
    })
}

/// Another agency's node, which is told nothing that only ours may know.
fn abroad(session: &CommandContext, peer: &Peer) -> anyhow::Result<ApiClient> {
    let agency = &peer.agency;
    let address = peer.address.as_deref();
    let address = address.ok_or_else(|| {
        let why = format!("it is not known yet where the node of `{agency}` answers: see `comity peer show {agency}`");
        fault(Exit::Unreachable, why)
    })?;
    ApiClient::of_another(address, &session.profile)
}

async fn list(session: &CommandContext) -> anyhow::Result<Exit> {
    let reply = session.client.read(&["v1", "peers"], &[]).await?;
    if session.out.json {
        session.out.json(&reply.json)?;
        return Ok(Exit::Done);
    }
    let peers: Vec<Peer> = reply.parse()?;
    if peers.is_empty() {
        out::note("no peers: this node talks to nobody yet; see `comity peer add --help`");
        return Ok(Exit::Done);
    }
    let reach = match home(session).await {
        Ok(home) => reach(session, &home).await,
        Err(_) => None,
    };
    let now = session.now();
    let rows: Vec<Vec<String>> = peers.iter().map(|p| row(p, reach.as_ref(), now)).collect();
    let table = show::table(
        &["agency", "name", "link", "last heard", "fresh", "missing", "holds ours"],
        0,
        &rows,
    );
    if peers.iter().any(|peer| peer.hindrances.in_a_word().is_some()) {
        out::note("of peers in quarantine, or deferred, `comity peer show AGENCY` says why");
    }
    if let Some(told) = turned_away(peers.iter().filter(|peer| peer.turns_away).map(|peer| &peer.agency)) {
        out::note(&show::paragraph(&told));
    }
    let sentence = reach.map(|reach| format!("our log is {}", reach.sentence));
    let sentence = sentence
        .map(|text| format!("\n\n{}", show::paragraph(&text)))
        .unwrap_or_default();
    session.out.data(&format!("{table}{sentence}"))?;
    Ok(Exit::Done)
}

fn link(peer: &Peer) -> String {
    match (peer.membership.as_deref(), peer.connected) {
        (Some("expelled"), _) => "expelled".to_owned(),
        (Some("left"), _) => "left".to_owned(),
        (_, true) => peer.transport.clone().unwrap_or_else(|| "up".to_owned()),
        (_, false) if peer.turns_away => "refused".to_owned(),
        (_, false) => "down".to_owned(),
    }
}

/// Names the agencies that close each connection, and what helps where they do not follow this one.
pub(crate) fn turned_away<'a>(agencies: impl Iterator<Item = &'a AgencyId>) -> Option<String> {
    let names: Vec<&str> = agencies.map(AgencyId::as_str).collect();
    let (them, does) = match names.as_slice() {
        [] => return None,
        [_] => ("it", "does"),
        _ => ("they", "do"),
    };
    Some(format!(
        "{}: each connection is closed at the other side as soon as it is made. Perhaps {them} {does} not follow this agency: ask \
         there to `comity peer add` your ticket (`comity peer ticket` prints it)",
        names.join(", ")
    ))
}

fn row(peer: &Peer, reach: Option<&Reach>, now: Timestamp) -> Vec<String> {
    let holder = reach.and_then(|reach| reach.peers.iter().find(|holder| holder.agency == peer.agency));
    let holds = match holder {
        Some(Holder { holds_all: true, .. }) => "all".to_owned(),
        Some(Holder { holds_more: true, .. }) => "more than here".to_owned(),
        Some(Holder { at: None, .. }) => "never said".to_owned(),
        Some(holder) => format!("{} behind", holder.behind),
        None => "–".to_owned(),
    };
    vec![
        peer.agency.to_string(),
        peer.name.clone().unwrap_or_default(),
        link(peer),
        peer.last_heard
            .map_or_else(|| "never".to_owned(), |t| show::ago(t, now)),
        show::fresh(peer.freshness, peer.good_until, now),
        match peer.hindrances.in_a_word() {
            Some(word) => format!("{} ({word})", peer.missing),
            None => peer.missing.to_string(),
        },
        holds,
    ]
}

async fn one(session: &CommandContext, agency: &AgencyId) -> anyhow::Result<Exit> {
    let is_known = all(session).await?.iter().any(|peer| peer.agency == *agency);
    if !is_known && home(session).await? == *agency {
        return joining::own(session).await;
    }
    let peer = find(session, agency).await?;
    if session.out.json {
        let reply = session.client.read(&["v1", "peers"], &[]).await?;
        let all: Vec<Box<serde_json::value::RawValue>> = reply.parse()?;
        for json in all {
            if client::parse::<Peer>(&json)?.agency == *agency {
                session.out.json(&json)?;
            }
        }
        return Ok(Exit::Done);
    }
    let reach = match home(session).await {
        Ok(home) => reach(session, &home).await,
        Err(_) => None,
    };
    session.out.data(&render(&peer, reach.as_ref(), session.now()))?;
    Ok(Exit::Done)
}

fn render(peer: &Peer, reach: Option<&Reach>, now: Timestamp) -> String {
    let [_, _, _, heard, fresh, missing, holds]: [String; 7] = row(peer, reach, now).try_into().unwrap_or_default();
    let mut lines = vec![
        ("agency".to_owned(), peer.agency.to_string()),
        ("name".to_owned(), peer.name.clone().unwrap_or_default()),
        ("fingerprint".to_owned(), grouped(&peer.genesis)),
        ("link".to_owned(), link(peer)),
    ];
    if let Some(since) = peer.ended {
        lines.push(("since".to_owned(), since.in_words()));
    }
    lines.push((
        "added".to_owned(),
        peer.added
            .map_or_else(|| "by the node's configuration".to_owned(), Timestamp::in_words),
    ));
    lines.extend(show::labelled("listens at", peer.addresses.iter().cloned()));
    lines.extend([
        ("answers at".to_owned(), peer.address.clone().unwrap_or_default()),
        ("last heard".to_owned(), heard),
        ("fresh".to_owned(), fresh),
        ("missing".to_owned(), missing),
        ("holds our log".to_owned(), holds),
    ]);
    let since = |it: &Hindered| format!("since {}: {}", show::ago(it.since, now), it.why);
    if let Some(it) = &peer.hindrances.quarantined {
        lines.push(("quarantine".to_owned(), since(it)));
    }
    if let Some(it) = &peer.hindrances.deferred {
        lines.push(("deferred".to_owned(), since(it)));
    }
    lines.extend([("misbehaved".to_owned(), format!("{} times", peer.misbehaved))]);
    show::pairs(&lines)
}

/// The fingerprint of a log, from its name as the node has it.
pub(crate) fn grouped(text: &str) -> String {
    text.parse()
        .map_or_else(|_| text.to_owned(), |hash: protocol::Hash| hash.fingerprint())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_a_row() {
        let now: Timestamp = "2026-11-23T14:02:11Z".parse().unwrap();
        let json = r#"{"agency":"US-TN","name":"Tennessee","connected":false,"address":"http://127.0.0.1:7402",
            "last_heard":"2026-11-23T13:58:11Z","good_until":"2026-11-23T13:02:11Z","freshness":"ended","missing":3}"#;
        let peer: Peer = serde_json::from_str(json).unwrap();
        let reach: Reach = serde_json::from_str(
            r#"{"sentence":"held by 0 of 1 peers","peers":[{"agency":"US-TN","holds_all":false,"behind":2,"at":"2026-11-23T13:02:11Z"}]}"#,
        )
        .unwrap();
        assert_eq!(
            row(&peer, Some(&reach), now),
            [
                "US-TN",
                "Tennessee",
                "down",
                "4 minutes ago",
                "ended 1 hour ago",
                "3",
                "2 behind"
            ]
        );
        let peer = Peer {
            turns_away: true,
            ..peer
        };
        assert_eq!(row(&peer, None, now)[2], "refused");
        assert!(
            turned_away([&peer.agency].into_iter())
                .unwrap()
                .contains("comity peer add")
        );
        let expelled = Peer {
            membership: Some("expelled".into()),
            ..peer
        };
        assert_eq!(row(&expelled, None, now)[2], "expelled");
    }
}
