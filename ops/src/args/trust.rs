//! The commands that are typed after `comity trust`.

use std::path::PathBuf;

use clap::{
    Args, Subcommand, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};
use registry_schema::{
    AgencyId, Purpose, Timestamp,
    recognition::{Attestation, MAX_DEPTH},
};

use super::purposes;

/// The form of a file to which a trust list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// For spreadsheets
    Csv,
    /// For programs
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TrustCommand {
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
    #[command(
        after_help = "Examples:\n  comity trust show RECOGNITION_ID\n  comity trust show RECOGNITION_ID --at 2026-01-01"
    )]
    Show {
        /// The recognition's id, as `trust list` shows it
        id: String,
        /// How it stood at this date
        #[arg(long, value_name = "DATE")]
        at: Option<Timestamp>,
    },
    /// List which agencies accept whatever another recognizes
    #[command(
        after_help = "Examples:\n  comity trust agencies\n  comity trust agencies --agency US-TN --at 2026-01-01"
    )]
    Agencies {
        /// Only what this agency says, or what is said of it: US-TN
        #[arg(long, value_name = "ID")]
        agency: Option<AgencyId>,
        /// As it stood at this date
        #[arg(long, value_name = "DATE")]
        at: Option<Timestamp>,
    },
    /// Say that your agency accepts whatever another agency recognizes and lets others follow
    #[command(after_help = "\
Examples:
  comity trust recognize-agency US-TN --purpose renewal --until 2028-07-01
  comity trust recognize-agency US-TN --depth 2 --may-be-followed")]
    RecognizeAgency(RecognizeAgencyArgs),
    /// Accept no longer what another agency recognizes
    #[command(after_help = "\
Example:
  comity trust withdraw-agency RECOGNITION_ID --dry-run

Asks before it acts if a person is there to answer; --yes answers.")]
    WithdrawAgency {
        /// The recognition's id, as `trust agencies` shows it
        id: String,
        /// Badges dated before now stay good
        #[arg(long)]
        earlier_badges_stay_good: bool,
    },
    /// Tell what was said about an issuer, or by and about an agency, in the order of time
    #[command(after_help = "\
Examples:
  comity trust history \"Palmetto Learning\"
  comity trust history US-TN --at 2026-01-01")]
    History {
        /// An issuer (id or name), or an agency (US-TN)
        #[arg(value_name = "ISSUER|AGENCY")]
        whom: String,
        /// Up to this date
        #[arg(long, value_name = "DATE")]
        at: Option<Timestamp>,
    },
    /// Say that your agency accepts an issuer's badges
    #[command(after_help = "\
Examples:
  comity trust recognize \"Palmetto Learning\"
  comity trust recognize did:key:z6Mk… --purpose renewal --purpose endorsement \\
    --achievement https://palmetto.example.org/a/7 --until 2029-07-01
  comity trust recognize \"Palmetto Learning\" --aligned ITEM_OF_A_FRAMEWORK \\
    --attestation adopted_review --condition \"the district approves\"")]
    Recognize(RecognizeArgs),
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
        form: ExportFormat,
    },
    /// Recognize what a file has and your list has not; nothing while a row has a mistake
    #[command(after_help = "Examples:\n  comity trust import --dry-run trust.csv\n  comity trust import trust.csv")]
    Import {
        /// CSV or JSON, as `trust export` writes it
        file: PathBuf,
    },
    /// Say how your list differs from a file, another agency's, or that of another node; exit code 1 if it does
    #[command(after_help = "\
Examples:
  comity trust diff trust.csv
  comity trust diff US-TN
  comity trust diff https://registry.tn.example")]
    Diff {
        /// A file, an agency's id, or the address of its node
        #[arg(value_name = "FILE|AGENCY|URL")]
        other: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct RecognizeArgs {
    /// The issuer's id, or its name
    pub(crate) issuer: String,
    /// As this agency registers it, where several do: US-SC
    #[arg(long, value_name = "ID")]
    pub(crate) registered_by: Option<AgencyId>,
    /// What its badges are accepted for; can be given several times
    #[arg(long = "purpose", value_parser = purposes(), default_value = "renewal")]
    pub(crate) purposes: Vec<Purpose>,
    #[command(flatten)]
    pub(crate) covers: CoverageArgs,
    /// From this date on; from now on if none is given
    #[arg(long, value_name = "DATE")]
    pub(crate) from: Option<Timestamp>,
    /// Up to this date; without a term if none is given
    #[arg(long, value_name = "DATE")]
    pub(crate) until: Option<Timestamp>,
    /// Also accept badges that name no status list, and so cannot be revoked
    #[arg(long)]
    pub(crate) without_status: bool,
    /// It counts even while the issuer's home has suspended or ended its registration
    #[arg(long)]
    pub(crate) stands_alone: bool,
    #[command(flatten)]
    pub(crate) rests: BasisArgs,
}

/// Which achievements are covered; all, if none of these is given.
#[derive(Debug, Args)]
pub(crate) struct CoverageArgs {
    /// Only this achievement (its id); can be given several times
    #[arg(long = "achievement", value_name = "ID")]
    pub(crate) achievements: Vec<String>,
    /// Only what is aligned to this item of a framework (its URI) or to what stands below it; can be given several times
    #[arg(long = "aligned", value_name = "ITEM", conflicts_with_all = ["achievements", "stack"])]
    pub(crate) aligned: Vec<String>,
    /// The achievements are a stack of this name: they are taken together
    #[arg(long, value_name = "NAME")]
    pub(crate) stack: Option<String>,
}

/// On what a recognition rests.
#[derive(Debug, Args)]
pub(crate) struct BasisArgs {
    /// On what it rests; for an issuer own_review, for an agency adopted_review, if none is given
    #[arg(long, value_name = "REVIEW", value_parser = attestations())]
    pub(crate) attestation: Option<Attestation>,
    /// Agencies that recognize whatever your agency recognizes may build on it
    #[arg(long)]
    pub(crate) may_be_followed: bool,
    /// On which condition, for people to read; can be given several times
    #[arg(long = "condition", value_name = "TEXT")]
    pub(crate) conditions: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RecognizeAgencyArgs {
    /// The agency whose recognitions are accepted: US-TN
    #[arg(value_name = "AGENCY")]
    pub(crate) of: AgencyId,
    /// What its badges are accepted for; can be given several times
    #[arg(long = "purpose", value_parser = purposes(), default_value = "renewal")]
    pub(crate) purposes: Vec<Purpose>,
    #[command(flatten)]
    pub(crate) covers: CoverageArgs,
    /// From this date on; from now on if none is given
    #[arg(long, value_name = "DATE")]
    pub(crate) from: Option<Timestamp>,
    /// Up to this date; without a term if none is given
    #[arg(long, value_name = "DATE")]
    pub(crate) until: Option<Timestamp>,
    /// Through how many agencies it reaches; 1: that agency's own recognitions alone
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=i64::from(MAX_DEPTH)))]
    pub(crate) depth: u8,
    #[command(flatten)]
    pub(crate) rests: BasisArgs,
}

fn attestations() -> impl TypedValueParser<Value = Attestation> {
    PossibleValuesParser::new(Attestation::ALL.map(Attestation::as_str)).try_map(|text| text.parse::<Attestation>())
}
