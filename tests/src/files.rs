//! A web server that knows nothing of Comity: it serves the files of a folder. And nodes that live from such files.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use axum::{
    extract::State,
    http::{StatusCode, Uri},
};
use axum_server::tls_rustls::RustlsConfig;
use node::config::{Config, MirrorConfig};
use protocol::{Hash, files::LogListing};
use tempfile::TempDir;

use crate::{
    ExchangeIntervals, Federation, NodeLink, TeacherScenario, TestAgency,
    audit::{self, NodeHolding},
    eventually, http, ports,
};

/// The time between two requests of a node to its mirrors, in seconds.
pub const POLL: u32 = 1;

/// A folder of files, and a web server that serves them.
#[derive(Debug)]
pub struct FileServer {
    folder: TempDir,
    url: String,
    server: axum_server::Handle<SocketAddr>,
}

impl FileServer {
    /// An empty folder, served by plain HTTP.
    pub async fn served() -> Self {
        Self::served_with(None).await
    }

    /// The same by HTTPS, with a certificate for this machine.
    ///
    /// # Panics
    /// If it cannot be served.
    pub async fn served_with(tls: Option<(String, String)>) -> Self {
        http::crypto();
        let folder = tempfile::Builder::new().prefix("comity-files-").tempdir();
        let folder = folder.expect("a folder");
        let router = axum::Router::new()
            .fallback(file)
            .with_state(folder.path().to_owned())
            .into_make_service();
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        listener.set_nonblocking(true).expect("a listener");
        let address = listener.local_addr().expect("an address");
        let server = axum_server::Handle::new();
        let scheme = if tls.is_some() { "https" } else { "http" };
        match tls {
            None => {
                let serving = axum_server::from_tcp(listener)
                    .expect("a server")
                    .handle(server.clone());
                tokio::spawn(serving.serve(router));
            }
            Some((cert, key)) => {
                let config = RustlsConfig::from_pem(cert.into_bytes(), key.into_bytes()).await;
                let serving = axum_server::from_tcp_rustls(listener, config.expect("a certificate"));
                let serving = serving.expect("a server").handle(server.clone());
                tokio::spawn(serving.serve(router));
            }
        }
        Self {
            folder,
            url: format!("{scheme}://{address}"),
            server,
        }
    }

    /// Returns the URL at which they are served.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Copies what an agency's node shows of these agencies.
    ///
    /// # Panics
    /// If it cannot be copied.
    pub async fn copy(&self, from: &TestAgency, of: &[&TestAgency]) -> transport::mirror::CopySummary {
        let only = of.iter().map(|agency| agency.genesis()).collect();
        transport::mirror::copy(from.url(), None, &only, self.folder())
            .await
            .unwrap_or_else(|error| panic!("{} is not copied: {error:#}", from.id()))
    }

    /// Copies again and again, until all of these agencies' envelopes are there that their own nodes hold.
    pub async fn copy_all(&self, from: &TestAgency, of: &[&TestAgency]) {
        eventually(&format!("{}'s node shows all", from.id()), async || {
            self.copy(from, of).await;
            for agency in of {
                let pages = self.listing(agency).envelopes;
                let reaches = pages.iter().map(|page| page.count as usize).sum::<usize>();
                let held = agency.holds_envelopes_of(agency).await;
                if reaches != held {
                    return Err(format!("{reaches} envelopes of {}'s {held}", agency.id()));
                }
            }
            Ok(())
        })
        .await;
    }

    /// SC's and TN's files, all copied from one node.
    pub async fn of_both(federation: &Federation) -> Self {
        let files = Self::served().await;
        let [sc, tn] = ["US-SC", "US-TN"].map(|id| federation.agency(id));
        files.copy_all(tn, &[sc, tn]).await;
        files
    }

    /// Returns the place of an agency's files of a kind.
    pub fn place(&self, of: &TestAgency, kind: &str) -> PathBuf {
        self.folder()
            .join("federation")
            .join(of.genesis().to_string())
            .join(kind)
    }

    /// The listing of an agency's files.
    ///
    /// # Panics
    /// If there is none.
    pub fn listing(&self, of: &TestAgency) -> LogListing {
        let bytes = fs::read(self.place(of, "summary")).expect("a summary");
        LogListing::read(&bytes).expect("a listing")
    }

