//! Further stores of an agency.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
};

use node::config::Config;

use super::{Federation, peer_port_of};
use crate::{NodeLink, TestAgency, ports, program};

impl Federation {
    /// Stops a node, and gives it a clock of its own that knows nothing of what was before; it stays stopped.
    ///
    /// # Panics
    /// If it does not run.
    pub async fn stops_and_gets_a_clock(&mut self, id: &str) -> platform::clock::Clock {
        let own = platform::clock::Clock::default();
        let found = self.agencies.iter_mut().find(|agency| agency.id().as_str() == id);
        let agency = found.unwrap_or_else(|| panic!("no agency {id} here"));
        agency.stops().await;
        agency.reads_clock(own.clone());
        own
    }

    /// A further store of an agency, made the way its operator would: with `comityd init --join`, and a ticket. Beside it
    /// the wires to everyone here, in their order. It is stopped, and may not write before the agency's root says so.
    ///
    /// # Panics
    /// If it cannot be made.
    pub async fn further_store(&self, of: &str, name: &str) -> (TestAgency, Vec<NodeLink>) {
        let (peer_port, listen) = (ports::free(), SocketAddr::from((Ipv4Addr::LOCALHOST, ports::free())));
        let mut links = Vec::new();
        for agency in &self.agencies {
            links.push(NodeLink::between((name, peer_port), (agency.id().as_str(), peer_port_of(agency))).await);
        }
        let first = self.agencies.iter().position(|agency| agency.id().as_str() == of);
        let (first, link) = first
            .and_then(|at| self.agencies.get(at).zip(links.get(at)))
            .unwrap_or_else(|| panic!("no agency {of} here"));
        let ticket = first.ticket(link.port_for(name)).await.to_string();
        let data = self.folder.path().join(name.replace(':', "-"));
        let ended = program::run(
            "comityd",
            [
                "init",
                "--join",
                &ticket,
                "--data",
                &data.display().to_string(),
                "--url",
                &format!("http://{listen}"),
                "--listen",
                &listen.to_string(),
                "--peer-listen",
                &format!("/ip4/127.0.0.1/tcp/{peer_port}"),
            ],
            b"",
        )
        .await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let mut config = Config::load(&data).expect("a configuration");
        config.heartbeat_every_seconds = self.rhythm.heartbeat_every;
        config.heartbeat_term_seconds = self.rhythm.heartbeat_term;
        config.exchange_every_seconds = self.rhythm.exchange_every;
        config.save(&data).expect("a configuration is written");
        let store = TestAgency::new(&config, &data, self.clock.0.clone()).await.called(name);
        (store, links)
    }

    /// A copy of a stopped node's data folder, keys included, that answers at other ports, with this name in audits. It is stopped.
    ///
    /// # Panics
    /// If the folder cannot be copied.
    pub async fn copies(&self, of: &str, name: &str) -> TestAgency {
        let original = self.agency(of);
        assert!(!original.runs().await, "{of} runs");
        let data = self.folder.path().join(name.replace(':', "-"));
        let copied = std::process::Command::new("cp")
            .arg("-a")
            .args([original.data(), &data])
            .status();
        assert!(copied.is_ok_and(|status| status.success()), "the folder is copied");
        // What the operator changes, so that both can run on one machine.
        let file = data.join("comity.toml");
        let mut text = fs::read_to_string(&file).expect("a configuration");
        let config = Config::load(&data).expect("a configuration");
        let peer_port = peer_port_of(original);
        for (port, other) in [(config.listen.port(), ports::free()), (peer_port, ports::free())] {
            for place in [
                format!("\"127.0.0.1:{port}\""),
                format!("\"/ip4/127.0.0.1/tcp/{port}\""),
            ] {
                text = text.replace(&place, &place.replace(&port.to_string(), &other.to_string()));
            }
        }
        fs::write(&file, text).expect("a configuration is written");
        let config = Config::load(&data).expect("a configuration");
        TestAgency::new(&config, &data, self.clock.0.clone()).await.called(name)
    }
}
