//! Agencies that know each other.

mod further;

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use node::{
    config::{Config, PeerConfig},
    init::{self, InitOptions},
};
use platform::clock;
use registry_schema::{AgencyId, Issuer, Timestamp, recognition::RecognitionEntry};
use tempfile::TempDir;

use crate::{
    Employer, IssuedBadge, NodeLink, TestAgency,
    audit::{self, AcknowledgedPut},
    eventually, http, ports, postgres,
};

/// The clock that all nodes of a federation read.
#[derive(Clone, Debug, Default)]
pub struct FederationClock(clock::Clock);

impl FederationClock {
    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.now()
    }

    /// Lets minutes go by.
    pub fn advance_minutes(&self, minutes: i64) {
        self.0.advance(minutes * 60);
    }

    /// Lets hours go by.
    pub fn advance_hours(&self, hours: i64) {
        self.0.advance(hours * 3600);
    }

    /// Lets a minute go by, and another, until this is done: for what waits for the time and not for a peer.
    pub async fn runs_until<T>(&self, done: impl Future<Output = T>) -> T {
        let mut done = std::pin::pin!(done);
        loop {
            match tokio::time::timeout(Duration::from_millis(100), &mut done).await {
                Ok(value) => return value,
                Err(_) => self.0.advance(60),
            }
        }
    }

    /// Lets days go by.
    pub fn advance(&self, days: i64) {
        self.advance_hours(days * 24);
    }
}

/// The pace at which the nodes speak to each other, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct ExchangeIntervals {
    /// Between two heartbeats.
    pub heartbeat_every: u32,
    /// For which a heartbeat holds.
    pub heartbeat_term: u32,
    /// Between two exchanges.
    pub exchange_every: u32,
}

impl Default for ExchangeIntervals {
    fn default() -> Self {
        Self {
            heartbeat_every: 300,
            heartbeat_term: 86_400,
            exchange_every: 30,
        }
    }
}

/// Agencies that know each other.
#[derive(Debug)]
pub struct Federation {
    agencies: Vec<TestAgency>,
    links: Vec<NodeLink>,
    clock: FederationClock,
    rhythm: ExchangeIntervals,
    keeping: StoreBackend,
    folder: TempDir,
}

/// The place in which the nodes of a federation keep what they know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreBackend {
    /// In a SQLite file each.
    Sqlite,
    /// In a PostgreSQL database each, at the server that `COMITY_TEST_POSTGRES` names.
    Postgres,
}

/// A federation in which a teacher has a badge of South Carolina's that everyone accepts.
#[derive(Debug)]
pub struct TeacherScenario {
    /// North Carolina, South Carolina and Tennessee.
    pub federation: Federation,
    /// South Carolina's issuer.
    pub issuer: Issuer,
    /// North Carolina's recognition of it.
    pub recognition: RecognitionEntry,
    /// Its badge, held by Jordan Avery.
    pub badge: IssuedBadge,
}

const NAMES: [(&str, &str); 4] = [
    ("US-NC", "North Carolina"),
    ("US-SC", "South Carolina"),
    ("US-TN", "Tennessee"),
    ("US-VA", "Virginia"),
];

fn name_of(id: &str) -> &str {
    NAMES
        .iter()
        .find(|(known, _)| *known == id)
        .map_or(id, |(_, name)| name)
}

impl Federation {
    /// Makes and starts a node for each agency, and waits until they all know each other.
    pub async fn start(ids: &[&str]) -> Self {
        Self::start_with(ids, ExchangeIntervals::default()).await
    }

    /// The same, in another rhythm.
    ///
    /// # Panics
    /// If a node cannot be made.
    pub async fn start_with(ids: &[&str], rhythm: ExchangeIntervals) -> Self {
        Self::start_on(ids, rhythm, StoreBackend::Sqlite).await
    }

    /// The same, on another database.
    ///
    /// # Panics
    /// If a node cannot be made.
    pub async fn start_on(ids: &[&str], rhythm: ExchangeIntervals, keeping: StoreBackend) -> Self {
        Self::start_in(ids, rhythm, keeping, &|_| None).await
    }

    /// The same, with databases of their own for some of them, by their URLs.
    ///
    /// # Panics
    /// If a node cannot be made.
    pub async fn start_in(
        ids: &[&str],
        rhythm: ExchangeIntervals,
        keeping: StoreBackend,
        databases: &dyn Fn(&str) -> Option<String>,
    ) -> Self {
        http::crypto();
        let folder = tempfile::Builder::new()
            .prefix("comity-federation-")
            .tempdir()
            .expect("a folder");
        let mut federation = Self {
            agencies: vec![],
            links: vec![],
            clock: FederationClock::default(),
            rhythm,
            keeping,
            folder,
        };
        let peer_ports: Vec<(&str, u16)> = ids.iter().map(|id| (*id, ports::free())).collect();
        for (i, one) in peer_ports.iter().enumerate() {
            for other in peer_ports.iter().skip(i + 1) {
                federation.links.push(NodeLink::between(*one, *other).await);
            }
        }
        for (id, port) in &peer_ports {
            let agency = federation.founds_in(id, *port, databases(id)).await;
            federation.agencies.push(agency);
        }
        for agency in &federation.agencies {
            let id = agency.id().as_str();
            let others = federation.agencies.iter().filter(|other| other.id() != agency.id());
            let peers = others.map(|other| {
                let port = federation.link(id, other.id().as_str()).port_for(id);
                ticket(other, port)
            });
            introduce(agency, peers.collect());
        }
        for agency in &federation.agencies {
            agency.starts().await;
        }
        federation.meets().await;
        federation
    }

