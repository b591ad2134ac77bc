//! `comityd`: makes a node, runs it, or shows a federation on this machine.

mod ceremony;
mod rebuilding;
mod repairing;
mod ticket;

use std::{io::IsTerminal as _, net::SocketAddr, path::PathBuf, process::ExitCode, time::Duration};

use agency::root;
use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use node::{
    config::{Config, Tls},
    demo,
    init::{self, InitOptions, JoinOptions},
    terminal::{StderrWriter, complain, in_full, say},
};
use platform::{clock::Clock, private};
use registry_schema::AgencyId;
use storage::DatabaseTls;
use tokio::signal::unix::{SignalKind, signal};
use tracing_appender::non_blocking::NonBlockingBuilder;
use transport::mirror;

/// The number of lines of the log that wait for whoever reads it.
const LOG_LINES: usize = 8192;

/// Judging a badge takes some hundred small allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A node of Comity, the federated registry for educators' micro-credentials.
#[derive(Debug, Parser)]
#[command(name = "comityd", version, propagate_version = true, arg_required_else_help = true)]
struct NodeCli {
    #[command(subcommand)]
    command: NodeCommand,
}

#[derive(Debug, Subcommand)]
enum NodeCommand {
    /// Start a federation of three agencies on this machine, with sample badges to try.
    Demo(demo::DemoArgs),
    /// Make a node: keys, an empty store, a configuration.
    Init(Box<InitArgs>),
    /// Run a node.
    Run(RunArgs),
    /// Get back a node whose database is lost, from its peers' files: all that replicates, with its old writer key or, with
    /// the offline root, a new one.
    Rebuild(Box<rebuilding::RebuildArgs>),
    /// Print this node's ticket, by which others follow it: `comity peer add TICKET` at theirs.
    Ticket(ticket::TicketArgs),
    /// The root's ceremony: make root keys, sign entries of the key log, rotate. Works offline, on files.
    #[command(subcommand)]
    Root(ceremony::RootCommand),
    /// Copy a node's lists, as signed files, into a folder that any web server can serve.
    Mirror(MirrorArgs),
    /// Mend a store that stops its node: get its own key log back from a file or from peers, and take out what else is damaged,
    /// which the node asks its peers for at its next start. It names issuers' keys that are damaged.
    Repair(repairing::RepairArgs),
    /// Manage who may act for this agency.
    #[command(subcommand)]
    Operator(OperatorCommand),
}

#[derive(Debug, Args)]
struct DataArgs {
    /// The node's data directory.
    #[arg(long, env = "COMITY_DATA", value_name = "DIR")]
    data: PathBuf,
}

#[derive(Debug, Args)]
struct InitArgs {
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

#[derive(Debug, Args)]
struct RunArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The address at which to answer HTTP; otherwise as the configuration says.
    #[arg(long, env = "COMITY_LISTEN", value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// The PostgreSQL database; otherwise as the configuration says.
    #[arg(long, env = "COMITY_DATABASE", hide_env_values = true, value_name = "postgres://…")]
    database: Option<String>,
    /// The protection of the connection to the database; otherwise as the configuration or its URL says, and `verify-full`
    /// to another machine.
    #[arg(long, env = "COMITY_DATABASE_TLS", value_name = "HOW")]
    database_tls: Option<DatabaseTls>,
    /// A certificate chain, as PEM: answers HTTPS. Both files are read again when they change.
    #[arg(long, env = "COMITY_TLS_CERT", requires = "tls_key", value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// The certificate's key, as PEM.
    #[arg(long, env = "COMITY_TLS_KEY", requires = "tls_cert", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// `self-signed` answers HTTPS with a certificate made at the start; for tests.
    #[arg(long, env = "COMITY_TLS", value_parser = ["self-signed"], conflicts_with = "tls_cert")]
    tls: Option<String>,
    /// Answer plain HTTP on whatever address: only behind a proxy that does TLS.
    #[arg(long, env = "COMITY_INSECURE_HTTP", conflicts_with_all = ["tls_cert", "tls"])]
    insecure_http: bool,
}

