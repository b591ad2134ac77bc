//! `comity credential`: what can be typed.

use std::path::PathBuf;

use clap::{
    Args, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use registry_schema::{Decimal, StatusReason, TermDate};

#[derive(Debug, Subcommand)]
pub(crate) enum CredentialCommand {
    /// Issue a badge, or many from a CSV file
    #[command(after_help = "\
Examples:
  comity credential issue --issuer \"Palmetto Learning\" \\
    --achievement-name \"Formative Assessment\" --subject \"Ana Reyes\" \\
    --valid-until 2031-07-01 --out badge.json
  comity credential issue --issuer \"Palmetto Learning\" \\
    --csv class.csv --out badges/

The CSV file's first line names its columns. Needed: subject, and
achievement_name unless --achievement-name is given. Known besides: issuer,
achievement_id, description, criteria, aligned_to (items, spaces between them),
clock_hours, assessed_blind (yes or no), valid_from, valid_until. Nothing is
issued while a row has a mistake. Shows the rows before it issues many, and asks;
where nobody is there to answer, --yes is needed.

A badge that is good until 2031-07-01 is good on that whole day, as your agency's
clocks have it. For an exact moment, write 2031-07-01T14:00:00Z.")]
    Issue(IssueArgs),
    /// List the credentials that your agency keeps
    #[command(after_help = "\
Examples:
  comity credential list
  comity credential list --limit 20

The newest first, and all of them unless --limit says how many.")]
    List {
        /// Only so many, the newest
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(usize))]
        limit: Option<usize>,
    },
    /// Show one credential; or write the badge to a file, for its holder
    #[command(after_help = "\
Examples:
  comity credential show NC-4K2M9-QXR7T-3
  comity credential show NC-4K2M9-QXR7T-3 --baked badge.png
  comity credential show NC-4K2M9-QXR7T-3 --baked badge.svg
  comity credential show NC-4K2M9-QXR7T-3 --jwt badge.jwt")]
    Show {
        /// Its code, or its id
        code: String,
        /// Write a picture with the badge baked in: a `.png` or `.svg` file that is not there yet
        #[arg(long, value_name = "FILE", conflicts_with = "jwt")]
        baked: Option<PathBuf>,
        /// Write the badge as a token (VC-JWT), signed now with its issuer's key; `-` for stdout
        #[arg(long, value_name = "FILE")]
        jwt: Option<PathBuf>,
    },
    /// Make a credential not good for now; it can be reinstated
    #[command(after_help = "\
Examples:
  comity credential suspend NC-4K2M9-QXR7T-3 --reason administrative
  comity credential suspend --badge badge.json --reason administrative

With --badge, for an agency with several stores: the badge names its place in
the status list, and any store may change what stands there.")]
    Suspend(StatusEntryArgs),
    /// Lift a suspension
    #[command(after_help = "Example:\n  comity credential reinstate NC-4K2M9-QXR7T-3 --reason administrative")]
    Reinstate(StatusEntryArgs),
    /// Make a credential not good for ever
    #[command(after_help = "\
Example:
  comity credential revoke NC-4K2M9-QXR7T-3 --reason issued_in_error

Revocation is final: to undo it, issue a new badge; to hold a badge back for a
while, suspend it. Asks before it acts if a person is there to answer; in a script
it acts at once.")]
    Revoke(StatusEntryArgs),
    /// Forget a credential, where a statute demands it
    #[command(after_help = "\
Example:
  comity credential expunge NC-4K2M9-QXR7T-3

Your agency forgets the badge, its holder and all notes; every node hides reason
and time of its status at once, and drops them after seven days. Whether it is
revoked or suspended stays.
Asks before it acts; where nobody is there to answer, --yes is needed.")]
    Expunge {
        /// Its code, or its id
        code: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct IssueArgs {
    /// Who issues: an issuer of your agency (id or name)
    #[arg(long, required_unless_present = "csv")]
    pub(crate) issuer: Option<String>,
    /// The achievement's title
    #[arg(long, required_unless_present = "csv", value_name = "NAME")]
    pub(crate) achievement_name: Option<String>,
    /// The URI that names the achievement
    #[arg(long, value_name = "URI")]
    pub(crate) achievement_id: Option<String>,
    /// What the achievement is
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// What its earner had to show
    #[arg(long, value_name = "TEXT")]
    pub(crate) criteria: Option<String>,
    /// An item of your agency's frameworks that it is aligned to (identifier or URI); can be given several times
    #[arg(long, value_name = "ITEM")]
    pub(crate) aligned_to: Vec<String>,
    /// The clock hours that it stands for: 10, or 7.5
    #[arg(long, value_name = "HOURS")]
    pub(crate) clock_hours: Option<Decimal>,
    /// Whether it was assessed blind, as policies may ask: who assessed did not know whose work it was
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) assessed_blind: Option<bool>,
    /// Whose it is
    #[arg(long, value_name = "NAME", required_unless_present = "csv", conflicts_with = "csv")]
    pub(crate) subject: Option<String>,
    /// Good from this day on, by your agency's calendar, or from this moment; from now if none is given
    #[arg(long, value_name = "DATE")]
    pub(crate) valid_from: Option<TermDate>,
    /// Good to the end of this day, by your agency's calendar, or up to this moment; without a term if none is given
    #[arg(long, value_name = "DATE")]
    pub(crate) valid_until: Option<TermDate>,
    /// Issue one badge a row of this file
    #[arg(long, value_name = "FILE", requires = "out")]
    pub(crate) csv: Option<PathBuf>,
    /// Write the badge to this file (with --csv: the badges into this directory)
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct StatusEntryArgs {
    /// The credential's code, or its id
    #[arg(required_unless_present = "badge")]
    pub(crate) code: Option<String>,
    /// The badge itself, where another store of your agency keeps it and cannot be asked
    #[arg(long, value_name = "FILE", conflicts_with = "code")]
    pub(crate) badge: Option<PathBuf>,
    /// Why; this code is published
    #[arg(long, value_parser = reasons(), value_name = "CODE")]
    pub(crate) reason: StatusReason,
    /// More on why; stays at your agency
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
}

fn reasons() -> impl TypedValueParser<Value = StatusReason> {
    PossibleValuesParser::new(StatusReason::ALL.map(StatusReason::as_str)).try_map(|text| text.parse::<StatusReason>())
}
