//! Answers HTTP, or HTTPS by rustls. Nobody can keep it waiting: a head, a handshake and a reader have their time, and
//! each address its share of the connections ([`guard`]).

mod guard;

use std::{net::SocketAddr, time::Duration};

use anyhow::Context as _;
use axum_server::{
    Handle,
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
pub(crate) use guard::Guard;
use registry_schema::AgencyId;
use tokio::{
    net::{TcpListener, TcpSocket},
    task::JoinHandle,
};

use crate::config::Tls;

/// How long a connection may take to its first request, its head included.
const FIRST_REQUEST: Duration = Duration::from_secs(10);
/// How long the head of a request may take, and how long a connection may stand between two requests.
const HEAD: Duration = Duration::from_secs(20);
/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How much of an answer the kernel holds for a connection: it bounds what readers who read nothing can make it hold.
const SEND_BUFFER: u32 = 256 * 1024;
/// How many connections wait to be taken.
const BACKLOG: u32 = 1024;
/// The longest list of headers of a request by HTTP/2.
const MAX_HEAD_BYTES: u32 = 32 * 1024;
/// How many requests one connection by HTTP/2 may have at once.
const MAX_STREAMS: u32 = 64;
/// How much of a connection is kept in buffers here: a head of HTTP/1 among it.
const MAX_BUFFER: usize = 64 * 1024;

/// A server that answers: where, how it is told to stop, and its task.
pub(crate) type Serving = (SocketAddr, Handle<SocketAddr>, JoinHandle<()>);

/// Binds the address and starts to answer whom the guard lets in; gives the address, which tells the port if 0 was asked
/// for.
pub(crate) async fn serve(
    listen: SocketAddr,
    tls: Option<&Tls>,
    agency: &AgencyId,
    guard: Guard,
    router: axum::Router,
) -> anyhow::Result<Serving> {
    let taken = || format!("cannot answer at `{listen}`: is another node running there?");
    let listener = bind(listen).with_context(taken)?;
    let config = match tls {
        None => None,
        Some(tls) => Some(rustls_config(tls, listener.local_addr()?).await?),
    };
    answer(listener, config, agency, guard, router)
}

/// Binds the address of the door for forwarded requests, and starts to answer there with this certificate.
pub(crate) async fn door(
    listen: SocketAddr,
    (cert, key): (String, String),
    agency: &AgencyId,
    guard: Guard,
    router: axum::Router,
) -> anyhow::Result<Serving> {
    let taken = || format!("cannot take forwarded requests at `{listen}`: see `inner_listen`");
    let listener = bind(listen).with_context(taken)?;
    let config = RustlsConfig::from_pem(cert.into_bytes(), key.into_bytes()).await?;
    answer(listener, Some(config), agency, guard, router)
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
    guard: Guard,
    router: axum::Router,
) -> anyhow::Result<Serving> {
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

async fn rustls_config(tls: &Tls, address: SocketAddr) -> anyhow::Result<RustlsConfig> {
    match tls {
        Tls::Files { cert, key } => RustlsConfig::from_pem_file(cert, key).await.with_context(|| {
            format!(
                "the certificate `{}` or its key `{}` cannot be used",
                cert.display(),
                key.display()
            )
        }),
        Tls::SelfSigned => {
            let names = vec!["localhost".to_owned(), address.ip().to_string()];
            let made = rcgen::generate_simple_self_signed(names)?;
            let (cert, key) = (made.cert.pem(), made.signing_key.serialize_pem());
            Ok(RustlsConfig::from_pem(cert.into_bytes(), key.into_bytes()).await?)
        }
    }
}

fn log_end(agency: &AgencyId, end: std::io::Result<()>) {
    if let Err(error) = end {
        tracing::error!(%agency, %error, "the server ended");
    }
}
