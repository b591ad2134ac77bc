//! The parties to the registration of an issuer: applicants, reviewers, deciders, strangers.

use api_types::{
    applications::{ApplicationCreatedResponse, ApplicationRequest},
    routes,
};
use node::{config::Config, init};
use policy::rubrics::STARTER;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    Federation, HttpReply, TestAgency, http,
    program::{self, ProgramOutput},
};

/// The person who can be reached about every application of the tests.
pub const CONTACT: &str = "Robin Ellery";
/// The person's address.
pub const EMAIL: &str = "robin@palmetto.example";

/// Somebody with a token at a node.
#[derive(Debug)]
pub struct TokenClient<'a> {
    /// At which agency's node.
    pub agency: &'a TestAgency,
    /// The token; empty, if none.
    pub token: String,
}

impl<'a> TokenClient<'a> {
    /// Another operator of an agency.
    ///
    /// # Panics
    /// If it cannot be added.
    pub async fn operator(agency: &'a TestAgency, name: &str, federation: &Federation) -> Self {
        let token = init::add_operator(agency.data(), name, federation.clock().now()).await;
        let token = token.expect("an operator is added");
        Self { agency, token }
    }

    /// Sends a request, whatever comes of it.
    pub async fn asks(&self, method: Method, path: &str, body: Option<&Value>) -> HttpReply {
        let request = http::client().request(method, format!("{}{path}", self.agency.url()));
        let request = request.bearer_auth(&self.token);
        http::send(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    /// Takes a step in a case, whatever comes of it.
    pub async fn takes(&self, id: &str, step: Value) -> HttpReply {
        let body = json!({"step": step, "note": "because it is so"});
        self.asks(Method::POST, &format!("/v1/applications/{id}/steps"), Some(&body))
            .await
    }

    /// Looks at a case.
    pub async fn sees(&self, id: &str) -> Value {
        let reply = self.asks(Method::GET, &format!("/v1/applications/{id}"), None).await;
        reply.with_status(200).value()
    }

    /// Runs `comity` with this token.
    ///
    /// # Panics
    /// If the profile cannot be written.
    pub async fn comity(&self, arguments: &[&str]) -> ProgramOutput {
        let profile = self.agency.data().join("party.toml");
        let text = format!("node = \"{}\"\ntoken = \"{}\"\n", self.agency.url(), self.token);
        std::fs::write(&profile, text).expect("a profile");
        let profile = profile.to_str().expect("a path in Unicode");
        let all = ["--profile", profile].into_iter().chain(arguments.iter().copied());
        program::comity(all).await
    }
}

/// A review that gives every component of the starter rubric this level.
///
/// # Panics
/// If there is no such rubric.
pub fn scores(level: &str) -> Value {
    let rubric = policy::rubrics::parse(STARTER).expect("the starter rubric");
    let all: serde_json::Map<String, Value> = rubric.components().map(|one| (one.id.clone(), json!(level))).collect();
    json!({"review": {"scores": all}})
}

/// North and South Carolina; the latter publishes the histories of its issuers.
///
/// # Panics
/// If the configuration cannot be written.
pub async fn with_public_histories() -> Federation {
    let federation = Federation::start(&["US-NC", "US-SC"]).await;
    let sc = federation.agency("US-SC");
    sc.stops().await;
    let mut config = Config::load(sc.data()).expect("a configuration");
    config.registration.public_history = true;
    config.save(sc.data()).expect("a configuration is written");
    sc.starts().await;
    federation.meets().await;
    federation
}

/// Applies as anybody can; gives the application's id and the applicant's token.
///
/// # Panics
/// If it is not taken.
pub async fn applies(sc: &TestAgency, name: &str) -> (String, String) {
    let body = ApplicationRequest {
        name: name.to_owned(),
        url: None,
        contact_name: CONTACT.to_owned(),
        contact_email: EMAIL.to_owned(),
        rubric: None,
        evidence: Vec::new(),
    };
    let request = http::client()
        .post(format!("{}{}", sc.url(), routes::APPLY.path()))
        .json(&body);
    let made: ApplicationCreatedResponse = http::send(request).await.with_status(201).json();
    (made.application.id, made.token.expect("an applicant gets a token"))
}

/// Sends a form of a page.
///
/// # Panics
/// If its fields cannot be written.
pub async fn form(sc: &TestAgency, path: &str, fields: &[(&str, &str)]) -> HttpReply {
    let mut text = reqwest::Url::parse("http://x").expect("a URL");
    text.query_pairs_mut().extend_pairs(fields);
    let body = text.query().unwrap_or_default().to_owned();
    let request = http::client().post(format!("{}{path}", sc.url()));
    http::send(
        request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body),
    )
    .await
}
