//! HTTP, as anybody speaks it.

use std::{sync::Once, time::Duration};

use api_types::problem::ProblemResponse;
use reqwest::{Client, RequestBuilder};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The answer of a node.
#[derive(Clone, Debug)]
pub struct HttpReply {
    /// The HTTP status.
    pub status: u16,
    /// The content type, without parameters.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

/// A client that asks on loopback and does not wait for ever.
pub fn client() -> Client {
    client_with(|builder| builder)
}

/// The same, with something of its own.
///
/// # Panics
/// If the client cannot be made.
pub fn client_with(own: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> Client {
    crypto();
    let builder = Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(60));
    own(builder).build().expect("a client")
}

/// Chooses who does this process's cryptography for TLS.
pub fn crypto() {
    static CHOSEN: Once = Once::new();
    CHOSEN.call_once(|| {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    });
}

/// Sends a request that must be answered, whatever the answer.
///
/// # Panics
/// If nobody answers.
pub async fn send(request: RequestBuilder) -> HttpReply {
    try_send(request)
        .await
        .unwrap_or_else(|error| panic!("no answer: {error}"))
}

/// Sends a request.
///
/// # Errors
/// Says why there was no answer.
pub async fn try_send(request: RequestBuilder) -> Result<HttpReply, String> {
    let causes = |error: reqwest::Error| format!("{:#}", anyhow::Error::from(error));
    let response = request.send().await.map_err(causes)?;
    let content_type = response
        .headers()
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let content_type = content_type.split(';').next().unwrap_or_default().trim().to_owned();
    let status = response.status().as_u16();
    let body = response.bytes().await.map_err(causes)?.to_vec();
    Ok(HttpReply {
        status,
        content_type,
        body,
    })
}

/// Gets what is at an address.
pub async fn get(url: &str) -> HttpReply {
    send(client().get(url)).await
}

impl HttpReply {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON of a kind.
    ///
    /// # Panics
    /// If it is none.
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {}: {}", self.status, self.text()))
    }

    /// The body as any JSON.
    pub fn value(&self) -> Value {
        self.json()
    }

    /// The reply, if its status is this one.
    ///
    /// # Panics
    /// If it is another.
    pub fn with_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// The reply, if its status is one of these.
    ///
    /// # Panics
    /// If it is another.
    pub fn with_status_among(self, statuses: &[u16]) -> Self {
        assert!(statuses.contains(&self.status), "{}: {}", self.status, self.text());
        self
    }

    /// The problem that it tells of, with this status and this page.
    ///
    /// # Panics
    /// If it tells of none, or of another.
    pub fn problem(&self, status: u16, code: &str) -> ProblemResponse {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.content_type, "application/problem+json", "{}", self.text());
        let problem: ProblemResponse = self.json();
        assert_eq!(
            (problem.status, problem.kind.as_str()),
            (status, format!("/help/{code}").as_str()),
            "{problem:?}"
        );
        assert!(!problem.title.is_empty() && !problem.detail.is_empty(), "{problem:?}");
        problem
    }
}
