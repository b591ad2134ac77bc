//! An agency: its node, which can be stopped and started, and its operator, who speaks HTTP with a token.

mod disk;
mod stolen;
mod terminal;

pub use disk::{RestoreMethod, StoreBackup};

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard},
};

use api_types::{
    Route,
    credentials::{NewAchievement, NewCredential, StatusChangeRequest, StatusChangeResponse},
    issuers::{NewIssuer, RegisteredIssuerResponse},
    recognitions::{RecognitionRequest, WithdrawalRequest},
    replication::LogHoldingResponse,
    routes,
};
use node::{Node, config::Config, init};
use platform::clock;
use protocol::{Hash, Put, Ticket, status_list, trust_list};
use registry_schema::{
    AgencyId, Credential, CredentialCode, Issuer, Purpose, RecognitionScope, StatusChange, StatusReason, StatusState,
    Timestamp, recognition::RecognitionEntry,
};
use reqwest::Method;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    Employer, HttpReply, IssuedBadge, Program,
    audit::{AcknowledgedPut, NodeHolding},
    eventually,
    http::{self, send},
    program::{self, ProgramOutput},
};

/// The achievement of every scenario's badges.
pub const ACHIEVEMENT: &str = "Formative Assessment in Practice";

/// An agency.
#[derive(Debug)]
pub struct TestAgency {
    id: AgencyId,
    /// The name of its node in an audit: an agency may have several.
    node_name: AgencyId,
    url: String,
    data: PathBuf,
    token: String,
    clock: clock::Clock,
    http: reqwest::Client,
    node: tokio::sync::Mutex<Option<Node>>,
    acknowledged: Mutex<Vec<AcknowledgedPut>>,
}

impl TestAgency {
    /// An agency whose node is stopped; `data` was made by `init`.
    ///
    /// # Panics
    /// If no operator can be added to it.
    pub async fn new(config: &Config, data: &Path, clock: clock::Clock) -> Self {
        let token = init::add_operator(data, "pat", clock.now())
            .await
            .expect("an operator is added");
        Self {
            id: config.agency.clone(),
            node_name: config.agency.clone(),
            url: format!("http://{}", config.listen),
            data: data.to_owned(),
            token,
            clock,
            http: http::client(),
            node: tokio::sync::Mutex::new(None),
            acknowledged: Mutex::default(),
        }
    }

    /// The same, as a further store of its agency, with this name in audits.
    #[must_use]
    pub fn called(mut self, name: &str) -> Self {
        self.node_name = name.parse().expect("an agency's name");
        self
    }

    /// Its name.
    pub const fn id(&self) -> &AgencyId {
        &self.id
    }

    /// Returns the address at which its node answers.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the folder in which its node keeps everything.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Its operator's token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Somebody who asks its node.
    pub fn employer(&self) -> Employer {
        Employer::at(&self.url)
    }

    /// Starts its node.
    ///
    /// # Panics
    /// If it does not start, or runs already.
    pub async fn starts(&self) {
        let mut node = self.node.lock().await;
        assert!(node.is_none(), "{} runs already", self.id);
        let config = Config::load(&self.data).expect("a configuration");
        let started = node::start(&self.data, config, self.clock.clone()).await;
        *node = Some(started.unwrap_or_else(|error| panic!("the node of {} does not start: {error:#}", self.id)));
    }

    /// Waits until its node is ready.
    pub async fn is_ready(&self) {
        self.says_of_itself(200, "ready").await;
    }

    /// Waits until its node signed a heartbeat at this time or later, by its own clock.
    pub async fn signs_by(&self, due: Timestamp) {
        crate::eventually(&format!("{} signed something at {due} or later", self.id), async || {
            let reply = self.employer().reads(routes::HEARTBEATS.path()).await;
            if reply.status != 200 {
                return Err(reply.text());
            }
            let all: Vec<LogHoldingResponse> = reply.json();
            let own = all.iter().find(|log| log.agency.as_ref() == Some(&self.id));
            let counted = own.and_then(|log| log.writers.first()?.counted.as_ref());
            match counted {
                Some(heartbeat) if heartbeat.issued >= due => Ok(()),
                _ => Err(reply.text()),
            }
        })
        .await;
    }

