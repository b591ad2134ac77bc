//! Ports that nobody uses.
//!
//! A node's address is part of its key log, so its port must be known before it runs. Ports are taken from below the
//! range from which the system gives ports to outgoing connections, so that none is lost between choosing and using;
//! one counter serves all tests of a process, and processes begin at different places.

use std::{
    net::{Ipv4Addr, TcpListener, UdpSocket},
    sync::atomic::{AtomicU16, Ordering},
};

const FIRST: u16 = 10_000;
const LAST: u16 = 32_000;

static GIVEN: AtomicU16 = AtomicU16::new(0);

/// A port that nobody uses.
pub fn free() -> u16 {
    free_run(1)
}

/// The first of `length` ports in a row that nobody uses.
///
/// # Panics
/// If there are none.
pub fn free_run(length: u16) -> u16 {
    let places = LAST - FIRST - length;
    let begin = u16::try_from(u64::from(std::process::id()) * 7919 % u64::from(places)).unwrap_or(0);
    for _ in 0..1000 {
        let given = GIVEN.fetch_add(length, Ordering::Relaxed);
        let first = FIRST + u16::try_from((u32::from(begin) + u32::from(given)) % u32::from(places)).unwrap_or(0);
        if (first..first + length).all(is_free) {
            return first;
        }
    }
    panic!("no {length} ports in a row are free between {FIRST} and {LAST}")
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() && UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
