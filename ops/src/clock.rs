//! `comity clock`: whether the node's clock is believed, and an operator's word that it is right.

use api_types::{operations::ClockResponse, routes};

use crate::{CommandContext, args::ClockCommand, exit::Exit};

/// The steps that are left once the clock is vouched for.
const NEXT: &str = "\
The node follows this clock from here on, and its log and audit trail name you as who vouched. Keep it right: chrony or
systemd-timesyncd (ops/RUNBOOK.md, *The clock is wrong*).";

pub(crate) async fn handle(session: &CommandContext, command: ClockCommand) -> anyhow::Result<Exit> {
    match command {
        ClockCommand::Show => {
            let reply = session.client.get(&routes::CLOCK, &[], &[]).await?;
            if session.out.json {
                session.out.json(&reply.json)?;
            }
            let report = reply.value()?;
            if !session.out.json {
                session.out.data(&in_words(&report))?;
            }
            Ok(if report.doubt.is_none() {
                Exit::Done
            } else {
                Exit::CouldNotCheck
            })
        }
        ClockCommand::Accept => {
            let question =
                "Is the clock of the node's machine right now? What the node signed with a later date will not count";
            session.agrees(question)?;
            let reply = session.client.act(&routes::ACCEPT_CLOCK, &[], session.dry_run).await?;
            let now_stands = |report: &ClockResponse| match (session.dry_run, &report.doubt) {
                (true, _) => in_words(report),
                (false, None) => format!(
                    "accepted: the node acts by the clock of its machine from here on, which says {}",
                    report.now
                ),
                (false, Some(doubt)) => format!("accepted, and in doubt again at {}: {doubt}", report.now),
            };
            session.shows(&reply, now_stands)?;
            session.done(NEXT);
            Ok(Exit::Done)
        }
    }
}

fn in_words(report: &ClockResponse) -> String {
    let now = report.now;
    match &report.doubt {
        None => format!("{now}: the clock is believed"),
        Some(doubt) => format!(
            "{now}: the clock is in doubt: {doubt}\n\
             While it is, the node signs nothing and calls nothing fresh. Set the machine's clock right (chrony or \
             systemd-timesyncd), then `comity clock accept`."
        ),
    }
}
