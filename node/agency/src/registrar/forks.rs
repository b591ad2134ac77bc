//! The proven forks of agencies' logs: an operator looks into them, and says so.

use protocol::{Hash, WriteBatch};
use registry_schema::AgencyId;

use super::{Actor, Registrar, RegistrarError, within};
use storage::{ForkAcknowledgement, LocalWrite};

/// Most characters of a note.
const LONGEST_NOTE: usize = 500;

impl Registrar {
    /// Writes down that an operator has looked into these forks of an agency's log, which are proven here. One that was
    /// acknowledged before stays so by whoever did it first. Returns all that is written down of them.
    ///
    /// # Errors
    /// [`RegistrarError`], if the note is too long, or it cannot be written down.
    pub async fn acknowledge_forks(
        &self,
        hand: &Actor,
        agency: (&AgencyId, Hash),
        forks: &[Hash],
        note: Option<&str>,
    ) -> Result<Vec<ForkAcknowledgement>, RegistrarError> {
        note.map_or(Ok(()), |note| within("the note", note, LONGEST_NOTE))?;
        let (name, genesis) = agency;
        let _acting = self.write_lock.lock().await;
        let mut said = self.store.fork_acknowledgements(genesis).await?;
        let is_new = |fork: &&Hash| !said.iter().any(|one| one.fork == **fork);
        let at = self.clock.now();
        let new: Vec<ForkAcknowledgement> = { forks.iter().filter(is_new) }
            .map(|fork| ForkAcknowledgement {
                agency: genesis,
                fork: *fork,
                at,
                who: hand.who.clone(),
                note: note.map(str::to_owned),
            })
            .collect();
        if !hand.dry_run && !new.is_empty() {
            let act = |one: &ForkAcknowledgement| {
                let told = one.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
                self.act(
                    hand,
                    "fork.acknowledge",
                    name.as_str(),
                    Some(format!("{}{told}", one.fork)),
                )
            };
            let audit = new.iter().map(act);
            let own: Vec<LocalWrite> = audit
                .chain(new.iter().cloned().map(LocalWrite::ForkAcknowledged))
                .collect();
            self.store.commit(&WriteBatch::default(), &own, at).await?;
        }
        said.extend(new);
        said.retain(|one| forks.contains(&one.fork));
        Ok(said)
    }
}