    /// Puts another page of envelopes into the place of the first one, as somebody would who knows how files are
    /// named: the listing names it.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn replace_first_page(&self, of: &TestAgency, page: &[u8]) {
        let mut listing = self.listing(of);
        let name = Hash::of(&[page]);
        listing.envelopes[0].name = name;
        listing.envelopes[0].bytes = page.len().try_into().expect("a page");
        fs::write(self.place(of, "envelopes").join(name.to_string()), page).expect("a file");
        fs::write(self.place(of, "summary"), listing.to_bytes()).expect("a file");
    }

    /// The first page of an agency's envelopes, and where it is.
    ///
    /// # Panics
    /// If there is none.
    pub fn first_page(&self, of: &TestAgency) -> (PathBuf, Vec<u8>) {
        let name = self.listing(of).envelopes[0].name;
        let path = self.place(of, "envelopes").join(name.to_string());
        let bytes = fs::read(&path).expect("a page");
        (path, bytes)
    }
}

impl Drop for FileServer {
    fn drop(&mut self) {
        self.server.shutdown();
    }
}

async fn file(State(folder): State<PathBuf>, uri: Uri) -> Result<Vec<u8>, StatusCode> {
    let path = uri.path().trim_start_matches('/');
    let is_plain = uri.query().is_none() && path.split('/').all(|part| !part.is_empty() && part != "..");
    let found = is_plain.then(|| fs::read(folder.join(path)).ok()).flatten();
    found.ok_or(StatusCode::NOT_FOUND)
}

/// Returns the entry in a node's configuration for a mirror that has an agency's files.
pub fn mirror(agency: &TestAgency, url: &str) -> MirrorConfig {
    MirrorConfig {
        agency: agency.id().clone(),
        genesis: agency.genesis().to_string(),
        url: url.to_owned(),
        roots: None,
    }
}

impl TestAgency {
    /// Counts the envelopes of an agency that its node holds.
    pub async fn holds_envelopes_of(&self, of: &Self) -> usize {
        let holdings = self.holdings().await;
        let holding = holdings.iter().find(|holding| holding.of == *of.id());
        holding.map_or(0, |holding| holding.envelopes.len())
    }

    /// Waits until its node sees another as connected, or not.
    pub async fn eventually_sees(&self, other: &Self, connected: bool) {
        eventually(&format!("{} sees {}: {connected}", self.id(), other.id()), async || {
            self.sees(&[(other.id().clone(), connected)]).await
        })
        .await;
    }

    /// Waits until its node holds of these agencies exactly what their own nodes hold, with nothing lost that they
    /// acknowledged.
    pub async fn agrees(&self, with: &[&Self]) {
        let ids: Vec<_> = with.iter().map(|agency| agency.id().clone()).collect();
        eventually(&format!("{} holds what its mirrors have", self.id()), async || {
            let mut holdings: Vec<NodeHolding> = self.holdings().await;
            // Of whom it knows nothing, it could not differ.
            if let Some(unknown) = ids.iter().find(|id| holdings.iter().all(|holding| holding.of != **id)) {
                return Err(format!("it does not know {unknown}"));
            }
            for agency in with {
                holdings.extend(agency.holdings().await);
            }
            holdings.retain(|holding| ids.contains(&holding.of));
            let acknowledged: Vec<_> = with.iter().flat_map(|agency| agency.acknowledged().clone()).collect();
            let found = audit::discrepancies(&holdings, &acknowledged, true);
            if found.is_empty() {
                Ok(())
            } else {
                Err(found.join("\n"))
            }
        })
        .await;
    }
}

impl Federation {
    /// A badge that everyone accepts, among nodes that ask each other often.
    pub async fn of_readers() -> TeacherScenario {
        let rhythm = ExchangeIntervals {
            exchange_every: POLL,
            ..ExchangeIntervals::default()
        };
        Self::with_a_badge_and(rhythm).await
    }

    /// A node that has no peers and listens for none: all that it hears of others comes from these mirrors. It is
    /// stopped.
    ///
    /// # Panics
    /// If it cannot be made.
    pub async fn reader(&self, id: &str, mirrors: Vec<MirrorConfig>) -> TestAgency {
        let reader = self.founds(id, 0).await;
        let mut config = Config::load(reader.data()).expect("a configuration");
        config.peer_listen = vec![];
        config.mirrors = mirrors;
        config.save(reader.data()).expect("a configuration is written");
        reader
    }

    /// The wire between a node and where another one answers HTTP, and the other's address over it.
    pub async fn web_link(&self, reader: &str, of: &TestAgency) -> (NodeLink, String) {
        let port = Config::load(of.data()).expect("a configuration").listen.port();
        let link = NodeLink::between((reader, ports::free()), (of.id().as_str(), port)).await;
        let url = format!("http://127.0.0.1:{}", link.port_for(reader));
        (link, url)
    }
}
