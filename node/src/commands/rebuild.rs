//! `comityd rebuild`: what it takes, and what it says of what came back and what did not.

use std::{net::SocketAddr, path::PathBuf};

use agency::root;
use clap::Args;
use node::{
    rebuild::{self, RebuildOptions, RebuildReport},
    terminal::say,
};
use platform::clock::Clock;
use protocol::{Hash, PublicKey};
use registry_schema::AgencyId;

use super::DataArgs;

/// The options with which a node is rebuilt.
#[derive(Debug, Args)]
pub(crate) struct RebuildArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The source of the agency's lists: the address of a peer's node, or of a copy of its files. May be given several
    /// times.
    #[arg(long, required = true, value_name = "URL")]
    from: Vec<String>,
    /// Certificates to be trusted beside the system's, as a PEM file.
    #[arg(long, value_name = "FILE")]
    roots: Option<PathBuf>,
    /// A key of the agency's root, which signs for a new writer key and ends the lost one; not needed where `keys/writer.key`
    /// is there still. May be given several times.
    #[arg(long = "root", value_name = "FILE")]
    root: Vec<PathBuf>,
    /// A writer key that is lost, if the agency has several: 64 hexadecimal digits. May be given several times.
    #[arg(long, requires = "root", value_name = "KEY")]
    lost: Vec<PublicKey>,
    /// The agency, if there is no configuration any more.
    #[arg(long, value_name = "US-NC")]
    agency: Option<AgencyId>,
    /// The hash of the agency's first key-log entry, if several call themselves by its name.
    #[arg(long, value_name = "GENESIS")]
    genesis: Option<Hash>,
    /// The address at which to answer HTTP on this machine, if there is no configuration any more.
    #[arg(long, default_value = "127.0.0.1:7400", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// The multiaddress at which to listen for peers, if there is no configuration any more; may be given several times.
    #[arg(long, default_values = ["/ip4/0.0.0.0/tcp/7500", "/ip4/0.0.0.0/udp/7500/quic-v1"], value_name = "MULTIADDRESS")]
    peer_listen: Vec<String>,
    /// An empty PostgreSQL database to keep everything in, if no configuration says; SQLite in the data directory otherwise.
    #[arg(long, env = "COMITY_DATABASE", hide_env_values = true, value_name = "postgres://…")]
    database: Option<String>,
}

/// Does it.
pub(crate) async fn perform(options: RebuildArgs) -> anyhow::Result<()> {
    let data = options.data.data;
    let roots: anyhow::Result<Vec<_>> = options.root.iter().map(|file| root::key(file)).collect();
    let rebuilding = RebuildOptions {
        from: options.from,
        certificates: options.roots,
        agency: options.agency,
        genesis: options.genesis,
        roots: roots?,
        lost: options.lost,
        listen: options.listen,
        peer_listen: options.peer_listen,
        database: options.database,
    };
    let rebuilt = rebuild::rebuild(&data, rebuilding, Clock::default()).await?;
    say(&in_words(&rebuilt, &data.display().to_string()));
    Ok(())
}

fn in_words(rebuilt: &RebuildReport, data: &str) -> String {
    let RebuildReport {
        agency,
        envelopes,
        restricted,
        ..
    } = rebuilt;
    let mut lines = vec![
        format!(
            "rebuilt the node of {agency} in `{data}`, of the log with the fingerprint {}",
            rebuilt.genesis.fingerprint()
        ),
        format!("  here again: {envelopes} envelopes of its own log; {restricted} revocations and suspensions hold"),
    ];
    if !rebuilt.others.is_empty() {
        lines.push(
            "  followed from now on, as the sources named them: these agencies. Compare their fingerprints, as with `comity peer add`, and \
             `comity peer remove` those that your agency did not follow:"
                .to_owned(),
        );
        let each = rebuilt.others.iter();
        lines.extend(each.map(|(agency, log)| format!("    {agency}    {}", log.fingerprint())));
    }
    lines.push(
        "  lost with the database, unless you have a backup: the credentials and their holders' names, applications and reviews, \
         frameworks, operators, the audit trail"
            .to_owned(),
    );
    if let Some(before) = rebuilt.lost_before {
        lines.push(format!(
            "  from now on a code that is not here, and a badge by a stolen key, is \"could not check\" everywhere, as it may be of \
             before {}: whoever shows such a badge shows its file",
            before.date_in_words()
        ));
    }
    lines.extend(rebuilt.signed.iter().map(|act| format!("  the root signed: {act}")));
    if !rebuilt.without_key.is_empty() {
        lines.push(
            "  lost: the keys of these issuers; their badges stay good, and each needs a new key to issue more:"
                .to_owned(),
        );
        let each = rebuilt.without_key.iter();
        lines.extend(each.map(|issuer| format!("    comity issuer rekey {}    ({})", issuer.id, issuer.name)));
    }
    if !rebuilt.may_write {
        lines.push(
            "  it may not write: its writer key is new. Run it, and let the root sign for it: comity key rotate --out new.entry"
                .to_owned(),
        );
    }
    lines.push(
        "  once it runs it is not ready, and calls nothing of this agency good, before more than half of the agencies that it \
         follows have told how far its log reaches: a source may have lagged. Where too few can: comity store accept"
            .to_owned(),
    );
    lines.push(format!(
        "  add operators:   comityd operator add NAME --data {data}\n  run it:          comityd run --data {data}"
    ));
    if rebuilt.is_new_node {
        lines.push(format!(
            "  its node has a new identity: give your peers its ticket (comityd ticket --data {data}), which they add with \
             `comity peer add`; until then they read it by HTTPS alone"
        ));
    }
    lines.join("\n")
}
