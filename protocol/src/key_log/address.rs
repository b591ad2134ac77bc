//! The address where a node answers: a rule of the founding, for every node asks there on a stranger's word.
//!
//! Read by hand, and narrowly: what is refused here is no address at all, so that no two readers of URLs understand it in
//! different ways.

use core::net::{Ipv4Addr, Ipv6Addr};

use crate::signed::InvalidStatement;

const MOST_BYTES: usize = 200;

/// Checks that a node can be at this address: `https://host`, with a port and a path if need be; `http://` on this machine
/// alone, for trying things out. No name or password, no query, no fragment, no slash at the end.
///
/// # Errors
/// [`InvalidStatement::Rule`], which says what an address of a node is.
pub fn check_address(url: &str) -> Result<(), InvalidStatement> {
    let rule = InvalidStatement::Rule(
        "the address of a node is https://host, with a port and a path if need be, of at most 200 bytes, without a name, a query, a fragment or a slash at its end; http only at 127.0.0.1, [::1] or localhost",
    );
    if url.len() <= MOST_BYTES && is_address(url) {
        Ok(())
    } else {
        Err(rule)
    }
}

fn is_address(url: &str) -> bool {
    let (is_plain, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (false, rest),
        (None, Some(rest)) => (true, rest),
        (None, None) => return false,
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = match authority.strip_prefix('[') {
        Some(six) => match six.split_once(']') {
            Some((six, port)) if six.parse::<Ipv6Addr>().is_ok() => (UrlHost::Six(six), port),
            _ => return false,
        },
        None => {
            let (name, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
            (UrlHost::Name(name), port)
        }
    };
    host.is_one() && is_port(port) && is_path(path) && (!is_plain || host.is_this_machine())
}

enum UrlHost<'a> {
    Six(&'a str),
    Name(&'a str),
}

impl UrlHost<'_> {
    /// A name of labels, or an IPv4 address of four numbers: a name whose last label begins with a digit is read as some
    /// other form of an address, `0x7f.1` or `2130706433`, by some and not by others.
    fn is_one(&self) -> bool {
        let Self::Name(name) = self else { return true };
        let is_label = |label: &str| {
            let fits = (1..=63).contains(&label.len());
            let ends = label.starts_with('-') || label.ends_with('-');
            fits && !ends && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        let last = name.rsplit('.').next().unwrap_or_default();
        let is_number = last.starts_with(|first: char| first.is_ascii_digit());
        name.split('.').all(is_label) && (!is_number || name.parse::<Ipv4Addr>().is_ok())
    }

    fn is_this_machine(&self) -> bool {
        match self {
            Self::Six(six) => six.parse() == Ok(Ipv6Addr::LOCALHOST),
            Self::Name(name) => {
                *name == "localhost" || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
            }
        }
    }
}

fn is_port(port: &str) -> bool {
    match port.strip_prefix(':') {
        None => port.is_empty(),
        Some(digits) => digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse::<u16>().is_ok_and(|port| port > 0),
    }
}

fn is_path(path: &str) -> bool {
    let is_segment = |segment: &str| {
        let plain = segment
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
        plain && !segment.is_empty() && segment != "." && segment != ".."
    };
    match path.strip_prefix('/') {
        None => path.is_empty(),
        Some(segments) => segments.split('/').all(is_segment),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_at_a_plain_https_address_or_on_this_machine() {
        for good in [
            "https://nc.example",
            "https://US-A0.example",
            "https://comity.example.gov:8443",
            "https://example.gov/registry/node-1",
            "https://192.0.2.7:443",
            "https://[2001:db8::1]:8443/x",
            "http://127.0.0.1:7400",
            "http://127.9.9.9",
            "http://localhost:7400",
            "http://[::1]:7400",
        ] {
            assert_eq!(check_address(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_no_address_of_a_node() {
        let long = format!("https://nc.example/{}", "a".repeat(200));
        for bad in [
            "",
            "https://",
            "http://nc.example",
            "http://10.0.0.1",
            "http://127.0.0.1.nip.io",
            "http://0.0.0.0",
            "http://2130706433",
            "http://0x7f.1",
            "http://localhost.",
            "https://127.1",
            "https://0x7f000001",
            "https://1.2.3.4.5",
            "ftp://nc.example",
            "HTTPS://nc.example",
            "https:/nc.example",
            "https://nc.example/",
            "https://nc.example//x",
            "https://nc.example/../x",
            "https://nc.example/./x",
            "https://nc.example/%2e%2e/x",
            "https://nc.example?x",
            "https://nc.example/x?y=",
            "https://nc.example#x",
            "https://nc.example/x#",
            "https://user@nc.example",
            "https://user:pass@nc.example",
            "https://127.0.0.1\\@nc.example",
            "https://nc.example\\x",
            "https://nc.example:0",
            "https://nc.example:",
            "https://nc.example:65536",
            "https://nc.example:+80",
            "https://nc..example",
            "https://-nc.example",
            "https://nc_example",
            "https://nc.example\u{3002}gov",
            "https://nc.example\n",
            " https://nc.example",
            "https://[::1",
            "https://[::1]x",
            "https://[::ffff:1.2.3.4%25eth0]",
            "http://[::ffff:127.0.0.1]",
            "javascript:alert(1)",
            long.as_str(),
        ] {
            assert!(check_address(bad).is_err(), "{bad}");
        }
    }
}
