//! The commands of `comityd`: what each takes from the command line, and what it tells the person there.

mod init;
mod mirror;
mod operator;
mod rebuild;
mod repair;
mod root;
mod run;
mod ticket;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use node::{
    demo,
    terminal::{complain, in_full},
};

/// A node of Comity, the federated registry for educators' micro-credentials.
#[derive(Debug, Parser)]
#[command(name = "comityd", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct NodeCli {
    #[command(subcommand)]
    pub(crate) command: NodeCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum NodeCommand {
    /// Start a federation of three agencies on this machine, with sample badges to try.
    Demo(demo::DemoArgs),
    /// Make a node: keys, an empty store, a configuration.
    Init(Box<init::InitArgs>),
    /// Run a node.
    Run(run::RunArgs),
    /// Get back a node whose database is lost, from its peers' files: all that replicates, with its old writer key or, with
    /// the offline root, a new one.
    Rebuild(Box<rebuild::RebuildArgs>),
    /// Print this node's ticket, by which others follow it: `comity peer add TICKET` at theirs.
    Ticket(ticket::TicketArgs),
    /// The root's ceremony: make root keys, sign entries of the key log, rotate. Works offline, on files.
    #[command(subcommand)]
    Root(root::RootCommand),
    /// Copy a node's lists, as signed files, into a folder that any web server can serve.
    Mirror(mirror::MirrorArgs),
    /// Mend a store that stops its node: get its own key log back from a file or from peers, and take out what else is damaged,
    /// which the node asks its peers for at its next start. It names issuers' keys that are damaged.
    Repair(repair::RepairArgs),
    /// Manage who may act for this agency.
    #[command(subcommand)]
    Operator(operator::OperatorCommand),
}

/// The option that names a data directory.
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// The node's data directory.
    #[arg(long, env = "COMITY_DATA", value_name = "DIR")]
    pub(crate) data: PathBuf,
}

impl NodeCommand {
    /// Returns true if what it writes is for others to read: a mirror's files, and a ceremony's.
    pub(crate) const fn writes_for_others(&self) -> bool {
        matches!(self, Self::Mirror(_) | Self::Root(_))
    }

    /// Returns the filter of what is logged, unless the environment names one. The nodes of a demo share one machine, where
    /// waiting for a store's connection is no news.
    pub(crate) fn default_filter(&self) -> String {
        match self {
            Self::Demo(_) => format!("warn,{}", storage::DRIVER_IS_QUIET),
            _ => "info".to_owned(),
        }
    }

    /// Carries it out.
    pub(crate) async fn perform(self) -> anyhow::Result<()> {
        if matches!(self, Self::Demo(_) | Self::Run(_)) {
            node::watchdog::watch();
        }
        match self {
            Self::Demo(options) => demo::run(options, demo::shutdown_signal()).await,
            Self::Init(options) => init::perform(*options).await,
            Self::Rebuild(options) => rebuild::perform(*options).await,
            Self::Run(options) => run::perform(options).await,
            Self::Root(command) => root::perform(command),
            Self::Ticket(options) => ticket::show(&options).await,
            Self::Mirror(options) => mirror::perform(options).await,
            Self::Repair(options) => repair::perform(options).await,
            Self::Operator(command) => operator::perform(command).await,
        }
    }
}

/// The one place where an error meets the person at the terminal.
pub(crate) fn report(error: &anyhow::Error, is_of_repair: bool) {
    complain(&format!("comityd: {}", in_full(error)));
    if let Some(advice) = node::repair::advice(error, is_of_repair) {
        complain(&format!("comityd: {advice}"));
    }
}
