//! The lengths that the files of a SQLite store have at least: the database's own grows alone, and its log becomes shorter
//! only while it is emptied.

use platform::lock::Lock;

/// The lengths that the files had at least, as everybody saw them who looked.
#[derive(Debug, Default)]
pub(super) struct FileLengths(Lock<MinimumLengths>);

/// The lengths that the files had at least at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct MinimumLengths {
    database: u64,
    log: u64,
    /// The number of those who empty the log at this moment: what it is like meanwhile says nothing.
    emptying: usize,
    /// The number of times that this began or ended, or the lengths were forgotten.
    turn: u64,
}

/// A file that is shorter than it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShorterFile {
    Database,
    Log,
}

/// Somebody empties the log.
#[derive(Debug)]
pub(in super::super) struct EmptyingGuard<'l>(&'l FileLengths);

impl FileLengths {
    /// Returns what is known before the files are looked at: meanwhile they may grow, and others see that.
    pub(super) fn known(&self) -> MinimumLengths {
        self.0.with(|lengths| *lengths)
    }

    /// Compares the lengths that were seen with what was known before.
    pub(super) fn compare(&self, before: MinimumLengths, database: u64, log: u64) -> Option<ShorterFile> {
        let is_at_rest = self.0.with(|now| {
            let is_same_turn = now.turn == before.turn;
            if is_same_turn {
                now.database = now.database.max(database);
            }
            if is_same_turn && now.emptying == 0 {
                now.log = now.log.max(log);
            }
            is_same_turn
        });
        if !is_at_rest {
            return None;
        }
        match (database < before.database, before.emptying == 0 && log < before.log) {
            (true, _) => Some(ShorterFile::Database),
            (false, true) => Some(ShorterFile::Log),
            (false, false) => None,
        }
    }

    /// Lets the log become shorter, for as long as what this gives is there.
    pub(super) fn log_is_emptied(&self) -> EmptyingGuard<'_> {
        self.0.with(|lengths| {
            lengths.emptying += 1;
            lengths.turn += 1;
        });
        EmptyingGuard(self)
    }

    /// Begins anew: nothing is lost of what is shorter.
    pub(super) fn forget(&self) {
        self.0.with(|lengths| {
            (lengths.database, lengths.log) = (0, 0);
            lengths.turn += 1;
        });
    }
}

impl Drop for EmptyingGuard<'_> {
    fn drop(&mut self) {
        self.0.0.with(|lengths| {
            lengths.emptying = lengths.emptying.saturating_sub(1);
            lengths.turn += 1;
            lengths.log = 0;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_shorter_only_than_it_was_known_to_be_before_it_was_looked_at() {
        let lengths = FileLengths::default();
        let look = |database, log| lengths.compare(lengths.known(), database, log);
        assert_eq!(look(10, 5), None);
        assert_eq!(look(10, 4), Some(ShorterFile::Log));
        assert_eq!(look(9, 5), Some(ShorterFile::Database));
        // Two look at once, and one of them before the file grew.
        let before = lengths.known();
        assert_eq!(look(12, 7), None);
        assert_eq!(lengths.compare(before, 11, 6), None);
        // It is emptied meanwhile.
        let before = lengths.known();
        let emptying = lengths.log_is_emptied();
        assert_eq!(look(12, 0), None);
        assert_eq!(lengths.compare(before, 12, 0), None);
        drop(emptying);
        assert_eq!(lengths.compare(before, 12, 0), None);
        assert_eq!(look(12, 0), None);
        assert_eq!(look(11, 0), Some(ShorterFile::Database));
        lengths.forget();
        assert_eq!(look(11, 0), None);
    }
}
