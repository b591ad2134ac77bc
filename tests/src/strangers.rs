//! Strangers who mean harm, from addresses of this machine: they open connections and keep them, ask and do not read.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
};

use crate::{Program, TestAgency, eventually, federation::peer_port_of};

/// The time that a stranger who was thrown out takes to come again.
const PACE: Duration = Duration::from_secs(1);

/// A connection from another address of this machine: `from(7, …)` comes from 127.0.0.7.
///
/// # Errors
/// If nobody takes it.
pub async fn from(last: u8, to: SocketAddr, receive: Option<u32>) -> std::io::Result<TcpStream> {
    from_network(0, last, to, receive).await
}

/// The same from another network of /24: `from_network(3, 7, …)` comes from 127.0.3.7.
///
/// # Errors
/// If nobody takes it.
pub async fn from_network(network: u8, last: u8, to: SocketAddr, receive: Option<u32>) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if let Some(bytes) = receive {
        socket.set_recv_buffer_size(bytes)?;
    }
    socket.bind(SocketAddr::from(([127, 0, network, last], 0)))?;
    socket.connect(to).await
}

/// The socket at which a node answers.
///
/// # Panics
/// If the URL names none.
pub fn socket_of(url: &str) -> SocketAddr {
    let text = url.trim_start_matches("http://").trim_end_matches('/');
    text.parse().expect("an address and a port")
}

/// Returns the socket at which a node listens for peers.
pub fn peer_socket_of(agency: &TestAgency) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], peer_port_of(agency)))
}

/// Runs an agency's stopped node as a program with so many descriptors at most.
///
/// # Panics
/// If its node runs here.
pub async fn starts_with_files(agency: &TestAgency, most: u32) -> Program {
    assert!(!agency.runs().await, "it runs already");
    let data = agency.data().to_str().expect("a path in Unicode");
    let mut program = Program::comityd_with_files(most, ["run", "--data", data]);
    program.answers_at(agency.url()).await;
    program
}

/// An attack that stands until it is dropped: whoever is thrown out comes again.
#[derive(Debug)]
pub struct ConnectionFlood {
    came: Arc<AtomicUsize>,
    here: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl ConnectionFlood {
    /// So many strangers, of these addresses in turn, who each say something, and then neither say nor read more.
    pub fn begins(to: SocketAddr, addresses: &[u8], strangers: usize, says: &'static [u8]) -> Self {
        Self::drips(to, addresses, strangers, says, b"")
    }

    /// The same, but they go on and say so much each second.
    pub fn drips(
        to: SocketAddr,
        addresses: &[u8],
        strangers: usize,
        says: &'static [u8],
        each_second: &'static [u8],
    ) -> Self {
        let (came, here) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut tasks = JoinSet::new();
        for last in addresses.iter().copied().cycle().take(strangers) {
            let (came, here) = (came.clone(), here.clone());
            tasks.spawn(async move {
                let mut pace = tokio::time::interval(PACE);
                loop {
                    pace.tick().await;
                    let Ok(mut stream) = from(last, to, Some(4_096)).await else {
                        continue;
                    };
                    if stream.write_all(says).await.is_err() {
                        continue;
                    }
                    came.fetch_add(1, Ordering::Relaxed);
                    here.fetch_add(1, Ordering::Relaxed);
                    // It reads one byte, which tells that an answer begins, or that it is thrown out.
                    let mut byte = [0];
                    let begun = loop {
                        tokio::select! {
                            read = stream.read(&mut byte) => break matches!(read, Ok(1)),
                            _ = pace.tick(), if !each_second.is_empty() => {}
                        }
                        if stream.write_all(each_second).await.is_err() {
                            break false;
                        }
                    };
                    if begun {
                        // It waits for the end and takes nothing, while the node's side stands.
                        let _ = stream.ready(tokio::io::Interest::ERROR).await;
                    }
                    here.fetch_sub(1, Ordering::Relaxed);
                }
            });
        }
        Self {
            came,
            here,
            _tasks: tasks,
        }
    }

    /// Returns the number that came up to now, those included who came again.
    pub fn came(&self) -> usize {
        self.came.load(Ordering::Relaxed)
    }

    /// Returns the number that are there now, as far as they know.
    pub fn here(&self) -> usize {
        self.here.load(Ordering::Relaxed)
    }

    /// Waits until as many have come.
    pub async fn stands(&self, strangers: usize) {
        let came = async || match self.came() {
            came if came >= strangers => Ok(()),
            came => Err(format!("{came} of {strangers}, {} here", self.here())),
        };
        eventually("the strangers are at the door", came).await;
    }
}
