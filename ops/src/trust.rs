//! `comity trust`: whose badges an agency accepts, for what, and from when to when.

mod agencies;
mod exchange;
mod history;
mod scope;

use api_types::{
    consequences::ConsequencesResponse,
    recognitions::{RecognitionListQuery, RecognitionRequest, RecognitionResponse, WithdrawalRequest},
    routes,
};
use registry_schema::{
    RecognitionWithdrawal, Timestamp,
    recognition::{Attestation, RecognitionEntry},
};

use crate::{
    CommandContext,
    args::{RecognizeArgs, TrustCommand},
    client::Answer,
    exit::{Exit, fault},
    issuer::{self, NameScope},
    out, show,
};

pub(crate) async fn handle(session: &CommandContext, command: TrustCommand) -> anyhow::Result<Exit> {
    match command {
        TrustCommand::List { agency, issuer, at } => {
            let issuer = match issuer {
                Some(typed) => Some(issuer::resolve(session, &typed, None).await?),
                None => None,
            };
            list(
                session,
                at,
                &RecognitionListQuery {
                    agency: agency.map(String::from),
                    issuer,
                    at: at.map(|t| t.to_string()),
                },
            )
            .await
        }
        TrustCommand::Show { id, at } => one(session, &id, at).await,
        TrustCommand::Agencies { agency, at } => agencies::list(session, agency.as_ref(), at).await,
        TrustCommand::RecognizeAgency(args) => agencies::recognize(session, &args).await,
        TrustCommand::WithdrawAgency {
            id,
            earlier_badges_stay_good,
        } => agencies::withdraw(session, &id, earlier_badges_stay_good).await,
        TrustCommand::History { whom, at } => history::show(session, &whom, at).await,
        TrustCommand::Recognize(args) => recognize(session, &args).await,
        TrustCommand::Export { agency, form } => exchange::export(session, agency.as_ref(), form).await,
        TrustCommand::Import { file } => exchange::import(session, &file).await,
        TrustCommand::Diff { other } => exchange::diff(session, &other).await,
        TrustCommand::Withdraw {
            id,
            earlier_badges_stay_good,
        } => withdraw(session, &id, earlier_badges_stay_good).await,
    }
}

async fn list(session: &CommandContext, at: Option<Timestamp>, query: &RecognitionListQuery) -> anyhow::Result<Exit> {
    let reply = session.client.get(&routes::RECOGNITIONS, &[], &query.pairs()).await?;
    if session.out.json {
        session.out.json(&reply.json)?;
        return Ok(Exit::Done);
    }
    let entries = reply.value()?;
    if entries.is_empty() {
        out::note("no recognitions that fit");
        return Ok(Exit::Done);
    }
    let as_of = at.unwrap_or_else(|| session.now());
    let rows: Vec<Vec<String>> = entries.iter().map(|e| row(e, as_of)).collect();
    session
        .out
        .data(&show::table(&["id", "agency", "recognizes", "for", "term"], 0, &rows))?;
    Ok(Exit::Done)
}

async fn one(session: &CommandContext, id: &str, at: Option<Timestamp>) -> anyhow::Result<Exit> {
    // An id is unique within one agency's list only, so there may be several.
    for found in find(session, id).await? {
        if session.out.json {
            session.out.json(&found.json)?;
        } else {
            let as_of = at.unwrap_or_else(|| session.now());
            session.out.data(&render(&found.value()?, as_of))?;
        }
    }
    Ok(Exit::Done)
}

async fn find(session: &CommandContext, id: &str) -> anyhow::Result<Vec<Answer<RecognitionEntry>>> {
    let all = session.client.get(&routes::RECOGNITIONS, &[], &[]).await?;
    let mut found = Vec::new();
    for item in all.items()? {
        if item.value()?.recognition.id == id {
            found.push(item);
        }
    }
    if found.is_empty() {
        return Err(fault(
            Exit::Negative,
            format!("no recognition has the id `{id}`: see `comity trust list`"),
        ));
    }
    Ok(found)
}

