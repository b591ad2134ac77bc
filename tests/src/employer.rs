//! Somebody with a badge and a question. No account, no token.

use api_types::{NoBody, Route};
use registry_schema::Verdict;
use reqwest::multipart::{Form, Part};
use serde::de::DeserializeOwned;

use crate::{
    HttpReply, IssuedBadge,
    http::{self, send},
};

/// Somebody who asks a node.
#[derive(Clone, Debug)]
pub struct Employer {
    node: String,
    http: reqwest::Client,
}

impl Employer {
    /// Returns an employer who asks the node at this address.
    pub fn at(node: &str) -> Self {
        Self::with(node, http::client())
    }

    /// The same, with a client of its own.
    pub fn with(node: &str, http: reqwest::Client) -> Self {
        Self {
            node: node.trim_end_matches('/').to_owned(),
            http,
        }
    }

    /// The node that is asked.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// "Is this badge good?"
    pub async fn verifies(&self, badge: &IssuedBadge) -> Verdict {
        self.verifies_bytes(&badge.bytes()).await
    }

    /// The same about a file.
    pub async fn verifies_bytes(&self, file: &[u8]) -> Verdict {
        self.sends(file, "application/octet-stream", &[])
            .await
            .with_status(200)
            .json()
    }

    /// "Is it good for this agency, this purpose, at this date?"
    pub async fn asks(&self, file: &[u8], question: &[(&str, &str)]) -> Verdict {
        self.sends(file, "application/octet-stream", question)
            .await
            .with_status(200)
            .json()
    }

    /// Sends a body as it is; for what the node should make of it.
    pub async fn sends(&self, body: &[u8], content_type: &str, question: &[(&str, &str)]) -> HttpReply {
        let request = self
            .http
            .post(format!("{}/v1/verifications", self.node))
            .query(question);
        send(request.header("content-type", content_type).body(body.to_vec())).await
    }

    /// Sends many badges at once.
    pub async fn sends_many(&self, upload: Vec<u8>, content_type: &str, question: &[(&str, &str)]) -> HttpReply {
        let url = format!("{}/v1/verifications/bulk", self.node);
        let request = self.http.post(url).query(question);
        send(request.header("content-type", content_type).body(upload)).await
    }

    /// Sends a file as the field of a form.
    pub async fn sends_form(&self, file: &[u8], field: &str) -> HttpReply {
        let form = Form::new().part(field.to_owned(), Part::bytes(file.to_vec()).file_name("badge"));
        send(
            self.http
                .post(format!("{}/v1/verifications", self.node))
                .multipart(form),
        )
        .await
    }

    /// Drops a file on the page.
    pub async fn drops_on_the_page(&self, file: &[u8]) -> HttpReply {
        let form = Form::new().part("file", Part::bytes(file.to_vec()).file_name("badge"));
        send(self.http.post(format!("{}/verify", self.node)).multipart(form)).await
    }

    /// Drops a file on the page, and asks about a day.
    pub async fn drops_on_the_page_for(&self, file: &[u8], day: &str) -> HttpReply {
        let part = Part::bytes(file.to_vec()).file_name("badge");
        let form = Form::new().part("file", part).text("at", day.to_owned());
        send(self.http.post(format!("{}/verify", self.node)).multipart(form)).await
    }

    /// Looks at a page.
    pub async fn reads(&self, path: &str) -> HttpReply {
        send(self.http.get(format!("{}{path}", self.node))).await
    }

    /// Reads a route.
    pub async fn gets<A: DeserializeOwned>(&self, route: &Route<NoBody, A>, parameters: &[&str]) -> A {
        let path = format!("/{}", route.segments(parameters).join("/"));
        self.reads(&path).await.with_status(200).json()
    }
}
