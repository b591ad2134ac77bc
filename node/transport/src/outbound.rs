//! The guard: everything that this node fetches because a stranger named it goes through here. Links to badges,
//! documents of DIDs, status lists of issuers outside the federation.
//!
//! A stranger who chooses an address must not reach what only this machine can reach, learn anything from it, use this
//! node against somebody else, or cost it much. So: https alone; the addresses that a name has are looked at and then
//! connected to, in one step, so that a second look-up cannot give others; every redirect is guarded like the first
//! request; bytes, time and redirects are bounded; nothing that could identify anybody is sent, no cookies, no proxy.

mod address;
mod rate;

use std::{
    io::Read as _,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use futures::future::BoxFuture;
use reqwest::{
    Certificate, StatusCode,
    dns::{Addrs, Name, Resolve, Resolving},
    header,
};
use tokio::sync::Semaphore;
use url::{Host, Url};

pub use address::Opened;
use rate::Rate;

/// How long a whole fetch may take: names, connections, redirects and the last byte.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a fetch waits for others to end.
const QUEUE: Duration = Duration::from_secs(2);
/// How many fetches are under way at once.
const MOST_AT_ONCE: usize = 32;
/// How often an answer may send us on.
const MOST_REDIRECTS: usize = 3;
/// The longest address.
const LONGEST_URL: usize = 2_048;
/// The most bytes that an answer may have, packed and unpacked.
pub const MOST_BYTES: usize = 2 * 1024 * 1024;

/// Looks up names. A double stands for it in tests.
trait Names: Send + Sync {
    fn look_up(&self, host: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>>;
}

/// The system's own way.
struct System;

impl Names for System {
    fn look_up(&self, host: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Gives the client only addresses that may be asked: what it is given here is what it connects to.
struct Guarded {
    names: Arc<dyn Names>,
    opened: Opened,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (host, opened) = (name.as_str().to_owned(), self.opened.clone());
        let looking = self.names.look_up(host.clone());
        Box::pin(async move {
            let found = looking.await.map_err(|_| Refusal::NoSuchHost(host.clone()))?;
            // One forbidden address spoils the name: which of them is connected to would be chance.
            if let Some(what) = found.iter().find_map(|ip| opened.forbids(*ip)) {
                return Err(Refusal::Forbidden(host, what).into());
            }
            if found.is_empty() {
                return Err(Refusal::NoSuchHost(host).into());
            }
            Ok(Box::new(found.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs)
        })
    }
}

/// Why something was not fetched, for the person who asked: lower case, no full stop.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("this is no address that can be opened: write it as https://example.org/badge.json")]
    BadUrl,
    #[error("only https addresses are opened: what comes over anything else could be anybody's")]
    NotHttps,
    #[error("the address holds a name or a password, which this node does not send")]
    Credentials,
    #[error("`{0}` leads to {1}, where this node asks nobody on a stranger's word")]
    Forbidden(String, &'static str),
    #[error("there is no host `{0}`, or its name could not be looked up")]
    NoSuchHost(String),
    #[error("`{0}` could not be reached, or did not show a certificate that this node trusts")]
    Unreachable(String),
    #[error("`{0}` did not answer whole within {limit} seconds", limit = PATIENCE.as_secs())]
    Slow(String),
    #[error("`{0}` answered with more than {MOST_BYTES} bytes")]
    TooLong(String),
    #[error("`{0}` broke off in the middle of its answer, or packed it in a way that cannot be read")]
    Broken(String),
    #[error("the address leads on and on to other addresses")]
    Redirects,
    #[error("`{0}` has nothing at this address (it answered {1})")]
    Status(String, u16),
    #[error("`{0}` was asked very often in the last seconds")]
    TooOften(String),
    #[error("this node is fetching too much at the moment")]
    Busy,
}

/// What was fetched.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The answer's bytes, unpacked.
    pub bytes: Vec<u8>,
    /// Its content type, without parameters, in lower case; empty if it has none.
    pub content_type: String,
}

/// A client for what strangers name. Clones share everything.
#[derive(Clone, Debug)]
pub struct Outbound(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: reqwest::Client,
    opened: Opened,
    places: Semaphore,
    rate: Rate,
    patience: Duration,
}

impl Refusal {
    /// Whether it was not even tried, and may be in some seconds.
    pub const fn is_of_the_moment(&self) -> bool {
        matches!(self, Self::TooOften(_) | Self::Busy)
    }
}

impl Outbound {
    /// A client that trusts the machine's certificate authorities, and these; `loopback` opens this machine's addresses.
    pub fn new(loopback: bool, more_roots: Vec<Certificate>) -> anyhow::Result<Self> {
        Self::with(loopback, more_roots, Arc::new(System), PATIENCE)
    }

    fn with(
        loopback: bool,
        more_roots: Vec<Certificate>,
        names: Arc<dyn Names>,
        patience: Duration,
    ) -> anyhow::Result<Self> {
        let opened = Opened {
            loopback,
            networks: vec![],
        };
        let client = reqwest::Client::builder()
            .https_only(true)
            .dns_resolver(Guarded {
                names,
                opened: opened.clone(),
            })
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            // No connection outlives the look at its address.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("comity/", env!("CARGO_PKG_VERSION")))
            .tls_certs_merge(more_roots)
            .build()?;
        Ok(Self(Arc::new(Inner {
            client,
            opened,
            places: Semaphore::new(MOST_AT_ONCE),
            rate: Rate::default(),
            patience,
        })))
    }

    /// Fetches what is at an address.
    ///
    /// # Errors
    /// [`Refusal`], which says why in words.
    pub async fn fetch(&self, url: &str, accept: &'static str) -> Result<Fetched, Refusal> {
        self.fetch_for("", url, accept).await
    }

    /// The same on behalf of somebody, who has a share of each host of their own: what one asks for is not what another
    /// has to wait for.
    ///
    /// # Errors
    /// [`Refusal`], which says why in words.
    pub async fn fetch_for(&self, whom: &str, url: &str, accept: &'static str) -> Result<Fetched, Refusal> {
        let first = parse(url)?;
        let place = tokio::time::timeout(QUEUE, self.0.places.acquire()).await;
        let _place = place.map_err(|_| Refusal::Busy)?.map_err(|_| Refusal::Busy)?;
        let host = first.host_str().unwrap_or_default().to_owned();
        let fetching = tokio::time::timeout(self.0.patience, self.follow(whom, first, accept));
        let fetched = fetching.await.unwrap_or(Err(Refusal::Slow(host)));
        if let Err(why) = &fetched {
            tracing::debug!(%why, "not fetched");
        }
        fetched
    }

    async fn follow(&self, whom: &str, mut url: Url, accept: &'static str) -> Result<Fetched, Refusal> {
        for _ in 0..=MOST_REDIRECTS {
            let host = self.may_ask(whom, &url)?;
            let request = self
                .0
                .client
                .get(url.clone())
                .header(header::ACCEPT, accept)
                .header(header::ACCEPT_ENCODING, "identity");
            let response = request.send().await.map_err(|error| refusal(&error, &host))?;
            let status = response.status();
            if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
                let to = response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
                let to = to.and_then(|to| url.join(to).ok()).ok_or(Refusal::BadUrl)?;
                url = parse(to.as_str())?;
                continue;
            }
            if status != StatusCode::OK {
                return Err(Refusal::Status(host, status.as_u16()));
            }
            return read(response, host).await;
        }
        Err(Refusal::Redirects)
    }

    /// The host, if its address may be asked as far as it can be seen without looking up its name.
    fn may_ask(&self, whom: &str, url: &Url) -> Result<String, Refusal> {
        let host = url.host_str().unwrap_or_default().to_owned();
        guard(url, &self.0.opened)?;
        if !self.0.rate.takes(&format!("{whom} {host}")) {
            return Err(Refusal::TooOften(host));
        }
        Ok(host)
    }
}

/// Refuses an address in digits that may not be asked: a client connects to it without looking up anything.
///
/// # Errors
/// [`Refusal::Forbidden`], if it leads where nobody is asked on a stranger's word.
pub fn guard(url: &Url, opened: &Opened) -> Result<(), Refusal> {
    let address = match url.host() {
        Some(Host::Ipv4(v4)) => IpAddr::V4(v4),
        Some(Host::Ipv6(v6)) => IpAddr::V6(v6),
        Some(Host::Domain(_)) => return Ok(()),
        None => return Err(Refusal::BadUrl),
    };
    match opened.forbids(address) {
        Some(what) => Err(Refusal::Forbidden(url.host_str().unwrap_or_default().to_owned(), what)),
        None => Ok(()),
    }
}

/// Looks up the names of hosts for a client, and gives it only addresses that may be asked.
pub fn guarded_names(opened: Opened) -> Arc<dyn Resolve> {
    Arc::new(Guarded {
        names: Arc::new(System),
        opened,
    })
}

/// An https address without a name or password in it.
fn parse(text: &str) -> Result<Url, Refusal> {
    let mut url = Url::parse(text)
        .ok()
        .filter(|_| text.len() <= LONGEST_URL)
        .ok_or(Refusal::BadUrl)?;
    if url.scheme() != "https" {
        return Err(Refusal::NotHttps);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refusal::Credentials);
    }
    url.set_fragment(None);
    Ok(url)
}

/// The guard's own refusal, if there is one among the causes.
fn refusal(error: &reqwest::Error, host: &str) -> Refusal {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(refusal) = error.downcast_ref::<Refusal>() {
            return refusal.clone();
        }
        cause = error.source();
    }
    tracing::debug!(%error, "unreachable");
    Refusal::Unreachable(host.to_owned())
}

/// The answer's body, up to the limit; unpacked if it came packed though that was not asked for.
async fn read(mut response: reqwest::Response, host: String) -> Result<Fetched, Refusal> {
    let text = |name: header::HeaderName| {
        let value = response.headers().get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().trim().to_ascii_lowercase()
    };
    let content_type = text(header::CONTENT_TYPE)
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned();
    let packed = match text(header::CONTENT_ENCODING).as_str() {
        "" | "identity" => false,
        "gzip" | "x-gzip" => true,
        _ => return Err(Refusal::Broken(host)),
    };
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Refusal::Broken(host.clone()))? {
        if bytes.len() + chunk.len() > MOST_BYTES {
            return Err(Refusal::TooLong(host));
        }
        bytes.extend_from_slice(&chunk);
    }
    if packed {
        bytes = unpack(&bytes, &host)?;
    }
    Ok(Fetched { bytes, content_type })
}

fn unpack(packed: &[u8], host: &str) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let unpacked = flate2::read::GzDecoder::new(packed).take(limit).read_to_end(&mut bytes);
    unpacked.map_err(|_| Refusal::Broken(host.to_owned()))?;
    if bytes.len() > MOST_BYTES {
        return Err(Refusal::TooLong(host.to_owned()));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
