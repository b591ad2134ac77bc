//! `comityd`: makes a node, runs it, or shows a federation on this machine.

use std::{fs, net::SocketAddr, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use node::{
    clock::Clock,
    config::{Config, Tls},
    demo,
    init::{self, Beginning},
    root,
};
use registry_schema::AgencyId;

/// A node of Comity, the federated registry for educators' micro-credentials.
#[derive(Debug, Parser)]
#[command(name = "comityd", version, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start a federation of three agencies on this machine, with sample badges to try.
    Demo(demo::Options),
    /// Make a node: keys, an empty store, a configuration.
    Init(Init),
    /// Run a node.
    Run(Run),
    /// Print what another node's operator puts into its `comity.toml` to add this node as a peer.
    Ticket(Data),
    /// The root's ceremony: make root keys, sign entries of the key log, rotate. Works offline, on files.
    #[command(subcommand)]
    Root(Root),
    /// Manage who may act for this agency.
    #[command(subcommand)]
    Operator(Operator),
}

#[derive(Debug, Args)]
struct Data {
    /// The node's data directory.
    #[arg(long, env = "COMITY_DATA", value_name = "DIR")]
    data: PathBuf,
}

#[derive(Debug, Args)]
struct Init {
    #[command(flatten)]
    data: Data,
    /// The agency: ISO 3166-2, with a local part for a district (US-CO:aurora).
    #[arg(long, value_name = "US-NC")]
    agency: AgencyId,
    /// Its name for people.
    #[arg(long)]
    name: String,
    /// Where the node will answer. Credentials name it, so it is for good.
    #[arg(long)]
    url: String,
    /// Where it answers HTTP on this machine.
    #[arg(long, default_value = "127.0.0.1:7400", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// Where it listens for peers, as a multiaddress; may be given several times.
    #[arg(long, default_values = ["/ip4/0.0.0.0/tcp/7500", "/ip4/0.0.0.0/udp/7500/quic-v1"], value_name = "MULTIADDRESS")]
    peer_listen: Vec<String>,
    /// A PostgreSQL database to keep everything in; SQLite in the data directory otherwise.
    #[arg(long, env = "COMITY_DATABASE", hide_env_values = true, value_name = "postgres://…")]
    database: Option<String>,
}

