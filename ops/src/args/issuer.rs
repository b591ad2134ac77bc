//! The commands that are typed after `comity issuer` and `comity rubric`.

use std::path::PathBuf;

use clap::{
    Args, Subcommand, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};
use registry_schema::{AgencyId, Timestamp, acceptance::ProviderKind};

#[derive(Debug, Subcommand)]
pub(crate) enum IssuerCommand {
    /// List the issuers of the federation, or the applications at your agency
    #[command(after_help = "\
Examples:
  comity issuer list
  comity issuer list --agency US-SC
  comity issuer list --applications")]
    List {
        /// Only this agency's: US-SC
        #[arg(long, value_name = "ID")]
        agency: Option<AgencyId>,
        /// Who applied to be an issuer of your agency, and where each case stands
        #[arg(long, conflicts_with = "agency")]
        applications: bool,
    },
    /// Show one issuer, with its keys; or one application, with all that was done
    #[command(after_help = "\
Examples:
  comity issuer show \"Palmetto Learning\"
  comity issuer show did:key:z6Mk…
  comity issuer show app-4k2m9qxr7t3a")]
    Show {
        /// An issuer's id or name, or an application's id
        issuer: String,
    },
    /// Add an issuer to your agency without an application; the node makes its key
    #[command(after_help = "\
Examples:
  comity issuer add --name \"Palmetto Learning\" --url https://palmetto.example.org
  comity issuer add --name \"Coastal College\" --did did:web:badges.coastal.example \\
    --status-list https://badges.coastal.example/status/1

With --did it is one that signs with software and keys of its own: the node looks
them up (did:web, did:webvh, did:key, did:jwk), makes no key, and issues nothing
for it. Shows the keys and asks before it acts if a person is there to answer;
--yes answers. Then look at them again after each change: comity issuer refresh.

Warns if readers may take its name for that of another agency's issuer, and asks
then as well.")]
    Add(IssuerAddArgs),
    /// Look again at the keys of an issuer that signs with its own; say which status lists it has
    #[command(after_help = "\
Examples:
  comity issuer refresh \"Coastal College\" --dry-run
  comity issuer refresh \"Coastal College\" --add-status-list https://badges.coastal.example/status/2

A key that is new counts from the last look on; one that is gone counts until
now, and what it signed before stays good. A compromised key stays compromised.
Asks before it acts if a person is there to answer; --yes answers.")]
    Refresh(IssuerRefreshArgs),
    /// Say that somebody else may sign with an issuer's key
    #[command(after_help = "\
Examples:
  comity issuer compromised \"Palmetto Learning\" --dry-run
  comity issuer compromised \"Palmetto Learning\" --note \"laptop stolen\"
  comity issuer compromised \"Palmetto Learning\" --key z6Mk…

Final. From then on a badge by that key is good only where your agency, asked,
confirms that it issued that very badge; the key issues nothing more. Then add
the issuer anew, and reissue the badges that matter.
Asks before it acts; where nobody is there to answer, --yes is needed.")]
    Compromised {
        /// Its id, or its name
        issuer: String,
        /// Which of its keys, if it has several: see `comity issuer show`
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
        /// What happened; stays at your agency
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Give an issuer a new key, whose old one is lost; what it signed before stays good
    #[command(after_help = "\
Examples:
  comity issuer rekey \"Palmetto Learning\" --dry-run
  comity issuer rekey \"Palmetto Learning\" --note \"database lost, no copy of the key\"

The old key is retired, the new one has an identifier of its own, under the same
name and with the same term, and your agency recognizes it as it did the old one.
Other agencies recognize it anew, unless they follow what your agency recognizes.
A key that somebody else may have is not lost: comity issuer compromised.
Asks before it acts; where nobody is there to answer, --yes is needed.")]
    Rekey {
        /// Its id, or its name
        issuer: String,
        /// Why; stays at your agency
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Apply to be an issuer of the node's agency
    #[command(after_help = "\
Example:
  comity issuer apply --name \"Palmetto Learning\" \\
    --contact-name \"Provider office\" --contact-email office@palmetto.example \\
    --evidence public-rubric=https://palmetto.example/rubric

Anybody can, without a token. The answer has the applicant's key: put it as
`token` into a profile to follow the case. An operator can write down an
application that came by letter.")]
    Apply(IssuerApplyArgs),
    /// Add evidence to an application, or to the answer to a notice
    #[command(after_help = "\
Example:
  comity issuer evidence app-4k2m9qxr7t3a --component public-rubric \\
    --link https://palmetto.example/rubric --note \"the scoring rubric\"")]
    Evidence {
        /// The application's id, or its issuer's name
        case: String,
        /// For this component of the rubric; for all if none is given
        #[arg(long, value_name = "ID")]
        component: Option<String>,
        /// Where it can be seen
        #[arg(long, value_name = "URL")]
        link: Option<String>,
        #[command(flatten)]
        note: NoteArgs,
    },
    /// Prove that an applicant signs with software of its own, by a trial badge
    #[command(after_help = "\
Example:
  comity issuer show app-4k2m9qxr7t3a
  comity issuer prove app-4k2m9qxr7t3a trial-badge.json

`show` has a challenge: write it into the description of an achievement, and
issue a badge for that to nobody, with a key under assertionMethod in the document
of your DID. Approved, the issuer is registered under that DID with its keys,
and the node makes none.")]
    Prove {
        /// The application's id, or its issuer's name
        case: String,
        /// The trial badge: a JSON, PNG or SVG file, a token, or - for stdin
        file: String,
    },
    /// Score an application against its rubric; you are recorded as the reviewer
    #[command(after_help = "\
Examples:
  comity issuer review app-4k2m9qxr7t3a --all met
  comity issuer review app-4k2m9qxr7t3a --all met --score blind-review=partly_met \\
    --note \"assessors see the names of earners\"

Every component is scored. Who scores again replaces their own scores.")]
    Review {
        /// The application's id, or its issuer's name
        case: String,
        /// The level of every component that no --score names
        #[arg(long, value_name = "LEVEL")]
        all: Option<String>,
        /// The level of one component; can be given several times
        #[arg(long = "score", value_name = "COMPONENT=LEVEL", value_parser = pair)]
        scores: Vec<(String, String)>,
        #[command(flatten)]
        note: NoteArgs,
    },
    /// Approve an application, or a renewal, for a term
    #[command(after_help = "\
Example:
  comity issuer approve app-4k2m9qxr7t3a --until 2029-07-01 \\
    --provider third_party --condition \"the rubric stays public\"

Refused while the rubric's gate is not met by the reviews, or if you are one of
the reviewers and the rubric wants another person to decide.")]
    Approve {
        /// The application's id, or its issuer's name
        case: String,
        /// The end of the term
        #[arg(long, value_name = "DATE")]
        until: Timestamp,
        /// A condition; can be given several times
        #[arg(long = "condition", value_name = "TEXT")]
        conditions: Vec<String>,
        /// What kind of body it is, as you found; rules of any agency can ask for it
        #[arg(long, value_name = "KIND", value_parser = providers())]
        provider: Option<ProviderKind>,
        #[command(flatten)]
        note: NoteArgs,
    },
    /// Refuse an application, or a renewal
    #[command(after_help = "Example:\n  comity issuer refuse app-4k2m9qxr7t3a --note \"no public rubric\"")]
    Refuse(CaseStepArgs),
    /// Tell an issuer what is intended, and give it time to answer
    #[command(after_help = "\
Example:
  comity issuer notice \"Palmetto Learning\" --of withdrawal \\
    --respond-by 2026-12-24 --note \"assessors are not calibrated any more\"")]
    Notice {
        /// The application's id, or its issuer's name
        case: String,
        /// What is intended
        #[arg(long, value_enum)]
        of: NoticeIntent,
        /// It can answer until then
        #[arg(long, value_name = "DATE")]
        respond_by: Timestamp,
        #[command(flatten)]
        note: NoteArgs,
    },
    /// Suspend a registration: what others recognize through it stops to count
    #[command(after_help = "Example:\n  comity issuer suspend \"Palmetto Learning\" --note \"an inquiry is open\"")]
    Suspend(CaseStepArgs),
    /// Lift a suspension
    #[command(after_help = "Example:\n  comity issuer reinstate \"Palmetto Learning\" --note \"the inquiry is over\"")]
    Reinstate(CaseStepArgs),
    /// End a registration, which is final; only after a notice that gave time to answer
    #[command(after_help = "\
Example:
  comity issuer withdraw \"Palmetto Learning\" --note \"it ceased to issue\"

Asks before it acts; where nobody is there to answer, --yes is needed.")]
    Withdraw(CaseStepArgs),
    /// Open the review for a renewal
    #[command(after_help = "Example:\n  comity issuer renew \"Palmetto Learning\"")]
    Renew(CaseStepArgs),
    /// Take an application back
    #[command(after_help = "Example:\n  comity issuer close app-4k2m9qxr7t3a")]
    Close(CaseStepArgs),
    /// Appeal against the last decision
    #[command(after_help = "Example:\n  comity issuer appeal app-4k2m9qxr7t3a --note \"the rubric is public\"")]
    Appeal(CaseStepArgs),
    /// Decide an appeal; another operator than the one whose decision it is against
    #[command(after_help = "\
Examples:
  comity issuer decide-appeal app-4k2m9qxr7t3a --granted --note \"it is public\"
  comity issuer decide-appeal app-4k2m9qxr7t3a --dismissed --note \"it is not\"")]
    DecideAppeal {
        /// The application's id, or its issuer's name
        case: String,
        /// The decision is taken back
        #[arg(long, conflicts_with = "dismissed", required_unless_present = "dismissed")]
        granted: bool,
        /// The decision stands
        #[arg(long)]
        dismissed: bool,
        #[command(flatten)]
        note: NoteArgs,
    },
    /// Say what kind of body an issuer of your agency is
    #[command(after_help = "\
