//! `comityd operator`: who may act for the agency.

use clap::Subcommand;
use node::{init, terminal::say};
use platform::clock::Clock;

use super::DataArgs;

/// The acts on operators.
#[derive(Debug, Subcommand)]
pub(crate) enum OperatorCommand {
    /// Add an operator, or give one another token. The token is printed this once.
    Add {
        #[command(flatten)]
        data: DataArgs,
        /// The operator's name, for the audit trail.
        name: String,
    },
}

/// Carries it out.
pub(crate) async fn perform(command: OperatorCommand) -> anyhow::Result<()> {
    let OperatorCommand::Add { data, name } = command;
    say(&init::add_operator(&data.data, &name, Clock::default().now()).await?);
    Ok(())
}
