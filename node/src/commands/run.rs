//! `comityd run`: a node that runs until it is told to stop.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::Context as _;
use clap::Args;
use node::{
    config::{Config, Tls},
    demo,
};
use platform::clock::Clock;
use storage::DatabaseTls;
use tokio::signal::unix::{SignalKind, signal};

use super::DataArgs;

/// The options with which a node runs.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The address at which to answer HTTP; otherwise as the configuration says.
    #[arg(long, env = "COMITY_LISTEN", value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// The PostgreSQL database; otherwise as the configuration says.
    #[arg(long, env = "COMITY_DATABASE", hide_env_values = true, value_name = "postgres://…")]
    database: Option<String>,
    /// The protection of the connection to the database; otherwise as the configuration or its URL says, and `verify-full`
    /// to another machine.
    #[arg(long, env = "COMITY_DATABASE_TLS", value_name = "HOW")]
    database_tls: Option<DatabaseTls>,
    /// A certificate chain, as PEM: answers HTTPS. Both files are read again when they change.
    #[arg(long, env = "COMITY_TLS_CERT", requires = "tls_key", value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// The certificate's key, as PEM.
    #[arg(long, env = "COMITY_TLS_KEY", requires = "tls_cert", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// `self-signed` answers HTTPS with a certificate made at the start; for tests.
    #[arg(long, env = "COMITY_TLS", value_parser = ["self-signed"], conflicts_with = "tls_cert")]
    tls: Option<String>,
    /// Answer plain HTTP on whatever address: only behind a proxy that does TLS.
    #[arg(long, env = "COMITY_INSECURE_HTTP", conflicts_with_all = ["tls_cert", "tls"])]
    insecure_http: bool,
}

/// Runs a node until it is told to stop. SIGHUP has it read its certificate again, and never ends it.
pub(crate) async fn perform(options: RunArgs) -> anyhow::Result<()> {
    let RunArgs {
        data: DataArgs { data },
        listen,
        database,
        database_tls,
        tls_cert,
        tls_key,
        tls,
        insecure_http,
    } = options;
    let mut hangup = signal(SignalKind::hangup()).context("SIGHUP cannot be heard")?;
    let mut config = Config::load(&data)?;
    node::rebuild::is_finished(&data)?;
    let written = std::fs::read(Config::path(&data))?;
    config.listen = listen.unwrap_or(config.listen);
    config.database = database.or(config.database);
    config.database_tls = database_tls.or(config.database_tls);
    if let (Some(cert), Some(key)) = (tls_cert, tls_key) {
        config.tls = Some(Tls::Files { cert, key });
    } else if tls.is_some() {
        config.tls = Some(Tls::SelfSigned);
    } else if insecure_http {
        config.tls = Some(Tls::None);
    }
    let mut node = node::start(&data, config, Clock::default()).await?;
    node.warn().await;
    let mut end = std::pin::pin!(demo::shutdown_signal());
    loop {
        tokio::select! {
            () = &mut end => break,
            error = node.ends() => return Err(error),
            _ = hangup.recv() => {
                node.reload();
                if let Err(error) = Config::load(&data) {
                    tracing::error!("the node runs on, and would not start again: {error:#}");
                } else if std::fs::read(Config::path(&data)).is_ok_and(|now| now != written) {
                    tracing::warn!("comity.toml has changed: what it says counts from the next start on; the certificate is read now");
                }
            }
        }
    }
    tracing::info!("the node stops: requests under way are answered first");
    node.stop().await;
    tracing::info!("the node has stopped");
    Ok(())
}
