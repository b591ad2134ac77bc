//! The node's secrets: one file a key, readable by its owner alone.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use protocol::{KeyLog, PublicKey, RootKeySet, SigningKey as WriterKey};
use rand::Rng as _;
use verification::{BadKey, IssuerSigningKey, KeyKind};

use crate::private;

/// The files of the root's key and of the next one's, as `init` names them.
pub const ROOT_FILES: [&str; 2] = ["root.key", "next-root.key"];

/// A new secret of 32 random bytes.
pub fn fresh_seed() -> [u8; 32] {
    let mut seed = [0; 32];
    rand::rng().fill_bytes(&mut seed);
    seed
}

/// A new badge key of this kind, and its secret.
///
/// # Errors
/// If no badge key can be of this kind.
pub fn fresh(kind: KeyKind) -> Result<(IssuerSigningKey, Vec<u8>), BadKey> {
    loop {
        let mut secret = vec![0; if kind == KeyKind::P384 { 48 } else { 32 }];
        rand::rng().fill_bytes(&mut secret);
        match IssuerSigningKey::from_secret(kind, &secret) {
            // One number in four billion and more is beyond the order of the curve.
            Err(BadKey::Invalid(_)) => {}
            other => return other.map(|key| (key, secret)),
        }
    }
}

/// Makes a key file with a new secret, which it gives; refuses to overwrite one.
///
/// # Errors
/// If the file is there already, or cannot be written.
pub fn create(folder: &Path, name: &str) -> anyhow::Result<[u8; 32]> {
    let seed = fresh_seed();
    write(folder, name, &seed)?;
    Ok(seed)
}

fn write(folder: &Path, name: &str, seed: &[u8; 32]) -> anyhow::Result<()> {
    if !folder.exists() {
        private::folder(folder)?;
    }
    let path = folder.join(name);
    let mut file = private::new_file(&path).with_context(|| format!("`{}` cannot be made", path.display()))?;
    writeln!(file, "{}", protocol::Hash(*seed))?;
    file.sync_all()?;
    fs::File::open(folder)?.sync_all()?;
    Ok(())
}

/// Reads a key file.
///
/// # Errors
/// If it cannot be read, or holds no key.
pub fn load(folder: &Path, name: &str) -> anyhow::Result<[u8; 32]> {
    let path = folder.join(name);
    let text = fs::read_to_string(&path).with_context(|| format!("`{}` cannot be read", path.display()))?;
    let seed: protocol::Hash = text
        .trim()
        .parse()
        .with_context(|| format!("`{}` holds no key", path.display()))?;
    Ok(seed.0)
}

/// The name of a writer key's file: the first is `writer.key`, the others carry the beginning of their public half.
fn writer_file(key: &PublicKey) -> String {
    let start: String = key.to_string().chars().take(16).collect();
    format!("writer-{start}.key")
}

/// Makes a further writer key in a file of its own, and gives its public half.
///
/// # Errors
/// If the file cannot be written.
pub fn create_writer(folder: &Path) -> anyhow::Result<PublicKey> {
    let seed = fresh_seed();
    let public = WriterKey::from_seed(&seed)?.public();
    write(folder, &writer_file(&public), &seed)?;
    Ok(public)
}

/// The files in the folder of the running node's keys that hold a key of the agency's root, or of its next one. Of a next
/// root with several keys the key log tells none; those are known by their files' names.
///
/// # Errors
/// If the folder cannot be read.
pub fn roots_at_home(folder: &Path, key_log: &KeyLog) -> anyhow::Result<Vec<PathBuf>> {
    let (root, next) = (key_log.authority().root(), key_log.authority().next_root());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("`{}` cannot be read", folder.display()))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let key = load(folder, &name)
            .ok()
            .and_then(|seed| WriterKey::from_seed(&seed).ok());
        let is_root = key.is_some_and(|key| {
            let key = key.public();
            root.keys.contains(&key) || RootKeySet::single(key).commitment() == next
        });
        if is_root || ROOT_FILES.contains(&name.as_str()) {
            found.push(folder.join(name));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// The advice to an operator about a root key in this file.
pub fn root_at_home(file: &Path) -> String {
    format!(
        "`{}` holds a key of this agency's root: whoever breaks into this machine takes the agency over for good. The node does \
         not need it: move it to a place that is offline, with a copy elsewhere",
        file.display()
    )
}

/// The public half of a key of which nothing is kept: for a look at what an entry would do.
pub fn example() -> PublicKey {
    loop {
        if let Ok(key) = WriterKey::from_seed(&fresh_seed()) {
            return key.public();
        }
    }
}

/// All writer keys that are in this folder.
///
/// # Errors
/// If the folder cannot be read, or one of their files holds no key.
pub fn writers(folder: &Path) -> anyhow::Result<Vec<WriterKey>> {
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("`{}` cannot be read", folder.display()))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name == "writer.key" || (name.starts_with("writer-") && name.ends_with(".key")) {
            names.push(name);
        }
    }
    names.sort_unstable();
    let keys = names.iter().map(|name| Ok(WriterKey::from_seed(&load(folder, name)?)?));
    keys.collect()
}