async fn recognize(session: &CommandContext, args: &RecognizeArgs) -> anyhow::Result<Exit> {
    scope::in_order(args.from, args.until)?;
    let scope = scope::scope(&args.covers)?;
    let registered_by = args.registered_by.as_ref();
    let issuer = issuer::resolve_as(session, &args.issuer, registered_by, NameScope::InGoodStanding).await?;
    let basis = scope::basis(&args.rests, Attestation::OwnReview, args.stands_alone);
    let new = RecognitionRequest {
        issuer,
        registered_by: args.registered_by.clone(),
        purposes: args.purposes.clone(),
        scope,
        from: args.from,
        until: args.until,
        accepts_without_status: args.without_status,
        attestation: basis.attestation,
        stands_alone: basis.stands_alone,
        may_be_followed: basis.may_be_followed,
        conditions: basis.conditions,
    };
    let shown = |said: &RecognitionResponse| {
        // What is only tried gets another id when it is done.
        let id = said
            .consequences
            .is_none()
            .then_some(said.entry.recognition.id.as_str());
        with_consequences(rendered(&said.entry, id, session.now()), &said.consequences)
    };
    let question = |said: &RecognitionResponse| {
        format!(
            "Recognize {}? Every agency will see it.",
            said.entry.recognition.issuer.name
        )
    };
    let route = &routes::RECOGNIZE;
    session.asks_before(route, &[], &new, shown, question).await?;
    let reply = session.change(route, &[], &new).await?;
    session.shows(&reply, shown)?;
    Ok(Exit::Done)
}

async fn withdraw(session: &CommandContext, id: &str, earlier_badges_stay_good: bool) -> anyhow::Result<Exit> {
    let end = WithdrawalRequest {
        earlier_badges_stay_good,
    };
    let shown = |said: &RecognitionResponse| with_consequences(render(&said.entry, session.now()), &said.consequences);
    let earlier = match earlier_badges_stay_good {
        true => "earlier badges stay good",
        false => "earlier badges no longer count either",
    };
    let question = |said: &RecognitionResponse| {
        format!(
            "Withdraw the recognition of {}? From now on its badges are not recognized; {earlier}.",
            said.entry.recognition.issuer.name
        )
    };
    let route = &routes::WITHDRAW;
    session.asks_before(route, &[id], &end, shown, question).await?;
    let reply = session.change(route, &[id], &end).await?;
    if !session.dry_run {
        let entry = reply.value()?.entry;
        if entry.recognition.id != id || entry.withdrawn.is_none() {
            return Err(fault(
                Exit::Integrity,
                format!("the node's answer does not say that `{id}` is withdrawn: see `comity trust show {id}`"),
            ));
        }
    }
    session.shows(&reply, shown)?;
    Ok(Exit::Done)
}

/// A text, and under it what would change.
pub(crate) fn with_consequences(text: String, would: &Option<ConsequencesResponse>) -> String {
    let Some(would) = would else { return text };
    let changes = |lines: &[String]| match lines {
        [] => "none changes verdict or worth here".to_owned(),
        some => some
            .iter()
            .map(|line| show::paragraph(line))
            .collect::<Vec<_>>()
            .join("\n"),
    };
    let from = would.recognitions.as_ref().map(|resting| {
        format!(
            "\n\nYour agency's recognitions that rest on it: {} of {} ({} of issuers that it registers, {} of itself). \
             What would change by that:",
            resting.of_issuers + resting.of_agency,
            resting.standing,
            resting.of_issuers,
            resting.of_agency
        )
    });
    let from = from
        .map(|from| format!("\n\n{}", show::paragraph(from.trim())))
        .unwrap_or_default();
    format!(
        "{text}{from}\n\nOf your agency's {} newest badges that are neither revoked nor suspended:\n{}\n\n\
         Of {} checks here in the last 12 months, by issuer and achievement:\n{}",
        would.badges,
        changes(&would.own),
        would.checks,
        changes(&would.checked)
    )
}

fn row(entry: &RecognitionEntry, now: Timestamp) -> Vec<String> {
    let r = &entry.recognition;
    vec![
        r.id.clone(),
        entry.agency.to_string(),
        r.issuer.name.clone(),
        purposes(entry),
        term(entry, now),
    ]
}

