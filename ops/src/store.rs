//! `comity store`: whether the node's store has all that its agency wrote, and an operator's word that it has.

use serde::Deserialize;

use crate::{CommandContext, args::StoreCommand, exit::Exit};

/// The steps that are left once the store is vouched for.
const NEXT: &str = "\
Now revoke and suspend again what your agency's records say was revoked or suspended after the backup: until then those badges
are called good, here and wherever it was not heard before. `comity credential list` shows what this store knows of each badge; then
  comity credential revoke CODE --reason CODE        (or suspend; with --badge FILE where the store does not have the badge)
The node's log and its audit trail name you as who vouched (ops/RUNBOOK.md, *A restored backup*).";

/// The store, as the node sees it.
#[derive(Debug, Deserialize)]
struct StoreReport {
    doubt: Option<String>,
}

pub(crate) async fn handle(session: &CommandContext, command: StoreCommand) -> anyhow::Result<Exit> {
    match command {
        StoreCommand::Show => {
            let reply = session.client.read(&["v1", "store"], &[]).await?;
            let report: StoreReport = reply.parse()?;
            if session.out.json {
                session.out.json(&reply.json)?;
            } else {
                session.out.data(&in_words(&report))?;
            }
            Ok(match report.doubt {
                None => Exit::Done,
                Some(_) => Exit::CouldNotCheck,
            })
        }
        StoreCommand::Accept => {
            let question = "Is all that your agency wrote in the node's store, or nowhere any more? What was revoked and is not in it \
                            is called good from here on, until a peer that has it is heard";
            session.agrees(question)?;
            let before: Option<StoreReport> = match session.client.read(&["v1", "store"], &[]).await {
                Ok(reply) => reply.parse().ok(),
                Err(_) => None,
            };
            let path = ["v1", "store", "acceptance"];
            let reply = session.client.write(&path, &serde_json::json!({})).await?;
            session.written(&reply, in_words)?;
            if let Ok(StoreReport { doubt: Some(_) }) = reply.parse() {
                session.done("the store is in doubt all the same: what is missing has to come back first");
                return Ok(Exit::CouldNotCheck);
            }
            session.done(match before {
                Some(StoreReport { doubt: None }) => {
                    "the store was not in doubt before: there was nothing to vouch for"
                }
                _ => NEXT,
            });
            Ok(Exit::Done)
        }
    }
}

fn in_words(report: &StoreReport) -> String {
    match &report.doubt {
        None => "the store has all that this agency wrote, as far as its peers or an operator have told".to_owned(),
        Some(doubt) => format!("the store is in doubt: {doubt}"),
    }
}
