//! The agencies that this node follows: an operator always says yes; nothing is pinned by itself.

use protocol::{Countersignature, Introduction, Replica, ReplicaEvent, Signed, Ticket, WriteBatch};
use registry_schema::AgencyId;

use super::{Actor, Registrar, RegistrarError};
use crate::{
    peer_set::{AdmissionError, Membership},
    replication::{LogWriter, ReplicationCommand, WriteError},
};
use storage::{LocalWrite, PeerRow, Store, StoreError, TransactionId};
use transport::network::{NetworkCommand, Peer};

impl From<AdmissionError> for RegistrarError {
    fn from(error: AdmissionError) -> Self {
        match error {
            AdmissionError::Own | AdmissionError::TooMany => Self::Invalid(error.to_string()),
            AdmissionError::Pinned(why) => Self::Conflict(why),
        }
    }
}

impl Registrar {
    /// Follows an agency from now on, by one of its nodes. `introduced_by` is for the audit trail alone.
    ///
    /// # Errors
    /// [`RegistrarError::Conflict`], if its name or its log is pinned otherwise; [`RegistrarError`], if it cannot be done.
    pub async fn add_peer(
        &self,
        hand: &Actor,
        ticket: &Ticket,
        introduced_by: Option<&AgencyId>,
    ) -> Result<(), RegistrarError> {
        let peer = Peer::of(ticket).map_err(|error| RegistrarError::Invalid(format!("{error:#}")))?;
        if peer.is_out_of_reach() {
            return Err(RegistrarError::Invalid(format!(
                "a node cannot be called by `{}`: its operator writes /dns/HOST/tcp/PORT into `peer_addresses`",
                ticket.addresses.join("`, `")
            )));
        }
        let _acting = self.write_lock.lock().await;
        let row = {
            let registry = self.registry.snapshot();
            registry.roster().adding(ticket, &hand.who, self.clock.now())?
        };
        if hand.dry_run {
            return Ok(());
        }
        let note = introduced_by.map(|by| format!("introduced by {by}; {}", ticket.genesis));
        let note = note.unwrap_or_else(|| ticket.genesis.to_string());
        let audit = self.act(hand, "peer.add", ticket.agency.as_str(), Some(note));
        let then = vec![
            ReplicationCommand::Happened(ReplicaEvent::Pinned(ticket.genesis)),
            ReplicationCommand::Tell(NetworkCommand::Meet(peer)),
        ];
        self.decide(row, audit, then).await
    }

    /// Follows an agency no more. What is known of it stays, as evidence; once it is expelled, nothing that it says
    /// counts here but what it revoked.
    ///
    /// # Errors
    /// [`RegistrarError::Unknown`], if it is no peer; [`RegistrarError::Conflict`], if that stands already.
    pub async fn remove_peer(&self, hand: &Actor, agency: &AgencyId, expel: bool) -> Result<(), RegistrarError> {
        let _acting = self.write_lock.lock().await;
        let (row, genesis) = {
            let registry = self.registry.snapshot();
            let roster = registry.roster();
            let is_own = *agency == roster.own().agency;
            if is_own && expel {
                return Err(RegistrarError::Invalid(
                    "an agency does not expel itself: to end what a store of it writes, end its writer key".into(),
                ));
            }
            let known = if is_own { roster.stores() } else { roster.of(agency) };
            let known =
                known.ok_or_else(|| RegistrarError::Unknown(format!("`{agency}` is no peer: see /v1/peers")))?;
            match (known.membership, expel) {
                (Membership::Expelled(since), _) => {
                    let since = since.date_in_words();
                    return Err(RegistrarError::Conflict(format!(
                        "`{agency}` is expelled since {since}"
                    )));
                }
                (Membership::Left(since), false) => {
                    let since = since.date_in_words();
                    return Err(RegistrarError::Conflict(format!(
                        "`{agency}` is not followed since {since}"
                    )));
                }
                _ => {}
            }
            let row = roster.removing(agency, expel, &hand.who, self.clock.now());
            (row.ok_or_else(super::not_ready)?, known.genesis)
        };
        if hand.dry_run {
            return Ok(());
        }
        let act = if expel { "peer.expel" } else { "peer.remove" };
        let audit = self.act(hand, act, agency.as_str(), Some(genesis.to_string()));
        let mut then = vec![ReplicationCommand::Tell(NetworkCommand::Part { agency: genesis })];
        // Its own log a node follows for good, whatever other stores there are.
        if genesis != self.registry.snapshot().home_hash() {
            then.insert(0, ReplicationCommand::Happened(ReplicaEvent::Unpinned(genesis)));
        }
        self.decide(row, audit, then).await
    }

