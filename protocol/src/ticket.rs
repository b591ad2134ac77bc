//! Tickets: what one operator gives another so that their nodes follow each other. A short text that can be mailed, read
//! aloud, or shown as a QR code.
//!
//! A ticket is **no credential**: everything in it is public, and nobody signed it. What it pins is the hash of an
//! agency's first key-log entry, from which all of that agency's keys follow; whoever adds it compares that fingerprint
//! with the agency over another way. The checksum finds typing errors, and nothing else.

use std::{fmt, str::FromStr};

use data_encoding::BASE32_NOPAD;
use minicbor::{Decode, Encode};
use registry_schema::AgencyId;

use crate::signed::{Hash, encode};

/// The beginning of a ticket's text.
pub const PREFIX: &str = "comity-ticket:1:";
/// Longest text of a ticket, in bytes.
pub const MAX_TEXT_BYTES: usize = 4096;
/// Longest name for people, in bytes.
const MAX_NAME_BYTES: usize = 200;
/// Longest URL, address or node identity, in bytes.
const MAX_ADDRESS_BYTES: usize = 300;
/// Most addresses.
const MAX_ADDRESSES: usize = 8;
const CHECKSUM_BYTES: usize = 4;

/// The identity of an agency, and where one of its nodes is found.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Ticket {
    /// The id that the agency calls itself by.
    #[n(0)]
    pub agency: AgencyId,
    /// Its name for people; at most 200 bytes, may be empty.
    #[n(1)]
    pub name: String,
    /// The agency's identity: the hash of its first key-log entry.
    #[n(2)]
    pub genesis: Hash,
    /// The identity of its node in the network of peers, as text.
    #[n(3)]
    pub node: String,
    /// The addresses where that node listens for peers, as multiaddresses; at most 8. None, if it only calls others.
    #[n(4)]
    pub addresses: Vec<String>,
    /// The address where it answers HTTP; may be empty.
    #[n(5)]
    pub url: String,
}

/// The text is no ticket. The messages are for who pasted it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTicket {
    /// Something else altogether.
    #[error("this is no ticket: one begins with `{PREFIX}`")]
    NotATicket,
    /// Longer than any ticket.
    #[error("this is no ticket: one has at most {MAX_TEXT_BYTES} characters")]
    TooLong,
    /// A letter is wrong, or a part is missing.
    #[error("the ticket was damaged on its way: its checksum does not match; copy it once more, as a whole")]
    Damaged,
    /// Its parts are not what they should be.
    #[error("the ticket says what no ticket says: {0}")]
    Wrong(&'static str),
}

impl Ticket {
    /// Checks that its parts keep their limits.
    ///
    /// # Errors
    /// [`BadTicket::Wrong`], if one does not.
    pub fn check(&self) -> Result<(), BadTicket> {
        let fits = |text: &str, most: usize| text.len() <= most && !text.chars().any(char::is_control);
        if !fits(&self.name, MAX_NAME_BYTES) {
            return Err(BadTicket::Wrong(
                "a name has at most 200 bytes, without control characters",
            ));
        }
        let addresses = self.addresses.iter().chain([&self.url, &self.node]);
        if self.addresses.len() > MAX_ADDRESSES || !addresses.into_iter().all(|text| fits(text, MAX_ADDRESS_BYTES)) {
            return Err(BadTicket::Wrong(
                "it has at most 8 addresses, of at most 300 bytes each",
            ));
        }
        if self.node.is_empty() {
            return Err(BadTicket::Wrong("it names no node"));
        }
        if !self.url.is_empty() && crate::key_log::check_address(&self.url).is_err() {
            return Err(BadTicket::Wrong("its URL is no address of a node"));
        }
        Ok(())
    }

    /// The agency's fingerprint in groups of four, to be read aloud and compared.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.genesis.fingerprint()
    }

    /// The text in capitals: the same ticket, and a smaller QR code.
    #[must_use]
    pub fn in_capitals(&self) -> String {
        self.to_string().to_ascii_uppercase()
    }
}

/// A short name of a public key for people to compare, from its Multikey: the first four groups of the fingerprint of the
/// text.
#[must_use]
pub fn key_fingerprint(multikey: &str) -> String {
    let whole = Hash::of(&[multikey.as_bytes()]).fingerprint();
    whole.split(' ').take(4).collect::<Vec<_>>().join(" ")
}

fn checksum(bytes: &[u8]) -> Vec<u8> {
    let digest = Hash::of(&[b"comity ticket", &[0], bytes]);
    digest.0.iter().take(CHECKSUM_BYTES).copied().collect()
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text_of(&encode(self)))
    }
}

