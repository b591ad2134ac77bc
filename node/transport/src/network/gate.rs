//! The gate before libp2p: who may begin to shake hands, before a byte of theirs is read.
//!
//! Nobody is known before the handshake is done, except by address. Whoever comes from an address at which a pinned peer
//! lives, or was last met, has places there that strangers cannot take; strangers share the others fairly
//! ([`crate::doorway`]); and a handshake has its time.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::FutureExt as _;
use libp2p::{
    Multiaddr, PeerId, Transport,
    core::{
        muxing::StreamMuxerBox,
        transport::{Boxed, DialOpts, ListenerId, TransportError, TransportEvent},
        upgrade,
    },
    identity,
    multiaddr::Protocol,
};
use protocol::Hash;
use tokio::time::{Sleep, sleep};

use crate::{
    client::ClientAddress,
    doorway::{AdmissionLimits, ConnectionLimiter, ConnectionPermit},
};
use platform::lock::Lock;

/// The time that a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(2);
/// The time that a dial may take, its handshake included: the other side may be far away.
const DIAL: Duration = Duration::from_secs(10);
/// The most strangers that may shake hands at once.
const STRANGERS: AdmissionLimits = AdmissionLimits {
    in_all: 64,
    of_one: 4,
    welcome: 0,
};
/// The most that may from addresses of peers: several nodes may live behind one.
const PEERS: AdmissionLimits = AdmissionLimits {
    in_all: 512,
    of_one: 8,
    welcome: 0,
};
/// The most addresses that are remembered of a peer, the last ones.
const MOST_ADDRESSES: usize = 16;

/// The places for handshakes, and whose addresses have their own. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct HandshakeLimiter {
    strangers: ConnectionLimiter,
    peers: ConnectionLimiter,
    known: Arc<Lock<BTreeMap<Hash, Vec<ClientAddress>>>>,
}

impl HandshakeLimiter {
    pub(super) fn new() -> Self {
        Self {
            strangers: ConnectionLimiter::new(STRANGERS),
            peers: ConnectionLimiter::new(PEERS),
            known: Arc::default(),
        }
    }

    /// Keeps places for this peer at these addresses.
    pub(super) fn know<'a>(&self, peer: Hash, addresses: impl IntoIterator<Item = &'a Multiaddr>) {
        self.known.with(|known| {
            let of_it = known.entry(peer).or_default();
            for address in addresses.into_iter().filter_map(host) {
                of_it.retain(|one| *one != address);
                of_it.push(address);
            }
            let surplus = of_it.len().saturating_sub(MOST_ADDRESSES);
            of_it.drain(..surplus);
        });
    }

    /// Keeps no places for these peers any more.
    pub(super) fn forget(&self, peers: &BTreeSet<Hash>) {
        self.known.with(|known| known.retain(|peer, _| !peers.contains(peer)));
    }

    /// A place for whoever comes from this address.
    fn enter(&self, from: &Multiaddr) -> Option<ConnectionPermit> {
        let address = host(from)?;
        let is_known = self
            .known
            .with(|known| known.values().flatten().any(|one| *one == address));
        let door = if is_known { &self.peers } else { &self.strangers };
        door.enter(address)
    }
}

/// Returns the client at an address that is given by number.
fn host(address: &Multiaddr) -> Option<ClientAddress> {
    match address.iter().next()? {
        Protocol::Ip4(ip) => Some(ClientAddress::at(ip.into())),
        Protocol::Ip6(ip) => Some(ClientAddress::at(ip.into())),
        _ => None,
    }
}

/// TCP with TLS, and QUIC, behind the gate.
pub(super) fn transport(
    keypair: &identity::Keypair,
    gate: HandshakeLimiter,
) -> anyhow::Result<Boxed<(PeerId, StreamMuxerBox)>> {
    let tcp = libp2p::tcp::tokio::Transport::new(libp2p::tcp::Config::default().nodelay(true))
        .upgrade(upgrade::Version::V1Lazy)
        .authenticate(libp2p::tls::Config::new(keypair)?)
        .multiplex(libp2p::yamux::Config::default())
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    let quic = libp2p::quic::tokio::Transport::new(libp2p::quic::Config::new(keypair))
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    let open = tcp.or_transport(quic).map(|either, _| either.into_inner()).boxed();
    Ok(LimitedTransport { transport: open, gate }.boxed())
}

/// A transport behind the gate.
struct LimitedTransport<O> {
    transport: Boxed<O>,
    gate: HandshakeLimiter,
}

type BoxedUpgrade<O> = <Boxed<O> as Transport>::ListenerUpgrade;
type BoxedDial<O> = <Boxed<O> as Transport>::Dial;

impl<O> Transport for LimitedTransport<O> {
    type Output = O;
    type Error = io::Error;
    type ListenerUpgrade = TimedHandshake<BoxedUpgrade<O>>;
    type Dial = TimedHandshake<BoxedDial<O>>;

    fn listen_on(&mut self, id: ListenerId, address: Multiaddr) -> Result<(), TransportError<io::Error>> {
        self.transport.listen_on(id, address)
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.transport.remove_listener(id)
    }

