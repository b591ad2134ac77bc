//! An issuer outside the federation: a web server of its own, with what it publishes there, and its keys.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use axum_server::tls_rustls::RustlsConfig;
use node::config::{Config, OutboundConfig};
use registry_schema::Timestamp;
use serde_json::{Value, json};
use verification::{
    IssuerSigningKey,
    bitstring::{Bitstring, MIN_ENTRIES},
    credential::{NewStatusList, status_list},
    data_integrity, multikey,
};

use crate::{TestAgency, http, ports};

type PublishedFiles = BTreeMap<String, (&'static str, Vec<u8>)>;

/// A web server at `localhost`, over HTTPS, with a certificate that nobody knows unless told.
#[derive(Debug)]
pub struct Publisher {
    port: u16,
    shelf: Arc<PublisherState>,
    root: PathBuf,
    _folder: tempfile::TempDir,
    handle: axum_server::Handle<std::net::SocketAddr>,
}

#[derive(Debug, Default)]
struct PublisherState {
    files: Mutex<PublishedFiles>,
    asked: Mutex<Vec<String>>,
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

async fn answer(State(shelf): State<Arc<PublisherState>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let file = lock(&shelf.files).get(&path).cloned();
    lock(&shelf.asked).push(path);
    match file {
        Some((kind, bytes)) => ([("content-type", kind)], bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

impl Publisher {
    /// Starts it.
    ///
    /// # Panics
    /// If it cannot be started.
    pub async fn starts() -> Self {
        http::crypto();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let (cert, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("root.pem");
        std::fs::write(&root, &cert).expect("a file");
        let port = ports::free();
        let listener = std::net::TcpListener::bind(("127.0.0.1", port)).expect("a port");
        listener.set_nonblocking(true).expect("a listener that does not wait");
        let tls = RustlsConfig::from_pem(cert.into_bytes(), key.into_bytes())
            .await
            .expect("TLS");
        let shelf = Arc::new(PublisherState::default());
        let routes = Router::new().fallback(answer).with_state(shelf.clone());
        let handle = axum_server::Handle::new();
        let server = axum_server::from_tcp_rustls(listener, tls)
            .expect("a server")
            .handle(handle.clone());
        tokio::spawn(server.serve(routes.into_make_service()));
        Self {
            port,
            shelf,
            root,
            _folder: folder,
            handle,
        }
    }

    /// Takes it from the web.
    pub fn stops(&self) {
        self.handle.shutdown();
    }

    /// Lays something out at a path.
    pub fn lays_out(&self, path: &str, kind: &'static str, bytes: impl Into<Vec<u8>>) -> String {
        lock(&self.shelf.files).insert(path.to_owned(), (kind, bytes.into()));
        self.url(path)
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    /// The paths that were asked for since it was last asked this.
    pub fn was_asked_for(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.shelf.asked))
    }

    /// Its `did:web`.
    pub fn did(&self) -> String {
        format!("did:web:localhost%3A{}", self.port)
    }

    /// The certificate that a node has to know, as a file.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Tells a node, which is stopped for it, that its operator trusts this server, and that this machine may be asked.
    ///
    /// # Panics
    /// If its configuration cannot be changed.
    pub async fn is_trusted_by(&self, agency: &TestAgency, more: impl FnOnce(&mut OutboundConfig)) {
        agency.stops().await;
        let mut config = Config::load(agency.data()).expect("a configuration");
        config.outbound = OutboundConfig {
            loopback: true,
            extra_roots: Some(self.root.clone()),
            ..OutboundConfig::default()
        };
        more(&mut config.outbound);
        config.save(agency.data()).expect("a configuration is written");
        agency.starts().await;
    }

    /// Publishes a `did:web` document with this key, under these relations.
    pub fn publishes_key(&self, key: &IssuerSigningKey, relations: &[&str]) {
        let document = self.key_document(key, relations);
        self.lays_out("/.well-known/did.json", "application/did+json", document.to_string());
    }

    /// Its `did:web` document with this key, under these relations.
    pub fn key_document(&self, key: &IssuerSigningKey, relations: &[&str]) -> Value {
        let did = self.did();
        let mut document = json!({
            "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
            "id": did,
            "verificationMethod": [{
                "id": format!("{did}#1"), "type": "Multikey", "controller": did,
                "publicKeyMultibase": multikey::encode(&key.public_key()),
            }],
        });
        for relation in relations {
            document[*relation] = json!(["#1"]);
        }
        document
    }

    /// Publishes a status list of its `did:web`, with these places set.
    ///
    /// # Panics
    /// If it cannot be signed.
    pub fn publishes_list(
        &self,
        path: &str,
        purpose: &str,
        set: &[u32],
        key: &IssuerSigningKey,
        now: Timestamp,
        ttl: u64,
    ) {
        let mut list = Bitstring::new(MIN_ENTRIES);
        assert!(set.iter().all(|index| list.set(*index)), "the list has these places");
        let unsigned = status_list(&NewStatusList {
            id: self.url(path),
            issuer_id: self.did(),
            purpose: purpose.to_owned(),
            list,
            valid_from: now.plus_seconds(-60),
            valid_until: None,
            ttl,
        });
        self.lays_out(path, "application/vc", self.signs(unsigned, key, now));
    }

    /// A badge of its `did:web`, with its status in `/revocation` and `/suspension`.
    pub fn issues(&self, key: &IssuerSigningKey, index: u32, now: Timestamp) -> Vec<u8> {
        let mut badge: Value = serde_json::from_slice(&crate::forge::by_a_stranger(Some(&self.url("")))).expect("JSON");
        badge["issuer"]["id"] = json!(self.did());
        for entry in badge["credentialStatus"].as_array_mut().expect("two entries") {
            entry["statusListIndex"] = json!(index.to_string());
        }
        badge.as_object_mut().expect("an object").remove("proof");
        self.signs(badge, key, now)
    }

    /// The same badge without a status, by a DID of its own.
    ///
    /// # Panics
    /// If it cannot be signed.
    pub fn issues_as(issuer: &str, method: &str, key: &IssuerSigningKey, at: Timestamp) -> Vec<u8> {
        let mut badge: Value = serde_json::from_slice(&crate::forge::by_a_stranger(None)).expect("JSON");
        badge["issuer"]["id"] = json!(issuer);
        badge.as_object_mut().expect("an object").remove("proof");
        let signed = data_integrity::sign(badge, key, method, at);
        signed.expect("a signature").to_string().into_bytes()
    }

    /// Its host, with its port.
    pub fn host(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// Signs a document with a key of its `did:web`.
    ///
    /// # Panics
    /// If it cannot be signed.
    pub fn signs(&self, unsigned: Value, key: &IssuerSigningKey, now: Timestamp) -> Vec<u8> {
        let signed = data_integrity::sign(unsigned, key, &format!("{}#1", self.did()), now);
        signed.expect("a signature").to_string().into_bytes()
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.stops();
    }
}
