//! Copies the files of a node, or of a mirror, into a folder that any web server can serve.
//!
//! A summary is written after all that it names, and the index last, each by renaming: who reads the copy meanwhile
//! finds either the state before or this one. Signatures are not checked here but by whoever begins with the copy.

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use protocol::{Hash, files::LogListing};

use super::source::{MirrorError, MirrorFileKind, MirrorSource};
use api_types::federation::{FederationIndex, IndexedAgency};

/// The most times that a listing is fetched which named files that went meanwhile.
const TRIES: usize = 3;

/// The extent of a copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopySummary {
    /// The number of agencies whose files there are now.
    pub agencies: usize,
    /// The number of files that were fetched: those that were there already are not.
    pub files: usize,
    /// The number of their bytes.
    pub bytes: usize,
}

/// Copies the files under `from`/federation/ into `to`/federation/; of all agencies there, or of these alone.
///
/// # Errors
/// If a file cannot be fetched, is not what its name says, or cannot be written. What was copied before stays whole.
pub async fn copy(from: &str, roots: Option<&Path>, only: &BTreeSet<Hash>, to: &Path) -> anyhow::Result<CopySummary> {
    let source = MirrorSource::new(from, roots)?;
    let index = source.index(None).await.map_err(anyhow::Error::msg)?;
    let (index, _) = index.context("the index is said to be as it was, though nobody asked")?;
    let folder = to.join("federation");
    let mut copied = CopySummary::default();
    let mut here = Vec::new();
    for indexed in index.agencies {
        let genesis: Hash = indexed.genesis.parse().context("the index")?;
        if !only.is_empty() && !only.contains(&genesis) {
            continue;
        }
        let summary = agency(&source, genesis, &folder.join(genesis.to_string()), &mut copied)
            .await
            .with_context(|| format!("the files of `{}`", indexed.agency))?;
        here.push(IndexedAgency {
            genesis: genesis.to_string(),
            agency: indexed.agency,
            summary: summary.to_string(),
        });
        copied.agencies += 1;
    }
    let missing = only
        .iter()
        .find(|only| here.iter().all(|here| here.genesis != only.to_string()));
    anyhow::ensure!(
        missing.is_none(),
        "there are no files of `{}`",
        missing.map(ToString::to_string).unwrap_or_default()
    );
    let index = FederationIndex {
        version: 1,
        agencies: here,
    };
    write(&folder.join("index.json"), &serde_json::to_vec(&index)?)?;
    Ok(copied)
}

/// Copies one agency's files; gives the SHA-256 of its summary.
async fn agency(source: &MirrorSource, genesis: Hash, folder: &Path, copied: &mut CopySummary) -> anyhow::Result<Hash> {
    let mut tries = 0;
    loop {
        tries += 1;
        let (listing, bytes) = source.listing(genesis).await.map_err(anyhow::Error::msg)?;
        match pages(source, genesis, &listing, folder, copied).await? {
            Ok(()) => {
                let summary = folder.join("summary");
                let before = fs::read(&summary).ok().and_then(|bytes| LogListing::read(&bytes).ok());
                write(&summary, &bytes)?;
                // What only an older listing names goes; who has the one before this still finds its files.
                let named: BTreeSet<PathBuf> = [Some(listing), before].iter().flatten().flat_map(named).collect();
                sweep(folder, &named)?;
                return Ok(Hash::of(&[&bytes]));
            }
            Err(gone) => anyhow::ensure!(tries < TRIES, "{gone}: the files change faster than they can be copied"),
        }
    }
}

/// Fetches what a listing names and is not here; says what is not there any more.
async fn pages(
    source: &MirrorSource,
    genesis: Hash,
    listing: &LogListing,
    folder: &Path,
    copied: &mut CopySummary,
) -> anyhow::Result<Result<(), String>> {
    for (kind, name) in all(listing) {
        let path = folder.join(place(kind, name));
        if path.exists() {
            continue;
        }
        match source.named(genesis, kind, name).await {
            Ok(bytes) => {
                write(&path, &bytes)?;
                copied.files += 1;
                copied.bytes += bytes.len();
            }
            Err(MirrorError::Absent(gone)) => return Ok(Err(gone)),
            Err(trouble) => return Err(anyhow::Error::msg(trouble)),
        }
    }
    Ok(Ok(()))
}

fn all(listing: &LogListing) -> Vec<(MirrorFileKind, Hash)> {
    let key_log = listing.key_log.iter().map(|page| (MirrorFileKind::KeyLog, page.name));
    let envelopes = listing
        .envelopes
        .iter()
        .map(|page| (MirrorFileKind::Envelopes, page.name));
    let rows = listing.checkpoint.iter().flat_map(|checkpoint| &checkpoint.rows);
    let statement = listing
        .checkpoint
        .iter()
        .map(|checkpoint| (MirrorFileKind::Checkpoints, checkpoint.name));
    let rows = rows.map(|name| (MirrorFileKind::Rows, *name));
    key_log.chain(envelopes).chain(rows).chain(statement).collect()
}

fn named(listing: &LogListing) -> Vec<PathBuf> {
    let all = all(listing).into_iter();
    all.map(|(kind, name)| place(kind, name)).collect()
}

fn place(kind: MirrorFileKind, name: Hash) -> PathBuf {
    Path::new(kind.folder()).join(name.to_string())
}

/// Removes what is not named. Only files are touched whose names are those of files of ours.
fn sweep(folder: &Path, named: &BTreeSet<PathBuf>) -> anyhow::Result<()> {
    for kind in [
        MirrorFileKind::KeyLog,
        MirrorFileKind::Envelopes,
        MirrorFileKind::Checkpoints,
        MirrorFileKind::Rows,
    ] {
        let Ok(entries) = fs::read_dir(folder.join(kind.folder())) else {
            continue;
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let ours = name.to_str().and_then(|name| name.parse::<Hash>().ok());
            if let Some(name) = ours
                && !named.contains(&place(kind, name))
            {
                fs::remove_file(entry.path()).with_context(|| format!("`{}` stays", entry.path().display()))?;
            }
        }
    }
    Ok(())
}

/// Writes a file whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let written = || -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let new = path.with_extension("new");
        let mut file = fs::File::create(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    written().with_context(|| format!("`{}` cannot be written", path.display()))
}
