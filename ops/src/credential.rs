//! `comity credential`: what an agency keeps, and its status.

mod place;

use std::{fs, io::Write as _, path::Path};

use anyhow::Context as _;
use api_types::{credentials::StatusChangeRequest, routes};
use registry_schema::{Credential, CredentialCode, LocalDay, StatusState, Timestamp, code::BadCredentialCode, zone};

use crate::{
    CommandContext,
    args::{CredentialCommand as Command, StatusEntryArgs},
    exit::{Exit, fault, usage},
    issue, out, show,
};

pub(crate) async fn handle(session: &CommandContext, command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Issue(args) => issue::issue(session, &args).await,
        Command::List { limit } => list(session, limit).await,
        Command::Show { code, baked, jwt } => match (baked, jwt) {
            (Some(file), _) => {
                let kind = picture(&file)?;
                write(session, &code, kind, &file).await
            }
            (None, Some(file)) => write(session, &code, "application/vc+jwt", &file).await,
            (None, None) => one(session, &code).await,
        },
        Command::Suspend(entry) => change(session, StatusState::Suspended, &entry).await,
        Command::Reinstate(entry) => change(session, StatusState::Active, &entry).await,
        Command::Revoke(entry) => change(session, StatusState::Revoked, &entry).await,
        Command::Expunge { code } => expunge(session, &code).await,
    }
}

async fn list(session: &CommandContext, limit: Option<usize>) -> anyhow::Result<Exit> {
    let reply = session.client.get_list(&routes::CREDENTIALS, limit).await?;
    if reply.has_more {
        let shown = show::count(reply.items.len(), "credential");
        out::note(&format!(
            "the newest {shown}; there are more: leave out --limit to see all"
        ));
    }
    if session.out.json {
        session.out.json(&reply.json()?)?;
        return Ok(Exit::Done);
    }
    let all = reply.values()?;
    if all.is_empty() {
        out::note("no credentials yet: issue one with `comity credential issue`");
        return Ok(Exit::Done);
    }
    let now = session.now();
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|c| {
            vec![
                c.code.to_string(),
                c.name.clone(),
                c.subject.clone().unwrap_or_default(),
                LocalDay::of(c.valid_from, &c.agency).map_or_else(|| show::day(c.valid_from), |day| day.to_string()),
                standing(c, now).to_owned(),
            ]
        })
        .collect();
    session
        .out
        .data(&show::table(&["code", "badge", "subject", "from", "status"], 0, &rows))?;
    Ok(Exit::Done)
}

async fn one(session: &CommandContext, typed: &str) -> anyhow::Result<Exit> {
    let reply = session
        .client
        .get(&routes::CREDENTIAL, &[&segment(typed)?], &[])
        .await?;
    if session.out.json {
        session.out.json(&reply.json)?;
    } else {
        session.out.data(&render(&reply.value()?, session.now()))?;
    }
    Ok(Exit::Done)
}

/// The kind of picture that a file's name asks for.
fn picture(file: &Path) -> anyhow::Result<&'static str> {
    let extension = file.extension().and_then(|e| e.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "png" => Ok("image/png"),
        "svg" => Ok("image/svg+xml"),
        _ => Err(usage(format!(
            "`{}` is no picture's name: end it in .png or .svg",
            file.display()
        ))),
    }
}

/// Writes the badge to a file, in the form that the node is asked for; never over another file.
async fn write(session: &CommandContext, typed: &str, kind: &'static str, file: &Path) -> anyhow::Result<Exit> {
    let code: CredentialCode = typed
        .parse()
        .map_err(|mistake: BadCredentialCode| usage(mistake.to_string()))?;
    let code = code.compact();
    let badge = session.client.download(&routes::CREDENTIAL, &[&code], kind).await?;
    if file == Path::new("-") {
        session
            .out
            .data(&String::from_utf8(badge).context("the node's answer is no text")?)?;
        return Ok(Exit::Done);
    }
    let place = || format!("cannot write `{}`", file.display());
    let mut new = fs::File::create_new(file).with_context(place)?;
    new.write_all(&badge)
        .and_then(|()| new.sync_all())
        .with_context(place)?;
    out::note(&format!("wrote the badge to `{}`", file.display()));
    Ok(Exit::Done)
}

/// Has the agency forget a credential.
async fn expunge(session: &CommandContext, code: &str) -> anyhow::Result<Exit> {
    let id = segment(code)?;
    if session.asks() {
        let credential = session.client.get(&routes::CREDENTIAL, &[&id], &[]).await?.value()?;
        out::note(&render(&credential, session.now()));
    }
    session.agrees("Forget this badge and its holder? This is final, here and at every node.")?;
    let route = &routes::CREDENTIAL_EXPUNGING;
    let reply = session.client.act(route, &[&id], session.dry_run).await?;
    session.shows(&reply, |it| {
        format!(
            "forgotten; its place in list {}, index {}, stays taken",
            it.list, it.index
        )
    })?;
    Ok(Exit::Done)
}

