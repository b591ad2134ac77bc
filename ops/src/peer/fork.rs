//! `comity peer fork-check`: whether a file proves that a key signed two histories. Asks nobody.

use std::{fs::File, io::Read as _, path::Path};

use anyhow::Context as _;
use protocol::{KeyLog, key_log::ForkProof, signed};
use serde::Serialize;

use crate::{
    exit::{Exit, fault},
    out::OutputWriter,
    show,
};

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
