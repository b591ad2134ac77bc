//! The program's words at its terminal and in its log. **Who no longer listens ends nothing**: a node whose log's reader is
//! gone answers on, where `println!` would panic, and the writer of the log as well.

use std::io::{Stderr, Write};

/// The log's end on standard error.
#[derive(Debug)]
pub struct StderrWriter(Stderr);

impl Default for StderrWriter {
    fn default() -> Self {
        Self(std::io::stderr())
    }
}

impl Write for StderrWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // There is nobody left to tell.
        let _ = self.0.write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let _ = self.0.flush();
        Ok(())
    }
}

/// Says something on standard output, if anybody listens.
pub fn say(text: &str) {
    let mut output = std::io::stdout().lock();
    let _ = writeln!(output, "{text}").and_then(|()| output.flush());
}

/// Says something on standard error, if anybody listens.
pub fn complain(text: &str) {
    let _ = writeln!(StderrWriter::default(), "{text}");
}

/// An error with all its causes, each once: the driver of a database says what its own cause says.
#[must_use]
pub fn in_full(error: &anyhow::Error) -> String {
    let mut told = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !told.ends_with(&cause) {
            told.push_str(": ");
            told.push_str(&cause);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let error = anyhow::anyhow!("it is full")
            .context("the database: it is full")
            .context("no store");
        assert_eq!(in_full(&error), "no store: the database: it is full");
        assert_eq!(in_full(&anyhow::anyhow!("b").context("a")), "a: b");
    }
}
