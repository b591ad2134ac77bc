//! Asks other agencies' nodes for what only they keep: the badge behind a short code.
//!
//! Somebody who types a code asks for just that; a badge *file* is checked without asking anybody. Only nodes that this
//! node pinned are asked, at the address in their key log.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use registry_schema::{AgencyId, CredentialCode, Timestamp};

use transport::outbound::{AllowedNetworks, guard, guarded_names};

/// The most bytes of an answer.
const MOST_BYTES: usize = 2 * 1024 * 1024;
/// The longest that another node may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Says that another store of the agency asks: who is asked so asks nobody else.
pub const ASKED: HeaderName = HeaderName::from_static("comity-store");

/// Since when the node that answers has the records of all badges that its agency issued: those of before are lost.
pub const RECORDS_SINCE: HeaderName = HeaderName::from_static("comity-records-since");

/// The answer of another store of this node's own agency.
#[derive(Debug)]
pub enum SiblingResponse {
    /// It has it: its answer, as it came.
    Answer {
        /// Its HTTP status.
        status: StatusCode,
        /// Its headers, those that are passed on.
        headers: HeaderMap,
        /// Its body, at most 2 MiB.
        body: Vec<u8>,
    },
    /// It does not have it.
    Unknown,
    /// It could not be asked.
    Unreachable,
}

/// Clients for other nodes. Clones share their connections.
#[derive(Clone, Debug)]
pub struct NodeClient {
    /// For the nodes of other agencies, whose addresses they chose themselves.
    peers: reqwest::Client,
    opened: AllowedNetworks,
    /// For the other stores of this agency, whose addresses its own operator chose.
    stores: reqwest::Client,
}

/// The outcome of a question.
#[derive(Debug)]
pub enum BadgeLookup {
    /// The badge's bytes.
    Badge(Vec<u8>),
    /// That agency says that it issued no such badge.
    Unknown,
    /// It could not be asked: why, in lower case, without a full stop.
    Unreachable(String),
    /// It lost its records, and cannot tell: the same.
    CannotTell(String),
}

impl NodeClient {
    /// Clients that trust the machine's certificate authorities, and these. Where another agency's node is, that agency
    /// says, and a stranger who types a code has it asked: so the guard stands before it, and what it lets through beside
    /// the public Internet is `opened`.
    pub fn new(more_roots: Vec<reqwest::Certificate>, opened: AllowedNetworks) -> anyhow::Result<Self> {
        let client = || {
            reqwest::Client::builder()
                .tls_certs_merge(more_roots.clone())
                .timeout(PATIENCE)
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
        };
        // No connection outlives the look at its address.
        let peers = client().pool_max_idle_per_host(0);
        Ok(Self {
            peers: peers.dns_resolver(guarded_names(opened.clone())).build()?,
            opened,
            stores: client().build()?,
        })
    }

    /// Asks a place at another agency's node, if its address may be asked.
    async fn at_peer(&self, place: url::Url, accept: Option<HeaderValue>) -> anyhow::Result<reqwest::Response> {
        guard(&place, &self.opened)?;
        let mut request = self.peers.get(place);
        if let Some(accept) = accept {
            request = request.header(header::ACCEPT, accept);
        }
        Ok(request.send().await?)
    }

    /// Asks the node at `url`, of `agency`, for the badge behind a code.
    pub async fn badge(&self, agency: &AgencyId, url: &str, code: CredentialCode) -> BadgeLookup {
        match self.ask(agency, url, code).await {
            Ok(fetched) => fetched,
            Err(error) => {
                let error = without_address(error);
                tracing::info!(%agency, %error, "another node could not be asked for a badge");
                BadgeLookup::Unreachable(format!("the node of {agency} did not answer for the code {code}"))
            }
        }
    }

    async fn ask(&self, agency: &AgencyId, url: &str, code: CredentialCode) -> anyhow::Result<BadgeLookup> {
        let place = place(url, &["v1", "credentials", &code.compact()])?;
        let accept = HeaderValue::from_static("application/vc");
        let response = self.at_peer(place, Some(accept)).await?;
        match response.status() {
            StatusCode::NOT_FOUND => Ok(BadgeLookup::Unknown),
            StatusCode::GONE => Ok(BadgeLookup::CannotTell(format!(
                "the node of {agency} {}, and cannot tell which badge has the code {code}; ask the holder for the badge file",
                lost_records(response.headers())
            ))),
            status if status.is_success() => Ok(BadgeLookup::Badge(read(response).await?)),
            other => anyhow::bail!("it answered {other}"),
        }
    }