    /// North Carolina, South Carolina and Tennessee, and a badge of South Carolina's that all of them accept.
    pub async fn with_a_badge() -> TeacherScenario {
        Self::with_a_badge_and(ExchangeIntervals::default()).await
    }

    /// The same, in another rhythm.
    pub async fn with_a_badge_and(rhythm: ExchangeIntervals) -> TeacherScenario {
        Self::start_with(&["US-NC", "US-SC", "US-TN"], rhythm)
            .await
            .gains_a_badge()
            .await
    }

    /// An issuer of South Carolina's, a badge of it, and everyone's recognition.
    pub async fn gains_a_badge(self) -> TeacherScenario {
        let federation = self;
        let sc = federation.agency("US-SC");
        let issuer = sc.registers("Palmetto Educator Institute").await;
        let badge = sc.issues(&issuer, "Jordan Avery").await;
        sc.recognizes(&issuer).await;
        federation.agency("US-TN").recognizes(&issuer).await;
        let recognition = federation.agency("US-NC").recognizes(&issuer).await;
        for agency in &federation.agencies {
            federation
                .awaits(agency, &badge, registry_schema::VerdictKind::Accepted)
                .await;
        }
        TeacherScenario {
            federation,
            issuer,
            recognition,
            badge,
        }
    }

    /// Waits until a node answers this about a badge; gives the answer.
    pub async fn awaits(
        &self,
        at: &TestAgency,
        badge: &IssuedBadge,
        kind: registry_schema::VerdictKind,
    ) -> registry_schema::Verdict {
        let employer = at.employer();
        eventually(&format!("{} answers {}", at.id(), kind.as_str()), async || {
            let verdict = employer.verifies(badge).await;
            if verdict.verdict == kind {
                Ok(verdict)
            } else {
                Err(format!("{verdict:#?}"))
            }
        })
        .await
    }

    /// Makes an agency, with a node that listens for peers at this port.
    pub(crate) async fn founds(&self, id: &str, peer_port: u16) -> TestAgency {
        self.founds_in(id, peer_port, None).await
    }

