//! `comity framework`: what achievements align to, and how far they cover it.

use std::{fs::File, io::Read as _, path::Path};

use anyhow::Context as _;
use api_types::{
    frameworks::{FrameworkImportResponse, FrameworkRemovalResponse, FrameworkSummary, ItemShare},
    routes,
};
use policy::framework::{MAX_BYTES, mint};

use crate::{
    CommandContext,
    args::FrameworkCommand,
    exit::{Exit, usage},
    out, show, trust,
};

pub(crate) async fn handle(session: &CommandContext, command: FrameworkCommand) -> anyhow::Result<Exit> {
    match command {
        FrameworkCommand::Import { file, sample, tested } => {
            import(session, file.as_deref(), sample.as_deref(), &tested).await
        }
        FrameworkCommand::Remove { id } => remove(session, &id).await,
        FrameworkCommand::List => list(session).await,
        FrameworkCommand::Show { id } => one(session, &id).await,
        FrameworkCommand::Coverage { id } => coverage(session, &id).await,
    }
}

async fn import(
    session: &CommandContext,
    file: Option<&Path>,
    sample: Option<&str>,
    tested: &[String],
) -> anyhow::Result<Exit> {
    let bytes = match (file, sample.and_then(mint::sample)) {
        (Some(file), _) => read(file)?,
        (None, Some(sample)) => sample.as_bytes().to_vec(),
        (None, None) => return Err(usage("give a file, or `--sample ID`")),
    };
    let is_json = bytes.trim_ascii_start().first() == Some(&b'{');
    let kind = if is_json {
        "application/json"
    } else {
        "application/toml"
    };
    if let Some(subject) = tested.iter().find(|subject| subject.contains('|')) {
        return Err(usage(format!(
            "`{subject}` is no subject: give each one with a `--tested` of its own"
        )));
    }
    let query = [("tested", Some(tested.join("|")).filter(|subjects| !subjects.is_empty()))];
    let send = async |bytes: Vec<u8>, dry_run: bool| {
        session
            .client
            .send_file(&routes::FRAMEWORK_IMPORT, &[], &query, (kind, bytes), dry_run)
            .await
    };
    if session.asks() {
        let would = send(bytes.clone(), true).await?.value()?;
        out::note(&told(&would));
        session.agrees(&format!(
            "Keep the framework {}? It takes the place of an earlier one with its identifier.",
            would.framework.title
        ))?;
    }
    let reply = send(bytes, session.dry_run).await?;
    session.shows(&reply, told)?;
    Ok(Exit::Done)
}

fn told(imported: &FrameworkImportResponse) -> String {
    let mut text = render(&imported.framework);
    for note in &imported.notes {
        text = format!("{text}\n{}", show::paragraph(&format!("note: {note}")));
    }
    trust::with_consequences(text, &imported.consequences)
}

async fn remove(session: &CommandContext, id: &str) -> anyhow::Result<Exit> {
    let shown = |removed: &FrameworkRemovalResponse| {
        trust::with_consequences(render(&removed.framework), &removed.consequences)
    };
    if session.asks() {
        let would = session
            .client
            .act(&routes::FRAMEWORK_REMOVAL, &[id], true)
            .await?
            .value()?;
        out::note(&shown(&would));
        session.agrees(&format!(
            "Keep the framework {} no more? No new badge can be aligned to it then.",
            would.framework.title
        ))?;
    }
    let route = &routes::FRAMEWORK_REMOVAL;
    let reply = session.client.act(route, &[id], session.dry_run).await?;
    session.shows(&reply, shown)?;
    Ok(Exit::Done)
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let cannot = || format!("cannot read `{}`", path.display());
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_BYTES)? + 1;
    File::open(path)
        .with_context(cannot)?
        .take(most)
        .read_to_end(&mut bytes)
        .with_context(cannot)?;
    if bytes.len() > MAX_BYTES {
        return Err(usage(format!(
            "`{}` is longer than {} MiB",
            path.display(),
            MAX_BYTES / (1024 * 1024)
        )));
    }
    Ok(bytes)
}

