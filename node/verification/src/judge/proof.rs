//! Structure, proof, and whether the key is the issuer's.

mod outcome;
mod stranger;

use std::ptr;

use registry_schema::{AgencyId, Check, Issuer, Phrase, Timestamp, VerificationMethod, quotable};
use serde_json::Value;

use super::{FindingDetail, HeadlineClause, JudgeContext, JudgedFinding, SignerKeyPlace, finding, local_date};
use crate::{
    VerificationKey, VerificationQuestion,
    codes::Code,
    data_integrity::{InvalidProof, ProofOutcome, Undecidable, VerifiedProof},
    evidence::ResolvedIssuer,
    home, multikey,
};

/// The most faults of structure that are told one by one.
const MAX_TOLD: usize = 5;

/// A key that a trust list gives the issuer, and when it was one.
#[derive(Clone)]
pub(super) struct KnownKey<'a> {
    /// The entry that does; none for the issuer's own document.
    entry: Option<&'a Issuer>,
    method: &'a str,
    /// The key as the list writes it.
    text: &'a str,
    pub(super) key: VerificationKey,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl<'a> KnownKey<'a> {
    fn new(entry: Option<&'a Issuer>, method: &'a VerificationMethod, key: VerificationKey) -> Self {
        Self {
            entry,
            method: &method.id,
            text: &method.public_key_multibase,
            key,
            from: method.from,
            until: method.until,
        }
    }

    fn read(method: &'a VerificationMethod) -> Option<Self> {
        let key = multikey::decode(&method.public_key_multibase).ok()?;
        Some(Self::new(None, method, key))
    }
}

impl JudgeContext<'_> {
    /// The findings on structure, proof and issuer, in this order.
    pub(super) fn proof(&self, endorsed: Vec<JudgedFinding>) -> Vec<JudgedFinding> {
        let listed = self.listed_keys();
        let known = self.issuer_keys(&listed);
        let outcome = self.outcome(&known);
        let mut findings = self.structure(&outcome);
        findings.push(self.signature(&outcome));
        findings.extend(endorsed);
        let issuer = self.issuer(&outcome, &known);
        let is_unknown = issuer.code == Code::IssuerUnregistered;
        findings.push(issuer);
        findings.extend(self.resembling().filter(|_| is_unknown));
        if let ProofOutcome::Valid(signatures) = &outcome {
            let vouched = self.vouched.get_or_init(|| self.who_vouches(signatures, &listed));
            debug_assert_eq!(vouched.len(), self.evidence.recognitions.len());
        }
        findings
    }

    fn structure(&self, outcome: &ProofOutcome) -> Vec<JudgedFinding> {
        let faults = &self.badge.faults;
        let invalid = |fault: Phrase| {
            let found = finding(Code::StructureInvalid, fault.clone());
            found.with_headline(HeadlineClause::NotWellFormed { fault })
        };
        let told = faults.iter().take(MAX_TOLD);
        let mut findings: Vec<JudgedFinding> = told.map(|fault| invalid(Phrase::from(fault))).collect();
        if faults.len() > MAX_TOLD {
            let count = faults.len() - MAX_TOLD;
            findings.push(invalid(FindingDetail::MoreFaults { count }.into()));
        }
        if let ProofOutcome::CouldNotCheck(doubt @ Undecidable::UnknownContext { .. }) = outcome {
            findings.push(finding(Code::StructureUnknownContext, doubt));
        }
        if findings.is_empty() {
            let form = match self.badge.is_record() {
                true => FindingDetail::LearnerRecord,
                false => FindingDetail::OpenBadge,
            };
            findings.push(finding(Code::StructureValid, form));
        }
        findings
    }

    fn signature(&self, outcome: &ProofOutcome) -> JudgedFinding {
        let mut finding = signature(outcome, self.question, self.home_agency());
        if let (ProofOutcome::CouldNotCheck(Undecidable::UnknownKey { method }), Some(_)) = (outcome, self.resolved()) {
            let method = method.clone();
            finding.detail = FindingDetail::KeyNotInDocument { method }.into();
        }
        let proofs = self.badge.document.get("proof").and_then(Value::as_array);
        if let (ProofOutcome::Valid(known), Some(all), None) = (outcome, proofs, &self.badge.token)
            && all.len() > known.len()
        {
            let count = all.len() - known.len();
            finding.detail = finding.detail.and(FindingDetail::OtherSignatures { count });
        }
        finding
    }
}

