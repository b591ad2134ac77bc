//! Introductions: an agency tells who trusts it which nodes it knows itself, signed with its writer key, so that nobody on
//! the way adds one. Nobody is followed by being introduced.

use data_encoding::BASE64;
use minicbor::{Decode, Encode};
use registry_schema::Timestamp;

use crate::{
    heartbeat::{MAX_AHEAD_SECONDS, UnverifiedStatement, by_a_writer},
    key_log::KeyLog,
    signed::{Hash, InvalidStatement, PublicKey, Signable, Signed, Verified, encode},
    ticket::Ticket,
};

/// Most tickets in one introduction.
pub const MAX_TICKETS: usize = 256;
/// For how long an introduction is believed, in seconds. It is asked for when it is needed.
pub const MAX_AGE_SECONDS: i64 = 3600;

/// "I know these nodes": the tickets of an agency's peers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Introduction {
    /// The version of this form: 1.
    #[n(0)]
    pub version: u8,
    /// The introducer: the hash of that agency's first key-log entry.
    #[n(1)]
    pub agency: Hash,
    /// That agency's writer key, which signed.
    #[n(2)]
    pub writer: PublicKey,
    /// The last key-log entry of its own that the writer knew.
    #[n(3)]
    pub key_log: Hash,
    /// The time of signing, by the introducer's clock.
    #[n(4)]
    pub at: Timestamp,
    /// The tickets, as texts.
    #[n(5)]
    pub tickets: Vec<String>,
}

impl Signable for Introduction {
    const DOMAIN: &'static str = "comity/1/introduction";
    const MAX_BYTES: usize = 262_144;
}

impl Introduction {
    /// Believes an introduction by the agency with this key log, if one of its writers that has not ended signed it not
    /// long before now.
    ///
    /// # Errors
    /// [`UnverifiedStatement`], if it is malformed, too old, ahead of our clock, another agency's, or not signed by such a writer.
    pub fn read(signed: Signed<Self>, key_log: &KeyLog, now: Timestamp) -> Result<Verified<Self>, UnverifiedStatement> {
        let live = key_log.writers();
        let verified = by_a_writer(signed, key_log, |it| (it.agency, it.writer, it.key_log))?;
        let it = verified.get();
        let age = now.seconds_since(it.at);
        let rule = if it.version != 1 || it.tickets.len() > MAX_TICKETS {
            "an introduction has version 1 and at most 256 tickets"
        } else if !live.contains(&it.writer) {
            "the key that signed the introduction has ended"
        } else if !(-MAX_AHEAD_SECONDS..=MAX_AGE_SECONDS).contains(&age) {
            "an introduction is believed for an hour: ask for a new one"
        } else {
            return Ok(verified);
        };
        Err(UnverifiedStatement::Refused(InvalidStatement::Rule(rule)))
    }

    /// The signed bytes as text: base64.
    #[must_use]
    pub fn to_text(signed: &Signed<Self>) -> String {
        BASE64.encode(&encode(signed))
    }

    /// Reads the text; nothing in it is believed yet.
    ///
    /// # Errors
    /// [`InvalidStatement`], if it is none.
    pub fn from_text(text: &str) -> Result<Signed<Self>, InvalidStatement> {
        if text.len() > Self::MAX_BYTES * 2 {
            return Err(InvalidStatement::Rule("an introduction has at most 262,144 bytes"));
        }
        let bytes = BASE64.decode(text.as_bytes());
        let bytes = bytes.map_err(|_| InvalidStatement::Rule("an introduction is told in base64"))?;
        minicbor::decode(&bytes).map_err(|_| InvalidStatement::Rule("this is no signed statement"))
    }

    /// The tickets that a signed introduction claims to hold, not checked: to choose one, which whoever adds it checks.
    #[must_use]
    pub fn claimed_tickets(signed: &Signed<Self>) -> Vec<Ticket> {
        let claim = signed.claim();
        let texts = claim.map(|claim| claim.tickets).unwrap_or_default();
        let tickets = texts.iter().take(MAX_TICKETS).filter_map(|text| text.parse().ok());
        tickets.collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        SigningKey,
        key_log::{Founding, KeyEnd, WriterKey, found},
    };

    use super::*;

    #[test]
    fn only_a_writer_that_has_not_ended_introduces_and_not_for_long() {
        let [root, writer, stranger] = [1, 2, 3].map(|seed| SigningKey::from_seed(&[seed; 32]).unwrap());
        let founding = Founding {
            agency: "US-NC".parse().unwrap(),
            name: "North Carolina".into(),
            url: "https://nc.example".into(),
            root: crate::RootKeySet::single(root.public()),
            next_root: crate::RootKeySet::single(stranger.public()).commitment(),
            writers: vec![WriterKey::of_all(writer.public())],
            badge_keys: vec![],
        };
        let mut log = found(founding, &[&root], Timestamp(0)).unwrap();
        let now = Timestamp(10_000_000);
        let said = |key: &SigningKey, at: Timestamp| {
            key.sign(&Introduction {
                version: 1,
                agency: log.genesis(),
                writer: key.public(),
                key_log: log.genesis(),
                at,
                tickets: vec!["comity-ticket:1:x".into()],
            })
            .unwrap()
            .signed()
            .clone()
        };
        let (good, late) = (
            said(&writer, now),
            said(&writer, now.plus_seconds(-MAX_AGE_SECONDS - 1)),
        );
        let (ahead, other) = (
            said(&writer, now.plus_seconds(MAX_AHEAD_SECONDS + 1)),
            said(&stranger, now),
        );
        assert!(Introduction::read(good.clone(), &log, now).is_ok());
        let told = Introduction::from_text(&Introduction::to_text(&good)).unwrap();
        assert!(Introduction::read(told, &log, now).is_ok());
        assert!(Introduction::from_text("AAAA").is_err() && Introduction::from_text("?").is_err());
        for wrong in [late, ahead, other] {
            assert!(Introduction::read(wrong, &log, now).is_err());
        }
        assert!(
            Introduction::claimed_tickets(&good).is_empty(),
            "a text that is no ticket is none"
        );
        let act = crate::key_log::KeyLogAct::WriterEnded {
            key: writer.public(),
            last: vec![],
            end: KeyEnd::Retired,
        };
        let mut entry = log.propose(act, now).unwrap();
        entry.sign(&root);
        log.add(entry).unwrap();
        assert!(
            Introduction::read(good, &log, now).is_err(),
            "an ended key introduces nobody"
        );
    }
}