    /// Waits until its node answers `/readyz` with this status, and in these words.
    pub async fn says_of_itself(&self, status: u16, words: &str) {
        let what = format!("{} says of itself {status} and `{words}`", self.id);
        crate::eventually(&what, async || {
            let reply = self.employer().reads("/readyz").await;
            match (reply.status, reply.text()) {
                (is, text) if is == status && text.contains(words) => Ok(()),
                (is, text) => Err(format!("{is} {text}")),
            }
        })
        .await;
    }

    /// Reads another clock from its next start on.
    pub fn reads_clock(&mut self, clock: clock::Clock) {
        self.clock = clock;
    }

    /// Stops its node.
    ///
    /// # Panics
    /// If it does not run.
    pub async fn stops(&self) {
        let node = self.node.lock().await.take();
        node.unwrap_or_else(|| panic!("{} does not run", self.id)).stop().await;
    }

    /// Runs its stopped node as a program of its own, the way an agency would.
    ///
    /// # Panics
    /// If its node runs here.
    pub async fn starts_program(&self, more: &[&str]) -> Program {
        self.starts_program_in(more, &[]).await
    }

    /// The same, with something in its environment.
    ///
    /// # Panics
    /// If its node runs here.
    pub async fn starts_program_in(&self, more: &[&str], environment: &[(&str, OsString)]) -> Program {
        assert!(!self.runs().await, "{} runs already", self.id);
        let data = self.data.to_str().expect("a path in Unicode");
        let mut arguments = vec!["run", "--data", data];
        arguments.extend(more);
        let mut program = Program::comityd_in(arguments, environment);
        program.answers_at(&self.url).await;
        program
    }

    /// Returns true if its node runs.
    pub async fn runs(&self) -> bool {
        self.node.lock().await.is_some()
    }

    /// Checks that its node knows these agencies, and is connected to those with `true`.
    pub async fn sees(&self, others: &[(AgencyId, bool)]) -> Result<(), String> {
        let node = self.node.lock().await;
        let node = node.as_ref().ok_or_else(|| format!("{} does not run", self.id))?;
        let registry = node.registry.snapshot();
        for (other, connected) in others {
            let peer = registry.peers().find(|(id, ..)| *id == other);
            let (_, lists, is_connected) = peer.ok_or_else(|| format!("{other} is no peer of {}", self.id))?;
            if lists.is_none() || is_connected != *connected {
                let known = lists.is_some();
                return Err(format!(
                    "{} sees {other}: known {known}, connected {is_connected}",
                    self.id
                ));
            }
        }
        Ok(())
    }

    /// The names of the agencies whose lists its node holds, its own included.
    ///
    /// # Panics
    /// If it does not run.
    pub async fn knows(&self) -> Vec<AgencyId> {
        let node = self.node.lock().await;
        let node = node.as_ref().unwrap_or_else(|| panic!("{} does not run", self.id));
        node.registry
            .snapshot()
            .agencies()
            .iter()
            .map(|lists| lists.id.clone())
            .collect()
    }

    /// Returns its node's holdings, agency by agency, if it runs.
    pub async fn holdings(&self) -> Vec<NodeHolding> {
        match self.node.lock().await.as_ref() {
            Some(node) => NodeHolding::of(&self.node_name, &node.store, Some(&node.registry)).await,
            None => vec![],
        }
    }

    /// Its node's ticket, for somebody who reaches it at this port.
    ///
    /// # Panics
    /// If it gives none.
    pub async fn ticket(&self, port: u16) -> Ticket {
        let told = self.employer().gets(&routes::TICKET, &[]).await;
        let ticket: Ticket = told.ticket.parse().expect("a ticket");
        assert_eq!(
            (&ticket.agency, ticket.genesis, ticket.url.as_str()),
            (&self.id, self.genesis(), self.url.as_str())
        );
        Ticket {
            addresses: vec![format!("/ip4/127.0.0.1/tcp/{port}")],
            ..ticket
        }
    }

