//! Answers HTTP, or HTTPS by rustls.

use std::net::SocketAddr;

use anyhow::Context as _;
use axum_server::{Handle, tls_rustls::RustlsConfig};
use registry_schema::AgencyId;
use tokio::task::JoinHandle;

use crate::config::Tls;

/// Binds the address and starts to answer; gives the address, which tells the port if 0 was asked for.
pub(crate) async fn serve(
    listen: SocketAddr,
    tls: Option<&Tls>,
    agency: &AgencyId,
    router: axum::Router,
) -> anyhow::Result<(SocketAddr, Handle<SocketAddr>, JoinHandle<()>)> {
    let listener = std::net::TcpListener::bind(listen)
        .with_context(|| format!("cannot answer at `{listen}`: is another node running there?"))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let handle = Handle::new();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let agency = agency.clone();
    let task = match tls {
        None => {
            let server = axum_server::from_tcp(listener)?.handle(handle.clone());
            tokio::spawn(async move { log_end(&agency, server.serve(service).await) })
        }
        Some(tls) => {
            let config = rustls_config(tls, address).await?;
            let server = axum_server::from_tcp_rustls(listener, config)?.handle(handle.clone());
            tokio::spawn(async move { log_end(&agency, server.serve(service).await) })
        }
    };
    Ok((address, handle, task))
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
