//! `comity store`: whether the node's store has all that its agency wrote, and an operator's word that it has.

use api_types::{operations::StoreResponse, routes};

use crate::{CommandContext, args::StoreCommand, exit::Exit};

/// The steps that are left once the store is vouched for.
const NEXT: &str = "\
Now revoke and suspend again what your agency's records say was revoked or suspended after the backup: until then those badges
are called good, here and wherever it was not heard before. `comity credential list` shows what this store knows of each badge; then
  comity credential revoke CODE --reason CODE        (or suspend; with --badge FILE where the store does not have the badge)
The node's log and its audit trail name you as who vouched (ops/RUNBOOK.md, *A restored backup*).";

pub(crate) async fn handle(session: &CommandContext, command: StoreCommand) -> anyhow::Result<Exit> {
    match command {
        StoreCommand::Show => {
            let reply = session.client.get(&routes::STORE, &[], &[]).await?;
            let report = reply.value()?;
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
            let before = match session.client.get(&routes::STORE, &[], &[]).await {
                Ok(reply) => reply.value().ok(),
                Err(_) => None,
            };
            let reply = session.client.act(&routes::ACCEPT_STORE, &[], session.dry_run).await?;
            session.shows(&reply, in_words)?;
            if let Ok(StoreResponse { doubt: Some(_) }) = reply.value() {
                session.done("the store is in doubt all the same: what is missing has to come back first");
                return Ok(Exit::CouldNotCheck);
            }
            session.done(match before {
                Some(StoreResponse { doubt: None }) => {
                    "the store was not in doubt before: there was nothing to vouch for"
                }
                _ => NEXT,
            });
            Ok(Exit::Done)
        }
    }
}

fn in_words(report: &StoreResponse) -> String {
    match &report.doubt {
        None => "the store has all that this agency wrote, as far as its peers or an operator have told".to_owned(),
        Some(doubt) => format!("the store is in doubt: {doubt}"),
    }
}
