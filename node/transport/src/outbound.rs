//! The guard: everything that this node fetches because a stranger named it goes through here. Links to badges,
//! documents of DIDs, status lists of issuers outside the federation.
//!
//! A stranger who chooses an address must not reach what only this machine can reach, learn anything from it, use this
//! node against somebody else, or cost it much. So: https alone; the addresses that a name has are looked at and then
//! connected to, in one step, so that a second look-up cannot give others; every redirect is guarded like the first
//! request; bytes, time and redirects are bounded; nothing that could identify anybody is sent, no cookies, no proxy.

mod address;
mod names;
mod places;
mod rate;

use std::{io::Read as _, net::IpAddr, sync::Arc, time::Duration};

use reqwest::{Certificate, StatusCode, header};
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

pub use address::{AllowedNetworks, IpNetwork};
pub use names::guarded_names;
use names::{LOOKED_UP, NameResolver, PinnedResolver, SystemResolver, guarded};
use places::{FairLimits, FairPermit, FairSemaphore, NoPermit};
use rate::FetchRateLimiter;

/// The time that a whole fetch may take, from when it has its place: names, connections, redirects and the last byte.
const PATIENCE: Duration = Duration::from_secs(10);
/// The fetches that are under way at once. Forty addresses that take all they can get, in whatever order they come, leave one
/// for whoever comes next; and there is memory for as many answers.
const PLACES: FairLimits = FairLimits {
    in_all: 64,
    of_one: 16,
    for_the_first: 42,
};
/// The most times that an answer may send us on.
const MOST_REDIRECTS: usize = 3;
/// The longest address, in bytes.
const LONGEST_URL: usize = 2_048;
/// The most bytes that an answer may have, packed and unpacked.
pub const MOST_BYTES: usize = 2 * 1024 * 1024;

/// Whoever something is fetched for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FetchRequester {
    /// A stranger: the customer behind an address ([`crate::client`]).
    Stranger(IpAddr),
    /// This node itself, for what concerns this agency.
    Agency(String),
    /// An operator of this node.
    Operator,
}

/// A fetch that was refused, or failed, in words for the person who asked: lower case, no full stop. The first field is the
/// host, as the address names it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The text is no URL, is longer than 2,048 bytes, or leads on to one that is none.
    #[error("this is no address that can be opened: write it as https://example.org/badge.json")]
    BadUrl,
    /// The address has another scheme than `https`.
    #[error("only https addresses are opened: what comes over anything else could be anybody's")]
    NotHttps,
    /// The address holds a user's name or password.
    #[error("the address holds a name or a password, which this node does not send")]
    Credentials,
    /// The host has an address that is not asked on a stranger's word; the second field says what is there.
    #[error("`{0}` leads to {1}, where this node asks nobody on a stranger's word")]
    Forbidden(String, &'static str),
    /// The host has no address, or none that was found.
    #[error("there is no host `{0}`, or its name could not be looked up")]
    NoSuchHost(String),
    /// The name was not looked up in time.
    #[error(
        "the name `{0}` could not be looked up in time: the name servers, that host's or this node's, do not answer"
    )]
    NameSlow(String),
    /// No connection, or none with a certificate that holds.
    #[error("`{0}` could not be reached, or did not show a certificate that this node trusts")]
    Unreachable(String),
    /// The answer was not whole in time.
    #[error("`{0}` did not answer whole within {limit} seconds", limit = PATIENCE.as_secs())]
    Slow(String),
    /// The answer has more than [`MOST_BYTES`], packed or unpacked.
    #[error("`{0}` answered with more than {MOST_BYTES} bytes")]
    TooLong(String),
    /// The answer broke off, or is packed in another way than by gzip.
    #[error("`{0}` broke off in the middle of its answer, or packed it in a way that cannot be read")]
    Broken(String),
    /// The address led on more than three times.
    #[error("the address leads on and on to other addresses")]
    Redirects,
    /// The answer has another status than 200, the second field.
    #[error("`{0}` has nothing at this address (it answered {1})")]
    Status(String, u16),
    /// The share of this host is used up: two requests a second and twenty at once, for all strangers or for one agency.
    #[error("`{0}` was asked very often in the last seconds")]
    TooOften(String),
    /// No place became free in time, and whoever it is for holds some.
    #[error("this node is fetching too much for you at the moment; ask again")]
    OwnQueue,
    /// No place became free in time, and others hold them all.
    #[error("this node is fetching too much for others at the moment; ask again")]
    Queue,
}

