//! Structure, proof, and whether the key is the issuer's.

mod outcome;
mod stranger;

use std::ptr;

use registry_schema::{AgencyId, Check, Finding, Issuer, Timestamp, VerificationMethod, quotable};
use serde_json::Value;

use super::{JudgeContext, finding, in_local_words};
use crate::{
    VerificationKey, VerificationQuestion,
    codes::Code,
    data_integrity::{InvalidProof, ProofOutcome, Undecidable, VerifiedProof},
    evidence::{CLOCK_IN_DOUBT, NOW_IN_DOUBT, ResolvedIssuer},
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
    pub(super) fn proof(&self, endorsed: Vec<Finding>) -> Vec<Finding> {
        let listed = self.listed_keys();
        let known = self.issuer_keys(&listed);
        let outcome = self.outcome(&known);
        let mut findings = self.structure(&outcome);
        findings.push(self.signature(&outcome));
        findings.extend(endorsed);
        let issuer = self.issuer(&outcome, &known);
        let is_unknown = issuer.code == Code::IssuerUnregistered.as_str();
        findings.push(issuer);
        findings.extend(self.resembling().filter(|_| is_unknown));
        if let ProofOutcome::Valid(signatures) = &outcome {
            let vouched = self.vouched.get_or_init(|| self.who_vouches(signatures, &listed));
            debug_assert_eq!(vouched.len(), self.evidence.recognitions.len());
        }
        findings
    }

    fn structure(&self, outcome: &ProofOutcome) -> Vec<Finding> {
        let faults = &self.badge.faults;
        let mut findings: Vec<Finding> = faults
            .iter()
            .take(MAX_TOLD)
            .map(|f| finding(Code::StructureInvalid, f.to_string()))
            .collect();
        if faults.len() > MAX_TOLD {
            let more = faults.len() - MAX_TOLD;
            findings.push(finding(Code::StructureInvalid, format!("and {more} more faults")));
        }
        if let ProofOutcome::CouldNotCheck(doubt @ Undecidable::UnknownContext(_)) = outcome {
            findings.push(finding(Code::StructureUnknownContext, doubt.to_string()));
        }
        if findings.is_empty() {
            findings.push(finding(
                Code::StructureValid,
                match self.badge.is_record() {
                    true => "a well-formed Comprehensive Learner Record 2.0",
                    false => "a well-formed Open Badges 3.0 credential",
                },
            ));
        }
        findings
    }

    fn signature(&self, outcome: &ProofOutcome) -> Finding {
        let mut finding = signature(outcome, self.question, self.home_agency());
        if let (ProofOutcome::CouldNotCheck(Undecidable::UnknownKey(method)), Some(_)) = (outcome, self.resolved()) {
            finding.detail =
                format!("the key `{method}` does not stand, or no longer stands, in the issuer's own document");
        }
        let proofs = self.badge.document.get("proof").and_then(Value::as_array);
        if let (ProofOutcome::Valid(known), Some(all), None) = (outcome, proofs, &self.badge.token)
            && all.len() > known.len()
        {
            let unknown = all.len() - known.len();
            finding
                .detail
                .push_str(&format!("; beside it, {unknown} of a kind not known here"));
        }
        finding
    }
}

