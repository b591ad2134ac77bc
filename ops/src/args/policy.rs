//! The commands that are typed after `comity policy`.

use std::path::PathBuf;

use clap::Subcommand;
use registry_schema::{AgencyId, Purpose, QueryDate, Timestamp};

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Print an agency's policy, as a file that can be changed and applied
    #[command(after_help = "\
Examples:
  comity policy show > policy.toml
  comity policy show --agency US-TN --at 2026-01-01")]
    Show {
        /// Whose: US-TN; the node's own agency's if none is given
        #[arg(long, value_name = "ID")]
        agency: Option<AgencyId>,
        /// As it was in force at this date
        #[arg(long, value_name = "DATE")]
        at: Option<Timestamp>,
    },
    /// Make a file your agency's policy
    #[command(after_help = "\
Examples:
  comity policy what-if policy.toml
  comity policy apply policy.toml

Only what differs is written. A rule that the file no longer has ends now; one
that it changes is kept for earlier dates. Asks before it acts if a person is
there to answer; --yes answers.")]
    Apply {
        /// The policy
        file: PathBuf,
    },
    /// What would change: the rules, and your agency's own badges, counted by issuer
    #[command(after_help = "Example:\n  comity policy what-if policy.toml")]
    WhatIf {
        /// The policy that might be applied
        file: PathBuf,
    },
    /// Say how two policies differ, rule by rule; of one file: from your agency's policy
    #[command(after_help = "\
Examples:
  comity policy diff policy.toml
  comity policy diff old.toml new.toml

Exit codes: 0 no difference; 1 they differ.")]
    Diff {
        /// One file, or two: the old one and the new one
        #[arg(required = true, num_args = 1..=2, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Run an agency's own examples against its policy, without a node
    #[command(after_help = "\
Example:
  comity policy test policy.toml cases.toml

Exit codes: 0 all give the answer that they say; 1 one does not.")]
    Test {
        /// The policy
        file: PathBuf,
        /// The cases
        cases: PathBuf,
    },
    /// What several badges of one teacher count for together, under an agency's rules
    #[command(after_help = "\
Examples:
  comity policy worth badges/*.json --agency US-TN
  comity policy worth badges/*.json --sample US-KY --purpose salary

Exit codes: 0 something is accepted; 1 nothing is; 3 could not be checked.")]
    Worth {
        /// Files, links or codes; at most 50
        #[arg(required = true, num_args = 1..=50, value_name = "FILE|URL|CODE")]
        badges: Vec<String>,
        /// Whose rules: US-TN; the node's own agency's if none is given
        #[arg(long, value_name = "ID")]
        agency: Option<AgencyId>,
        /// By one of the shipped samples of rules instead (`comity policy sample list`); not legal advice
        #[arg(long, value_name = "ID", conflicts_with = "agency")]
        sample: Option<AgencyId>,
        /// What they should count for
        ///
        /// Renewal if none is given; by a sample, every use that its rules name.
        #[arg(long, value_parser = super::purposes())]
        purpose: Option<Purpose>,
        /// As of this date
        #[arg(long, value_name = "DATE")]
        at: Option<QueryDate>,
    },
    /// Print the model policy with your agency's id in it, to change and to apply
    #[command(after_help = "Example:\n  comity policy adopt US-NC > policy.toml")]
    Adopt {
        /// Your agency's id
        agency: AgencyId,
    },
    /// The shipped samples of rules: what 13 states and two districts were found to say, with sources
    #[command(
        subcommand,
        after_help = "\
Examples:
  comity policy sample list
  comity policy sample show US-KY

Sample data, not legal advice. Needs no node."
    )]
    Sample(SampleCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum SampleCommand {
    /// Whose rules there are, for which uses, and where they are written
    #[command(after_help = "Example:\n  comity policy sample list")]
    List,
    /// Print one, as a policy file
    #[command(after_help = "Example:\n  comity policy sample show US-KY > policy.toml")]
    Show {
        /// Whose: US-KY, US-CO:aurora
        #[arg(value_name = "ID")]
        agency: AgencyId,
    },
}
