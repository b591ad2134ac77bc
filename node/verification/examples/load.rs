//! Asks nodes on this machine over connections that are kept alive, each with one question open; an answer other than
//! 2xx ends it. Prints one line of JSON.
//!
//! * `load ADDRESS PATH FILE SECONDS CONNECTIONS`: about badges, one a line in FILE, as fast as the node answers:
//!   `{"per_second": …, "answers": …, "accepted": …}`.
//! * `load spread HOME TOKEN FILE ADDRESS…`: revokes each credential of FILE at its home, and asks all nodes until each
//!   says so: `{"all_ms": [until the last node said it, one a revocation], "durable_ms": [until the home had it on
//!   disk]}`. A line of FILE is the credential's code, a space, and the badge.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a tool for developers; a broken answer ends it"
)]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

/// A connection that is kept alive.
struct Connection<'a> {
    address: &'a str,
    writing: TcpStream,
    reading: BufReader<TcpStream>,
    line: String,
    body: Vec<u8>,
}

impl<'a> Connection<'a> {
    fn open(address: &'a str) -> Self {
        let writing = TcpStream::connect(address).unwrap();
        writing.set_nodelay(true).unwrap();
        let reading = BufReader::new(writing.try_clone().unwrap());
        let (line, body) = (String::new(), Vec::new());
        Self {
            address,
            writing,
            reading,
            line,
            body,
        }
    }

    /// The answer to a question.
    fn post(&mut self, path: &str, more: &str, body: &str) -> &[u8] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n{more}content-length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        self.writing
            .write_all([head.as_bytes(), body.as_bytes()].concat().as_slice())
            .unwrap();
        let mut length = 0;
        let mut status = String::new();
        loop {
            self.line.clear();
            assert_ne!(
                self.reading.read_line(&mut self.line).unwrap(),
                0,
                "the connection ended"
            );
            if status.is_empty() {
                status.push_str(self.line.trim());
            }
            let lower = self.line.to_ascii_lowercase();
            if let Some(number) = lower.strip_prefix("content-length:") {
                length = number.trim().parse().unwrap();
            }
            if self.line.trim().is_empty() {
                break;
            }
        }
        self.body.resize(length, 0);
        self.reading.read_exact(&mut self.body).unwrap();
        assert!(
            status.contains(" 20"),
            "{status}: {}",
            String::from_utf8_lossy(&self.body)
        );
        &self.body
    }
}

fn says(body: &[u8], word: &[u8]) -> bool {
    body.windows(word.len()).any(|part| part == word)
}

/// Asks in turn, from this badge on; says how many answers came, and how many of them were good.
fn ask(address: &str, path: &str, badges: &[&str], first: usize, until: Instant) -> (u32, u32) {
    let mut connection = Connection::open(address);
    let (mut answers, mut accepted) = (0, 0);
    for badge in badges.iter().cycle().skip(first) {
        if Instant::now() > until {
            break;
        }
        let body = connection.post(path, "", badge);
        answers += 1;
        accepted += u32::from(says(body, b"\"accepted\"") || says(body, b"\"verified\":true"));
    }
    (answers, accepted)
}

/// Revokes one credential after the other.
fn spread(home: &str, token: &str, credentials: &[&str], addresses: &[String]) {
    let mut writing = Connection::open(home);
    let mut nodes: Vec<Connection<'_>> = addresses.iter().map(|address| Connection::open(address)).collect();
    let authorization = format!("authorization: Bearer {token}\r\n");
    let (mut all, mut durable) = (Vec::new(), Vec::new());
    for credential in credentials {
        let (code, badge) = credential.split_once(' ').unwrap();
        let path = format!("/v1/credentials/{code}/status-entries");
        let begin = Instant::now();
        writing.post(
            &path,
            &authorization,
            r#"{"status":"revoked","reason":"issued_in_error"}"#,
        );
        durable.push(begin.elapsed().as_secs_f64() * 1e3);
        // One after the other: who heard it first is asked no more.
        for node in &mut nodes {
            while !says(node.post("/v1/verifications", "", badge), b"\"status.revoked\"") {
                assert!(
                    begin.elapsed() < Duration::from_secs(60),
                    "a node heard nothing for a minute"
                );
            }
        }
        all.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    println!("{{\"all_ms\": {all:?}, \"durable_ms\": {durable:?}}}");
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, home, token, file, addresses @ ..] = &arguments[..]
        && word == "spread"
        && !addresses.is_empty()
    {
        let text = std::fs::read_to_string(file).unwrap();
        return spread(home, token, &text.lines().collect::<Vec<_>>(), addresses);
    }
    let [address, path, file, seconds, connections] = &arguments[..] else {
        println!("load ADDRESS PATH FILE SECONDS CONNECTIONS, or load spread HOME TOKEN FILE ADDRESS…");
        std::process::exit(2);
    };
    let text = std::fs::read_to_string(file).unwrap();
    let badges: Vec<&str> = text.lines().collect();
    let connections: usize = connections.parse().unwrap();
    let start = Instant::now();
    let until = start + Duration::from_secs_f64(seconds.parse().unwrap());
    let all: Vec<(u32, u32)> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..connections)
            .map(|i| {
                scope.spawn({
                    let badges = &badges;
                    move || ask(address, path, badges, i * badges.len() / connections, until)
                })
            })
            .collect();
        asking.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let took = start.elapsed().as_secs_f64();
    let answers: u32 = all.iter().map(|(answers, _)| answers).sum();
    let accepted: u32 = all.iter().map(|(_, accepted)| accepted).sum();
    let per_second = f64::from(answers) / took;
    println!("{{\"per_second\": {per_second:.1}, \"answers\": {answers}, \"accepted\": {accepted}}}");
}
