//! The network's loop: what is done when.

use futures::StreamExt as _;
use tokio::time::Instant;

use super::{MOST_NEWS, Network, redial::LONGEST_PAUSE};

impl Network {
    /// Runs until the replication's end of the channels is gone.
    ///
    /// Commands are always taken, whatever news waits: replication and network never wait for each other. While much news
    /// waits, nothing more is read from peers.
    pub async fn run(mut self) {
        let news = self.news.clone();
        loop {
            let redials = self.redials.values().filter_map(|redial| redial.at);
            let due = redials.chain(self.pauses.values().copied()).min();
            let due = due.unwrap_or_else(|| Instant::now() + LONGEST_PAUSE);
            tokio::select! {
                order = self.orders.recv() => match order {
                    Some(order) => self.carry_out(order),
                    None => return,
                },
                place = news.reserve(), if !self.outbox.is_empty() => match place {
                    Ok(place) => {
                        if let Some(first) = self.outbox.pop_front() {
                            place.send(first);
                        }
                    }
                    Err(_) => return,
                },
                event = self.swarm.select_next_some(), if self.outbox.len() < MOST_NEWS => {
                    let read = self.read(event);
                    self.outbox.extend(read);
                }
                () = tokio::time::sleep_until(due) => {
                    self.end_pauses();
                    self.dial_who_is_due();
                }
                Some(Ok((name, addresses))) = self.looking_up.join_next() => self.dial(name, addresses),
            }
        }
    }

    /// Lets those in again whose pause is over.
    fn end_pauses(&mut self) {
        let now = Instant::now();
        let over = self.pauses.extract_if(.., |_, until| *until <= now);
        for (name, _) in over {
            // One that was parted with meanwhile stays out.
            if let (Some(peer), true) = (self.peers.get(&name), self.redials.contains_key(&name)) {
                self.swarm.behaviour_mut().allowed.allow_peer(peer.id);
            }
        }
    }
}
