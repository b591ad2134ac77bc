//! `comity status` tells what it can and names what it cannot, and says what `/readyz` says: only a node that does not answer at
//! all is one that cannot be reached.

use serde_json::Value;
use tests::{ExchangeIntervals, Federation, PostgresServer, StoreBackend, eventually, http, postgres::ShutdownMode};

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_database_is_stopped_says_so_with_all_else_that_it_knows() {
    let server = PostgresServer::start();
    let url = server.gains_a_database("home", server.port());
    let databases = |id: &str| (id == "US-TN").then(|| url.clone());
    let federation = Federation::start_in(
        &["US-SC", "US-TN"],
        ExchangeIntervals::default(),
        StoreBackend::Sqlite,
        &databases,
    )
    .await;
    let tn = federation.agency("US-TN");
    server.stops(ShutdownMode::Fast);
    let shown = tn.comity(&["store", "show"]).await;
    assert_eq!(shown.code, Some(3), "from the first moment on: {shown:?}");
    let said = eventually("status gives the cause that /readyz gives", async || {
        let reply = http::try_send(http::client().get(format!("{}/readyz", tn.url()))).await?;
        if reply.status != 503 {
            return Err(format!("{}", reply.status));
        }
        let why = reply.json::<Value>()["detail"].as_str().map(in_one_line);
        let ended = tn.comity(&["status"]).await;
        let said = in_one_line(&ended.stdout);
        assert!(!said.is_empty(), "{ended:?}");
        match why {
            Some(why) if ended.code == Some(1) && said.contains(&format!("not ready: {why}")) => Ok(said),
            why => Err(format!("{why:?}: {ended:?}")),
        }
    })
    .await;
    assert!(said.contains("of US-TN, version"), "{said}");
    assert!(said.contains("South Carolina"), "what is in memory is told: {said}");
    let not =
        "the node does not say its peers: the store cannot be used at the moment, because its database does not answer";
    assert!(said.contains(not), "{said}");
    let json = tn.comity(&["--json", "status"]).await;
    assert_eq!(json.code, Some(1), "{json:?}");
    let json: Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(json["ready"], false, "{json}");
    assert!(json["unread"].as_array().is_some_and(|all| !all.is_empty()), "{json}");

    server.starts();
    eventually("it is ready again, and says so", async || {
        let ended = tn.comity(&["status"]).await;
        match ended.code {
            Some(0) => Ok(()),
            code => Err(format!("{code:?}: {}", ended.stdout)),
        }
    })
    .await;
    tn.stops().await;
    let gone = tn.comity(&["status"]).await;
    assert_eq!(gone.code, Some(6), "nobody answers: {gone:?}");
    tn.starts().await;
    federation.audit().await;
}