#[derive(Debug, Args)]
struct Run {
    #[command(flatten)]
    data: Data,
    /// Where to answer HTTP; otherwise as the configuration says.
    #[arg(long, env = "COMITY_LISTEN", value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// The PostgreSQL database; otherwise as the configuration says.
    #[arg(long, env = "COMITY_DATABASE", hide_env_values = true, value_name = "postgres://…")]
    database: Option<String>,
    /// A certificate chain, as PEM: answers HTTPS.
    #[arg(long, env = "COMITY_TLS_CERT", requires = "tls_key", value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// The certificate's key, as PEM.
    #[arg(long, env = "COMITY_TLS_KEY", requires = "tls_cert", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// `self-signed` answers HTTPS with a certificate made at the start; for tests.
    #[arg(long, env = "COMITY_TLS", value_parser = ["self-signed"], conflicts_with = "tls_cert")]
    tls: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Operator {
    /// Add an operator, or give one another token. The token is printed this once.
    Add {
        #[command(flatten)]
        data: Data,
        /// The operator's name, for the audit trail.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
enum Root {
    /// Make a new root key in a file of its own.
    New {
        /// Where.
        file: PathBuf,
    },
    /// Print the public half of a root key.
    Show {
        /// The key's file.
        file: PathBuf,
    },
    /// Read what an entry does, and add the signature of a holder of the root.
    Sign {
        /// The entry, as `comity key …` wrote it; the signed one takes its place.
        entry: PathBuf,
        /// A root key's file; may be given several times.
        #[arg(long = "root", required = true, value_name = "FILE")]
        roots: Vec<PathBuf>,
        /// Sign without asking.
        #[arg(long)]
        yes: bool,
    },
    /// Write the entry that puts the next root in the place of the root, signed by the next one.
    Rotate {
        /// The key log, as `comity key export` wrote it.
        key_log: PathBuf,
        /// A key of the new root, which the key log committed to; may be given several times.
        #[arg(long = "root", required = true, value_name = "FILE")]
        roots: Vec<PathBuf>,
        /// How many of the new root's keys sign together.
        #[arg(long, default_value_t = 1)]
        threshold: u8,
        /// The root after the new one: a key's file, made if it is not there; may be given several times.
        #[arg(long = "next", required = true, value_name = "FILE")]
        next: Vec<PathBuf>,
        /// How many of the root's keys after the new one sign together.
        #[arg(long, default_value_t = 1)]
        next_threshold: u8,
        /// Where to write the entry.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let quiet = matches!(cli.command, Command::Demo(_));
    let filter = tracing_subscriber::EnvFilter::try_from_env("COMITY_LOG")
        .unwrap_or_else(|_| if quiet { "warn".into() } else { "info".into() });
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match run(cli.command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Demo(options) => demo::run(options, demo::ctrl_c()).await,
        Command::Init(Init {
            data,
            agency,
            name,
            url,
            listen,
            peer_listen,
            database,
        }) => {
            let beginning = Beginning {
                agency,
                name,
                url,
                listen,
                peer_listen,
                database,
            };
            let config = init::init(&data.data, beginning, Clock::default().now()).await?;
            let shown = data.data.display();
            say(&format!(
                "made a node of {} in `{shown}`\n  move `{shown}/keys/root.key` and `next-root.key` to a place that is offline\n  \
                 add an operator:  comityd operator add NAME --data {shown}\n  run it:           comityd run --data {shown}",
                config.agency
            ));
            Ok(())
        }
        Command::Run(Run {
            data,
            listen,
            database,
            tls_cert,
            tls_key,
            tls,
        }) => {
            let mut config = Config::load(&data.data)?;
            config.listen = listen.unwrap_or(config.listen);
            config.database = database.or(config.database);
            if let (Some(cert), Some(key)) = (tls_cert, tls_key) {
                config.tls = Some(Tls::Files { cert, key });
            } else if tls.is_some() {
                config.tls = Some(Tls::SelfSigned);
            }
            let node = node::start(&data.data, config, Clock::default()).await?;
            demo::ctrl_c().await;
            node.stop().await;
            Ok(())
        }
        Command::Ticket(data) => {
            let ticket = init::ticket(&data.data)?;
            say(&format!(
                "[[peers]]\n{}",
                toml::to_string(&ticket)
                    .context("the ticket cannot be written")?
                    .trim_end()
            ));
            Ok(())
        }
        Command::Root(root) => ceremony(root),
        Command::Operator(Operator::Add { data, name }) => {
            say(&init::add_operator(&data.data, &name, Clock::default().now()).await?);
            Ok(())
        }
    }
}

fn ceremony(command: Root) -> anyhow::Result<()> {
    match command {
        Root::New { file } => {
            let key = root::new_key(&file)?;
            say(&format!("made `{}`: keep it offline\npublic key {key}", file.display()));
        }
        Root::Show { file } => say(&root::key(&file)?.public().to_string()),
        Root::Sign { entry, roots, yes } => {
            let text = fs::read_to_string(&entry).with_context(|| format!("`{}` cannot be read", entry.display()))?;
            let claim = root::entry_from_text(&text)?.claim()?;
            say(&format!(
                "this entry, at place {} of the key log, says:\n  {}",
                claim.position, claim.act
            ));
            if !yes {
                confirm("sign it?")?;
            }
            let holders: anyhow::Result<Vec<_>> = roots.iter().map(|file| root::key(file)).collect();
            let signed = root::sign(&entry, &holders?)?;
            say(&format!(
                "signed by {} key{}; take it to the node: comity key apply {}",
                signed.signers().count(),
                if signed.signers().count() == 1 { "" } else { "s" },
                entry.display()
            ));
        }
        Root::Rotate {
            key_log,
            roots,
            threshold,
            next,
            next_threshold,
            out,
        } => {
            let text =
                fs::read_to_string(&key_log).with_context(|| format!("`{}` cannot be read", key_log.display()))?;
            let key_log = root::key_log_from_text(&text)?;
            let holders: anyhow::Result<Vec<_>> = roots.iter().map(|file| root::key(file)).collect();
            for file in next.iter().filter(|file| !file.exists()) {
                let key = root::new_key(file)?;
                say(&format!(
                    "made `{}`: keep it offline, apart from the root\npublic key {key}",
                    file.display()
                ));
            }
            let after: anyhow::Result<Vec<_>> = next.iter().map(|file| Ok(root::key(file)?.public())).collect();
            let after = protocol::Root::new(next_threshold, after?)?;
            let entry = root::rotate(&key_log, &holders?, threshold, &after, Clock::default().now())?;
            root::replace(&out, &root::entry_to_text(&entry)?)?;
            say(&format!(
                "wrote `{}`: {} of {} has a new root; take it to the node: comity key apply {}",
                out.display(),
                key_log.founding().agency,
                root::fingerprint(&key_log.genesis()),
                out.display()
            ));
        }
    }
    Ok(())
}

/// Asks the person at the terminal.
fn confirm(question: &str) -> anyhow::Result<()> {
    say(&format!("{question} [yes/no]"));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    anyhow::ensure!(answer.trim() == "yes", "nothing was signed");
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is what the command was asked for")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(
    clippy::print_stderr,
    reason = "the one place where an error meets the person at the terminal"
)]
fn report(error: &anyhow::Error) {
    eprintln!("comityd: {error:#}");
}
