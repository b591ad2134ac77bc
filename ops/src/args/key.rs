//! `comity key …`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use registry_schema::Timestamp;

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// List the keys of your agency's key log
    #[command(after_help = "Example:\n  comity key list")]
    List,
    /// Have the node make a new writer key; the root then adds it
    #[command(after_help = "\
Example:
  comity key rotate --out new-writer.entry
  comityd root sign new-writer.entry --root root.key     (offline)
  comity key apply new-writer.entry
  comity key end OLDKEY --retired --out old-writer.entry

The node writes with the new key as soon as the entry is applied.")]
    Rotate {
        /// The kinds of documents it may write (status-list, trust-list); all if
        /// none is given
        #[arg(long = "kind", value_name = "KIND")]
        kinds: Vec<String>,
        /// Write the entry for the root to this file
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Let the key of another node of your agency write
    #[command(after_help = "Example:\n  comity key add KEY --kind status-list --out second.entry")]
    Add {
        /// The other node's public key: `comityd root show FILE` prints it
        key: String,
        /// The kinds of documents it may write; all if none is given
        #[arg(long = "kind", value_name = "KIND")]
        kinds: Vec<String>,
        /// Write the entry for the root to this file
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Let a writer key write some kinds of documents only
    #[command(after_help = "Example:\n  comity key scope KEY --kind status-list --out narrow.entry")]
    Scope {
        /// The key, or how it begins
        key: String,
        /// The kinds of documents it may write from now on; all if none is given
        #[arg(long = "kind", value_name = "KIND")]
        kinds: Vec<String>,
        /// Write the entry for the root to this file
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// End a key, and see first what that takes back
    #[command(after_help = "\
Examples:
  comity key end KEY --retired --out end.entry
  comity key end KEY --compromised --before 2026-11-01 --out end.entry
  comity key end KEY --compromised --last-good HASH --dry-run --out end.entry

After a retirement all that the key signed stays good. Of a compromised writer
key only the named envelopes and what came before them stay; what that
un-revokes is listed first.")]
    End(KeyEndArgs),
    /// Take in an entry that the root signed
    #[command(after_help = "\
Examples:
  comity key apply new-writer.entry
  comity key apply end.entry --dry-run

Asks before it acts; where nobody is there to answer, --yes is needed.")]
    Apply {
        /// The entry's file
        entry: PathBuf,
        /// Take it in even if your agency can write nothing, or sign none of its statements, any more after it
        #[arg(long)]
        yes_end_this_agency: bool,
    },
    /// Write the whole key log to a file, for the root's ceremony
    #[command(after_help = "Example:\n  comity key export US-NC.key-log")]
    Export {
        /// The file
        out: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct KeyEndArgs {
    /// The key, or how it begins
    pub(crate) key: String,
    /// In good order: all that came before stays good
    #[arg(long, conflicts_with = "compromised")]
    pub(crate) retired: bool,
    /// Somebody else may have used it
    #[arg(long)]
    pub(crate) compromised: bool,
    /// It signs the agency's statements, not its lists
    #[arg(long)]
    pub(crate) badge_key: bool,
    /// What it dated before this is good
    #[arg(long, value_name = "DATE", conflicts_with = "last_good")]
    pub(crate) before: Option<Timestamp>,
    /// Its last good envelope; may be given several times
    #[arg(long, value_name = "HASH")]
    pub(crate) last_good: Vec<String>,
    /// Write the entry for the root to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}
