//! Answers HTTP, or HTTPS by rustls. Nobody can keep it waiting: a head, a handshake and a reader have their time, and
//! each address its share of the connections ([`guard`]).

mod guard;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use anyhow::Context as _;
use axum::http::{HeaderValue, header::STRICT_TRANSPORT_SECURITY};
use axum_server::{
    Handle,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
pub(crate) use guard::{ConnectionGuard, RequestVisitor};
use registry_schema::AgencyId;
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::watch,
    task::JoinHandle,
};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::{certificate::CertificateFiles, config::Tls};

/// The time that a connection may take to its first request, its head included.
const FIRST_REQUEST: Duration = Duration::from_secs(10);
/// The time that the head of a request may take, and that a connection may stand between two requests.
const HEAD: Duration = Duration::from_secs(20);
/// The time that a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// The number of bytes of an answer that the kernel holds for a connection: it bounds what readers who read nothing can make
/// it hold.
const SEND_BUFFER: u32 = 256 * 1024;
/// The number of connections that wait to be taken.
const BACKLOG: u32 = 1024;
/// The longest list of headers of a request by HTTP/2.
const MAX_HEAD_BYTES: u32 = 32 * 1024;
/// The number of requests that one connection by HTTP/2 may have at once.
const MAX_STREAMS: u32 = 64;
/// The number of bytes of a connection that are kept in buffers here: a head of HTTP/1 among them.
const MAX_BUFFER: usize = 64 * 1024;

/// A server that answers: where, how it is told to stop, and its task.
pub(crate) type ServerHandle = (SocketAddr, Handle<SocketAddr>, JoinHandle<()>);

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

/// Warns if the node says that it is on a machine of some name, and answers that machine alone. A proxy before it is no
/// reason to.
pub(crate) fn warn_if_unreachable(listen: SocketAddr, url: &str, is_behind_proxy: bool) {
    if let Some(warning) = unreachable(listen, url)
        && !is_behind_proxy
    {
        tracing::warn!("{warning}");
    }
}

/// The warning that others cannot reach a node at its address, if nothing before it passes requests on.
pub(crate) fn unreachable(listen: SocketAddr, url: &str) -> Option<String> {
    is_unreachable(listen, url).then(|| {
        format!(
            "the node is to be found at `{url}`, and `listen = \"{listen}\"` answers this machine alone: set `listen` in comity.toml \
             (`0.0.0.0:443`, or `[::]:443`), or name the proxy before it in `[lookups] proxies`"
        )
    })
}

fn is_unreachable(listen: SocketAddr, url: &str) -> bool {
    let is_here = |host: url::Host<&str>| match host {
        url::Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        url::Host::Ipv4(address) => address.is_loopback(),
        url::Host::Ipv6(address) => address.is_loopback(),
    };
    let parsed = url::Url::parse(url).ok();
    let is_elsewhere = parsed.is_some_and(|url| url.host().is_some_and(|host| !is_here(host)));
    listen.ip().is_loopback() && is_elsewhere
}

/// A server that answers.
#[derive(Debug)]
pub(crate) struct HttpServer {
    /// The address, with the port, if 0 was asked for.
    pub(crate) address: SocketAddr,
    pub(crate) handle: Handle<SocketAddr>,
    pub(crate) task: JoinHandle<()>,
    /// The task that keeps its certificate fresh, if it is in files.
    pub(crate) renewal: Option<JoinHandle<()>>,
}

/// Binds the address and starts to answer. The certificate's files are read again by themselves and when `reload` changes.
pub(crate) async fn serve(
    listen: SocketAddr,
    tls: Option<&Tls>,
    agency: &AgencyId,
    guard: ConnectionGuard,
    router: axum::Router,
    (reload, stop): (watch::Receiver<u64>, watch::Receiver<bool>),
) -> anyhow::Result<HttpServer> {
    let taken = || format!("cannot answer at `{listen}`: is another node running there?");
    let listener = bind(listen).with_context(taken)?;
    let address = listener.local_addr()?;
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
    let (address, handle, task) = answer(listener, config, agency, guard, router)?;
    Ok(HttpServer {
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
    guard: ConnectionGuard,
    router: axum::Router,
) -> anyhow::Result<ServerHandle> {
    let taken = || format!("cannot take forwarded requests at `{listen}`: see `inner_listen`");
    let listener = bind(listen).with_context(taken)?;
    let config = RustlsConfig::from_pem(cert.into_bytes(), key.into_bytes()).await?;
    answer(listener, Some(config), agency, guard, router)
}

/// An address that other processes on this machine reach, at least.
pub(crate) fn reachable(listen: IpAddr) -> IpAddr {
    if listen.is_unspecified() {
        tracing::info!("processes of this agency on other machines forward nothing to this one: set `inner_listen`");
        return Ipv4Addr::LOCALHOST.into();
    }
    listen
}

fn bind(listen: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match listen {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(listen)?;
    socket.listen(BACKLOG)
}

fn answer(
    listener: TcpListener,
    tls: Option<RustlsConfig>,
    agency: &AgencyId,
    guard: ConnectionGuard,
    router: axum::Router,
) -> anyhow::Result<ServerHandle> {
    let address = listener.local_addr()?;
    let handle = Handle::new();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let agency = agency.clone();
    let mut server = axum_server::from_tcp(listener.into_std()?)?
        .handle(handle.clone())
        .first_request_timeout(FIRST_REQUEST);
    let builder = server.http_builder();
    builder.http1().header_read_timeout(HEAD).max_buf_size(MAX_BUFFER);
    builder
        .http2()
        .max_header_list_size(MAX_HEAD_BYTES)
        .max_concurrent_streams(MAX_STREAMS)
        .max_send_buf_size(MAX_BUFFER)
        .keep_alive_interval(HEAD)
        .keep_alive_timeout(HEAD);
    let task = match tls {
        None => {
            let server = server.acceptor(guard);
            tokio::spawn(async move { log_end(&agency, server.serve(service).await) })
        }
        Some(config) => {
            let acceptor = RustlsAcceptor::new(config).handshake_timeout(HANDSHAKE).acceptor(guard);
            let server = server.acceptor(acceptor);
            tokio::spawn(async move { log_end(&agency, server.serve(service).await) })
        }
    };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_with_a_name_that_listens_on_loopback_is_unreachable() {
        for (listen, url, is) in [
            ("127.0.0.1:7400", "https://comity.example.gov", true),
            ("[::1]:7400", "http://192.0.2.7:7400", true),
            ("127.0.0.1:7400", "http://localhost:7400", false),
            ("127.0.0.1:7400", "http://[::1]:7400", false),
            ("0.0.0.0:7400", "https://comity.example.gov", false),
            ("127.0.0.1:7400", "", false),
        ] {
            assert_eq!(is_unreachable(listen.parse().unwrap(), url), is, "{listen} {url}");
        }
    }
}
