//! Answers HTTP, or HTTPS by rustls.

use std::net::SocketAddr;

use anyhow::Context as _;
use axum::http::{HeaderValue, header::STRICT_TRANSPORT_SECURITY};
use axum_server::{Handle, tls_rustls::RustlsConfig};
use registry_schema::AgencyId;
use tokio::{sync::watch, task::JoinHandle};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::{certificate::CertificateFiles, config::Tls};

/// For a year, browsers that saw this node's certificate ask by HTTPS alone (RFC 6797).
const HTTPS_ALONE: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Refuses to take operators' tokens in clear from other machines, unless the configuration says that something before the
/// node does TLS.
///
/// # Errors
/// If it would.
pub(crate) fn may_answer(listen: SocketAddr, tls: Option<&Tls>) -> anyhow::Result<()> {
    match tls {
        Some(Tls::Files { .. } | Tls::SelfSigned) => {}
        Some(Tls::None) if !listen.ip().is_loopback() => tracing::warn!(
            "`{listen}` is answered in clear: whoever is on the way reads operators' tokens and persons' names, unless only a \
             proxy that does TLS reaches it"
        ),
        Some(Tls::None) => {}
        None => anyhow::ensure!(
            listen.ip().is_loopback(),
            "`{listen}` would take operators' tokens in clear from other machines: give a certificate (--tls-cert FILE --tls-key \
             FILE); or, if a proxy before it does TLS, write `tls = \"none\"` into comity.toml (--insecure-http)"
        ),
    }
    Ok(())
}

/// A server that answers.
#[derive(Debug)]
pub(crate) struct Server {
    /// Where, with the port, if 0 was asked for.
    pub(crate) address: SocketAddr,
    pub(crate) handle: Handle<SocketAddr>,
    pub(crate) task: JoinHandle<()>,
    /// What keeps its certificate fresh, if it is in files.
    pub(crate) renewal: Option<JoinHandle<()>>,
}

/// Binds the address and starts to answer. The certificate's files are read again by themselves and when `reload` changes.
pub(crate) async fn serve(
    listen: SocketAddr,
    tls: Option<&Tls>,
    agency: &AgencyId,
    router: axum::Router,
    (reload, stop): (watch::Receiver<u64>, watch::Receiver<bool>),
) -> anyhow::Result<Server> {
    let listener = std::net::TcpListener::bind(listen)
        .with_context(|| format!("cannot answer at `{listen}`: is another node running there?"))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let handle = Handle::new();
    let agency = agency.clone();
    let mut renewal = None;
    let config = match tls {
        None | Some(Tls::None) => None,
        Some(Tls::SelfSigned) => Some(self_signed(address).await?),
        Some(Tls::Files { cert, key }) => {
            let files = CertificateFiles::load(cert, key).await?;
            let config = files.config();
            renewal = Some(tokio::spawn(files.keep_fresh(reload, stop)));
            Some(config)
        }
    };
    let router = if renewal.is_some() {
        router.layer(SetResponseHeaderLayer::overriding(
            STRICT_TRANSPORT_SECURITY,
            HTTPS_ALONE,
        ))
    } else {
        router
    };
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let task = match config {
        None => {
            let server = axum_server::from_tcp(listener)?.handle(handle.clone());
            tokio::spawn(async move { log_end(&agency, server.serve(service).await) })
        }
        Some(config) => {
            let server = axum_server::from_tcp_rustls(listener, config)?.handle(handle.clone());
            tokio::spawn(async move { log_end(&agency, server.serve(service).await) })
        }
    };
    Ok(Server {
        address,
        handle,
        task,
        renewal,
    })
}

/// Binds the address of the door for forwarded requests, and starts to answer there with this certificate.
pub(crate) async fn door(
    listen: SocketAddr,
    (cert, key): (String, String),
    agency: &AgencyId,
    router: axum::Router,
) -> anyhow::Result<(SocketAddr, Handle<SocketAddr>, JoinHandle<()>)> {
    let listener = std::net::TcpListener::bind(listen)
        .with_context(|| format!("cannot take forwarded requests at `{listen}`: see `inner_listen`"))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let handle = Handle::new();
    let config = RustlsConfig::from_pem(cert.into_bytes(), key.into_bytes()).await?;
    let server = axum_server::from_tcp_rustls(listener, config)?.handle(handle.clone());
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let agency = agency.clone();
    let task = tokio::spawn(async move { log_end(&agency, server.serve(service).await) });
    Ok((address, handle, task))
}

async fn self_signed(address: SocketAddr) -> anyhow::Result<RustlsConfig> {
    let names = vec!["localhost".to_owned(), address.ip().to_string()];
    let made = rcgen::generate_simple_self_signed(names)?;
    let (cert, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    Ok(RustlsConfig::from_pem(cert.into_bytes(), key.into_bytes()).await?)
}

fn log_end(agency: &AgencyId, end: std::io::Result<()>) {
    if let Err(error) = end {
        tracing::error!(%agency, %error, "the server ended");
    }
}
