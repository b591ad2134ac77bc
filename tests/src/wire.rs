//! The wire between a node and its PostgreSQL server: a TCP proxy that leads to one server or another, and in which a snare
//! holds a transaction where a test wants it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::{oneshot, watch},
    task::JoinHandle,
};

use crate::ports;

/// A commit, as a client of the simple query protocol sends it.
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";

/// The moment at which a transaction is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionPhase {
    /// In its midst: the statement with the snare's word is not sent on yet.
    Midst,
    /// Its COMMIT is not sent on yet.
    Commit,
    /// Its COMMIT was sent on; whatever is answered is lost.
    Sent,
    /// Its COMMIT was answered; the answer is lost.
    Answered,
}

/// A transaction that is held. It goes on, or its connection ends, when this is dropped.
#[derive(Debug)]
pub struct HeldTransaction(#[expect(dead_code, reason = "it is dropped")] oneshot::Sender<()>);

#[derive(Debug)]
struct TransactionTrap {
    word: Vec<u8>,
    moment: TransactionPhase,
    caught: oneshot::Sender<HeldTransaction>,
}

#[derive(Debug, Default)]
struct WireState {
    snare: Mutex<Option<TransactionTrap>>,
}

impl WireState {
    fn snare(&self) -> std::sync::MutexGuard<'_, Option<TransactionTrap>> {
        self.snare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The wire.
#[derive(Debug)]
pub struct PostgresProxy {
    port: u16,
    state: Arc<WireState>,
    target: watch::Sender<u16>,
    task: JoinHandle<()>,
}

impl PostgresProxy {
    /// A wire to the server at this port.
    ///
    /// # Panics
    /// If its own port is taken.
    pub async fn to(target: u16) -> Self {
        let port = ports::free();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .expect("a port of its own");
        let state = Arc::new(WireState::default());
        let (target, leads_to) = watch::channel(target);
        let task = tokio::spawn(stand(listener, state.clone(), leads_to));
        Self {
            port,
            state,
            target,
            task,
        }
    }

    /// The port at which the server is found.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Leads to another server. Connections that stood are gone.
    pub fn leads_to(&self, target: u16) {
        self.target.send_replace(target);
    }

    /// Sets a snare for the next transaction that says this word; gives what tells when it is caught.
    pub fn snares(&self, word: &str, moment: TransactionPhase) -> oneshot::Receiver<HeldTransaction> {
        let (caught, catches) = oneshot::channel();
        *self.state.snare() = Some(TransactionTrap {
            word: word.as_bytes().to_vec(),
            moment,
            caught,
        });
        catches
    }

    /// Takes a snare away that caught nothing.
    pub fn takes_snare_away(&self) {
        *self.state.snare() = None;
    }
}

impl Drop for PostgresProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn stand(listener: TcpListener, state: Arc<WireState>, leads_to: watch::Receiver<u16>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((from, _)) = accepted {
                connections.spawn(pass(from, state.clone(), leads_to.clone()));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// The words of a client in its transaction so far, as far as a snare asks.
#[derive(Debug, Default)]
struct TransactionMatcher {
    /// The end of what was said before.
    tail: Vec<u8>,
    is_marked: bool,
}

impl TransactionMatcher {
    /// The snare that catches these bytes.
    fn hears(&mut self, bytes: &[u8], state: &WireState) -> Option<TransactionTrap> {
        let mut snare = state.snare();
        let sought = snare.as_ref()?;
        self.tail.extend_from_slice(bytes);
        let was_marked = self.is_marked;
        self.is_marked |= finds(&self.tail, &sought.word);
        let begins = self.is_marked && !was_marked && sought.moment == TransactionPhase::Midst;
        let commits = was_marked && sought.moment != TransactionPhase::Midst && finds(&self.tail, COMMIT);
        let keep = self.tail.len().min(sought.word.len().max(COMMIT.len()));
        self.tail.drain(..self.tail.len() - keep);
        if !begins && !commits {
            return None;
        }
        *self = Self::default();
        snare.take()
    }
}

fn finds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

async fn pass(mut from: TcpStream, state: Arc<WireState>, mut leads_to: watch::Receiver<u16>) {
    let target = *leads_to.borrow_and_update();
    let Ok(mut to) = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, target))).await else {
        return;
    };
    let (_, _) = (to.set_nodelay(true), from.set_nodelay(true));
    let (mut up, mut down, mut ear) = (vec![0; 65_536], vec![0; 65_536], TransactionMatcher::default());
    loop {
        let going_on = tokio::select! {
            said = from.read(&mut up) => match said {
                Ok(0) | Err(_) => return,
                Ok(length) => {
                    let bytes = &up[..length];
                    match ear.hears(bytes, &state) {
                        Some(snare) => hold(snare, bytes, &mut to).await,
                        None => to.write_all(bytes).await.is_ok(),
                    }
                }
            },
            answered = to.read(&mut down) => match answered {
                Ok(0) | Err(_) => return,
                Ok(length) => from.write_all(&down[..length]).await.is_ok(),
            },
            _ = leads_to.changed() => return,
        };
        if !going_on {
            return;
        }
    }
}

/// Holds a transaction until the test lets it go; gives whether its connection goes on.
async fn hold(snare: TransactionTrap, bytes: &[u8], to: &mut TcpStream) -> bool {
    let is_sent = matches!(snare.moment, TransactionPhase::Sent | TransactionPhase::Answered);
    if is_sent && to.write_all(bytes).await.is_err() {
        return false;
    }
    if snare.moment == TransactionPhase::Answered && !matches!(to.read(&mut [0; 1024]).await, Ok(1..)) {
        return false;
    }
    let (holder, released) = oneshot::channel();
    let _ = snare.caught.send(HeldTransaction(holder));
    let _ = released.await;
    !is_sent && to.write_all(bytes).await.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(word: &str, moment: TransactionPhase) -> WireState {
        let (caught, _) = oneshot::channel();
        let word = word.as_bytes().to_vec();
        WireState {
            snare: Mutex::new(Some(TransactionTrap { word, moment, caught })),
        }
    }

    #[test]
    fn a_snare_catches_the_commit_of_the_transaction_that_said_the_word_in_pieces_or_whole() {
        let state = state("credential.revoke", TransactionPhase::Commit);
        let (mut ear, mut other) = (TransactionMatcher::default(), TransactionMatcher::default());
        assert!(other.hears(COMMIT, &state).is_none(), "another transaction");
        for part in [&b"xx credential.re"[..], b"voke yy", &COMMIT[..5]] {
            assert!(ear.hears(part, &state).is_none(), "{part:?}");
        }
        assert!(ear.hears(&COMMIT[5..], &state).is_some());
        assert!(ear.hears(COMMIT, &state).is_none(), "it caught one");
    }

    #[test]
    fn a_snare_for_the_midst_catches_the_word_itself() {
        let state = state("peer.add", TransactionPhase::Midst);
        assert!(TransactionMatcher::default().hears(b"...peer.add...", &state).is_some());
    }
}
