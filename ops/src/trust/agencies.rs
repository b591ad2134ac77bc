//! `comity trust agencies`, `recognize-agency` and `withdraw-agency`: accepting whatever another agency recognizes.

use registry_schema::{
    AgencyId, Timestamp,
    recognition::{AgencyRecognitionEntry, Attestation},
};
use serde_json::json;

use super::scope;
use crate::{
    Session,
    args::trust::RecognizeAgency,
    confirm,
    exit::{Exit, fault},
    out, show,
};

pub(super) async fn all(session: &Session) -> anyhow::Result<Vec<AgencyRecognitionEntry>> {
    session.client.read(&["v1", "agency-recognitions"], &[]).await?.parse()
}

pub(super) async fn list(session: &Session, agency: Option<&AgencyId>, at: Option<Timestamp>) -> anyhow::Result<Exit> {
    let mut entries = all(session).await?;
    entries.retain(|entry| agency.is_none_or(|id| *id == entry.agency || *id == entry.recognition.of));
    entries.retain(|entry| at.is_none_or(|at| entry.holds(at, None)));
    if session.out.json {
        session.out.data(&serde_json::to_string(&entries)?)?;
        return Ok(Exit::Done);
    }
    if entries.is_empty() {
        out::note("no recognitions of agencies that fit");
        return Ok(Exit::Done);
    }
    let now = at.unwrap_or(session.now);
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

pub(super) async fn recognize(session: &Session, args: &RecognizeAgency) -> anyhow::Result<Exit> {
    scope::in_order(args.from, args.until, session.now)?;
    let basis = scope::basis(&args.rests, Attestation::AdoptedReview, false);
    let mut body = json!({
        "of": args.of,
        "purposes": args.purposes,
        "scope": scope::scope(&args.covers)?,
        "depth": args.depth,
        "attestation": basis.attestation,
        "may_be_followed": basis.may_be_followed,
        "conditions": basis.conditions,
    });
    for (name, moment) in [("from", args.from), ("until", args.until)] {
        if let (Some(moment), Some(body)) = (moment, body.as_object_mut()) {
            body.insert(name.to_owned(), json!(moment));
        }
    }
    let reply = session.client.write(&["v1", "agency-recognitions"], &body).await?;
    session.written(&reply, |entry: &AgencyRecognitionEntry| render(entry, session.now))?;
    Ok(Exit::Done)
}

pub(super) async fn withdraw(session: &Session, id: &str, stay_good: bool) -> anyhow::Result<Exit> {
    if confirm::somebody_is_there() && !session.yes && !session.dry_run {
        let entries = all(session).await?;
        let found = entries.iter().find(|entry| {
            entry.recognition.id == id && session.profile.agency.as_ref().is_none_or(|own| *own == entry.agency)
        });
        let entry = found.ok_or_else(|| {
            fault(
                Exit::Negative,
                format!("your agency has no recognition `{id}` of an agency: see `comity trust agencies`"),
            )
        })?;
        out::note(&render(entry, session.now));
        confirm::ask(&format!(
            "Accept no longer what {} recognizes? From now on badges that are accepted through it are not.",
            entry.recognition.of
        ))?;
    }
    let body = json!({ "earlier_badges_stay_good": stay_good });
    let path = ["v1", "agency-recognitions", id, "withdrawal"];
    let reply = session.client.write(&path, &body).await?;
    session.written(&reply, |ended: &Withdrawn| {
        super::with_consequences(render(&ended.entry, session.now), &ended.consequences)
    })?;
    Ok(Exit::Done)
}

/// What the node says of a withdrawal; in a dry run, with what it would change.
#[derive(Debug, serde::Deserialize)]
struct Withdrawn {
    #[serde(flatten)]
    entry: AgencyRecognitionEntry,
    consequences: Option<super::Consequences>,
}

pub(super) fn render(entry: &AgencyRecognitionEntry, now: Timestamp) -> String {
    let r = &entry.recognition;
    let purposes: Vec<&str> = r.purposes.iter().map(|p| p.as_str()).collect();
    let reaches = match r.depth {
        1 => "that agency's own recognitions alone".to_owned(),
        depth => format!("through {depth} agencies"),
    };
    let until = r
        .until
        .map_or_else(|| "no end".to_owned(), |u| format!("until {}", u.date_in_words()));
    let mut lines = vec![
        ("recognition".to_owned(), r.id.clone()),
        ("by".to_owned(), entry.agency.to_string()),
        (
            "of".to_owned(),
            format!("whatever {} recognizes and lets others follow", r.of),
        ),
        ("for".to_owned(), purposes.join(", ")),
    ];
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
