//! The libp2p transport: TCP with TLS, and QUIC. The only room that names libp2p; bytes in, bytes out.
//!
//! Only peers that an operator listed are let in, and nothing is exchanged with others. A link that breaks is dialled
//! again with a growing pause and some chance in it.

mod commands;
mod gate;
mod names;
mod peer;
mod redial;
mod running;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    fmt,
    time::Duration,
};

use anyhow::Context as _;
pub use commands::{NetworkCommand, NetworkEvent};
use futures::StreamExt as _;
use gate::HandshakeLimiter;
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm, allow_block_list, connection_limits, identify, identity, multiaddr, ping,
    request_response,
    swarm::{
        self, DialError, NetworkBehaviour, SwarmEvent,
        dial_opts::{DialOpts, PeerCondition},
    },
};
pub use peer::{NetworkSettings, Peer};
use protocol::{CallId, Hash, message::MAX_MESSAGE_BYTES};
use redial::{RedialSchedule, TURNED_AWAY};
use serde_bytes::ByteBuf;
use tokio::{sync::mpsc, task::JoinSet, time::Instant};

/// The protocol's name on the wire.
const PROTOCOL: &str = "/comity/1";
/// The longest time from a call to its answer.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// The most news that may wait before nothing more is read from peers.
const MOST_NEWS: usize = 1024;
/// The bytes that libp2p adds around ours: a CBOR byte string's head.
const FRAME_BYTES: u64 = 16;

#[derive(NetworkBehaviour)]
struct Behaviour {
    allowed: allow_block_list::Behaviour<allow_block_list::AllowedPeers>,
    limits: connection_limits::Behaviour,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    calls: request_response::cbor::Behaviour<ByteBuf, ByteBuf>,
}

/// The libp2p identity that follows from a node's secret, an Ed25519 seed.
///
/// # Errors
/// If the library refuses the seed.
pub fn identity(mut seed: [u8; 32]) -> anyhow::Result<identity::Keypair> {
    identity::Keypair::ed25519_from_bytes(&mut seed).context("the node's key cannot be used")
}

/// The network's task: owns the swarm.
pub struct Network {
    swarm: Swarm<Behaviour>,
    peers: BTreeMap<Hash, Peer>,
    names: HashMap<PeerId, Hash>,
    orders: mpsc::Receiver<NetworkCommand>,
    news: mpsc::Sender<NetworkEvent>,
    calls: HashMap<request_response::OutboundRequestId, CallId>,
    answers: HashMap<CallId, request_response::ResponseChannel<ByteBuf>>,
    last_answer: u64,
    redials: BTreeMap<Hash, RedialSchedule>,
    /// Keeps places for handshakes with peers.
    gate: HandshakeLimiter,
    /// News that the replication has not taken yet: it is never waited for while it may wait for us.
    outbox: VecDeque<NetworkEvent>,
    /// Peers that are not let in, until when.
    pauses: BTreeMap<Hash, Instant>,
    /// Peers whose hosts' names are being looked up.
    looking_up: JoinSet<(Hash, Vec<Multiaddr>)>,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("node", self.swarm.local_peer_id())
            .field("peers", &self.peers.len())
            .finish_non_exhaustive()
    }
}

impl Network {
    /// Listens for peers; gives the task, and the addresses that others can dial.
    ///
    /// # Errors
    /// If an address is one that this machine cannot listen at, or another process does.
    pub async fn listen(
        peering: &NetworkSettings,
        orders: mpsc::Receiver<NetworkCommand>,
        news: mpsc::Sender<NetworkEvent>,
    ) -> anyhow::Result<(Self, Vec<Multiaddr>)> {
        let NetworkSettings { keypair, listen, peers } = peering.clone();
        let gate = HandshakeLimiter::new();
        for peer in &peers {
            gate.know(peer.name(), &peer.addresses);
        }
        let config = swarm::Config::with_tokio_executor().with_idle_connection_timeout(Duration::from_secs(3600));
        let behaviour = behaviour(&keypair, &peers);
        let transport = gate::transport(&keypair, gate.clone())?;
        let mut swarm = Swarm::new(transport, behaviour, keypair.public().to_peer_id(), config);
        for address in &listen {
            swarm
                .listen_on(address.clone())
                .with_context(|| format!("cannot listen for peers at `{address}`; is another node running there?"))?;
        }
        let mut addresses = Vec::new();
        while addresses.len() < listen.len() {
            match swarm.select_next_some().await {
                SwarmEvent::NewListenAddr { address, .. } => addresses.push(address),
                SwarmEvent::ListenerClosed { reason, .. } => {
                    reason.context("cannot listen for peers; is another node running there?")?;
                }
                _ => {}
            }
        }
        let names = peers.iter().map(|peer| (peer.id, peer.name())).collect();
        let redials = peers.iter().map(|peer| (peer.name(), RedialSchedule::now())).collect();
        let peers = peers.into_iter().map(|peer| (peer.name(), peer)).collect();
        let network = Self {
            swarm,
            peers,
            names,
            orders,
            news,
            calls: HashMap::new(),
            answers: HashMap::new(),
            last_answer: 0,
            redials,
            gate,
            outbox: VecDeque::new(),
            pauses: BTreeMap::new(),
            looking_up: JoinSet::new(),
        };
        Ok((network, addresses))
    }

