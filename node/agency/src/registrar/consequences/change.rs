//! A change that is asked about, and what the lists would say after it.

use std::sync::Arc;

use policy::{Policy, framework::Framework};
use protocol::DocumentRow;
use registry_schema::{
    AgencyId, Issuer, RecognitionWithdrawal,
    recognition::{AgencyRecognitionEntry, RecognitionEntry, Registration},
};
use verification::{Evidence, Freshness};

/// A change that is asked about.
#[derive(Clone, Debug)]
pub enum ProposedChange {
    /// An issuer is recognized.
    Recognition(Box<RecognitionEntry>),
    /// An agency's recognitions are accepted.
    Agency(Box<AgencyRecognitionEntry>),
    /// A recognition with this id, of an issuer or of an agency, is withdrawn.
    Withdrawal(String, RecognitionWithdrawal),
    /// One of this agency's issuers stands otherwise.
    Standing(Registration),
    /// The entry of one of this agency's issuers says something else.
    Issuer(Box<Issuer>),
    /// An agency is followed no more, or expelled.
    Gone(AgencyId),
    /// This agency's policy is another.
    Policy(Arc<Policy>),
    /// The framework with this id is another, or none.
    Framework(String, Option<Arc<Framework>>),
    /// These rows of lists say something else, or nothing more: a key ends, and what it wrote is void.
    Rows(Vec<DocumentRow>),
}

impl ProposedChange {
    /// The policy that would be in force, if it is another.
    pub(super) fn policy(&self) -> Option<Arc<Policy>> {
        match self {
            Self::Policy(new) => Some(new.clone()),
            _ => None,
        }
    }

    /// The rows that would say something else.
    pub(super) fn rows(&self) -> Option<&[DocumentRow]> {
        match self {
            Self::Rows(rows) => Some(rows),
            _ => None,
        }
    }

    /// Changes the evidence to what the lists would say of this issuer.
    pub(super) fn apply(&self, evidence: &mut Evidence, home: &AgencyId, issuer: &str) {
        match self {
            Self::Recognition(entry) => {
                if entry.recognition.issuer.id == issuer {
                    evidence.recognitions.push((**entry).clone());
                }
            }
            Self::Agency(entry) => evidence.agency_recognitions.push((**entry).clone()),
            Self::Withdrawal(id, withdrawal) => {
                let own = evidence.recognitions.iter_mut();
                own.filter(|e| e.agency == *home && e.recognition.id == *id)
                    .for_each(|entry| entry.withdrawn = Some(withdrawal.clone()));
                let own = evidence.agency_recognitions.iter_mut();
                own.filter(|e| e.agency == *home && e.recognition.id == *id)
                    .for_each(|entry| entry.withdrawn = Some(withdrawal.clone()));
            }
            Self::Standing(said) => {
                if said.issuer == issuer {
                    evidence.registrations.insert(home.clone(), said.clone());
                }
            }
            Self::Issuer(said) => {
                let same = evidence.issuers.iter_mut().filter(|one| one.id == said.id);
                same.for_each(|one| one.clone_from(said));
            }
            Self::Gone(agency) => {
                // What it says is too old soon; and what rests on it is not known then.
                evidence.trust_lists.insert(agency.clone(), Freshness::Never);
                let at_home = |issuer: &Issuer| issuer.agency == *agency;
                let recognized = evidence.recognitions.iter().map(|entry| &entry.recognition.issuer);
                if evidence.issuers.iter().chain(recognized).any(at_home) {
                    evidence.expelled.insert(agency.clone(), registry_schema::Timestamp(0));
                }
            }
            Self::Policy(_) | Self::Framework(..) | Self::Rows(_) => {}
        }
    }
}
