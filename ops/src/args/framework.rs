//! The commands that are typed after `comity framework`.

use std::path::PathBuf;

use clap::{
    Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use policy::framework::mint;

#[derive(Debug, Subcommand)]
pub(crate) enum FrameworkCommand {
    /// Import a framework: a CASE package, or a definition to mint items from
    #[command(after_help = "\
Examples:
  comity framework import standards.json --tested Mathematics --tested Science
  comity framework import --sample ncpts

A CASE 1.1 package in JSON; 1.0 exports with empty strings, with or without the
`CFPackage` wrapper, are read as well. A definition to mint from is TOML: only
names that are known, no invented wording. A later import with the same
identifier takes the place of the earlier one. Asks before it acts if a person
is there to answer; --yes answers.")]
    Import {
        /// The package or definition
        #[arg(required_unless_present = "sample")]
        file: Option<PathBuf>,
        /// A definition that comes with this program, instead of a file
        #[arg(long, value_name = "ID", conflicts_with = "file", value_parser = samples())]
        sample: Option<String>,
        /// A subject in which students are tested; can be given several times
        #[arg(long, value_name = "SUBJECT")]
        tested: Vec<String>,
    },
    /// List the frameworks of your agency's node
    #[command(after_help = "Example:\n  comity framework list")]
    List,
    /// Show a framework with its items
    #[command(after_help = "Example:\n  comity framework show ncpts")]
    Show {
        /// Its identifier, as `framework list` shows it
        id: String,
    },
    /// Keep a framework no more
    #[command(after_help = "\
Examples:
  comity framework remove ncpts --dry-run
  comity framework remove ncpts

What badges say that they are aligned to stays as it is. Asks before it acts if
a person is there to answer; --yes answers.")]
    Remove {
        /// Its identifier, as `framework list` shows it
        id: String,
    },
    /// How far your agency's achievements cover a framework, item by item
    #[command(after_help = "\
Example:
  comity framework coverage ncpts

Badges are aligned when they are issued: comity credential issue --aligned-to ITEM")]
    Coverage {
        /// Its identifier, as `framework list` shows it
        id: String,
    },
}

fn samples() -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(mint::SAMPLES.map(|(id, _)| id)).map(String::from)
}
