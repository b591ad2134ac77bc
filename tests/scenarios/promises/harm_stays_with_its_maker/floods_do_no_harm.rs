//! A sender of too much, or without end, uses a bounded amount of a node, and holds up nobody.

use registry_schema::VerdictKind;
use tests::{Federation, TeacherScenario, VerdictAssertions as _, chance, eventually, http};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

const MIB: usize = 1024 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_large_files_leaves_the_memory_bounded() {
    const POSTS: usize = 30;
    const AT_ONCE: usize = 6;
    const GROWTH: u64 = 150 * 1024 * 1024;
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let tn = federation.agency("US-TN");
    tn.stops().await;
    let program = tn.starts_program(&[]).await;
    let employer = tn.employer();
    let noise = chance::noise(&mut chance::seeded("a_flood_of_large_files"), 20 * MIB);
    // Warm first: what one ordinary answer and one of the largest allowed need is not growth.
    employer
        .verifies_bytes(&noise[..2 * MIB])
        .await
        .is(VerdictKind::Unreadable);
    federation.awaits(tn, &badge, VerdictKind::Accepted).await;
    let before = program.peak_memory();

    let mut refused = 0;
    for _ in 0..POSTS / AT_ONCE {
        let mut posts = tokio::task::JoinSet::new();
        for _ in 0..AT_ONCE {
            let request = http::client()
                .post(format!("{}/v1/verifications", tn.url()))
                .body(noise.clone());
            posts.spawn(http::send(request));
        }
        for reply in posts.join_all().await {
            reply.problem(413, "request.too_large");
            refused += 1;
        }
    }
    assert_eq!(refused, POSTS);
    let grown = program.peak_memory().saturating_sub(before);
    println!(
        "{POSTS} posts of 20 MiB: the peak grew by {} KiB from {} KiB",
        grown / 1024,
        before / 1024
    );
    assert!(grown < GROWTH, "the peak grew by {grown} bytes");
    employer.verifies(&badge).await.is(VerdictKind::Accepted);
    drop(program);
    federation.audit().await;
}

/// Those who begin to send and never end hold up nobody's answer.
#[tokio::test(flavor = "multi_thread")]
async fn slow_senders_hold_up_nobody() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let tn = federation.employer_at("US-TN");
    let address = tn.node().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let mut slow = Vec::new();
    for _ in 0..60 {
        let mut stream = tokio::net::TcpStream::connect(&address).await.expect("a connection");
        let head = "POST /v1/verifications HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{";
        stream.write_all(head.as_bytes()).await.expect("a beginning");
        slow.push(stream);
    }
    for _ in 0..20 {
        tn.verifies(&badge).await.is(VerdictKind::Accepted);
    }
    drop(slow);
    federation.audit().await;
}

/// A connection to a node from another address of this machine.
async fn from(address: &str, node: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket
        .bind(format!("{address}:0").parse().expect("an address"))
        .expect("bound");
    let node = node.trim_start_matches("http://").trim_end_matches('/');
    socket
        .connect(node.parse().expect("an address"))
        .await
        .expect("a connection")
}

const MANY: &str =
    "POST /v1/verifications/bulk HTTP/1.1\r\nhost: x\r\ncontent-type: application/jsonl\r\ncontent-length: ";

/// Twice as many slow uploads as a node works on at once (four), and four answers that nobody reads.
#[tokio::test(flavor = "multi_thread")]
async fn slow_uploaders_and_those_who_read_no_answer_hold_up_nobodys_upload() {
    const SENDERS: u8 = 4;
    const READERS: u8 = 2;
    const OF_EACH: usize = 2;
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let tn = federation.employer_at("US-TN");
    // All badges but one are not worth reading: what fills the way is the answers.
    let rows = b"{}\n".repeat(5_000);
    let mut held = Vec::new();
    for sender in 2..2 + SENDERS {
        let address = format!("127.0.0.{sender}");
        for _ in 0..OF_EACH {
            let mut slow = from(&address, tn.node()).await;
            slow.write_all(format!("{MANY}1000\r\nExpect: 100-continue\r\n\r\n").as_bytes())
                .await
                .expect("a head");
            // Said when the node begins to read the rest: from here on it is on its way.
            let mut go_on = [0; 25];
            slow.read_exact(&mut go_on).await.expect("a word to go on");
            assert!(go_on.starts_with(b"HTTP/1.1 100 "), "{go_on:?}");
            slow.write_all(b"{").await.expect("a beginning");
            held.push(slow);
        }
        let mut third = from(&address, tn.node()).await;
        third
            .write_all(format!("{MANY}2\r\nConnection: close\r\n\r\n{{}}").as_bytes())
            .await
            .expect("an upload");
        let mut answer = String::new();
        while !answer.ends_with('}') {
            let mut part = [0; 1024];
            let length = third.read(&mut part).await.expect("an answer");
            assert!(length > 0, "broken off: {answer}");
            answer.push_str(&String::from_utf8_lossy(&part[..length]));
        }
        assert!(
            answer.starts_with("HTTP/1.1 503") && answer.contains("from your address"),
            "{answer}"
        );
    }
    let upload = [badge.bytes(), b"\n".to_vec()].concat();
    let accepted = |reply: &tests::HttpReply| reply.status == 200 && reply.text().contains("\"verdict\":\"accepted\"");
    let reply = tn.sends_many(upload.clone(), "application/jsonl", &[]).await;
    assert!(accepted(&reply), "{reply:?}");
    for reader in 20..20 + READERS {
        for _ in 0..OF_EACH {
            let mut lazy = from(&format!("127.0.0.{reader}"), tn.node()).await;
            let head = format!("{MANY}{}\r\n\r\n", rows.len());
            lazy.write_all(&[head.as_bytes(), &rows].concat())
                .await
                .expect("an upload");
            // The first line is here: the others wait on the node's side.
            lazy.read_exact(&mut [0; 1024])
                .await
                .expect("the beginning of an answer");
            held.push(lazy);
        }
    }
    // Once all of these are judged, which on a busy machine takes longer than an upload waits for its turn.
    eventually("an upload has its turn", async || {
        let reply = tn.sends_many(upload.clone(), "application/jsonl", &[]).await;
        accepted(&reply).then_some(()).ok_or_else(|| reply.text())
    })
    .await;
    drop(held);
    federation.audit().await;
}
