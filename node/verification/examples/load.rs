//! Asks a node on this machine about badges, as fast as it answers: `load ADDRESS PATH FILE SECONDS CONNECTIONS`, with one
//! badge a line in FILE. Every connection is kept alive and has one question open. Prints one line of JSON:
//! `{"per_second": …, "answers": …, "accepted": …}`; an answer other than 200 ends it.

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

/// Asks in turn, from this badge on; says how many answers came, and how many of them were good.
fn ask(address: &str, path: &str, badges: &[&str], first: usize, until: Instant) -> (u32, u32) {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut writing = stream.try_clone().unwrap();
    let mut reading = BufReader::new(stream);
    let (mut answers, mut accepted) = (0, 0);
    let mut line = String::new();
    let mut body = Vec::new();
    for badge in badges.iter().cycle().skip(first) {
        if Instant::now() > until {
            break;
        }
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            badge.len()
        );
        writing
            .write_all([head.as_bytes(), badge.as_bytes()].concat().as_slice())
            .unwrap();
        let mut length = 0;
        let mut status = String::new();
        loop {
            line.clear();
            assert_ne!(reading.read_line(&mut line).unwrap(), 0, "the connection ended");
            if status.is_empty() {
                status.push_str(line.trim());
            }
            let lower = line.to_ascii_lowercase();
            if let Some(number) = lower.strip_prefix("content-length:") {
                length = number.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        assert!(status.contains(" 200 "), "{status}");
        body.resize(length, 0);
        reading.read_exact(&mut body).unwrap();
        answers += 1;
        let good = [&b"\"accepted\""[..], b"\"verified\":true"];
        accepted += u32::from(
            good.iter()
                .any(|good| body.windows(good.len()).any(|part| part == *good)),
        );
    }
    (answers, accepted)
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, path, file, seconds, connections] = &arguments[..] else {
        println!("load ADDRESS PATH FILE SECONDS CONNECTIONS");
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
