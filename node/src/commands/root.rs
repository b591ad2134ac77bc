//! `comityd root`: the root's ceremony at the terminal.

use std::{
    fs,
    path::{Path, PathBuf},
};

use agency::root::{self, EntryFile};
use anyhow::Context as _;
use clap::Subcommand;
use node::terminal::say;
use platform::clock::Clock;

/// The ceremonies of the root.
#[derive(Debug, Subcommand)]
pub(crate) enum RootCommand {
    /// Make a new root key in a file of its own.
    New {
        /// The file.
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
        /// Sign even if the agency can write nothing, or sign none of its statements, any more after it.
        #[arg(long)]
        yes_end_this_agency: bool,
    },
    /// Write the entry that puts the next root in the place of the root, signed by the next one.
    Rotate {
        /// The key log, as `comity key export` wrote it.
        key_log: PathBuf,
        /// A key of the new root, which the key log committed to; may be given several times.
        #[arg(long = "root", required = true, value_name = "FILE")]
        roots: Vec<PathBuf>,
        /// The number of the new root's keys that sign together.
        #[arg(long, default_value_t = 1)]
        threshold: u8,
        /// The root after the new one: a key's file, made if it is not there; may be given several times.
        #[arg(long = "next", required = true, value_name = "FILE")]
        next: Vec<PathBuf>,
        /// The number of keys that sign together in the root after the new one.
        #[arg(long, default_value_t = 1)]
        next_threshold: u8,
        /// The file to write the entry to.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// Does it.
pub(crate) fn perform(command: RootCommand) -> anyhow::Result<()> {
    match command {
        RootCommand::New { file } => {
            let key = root::new_key(&file)?;
            say(&format!("made `{}`: keep it offline\npublic key {key}", file.display()));
        }
        RootCommand::Show { file } => say(&root::key(&file)?.public().to_string()),
        RootCommand::Sign {
            entry,
            roots,
            yes,
            yes_end_this_agency,
        } => sign(&entry, &roots, yes, yes_end_this_agency)?,
        RootCommand::Rotate {
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
            let after = protocol::RootKeySet::new(next_threshold, after?)?;
            let entry = root::rotate(&key_log, &holders?, threshold, &after, Clock::default().now())?;
            root::replace(&out, &root::entry_to_text(&entry, &key_log)?)?;
            say(&format!(
                "wrote `{}`: {} of {} has a new root; take it to the node: comity key apply {}",
                out.display(),
                key_log.founding().agency,
                key_log.genesis().fingerprint(),
                out.display()
            ));
        }
    }
    Ok(())
}

/// Shows what an entry does, and has the holders of the root sign it; a key that is not the root's changes nothing.
fn sign(file: &Path, roots: &[PathBuf], yes: bool, yes_end_this_agency: bool) -> anyhow::Result<()> {
    let text = fs::read_to_string(file).with_context(|| format!("`{}` cannot be read", file.display()))?;
    let mut entry = EntryFile::from_text(&text)?;
    let claim = entry.entry.claim()?;
    let agency = entry.key_log.founding().agency.clone();
    say(&format!(
        "this entry, at place {} of the key log of {agency} ({}), says:\n  {}",
        claim.position,
        entry.key_log.genesis().fingerprint(),
        claim.act
    ));
    let ends = entry.ends()?;
    for ending in &ends {
        say(&format!("WARNING: {ending}"));
    }
    anyhow::ensure!(
        ends.is_empty() || yes_end_this_agency,
        "nothing was signed: if that is meant, say so with --yes-end-this-agency"
    );
    let holders: anyhow::Result<Vec<_>> = roots.iter().map(|file| root::key(file)).collect();
    let holders = holders?;
    if !yes {
        confirm("sign it?")?;
    }
    let shown = file.display();
    entry
        .sign(&holders)
        .with_context(|| format!("nothing was signed, and `{shown}` is as it was"))?;
    root::replace(file, &entry.to_text()?)?;
    let (count, needed) = (
        entry.entry.signers().count(),
        usize::from(root::root_of(&claim.act, &entry.key_log).threshold),
    );
    let more = match needed.saturating_sub(count) {
        0 => format!("take it to the node: comity key apply {shown}"),
        1 => "one more key of the root must sign it".to_owned(),
        more => format!("{more} more keys of the root must sign it"),
    };
    say(&format!(
        "signed by {count} of the root's keys, of which {needed} must sign; {more}"
    ));
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
