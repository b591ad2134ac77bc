//! How often each client has short codes looked up: a bucket of tokens for each, so that nobody tries codes one after the
//! other. A client is an IPv4 address, or an IPv6 network of /64, which one customer has.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{extract::ConnectInfo, http::Extensions, http::HeaderMap};
use tokio::time::Instant;

use super::problem::{Problem, TOO_OFTEN};
use crate::config::LookupConfig;

/// How many clients are remembered; those that have been quiet long enough are forgotten first. Those that come when
/// all places are taken share one bucket.
const MOST_CLIENTS: usize = 16_384;

/// What is left for a client, and since when.
type Bucket = (f64, Instant);

/// Who asks, by address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Client(IpAddr);

/// What is left for each client. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Clients(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: LookupConfig,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

impl Clients {
    pub(crate) fn new(config: &LookupConfig) -> Self {
        Self(Arc::new(Inner {
            config: config.clone(),
            buckets: Mutex::default(),
        }))
    }

    /// Who asks.
    pub(crate) fn of(&self, extensions: &Extensions, headers: &HeaderMap) -> Client {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |ConnectInfo(address)| address.ip());
        self.at(peer, headers)
    }

    /// Whoever is connected from this address.
    pub(crate) fn at(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        Client(self.client(peer, headers))
    }

    /// Takes one look-up from the share of whoever asks.
    pub(crate) fn looks_up(&self, client: Client) -> Result<(), Problem> {
        self.takes(client.0, Instant::now()).map_err(|seconds| {
            let detail = format!("too many codes were looked up from your address: try again in {seconds} seconds");
            Problem::new(&TOO_OFTEN, detail).retry_after(seconds)
        })
    }

    /// Who asks: whoever is connected, or, if that is a proxy of ours, whoever it names last.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let config = &self.0.config;
        let peer = peer.to_canonical();
        let named = || {
            let last = headers.get_all(config.proxy_header.as_str()).iter().next_back()?;
            let last = last.to_str().ok()?.rsplit(',').next()?.trim();
            let last = last.trim_start_matches('[').trim_end_matches(']');
            Some(last.parse::<IpAddr>().ok()?.to_canonical())
        };
        let is_proxy = config.proxies.iter().any(|proxy| proxy.to_canonical() == peer);
        match is_proxy.then(named).flatten().unwrap_or(peer) {
            IpAddr::V6(address) => {
                let network = address.to_bits() >> 64 << 64;
                IpAddr::V6(Ipv6Addr::from_bits(network))
            }
            address => address,
        }
    }

    /// Takes one from a client's share; or says in how many seconds there is one again.
    fn takes(&self, client: IpAddr, now: Instant) -> Result<(), u64> {
        let config = &self.0.config;
        if config.per_minute == 0 {
            return Ok(());
        }
        let (burst, a_second) = (f64::from(config.burst), f64::from(config.per_minute) / 60.0);
        let left = |(tokens, since): Bucket| {
            (tokens + now.saturating_duration_since(since).as_secs_f64() * a_second).min(burst)
        };
        let mut buckets = self.0.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut client = client;
        if buckets.len() >= MOST_CLIENTS && !buckets.contains_key(&client) {
            buckets.retain(|_, bucket| left(*bucket) < burst);
            if buckets.len() >= MOST_CLIENTS {
                client = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
            }
        }
        let tokens = buckets.get(&client).copied().map_or(burst, left);
        let taken = tokens >= 1.0;
        buckets.insert(client, (if taken { tokens - 1.0 } else { tokens }, now));
        match taken {
            true => Ok(()),
            false => Err(std::time::Duration::from_secs_f64((1.0 - tokens) / a_second).as_secs() + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn clients(config: LookupConfig) -> Clients {
        Clients::new(&config)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_client_gets_its_share_and_is_told_when_there_is_more() {
        let clients = clients(LookupConfig {
            per_minute: 6,
            burst: 4,
            ..LookupConfig::default()
        });
        let start = Instant::now();
        let taken = |who: &str, times: usize, at| (0..times).filter(|_| clients.takes(ip(who), at).is_ok()).count();
        assert_eq!(taken("192.0.2.1", 50, start), 4);
        assert_eq!(
            taken("192.0.2.2", 50, start),
            4,
            "another client has a share of its own"
        );
        assert_eq!(clients.takes(ip("192.0.2.1"), start), Err(11));
        assert_eq!(taken("192.0.2.1", 50, start + Duration::from_secs(21)), 2);
        let free = Clients::new(&LookupConfig {
            per_minute: 0,
            ..LookupConfig::default()
        });
        assert!((0..1_000).all(|_| free.takes(ip("192.0.2.1"), start).is_ok()));
    }

    #[test]
    fn an_ipv6_customer_is_one_client_and_only_our_proxy_is_believed() {
        let clients = clients(LookupConfig {
            proxies: vec![ip("10.0.0.1")],
            ..LookupConfig::default()
        });
        let mut headers = HeaderMap::new();
        assert_eq!(
            clients.client(ip("2001:db8:1:2:aaaa::1"), &headers),
            ip("2001:db8:1:2::")
        );
        assert_eq!(clients.client(ip("::ffff:192.0.2.7"), &headers), ip("192.0.2.7"));
        headers.append("x-forwarded-for", "198.51.100.9, 203.0.113.4".parse().unwrap());
        assert_eq!(
            clients.client(ip("192.0.2.1"), &headers),
            ip("192.0.2.1"),
            "no proxy of ours"
        );
        assert_eq!(
            clients.client(ip("10.0.0.1"), &headers),
            ip("203.0.113.4"),
            "what our proxy saw itself"
        );
        headers.append("x-forwarded-for", "nobody".parse().unwrap());
        assert_eq!(clients.client(ip("10.0.0.1"), &headers), ip("10.0.0.1"));
    }

    #[test]
    fn strangers_do_not_fill_the_memory_and_lock_nobody_out_who_is_known() {
        let clients = clients(LookupConfig {
            per_minute: 60,
            burst: 2,
            ..LookupConfig::default()
        });
        let start = Instant::now();
        for i in 0..MOST_CLIENTS {
            let address = IpAddr::from(u32::try_from(i).unwrap().to_be_bytes());
            assert_eq!(clients.takes(address, start), Ok(()));
        }
        let late = (0..10)
            .filter(|i| clients.takes(ip(&format!("203.0.113.{i}")), start).is_ok())
            .count();
        assert_eq!(late, 2, "they share one bucket");
        assert_eq!(
            clients.takes(ip("0.0.0.9"), start),
            Ok(()),
            "who is known has a share of its own"
        );
        assert!(clients.0.buckets.lock().unwrap().len() <= MOST_CLIENTS + 1);
        let later = start + Duration::from_secs(60);
        assert_eq!(clients.takes(ip("203.0.113.77"), later), Ok(()));
        assert_eq!(
            clients.0.buckets.lock().unwrap().len(),
            1,
            "the quiet ones are forgotten"
        );
    }
}