/// Puts one entry behind the others of a credential's status; what it adds up to is the node's to say.
async fn change(session: &CommandContext, to: StatusState, entry: &StatusEntryArgs) -> anyhow::Result<Exit> {
    let code = match (&entry.code, &entry.badge) {
        (_, Some(file)) => return place::change(session, to, entry, file).await,
        (Some(code), None) => code,
        (None, None) => return Err(usage("say which: a code, or --badge FILE")),
    };
    let segment = segment(code)?;
    if to == StatusState::Revoked && session.asks() {
        let credential = session
            .client
            .get(&routes::CREDENTIAL, &[&segment], &[])
            .await?
            .value()?;
        out::note(&render(&credential, session.now()));
        session.agrees("Revoke this badge? This is final: it can never be made good again.")?;
    }
    let new = StatusChangeRequest {
        status: to,
        reason: entry.reason,
        note: entry.note.clone(),
    };
    let reply = session.change(&routes::STATUS_CHANGE, &[&segment], &new).await?;
    if !session.dry_run {
        let changed = reply.value()?;
        let about_it = changed.credential.id == *code || changed.credential.code.compact() == segment;
        if !about_it || changed.change.state != to {
            let hint = format!("see `comity credential show {code}`");
            return Err(fault(
                Exit::Integrity,
                format!("the node's answer is not to what was asked: {hint}"),
            ));
        }
    }
    session.shows(&reply, |changed| {
        let change = &changed.change;
        format!(
            "{}\n\n{}",
            show::paragraph(&format!(
                "{} since {}: {}",
                capital(change.state.as_str()),
                change.at.in_words(),
                change.reason.in_words()
            )),
            render(&changed.credential, session.now())
        )
    })?;
    Ok(Exit::Done)
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// The path segment for a code or an id.
fn segment(typed: &str) -> anyhow::Result<String> {
    match typed.parse::<CredentialCode>() {
        Ok(code) => Ok(code.compact()),
        Err(_) if typed.starts_with("urn:") || typed.starts_with("https://") || typed.starts_with("http://") => {
            Ok(typed.to_owned())
        }
        Err(mistake @ (BadCredentialCode::Shape(_) | BadCredentialCode::Check(_))) => Err(usage(mistake.to_string())),
    }
}

/// Returns a badge's standing in a word, by the node's time: one that nobody revoked is good within its term alone.
fn standing(credential: &Credential, now: Timestamp) -> &'static str {
    match credential.state {
        StatusState::Active if credential.is_expired(now) => "expired",
        StatusState::Active if credential.is_not_yet_valid(now) => "not yet valid",
        state => state.as_str(),
    }
}

/// The warning about a badge that is issued, or would be, after its end.
pub(crate) fn is_over(credential: &Credential, now: Timestamp) -> Option<String> {
    let until = credential.valid_until.filter(|_| credential.is_expired(now))?;
    Some(format!(
        "warning: its end is past (until {}): it is expired wherever it is shown",
        zone::date_in_words(until, &credential.agency)
    ))
}

pub(crate) fn render(credential: &Credential, now: Timestamp) -> String {
    let code = ("code".to_owned(), credential.code.to_string());
    let id = ("id".to_owned(), credential.id.clone());
    show::pairs(&[vec![code], what_it_says(credential, now), vec![id]].concat())
}

/// A credential that was tried and not issued: its code and its id are made when it is.
pub(crate) fn render_tried(credential: &Credential, now: Timestamp) -> String {
    show::pairs(&what_it_says(credential, now))
}

/// The seconds of which nobody needs to be told that the newest is not known.
const IS_NOW_SECONDS: i64 = 60;

/// The moment up to which a status is known, where that is not now.
fn as_of(credential: &Credential, now: Timestamp) -> String {
    match credential.state_as_of {
        Some(as_of) if now.seconds_since(as_of) > IS_NOW_SECONDS => {
            format!(", as of {}: what was changed later is not known here", as_of.in_words())
        }
        _ => String::new(),
    }
}

