//! Requests made from the document: such as it asks for, and such as it does not.

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Map, Value, json};

use super::{ApiContract, ContractOperation};

/// Texts that no parameter and no member takes, or few do.
const NONSENSE: [&str; 6] = ["", "nobody", "%00", "%FF%FE", "-1", "2026-13-45T99:99:99Z"];
/// More than any route reads that has no limit of its own.
const TOO_LARGE: usize = 2 * 1024 * 1024 + 1;

/// The party that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CallerIdentity {
    Nobody,
    AnImpostor,
    AnOperator,
}

/// A request for an operation.
#[derive(Clone, Debug)]
pub struct ContractRequest {
    asker: CallerIdentity,
    path: String,
    content_type: Option<&'static str>,
    body: Option<Vec<u8>>,
}

impl ContractRequest {
    /// The request, at this node; operators have this token.
    ///
    /// # Panics
    /// If the operation's method is none.
    pub fn request(&self, client: &Client, node: &str, method: &str, token: &str) -> RequestBuilder {
        let method: Method = method.to_uppercase().parse().expect("a method");
        let mut request = client.request(method, format!("{node}{}", self.path));
        match self.asker {
            CallerIdentity::Nobody => {}
            CallerIdentity::AnImpostor => request = request.bearer_auth("nobody"),
            CallerIdentity::AnOperator => request = request.bearer_auth(token),
        }
        if let Some(kind) = self.content_type {
            request = request.header("content-type", kind);
        }
        match &self.body {
            Some(body) => request.body(body.clone()),
            None => request,
        }
    }
}

impl ApiContract {
    /// Requests for an operation; `known` has the names of things that exist, by the parameter's place in its path. What
    /// would be done is asked, not done, wherever it can be.
    pub fn requests(
        &self,
        operation: ContractOperation<'_>,
        known: &dyn Fn(&str) -> Vec<String>,
    ) -> Vec<ContractRequest> {
        let mut all = Vec::new();
        let dry = if operation.heeds_dry_run() { "?dry_run=true" } else { "" };
        let query = |more: &str| match dry {
            "" => format!("?{more}"),
            dry => format!("{dry}&{more}"),
        };
        let paths = fill(operation.path, known);
        let (content_type, body) = self.body(operation);
        let ask = |asker, path: String, body: Option<Vec<u8>>| ContractRequest {
            asker,
            path,
            content_type: content_type.filter(|_| body.is_some()),
            body,
        };
        for path in &paths {
            for asker in [
                CallerIdentity::Nobody,
                CallerIdentity::AnImpostor,
                CallerIdentity::AnOperator,
            ] {
                all.push(ask(asker, format!("{path}{dry}"), body.clone()));
            }
            for parameter in operation.parameters("query") {
                let name = parameter["name"].as_str().unwrap_or_default();
                let sample = text(&self.sample(&parameter["schema"]));
                for value in NONSENSE.iter().copied().chain([sample.as_str(), &"x".repeat(3_000)]) {
                    all.push(ask(
                        CallerIdentity::AnOperator,
                        format!("{path}{}", query(&format!("{name}={value}"))),
                        body.clone(),
                    ));
                }
                all.push(ask(
                    CallerIdentity::AnOperator,
                    format!("{path}{}", query(&format!("{name}=1&{name}=2"))),
                    body.clone(),
                ));
            }
            for wrong in self.wrong_bodies(operation) {
                all.push(ask(CallerIdentity::AnOperator, format!("{path}{dry}"), Some(wrong)));
            }
            if content_type.is_some() {
                all.push(ContractRequest {
                    content_type: Some("application/x-unknown"),
                    ..ask(CallerIdentity::AnOperator, format!("{path}{dry}"), body.clone())
                });
                all.push(ask(
                    CallerIdentity::AnOperator,
                    format!("{path}{dry}"),
                    Some(vec![b' '; TOO_LARGE]),
                ));
            }
        }
        all
    }

    /// A body such as the operation asks for.
    fn body(&self, operation: ContractOperation<'_>) -> (Option<&'static str>, Option<Vec<u8>>) {
        let content = &operation.told["requestBody"]["content"];
        if let Some(json) = content.get("application/json") {
            return (
                Some("application/json"),
                Some(self.sample(&json["schema"]).to_string().into_bytes()),
            );
        }
        match content.as_object().is_some_and(|content| !content.is_empty()) {
            true => (Some("text/plain"), Some(b"nothing".to_vec())),
            false => (None, None),
        }
    }

    /// Bodies of which something is wrong.
    fn wrong_bodies(&self, operation: ContractOperation<'_>) -> Vec<Vec<u8>> {
        let content = &operation.told["requestBody"]["content"];
        if !content.is_object() {
            return Vec::new();
        }
        let plain: [&[u8]; 6] = [b"", b"{", b"null", b"[]", b"{}", b"\xff\xfe"];
        let mut bodies: Vec<Vec<u8>> = plain.iter().map(|body| body.to_vec()).collect();
        let sample = self.sample(&content["application/json"]["schema"]);
        for name in sample.as_object().into_iter().flat_map(Map::keys) {
            for other in [
                Value::Null,
                json!(7),
                json!(-1),
                json!(""),
                json!([]),
                json!({"a": [null]}),
                json!("x".repeat(5_000)),
                json!("\u{0}"),
            ] {
                let mut changed = sample.clone();
                changed[name] = other;
                bodies.push(changed.to_string().into_bytes());
            }
        }
        bodies
    }

    /// A value such as a schema tells of, with all its members.
    fn sample(&self, schema: &Value) -> Value {
        let schema = self.resolve(schema);
        let first = |of: &str| {
            let all = schema[of].as_array()?;
            let real = |one: &&Value| one["type"] != "null";
            all.iter().find(real)
        };
        if let Some(all) = schema["allOf"].as_array() {
            let parts = all.iter().map(|one| self.sample(one));
            let members = parts.filter_map(|part| part.as_object().cloned()).flatten();
            return Value::Object(members.collect());
        }
        if let Some(one) = first("oneOf").or_else(|| first("anyOf")) {
            return self.sample(one);
        }
        if let Some(value) = schema
            .get("example")
            .or_else(|| schema.get("const"))
            .or_else(|| schema["enum"].get(0))
        {
            return value.clone();
        }
        let types = &schema["type"];
        match types.as_str().or_else(|| types.get(0)?.as_str()) {
            Some("object") => {
                let members = schema["properties"].as_object().into_iter().flatten();
                Value::Object(
                    members
                        .map(|(name, member)| (name.clone(), self.sample(member)))
                        .collect(),
                )
            }
            Some("array") => json!([self.sample(&schema["items"])]),
            Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
            Some("boolean") => json!(false),
            Some("string") if schema["format"] == "date-time" => json!("2026-01-01T00:00:00Z"),
            Some("string") => json!("x"),
            _ => json!({}),
        }
    }
}

/// The path with names of things that exist, and with nonsense.
fn fill(path: &str, known: &dyn Fn(&str) -> Vec<String>) -> Vec<String> {
    if !path.contains('{') {
        return vec![path.to_owned()];
    }
    let with = |name: &str| {
        let parts = path
            .split('/')
            .map(|part| if part.starts_with('{') { name } else { part });
        parts.collect::<Vec<_>>().join("/")
    };
    let long = "x".repeat(3_000);
    let nonsense = NONSENSE.iter().filter(|text| !text.is_empty()).copied();
    let nonsense = nonsense.chain(["US-ZZ", "0000", long.as_str()]).map(with);
    known(path).into_iter().chain(nonsense).collect()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
