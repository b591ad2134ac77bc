//! The guard against hosts that mean ill: real HTTPS, names by a double.

mod sharing;

use std::{
    collections::VecDeque,
    convert::Infallible,
    io::Write as _,
    net::SocketAddr,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect},
    routing::get,
};
use axum_server::tls_rustls::RustlsConfig;
use futures::{StreamExt as _, future::BoxFuture};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{names::LookupHold, *};

/// Says for each look-up what comes next in the list, the last for ever; counts the look-ups.
#[derive(Debug, Default)]
struct ScriptedResolver {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl ScriptedResolver {
    fn saying(answers: &[&[&str]]) -> Arc<Self> {
        let addresses = |texts: &&[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Arc::new(Self {
            answers: Mutex::new(answers.iter().map(addresses).collect()),
            asked: AtomicUsize::new(0),
        })
    }
}

impl NameResolver for ScriptedResolver {
    fn look_up(&self, _: String, _: LookupHold) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 {
            answers.pop_front()
        } else {
            answers.front().cloned()
        };
        Box::pin(async move { answer.ok_or_else(|| std::io::Error::other("no such name")) })
    }
}

/// A host with a certificate for `badges.example` and `inner.example`, and what it heard.
struct TestHost {
    port: u16,
    root: Certificate,
    heard: Arc<Mutex<Vec<HeaderMap>>>,
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packing = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packing.write_all(bytes).unwrap();
    packing.finish().unwrap()
}

fn drip(bytes: usize, pause: Duration) -> Body {
    let drops = futures::stream::unfold(0, move |i| async move {
        tokio::time::sleep(pause).await;
        (i < bytes).then(|| (Ok::<_, Infallible>(Bytes::from_static(b"x")), i + 1))
    });
    Body::from_stream(drops)
}

async fn server() -> TestHost {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let names = ["badges.example".to_owned(), "inner.example".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let (cert, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let to = |path: String| get(move || async move { Redirect::temporary(&path) });
    let here = format!("https://badges.example:{port}");
    let endless = || async {
        let chunk = Bytes::from(vec![b'x'; 64 * 1024]);
        Body::from_stream(futures::stream::repeat_with(move || Ok::<_, Infallible>(chunk.clone())))
    };
    let bomb = Bytes::from(gzip(&vec![0; 16 * 1024 * 1024]));
    // Nothing past the cap is unpacked: else its missing end would be seen, and it would be called broken.
    let endless_bomb = bomb.slice(..bomb.len() - 8);
    let routes = Router::new()
        .route(
            "/badge",
            get(|| async { ([("content-type", "Application/VC; charset=utf-8")], "{}") }),
        )
        .route("/to-badge", to("/badge".to_owned()))
        .route("/to-plain", to("http://badges.example/badge".to_owned()))
        .route("/to-private", to("https://10.0.0.1/badge".to_owned()))
        .route(
            "/to-metadata",
            to("https://169.254.169.254/latest/meta-data".to_owned()),
        )
        .route("/to-number", to("https://2130706433/".to_owned()))
        .route("/to-mapped", to("https://[::ffff:10.0.0.1]/".to_owned()))
        .route("/to-inner", to(format!("https://inner.example:{port}/badge")))
        .route("/to-user", to(format!("https://a:b@badges.example:{port}/badge")))
        .route("/round", to(format!("{here}/round")))
        .route("/endless", get(endless))
        .route("/drip", get(|| async { drip(1_000_000, Duration::from_millis(20)) }))
        .route("/slow-start", get(futures::future::pending::<()>))
        .route("/exact", get(|| async { vec![b'x'; MOST_BYTES] }))
        .route("/one-more", get(|| async { vec![b'x'; MOST_BYTES + 1] }))
        .route(
            "/packed",
            get(|| async { ([("content-encoding", "gzip")], gzip(b"{}")) }),
        )
        .route(
            "/bomb",
            get(move || async move { ([("content-encoding", "gzip")], bomb.clone()) }),
        )
        .route(
            "/endless-bomb",
            get(move || async move { ([("content-encoding", "gzip")], endless_bomb.clone()) }),
        )
        .route(
            "/half-packed",
            get(|| async { ([("content-encoding", "gzip")], gzip(&[7; 999])[..20].to_vec()) }),
        )
        .route(
            "/otherwise-packed",
            get(|| async { ([("content-encoding", "br")], "x") }),
        )
        .route("/gone", get(|| async { (StatusCode::GONE, "gone").into_response() }))
        .layer(axum::middleware::from_fn_with_state(
            heard.clone(),
            |State(heard): State<Arc<Mutex<Vec<HeaderMap>>>>,
             request: axum::extract::Request,
             next: axum::middleware::Next| async move {
                heard.lock().unwrap().push(request.headers().clone());
                next.run(request).await
            },
        ));
    let tls = RustlsConfig::from_pem(cert.clone().into_bytes(), key.into_bytes())
        .await
        .unwrap();
    tokio::spawn(
        axum_server::from_tcp_rustls(listener, tls)
            .unwrap()
            .serve(routes.into_make_service()),
    );
    TestHost {
        port,
        root: Certificate::from_pem(cert.as_bytes()).unwrap(),
        heard,
    }
}

impl TestHost {
    fn url(&self, path: &str) -> String {
        format!("https://badges.example:{}{path}", self.port)
    }

    fn guard(&self, names: &Arc<ScriptedResolver>, loopback: bool) -> OutboundClient {
        let patience = Duration::from_millis(800);
        OutboundClient::with(loopback, vec![self.root.clone()], names.clone(), patience).unwrap()
    }
}

fn stranger(last: u8) -> FetchRequester {
    FetchRequester::Stranger([192, 0, 2, last].into())
}

impl OutboundClient {
    async fn fetch_for(
        &self,
        whom: FetchRequester,
        url: &str,
        accept: &'static str,
    ) -> Result<FetchedResource, OutboundError> {
        let until = tokio::time::Instant::now() + Duration::from_secs(2);
        self.enter(whom, until).await?.fetch(url, accept).await
    }

    async fn fetch(&self, url: &str, accept: &'static str) -> Result<FetchedResource, OutboundError> {
        self.fetch_for(stranger(1), url, accept).await
    }
}

fn here() -> Arc<ScriptedResolver> {
    ScriptedResolver::saying(&[&["127.0.0.1"]])
}

#[tokio::test]
async fn what_is_there_is_fetched_and_nothing_about_us_is_told() {
    let server = server().await;
    let guard = server.guard(&here(), true);
    for path in ["/badge", "/to-badge", "/packed", "/badge#fragment"] {
        let fetched = guard.fetch(&server.url(path), "application/vc").await.unwrap();
        assert_eq!(fetched.bytes, b"{}", "{path}");
    }
    let fetched = guard.fetch(&server.url("/badge"), "application/vc").await.unwrap();
    assert_eq!(fetched.content_type, "application/vc");
    let fetched = guard.fetch(&server.url("/exact"), "application/vc").await.unwrap();
    assert_eq!(fetched.bytes.len(), MOST_BYTES);
    for headers in server.heard.lock().unwrap().iter() {
        let mut names: Vec<&str> = headers.keys().map(header::HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "accept-encoding", "host", "user-agent"]);
    }
}

/// Each row is an attack, and what the guard says to it.
#[tokio::test]
async fn a_host_that_means_ill_gets_nothing_and_costs_little() {
    let server = server().await;
    let names = here();
    let guard = server.guard(&names, true);
    let host = "badges.example".to_owned();
    let forbidden = |host: &str, what| OutboundError::Forbidden(host.to_owned(), what);
    let rows = [
        (server.url("/to-plain"), OutboundError::NotHttps),
        (server.url("/to-private"), forbidden("10.0.0.1", "a private network")),
        (
            server.url("/to-metadata"),
            forbidden("169.254.169.254", "a link-local or metadata address"),
        ),
        (
            server.url("/to-mapped"),
            forbidden("[::ffff:a00:1]", "no address of the public Internet"),
        ),
        (server.url("/to-user"), OutboundError::Credentials),
        (server.url("/round"), OutboundError::Redirects),
        (server.url("/endless"), OutboundError::TooLong(host.clone())),
        (server.url("/one-more"), OutboundError::TooLong(host.clone())),
        (server.url("/bomb"), OutboundError::TooLong(host.clone())),
        (server.url("/endless-bomb"), OutboundError::TooLong(host.clone())),
        (server.url("/drip"), OutboundError::Slow(host.clone())),
        (server.url("/slow-start"), OutboundError::Slow(host.clone())),
        (server.url("/half-packed"), OutboundError::Broken(host.clone())),
        (server.url("/otherwise-packed"), OutboundError::Broken(host.clone())),
        (server.url("/gone"), OutboundError::Status(host.clone(), 410)),
        (server.url("/nothing"), OutboundError::Status(host.clone(), 404)),
        ("http://badges.example/".to_owned(), OutboundError::NotHttps),
        ("file:///etc/passwd".to_owned(), OutboundError::NotHttps),
        ("gopher://badges.example/".to_owned(), OutboundError::NotHttps),
        ("https://".to_owned(), OutboundError::BadUrl),
        ("badge.json".to_owned(), OutboundError::BadUrl),
        (
            format!("https://badges.example/{}", "x".repeat(3_000)),
            OutboundError::BadUrl,
        ),
        ("https://a@badges.example/".to_owned(), OutboundError::Credentials),
        (
            "https://192.168.1.1/".to_owned(),
            forbidden("192.168.1.1", "a private network"),
        ),
        (
            "https://0xa9fea9fe/".to_owned(),
            forbidden("169.254.169.254", "a link-local or metadata address"),
        ),
        (
            "https://0300.0250.1.1/".to_owned(),
            forbidden("192.168.1.1", "a private network"),
        ),
        (
            "https://[fe80::1]/".to_owned(),
            forbidden("[fe80::1]", "no address of the public Internet"),
        ),
    ];
    for (url, refusal) in rows {
        let start = Instant::now();
        assert_eq!(guard.fetch(&url, "*/*").await.unwrap_err(), refusal, "{url}");
        assert!(start.elapsed() < Duration::from_secs(3), "{url}: {:?}", start.elapsed());
        let words = refusal.to_string();
        assert!(!words.ends_with('.') && words.len() < 300, "{words}");
    }
}

#[tokio::test]
async fn a_name_that_leads_inside_is_not_asked_wherever_it_stands() {
    let server = server().await;
    let guard = server.guard(&here(), false);
    let inside = OutboundError::Forbidden("badges.example".to_owned(), "this machine itself");
    assert_eq!(guard.fetch(&server.url("/badge"), "*/*").await.unwrap_err(), inside);
    let literal = format!("https://127.0.0.1:{}/badge", server.port);
    assert!(matches!(
        guard.fetch(&literal, "*/*").await,
        Err(OutboundError::Forbidden(..))
    ));
    assert!(server.heard.lock().unwrap().is_empty(), "nobody came");

    // One forbidden address among others, in whatever order.
    for addresses in [["127.0.0.1", "10.0.0.1"], ["10.0.0.1", "127.0.0.1"]] {
        let guard = server.guard(&ScriptedResolver::saying(&[&addresses]), true);
        let refused = guard.fetch(&server.url("/badge"), "*/*").await.unwrap_err();
        assert_eq!(
            refused,
            OutboundError::Forbidden("badges.example".to_owned(), "a private network")
        );
    }
    // A redirect to a name that leads inside.
    let names = ScriptedResolver::saying(&[&["127.0.0.1"], &["10.0.0.1"]]);
    let refused = server
        .guard(&names, true)
        .fetch(&server.url("/to-inner"), "*/*")
        .await
        .unwrap_err();
    assert_eq!(
        refused,
        OutboundError::Forbidden("inner.example".to_owned(), "a private network")
    );
    // A name that there is not.
    let guard = server.guard(&Arc::new(ScriptedResolver::default()), true);
    let refused = guard.fetch(&server.url("/badge"), "*/*").await.unwrap_err();
    assert_eq!(refused, OutboundError::NoSuchHost("badges.example".to_owned()));
}

/// A name that has a good address when it is looked at, and another when it is connected to.
#[tokio::test]
async fn a_name_is_looked_up_once_and_that_is_where_the_connection_goes() {
    let server = server().await;
    let names = ScriptedResolver::saying(&[&["127.0.0.1"], &["10.0.0.1"]]);
    let guard = server.guard(&names, true);
    guard.fetch(&server.url("/badge"), "*/*").await.unwrap();
    assert_eq!(
        names.asked.load(Ordering::Relaxed),
        1,
        "what was looked at is what was connected to"
    );
    // The next fetch looks anew, and no connection of the one before serves it.
    let refused = guard.fetch(&server.url("/badge"), "*/*").await.unwrap_err();
    assert_eq!(
        refused,
        OutboundError::Forbidden("badges.example".to_owned(), "a private network")
    );

    // Control: a guard that looks, finds it good, and lets the client look again is led inside.
    struct UnguardedResolver(Arc<ScriptedResolver>, Arc<Mutex<Vec<IpAddr>>>);
    impl Resolve for UnguardedResolver {
        fn resolve(&self, name: Name) -> Resolving {
            let (looking, led) = (self.0.look_up(name.as_str().to_owned(), Arc::new(())), self.1.clone());
            Box::pin(async move {
                let found = looking.await?;
                led.lock().unwrap().extend(&found);
                Ok(Box::new(found.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs)
            })
        }
    }
    let names = ScriptedResolver::saying(&[&["93.184.216.34"], &["127.0.0.1"]]);
    let seen = names.look_up("badges.example".to_owned(), Arc::new(())).await.unwrap();
    assert!(
        seen.iter().all(|ip| address::forbidden(*ip, false).is_none()),
        "it looks good"
    );
    let led = Arc::new(Mutex::new(Vec::new()));
    let naive = reqwest::Client::builder()
        .no_proxy()
        .dns_resolver(UnguardedResolver(names, led.clone()))
        .tls_certs_merge([server.root.clone()])
        .build()
        .unwrap();
    let secret = naive
        .get(server.url("/badge"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert_eq!(
        (secret.as_str(), led.lock().unwrap().as_slice()),
        ("{}", ["127.0.0.1".parse().unwrap()].as_slice())
    );
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_not_believed() {
    let server = server().await;
    let patience = Duration::from_secs(2);
    let guard = OutboundClient::with(true, vec![], here(), patience).unwrap();
    let refused = guard.fetch(&server.url("/badge"), "*/*").await.unwrap_err();
    assert_eq!(refused, OutboundError::Unreachable("badges.example".to_owned()));
    // Nor one for another name.
    let guard = OutboundClient::with(true, vec![server.root.clone()], here(), patience).unwrap();
    let other = format!("https://other.example:{}/badge", server.port);
    assert_eq!(
        guard.fetch(&other, "*/*").await.unwrap_err(),
        OutboundError::Unreachable("other.example".to_owned())
    );
    assert!(server.heard.lock().unwrap().is_empty());
}

#[tokio::test]
async fn one_host_is_asked_so_often_and_all_together_so_many() {
    let server = server().await;
    let guard = server.guard(&here(), true);
    let (url, slow) = (server.url("/badge"), server.url("/slow-start"));
    let all = futures::stream::iter(0..60)
        .map(|_| guard.fetch(&url, "*/*"))
        .buffer_unordered(4);
    let refused = all
        .filter(|f| futures::future::ready(matches!(f, Err(OutboundError::TooOften(_)))))
        .count()
        .await;
    assert!((20..=40).contains(&refused), "{refused}");
    // Whoever acts for another has a share of their own.
    for whom in [
        stranger(2),
        FetchRequester::Agency("US-SC".to_owned()),
        FetchRequester::Operator,
    ] {
        guard.fetch_for(whom, &url, "*/*").await.unwrap();
    }
    // Places are given back when a fetch ends, however it ends.
    assert_eq!(guard.0.places.taken(), 0);
    {
        let waiting = guard.fetch(&slow, "*/*");
        let _ = tokio::time::timeout(Duration::from_millis(50), waiting).await;
    }
    assert_eq!(guard.0.places.taken(), 0, "nobody waits for it any more");
}
