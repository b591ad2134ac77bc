//! `comity issuer apply`, `review`, `approve` and the other steps of a case.

mod proof;

use api_types::{
    applications::{
        ApplicationRequest, ApplicationResponse, ApplicationSummary, CaseStepRequest, CaseStepResponse, NewEvidence,
    },
    routes,
};
use registry_schema::{
    Timestamp,
    recognition::RegistrationStanding,
    registration::{CasePhase, CaseRole, IntendedMeasure, RegistrationStep},
};

use crate::{
    CommandContext,
    args::{CaseStepArgs, IssuerApplyArgs, IssuerCommand as Command, NoteArgs, NoticeIntent},
    exit::{self, Exit, fault, usage},
    issuer, out, show, trust,
};

/// Everything of `comity issuer` that is about a case.
pub(crate) async fn handle(session: &CommandContext, command: Command) -> anyhow::Result<Exit> {
    let (case, step, note) = match command {
        Command::Apply(args) => return apply(session, &args).await,
        Command::History { issuer } => return history(session, &issuer).await,
        Command::Evidence {
            case,
            component,
            link,
            note,
        } => (case, RegistrationStep::Evidence { component, link }, note),
        Command::Review {
            case,
            all,
            scores,
            note,
        } => {
            let id = resolve(session, &case).await?;
            let step = review(session, &id, all, scores).await?;
            (id, step, note)
        }
        Command::Approve {
            case,
            until,
            conditions,
            provider,
            note,
        } => (
            case,
            RegistrationStep::Approve {
                conditions,
                until,
                provider,
            },
            note,
        ),
        Command::Prove { case, file } => return proof::prove(session, &case, &file).await,
        Command::ExpungeContact { case } => return expunge_contact(session, &case).await,
        Command::Notice {
            case,
            of,
            respond_by,
            note,
        } => {
            let of = match of {
                NoticeIntent::Suspension => IntendedMeasure::Suspension,
                NoticeIntent::Withdrawal => IntendedMeasure::Withdrawal,
            };
            (case, RegistrationStep::Notice { of, respond_by }, note)
        }
        Command::DecideAppeal {
            case, granted, note, ..
        } => (case, RegistrationStep::DecideAppeal { granted }, note),
        Command::Refuse(CaseStepArgs { case, note }) => (case, RegistrationStep::Refuse, note),
        Command::Suspend(CaseStepArgs { case, note }) => (case, RegistrationStep::Suspend, note),
        Command::Reinstate(CaseStepArgs { case, note }) => (case, RegistrationStep::Reinstate, note),
        Command::Withdraw(CaseStepArgs { case, note }) => (case, RegistrationStep::Withdraw, note),
        Command::Renew(CaseStepArgs { case, note }) => (case, RegistrationStep::Renew, note),
        Command::Close(CaseStepArgs { case, note }) => (case, RegistrationStep::Close, note),
        Command::Appeal(CaseStepArgs { case, note }) => (case, RegistrationStep::Appeal, note),
        Command::List { .. }
        | Command::Show { .. }
        | Command::Add(_)
        | Command::Refresh(_)
        | Command::Provider { .. }
        | Command::Rekey { .. }
        | Command::Compromised { .. } => {
            return Err(usage("this is about issuers, not about cases"));
        }
    };
    let standing = match step {
        RegistrationStep::Suspend => Some(RegistrationStanding::Suspended),
        RegistrationStep::Reinstate => Some(RegistrationStanding::Registered),
        RegistrationStep::Withdraw => Some(RegistrationStanding::Ended),
        _ => None,
    };
    let id = match (resolve(session, &case).await, standing) {
        // One that was added without an application has no case, and stands all the same.
        (Err(error), Some(standing)) if exit::of(&error) == Exit::Negative => {
            return issuer::set_standing(session, &case, standing, note.text.as_deref()).await;
        }
        (id, _) => id?,
    };
    take(session, &id, step, note).await
}

async fn take(session: &CommandContext, id: &str, step: RegistrationStep, note: NoteArgs) -> anyhow::Result<Exit> {
    let body = CaseStepRequest {
        step,
        note: note.text,
        note_is_public: note.public_note,
    };
    let shown = |stood: &CaseStepResponse| {
        let mut text = render(&stood.application, stood.consequences.is_none());
        if let Some(warning) = issuer::warning(&stood.resembles) {
            text = format!("{text}\n\n{warning}");
        }
        trust::with_consequences(text, &stood.consequences)
    };
    // What changes an issuer's standing is seen by every agency: what it does stands before the question.
    let question = match &body.step {
        RegistrationStep::Approve { .. } => Some("Register it as an issuer of your agency, or renew its registration?"),
        RegistrationStep::Suspend => {
            Some("Suspend its registration? What others recognize through it stops to count for now.")
        }
        RegistrationStep::Reinstate => Some("Lift the suspension? What others recognize through it counts again."),
        RegistrationStep::Withdraw => {
            Some("End its registration? That is final: what others recognize through it stops to count.")
        }
        _ => None,
    };
    if let Some(question) = question {
        session
            .asks_before(&routes::CASE_STEP, &[id], &body, shown, |stood| {
                format!("{}: {question}", stood.application.name)
            })
            .await?;
    }
    let reply = session.change(&routes::CASE_STEP, &[id], &body).await?;
    session.shows(&reply, |stood| {
        let text = shown(stood);
        match session.dry_run && stood.consequences.is_none() {
            true => format!("{text}\n\nThis step alone changes no answer about any badge."),
            false => text,
        }
    })?;
    Ok(Exit::Done)
}