    /// Asks a peer's nodes at once for all that they hold and this node lacks. What they give is taken in like anything else
    /// that a peer gives; it need not be here when this returns.
    ///
    /// # Errors
    /// [`RegistrarError::Unknown`], if it is no peer; [`RegistrarError::Conflict`], if none of its nodes is connected.
    pub async fn pull_from(&self, hand: &Actor, agency: &AgencyId) -> Result<(), RegistrarError> {
        let _acting = self.write_lock.lock().await;
        let (genesis, is_connected) = {
            let registry = self.registry.snapshot();
            let roster = registry.roster();
            let is_own = *agency == roster.own().agency;
            let known = if is_own { roster.stores() } else { roster.of(agency) };
            let known = known.filter(|known| known.membership == Membership::Member);
            let known =
                known.ok_or_else(|| RegistrarError::Unknown(format!("`{agency}` is no peer: see /v1/peers")))?;
            (known.genesis, registry.transport(&known.genesis).is_some())
        };
        if !is_connected {
            let why = format!("no node of `{agency}` is connected: nothing can be asked of it now");
            return Err(RegistrarError::Conflict(why));
        }
        if hand.dry_run {
            return Ok(());
        }
        let audit = self.act(hand, "peer.pull", agency.as_str(), None);
        self.store
            .commit(&WriteBatch::default(), &[audit], self.clock.now())
            .await?;
        Ok(self
            .author
            .run(ReplicationCommand::Happened(ReplicaEvent::Pulled(genesis)))
            .await?)
    }

    /// Lets go of the name of an agency that is followed no more, so that another log may come under it: for one that lost
    /// its keys, and begins anew. What was known of it counts no more.
    ///
    /// # Errors
    /// [`RegistrarError::Unknown`], if it is no peer; [`RegistrarError::Conflict`], if it is followed still, or the configuration pins it.
    pub async fn unpin_peer(&self, hand: &Actor, agency: &AgencyId) -> Result<(), RegistrarError> {
        let _acting = self.write_lock.lock().await;
        let (row, genesis) = {
            let registry = self.registry.snapshot();
            let roster = registry.roster();
            let known = roster.of(agency);
            let known =
                known.ok_or_else(|| RegistrarError::Unknown(format!("`{agency}` is no peer: see /v1/peers")))?;
            if known.membership == Membership::Member {
                return Err(RegistrarError::Conflict(format!(
                    "`{agency}` is followed: remove it first, and then let go of its name"
                )));
            }
            let row = roster.unpinning(agency, &hand.who, self.clock.now()).ok_or_else(|| {
                RegistrarError::Conflict(format!(
                    "the node's configuration names `{agency}`: take it out of comity.toml, and start the node again"
                ))
            });
            (row?, known.genesis)
        };
        if hand.dry_run {
            return Ok(());
        }
        let audit = self.act(hand, "peer.unpin", agency.as_str(), Some(genesis.to_string()));
        self.decide(row, audit, vec![]).await
    }

    /// These tickets as an introduction, signed with this node's writer key; in base64.
    ///
    /// # Errors
    /// [`RegistrarError`], if this process does not write, or may not.
    pub async fn introduce(&self, tickets: Vec<String>) -> Result<String, RegistrarError> {
        let now = self.clock.now();
        let signed = self.look(move |replica| replica.introduce(tickets, now)).await?;
        let signed = signed.ok_or_else(|| {
            RegistrarError::Unavailable("the key log does not let this node's writer key sign".into())
        })?;
        Ok(Introduction::to_text(&signed))
    }

