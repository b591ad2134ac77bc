//! `comity trust agencies`, `recognize-agency` and `withdraw-agency`: accepting whatever another agency recognizes.

use api_types::{
    recognitions::{AgencyRecognitionRequest, AgencyRecognitionResponse, WithdrawalRequest},
    routes,
};
use registry_schema::{
    AgencyId, QueryTime, Timestamp,
    recognition::{AgencyRecognitionEntry, Attestation},
};

use super::scope;
use crate::{CommandContext, args::trust::RecognizeAgencyArgs, exit::Exit, out, show};

pub(super) async fn all(session: &CommandContext) -> anyhow::Result<Vec<AgencyRecognitionEntry>> {
    session
        .client
        .get(&routes::AGENCY_RECOGNITIONS, &[], &[])
        .await?
        .value()
}

pub(super) async fn list(
    session: &CommandContext,
    agency: Option<&AgencyId>,
    at: Option<Timestamp>,
) -> anyhow::Result<Exit> {
    let mut entries = all(session).await?;
    entries.retain(|entry| agency.is_none_or(|id| *id == entry.agency || *id == entry.recognition.of));
    entries.retain(|entry| at.is_none_or(|at| entry.holds(QueryTime::new(at, session.now()), None)));
    if session.out.json {
        session.out.data(&serde_json::to_string(&entries)?)?;
        return Ok(Exit::Done);
    }
    if entries.is_empty() {
        out::note("no recognitions of agencies that fit");
        return Ok(Exit::Done);
    }
    let now = at.unwrap_or_else(|| session.now());
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|entry| {
            let r = &entry.recognition;
            let purposes: Vec<&str> = r.purposes.iter().map(|p| p.as_str()).collect();
            vec![
                r.id.clone(),
                entry.agency.to_string(),
                r.of.to_string(),
                purposes.join(", "),
                super::term_of(r.from, r.until, entry.withdrawn.as_ref(), now),
            ]
        })
        .collect();
    let headings = ["id", "agency", "accepts what", "for", "term"];
    session.out.data(&show::table(&headings, 0, &rows))?;
    Ok(Exit::Done)
}

pub(super) async fn recognize(session: &CommandContext, args: &RecognizeAgencyArgs) -> anyhow::Result<Exit> {
    scope::in_order(args.from, args.until)?;
    let basis = scope::basis(&args.rests, Attestation::AdoptedReview, false);
    let new = AgencyRecognitionRequest {
        of: args.of.clone(),
        purposes: args.purposes.clone(),
        scope: scope::scope(&args.covers)?,
        from: args.from,
        until: args.until,
        depth: args.depth,
        attestation: basis.attestation,
        may_be_followed: basis.may_be_followed,
        conditions: basis.conditions,
    };
    let shown = |said: &AgencyRecognitionResponse| {
        // What is only tried gets another id when it is done.
        let id = said
            .consequences
            .is_none()
            .then_some(said.entry.recognition.id.as_str());
        super::with_consequences(render(&said.entry, id, session.now()), &said.consequences)
    };
    let question =
        |_: &AgencyRecognitionResponse| format!("Accept whatever {} recognizes and lets others follow?", args.of);
    let route = &routes::RECOGNIZE_AGENCY;
    session.asks_before(route, &[], &new, shown, question).await?;
    let reply = session.change(route, &[], &new).await?;
    session.shows(&reply, shown)?;
    Ok(Exit::Done)
}

pub(super) async fn withdraw(session: &CommandContext, id: &str, stay_good: bool) -> anyhow::Result<Exit> {
    let end = WithdrawalRequest {
        earlier_badges_stay_good: stay_good,
    };
    let shown = |said: &AgencyRecognitionResponse| {
        super::with_consequences(render(&said.entry, Some(id), session.now()), &said.consequences)
    };
    let question = |said: &AgencyRecognitionResponse| {
        format!(
            "Accept no longer what {} recognizes? From now on badges that are accepted through it are not.",
            said.entry.recognition.of
        )
    };
    let route = &routes::WITHDRAW_AGENCY;
    session.asks_before(route, &[id], &end, shown, question).await?;
    let reply = session.change(route, &[id], &end).await?;
    session.shows(&reply, shown)?;
    Ok(Exit::Done)
}

fn render(entry: &AgencyRecognitionEntry, id: Option<&str>, now: Timestamp) -> String {
    let r = &entry.recognition;
    let purposes: Vec<&str> = r.purposes.iter().map(|p| p.as_str()).collect();
    let reaches = match r.depth {
        1 => "that agency's own recognitions alone".to_owned(),
        depth => format!("through {depth} agencies"),
    };
    let until = r
        .until
        .map_or_else(|| "no end".to_owned(), |u| format!("until {}", u.date_in_words()));
    let mut lines: Vec<(String, String)> = id
        .map(|id| ("recognition".to_owned(), id.to_owned()))
        .into_iter()
        .collect();
    lines.extend([
        ("by".to_owned(), entry.agency.to_string()),
        (
            "of".to_owned(),
            format!("whatever {} recognizes and lets others follow", r.of),
        ),
        ("for".to_owned(), purposes.join(", ")),
    ]);
    lines.extend(scope::in_lines(&r.scope));
    lines.extend([
        ("reaches".to_owned(), reaches),
        ("term".to_owned(), format!("{}, {until}", r.from.date_in_words())),
        (
            "now".to_owned(),
            super::term_of(r.from, r.until, entry.withdrawn.as_ref(), now),
        ),
    ]);
    lines.extend(scope::basis_in_lines(&r.basis));
    show::pairs(&lines)
}