Examples:
  comity issuer provider \"Palmetto Learning\" third_party --dry-run
  comity issuer provider \"Palmetto Learning\" higher_education

Rules of any agency can ask for it; while it is not said, such a rule could not
be checked.")]
    Provider {
        /// Its id, or its name
        issuer: String,
        /// What it is
        #[arg(value_name = "KIND", value_parser = providers())]
        provider: ProviderKind,
    },
    /// Forget who can be reached about an application that was decided or closed
    #[command(after_help = "\
Example:
  comity issuer expunge-contact app-4k2m9qxr7t3a

What was decided, and why, stays. `contact_kept_days` in the node's
configuration does it by itself, so long after the last step.
Asks before it acts; where nobody is there to answer, --yes is needed.")]
    ExpungeContact {
        /// The application's id, or its issuer's name
        case: String,
    },
    /// How an issuer came to be one, as its agency publishes it
    #[command(after_help = "Example:\n  comity issuer history \"Palmetto Learning\"")]
    History {
        /// The issuer's id, or its name
        issuer: String,
    },
}

impl IssuerCommand {
    pub(crate) const fn changes_something(&self) -> bool {
        !matches!(self, Self::List { .. } | Self::Show { .. } | Self::History { .. })
    }
}

/// A step with nothing to say but why.
#[derive(Debug, Args)]
pub(crate) struct CaseStepArgs {
    /// The application's id, or its issuer's name
    pub(crate) case: String,
    #[command(flatten)]
    pub(crate) note: NoteArgs,
}

