//! Faults that can be switched on, one at a time, so that tests show which check of the simulator finds each. Built
//! only with the feature `mutants`; without it the macro is `false`, and nothing of this is in the program.

/// Tells whether this fault is switched on.
#[cfg(feature = "mutants")]
macro_rules! mutant {
    ($name:ident) => {
        $crate::mutant::is_on($crate::mutant::Mutant::$name)
    };
}

/// No fault is built in.
#[cfg(not(feature = "mutants"))]
macro_rules! mutant {
    ($name:ident) => {
        false
    };
}

pub(crate) use mutant;

#[cfg(feature = "mutants")]
pub use switched::{Mutant, is_on, switch_on};

#[cfg(feature = "mutants")]
mod switched {
    use std::cell::Cell;

    /// A fault, one for each invariant of the design, in their order.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Mutant {
        /// Write-once looks at what arrived, not at what came before.
        FirstToArriveWins,
        /// Any key signs for an agency.
        AnyKeySigns,
        /// A key log is taken for the one that was asked for.
        AnyKeyLogPasses,
        /// A heartbeat holds for ever.
        WordsHoldForEver,
        /// A row that goes is not told.
        GoneRowsStay,
        /// A fork is not noted.
        ForksGoUnnoted,
        /// Puts after a cut count.
        CutsCutNothing,
        /// The restrictions of a retired key beyond its last envelopes are forgotten: invariant 8 finds it, in a test of its own.
        RetiredIsForgotten,
        /// A tombstone hides the bit as well.
        TombstonesHideAll,
        /// A checkpoint's page leaves rows out.
        PagesLoseRows,
        /// The same is asked again while it is asked already.
        AskedAgainAndAgain,
        /// An exchange names heartbeats alone.
        HeadsGoUntold,
        /// A heartbeat counts before what it names is here.
        WordsCountEarly,
        /// Of rival entries of a key log those that came first stay. Breaks no invariant of the list: a test of its own
        /// finds it.
        FirstRivalsStay,
        /// Bytes read from a blob store are believed to be those that were put there.
        AtticsAreBelieved,
        /// Words of others that are dated ahead count on after a person vouched for the clock: a test of its own finds it.
        KeepsWordsAhead,
        /// A heartbeat is signed before anybody has told how far the own log reaches.
        VouchesUnheard,
        /// One peer's word on the own log is taken for that of all who hold it.
        OneTellsForAll,
        /// A store that was rebuilt from one peer's files asks only those of which that peer knew. A test of its own finds it.
        RebuiltTrustsOne,
        /// An agency that is pinned alone never waits for its own log.
        AloneNeverWaits,
        /// One agency may cost any work.
        WorkHasNoBound,
        /// A driver carries on after a write to its store failed, and keeps its replica.
        DriversCarryOn,
        /// A replica goes on beside another one that writes with its key.
        WritesBesideAnother,
        /// Automerge refuses a put at the key `r/11`: what a bug in it would look like.
        DocumentsBreak,
    }

    impl Mutant {
        /// All, in the order of the invariants.
        pub const ALL: [Self; 15] = [
            Self::FirstToArriveWins,
            Self::AnyKeySigns,
            Self::AnyKeyLogPasses,
            Self::WordsHoldForEver,
            Self::GoneRowsStay,
            Self::ForksGoUnnoted,
            Self::CutsCutNothing,
            Self::TombstonesHideAll,
            Self::PagesLoseRows,
            Self::AskedAgainAndAgain,
            Self::HeadsGoUntold,
            Self::WordsCountEarly,
            Self::WorkHasNoBound,
            Self::DriversCarryOn,
            Self::WritesBesideAnother,
        ];
    }

    thread_local! {
        static ON: Cell<Option<Mutant>> = const { Cell::new(None) };
    }

    /// Switches a fault on in this thread, or all off.
    pub fn switch_on(mutant: Option<Mutant>) {
        ON.set(mutant);
    }

    /// Returns true if this fault is switched on in this thread.
    #[must_use]
    pub fn is_on(mutant: Mutant) -> bool {
        ON.get() == Some(mutant)
    }
}
