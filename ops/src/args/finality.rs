//! The commands that nothing undoes: **the one place that says before what a person is asked, and where nobody is, `--yes` is
//! wanted.**

use super::{
    CliCommand, ClockCommand, CredentialCommand, FrameworkCommand, IssuerCommand, KeyCommand, PeerCommand,
    PolicyCommand, RubricCommand, StoreCommand, TrustCommand,
};

impl CliCommand {
    /// True if it does what cannot be undone, or decides whom to trust at all: nobody's silence is taken for a yes to that.
    ///
    /// A revocation is final too, and is what scripts do every day: it asks at a terminal, and is carried out where nobody is.
    pub(crate) const fn needs_a_yes(&self) -> bool {
        match self {
            Self::Issuer(command) => issuer(command),
            Self::Credential(command) => match command {
                CredentialCommand::Expunge { .. } => true,
                // Many badges at once.
                CredentialCommand::Issue(args) => args.csv.is_some(),
                CredentialCommand::List { .. }
                | CredentialCommand::Show { .. }
                | CredentialCommand::Suspend(_)
                | CredentialCommand::Reinstate(_)
                | CredentialCommand::Revoke(_) => false,
            },
            Self::Peer(command) => match command {
                PeerCommand::Add(_) | PeerCommand::Remove { .. } => true,
                PeerCommand::Ticket { .. }
                | PeerCommand::List
                | PeerCommand::Show { .. }
                | PeerCommand::Diff { .. }
                | PeerCommand::Introductions
                | PeerCommand::Forks { .. }
                | PeerCommand::ForkAcknowledge { .. }
                | PeerCommand::ForkCheck { .. } => false,
            },
            // The others only write what the root may sign.
            Self::Key(command) => match command {
                KeyCommand::Apply { .. } => true,
                KeyCommand::List
                | KeyCommand::Rotate { .. }
                | KeyCommand::Add { .. }
                | KeyCommand::Scope { .. }
                | KeyCommand::End(_)
                | KeyCommand::Export { .. } => false,
            },
            Self::Clock(command) => match command {
                ClockCommand::Accept => true,
                ClockCommand::Show => false,
            },
            Self::Store(command) => match command {
                StoreCommand::Accept => true,
                StoreCommand::Show => false,
            },
            // What is said in them can be said otherwise.
            Self::Trust(
                TrustCommand::List { .. }
                | TrustCommand::Show { .. }
                | TrustCommand::Agencies { .. }
                | TrustCommand::RecognizeAgency(_)
                | TrustCommand::WithdrawAgency { .. }
                | TrustCommand::History { .. }
                | TrustCommand::Recognize(_)
                | TrustCommand::Withdraw { .. }
                | TrustCommand::Export { .. }
                | TrustCommand::Import { .. }
                | TrustCommand::Diff { .. },
            )
            | Self::Rubric(RubricCommand::Import { .. } | RubricCommand::List | RubricCommand::Show { .. })
            | Self::Policy(
                PolicyCommand::Show { .. }
                | PolicyCommand::Apply { .. }
                | PolicyCommand::WhatIf { .. }
                | PolicyCommand::Diff { .. }
                | PolicyCommand::Test { .. }
                | PolicyCommand::Worth { .. }
                | PolicyCommand::Adopt { .. }
                | PolicyCommand::Sample(_),
            )
            | Self::Framework(
                FrameworkCommand::Import { .. }
                | FrameworkCommand::List
                | FrameworkCommand::Show { .. }
                | FrameworkCommand::Remove { .. }
                | FrameworkCommand::Coverage { .. },
            )
            | Self::Verify(_)
            | Self::Status
            | Self::Completions { .. } => false,
        }
    }
}

const fn issuer(command: &IssuerCommand) -> bool {
    match command {
        IssuerCommand::Compromised { .. }
        | IssuerCommand::Rekey { .. }
        | IssuerCommand::Withdraw(_)
        | IssuerCommand::ExpungeContact { .. } => true,
        // Steps of a case that later steps answer, and what can be said otherwise.
        IssuerCommand::List { .. }
        | IssuerCommand::Show { .. }
        | IssuerCommand::Add(_)
        | IssuerCommand::Refresh(_)
        | IssuerCommand::Apply(_)
        | IssuerCommand::Evidence { .. }
        | IssuerCommand::Prove { .. }
        | IssuerCommand::Review { .. }
        | IssuerCommand::Approve { .. }
        | IssuerCommand::Refuse(_)
        | IssuerCommand::Notice { .. }
        | IssuerCommand::Suspend(_)
        | IssuerCommand::Reinstate(_)
        | IssuerCommand::Renew(_)
        | IssuerCommand::Close(_)
        | IssuerCommand::Appeal(_)
        | IssuerCommand::DecideAppeal { .. }
        | IssuerCommand::Provider { .. }
        | IssuerCommand::History { .. } => false,
    }
}
