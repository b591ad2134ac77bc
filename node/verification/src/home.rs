//! The agencies whose word on an issuer counts.
//!
//! An agency can write any identifier into its own list of issuers, with keys of its own choice, and several may register the
//! same issuer in good faith. So a recognition is of an issuer **as one home agency registers it**, and an agency that lies
//! about somebody else's issuer is believed by nobody who did not recognize that lie.

use registry_schema::{AgencyId, Issuer, recognition::RecognitionEntry};

use crate::Evidence;

/// The home agencies whose entries for an issuer count for an answer of one agency.
///
/// Those that its own recognitions name, and itself where it registers the issuer; if there are none, those that
/// recognitions of others name, of which nobody can make one alone for itself; and if nobody recognizes it, all.
#[derive(Debug)]
pub(crate) struct HomeAgencies<'a>(Option<Vec<&'a AgencyId>>);

impl<'a> HomeAgencies<'a> {
    pub(crate) fn of(evidence: &'a Evidence, asked: &AgencyId, issuer: &str) -> Self {
        let named = || {
            let of_it = evidence
                .recognitions
                .iter()
                .filter(|e| e.recognition.issuer.id == issuer);
            of_it.filter(|e| !evidence.expelled.contains_key(&e.agency) && is_open(e))
        };
        let registered = evidence.issuers.iter().filter(|i| i.id == issuer && i.agency == *asked);
        let here = named()
            .filter(|e| e.agency == *asked)
            .map(|e| &e.recognition.issuer.agency);
        let here: Vec<&AgencyId> = here.chain(registered.map(|i| &i.agency)).collect();
        if !here.is_empty() {
            return Self(Some(here));
        }
        let elsewhere = named().map(|e| (&e.agency, &e.recognition.issuer.agency));
        let elsewhere: Vec<&AgencyId> = elsewhere
            .filter(|(by, home)| by != home)
            .map(|(_, home)| home)
            .collect();
        Self((!elsewhere.is_empty()).then_some(elsewhere))
    }

    pub(crate) fn count(&self, home: &AgencyId) -> bool {
        self.0.as_ref().is_none_or(|homes| homes.contains(&home))
    }
}

/// The entries of an issuer in the lists of those home agencies.
pub(crate) fn entries<'a>(
    evidence: &'a Evidence,
    homes: &'a HomeAgencies<'_>,
    issuer: &'a str,
) -> impl Iterator<Item = &'a Issuer> {
    let of_it = evidence.issuers.iter().filter(move |one| one.id == issuer);
    of_it.filter(|one| homes.count(&one.agency))
}

/// Checks that it still says anything: not withdrawn, or not for badges dated before that.
fn is_open(entry: &RecognitionEntry) -> bool {
    entry.withdrawn.as_ref().is_none_or(|w| w.earlier_badges_stay_good)
}

/// An issuer as the home agency that a recognition names registers it now; as it was recognized, if that agency lists it no
/// more or is expelled.
pub(crate) fn as_registered<'a>(evidence: &'a Evidence, entry: &'a RecognitionEntry) -> &'a Issuer {
    let recognized = &entry.recognition.issuer;
    let of_home = |issuer: &&Issuer| issuer.id == recognized.id && issuer.agency == recognized.agency;
    let mut listed = evidence.issuers.iter().filter(of_home);
    listed
        .find(|issuer| !evidence.expelled.contains_key(&issuer.agency))
        .unwrap_or(recognized)
}

/// The entry of an issuer: that of a home agency whose word counts, or else as it was recognized.
pub(crate) fn entry<'a>(evidence: &'a Evidence, homes: &HomeAgencies<'_>, issuer: &str) -> Option<&'a Issuer> {
    let recognized = evidence.recognitions.iter().map(|entry| &entry.recognition.issuer);
    let mut all = evidence.issuers.iter().chain(recognized);
    all.find(|one| one.id == issuer && homes.count(&one.agency))
}
