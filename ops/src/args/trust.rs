//! What is typed after `comity trust`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use registry_schema::{AgencyId, Purpose, Timestamp};

use super::purposes;

/// How a trust list is written to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FileForm {
    /// For spreadsheets
    Csv,
    /// For programs
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Trust {
    /// List who recognizes whom
    #[command(after_help = "\
Examples:
  comity trust list
  comity trust list --agency US-TN --at 2026-01-01
  comity trust list --issuer \"Palmetto Learning\"")]
    List {
        /// Only what this agency says: US-TN
        #[arg(long, value_name = "ID")]
        agency: Option<AgencyId>,
        /// Only about this issuer (id or name)
        #[arg(long, value_name = "ISSUER")]
        issuer: Option<String>,
        /// As it stood at this date
        #[arg(long, value_name = "DATE")]
        at: Option<Timestamp>,
    },
    /// Show one recognition
    #[command(after_help = "Example:\n  comity trust show RECOGNITION_ID")]
    Show {
        /// The recognition's id, as `trust list` shows it
        id: String,
    },
    /// Say that your agency accepts an issuer's badges
    #[command(after_help = "\
Examples:
  comity trust recognize \"Palmetto Learning\"
  comity trust recognize did:key:z6Mk… --purpose renewal --purpose endorsement \\
    --achievement https://palmetto.example.org/a/7 --until 2029-07-01")]
    Recognize(Recognize),
    /// End a recognition of your agency
    #[command(after_help = "\
Examples:
  comity trust withdraw RECOGNITION_ID
  comity trust withdraw RECOGNITION_ID --earlier-badges-stay-good

Asks before it acts if a person is there to answer; --yes answers.")]
    Withdraw {
        /// The recognition's id, as `trust list` shows it
        id: String,
        /// Badges dated before now stay good
        #[arg(long)]
        earlier_badges_stay_good: bool,
    },
    /// Write a trust list to a file, as it stands now
    #[command(after_help = "Example:\n  comity trust export > trust.csv")]
    Export {
        /// Whose: US-TN; the node's own agency's if none is given
        #[arg(long, value_name = "ID")]
        agency: Option<AgencyId>,
        /// In which form
        #[arg(long = "as", value_enum, default_value = "csv", value_name = "FORM")]
        form: FileForm,
    },
    /// Recognize what a file has and your list has not; nothing while a row has a mistake
    #[command(after_help = "Examples:\n  comity trust import --dry-run trust.csv\n  comity trust import trust.csv")]
    Import {
        /// CSV or JSON, as `trust export` writes it
        file: PathBuf,
    },
    /// Say how your list differs from a file or another agency's; exit code 1 if it does
    #[command(after_help = "Examples:\n  comity trust diff trust.csv\n  comity trust diff US-TN")]
    Diff {
        /// A file, or an agency's id
        #[arg(value_name = "FILE|AGENCY")]
        other: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Recognize {
    /// The issuer's id, or its name
    pub(crate) issuer: String,
    /// What its badges are accepted for; can be given several times
    #[arg(long = "purpose", value_parser = purposes(), default_value = "renewal")]
    pub(crate) purposes: Vec<Purpose>,
    /// Only this achievement (its id); can be given several times
    #[arg(long = "achievement", value_name = "ID")]
    pub(crate) achievements: Vec<String>,
    /// From this date on; from now on if none is given
    #[arg(long, value_name = "DATE")]
    pub(crate) from: Option<Timestamp>,
    /// Up to this date; without a term if none is given
    #[arg(long, value_name = "DATE")]
    pub(crate) until: Option<Timestamp>,
    /// Also accept badges that name no status list, and so cannot be revoked
    #[arg(long)]
    pub(crate) without_status: bool,
}