/// What is said with a step.
#[derive(Debug, Args)]
pub(crate) struct NoteArgs {
    /// The reasons; they stay between your agency and the applicant
    #[arg(long = "note", value_name = "TEXT")]
    pub(crate) text: Option<String>,
    /// Everybody may read the note
    #[arg(long, requires = "text")]
    pub(crate) public_note: bool,
}

/// The intention of which a notice speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum NoticeIntent {
    /// To suspend, or to keep suspended
    Suspension,
    /// To end the registration
    Withdrawal,
}

#[derive(Debug, Args)]
pub(crate) struct IssuerAddArgs {
    /// Its name, as people know it
    #[arg(long)]
    pub(crate) name: String,
    /// Its public page
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// What kind of body it is; rules of any agency can ask for it
    #[arg(long, value_name = "KIND", value_parser = providers())]
    pub(crate) provider: Option<ProviderKind>,
    /// It signs with keys of its own: the DID or https URL that stands as issuer in its badges
    #[arg(long, value_name = "DID")]
    pub(crate) did: Option<String>,
    /// A key of it, instead of those that its document names: can be given several times
    #[arg(long = "key", value_name = "METHOD=KEY", value_parser = method, requires = "did")]
    pub(crate) keys: Vec<(String, String)>,
    /// Where it publishes what it revoked; can be given several times
    #[arg(long = "status-list", value_name = "URL", requires = "did")]
    pub(crate) status_lists: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct IssuerRefreshArgs {
    /// Its id, or its name
    pub(crate) issuer: String,
    /// A key that it has now, instead of looking up its document; name all of them
    #[arg(long = "key", value_name = "METHOD=KEY", value_parser = method)]
    pub(crate) keys: Vec<(String, String)>,
    /// A status list of it, in place of all that are listed; can be given several times
    #[arg(long = "status-list", value_name = "URL", conflicts_with_all = ["add_status_lists", "remove_status_lists"])]
    pub(crate) status_lists: Vec<String>,
    /// One more status list
    #[arg(long = "add-status-list", value_name = "URL")]
    pub(crate) add_status_lists: Vec<String>,
    /// A status list that is to be fetched no more
    #[arg(long = "remove-status-list", value_name = "URL")]
    pub(crate) remove_status_lists: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct IssuerApplyArgs {
    /// The name under which it wants to issue
    #[arg(long)]
    pub(crate) name: String,
    /// Its public page
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// A person or office that can be reached; stays at the agency
    #[arg(long, value_name = "NAME")]
    pub(crate) contact_name: String,
    /// Their e-mail address; stays at the agency
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) contact_email: String,
    /// The rubric's id; the agency's current one if none is given
    #[arg(long, value_name = "ID")]
    pub(crate) rubric: Option<String>,
    /// Evidence for a component: a link, or words; can be given several times
    #[arg(long = "evidence", value_name = "COMPONENT=LINK|TEXT", value_parser = pair)]
    pub(crate) evidence: Vec<(String, String)>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RubricCommand {
    /// List the rubrics that your agency imported
    #[command(after_help = "Example:\n  comity rubric list")]
    List,
    /// Print a rubric, as a file that can be changed and imported
    #[command(after_help = "\
Examples:
  comity rubric show > rubric.toml
  comity rubric show comity-starter --version-of 1
  comity rubric show --starter > rubric.toml")]
    Show {
        /// Its id; the one that new applications are reviewed against if none is given
        id: Option<String>,
        /// Which version; the newest if none is given
        #[arg(long, value_name = "VERSION", requires = "id")]
        version_of: Option<String>,
        /// The starter rubric that comes with this program; no node is asked
        #[arg(long, conflicts_with = "id")]
        starter: bool,
    },
    /// Import a version of a rubric; new applications are reviewed against it
    #[command(after_help = "\
Example:
  comity rubric import rubric.toml

A file that says how many standards and components it has is refused if it has
others, and so is one with the id of a published rubric that counts otherwise.
Asks before it acts if a person is there to answer; --yes answers.")]
    Import {
        /// The rubric, as TOML
        file: PathBuf,
    },
}

fn providers() -> impl TypedValueParser<Value = ProviderKind> {
    PossibleValuesParser::new(ProviderKind::ALL.map(ProviderKind::as_str)).try_map(|text| text.parse::<ProviderKind>())
}

/// A verification method and its key; the method may have `=` in it, the key has none.
fn method(text: &str) -> Result<(String, String), String> {
    let found = text
        .rsplit_once('=')
        .filter(|(name, key)| !name.is_empty() && !key.is_empty());
    let (name, key) = found.ok_or_else(|| format!("`{text}` is no key: write METHOD=z6Mk…, as in `#key-1=z6Mk…`"))?;
    Ok((name.to_owned(), key.to_owned()))
}

fn pair(text: &str) -> Result<(String, String), String> {
    let found = text
        .split_once('=')
        .filter(|(name, value)| !name.is_empty() && !value.is_empty());
    let (name, value) = found.ok_or_else(|| format!("`{text}` is no pair: write NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}
