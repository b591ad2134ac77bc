//! The roster: which agencies this node follows, and who each of them is to it.
//!
//! It follows from the configuration and from what operators decided since (the table `peers`). **A name is pinned to one
//! key log until an operator lets go of it**: who leaves or is expelled keeps its name here, so that nobody else comes under
//! it.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{Hash, Ticket};
use registry_schema::{AgencyId, Timestamp};

use storage::PeerRow;
use transport::network::Peer;

/// Most nodes of one agency.
const MAX_NODES: usize = 8;

/// The standing of an agency: followed, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// Its log is fetched, and counts.
    Member,
    /// Its log is fetched no more since then; what is here counts as long as its heartbeats do.
    Left(Timestamp),
    /// The same, and since then nothing that it says counts but what it revoked.
    Expelled(Timestamp),
}

/// An agency, as this node's operators know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPeer {
    /// The hash of its first key-log entry, which says who it is.
    pub genesis: Hash,
    /// Its nodes; those of the configuration give neither a name nor a URL.
    pub tickets: Vec<Ticket>,
    /// The standing that it has here: followed, or not.
    pub membership: Membership,
    /// The moment at which it was added, and by whom; none, if the configuration names it.
    pub added: Option<(Timestamp, String)>,
}

/// The agencies that this node follows.
#[derive(Clone, Debug)]
pub struct PeerSet {
    own: Ticket,
    known: BTreeMap<AgencyId, KnownPeer>,
    /// The names that the configuration pins: those no operator lets go of.
    configured: BTreeSet<AgencyId>,
    /// The decisions of operators that cannot be read: why not, by the agency as it is filed.
    unread: BTreeMap<String, String>,
}

/// The reason that an agency is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdmissionError {
    /// It is this node itself, or its own agency under another name.
    #[error("this is a ticket of this node itself, or of its own agency under another name")]
    Own,
    /// The name, or the key log, is pinned otherwise: an impostor, or a mistake.
    #[error("{0}")]
    Pinned(String),
    /// Too many.
    #[error("an agency has at most {MAX_NODES} nodes here")]
    TooMany,
}

impl PeerSet {
    /// A node with this ticket, and the peers of its configuration.
    ///
    /// # Errors
    /// [`AdmissionError`], if they contradict each other.
    pub fn new(own: Ticket, configured: Vec<Ticket>) -> Result<Self, AdmissionError> {
        let mut roster = Self {
            own,
            known: BTreeMap::new(),
            configured: BTreeSet::new(),
            unread: BTreeMap::new(),
        };
        for ticket in configured {
            roster.admits(&ticket)?;
            roster.configured.insert(ticket.agency.clone());
            let one = roster.known.entry(ticket.agency.clone()).or_insert_with(|| KnownPeer {
                genesis: ticket.genesis,
                tickets: vec![],
                membership: Membership::Member,
                added: None,
            });
            one.tickets.push(ticket);
        }
        Ok(roster)
    }

    /// Follows an agency of which no node is known, but copies of its files.
    ///
    /// # Errors
    /// [`AdmissionError`], if the name, or the key log, is pinned otherwise.
    pub fn pin(&mut self, agency: &AgencyId, genesis: Hash) -> Result<(), AdmissionError> {
        if (agency, genesis) == (&self.own.agency, self.own.genesis) {
            return Ok(());
        }
        self.admits(&Ticket {
            agency: agency.clone(),
            name: String::new(),
            genesis,
            node: String::new(),
            addresses: vec![],
            url: String::new(),
        })?;
        self.configured.insert(agency.clone());
        self.known.entry(agency.clone()).or_insert_with(|| KnownPeer {
            genesis,
            tickets: vec![],
            membership: Membership::Member,
            added: None,
        });
        Ok(())
    }

    /// This node's own ticket; its name for people is the key log's affair.
    #[must_use]
    pub const fn own(&self) -> &Ticket {
        &self.own
    }

    /// Takes in what operators decided. What cannot be read is left out and told ([`PeerSet::unread`]): a disk that gave back
    /// something else stops no node.
    ///
    /// # Errors
    /// Says what contradicts what is pinned. What can be taken in is.
    pub fn read(&mut self, rows: &[PeerRow]) -> anyhow::Result<()> {
        let mut wrong = None;
        for row in rows {
            let tickets = match tickets(row) {
                Ok(tickets) => tickets,
                Err(why) => {
                    self.leave_out(row, &format!("{why:#}"));
                    continue;
                }
            };
            self.unread.remove(&row.agency);
            if let Err(error) = self.read_one(row, tickets) {
                wrong = Some(error.context(format!("the peer `{}` in the store", row.agency)));
            }
        }
        wrong.map_or(Ok(()), Err)
    }

