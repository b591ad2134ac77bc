//! `comityd repair`: what it takes, and what it says of what it did.

use std::path::PathBuf;

use clap::Args;
use node::{
    repair::{self, LostRestriction, PeerTrouble, RepairOptions, RepairReport, RestoredKeyLog, RestrictionEvidence},
    terminal::say,
};
use platform::clock::Clock;
use registry_schema::StatusState;
use serde_json::json;

use super::DataArgs;

/// The options with which a store is repaired.
#[derive(Debug, Args)]
pub(crate) struct RepairArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The node's own key log, as `comity key export` or the root's ceremony wrote it. May be given several times.
    #[arg(long, value_name = "FILE")]
    key_log: Vec<PathBuf>,
    /// The source of the node's own key log: the address of a peer's node, or of a copy of its files. May be given several
    /// times. Without one, and without a file, the peers that the node knows are asked.
    #[arg(long, value_name = "URL")]
    from: Vec<String>,
    /// Certificates to be trusted beside the system's, as a PEM file.
    #[arg(long, value_name = "FILE")]
    roots: Option<PathBuf>,
    /// Take a key log that lacks entries which were here, because nobody has them any more. What they let be written is lost
    /// here.
    #[arg(long)]
    accept_shorter: bool,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
}

/// Does it.
pub(crate) async fn perform(options: RepairArgs) -> anyhow::Result<()> {
    let repairing = RepairOptions {
        key_logs: options.key_log,
        from: options.from,
        certificates: options.roots,
        accept_shorter: options.accept_shorter,
    };
    node::rebuild::is_finished(&options.data.data)?;
    let repaired = repair::repair(&options.data.data, &repairing, Clock::default().now()).await?;
    if options.json {
        say(&as_json(&repaired).to_string());
    } else {
        say(&in_words(&repaired));
    }
    Ok(())
}

fn in_words(repaired: &RepairReport) -> String {
    let mut lines = Vec::new();
    if let Some(key_log) = &repaired.key_log {
        lines.push(key_log_in_words(key_log));
        let without = key_log.without.iter();
        lines.extend(without.map(|why| format!("  gave no key log: {why}")));
    }
    for one in &repaired.taken_out {
        let whose = if one.own { " (this node's own agency)" } else { "" };
        lines.push(format!("taken out of {}{whose}: {}", one.agency, one.damage));
    }
    if repaired.taken_out.iter().any(|one| one.own) {
        lines.push(
            "start the node while peers can be reached: it writes nothing before they have given its own log again"
                .to_owned(),
        );
    }
    lines.extend(repaired.lost.iter().map(lost_in_words));
    if let Some(copy) = &repaired.copy {
        lines.push(format!("all that was taken out is kept in `{}`", copy.display()));
    }
    if repaired.owner {
        lines.push("mended: what the store says of whose it is".to_owned());
    }
    lines.extend(repaired.peers.iter().map(peer_in_words));
    let credentials = repaired.credentials.iter();
    lines.extend(credentials.map(|trouble| format!("not mended: {}", trouble.in_words())));
    for trouble in &repaired.issuer_keys {
        let issuer = &trouble.issuer;
        lines.push(match &trouble.other_seal {
            Some(seal) => format!(
                "not mended: the key of the issuer `{issuer}` is sealed with the key `{seal}`, which this node does not have: put \
                 its file back (`keys/seal.key`, or where `[keys]` in comity.toml says)"
            ),
            None => format!(
                "not mended: the key of the issuer `{issuer}` is damaged, and no peer has it. Put a backup in the store's place that \
                 has it; or start the node, and give the issuer a new key: comity issuer rekey {issuer}"
            ),
        });
    }
    if lines.is_empty() {
        lines.push("nothing is damaged".to_owned());
    } else if repaired.issuer_keys.is_empty() && repaired.taken_out.iter().all(|one| !one.own) {
        lines.push("start the node".to_owned());
    }
    lines.join("\n")
}

