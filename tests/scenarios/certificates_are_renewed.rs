//! A certificate is renewed while the node runs: nobody's connection ends, and a broken one changes nothing. And nobody's
//! token travels in clear because nobody thought of it.

use std::path::PathBuf;

use node::config::Config;
use registry_schema::VerdictKind;
use reqwest::Client;
use tests::{Federation, Program, TeacherScenario, TestAgency, eventually, http, ports, program};

/// A certificate for this machine, and who trusts it alone.
struct TestCertificate {
    cert: String,
    key: String,
}

impl TestCertificate {
    fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
        Self {
            cert: made.cert.pem(),
            key: made.signing_key.serialize_pem(),
        }
    }

    /// A client that keeps its connection as long as it can.
    fn believer(&self) -> Client {
        let known = reqwest::Certificate::from_pem(self.cert.as_bytes()).expect("a certificate");
        http::client_with(|builder| builder.tls_certs_only([known]))
    }
}

/// The two files that a node reads.
struct ServerCertificateFiles {
    cert: PathBuf,
    key: PathBuf,
}

impl ServerCertificateFiles {
    fn of(agency: &TestAgency) -> Self {
        let [cert, key] = ["site.pem", "site.key.pem"].map(|name| agency.data().join(name));
        Self { cert, key }
    }

    fn hold(&self, cert: &str, key: &str) {
        std::fs::write(&self.cert, cert).expect("a file");
        std::fs::write(&self.key, key).expect("a file");
    }

    fn flags(&self) -> [&str; 4] {
        let [cert, key] = [&self.cert, &self.key].map(|file| file.to_str().expect("a path"));
        ["--tls-cert", cert, "--tls-key", key]
    }
}

fn https(agency: &TestAgency) -> String {
    agency.url().replacen("http://", "https://", 1)
}