    fn carry_out(&mut self, order: NetworkCommand) {
        match order {
            NetworkCommand::Call { peer, call, request } => {
                let Some(peer) = self.peers.get(&peer) else { return };
                let id = self
                    .swarm
                    .behaviour_mut()
                    .calls
                    .send_request(&peer.id, ByteBuf::from(request));
                self.calls.insert(id, call);
            }
            NetworkCommand::Answer { call, response } => {
                if let Some(channel) = self.answers.remove(&call) {
                    // A peer that left meanwhile is told nothing; it asks again when it is back.
                    let _ = self
                        .swarm
                        .behaviour_mut()
                        .calls
                        .send_response(channel, ByteBuf::from(response));
                }
            }
            NetworkCommand::HangUp { peer: name, pause } => {
                let Some(peer) = self.peers.get(&name) else { return };
                let _ = self.swarm.disconnect_peer_id(peer.id);
                if let Some(pause) = pause {
                    self.swarm.behaviour_mut().allowed.disallow_peer(peer.id);
                    self.pauses.insert(name, Instant::now() + pause);
                }
            }
            NetworkCommand::Meet(peer) => self.meet(peer),
            NetworkCommand::Part { agency } => self.part(agency),
        }
    }

    /// Lets a peer in from now on; one that is known already may have moved.
    fn meet(&mut self, peer: Peer) {
        let name = peer.name();
        self.pauses.remove(&name);
        self.swarm.behaviour_mut().allowed.allow_peer(peer.id);
        self.names.insert(peer.id, name);
        self.gate.know(name, &peer.addresses);
        let connected = self.swarm.is_connected(&peer.id);
        self.peers.insert(name, peer);
        if !connected {
            self.redials.insert(name, RedialSchedule::now());
        }
    }

    /// Ends the connections to all nodes of an agency. Their names stay, for the news of it.
    fn part(&mut self, agency: Hash) {
        let parted = self.peers.iter().filter(|(_, peer)| peer.agency == agency);
        self.gate.forget(&parted.clone().map(|(name, _)| *name).collect());
        for (name, peer) in parted {
            self.redials.remove(name);
            // It also ends the connections that stand.
            self.swarm.behaviour_mut().allowed.disallow_peer(peer.id);
        }
    }

    fn dial_who_is_due(&mut self) {
        let now = Instant::now();
        for (name, redial) in &mut self.redials {
            if redial.at.is_none_or(|at| at > now) {
                continue;
            }
            redial.grow();
            if self.pauses.contains_key(name) {
                continue;
            }
            let Some(peer) = self.peers.get(name) else { continue };
            // Where a host moved to is asked anew each time.
            let (name, addresses) = (*name, peer.addresses.clone());
            self.looking_up
                .spawn(async move { (name, names::looked_up(addresses).await) });
        }
    }

    fn dial(&mut self, name: Hash, addresses: Vec<Multiaddr>) {
        let due = self.redials.contains_key(&name);
        let Some(peer) = self.peers.get(&name).filter(|_| due && !addresses.is_empty()) else {
            return;
        };
        self.gate.know(name, &addresses);
        let options = DialOpts::peer_id(peer.id)
            .condition(PeerCondition::DisconnectedAndNotDialing)
            .addresses(addresses)
            .build();
        if let Err(error) = self.swarm.dial(options) {
            tracing::debug!(peer = %peer.id, %error, "not dialled");
        }
    }

