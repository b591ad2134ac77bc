//! `comity key`: the agency's writer keys, and the entries of its key log that the root signs offline.

use std::{fs, path::Path};

use anyhow::Context as _;
use api_types::{
    key_log::{
        KeyLogEntryRequest, KeyLogEntryResponse, KeyLogProposalRequest, KeyLogProposalResponse, KeyLogResponse,
        LostRevocation,
    },
    routes,
};

use crate::{
    CommandContext,
    args::{KeyCommand, KeyEndArgs},
    client::Answer,
    exit::{Exit, usage},
    out, peer, show, trust,
};

pub(crate) async fn handle(session: &CommandContext, command: KeyCommand) -> anyhow::Result<Exit> {
    match command {
        KeyCommand::List => list(session).await,
        KeyCommand::Export { out } => export(session, &out).await,
        KeyCommand::Rotate { kinds, out } => {
            let act = KeyLogProposalRequest {
                kinds,
                ..proposal("add_writer")
            };
            propose(session, act, &out).await
        }
        KeyCommand::Add { key, kinds, out } => {
            let act = KeyLogProposalRequest {
                key: Some(key),
                kinds,
                ..proposal("add_writer")
            };
            propose(session, act, &out).await
        }
        KeyCommand::Scope { key, kinds, out } => {
            let act = KeyLogProposalRequest {
                key: Some(key),
                kinds,
                ..proposal("scope_writer")
            };
            propose(session, act, &out).await
        }
        KeyCommand::End(end) => {
            let how = how(&end)?.to_owned();
            let act = if end.badge_key { "end_badge_key" } else { "end_writer" };
            let act = KeyLogProposalRequest {
                key: Some(end.key),
                end: Some(how),
                last: (!end.last_good.is_empty()).then_some(end.last_good),
                before: end.before,
                ..proposal(act)
            };
            propose(session, act, &end.out).await
        }
        KeyCommand::Apply {
            entry,
            yes_end_this_agency,
        } => apply(session, &entry, yes_end_this_agency).await,
    }
}

/// A proposal of this act, of which nothing else is said yet.
fn proposal(act: &str) -> KeyLogProposalRequest {
    KeyLogProposalRequest {
        act: act.to_owned(),
        ..KeyLogProposalRequest::default()
    }
}

fn how(end: &KeyEndArgs) -> anyhow::Result<&'static str> {
    match (end.retired, end.compromised) {
        (true, false) => Ok("retired"),
        (false, true) => Ok("compromised"),
        _ => Err(usage(
            "say how the key ends: `--retired` (all that came before stays good) or `--compromised`",
        )),
    }
}

async fn read(session: &CommandContext) -> anyhow::Result<Answer<KeyLogResponse>> {
    session.client.get(&routes::KEY_LOG, &[], &[]).await
}

async fn list(session: &CommandContext) -> anyhow::Result<Exit> {
    let reply = read(session).await?;
    let log = reply.value()?;
    if session.out.json {
        session.out.json(&reply.json)?;
        return Ok(Exit::Done);
    }
    let mut rows: Vec<Vec<String>> = Vec::new();
    for key in &log.root_keys {
        let of = format!("root, {} of {}", log.root_threshold, log.root_keys.len());
        rows.push(vec![of, short(key), "the key log".into(), "good".into(), String::new()]);
    }
    for writer in &log.writers {
        let state = writer.ended.clone().unwrap_or_else(|| "good".into());
        let here = if writer.here { "here" } else { "" };
        rows.push(vec![
            "writer".into(),
            short(&writer.key),
            writer.scope.join(" "),
            state,
            here.into(),
        ]);
    }
    for key in &log.unused {
        let none = String::new;
        rows.push(vec![
            "writer".into(),
            short(key),
            none(),
            "not in the log".into(),
            "here".into(),
        ]);
    }
    for key in &log.badge_keys {
        let state = key.ended.clone().unwrap_or_else(|| "good".into());
        rows.push(vec![
            "badge".into(),
            short(&key.key),
            "statements".into(),
            state,
            String::new(),
        ]);
    }
    session.out.data(&show::table(
        &["key", "begins with", "signs", "state", "secret"],
        0,
        &rows,
    ))?;
    out::note(&format!("the agency's fingerprint: {}", peer::grouped(&log.genesis)));
    if let Some(trouble) = &log.trouble {
        out::note(trouble);
    }
    if log.disputed {
        out::note("the root signed two histories: the log ends before them. Rotate the root.");
        return Ok(Exit::Integrity);
    }
    Ok(Exit::Done)
}

/// Enough of a key to tell it from others; `--output json` has all of it.
fn short(key: &str) -> String {
    key.chars().take(16).collect()
}

async fn export(session: &CommandContext, file: &Path) -> anyhow::Result<Exit> {
    let log = read(session).await?.value()?;
    write(file, &log.text)?;
    out::note(&format!(
        "wrote `{}`: `comityd root rotate` reads it, offline",
        file.display()
    ));
    Ok(Exit::Done)
}

