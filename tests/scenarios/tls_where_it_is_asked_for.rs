//! A node with a certificate answers HTTPS, and nothing but HTTPS.

use node::config::{Config, Tls};
use registry_schema::VerdictKind;
use reqwest::Certificate;
use tests::{Employer, Federation, Program, TeacherScenario, TestAgency, VerdictAssertions as _, http, program};

fn https(agency: &TestAgency) -> String {
    agency.url().replacen("http://", "https://", 1)
}

/// Starts a stopped node with another way to answer.
async fn starts_with(agency: &TestAgency, tls: Option<Tls>) {
    let mut config = Config::load(agency.data()).expect("a configuration");
    config.tls = tls;
    config.save(agency.data()).expect("a configuration is written");
    agency.starts().await;
}

/// A certificate for this machine, which nobody else vouches for: the PEM of both.
fn certificate() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()]);
    let made = made.expect("a certificate");
    (made.cert.pem(), made.signing_key.serialize_pem())
}

/// Asserts that a request without TLS gets no answer, whatever is there.
async fn plain_http_is_refused(agency: &TestAgency) {
    for path in ["/livez", "/v1/agencies", "/"] {
        let answer = http::try_send(http::client().get(format!("{}{path}", agency.url()))).await;
        assert!(answer.is_err(), "{path} was answered without TLS: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_with_its_own_certificate_answers_https_to_those_who_know_it() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let nc = federation.agency("US-NC");
    nc.stops().await;
    let (cert, key) = certificate();
    let [cert_file, key_file] = ["node.pem", "node.key.pem"].map(|name| nc.data().join(name));
    std::fs::write(&cert_file, &cert).expect("a file");
    std::fs::write(&key_file, key).expect("a file");
    starts_with(
        nc,
        Some(Tls::Files {
            cert: cert_file,
            key: key_file,
        }),
    )
    .await;

    let trusting = |pem: &str| {
        let known = Certificate::from_pem(pem.as_bytes()).expect("a certificate");
        http::client_with(|builder| builder.tls_certs_only([known]))
    };
    let verdict = Employer::with(&https(nc), trusting(&cert)).verifies(&badge).await;
    drop(verdict.is(VerdictKind::Accepted));
    // Who knows another certificate is not talked into this one.
    let stranger = trusting(&certificate().0);
    assert!(
        http::try_send(stranger.get(format!("{}/livez", https(nc))))
            .await
            .is_err()
    );
    plain_http_is_refused(nc).await;

    // The command knows it by its profile.
    let profile = nc.data().join("profile.toml");
    let text = format!(
        "node = \"{}\"\ntoken = \"{}\"\nca_file = \"node.pem\"\n",
        https(nc),
        nc.token()
    );
    std::fs::write(&profile, text).expect("a profile");
    let profile = profile.to_str().expect("a path");
    let ended = program::comity(["--profile", profile, "status"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let ended = program::comity(["--node", &https(nc), "status"]).await;
    assert_eq!(ended.code, Some(6), "without the profile it trusts nobody: {ended:?}");

    nc.stops().await;
    starts_with(nc, None).await;
    federation.awaits(nc, &badge, VerdictKind::Accepted).await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_makes_itself_a_certificate_when_told_to() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let nc = federation.agency("US-NC");
    nc.stops().await;
    starts_with(nc, Some(Tls::SelfSigned)).await;
    let careless = || http::client_with(|builder| builder.tls_danger_accept_invalid_certs(true));
    Employer::with(&https(nc), careless())
        .verifies(&badge)
        .await
        .is(VerdictKind::Accepted);
    let careful = http::try_send(http::client().get(format!("{}/livez", https(nc)))).await;
    assert!(careful.is_err(), "nobody has a reason to trust it: {careful:?}");
    plain_http_is_refused(nc).await;
    nc.stops().await;

    // The same by the program's flags, which come before the file.
    starts_with(nc, None).await;
    nc.stops().await;
    let data = nc.data().to_str().expect("a path");
    let program = Program::comityd(["run", "--data", data, "--tls", "self-signed"]);
    tests::eventually("the program answers HTTPS", async || {
        let reply = http::try_send(careless().get(format!("{}/readyz", https(nc)))).await?;
        if reply.status == 200 { Ok(()) } else { Err(reply.text()) }
    })
    .await;
    plain_http_is_refused(nc).await;
    program.is_interrupted().await;
    assert_eq!(program.ends().await.0, Some(0));

    let (cert, _) = certificate();
    let lone = nc.data().join("lone.pem");
    std::fs::write(&lone, cert).expect("a file");
    let lone = lone.to_str().expect("a path");
    let ended = program::run(
        "comityd",
        ["run", "--data", data, "--tls-cert", lone, "--tls-key", lone],
        b"",
    )
    .await;
    assert!(
        ended.code == Some(1) && ended.stderr.contains("cannot be used"),
        "{ended:?}"
    );

    nc.starts().await;
    federation.audit().await;
}