    fn read(&mut self, event: SwarmEvent<BehaviourEvent>) -> Option<NetworkEvent> {
        match event {
            SwarmEvent::ConnectionEstablished {
                peer_id,
                num_established,
                endpoint,
                ..
            } => {
                let name = *self.names.get(&peer_id)?;
                if let Some(redial) = self.redials.get_mut(&name) {
                    redial.at = None;
                    redial.connected.get_or_insert_with(Instant::now);
                }
                let agency = self.peers.get(&name)?.agency;
                // It may come from elsewhere than where it listens.
                self.gate.know(name, [endpoint.get_remote_address()]);
                let via = via(endpoint.get_remote_address());
                (num_established.get() == 1).then_some(NetworkEvent::Connected {
                    peer: name,
                    agency,
                    via,
                })
            }
            SwarmEvent::ConnectionClosed {
                peer_id,
                num_established: 0,
                cause,
                ..
            } => {
                let name = *self.names.get(&peer_id)?;
                let agency = self.peers.get(&name)?.agency;
                // No cause is named where it is this side that ends it.
                let by_them = cause.is_some();
                let redial = self.redials.get_mut(&name);
                let at_once = redial.map_or(0, |redial| redial.disconnected(by_them));
                let cause = cause.map(|cause| cause.to_string());
                match at_once {
                    TURNED_AWAY => tracing::info!(
                        peer = %peer_id,
                        ?cause,
                        "a peer ends each connection as soon as it is made: perhaps it does not follow this agency"
                    ),
                    // It is told once.
                    _ if at_once > TURNED_AWAY => {
                        tracing::debug!(peer = %peer_id, ?cause, "a peer ended one more at once")
                    }
                    _ => tracing::info!(peer = %peer_id, ?cause, "a peer is gone"),
                }
                let turned_away = at_once >= TURNED_AWAY;
                Some(NetworkEvent::Disconnected {
                    peer: name,
                    agency,
                    turned_away,
                })
            }
            SwarmEvent::OutgoingConnectionError { peer_id, error, .. } => {
                tracing::debug!(peer = ?peer_id, %error, "a peer cannot be reached");
                let name = *self.names.get(&peer_id?)?;
                let agency = self.peers.get(&name)?.agency;
                // Who cannot be reached does not turn anybody away: the last connections broke with the link.
                let is_unreachable = matches!(error, DialError::Transport(_));
                let was_turned_away = is_unreachable && self.redials.get_mut(&name)?.forget_ends();
                was_turned_away.then_some(NetworkEvent::Disconnected {
                    peer: name,
                    agency,
                    turned_away: false,
                })
            }
            SwarmEvent::Behaviour(BehaviourEvent::Ping(ping::Event {
                peer,
                result: Err(error),
                ..
            })) => {
                // A frozen peer stays connected for ever; end it, so that it is dialled anew.
                tracing::info!(%peer, %error, "a peer does not answer");
                let _ = self.swarm.disconnect_peer_id(peer);
                None
            }
            SwarmEvent::Behaviour(BehaviourEvent::Calls(event)) => self.read_call(event),
            _ => None,
        }
    }

    fn read_call(&mut self, event: request_response::Event<ByteBuf, ByteBuf>) -> Option<NetworkEvent> {
        match event {
            request_response::Event::Message { peer, message, .. } => {
                let peer = *self.names.get(&peer)?;
                if let Some(redial) = self.redials.get_mut(&peer) {
                    redial.has_spoken = true;
                }
                match message {
                    request_response::Message::Request { request, channel, .. } => {
                        self.last_answer += 1;
                        let call = CallId(self.last_answer);
                        self.answers.insert(call, channel);
                        Some(NetworkEvent::Asked {
                            peer,
                            call,
                            request: request.into_vec(),
                        })
                    }
                    request_response::Message::Response { request_id, response } => {
                        let call = self.calls.remove(&request_id)?;
                        Some(NetworkEvent::Answered {
                            peer,
                            call,
                            response: Some(response.into_vec()),
                        })
                    }
                }
            }
            request_response::Event::OutboundFailure {
                peer,
                request_id,
                error,
                ..
            } => {
                tracing::debug!(%peer, %error, "a call failed");
                let peer = *self.names.get(&peer)?;
                let call = self.calls.remove(&request_id)?;
                Some(NetworkEvent::Answered {
                    peer,
                    call,
                    response: None,
                })
            }
            request_response::Event::InboundFailure { peer, error, .. } => {
                tracing::debug!(%peer, %error, "an answer was not delivered");
                self.answers.retain(|_, channel| channel.is_open());
                None
            }
            request_response::Event::ResponseSent { .. } => None,
        }
    }
}

/// The name of the transport below an address.
fn via(address: &Multiaddr) -> &'static str {
    let quic = address.iter().any(|part| matches!(part, multiaddr::Protocol::QuicV1));
    if quic { "QUIC" } else { "TCP" }
}

fn behaviour(key: &identity::Keypair, peers: &[Peer]) -> Behaviour {
    let mut allowed = allow_block_list::Behaviour::default();
    for peer in peers {
        allowed.allow_peer(peer.id);
    }
    let limits = connection_limits::ConnectionLimits::default()
        // Both sides may dial at once; and a copy of a node that runs beside it has to be met, or nobody would learn of it.
        .with_max_established_per_peer(Some(4))
        .with_max_established_incoming(Some(256));
    let max = MAX_MESSAGE_BYTES as u64 + FRAME_BYTES;
    let codec = request_response::cbor::codec::Codec::default()
        .set_request_size_maximum(max)
        .set_response_size_maximum(max);
    let config = request_response::Config::default().with_request_timeout(CALL_TIMEOUT);
    let protocols = [(StreamProtocol::new(PROTOCOL), request_response::ProtocolSupport::Full)];
    Behaviour {
        allowed,
        limits: connection_limits::Behaviour::new(limits),
        identify: identify::Behaviour::new(identify::Config::new(PROTOCOL.to_owned(), key.public())),
        ping: ping::Behaviour::new(ping::Config::new().with_interval(Duration::from_secs(10))),
        calls: request_response::Behaviour::with_codec(codec, protocols, config),
    }
}
