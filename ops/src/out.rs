//! Output: data to stdout, messages to stderr. Nothing else writes to either.

use std::io::{self, IsTerminal, Write};

use serde_json::value::RawValue;

use crate::show;

/// The form in which data is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutputWriter {
    /// As the node's own JSON, one value a line.
    pub(crate) json: bool,
    /// True if color is welcome.
    pub(crate) color: bool,
}

impl OutputWriter {
    pub(crate) fn new(json: bool) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        Self {
            json,
            color: !json && !no_color && io::stdout().is_terminal(),
        }
    }

    /// Writes data and a line end. A reader that has gone away (`| head`) is no error.
    pub(crate) fn data(self, text: &str) -> anyhow::Result<()> {
        let mut stdout = io::stdout().lock();
        let written = writeln!(stdout, "{}", text.trim_end_matches('\n')).and_then(|()| stdout.flush());
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(anyhow::Error::new(error).context("cannot write to stdout"))
            }
            _ => Ok(()),
        }
    }

    /// Writes JSON as the node sent it, on one line.
    pub(crate) fn json(self, value: &RawValue) -> anyhow::Result<()> {
        // A line end can stand in JSON only between tokens: inside a string it is written `\n`.
        self.data(&value.get().replace(['\n', '\r'], " "))
    }
}

/// Writes a message to stderr, without what could steer a terminal.
pub(crate) fn note(text: &str) {
    let lines: Vec<String> = text.lines().map(show::plain).collect();
    // Where not even stderr takes a message, there is nobody left to tell.
    let _gone = writeln!(io::stderr(), "{}", lines.join("\n"));
}
