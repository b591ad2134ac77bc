//! Answers before they are worded: what was found, as values. [`JudgedVerdict::in_words`] says them in a language.

use registry_schema::{
    AgencyId, Check, CheckOutcome, Finding, Phrase, Purpose, Timestamp, Verdict, VerdictKind, Wording, quotable,
    verdict::{
        CredentialSummary, CredentialWorth, Endorsement, EndorsementTarget, IssuerSummary, RecognizingAgency,
        StatusSummary,
    },
};

use crate::codes::Code;

/// A finding: check and outcome follow from its code, so that a code can never be used for two outcomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedFinding {
    /// The check that it is of; of a finding on a whole agency, the one that needed that agency.
    pub check: Check,
    /// Its code.
    pub code: Code,
    /// The finding, to be said.
    pub detail: Phrase,
    /// The clause of the answer's sentence, if that is another than the detail.
    pub headline: Option<Phrase>,
    /// The age of the information that this rests on, if it has one.
    pub as_of: Option<Timestamp>,
    /// The agency whose word this rests on, or whose silence is the reason.
    pub agency: Option<AgencyId>,
}

/// An agency that recognizes the issuer for this badge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedRecognition {
    /// The agency.
    pub agency: AgencyId,
    /// Its scope.
    pub scope: Phrase,
    /// For which purposes.
    pub purposes: Vec<Purpose>,
    /// Since when.
    pub from: Timestamp,
    /// Up to when, if it has a term.
    pub until: Option<Timestamp>,
    /// The agencies that the recognition went through, the asked one last.
    pub path: Vec<AgencyId>,
    /// The reason that it could not be told whether this still holds; absent, if it was told.
    pub in_doubt: Option<Phrase>,
}

/// A statement of somebody else within a badge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedEndorsement {
    /// The endorser, as it says.
    pub by: Option<String>,
    /// The subject of the endorsement.
    pub of: EndorsementTarget,
    /// The code of what was found.
    pub code: Code,
    /// The same, to be said.
    pub detail: Phrase,
}

/// The whole answer about one badge, for one agency, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedVerdict {
    /// One of the five.
    pub verdict: VerdictKind,
    /// The answer in sentences that could be read aloud; said by [`JudgedVerdict::sentence_in_words`] alone.
    pub(crate) sentence: Phrase,
    /// The agency whose answer it is.
    pub agency: AgencyId,
    /// For what use; absent if any would do.
    pub purpose: Option<Purpose>,
    /// The moment at which the badge should have been good.
    pub at: Timestamp,
    /// The moment whose knowledge the answer rests on, if not on all that is known at the moment of the check.
    pub known: Option<Timestamp>,
    /// The moment of this check.
    pub checked_at: Timestamp,
    /// Every check, in the order of the list.
    pub findings: Vec<JudgedFinding>,
    /// The credential as the file has it.
    pub credential: Option<CredentialSummary>,
    /// The issuer of the credential.
    pub issuer: Option<IssuerSummary>,
    /// Its status.
    pub status: StatusSummary,
    /// The agencies that recognize the issuer for this credential: the asked agency first.
    pub recognized_by: Vec<JudgedRecognition>,
    /// The worth of it at the asked agency.
    pub worth: Vec<CredentialWorth>,
    /// The statements of others within it; at most ten.
    pub endorsements: Vec<JudgedEndorsement>,
    /// The answer about each badge in it, if it is a Comprehensive Learner Record; in the record's order.
    pub credentials: Vec<Self>,
}

impl JudgedFinding {
    pub(crate) fn new(code: Code, detail: impl Into<Phrase>) -> Self {
        Self {
            check: code.check(),
            code,
            detail: detail.into(),
            headline: None,
            as_of: None,
            agency: None,
        }
    }

    /// The finding, with another clause for the answer's sentence.
    pub(crate) fn with_headline(self, headline: impl Into<Phrase>) -> Self {
        Self {
            headline: Some(headline.into()),
            ..self
        }
    }

    /// The outcome of the check.
    #[must_use]
    pub const fn outcome(&self) -> CheckOutcome {
        self.code.outcome()
    }

    /// The clause of the answer's sentence.
    #[must_use]
    pub fn clause(&self) -> &Phrase {
        self.headline.as_ref().unwrap_or(&self.detail)
    }

    /// The finding in a language. Its detail turns and hides nothing, whoever wrote what stands in it.
    #[must_use]
    pub fn in_words(&self, language: &dyn Wording) -> Finding {
        Finding {
            check: self.check,
            outcome: self.outcome(),
            code: self.code.as_str().to_owned(),
            detail: quotable::plain(language.say(&self.detail)),
            as_of: self.as_of,
            agency: self.agency.clone(),
        }
    }
}

impl JudgedVerdict {
    /// Returns true if the signature holds, and nobody here knows whose it is.
    #[must_use]
    pub fn is_by_someone_unknown(&self) -> bool {
        let unregistered = |issuer: &IssuerSummary| issuer.standing == registry_schema::IssuerStanding::Unregistered;
        self.verdict == VerdictKind::NotRecognized && self.issuer.as_ref().is_none_or(unregistered)
    }

    /// The answer's sentences in a language. They turn and hide nothing, whoever wrote what stands in them.
    #[must_use]
    pub fn sentence_in_words(&self, language: &dyn Wording) -> String {
        quotable::plain(language.say(&self.sentence))
    }

    /// The answer in a language.
    #[must_use]
    pub fn in_words(&self, language: &dyn Wording) -> Verdict {
        Verdict {
            verdict: self.verdict,
            sentence: self.sentence_in_words(language),
            agency: self.agency.clone(),
            purpose: self.purpose,
            at: self.at,
            known: self.known,
            checked_at: self.checked_at,
            findings: self.findings.iter().map(|finding| finding.in_words(language)).collect(),
            credential: self.credential.clone(),
            issuer: self.issuer.clone(),
            status: self.status.clone(),
            recognized_by: self.recognized_by.iter().map(|by| by.in_words(language)).collect(),
            worth: self.worth.clone(),
            endorsements: self.endorsements.iter().map(|one| one.in_words(language)).collect(),
            credentials: self.credentials.iter().map(|one| one.in_words(language)).collect(),
            receipt: None,
        }
    }
}

impl JudgedRecognition {
    fn in_words(&self, language: &dyn Wording) -> RecognizingAgency {
        RecognizingAgency {
            agency: self.agency.clone(),
            scope: quotable::plain(language.say(&self.scope)),
            purposes: self.purposes.clone(),
            from: self.from,
            until: self.until,
            path: self.path.clone(),
            in_doubt: self.in_doubt.as_ref().map(|doubt| quotable::plain(language.say(doubt))),
        }
    }
}

impl JudgedEndorsement {
    fn in_words(&self, language: &dyn Wording) -> Endorsement {
        Endorsement {
            by: self.by.clone(),
            of: self.of,
            outcome: self.code.outcome(),
            code: self.code.as_str().to_owned(),
            detail: quotable::plain(language.say(&self.detail)),
        }
    }
}
