//! `comityd root`: the root's ceremony at the terminal.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use node::{clock::Clock, root};

use crate::say;

/// What is done with the root.
#[derive(Debug, Subcommand)]
pub(crate) enum Root {
    /// Make a new root key in a file of its own.
    New {
        /// Where.
        file: PathBuf,
    },
    /// Print the public half of a root key.
    Show {
        /// The key's file.
        file: PathBuf,
    },
    /// Read what an entry does, and add the signature of a holder of the root.
    Sign {
        /// The entry, as `comity key …` wrote it; the signed one takes its place.
        entry: PathBuf,
        /// A root key's file; may be given several times.
        #[arg(long = "root", required = true, value_name = "FILE")]
        roots: Vec<PathBuf>,
        /// Sign without asking.
        #[arg(long)]
        yes: bool,
    },
    /// Write the entry that puts the next root in the place of the root, signed by the next one.
    Rotate {
        /// The key log, as `comity key export` wrote it.
        key_log: PathBuf,
        /// A key of the new root, which the key log committed to; may be given several times.
        #[arg(long = "root", required = true, value_name = "FILE")]
        roots: Vec<PathBuf>,
        /// How many of the new root's keys sign together.
        #[arg(long, default_value_t = 1)]
        threshold: u8,
        /// The root after the new one: a key's file, made if it is not there; may be given several times.
        #[arg(long = "next", required = true, value_name = "FILE")]
        next: Vec<PathBuf>,
        /// How many of the root's keys after the new one sign together.
        #[arg(long, default_value_t = 1)]
        next_threshold: u8,
        /// Where to write the entry.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// Does it.
pub(crate) fn perform(command: Root) -> anyhow::Result<()> {
    match command {
        Root::New { file } => {
            let key = root::new_key(&file)?;
            say(&format!("made `{}`: keep it offline\npublic key {key}", file.display()));
        }
        Root::Show { file } => say(&root::key(&file)?.public().to_string()),
        Root::Sign { entry, roots, yes } => {
            let text = fs::read_to_string(&entry).with_context(|| format!("`{}` cannot be read", entry.display()))?;
            let claim = root::entry_from_text(&text)?.claim()?;
            say(&format!(
                "this entry, at place {} of the key log, says:\n  {}",
                claim.position, claim.act
            ));
            if !yes {
                confirm("sign it?")?;
            }
            let holders: anyhow::Result<Vec<_>> = roots.iter().map(|file| root::key(file)).collect();
            let signed = root::sign(&entry, &holders?)?;
            say(&format!(
                "signed by {} key{}; take it to the node: comity key apply {}",
                signed.signers().count(),
                if signed.signers().count() == 1 { "" } else { "s" },
                entry.display()
            ));
        }
        Root::Rotate {
            key_log,
            roots,
            threshold,
            next,
            next_threshold,
            out,
        } => {
            let text =
                fs::read_to_string(&key_log).with_context(|| format!("`{}` cannot be read", key_log.display()))?;
            let key_log = root::key_log_from_text(&text)?;
            let holders: anyhow::Result<Vec<_>> = roots.iter().map(|file| root::key(file)).collect();
            for file in next.iter().filter(|file| !file.exists()) {
                let key = root::new_key(file)?;
                say(&format!(
                    "made `{}`: keep it offline, apart from the root\npublic key {key}",
                    file.display()
                ));
            }
            let after: anyhow::Result<Vec<_>> = next.iter().map(|file| Ok(root::key(file)?.public())).collect();
            let after = protocol::Root::new(next_threshold, after?)?;
            let entry = root::rotate(&key_log, &holders?, threshold, &after, Clock::default().now())?;
            root::replace(&out, &root::entry_to_text(&entry)?)?;
            say(&format!(
                "wrote `{}`: {} of {} has a new root; take it to the node: comity key apply {}",
                out.display(),
                key_log.founding().agency,
                root::fingerprint(&key_log.genesis()),
                out.display()
            ));
        }
    }
    Ok(())
}

/// Asks the person at the terminal.
fn confirm(question: &str) -> anyhow::Result<()> {
    say(&format!("{question} [yes/no]"));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    anyhow::ensure!(answer.trim() == "yes", "nothing was signed");
    Ok(())
}
