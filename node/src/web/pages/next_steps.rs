//! Next steps: for each answer, and for each thing found, one that a person at a desk can take.

use registry_schema::{
    AgencyId, Check, CheckOutcome, Finding, IssuerStanding, Timestamp, Verdict, VerdictKind, verdict::IssuerSummary,
    zone,
};

use super::words::{finding, listed, plain};

/// The steps, in the order in which to take them; at most five.
pub(super) fn next_steps(verdict: &Verdict, agency_name: &dyn Fn(&AgencyId) -> String) -> Vec<String> {
    let desk = NextStepContext { verdict, agency_name };
    let mut steps = match verdict.verdict {
        VerdictKind::Accepted => desk.accepted(),
        VerdictKind::NotRecognized if verdict.is_by_someone_unknown() => desk.signed_by_someone_unknown(),
        VerdictKind::NotRecognized => desk.not_recognized(),
        VerdictKind::NotValid => desk.not_valid(),
        VerdictKind::CouldNotCheck => desk.could_not_check(),
        VerdictKind::Unreadable => desk.unreadable(),
    };
    let mut seen = Vec::new();
    steps.retain(|s| {
        let new = !seen.contains(s);
        seen.push(s.clone());
        new
    });
    steps.truncate(5);
    steps
}

struct NextStepContext<'a> {
    verdict: &'a Verdict,
    agency_name: &'a dyn Fn(&AgencyId) -> String,
}

