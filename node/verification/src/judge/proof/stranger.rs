//! Names that are not whose they seem: of a signer whom no agency registers, and of one issuer that has another's.

use registry_schema::{Argument, CheckOutcome, IssuerStanding, Phrase, quotable};

use super::{JudgeContext, SignerKeyPlace, finding};
use crate::{
    codes::Code,
    home,
    judge::{
        AnswerSentence, FindingDetail, JudgedFinding, LikeName, NameLikeness, Namesake, recognition::RecognitionOutcome,
    },
    names::SimilarName,
};

/// The most names that are told of those that a name is like.
const MAX_ALIKE: usize = 3;

impl JudgeContext<'_> {
    /// Returns true if an agency of this federation whose word counts registers the issuer.
    pub(super) fn registers_issuer(&self) -> bool {
        let (evidence, id) = (self.evidence, &self.badge.issuer_id);
        let kept = evidence.recognitions.iter().map(|entry| &entry.recognition.issuer);
        let mut all = evidence.issuers.iter().chain(kept);
        all.any(|issuer| {
            issuer.id == *id && self.homes.count(&issuer.agency) && !evidence.expelled.contains_key(&issuer.agency)
        })
    }

    /// A signature that holds, by a key that nobody here knows: what is shown is that, and never who signed.
    pub(super) fn unregistered(&self, how: SignerKeyPlace) -> JudgedFinding {
        let said = match self.claimed_name() {
            Some(name) => FindingDetail::NameOnlyClaimed { name },
            None => FindingDetail::FileNamesNoIssuer,
        };
        let detail = Phrase::from(FindingDetail::SignerUnregistered { how });
        finding(Code::IssuerUnregistered, detail.and(said))
    }

    /// That the name in the file is like others' names, if nobody here knows who signed.
    pub(super) fn resembling(&self) -> Option<JudgedFinding> {
        let name = self.claimed_name()?;
        let names = self.alike(&name, |is_same, like| (is_same, like));
        (!names.is_empty()).then(|| {
            let names = names.into_iter().enumerate();
            let names = Argument::row(names.map(|(place, (is_same, like))| match (place, is_same) {
                (0, true) => NameLikeness::Same { like },
                (0, false) => NameLikeness::Similar { like },
                (_, true) => NameLikeness::AndSame { like },
                (_, false) => NameLikeness::AndSimilar { like },
            }));
            let detail = Phrase::from(FindingDetail::NameResembles { name, names });
            finding(
                Code::IssuerNameResembles,
                detail.and(FindingDetail::NothingShowsTheySigned),
            )
        })
    }

    /// That other agencies' issuers which are recognized here have the name of this one, or one like it, while this one is not
    /// recognized: any agency can register an issuer of any name.
    pub(in crate::judge) fn namesakes(
        &self,
        standing: IssuerStanding,
        recognition: &RecognitionOutcome,
    ) -> Option<JudgedFinding> {
        let name = self.namesake_of(standing, recognition)?;
        let agency = self.name(&self.question.agency);
        let others = self.alike(&name, |is_same, like| (is_same, like));
        (!others.is_empty()).then(|| {
            let others = others.into_iter().enumerate().map(|(place, (is_same, like))| {
                let name = name.clone();
                match (place, is_same) {
                    (0, true) => Namesake::Same { like },
                    (0, false) => Namesake::Similar { like, name },
                    (_, true) => Namesake::AnotherSame { like },
                    (_, false) => Namesake::AnotherSimilar { like, name },
                }
            });
            let others = Argument::row(others);
            let detail = Phrase::from(FindingDetail::NamesakeRecognized { others, agency });
            finding(
                Code::IssuerNameResembles,
                detail.and(FindingDetail::NothingShowsItIsFromIt),
            )
        })
    }

    /// The same as a sentence of the answer.
    pub(in crate::judge) fn namesake_sentence(
        &self,
        standing: IssuerStanding,
        recognition: &RecognitionOutcome,
    ) -> Option<Phrase> {
        let name = self.namesake_of(standing, recognition)?;
        let others = self.alike(&name, |is_same, like| match is_same {
            true => AnswerSentence::NamesakeRecognized { like },
            false => AnswerSentence::SimilarNameRecognized { like },
        });
        others.into_iter().next().map(Phrase::from)
    }

    /// The name of an issuer that an agency registers, where it is not recognized and another of a like name is.
    fn namesake_of(&self, standing: IssuerStanding, recognition: &RecognitionOutcome) -> Option<String> {
        let is_recognized = recognition.before_rules == CheckOutcome::Passed;
        if standing != IssuerStanding::Registered || is_recognized || self.evidence.like_names.is_empty() {
            return None;
        }
        let listed = home::entry(self.evidence, &self.homes, &self.badge.issuer_id)?;
        quotable::name(&listed.name)
    }

    /// The names that a shown one is like, each told once; with whether a reader sees any difference.
    fn alike<T: PartialEq>(&self, shown: &str, say: impl Fn(bool, LikeName) -> T) -> Vec<T> {
        let mut told: Vec<T> = Vec::new();
        for like in &self.evidence.like_names {
            let words = say(self.is_same(shown, like), self.like_name(like));
            if !told.contains(&words) {
                told.push(words);
            }
        }
        told.truncate(MAX_ALIKE);
        told
    }

    /// Returns true if a name that is shown is, letter by letter, the one that it is like.
    pub(in crate::judge) fn is_same(&self, shown: &str, like: &SimilarName) -> bool {
        quotable::name(&like.name).as_deref() == Some(shown)
    }

    /// The name that another is like, and whose it is.
    pub(in crate::judge) fn like_name(&self, like: &SimilarName) -> LikeName {
        let name = quotable::name(&like.name).unwrap_or_else(|| like.agency.to_string());
        match like.is_agency {
            true => LikeName::OfAgency {
                name,
                id: like.agency.to_string(),
            },
            false => LikeName::OfIssuer {
                name,
                agency: self.name(&like.agency),
            },
        }
    }
}
