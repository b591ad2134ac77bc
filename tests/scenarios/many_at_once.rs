//! Many badges in one upload get the answers that each would get alone.

use std::io::{Cursor, Write as _};

use registry_schema::{StatusReason, VerdictKind};
use serde_json::{Value, json};
use tests::{Federation, HttpReply, TeacherScenario};
use zip::{ZipWriter, write::SimpleFileOptions};

fn lines(reply: HttpReply) -> Vec<Value> {
    let reply = reply.with_status(200);
    assert_eq!(reply.content_type, "application/jsonl");
    let text = String::from_utf8(reply.body).expect("UTF-8");
    assert!(text.ends_with('\n'), "the last line is whole");
    let lines = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"));
    lines.collect()
}

fn packed(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .expect("an archive");
        writer.write_all(content).expect("an archive");
    }
    writer.finish().expect("an archive").into_inner()
}

/// Row, name and verdict of each line.
fn seen(lines: &[Value]) -> Vec<(u64, &str, &str)> {
    let row = |line: &Value| line["row"].as_u64().expect("a row");
    let seen = lines.iter().map(|line| {
        let input = line["input"].as_str().unwrap_or_default();
        (row(line), input, line["verdict"].as_str().expect("a verdict"))
    });
    seen.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_an_upload_gets_the_answer_it_would_get_alone() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let (sc, nc) = (federation.agency("US-SC"), federation.agency("US-NC"));
    let revoked = sc.issues(&issuer, "Riley Brooks").await;
    sc.revokes(&revoked, StatusReason::IssuedInError).await;
    federation.awaits(nc, &revoked, VerdictKind::NotValid).await;
    let employer = nc.employer();

    let files = [
        ("hires/ana.json", badge.bytes()),
        ("hires/riley.json", revoked.bytes()),
        ("hires/changed.json", badge.tampered()),
        ("letter.txt", b"a letter".to_vec()),
    ];
    let upload = packed(&files);
    let question = [("purpose", "renewal"), ("at", "2026-11-23")];
    let answers = lines(employer.sends_many(upload.clone(), "application/zip", &question).await);
    assert_eq!(
        seen(&answers),
        [
            (
                1,
                "hires/ana.json",
                seen_alone(&employer, &files[0].1, &question).await.as_str()
            ),
            (2, "hires/riley.json", "not_valid"),
            (3, "hires/changed.json", "not_valid"),
            (4, "letter.txt", "unreadable")
        ]
    );
    for (answer, (name, bytes)) in answers.iter().zip(&files) {
        let mut answer = answer.clone();
        let alone = employer.asks(bytes, &question).await;
        for beside in ["row", "input", "checked_at"] {
            answer.as_object_mut().expect("an object").remove(beside);
        }
        let mut alone = serde_json::to_value(alone).expect("JSON");
        alone.as_object_mut().expect("an object").remove("checked_at");
        for verdict in [&mut answer, &mut alone] {
            for finding in verdict["findings"].as_array_mut().expect("findings") {
                finding["as_of"] = Value::Null;
            }
            verdict["status"]["fresh_as_of"] = Value::Null;
        }
        assert_eq!(answer, alone, "{name}");
    }
    let page = employer.drops_on_the_page(&upload).await.with_status(200).text();
    for told in [
        "1 of 4 badges accepted",
        "hires/riley.json",
        "Not a badge we can read",
        "download=\"answers.csv\"",
    ] {
        assert!(page.contains(told), "`{told}` is not on the page: {page}");
    }
    let sniffed = lines(employer.sends_many(upload, "application/octet-stream", &question).await);
    assert_eq!(seen(&sniffed), seen(&answers));

    // Codes are asked of the agency that keeps them; a mistyped one is its own row's answer.
    let csv = format!(
        "name,code\n\"Reyes, Ana\",{}\nRiley,{}\nBo,\nCy,NC-00000\n",
        badge.code(),
        revoked.code()
    );
    let answers = lines(employer.sends_many(csv.into_bytes(), "text/csv", &[]).await);
    let (ana, riley) = (badge.code().to_string(), revoked.code().to_string());
    assert_eq!(
        seen(&answers),
        [
            (2, ana.as_str(), "accepted"),
            (3, riley.as_str(), "not_valid"),
            (4, "", "unreadable"),
            (5, "NC-00000", "unreadable")
        ]
    );
    federation.audit().await;
}

