//! Each route does what it declares: a real node is asked, at every route of its table, for what the declaration says.

use std::collections::{BTreeMap, BTreeSet};

use api_types::{ANY, Role};
use node::{DeclaredRoute, declared_routes};
use reqwest::{Method, header};
use serde_json::Value;
use tests::{Federation, TestAgency, http, strangers::socket_of};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// The media type that no route takes by name.
const UNKNOWN: &str = "application/x-unknown";

/// An agency that answers all, however much one address asks.
async fn patient() -> Federation {
    let federation = Federation::start(&["US-SC"]).await;
    let sc = federation.agency("US-SC");
    sc.stops().await;
    let mut config = node::config::Config::load(sc.data()).expect("a configuration");
    config.budget.milliseconds_a_second = 0;
    config.lookups.per_minute = 0;
    config.save(sc.data()).expect("a configuration is written");
    sc.starts().await;
    federation
}

/// The path, with a name for each parameter that is none of anything.
fn path(route: &DeclaredRoute) -> String {
    let parts = route.facts().path.split('/');
    let parts = parts.map(|part| if part.starts_with('{') { "1" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

fn name(route: &DeclaredRoute) -> String {
    format!("{} {}", route.facts().method().as_str(), route.facts().path)
}

fn method(route: &DeclaredRoute) -> Method {
    route.facts().method().as_str().parse().expect("a method")
}

/// A request to a route, by an operator. Nothing is done that can be tried.
fn request(sc: &TestAgency, route: &DeclaredRoute) -> reqwest::RequestBuilder {
    let url = format!("{}{}?dry_run=true", sc.url(), path(route));
    http::client().request(method(route), url).bearer_auth(sc.token())
}

/// The media type by which a body of this route is sent.
fn media_type(route: &DeclaredRoute) -> String {
    match route.facts().accepts.first() {
        Some(&"multipart/form-data") => "multipart/form-data; boundary=x".to_owned(),
        Some(kind) => (*kind).to_owned(),
        None => UNKNOWN.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_one_byte_too_many_is_refused_with_the_limit() {
    let federation = patient().await;
    let sc = federation.agency("US-SC");
    for route in declared_routes() {
        let (name, most) = (name(route), route.most_bytes());
        let body = vec![b' '; most + 1];
        let sent = request(sc, route)
            .header("content-type", media_type(route))
            .body(body.clone());
        let reply = http::send(sent).await.with_status(413);
        assert!(
            reply.text().contains(&route.most_in_words()),
            "{name}: {}",
            reply.text()
        );
        assert_eq!(
            reply.content_type == "text/html",
            route.is_page(),
            "{name}: {}",
            reply.content_type
        );
        // Who does not say how long it is meets the limit where it is read.
        if !route.facts().accepts.is_empty() {
            let told = in_pieces(sc, route, &body).await;
            assert!(told.starts_with("HTTP/1.1 413 "), "{name}: {told}");
            assert!(told.contains(&route.most_in_words()), "{name}: {told}");
            let told = in_pieces(sc, route, &body[..most]).await;
            assert!(!told.starts_with("HTTP/1.1 413 "), "{name}: {told}");
        }
    }
    federation.audit().await;
}

/// The answer to a body whose length is not said.
async fn in_pieces(sc: &TestAgency, route: &DeclaredRoute, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(socket_of(sc.url())).await.expect("a connection");
    let head = format!(
        "{} {}?dry_run=true HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: {}\r\n\
         connection: close\r\ntransfer-encoding: chunked\r\n\r\n",
        method(route),
        path(route),
        sc.token(),
        media_type(route)
    );
    stream.write_all(head.as_bytes()).await.expect("a head is sent");
    for piece in body.chunks(1024 * 1024) {
        let piece = [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
        stream.write_all(&piece).await.expect("a piece is sent");
    }
    // It may be answered, and be gone, by now.
    let _ = stream.write_all(b"0\r\n\r\n").await;
    let mut told = Vec::new();
    let _ = stream.read_to_end(&mut told).await;
    String::from_utf8_lossy(&told).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_another_type_is_refused_with_those_that_are_taken() {
    let federation = patient().await;
    let sc = federation.agency("US-SC");
    let (mut refused, mut taken) = (0, 0);
    for route in declared_routes() {
        let accepts = route.facts().accepts;
        let sent = request(sc, route).header("content-type", UNKNOWN).body("x");
        let response = sent.send().await.expect("an answer");
        let is_refused = response.status() == 415;
        assert_eq!(
            is_refused,
            !accepts.is_empty() && !accepts.contains(&ANY),
            "{}",
            name(route)
        );
        if !is_refused {
            continue;
        }
        refused += 1;
        let text = match route.is_page() {
            true => None,
            false => response.headers().get(header::ACCEPT).cloned(),
        };
        assert_eq!(
            text.as_ref().and_then(|text| text.to_str().ok()),
            (!route.is_page()).then_some(accepts.join(", ").as_str()),
            "{}",
            name(route)
        );
        let told = response.text().await.expect("a text");
        assert!(
            accepts.iter().all(|kind| told.contains(kind)),
            "{}: {told}",
            name(route)
        );
        for kind in accepts {
            let kind = kind.replace("multipart/form-data", "multipart/form-data; boundary=x");
            let sent = request(sc, route).header("content-type", kind).body("x");
            assert_ne!(http::send(sent).await.status, 415, "{}", name(route));
            taken += 1;
        }
    }
    assert!(refused > 25 && taken >= refused, "{refused} {taken}");
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_that_is_not_for_all_is_closed_to_the_others() {
    let federation = patient().await;
    let sc = federation.agency("US-SC");
    let mut closed = 0;
    // A page has its key in the form, and no token.
    for route in declared_routes().iter().filter(|route| !route.is_page()) {
        let is_for_all = matches!(route.facts().role, Role::Public | Role::Peer);
        for token in [None, Some("nobody"), Some("applicant_nobody")] {
            let request = http::client().request(method(route), format!("{}{}", sc.url(), path(route)));
            let request = request.header("content-type", media_type(route));
            let request = match token {
                Some(token) => request.bearer_auth(token),
                None => request,
            };
            let reply = http::send(request.body("x")).await;
            assert_eq!(reply.status == 401, !is_for_all, "{}: {}", name(route), reply.text());
            closed += usize::from(!is_for_all);
        }
    }
    assert!(closed > 100, "{closed}");
    federation.audit().await;
}

/// What is there is what is declared: each route answers, and any other method of its path is refused with those that there are.
#[tokio::test(flavor = "multi_thread")]
async fn the_methods_of_a_path_are_those_that_are_declared() {
    let federation = patient().await;
    let sc = federation.agency("US-SC");
    let mut declared: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for route in declared_routes() {
        let methods = declared.entry(path(route)).or_default();
        methods.insert(route.facts().method().as_str());
        if route.facts().method() == api_types::Method::Get {
            methods.insert("HEAD");
        }
    }
    for (path, methods) in &declared {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            let url = format!("{}{path}?dry_run=true", sc.url());
            let request = http::client().request(method.parse().expect("a method"), url);
            let response = request.bearer_auth(sc.token()).send().await.expect("an answer");
            let is_declared = methods.contains(method);
            assert_eq!(
                response.status() != 405,
                is_declared,
                "{method} {path}: {}",
                response.status()
            );
            if !is_declared {
                let allowed = response.headers().get(header::ALLOW).and_then(|all| all.to_str().ok());
                let allowed: BTreeSet<&str> = allowed.unwrap_or_default().split(',').map(str::trim).collect();
                assert_eq!(&allowed, methods, "{method} {path}");
            } else if method != "HEAD" {
                let told = response.text().await.expect("a text");
                assert!(
                    !told.contains("there is nothing at this address"),
                    "{method} {path} is no route"
                );
            }
        }
    }
    let nowhere = http::get(&format!("{}/v1/nowhere", sc.url())).await;
    assert!(
        nowhere
            .problem(404, "request.not_found")
            .detail
            .contains("there is nothing at this address")
    );
    federation.audit().await;
}

/// A refusal of JSON names the member that it is about.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_the_member_that_it_is_about() {
    let federation = patient().await;
    let sc = federation.agency("US-SC");
    for (body, field) in [
        (
            serde_json::json!({"issuer": 7, "purposes": [], "scope": "all"}),
            Some("issuer"),
        ),
        (
            serde_json::json!({"issuer": "x", "purposes": ["renewal", "fame"], "scope": "all"}),
            Some("purposes[1]"),
        ),
        (Value::Null, None),
    ] {
        let refused = sc
            .asks(Method::POST, api_types::routes::RECOGNIZE.path(), Some(&body))
            .await;
        let problem = refused.problem(400, "request.unsupported");
        assert_eq!(problem.field.as_deref(), field, "{problem:?}");
    }
    federation.audit().await;
}
