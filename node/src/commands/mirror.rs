//! `comityd mirror`: a copy of the signed files of a node or another mirror.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use node::{demo, terminal::say};

use super::report;

/// The options with which files are copied.
#[derive(Debug, Args)]
pub(crate) struct MirrorArgs {
    /// The node's address, or another mirror's.
    #[arg(long, value_name = "URL")]
    from: String,
    /// The web server's folder; the files go into `federation` in it.
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Copy only this agency's: the hash of its first key-log entry. May be given several times.
    #[arg(long, value_name = "GENESIS")]
    agency: Vec<protocol::Hash>,
    /// Certificates to be trusted beside the system's, as a PEM file.
    #[arg(long, value_name = "FILE")]
    roots: Option<PathBuf>,
    /// Copy again and again, with so many seconds between.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    every: Option<u64>,
}

/// Copies once; or for ever, and then a copy that fails is tried again.
pub(crate) async fn perform(options: MirrorArgs) -> anyhow::Result<()> {
    let MirrorArgs {
        from,
        to,
        agency,
        roots,
        every,
    } = options;
    node::choose_cryptography();
    let only = agency.into_iter().collect();
    loop {
        match (
            transport::mirror::copy(&from, roots.as_deref(), &only, &to).await,
            every,
        ) {
            (Ok(copied), _) => say(&format!(
                "`{}` holds the files of {} agencies; {} were new, with {} bytes",
                to.display(),
                copied.agencies,
                copied.files,
                copied.bytes
            )),
            (Err(error), None) => return Err(error),
            (Err(error), Some(_)) => report(&error, false),
        }
        let Some(seconds) = every else { return Ok(()) };
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(seconds)) => {}
            () = demo::shutdown_signal() => return Ok(()),
        }
    }
}
