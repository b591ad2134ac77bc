//! Asks other agencies' nodes for what only they keep: the badge behind a short code.
//!
//! Somebody who types a code asks for just that; a badge *file* is checked without asking anybody. Only nodes that this
//! node pinned are asked, at the address in their key log.

use std::time::Duration;

use registry_schema::{AgencyId, CredentialCode};

use crate::api::MAX_BODY_BYTES;

/// How long another node may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A client for other nodes. Clones share its connections.
#[derive(Clone, Debug)]
pub(crate) struct Abroad(reqwest::Client);

/// What became of a question.
#[derive(Debug)]
pub(crate) enum Fetched {
    /// The badge's bytes.
    Badge(Vec<u8>),
    /// That agency says that it issued no such badge.
    Unknown,
    /// It could not be asked: why, in lower case, without a full stop.
    Unreachable(String),
}

impl Abroad {
    /// A client that trusts the machine's certificate authorities, and these. The guard of [`crate::outbound`] does not
    /// stand before it: where peers are, their keys say, and the operator chose them; a private network is fine.
    pub(crate) fn new(more_roots: Vec<reqwest::Certificate>) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .tls_certs_merge(more_roots)
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self(client))
    }

    /// Asks the node at `url`, of `agency`, for the badge behind a code.
    pub(crate) async fn badge(&self, agency: &AgencyId, url: &str, code: CredentialCode) -> Fetched {
        match self.ask(url, code).await {
            Ok(fetched) => fetched,
            Err(error) => {
                tracing::info!(%agency, %error, "another node could not be asked for a badge");
                Fetched::Unreachable(format!("the node of {agency} did not answer for the code {code}"))
            }
        }
    }

    async fn ask(&self, url: &str, code: CredentialCode) -> anyhow::Result<Fetched> {
        let address = format!("{url}/v1/credentials/{}", code.compact());
        let mut response = self.0.get(address).header("accept", "application/vc").send().await?;
        if response.status() == reqwest::StatusCode::NOT_FOUND {
            return Ok(Fetched::Unknown);
        }
        anyhow::ensure!(response.status().is_success(), "it answered {}", response.status());
        let mut badge = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            anyhow::ensure!(
                badge.len() + chunk.len() <= MAX_BODY_BYTES,
                "its answer is longer than a badge may be"
            );
            badge.extend_from_slice(&chunk);
        }
        Ok(Fetched::Badge(badge))
    }
}
