//! Thins out what is kept of how fresh each agency's log was, so that years of it stay small: all of the last two days,
//! one row an hour of the last ninety, one a day of what was before, and every change beside these.
//!
//! What is joined tells less than what there was, and never more: the agency's log was as fresh all along as it was at the
//! beginning, and fresh until the end. So an answer about what was known then names an older moment, by an hour or a day
//! at most, and stays as sure as it was.

use registry_schema::Timestamp;

use super::standing::LogStatus;
use storage::{CompactionInterval, LogStatusRow, Store, StoreError};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// The number of hours and days that are thinned at a time: what was left undone is made good bit by bit.
const MOST_AT_ONCE: usize = 24;

/// Thins what has become old enough.
///
/// # Errors
/// [`StoreError`], if the store cannot be written: by this process, or at all.
pub(crate) async fn thin(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    for (grain, length, in_full) in [
        (CompactionInterval::Hours, HOUR, 2 * DAY),
        (CompactionInterval::Days, DAY, 90 * DAY),
    ] {
        let mut begin = store.thinned_up_to(grain).await?.0 / length * length;
        for _ in 0..MOST_AT_ONCE {
            let end = begin.saturating_add(length);
            if end > now.0.saturating_sub(in_full) {
                break;
            }
            let kept = store.standings_between(Timestamp(begin), Timestamp(end)).await?;
            let (gone, longer) = joined(&kept);
            store.thin_standings(grain, Timestamp(end), &gone, &longer).await?;
            begin = end;
        }
    }
    Ok(())
}

/// Of rows by agency and time: those that another tells with it, and those that tell more for it.
fn joined(kept: &[LogStatusRow]) -> (Vec<i64>, Vec<(i64, Vec<u8>)>) {
    let (mut gone, mut longer) = (Vec::new(), Vec::new());
    let mut open: Option<(i64, LogStatus, bool)> = None;
    for row in kept {
        // What cannot be read stays as it is.
        let Ok(next) = minicbor::decode::<LogStatus>(&row.standing) else {
            continue;
        };
        match &mut open {
            Some((_, standing, grew)) if standing.goes_on_in(&next, row.at) => {
                standing.reach(&next);
                *grew = true;
                gone.push(row.position);
            }
            _ => {
                longer.extend(open.take().filter(|(.., grew)| *grew));
                open = Some((row.position, next, false));
            }
        }
    }
    longer.extend(open.filter(|(.., grew)| *grew));
    let longer = longer
        .into_iter()
        .map(|(position, standing, _)| (position, standing.to_bytes()));
    (gone, longer.collect())
}

#[cfg(test)]
#[expect(clippy::print_stdout, reason = "the seed, and how much is left")]
mod tests {
    use protocol::Hash;
    use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

    use super::*;

    const TERM: i64 = 900_000;
    const BEGIN: i64 = 1_700_000_000_000 / DAY * DAY;

    fn decoded(row: &LogStatusRow) -> LogStatus {
        minicbor::decode(&row.standing).unwrap()
    }

    /// The rows of some days in which an agency was heard most of the time, by the rule by which a node keeps them.
    fn heard(days: i64, chance: &mut StdRng) -> Vec<LogStatusRow> {
        let (mut kept, mut at): (Vec<LogStatusRow>, i64) = (Vec::new(), BEGIN);
        let mut disputed = false;
        while at < BEGIN + days * DAY {
            at += match chance.random_range(0..500) {
                0 => chance.random_range(TERM..20 * TERM),
                _ => chance.random_range(100_000..180_000),
            };
            disputed ^= chance.random_range(0..2_000) == 0;
            let span = (at - chance.random_range(0..500), at + TERM);
            let standing = LogStatus {
                agency: Hash([7; 32]),
                connected: true,
                missing: 0,
                heard: Some(span),
                others_heard: Some(span),
                disputed,
                waiting: vec![],
                via: None,
                forks: Some(0),
                hindrance: None,
                store_doubt: None,
                lacks_own: None,
                turned_away: None,
                written_elsewhere: None,
            };
            kept.push(LogStatusRow {
                position: i64::try_from(kept.len()).unwrap(),
                at: Timestamp(at),
                standing: standing.to_bytes(),
            });
        }
        kept
    }

