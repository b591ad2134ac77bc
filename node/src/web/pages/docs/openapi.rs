//! The parts of an OpenAPI document that the page takes. What it does not know of, it leaves out.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::{
    super::words::{TextSpan, capitalized, pieces},
    ErrorEntry,
};

/// The order in which a reader meets them; a tag that is not named here comes last.
const TAGS: [(&str, &str); 8] = [
    ("verification", "Check badges"),
    ("federation", "The federation"),
    ("trust lists", "Issuers and who recognizes them"),
    ("registration", "How issuers are registered"),
    ("policies", "What agencies accept, and what it counts for"),
    ("credentials", "Credentials of this agency"),
    ("status lists", "Status lists"),
    ("operations", "Running a node"),
];

#[derive(Debug, Default, Deserialize)]
pub(super) struct OpenApiDocument {
    pub(super) info: OpenApiInfo,
    paths: BTreeMap<String, BTreeMap<String, OpenApiOperation>>,
    #[serde(default)]
    components: OpenApiComponents,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct OpenApiInfo {
    #[serde(default)]
    pub(super) description: String,
}

#[derive(Debug, Default, Deserialize)]
struct OpenApiComponents {
    #[serde(default)]
    schemas: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OpenApiOperation {
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    parameters: Vec<OpenApiParameter>,
    #[serde(default)]
    request_body: OpenApiBody,
    #[serde(default)]
    responses: BTreeMap<String, OpenApiBody>,
    #[serde(default)]
    security: Vec<Value>,
}

#[derive(Debug, Deserialize)]
struct OpenApiParameter {
    name: String,
    r#in: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    required: bool,
    example: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
struct OpenApiBody {
    /// The place of an answer that many routes give.
    #[serde(default, rename = "$ref")]
    common: Option<String>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    content: BTreeMap<String, OpenApiContent>,
}

#[derive(Debug, Deserialize)]
struct OpenApiContent {
    #[serde(default)]
    schema: Value,
}

/// The routes of one tag.
#[derive(Debug, Clone)]
pub(super) struct RouteGroup {
    pub(super) title: String,
    /// Its page: `/docs/{slug}`.
    pub(super) slug: String,
    pub(super) routes: Vec<RouteDoc>,
}

#[derive(Debug, Clone)]
pub(super) struct RouteDoc {
    pub(super) anchor: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) operators: bool,
    pub(super) summary: Vec<TextSpan>,
    pub(super) description: Vec<TextSpan>,
    pub(super) parameters: Vec<FieldDoc>,
    pub(super) takes: Vec<String>,
    pub(super) fields: Vec<FieldDoc>,
    pub(super) responses: Vec<ResponseDoc>,
}

/// A parameter, or a member of a JSON object.
#[derive(Debug, Clone)]
pub(super) struct FieldDoc {
    pub(super) name: String,
    /// `query`, `required`: what there is to say beside the name.
    pub(super) kind: String,
    pub(super) about: Vec<TextSpan>,
}

#[derive(Debug, Clone)]
pub(super) struct ResponseDoc {
    pub(super) status: String,
    pub(super) about: Vec<TextSpan>,
    /// The name of its shape.
    pub(super) shape: Option<String>,
    pub(super) error: bool,
}

impl OpenApiDocument {
    /// All routes, by tag.
    /// What a status means is told by the error that has it, where the route itself does not say.
    pub(super) fn groups(&self, errors: &[ErrorEntry]) -> Vec<RouteGroup> {
        let mut routes: Vec<(usize, String, RouteDoc)> = Vec::new();
        for (path, methods) in &self.paths {
            for (method, operation) in methods {
                let tag = operation.tags.first().cloned().unwrap_or_default();
                let place = TAGS.iter().position(|(name, _)| *name == tag).unwrap_or(TAGS.len());
                routes.push((place, tag, self.route(method, path, operation, errors)));
            }
        }
        routes.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let mut groups: Vec<RouteGroup> = Vec::new();
        for (place, tag, route) in routes {
            let title = TAGS.get(place).map_or(tag, |(_, title)| (*title).to_owned());
            match groups.last_mut() {
                Some(group) if group.title == title => group.routes.push(route),
                _ => groups.push(RouteGroup {
                    slug: slug(&title),
                    title,
                    routes: vec![route],
                }),
            }
        }
        groups
    }

