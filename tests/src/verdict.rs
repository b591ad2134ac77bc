//! The statements of a scenario about a verdict.

use registry_schema::{Check, CheckOutcome, Finding, Verdict, VerdictKind};

/// The statements of a scenario about a verdict.
pub trait VerdictAssertions {
    /// The verdict, if it is of this kind.
    ///
    /// # Panics
    /// If it is another, with all findings.
    fn is(self, kind: VerdictKind) -> Self;

    /// The finding with this code.
    ///
    /// # Panics
    /// If there is none, with all findings.
    fn finding(&self, code: &str) -> &Finding;

    /// The codes of a check's findings.
    fn codes(&self, check: Check) -> Vec<&str>;

    /// Every check must have spoken, and a green answer must rest on checks that passed.
    ///
    /// # Panics
    /// If it does not.
    fn is_honest(&self);
}

impl VerdictAssertions for Verdict {
    fn is(self, kind: VerdictKind) -> Self {
        assert_eq!(self.verdict, kind, "{self:#?}");
        self.is_honest();
        self
    }

    fn finding(&self, code: &str) -> &Finding {
        let found = self.findings.iter().find(|finding| finding.code == code);
        found.unwrap_or_else(|| panic!("no finding `{code}`: {self:#?}"))
    }

    fn codes(&self, check: Check) -> Vec<&str> {
        self.findings
            .iter()
            .filter(|finding| finding.check == check)
            .map(|finding| finding.code.as_str())
            .collect()
    }

    fn is_honest(&self) {
        use Check::{Dates, Holder, Issuer, Proof, Recognition, Status, Structure, Worth};
        assert!(!self.sentence.is_empty(), "{self:#?}");
        for check in [Structure, Proof, Issuer, Dates, Status, Recognition, Worth, Holder] {
            let outcomes: Vec<CheckOutcome> = self
                .findings
                .iter()
                .filter(|finding| finding.check == check)
                .map(|finding| finding.outcome)
                .collect();
            assert!(!outcomes.is_empty(), "{check:?} did not speak: {self:#?}");
            let decides = !matches!(check, Worth | Holder);
            if self.verdict == VerdictKind::Accepted && decides {
                assert!(
                    outcomes.iter().all(|o| *o == CheckOutcome::Passed),
                    "green, but {check:?} says {outcomes:?}: {self:#?}"
                );
            }
        }
    }
}