fn purposes(entry: &RecognitionEntry) -> String {
    entry
        .recognition
        .purposes
        .iter()
        .map(|p| p.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

fn term(entry: &RecognitionEntry, now: Timestamp) -> String {
    let r = &entry.recognition;
    term_of(r.from, r.until, entry.withdrawn.as_ref(), now)
}

/// Tells how a term stands at a moment.
fn term_of(
    from: Timestamp,
    until: Option<Timestamp>,
    withdrawn: Option<&RecognitionWithdrawal>,
    now: Timestamp,
) -> String {
    // What is withdrawn is told whatever its date: that may lie ahead by another's clock.
    if let Some(end) = withdrawn.filter(|end| from <= now || end.at <= now) {
        let dated = if end.at <= now { "" } else { ", dated" };
        return format!("withdrawn{dated} {}", show::day(end.at));
    }
    match (from <= now, until) {
        (_, Some(until)) if until <= now => format!("ended {}", show::day(until)),
        (true, Some(until)) => format!("until {}", show::day(until)),
        (true, None) => format!("since {}", show::day(from)),
        (false, _) => format!("from {}", show::day(from)),
    }
}

fn render(entry: &RecognitionEntry, now: Timestamp) -> String {
    rendered(entry, Some(&entry.recognition.id), now)
}

fn rendered(entry: &RecognitionEntry, id: Option<&str>, now: Timestamp) -> String {
    let r = &entry.recognition;
    let until = r
        .until
        .map_or_else(|| "no end".to_owned(), |u| format!("until {}", u.date_in_words()));
    let status = if r.accepts_without_status {
        "accepted"
    } else {
        "not accepted"
    };
    let mut lines: Vec<(String, String)> = id
        .map(|id| ("recognition".to_owned(), id.to_owned()))
        .into_iter()
        .collect();
    lines.extend([
        ("by".to_owned(), entry.agency.to_string()),
        ("of".to_owned(), format!("{} ({})", r.issuer.name, r.issuer.agency)),
        (String::new(), r.issuer.id.clone()),
        ("for".to_owned(), purposes(entry)),
    ]);
    lines.extend(scope::in_lines(&r.scope));
    lines.extend([
        ("term".to_owned(), format!("{}, {until}", r.from.date_in_words())),
        ("now".to_owned(), term(entry, now)),
        (
            "without status".to_owned(),
            format!("badges that name no status list are {status}"),
        ),
    ]);
    lines.extend(scope::basis_in_lines(&r.basis));
    if let Some(end) = &entry.withdrawn {
        let earlier = if end.earlier_badges_stay_good {
            "badges dated before stay good"
        } else {
            "earlier badges no longer count either"
        };
        lines.push(("withdrawn".to_owned(), format!("{}: {earlier}", end.at.in_words())));
    }
    show::pairs(&lines)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(until: Option<&str>, withdrawn: bool) -> RecognitionEntry {
        let issuer =
            json!({"id": "did:key:z6Mk", "name": "Palmetto Learning", "agency": "US-SC", "verification_methods": []});
        let end = withdrawn.then(|| json!({"at": "2026-03-03", "earlier_badges_stay_good": true}));
        serde_json::from_value(json!({
            "agency": "US-NC", "id": "r1", "issuer": issuer, "scope": {"achievements": ["https://a.example/7"]},
            "purposes": ["renewal", "stipend"], "from": "2026-01-01", "until": until,
            "accepts_without_status": false, "withdrawn": end
        }))
        .unwrap()
    }

    #[test]
    fn a_recognition_says_whether_it_holds() {
        let now: Timestamp = "2026-11-23".parse().unwrap();
        assert_eq!(term(&entry(None, false), now), "since 2026-01-01");
        assert_eq!(term(&entry(Some("2029-07-01"), false), now), "until 2029-07-01");
        assert_eq!(term(&entry(Some("2026-07-01"), false), now), "ended 2026-07-01");
        assert_eq!(term(&entry(None, true), now), "withdrawn 2026-03-03");
        let before = "2026-02-01".parse().unwrap();
        assert_eq!(term(&entry(None, true), before), "withdrawn, dated 2026-03-03");
        assert_eq!(
            term(&entry(None, false), "2025-01-01".parse().unwrap()),
            "from 2026-01-01"
        );
        let text = render(&entry(None, true), now);
        assert!(
            text.contains("Palmetto Learning (US-SC)") && text.contains("https://a.example/7"),
            "{text}"
        );
        assert!(
            text.contains("3 March 2026, 00:00 UTC: badges dated before stay good"),
            "{text}"
        );
    }
}
