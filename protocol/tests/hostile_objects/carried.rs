//! Objects that are carried by hand, told as files, or stand inside of something signed: introductions, entries of a key log,
//! tickets, files, puts.

use protocol::{
    Envelope, Hash, Introduction, KeyLog, Ticket,
    files::{LogListing, PageRef, pages},
    message::{LogSummary, PAGE_BYTES},
    signed::encode,
    status_list,
};
use registry_schema::{StatusReason, Timestamp};

use crate::objects::{HostileObject, NOW, agency, key};

pub(crate) fn ticket() -> Ticket {
    Ticket {
        agency: "US-SC".parse().unwrap(),
        name: "South Carolina".into(),
        genesis: Hash([7; 32]),
        node: "12D3KooWHdiAxVd8uMQR1hGWXccidmfCwLqcMpGwR6QcTP6QRMuD".into(),
        addresses: vec!["/ip4/192.0.2.7/tcp/7500".into()],
        url: "https://registry.example.gov".into(),
    }
}

/// An introduction of these tickets, beside its key log.
pub(crate) fn introduction(log: &KeyLog, at: Timestamp, tickets: Vec<String>) -> Vec<u8> {
    let said = Introduction {
        version: 1,
        agency: log.genesis(),
        writer: key(1).public(),
        key_log: log.head(),
        at,
        tickets,
    };
    encode(&(log.signed(), key(1).sign(&said).unwrap().signed().clone()))
}

fn listing(log: &KeyLog, summary: &LogSummary) -> LogListing {
    let page = PageRef {
        name: log.genesis(),
        count: 1,
        bytes: 100,
    };
    LogListing {
        version: 1,
        summary: summary.clone(),
        key_log: vec![page],
        envelopes: vec![page],
        checkpoint: None,
    }
}

/// One real object of each kind, by the name of its decoder.
pub(crate) fn real(log: &KeyLog, envelope: &Envelope, summary: &LogSummary) -> Vec<(&'static str, Vec<u8>)> {
    let put = status_list::revoke(0, 7, StatusReason::Misconduct, NOW);
    let put = (put.document, put.key, minicbor::bytes::ByteVec::from(put.value));
    let mut carried = log.signed();
    vec![
        ("introduction", introduction(log, NOW, vec![ticket().to_string()])),
        ("entry", encode(&carried.remove(0))),
        ("ticket", ticket().to_string().into_bytes()),
        ("ticket", encode(&ticket())),
        ("listing", listing(log, summary).to_bytes()),
        ("envelope file", pages(&[envelope.signed()]).remove(0).0),
        ("key log file", pages(&log.signed()).remove(0).0),
        ("put", encode(&put)),
    ]
}

/// Makes objects that cost as much as they can.
pub(crate) fn made_for_harm() -> Vec<HostileObject> {
    let log = agency();
    let make = |what: &str, decoder, bytes| HostileObject {
        what: what.into(),
        decoder,
        bytes,
    };
    let summary = LogSummary {
        agency: log.genesis(),
        key_log: vec![],
        heads: vec![],
        heartbeats: vec![],
    };
    let mut crowded = listing(&log, &summary);
    crowded.envelopes = vec![crowded.envelopes[0]; 16_385];
    let mut wide = ticket();
    wide.addresses = vec!["/ip4/192.0.2.7/tcp/7500".into(); 9];
    let texts = |count: usize| vec![ticket().to_string(); count];
    let put =
        |document: &str, key: &str, value: Vec<u8>| encode(&(document, key, minicbor::bytes::ByteVec::from(value)));
    let nested = vec![0x81; 16 * 1024];
    vec![
        make("257 tickets", "introduction", introduction(&log, NOW, texts(257))),
        make("16,385 pages", "listing", crowded.to_bytes()),
        make("nine addresses", "ticket", wide.to_string().into_bytes()),
        make("letters", "ticket", vec![b'a'; 4096]),
        make("half a megabyte of zeros", "envelope file", vec![0; PAGE_BYTES]),
        make(
            "half a megabyte of empty arrays",
            "key log file",
            vec![0x80; PAGE_BYTES],
        ),
        make("a deep value", "put", put("trust-list", "i/0", nested.clone())),
        make("a deep rule", "put", put("policy", "acceptance/a", nested.clone())),
        make("a deep reason", "put", put("status-list/0", "r/1", nested)),
        make(
            "a value too long",
            "put",
            put("policy", "acceptance/a", vec![0; 16 * 1024 + 1]),
        ),
        make(
            "a slot beyond the list",
            "put",
            put("status-list/0", "r/131072", vec![0x82, 0, 0]),
        ),
    ]
}
