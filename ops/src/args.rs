//! The commands that can be typed.

mod credential;
mod finality;
mod framework;
mod issuer;
mod key;
mod peer;
mod policy;
pub(crate) mod trust;

use std::path::PathBuf;

use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};
pub(crate) use peer::{PeerAddArgs, PeerCommand};
use registry_schema::{AgencyId, Purpose, QueryDate};

pub(crate) use self::policy::{PolicyCommand, SampleCommand};
pub(crate) use self::trust::{RecognizeArgs, TrustCommand};
pub(crate) use credential::{CredentialCommand, IssueArgs, StatusEntryArgs};
pub(crate) use framework::FrameworkCommand;
pub(crate) use issuer::{
    CaseStepArgs, IssuerAddArgs, IssuerApplyArgs, IssuerCommand, IssuerRefreshArgs, NoteArgs, NoticeIntent,
    RubricCommand,
};
pub(crate) use key::{KeyCommand, KeyEndArgs};

const EXIT_CODES: &str = "\
Exit codes:
  0  done, or accepted
  1  a negative answer: not valid, not recognized, unreadable, not found
  2  what was typed cannot be done
  3  could not be checked
  4  not allowed
  5  conflict
  6  the node, or a peer of it, did not answer
  7  integrity: the answer is not to what was asked

Examples:
  comity --node https://registry.example.gov verify badge.json
  comity --profile profiles/US-SC.toml trust list
  comity status

A profile is a TOML file with `node`, `agency`, `token` and, for a node with a
certificate of its own, `ca_file`. Without --profile it is read from
$XDG_CONFIG_HOME/comity/profile.toml (or ~/.config/comity/profile.toml).";

/// Verify, recognize, issue and revoke educators' micro-credentials, through a node of the registry
#[derive(Debug, Parser)]
#[command(name = "comity", version, after_help = EXIT_CODES, max_term_width = 80, propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) options: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: CliCommand,
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "For every command")]
pub(crate) struct GlobalArgs {
    /// Read node, agency and token from this profile
    #[arg(long, global = true, env = "COMITY_PROFILE", value_name = "FILE")]
    pub(crate) profile: Option<PathBuf>,
    /// Ask this node; the profile's token goes to the profile's node only
    #[arg(long, global = true, env = "COMITY_NODE", value_name = "URL")]
    pub(crate) node: Option<String>,
    /// Print for people, or the node's JSON for programs
    #[arg(
        long,
        global = true,
        env = "COMITY_OUTPUT",
        value_enum,
        default_value = "table",
        value_name = "FORM"
    )]
    pub(crate) output: OutputFormat,
    /// Print JSON; the same as `--output json`
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Do not ask before something is done; needed for what cannot be undone, where nobody is there to answer
    #[arg(long, global = true)]
    pub(crate) yes: bool,
    /// Let the node check a change without making it
    #[arg(long, global = true)]
    pub(crate) dry_run: bool,
    /// Let the token travel in clear to another machine
    #[arg(long, global = true, env = "COMITY_INSECURE_HTTP")]
    pub(crate) insecure_http: bool,
}

impl GlobalArgs {
    /// Returns true if the node's JSON is printed.
    pub(crate) fn is_json(&self) -> bool {
        self.json || self.output == OutputFormat::Json
    }
}