    fn dial(&mut self, address: Multiaddr, options: DialOpts) -> Result<Self::Dial, TransportError<io::Error>> {
        let work = self.transport.dial(address, options)?;
        Ok(TimedHandshake::new(work, DIAL, None))
    }

    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, io::Error>> {
        loop {
            let event = futures::ready!(Pin::new(&mut self.transport).poll(context));
            let visitor = match &event {
                TransportEvent::Incoming { send_back_addr, .. } => match self.gate.enter(send_back_addr) {
                    Some(visitor) => Some(visitor),
                    // To drop the event is to hang up.
                    None => continue,
                },
                _ => None,
            };
            return Poll::Ready(event.map_upgrade(|work| TimedHandshake::new(work, HANDSHAKE, visitor)));
        }
    }
}

/// A handshake that has its time, and ends if its place is needed for another.
struct TimedHandshake<F> {
    work: F,
    limit: Pin<Box<Sleep>>,
    visitor: Option<ConnectionPermit>,
}

impl<F> TimedHandshake<F> {
    fn new(work: F, limit: Duration, visitor: Option<ConnectionPermit>) -> Self {
        Self {
            work,
            limit: Box::pin(sleep(limit)),
            visitor,
        }
    }
}

impl<O, F: Future<Output = io::Result<O>> + Unpin> Future for TimedHandshake<F> {
    type Output = io::Result<O>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<O>> {
        if self
            .visitor
            .as_ref()
            .is_some_and(|visitor| visitor.is_shown_out(context.waker()))
        {
            let error = io::Error::new(io::ErrorKind::ConnectionAborted, "the place is needed for another");
            return Poll::Ready(Err(error));
        }
        if let Poll::Ready(done) = self.work.poll_unpin(context) {
            self.visitor = None;
            return Poll::Ready(done);
        }
        self.limit.as_mut().poll(context).map(|()| {
            let error = io::Error::new(io::ErrorKind::TimedOut, "the handshake takes too long");
            Err(error)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    fn at(address: &str) -> Multiaddr {
        address.parse().unwrap()
    }

    fn all(gate: &HandshakeLimiter, from: &str, count: usize) -> Vec<ConnectionPermit> {
        (0..count).filter_map(|_| gate.enter(&at(from))).collect()
    }

    fn are_in(visitors: &[ConnectionPermit]) -> usize {
        visitors.iter().filter(|one| !one.is_shown_out(Waker::noop())).count()
    }

    #[test]
    fn strangers_from_everywhere_take_no_place_of_a_peer() {
        let gate = HandshakeLimiter::new();
        let peer = Hash([1; 32]);
        gate.know(
            peer,
            &[at("/ip4/198.51.100.7/tcp/7500"), at("/dns/sc.example.gov/tcp/7500")],
        );
        let mut strangers = Vec::new();
        for last in 0..200 {
            strangers.extend(all(&gate, &format!("/ip4/203.0.113.{last}/tcp/999"), 10));
        }
        assert!(are_in(&strangers) <= STRANGERS.in_all);
        let peers = all(&gate, "/ip4/198.51.100.7/tcp/40000", 3);
        assert_eq!((peers.len(), are_in(&peers)), (3, 3));
        strangers.extend(all(&gate, "/ip4/203.0.113.250/udp/9/quic-v1", 10));
        assert_eq!(are_in(&peers), 3, "whoever comes later");
        gate.forget(&BTreeSet::from([peer]));
        let gone = all(&gate, "/ip4/198.51.100.7/tcp/40000", 10);
        assert!(
            (1..=STRANGERS.of_one).contains(&are_in(&gone)),
            "a stranger again, with an even share"
        );
    }

    #[test]
    fn one_stranger_takes_nothing_from_another() {
        let gate = HandshakeLimiter::new();
        let greedy = all(&gate, "/ip4/203.0.113.1/tcp/999", 64);
        assert_eq!(are_in(&greedy), STRANGERS.of_one);
        let network: Vec<ConnectionPermit> = (0..64)
            .flat_map(|i| all(&gate, &format!("/ip6/2001:db8:1:2::{i}/tcp/999"), 1))
            .collect();
        assert_eq!(are_in(&network), STRANGERS.of_one, "a network of /64 is one customer");
        let other = all(&gate, "/ip4/203.0.113.2/tcp/999", 1);
        assert_eq!(are_in(&other), 1);
    }

    #[test]
    fn a_peer_that_moves_is_known_where_it_was_met_last() {
        let gate = HandshakeLimiter::new();
        let peer = Hash([1; 32]);
        for i in 0..40 {
            gate.know(peer, &[at(&format!("/ip4/198.51.100.{i}/tcp/7500"))]);
        }
        assert_eq!(are_in(&all(&gate, "/ip4/198.51.100.39/tcp/1", 6)), 6);
        assert_eq!(
            are_in(&all(&gate, "/ip4/198.51.100.3/tcp/1", 6)),
            STRANGERS.of_one,
            "long ago"
        );
    }

    #[tokio::test]
    async fn a_handshake_that_stands_still_ends() {
        let pending = futures::future::pending::<io::Result<()>>();
        let ended = TimedHandshake::new(pending, Duration::from_millis(1), None).await;
        assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::TimedOut);
        let gate = HandshakeLimiter::new();
        let from = at("/ip4/203.0.113.1/tcp/1");
        let silent = TimedHandshake::new(
            futures::future::pending::<io::Result<()>>(),
            Duration::from_secs(600),
            gate.enter(&from),
        );
        let silent = tokio::spawn(silent);
        let newer = all(&gate, "/ip4/203.0.113.1/tcp/1", STRANGERS.of_one);
        let ended = silent.await.unwrap();
        assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
        assert_eq!(are_in(&newer), STRANGERS.of_one);
    }
}
