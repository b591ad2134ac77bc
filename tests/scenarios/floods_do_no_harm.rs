//! Who sends too much, or never ends, uses a bounded amount of a node, and holds up nobody.

use registry_schema::VerdictKind;
use tests::{Answer as _, Federation, Scene, chance, http};
use tokio::io::AsyncWriteExt as _;

const MIB: usize = 1024 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_large_files_leaves_the_memory_bounded() {
    const POSTS: usize = 30;
    const AT_ONCE: usize = 6;
    const GROWTH: u64 = 150 * 1024 * 1024;
    let Scene { federation, badge, .. } = Federation::with_a_badge().await;
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
    let Scene { federation, badge, .. } = Federation::with_a_badge().await;
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
