//! The knowledge of whether the PostgreSQL server answers. Once it does not, nobody waits for it any more: calls fail at once,
//! and one now and then is let through to see whether it is back ([`Store::watch`](super::Store::watch) sees to that in a node).
//!
//! Nothing waits on a lock: what is known is read and set in a moment.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::{PgPool, Postgres, pool::PoolConnection};
use tokio::{sync::watch, time::timeout};

use platform::lock::Lock;

/// The longest that somebody waits for a connection to a server from which nobody had an answer meanwhile.
const PATIENCE: Duration = Duration::from_secs(3);

/// The pause after which a call is let through to a server that does not answer, where nobody else looks.
const TRIAL_PAUSE: Duration = Duration::from_secs(10);

/// Whether a server answers. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Reach(Arc<ReachState>);

#[derive(Debug)]
struct ReachState {
    moments: Lock<ReachMoments>,
    /// True while the server does not answer.
    is_away: watch::Sender<bool>,
}

#[derive(Debug)]
struct ReachMoments {
    last_answer: Instant,
    /// The moment from which a call is let through to a server that does not answer.
    next_trial: Instant,
}

impl Default for Reach {
    fn default() -> Self {
        let now = Instant::now();
        let moments = ReachMoments {
            last_answer: now,
            next_trial: now,
        };
        Self(Arc::new(ReachState {
            moments: Lock::new(moments),
            is_away: watch::Sender::new(false),
        }))
    }
}

impl Reach {
    /// Returns true if the server is known not to answer.
    pub(super) fn is_away(&self) -> bool {
        *self.0.is_away.borrow()
    }

    fn note_answer(&self) {
        self.0.moments.with(|moments| moments.last_answer = Instant::now());
        if self.set_away(false) {
            tracing::info!("the database's server answers again");
        }
    }

    fn note_silence(&self) {
        self.0
            .moments
            .with(|moments| moments.next_trial = Instant::now() + TRIAL_PAUSE);
        if self.set_away(true) {
            tracing::error!("the database's server does not answer: calls to it fail at once until it does");
        }
    }

    /// Sets whether it is away; gives whether that is news.
    fn set_away(&self, now: bool) -> bool {
        self.0
            .is_away
            .send_if_modified(|is_away| std::mem::replace(is_away, now) != now)
    }

    /// Decides whether a call may go to the server: one that is away is tried now and then.
    fn may_ask(&self) -> bool {
        if !self.is_away() {
            return true;
        }
        let now = Instant::now();
        self.0.moments.with(|moments| {
            let is_trial = moments.next_trial <= now;
            if is_trial {
                moments.next_trial = now + TRIAL_PAUSE;
            }
            is_trial
        })
    }

    fn answered_lately(&self) -> bool {
        self.0.moments.with(|moments| moments.last_answer.elapsed() < PATIENCE)
    }

    /// Takes a connection. A pool whose connections are all at work is waited for; a server that does not answer is not.
    ///
    /// # Errors
    /// [`sqlx::Error::PoolTimedOut`], if the server does not answer.
    pub(super) async fn connection(&self, pool: &PgPool) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        match self.may_ask() {
            true => self.trial(pool).await,
            false => Err(sqlx::Error::PoolTimedOut),
        }
    }

    /// Takes a connection as [`Reach::connection`] does, whatever is known of the server.
    ///
    /// # Errors
    /// [`sqlx::Error::PoolTimedOut`], if the server does not answer.
    pub(super) async fn trial(&self, pool: &PgPool) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        let mut taking = std::pin::pin!(pool.acquire());
        loop {
            match timeout(PATIENCE, &mut taking).await {
                Ok(Ok(connection)) => {
                    self.note_answer();
                    return Ok(connection);
                }
                Ok(Err(error)) => {
                    if matches!(error, sqlx::Error::PoolTimedOut | sqlx::Error::Io(_)) && !self.answered_lately() {
                        self.note_silence();
                    }
                    return Err(error);
                }
                Err(_) if self.answered_lately() => {}
                Err(_) => {
                    self.note_silence();
                    return Err(sqlx::Error::PoolTimedOut);
                }
            }
        }
    }

    /// Runs what reads, and ends it once the server is known not to answer.
    ///
    /// # Errors
    /// As what is run; [`sqlx::Error::PoolTimedOut`], if the server does not answer.
    pub(super) async fn answers<T>(&self, run: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
        let mut news = self.0.is_away.subscribe();
        let falls_silent = async {
            while news.changed().await.is_ok() {
                if *news.borrow_and_update() {
                    return;
                }
            }
            std::future::pending().await
        };
        tokio::select! {
            biased;
            done = run => {
                if done.is_ok() {
                    self.note_answer();
                }
                done
            }
            () = falls_silent => Err(sqlx::Error::PoolTimedOut),
        }
    }

    /// Runs a question about nothing; none, if there was no answer in time: then the server does not answer.
    pub(super) async fn within_patience<T>(&self, run: impl Future<Output = T>) -> Option<T> {
        let answered = timeout(PATIENCE, run).await.ok();
        if answered.is_none() && !self.answered_lately() {
            self.note_silence();
        }
        answered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_does_not_answer_is_waited_for_once() {
        // Nobody listens there.
        let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = nowhere.local_addr().unwrap().port();
        drop(nowhere);
        let pool = sqlx::postgres::PgPoolOptions::new()
            .connect_lazy(&format!("postgres://comity@127.0.0.1:{port}/none"))
            .unwrap();
        let reach = Reach::default();
        let begun = Instant::now();
        assert!(reach.connection(&pool).await.is_err());
        assert!(begun.elapsed() < PATIENCE * 2, "{:?}", begun.elapsed());
        assert!(reach.is_away());
        let begun = Instant::now();
        for _ in 0..100 {
            assert!(matches!(reach.connection(&pool).await, Err(sqlx::Error::PoolTimedOut)));
        }
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        // What was asked before it fell silent is given up.
        reach.note_answer();
        let asking = reach.answers(std::future::pending::<Result<(), sqlx::Error>>());
        let (asked, ()) = tokio::join!(asking, async {
            tokio::task::yield_now().await;
            reach.note_silence();
        });
        assert!(matches!(asked, Err(sqlx::Error::PoolTimedOut)));
    }
}
