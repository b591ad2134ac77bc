//! Tickets, introductions, and the end of it. Nothing is trusted that an operator has not seen and said yes to.

use std::io::{self, IsTerminal as _};

use api_types::{
    peers::{NewPeer, PeerMembership, PeerRemovalRequest, PeerRemovalResponse, PeerResponse, PendingRecognitions},
    routes,
};
use protocol::{Introduction, Ticket};
use qrcode::{QrCode, render::unicode::Dense1x2};
use registry_schema::{AgencyId, Timestamp};
use serde::Serialize;

use super::{abroad, all, find, grouped, home, render};
use crate::{
    CommandContext,
    args::PeerAddArgs,
    exit::{Exit, fault, usage},
    out, show, trust,
};

/// The recognitions that rest on an agency already, in words.
fn pending_in_words(pending: &PendingRecognitions, agency: &AgencyId) -> String {
    let own = match pending.recognitions {
        0 => "none of your agency's recognitions rests on it yet".to_owned(),
        1 => "1 of your agency's recognitions rests on it, and counts once its lists are here".to_owned(),
        n => format!("{n} of your agency's recognitions rest on it, and count once its lists are here"),
    };
    let names: Vec<&str> = pending.followed_by.iter().map(AgencyId::as_str).collect();
    let others = match names.as_slice() {
        [] => "no agency known here recognizes it as a whole".to_owned(),
        some => format!("it is recognized as a whole by {}", some.join(", ")),
    };
    format!(
        "{own}; {others}. What {agency} itself registers and recognizes is known here only up to when it was followed last, if it was."
    )
}

/// A peer's introductions, as its writer key signed them.
struct SignedIntroductions {
    tickets: Vec<Ticket>,
    signed: String,
}

/// An agency that a peer introduces, as it is printed as JSON: the members in the order of the alphabet.
#[derive(Debug, Serialize)]
struct IntroducedAgency {
    agency: AgencyId,
    genesis: String,
    introduced_by: AgencyId,
    name: String,
    ticket: String,
    url: String,
}

/// The ticket of the node that is asked; none, where the node's JSON is printed as it came.
async fn own_ticket(session: &CommandContext) -> anyhow::Result<Option<Ticket>> {
    let reply = session.client.get(&routes::TICKET, &[], &[]).await?;
    if session.out.json {
        session.out.json(&reply.json)?;
        return Ok(None);
    }
    // What is printed is what other nodes will read.
    let ticket = read(&reply.value()?.ticket).map_err(|e| e.context("the node gave a ticket that is none"))?;
    Ok(Some(ticket))
}

/// Shows this node's own agency, which is no peer of it.
pub(super) async fn own(session: &CommandContext) -> anyhow::Result<Exit> {
    let Some(ticket) = own_ticket(session).await? else {
        return Ok(Exit::Done);
    };
    session.out.data(&shown(&ticket))?;
    out::note("this is the agency of the node itself: `comity peer ticket` prints what others add");
    Ok(Exit::Done)
}

pub(super) async fn ticket(session: &CommandContext, no_qr: bool) -> anyhow::Result<Exit> {
    let Some(ticket) = own_ticket(session).await? else {
        return Ok(Exit::Done);
    };
    // In a pipe the ticket is read by a program.
    if !no_qr && io::stdout().is_terminal() {
        session.out.data(&drawn(&ticket)?)?;
    }
    session.out.data(&ticket.to_string())?;
    out::note(&format!(
        "fingerprint, to compare with whoever adds it: {}",
        ticket.fingerprint()
    ));
    if ticket.addresses.is_empty() {
        out::note(
            "the ticket says no address: set `peer_addresses` in the node's configuration, or peers wait to be called",
        );
    }
    Ok(Exit::Done)
}

/// Light on dark, as most terminals are.
fn drawn(ticket: &Ticket) -> anyhow::Result<String> {
    let code = QrCode::new(ticket.in_capitals())
        .map_err(|e| usage(format!("the ticket is too long for a QR code ({e}): give --no-qr")))?;
    let mut drawing = code.render::<Dense1x2>();
    Ok(drawing.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build())
}

