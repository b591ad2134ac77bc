//! Hosts that are given by name: `/dns/second.comity.example.gov/tcp/7500`. The system's resolver looks them up, anew for
//! each dial; libp2p only ever sees numbers.

use std::{net::IpAddr, time::Duration};

use libp2p::{Multiaddr, multiaddr::Protocol};

/// The time that a name may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most addresses that are taken from one name.
const MAX_OF_ONE: usize = 8;

/// These addresses with numbers in the place of names; those whose name cannot be found are left out.
pub(super) async fn looked_up(addresses: Vec<Multiaddr>) -> Vec<Multiaddr> {
    let mut found = Vec::new();
    for address in addresses {
        let Some(host) = host(&address) else {
            found.push(address);
            continue;
        };
        let asking = tokio::net::lookup_host((host.as_str(), 0));
        match tokio::time::timeout(PATIENCE, asking).await {
            Ok(Ok(numbers)) => {
                let numbers = numbers
                    .map(|socket| socket.ip())
                    .filter(|ip| fits(&address, *ip))
                    .take(MAX_OF_ONE);
                found.extend(numbers.filter_map(|ip| address.replace(0, |_| Some(Protocol::from(ip)))));
            }
            Ok(Err(error)) => tracing::debug!(host, %error, "a peer's host is not found"),
            Err(_) => tracing::debug!(host, "a peer's host is not found in time"),
        }
    }
    found
}

/// The name with which an address begins.
fn host(address: &Multiaddr) -> Option<String> {
    match address.iter().next()? {
        Protocol::Dns(host) | Protocol::Dns4(host) | Protocol::Dns6(host) => Some(host.into_owned()),
        _ => None,
    }
}

/// Tells whether this number may take the place of the name with which an address begins.
fn fits(address: &Multiaddr, ip: IpAddr) -> bool {
    match address.iter().next() {
        Some(Protocol::Dns4(_)) => ip.is_ipv4(),
        Some(Protocol::Dns6(_)) => ip.is_ipv6(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<Multiaddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[tokio::test]
    async fn a_name_becomes_the_numbers_of_its_kind_and_the_rest_of_the_address_stays() {
        let asked = addresses(&["/dns4/localhost/udp/7500/quic-v1", "/ip4/192.0.2.7/tcp/7500"]);
        let expected = addresses(&["/ip4/127.0.0.1/udp/7500/quic-v1", "/ip4/192.0.2.7/tcp/7500"]);
        assert_eq!(looked_up(asked).await, expected);
        let any = looked_up(addresses(&["/dns/localhost/tcp/1"])).await;
        assert!(any.contains(&addresses(&["/ip4/127.0.0.1/tcp/1"])[0]), "{any:?}");
        assert!(looked_up(addresses(&["/dns/nobody.invalid/tcp/1"])).await.is_empty());
    }
}
