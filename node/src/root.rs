//! The root's ceremony: entries of the key log as text files, carried by hand between the node and a machine that is
//! offline. **No network, no store.** The node proposes (`comity key …`), the holders of the root sign
//! (`comityd root sign`), the node takes the entry in (`comity key apply`).

use std::{fmt::Write as _, fs, path::Path};

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use protocol::{
    Hash, KeyLog, Root, SigningKey,
    key_log::{Act, SignedEntry},
    signed::encode,
};
use registry_schema::Timestamp;

use crate::{keys, private};

const ENTRY: &str = "comity-key-log-entry:1:";
const KEY_LOG: &str = "comity-key-log:1:";
/// A key log has at most 1,024 entries of 16 KiB; no honest one comes near.
const MAX_TEXT: usize = 24 * 1024 * 1024;

/// An entry as a text file: what it says in words, then the entry itself in one line.
///
/// # Errors
/// If the entry is none.
pub fn entry_to_text(entry: &SignedEntry) -> anyhow::Result<String> {
    let claim = entry.claim()?;
    let mut text = format!(
        "# An entry of an agency's key log, to be signed by its root: comityd root sign FILE --root KEY\n\
         # {}\n# place {}, name {}\n",
        claim.act,
        claim.position,
        entry.name()
    );
    for key in entry.signers() {
        writeln!(text, "# signed by {key}")?;
    }
    writeln!(text, "{ENTRY}{}", URL_SAFE_NO_PAD.encode(encode(entry)))?;
    Ok(text)
}

/// Reads an entry from its text. The lines with `#` are for people, and not believed.
///
/// # Errors
/// If there is none in it.
pub fn entry_from_text(text: &str) -> anyhow::Result<SignedEntry> {
    let bytes = decode(text, ENTRY).context("this is no entry of a key log: `comity key …` writes one")?;
    Ok(minicbor::decode(&bytes)?)
}

/// A whole key log as a text file.
#[must_use]
pub fn key_log_to_text(key_log: &KeyLog) -> String {
    let founding = key_log.founding();
    format!(
        "# The key log of {} ({})\n# agency {}\n{KEY_LOG}{}\n",
        founding.agency,
        founding.name,
        key_log.genesis(),
        URL_SAFE_NO_PAD.encode(encode(&key_log.signed()))
    )
}

/// Reads a key log from its text.
///
/// # Errors
/// If there is none in it, or it is not what its root signed.
pub fn key_log_from_text(text: &str) -> anyhow::Result<KeyLog> {
    let bytes = decode(text, KEY_LOG).context("this is no key log: `comity key export` writes one")?;
    let entries: Vec<SignedEntry> = minicbor::decode(&bytes)?;
    Ok(KeyLog::read(entries)?)
}

fn decode(text: &str, prefix: &str) -> anyhow::Result<Vec<u8>> {
    anyhow::ensure!(text.len() <= MAX_TEXT, "the file is too large");
    let line = text.lines().find_map(|line| line.trim().strip_prefix(prefix));
    let line = line.with_context(|| format!("no line begins with `{prefix}`"))?;
    Ok(URL_SAFE_NO_PAD.decode(line)?)
}

/// Makes a new root key in a file of its own; gives its public half.
///
/// # Errors
/// If the file is there already, or cannot be written.
pub fn new_key(file: &Path) -> anyhow::Result<String> {
    let (folder, name) = folder_and_name(file)?;
    let seed = keys::create(&folder, &name)?;
    Ok(SigningKey::from_seed(&seed)?.public().to_string())
}

/// The key in a file.
///
/// # Errors
/// If there is none in it.
pub fn key(file: &Path) -> anyhow::Result<SigningKey> {
    let (folder, name) = folder_and_name(file)?;
    Ok(SigningKey::from_seed(&keys::load(&folder, &name)?)?)
}

fn folder_and_name(file: &Path) -> anyhow::Result<(std::path::PathBuf, String)> {
    let name = file
        .file_name()
        .with_context(|| format!("`{}` names no file", file.display()))?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new(".")).to_path_buf();
    Ok((folder, name.to_string_lossy().into_owned()))
}

/// Adds the signatures of these keys to the entry in a file.
///
/// # Errors
/// If the file holds no entry, or cannot be written.
pub fn sign(file: &Path, holders: &[SigningKey]) -> anyhow::Result<SignedEntry> {
    let text = fs::read_to_string(file).with_context(|| format!("`{}` cannot be read", file.display()))?;
    let mut entry = entry_from_text(&text)?;
    for holder in holders {
        entry.sign(holder);
    }
    replace(file, &entry_to_text(&entry)?)?;
    Ok(entry)
}

/// A rotation of the root, signed by the new one.
///
/// # Errors
/// If the new root is not what the key log committed to.
pub fn rotate(
    key_log: &KeyLog,
    new: &[SigningKey],
    threshold: u8,
    next_root: &Root,
    now: Timestamp,
) -> anyhow::Result<SignedEntry> {
    let root = Root::new(threshold, new.iter().map(SigningKey::public).collect())?;
    anyhow::ensure!(
        root.commitment() == key_log.authority().next_root(),
        "these keys are not the next root that `{}` committed to: {} is committed to, this root is {}",
        key_log.founding().agency,
        key_log.authority().next_root(),
        root.commitment()
    );
    let act = Act::RootRotated {
        root,
        next_root: next_root.commitment(),
    };
    let mut entry = key_log.propose(act, now)?;
    for holder in new {
        entry.sign(holder);
    }
    key_log.clone().add(entry.clone())?;
    Ok(entry)
}

/// Writes a file in the place of the old one, whole or not at all.
///
/// # Errors
/// If the disk refuses.
pub fn replace(file: &Path, text: &str) -> anyhow::Result<()> {
    private::replace(file, text.as_bytes())
}

/// A hash in groups of eight, to be read aloud.
#[must_use]
pub fn fingerprint(hash: &Hash) -> String {
    let digits: Vec<char> = hash.to_string().chars().collect();
    let groups: Vec<String> = digits.chunks(8).map(|group| group.iter().collect()).collect();
    groups.join(" ")
}