    /// Notes a row that cannot be read. That it ends following an agency can be, and counts.
    fn leave_out(&mut self, row: &PeerRow, why: &str) {
        if self.unread.insert(row.agency.clone(), why.to_owned()).is_none() {
            tracing::error!(
                peer = row.agency,
                why,
                "what the store holds of a peer cannot be read, and is left out"
            );
        }
        let ended = match (row.expelled_at, row.left_at) {
            (Some(since), _) => Membership::Expelled(Timestamp(since)),
            (None, Some(since)) => Membership::Left(Timestamp(since)),
            (None, None) => return,
        };
        let agency: Option<AgencyId> = row.agency.parse().ok();
        if let Some(known) = agency.and_then(|agency| self.known.get_mut(&agency)) {
            known.membership = ended;
        }
    }

    /// Lists the decisions of operators about peers that cannot be read: the agency as it is filed, and why.
    pub fn unread(&self) -> impl Iterator<Item = (&str, &str)> {
        self.unread.iter().map(|(agency, why)| (agency.as_str(), why.as_str()))
    }

    fn read_one(&mut self, row: &PeerRow, tickets: Vec<Ticket>) -> anyhow::Result<()> {
        let Some(first) = tickets.first() else {
            anyhow::bail!("it has no ticket")
        };
        if row.unpinned_at.is_some() {
            if !self.configured.contains(&first.agency) {
                self.known.remove(&first.agency);
            }
            return Ok(());
        }
        for ticket in &tickets {
            self.admits(ticket)?;
        }
        let at = |millis: Option<i64>| millis.map(Timestamp);
        let (agency, genesis) = (first.agency.clone(), first.genesis);
        let known = KnownPeer {
            genesis,
            membership: match (at(row.expelled_at), at(row.left_at)) {
                (Some(since), _) => Membership::Expelled(since),
                (None, Some(since)) => Membership::Left(since),
                (None, None) => Membership::Member,
            },
            added: Some((Timestamp(row.added_at), row.added_by.clone())),
            tickets,
        };
        self.known.insert(agency, known);
        Ok(())
    }

    /// Checks that an agency may come under this name: neither its name nor its key log is pinned otherwise. This node's own
    /// agency may have other stores, which are peers like others.
    ///
    /// # Errors
    /// [`AdmissionError`], if it may not.
    pub fn admits(&self, ticket: &Ticket) -> Result<(), AdmissionError> {
        if ticket.node == self.own.node || (ticket.genesis == self.own.genesis && ticket.agency != self.own.agency) {
            return Err(AdmissionError::Own);
        }
        let said = ticket.fingerprint();
        if let Some(pinned) = self.genesis(&ticket.agency).filter(|pinned| **pinned != ticket.genesis) {
            return Err(AdmissionError::Pinned(format!(
                "`{}` is pinned to another log here, with the fingerprint {}; the ticket's is {said}: \
                 ask the agency, for somebody may pose as it",
                ticket.agency,
                pinned.fingerprint(),
            )));
        }
        let other = self
            .known
            .iter()
            .find(|(id, known)| known.genesis == ticket.genesis && **id != ticket.agency);
        if let Some((other, _)) = other {
            return Err(AdmissionError::Pinned(format!(
                "the log with the fingerprint {said} is known here as `{other}`, not as `{}`",
                ticket.agency
            )));
        }
        let nodes = self
            .known
            .iter()
            .flat_map(|(id, known)| known.tickets.iter().map(move |node| (id, node)));
        let mut nodes = nodes.filter(|(id, node)| node.node == ticket.node && **id != ticket.agency);
        if let Some((other, _)) = nodes.next() {
            return Err(AdmissionError::Pinned(format!(
                "the node `{}` is known here as one of `{other}`",
                ticket.node
            )));
        }
        Ok(())
    }

    /// The row that adds this ticket.
    ///
    /// # Errors
    /// [`AdmissionError`], if it may not be added.
    pub fn adding(&self, ticket: &Ticket, who: &str, now: Timestamp) -> Result<PeerRow, AdmissionError> {
        self.admits(ticket)?;
        let before = self.known.get(&ticket.agency);
        let before = before.filter(|known| known.membership == Membership::Member);
        let others = before.into_iter().flat_map(|known| &known.tickets);
        let mut tickets: Vec<&Ticket> = others.filter(|other| other.node != ticket.node).collect();
        tickets.push(ticket);
        if tickets.len() > MAX_NODES {
            return Err(AdmissionError::TooMany);
        }
        Ok(PeerRow {
            agency: ticket.agency.to_string(),
            ticket: lines(&tickets),
            added_at: now.0,
            added_by: who.to_owned(),
            left_at: None,
            expelled_at: None,
            unpinned_at: None,
        })
    }

