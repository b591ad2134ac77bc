//! `comity rubric`: what your agency reviews applications against.

use std::{fs::File, io::Read as _, path::Path};

use anyhow::Context as _;
use api_types::{
    routes,
    rubrics::{ImportedRubric, RubricImportResponse},
};
use policy::rubrics;

use crate::{
    CommandContext,
    args::RubricCommand as Command,
    exit::{Exit, fault, usage},
    out, show,
};

pub(crate) async fn handle(session: &CommandContext, command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::List => list(session).await,
        Command::Show {
            id,
            version_of,
            starter,
        } => {
            let text = match starter {
                true => rubrics::STARTER.to_owned(),
                false => {
                    let all = session.client.get(&routes::RUBRICS, &[], &[]).await?.value()?;
                    let found = all.into_iter().map(|one| one.rubric).find(|rubric| {
                        id.as_ref().is_none_or(|id| *id == rubric.id)
                            && version_of.as_ref().is_none_or(|version| *version == rubric.version)
                    });
                    let found =
                        found.ok_or_else(|| fault(Exit::Negative, "no such rubric: see `comity rubric list`"))?;
                    if session.out.json {
                        serde_json::to_string(&found)?
                    } else {
                        rubrics::write(&found).map_err(anyhow::Error::msg)?
                    }
                }
            };
            session.out.data(&text)?;
            Ok(Exit::Done)
        }
        Command::Import { file } => import(session, &file).await,
    }
}

async fn list(session: &CommandContext) -> anyhow::Result<Exit> {
    let reply = session.client.get(&routes::RUBRICS, &[], &[]).await?;
    if session.out.json {
        session.out.json(&reply.json)?;
        return Ok(Exit::Done);
    }
    let all = reply.value()?;
    if all.is_empty() {
        out::note("no rubric: begin with `comity rubric show --starter > rubric.toml`, and import it");
        return Ok(Exit::Done);
    }
    let row = |one: &ImportedRubric| {
        let counts = one.rubric.counts();
        vec![
            one.rubric.id.clone(),
            one.rubric.version.clone(),
            counts.standards.to_string(),
            counts.components.to_string(),
            show::day(one.imported_at),
            if one.current { "yes" } else { "" }.to_owned(),
        ]
    };
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    let headings = ["id", "version", "standards", "components", "imported", "current"];
    session.out.data(&show::table(&headings, 0, &rows))?;
    Ok(Exit::Done)
}

async fn import(session: &CommandContext, path: &Path) -> anyhow::Result<Exit> {
    let cannot = || format!("cannot read `{}`", path.display());
    let mut text = String::new();
    let most = u64::try_from(rubrics::MAX_BYTES)? + 1;
    let file = File::open(path).with_context(cannot)?;
    file.take(most).read_to_string(&mut text).with_context(cannot)?;
    // What is wrong with it is said without a node.
    rubrics::parse(&text).map_err(|wrong| usage(format!("`{}`: {wrong}", path.display())))?;
    let put = async |dry_run: bool| {
        let file = ("application/toml", text.clone().into_bytes());
        session
            .client
            .send_file(&routes::RUBRIC_IMPORT, &[], &[], file, dry_run)
            .await
    };
    if session.asks() {
        out::note(&told(&put(true).await?.value()?));
        session.agrees("Review applications against this rubric from now on?")?;
    }
    let reply = put(session.dry_run).await?;
    session.shows(&reply, told)?;
    Ok(Exit::Done)
}

/// A rubric that was imported, or would be; and what would follow from it.
fn told(would: &RubricImportResponse) -> String {
    let (rubric, counts) = (&would.rubric, would.rubric.counts());
    let mut lines = vec![format!(
        "{}, version {}: {} standards, {} components",
        rubric.id, rubric.version, counts.standards, counts.components
    )];
    lines.extend(would.consequences.iter().flatten().map(|line| show::paragraph(line)));
    lines.join("\n")
}
