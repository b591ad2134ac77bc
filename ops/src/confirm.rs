//! Asking before something final, if somebody is there to answer.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::exit::{Exit, fault};

/// Returns true if a person can answer.
pub(crate) fn somebody_is_there() -> bool {
    io::stdin().is_terminal()
}

/// Asks, and goes on only at `yes`.
pub(crate) fn ask(question: &str) -> anyhow::Result<()> {
    let mut stderr = io::stderr();
    write!(stderr, "{} [yes/no] ", crate::show::plain(question))?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if is_yes(&answer) {
        Ok(())
    } else {
        Err(fault(Exit::Negative, "nothing was changed"))
    }
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_a_yes_is_a_yes() {
        assert!(["yes\n", "Y", " YES "].into_iter().all(super::is_yes));
        assert!(!["", "\n", "no", "yes please"].into_iter().any(super::is_yes));
    }
}
