//! Structure, proof, and whether the key is the issuer's.

use registry_schema::{Check, Finding, Timestamp};

use super::{Case, finding};
use crate::{
    PublicKey,
    codes::Code,
    data_integrity::{self, Doubt, Invalid, ProofOutcome, Signature},
    multikey,
};

/// How many faults of structure are told one by one.
const MAX_TOLD: usize = 5;

/// A key that a trust list gives the issuer, and when it was one.
struct Known {
    method: String,
    key: PublicKey,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Case<'_> {
    /// The findings on structure, proof and issuer, in this order.
    pub(super) fn proof(&self) -> Vec<Finding> {
        let known = self.issuer_keys();
        let key_of = |method: &str| {
            let listed = known.iter().find(|k| k.method == method).map(|k| k.key.clone());
            listed.or_else(|| multikey::key_in_method(method))
        };
        let outcome = match &self.badge.token {
            Some(token) => token.verify(&self.badge.document, &self.badge.issuer_id, key_of),
            None => data_integrity::verify(&self.badge.document, key_of),
        };
        let mut findings = self.structure(&outcome);
        findings.push(self.signature(&outcome));
        findings.push(self.issuer(&outcome, &known));
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
        if let ProofOutcome::CouldNotCheck(doubt @ Doubt::UnknownContext(_)) = outcome {
            findings.push(finding(Code::StructureUnknownContext, doubt.to_string()));
        }
        if findings.is_empty() {
            findings.push(finding(
                Code::StructureValid,
                "a well-formed Open Badges 3.0 credential",
            ));
        }
        findings
    }

    fn signature(&self, outcome: &ProofOutcome) -> Finding {
        match outcome {
            ProofOutcome::Valid(signatures) => {
                let expired = |s: &Signature| s.expires.filter(|e| *e <= self.question.at);
                match signatures.iter().find_map(expired) {
                    Some(on) => finding(
                        Code::ProofExpired,
                        format!("the signature expired on {}", on.date_in_words()),
                    ),
                    None => finding(Code::ProofValid, "the signature matches the content"),
                }
            }
            ProofOutcome::Invalid(why) => {
                let code = match why {
                    Invalid::Missing => Code::ProofMissing,
                    Invalid::Uncovered(_) => Code::ProofUncoveredField,
                    Invalid::Mismatch | Invalid::Malformed(_) => Code::ProofInvalid,
                };
                finding(code, why.to_string())
            }
            ProofOutcome::CouldNotCheck(doubt) => {
                let code = match doubt {
                    Doubt::UnknownSuite(_) => Code::ProofUnknownSuite,
                    Doubt::UnknownContext(_) => Code::ProofNotChecked,
                    Doubt::UnknownKey(_) => Code::ProofUnknownKey,
                    Doubt::TooComplex(_) => Code::ProofTooComplex,
                };
                finding(code, doubt.to_string())
            }
        }
    }

    /// Every key that some agency's trust list gives this issuer. Entries for another id do not count, whatever the
    /// evidence holds: that would let one issuer sign for another.
    fn issuer_keys(&self) -> Vec<Known> {
        let evidence = self.evidence;
        let issuers = evidence
            .issuers
            .iter()
            // The word of an expelled agency on who its issuers are counts no more.
            .filter(|issuer| !evidence.expelled.contains_key(&issuer.agency))
            .chain(evidence.recognitions.iter().map(|r| &r.recognition.issuer));
        let mut known = Vec::new();
        for issuer in issuers.filter(|i| i.id == self.badge.issuer_id) {
            for method in &issuer.verification_methods {
                if let Ok(key) = multikey::decode(&method.public_key_multibase) {
                    known.push(Known {
                        method: method.id.clone(),
                        key,
                        from: method.from,
                        until: method.until,
                    });
                }
            }
        }
        known
    }

    /// Whether a key that made a signature is the issuer's, and was at the time of signing.
    fn issuer(&self, outcome: &ProofOutcome, known: &[Known]) -> Finding {
        let id: String = self.badge.issuer_id.chars().take(120).collect();
        let own = multikey::key_of_did(&self.badge.issuer_id);
        if id.is_empty() {
            return finding(Code::IssuerUnresolvable, "the badge names no issuer");
        }
        if own.is_none() && known.is_empty() {
            let listing = self
                .evidence
                .issuers
                .iter()
                .filter(|issuer| issuer.id == self.badge.issuer_id);
            let mut expelled = listing.filter_map(|issuer| self.expelled(&issuer.agency, Check::Issuer));
            if let Some(expelled) = expelled.next() {
                return expelled;
            }
            let why = format!("no agency of this federation lists the issuer `{id}`, so its keys are not known here");
            return finding(Code::IssuerUnresolvable, why);
        }
        let ProofOutcome::Valid(signatures) = outcome else {
            return self.claimed_key(known, own);
        };
        let mut out_of_term = None;
        for signature in signatures {
            let mut listed = known.iter().filter(|k| k.key == signature.key).peekable();
            if own.as_ref() == Some(&signature.key) && listed.peek().is_none() {
                return finding(
                    Code::IssuerKeyIsIssuers,
                    "the key is the issuer's own: its DID holds it",
                );
            }
            for key in listed {
                if self.in_term(key, signature) {
                    return finding(Code::IssuerKeyIsIssuers, "the key is listed as the issuer's");
                }
                out_of_term = Some(key);
            }
        }
        let detail = match out_of_term {
            Some(Known { until: Some(until), .. }) => {
                format!("the key was the issuer's only until {}", until.date_in_words())
            }
            Some(Known { from: Some(from), .. }) => {
                format!("the key became the issuer's only on {}", from.date_in_words())
            }
            _ => "another key than the issuer's signed it".to_owned(),
        };
        finding(Code::IssuerKeyNotIssuers, detail)
    }

    /// Without a valid signature nothing shows who signed; but a proof may name a key that is not the issuer's.
    fn claimed_key(&self, known: &[Known], own: Option<PublicKey>) -> Finding {
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
    fn in_term(&self, key: &Known, signature: &Signature) -> bool {
        let signed = signature.created.or(self.badge.valid_from).unwrap_or(self.question.at);
        key.from.is_none_or(|from| from <= signed) && key.until.is_none_or(|until| signed < until)
    }
}
