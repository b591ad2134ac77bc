//! `comityd init`: a new node, of a new agency or as a further store of one that is there.

use std::{net::SocketAddr, path::PathBuf};

use agency::root;
use anyhow::Context as _;
use clap::Args;
use node::{
    init::{self, InitOptions, JoinOptions},
    terminal::{complain, say},
};
use platform::clock::Clock;
use registry_schema::AgencyId;
use storage::DatabaseTls;

use super::DataArgs;

/// The options with which a node is made.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The agency: ISO 3166-2, with a local part for a district (US-CO:aurora).
    #[arg(long, value_name = "US-NC", required_unless_present_any = ["join", "key_log"])]
    agency: Option<AgencyId>,
    /// Its name for people.
    #[arg(long, required_unless_present_any = ["join", "key_log"])]
    name: Option<String>,
    /// The URL at which the node will answer. Credentials name the first store's, so it is for good.
    #[arg(long)]
    url: String,
    /// Make a further store of an agency that has one: the ticket of the first (`comityd ticket` prints it there). The
    /// agency's root must sign the entry that is written to `join.entry` in the data directory.
    #[arg(long, value_name = "TICKET", conflicts_with_all = ["agency", "name"])]
    join: Option<protocol::Ticket>,
    /// With or in place of --join: the agency's key log, as `comity key export` wrote it; otherwise the first store is asked.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["agency", "name"])]
    key_log: Option<PathBuf>,
    /// For a further store: the kinds of documents that it is to write (status-list, trust-list); all if none is given.
    #[arg(long = "kind", value_name = "KIND", conflicts_with_all = ["agency", "name"])]
    kinds: Vec<String>,
    /// The address at which to answer HTTP on this machine.
    #[arg(long, default_value = "127.0.0.1:7400", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// The multiaddress at which to listen for peers; may be given several times.
    #[arg(long, default_values = ["/ip4/0.0.0.0/tcp/7500", "/ip4/0.0.0.0/udp/7500/quic-v1"], value_name = "MULTIADDRESS")]
    peer_listen: Vec<String>,
    /// The folder for the two root keys, never in the data directory: one that is there, on a medium that you take offline.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["join", "key_log"])]
    root_out: Option<PathBuf>,
    /// A PostgreSQL database to keep everything in; SQLite in the data directory otherwise.
    #[arg(long, env = "COMITY_DATABASE", hide_env_values = true, value_name = "postgres://…")]
    database: Option<String>,
    /// The protection of the connection to the PostgreSQL database; otherwise as its URL says, and `verify-full` to another
    /// machine.
    #[arg(long, env = "COMITY_DATABASE_TLS", value_name = "HOW")]
    database_tls: Option<DatabaseTls>,
}

/// Makes a node: of a new agency, or a further store of one that is there.
pub(crate) async fn perform(options: InitArgs) -> anyhow::Result<()> {
    let unreachable = init::unreachable(options.listen, &options.url);
    match (options.agency.clone(), options.name.clone()) {
        (Some(agency), Some(name)) => found(agency, name, options).await?,
        _ => join(options).await?,
    }
    if let Some(warning) = unreachable {
        complain(&format!("warning: {warning}"));
    }
    Ok(())
}

/// Returns the commands that come next, whatever node was made.
fn next_steps(options: &InitArgs) -> String {
    let data = options.data.data.display();
    // To other machines it answers with a certificate alone.
    let certificate = if options.listen.ip().is_loopback() {
        ""
    } else {
        " --tls-cert cert.pem --tls-key key.pem"
    };
    format!(
        "  add an operator:  comityd operator add NAME --data {data}\n  run it:           comityd run --data {data}{certificate}"
    )
}

/// Founds an agency, with this node as its first store.
async fn found(agency: AgencyId, name: String, options: InitArgs) -> anyhow::Result<()> {
    let next = next_steps(&options);
    let (data, root_out) = (options.data.data, options.root_out);
    let shown = data.display();
    let beginning = InitOptions {
        agency,
        name,
        url: options.url,
        listen: options.listen,
        peer_listen: options.peer_listen,
        database: options.database,
        database_tls: options.database_tls,
        root_out: root_out.clone(),
    };
    let config = init::init(&data, beginning, Clock::default().now()).await?;
    if let Some(folder) = root_out.as_deref().filter(|folder| init::is_on_one_disk(folder, &data)) {
        complain(&format!(
            "warning: `{}` is on the same file system as `{shown}`: if a medium is to be mounted there, it is not; the root's \
             keys are on this machine until you move them",
            folder.display()
        ));
    }
    let root = match root_out {
        Some(folder) => format!(
            "take `{}` offline, with a copy elsewhere: it holds the keys of the agency's root, and this node does not",
            folder.display()
        ),
        None => format!("move `{shown}/keys/root.key` and `next-root.key` to a place that is offline"),
    };
    say(&format!(
        "made a node of {} in `{shown}`\n  {root}\n{next}",
        config.agency
    ));
    Ok(())
}

/// Makes a further store of an agency that is there.
async fn join(options: InitArgs) -> anyhow::Result<()> {
    let next = next_steps(&options);
    let data = options.data.data;
    let shown = data.display();
    let key_log = options.key_log.map(|file| {
        let not_read = || format!("`{}` cannot be read", file.display());
        std::fs::read_to_string(&file).with_context(not_read)
    });
    let joining = JoinOptions {
        ticket: options.join,
        key_log: key_log.transpose()?,
        kinds: options.kinds,
        url: options.url,
        listen: options.listen,
        peer_listen: options.peer_listen,
        database: options.database,
        database_tls: options.database_tls,
    };
    let (config, entry) = init::join(&data, joining, Clock::default().now()).await?;
    let file = data.join("join.entry");
    root::replace(&file, &entry.to_text()?)?;
    let file = file.display();
    say(&format!(
        "made a further store of {0} in `{shown}`, with keys of its own\n{next}\n  \
         let it in, at the first store:          comity peer add TICKET     (comityd ticket --data {shown})\n  \
         on the machine with the root key:       comityd root sign {file} --root root.key\n  \
         then at the first store, or at this:    comity key apply {file}\n\
         it writes nothing before that; until it is heard everywhere, the lists of {0} are not fresh",
        config.agency
    ));
    Ok(())
}