/// The finding on a document's signatures, at the moment asked about.
pub(crate) fn signature(
    outcome: &ProofOutcome,
    question: &VerificationQuestion,
    dated_by: Option<&AgencyId>,
) -> Finding {
    match outcome {
        ProofOutcome::Valid(signatures) => {
            if question.now_is_in_doubt() && signatures.iter().any(|s| s.expires.is_some()) {
                return finding(Code::ProofClockInDoubt, NOW_IN_DOUBT);
            }
            let expired = |s: &VerifiedProof| s.expires.filter(|e| *e <= question.at);
            match signatures.iter().find_map(expired) {
                Some(on) => finding(
                    Code::ProofExpired,
                    format!("the signature expired on {}", in_local_words(question, dated_by, on)),
                ),
                None => finding(Code::ProofValid, "the signature matches the content"),
            }
        }
        ProofOutcome::Invalid(why) => {
            let code = match why {
                InvalidProof::Missing => Code::ProofMissing,
                InvalidProof::Uncovered(_) => Code::ProofUncoveredField,
                InvalidProof::Mismatch | InvalidProof::Malformed(_) => Code::ProofInvalid,
            };
            finding(code, why.to_string())
        }
        ProofOutcome::CouldNotCheck(doubt) => {
            let code = match doubt {
                Undecidable::UnknownSuite(_) => Code::ProofUnknownSuite,
                Undecidable::UnknownContext(_) => Code::ProofNotChecked,
                Undecidable::UnknownKey(_) => Code::ProofUnknownKey,
                Undecidable::TooComplex(_) => Code::ProofTooComplex,
            };
            finding(code, doubt.to_string())
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
    fn issuer(&self, outcome: &ProofOutcome, known: &[KnownKey<'_>]) -> Finding {
        let id = quotable::identifier(self.badge.issuer_id.chars().take(120).collect());
        let own = self.badge.issuer_id.strip_prefix("did:key:");
        let own = own.and_then(|text| known.iter().find(|k| k.text == text));
        let own = own.map_or_else(|| multikey::key_of_did(&self.badge.issuer_id), |k| Some(k.key.clone()));
        if id.is_empty() {
            return finding(Code::IssuerUnresolvable, "the badge names no issuer");
        }
        let may_not_issue = self.signed_by_other(outcome);
        if own.is_none() && known.is_empty() && !may_not_issue {
            let listing = home::entries(self.evidence, &self.homes, &self.badge.issuer_id);
            let mut expelled = listing.filter_map(|issuer| self.expelled(&issuer.agency, Check::Issuer));
            if let Some(expelled) = expelled.next() {
                return expelled;
            }
            let why = match &self.evidence.resolved {
                Some(Ok(resolved)) if self.is_fresh(resolved.freshness) => {
                    format!("the document of `{id}` names no key that may issue and is of a kind used here")
                }
                Some(Ok(_)) if self.question.knowing_is_in_doubt() => CLOCK_IN_DOUBT.to_owned(),
                Some(Ok(_)) => format!("the document of `{id}` was fetched too long ago"),
                Some(Err(why)) => format!("the keys of the issuer `{id}` could not be had: {why}"),
                None => {
                    format!("no agency of this federation lists the issuer `{id}`, so its keys are not known here")
                }
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
                    true => finding(
                        Code::IssuerKeyIsIssuers,
                        "the key is the issuer's own: its DID holds it",
                    ),
                    false => self.unregistered("the key that signed is held by the signer's own identifier"),
                };
            }
            for key in listed {
                if self.in_term(key, signature) {
                    return self.is_key_of_issuer();
                }
                if self.may_be_in_term(key, signature) {
                    return finding(Code::IssuerClockInDoubt, NOW_IN_DOUBT);
                }
                out_of_term = Some(key);
            }
        }
        if let Some((home, since)) = stolen {
            return self.confirmed(&home.agency, since);
        }
        let detail = match out_of_term {
            Some(KnownKey { until: Some(until), .. }) => {
                format!("the key was the issuer's only until {}", until.date_in_words())
            }
            Some(KnownKey { from: Some(from), .. }) => {
                format!("the key became the issuer's only on {}", from.date_in_words())
            }
            _ if may_not_issue => {
                "a key of the issuer's signed it that may not issue: it does not stand under `assertionMethod`"
                    .to_owned()
            }
            _ => "another key than the issuer's signed it".to_owned(),
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
    fn confirmed(&self, home: &AgencyId, since: Timestamp) -> Finding {
        let (agency, since) = (self.name(home), since.date_in_words());
        match &self.evidence.confirmed {
            Some(Ok(true)) => finding(
                Code::IssuerKeyIsIssuers,
                format!("the key is compromised since {since}, but {agency} confirms that it issued this very badge"),
            ),
            Some(Ok(false)) => finding(
                Code::IssuerKeyCompromised,
                format!(
                    "its key is compromised since {since}, and {agency} does not confirm that it issued this badge"
                ),
            ),
            said => {
                let why = said.as_ref().and_then(|said| said.as_ref().err());
                let why = why.map_or("it was not asked whether it issued this badge", String::as_str);
                finding(
                    Code::IssuerKeyCompromised,
                    format!(
                        "its key is compromised since {since}, so only {agency} can tell whether it is genuine; {why}"
                    ),
                )
            }
        }
    }

    fn is_key_of_issuer(&self) -> Finding {
        let document = self.resolved().filter(|_| self.listed_keys().is_empty());
        match document.and_then(|resolved| resolved.freshness.as_of()) {
            Some(as_of) => Finding {
                as_of: Some(as_of),
                ..self.unregistered("the key that signed stands in the document that the signer itself publishes")
            },
            None => finding(Code::IssuerKeyIsIssuers, "the key is listed as the issuer's"),
        }
    }

    /// Without a valid signature nothing shows who signed; but a proof may name a key that is not the issuer's.
    fn claimed_key(&self, known: &[KnownKey<'_>], own: Option<VerificationKey>) -> Finding {
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
            Some(key) if !listed && own.as_ref() != Some(&key) && known.iter().all(|k| k.key != key) => finding(
                Code::IssuerKeyNotIssuers,
                "the signature names another key than the issuer's",
            ),
            _ => finding(
                Code::IssuerNotChecked,
                "without a signature that holds, nothing shows who issued it",
            ),
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
