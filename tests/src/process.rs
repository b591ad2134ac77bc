//! Several processes of one agency, on one PostgreSQL.

use std::{
    ffi::OsString,
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use api_types::{
    operations::{ProcessRole, VersionResponse},
    routes,
};
use node::config::Config;
use reqwest::Method;
use serde_json::Value;
use storage::{HolderEndpoint, Lease, Store};

use crate::{
    HttpReply, Program, TestAgency, eventually, http, ports,
    program::{self, ProgramOutput},
};

/// One of several processes of an agency: a program with a data directory of its own, the agency's keys, and its database.
#[derive(Debug)]
pub struct AgencyProcess {
    /// The program.
    pub program: Program,
    url: String,
    token: String,
    http: reqwest::Client,
}

impl AgencyProcess {
    /// Starts as many processes of an agency whose own node is stopped, and waits until each answers and one writes. A
    /// holder may be silent for `lease_term` seconds.
    ///
    /// # Panics
    /// If a data directory cannot be made.
    pub async fn start(agency: &TestAgency, count: usize, lease_term: u32) -> Vec<Self> {
        let mut processes = Vec::new();
        for number in 0..count {
            let mut process = Self::joins(agency, number, lease_term, &[]);
            process.is_ready().await;
            processes.push(process);
        }
        Self::holder(&processes).await;
        processes
    }

    /// Starts the process with this number of an agency, with something in its environment, and waits for nothing.
    ///
    /// # Panics
    /// If its data directory cannot be made.
    pub fn joins(agency: &TestAgency, number: usize, lease_term: u32, environment: &[(&str, OsString)]) -> Self {
        let data = data_of(agency, number);
        if number > 0 {
            let original = agency.data();
            fs::create_dir_all(data.join("keys")).expect("a folder");
            for key in fs::read_dir(original.join("keys")).expect("keys") {
                let key = key.expect("a key").path();
                let name = key.file_name().expect("a name");
                fs::copy(&key, data.join("keys").join(name)).expect("a key is copied");
            }
        }
        let mut config = Config::load(agency.data()).expect("a configuration");
        config.lease_term_seconds = lease_term;
        if number > 0 {
            config.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::free()));
            config.peer_listen = vec![format!("/ip4/127.0.0.1/tcp/{}", ports::free())];
        }
        config.save(&data).expect("a configuration is written");
        let arguments = ["run", "--data", data.to_str().expect("a path in Unicode")];
        Self {
            program: Program::comityd_in(arguments, environment),
            url: format!("http://{}", config.listen),
            token: agency.token().to_owned(),
            http: http::client(),
        }
    }

    /// Waits until it is ready.
    pub async fn is_ready(&mut self) {
        self.program.answers_at(&self.url).await;
    }

    /// Waits until it says this of itself, by its status and in these words.
    ///
    /// # Panics
    /// If it ends instead.
    pub async fn says(&mut self, status: u16, words: &str) {
        let (program, url) = (&mut self.program, format!("{}/readyz", self.url));
        eventually(&format!("the process answers {status} with `{words}`"), async || {
            if let Some(ended) = program.ended() {
                panic!("it ended with {ended}: {}", program.said());
            }
            let reply = http::try_send(self.http.get(&url)).await?;
            match (reply.status, reply.text()) {
                (is, text) if is == status && text.contains(words) => Ok(()),
                (is, text) => Err(format!("{is} {text}")),
            }
        })
        .await;
    }

    /// Its operator runs `comity` against this process.
    pub async fn comity(&self, arguments: &[&str]) -> ProgramOutput {
        let all = ["--node", &self.url].into_iter().chain(arguments.iter().copied());
        program::comity(all).await
    }

    /// Returns the address at which it answers.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Asks it whether it writes.
    pub async fn is_holder(&self) -> Result<bool, String> {
        let version = format!("{}{}", self.url, routes::VERSION.path());
        let reply = http::try_send(self.http.get(version)).await?;
        if reply.status != 200 {
            return Err(reply.text());
        }
        Ok(reply.json::<VersionResponse>().role == ProcessRole::Holder)
    }

    /// Waits until one of these writes, and gives its place among them. A frozen one must not be among them.
    pub async fn holder(processes: &[Self]) -> usize {
        eventually("one process writes", async || {
            let mut holders = Vec::new();
            for (place, process) in processes.iter().enumerate() {
                if process.is_holder().await.unwrap_or(false) {
                    holders.push(place);
                }
            }
            match holders.as_slice() {
                [one] => Ok(*one),
                other => Err(format!("these say that they write: {other:?}")),
            }
        })
        .await
    }

    /// The operator asks this process.
    pub async fn asks(&self, method: Method, path: &str, body: Option<&Value>) -> Result<HttpReply, String> {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.url))
            .bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        http::try_send(request).await
    }
}

fn data_of(agency: &TestAgency, number: usize) -> PathBuf {
    match number {
        0 => agency.data().to_owned(),
        _ => agency.data().with_extension(format!("process-{number}")),
    }
}

async fn store_of(agency: &TestAgency) -> Store {
    let config = Config::load(agency.data()).expect("a configuration");
    let store = Store::open(agency.data(), config.postgres().expect("a database").as_ref()).await;
    store.expect("a store")
}

/// The lease of an agency, as its database has it.
///
/// # Panics
/// If the store cannot be read.
pub async fn lease(agency: &TestAgency) -> Lease {
    let store = store_of(agency).await;
    let lease = store.changes(-1).await.expect("a store that can be read").lease;
    store.close().await;
    lease
}

/// Takes the lease behind the back of whoever holds it, as another process does whose clock ran away. It answers nothing.
///
/// # Panics
/// If the store cannot be written.
pub async fn usurps(agency: &TestAgency) -> Store {
    let store = store_of(agency).await;
    let nowhere = HolderEndpoint {
        address: "127.0.0.1:1",
        ..HolderEndpoint::default()
    };
    loop {
        let seen = store.changes(-1).await.expect("a store that can be read").lease.mark();
        if store
            .take(seen, &nowhere)
            .await
            .expect("a store that can be written")
            .is_some()
        {
            return store;
        }
    }
}