fn read(text: &str) -> anyhow::Result<Ticket> {
    text.parse().map_err(|e| usage(format!("{e}")))
}

fn shown(ticket: &Ticket) -> String {
    let mut lines = vec![
        ("agency".to_owned(), ticket.agency.to_string()),
        ("name".to_owned(), ticket.name.clone()),
        ("fingerprint".to_owned(), ticket.fingerprint()),
        ("node".to_owned(), ticket.node.clone()),
    ];
    let addresses = match ticket.addresses.as_slice() {
        [] => vec!["nowhere: it calls others".to_owned()],
        some => some.to_vec(),
    };
    lines.extend(show::labelled("listens at", addresses));
    lines.push(("answers at".to_owned(), ticket.url.clone()));
    show::pairs(&lines)
}

pub(super) async fn add(session: &CommandContext, args: &PeerAddArgs) -> anyhow::Result<Exit> {
    let peers = all(session).await?;
    let (ticket, introduction) = match &args.introduced_by {
        None => (read(&args.whom)?, None),
        Some(by) => introduced(session, by, &args.whom)
            .await
            .map(|(ticket, signed)| (ticket, Some(signed)))?,
    };
    out::note(&shown(&ticket));
    if let Some(known) = peers.iter().find(|peer| peer.agency == ticket.agency) {
        if known.genesis != ticket.genesis.to_string() {
            let (agency, pinned) = (&ticket.agency, grouped(&known.genesis));
            let message = format!(
                "refused: `{agency}` is pinned to another log here, with the fingerprint {pinned}: \
                 ask the agency, for somebody may pose as it"
            );
            return Err(fault(Exit::Conflict, message));
        }
        out::note(&format!(
            "`{}` is known here already, with the same fingerprint",
            ticket.agency
        ));
    }
    let new = NewPeer {
        ticket: ticket.to_string(),
        introduced_by: args.introduced_by.clone(),
        introduction,
    };
    let would = session.client.call(&routes::TRY_PEER, &[], &new, true).await?.value()?;
    if let Some(awaited) = &would.awaited {
        out::note(&show::paragraph(&pending_in_words(awaited, &ticket.agency)));
    }
    session.agrees(&format!(
        "Follow {}, and rely on what this log says? Compare its fingerprint first.",
        ticket.agency
    ))?;
    if session.dry_run {
        let reply = session.client.call(&routes::TRY_PEER, &[], &new, true).await?;
        session.shows(&reply, |_| {
            show::paragraph(&format!(
                "{} is followed from now on, and its name is pinned to the log with the fingerprint above for good.",
                ticket.agency
            ))
        })?;
        return Ok(Exit::Done);
    }
    let reply = session.client.call(&routes::ADD_PEER, &[], &new, false).await?;
    let peer = reply.value()?;
    if peer.genesis != ticket.genesis.to_string() || peer.agency != ticket.agency {
        return Err(fault(
            Exit::Integrity,
            format!(
                "the node's answer is about another agency: see `comity peer show {}`",
                ticket.agency
            ),
        ));
    }
    session.shows(&reply, |peer| render(peer, None, session.now()))?;
    Ok(Exit::Done)
}

/// Fetches a peer's introductions.
async fn introductions_of(session: &CommandContext, peer: &PeerResponse) -> anyhow::Result<SignedIntroductions> {
    let abroad = abroad(session, peer)?;
    let signed = abroad
        .get(&routes::SIGNED_INTRODUCTIONS, &[], &[])
        .await?
        .value()?
        .signed;
    let broken = || fault(Exit::Integrity, format!("`{}` gave no introduction", peer.agency));
    let statement = Introduction::from_text(&signed).map_err(|_| broken())?;
    // Our own node, which knows the peer's keys, checks the signature before it follows one of them.
    let tickets = Introduction::claimed_tickets(&statement);
    Ok(SignedIntroductions { tickets, signed })
}