async fn list(session: &CommandContext) -> anyhow::Result<Exit> {
    let reply = session.client.get(&routes::FRAMEWORKS, &[], &[]).await?;
    if session.out.json {
        session.out.json(&reply.json)?;
        return Ok(Exit::Done);
    }
    let all = reply.value()?;
    if all.is_empty() {
        out::note("no frameworks: import one with `comity framework import FILE`");
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|one| {
            vec![
                one.id.clone(),
                one.title.clone(),
                one.items.to_string(),
                one.source.clone(),
            ]
        })
        .collect();
    session
        .out
        .data(&show::table(&["id", "title", "items", "source"], 0, &rows))?;
    Ok(Exit::Done)
}

async fn one(session: &CommandContext, id: &str) -> anyhow::Result<Exit> {
    let reply = session.client.get(&routes::FRAMEWORK, &[id], &[]).await?;
    if session.out.json {
        session.out.json(&reply.json)?;
        return Ok(Exit::Done);
    }
    let whole = reply.value()?;
    let mut lines = vec![render(&whole.framework), String::new()];
    for item in &whole.items {
        let code = item.code.as_deref().map(|code| format!("{code}  ")).unwrap_or_default();
        lines.push(show::paragraph(&format!("{code}{}", item.statement)));
        let named = if item.id.len() < item.uri.len() {
            &item.id
        } else {
            &item.uri
        };
        lines.push(format!("    {}", show::plain(named)));
    }
    session.out.data(&lines.join("\n"))?;
    Ok(Exit::Done)
}

async fn coverage(session: &CommandContext, id: &str) -> anyhow::Result<Exit> {
    let reply = session.client.get(&routes::FRAMEWORK_COVERAGE, &[id], &[]).await?;
    if session.out.json {
        session.out.json(&reply.json)?;
        return Ok(Exit::Done);
    }
    let found = reply.value()?;
    let share = |share: &ItemShare| match share.items {
        0 => "no items".to_owned(),
        items => format!(
            "{} of {items} items, {} with what stands below them",
            share.aligned, share.with_below
        ),
    };
    let tested = match found.framework.tested.as_slice() {
        [] => "none named".to_owned(),
        some => some.join(", "),
    };
    let text = show::pairs(&[
        ("framework".to_owned(), found.framework.title.clone()),
        (
            "base".to_owned(),
            format!(
                "your agency's {}; {} issued",
                show::count(usize::try_from(found.base.achievements)?, "achievement"),
                show::count(usize::try_from(found.base.badges)?, "badge")
            ),
        ),
        ("all".to_owned(), share(&found.all)),
        (format!("tested ({tested})"), share(&found.subjects.tested)),
        ("not tested".to_owned(), share(&found.subjects.not_tested)),
        ("no subject".to_owned(), share(&found.subjects.not_named)),
    ]);
    session.out.data(&text)?;
    let rows: Vec<Vec<String>> = found
        .covered
        .iter()
        .map(|item| {
            let named = item.code.as_deref().unwrap_or(&item.id);
            vec![
                named.to_owned(),
                item.statement.chars().take(60).collect(),
                item.achievements.to_string(),
                item.badges.to_string(),
                item.with_below.to_string(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        let headings = ["item", "says", "achievements", "badges", "with below"];
        session.out.data(&format!("\n{}", show::table(&headings, 0, &rows)))?;
    }
    Ok(Exit::Done)
}

fn render(framework: &FrameworkSummary) -> String {
    let source = match framework.source.as_str() {
        "minted" => "minted here: the names are the publisher's, the identifiers your agency's".to_owned(),
        _ => "a CASE package".to_owned(),
    };
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "not said".to_owned());
    show::pairs(&[
        ("framework".to_owned(), framework.id.clone()),
        ("title".to_owned(), framework.title.clone()),
        ("by".to_owned(), or_none(&framework.creator)),
        ("version".to_owned(), or_none(&framework.version)),
        ("from".to_owned(), source),
        (
            "items".to_owned(),
            format!("{}, at most {} deep", framework.items, framework.depth),
        ),
        (
            "tested".to_owned(),
            match framework.tested.as_slice() {
                [] => "no subject named".to_owned(),
                some => some.join(", "),
            },
        ),
    ])
}
