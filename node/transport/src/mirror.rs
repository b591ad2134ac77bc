//! The second transport: the same objects as files under `/federation/`, by HTTPS. Bytes in, bytes out.
//!
//! To the replication a mirror is a peer that answers calls; here each call becomes the files that hold the answer. A
//! mirror cannot be pushed to, but for countersignatures, which a node takes. It may be another node or a web server that
//! knows nothing of any of this: what it gives is believed for its signatures alone, as from any peer.

mod copy;
mod reader;
mod source;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use protocol::{CallId, Hash, SyncRequest};
use rand::RngExt as _;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::Instant,
};

use crate::network::{NetworkCommand, NetworkEvent};
pub use api_types::federation::{FederationIndex, IndexedAgency};
pub use copy::{CopySummary, copy};
use reader::MirrorReader;
pub use source::{MirrorError, MirrorFileKind, MirrorSource};

const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause before a mirror that did not answer is asked again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The longest pause before one is asked again that gave what no honest mirror gives.
const LONGEST_BAN: Duration = Duration::from_secs(600);
/// A conversation that lasts this long was a good one.
const GOOD_CONVERSATION: Duration = Duration::from_secs(120);

/// A mirror of the configuration.
#[derive(Clone, Debug)]
pub struct Mirror {
    /// The agency whose it is, first of all: the hash of its first key-log entry. It may hold others' files as well.
    pub agency: Hash,
    /// The address of its files.
    pub source: MirrorSource,
}

impl Mirror {
    /// Its name in the protocol.
    pub(crate) fn name(&self) -> Hash {
        Hash::of(&[b"comity mirror", self.source.url().as_bytes()])
    }
}

/// The way of the replication's commands: to the network, or to a mirror. It does not know which.
#[derive(Debug)]
pub struct TransportRouter {
    network: mpsc::Sender<NetworkCommand>,
    /// Without a bound, so that no slow mirror holds up the replication: what waits here is what the replica has open,
    /// a few calls an agency, and what a mirror cannot take at all is answered at once.
    mirrors: BTreeMap<Hash, mpsc::UnboundedSender<NetworkCommand>>,
    pinned: watch::Sender<BTreeSet<Hash>>,
}

/// The task that takes the commands is gone.
#[derive(Debug)]
pub struct TransportClosed;

impl TransportRouter {
    /// Tells whether a peer of this name is a mirror.
    pub fn is_mirror(&self, peer: &Hash) -> bool {
        self.mirrors.contains_key(peer)
    }

    /// Starts a task for each mirror, which tells its events to `news`; they end when this is dropped. `pinned` are the agencies
    /// to be followed, `network` takes the commands that are for no mirror.
    pub fn open(
        mirrors: &[Mirror],
        pinned: BTreeSet<Hash>,
        network: mpsc::Sender<NetworkCommand>,
        news: &mpsc::Sender<NetworkEvent>,
    ) -> (Self, JoinSet<()>) {
        let (pinned, pins) = watch::channel(pinned);
        let mut tasks = JoinSet::new();
        let mut rooms = BTreeMap::new();
        for mirror in mirrors {
            let (orders, taken) = mpsc::unbounded_channel();
            rooms.insert(mirror.name(), orders);
            let conversation = MirrorSession {
                name: mirror.name(),
                agency: mirror.agency,
                orders: taken,
                news: news.clone(),
                waiting: VecDeque::new(),
            };
            let reader = MirrorReader::new(mirror.source.clone(), pins.clone());
            tasks.spawn(conversation.run(reader));
        }
        let rooms = Self {
            network,
            mirrors: rooms,
            pinned,
        };
        (rooms, tasks)
    }

    /// Follows these agencies from now on.
    pub fn follow(&self, pinned: &BTreeSet<Hash>) {
        self.pinned.send_replace(pinned.clone());
    }

    /// Carries a command to where its peer is.
    ///
    /// # Errors
    /// If the task that would take it has ended.
    pub async fn send(&self, order: NetworkCommand) -> Result<(), TransportClosed> {
        let mirror = match &order {
            NetworkCommand::Call { peer, .. } | NetworkCommand::HangUp { peer, .. } => self.mirrors.get(peer),
            NetworkCommand::Answer { .. } | NetworkCommand::Meet(_) | NetworkCommand::Part { .. } => None,
        };
        match mirror {
            Some(mirror) => mirror.send(order).map_err(|_| TransportClosed),
            None => self.network.send(order).await.map_err(|_| TransportClosed),
        }
    }
}

/// The conversation with one mirror.
struct MirrorSession {
    name: Hash,
    agency: Hash,
    orders: mpsc::UnboundedReceiver<NetworkCommand>,
    news: mpsc::Sender<NetworkEvent>,
    /// Calls that are not answered yet.
    waiting: VecDeque<(CallId, SyncRequest)>,
}