    /// Thins rows out by windows of this length.
    fn thinned(kept: &[LogStatusRow], length: i64) -> Vec<LogStatusRow> {
        let mut left = Vec::new();
        for window in kept.chunk_by(|a, b| a.at.0 / length == b.at.0 / length) {
            let (gone, longer) = joined(window);
            let mut window = window.to_vec();
            window.retain(|row| !gone.contains(&row.position));
            for (position, standing) in longer {
                let row = window.iter_mut().find(|row| row.position == position);
                row.unwrap().standing = standing;
            }
            left.extend(window);
        }
        left
    }

    /// The statement on a moment: the agency's freshness, and whether its grants count.
    fn told(kept: &[LogStatusRow], then: i64) -> (i64, bool, bool) {
        let row = &kept[kept.partition_point(|row| row.at.0 <= then) - 1];
        let standing = decoded(row);
        let (as_of, until) = standing.heard.unwrap();
        (as_of, then < until, standing.disputed)
    }

    #[test]
    fn what_is_thinned_out_is_as_sure_as_it_was_and_at_most_its_grain_older() {
        let seed = 20_261_124;
        println!("seed {seed}");
        let chance = &mut StdRng::seed_from_u64(seed);
        let all = heard(120, chance);
        let hours = thinned(&all, HOUR);
        let days = thinned(&hours, DAY);
        for (thin, grain) in [(&hours, HOUR), (&days, DAY)] {
            let mut stale = 0;
            for _ in 0..20_000 {
                let then = chance.random_range(all[0].at.0..BEGIN + 120 * DAY);
                let ((as_of, fresh, disputed), (before, was_fresh, was_disputed)) =
                    (told(thin, then), told(&all, then));
                assert_eq!((fresh, disputed), (was_fresh, was_disputed), "at {then}");
                assert!(
                    (0..=grain).contains(&(before - as_of)),
                    "at {then}: {as_of}, and was {before}"
                );
                stale += u32::from(!fresh);
            }
            assert!(stale > 0, "silence was looked at, too");
        }
        // One a day, and one for each silence and each change.
        println!(
            "{} rows, {} by the hour, {} by the day",
            all.len(),
            hours.len(),
            days.len()
        );
        assert!(
            hours.len() < 120 * 24 + 500 && days.len() < 120 + 500,
            "{} {}",
            hours.len(),
            days.len()
        );
    }

    #[test]
    fn a_silence_a_change_and_another_agency_are_not_joined() {
        let row = |position: i64, at: i64, with: fn(&mut LogStatus)| {
            let mut standing = decoded(&heard(1, &mut StdRng::seed_from_u64(1))[0]);
            (standing.heard, standing.others_heard) = (Some((at, at + TERM)), None);
            with(&mut standing);
            let standing = standing.to_bytes();
            let at = Timestamp(at);
            LogStatusRow { position, at, standing }
        };
        let same: fn(&mut LogStatus) = |_| {};
        let two = |at: i64, with| joined(&[row(1, 0, same), row(2, at, with)]).0;
        assert_eq!(two(TERM, same), [2]);
        assert!(two(TERM + 1, same).is_empty(), "it was not fresh for a moment");
        let changes: [fn(&mut LogStatus); 5] = [
            |one| one.disputed = true,
            |one| one.agency = Hash([8; 32]),
            |one| one.heard = None,
            |one| one.others_heard = Some((0, 1)),
            |one| one.heard = Some((0, 5)),
        ];
        for change in changes {
            assert!(two(1_000, change).is_empty());
        }
    }
}
