//! Expunging of contacts: a case's is forgotten when the case is over and somebody asks, or so many days after its last step.

use std::{sync::Arc, time::Duration};

use registry_schema::registration::CasePhase;
use tokio::sync::watch;

use super::{
    super::{Actor, Registrar, RegistrarError},
    ApplicationCase,
};
use storage::LocalWrite;

/// The text that stands in the place of a contact that was expunged.
const EXPUNGED: &str = "null";

/// The pause between two looks for contacts that were kept long enough.
const LOOKED_EVERY: Duration = Duration::from_secs(3_600);

/// The pause before it is tried again where it could not be done.
const TRIED_EVERY: Duration = Duration::from_secs(30);

impl Registrar {
    /// Forgets who can be reached about a case. What was decided, and why, stays.
    ///
    /// # Errors
    /// [`RegistrarError`], if there is no such case, it waits for a decision, that is forgotten already, or the node cannot write.
    pub async fn expunge_contact(&self, id: &str, hand: &Actor) -> Result<ApplicationCase, RegistrarError> {
        let _acting = self.write_lock.lock().await;
        let mut file = self.case(id).await?;
        if file.case.phase.is_open() {
            return Err(RegistrarError::Conflict(
                "the application waits for a decision, and whoever made it has to be reached: decide or close it first"
                    .into(),
            ));
        }
        if file.application.contact == EXPUNGED {
            return Err(RegistrarError::Conflict(format!(
                "the contact of `{id}` is expunged already"
            )));
        }
        let own = vec![
            LocalWrite::Contact {
                application: id.to_owned(),
                contact: EXPUNGED.to_owned(),
            },
            self.act(hand, "application.expunge_contact", id, None),
        ];
        self.keep(hand.dry_run, own).await?;
        file.application.contact = EXPUNGED.to_owned();
        Ok(file)
    }

    /// Forgets the contacts of the cases that were refused, closed or withdrawn, and untouched for so many days. Gives how many.
    ///
    /// # Errors
    /// [`RegistrarError`], if the node cannot write.
    pub async fn expunge_old_contacts(&self, after_days: u32) -> Result<usize, RegistrarError> {
        let before = self.clock.now().plus_seconds(-i64::from(after_days) * 86_400);
        let over = [CasePhase::Refused, CasePhase::Closed, CasePhase::Withdrawn].map(CasePhase::as_str);
        let hand = Actor {
            who: "retention".into(),
            dry_run: false,
        };
        let old = self.store.contacts_before(before.0, over, EXPUNGED).await?;
        for id in &old {
            self.expunge_contact(id, &hand).await?;
        }
        Ok(old.len())
    }
}

/// Forgets contacts that were kept so many days, now and then; the process that writes for the agency does.
pub async fn retention(registrar: Arc<Registrar>, days: u32, mut stop: watch::Receiver<bool>) {
    loop {
        let pause = match registrar.expunge_old_contacts(days).await {
            Ok(0) => LOOKED_EVERY,
            // Whoever holds the lease does it; this process may be about to.
            Err(RegistrarError::NotHolder) => TRIED_EVERY,
            Ok(count) => {
                tracing::info!(count, "contacts of applications were kept long enough and are expunged");
                LOOKED_EVERY
            }
            Err(error) => {
                tracing::warn!(%error, "contacts of applications could not be expunged");
                TRIED_EVERY
            }
        };
        let stopped = tokio::select! {
            () = tokio::time::sleep(pause) => false,
            _ = stop.wait_for(|stop| *stop) => true,
        };
        if stopped {
            return;
        }
    }
}
