//! The invariants. What breaks one says which.

mod at_any_time;
mod at_the_end;
mod told;

/// An invariant of the design, by its number.
pub(crate) const INVARIANTS: [&str; 15] = [
    "same envelopes and key logs, in any order, give identical rows",
    "no row without an authorized signature chain",
    "no peer's act alters another agency's rows",
    "a withheld update is never reported fresh past its term",
    "rows equal a fold from zero, and a crash at any point keeps that",
    "a fork is found by every honest node once the branches meet",
    "nothing after a compromised writer's cut survives",
    "a revocation vanishes only by such a cut",
    "a checkpoint start equals a log start",
    "a hostile peer moves no bound and one agency's poison leaves the others answering",
    "when a partition heals, all converge",
    "no answer's freshness runs ahead of what was applied",
    "one agency's hostile log costs no more than its share and changes nobody else's answers",
    "what is told never runs ahead of the disk, whatever became of a write",
    "nobody writes on who was shown that another process writes with its key, and nobody else stops for that",
];

/// Ends the schedule: this invariant does not hold.
pub(crate) fn violated(number: usize, what: String) -> ! {
    panic!("invariant {number} ({}): {what}", INVARIANTS[number - 1])
}

/// Ends the schedule with these words, unless the condition holds.
macro_rules! hold {
    ($number:literal, $condition:expr, $($what:tt)+) => {
        if !$condition {
            $crate::audit::violated($number, format!($($what)+));
        }
    };
}
pub(crate) use hold;