/// The form in which data is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// For people: at most 80 columns
    Table,
    /// For programs: the node's JSON, one value a line
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CliCommand {
    /// Check badges: by a signer that is registered, in date, not revoked, recognized here?
    #[command(after_help = "\
Examples:
  comity verify badge.json
  comity verify --purpose renewal --at 2026-08-15 badge.png
  comity verify --at 2026-08-15 --known 2026-09-01 badge.png
  comity verify NC-4K2M9-QXR7T-3
  curl -s https://badges.example.org/17 | comity verify -
  comity verify --output json badges/*.json
  comity verify --bulk hires.csv

Exit codes: 0 accepted; 1 not valid, not recognized or unreadable; 3 could not
be checked. Of several badges, the highest counts.")]
    Verify(VerifyArgs),
    /// Is the node ready, and how fresh is what it knows of each agency?
    #[command(
        after_help = "Example:\n  comity status\n\nExit codes: 0 ready; 1 not ready, or it cannot write; 3 a part of\nthe answer is missing, or more of an agency exists than is taken in; 6 no\nanswer, or a peer is not connected; 7 an agency shows two histories, for good,\nor is in quarantine. Where several hold, the first of 1, 7, 3, 6."
    )]
    Status,
    /// Issuers: who signs badges, and how they come to
    #[command(subcommand)]
    Issuer(IssuerCommand),
    /// Rubrics: what applications of issuers are reviewed against
    #[command(subcommand)]
    Rubric(RubricCommand),
    /// Trust lists: whose badges an agency accepts, for what
    #[command(subcommand)]
    Trust(TrustCommand),
    /// Policies: what an agency accepts, and what that counts for
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Frameworks: what achievements align to, and how far they cover it
    #[command(subcommand)]
    Framework(FrameworkCommand),
    /// Credentials that your agency keeps
    #[command(subcommand)]
    Credential(CredentialCommand),
    /// The agencies' nodes that this node talks to
    #[command(subcommand)]
    Peer(PeerCommand),
    /// Your agency's keys: who may write, and what the root signs offline
    #[command(subcommand)]
    Key(KeyCommand),
    /// The node's clock: whether it is believed, and your word that it is right
    #[command(subcommand)]
    Clock(ClockCommand),
    /// The node's store: whether it has all that your agency wrote, and your word that it has
    #[command(subcommand)]
    Store(StoreCommand),
    /// Print a completion script for a shell
    #[command(after_help = "Example:\n  comity completions bash > ~/.local/share/bash-completion/completions/comity")]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

impl CliCommand {
    /// Returns true if there is something to leave undone in a dry run.
    pub(crate) const fn changes_something(&self) -> bool {
        match self {
            Self::Trust(
                TrustCommand::Recognize(_)
                | TrustCommand::Withdraw { .. }
                | TrustCommand::RecognizeAgency(_)
                | TrustCommand::WithdrawAgency { .. }
                | TrustCommand::Import { .. },
            ) => true,
            Self::Issuer(command) => command.changes_something(),
            Self::Rubric(command) => matches!(command, RubricCommand::Import { .. }),
            Self::Key(key) => !matches!(key, KeyCommand::List | KeyCommand::Export { .. }),
            Self::Framework(command) => matches!(
                command,
                FrameworkCommand::Import { .. } | FrameworkCommand::Remove { .. }
            ),
            Self::Policy(p) => matches!(p, PolicyCommand::Apply { .. }),
            Self::Peer(command) => command.changes_something(),
            Self::Credential(c) => !matches!(c, CredentialCommand::List { .. } | CredentialCommand::Show { .. }),
            Self::Clock(command) => matches!(command, ClockCommand::Accept),
            Self::Store(command) => matches!(command, StoreCommand::Accept),
            Self::Verify(_) | Self::Status | Self::Trust(_) | Self::Completions { .. } => false,
        }
    }
}

/// The node's clock.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum ClockCommand {
    /// Show the time by which the node acts, and why it is in doubt, if it is
    #[command(after_help = "Example:\n  comity clock show\n\nExit codes: 0 believed; 3 in doubt.")]
    Show,
    /// Vouch for the machine's clock after you have set it right: the node follows it from here on
    #[command(after_help = "\
Example:
  comity clock accept

What it does: the node takes the machine's clock as it is now for right, signs
again, and calls lists fresh by it. What it signed with a later date does not
count. Its log and its audit trail name you.
When: `comity clock show` says that it is in doubt, you have compared it with
another clock, and the doubt stays though peers are connected.
When not: while the clock is wrong. Set it right first (chrony,
systemd-timesyncd): a wrong one that is accepted dates revocations wrongly.
Asks before it acts; where nobody is there to answer, --yes is needed.")]
    Accept,
}

/// The node's store.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Show whether the store is known to have all that your agency wrote, and why not
    #[command(after_help = "Example:\n  comity store show\n\nExit codes: 0 it has all; 3 in doubt.")]
    Show,
    /// Vouch for the store after you restored a backup and no peer can be reached: the node goes on from it
    #[command(after_help = "\
Example:
  comity store show
  comity store accept

What it does: the node takes its store for all that your agency ever wrote, and
signs and answers from it. Its log and its audit trail name you.
When: a backup was restored, or the node began anew, and the peers that hold
your agency's log cannot be reached for long (`comity peer list`).
When not: while a peer can be reached, which settles it by itself. A revocation
made after the backup is then unknown, and its badge is called good everywhere:
have your records at hand, and revoke and suspend again what they name.
Asks before it acts; where nobody is there to answer, --yes is needed.")]
    Accept,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// A file (JSON, JWT, baked PNG or SVG), a link, a code, or `-` for stdin
    #[arg(required_unless_present = "bulk", value_name = "FILE|URL|CODE|-")]
    pub(crate) badges: Vec<String>,
    /// Many badges at once: a ZIP of badge files, JSON lines, or a CSV with a column of codes, links or badges
    #[arg(long, value_name = "FILE", conflicts_with = "badges")]
    pub(crate) bulk: Option<String>,
    /// Was it good on this day? The whole day by the asked agency's calendar (2026-11-23), or a moment
    /// (2026-11-23T14:02:11Z)
    #[arg(long, value_name = "DATE")]
    pub(crate) at: Option<QueryDate>,
    /// By what the node knew by the end of this day (2026-11-23) or at this moment, and no later word
    #[arg(long, value_name = "DATE")]
    pub(crate) known: Option<QueryDate>,
    /// What it should count for; any purpose will do if none is given
    #[arg(long, value_parser = purposes())]
    pub(crate) purpose: Option<Purpose>,
    /// Whose answer is wanted: US-TN; the node's own agency if none is given
    #[arg(long, value_name = "ID")]
    pub(crate) agency: Option<AgencyId>,
}

fn purposes() -> impl TypedValueParser<Value = Purpose> {
    PossibleValuesParser::new(Purpose::ALL.map(Purpose::as_str)).try_map(|text| text.parse::<Purpose>())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use registry_schema::StatusReason;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_arguments_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_help_with_an_example() {
        fn check(command: &clap::Command) {
            assert!(command.get_about().is_some(), "{}", command.get_name());
            if !command.has_subcommands() {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.contains("comity "), "no example at `{}`", command.get_name());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }

    #[test]
    fn a_revocation_is_one_line_in_a_script() {
        let cli = parse("comity credential revoke NC-4K2M9-QXR7T-3 --reason issued_in_error").unwrap();
        let CliCommand::Credential(CredentialCommand::Revoke(entry)) = cli.command else {
            panic!("{:?}", cli.command)
        };
        assert_eq!(entry.reason, StatusReason::IssuedInError);
        assert!(parse("comity credential revoke NC-4K2M9-QXR7T-3").is_err());
        assert!(parse("comity credential revoke NC-4K2M9-QXR7T-3 --reason because").is_err());
    }

    #[test]
    fn recognition_is_for_renewal_if_nothing_else_is_said() {
        let cli = parse("comity trust recognize did:key:z6Mk").unwrap();
        let CliCommand::Trust(TrustCommand::Recognize(args)) = cli.command else {
            panic!("{:?}", cli.command)
        };
        assert_eq!(args.purposes, [Purpose::Renewal]);
        let cli = parse("comity trust recognize did:key:z6Mk --purpose salary --purpose stipend").unwrap();
        let CliCommand::Trust(TrustCommand::Recognize(args)) = cli.command else {
            panic!("{:?}", cli.command)
        };
        assert_eq!(args.purposes, [Purpose::Salary, Purpose::Stipend]);
    }

    #[test]
    fn options_stand_before_or_after_the_command() {
        for line in [
            "comity --output json verify a b --at 2026-08-15",
            "comity verify a b --at 2026-08-15 --output json",
        ] {
            let cli = parse(line).unwrap();
            assert!(cli.options.is_json());
            let CliCommand::Verify(args) = cli.command else {
                panic!("{:?}", cli.command)
            };
            assert_eq!(args.badges, ["a", "b"]);
            assert_eq!(args.at.unwrap().to_string(), "2026-08-15");
        }
    }

    #[test]
    fn nothing_skips_the_check_of_a_nodes_certificate() {
        assert!(parse("comity --insecure status").is_err());
    }

    #[test]
    fn only_what_changes_something_can_be_run_dry() {
        for (line, changes) in [
            ("comity verify a", false),
            ("comity status", false),
            ("comity credential list", false),
            ("comity credential issue --csv a.csv --out badges", true),
            ("comity trust withdraw r1", true),
            ("comity issuer add --name N", true),
            (
                "comity issuer add --name N --did did:web:a --key #1=z6Mk --status-list https://a/1",
                true,
            ),
            ("comity issuer refresh N --add-status-list https://a/1", true),
            ("comity issuer prove app-1 -", true),
            ("comity issuer list --applications", false),
            ("comity issuer history N", false),
            ("comity issuer review app-1 --all met", true),
            ("comity issuer decide-appeal app-1 --granted --note N", true),
            ("comity issuer provider N third_party", true),
            ("comity issuer expunge-contact app-1", true),
            ("comity framework remove f", true),
            ("comity rubric list", false),
            ("comity rubric import a.toml", true),
            ("comity trust list", false),
            ("comity peer add x", true),
            ("comity peer remove US-SC --expel", true),
            ("comity peer introductions", false),
        ] {
            assert_eq!(parse(line).unwrap().command.changes_something(), changes, "{line}");
        }
    }
}
