//! The time at which a peer is dialled next, and what the ends of its connections tell.

use std::time::Duration;

use rand::RngExt as _;
use tokio::time::Instant;

const FIRST_PAUSE: Duration = Duration::from_millis(250);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// A connection that lasts this long was a good one.
const GOOD_CONNECTION: Duration = Duration::from_secs(5);
/// So many connections in a row that the other side ends at once tell that it does not want us: two nodes that dial each other
/// at the same time may end one.
pub(super) const TURNED_AWAY: u32 = 3;

/// The next dial of a peer. The pause grows with each failure, and with each connection that ends at once, as
/// those do that the other side refuses; it begins anew after one that held.
pub(super) struct RedialSchedule {
    /// Not at all, while it is connected.
    pub(super) at: Option<Instant>,
    pause: Duration,
    pub(super) connected: Option<Instant>,
    /// True if the other side asked or answered anything since: who turns us away does neither.
    pub(super) has_spoken: bool,
    /// The number of connections in a row that the other side ended at once.
    ended_at_once: u32,
}

impl RedialSchedule {
    pub(super) fn now() -> Self {
        Self {
            at: Some(Instant::now()),
            pause: FIRST_PAUSE,
            connected: None,
            has_spoken: false,
            ended_at_once: 0,
        }
    }

    pub(super) fn grow(&mut self) {
        let wait = self.pause.mul_f64(rand::rng().random_range(0.7..1.3));
        self.at = Some(Instant::now() + wait);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    /// Notes the end of a connection; gives how many in a row the other side ended at once.
    pub(super) fn disconnected(&mut self, by_them: bool) -> u32 {
        let lasted = self.connected.take().map(|since| since.elapsed());
        let is_good = lasted.is_some_and(|lasted| lasted >= GOOD_CONNECTION);
        if is_good {
            self.pause = FIRST_PAUSE;
        }
        let has_spoken = std::mem::take(&mut self.has_spoken);
        self.ended_at_once = match by_them && !is_good && !has_spoken {
            true => self.ended_at_once.saturating_add(1),
            false => 0,
        };
        self.grow();
        self.ended_at_once
    }

    /// Forgets how many connections in a row the other side ended; gives whether those told that it does not want us.
    pub(super) fn forget_ends(&mut self) -> bool {
        self.connected.is_none() && std::mem::take(&mut self.ended_at_once) >= TURNED_AWAY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_ends_each_connection_turns_us_away_until_it_cannot_be_reached_any_more() {
        let mut redial = RedialSchedule::now();
        for ends in 1..=TURNED_AWAY {
            redial.connected = Some(Instant::now());
            assert_eq!(redial.disconnected(true), ends);
        }
        // A dial that fails while another connection stands tells nothing.
        redial.connected = Some(Instant::now());
        assert!(!redial.forget_ends());
        assert_eq!(redial.disconnected(true), TURNED_AWAY + 1);
        assert!(redial.forget_ends() && !redial.forget_ends());
        redial.connected = Some(Instant::now());
        assert_eq!(redial.disconnected(true), 1);
    }
}
