//! The pages of an agency that a replica was given.

use std::{collections::BTreeSet, time::Duration};

use protocol::{Hash, files::PageRef};
use tokio::time::Instant;

/// The time after which a replica that was given everything is given everything once more, if it still asks; then twice as
/// long each time, up to [`LONGEST_PAUSE`]. A mirror that claims heads of which it has no envelopes costs no more.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// The pages of an agency that a replica was given, in this conversation.
#[derive(Debug, Default)]
pub(super) struct PageProgress {
    /// The index of the first page that it lacks, as far as could be told; none, before the first.
    from: Option<usize>,
    given: BTreeSet<Hash>,
    /// The time at which it may be given everything once more, and the pause after that.
    again: Option<(Instant, Duration)>,
}

impl PageProgress {
    /// Tells whether it is known where to begin.
    pub(super) const fn has_begun(&self) -> bool {
        self.from.is_some()
    }

    /// Notes that what stands before this page is there already.
    pub(super) const fn begin_at(&mut self, from: usize) {
        self.from = Some(from);
    }

    /// This page was given.
    pub(super) fn note(&mut self, page: Hash) {
        self.given.insert(page);
    }

    /// Tells whether there are pages that were not given.
    pub(super) fn has_unread(&self, pages: &[PageRef]) -> bool {
        self.unread(pages).is_some()
    }

    /// The page to give next. `has_nothing`: the replica holds nothing of this log.
    pub(super) fn next(&mut self, pages: &[PageRef], has_nothing: bool, now: Instant) -> Option<PageRef> {
        // Names that are not listed any more need not be remembered.
        self.given.retain(|given| pages.iter().any(|page| page.name == *given));
        if self.from.is_none() {
            self.from = Some(0);
        }
        let first_was_given = pages.first().is_some_and(|page| self.given.contains(&page.name));
        let passed_over = self.from != Some(0);
        let unread = self.unread(pages);
        if unread.is_none() || (has_nothing && (first_was_given || passed_over)) {
            return self
                .begin_again(now)
                .then(|| pages.first().copied())
                .flatten()
                .or(unread);
        }
        unread
    }

    fn unread(&self, pages: &[PageRef]) -> Option<PageRef> {
        let from = self.from.unwrap_or(0);
        let mut unread = pages.iter().skip(from).filter(|page| !self.given.contains(&page.name));
        unread.next().copied()
    }

    fn begin_again(&mut self, now: Instant) -> bool {
        let pause = match self.again {
            Some((at, _)) if now < at => return false,
            Some((_, pause)) => pause,
            None => FIRST_PAUSE,
        };
        self.again = Some((now + pause, (pause * 2).min(LONGEST_PAUSE)));
        self.from = Some(0);
        self.given.clear();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(names: &[u8]) -> Vec<PageRef> {
        let page = |name: &u8| PageRef {
            name: Hash([*name; 32]),
            count: 1,
            bytes: 1,
        };
        names.iter().map(page).collect()
    }

    /// Gives pages until there are no more; gives their names.
    fn all(progress: &mut PageProgress, pages: &[PageRef], has_nothing: bool, now: Instant) -> Vec<u8> {
        let mut given = Vec::new();
        let mut nothing = has_nothing;
        while let Some(page) = progress.next(pages, nothing, now) {
            progress.note(page.name);
            given.push(page.name.0[0]);
            nothing = false;
            assert!(given.len() < 100, "it never ends");
        }
        given
    }

    #[test]
    fn each_page_is_given_once_in_order_and_a_longer_last_one_again() {
        let now = Instant::now();
        let mut progress = PageProgress::default();
        let mut given = Vec::new();
        for _ in 0..3 {
            let page = progress.next(&pages(&[1, 2, 3]), given.is_empty(), now).unwrap();
            progress.note(page.name);
            given.push(page.name.0[0]);
        }
        assert_eq!(given, [1, 2, 3]);
        assert!(!progress.has_unread(&pages(&[1, 2, 3])));
        assert!(progress.has_unread(&pages(&[1, 2, 4])));
        assert_eq!(
            progress.next(&pages(&[1, 2, 4, 5]), false, now),
            pages(&[4]).first().copied()
        );
    }

    #[test]
    fn who_still_asks_is_given_everything_once_more_and_then_not_for_a_while() {
        let mut now = Instant::now();
        let mut progress = PageProgress::default();
        let listed = pages(&[1, 2]);
        assert_eq!(all(&mut progress, &listed, true, now), [1, 2, 1, 2]);
        assert_eq!(all(&mut progress, &listed, false, now), Vec::<u8>::new());
        now += FIRST_PAUSE;
        assert_eq!(all(&mut progress, &listed, false, now), [1, 2]);
        now += FIRST_PAUSE;
        assert_eq!(all(&mut progress, &listed, false, now), Vec::<u8>::new());
        now += FIRST_PAUSE;
        assert_eq!(all(&mut progress, &listed, true, now), [1, 2]);
    }

    #[test]
    fn who_took_a_late_page_and_has_nothing_is_given_the_first_ones_too() {
        let now = Instant::now();
        let mut progress = PageProgress::default();
        let listed = pages(&[1, 2, 3]);
        progress.begin_at(2);
        assert_eq!(progress.next(&listed, false, now).unwrap().name.0[0], 3);
        progress.note(Hash([3; 32]));
        assert_eq!(all(&mut progress, &listed, true, now), [1, 2, 3]);
    }

    #[test]
    fn who_never_keeps_anything_does_not_make_it_run_for_ever() {
        let now = Instant::now();
        let mut progress = PageProgress::default();
        let listed = pages(&[1, 2, 3]);
        let mut calls = 0;
        while let Some(page) = progress.next(&listed, true, now) {
            progress.note(page.name);
            calls += 1;
            assert!(calls < 20, "it never ends");
        }
        assert!(calls >= 3);
    }
}
