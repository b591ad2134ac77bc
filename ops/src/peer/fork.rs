//! `comity peer forks`, `fork-acknowledge` and `fork-check`: the proofs that a key signed two histories. The last asks nobody.

use std::{fs::File, io::Read as _, path::Path};

use anyhow::Context as _;
use api_types::{
    agencies::{ForkAcknowledgementRequest, ForkAcknowledgementResponse, ForkResponse},
    routes,
};
use protocol::{KeyLog, key_log::ForkProof, signed};
use registry_schema::{AgencyId, Timestamp};
use serde::Serialize;

use crate::{
    CommandContext,
    exit::{Exit, fault},
    out::{self, OutputWriter},
    show,
};

/// Says who acknowledged a fork, and when.
fn by_whom(said: &ForkAcknowledgementResponse, now: Timestamp) -> String {
    let note = said.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
    format!("by {}, {}{note}", said.by, show::ago(said.at, now))
}

pub(crate) async fn list(session: &CommandContext, agency: &AgencyId) -> anyhow::Result<Exit> {
    let reply = session.client.get(&routes::FORKS, &[agency.as_str()], &[]).await?;
    if session.out.json {
        session.out.json(&reply.json)?;
        return Ok(Exit::Done);
    }
    let forks = reply.value()?;
    if forks.is_empty() {
        out::note(&format!("no fork of {agency} is proven here"));
        return Ok(Exit::Done);
    }
    let said = match session.client.has_token() {
        true => acknowledgements(session, agency).await?,
        false => Vec::new(),
    };
    let now = session.now();
    let block = |fork: &ForkResponse| {
        let acknowledged = match (said.iter().find(|one| one.fork == fork.id), fork.acknowledged_at) {
            (Some(one), _) => by_whom(one, now),
            (None, Some(at)) => show::ago(at, now),
            (None, None) => "no".to_owned(),
        };
        show::pairs(&[
            ("fork".to_owned(), fork.id.clone()),
            ("writer key".to_owned(), fork.writer.clone()),
            ("used twice".to_owned(), format!("its number {}", fork.sequence)),
            ("acknowledged".to_owned(), acknowledged),
        ])
    };
    // Names that are to be typed again are not broken, as in a table's columns.
    let blocks: Vec<String> = forks.iter().map(block).collect();
    session.out.data(&blocks.join("\n\n"))?;
    Ok(Exit::Done)
}

async fn acknowledgements(
    session: &CommandContext,
    agency: &AgencyId,
) -> anyhow::Result<Vec<ForkAcknowledgementResponse>> {
    let route = &routes::FORK_ACKNOWLEDGEMENTS;
    session.client.get(route, &[agency.as_str()], &[]).await?.value()
}

pub(crate) async fn acknowledge(
    session: &CommandContext,
    agency: &AgencyId,
    forks: Vec<String>,
    note: Option<String>,
) -> anyhow::Result<Exit> {
    let whom = [agency.as_str()];
    let forks = match forks.is_empty() {
        false => forks,
        true => {
            let listed = session.client.get(&routes::FORKS, &whom, &[]).await?.value()?;
            let open = listed.into_iter().filter(|fork| fork.acknowledged_at.is_none());
            open.map(|fork| fork.id).collect()
        }
    };
    let asked = ForkAcknowledgementRequest { forks, note };
    let reply = session.change(&routes::ACKNOWLEDGE_FORKS, &whom, &asked).await?;
    let now = session.now();
    session.shows(&reply, |said| match said.as_slice() {
        [] => format!("no fork of {agency} waits to be acknowledged"),
        said => {
            let lines = said.iter().flat_map(|one| {
                [
                    ("fork".to_owned(), one.fork.clone()),
                    ("acknowledged".to_owned(), by_whom(one, now)),
                ]
            });
            let told = show::pairs(&lines.collect::<Vec<_>>());
            let so = "they stay proven, and alarm no more; a further fork does";
            format!("{told}\n\n{}", show::paragraph(so))
        }
    })?;
    Ok(Exit::Done)
}

/// Longest proof that is read, in bytes: a whole key log has less.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// A fork that a file proves, as it is printed as JSON.
#[derive(Debug, Serialize)]
struct ProvenFork {
    agency: String,
    envelopes: Vec<String>,
    genesis: String,
    name: String,
    sequence: u32,
    writer: String,
}

pub(crate) fn check(out: OutputWriter, path: &Path) -> anyhow::Result<Exit> {
    let context = || format!("cannot read `{}`", path.display());
    let mut bytes = Vec::new();
    File::open(path)
        .with_context(context)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .with_context(context)?;
    let nothing = |why: String| fault(Exit::Negative, format!("`{}` proves nothing: {why}", path.display()));
    if bytes.len() as u64 > MAX_BYTES {
        return Err(nothing("it is longer than 8 MiB".into()));
    }
    let proof: ForkProof = signed::decode(&bytes).map_err(|_| nothing("it is no proof of a fork".into()))?;
    let (genesis, writer, sequence) = proof.check().map_err(|why| nothing(why.to_string()))?;
    let log = KeyLog::read(proof.key_log.clone()).map_err(|why| nothing(why.to_string()))?;
    let founding = log.founding();
    let envelopes: Vec<String> = proof.headers.iter().map(|header| header.name().to_string()).collect();
    if out.json {
        let proven = ProvenFork {
            agency: founding.agency.to_string(),
            envelopes,
            genesis: genesis.to_string(),
            name: founding.name.clone(),
            sequence,
            writer: writer.to_string(),
        };
        out.json(&serde_json::value::to_raw_value(&proven)?)?;
        return Ok(Exit::Done);
    }
    let mut lines = vec![
        ("agency".to_owned(), format!("{} ({})", founding.agency, founding.name)),
        ("fingerprint".to_owned(), genesis.fingerprint()),
        ("writer key".to_owned(), writer.to_string()),
        ("used twice".to_owned(), format!("its number {sequence}")),
    ];
    lines.extend(show::labelled("envelopes", envelopes));
    let said = "this key signed two histories: two envelopes that do not know of each other";
    out.data(&format!("{}\n\n{said}", show::pairs(&lines)))?;
    Ok(Exit::Done)
}
