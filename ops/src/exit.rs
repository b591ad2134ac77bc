//! Exit codes, and the errors that carry one.

use std::fmt;

/// The outcome of a command; the numbers are a contract with scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Done, or accepted.
    Done = 0,
    /// A negative answer: not valid, not recognized, unreadable, not found, not ready.
    Negative = 1,
    /// The typed command cannot be done.
    Usage = 2,
    /// The question could not be answered.
    CouldNotCheck = 3,
    /// The node does not allow it.
    NotAllowed = 4,
    /// It conflicts with what stands.
    Conflict = 5,
    /// The node did not answer.
    Unreachable = 6,
    /// The node answered something other than what was asked.
    Integrity = 7,
}

impl Exit {
    pub(crate) const fn code(self) -> u8 {
        self as u8
    }
}

/// An error that knows its exit code.
#[derive(Debug)]
pub(crate) struct CliError {
    pub(crate) exit: Exit,
    message: String,
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CliError {}

pub(crate) fn fault(exit: Exit, message: impl Into<String>) -> anyhow::Error {
    CliError {
        exit,
        message: message.into(),
    }
    .into()
}

pub(crate) fn usage(message: impl Into<String>) -> anyhow::Error {
    fault(Exit::Usage, message)
}

/// The exit code of an error: what it carries, otherwise (a file of the user's that cannot be read or written) usage.
pub(crate) fn of(error: &anyhow::Error) -> Exit {
    error.downcast_ref::<CliError>().map_or(Exit::Usage, |f| f.exit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_code_survives_the_context_put_around_it() {
        use anyhow::Context;
        let error = Err::<(), _>(fault(Exit::Conflict, "taken"))
            .context("row 3")
            .unwrap_err();
        assert_eq!(of(&error), Exit::Conflict);
        assert_eq!(of(&anyhow::anyhow!("no such file")), Exit::Usage);
    }

    #[test]
    fn the_numbers_are_those_that_scripts_know() {
        let all = [
            Exit::Done,
            Exit::Negative,
            Exit::Usage,
            Exit::CouldNotCheck,
            Exit::NotAllowed,
            Exit::Conflict,
            Exit::Unreachable,
            Exit::Integrity,
        ];
        assert_eq!(all.map(Exit::code), [0, 1, 2, 3, 4, 5, 6, 7]);
    }
}
