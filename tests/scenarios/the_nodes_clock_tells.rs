//! The clock of the node that is asked tells what is fresh, over or yet to come, as its verdicts have it, and not that of
//! the machine on which an operator types.

use registry_schema::VerdictKind;
use serde_json::{Value, json};
use tests::{ExchangeIntervals, Federation, TeacherScenario, TestAgency, VerdictAssertions as _, eventually};

const DAY: i64 = 86_400;
const OFTEN: ExchangeIntervals = ExchangeIntervals {
    heartbeat_every: 300,
    heartbeat_term: 86_400,
    exchange_every: 1,
};

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn freshness(agency: &TestAgency, of: &str, place: &str) -> Value {
    let all: Vec<Value> = agency.employer().reads(place).await.with_status(200).json();
    let found = all.into_iter().find(|one| one["id"] == of || one["agency"] == of);
    found.map_or(Value::Null, |one| one["freshness"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_past_its_term_is_told_so_whatever_the_operators_clock_says() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge_and(OFTEN).await;
    let [sc, nc, tn] = ["US-SC", "US-NC", "US-TN"].map(|id| federation.agency(id));
    let now = tn.comity(&["status"]).await;
    assert_eq!(now.code, Some(0), "{now:?}");
    assert!(!now.stdout.contains("the clock of this machine"), "{now:?}");
    sc.stops().await;
    // The nodes' clocks go on beyond the term; that of the machine on which the command runs stays behind.
    federation.clock().advance(2);
    tn.employer().verifies(&badge).await.is(VerdictKind::CouldNotCheck);
    let told = eventually("North Carolina is heard again, and South Carolina is not", async || {
        let ended = tn.comity(&["status"]).await;
        let told = in_one_line(&ended.stdout);
        match ended.code == Some(6) && told.contains("of 1 nothing fresh is known") {
            true => Ok(told),
            false => Err(format!("{ended:?}")),
        }
    })
    .await;
    for words in [
        "their badges are \"could not check\": US-SC",
        "the clock of this machine is 2 days behind the node's",
        "ended",
    ] {
        assert!(told.contains(words), "`{words}`: {told}");
    }
    assert!(!told.contains("by its own clock"), "{told}");
    let json = tn.comity(&["--json", "status"]).await;
    let json: Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert!(
        json["stale"].as_str().is_some_and(|all| all.contains("US-SC")),
        "{json}"
    );
    let peers = tn.comity(&["peer", "list"]).await;
    let of_sc = peers.stdout.lines().find(|line| line.starts_with("US-SC"));
    assert!(of_sc.is_some_and(|line| line.contains("ended")), "{peers:?}");
    // The judgment travels in the answers.
    for place in ["/v1/agencies", "/v1/peers"] {
        assert_eq!(freshness(tn, "US-SC", place).await, json!("ended"));
        assert_eq!(freshness(tn, "US-NC", place).await, json!("fresh"));
    }

    sc.starts().await;
    federation.awaits(tn, &badge, VerdictKind::Accepted).await;
    assert_eq!(nc.comity(&["status"]).await.code, Some(0));
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_nodes_clock_is_in_doubt_nobody_is_called_fresh_and_the_next_step_is_named() {
    let TeacherScenario {
        mut federation, badge, ..
    } = Federation::with_a_badge_and(OFTEN).await;
    let clock = federation.separates_the_clock_of("US-TN").await;
    for id in ["US-SC", "US-NC"] {
        federation.agency(id).stops().await;
    }
    let tn = federation.agency("US-TN");
    clock.set_wrong_by(-2 * DAY);
    tn.says_of_itself(503, "the clock is in doubt").await;
    tn.employer().verifies(&badge).await.is(VerdictKind::CouldNotCheck);
    let ended = tn.comity(&["status"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let told = in_one_line(&ended.stdout);
    for words in [
        "comity clock accept",
        "comity clock show",
        "of 2 nothing fresh is known",
        "no (clock)",
    ] {
        assert!(told.contains(words), "`{words}`: {told}");
    }
    assert!(!told.contains("for another") && !told.contains("always"), "{told}");
    for (of, place) in [
        ("US-TN", "/v1/agencies"),
        ("US-SC", "/v1/agencies"),
        ("US-SC", "/v1/peers"),
    ] {
        assert_eq!(freshness(tn, of, place).await, json!("clock_in_doubt"), "{of} {place}");
    }
    let peers = tn.comity(&["peer", "list"]).await;
    assert!(!peers.stdout.contains("for another"), "{peers:?}");
}