impl NextStepContext<'_> {
    fn name(&self, agency: &AgencyId) -> String {
        plain(&(self.agency_name)(agency), 60)
    }

    fn here(&self) -> String {
        self.name(&self.verdict.agency)
    }

    /// The issuer's name, if it stands in an agency's list: nobody is sent to whom a stranger's file names.
    fn issuer(&self) -> String {
        let is_listed =
            |issuer: &&IssuerSummary| issuer.standing == IssuerStanding::Registered || issuer.agency.is_some();
        let listed = self.verdict.issuer.as_ref().filter(is_listed);
        let named = listed.and_then(|i| i.name.as_deref());
        named
            .map(|n| plain(n, 120))
            .filter(|n| !n.is_empty())
            .unwrap_or_else(|| "the issuer".to_owned())
    }

    /// Returns true if no agency of this federation has the issuer as its own.
    fn unaffiliated(&self) -> bool {
        self.verdict.issuer.as_ref().is_none_or(|i| i.agency.is_none())
    }

    /// Names the one that answers for the badge's status: the issuer's home agency, or the issuer.
    fn home(&self) -> String {
        let agency = self.verdict.issuer.as_ref().and_then(|i| i.agency.as_ref());
        agency.map_or_else(|| self.issuer(), |a| self.name(a))
    }

    /// A date of the badge, as the agency meant it whose issuer wrote it.
    fn date(&self, at: Timestamp) -> String {
        let home = self.verdict.issuer.as_ref().and_then(|i| i.agency.as_ref());
        zone::dated_in_words(at, home, &self.verdict.agency)
    }

    /// Names the one that answers for the list that a finding on the status rests on: the agency that keeps it, or the
    /// issuer that publishes it.
    fn keeper(&self, f: &Finding) -> String {
        let is_published = self
            .verdict
            .status
            .source
            .as_deref()
            .is_some_and(|source| source.contains("://"));
        match &f.agency {
            Some(agency) => self.name(agency),
            None if is_published => self.issuer(),
            None => self.home(),
        }
    }

    /// Says what to ask those whose silence leaves it open whether the issuer is recognized.
    fn when_unheard(&self, f: &Finding) -> String {
        let (issuer, here) = (self.issuer(), self.here());
        let home = self.verdict.issuer.as_ref().and_then(|i| i.agency.as_ref());
        match &f.agency {
            Some(silent) if *silent == self.verdict.agency => {
                format!("Check again in an hour. If nothing changes, ask {here} directly if it recognizes {issuer}.")
            }
            Some(silent) if Some(silent) == home => format!(
                "Check again in an hour. If nothing changes, ask {} directly if it still registers {issuer}.",
                self.name(silent)
            ),
            Some(silent) => format!(
                "Check again in an hour. If nothing changes, ask {} directly if it still recognizes {issuer}: {here} follows it.",
                self.name(silent)
            ),
            None => "Check again in an hour. If nothing changes, tell whoever runs this site.".to_owned(),
        }
    }

    fn with(&self, outcome: CheckOutcome) -> impl Iterator<Item = &Finding> {
        self.verdict.findings.iter().filter(move |f| f.outcome == outcome)
    }

    /// Returns true if somebody else has the issuer's name, or one like it.
    fn has_namesake(&self) -> bool {
        self.verdict.findings.iter().any(|f| f.code == "issuer.name_resembles")
    }

    fn accepted(&self) -> Vec<String> {
        let mut steps = Vec::new();
        let subject = self.verdict.credential.as_ref().and_then(|c| c.subject.as_ref());
        if !subject.is_some_and(|s| s.identity_checked) {
            steps.push("Make sure that the badge belongs to the person in front of you.".to_owned());
        }
        let recognition = finding(&self.verdict.findings, Check::Recognition);
        if recognition.is_some_and(|found| found.code == "recognition.conditional") {
            steps.push("See to the condition named above before you count the badge: no badge shows it.".to_owned());
        }
        if self.verdict.worth.is_empty() {
            let here = self.here();
            steps.push(
                match finding(&self.verdict.findings, Check::Worth).map(|f| f.code.as_str()) {
                    Some("worth.depends") => {
                        format!("Find out what is not known yet beside “Counts for”, before you count it in {here}.")
                    }
                    Some("worth.rule_not_met") => {
                        format!("Read the rule beside “Counts for”: nothing counts in {here} for it.")
                    }
                    Some("worth.stale") => {
                        format!("Check again later what it counts for: {here} was not heard recently enough.")
                    }
                    _ => format!("Ask {here} what this badge counts for. It has published no rate."),
                },
            );
        }
        steps.push("Print or save this page for your records.".to_owned());
        steps.push(
            "If you decide on a later day, check again. A badge can be suspended or revoked at any time.".to_owned(),
        );
        steps
    }

    fn not_recognized(&self) -> Vec<String> {
        let here = self.here();
        let issuer = self.issuer();
        let mut steps = Vec::new();
        match finding(&self.verdict.findings, Check::Recognition).map(|f| f.code.as_str()) {
            Some("recognition.wrong_purpose") => {
                steps.push(format!(
                    "Check it again for a use that {here} recognizes: they are named above."
                ));
            }
            Some("recognition.out_of_scope") => {
                steps.push(
                    "Check that this is the right badge. The issuer is recognized, but for other badges than this one."
                        .to_owned(),
                );
            }
            Some("recognition.rule_not_met") => {
                return vec![
                    format!("Read the rule that is named above, and ask {here} if it applies to this badge."),
                    "Print or save this page for your records.".to_owned(),
                ];
            }
            Some("recognition.ended_at_home") => {
                return vec![
                    format!(
                        "Ask the agency that registers {issuer} if the registration will hold again; {here} follows that."
                    ),
                    "Print or save this page for your records.".to_owned(),
                ];
            }
            Some("recognition.not_at_that_date") => {
                steps.push("Check it again for the day on which you need it. The recognition did not hold on the day that was asked about.".to_owned());
            }
            _ => {}
        }
        let has_namesake = self.has_namesake();
        if has_namesake {
            steps.push(format!(
                "Do not take {issuer} for the other issuer that is named above: it is the other one that {here} recognizes."
            ));
        }
        steps.push(format!("Ask {here} if it plans to recognize {issuer} for this use."));
        let others: Vec<String> = self
            .verdict
            .recognized_by
            .iter()
            .filter(|r| r.agency != self.verdict.agency && r.in_doubt.is_none())
            .filter(|r| self.verdict.purpose.is_none_or(|p| r.purposes.contains(&p)))
            .map(|r| self.name(&r.agency))
            .collect();
        if !others.is_empty() {
            steps.push(format!(
                "If your district may decide for itself, it can take into account that {} already recognized it.",
                match others.as_slice() {
                    [one] => format!("{one} has"),
                    many => format!("{} have", listed(many, 4)),
                }
            ));
        }
        steps.push(match has_namesake {
            true => "Keep a copy with the application.".to_owned(),
            false => "Nothing is wrong with the badge itself. Keep a copy with the application.".to_owned(),
        });
        steps
    }

    /// Nobody may rely on the name in the file, and nobody whom the file names is asked by what the file says.
    fn signed_by_someone_unknown(&self) -> Vec<String> {
        let here = self.here();
        let like = self.has_namesake();
        let mut steps = vec![
            "Do not count this badge because of the name in it. Anyone can make a file that says this.".to_owned(),
            "Ask the teacher where the badge comes from, and for one that an issuer registered by a state signed."
                .to_owned(),
        ];
        if like {
            steps.push("Ask the agency named above if its issuer made this badge. Find its address yourself, and not in the file.".to_owned());
        }
        steps.push(format!(
            "Ask {here} if it knows who signed. The identifier of the signer stands below, with every check."
        ));
        steps
    }

    fn not_valid(&self) -> Vec<String> {
        // What was revoked or suspended will not be mended by a new date.
        let status = self.with(CheckOutcome::Failed).any(|f| f.check == Check::Status);
        let failed = self
            .with(CheckOutcome::Failed)
            .filter(|f| !(status && f.check == Check::Dates));
        let mut steps: Vec<String> = failed.filter_map(|f| self.when_failed(f)).collect();
        if steps.is_empty() {
            steps.push("Ask the teacher for the badge as the issuer sent it, and check that.".to_owned());
        }
        steps.push("Show the teacher this page before you decide, so that they can answer.".to_owned());
        steps
    }

    fn when_failed(&self, f: &Finding) -> Option<String> {
        let issuer = self.issuer();
        let home = self.home();
        Some(match (f.code.as_str(), f.check) {
            ("status.revoked", _) => format!(
                "Do not count this badge. Ask the teacher if another one took its place. Questions about the revocation go to {home}."
            ),
            ("status.suspended", _) => {
                format!("Do not count this badge for now. A suspension can be lifted: ask {home} when it expects to decide, and check again.")
            }
            ("dates.expired", _) => "Ask the teacher for a renewed badge. This one is past its last day.".to_owned(),
            ("dates.not_yet_valid", _) => {
                let from = self.verdict.credential.as_ref().and_then(|c| c.valid_from);
                from.map_or_else(
                    || "Check it again when its first day has come.".to_owned(),
                    |from| format!("Check it again on or after {}.", self.date(from)),
                )
            }
            ("proof.missing", _) => format!("Ask the teacher for the badge as {issuer} signed it. This file carries no signature."),
            ("proof.expired", _) => format!("Ask the teacher for a newer copy from {issuer}. The signature on this one has run out."),
            ("proof.uncovered_field", _) => format!("Ask {issuer} for a badge in which every word is signed. In this one, some could have been added later."),
            ("proof.invalid", _) | (_, Check::Proof) => {
                "Ask the teacher for the original file, as the issuer sent it. A file that was edited, or saved again by another program, no longer matches its signature.".to_owned()
            }
            (_, Check::Issuer) => {
                format!("Ask {issuer} if it issued this badge. The key that signed it is not one of the issuer’s keys.")
            }
            (_, Check::Structure) => format!("Ask {issuer} for a corrected badge. This file lacks something that the standard requires."),
            (_, Check::Status) => format!("Ask {home} about the status of this badge."),
            (_, Check::Dates) => "Ask the teacher for a badge that is in date.".to_owned(),
            (_, Check::Recognition | Check::Worth | Check::Holder) => return None,
        })
    }

    fn could_not_check(&self) -> Vec<String> {
        let mut steps: Vec<String> = self
            .with(CheckOutcome::CouldNotCheck)
            .filter_map(|f| self.when_unknown(f))
            .collect();
        if steps.is_empty() {
            steps.push("Check again in an hour.".to_owned());
        }
        steps.push(
            "Do not decide against the teacher because of this answer. It says nothing against the badge.".to_owned(),
        );
        steps
    }

    fn when_unknown(&self, f: &Finding) -> Option<String> {
        let issuer = self.issuer();
        let here = self.here();
        Some(match (f.code.as_str(), f.check) {
            ("agency.forked", _) => format!(
                "Ask {} directly. Two different histories of one agency’s records are known, and this node will not choose between them.",
                f.agency.as_ref().map_or(here, |agency| self.name(agency))
            ),
            ("agency.expelled", _) => {
                let expelled = f.agency.as_ref().map_or(here, |agency| self.name(agency));
                format!("Ask {expelled} directly. This site no longer relies on what it hears from there.")
            }
            ("status.not_checked", _) => return None,
            ("status.stale", _) => format!(
                "Check again in an hour. If nothing changes, ask {} directly if the badge still holds: what is known of its list is too old to rely on.",
                self.keeper(f)
            ),
            ("recognition.stale", _) => self.when_unheard(f),
            ("status.unreachable", _) if self.unaffiliated() => format!(
                "Check again in an hour. If nothing changes, ask {issuer} directly if the badge still holds: its own status list could not be read."
            ),
            ("status.unreachable", _) => format!(
                "Check again in an hour. If nothing changes, ask {} directly: its list could not be reached.",
                self.keeper(f)
            ),
            ("structure.unreachable", _) => {
                "Try again in an hour, or ask the teacher for the badge file itself. A file can be checked without fetching it.".to_owned()
            }
            ("proof.unknown_key", _) => {
                format!("Ask {issuer} if it signed this badge. The key that the badge names is not known here.")
            }
            (_, Check::Proof) => format!(
                "Ask {issuer} if it can send the badge signed in another way. This node cannot read this kind of signature."
            ),
            (_, Check::Issuer) => {
                format!("Check again in an hour. If nothing changes, ask {issuer} which agency lists it.")
            }
            (_, Check::Structure) => format!(
                "Ask {issuer} which edition of the badge standard it uses. The file names terms that this node does not know."
            ),
            (_, Check::Status) => {
                format!("Check again in an hour, or ask {} directly about the status.", self.keeper(f))
            }
            (_, Check::Recognition) => {
                format!("Check again in an hour, or ask {here} directly if it recognizes {issuer}.")
            }
            (_, Check::Dates) => format!("Ask {issuer} from when to when the badge is good."),
            (_, Check::Worth | Check::Holder) => return None,
        })
    }

    #[expect(clippy::unused_self, reason = "reads like its siblings")]
    fn unreadable(&self) -> Vec<String> {
        vec![
            "Ask for the badge as the issuer sent it: a JSON file, or a badge picture in PNG or SVG format.".to_owned(),
            "A screenshot, a scan or a printed certificate does not carry the badge inside it. Neither does a picture that was sent through a chat app.".to_owned(),
            "If the teacher has a short code instead, type that.".to_owned(),
        ]
    }
}
