//! The choice of a PostgreSQL, and of how it is spoken to. A [`PostgresDatabase`] is made with its TLS decided, so that no
//! connection can be opened before somebody decided it.

use std::{fmt, net::IpAddr};

use anyhow::Context as _;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// The protection of the connection to a PostgreSQL server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum DatabaseTls {
    /// TLS, and the server's certificate is of its host and of a trusted authority: `sslrootcert` in the URL names one.
    VerifyFull,
    /// TLS with whoever answers: nobody who only listens reads it, who stands between does.
    Require,
    /// In clear: whoever is on the way reads persons' names, and writes as he likes.
    Off,
}

/// A PostgreSQL database.
#[derive(Clone)]
pub struct PostgresDatabase {
    options: PgConnectOptions,
}

impl fmt::Debug for PostgresDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never its password.
        write!(
            f,
            "Database({}, {:?})",
            self.options.get_host(),
            self.options.get_ssl_mode()
        )
    }
}

impl PostgresDatabase {
    /// The database with this URL. Unless `tls` or the URL's `sslmode` says otherwise, a server on another machine shows a
    /// certificate (`verify-full`); and only `tls` can say that it is spoken to in clear.
    ///
    /// # Errors
    /// If the URL cannot be read, or allows what it may not.
    pub fn new(url: &str, tls: Option<DatabaseTls>) -> anyhow::Result<Self> {
        // The message of the parser does not repeat the URL, which may hold a password.
        let not_read = "the PostgreSQL database's URL cannot be read: write postgres://user:password@host/database";
        let options: PgConnectOptions = url.parse().context(not_read)?;
        let parsed = url::Url::parse(url).context(not_read)?;
        let says = |keys: &[&str]| parsed.query_pairs().any(|(key, _)| keys.contains(&&*key));
        let said = says(&["sslmode", "ssl-mode"]).then(|| options.get_ssl_mode());
        let has_root = says(&["sslrootcert", "ssl-root-cert", "ssl-ca"]);
        let is_here = is_this_machine(&options);
        let mode = match (tls, said) {
            (Some(DatabaseTls::VerifyFull), _) => PgSslMode::VerifyFull,
            // As libpq has it: who names an authority wants it asked.
            (Some(DatabaseTls::Require), _) | (None, Some(PgSslMode::Require)) if has_root => PgSslMode::VerifyCa,
            (Some(DatabaseTls::Require), _) => PgSslMode::Require,
            (Some(DatabaseTls::Off), _) => PgSslMode::Disable,
            (None, Some(PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer)) if !is_here => anyhow::bail!(
                "the database's URL allows a connection in clear to `{}`, another machine: leave `sslmode` out, and name the \
                 server's authority (`?sslrootcert=FILE`); or write `database_tls = \"off\"` into comity.toml (--database-tls \
                 off), if nobody else is on the way",
                options.get_host()
            ),
            (None, Some(said)) => said,
            (None, None) if is_here => PgSslMode::Prefer,
            (None, None) => PgSslMode::VerifyFull,
        };
        if !is_here && matches!(mode, PgSslMode::Disable) {
            tracing::warn!(
                "the database at `{}` is spoken to in clear: whoever is on the way reads and changes what it holds",
                options.get_host()
            );
        }
        Ok(Self {
            options: options.ssl_mode(mode),
        })
    }

    /// Returns the options that the driver needs.
    pub(super) fn options(&self) -> PgConnectOptions {
        self.options.clone()
    }
}

/// Returns true if the way to the server does not leave this machine.
fn is_this_machine(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    options.get_socket().is_some()
        || host.starts_with('/')
        || host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
