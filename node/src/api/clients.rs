//! Clients, by address, and the share of the node's work that each may have. A client is an IPv4 address, or an IPv6 network of
//! /64, which one customer has.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{Extensions, HeaderMap, request::Parts},
};
use tokio::time::Instant;

use super::{
    App,
    problem::{Problem, TOO_MANY, TOO_MUCH, TOO_OFTEN},
};
use crate::config::{BudgetConfig, LookupConfig};
use storage::look_up::LookupPermit;
use transport::buckets::{Allowance, KeyedRateLimiter};
use transport::client::ClientAddress;

/// The share of a look-up that a code costs which exists; one that does not exist costs a whole one. Who tries codes meets
/// nearly none that exist.
const HIT: f64 = 0.1;

/// The applications of one client that are taken in an hour, and at once.
const APPLICATIONS: Allowance = Allowance {
    a_second: 6.0 / 3_600.0,
    at_once: 6.0,
};
/// The first of a client in an hour.
const FIRST_APPLICATION: Allowance = Allowance {
    a_second: 1.0 / 3_600.0,
    at_once: 1.0,
};
/// The same of one neighborhood: an IPv4 network of /24, an IPv6 network of /48.
const APPLICATIONS_NEARBY: Allowance = Allowance {
    a_second: 10.0 / 3_600.0,
    at_once: 10.0,
};

/// The rate at which a client that has used up its budget may try tokens.
const TOKENS: Allowance = Allowance {
    a_second: 5.0,
    at_once: 20.0,
};

/// The client on whose behalf another process of this agency forwards a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ForwardedFor(pub(crate) IpAddr);

/// The client that asks, for handlers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AskingClient(pub(crate) ClientAddress);

impl FromRequestParts<App> for AskingClient {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self(app.clients.of(&parts.extensions, &parts.headers)))
    }
}

/// The budget that is left for each client. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct ClientBudgets(Arc<ClientBuckets>);

#[derive(Debug)]
struct ClientBuckets {
    config: LookupConfig,
    look_ups: KeyedRateLimiter<ClientAddress>,
    /// Of work, in microseconds.
    work: KeyedRateLimiter<ClientAddress>,
    tokens: KeyedRateLimiter<ClientAddress>,
    applications: KeyedRateLimiter<ClientAddress>,
    first_applications: KeyedRateLimiter<ClientAddress>,
    applications_nearby: KeyedRateLimiter<IpAddr>,
}

impl ClientBudgets {
    pub(crate) fn new(lookups: &LookupConfig, budget: &BudgetConfig) -> Self {
        let look_ups = Allowance {
            a_second: f64::from(lookups.per_minute) / 60.0,
            at_once: f64::from(lookups.burst),
        };
        let work = Allowance {
            a_second: f64::from(budget.milliseconds_a_second) * 1_000.0,
            at_once: f64::from(budget.milliseconds_at_once) * 1_000.0,
        };
        Self(Arc::new(ClientBuckets {
            config: lookups.clone(),
            look_ups: KeyedRateLimiter::new((lookups.per_minute > 0).then_some(look_ups)),
            work: KeyedRateLimiter::new((budget.milliseconds_a_second > 0).then_some(work)),
            tokens: KeyedRateLimiter::new(Some(TOKENS)),
            applications: KeyedRateLimiter::new(Some(APPLICATIONS)),
            first_applications: KeyedRateLimiter::new(Some(FIRST_APPLICATION)),
            applications_nearby: KeyedRateLimiter::new(Some(APPLICATIONS_NEARBY)),
        }))
    }