fn what_it_says(credential: &Credential, now: Timestamp) -> Vec<(String, String)> {
    let standing = standing(credential, now);
    // A term tells for itself since when.
    let since = credential.state_since.filter(|_| standing == credential.state.as_str());
    let since = since.map(|t| format!(" since {}", t.in_words())).unwrap_or_default();
    let until = credential.valid_until.map_or_else(
        || "no end".to_owned(),
        |u| format!("until {}", zone::date_in_words(u, &credential.agency)),
    );
    vec![
        ("badge".to_owned(), credential.name.clone()),
        (
            "subject".to_owned(),
            credential.subject.clone().unwrap_or_else(|| "not shown".to_owned()),
        ),
        (
            "status".to_owned(),
            format!("{standing}{since}{}", as_of(credential, now)),
        ),
        (
            "good from".to_owned(),
            format!(
                "{}, {until}",
                zone::date_in_words(credential.valid_from, &credential.agency)
            ),
        ),
        ("issuer".to_owned(), credential.issuer.clone()),
        ("agency".to_owned(), credential.agency.to_string()),
        ("achievement".to_owned(), credential.achievement.clone()),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        client::tests::{canned, client},
        exit,
    };

    fn credential(code: CredentialCode, state: &str) -> serde_json::Value {
        json!({"id": "urn:uuid:1", "code": code, "agency": "US-NC", "issuer": "did:key:z6Mk", "name": "Formative Assessment",
            "achievement": "urn:a:7", "subject": "Ana Reyes", "valid_from": "2026-08-01", "valid_until": null,
            "state": state, "state_since": "2026-11-23T14:02:11Z"})
    }

    async fn revoke(answer: serde_json::Value, code: CredentialCode) -> (anyhow::Result<Exit>, String) {
        let (node, requests) = canned("201 Created", "application/json", &answer.to_string());
        let session = CommandContext {
            client: client(&node),
            out: out::OutputWriter {
                json: true,
                color: false,
            },
            profile: Default::default(),
            yes: true,
            dry_run: false,
        };
        let entry = StatusEntryArgs {
            code: Some(code.to_string()),
            badge: None,
            reason: registry_schema::StatusReason::IssuedInError,
            note: None,
        };
        (
            change(&session, StatusState::Revoked, &entry).await,
            requests.recv().unwrap(),
        )
    }

    #[tokio::test]
    async fn a_revocation_is_one_entry_and_the_answer_must_be_about_it() {
        let code = CredentialCode::new(*b"NC", 7);
        let change = json!({"state": "revoked", "at": "2026-11-23T14:02:11Z", "reason": "issued_in_error"});
        let (exit, request) = revoke(
            json!({"credential": credential(code, "revoked"), "change": change}),
            code,
        )
        .await;
        assert_eq!(exit.unwrap(), Exit::Done);
        assert!(
            request.starts_with(&format!(
                "POST /v1/credentials/{}/status-entries HTTP/1.1",
                code.compact()
            )),
            "{request}"
        );
        assert!(
            request.ends_with(r#"{"status":"revoked","reason":"issued_in_error"}"#),
            "{request}"
        );

        let other = CredentialCode::new(*b"NC", 8);
        let (exit, _) = revoke(
            json!({"credential": credential(other, "revoked"), "change": change}),
            code,
        )
        .await;
        assert_eq!(exit::of(&exit.unwrap_err()), Exit::Integrity);
    }

    #[test]
    fn a_credential_is_shown_with_its_status() {
        let code = CredentialCode::new(*b"NC", 7);
        let now = "2026-11-23T15:02:11Z".parse().unwrap();
        let text = render(&serde_json::from_value(credential(code, "suspended")).unwrap(), now);
        assert!(text.contains("suspended since 23 November 2026, 14:02 UTC"), "{text}");
        assert!(text.contains("Ana Reyes") && text.contains(&code.to_string()), "{text}");
    }

    #[test]
    fn a_badge_out_of_its_term_is_not_called_active() {
        let now: Timestamp = "2026-11-23T15:02:11Z".parse().unwrap();
        let stands = |from: &str, until: &str, state: &str| {
            let mut it = credential(CredentialCode::new(*b"NC", 7), state);
            it["valid_from"] = json!(from);
            it["valid_until"] = json!(until);
            let it: Credential = serde_json::from_value(it).unwrap();
            (standing(&it, now), is_over(&it, now).is_some())
        };
        assert_eq!(stands("2026-08-01", "2027-08-01", "active"), ("active", false));
        assert_eq!(stands("2026-08-01", "2026-11-01", "active"), ("expired", true));
        assert_eq!(stands("2026-12-01", "2027-08-01", "active"), ("not yet valid", false));
        assert_eq!(stands("2026-08-01", "2026-11-01", "revoked"), ("revoked", true));
        let expired = json!("2026-11-01");
        let mut it = credential(CredentialCode::new(*b"NC", 7), "active");
        it["valid_until"] = expired;
        let text = render(&serde_json::from_value(it).unwrap(), now);
        assert!(text.contains("expired\n"), "{text}");
    }

    #[test]
    fn a_code_with_a_typing_mistake_is_not_sent() {
        assert_eq!(exit::of(&segment("NC-4K2M9").unwrap_err()), Exit::Usage);
        assert_eq!(segment("urn:uuid:1").unwrap(), "urn:uuid:1");
    }
}
