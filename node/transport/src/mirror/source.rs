//! Files at an address: fetched one at a time, with limits on time and length, and compared with their names.

use std::{fmt, path::Path, time::Duration};

use anyhow::Context as _;
use protocol::{
    Countersignature, Hash, Signed,
    files::LogListing,
    message::{MAX_MESSAGE_BYTES, MAX_SUMMARIES},
    signed::encode,
};
use reqwest::{StatusCode, header};

use api_types::federation::FederationIndex;

/// The time that a file may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// The time that a connection may take.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// Files under `URL/federation/`. Clones share connections.
#[derive(Clone, Debug)]
pub struct MirrorSource {
    client: reqwest::Client,
    url: String,
}

/// A kind of files that are named by their content; the folder that they are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MirrorFileKind {
    /// Pages of a key log.
    KeyLog,
    /// Pages of envelopes.
    Envelopes,
    /// Checkpoints, named by their statement and not by their bytes.
    Checkpoints,
    /// Pages of a checkpoint's rows.
    Rows,
}

impl MirrorFileKind {
    pub(crate) const fn folder(self) -> &'static str {
        match self {
            Self::KeyLog => "key-log",
            Self::Envelopes => "envelopes",
            Self::Checkpoints => "checkpoints",
            Self::Rows => "rows",
        }
    }
}

/// A failure to get a file.
#[derive(Debug)]
pub enum MirrorError {
    /// The mirror does not answer, or not as a web server would that has the files.
    Silent(String),
    /// It answers that there is no such file.
    Absent(String),
    /// It gives what no honest mirror gives.
    Nonsense(String),
}

impl MirrorError {
    pub(crate) const fn is_nonsense(&self) -> bool {
        matches!(self, Self::Nonsense(_))
    }
}

impl fmt::Display for MirrorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent(why) | Self::Absent(why) | Self::Nonsense(why) => f.write_str(why),
        }
    }
}

/// A file that changes.
pub(crate) enum MirrorFetch {
    /// As it is now, with the name of this state, if the server tells one.
    New(Vec<u8>, Option<String>),
    /// As it was.
    Same,
}

/// The error in words, with what helps if it is the certificate.
fn in_words(error: reqwest::Error) -> String {
    let text = format!("{:#}", anyhow::Error::from(error));
    let is_unknown = text.contains("UnknownIssuer") || text.contains("CaUsedAsEndEntity");
    let hint =
        ": if a private authority signed its certificate, name that: `--roots FILE`, or `roots` of a `[[mirrors]]`";
    text + if is_unknown { hint } else { "" }
}