fn lost_in_words(lost: &LostRestriction) -> String {
    let LostRestriction {
        agency,
        own,
        list,
        index,
        state,
        code,
        told_by,
    } = lost;
    let (was, again) = match state {
        StatusState::Revoked => ("revoked", "revoke"),
        _ => ("suspended", "suspend"),
    };
    let credential = code.map_or_else(String::new, |code| format!(", the credential `{code}`"));
    let todo = match (own, code) {
        (true, Some(code)) => format!(
            "if it was meant so, {again} it again, once the node writes: comity credential {again} {code} --reason CODE"
        ),
        (true, None) => format!(
            "if it was meant so, {again} it again by its badge, once the node writes: comity credential {again} --badge FILE --reason \
             CODE"
        ),
        (false, _) => "ask that agency whether it was meant so".to_owned(),
    };
    let place = format!("list {list} index {index} of {agency}{credential}");
    match told_by {
        RestrictionEvidence::Row => format!(
            "taken out with it: a row by which {place} was {was}, which no sound envelope here says; unless peers give that envelope \
             again, it is {was} no more: {todo}"
        ),
        RestrictionEvidence::Audit(at) => format!(
            "lost: {place} was {was} on {}, as the audit trail says, and no sound envelope here says so; unless peers give that \
             envelope again, it is {was} no more: {todo}",
            at.in_words()
        ),
    }
}

fn peer_in_words(trouble: &PeerTrouble) -> String {
    let PeerTrouble {
        agency,
        why,
        taken_out,
        ended,
    } = trouble;
    match (taken_out, ended) {
        (true, false) => format!(
            "taken out: what the store held of the peer `{agency}`, which could not be read ({why}): add it again with `comity peer \
             add TICKET`"
        ),
        (true, true) => format!(
            "taken out: what the store held of the peer `{agency}`, which could not be read ({why}); it had left or was expelled, and \
             stays so unless you add it again"
        ),
        (false, _) => format!(
            "not mended: what the store holds of the peer `{agency}` cannot be read ({why}); it had left or was expelled, and that \
             counts. Remove it from comity.toml as well, and repair again"
        ),
    }
}

fn key_log_in_words(key_log: &RestoredKeyLog) -> String {
    let RestoredKeyLog {
        damage, entries, from, ..
    } = key_log;
    let from: Vec<String> = from.iter().map(|from| format!("`{from}`")).collect();
    let from = match from.as_slice() {
        [] => "where the store had it under another name".to_owned(),
        from => format!("from {}", from.join(", ")),
    };
    match damage {
        Some(damage) => {
            format!("put this node's own key log back, {from}, with {entries} entries; it was damaged: {damage}")
        }
        None => format!("added entries to this node's own key log, {from}: it has {entries} now"),
    }
}

fn as_json(repaired: &RepairReport) -> serde_json::Value {
    let key_log = repaired.key_log.as_ref().map(|key_log| {
        json!({"damage": key_log.damage, "entries": key_log.entries, "from": key_log.from, "without": key_log.without})
    });
    let taken_out = repaired.taken_out.iter();
    let taken_out =
        taken_out.map(|one| json!({"agency": one.agency.to_string(), "own": one.own, "damage": one.damage}));
    let lost = repaired.lost.iter().map(|lost| {
        json!({"agency": lost.agency.to_string(), "own": lost.own, "list": lost.list, "index": lost.index,
               "state": lost.state.as_str(), "code": lost.code.map(|code| code.to_string()),
               "told_by": match lost.told_by { RestrictionEvidence::Row => "row", RestrictionEvidence::Audit(_) => "audit" }})
    });
    let peers = repaired
        .peers
        .iter()
        .map(|peer| json!({"agency": peer.agency, "why": peer.why, "taken_out": peer.taken_out}));
    let credentials = repaired.credentials.iter();
    let credentials =
        credentials.map(|trouble| json!({"credential": trouble.credential, "damage": trouble.in_words()}));
    let issuer_keys = repaired.issuer_keys.iter();
    let issuer_keys = issuer_keys.map(|one| json!({"issuer": one.issuer, "other_seal": one.other_seal}));
    json!({
        "key_log": key_log, "taken_out": taken_out.collect::<Vec<_>>(), "lost": lost.collect::<Vec<_>>(),
        "copy": repaired.copy, "owner": repaired.owner, "peers": peers.collect::<Vec<_>>(),
        "credentials": credentials.collect::<Vec<_>>(), "issuer_keys": issuer_keys.collect::<Vec<_>>(),
    })
}