/// The reason for which a conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SessionEnd {
    /// The mirror did not answer.
    Silent,
    /// The replication hung up.
    HungUp,
    /// Nobody gives orders any more.
    Over,
}

impl MirrorSession {
    async fn run(mut self, mut reader: MirrorReader) {
        let mut pause = FIRST_PAUSE;
        loop {
            let met = {
                let meeting = reader.look();
                tokio::select! {
                    met = meeting => met,
                    () = ignore(&mut self.orders) => return,
                }
            };
            let longest = match met {
                Ok(()) => {
                    let since = Instant::now();
                    let end = self.talk(&mut reader).await;
                    // What was read belongs to a conversation; the replica of the next one may know less.
                    reader.forget();
                    if since.elapsed() >= GOOD_CONVERSATION {
                        pause = FIRST_PAUSE;
                    }
                    match end {
                        SessionEnd::Over => return,
                        SessionEnd::Silent => LONGEST_PAUSE,
                        SessionEnd::HungUp => LONGEST_BAN,
                    }
                }
                Err(trouble) => {
                    tracing::info!(mirror = reader.url(), %trouble, "a mirror cannot be read");
                    if trouble.is_nonsense() {
                        LONGEST_BAN
                    } else {
                        LONGEST_PAUSE
                    }
                }
            };
            pause = pause.min(longest);
            let wait = pause.mul_f64(rand::rng().random_range(0.7..1.3));
            pause = (pause * 2).min(longest);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = ignore(&mut self.orders) => return,
            }
        }
    }

    /// Answers calls until the mirror falls silent or the replication hangs up.
    async fn talk(&mut self, reader: &mut MirrorReader) -> SessionEnd {
        let (peer, agency) = (self.name, self.agency);
        if self
            .news
            .send(NetworkEvent::Connected {
                peer,
                agency,
                via: "HTTPS",
            })
            .await
            .is_err()
        {
            return SessionEnd::Over;
        }
        let end = self.answer_calls(reader).await;
        for (call, _) in std::mem::take(&mut self.waiting) {
            if !self.answer(call, None).await {
                return SessionEnd::Over;
            }
        }
        let gone = NetworkEvent::Disconnected {
            peer,
            agency,
            turned_away: false,
        };
        if end != SessionEnd::Over && self.news.send(gone).await.is_err() {
            return SessionEnd::Over;
        }
        end
    }

    async fn answer_calls(&mut self, reader: &mut MirrorReader) -> SessionEnd {
        loop {
            let Some((call, request)) = self.waiting.pop_front() else {
                let order = self.orders.recv().await;
                match self.take(order).await {
                    Some(end) => return end,
                    None => continue,
                }
            };
            // One request at a time; what is ordered meanwhile waits.
            let answered = {
                let answering = reader.answer(request);
                tokio::pin!(answering);
                loop {
                    tokio::select! {
                        answered = &mut answering => break answered,
                        order = self.orders.recv() => if let Some(end) = self.take(order).await {
                            return end;
                        },
                    }
                }
            };
            let (response, silent) = match answered {
                Ok(response) => (response.map(|response| response.to_bytes()), false),
                Err(trouble) => {
                    tracing::warn!(mirror = reader.url(), %trouble, "a mirror cannot be read");
                    // Bytes that are no message, for the replica to judge.
                    (trouble.is_nonsense().then(Vec::new), !trouble.is_nonsense())
                }
            };
            if !self.answer(call, response).await {
                return SessionEnd::Over;
            }
            if silent {
                return SessionEnd::Silent;
            }
        }
    }

    /// Takes an order; says whether the conversation ends with it.
    async fn take(&mut self, order: Option<NetworkCommand>) -> Option<SessionEnd> {
        match order {
            None => Some(SessionEnd::Over),
            Some(NetworkCommand::HangUp { .. }) => Some(SessionEnd::HungUp),
            Some(NetworkCommand::Answer { .. } | NetworkCommand::Meet(_) | NetworkCommand::Part { .. }) => None,
            Some(NetworkCommand::Call { call, request, .. }) => match SyncRequest::read(&request) {
                // Files take nothing.
                Ok(SyncRequest::Push { .. }) | Err(_) => (!self.answer(call, None).await).then_some(SessionEnd::Over),
                Ok(request) => {
                    self.waiting.push_back((call, request));
                    None
                }
            },
        }
    }

    /// Tells an answer; says whether somebody listens.
    async fn answer(&self, call: CallId, response: Option<Vec<u8>>) -> bool {
        let peer = self.name;
        let news = NetworkEvent::Answered { peer, call, response };
        self.news.send(news).await.is_ok()
    }
}

/// Lets orders of a conversation that ended go by; ends when nobody gives any more.
async fn ignore(orders: &mut mpsc::UnboundedReceiver<NetworkCommand>) {
    while orders.recv().await.is_some() {}
}
