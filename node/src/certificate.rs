//! The certificate with which the node answers HTTPS, renewed while it runs: whoever renews it replaces two files, and
//! nobody's connection ends for that.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use axum_server::tls_rustls::RustlsConfig;
use protocol::Hash;
use registry_schema::Timestamp;
use tokio::sync::watch;
use x509_parser::pem::parse_x509_pem;

/// The time between two readings of the files.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The number of days before its end from which a certificate is warned of: those who renew them by themselves do so
/// earlier.
const WARN_DAYS: i64 = 14;

/// Tells what is wrong with the term of the certificate in a file: it is over, or soon will be.
pub(crate) fn term_ends(cert: &Path, now: Timestamp) -> Option<String> {
    let pem = std::fs::read(cert).ok()?;
    let (_, first) = parse_x509_pem(&pem).ok()?;
    let ends = Timestamp(
        first
            .parse_x509()
            .ok()?
            .validity()
            .not_after
            .timestamp()
            .saturating_mul(1_000),
    );
    let cert = cert.display();
    if ends <= now {
        return Some(format!(
            "the certificate `{cert}` expired at {ends}, and no client trusts it any more: renew it; the node takes the new one by \
             itself"
        ));
    }
    (ends <= now.plus_seconds(WARN_DAYS * 86_400)).then(|| {
        format!("the certificate `{cert}` expires at {ends}: renew it before; the node takes the new one by itself")
    })
}

fn warn_of_term(cert: &Path) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
    if let Some(detail) = term_ends(cert, Timestamp(now)) {
        tracing::warn!("{detail}");
    }
}

/// A certificate chain and its key in two files, and what the server shows of them.
#[derive(Debug)]
pub(crate) struct CertificateFiles {
    cert: PathBuf,
    key: PathBuf,
    config: RustlsConfig,
    /// The hash of what was read last, whether or not it could be used: it is complained of once.
    seen: Hash,
}

/// The contents of the two files.
struct PemPair {
    cert: Vec<u8>,
    key: Vec<u8>,
}

impl PemPair {
    fn read(cert: &Path, key: &Path) -> anyhow::Result<Self> {
        let read = |path: &Path| std::fs::read(path).with_context(|| format!("`{}` cannot be read", path.display()));
        Ok(Self {
            cert: read(cert)?,
            key: read(key)?,
        })
    }

    fn digest(&self) -> Hash {
        let length = (self.cert.len() as u64).to_be_bytes();
        Hash::of(&[&length, &self.cert, &self.key])
    }
}

impl CertificateFiles {
    /// Reads the two files.
    ///
    /// # Errors
    /// If they cannot be read, hold no certificate and no key, or a key of another certificate.
    pub(crate) async fn load(cert: &Path, key: &Path) -> anyhow::Result<Self> {
        let cannot = || {
            format!(
                "the certificate `{}` or its key `{}` cannot be used",
                cert.display(),
                key.display()
            )
        };
        let pair = PemPair::read(cert, key).with_context(cannot)?;
        let seen = pair.digest();
        let config = RustlsConfig::from_pem(pair.cert, pair.key).await.with_context(cannot)?;
        warn_of_term(cert);
        Ok(Self {
            cert: cert.to_owned(),
            key: key.to_owned(),
            config,
            seen,
        })
    }

    /// Returns what the server shows; it follows this one's changes.
    pub(crate) fn config(&self) -> RustlsConfig {
        self.config.clone()
    }

    /// Reads the files again every few seconds, and at once each time that `asked` changes, until the node stops.
    pub(crate) async fn keep_fresh(mut self, mut asked: watch::Receiver<u64>, mut stop: watch::Receiver<bool>) {
        loop {
            let is_asked = tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => false,
                Ok(()) = asked.changed() => true,
                _ = stop.wait_for(|stop| *stop) => return,
            };
            self.look(is_asked).await;
        }
    }

    /// Takes what is in the files, if it is new and can be used; otherwise the old certificate stays.
    async fn look(&mut self, is_asked: bool) {
        let (cert, key) = (self.cert.display().to_string(), self.key.display().to_string());
        let pair = match PemPair::read(&self.cert, &self.key) {
            Ok(pair) => pair,
            // A renewal may put the files there one after the other.
            Err(error) if is_asked => {
                return tracing::error!("the old certificate stays: {error:#}");
            }
            Err(error) => return tracing::debug!("the old certificate stays: {error:#}"),
        };
        let digest = pair.digest();
        if digest == self.seen && !is_asked {
            return;
        }
        self.seen = digest;
        match self.config.reload_from_pem(pair.cert, pair.key).await {
            Ok(()) => {
                tracing::info!("HTTPS shows the certificate that is in `{cert}` now");
                warn_of_term(&self.cert);
            }
            Err(error) => tracing::error!(
                %error,
                "the new certificate `{cert}` or its key `{key}` cannot be used, and the old one stays: put a certificate there \
                 with the key that belongs to it"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    fn same(files: &CertificateFiles, before: &std::sync::Arc<rustls::ServerConfig>) -> bool {
        std::sync::Arc::ptr_eq(&files.config().get_inner(), before)
    }

    #[tokio::test]
    async fn a_new_pair_is_taken_and_a_broken_one_leaves_the_old_one() {
        crate::choose_cryptography();
        let folder = tempfile::tempdir().unwrap();
        let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        let write = |(one, other): &(String, String)| {
            std::fs::write(&cert, one).unwrap();
            std::fs::write(&key, other).unwrap();
        };
        let (old, new) = (pair(), pair());
        write(&old);
        let mut files = CertificateFiles::load(&cert, &key).await.unwrap();
        let first = files.config().get_inner();
        let broken = [
            (new.0.clone(), old.1.clone()),
            (old.0.clone(), new.1.clone()),
            (String::new(), new.1.clone()),
            (new.0.clone(), String::new()),
            (new.0.chars().take(200).collect(), new.1.clone()),
            (new.1.clone(), new.0.clone()),
        ];
        for (number, pair) in broken.iter().enumerate() {
            write(pair);
            for is_asked in [false, true] {
                files.look(is_asked).await;
                assert!(same(&files, &first), "broken pair {number}");
            }
        }
        std::fs::remove_file(&key).unwrap();
        files.look(true).await;
        assert!(same(&files, &first), "no key at all");
        write(&new);
        files.look(false).await;
        assert!(!same(&files, &first), "the new pair");
        let second = files.config().get_inner();
        files.look(false).await;
        assert!(same(&files, &second), "nothing changed");
        write(&broken[0]);
        assert!(CertificateFiles::load(&cert, &key).await.is_err());
    }

    #[test]
    fn a_certificate_is_warned_of_before_its_end_and_after() {
        let folder = tempfile::tempdir().unwrap();
        let cert = folder.path().join("cert.pem");
        let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(2030, 1, 1);
        let made = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
        std::fs::write(&cert, made.pem()).unwrap();
        let at = |day: &str| term_ends(&cert, day.parse().unwrap());
        assert_eq!(at("2029-12-01"), None);
        assert!(at("2029-12-30").unwrap().contains("expires at 2030-01-01"));
        assert!(at("2030-01-02").unwrap().contains("expired at 2030-01-01"));
        assert_eq!(term_ends(folder.path(), "2030-01-02".parse().unwrap()), None);
    }
}