impl MirrorSource {
    /// Files at this address. `roots` are PEM certificates to be trusted beside the system's.
    ///
    /// # Errors
    /// If the address is none, or the certificates cannot be read.
    pub fn new(url: &str, roots: Option<&Path>) -> anyhow::Result<Self> {
        let url = url.trim_end_matches('/').to_owned();
        let parsed = url::Url::parse(&url).with_context(|| format!("`{url}` is no URL"))?;
        anyhow::ensure!(
            matches!(parsed.scheme(), "https" | "http")
                && parsed.host_str().is_some()
                && parsed.query().is_none()
                && parsed.fragment().is_none(),
            "`{url}` is no address of files: write https://comity.example.gov, above its `federation` folder"
        );
        let mut builder = reqwest::Client::builder()
            .timeout(PATIENCE)
            .connect_timeout(CONNECT_PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(1)
            .no_proxy();
        if let Some(roots) = roots {
            let shown = roots.display();
            let pem = std::fs::read(roots).with_context(|| format!("`{shown}` cannot be read"))?;
            let certificates = reqwest::Certificate::from_pem_bundle(&pem)
                .with_context(|| format!("`{shown}` holds no certificates in PEM"))?;
            anyhow::ensure!(!certificates.is_empty(), "`{shown}` holds no certificates in PEM");
            builder = builder.tls_certs_merge(certificates);
        }
        let client = builder.build()?;
        Ok(Self { client, url })
    }

    /// The address, without a slash at its end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The index of the agencies whose files there are, with the server's `ETag`; none, if it is as it was at `known`, an
    /// `ETag` that the server gave before.
    ///
    /// # Errors
    /// If it cannot be had, or is none.
    pub async fn index(&self, known: Option<&str>) -> Result<Option<(FederationIndex, Option<String>)>, MirrorError> {
        let MirrorFetch::New(bytes, etag) = self.changing("index.json", known).await? else {
            return Ok(None);
        };
        let index: FederationIndex = serde_json::from_slice(&bytes)
            .map_err(|error| MirrorError::Nonsense(format!("`index.json` cannot be read: {error}")))?;
        if index.version != 1 || index.agencies.len() > MAX_SUMMARIES {
            return Err(MirrorError::Nonsense(
                "`index.json` has another version than 1, or more than 1,024 agencies".into(),
            ));
        }
        Ok(Some((index, etag)))
    }

    /// An agency's listing, and its bytes.
    ///
    /// # Errors
    /// If it cannot be had, is none, or is another agency's.
    pub async fn listing(&self, agency: Hash) -> Result<(LogListing, Vec<u8>), MirrorError> {
        let path = format!("{agency}/summary");
        let MirrorFetch::New(bytes, _) = self.changing(&path, None).await? else {
            return Err(MirrorError::Silent(format!(
                "`{path}` is said to be as it was, though nobody asked"
            )));
        };
        let listing = LogListing::read(&bytes).map_err(|_| MirrorError::Nonsense(format!("`{path}` is no listing")))?;
        if listing.summary.agency == agency {
            Ok((listing, bytes))
        } else {
            Err(MirrorError::Nonsense(format!("`{path}` is another agency's")))
        }
    }

    /// A file that is named by its content: its bytes, of which nothing is known but that. At most 1 MiB.
    ///
    /// # Errors
    /// If it cannot be had, or holds something else than its name says.
    pub async fn named(&self, agency: Hash, kind: MirrorFileKind, name: Hash) -> Result<Vec<u8>, MirrorError> {
        let path = format!("{agency}/{}/{name}", kind.folder());
        let MirrorFetch::New(bytes, _) = self.changing(&path, None).await? else {
            return Err(MirrorError::Silent(format!(
                "`{path}` is said to be as it was, though nobody asked"
            )));
        };
        // A checkpoint is named by its statement, as everywhere in the protocol; who reads it compares.
        if kind == MirrorFileKind::Checkpoints || Hash::of(&[&bytes]) == name {
            Ok(bytes)
        } else {
            Err(MirrorError::Nonsense(format!(
                "`{path}` holds something else than its name says"
            )))
        }
    }

    /// The answer of a node beside its files, at this path; none, if there is none, or not within these limits.
    pub async fn beside(&self, path: &str, most_bytes: usize, patience: Duration) -> Option<Vec<u8>> {
        let request = self.client.get(format!("{}/{path}", self.url)).timeout(patience);
        let mut response = request
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .ok()?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.ok()? {
            if bytes.len() + chunk.len() > most_bytes {
                return None;
            }
            bytes.extend_from_slice(&chunk);
        }
        Some(bytes)
    }

    /// Posts a countersignature; says whether it was taken.
    pub(crate) async fn post_held(&self, held: &Signed<Countersignature>) -> Result<bool, MirrorError> {
        let silent = |error: reqwest::Error| MirrorError::Silent(format!("`held`: {:#}", anyhow::Error::from(error)));
        let request = self.client.post(format!("{}/federation/held", self.url));
        let request = request
            .header(header::CONTENT_TYPE, "application/cbor")
            .body(encode(held));
        Ok(request.send().await.map_err(silent)?.status().is_success())
    }

    async fn changing(&self, path: &str, known: Option<&str>) -> Result<MirrorFetch, MirrorError> {
        let silent = |error: reqwest::Error| MirrorError::Silent(format!("`{path}`: {}", in_words(error)));
        let mut request = self.client.get(format!("{}/federation/{path}", self.url));
        if let Some(known) = known {
            request = request.header(header::IF_NONE_MATCH, known);
        }
        let mut response = request.send().await.map_err(silent)?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED => return Ok(MirrorFetch::Same),
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                return Err(MirrorError::Absent(format!("there is no `{path}`")));
            }
            other => return Err(MirrorError::Silent(format!("`{path}` is answered with {other}"))),
        }
        let etag = response.headers().get(header::ETAG);
        let etag = etag.and_then(|etag| etag.to_str().ok()).map(str::to_owned);
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(silent)? {
            if bytes.len() + chunk.len() > MAX_MESSAGE_BYTES {
                return Err(MirrorError::Nonsense(format!("`{path}` is longer than 1 MiB")));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(MirrorFetch::New(bytes, etag))
    }
}
