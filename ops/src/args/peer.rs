//! The commands that can be typed after `comity peer`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use registry_schema::AgencyId;

/// `comity peer`.
#[derive(Debug, Subcommand)]
pub(crate) enum PeerCommand {
    /// Print your node's ticket, by which another agency's node follows it
    #[command(after_help = "Examples:\n  comity peer ticket\n  comity peer ticket > ticket.txt")]
    Ticket {
        /// Print the text alone, without the QR code that a terminal shows
        #[arg(long)]
        no_qr: bool,
    },
    /// Follow another agency, by its ticket
    #[command(after_help = "\
Examples:
  comity peer add comity-ticket:1:qzkv…
  comity peer add --dry-run comity-ticket:1:qzkv…
  comity peer add --introduced-by US-SC US-TN

Shows whom you are about to trust, and asks; where nobody is there to answer,
--yes is needed. Compare the fingerprint with the agency over another way: by
telephone, or in person.")]
    Add(PeerAddArgs),
    /// List the peers: connected or not, last heard, what is missing
    #[command(after_help = "Example:\n  comity peer list")]
    List,
    /// Show one peer, or your own agency, with its fingerprint and its addresses
    #[command(after_help = "Example:\n  comity peer show US-SC")]
    Show {
        /// Whose node it is: US-SC
        agency: AgencyId,
    },
    /// Compare what your node and a peer's hold of each agency
    #[command(after_help = "\
Examples:
  comity peer diff US-SC
  comity peer diff US-SC --pull

With --pull your node asks that peer again, at once, for all that differs, and
tries again what is in quarantine; then both are compared. What your node takes
in is verified as always, and nothing is taken out.

Exit codes: 0 they hold the same; 1 they differ; 6 no answer.")]
    Diff {
        /// Whose node to compare with: US-SC
        agency: AgencyId,
        /// First ask that peer again for what differs
        #[arg(long)]
        pull: bool,
    },
    /// Follow an agency no more; what is known of it stays, as evidence
    #[command(after_help = "\
Examples:
  comity peer remove US-SC
  comity peer remove --expel US-SC
  comity peer remove --unpin US-SC

Without --expel, what is known of the agency counts until its last heartbeat's
term ends (a day, as a rule), and its badges stay accepted so long, though what
it revokes from now on does not reach your node. With --expel, nothing that the
agency says counts from now on but what it revoked before, and answers that need
it say since when. A name stays pinned to its log, so that nobody else comes
under it; --unpin lets go of the name of one that was removed
before: for an agency that lost its keys, and begins anew.
Asks before it acts; where nobody is there to answer, --yes is needed.")]
    Remove {
        /// Which agency: US-SC
        agency: AgencyId,
        /// Let nothing that it says count any more
        #[arg(long, conflicts_with = "unpin")]
        expel: bool,
        /// Let go of its name, once it is removed: another log may come under it
        #[arg(long)]
        unpin: bool,
    },
    /// List whom your peers introduce and your node does not follow
    #[command(after_help = "Example:\n  comity peer introductions\n\nNobody is followed by being introduced.")]
    Introductions,
    /// List the proofs that a key of an agency signed two histories
    #[command(after_help = "Example:\n  comity peer forks US-SC")]
    Forks {
        /// Whose log: US-SC
        agency: AgencyId,
    },
    /// Say that proven forks were looked into: they stay, and `comity status` alarms of them no more
    #[command(after_help = "\
Examples:
  comity peer fork-acknowledge US-SC
  comity peer fork-acknowledge US-SC 4f0c… --note \"a clone ran; its key was ended\"

Without names, all that `comity peer forks` lists now. A fork that is proven
later alarms again. First end what made them: see ops/RUNBOOK.md, *A key signed
two histories*.")]
    ForkAcknowledge {
        /// Whose log: US-SC
        agency: AgencyId,
        /// The forks, as `comity peer forks` names them
        forks: Vec<String>,
        /// What came of it; stays at your agency
        #[arg(long)]
        note: Option<String>,
    },
    /// Check a proof that a key signed two histories; asks no node
    #[command(after_help = "\
Example:
  comity peer fork-check fork.cbor

Exit codes: 0 it proves a fork; 1 it proves nothing.")]
    ForkCheck {
        /// The file, as /v1/agencies/…/forks/… gives it
        file: PathBuf,
    },
}

impl PeerCommand {
    /// Returns true if there is something to leave undone in a dry run.
    pub(crate) const fn changes_something(&self) -> bool {
        matches!(
            self,
            Self::Add(_) | Self::Remove { .. } | Self::Diff { pull: true, .. } | Self::ForkAcknowledge { .. }
        )
    }
}

#[derive(Debug, Args)]
pub(crate) struct PeerAddArgs {
    /// The ticket; with --introduced-by, the agency: US-TN
    #[arg(value_name = "TICKET|AGENCY")]
    pub(crate) whom: String,
    /// Take the ticket from this peer, which introduces the agency
    #[arg(long, value_name = "ID")]
    pub(crate) introduced_by: Option<AgencyId>,
}
