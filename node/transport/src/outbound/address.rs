//! The addresses that this node asks on a stranger's word: those of the public Internet, and no other.
//!
//! From IANA's special-purpose address registries (RFC 6890; as of 2026), with the rest of what is not global unicast.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::Context as _;

/// The networks to which no stranger may send this node: network, length of its prefix, what is there.
const FORBIDDEN_V4: [(Ipv4Addr, u32, &str); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, "this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "a private network"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "a carrier's inner network"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, LOOPBACK),
    // Link-local; at 169.254.169.254 most clouds tell a machine its secrets.
    (Ipv4Addr::new(169, 254, 0, 0), 16, "a link-local or metadata address"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "a private network"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "a reserved network"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "a network for documentation"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "a relay of an older protocol"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "a private network"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "a network for benchmarks"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "a network for documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "a network for documentation"),
    // Azure's own, in the middle of a public network.
    (Ipv4Addr::new(168, 63, 129, 16), 32, "a link-local or metadata address"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "a multicast address"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "a reserved network"),
];

/// The same of IPv6, within 2000::/3: the rest is not global unicast.
const FORBIDDEN_V6: [(Ipv6Addr, u32, &str); 5] = [
    // Teredo, benchmarks, ORCHID: protocols of their own, some with an IPv4 address inside.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "a reserved network"),
    (
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0),
        32,
        "a network for documentation",
    ),
    // 6to4: the IPv4 address inside may be a private one.
    (
        Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0),
        16,
        "a relay of an older protocol",
    ),
    (
        Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0),
        20,
        "a network for documentation",
    ),
    (
        Ipv6Addr::new(0x3ffe, 0, 0, 0, 0, 0, 0, 0),
        16,
        "a network that is no more",
    ),
];

const LOOPBACK: &str = "this machine itself";

/// A network that this node's operator opened: `10.20.0.0/16`, `fd00:20::/32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpNetwork {
    first: IpAddr,
    length: u32,
}

impl std::str::FromStr for IpNetwork {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let told = || format!("`{text}` is no network: write 10.20.0.0/16 or fd00:20::/32");
        let (first, length) = text.split_once('/').with_context(told)?;
        let first: IpAddr = first.parse().ok().with_context(told)?;
        let longest = if first.is_ipv4() { 32 } else { 128 };
        let length = length.parse().ok().filter(|length| (1..=longest).contains(length));
        let length = length.with_context(told)?;
        Ok(Self { first, length })
    }
}

impl IpNetwork {
    fn holds(&self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(v4)) => (first.to_bits() ^ v4.to_bits()) >> (32 - self.length) == 0,
            (IpAddr::V6(first), IpAddr::V6(v6)) => (first.to_bits() ^ v6.to_bits()) >> (128 - self.length) == 0,
            _ => false,
        }
    }
}

/// The addresses that may be asked beside those of the public Internet.
#[derive(Clone, Debug, Default)]
pub struct AllowedNetworks {
    /// This machine's own, for tests and the demo.
    pub loopback: bool,
    /// The networks that the operator listed.
    pub networks: Vec<IpNetwork>,
}

impl AllowedNetworks {
    /// The reason for which this address is not asked; none if it may be.
    pub(super) fn forbids(&self, address: IpAddr) -> Option<&'static str> {
        let is_listed = || self.networks.iter().any(|network| network.holds(address));
        forbidden(address, self.loopback).filter(|_| !is_listed())
    }
}

/// The reason for which this address is not asked; none if it may be. `loopback` opens this machine's own, for tests and
/// the demo.
pub(super) fn forbidden(address: IpAddr, loopback: bool) -> Option<&'static str> {
    let why = match address {
        IpAddr::V4(v4) => of_v4(v4),
        IpAddr::V6(v6) => of_v6(v6),
    };
    why.filter(|why| !(loopback && *why == LOOPBACK))
}

fn of_v4(address: Ipv4Addr) -> Option<&'static str> {
    let within = |network: Ipv4Addr, length: u32| (address.to_bits() ^ network.to_bits()) >> (32 - length) == 0;
    let found = FORBIDDEN_V4
        .iter()
        .find(|(network, length, _)| within(*network, *length));
    found.map(|(_, _, what)| *what)
}

fn of_v6(address: Ipv6Addr) -> Option<&'static str> {
    if address == Ipv6Addr::LOCALHOST {
        return Some(LOOPBACK);
    }
    // Mapped (::ffff:0:0/96), translated (64:ff9b::/96), unique local, link-local, multicast and all that is not assigned.
    if address.to_bits() >> 125 != 0b001 {
        return Some("no address of the public Internet");
    }
    let within = |network: Ipv6Addr, length: u32| (address.to_bits() ^ network.to_bits()) >> (128 - length) == 0;
    let found = FORBIDDEN_V6
        .iter()
        .find(|(network, length, _)| within(*network, *length));
    found.map(|(_, _, what)| *what)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first and the last address of each network, and the neighbours that are public.
    const REFUSED: &[&str] = &[
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.100.100.200",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "168.63.129.16",
        "169.254.0.0",
        "169.254.169.254",
        "169.254.255.255",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.0",
        "192.0.0.192",
        "192.0.0.255",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::2",
        "::10.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a00:1",
        "100::1",
        "2001::1",
        "2001:0:7f00:1::1",
        "2001:2::1",
        "2001:1ff:ffff::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2002:a9fe:a9fe::1",
        "3ffe::1",
        "3fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fdff::1",
        "fe80::1",
        "fe80::a9fe:a9fe",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
    ];
    const ASKED: &[&str] = &[
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.1",
        "168.63.129.15",
        "168.63.129.17",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.0.3.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2606:4700::1111",
        "2a00:1450::1",
        "3ffd::1",
    ];

    #[test]
    fn only_addresses_of_the_public_internet_are_asked() {
        for text in REFUSED {
            let address: IpAddr = text.parse().unwrap();
            assert!(forbidden(address, false).is_some(), "{text}");
        }
        for text in ASKED {
            let address: IpAddr = text.parse().unwrap();
            assert_eq!(forbidden(address, false), None, "{text}");
        }
    }

    #[test]
    fn a_listed_network_opens_itself_and_nothing_beside_it() {
        let opened = AllowedNetworks {
            loopback: false,
            networks: vec!["10.20.0.0/16".parse().unwrap(), "fd00:20::/32".parse().unwrap()],
        };
        for open in ["10.20.0.0", "10.20.255.255", "fd00:20::1", "8.8.8.8"] {
            assert_eq!(opened.forbids(open.parse().unwrap()), None, "{open}");
        }
        for closed in [
            "10.19.255.255",
            "10.21.0.0",
            "127.0.0.1",
            "169.254.169.254",
            "fd00:21::1",
            "::1",
        ] {
            assert!(opened.forbids(closed.parse().unwrap()).is_some(), "{closed}");
        }
        for text in ["", "10.0.0.0", "10.0.0.0/0", "10.0.0.0/33", "x/8", "fd00::/129"] {
            assert!(text.parse::<IpNetwork>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_setting_opens_this_machine_and_nothing_else() {
        for text in REFUSED.iter().chain(ASKED) {
            let address: IpAddr = text.parse().unwrap();
            let open = forbidden(address, true).is_none();
            assert_eq!(open, ASKED.contains(text) || address.is_loopback(), "{text}");
        }
    }
}