    /// Asks the node at `url`, of `agency`, whether it issued the credential with this id and this digest: for a badge by a
    /// key that this agency itself calls compromised. It learns that somebody checks that badge; nobody else does.
    ///
    /// # Errors
    /// Why it could not be asked, in lower case, without a full stop.
    pub async fn confirms(&self, agency: &str, url: &str, id: &str, digest: &str) -> Result<bool, String> {
        let path = ["v1", "credentials", id, "confirmations", digest];
        let asked = async {
            let response = self.at_peer(place(url, &path)?, None).await?;
            match response.status() {
                StatusCode::OK => Ok(Ok(true)),
                StatusCode::NOT_FOUND => Ok(Ok(false)),
                StatusCode::GONE => Ok(Err(format!("its node {}", lost_records(response.headers())))),
                other => anyhow::bail!("it answered {other}"),
            }
        };
        asked.await.unwrap_or_else(|error: anyhow::Error| {
            let error = without_address(error);
            tracing::info!(agency, %error, "a home agency could not be asked to confirm a badge");
            Err(format!("{agency} did not answer when it was asked"))
        })
    }

    /// Asks another store of this node's own agency, at `url`, for the badge behind a code.
    pub async fn badge_of_store(&self, url: &str, code: CredentialCode) -> BadgeLookup {
        let accept = [(header::ACCEPT, HeaderValue::from_static("application/vc"))];
        match self.pass(url, &["v1", "credentials", &code.compact()], &accept).await {
            SiblingResponse::Answer { body, .. } => BadgeLookup::Badge(body),
            SiblingResponse::Unknown => BadgeLookup::Unknown,
            SiblingResponse::Unreachable => BadgeLookup::Unreachable(format!(
                "another store of this agency did not answer for the code {code}"
            )),
        }
    }

    /// Asks another store of this node's own agency what this one was asked: a reading, without an operator's token.
    pub async fn pass(&self, url: &str, path: &[&str], headers: &[(HeaderName, HeaderValue)]) -> SiblingResponse {
        match self.try_pass(url, path, headers).await {
            Ok(passed) => passed,
            Err(error) => {
                let error = without_address(error);
                tracing::info!(store = url, %error, "another store of this agency could not be asked");
                SiblingResponse::Unreachable
            }
        }
    }

    async fn try_pass(
        &self,
        url: &str,
        path: &[&str],
        asked: &[(HeaderName, HeaderValue)],
    ) -> anyhow::Result<SiblingResponse> {
        let mut request = self.stores.get(place(url, path)?).header(ASKED, "1");
        for (name, value) in asked {
            request = request.header(name, value);
        }
        let response = request.send().await?;
        let status = response.status();
        match status {
            // A token of a badge is for operators of the store that keeps it.
            StatusCode::NOT_FOUND | StatusCode::UNAUTHORIZED => return Ok(SiblingResponse::Unknown),
            StatusCode::OK | StatusCode::NOT_MODIFIED => {}
            other => anyhow::bail!("it answered {other}"),
        }
        let mut headers = HeaderMap::new();
        for name in [header::CONTENT_TYPE, header::ETAG, header::CACHE_CONTROL, header::VARY] {
            if let Some(value) = response.headers().get(&name) {
                headers.insert(name, value.clone());
            }
        }
        let body = read(response).await?;
        Ok(SiblingResponse::Answer { status, headers, body })
    }
}

/// An error without the address that was asked: there is a code in it, and a code opens a badge.
fn without_address(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<reqwest::Error>() {
        Ok(error) => error.without_url().into(),
        Err(error) => error,
    }
}

/// Returns what a node says that cannot tell, in words that are ours.
fn lost_records(headers: &HeaderMap) -> String {
    let since = headers.get(RECORDS_SINCE).and_then(|since| since.to_str().ok());
    let since: Option<Timestamp> = since.and_then(|since| since.parse().ok());
    match since {
        Some(since) => format!("lost its records of badges issued before {}", since.date_in_words()),
        None => "lost its records of earlier badges".to_owned(),
    }
}

/// A place at a node; whatever stands in a part of the path stays in that part.
fn place(url: &str, path: &[&str]) -> anyhow::Result<url::Url> {
    let mut place = url::Url::parse(url)?;
    place
        .path_segments_mut()
        .map_err(|()| anyhow::anyhow!("its address has no path"))?
        .pop_if_empty()
        .extend(path);
    Ok(place)
}

/// The whole answer, if it is no longer than a badge may be.
async fn read(mut response: reqwest::Response) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        anyhow::ensure!(
            bytes.len() + chunk.len() <= MOST_BYTES,
            "its answer is longer than a badge may be"
        );
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