/// An answer that was fetched.
#[derive(Clone, Debug)]
pub struct FetchedResource {
    /// The answer's bytes, unpacked: at most [`MOST_BYTES`].
    pub bytes: Vec<u8>,
    /// Its content type, without parameters, in lower case; empty if it has none.
    pub content_type: String,
}

/// A client for what strangers name. Clones share everything.
#[derive(Clone, Debug)]
pub struct OutboundClient(Arc<OutboundState>);

#[derive(Debug)]
struct OutboundState {
    client: reqwest::Client,
    names: Arc<dyn NameResolver>,
    opened: AllowedNetworks,
    places: Arc<FairSemaphore<FetchRequester>>,
    rate: FetchRateLimiter,
    patience: Duration,
}

/// A turn to fetch. It holds a place until it is dropped, and until the last look-up of a name in it has ended.
#[derive(Debug)]
pub struct FetchPermit {
    outbound: OutboundClient,
    whom: FetchRequester,
    place: Arc<FairPermit<FetchRequester>>,
}

impl OutboundError {
    /// Tells whether it was not even tried, and may be in some seconds.
    pub const fn is_of_the_moment(&self) -> bool {
        matches!(self, Self::TooOften(_) | Self::OwnQueue | Self::Queue)
    }
}

impl OutboundClient {
    /// A client that trusts the machine's certificate authorities, and these; `loopback` opens this machine's addresses.
    ///
    /// # Errors
    /// If the TLS library cannot be set up with these authorities.
    pub fn new(loopback: bool, more_roots: Vec<Certificate>) -> anyhow::Result<Self> {
        Self::with(loopback, more_roots, Arc::new(SystemResolver), PATIENCE)
    }

    fn with(
        loopback: bool,
        more_roots: Vec<Certificate>,
        names: Arc<dyn NameResolver>,
        patience: Duration,
    ) -> anyhow::Result<Self> {
        let opened = AllowedNetworks {
            loopback,
            networks: vec![],
        };
        let client = reqwest::Client::builder()
            .https_only(true)
            .dns_resolver(PinnedResolver)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            // No connection outlives the look at its address.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("comity/", env!("CARGO_PKG_VERSION")))
            .tls_certs_merge(more_roots)
            .build()?;
        Ok(Self(Arc::new(OutboundState {
            client,
            names,
            opened,
            places: FairSemaphore::new(PLACES),
            rate: FetchRateLimiter::default(),
            patience,
        })))
    }

    /// Waits for a turn to fetch, until this moment. Turns are shared among those that something is fetched for: what one
    /// asks for is not what another has to wait for.
    ///
    /// # Errors
    /// [`OutboundError::OwnQueue`] or [`OutboundError::Queue`], if there was none by then.
    pub async fn enter(&self, whom: FetchRequester, until: Instant) -> Result<FetchPermit, OutboundError> {
        let place = self.0.places.enter(whom.clone(), until).await;
        let place = place.map_err(|full| match full {
            NoPermit::OfOwn => OutboundError::OwnQueue,
            NoPermit::OfOthers => OutboundError::Queue,
        })?;
        Ok(FetchPermit {
            outbound: self.clone(),
            whom,
            place: Arc::new(place),
        })
    }
}

impl FetchPermit {
    /// Fetches what is at an address; `accept` are the content types to ask for. The time that it may take begins now.
    ///
    /// # Errors
    /// [`OutboundError`], which says why in words.
    pub async fn fetch(&self, url: &str, accept: &'static str) -> Result<FetchedResource, OutboundError> {
        let deadline = Instant::now() + self.outbound.0.patience;
        let fetched = match parse(url) {
            Ok(first) => self.follow(first, accept, deadline).await,
            Err(why) => Err(why),
        };
        if let Err(why) = &fetched {
            tracing::debug!(%why, "not fetched");
        }
        fetched
    }