async fn propose(session: &CommandContext, mut act: KeyLogProposalRequest, file: &Path) -> anyhow::Result<Exit> {
    if let Some(typed) = &act.key {
        act.key = Some(whole(session, typed).await?);
    }
    if !session.dry_run && file.exists() {
        return Err(usage(format!(
            "`{}` is there already: give another file with --out",
            file.display()
        )));
    }
    let route = &routes::PROPOSE_KEY_LOG_ENTRY;
    let reply = session.change(route, &[], &act).await?;
    let proposal = reply.value()?;
    if session.out.json {
        session.out.json(&reply.json)?;
    } else {
        session.out.data(&consequences(&proposal))?;
    }
    if session.dry_run {
        out::note("dry run: nothing was written");
        return Ok(Exit::Done);
    }
    write(file, &proposal.text)?;
    out::note(&format!(
        "wrote `{0}`. Nothing changes before the root has signed it:\n  on the machine with the root key:  comityd root sign {0} --root root.key\n  then here:                         comity key apply {0}",
        file.display()
    ));
    Ok(Exit::Done)
}

/// The one key of the log that begins like this; a whole key is taken as it is.
async fn whole(session: &CommandContext, typed: &str) -> anyhow::Result<String> {
    if typed.len() == 64 {
        return Ok(typed.to_owned());
    }
    let log = read(session).await?.value()?;
    let all = log
        .writers
        .into_iter()
        .map(|writer| writer.key)
        .chain(log.badge_keys.into_iter().map(|key| key.key));
    let mut fitting = all.filter(|key| typed.len() >= 4 && key.starts_with(&typed.to_lowercase()));
    match (fitting.next(), fitting.next()) {
        (Some(key), None) => Ok(key),
        (None, _) => Err(usage(format!(
            "no key of this agency begins with `{typed}`: see `comity key list`"
        ))),
        (Some(_), Some(_)) => Err(usage(format!("several keys begin with `{typed}`: give more of it"))),
    }
}

fn consequences(proposal: &KeyLogProposalResponse) -> String {
    let mut text = format!("{}\n", proposal.act);
    if proposal.voided > 0 {
        text.push_str(&format!("envelopes that would count no more: {}\n", proposal.voided));
    }
    text.push_str(&format!(
        "entries of the lists that would alter: {}\n",
        proposal.changes
    ));
    text.push_str(&gone("that would be gone", &proposal.unrevoked));
    for ending in &proposal.ends {
        text.push_str(&format!("\n{}\n", show::paragraph(&format!("WARNING: {ending}"))));
    }
    trust::with_consequences(text.trim_end().to_owned(), &proposal.consequences)
}

/// The revocations that an entry takes away, a line each; nothing, if there are none.
fn gone(which: &str, unrevoked: &[LostRevocation]) -> String {
    if unrevoked.is_empty() {
        return String::new();
    }
    let lines = unrevoked.iter().map(|one| {
        let code = one.code.as_deref().unwrap_or("not kept here");
        format!("  list {} index {}: {code}\n", one.list, one.index)
    });
    format!(
        "revocations {which}, to be made again with a good key:\n{}",
        lines.collect::<String>()
    )
}

async fn apply(session: &CommandContext, file: &Path, yes_end_this_agency: bool) -> anyhow::Result<Exit> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let said = text
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .nth(1)
        .unwrap_or_default();
    let said = said.to_owned();
    let entry = KeyLogEntryRequest {
        text,
        ends_this_agency: yes_end_this_agency,
    };
    let route = &routes::ENTER_KEY_LOG_ENTRY;
    if session.asks() {
        let would = session.client.call(route, &[], &entry, true).await?.value()?;
        if would.consequences.is_some() || !would.unrevoked.is_empty() {
            let text = format!("{said}\n{}", gone("that would be gone", &would.unrevoked));
            out::note(&trust::with_consequences(
                text.trim_end().to_owned(),
                &would.consequences,
            ));
        }
    }
    session.agrees(&format!("{said}\nadd it to the key log, for everybody and for good?"))?;
    let reply = session.change(route, &[], &entry).await?;
    let which = if session.dry_run {
        "that would be gone"
    } else {
        "that are gone"
    };
    let gone = gone(which, &reply.value()?.unrevoked);
    session.shows(&reply, |KeyLogEntryResponse { log, .. }| {
        let good = log.writers.iter().filter(|writer| writer.ended.is_none()).count();
        let said = format!(
            "in the key log now; {good} writer key{} good",
            if good == 1 { " is" } else { "s are" }
        );
        let said = format!("{said}\n{gone}").trim_end().to_owned();
        match &log.trouble {
            Some(trouble) if !session.dry_run => format!("{said}\n\n{}", show::paragraph(trouble)),
            _ => said,
        }
    })?;
    Ok(Exit::Done)
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(file, text).with_context(|| format!("cannot write `{}`", file.display()))
}
