//! `comity peer`: the agencies' nodes that this node talks to.

use registry_schema::{AgencyId, Timestamp};
use serde::Deserialize;

use crate::{Session, exit::Exit, out, show};

/// A peer as the node sees it.
#[derive(Debug, Deserialize)]
struct Peer {
    agency: AgencyId,
    #[serde(default)]
    name: Option<String>,
    connected: bool,
    #[serde(default)]
    address: Option<String>,
    last_heard: Option<Timestamp>,
    good_until: Option<Timestamp>,
    /// How many envelopes of its log are known to exist and are not here.
    #[serde(default)]
    missing: u64,
}

pub(crate) async fn list(session: &Session) -> anyhow::Result<Exit> {
    let reply = session.client.read(&["v1", "peers"], &[]).await?;
    if session.out.json {
        session.out.json(&reply.json)?;
        return Ok(Exit::Done);
    }
    let peers: Vec<Peer> = reply.parse()?;
    if peers.is_empty() {
        out::note("no peers: this node talks to nobody yet");
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> = peers.iter().map(|p| row(p, session.now)).collect();
    session.out.data(&show::table(
        &["agency", "name", "link", "last heard", "fresh", "missing", "address"],
        0,
        &rows,
    ))?;
    Ok(Exit::Done)
}

fn row(peer: &Peer, now: Timestamp) -> Vec<String> {
    vec![
        peer.agency.to_string(),
        peer.name.clone().unwrap_or_default(),
        if peer.connected { "up" } else { "down" }.to_owned(),
        peer.last_heard
            .map_or_else(|| "never".to_owned(), |t| show::ago(t, now)),
        peer.good_until.map_or_else(|| "no".to_owned(), |t| show::left(t, now)),
        peer.missing.to_string(),
        peer.address.clone().unwrap_or_default(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_a_row() {
        let now: Timestamp = "2026-11-23T14:02:11Z".parse().unwrap();
        let json = r#"{"agency":"US-TN","name":"Tennessee","connected":false,"address":"/ip4/127.0.0.1/tcp/7402",
            "last_heard":"2026-11-23T13:58:11Z","good_until":"2026-11-23T13:02:11Z","missing":3}"#;
        let peer = serde_json::from_str(json).unwrap();
        assert_eq!(
            row(&peer, now),
            [
                "US-TN",
                "Tennessee",
                "down",
                "4 minutes ago",
                "ended 1 hour ago",
                "3",
                "/ip4/127.0.0.1/tcp/7402"
            ]
        );
    }
}