async fn expunge_contact(session: &CommandContext, typed: &str) -> anyhow::Result<Exit> {
    let id = resolve(session, typed).await?;
    session.agrees("Forget who can be reached about this application, for good?")?;
    let route = &routes::CONTACT_EXPUNGING;
    let reply = session.client.act(route, &[&id], session.dry_run).await?;
    session.shows(&reply, |case| render(case, true))?;
    Ok(Exit::Done)
}

async fn apply(session: &CommandContext, args: &IssuerApplyArgs) -> anyhow::Result<Exit> {
    let piece = |(component, shown): &(String, String)| {
        let is_link = ["https://", "http://"].iter().any(|scheme| shown.starts_with(scheme));
        let (link, note) = match is_link {
            true => (Some(shown.clone()), None),
            false => (None, Some(shown.clone())),
        };
        NewEvidence {
            component: Some(component.clone()),
            link,
            note,
        }
    };
    let body = ApplicationRequest {
        name: args.name.clone(),
        url: args.url.clone(),
        contact_name: args.contact_name.clone(),
        contact_email: args.contact_email.clone(),
        rubric: args.rubric.clone(),
        evidence: args.evidence.iter().map(piece).collect(),
    };
    let reply = session.change(&routes::APPLY, &[], &body).await?;
    session.shows(&reply, |made| {
        let key = made
            .token
            .as_ref()
            .map(|token| format!("\n\nkey  {token}"))
            .unwrap_or_default();
        format!("{}{key}", render(&made.application, !session.dry_run))
    })?;
    session.done("keep the key: it is shown only now. As `token` in a profile it follows the case");
    Ok(Exit::Done)
}

async fn review(
    session: &CommandContext,
    id: &str,
    all: Option<String>,
    given: Vec<(String, String)>,
) -> anyhow::Result<RegistrationStep> {
    let shown = session.client.get(&routes::APPLICATION, &[id], &[]).await?.value()?;
    let rubrics = session.client.get(&routes::RUBRICS, &[], &[]).await?.value()?;
    let rubric = rubrics
        .into_iter()
        .map(|one| one.rubric)
        .find(|one| one.reference() == shown.rubric);
    let rubric = rubric.ok_or_else(|| fault(Exit::CouldNotCheck, "the node does not show the rubric of this case"))?;
    let mut scores = registry_schema::criteria::ComponentScores::new();
    if let Some(level) = all {
        scores.extend(rubric.components().map(|one| (one.id.clone(), level.clone())));
    }
    scores.extend(given);
    rubric.scores_fit(&scores).map_err(usage)?;
    Ok(RegistrationStep::Review { scores })
}

/// The id of the application that was typed: an id as it is, or the name of whom it is about.
async fn resolve(session: &CommandContext, typed: &str) -> anyhow::Result<String> {
    if typed.starts_with("app-") {
        return Ok(typed.to_owned());
    }
    let all = session.client.get_list(&routes::APPLICATIONS, None).await?.values()?;
    let found: Vec<&ApplicationSummary> = all.iter().filter(|one| one.name == typed).collect();
    match found.as_slice() {
        [one] => Ok(one.id.clone()),
        [] => Err(fault(
            Exit::Negative,
            format!("no application has the name `{typed}`: see `comity issuer list --applications`"),
        )),
        several => {
            let ids: Vec<String> = several
                .iter()
                .map(|one| format!("  {} ({})", one.id, one.phase))
                .collect();
            Err(usage(format!(
                "several applications have the name `{typed}`: give the id of one\n{}",
                ids.join("\n")
            )))
        }
    }
}