async fn introduced(session: &CommandContext, by: &AgencyId, whom: &str) -> anyhow::Result<(Ticket, String)> {
    let agency: AgencyId = whom.parse().map_err(|e| usage(format!("{e}")))?;
    let introducer = find(session, by).await?;
    if introducer.membership != PeerMembership::Member {
        return Err(usage(format!("`{by}` is no peer any more: it introduces nobody here")));
    }
    let found = introductions_of(session, &introducer).await?;
    let SignedIntroductions { tickets, signed } = found;
    let found = tickets.into_iter().find(|ticket| ticket.agency == agency);
    let nobody = || {
        let message = format!("`{by}` does not introduce `{agency}`: see `comity peer introductions`");
        fault(Exit::Negative, message)
    };
    Ok((found.ok_or_else(nobody)?, signed))
}

pub(super) async fn introductions(session: &CommandContext) -> anyhow::Result<Exit> {
    let (peers, home) = (all(session).await?, home(session).await?);
    let (mut rows, mut values) = (Vec::new(), Vec::new());
    let mut silent = 0;
    for peer in peers.iter().filter(|peer| peer.connected) {
        let found = match introductions_of(session, peer).await {
            Ok(found) => found,
            Err(error) => {
                out::note(&format!("{}: {error:#}", peer.agency));
                silent += 1;
                continue;
            }
        };
        for ticket in found.tickets {
            let known = peers.iter().find(|known| known.agency == ticket.agency);
            let genesis = ticket.genesis.to_string();
            if ticket.agency == home || known.is_some_and(|known| known.genesis == genesis) {
                continue;
            }
            if known.is_some() {
                let (by, agency) = (&peer.agency, &ticket.agency);
                out::note(&format!(
                    "warning: {by} knows `{agency}` by another log than this node: ask both, for somebody may pose as it"
                ));
                continue;
            }
            rows.push(vec![
                ticket.agency.to_string(),
                ticket.name.clone(),
                peer.agency.to_string(),
                ticket.url.clone(),
            ]);
            values.push(IntroducedAgency {
                genesis,
                introduced_by: peer.agency.clone(),
                ticket: ticket.to_string(),
                agency: ticket.agency,
                name: ticket.name,
                url: ticket.url,
            });
        }
    }
    if session.out.json {
        session.out.json(&serde_json::value::to_raw_value(&values)?)?;
    } else if rows.is_empty() {
        out::note("nobody new: this node follows all whom its connected peers introduce");
    } else {
        session.out.data(&show::table(
            &["agency", "name", "introduced by", "answers at"],
            0,
            &rows,
        ))?;
        out::note("follow one of them: comity peer add --introduced-by ID AGENCY");
    }
    let nobody_answered = silent > 0 && silent == peers.iter().filter(|peer| peer.connected).count();
    Ok(if nobody_answered { Exit::Unreachable } else { Exit::Done })
}