    async fn follow(
        &self,
        mut url: Url,
        accept: &'static str,
        deadline: Instant,
    ) -> Result<FetchedResource, OutboundError> {
        for _ in 0..=MOST_REDIRECTS {
            let host = self.may_ask(&url)?;
            let found = self.look_up(&url, &host, deadline).await?;
            let slow = |_| OutboundError::Slow(host.clone());
            let client = &self.outbound.0.client;
            let request = client
                .get(url.clone())
                .header(header::ACCEPT, accept)
                .header(header::ACCEPT_ENCODING, "identity");
            let sending = LOOKED_UP.scope(found, request.send());
            let response = timeout_at(deadline, sending).await.map_err(slow)?;
            let response = response.map_err(|error| refusal(&error, &host))?;
            let status = response.status();
            if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
                let to = response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
                let to = to.and_then(|to| url.join(to).ok()).ok_or(OutboundError::BadUrl)?;
                url = parse(to.as_str())?;
                continue;
            }
            if status != StatusCode::OK {
                return Err(OutboundError::Status(host, status.as_u16()));
            }
            let reading = timeout_at(deadline, read(response, host.clone()));
            return reading.await.map_err(slow)?;
        }
        Err(OutboundError::Redirects)
    }

    /// The host, if its address may be asked as far as it can be seen without looking up its name.
    fn may_ask(&self, url: &Url) -> Result<String, OutboundError> {
        let host = url.host_str().unwrap_or_default().to_owned();
        guard(url, &self.outbound.0.opened)?;
        if !self.outbound.0.rate.takes(&self.whom, &host) {
            return Err(OutboundError::TooOften(host));
        }
        Ok(host)
    }

    /// The addresses of the host in a URL; none, if the URL itself says where it is.
    async fn look_up(&self, url: &Url, host: &str, deadline: Instant) -> Result<Vec<IpAddr>, OutboundError> {
        if !matches!(url.host(), Some(Host::Domain(_))) {
            return Ok(vec![]);
        }
        let inner = &*self.outbound.0;
        let looking = guarded(&*inner.names, host.to_owned(), &inner.opened, self.place.clone());
        let found = timeout_at(deadline, looking).await;
        found.map_err(|_| OutboundError::NameSlow(host.to_owned()))?
    }
}

/// Refuses an address in digits that may not be asked: a client connects to it without looking up anything.
///
/// # Errors
/// [`OutboundError::Forbidden`], if it leads where nobody is asked on a stranger's word; [`OutboundError::BadUrl`], if it has no host.
pub fn guard(url: &Url, opened: &AllowedNetworks) -> Result<(), OutboundError> {
    let address = match url.host() {
        Some(Host::Ipv4(v4)) => IpAddr::V4(v4),
        Some(Host::Ipv6(v6)) => IpAddr::V6(v6),
        Some(Host::Domain(_)) => return Ok(()),
        None => return Err(OutboundError::BadUrl),
    };
    match opened.forbids(address) {
        Some(what) => Err(OutboundError::Forbidden(
            url.host_str().unwrap_or_default().to_owned(),
            what,
        )),
        None => Ok(()),
    }
}

/// An https address without a name or password in it.
fn parse(text: &str) -> Result<Url, OutboundError> {
    let mut url = Url::parse(text)
        .ok()
        .filter(|_| text.len() <= LONGEST_URL)
        .ok_or(OutboundError::BadUrl)?;
    if url.scheme() != "https" {
        return Err(OutboundError::NotHttps);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(OutboundError::Credentials);
    }
    url.set_fragment(None);
    Ok(url)
}

/// The guard's own refusal, if there is one among the causes.
fn refusal(error: &reqwest::Error, host: &str) -> OutboundError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(refusal) = error.downcast_ref::<OutboundError>() {
            return refusal.clone();
        }
        cause = error.source();
    }
    tracing::debug!(%error, "unreachable");
    OutboundError::Unreachable(host.to_owned())
}

/// The answer's body, up to the limit; unpacked if it came packed though that was not asked for.
async fn read(mut response: reqwest::Response, host: String) -> Result<FetchedResource, OutboundError> {
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
        _ => return Err(OutboundError::Broken(host)),
    };
    let mut bytes = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|_| OutboundError::Broken(host.clone()))?
    {
        if bytes.len() + chunk.len() > MOST_BYTES {
            return Err(OutboundError::TooLong(host));
        }
        bytes.extend_from_slice(&chunk);
    }
    if packed {
        bytes = unpack(&bytes, &host)?;
    }
    Ok(FetchedResource { bytes, content_type })
}

fn unpack(packed: &[u8], host: &str) -> Result<Vec<u8>, OutboundError> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let unpacked = flate2::read::GzDecoder::new(packed).take(limit).read_to_end(&mut bytes);
    unpacked.map_err(|_| OutboundError::Broken(host.to_owned()))?;
    if bytes.len() > MOST_BYTES {
        return Err(OutboundError::TooLong(host.to_owned()));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