    /// Its operator runs `comity`.
    ///
    /// # Panics
    /// If the profile cannot be written.
    pub async fn comity(&self, arguments: &[&str]) -> ProgramOutput {
        let profile = self.writes_profile();
        let all = ["--profile", &profile].into_iter().chain(arguments.iter().copied());
        program::comity(all).await
    }

    /// The last entry of an agency's key log that counts here.
    ///
    /// # Panics
    /// If it does not run.
    pub async fn key_log_head(&self, agency: Hash) -> Option<Hash> {
        let node = self.node.lock().await;
        let node = node.as_ref().unwrap_or_else(|| panic!("{} does not run", self.id));
        let log = node.store.key_log(agency).await.expect("a store that can be read");
        log.map(|log| log.head())
    }

    /// Returns its identity for its peers.
    ///
    /// # Panics
    /// If it has no configuration.
    pub fn genesis(&self) -> Hash {
        Config::load(&self.data)
            .expect("a configuration")
            .genesis
            .parse()
            .expect("a hash")
    }

    /// Returns the writes of which it was told that they are done.
    pub fn acknowledged(&self) -> MutexGuard<'_, Vec<AcknowledgedPut>> {
        self.acknowledged
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Writes down that its operator was told of something that must survive everywhere.
    pub fn notes(&self, what: String, put: Put) {
        self.acknowledged().push(AcknowledgedPut {
            agency: self.id.clone(),
            what,
            put,
        });
    }

