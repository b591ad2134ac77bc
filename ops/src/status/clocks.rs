//! Clocks: the node's, where that is in doubt, and this machine's, where it is another one.

use api_types::operations::ClockResponse;

use crate::show;

/// By how many seconds two clocks may differ unnoticed.
const CLOCKS_AGREE_SECONDS: i64 = 5 * 60;

/// The next step where the node doubts its clock. The reason stands before it: the node is not ready for that.
pub(super) fn next_step(clock: &ClockResponse) -> Option<String> {
    clock.doubt.as_ref().map(|_| {
        "while its clock is in doubt, the node signs nothing and calls nothing fresh: set the clock of its machine right (chrony or \
         systemd-timesyncd); only if the doubt stays, `comity clock accept`. `comity clock show` tells the time by which the node acts \
         (ops/RUNBOOK.md, *The clock is wrong*)"
            .to_owned()
    })
}

/// That this machine's clock is another one than the node's, if it is so by more than minutes.
pub(super) fn clocks_differ(ahead_by: Option<i64>) -> Option<String> {
    let seconds = ahead_by?;
    (seconds.abs() > CLOCKS_AGREE_SECONDS).then(|| {
        let which = if seconds > 0 { "ahead of" } else { "behind" };
        format!(
            "the clock of this machine is {} {which} the node's: all that is told here is told by the node's",
            show::span(seconds.abs())
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_differ_by_minutes_are_told() {
        assert_eq!(clocks_differ(None), None);
        for seconds in [0, 300, -300] {
            assert_eq!(clocks_differ(Some(seconds)), None);
        }
        let told = |seconds| clocks_differ(Some(seconds)).unwrap();
        assert!(told(-3_600).contains("is 1 hour behind the node's"), "{}", told(-3_600));
        assert!(told(301).contains("is 5 minutes ahead of the node's"), "{}", told(301));
    }

    #[test]
    fn a_clock_in_doubt_has_a_next_step() {
        let step = |json: &str| next_step(&serde_json::from_str(json).unwrap());
        assert_eq!(step(r#"{"now":"2026-11-23T14:02:11Z","doubt":null}"#), None);
        let told = step(r#"{"now":"2026-11-23T14:02:11Z","doubt":"it jumped"}"#).unwrap();
        assert!(told.contains("comity clock accept"), "{told}");
    }
}
