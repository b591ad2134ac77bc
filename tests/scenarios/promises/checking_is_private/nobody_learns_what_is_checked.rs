//! A badge is checked from what the node holds: nothing that the file names is asked.

use std::{
    io::ErrorKind,
    net::{Ipv4Addr, TcpListener, TcpStream},
};

use registry_schema::{Verdict, VerdictKind};
use serde_json::json;
use tests::{Federation, TeacherScenario, VerdictAssertions as _, forge};

/// An address that notices when somebody comes.
struct Tripwire(TcpListener);

impl Tripwire {
    fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        listener.set_nonblocking(true).expect("a listener that does not wait");
        Self(listener)
    }

    fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().expect("an address"))
    }

    /// Returns true if somebody came since it was last asked.
    fn was_touched(&self) -> bool {
        match self.0.accept() {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                false
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_address_in_a_badge_is_asked() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let employer = federation.employer_at("US-TN");
    let wire = Tripwire::new();
    let trap = wire.url();
    let with = |change: fn(&mut serde_json::Value, &str)| {
        let mut document = badge.document.clone();
        change(&mut document, &trap);
        document.to_string().into_bytes()
    };
    let cases: [(&str, Vec<u8>); 7] = [
        ("its status lists", forge::by_a_stranger(Some(&trap))),
        (
            "its vocabulary",
            with(|b, trap| b["@context"][1] = json!(format!("{trap}/context.json"))),
        ),
        (
            "its schema",
            with(|b, trap| {
                b["credentialSchema"] =
                    json!([{"id": format!("{trap}/schema"), "type": "1EdTechJsonSchemaValidator2019"}]);
            }),
        ),
        (
            "its issuer",
            with(|b, trap| b["issuer"]["id"] = json!(format!("{trap}/issuer"))),
        ),
        (
            "its key",
            with(|b, trap| b["proof"]["verificationMethod"] = json!(format!("{trap}/keys#1"))),
        ),
        (
            "itself",
            with(|b, trap| b["id"] = json!(format!("{trap}/credentials/1"))),
        ),
        ("a link in place of a file", format!("{trap}/badge.json").into_bytes()),
    ];
    for (what, bytes) in cases {
        let reply = employer.sends(&bytes, "text/plain", &[]).await.with_status(200);
        let verdict: Verdict = reply.json();
        assert_ne!(verdict.verdict, VerdictKind::Accepted, "{what}: {verdict:#?}");
        employer.drops_on_the_page(&bytes).await;
        assert!(!wire.was_touched(), "the node asked for {what}");
    }
    employer.verifies(&badge).await.is(VerdictKind::Accepted);
    assert!(!wire.was_touched());

    // The wire does notice.
    let _visitor = TcpStream::connect(wire.0.local_addr().expect("an address")).expect("somebody comes");
    assert!(wire.was_touched());
    federation.audit().await;
}

/// Checking a badge of South Carolina's in Tennessee is not told to South Carolina: its node need not even run.
#[tokio::test(flavor = "multi_thread")]
async fn the_home_agency_does_not_learn_who_checks_its_badges() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    sc.stops().await;
    // Whoever listens at SC's address now would hear.
    let place = sc.url().trim_start_matches("http://").to_owned();
    let wire = Tripwire(TcpListener::bind(&place).expect("SC's port"));
    wire.0.set_nonblocking(true).expect("a listener that does not wait");
    for neighbour in ["US-TN", "US-NC"] {
        federation
            .employer_at(neighbour)
            .verifies(&badge)
            .await
            .is(VerdictKind::Accepted);
        federation
            .employer_at(neighbour)
            .drops_on_the_page(&badge.bytes())
            .await
            .with_status(200);
    }
    assert!(!wire.was_touched(), "a neighbour asked SC about a badge");
    drop(wire);
    sc.starts().await;
    federation.meets().await;
    federation.audit().await;
}