#[derive(Debug, Args)]
struct MirrorArgs {
    /// The node's address, or another mirror's.
    #[arg(long, value_name = "URL")]
    from: String,
    /// The web server's folder; the files go into `federation` in it.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Copy only this agency's: the hash of its first key-log entry. May be given several times.
    #[arg(long, value_name = "GENESIS")]
    agency: Vec<protocol::Hash>,
    /// Certificates to be trusted beside the system's, as a PEM file.
    #[arg(long, value_name = "FILE")]
    roots: Option<PathBuf>,
    /// Copy again and again, with so many seconds between.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    every: Option<u64>,
}

#[derive(Debug, Subcommand)]
enum OperatorCommand {
    /// Add an operator, or give one another token. The token is printed this once.
    Add {
        #[command(flatten)]
        data: DataArgs,
        /// The operator's name, for the audit trail.
        name: String,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = NodeCli::parse();
    let quiet = matches!(cli.command, NodeCommand::Demo(_));
    let filter = tracing_subscriber::EnvFilter::try_from_env("COMITY_LOG")
        .unwrap_or_else(|_| if quiet { demo_filter().into() } else { "info".into() });
    // Who answers never waits for who reads the log: what there is no more room for is dropped.
    let (log, log_guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(LOG_LINES)
        .lossy(true)
        .finish(StderrWriter::default());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(log)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    // What a mirror or a ceremony writes is for others.
    if !matches!(cli.command, NodeCommand::Mirror(_) | NodeCommand::Root(_)) {
        private::mask();
    }
    let is_repair = matches!(cli.command, NodeCommand::Repair(_));
    let ended = run(cli.command).await;
    // What was logged stands before what is said at the end.
    drop(log_guard);
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error, is_repair);
            ExitCode::FAILURE
        }
    }
}

/// Returns the filter of what a demo logs: its nodes share one machine, where waiting for a store's connection is no news.
fn demo_filter() -> String {
    format!("warn,{}", storage::DRIVER_IS_QUIET)
}

async fn run(command: NodeCommand) -> anyhow::Result<()> {
    if matches!(command, NodeCommand::Demo(_) | NodeCommand::Run(_)) {
        node::watchdog::watch();
    }
    match command {
        NodeCommand::Demo(options) => demo::run(options, demo::ctrl_c()).await,
        NodeCommand::Init(options) => make(*options).await,
        NodeCommand::Rebuild(options) => rebuilding::perform(*options).await,
        NodeCommand::Run(options) => run_node(options).await,
        NodeCommand::Root(root) => ceremony::perform(root),
        NodeCommand::Ticket(which) => ticket::show(&which).await,
        NodeCommand::Mirror(options) => mirror(options).await,
        NodeCommand::Repair(options) => repairing::perform(options).await,
        NodeCommand::Operator(OperatorCommand::Add { data, name }) => {
            say(&init::add_operator(&data.data, &name, Clock::default().now()).await?);
            Ok(())
        }
    }
}

