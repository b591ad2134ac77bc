//! The operator's commands: `comity` asks a node, over its HTTP API, and prints what it says.
//!
//! **No database, no network of peers, no keys.** Data goes to stdout, messages to stderr, and the exit code says
//! what came of it ([`exit::Exit`]).

mod args;
mod change;
mod client;
mod clock;
mod confirm;
mod credential;
mod csv;
mod exit;
mod framework;
mod issue;
mod issuer;
mod key;
mod out;
mod peer;
mod policy;
mod profile;
mod registration;
mod rubric;
mod show;
mod status;
mod store;
mod trust;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use registry_schema::Timestamp;

use crate::{
    args::{Cli, CliCommand},
    client::ApiClient,
    exit::Exit,
    out::OutputWriter,
    profile::Profile,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let exit = match run(Cli::parse()).await {
        Ok(exit) => exit,
        Err(error) => {
            out::note(&format!("comity: {error:#}"));
            exit::of(&error)
        }
    };
    ExitCode::from(exit.code())
}

/// Everything that a command has at hand.
struct CommandContext {
    client: ApiClient,
    out: OutputWriter,
    profile: Profile,
    yes: bool,
    dry_run: bool,
}

impl CommandContext {
    /// The time by the node that is asked, as of its last answer.
    fn now(&self) -> Timestamp {
        self.client.now()
    }

    /// Returns true if somebody is to be asked before something is changed.
    fn asks(&self) -> bool {
        !self.yes && !self.dry_run && confirm::somebody_is_there()
    }

    /// Asks, if somebody is there to answer. Where nobody is, goes on with what can be undone, and with the rest if `--yes` was
    /// given ([`CliCommand::needs_a_yes`]).
    fn agrees(&self, question: &str) -> anyhow::Result<()> {
        match self.asks() {
            true => confirm::ask(question)?,
            false if self.yes || self.dry_run => {}
            false => return self.client.was_agreed(),
        }
        self.client.may_write();
        Ok(())
    }

    /// Says something about what was done; nothing in a dry run.
    fn done(&self, text: &str) {
        if !self.dry_run {
            out::note(text);
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<Exit> {
    let Cli { options, command } = cli;
    if let CliCommand::Completions { shell } = command {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "comity", &mut script);
        OutputWriter::new(false).data(&String::from_utf8_lossy(&script))?;
        return Ok(Exit::Done);
    }
    if let CliCommand::Peer(args::PeerCommand::ForkCheck { file }) = &command {
        return peer::fork_check(OutputWriter::new(options.is_json()), file);
    }
    if let CliCommand::Policy(command) = &command
        && let Some(exit) = policy::without_a_node(OutputWriter::new(options.is_json()), command)
    {
        return exit;
    }
    if options.dry_run && !command.changes_something() {
        return Err(exit::usage(
            "`--dry-run` is for commands that change something, and this one does not: leave it out",
        ));
    }
    let mut profile = profile::load(options.profile.as_deref())?;
    profile.insecure_http |= options.insecure_http;
    let session = CommandContext {
        client: ApiClient::new(options.node.as_deref(), &profile)?,
        out: OutputWriter::new(options.is_json()),
        profile,
        yes: options.yes,
        dry_run: options.dry_run,
    };
    if command.needs_a_yes() {
        session.client.waits_for_a_yes();
    }
    match command {
        CliCommand::Verify(args) => verify::verify(&session, &args).await,
        CliCommand::Status => status::status(&session).await,
        CliCommand::Clock(command) => clock::handle(&session, command).await,
        CliCommand::Store(command) => store::handle(&session, command).await,
        CliCommand::Issuer(command) => issuer::handle(&session, command).await,
        CliCommand::Rubric(command) => rubric::handle(&session, command).await,
        CliCommand::Trust(command) => trust::handle(&session, command).await,
        CliCommand::Framework(command) => framework::handle(&session, command).await,
        CliCommand::Policy(command) => policy::handle(&session, command).await,
        CliCommand::Credential(command) => credential::handle(&session, command).await,
        CliCommand::Key(command) => key::handle(&session, command).await,
        CliCommand::Peer(command) => peer::handle(&session, command).await,
        CliCommand::Completions { .. } => Ok(Exit::Done),
    }
}