/// The text of a ticket with these bytes in it.
pub(crate) fn text_of(bytes: &[u8]) -> String {
    let bytes = [bytes, &checksum(bytes)].concat();
    format!("{PREFIX}{}", BASE32_NOPAD.encode(&bytes).to_ascii_lowercase())
}

impl FromStr for Ticket {
    type Err = BadTicket;

    /// Reads a ticket, in any case, with any white space that a mail program put in.
    fn from_str(text: &str) -> Result<Self, BadTicket> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(BadTicket::TooLong);
        }
        let text: String = text.split_whitespace().collect::<String>().to_ascii_uppercase();
        let body = text.strip_prefix(&PREFIX.to_ascii_uppercase());
        let body = body.ok_or(BadTicket::NotATicket)?;
        let bytes = BASE32_NOPAD.decode(body.as_bytes()).map_err(|_| BadTicket::Damaged)?;
        let at = bytes.len().checked_sub(CHECKSUM_BYTES).ok_or(BadTicket::Damaged)?;
        let (bytes, sum) = bytes.split_at_checked(at).ok_or(BadTicket::Damaged)?;
        if checksum(bytes) != sum {
            return Err(BadTicket::Damaged);
        }
        let ticket: Self = minicbor::decode(bytes).map_err(|_| BadTicket::Wrong("it is not encoded as one"))?;
        if encode(&ticket) != bytes {
            return Err(BadTicket::Wrong("it has another form than the one form"));
        }
        ticket.check()?;
        Ok(ticket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket() -> Ticket {
        Ticket {
            agency: "US-SC".parse().unwrap(),
            name: "South Carolina".into(),
            genesis: Hash([7; 32]),
            node: "12D3KooWHdiAxVd8uMQR1hGWXccidmfCwLqcMpGwR6QcTP6QRMuD".into(),
            addresses: vec!["/ip4/192.0.2.7/tcp/7500".into()],
            url: "https://registry.example.gov".into(),
        }
    }

    #[test]
    fn a_ticket_is_read_back_in_any_case_and_broken_over_lines() {
        let text = ticket().to_string();
        assert!(
            text.starts_with(PREFIX) && text.len() < 400,
            "{} characters",
            text.len()
        );
        assert_eq!(text.parse(), Ok(ticket()));
        assert_eq!(ticket().in_capitals().parse(), Ok(ticket()));
        let (one, other) = text.split_at(70);
        assert_eq!(format!("  {one}\r\n   {other}\n").parse(), Ok(ticket()));
    }

    #[test]
    fn every_single_wrong_letter_is_found() {
        let text = ticket().to_string();
        for at in PREFIX.len()..text.len() {
            let mut wrong = text.clone().into_bytes();
            wrong[at] = if wrong[at] == b'a' { b'b' } else { b'a' };
            let wrong = String::from_utf8(wrong).unwrap();
            assert!(wrong.parse::<Ticket>().is_err(), "letter {at}");
        }
        for missing in 1..text.len() - PREFIX.len() {
            assert!(
                text[..text.len() - missing].parse::<Ticket>().is_err(),
                "{missing} missing"
            );
        }
    }

    #[test]
    fn what_is_no_ticket_is_told_apart_from_a_damaged_one() {
        assert_eq!("https://example.org".parse::<Ticket>(), Err(BadTicket::NotATicket));
        assert_eq!("".parse::<Ticket>(), Err(BadTicket::NotATicket));
        assert_eq!(PREFIX.parse::<Ticket>(), Err(BadTicket::Damaged));
        assert_eq!(
            "x".repeat(MAX_TEXT_BYTES + 1).parse::<Ticket>(),
            Err(BadTicket::TooLong)
        );
        let wrong = |change: fn(&mut Ticket)| {
            let mut ticket = ticket();
            change(&mut ticket);
            ticket.to_string().parse::<Ticket>()
        };
        for refused in [
            wrong(|t| t.name = "a\u{1b}[2J".into()),
            wrong(|t| t.url = "javascript:alert(1)".into()),
            wrong(|t| t.addresses = vec!["/ip4/192.0.2.7/tcp/7500".into(); 9]),
            wrong(|t| t.node = String::new()),
        ] {
            assert!(matches!(refused, Err(BadTicket::Wrong(_))), "{refused:?}");
        }
    }

    #[test]
    fn a_fingerprint_shows_all_of_it() {
        assert_eq!(ticket().fingerprint().replace(' ', ""), ticket().genesis.to_string());
        assert_eq!(ticket().fingerprint().split(' ').count(), 16);
    }
}
