//! A ticket, and an introduction of it.

use protocol::{Hash, Introduction, KeyLog, Signed, Ticket, signed::encode};

use crate::{NOW, ProtocolVector, key};

/// By name.
pub(crate) fn vectors(log: &KeyLog) -> [(&'static str, ProtocolVector); 2] {
    let ticket = Ticket {
        agency: "US-SC".parse().unwrap(),
        name: "South Carolina".into(),
        genesis: Hash([7; 32]),
        node: "12D3KooWHdiAxVd8uMQR1hGWXccidmfCwLqcMpGwR6QcTP6QRMuD".into(),
        addresses: vec!["/ip4/192.0.2.7/tcp/7500".into()],
        url: "https://sc.example".into(),
    };
    let introduction = Introduction {
        version: 1,
        agency: log.genesis(),
        writer: key(10).public(),
        key_log: log.head(),
        at: NOW,
        tickets: vec![ticket.to_string()],
    };
    let signed = key(10).sign(&introduction).unwrap();
    let statement = ("statement as it travels", Some(signed.hash()), encode(signed.signed()));
    [
        ("introduction", statement),
        ("ticket", ("text", None, ticket.to_string().into_bytes())),
    ]
}

/// The introduction names the ticket, and is believed before its writer ended, and not after. Gives its name.
pub(crate) fn assert_introduces(introduction: &[u8], ticket: &[u8], (before, after): (&KeyLog, &KeyLog)) -> String {
    let signed: Signed<Introduction> = minicbor::decode(introduction).unwrap();
    let told = Introduction::claimed_tickets(&signed);
    assert_eq!(told[0].to_string().as_bytes(), ticket);
    assert!(Introduction::read(signed.clone(), after, NOW).is_err());
    assert!(Introduction::read(signed.clone(), before, NOW).is_ok());
    signed.name().to_string()
}
