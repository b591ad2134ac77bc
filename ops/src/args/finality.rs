//! The commands that nothing undoes: **the one place that says before what a person is asked, and where nobody is, `--yes` is
//! wanted.**

use super::{Clock, Command, Credential, Framework, Issuer, Key, Peer, Policy, Rubric, Store, Trust};

impl Command {
    /// True if it does what cannot be undone, or decides whom to trust at all: nobody's silence is taken for a yes to that.
    ///
    /// A revocation is final too, and is what scripts do every day: it asks at a terminal, and is carried out where nobody is.
    pub(crate) const fn needs_a_yes(&self) -> bool {
        match self {
            Self::Issuer(command) => issuer(command),
            Self::Credential(command) => match command {
                Credential::Expunge { .. } => true,
                // Many badges at once.
                Credential::Issue(args) => args.csv.is_some(),
                Credential::List { .. }
                | Credential::Show { .. }
                | Credential::Suspend(_)
                | Credential::Reinstate(_)
                | Credential::Revoke(_) => false,
            },
            Self::Peer(command) => match command {
                Peer::Add(_) | Peer::Remove { .. } => true,
                Peer::Ticket { .. }
                | Peer::List
                | Peer::Show { .. }
                | Peer::Diff { .. }
                | Peer::Introductions
                | Peer::ForkCheck { .. } => false,
            },
            // The others only write what the root may sign.
            Self::Key(command) => match command {
                Key::Apply { .. } => true,
                Key::List
                | Key::Rotate { .. }
                | Key::Add { .. }
                | Key::Scope { .. }
                | Key::End(_)
                | Key::Export { .. } => false,
            },
            Self::Clock(command) => match command {
                Clock::Accept => true,
                Clock::Show => false,
            },
            Self::Store(command) => match command {
                Store::Accept => true,
                Store::Show => false,
            },
            // What is said in them can be said otherwise.
            Self::Trust(
                Trust::List { .. }
                | Trust::Show { .. }
                | Trust::Agencies { .. }
                | Trust::RecognizeAgency(_)
                | Trust::WithdrawAgency { .. }
                | Trust::History { .. }
                | Trust::Recognize(_)
                | Trust::Withdraw { .. }
                | Trust::Export { .. }
                | Trust::Import { .. }
                | Trust::Diff { .. },
            )
            | Self::Rubric(Rubric::Import { .. } | Rubric::List | Rubric::Show { .. })
            | Self::Policy(
                Policy::Show { .. }
                | Policy::Apply { .. }
                | Policy::WhatIf { .. }
                | Policy::Diff { .. }
                | Policy::Test { .. }
                | Policy::Worth { .. }
                | Policy::Adopt { .. }
                | Policy::Sample(_),
            )
            | Self::Framework(
                Framework::Import { .. }
                | Framework::List
                | Framework::Show { .. }
                | Framework::Remove { .. }
                | Framework::Coverage { .. },
            )
            | Self::Verify(_)
            | Self::Status
            | Self::Completions { .. } => false,
        }
    }
}

const fn issuer(command: &Issuer) -> bool {
    match command {
        Issuer::Compromised { .. } | Issuer::Rekey { .. } | Issuer::Withdraw(_) | Issuer::ExpungeContact { .. } => true,
        // Steps of a case that later steps answer, and what can be said otherwise.
        Issuer::List { .. }
        | Issuer::Show { .. }
        | Issuer::Add(_)
        | Issuer::Refresh(_)
        | Issuer::Apply(_)
        | Issuer::Evidence { .. }
        | Issuer::Prove { .. }
        | Issuer::Review { .. }
        | Issuer::Approve { .. }
        | Issuer::Refuse(_)
        | Issuer::Notice { .. }
        | Issuer::Suspend(_)
        | Issuer::Reinstate(_)
        | Issuer::Renew(_)
        | Issuer::Close(_)
        | Issuer::Appeal(_)
        | Issuer::DecideAppeal { .. }
        | Issuer::Provider { .. }
        | Issuer::History { .. } => false,
    }
}