async fn seen_alone(employer: &tests::Employer, badge: &[u8], question: &[(&str, &str)]) -> String {
    employer.asks(badge, question).await.verdict.as_str().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_rows_come_in_order_and_too_many_are_refused() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let employer = federation.agency("US-NC").employer();
    let (good, bad) = (badge.bytes(), badge.tampered());
    let upload: Vec<u8> = (0..1_000_u32)
        .flat_map(|i| [if i % 7 == 0 { &bad[..] } else { &good[..] }, b"\n"].concat())
        .collect();
    let answers = lines(employer.sends_many(upload, "application/jsonl", &[]).await);
    assert_eq!(answers.len(), 1_000);
    for (i, (row, _, verdict)) in seen(&answers).into_iter().enumerate() {
        let expected = if i % 7 == 0 { "not_valid" } else { "accepted" };
        assert_eq!((row, verdict), (i as u64 + 1, expected));
    }

    let many = b"{}\n".repeat(10_001);
    let refused = employer.sends_many(many, "application/jsonl", &[]).await;
    let problem = refused.problem(422, "request.invalid");
    assert!(problem.detail.contains("more than 10000 rows"), "{}", problem.detail);
    let long = vec![b' '; 49 * 1024 * 1024];
    let refused = employer.sends_many(long, "text/csv", &[]).await;
    let problem = refused.problem(413, "request.too_large");
    assert!(problem.detail.contains("48 MiB"), "{}", problem.detail);
    let refused = employer
        .sends_many(json!({}).to_string().into(), "application/zip", &[])
        .await;
    refused.problem(422, "request.invalid");
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_makes_a_node_follow_ten_thousand_links() {
    let federation = Federation::start(&["US-NC"]).await;
    let employer = federation.agency("US-NC").employer();
    // Not one of these is a valid address to ask, so that nothing leaves this machine.
    let csv = format!("link\n{}", "https://127.0.0.1:1/badge\n".repeat(501));
    let answers = lines(employer.sends_many(csv.into_bytes(), "text/csv", &[]).await);
    let told = |line: &Value, what: &str| line["sentence"].as_str().expect("a sentence").contains(what);
    let left_alone: Vec<_> = answers
        .iter()
        .filter(|line| told(line, "only 500 codes and links"))
        .collect();
    assert_eq!((answers.len(), left_alone.len()), (501, 1));
    assert_eq!(left_alone[0]["row"], 502);
    assert!(
        answers.iter().all(|line| line["verdict"] == "could_not_check"),
        "{}",
        answers[0]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_checks_a_list_and_ends_as_the_worst_answer_does() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let nc = federation.agency("US-NC");
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, content: Vec<u8>| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).expect("a file is written");
        path.to_str().expect("a path in Unicode").to_owned()
    };
    let good = write(
        "good.zip",
        packed(&[("a.json", badge.bytes()), ("b.json", badge.bytes())]),
    );
    let mixed = write(
        "mixed.zip",
        packed(&[
            ("a.json", badge.bytes()),
            ("b.json", badge.tampered()),
            ("c.txt", b"x".to_vec()),
        ]),
    );

    let ended = nc.comity(&["verify", "--bulk", &good]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stdout.matches("accepted").count(), 2, "{}", ended.stdout);
    assert!(
        ended.stdout.contains("b.json") && ended.stderr.contains("2 answered"),
        "{ended:?}"
    );

    let ended = nc.comity(&["--output", "json", "verify", "--bulk", &mixed]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let lines: Vec<Value> = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    let verdicts: Vec<&str> = seen(&lines).into_iter().map(|(_, _, verdict)| verdict).collect();
    assert_eq!(verdicts, ["accepted", "not_valid", "unreadable"]);

    let ended = nc
        .comity(&["verify", "--bulk", &write("a.csv", b"name\nAna\n".to_vec())])
        .await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("names no column"), "{}", ended.stderr);
    for wrong in [vec!["verify"], vec!["verify", "a.json", "--bulk", good.as_str()]] {
        assert_eq!(nc.comity(&wrong).await.code, Some(2), "{wrong:?}");
    }
}
