//! Tests of `client`, and the small server that they and others talk to.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::mpsc,
};

use api_types::recognitions::RecognitionRequest;
use registry_schema::{Purpose, RecognitionScope};

use super::*;
use crate::exit;

/// Answers one request with `status` and `body`; the request as it came is on the channel.
pub(crate) fn canned(status: &str, kind: &str, body: &str) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, requests) = mpsc::channel();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let body = body.to_owned();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut buffer = [0; 4096];
        while !is_whole(&request) {
            let n = stream.read(&mut buffer).unwrap();
            assert!(n > 0, "half a request");
            request.extend_from_slice(&buffer[..n]);
        }
        sender.send(String::from_utf8_lossy(&request).into_owned()).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
    });
    (address, requests)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, _)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|l| l.strip_prefix("content-length: "))
        .map_or(0, |n| n.parse().unwrap());
    request.len() >= head.len() + 4 + length
}

pub(crate) fn client(node: &str) -> ApiClient {
    ApiClient::new(Some(node), &Profile::default()).unwrap()
}

fn recognition() -> RecognitionRequest {
    RecognitionRequest::new("did:key:z6Mk", &[Purpose::Renewal], RecognitionScope::All)
}

#[tokio::test]
async fn a_node_that_does_not_answer_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = client(&address).read(&["v1", "issuers"], &[]).await.err().unwrap();
    assert_eq!(exit::of(&error), Exit::Unreachable);
    assert!(error.to_string().starts_with("cannot reach the node"), "{error}");
}

#[tokio::test]
async fn a_refusal_says_why_and_where_to_read_more() {
    for (status, exit) in [
        ("400 Bad Request", Exit::Usage),
        ("401 Unauthorized", Exit::NotAllowed),
        ("403 Forbidden", Exit::NotAllowed),
        ("404 Not Found", Exit::Negative),
        ("409 Conflict", Exit::Conflict),
        ("422 Unprocessable Content", Exit::Usage),
        ("429 Too Many Requests", Exit::CouldNotCheck),
        ("500 Internal Server Error", Exit::CouldNotCheck),
        ("503 Service Unavailable", Exit::Unreachable),
    ] {
        let problem =
            r#"{"type":"/help/credential.revoked","title":"Conflict","status":409,"detail":"revocation is final"}"#;
        let (node, _requests) = canned(status, "application/problem+json", problem);
        let error = client(&node).read(&["v1", "credentials"], &[]).await.err().unwrap();
        assert_eq!(exit::of(&error), exit, "{status}");
        let text = error.to_string();
        assert!(text.starts_with("revocation is final\n"), "{text}");
        assert!(
            text.ends_with(&format!("read more: {node}/help/credential.revoked")),
            "{text}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_not_taken_for_one() {
    let (node, _requests) = canned("200 OK", "text/html", "<html>hello</html>");
    let error = client(&node).read(&["v1", "issuers"], &[]).await.err().unwrap();
    assert_eq!(exit::of(&error), Exit::CouldNotCheck);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (node, _requests) = canned(
        "307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/",
        "text/plain",
        "",
    );
    let recognition = recognition();
    let error = client(&node).call(&routes::RECOGNIZE, &[], &recognition, false).await;
    let error = error.err().unwrap();
    assert!(error.to_string().contains("sends elsewhere"), "{error}");
}

fn profile(node: &str) -> Profile {
    toml::from_str(&format!("node = \"{node}\"\ntoken = \"s3cret\"")).unwrap()
}

#[tokio::test]
async fn the_token_goes_to_the_profiles_node_and_to_no_other() {
    let (node, requests) = canned("200 OK", "application/json", "[]");
    ApiClient::new(None, &profile(&node))
        .unwrap()
        .read(&["v1", "issuers"], &[])
        .await
        .unwrap();
    assert!(requests.recv().unwrap().contains("authorization: Bearer s3cret"));
    let (other, requests) = canned("200 OK", "application/json", "[]");
    ApiClient::new(Some(&other), &profile(&node))
        .unwrap()
        .read(&["v1", "issuers"], &[])
        .await
        .unwrap();
    assert!(!requests.recv().unwrap().contains("s3cret"));
    // Also if the profile names no node of its own.
    let nobodys = Profile {
        node: None,
        ..profile(&node)
    };
    let (other, requests) = canned("200 OK", "application/json", "[]");
    let client = ApiClient::of_another(&other, &nobodys).unwrap();
    client.read(&["v1", "issuers"], &[]).await.unwrap();
    assert!(!requests.recv().unwrap().contains("s3cret"));
}

#[test]
fn the_token_travels_in_clear_to_this_machine_or_where_somebody_said_so() {
    let new = |node: &str, insecure_http| {
        let profile = Profile {
            insecure_http,
            ..profile(node)
        };
        ApiClient::new(None, &profile)
    };
    for node in [
        "http://192.0.2.7:7400",
        "http://comity.example.gov",
        "http://[2001:db8::7]/",
        "http://localhost.example",
    ] {
        let refused = new(node, false).err().unwrap();
        assert_eq!(exit::of(&refused), Exit::Usage);
        assert!(refused.to_string().contains("--insecure-http"), "{refused}");
        assert!(!refused.to_string().contains("s3cret"), "{refused}");
        assert!(new(node, true).is_ok());
        assert!(
            ApiClient::new(Some(node), &Profile::default()).is_ok(),
            "without a token"
        );
    }
    for node in [
        "http://127.0.0.1:7400",
        "http://[::1]:7400",
        "http://localhost:7400",
        "https://comity.example.gov",
    ] {
        assert!(new(node, false).is_ok(), "{node}");
    }
}

#[tokio::test]
async fn a_dry_run_says_so_to_the_node_and_mistrusts_a_201() {
    let (node, requests) = canned("200 OK", "application/json", "{}");
    let new = recognition();
    client(&node).call(&routes::RECOGNIZE, &[], &new, true).await.unwrap();
    assert!(
        requests
            .recv()
            .unwrap()
            .starts_with("POST /v1/recognitions?dry_run=true HTTP/1.1")
    );
    let (node, _requests) = canned("201 Created", "application/json", "{}");
    let error = client(&node)
        .call(&routes::RECOGNIZE, &[], &new, true)
        .await
        .err()
        .unwrap();
    assert_eq!(exit::of(&error), Exit::Integrity);
}

#[test]
fn what_a_user_types_stays_one_segment() {
    let url = client("http://127.0.0.1:7400/").at(&["v1", "issuers", "https://a.example/../b?c"], &[("at", None)]);
    assert_eq!(
        url.as_str(),
        "http://127.0.0.1:7400/v1/issuers/https:%2F%2Fa.example%2F..%2Fb%3Fc"
    );
}

#[test]
fn an_address_is_http_or_https() {
    for good in ["http://127.0.0.1:7400", "https://registry.example.gov/comity"] {
        assert!(node_url(good).is_ok(), "{good}");
    }
    for bad in ["registry.example.gov", "ftp://a", "https://me:pw@a", "https://a/?b"] {
        assert!(node_url(bad).is_err(), "{bad}");
    }
}