    /// The operator sends a request, whatever comes of it.
    pub async fn asks(&self, method: Method, path: &str, body: Option<&Value>) -> HttpReply {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.url))
            .bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        send(request).await
    }

    /// The operator sends a text, whatever comes of it.
    pub async fn asks_with_text(&self, path: &str, text: &str) -> HttpReply {
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(&self.token);
        send(request.body(text.to_owned())).await
    }

    /// The operator calls a route with a body, whatever comes of it.
    pub async fn calls<B: Serialize, A>(&self, route: &Route<B, A>, parameters: &[&str], body: &B) -> HttpReply {
        let path = format!("/{}", route.segments(parameters).join("/"));
        self.asks(Method::POST, &path, Some(&json!(body))).await
    }

    /// The operator makes something by a route, and is told that it is made.
    async fn makes<B: Serialize, A: DeserializeOwned>(&self, route: &Route<B, A>, parameters: &[&str], body: &B) -> A {
        self.calls(route, parameters, body).await.with_status(201).json()
    }

    /// Registers an issuer.
    pub async fn registers(&self, name: &str) -> Issuer {
        let new = NewIssuer {
            name: name.to_owned(),
            ..NewIssuer::default()
        };
        let made: RegisteredIssuerResponse = self.makes(&routes::ISSUER_REGISTRATION, &[], &new).await;
        let issuer = made.issuer;
        self.notes(format!("issuer `{name}` registered"), trust_list::register(&issuer));
        issuer
    }

    /// Recognizes an issuer for renewal, once its node has heard of it.
    pub async fn recognizes(&self, issuer: &Issuer) -> RecognitionEntry {
        self.recognizes_for(issuer, &[Purpose::Renewal], &RecognitionScope::All)
            .await
    }

    /// Recognizes an issuer, once its node has heard of it.
    pub async fn recognizes_for(
        &self,
        issuer: &Issuer,
        purposes: &[Purpose],
        scope: &RecognitionScope,
    ) -> RecognitionEntry {
        eventually(
            &format!("{} hears of the issuer `{}`", self.id, issuer.name),
            async || {
                let reply = self
                    .asks(Method::GET, &format!("/v1/issuers/{}", issuer.id), None)
                    .await;
                if reply.status == 200 { Ok(()) } else { Err(reply.text()) }
            },
        )
        .await;
        let new = RecognitionRequest::new(&issuer.id, purposes, scope.clone());
        let entry = self.makes(&routes::RECOGNIZE, &[], &new).await.entry;
        self.notes(
            format!("issuer `{}` recognized", issuer.name),
            trust_list::recognize(&entry.recognition),
        );
        entry
    }

    /// Withdraws a recognition.
    ///
    /// # Panics
    /// If it is not done.
    pub async fn withdraws(&self, entry: &RecognitionEntry) {
        let id = &entry.recognition.id;
        let end = WithdrawalRequest::default();
        let ended = self.makes(&routes::WITHDRAW, &[id], &end).await;
        let withdrawal = ended.entry.withdrawn.expect("a withdrawn recognition says so");
        self.notes(
            format!("recognition `{id}` withdrawn"),
            trust_list::withdraw(id, &withdrawal),
        );
    }

    /// Issues a badge.
    pub async fn issues(&self, issuer: &Issuer, subject: &str) -> IssuedBadge {
        self.issues_with(issuer, subject, json!({})).await
    }

    /// Issues a badge with more to say: `valid_until`.
    ///
    /// # Panics
    /// If it is not done.
    pub async fn issues_with(&self, issuer: &Issuer, subject: &str, more: Value) -> IssuedBadge {
        let mut body = json!(badge_to_issue(issuer, subject));
        let both = body.as_object_mut().zip(more.as_object());
        let (body_fields, more_fields) = both.expect("two objects");
        body_fields.extend(more_fields.clone());
        let new: NewCredential = serde_json::from_value(body).expect("a credential to issue");
        let issued = self.makes(&routes::ISSUANCE, &[], &new).await;
        issued.try_into().expect("a badge that was issued")
    }

    /// Returns its record of a credential.
    pub async fn keeps(&self, code: CredentialCode) -> Credential {
        self.asks(Method::GET, &format!("/v1/credentials/{}", code.compact()), None)
            .await
            .with_status(200)
            .json()
    }

    /// Revokes a badge.
    pub async fn revokes(&self, badge: &IssuedBadge, reason: StatusReason) -> StatusChange {
        let change = self.changes(badge, StatusState::Revoked, reason).await;
        let (list, index) = badge.slot();
        self.notes(
            format!("{} revoked", badge.code()),
            status_list::revoke(list, index, reason, change.at),
        );
        change
    }

    /// Suspends a badge.
    pub async fn suspends(&self, badge: &IssuedBadge, reason: StatusReason) -> StatusChange {
        self.changes(badge, StatusState::Suspended, reason).await
    }

    /// Lifts a suspension.
    pub async fn reinstates(&self, badge: &IssuedBadge, reason: StatusReason) -> StatusChange {
        self.changes(badge, StatusState::Active, reason).await
    }

    async fn changes(&self, badge: &IssuedBadge, to: StatusState, reason: StatusReason) -> StatusChange {
        let reply = self.tries_to_change(badge.code(), to, reason).await.with_status(201);
        reply.json::<StatusChangeResponse>().change
    }

    /// Tries to change a status, whatever comes of it.
    pub async fn tries_to_change(&self, code: CredentialCode, to: StatusState, reason: StatusReason) -> HttpReply {
        let new = StatusChangeRequest {
            status: to,
            reason,
            note: Some("stays at home".to_owned()),
        };
        self.calls(&routes::STATUS_CHANGE, &[&code.compact()], &new).await
    }
}

/// The badge of every scenario, for a holder.
pub(crate) fn badge_to_issue(issuer: &Issuer, subject: &str) -> NewCredential {
    NewCredential {
        issuer: issuer.id.clone(),
        achievement: NewAchievement {
            name: ACHIEVEMENT.to_owned(),
            ..NewAchievement::default()
        },
        subject: subject.to_owned(),
        valid_from: None,
        valid_until: None,
    }
}
