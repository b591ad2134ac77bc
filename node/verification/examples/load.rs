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
struct Connection {
    writing: TcpStream,
    reading: BufReader<TcpStream>,
    line: String,
    body: Vec<u8>,
}

/// A question, as it goes over the wire.
fn question(address: &str, path: &str, more: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n{more}content-length: {length}\r\n\r\n{body}",
    )
    .into_bytes()
}

impl Connection {
    fn open(address: &str) -> Self {
        let writing = TcpStream::connect(address).unwrap();
        writing.set_nodelay(true).unwrap();
        let reading = BufReader::new(writing.try_clone().unwrap());
        let (line, body) = (String::new(), Vec::new());
        Self {
            writing,
            reading,
            line,
            body,
        }
    }

    fn ask(&mut self, question: &[u8]) {
        self.writing.write_all(question).unwrap();
    }

    /// The answer to what was asked.
    fn answer(&mut self) -> &[u8] {
        let (mut length, mut status) = (0, None);
        loop {
            self.line.clear();
            let read = self.reading.read_line(&mut self.line).unwrap();
            assert_ne!(read, 0, "the connection ended");
            let line = self.line.trim_end();
            if line.is_empty() {
                break;
            }
            status.get_or_insert_with(|| line.to_owned());
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
        }
        self.body.resize(length, 0);
        self.reading.read_exact(&mut self.body).unwrap();
        let status = status.unwrap_or_default();
        let is_good = status.contains(" 20");
        assert!(is_good, "{status}: {}", String::from_utf8_lossy(&self.body));
        &self.body
    }
}

fn says(body: &[u8], word: &[u8]) -> bool {
    body.windows(word.len()).any(|part| part == word)
}

/// Asks over all connections in turn, so that each has one question open all the time, on this one thread, which costs the
/// machine less than a thread for each would. Says how many answers came, and how many of them were good.
fn ask(address: &str, questions: &[Vec<u8>], connections: usize, until: Instant) -> (u32, u32) {
    let mut questions = questions.iter().cycle();
    let mut open: Vec<Connection> = (0..connections).map(|_| Connection::open(address)).collect();
    for connection in &mut open {
        connection.ask(questions.next().unwrap());
    }
    let (mut answers, mut accepted) = (0, 0);
    loop {
        let is_last = Instant::now() > until;
        for connection in &mut open {
            let body = connection.answer();
            answers += 1;
            accepted += u32::from(says(body, b"\"accepted\"") || says(body, b"\"verified\":true"));
            if !is_last {
                connection.ask(questions.next().unwrap());
            }
        }
        if is_last {
            return (answers, accepted);
        }
    }
}

/// Revokes one credential after the other.
fn spread(home: &str, token: &str, credentials: &[&str], addresses: &[String]) {
    let mut writing = Connection::open(home);
    let mut nodes: Vec<(&String, Connection)> = addresses.iter().map(|one| (one, Connection::open(one))).collect();
    let authorization = format!("authorization: Bearer {token}\r\n");
    let (mut all, mut durable) = (Vec::new(), Vec::new());
    for credential in credentials {
        let (code, badge) = credential.split_once(' ').unwrap();
        let path = format!("/v1/credentials/{code}/status-entries");
        let begin = Instant::now();
        let revoked = r#"{"status":"revoked","reason":"issued_in_error"}"#;
        writing.ask(&question(home, &path, &authorization, revoked));
        writing.answer();
        durable.push(begin.elapsed().as_secs_f64() * 1e3);
        // One after the other: who heard it first is asked no more.
        for (address, node) in &mut nodes {
            let asked = question(address, "/v1/verifications", "", badge);
            loop {
                node.ask(&asked);
                if says(node.answer(), b"\"status.revoked\"") {
                    break;
                }
                let waited = begin.elapsed();
                assert!(waited < Duration::from_secs(60), "a node heard nothing for a minute");
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
    let questions: Vec<Vec<u8>> = text.lines().map(|badge| question(address, path, "", badge)).collect();
    let start = Instant::now();
    let until = start + Duration::from_secs_f64(seconds.parse().unwrap());
    let (answers, accepted) = ask(address, &questions, connections.parse().unwrap(), until);
    let took = start.elapsed().as_secs_f64();
    let per_second = f64::from(answers) / took;
    println!("{{\"per_second\": {per_second:.1}, \"answers\": {answers}, \"accepted\": {accepted}}}");
}