pub(super) async fn remove(
    session: &CommandContext,
    agency: &AgencyId,
    expel: bool,
    unpin: bool,
) -> anyhow::Result<Exit> {
    let removal = PeerRemovalRequest { expel, unpin };
    let peer = find(session, agency).await?;
    out::note(&render(&peer, None, session.now()));
    let wanted = match (unpin, expel) {
        (true, _) => PeerMembership::Unpinned,
        (false, true) => PeerMembership::Expelled,
        (false, false) => PeerMembership::Left,
    };
    let until = until_then(&peer, wanted, session.now());
    let shown = |parted: &PeerRemovalResponse| {
        let mut text = render(&parted.peer, None, session.now());
        // Not so of another store of one's own agency, of which the node tells no recognitions.
        if parted.peer.recognitions.is_some() {
            text = format!("{text}\n\n{}", show::paragraph(&until));
        }
        match (&parted.consequences, parted.peer.recognitions) {
            // Once it is done, what is left to look after.
            (None, Some(count)) => format!("{text}\n\nYour agency's recognitions that rest on it: {count}"),
            (would, _) => trust::with_consequences(text, would),
        }
    };
    let question = if unpin {
        format!(
            "Let go of the name {agency}? From then on another log may come under it, nothing that this one said counts here, its \
             revocations included: a badge that it revoked is \"could not check\" instead of not valid. Whoever is added by this name \
             is believed. Ask the agency over another way first."
        )
    } else if expel {
        format!("Expel {agency}?")
    } else {
        format!("Follow {agency} no more?")
    };
    let (route, whom) = (&routes::REMOVE_PEER, [agency.as_str()]);
    session
        .asks_before(route, &whom, &removal, shown, |_| question.clone())
        .await?;
    let reply = session.change(route, &whom, &removal).await?;
    if !session.dry_run {
        let peer = reply.value()?.peer;
        if peer.agency != *agency || peer.membership != wanted {
            let message = format!("the node's answer does not say that `{agency}` is {wanted}: see `comity peer list`");
            return Err(fault(Exit::Integrity, message));
        }
    }
    session.shows(&reply, shown)?;
    Ok(Exit::Done)
}

/// Tells what becomes of a peer's badges, and when, once it is removed, expelled, or its name is let go of.
fn until_then(peer: &PeerResponse, wanted: PeerMembership, now: Timestamp) -> String {
    let agency = &peer.agency;
    if wanted == PeerMembership::Unpinned {
        return format!(
            "From then on nothing that {agency} said counts here, what it revoked and suspended included: badges that are not valid \
             because {agency} revoked them are \"could not check\" then, as all of its badges are. Before it, look whether somebody relies \
             on such a revocation here."
        );
    }
    let unheard = format!("What {agency} revokes or suspends from the removal on does not reach this node");
    if wanted == PeerMembership::Expelled {
        return format!(
            "{unheard}. At once nothing that it says counts here but what it revoked before: its other badges are \"could not check\"."
        );
    }
    match peer.good_until.filter(|_| peer.freshness.is_fresh()) {
        Some(until) => format!(
            "{unheard}. Its badges that are accepted now stay accepted {} at most (until {}), by what is known of it; then they are \
             \"could not check\". To end that at once: --expel.",
            show::left(until, now),
            until.in_words()
        ),
        None => format!(
            "{unheard}. What is known of it is too old already: its badges are \"could not check\" as they are now, but for those \
             that it revoked."
        ),
    }
}

#[cfg(test)]
mod tests {
    use registry_schema::AgencyFreshness;

    use super::{super::tests::peer, *};

    #[test]
    fn the_end_of_a_peer_says_how_long_its_badges_stay_accepted() {
        let now: Timestamp = "2026-11-23T14:02:11Z".parse().unwrap();
        let told = |until: &str, wanted| {
            let peer = PeerResponse {
                connected: true,
                good_until: until.parse().ok(),
                freshness: match until.contains("16:02") {
                    true => AgencyFreshness::Fresh,
                    false => AgencyFreshness::Ended,
                },
                ..peer("US-TN")
            };
            until_then(&peer, wanted, now)
        };
        let left = told("2026-11-23T16:02:11Z", PeerMembership::Left);
        for words in [
            "from the removal on does not reach this node",
            "stay accepted for another 2 hours at most",
        ] {
            assert!(left.contains(words), "{left}");
        }
        assert!(told("2026-11-23T13:02:11Z", PeerMembership::Left).contains("too old already"));
        assert!(told("", PeerMembership::Left).contains("too old already"));
        assert!(told("2026-11-23T16:02:11Z", PeerMembership::Expelled).contains("At once nothing that it says counts"));
        let unpinned = told("2026-11-23T16:02:11Z", PeerMembership::Unpinned);
        assert!(
            unpinned.contains("what it revoked and suspended included") && unpinned.contains("could not check"),
            "{unpinned}"
        );
    }
}
