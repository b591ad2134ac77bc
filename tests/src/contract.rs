//! A node's OpenAPI document, held against what the node answers.
//!
//! **Strict on purpose**: an answer's status and media type must be declared, and its JSON may have no member that its
//! schema does not tell of. A keyword that this reader does not know is a failure, not a pass.

mod requests;
mod shape;

use serde_json::{Map, Value};

pub use requests::ContractRequest;

use crate::HttpReply;

/// The document of a node.
#[derive(Clone, Debug)]
pub struct ApiContract(Value);

/// One operation of it.
#[derive(Clone, Copy, Debug)]
pub struct ContractOperation<'a> {
    /// In small letters.
    pub method: &'a str,
    /// With its parameters' names: `/v1/issuers/{id}`.
    pub path: &'a str,
    /// The document's words on it.
    pub told: &'a Value,
}

impl ContractOperation<'_> {
    /// Returns true if it is for operators.
    pub fn needs_token(&self) -> bool {
        self.told["security"].as_array().is_some_and(|all| !all.is_empty())
    }

    /// Returns true if it can be asked what it would do.
    pub fn heeds_dry_run(&self) -> bool {
        self.parameters("query").any(|one| one["name"] == "dry_run")
    }

    /// Its parameters of one place: `query`, `path`.
    pub fn parameters(&self, place: &str) -> impl Iterator<Item = &Value> {
        let all = self.told["parameters"].as_array().into_iter().flatten();
        let those = all.filter(move |one| one["in"] == *place);
        those.collect::<Vec<_>>().into_iter()
    }
}

impl ApiContract {
    /// Reads it.
    pub const fn new(document: Value) -> Self {
        Self(document)
    }

    /// All operations.
    pub fn operations(&self) -> Vec<ContractOperation<'_>> {
        let mut all = Vec::new();
        for (path, item) in self.0["paths"].as_object().into_iter().flatten() {
            for (method, told) in item.as_object().into_iter().flatten() {
                all.push(ContractOperation { method, path, told });
            }
        }
        all
    }

    /// The operation that answers at this path.
    pub fn at(&self, method: &str, path: &str) -> Option<ContractOperation<'_>> {
        let path = path.split('?').next().unwrap_or_default();
        let of_path = |one: &ContractOperation<'_>| {
            let (told, asked) = (one.path.split('/'), path.split('/'));
            one.path.split('/').count() == path.split('/').count()
                && told
                    .zip(asked)
                    .all(|(told, asked)| told.starts_with('{') || told == asked)
        };
        let mut all = self.operations();
        all.retain(|one| one.method.eq_ignore_ascii_case(method) && of_path(one));
        // `/v1/peers/ticket` before `/v1/peers/{agency}`.
        all.into_iter().min_by_key(|one| one.path.matches('{').count())
    }

    /// Checks that an answer is as the document tells.
    ///
    /// # Errors
    /// Says what.
    pub fn holds(&self, operation: ContractOperation<'_>, reply: &HttpReply) -> Result<(), String> {
        let told = self.resolve(&operation.told["responses"][reply.status.to_string()]);
        let Some(told) = told.as_object() else {
            return Err(format!("{} is not declared: {}", reply.status, reply.text()));
        };
        let empty = Map::new();
        let content = told.get("content").and_then(Value::as_object).unwrap_or(&empty);
        if content.is_empty() && reply.body.is_empty() {
            return Ok(());
        }
        let Some(body) = content.get(&reply.content_type) else {
            let declared: Vec<_> = content.keys().collect();
            return Err(format!(
                "{} as `{}`, declared is {declared:?}: {}",
                reply.status,
                reply.content_type,
                reply.text()
            ));
        };
        let is_json = ["application/json", "application/vc"].contains(&&*reply.content_type)
            || reply.content_type.ends_with("+json");
        let Some(schema) = body.get("schema").filter(|_| is_json) else {
            return Ok(());
        };
        let body: Value = serde_json::from_slice(&reply.body).map_err(|e| format!("{}: {e}", reply.status))?;
        shape::fits(self, schema, &body).map_err(|wrong| format!("{} {wrong}", reply.status))
    }

    /// The same, or what it points to.
    fn resolve<'a>(&'a self, told: &'a Value) -> &'a Value {
        match told["$ref"].as_str() {
            Some(place) => self.resolve(self.0.pointer(place.trim_start_matches('#')).unwrap_or(&Value::Null)),
            None => told,
        }
    }
}