/// The finding on a document's signatures, at the moment asked about.
pub(crate) fn signature(
    outcome: &ProofOutcome,
    question: &VerificationQuestion,
    dated_by: Option<&AgencyId>,
) -> JudgedFinding {
    match outcome {
        ProofOutcome::Valid(signatures) => {
            if question.now_is_in_doubt() && signatures.iter().any(|s| s.expires.is_some()) {
                return finding(Code::ProofClockInDoubt, FindingDetail::ClockInDoubtForDates);
            }
            let expired = |s: &VerifiedProof| s.expires.filter(|e| *e <= question.at);
            match signatures.iter().find_map(expired) {
                Some(on) => {
                    let on = local_date(question, dated_by, on);
                    finding(Code::ProofExpired, FindingDetail::SignatureExpired { on })
                }
                None => finding(Code::ProofValid, FindingDetail::SignatureMatches),
            }
        }
        ProofOutcome::Invalid(why) => {
            let code = match why {
                InvalidProof::Missing => Code::ProofMissing,
                InvalidProof::Uncovered { .. } => Code::ProofUncoveredField,
                InvalidProof::Mismatch | InvalidProof::Malformed { .. } => Code::ProofInvalid,
            };
            finding(code, why)
        }
        ProofOutcome::CouldNotCheck(doubt) => {
            let code = match doubt {
                Undecidable::UnknownSuite { .. } => Code::ProofUnknownSuite,
                Undecidable::UnknownContext { .. } => Code::ProofNotChecked,
                Undecidable::UnknownKey { .. } | Undecidable::NoKeyNamed => Code::ProofUnknownKey,
                Undecidable::TooComplex { .. } => Code::ProofTooComplex,
            };
            finding(code, doubt)
        }
    }
}