    /// The row that ends following an agency; none, if it is not known.
    #[must_use]
    pub fn removing(&self, agency: &AgencyId, expel: bool, who: &str, now: Timestamp) -> Option<PeerRow> {
        let known = self.known.get(agency)?;
        if expel && *agency == self.own.agency {
            return None;
        }
        let (added_at, added_by) = known.added.clone().unwrap_or_else(|| (now, who.to_owned()));
        Some(PeerRow {
            agency: agency.to_string(),
            ticket: lines(&known.tickets.iter().collect::<Vec<_>>()),
            added_at: added_at.0,
            added_by,
            left_at: Some(now.0),
            expelled_at: expel.then_some(now.0),
            unpinned_at: None,
        })
    }

    /// The row that lets go of a name, so that another log may come under it; none, if it is not known or the configuration
    /// pins it.
    #[must_use]
    pub fn unpinning(&self, agency: &AgencyId, who: &str, now: Timestamp) -> Option<PeerRow> {
        let row = self.removing(agency, false, who, now)?;
        let free = *agency != self.own.agency && !self.configured.contains(agency);
        free.then_some(PeerRow {
            unpinned_at: Some(now.0),
            ..row
        })
    }

    /// Returns true if the configuration pins this name.
    #[must_use]
    pub fn is_configured(&self, agency: &AgencyId) -> bool {
        self.configured.contains(agency)
    }

    /// Returns the key log that a name is pinned to, this node's own included.
    #[must_use]
    pub fn genesis(&self, id: &AgencyId) -> Option<&Hash> {
        if *id == self.own.agency {
            return Some(&self.own.genesis);
        }
        self.known.get(id).map(|known| &known.genesis)
    }

    /// Returns what is known of an agency; none for this node's own.
    #[must_use]
    pub fn of(&self, id: &AgencyId) -> Option<&KnownPeer> {
        self.known.get(id).filter(|_| *id != self.own.agency)
    }

    /// The other stores of this node's own agency, as peers; none, if there never was one.
    #[must_use]
    pub fn stores(&self) -> Option<&KnownPeer> {
        self.known.get(&self.own.agency)
    }

    /// Returns true if other stores of this node's own agency are peers of it.
    #[must_use]
    pub fn has_own_peers(&self) -> bool {
        self.stores()
            .is_some_and(|known| known.membership == Membership::Member)
    }

    /// Lists the URLs at which the other stores of this node's own agency answer HTTP.
    pub fn store_urls(&self) -> impl Iterator<Item = &str> {
        let members = self.stores().filter(|known| known.membership == Membership::Member);
        let urls = members.into_iter().flat_map(|known| &known.tickets);
        urls.map(|ticket| ticket.url.as_str()).filter(|url| !url.is_empty())
    }

    /// The other agencies, by name.
    pub fn others(&self) -> impl Iterator<Item = (&AgencyId, &KnownPeer)> + Clone {
        self.known.iter().filter(|(id, _)| **id != self.own.agency)
    }

    /// Since when an agency is expelled, if it is.
    #[must_use]
    pub fn expelled(&self, id: &AgencyId) -> Option<Timestamp> {
        match self.of(id)?.membership {
            Membership::Expelled(since) => Some(since),
            _ => None,
        }
    }

    /// Since when an agency is followed no more, if it left and is not expelled.
    #[must_use]
    pub fn left(&self, id: &AgencyId) -> Option<Timestamp> {
        match self.of(id)?.membership {
            Membership::Left(since) => Some(since),
            _ => None,
        }
    }

    /// The roster as it was: who left or was expelled after that moment had not yet. Who was expelled and came back is
    /// told as if it had never gone.
    #[must_use]
    pub fn then(&self, then: Timestamp) -> Self {
        let mut roster = self.clone();
        for known in roster.known.values_mut() {
            if let Membership::Left(since) | Membership::Expelled(since) = known.membership
                && since > then
            {
                known.membership = Membership::Member;
            }
        }
        roster
    }

    fn members(&self) -> impl Iterator<Item = &KnownPeer> {
        let members = self.known.values();
        members.filter(|known| known.membership == Membership::Member)
    }

    /// The key logs to follow, this node's own included.
    #[must_use]
    pub fn pinned(&self) -> BTreeSet<Hash> {
        self.members()
            .map(|known| known.genesis)
            .chain([self.own.genesis])
            .collect()
    }

    /// The nodes to talk to.
    ///
    /// # Errors
    /// If a node's identity or an address cannot be read.
    pub fn peers(&self) -> anyhow::Result<Vec<Peer>> {
        self.members().flat_map(|known| &known.tickets).map(Peer::of).collect()
    }
}

/// The tickets of a row.
///
/// # Errors
/// If one of them is none, or there is none.
pub fn tickets(row: &PeerRow) -> anyhow::Result<Vec<Ticket>> {
    let tickets: Vec<Ticket> = row.ticket.lines().map(str::parse).collect::<Result<_, _>>()?;
    anyhow::ensure!(!tickets.is_empty(), "it has no ticket");
    Ok(tickets)
}

fn lines(tickets: &[&Ticket]) -> String {
    let lines: Vec<String> = tickets.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests;
