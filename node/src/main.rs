//! `comityd`: makes a node, runs it, or shows a federation on this machine.

mod commands;

use std::{io::IsTerminal as _, process::ExitCode};

use clap::Parser as _;
use node::terminal::StderrWriter;
use platform::private;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};

use commands::{NodeCli, NodeCommand};

/// The number of lines of the log that wait for whoever reads it.
const LOG_LINES: usize = 8192;

/// Judging a badge takes some hundred small allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let NodeCli { command } = NodeCli::parse();
    let log = write_log(&command);
    if !command.writes_for_others() {
        private::mask();
    }
    let is_repair = matches!(command, NodeCommand::Repair(_));
    let ended = command.perform().await;
    // What was logged stands before what is said at the end.
    drop(log);
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            commands::report(&error, is_repair);
            ExitCode::FAILURE
        }
    }
}

/// Sends the log to standard error, until the guard is dropped. Who answers never waits for who reads the log: what there is
/// no more room for is dropped.
fn write_log(command: &NodeCommand) -> WorkerGuard {
    let filter =
        tracing_subscriber::EnvFilter::try_from_env("COMITY_LOG").unwrap_or_else(|_| command.default_filter().into());
    let (log, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(LOG_LINES)
        .lossy(true)
        .finish(StderrWriter::default());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(log)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    guard
}
