//! The root's ceremony: entries of the key log as text files, carried by hand between the node and a machine that is
//! offline. **No network, no store.** The node proposes (`comity key …`), the holders of the root sign
//! (`comityd root sign`), the node takes the entry in (`comity key apply`).

use std::{fmt::Write as _, path::Path};

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use protocol::{
    KeyLog, PublicKey, RootKeySet, SigningKey,
    key_log::{KeyLogAct, SignedKeyLogEntry},
    signed::encode,
};
use registry_schema::Timestamp;

pub use endings::{AgencyAbility, WritingAbility, endings};

use platform::{keys, private};

mod endings;

const ENTRY: &str = "comity-key-log-entry:1:";
const KEY_LOG: &str = "comity-key-log:1:";
/// A key log has at most 1,024 entries of 16 KiB; no honest one comes near.
const MAX_TEXT: usize = 24 * 1024 * 1024;

/// An entry as a text file: what it says in words, the entry itself in one line, and the key log that it is to follow, by
/// which who signs sees whose root it is, and what comes of it.
///
/// # Errors
/// If the entry is none.
pub fn entry_to_text(entry: &SignedKeyLogEntry, key_log: &KeyLog) -> anyhow::Result<String> {
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
    writeln!(text, "{KEY_LOG}{}", URL_SAFE_NO_PAD.encode(encode(&key_log.signed())))?;
    Ok(text)
}

/// The root that must sign an entry after this key log.
#[must_use]
pub fn root_of(act: &KeyLogAct, key_log: &KeyLog) -> RootKeySet {
    match act {
        KeyLogAct::RootRotated { root, .. } => root.clone(),
        _ => key_log.authority().root().clone(),
    }
}

/// Refuses keys that are not the root's.
///
/// # Errors
/// Names the key.
pub fn is_of_root(keys: &[PublicKey], root: &RootKeySet) -> anyhow::Result<()> {
    match keys.iter().find(|key| !root.keys.contains(key)) {
        None => Ok(()),
        Some(other) => {
            let keys: Vec<String> = root.keys.iter().map(ToString::to_string).collect();
            anyhow::bail!(
                "`{other}` is no key of this root: its keys are {} (`comityd root show FILE` prints the public half of one)",
                keys.join(", ")
            )
        }
    }
}

/// Reads an entry from its text. The lines with `#` are for people, and not believed.
///
/// # Errors
/// If there is none in it.
pub fn entry_from_text(text: &str) -> anyhow::Result<SignedKeyLogEntry> {
    let bytes = decode(text, ENTRY).context("this is no entry of a key log: `comity key …` writes one")?;
    Ok(minicbor::decode(&bytes)?)
}

/// Checks whether a text holds an entry, beside the key log that it is to follow.
#[must_use]
pub fn holds_entry(text: &str) -> bool {
    text.lines().any(|line| line.trim().starts_with(ENTRY))
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
    let entries: Vec<SignedKeyLogEntry> = minicbor::decode(&bytes)?;
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

/// An entry to be signed, and the key log that it is to follow.
#[derive(Clone, Debug)]
pub struct EntryFile {
    /// The entry.
    pub entry: SignedKeyLogEntry,
    /// The key log.
    pub key_log: KeyLog,
}

impl EntryFile {
    /// Reads one from its text.
    ///
    /// # Errors
    /// If there is no entry in it, or no key log that it follows.
    pub fn from_text(text: &str) -> anyhow::Result<Self> {
        let entry = entry_from_text(text)?;
        let key_log = key_log_from_text(text).context(
            "the file does not say which key log the entry follows, so whose root signs it cannot be told: write it anew, with \
             `comity key …` of this version",
        )?;
        let claim = entry.claim()?;
        anyhow::ensure!(
            claim.previous == Some(key_log.head()),
            "the entry follows another one than the last of the key log in the file: write it anew with `comity key …`"
        );
        Ok(Self { entry, key_log })
    }

    /// Lists what the agency could do before the entry, and not after it.
    ///
    /// # Errors
    /// If the entry breaks a rule of the key log.
    pub fn ends(&self) -> anyhow::Result<Vec<AgencyAbility>> {
        Ok(endings(&self.key_log, &self.entry.claim()?.act)?)
    }

    /// Adds the signatures of these keys: all of them, or none.
    ///
    /// # Errors
    /// If one of them is not the root's.
    pub fn sign(&mut self, holders: &[SigningKey]) -> anyhow::Result<()> {
        let public: Vec<PublicKey> = holders.iter().map(SigningKey::public).collect();
        is_of_root(&public, &root_of(&self.entry.claim()?.act, &self.key_log))?;
        holders.iter().for_each(|holder| self.entry.sign(holder));
        Ok(())
    }

    /// The file's text.
    ///
    /// # Errors
    /// If the entry is none.
    pub fn to_text(&self) -> anyhow::Result<String> {
        entry_to_text(&self.entry, &self.key_log)
    }
}

/// A rotation of the root, signed by the new one.
///
/// # Errors
/// If the new root is not what the key log committed to.
pub fn rotate(
    key_log: &KeyLog,
    new: &[SigningKey],
    threshold: u8,
    next_root: &RootKeySet,
    now: Timestamp,
) -> anyhow::Result<SignedKeyLogEntry> {
    let root = RootKeySet::new(threshold, new.iter().map(SigningKey::public).collect())?;
    anyhow::ensure!(
        root.commitment() == key_log.authority().next_root(),
        "these keys are not the next root that `{}` committed to: {} is committed to, this root is {}",
        key_log.founding().agency,
        key_log.authority().next_root(),
        root.commitment()
    );
    let act = KeyLogAct::RootRotated {
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
