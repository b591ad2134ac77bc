//! `comity store`: whether the node's store has all that its agency wrote, and an operator's word that it has.

use api_types::{operations::StoreResponse, routes};

use crate::{CommandContext, args::StoreCommand, exit::Exit, out};

/// The steps that are left once the store is vouched for.
const NEXT: &str = "\
Now revoke and suspend again what your agency's records say was revoked or suspended after the backup: until then those badges
are called good, here and wherever it was not heard before. `comity credential list` shows what this store knows of each badge; then
  comity credential revoke CODE --reason CODE        (or suspend; with --badge FILE where the store does not have the badge)
The node's log and its audit trail name you as who vouched (ops/RUNBOOK.md, *A restored backup*).";

/// The steps that are left once two processes wrote with one key, and one of them was stopped.
const NEXT_BESIDE_ANOTHER: &str = "\
The node writes again, with all that its peers gave it of what the other process wrote. Badges that were issued there are known here
by their status alone: keep that process's data folder until you have taken from it what it issued (`comity credential list` there,
with its node cut off from its peers). If the other process comes back, this node stops again. If nobody of yours ran it, the key is
stolen: end it (ops/RUNBOOK.md, *Two processes write with one key*).";

/// The question before a node goes on that stopped because another process writes with its key.
const ASKS_BESIDE_ANOTHER: &str = "\
Another process writes with this node's writer key. Is it stopped for good (first stop it: `systemctl disable --now comityd` where the \
copy runs)? This ends the stop: the node writes and signs again, and calls its own agency's badges good by what is in its store";

/// The question before a node goes on from what it has.
const ASKS: &str = "\
Is all that your agency wrote in the node's store, or nowhere any more? What was revoked and is not in it is called good from here on, \
until a peer that has it is heard";

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
            let before = match session.client.get(&routes::STORE, &[], &[]).await {
                Ok(reply) => reply.value().ok(),
                Err(_) => None,
            };
            let is_beside_another = before.as_ref().is_some_and(|before| before.written_elsewhere);
            session.agrees(match is_beside_another {
                true => ASKS_BESIDE_ANOTHER,
                false => ASKS,
            })?;
            let reply = session.client.act(&routes::ACCEPT_STORE, &[], session.dry_run).await?;
            session.shows(&reply, in_words)?;
            if session.dry_run && is_beside_another {
                out::note(ASKS_BESIDE_ANOTHER);
            }
            if let Ok(StoreResponse { doubt: Some(_), .. }) = reply.value() {
                session.done("the store is in doubt all the same: what is missing has to come back first");
                return Ok(Exit::CouldNotCheck);
            }
            session.done(match before {
                Some(StoreResponse { doubt: None, .. }) => {
                    "the store was not in doubt before: there was nothing to vouch for"
                }
                _ if is_beside_another => NEXT_BESIDE_ANOTHER,
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
