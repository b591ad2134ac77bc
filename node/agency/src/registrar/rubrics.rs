//! The effects of importing a rubric. A rubric decides about applications, and never about a badge.

use registry_schema::{criteria::Rubric, registration::CasePhase};

use super::{Registrar, RegistrarError};

impl Registrar {
    /// Says in words what importing this version of a rubric would do.
    ///
    /// # Errors
    /// [`RegistrarError`], if the store cannot be read.
    pub async fn rubric_consequences(&self, rubric: &Rubric) -> Result<Vec<String>, RegistrarError> {
        if self.store.rubric(&rubric.id, &rubric.version).await?.is_some() {
            return Ok(vec!["This version stands already: nothing would change.".to_owned()]);
        }
        let reviewed = self.store.reviewed_against().await?;
        let count = |phases: &[CasePhase], of_it: bool| -> i64 {
            let fits = reviewed.iter().filter(|one| {
                phases.iter().any(|phase| phase.as_str() == one.phase) && (!of_it || one.rubric_id == rubric.id)
            });
            fits.map(|one| one.cases).sum()
        };
        let counted = |number: i64, one: &str, many: &str| match number {
            0 => format!("No {one}"),
            1 => format!("1 {one}"),
            n => format!("{n} {many}"),
        };
        let waiting = [CasePhase::Submitted, CasePhase::UnderReview];
        let registered = [CasePhase::Registered, CasePhase::Suspended];
        let (open, issuers) = (count(&waiting, false), count(&registered, true));
        let stays = match open {
            0 => String::new(),
            1 => ": it stays with the version that it was made against".to_owned(),
            _ => ": each stays with the version that it was made against".to_owned(),
        };
        let renewed = match issuers {
            0 => String::new(),
            1 => ": its next renewal is reviewed against this version".to_owned(),
            _ => ": their next renewals are reviewed against this version".to_owned(),
        };
        Ok(vec![
            "It changes no verdict, no worth and no registration. Applications from now on are reviewed against it, unless \
             they name another."
                .to_owned(),
            format!("{} waits for a decision{stays}.", counted(open, "application", "applications"))
                .replace("applications waits", "applications wait"),
            format!(
                "{} last reviewed against this rubric{renewed}.",
                counted(issuers, "issuer of your agency was", "issuers of your agency were")
            ),
        ])
    }
}