    /// The members of a named shape.
    pub(super) fn fields(&self, shape: &str) -> Vec<FieldDoc> {
        let Some(schema) = self.components.schemas.get(shape) else {
            return Vec::new();
        };
        let required: Vec<&str> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let members = schema["properties"].as_object().into_iter().flatten();
        let field = |(name, member): (&String, &Value)| FieldDoc {
            name: name.clone(),
            kind: if required.contains(&name.as_str()) {
                "required".to_owned()
            } else {
                String::new()
            },
            about: told(description(member).unwrap_or_default()),
        };
        members.map(field).collect()
    }

    fn route(&self, method: &str, path: &str, operation: &OpenApiOperation, errors: &[ErrorEntry]) -> RouteDoc {
        let shape = operation.request_body.content.values().find_map(|c| shape(&c.schema));
        RouteDoc {
            anchor: anchor(method, path),
            method: method.to_uppercase(),
            path: path.to_owned(),
            operators: !operation.security.is_empty(),
            summary: told(&operation.summary),
            description: told(&operation.description),
            parameters: operation.parameters.iter().map(FieldDoc::of).collect(),
            takes: operation.request_body.content.keys().cloned().collect(),
            fields: shape.map(|name| self.fields(&name)).unwrap_or_default(),
            responses: operation
                .responses
                .iter()
                // What any route can answer, the page tells once: the list of errors.
                .filter(|(_, body)| body.common.is_none())
                .map(|(status, body)| ResponseDoc::of(status, body, errors))
                .collect(),
        }
    }
}

impl FieldDoc {
    fn of(parameter: &OpenApiParameter) -> Self {
        let about = match (parameter.name.as_str(), &parameter.example) {
            ("dry_run", _) if parameter.description.is_empty() => {
                told("`true` says what would be done, and does nothing")
            }
            (_, Some(Value::String(example))) if parameter.description.is_empty() => {
                told(&format!("such as `{example}`"))
            }
            _ => told(&parameter.description),
        };
        let kind = match (parameter.r#in.as_str(), parameter.required) {
            ("path", _) => "in the path".to_owned(),
            (place, true) => format!("{place}, required"),
            (place, false) => place.to_owned(),
        };
        Self {
            name: parameter.name.clone(),
            kind,
            about,
        }
    }
}

impl ResponseDoc {
    fn of(status: &str, body: &OpenApiBody, errors: &[ErrorEntry]) -> Self {
        let code: Option<StatusCode> = status.parse().ok();
        let error = errors.iter().find(|e| Some(e.status) == code.map(|code| code.as_u16()));
        let standard = error.map_or_else(
            || code.and_then(|code| code.canonical_reason()).unwrap_or_default(),
            |e| e.title,
        );
        let about = if body.description.is_empty() {
            standard
        } else {
            &body.description
        };
        Self {
            status: status.to_owned(),
            about: told(about),
            shape: body.content.values().find_map(|c| shape(&c.schema)),
            error: code.is_some_and(|code| code.is_client_error() || code.is_server_error()),
        }
    }
}

/// `Agency`, or `list of Agency`.
fn shape(schema: &Value) -> Option<String> {
    let name = |schema: &Value| schema["$ref"].as_str()?.rsplit('/').next().map(str::to_owned);
    name(schema).or_else(|| Some(format!("list of {}", name(&schema["items"])?)))
}

/// The description of a member, which stands one deeper where the member may be absent.
fn description(member: &Value) -> Option<&str> {
    let inner = ["oneOf", "anyOf", "allOf"]
        .iter()
        .filter_map(|of| member[*of].as_array())
        .flatten();
    member["description"]
        .as_str()
        .or_else(|| inner.filter_map(|m| m["description"].as_str()).next())
}

/// With a capital letter at its beginning and a full stop at its end; line breaks are none.
fn told(text: &str) -> Vec<TextSpan> {
    let text = capitalized(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    if text.is_empty() || text.ends_with('.') {
        pieces(&text)
    } else {
        pieces(&format!("{text}."))
    }
}

fn anchor(method: &str, path: &str) -> String {
    let words = path
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    std::iter::once(method).chain(words).collect::<Vec<_>>().join("-")
}

/// `Status lists` → `status-lists`.
fn slug(title: &str) -> String {
    let letters = title.chars().map(|c| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    });
    letters.collect()
}