impl JudgeContext<'_> {
    /// The keys that are the issuer's for an answer of the asked agency: of all that lists give it, those of the home
    /// agencies whose word counts.
    fn issuer_keys<'k>(&'k self, listed: &[KnownKey<'k>]) -> Vec<KnownKey<'k>> {
        match self.resolved() {
            // What an agency vouched for is not mixed with what the web says.
            Some(resolved) if listed.is_empty() => resolved.keys.issuing.iter().filter_map(KnownKey::read).collect(),
            _ => {
                let counts = |known: &&KnownKey<'_>| known.entry.is_some_and(|entry| self.homes.count(&entry.agency));
                listed.iter().filter(counts).cloned().collect()
            }
        }
    }

    /// The issuer's own document, if it was fetched and still counts.
    fn resolved(&self) -> Option<&ResolvedIssuer> {
        let resolved = self.evidence.resolved.as_ref()?.as_ref().ok()?;
        self.is_fresh(resolved.freshness).then_some(resolved)
    }

    /// A key of the issuer's own document that may not issue: what it signed is shown to be so, and not to be unknown.
    fn other_key(&self, method: &str) -> Option<VerificationKey> {
        let other = &self.resolved()?.keys.other;
        other
            .iter()
            .find(|m| m.id == method)
            .and_then(KnownKey::read)
            .map(|k| k.key)
    }

    /// Returns true if a key of the issuer's own document signed it that may not issue.
    fn signed_by_other(&self, outcome: &ProofOutcome) -> bool {
        let ProofOutcome::Valid(signatures) = outcome else {
            return false;
        };
        let other = self
            .resolved()
            .map_or(&[][..], |resolved| resolved.keys.other.as_slice());
        let keys: Vec<VerificationKey> = other.iter().filter_map(KnownKey::read).map(|k| k.key).collect();
        signatures.iter().any(|s| keys.contains(&s.key))
    }

    /// Returns true if a list's signature is by a key of the badge's issuer, in its term.
    pub(super) fn is_issuers(&self, signatures: &[VerifiedProof]) -> bool {
        let listed = self.listed_keys();
        let known = self.issuer_keys(&listed);
        let own = multikey::key_of_did(&self.badge.issuer_id);
        signatures.iter().any(|s| {
            let listed = known.iter().filter(|k| k.key == s.key);
            let mut terms = listed
                .map(|k| self.in_term(k, s) || self.may_be_in_term(k, s))
                .peekable();
            match terms.peek() {
                None => own.as_ref() == Some(&s.key),
                Some(_) => terms.any(|within| within),
            }
        })
    }

    /// The issuer's keys by the lists of agencies.
    pub(super) fn own_keys(&self) -> Vec<VerificationKey> {
        let listed = self.listed_keys();
        let counts = |known: &KnownKey<'_>| known.entry.is_some_and(|entry| self.homes.count(&entry.agency));
        listed.into_iter().filter(counts).map(|known| known.key).collect()
    }

    /// Every key that some agency's trust list gives this issuer. Entries for another id do not count, whatever the
    /// evidence holds: that would let one issuer sign for another. Nor does another key than the one that the issuer's
    /// name holds, where it holds one.
    pub(super) fn listed_keys(&self) -> Vec<KnownKey<'_>> {
        let evidence = self.evidence;
        let registered = evidence
            .issuers
            .iter()
            // The word of an expelled agency on who its issuers are counts no more.
            .filter(|issuer| !evidence.expelled.contains_key(&issuer.agency));
        // Who recognizes keeps the issuer's entry; what its home agency says now goes before it.
        let kept = evidence.recognitions.iter().filter_map(|entry| {
            let recognized = &entry.recognition.issuer;
            ptr::eq(home::as_registered(evidence, entry), recognized).then_some(recognized)
        });
        let own = self.badge.issuer_id.strip_prefix("did:key:");
        let mut known: Vec<KnownKey<'_>> = Vec::new();
        for issuer in registered.chain(kept).filter(|i| i.id == self.badge.issuer_id) {
            for method in &issuer.verification_methods {
                // Several agencies list the same key; reading one costs more than comparing its text.
                let text = method.public_key_multibase.as_str();
                if own.is_some_and(|own| own != text) {
                    continue;
                }
                let same = known.iter().find(|k| k.text == text).map(|k| k.key.clone());
                known.extend(
                    same.or_else(|| multikey::decode(text).ok())
                        .map(|key| KnownKey::new(Some(issuer), method, key)),
                );
            }
        }
        known
    }

    /// For each recognition of the evidence, whether the entry that it stands for makes the key that signed the badge its
    /// issuer's: lists it, in its term; or names none, where the issuer's name holds it.
    fn who_vouches(&self, signatures: &[VerifiedProof], listed: &[KnownKey<'_>]) -> Vec<bool> {
        let own = multikey::key_of_did(&self.badge.issuer_id);
        let vouches = |issuer: &Issuer, signature: &VerifiedProof| {
            let of_entry =
                |k: &&KnownKey<'_>| k.entry.is_some_and(|entry| ptr::eq(entry, issuer)) && k.key == signature.key;
            let mut terms = listed
                .iter()
                .filter(of_entry)
                .map(|k| self.in_term(k, signature))
                .peekable();
            match terms.peek() {
                None => own.as_ref() == Some(&signature.key),
                Some(_) => terms.any(|within| within),
            }
        };
        let entries = self.evidence.recognitions.iter();
        let registered = entries.map(|entry| home::as_registered(self.evidence, entry));
        registered
            .map(|issuer| signatures.iter().any(|signature| vouches(issuer, signature)))
            .collect()
    }

    /// Decides whether a key that made a signature is the issuer's, and was at the time of signing.
    fn issuer(&self, outcome: &ProofOutcome, known: &[KnownKey<'_>]) -> JudgedFinding {
        let id = quotable::identifier(self.badge.issuer_id.chars().take(120).collect());
        let own = self.badge.issuer_id.strip_prefix("did:key:");
        let own = own.and_then(|text| known.iter().find(|k| k.text == text));
        let own = own.map_or_else(|| multikey::key_of_did(&self.badge.issuer_id), |k| Some(k.key.clone()));
        if id.is_empty() {
            return finding(Code::IssuerUnresolvable, FindingDetail::NoIssuerNamed);
        }
        let may_not_issue = self.signed_by_other(outcome);
        if own.is_none() && known.is_empty() && !may_not_issue {
            let listing = home::entries(self.evidence, &self.homes, &self.badge.issuer_id);
            let mut expelled = listing.filter_map(|issuer| self.expelled(&issuer.agency, Check::Issuer));
            if let Some(expelled) = expelled.next() {
                return expelled;
            }
            let issuer = id;
            let why = match &self.evidence.resolved {
                Some(Ok(resolved)) if self.is_fresh(resolved.freshness) => FindingDetail::NoIssuingKey { issuer },
                Some(Ok(_)) if self.question.knowing_is_in_doubt() => FindingDetail::ClockInDoubtForLists,
                Some(Ok(_)) => FindingDetail::DocumentTooOld { issuer },
                Some(Err(why)) => FindingDetail::KeysUnavailable {
                    issuer,
                    why: why.clone(),
                },
                None => FindingDetail::IssuerNotListed { issuer },
            };
            return finding(Code::IssuerUnresolvable, why);
        }
        let ProofOutcome::Valid(signatures) = outcome else {
            return self.claimed_key(known, own);
        };
        let (mut out_of_term, mut stolen) = (None, None);
        for signature in signatures {
            if let Some(found) = self.compromised(&signature.key) {
                stolen = Some(found);
                continue;
            }
            let mut listed = known.iter().filter(|k| k.key == signature.key).peekable();
            if own.as_ref() == Some(&signature.key) && listed.peek().is_none() {
                // Whoever registers it by its name alone knows its key by that.
                return match self.registers_issuer() {
                    true => finding(Code::IssuerKeyIsIssuers, FindingDetail::KeyInIdentifier),
                    false => self.unregistered(SignerKeyPlace::OwnIdentifier),
                };
            }
            for key in listed {
                if self.in_term(key, signature) {
                    return self.is_key_of_issuer();
                }
                if self.may_be_in_term(key, signature) {
                    return finding(Code::IssuerClockInDoubt, FindingDetail::ClockInDoubtForDates);
                }
                out_of_term = Some(key);
            }
        }
        if let Some((home, since)) = stolen {
            return self.confirmed(&home.agency, since);
        }
        let detail = match out_of_term {
            Some(KnownKey { until: Some(until), .. }) => FindingDetail::KeyOnlyUntil { until: until.day() },
            Some(KnownKey { from: Some(from), .. }) => FindingDetail::KeyOnlyFrom { from: from.day() },
            _ if may_not_issue => FindingDetail::KeyMayNotIssue,
            _ => FindingDetail::AnotherKeySigned,
        };
        finding(Code::IssuerKeyNotIssuers, detail)
    }

    /// The entry of the issuer that calls this key compromised, and since when: by a home agency whose word counts, expelled
    /// or not, as it only takes away.
    fn compromised(&self, key: &VerificationKey) -> Option<(&Issuer, Timestamp)> {
        let mut issuers = home::entries(self.evidence, &self.homes, &self.badge.issuer_id);
        issuers.find_map(|issuer| {
            let mut methods = issuer.verification_methods.iter();
            methods.find_map(|method| {
                let since = method.compromised?;
                let is_it = multikey::decode(&method.public_key_multibase).is_ok_and(|listed| listed == *key);
                is_it.then_some((issuer, since))
            })
        })
    }

    /// The home agency's word on a badge that a compromised key signed. Dates prove nothing: a thief writes any date.
    fn confirmed(&self, home: &AgencyId, since: Timestamp) -> JudgedFinding {
        let (agency, since) = (self.name(home), since.day());
        let unanswered = |why: Phrase| {
            let detail = Phrase::from(FindingDetail::CompromisedUnanswered {
                since,
                agency: agency.clone(),
            });
            finding(Code::IssuerKeyCompromised, detail.and(why))
        };
        match &self.evidence.confirmed {
            Some(Ok(true)) => finding(
                Code::IssuerKeyIsIssuers,
                FindingDetail::CompromisedButConfirmed { since, agency },
            ),
            Some(Ok(false)) => finding(
                Code::IssuerKeyCompromised,
                FindingDetail::CompromisedNotConfirmed { since, agency },
            ),
            Some(Err(why)) => unanswered(why.clone()),
            None => unanswered(FindingDetail::NotAskedForConfirmation.into()),
        }
    }

    fn is_key_of_issuer(&self) -> JudgedFinding {
        let document = self.resolved().filter(|_| self.listed_keys().is_empty());
        match document.and_then(|resolved| resolved.freshness.as_of()) {
            Some(as_of) => JudgedFinding {
                as_of: Some(as_of),
                ..self.unregistered(SignerKeyPlace::OwnDocument)
            },
            None => finding(Code::IssuerKeyIsIssuers, FindingDetail::KeyListed),
        }
    }

    /// Without a valid signature nothing shows who signed; but a proof may name a key that is not the issuer's.
    fn claimed_key(&self, known: &[KnownKey<'_>], own: Option<VerificationKey>) -> JudgedFinding {
        let (method, key) = match &self.badge.token {
            Some(token) => token.claimed_key(&self.badge.issuer_id),
            None => {
                let proof = self.badge.document.get("proof");
                let method = proof.and_then(|p| p.get("verificationMethod")).and_then(|m| m.as_str());
                (method.map(str::to_owned), method.and_then(multikey::key_in_method))
            }
        };
        let listed = method.is_some_and(|m| known.iter().any(|k| k.method == m));
        match key {
            Some(key) if !listed && own.as_ref() != Some(&key) && known.iter().all(|k| k.key != key) => {
                finding(Code::IssuerKeyNotIssuers, FindingDetail::AnotherKeyNamed)
            }
            _ => finding(Code::IssuerNotChecked, FindingDetail::NoSignatureNoIssuer),
        }
    }

    /// A key counts for what it signed within its term. The date in a badge is the signer's word; a term that ends is
    /// a retirement, after which what was signed before stays good.
    fn in_term(&self, key: &KnownKey<'_>, signature: &VerifiedProof) -> bool {
        let signed = signature.created.or(self.badge.valid_from).unwrap_or(self.question.at);
        // Nobody has signed later than now, whatever the signature says: no key is good before its term.
        let signed = signed.min(self.question.knowing());
        key.from.is_none_or(|from| from <= signed) && key.until.is_none_or(|until| signed < until)
    }

    /// Returns true if a signature would be within the key's term at another time than that of a clock which is in doubt.
    /// What is dated before the term is not, whatever the time.
    fn may_be_in_term(&self, key: &KnownKey<'_>, signature: &VerifiedProof) -> bool {
        let signed = signature.created.or(self.badge.valid_from);
        let signed = signed.or_else(|| (!self.question.now_is_in_doubt()).then_some(self.question.at));
        let may_be = |from: Timestamp| signed.is_none_or(|signed| from <= signed);
        self.question.knowing_is_in_doubt() && key.from.is_none_or(may_be)
    }
}