    /// Returns the client that asks.
    pub(crate) fn of(&self, extensions: &Extensions, headers: &HeaderMap) -> ClientAddress {
        if let Some(ForwardedFor(client)) = extensions.get::<ForwardedFor>() {
            return ClientAddress::at(*client);
        }
        let peer = extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |ConnectInfo(address)| address.ip());
        self.at(peer, headers)
    }

    /// Returns the client behind this connection: whoever is connected, or, if that is a proxy of ours, whoever it names last.
    pub(crate) fn at(&self, peer: IpAddr, headers: &HeaderMap) -> ClientAddress {
        let config = &self.0.config;
        let peer = peer.to_canonical();
        let named = || {
            let last = headers.get_all(config.proxy_header.as_str()).iter().next_back()?;
            let last = last.to_str().ok()?.rsplit(',').next()?.trim();
            let last = last.trim_start_matches('[').trim_end_matches(']');
            Some(last.parse::<IpAddr>().ok()?.to_canonical())
        };
        let is_proxy = config.proxies.iter().any(|proxy| proxy.to_canonical() == peer);
        ClientAddress::at(is_proxy.then(named).flatten().unwrap_or(peer))
    }

    /// Leave for whoever asks to have one code looked up.
    pub(crate) fn looks_up(&self, client: ClientAddress) -> Result<LookupPermit, Problem> {
        let taken = self.0.look_ups.take(client, 1.0, HIT, Instant::now());
        taken.map(|()| LookupPermit::of_stranger()).map_err(|seconds| {
            let detail = format!("too many codes were looked up from your address: try again in {seconds} seconds");
            Problem::new(&TOO_OFTEN, detail).retry_after(seconds)
        })
    }

    /// Notes that a code which a client had looked up does not exist.
    pub(crate) fn missed(&self, client: ClientAddress) {
        self.0.look_ups.owe(client, 1.0 - HIT, Instant::now());
    }

    /// Takes so many microseconds of work from a client's budget.
    pub(crate) fn works(&self, client: ClientAddress, micros: u32) -> Result<(), Problem> {
        if micros == 0 {
            return Ok(());
        }
        let cost = f64::from(micros);
        self.0.work.take(client, cost, cost, Instant::now()).map_err(|seconds| {
            let detail = format!(
                "this node did all the work that it does for one address at a time: try again in {seconds} seconds"
            );
            let problem = Problem::new(&TOO_MUCH, detail).retry_after(seconds);
            match self.0.work.allowance() {
                Some(allowance) => problem.with_budget(allowance, seconds),
                None => problem,
            }
        })
    }

    /// Returns true if a client that has used up its budget may try a token now.
    pub(crate) fn tries_a_token(&self, client: ClientAddress) -> bool {
        self.0.tokens.take(client, 1.0, 1.0, Instant::now()).is_ok()
    }

    /// Takes one application from a client's share, and from its neighborhood's. Says whether it is the client's first within
    /// the hour.
    pub(crate) fn applies(&self, client: ClientAddress) -> Result<bool, Problem> {
        let now = Instant::now();
        let refused = |seconds: u64| {
            let minutes = seconds.div_ceil(60);
            let detail = format!(
                "this agency takes only some applications an hour from one address: try again in {minutes} minutes, or write to the agency"
            );
            Problem::new(&TOO_MANY, detail).retry_after(seconds)
        };
        self.0.applications.take(client, 1.0, 1.0, now).map_err(refused)?;
        let nearby = self.0.applications_nearby.take(client.neighborhood(), 1.0, 1.0, now);
        nearby.map_err(|seconds| {
            self.0.applications.give_back(client, 1.0, now);
            refused(seconds)
        })?;
        Ok(self.0.first_applications.take(client, 1.0, 1.0, now).is_ok())
    }

    /// Gives an application back that was not made.
    pub(crate) fn did_not_apply(&self, client: ClientAddress, is_first: bool) {
        let now = Instant::now();
        self.0.applications.give_back(client, 1.0, now);
        self.0.applications_nearby.give_back(client.neighborhood(), 1.0, now);
        if is_first {
            self.0.first_applications.give_back(client, 1.0, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clients(config: &LookupConfig) -> ClientBudgets {
        ClientBudgets::new(config, &BudgetConfig::default())
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn codes_that_do_not_exist_are_dearer_than_those_that_do() {
        let looked_up = |exists: bool| {
            let clients = clients(&LookupConfig {
                per_minute: 1,
                burst: 6,
                ..LookupConfig::default()
            });
            let client = ClientAddress::at(ip("192.0.2.1"));
            let times = (0..1_000).take_while(|_| {
                let leave = clients.looks_up(client);
                if !exists {
                    clients.missed(client);
                }
                leave.is_ok()
            });
            times.count()
        };
        assert_eq!(looked_up(false), 6);
        assert_eq!(looked_up(true), 51);
    }

    #[test]
    fn one_client_and_one_neighborhood_have_a_share_of_the_applications_and_no_more() {
        let clients = clients(&LookupConfig::default());
        let taken = |who: &str| {
            let client = ClientAddress::at(ip(who));
            (0..50).filter(|_| clients.applies(client).is_ok()).count()
        };
        assert_eq!(taken("192.0.2.1"), 6);
        assert_eq!(taken("192.0.2.2"), 4);
        assert_eq!(taken("192.0.2.3"), 0, "the neighborhood has had its share");
        assert_eq!(taken("198.51.100.1"), 6);
        assert_eq!(taken("2001:db8:1:1::1") + taken("2001:db8:1:2::1"), 10);
        assert_eq!(taken("2001:db8:1:3::1"), 0);
        clients.did_not_apply(ClientAddress::at(ip("198.51.100.1")), false);
        assert_eq!(taken("198.51.100.1"), 1);
    }

    #[test]
    fn an_ipv6_customer_is_one_client_and_only_our_proxy_is_believed() {
        let clients = clients(&LookupConfig {
            proxies: vec![ip("10.0.0.1")],
            ..LookupConfig::default()
        });
        let mut headers = HeaderMap::new();
        assert_eq!(
            clients.at(ip("2001:db8:1:2:aaaa::1"), &headers).address(),
            ip("2001:db8:1:2::")
        );
        assert_eq!(clients.at(ip("::ffff:192.0.2.7"), &headers).address(), ip("192.0.2.7"));
        headers.append("x-forwarded-for", "198.51.100.9, 203.0.113.4".parse().unwrap());
        assert_eq!(
            clients.at(ip("192.0.2.1"), &headers).address(),
            ip("192.0.2.1"),
            "no proxy of ours"
        );
        assert_eq!(
            clients.at(ip("10.0.0.1"), &headers).address(),
            ip("203.0.113.4"),
            "what our proxy saw itself"
        );
        headers.append("x-forwarded-for", "nobody".parse().unwrap());
        assert_eq!(clients.at(ip("10.0.0.1"), &headers).address(), ip("10.0.0.1"));
    }
}
