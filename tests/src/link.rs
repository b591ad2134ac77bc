//! The wire between two nodes: one TCP proxy a direction, which can be cut and healed.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use crate::ports;

/// The wire between two nodes. While it is cut, connections are refused, and those that stood are gone.
#[derive(Debug)]
pub struct NodeLink {
    ends: [String; 2],
    doors: [LinkDirection; 2],
}

impl NodeLink {
    /// A wire between two nodes, each given by its name and the port at which it listens for peers.
    pub async fn between(one: (&str, u16), other: (&str, u16)) -> Self {
        let doors = [LinkDirection::to(other.1).await, LinkDirection::to(one.1).await];
        Self {
            ends: [one.0.to_owned(), other.0.to_owned()],
            doors,
        }
    }

    /// Returns true if it is the wire between these two.
    pub fn joins(&self, one: &str, other: &str) -> bool {
        let [a, b] = &self.ends;
        (a == one && b == other) || (a == other && b == one)
    }

    /// The port at which `from` finds the other node.
    ///
    /// # Panics
    /// If `from` is not at an end of it.
    pub fn port_for(&self, from: &str) -> u16 {
        let at = self.ends.iter().position(|end| end == from);
        self.doors[at.unwrap_or_else(|| panic!("{from} is at no end of {self:?}"))].port
    }

    /// Counts the connections that came through, in either direction.
    pub fn connections(&self) -> usize {
        self.doors
            .iter()
            .map(|door| door.connections.load(Ordering::Relaxed))
            .sum()
    }

    /// Cuts it. When this returns, nothing passes any more.
    pub async fn cut(&self) {
        for door in &self.doors {
            door.set(false).await;
        }
    }

    /// Joins it again.
    pub async fn heal(&self) {
        for door in &self.doors {
            door.set(true).await;
        }
    }

    /// Returns true if it is whole.
    pub fn is_whole(&self) -> bool {
        self.doors.iter().all(|door| *door.wanted.borrow())
    }
}

/// One direction.
#[derive(Debug)]
struct LinkDirection {
    port: u16,
    connections: Arc<AtomicUsize>,
    wanted: watch::Sender<bool>,
    stands: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl LinkDirection {
    async fn to(target: u16) -> Self {
        let port = ports::free();
        let connections = Arc::new(AtomicUsize::new(0));
        let (wanted, wishes) = watch::channel(true);
        let (is, stands) = watch::channel(false);
        let task = tokio::spawn(stand(port, target, connections.clone(), wishes, is));
        let door = Self {
            port,
            connections,
            wanted,
            stands,
            task,
        };
        door.set(true).await;
        door
    }

    async fn set(&self, open: bool) {
        self.wanted.send_replace(open);
        self.stands
            .clone()
            .wait_for(|is| *is == open)
            .await
            .expect("the proxy stands while its link does");
    }
}

impl Drop for LinkDirection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Lets connections through while that is wanted. Leaving the inner loop closes the listener and all connections.
async fn stand(
    port: u16,
    target: u16,
    count: Arc<AtomicUsize>,
    mut wishes: watch::Receiver<bool>,
    is: watch::Sender<bool>,
) {
    while wishes.wait_for(|open| *open).await.is_ok() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .expect("a link's port is its own");
        let mut connections = JoinSet::new();
        is.send_replace(true);
        loop {
            tokio::select! {
                accepted = listener.accept() => if let Ok((from, _)) = accepted {
                    count.fetch_add(1, Ordering::Relaxed);
                    connections.spawn(pass(from, target));
                },
                Some(_) = connections.join_next() => {}
                wish = wishes.wait_for(|open| !open) => {
                    if wish.is_err() {
                        return;
                    }
                    break;
                }
            }
        }
        connections.shutdown().await;
        drop(listener);
        is.send_replace(false);
    }
}

async fn pass(mut from: TcpStream, target: u16) {
    // A node that does not run refuses; then the one who came is sent away too.
    if let Ok(mut to) = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, target))).await {
        let _ = to.set_nodelay(true);
        let _ = from.set_nodelay(true);
        let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn a_cut_ends_what_stands_and_refuses_what_comes_and_healing_lets_through_again() {
        let echo = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = echo.local_addr().unwrap().port();
        let echoing = tokio::spawn(async move {
            loop {
                let (mut stream, _) = echo.accept().await.unwrap();
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        let link = NodeLink::between(("one", 1), ("other", port)).await;
        let address = (Ipv4Addr::LOCALHOST, link.port_for("one"));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"x").await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'x');

        link.cut().await;
        assert!(stream.read_u8().await.is_err());
        assert!(TcpStream::connect(address).await.is_err());

        link.heal().await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"y").await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'y');
        echoing.abort();
    }
}