    /// Believes that a peer introduces this node: its writer key signed the ticket, not long ago.
    ///
    /// # Errors
    /// [`RegistrarError`], if it is no peer, or did not.
    pub async fn check_introduction(
        &self,
        by: &AgencyId,
        introduction: &str,
        ticket: &Ticket,
    ) -> Result<(), RegistrarError> {
        let wrong =
            |why: &dyn std::fmt::Display| RegistrarError::Invalid(format!("this is no introduction by `{by}`: {why}"));
        let signed = Introduction::from_text(introduction).map_err(|error| wrong(&error))?;
        let genesis = {
            let registry = self.registry.snapshot();
            let known = registry.roster().of(by);
            known
                .filter(|known| known.membership == Membership::Member)
                .map(|known| known.genesis)
        };
        let genesis = genesis.ok_or_else(|| RegistrarError::Unknown(format!("`{by}` is no peer: see /v1/peers")))?;
        let key_log = self.store.key_log(genesis).await?.ok_or_else(super::not_ready)?;
        let introduction = Introduction::read(signed, &key_log, self.clock.now()).map_err(|error| wrong(&error))?;
        if introduction.get().tickets.contains(&ticket.to_string()) {
            Ok(())
        } else {
            Err(wrong(&"it holds another ticket"))
        }
    }

    /// Takes in a countersignature for this agency's log that was posted; it is on disk when this returns.
    ///
    /// # Errors
    /// [`RegistrarError::Invalid`], if it is none that counts; [`RegistrarError`], if this process does not write.
    pub async fn take_held(&self, held: Signed<Countersignature>) -> Result<(), RegistrarError> {
        let checked = held.clone();
        let check = self
            .look(move |replica| replica.check_posted(checked).map(drop))
            .await?;
        check.map_err(|why| RegistrarError::Invalid(why.to_string()))?;
        self.author
            .run(ReplicationCommand::Happened(ReplicaEvent::Posted(held)))
            .await?;
        // Errands are run in their order: once this one is, the one before is on disk.
        Ok(self.look(|_| ()).await?)
    }

    /// Writes what was decided about a peer, and then does what follows from it. Where it stays unknown whether it was
    /// written, that is looked for until it is found: what this process does follows from what is on disk.
    async fn decide(
        &self,
        row: PeerRow,
        audit: LocalWrite,
        then: Vec<ReplicationCommand>,
    ) -> Result<(), RegistrarError> {
        let own = [LocalWrite::Peer(row.clone()), audit];
        match self.store.commit(&WriteBatch::default(), &own, self.clock.now()).await {
            Ok(()) => {
                self.registry.apply_peers(&[row]);
                run_all(&self.author, then).await;
                Ok(())
            }
            Err(StoreError::OutcomeUnknown(id)) => {
                let (store, registry, author) = (self.store.clone(), self.registry.clone(), self.author.clone());
                let acting = self.write_lock.clone();
                tokio::spawn(async move {
                    if !is_found(&store, id).await {
                        return;
                    }
                    let _acting = acting.lock().await;
                    // Others may have decided since: what stands now is heeded, all of it.
                    match store.peers().await {
                        Ok(rows) => registry.apply_peers(&rows),
                        Err(error) => tracing::error!(%error, "what was decided about a peer counts after a restart"),
                    }
                    run_all(&author, then).await;
                });
                Err(StoreError::OutcomeUnknown(id).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Has something looked up in the replica, which only the process that writes has.
    pub async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Replica) -> T + Send + 'static,
    ) -> Result<T, WriteError> {
        self.author.look(look).await
    }
}

/// Waits to find out whether a transaction of unknown outcome was committed; false also if the node stops before.
async fn is_found(store: &Store, id: TransactionId) -> bool {
    loop {
        match store.settle(id).await {
            Err(StoreError::OutcomeUnknown(_)) if !store.is_closed() => {}
            result => return result.is_ok(),
        }
    }
}

/// Does what was decided, which is on disk: if this process loses the lease now, the next holder does it.
async fn run_all(author: &LogWriter, errands: Vec<ReplicationCommand>) {
    for errand in errands {
        if let Err(error) = author.run(errand).await {
            tracing::warn!(%error, "what was decided about a peer is done by the process that writes next");
        }
    }
}
