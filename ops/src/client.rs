//! The node's HTTP API: one request, one answer, and what every way of failing means to an operator.

mod call;
mod cause;
mod many;
mod pages;
mod time;
mod writing;

use std::{
    sync::{Once, atomic::AtomicBool},
    time::Duration,
};

use anyhow::Context;
use api_types::{Effect, NoBody, Route, problem::ProblemResponse, routes};
use reqwest::{
    Method, StatusCode, Url,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

pub(crate) use self::call::Answer;
use self::time::NodeTime;
use crate::{
    exit::{Exit, fault, usage},
    out,
    profile::{Profile, default_path},
    show,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(60);

/// The longest answer that is read, and the longest badge that is sent.
pub(crate) const MAX_BODY: usize = 16 * 1024 * 1024;

/// Speaks to one node.
pub(crate) struct ApiClient {
    http: reqwest::Client,
    node: Url,
    token: Option<HeaderValue>,
    /// True if the profile names certificates to trust.
    has_ca_file: bool,
    /// True if nothing is changed before somebody says yes.
    waits: AtomicBool,
    time: NodeTime,
}

/// The node's answer: the JSON as it came.
struct ApiReply {
    json: Box<RawValue>,
}

/// A part of the node's answer as what it should be.
pub(crate) fn parse<T: DeserializeOwned>(json: &RawValue) -> anyhow::Result<T> {
    serde_json::from_str(json.get()).map_err(|e| {
        let hint = "does its version fit this program's? see `comity status` and `comity --version`";
        fault(
            Exit::CouldNotCheck,
            format!("the node's answer is not what was expected ({e}): {hint}"),
        )
    })
}

impl ApiClient {
    /// A client for the node of the command line, or else of the profile.
    pub(crate) fn new(node: Option<&str>, profile: &Profile) -> anyhow::Result<Self> {
        install_tls_provider();
        let own = profile.node.as_deref().map(node_url).transpose()?;
        let node = match (node, &own) {
            (Some(named), _) => node_url(named)?,
            (None, Some(own)) => own.clone(),
            (None, None) => return Err(no_node()),
        };
        let is_own = own.is_none_or(|own| own.origin() == node.origin());
        Self::made(node, profile, is_own)
    }

    /// A client for another node than the profile's. It is told nothing that only ours may know, and trusted as far as the
    /// profile's `ca_file` or the machine vouches for it.
    pub(crate) fn of_another(node: &str, profile: &Profile) -> anyhow::Result<Self> {
        install_tls_provider();
        Self::made(node_url(node)?, profile, false)
    }

    fn made(node: Url, profile: &Profile, is_own: bool) -> anyhow::Result<Self> {
        // The token is for the profile's node and no other.
        let token = profile.token.as_ref().filter(|_| is_own).map(|token| {
            let mut value = HeaderValue::from_str(&token.bearer())
                .map_err(|_| usage("the profile's token has characters that no token has"))?;
            value.set_sensitive(true);
            Ok::<_, anyhow::Error>(value)
        });
        let token = token.transpose()?;
        if token.is_some() && node.scheme() == "http" && !is_loopback(&node) {
            if !profile.insecure_http {
                return Err(usage(format!(
                    "the token would travel to `{}` in clear, and whoever reads it acts for the agency: use https; or, if nobody \
                     else is on the way, `--insecure-http` (`insecure_http = true` in the profile)",
                    show::plain(node.as_str())
                )));
            }
            out::note(&format!(
                "warning: the token travels to `{node}` unencrypted: use https"
            ));
        }
        let mut http = reqwest::Client::builder()
            .user_agent(concat!("comity/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            // A node answers for itself; a write that is sent on elsewhere would be nobody's.
            .redirect(reqwest::redirect::Policy::none());
        if is_loopback(&node) {
            http = http.no_proxy();
        }
        if let Some(file) = &profile.ca_file {
            let read = || format!("cannot read the certificates in `{}` (`ca_file`)", file.display());
            let pem = std::fs::read(file).with_context(read)?;
            let known = reqwest::Certificate::from_pem_bundle(&pem).with_context(read)?;
            // Nobody else vouches for the profile's own node; for others, whoever the machine trusts does as well.
            http = match is_own {
                true => http.tls_certs_only(known),
                false => http.tls_certs_merge(known),
            };
        } else if node.scheme() == "http" {
            // Nothing to vouch for: do not depend on the machine having a list of authorities.
            http = http.tls_certs_only([]);
        }
        let http = http.build().context("cannot prepare TLS")?;
        Ok(Self {
            http,
            node,
            token,
            has_ca_file: profile.ca_file.is_some(),
            waits: AtomicBool::new(false),
            time: NodeTime::default(),
        })
    }

    /// Returns true if it asks as an operator.
    pub(crate) const fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// The node's address.
    pub(crate) const fn node(&self) -> &Url {
        &self.node
    }

    /// A URL at the node: the segments are escaped, so what a user typed stays one segment.
    pub(crate) fn at(&self, path: &[&str], query: &[(&str, Option<String>)]) -> Url {
        let mut url = self.node.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        for (name, value) in query {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        url
    }

    /// Reads.
    async fn read(&self, path: &[&str], query: &[(&str, Option<String>)]) -> anyhow::Result<ApiReply> {
        let (_, body) = self
            .send((Method::GET, Effect::Reads), self.at(path, query), None)
            .await?;
        answer(body)
    }

    /// Reads a file of this kind, and of no other.
    pub(crate) async fn download<A>(
        &self,
        route: &Route<NoBody, A>,
        parameters: &[&str],
        kind: &'static str,
    ) -> anyhow::Result<Vec<u8>> {
        let url = self.at(&route.segments(parameters), &[]);
        let mut request = self.http.get(url).header(ACCEPT, kind);
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token.clone());
        }
        let response = self.exchange(request, false).await?;
        let status = response.status();
        let is_kind = response.headers().get(CONTENT_TYPE).is_some_and(|k| k == kind);
        let body = self.body(response, false).await?;
        match (status.is_success(), is_kind) {
            (false, _) => Err(self.refused(status, &body)),
            (true, true) => Ok(body),
            (true, false) => Err(fault(
                Exit::CouldNotCheck,
                format!("the node does not give badges as {kind}: does its version fit this program's?"),
            )),
        }
    }

    /// Asks about a badge: changes nothing, though it is a POST.
    async fn ask(
        &self,
        path: &[&str],
        query: &[(&str, Option<String>)],
        kind: &'static str,
        body: Vec<u8>,
    ) -> anyhow::Result<ApiReply> {
        let (_, body) = self
            .send((Method::POST, Effect::Reads), self.at(path, query), Some((kind, body)))
            .await?;
        answer(body)
    }

    /// Asks the node whether it is ready; with the words in which it says so.
    pub(crate) async fn ready(&self) -> anyhow::Result<(bool, String)> {
        let request = self.http.get(self.at(&routes::READINESS.segments(&[]), &[]));
        let response = self.exchange(request, false).await?;
        let status = response.status();
        let body = self.body(response, false).await?;
        let problem: ProblemResponse = serde_json::from_slice(&body).unwrap_or_default();
        let text = in_words(&problem).map_or_else(|| String::from_utf8_lossy(&body).into_owned(), str::to_owned);
        match status {
            StatusCode::OK => Ok((true, text)),
            StatusCode::SERVICE_UNAVAILABLE => Ok((false, text)),
            other => Err(self.refused(other, &body)),
        }
    }

    async fn send(
        &self,
        (method, effect): (Method, Effect),
        url: Url,
        body: Option<(&'static str, Vec<u8>)>,
    ) -> anyhow::Result<(StatusCode, Vec<u8>)> {
        let writes = effect == Effect::Writes;
        let mut request = self
            .http
            .request(method, url)
            .header(ACCEPT, "application/json, application/problem+json");
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token.clone());
        }
        if let Some((kind, bytes)) = body {
            request = request.header(CONTENT_TYPE, kind).body(bytes);
        }
        let response = self.exchange(request, writes).await?;
        let status = response.status();
        let body = self.body(response, writes).await?;
        if status.is_success() {
            Ok((status, body))
        } else {
            Err(self.refused(status, &body))
        }
    }

    async fn body(&self, mut response: reqwest::Response, writes: bool) -> anyhow::Result<Vec<u8>> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| self.unreachable(&e, writes))? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(fault(
                    Exit::CouldNotCheck,
                    "the node's answer is longer than 16 MiB: ask for less",
                ));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn unreachable(&self, error: &reqwest::Error, writes: bool) -> anyhow::Error {
        let node = show::plain(self.node.as_str());
        let message = cause::of_silence(error, &node, writes, self.has_ca_file);
        fault(Exit::Unreachable, message)
    }

    fn refused(&self, status: StatusCode, body: &[u8]) -> anyhow::Error {
        let problem: ProblemResponse = serde_json::from_slice(body).unwrap_or_default();
        let exit = exit_for(status);
        let said = in_words(&problem).map_or_else(|| default_words(status), str::to_owned);
        let mut message = show::plain(said.trim().trim_end_matches('.'));
        if status == StatusCode::UNAUTHORIZED && self.token.is_none() {
            message.push_str("\ngive a profile with a token for this node: --profile FILE");
        }
        let kind = problem.kind;
        if !kind.is_empty() && kind != "about:blank" {
            let place = self.node.join(&kind).map_or(kind, String::from);
            message.push_str(&format!("\nread more: {}", show::plain(&place)));
        }
        fault(exit, message)
    }
}

/// The words of a problem, if it has any.
fn in_words(problem: &ProblemResponse) -> Option<&str> {
    let words = [problem.detail.as_str(), problem.title.as_str()];
    words.into_iter().find(|text| !text.is_empty())
}

fn answer(body: Vec<u8>) -> anyhow::Result<ApiReply> {
    let no_json = || {
        fault(
            Exit::CouldNotCheck,
            "the answer is no JSON: is this the address of a Comity node?",
        )
    };
    let text = String::from_utf8(body).map_err(|_| no_json())?;
    Ok(ApiReply {
        json: RawValue::from_string(text).map_err(|_| no_json())?,
    })
}

/// Returns the exit code that tells a script of a refusal.
fn exit_for(status: StatusCode) -> Exit {
    match status.as_u16() {
        401 | 403 => Exit::NotAllowed,
        404 | 410 => Exit::Negative,
        409 | 412 => Exit::Conflict,
        408 | 429 | 500 | 501 => Exit::CouldNotCheck,
        502..=504 => Exit::Unreachable,
        400..=499 => Exit::Usage,
        _ => Exit::CouldNotCheck,
    }
}

fn default_words(status: StatusCode) -> String {
    match status.as_u16() {
        300..=399 => "the node sends elsewhere: give the address it has itself".to_owned(),
        401 => "the node does not know you".to_owned(),
        403 => "the node does not allow this".to_owned(),
        404 => "the node knows no such thing".to_owned(),
        429 => "too many questions in a short time: wait a minute and try again".to_owned(),
        503 => "the node is not ready: see `comity status`".to_owned(),
        _ => format!("the node answered `{status}`: see its log"),
    }
}

fn node_url(text: &str) -> anyhow::Result<Url> {
    let refuse = || {
        usage(format!(
            "`{text}` is no address of a node: write https://registry.example.gov or http://127.0.0.1:7400"
        ))
    };
    let url = Url::parse(text.trim()).map_err(|_| refuse())?;
    let right = matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty();
    if right && url.query().is_none() && url.fragment().is_none() {
        Ok(url)
    } else {
        Err(refuse())
    }
}

fn no_node() -> anyhow::Error {
    let place = default_path().map_or_else(|| "a profile".to_owned(), |p| format!("`{}`", p.display()));
    usage(format!(
        "which node? give --node URL or --profile FILE, or write `node = \"https://…\"` into {place}"
    ))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Says once which cryptography TLS uses; reqwest brings none of its own here.
fn install_tls_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Fails only if one is installed already, which is as good.
        let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    });
}

#[cfg(test)]
pub(crate) mod tests;