/// Runs a node until it is told to stop. SIGHUP has it read its certificate again, and never ends it.
async fn run_node(options: RunArgs) -> anyhow::Result<()> {
    let RunArgs {
        data: DataArgs { data },
        listen,
        database,
        database_tls,
        tls_cert,
        tls_key,
        tls,
        insecure_http,
    } = options;
    let mut hangup = signal(SignalKind::hangup()).context("SIGHUP cannot be heard")?;
    let mut config = Config::load(&data)?;
    node::rebuild::is_finished(&data)?;
    let written = std::fs::read(Config::path(&data))?;
    config.listen = listen.unwrap_or(config.listen);
    config.database = database.or(config.database);
    config.database_tls = database_tls.or(config.database_tls);
    if let (Some(cert), Some(key)) = (tls_cert, tls_key) {
        config.tls = Some(Tls::Files { cert, key });
    } else if tls.is_some() {
        config.tls = Some(Tls::SelfSigned);
    } else if insecure_http {
        config.tls = Some(Tls::None);
    }
    let mut node = node::start(&data, config, Clock::default()).await?;
    node.warn().await;
    let mut end = std::pin::pin!(demo::ctrl_c());
    loop {
        tokio::select! {
            () = &mut end => break,
            error = node.ends() => return Err(error),
            _ = hangup.recv() => {
                node.reload();
                if let Err(error) = Config::load(&data) {
                    tracing::error!("the node runs on, and would not start again: {error:#}");
                } else if std::fs::read(Config::path(&data)).is_ok_and(|now| now != written) {
                    tracing::warn!("comity.toml has changed: what it says counts from the next start on; the certificate is read now");
                }
            }
        }
    }
    tracing::info!("the node stops: requests under way are answered first");
    node.stop().await;
    tracing::info!("the node has stopped");
    Ok(())
}

/// Makes a node: of a new agency, or a further store of one that is there.
async fn make(options: InitArgs) -> anyhow::Result<()> {
    let InitArgs {
        data: DataArgs { data },
        agency,
        name,
        url,
        listen,
        peer_listen,
        database,
        database_tls,
        root_out,
        join,
        key_log,
        kinds,
    } = options;
    let now = Clock::default().now();
    let shown = data.display();
    // To other machines it answers with a certificate alone.
    let certificate = if listen.ip().is_loopback() {
        ""
    } else {
        " --tls-cert cert.pem --tls-key key.pem"
    };
    let next = format!(
        "  add an operator:  comityd operator add NAME --data {shown}\n  run it:           comityd run --data {shown}{certificate}"
    );
    let unreachable = init::unreachable(listen, &url);
    let warn = || {
        if let Some(warning) = &unreachable {
            complain(&format!("warning: {warning}"));
        }
    };
    if let (Some(agency), Some(name)) = (agency, name) {
        let beginning = InitOptions {
            agency,
            name,
            url,
            listen,
            peer_listen,
            database,
            database_tls,
            root_out: root_out.clone(),
        };
        let config = init::init(&data, beginning, now).await?;
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
        warn();
        return Ok(());
    }
    let key_log = key_log.map(|file| {
        let not_read = || format!("`{}` cannot be read", file.display());
        std::fs::read_to_string(&file).with_context(not_read)
    });
    let joining = JoinOptions {
        ticket: join,
        key_log: key_log.transpose()?,
        kinds,
        url,
        listen,
        peer_listen,
        database,
        database_tls,
    };
    let (config, entry) = init::join(&data, joining, now).await?;
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
    warn();
    Ok(())
}

/// Copies once; or for ever, and then a copy that fails is tried again.
async fn mirror(options: MirrorArgs) -> anyhow::Result<()> {
    let MirrorArgs {
        from,
        to,
        agency,
        roots,
        every,
    } = options;
    node::choose_cryptography();
    let only = agency.into_iter().collect();
    loop {
        match (mirror::copy(&from, roots.as_deref(), &only, &to).await, every) {
            (Ok(copied), _) => say(&format!(
                "`{}` holds the files of {} agencies; {} were new, with {} bytes",
                to.display(),
                copied.agencies,
                copied.files,
                copied.bytes
            )),
            (Err(error), None) => return Err(error),
            (Err(error), Some(_)) => report(&error, false),
        }
        let Some(seconds) = every else { return Ok(()) };
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(seconds)) => {}
            () = demo::ctrl_c() => return Ok(()),
        }
    }
}

/// The one place where an error meets the person at the terminal.
fn report(error: &anyhow::Error, is_of_repair: bool) {
    complain(&format!("comityd: {}", in_full(error)));
    if let Some(advice) = node::repair::advice(error, is_of_repair) {
        complain(&format!("comityd: {advice}"));
    }
}