async fn answers(client: &Client, url: &str) -> Result<(), String> {
    let reply = http::try_send(client.get(format!("{url}/readyz"))).await?;
    if reply.status == 200 { Ok(()) } else { Err(reply.text()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_while_the_node_runs_and_no_connection_ends() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let nc = federation.agency("US-NC");
    nc.stops().await;
    let (first, second, third) = (TestCertificate::new(), TestCertificate::new(), TestCertificate::new());
    let files = ServerCertificateFiles::of(nc);
    files.hold(&first.cert, &first.key);
    let data = nc.data().to_str().expect("a path");
    let mut program = Program::comityd(["run", "--data", data].into_iter().chain(files.flags()));
    let url = https(nc);
    let early = first.believer();
    eventually("the node answers HTTPS", async || {
        assert!(program.ended().is_none(), "{}", program.said());
        answers(&early, &url).await
    })
    .await;

    // By themselves, once they have changed; between the two writes they do not fit.
    files.hold(&second.cert, &second.key);
    let later = second.believer();
    eventually("the node shows the second certificate", async || {
        answers(&later, &url).await
    })
    .await;
    assert!(answers(&first.believer(), &url).await.is_err(), "the first is gone");
    answers(&early, &url).await.expect("a connection that was open goes on");

    // At a signal; and a signal never ends it, whatever is in the files.
    files.hold(&third.cert, &second.key);
    program.is_hung_up().await;
    eventually("the node complains", async || {
        let said = program.said();
        let complains = said.contains("cannot be used, and the old one stays");
        if complains { Ok(()) } else { Err(said) }
    })
    .await;
    answers(&second.believer(), &url).await.expect("the old one stays");
    files.hold(&third.cert, &third.key);
    program.is_hung_up().await;
    eventually("the node shows the third certificate", async || {
        answers(&third.believer(), &url).await
    })
    .await;
    answers(&early, &url).await.expect("a connection that was open goes on");
    answers(&later, &url).await.expect("and so does the other");

    let config = Config::path(nc.data());
    let written = std::fs::read_to_string(&config).expect("a configuration");
    for (text, words) in [
        ("agency = 7", "would not start again"),
        ("# a note\n", "comity.toml has changed"),
    ] {
        let text = if text.starts_with('#') {
            format!("{text}{written}")
        } else {
            text.to_owned()
        };
        std::fs::write(&config, text).expect("a file");
        program.is_hung_up().await;
        eventually("it says what it thinks of its configuration", async || {
            let said = program.said();
            if said.contains(words) { Ok(()) } else { Err(said) }
        })
        .await;
    }
    std::fs::write(&config, written).expect("a file");
    assert!(program.ended().is_none(), "{}", program.said());
    answers(&early, &url).await.expect("it answers as before");
    program.is_interrupted().await;
    assert_eq!(program.ends().await.0, Some(0));
    nc.starts().await;
    federation.awaits(nc, &badge, VerdictKind::Accepted).await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_that_saw_the_certificate_never_ask_in_clear_again() {
    let federation = Federation::start(&["US-NC"]).await;
    let nc = federation.agency("US-NC");
    let headers = async |client: &Client, url: String| {
        let response = client.get(&url).send().await.expect("an answer");
        response.headers().clone()
    };
    let paths = ["/", "/livez", "/v1/agencies", "/v1/nothing", "/v1/warnings"];
    for path in paths {
        let plain = headers(&http::client(), format!("{}{path}", nc.url())).await;
        assert!(
            !plain.contains_key("strict-transport-security"),
            "in clear it means nothing: {path}"
        );
    }
    nc.stops().await;
    let (pair, files) = (TestCertificate::new(), ServerCertificateFiles::of(nc));
    files.hold(&pair.cert, &pair.key);
    let data = nc.data().to_str().expect("a path");
    let program = Program::comityd(["run", "--data", data].into_iter().chain(files.flags()));
    let client = pair.believer();
    eventually("the node answers HTTPS", async || answers(&client, &https(nc)).await).await;
    for path in paths {
        let said = headers(&client, format!("{}{path}", https(nc))).await;
        let value = |name: &str| said.get(name).map(|value| value.to_str().expect("text").to_owned());
        assert_eq!(
            value("strict-transport-security").as_deref(),
            Some("max-age=31536000"),
            "{path}"
        );
        assert_eq!(value("x-content-type-options").as_deref(), Some("nosniff"), "{path}");
        assert_eq!(value("referrer-policy").as_deref(), Some("no-referrer"), "{path}");
        let policy = value("content-security-policy").unwrap_or_default();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
    }
    program.is_interrupted().await;
    assert_eq!(program.ends().await.0, Some(0));
    nc.starts().await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_travels_in_clear_because_nobody_thought_of_it() {
    let federation = Federation::start(&["US-NC"]).await;
    let nc = federation.agency("US-NC");
    nc.stops().await;
    let data = nc.data().to_str().expect("a path");
    let port = ports::free();
    for address in ["0.0.0.0", "[::]", "192.0.2.7"] {
        let listen = format!("{address}:{port}");
        let ended = program::run("comityd", ["run", "--data", data, "--listen", &listen], b"").await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        for words in ["in clear", "--tls-cert", "--insecure-http"] {
            assert!(ended.stderr.contains(words), "{ended:?}");
        }
    }
    let listen = format!("0.0.0.0:{port}");
    let mut program = Program::comityd(["run", "--data", data, "--listen", &listen, "--insecure-http"]);
    program.answers_at(&format!("http://127.0.0.1:{port}")).await;
    eventually("it warns of it", async || {
        let said = program.said();
        if said.contains("is answered in clear") {
            Ok(())
        } else {
            Err(said)
        }
    })
    .await;
    program.is_interrupted().await;
    assert_eq!(program.ends().await.0, Some(0));
    // The same where the configuration says so; and on this machine alone there is nothing to say.
    let mut config = Config::load(nc.data()).expect("a configuration");
    config.tls = Some(node::config::Tls::None);
    config.save(nc.data()).expect("a configuration is written");
    let text = std::fs::read_to_string(Config::path(nc.data())).expect("a configuration");
    assert!(text.contains("tls = \"none\""), "{text}");
    let program = nc.starts_program(&[]).await;
    assert!(!program.said().contains("in clear"), "{}", program.said());
    program.is_interrupted().await;
    assert_eq!(program.ends().await.0, Some(0));

    // Nobody is there: it refuses before it asks.
    let profile = nc.data().join("away.toml");
    std::fs::write(&profile, "node = \"http://192.0.2.7:7400\"\ntoken = \"s3cret\"\n").expect("a profile");
    let profile = profile.to_str().expect("a path");
    let ended = program::comity(["--profile", profile, "status"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended.stderr.contains("--insecure-http") && !ended.stderr.contains("s3cret"),
        "{ended:?}"
    );
    nc.starts().await;
    federation.audit().await;
}
