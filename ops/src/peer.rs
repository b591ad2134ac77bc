//! `comity peer`: whom this node follows, and who follows it.

mod diff;
mod fork;
mod joining;

use api_types::{
    hindrances::{HindranceReport, Hindrances},
    peers::{PeerMembership, PeerResponse},
    replication::{LogHolder, ReachResponse},
    routes,
};
use registry_schema::{AgencyId, Timestamp};

pub(crate) use fork::check as fork_check;

use crate::{
    CommandContext,
    args::PeerCommand as Command,
    client::ApiClient,
    exit::{Exit, fault},
    out, show,
};

/// The hindrances of a peer in a word, for a table; with the runbook's names.
const fn in_a_word(hindrances: &Hindrances) -> Option<&'static str> {
    match (&hindrances.quarantined, &hindrances.deferred) {
        (Some(_), _) => Some("quarantine"),
        (None, Some(_)) => Some("deferred"),
        (None, None) => None,
    }
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
        Command::Forks { agency } => fork::list(session, &agency).await,
        Command::ForkAcknowledge { agency, forks, note } => fork::acknowledge(session, &agency, forks, note).await,
        Command::ForkCheck { file } => fork::check(session.out, &file),
    }
}

/// Asks who holds the log of this node's agency; none, if the node does not say.
async fn reach(session: &CommandContext, home: &AgencyId) -> Option<ReachResponse> {
    let reply = session.client.get(&routes::REACH, &[home.as_str()], &[]).await.ok()?;
    reply.value().ok()
}

/// The agency whose node is asked.
pub(crate) async fn home(session: &CommandContext) -> anyhow::Result<AgencyId> {
    let version = session.client.get(&routes::VERSION, &[], &[]).await?.value()?;
    Ok(version.agency)
}

async fn all(session: &CommandContext) -> anyhow::Result<Vec<PeerResponse>> {
    session.client.get(&routes::PEERS, &[], &[]).await?.value()
}

async fn find(session: &CommandContext, agency: &AgencyId) -> anyhow::Result<PeerResponse> {
    let found = all(session).await?.into_iter().find(|peer| peer.agency == *agency);
    found.ok_or_else(|| {
        fault(
            Exit::Negative,
            format!("`{agency}` is no peer of this node: see `comity peer list`"),
        )
    })
}

/// Another agency's node, which is told nothing that only ours may know.
fn abroad(session: &CommandContext, peer: &PeerResponse) -> anyhow::Result<ApiClient> {
    let agency = &peer.agency;
    let address = peer.address.as_deref();
    let address = address.ok_or_else(|| {
        let why = format!("it is not known yet where the node of `{agency}` answers: see `comity peer show {agency}`");
        fault(Exit::Unreachable, why)
    })?;
    ApiClient::of_another(address, &session.profile)
}

async fn list(session: &CommandContext) -> anyhow::Result<Exit> {
    let reply = session.client.get(&routes::PEERS, &[], &[]).await?;
    if session.out.json {
        session.out.json(&reply.json)?;
        return Ok(Exit::Done);
    }
    let peers = reply.value()?;
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
    if peers.iter().any(|peer| in_a_word(&peer.hindrances).is_some()) {
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

fn link(peer: &PeerResponse) -> String {
    match (peer.membership, peer.connected) {
        (ended @ (PeerMembership::Expelled | PeerMembership::Left), _) => ended.to_string(),
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

fn row(peer: &PeerResponse, reach: Option<&ReachResponse>, now: Timestamp) -> Vec<String> {
    let holder = reach.and_then(|reach| reach.peers.iter().find(|holder| holder.agency == peer.agency));
    let holds = match holder {
        Some(LogHolder { holds_all: true, .. }) => "all".to_owned(),
        Some(LogHolder { holds_more: true, .. }) => "more than here".to_owned(),
        Some(LogHolder { at: None, .. }) => "never said".to_owned(),
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
        match in_a_word(&peer.hindrances) {
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
        let reply = session.client.get(&routes::PEERS, &[], &[]).await?;
        for item in reply.items()? {
            if item.value()?.agency == *agency {
                session.out.json(&item.json)?;
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

fn render(peer: &PeerResponse, reach: Option<&ReachResponse>, now: Timestamp) -> String {
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
    let since = |it: &HindranceReport| format!("since {}: {}", show::ago(it.since, now), it.why);
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
pub(crate) mod tests {
    use registry_schema::AgencyFreshness;

    use super::*;

    /// A peer that is followed, and of which nothing was heard yet.
    pub(crate) fn peer(agency: &str) -> PeerResponse {
        PeerResponse {
            agency: agency.parse().unwrap(),
            name: None,
            genesis: String::new(),
            membership: PeerMembership::Member,
            ended: None,
            added: None,
            connected: false,
            turns_away: false,
            transport: None,
            address: None,
            addresses: Vec::new(),
            last_heard: None,
            good_until: None,
            freshness: AgencyFreshness::NeverHeard,
            lag_seconds: None,
            missing: 0,
            hindrances: Hindrances::default(),
            misbehaved: 0,
            recognitions: None,
        }
    }

    #[test]
    fn a_peer_is_a_row() {
        let now: Timestamp = "2026-11-23T14:02:11Z".parse().unwrap();
        let peer = PeerResponse {
            name: Some("Tennessee".into()),
            last_heard: "2026-11-23T13:58:11Z".parse().ok(),
            good_until: "2026-11-23T13:02:11Z".parse().ok(),
            freshness: AgencyFreshness::Ended,
            missing: 3,
            ..peer("US-TN")
        };
        let reach = ReachResponse {
            agency: "US-NC".parse().unwrap(),
            genesis: String::new(),
            heads: Vec::new(),
            envelopes: 2,
            sentence: "held by 0 of 1 peers".into(),
            held_by: 0,
            peers: vec![LogHolder {
                agency: peer.agency.clone(),
                name: None,
                holds_all: false,
                holds_more: false,
                behind: 2,
                heads: Vec::new(),
                at: "2026-11-23T13:02:11Z".parse().ok(),
                last_heard: None,
                countersignature: None,
            }],
        };
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
        let peer = PeerResponse {
            turns_away: true,
            ..peer
        };
        assert_eq!(row(&peer, None, now)[2], "refused");
        assert!(
            turned_away([&peer.agency].into_iter())
                .unwrap()
                .contains("comity peer add")
        );
        let expelled = PeerResponse {
            membership: PeerMembership::Expelled,
            ..peer
        };
        assert_eq!(row(&expelled, None, now)[2], "expelled");
    }
}
