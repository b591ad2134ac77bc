//! Acts that were begun are carried out to their end, also if whoever asked for them goes.

use std::{fmt::Write as _, time::Duration};

use registry_schema::policy::PolicyFile;
use storage::{StoreCall, StoreFault};
use tests::{
    Federation, TestAgency, eventually,
    strangers::{from, socket_of},
};
use tokio::io::AsyncWriteExt as _;

/// A policy of so many rules: with more than 400 it is written in three parts.
fn policy_of(rules: usize) -> String {
    let mut text = "format = 1\n\n[about]\ntitle = \"Many rules\"\nexplanation = \"Many rules.\"\n".to_owned();
    for rule in 0..rules {
        write!(
            text,
            "\n[[acceptance]]\nid = \"rule-{rule}\"\nsays = \"It stands for at least {rule} clock hours.\"\n\
             citation = \"Rule {rule}\"\npurposes = [\"renewal\"]\nrequires = [{{ at_least_hours = {rule} }}]\n"
        )
        .expect("a string takes it");
    }
    text
}

/// Returns the number of rules that stand.
async fn standing(agency: &TestAgency) -> usize {
    let reply = agency.employer().reads("/v1/policy").await;
    match reply.status {
        404 => 0,
        _ => {
            let policy: PolicyFile = reply.with_status(200).json();
            policy.acceptance.len()
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_in_several_parts_is_whole_though_the_operator_goes_after_the_first() {
    const RULES: usize = 450;
    let federation = Federation::start(&["US-NC"]).await;
    let nc = federation.agency("US-NC");
    let faults = nc.faults().await;
    // The second part takes a while.
    faults.arm_on(
        Some(StoreCall::CommitOfEnvelopes),
        2,
        StoreFault::Slow(Duration::from_secs(5)),
    );
    let (token, text) = (nc.token(), policy_of(RULES));
    let head = format!(
        "PUT /v1/policy HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: application/toml\r\n\
         content-length: {}\r\n\r\n",
        text.len()
    );
    let mut operator = from(3, socket_of(nc.url()), None).await.expect("a connection");
    operator.write_all(head.as_bytes()).await.expect("the head is sent");
    operator.write_all(text.as_bytes()).await.expect("the policy is sent");
    let stands = |wanted: fn(usize) -> bool| async move {
        match standing(nc).await {
            rules if wanted(rules) => Ok(()),
            rules => Err(format!("{rules} rules stand")),
        }
    };
    eventually("the first part stands", || stands(|rules| rules > 0)).await;
    assert!(faults.struck().is_none(), "the second part is under way");
    drop(operator);
    eventually("all of it stands", || stands(|rules| rules == RULES)).await;
    federation.audit().await;
}