    async fn founds_in(&self, id: &str, peer_port: u16, database: Option<String>) -> TestAgency {
        let data = self.folder.path().join(id);
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::free()));
        let beginning = InitOptions {
            agency: id.parse().expect("an agency's name"),
            name: name_of(id).to_owned(),
            url: format!("http://{listen}"),
            listen,
            peer_listen: vec![format!("/ip4/127.0.0.1/tcp/{peer_port}")],
            database: database.or_else(|| (self.keeping == StoreBackend::Postgres).then(postgres::a_database)),
            root_out: None,
            database_tls: None,
        };
        let mut config = init::init(&data, beginning, self.clock.now())
            .await
            .expect("a node is made");
        config.heartbeat_every_seconds = self.rhythm.heartbeat_every;
        config.heartbeat_term_seconds = self.rhythm.heartbeat_term;
        config.exchange_every_seconds = self.rhythm.exchange_every;
        config.save(&data).expect("a configuration is written");
        TestAgency::new(&config, &data, self.clock.0.clone()).await
    }

    /// A node that lists everyone here as its peers, though nobody lists it; and the wires to them. It is stopped.
    pub async fn stranger(&self, id: &str) -> (TestAgency, Vec<NodeLink>) {
        let (stranger, links) = self.newcomer(id).await;
        let peers = self.agencies.iter().zip(&links);
        let peers = peers.map(|(agency, link)| ticket(agency, link.port_for(id)));
        introduce(&stranger, peers.collect());
        (stranger, links)
    }

    /// A node that lists nobody, and that nobody lists; and wires to everyone here, in their order. It is stopped.
    pub async fn newcomer(&self, id: &str) -> (TestAgency, Vec<NodeLink>) {
        let port = ports::free();
        let newcomer = self.founds(id, port).await;
        let mut links = Vec::new();
        for agency in &self.agencies {
            links.push(NodeLink::between((id, port), (agency.id().as_str(), peer_port_of(agency))).await);
        }
        (newcomer, links)
    }

    /// Adds a node to the peers of an agency, as its operator would: the node is stopped, and started again.
    ///
    /// # Panics
    /// If its configuration cannot be read.
    pub async fn lists(&self, agency: &TestAgency, newcomer: &TestAgency, link: &NodeLink) {
        agency.stops().await;
        let mut peers = Config::load(agency.data()).expect("a configuration").peers;
        peers.push(ticket(newcomer, link.port_for(agency.id().as_str())));
        introduce(agency, peers);
        agency.starts().await;
    }

    /// Waits until every running node knows, and is connected to, every other running one whose wire is whole.
    pub async fn meets(&self) {
        for agency in &self.agencies {
            if !agency.runs().await {
                continue;
            }
            let mut others = Vec::new();
            for other in self.agencies.iter().filter(|other| other.id() != agency.id()) {
                let whole = self.link(agency.id().as_str(), other.id().as_str()).is_whole();
                if other.runs().await && whole {
                    others.push((other.id().clone(), true));
                }
            }
            eventually(&format!("{} meets its peers", agency.id()), async || {
                agency.sees(&others).await
            })
            .await;
        }
    }

    /// Gives an agency's node a clock of its own, which can be set wrong; it is stopped and started again.
    ///
    /// # Panics
    /// If there is no such agency.
    pub async fn separates_the_clock_of(&mut self, id: &str) -> clock::Clock {
        let own = self.stops_and_gets_a_clock(id).await;
        self.agency(id).starts().await;
        self.meets().await;
        self.agency(id).is_ready().await;
        own
    }

    /// The clock that all nodes read.
    pub const fn clock(&self) -> &FederationClock {
        &self.clock
    }

    /// All agencies.
    pub fn agencies(&self) -> &[TestAgency] {
        &self.agencies
    }

    /// The agency with this name.
    ///
    /// # Panics
    /// If there is none.
    pub fn agency(&self, id: &str) -> &TestAgency {
        let found = self.agencies.iter().find(|agency| agency.id().as_str() == id);
        found.unwrap_or_else(|| panic!("no agency {id} here"))
    }

    /// Somebody who asks this agency's node.
    pub fn employer_at(&self, id: &str) -> Employer {
        self.agency(id).employer()
    }

    /// The wire between two agencies' nodes.
    ///
    /// # Panics
    /// If there is none.
    pub fn link(&self, one: &str, other: &str) -> &NodeLink {
        let found = self.links.iter().find(|link| link.joins(one, other));
        found.unwrap_or_else(|| panic!("no link between {one} and {other}"))
    }

    /// Everything in which the running nodes differ from each other or from themselves, or that was lost. While a wire
    /// is cut, nodes may differ from each other.
    pub async fn discrepancies(&self) -> Vec<String> {
        self.discrepancies_with(&[]).await
    }

    async fn discrepancies_with(&self, more: &[&TestAgency]) -> Vec<String> {
        let mut holdings = Vec::new();
        let mut acknowledged: Vec<AcknowledgedPut> = Vec::new();
        for agency in self.agencies.iter().chain(more.iter().copied()) {
            holdings.extend(agency.holdings().await);
            if agency.runs().await {
                acknowledged.extend(agency.acknowledged().iter().cloned());
            }
        }
        audit::discrepancies(&holdings, &acknowledged, self.links.iter().all(NodeLink::is_whole))
    }

    /// The end of every scenario: all running nodes agree with each other and with themselves, and nothing that was
    /// acknowledged is lost. Waits for what is under way; heals nothing.
    pub async fn audit(&self) {
        self.audit_with(&[]).await;
    }

    /// The same, with nodes that were made later: further stores of these agencies.
    pub async fn audit_with(&self, more: &[&TestAgency]) {
        eventually("an audit without discrepancies", async || {
            let found = self.discrepancies_with(more).await;
            if found.is_empty() {
                Ok(())
            } else {
                Err(found.join("\n"))
            }
        })
        .await;
    }
}

/// The port at which a node listens for peers.
pub(crate) fn peer_port_of(agency: &TestAgency) -> u16 {
    let config = Config::load(agency.data()).expect("a configuration");
    let address = config
        .peer_listen
        .first()
        .and_then(|address| address.rsplit('/').next()?.parse().ok());
    address.expect("a port for peers")
}

fn ticket(agency: &TestAgency, port: u16) -> PeerConfig {
    let ticket = init::peer_config(agency.data()).expect("a ticket");
    PeerConfig {
        addresses: vec![format!("/ip4/127.0.0.1/tcp/{port}")],
        ..ticket
    }
}

fn introduce(agency: &TestAgency, peers: Vec<PeerConfig>) {
    let mut config = Config::load(agency.data()).expect("a configuration");
    config.peers = peers;
    config.save(agency.data()).expect("a configuration is written");
}

/// The names of agencies, as a node compares them.
pub fn ids(names: &[&str]) -> Vec<AgencyId> {
    names
        .iter()
        .map(|name| name.parse().expect("an agency's name"))
        .collect()
}