/// `comity issuer list --applications`
pub(crate) async fn list(session: &CommandContext) -> anyhow::Result<Exit> {
    let reply = session.client.get_list(&routes::APPLICATIONS, None).await?;
    if session.out.json {
        session.out.json(&reply.json()?)?;
        return Ok(Exit::Done);
    }
    let all = reply.values()?;
    if all.is_empty() {
        out::note("nobody has applied");
        return Ok(Exit::Done);
    }
    let row = |one: &ApplicationSummary| {
        vec![
            one.id.clone(),
            one.name.clone(),
            show::day(one.applied_at),
            one.phase.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    session
        .out
        .data(&show::table(&["id", "name", "applied", "stands"], 0, &rows))?;
    Ok(Exit::Done)
}

/// `comity issuer show app-…`
pub(crate) async fn one(session: &CommandContext, id: &str) -> anyhow::Result<Exit> {
    let reply = session.client.get(&routes::APPLICATION, &[id], &[]).await?;
    if session.out.json {
        session.out.json(&reply.json)?;
    } else {
        session.out.data(&render(&reply.value()?, true))?;
    }
    Ok(Exit::Done)
}

async fn history(session: &CommandContext, typed: &str) -> anyhow::Result<Exit> {
    let id = issuer::resolve(session, typed, None).await?;
    let reply = session.client.get(&routes::ISSUER_HISTORY, &[&id], &[]).await?;
    if session.out.json {
        session.out.json(&reply.json)?;
        return Ok(Exit::Done);
    }
    let history = reply.value()?;
    let head = show::pairs(&[
        ("name".to_owned(), history.name.clone()),
        ("agency".to_owned(), history.agency.to_string()),
        ("stands".to_owned(), stands(history.phase, history.until, false)),
        (
            "rubric".to_owned(),
            format!("{} {}", history.rubric.id, history.rubric.version),
        ),
    ]);
    let rows: Vec<Vec<String>> = history
        .steps
        .iter()
        .map(|one| {
            let note = one.note.clone().unwrap_or_default();
            vec![show::day(one.at), one.step.clone(), role(one.role).to_owned(), note]
        })
        .collect();
    let steps = show::table(&["day", "step", "by", "note"], 0, &rows);
    session.out.data(&format!("{head}\n\n{steps}"))?;
    Ok(Exit::Done)
}

fn stands(phase: CasePhase, until: Option<Timestamp>, lapsed: bool) -> String {
    let until = until
        .map(|until| format!(" until {}", show::day(until)))
        .unwrap_or_default();
    let over = if lapsed { ", which is over" } else { "" };
    format!("{}{until}{over}", phase.as_str())
}

const fn role(role: CaseRole) -> &'static str {
    match role {
        CaseRole::Applicant => "applicant",
        CaseRole::Reviewer => "reviewer",
        CaseRole::Decider => "decider",
        CaseRole::Appeals => "decider of appeals",
        CaseRole::Clerk => "agency",
    }
}

/// A case; in a dry run without the ids that are made when it is done, and are others each time.
fn render(case: &ApplicationResponse, is_done: bool) -> String {
    let is_new = !is_done && case.steps.len() <= 1;
    let id = (!is_new).then(|| ("application".to_owned(), case.id.clone()));
    let mut lines: Vec<(String, String)> = id.into_iter().collect();
    lines.extend([
        ("name".to_owned(), case.name.clone()),
        ("page".to_owned(), case.url.clone().unwrap_or_else(|| "none".to_owned())),
        (
            "contact".to_owned(),
            case.contact_name
                .as_ref()
                .zip(case.contact_email.as_ref())
                .map_or_else(|| "expunged".to_owned(), |(name, email)| format!("{name}, {email}")),
        ),
        ("stands".to_owned(), stands(case.phase, case.until, case.lapsed)),
        (
            "rubric".to_owned(),
            format!("{} {}", case.rubric.id, case.rubric.version),
        ),
    ]);
    if let Some(issuer) = case.issuer.as_ref().filter(|_| is_done || case.proven.is_some()) {
        lines.push(("issuer".to_owned(), issuer.clone()));
    }
    lines.extend(
        show::labelled("conditions", case.conditions.iter().cloned())
            .into_iter()
            .take(case.conditions.len()),
    );
    lines.extend(
        show::labelled("not met", case.unmet.iter().cloned())
            .into_iter()
            .take(case.unmet.len()),
    );
    lines.extend(proof::in_lines(case));
    lines.push(("possible".to_owned(), case.possible.join(", ")));
    let rows: Vec<Vec<String>> = case
        .steps
        .iter()
        .map(|one| {
            let who = one.who.clone().unwrap_or_else(|| role(one.role).to_owned());
            let seen = if one.note_is_public { " (public)" } else { "" };
            let note = one.note.as_ref().map(|note| format!("{note}{seen}"));
            let note = note.or_else(|| proof::of_step(&one.step)).unwrap_or_default();
            vec![show::day(one.at), one.step.kind().as_str().to_owned(), who, note]
        })
        .collect();
    format!(
        "{}\n\n{}",
        show::pairs(&lines),
        show::table(&["day", "step", "by", "note"], 0, &rows)
    )
}
