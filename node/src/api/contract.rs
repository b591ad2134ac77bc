//! The answers that any route can give, told in the OpenAPI document in one place: a route itself tells only what is its own.
//!
//! **What a request can meet before its handler, each route would forget**: a head or body that cannot be read, a body that
//! is too large or too slow, a budget that is used up, a node that cannot answer now. They follow from the declaration of the
//! route: its cost, its parameters, whether it is for operators. So do who may ask, and with which media types. `tests/scenarios/the_document_is_kept.rs` holds what a
//! node answers against this document.

use api_types::Role;
use axum::http::{Method, StatusCode};
use utoipa::{
    ToSchema as _,
    openapi::{
        Content, HeaderBuilder, KnownFormat, ObjectBuilder, OpenApi, Ref, RefOr, Required, Response, SchemaFormat,
        Type,
        path::{Operation, ParameterIn, PathItem},
        schema::SchemaType,
        security::SecurityRequirement,
    },
};

use super::{
    auth::SCHEME,
    costs::RouteCost,
    problem::{
        CONFLICT, INVALID, MEDIA_TYPE, Problem, ProblemCode, TOO_LARGE, TOO_MUCH, TOO_SLOW, UNAUTHENTICATED,
        UNAVAILABLE, UNSUPPORTED,
    },
    routes::DeclaredRoute,
};

/// The media type of a problem (RFC 9457, §3).
const PROBLEM: &str = "application/problem+json";
const JSON: &str = "application/json";
/// A form with a file.
const FORM: &str = "multipart/form-data";
/// The media types of bytes that are no text; the first stands for any.
const BYTES: [&str; 4] = [
    "application/octet-stream",
    "application/cbor",
    "application/zip",
    "image/png",
];

/// An answer that many routes give: its name in the document, and the code that explains it.
struct CommonAnswer {
    name: &'static str,
    code: &'static ProblemCode,
    says_when_to_come_again: bool,
}

const fn common(name: &'static str, code: &'static ProblemCode, says_when_to_come_again: bool) -> CommonAnswer {
    CommonAnswer {
        name,
        code,
        says_when_to_come_again,
    }
}

const UNREADABLE: CommonAnswer = common("Unreadable", &UNSUPPORTED, false);
const OTHER_KIND: CommonAnswer = common("OtherKind", &MEDIA_TYPE, false);
const NO_OPERATOR: CommonAnswer = common("NoOperator", &UNAUTHENTICATED, false);
const CLASHES: CommonAnswer = common("Conflict", &CONFLICT, false);
const SLOW: CommonAnswer = common("TooSlow", &TOO_SLOW, false);
const LARGE: CommonAnswer = common("TooLarge", &TOO_LARGE, false);
const RULE_BROKEN: CommonAnswer = common("Invalid", &INVALID, false);
const MUCH: CommonAnswer = common("TooMuch", &TOO_MUCH, true);
const NOT_NOW: CommonAnswer = common("NotNow", &UNAVAILABLE, true);

/// Adds to each operation what any of its class can answer, and calls problems by their media type.
pub(super) fn complete(mut document: OpenApi) -> OpenApi {
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            let Some(route) = DeclaredRoute::find(&method, path) else {
                continue;
            };
            tell_of_role(operation, route);
            tell_of_body(operation, route);
            add(operation, &answers(operation, route));
            tell_of_dry_runs(operation);
            operation.operation_id = Some(name_of(&method, path));
            for (status, answer) in &mut operation.responses.responses {
                if let RefOr::T(answer) = answer {
                    describe(status, answer);
                    answer
                        .content
                        .iter_mut()
                        .for_each(|(kind, content)| tell_of_bytes(kind, content));
                    if status.starts_with(['4', '5']) {
                        call_by_its_type(answer);
                    }
                }
            }
        }
    }
    let components = document.components.get_or_insert_default();
    for answer in [
        UNREADABLE,
        OTHER_KIND,
        CLASHES,
        NO_OPERATOR,
        SLOW,
        LARGE,
        RULE_BROKEN,
        MUCH,
        NOT_NOW,
    ] {
        components
            .responses
            .insert(answer.name.to_owned(), answer.told().into());
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let all = [
        (Method::GET, &mut item.get),
        (Method::PUT, &mut item.put),
        (Method::POST, &mut item.post),
        (Method::DELETE, &mut item.delete),
    ];
    all.into_iter()
        .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Tells who may ask.
fn tell_of_role(operation: &mut Operation, route: &DeclaredRoute) {
    if needs_token(route) {
        let none: [String; 0] = [];
        operation.security = Some(vec![SecurityRequirement::new(SCHEME, none)]);
    }
}

const fn needs_token(route: &DeclaredRoute) -> bool {
    matches!(route.facts().role, Role::Operator | Role::Applicant)
}

/// Tells which media types a body may have, and how long it may be.
fn tell_of_body(operation: &mut Operation, route: &DeclaredRoute) {
    let Some(RefOr::T(body)) = &mut operation.request_body else {
        return;
    };
    let told = body.content.remove(api_types::JSON);
    body.content.clear();
    for kind in route.facts().accepts {
        // A document of another standard is described there.
        let json = told.clone().filter(|_| route.takes_json_alone());
        let mut content = json.unwrap_or_else(|| Content::new(Some(schema_of(kind))).into());
        tell_of_bytes(kind, &mut content);
        body.content.insert((*kind).to_owned(), content);
    }
    body.description = Some(format!("at most {}", route.most_in_words()));
    body.required = Some(Required::True);
}

/// The shape of a body of this media type, as far as the type says it.
fn schema_of(kind: &str) -> ObjectBuilder {
    match kind {
        JSON => ObjectBuilder::new().schema_type(SchemaType::AnyValue),
        _ => ObjectBuilder::new().schema_type(Type::String),
    }
}

/// Returns the answers that any operation of this class can give.
fn answers(operation: &Operation, route: &DeclaredRoute) -> Vec<CommonAnswer> {
    let mut answers = vec![UNREADABLE, SLOW, LARGE];
    let is_for_operators = needs_token(route);
    let has_parameters = operation.parameters.as_ref().is_some_and(|all| !all.is_empty());
    if is_for_operators {
        answers.push(NO_OPERATOR);
        // What an act rests on may have changed, or be damaged.
        if route.facts().writes() {
            answers.push(CLASHES);
        }
    }
    if operation.request_body.is_some() {
        // The same status tells of a body that is compressed.
        answers.push(OTHER_KIND);
    }
    // Operators' routes all heed `dry_run`.
    if is_for_operators || has_parameters || operation.request_body.is_some() {
        answers.push(RULE_BROKEN);
    }
    // What answers from constants is refused to nobody, and has nothing that could be out of reach.
    if route.cost() != RouteCost::Nothing {
        answers.extend([MUCH, NOT_NOW]);
    }
    answers
}

/// Adds answers whose status the operation does not tell itself.
fn add(operation: &mut Operation, answers: &[CommonAnswer]) {
    for answer in answers {
        let told = Ref::from_response_name(answer.name).into();
        let status = answer.code.status().as_str().to_owned();
        operation.responses.responses.entry(status).or_insert(told);
    }
}

/// Documents that what is created is answered with 200, and in the same shape, where it only would have been.
fn tell_of_dry_runs(operation: &mut Operation) {
    let heeds_it = operation.parameters.iter().flatten().any(|parameter| match parameter {
        RefOr::T(one) => one.name == "dry_run" && one.parameter_in == ParameterIn::Query,
        RefOr::Ref(_) => false,
    });
    let responses = &mut operation.responses.responses;
    if let (true, Some(RefOr::T(created))) = (heeds_it, responses.get("201")) {
        let mut would_be = created.clone();
        "with `dry_run`: what it would be".clone_into(&mut would_be.description);
        responses.entry("200".to_owned()).or_insert_with(|| would_be.into());
    }
}

/// Bytes are told as bytes, and not as a list of numbers, of which generators of clients make one.
fn tell_of_bytes(kind: &str, content: &mut RefOr<Content>) {
    let RefOr::T(content) = content else { return };
    if BYTES.contains(&kind) {
        content.schema = Some(bytes(kind).into());
    } else if kind == FORM {
        content.schema = Some(
            ObjectBuilder::new()
                .property("file", bytes(BYTES[0]))
                .required("file")
                .into(),
        );
    }
}

fn bytes(kind: &str) -> ObjectBuilder {
    let format = SchemaFormat::KnownFormat(KnownFormat::Binary);
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(format))
        .content_media_type(kind)
}

/// A name for an operation that no other one has, of which generators of clients make a function's: `get_v1_agencies_id`.
fn name_of(method: &Method, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty()).map(str::to_lowercase);
    let words: Vec<String> = std::iter::once(method.as_str().to_lowercase()).chain(words).collect();
    words.join("_")
}

/// Each answer has a description (OpenAPI 3.1, §4.8.17): the status in words, where the route says no more.
fn describe(status: &str, answer: &mut Response) {
    if answer.description.is_empty() {
        let code = status.parse().ok().and_then(|code| StatusCode::from_u16(code).ok());
        let words = code.and_then(|code| code.canonical_reason()).unwrap_or("an answer");
        words.clone_into(&mut answer.description);
    }
}

/// Every error is a problem, whatever shape its members have.
fn call_by_its_type(error: &mut Response) {
    let schema = error.content.swap_remove(JSON);
    let schema = schema.unwrap_or_else(|| problem_content().into());
    error.content.entry(PROBLEM.to_owned()).or_insert(schema);
}

fn problem_content() -> Content {
    Content::new(Some(Ref::from_schema_name(Problem::name())))
}

impl CommonAnswer {
    fn told(&self) -> Response {
        let mut told = Response::new(self.code.title);
        told.content.insert(PROBLEM.to_owned(), problem_content().into());
        if self.says_when_to_come_again {
            let seconds = HeaderBuilder::new()
                .schema(Some(ObjectBuilder::new().schema_type(Type::Integer)))
                .description(Some("in how many seconds to come again, where that is known"))
                .build();
            told.headers.insert("Retry-After".to_owned(), seconds.into());
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use api_types::Role;
    use serde_json::{Value, json};

    use super::DeclaredRoute;
    use crate::api::routes::declared_routes;

    #[test]
    fn no_error_is_told_as_plain_json_and_each_common_answer_is_there() {
        let document = serde_json::to_value(super::super::document()).unwrap();
        let mut common = 0;
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                for (status, answer) in operation["responses"].as_object().unwrap() {
                    let told = match answer["$ref"].as_str() {
                        Some(place) => document.pointer(place.trim_start_matches('#')).unwrap(),
                        None => answer,
                    };
                    common += usize::from(told != answer);
                    if status.starts_with(['4', '5']) {
                        let types: Vec<&String> = told["content"].as_object().unwrap().keys().collect();
                        assert_eq!(types, ["application/problem+json"], "{method} {path} {status}");
                    }
                }
                let answers = |status: &str| operation["responses"].get(status).is_some_and(Value::is_object);
                assert!(answers("400") && answers("413"), "{method} {path}");
            }
        }
        assert!(common > 300, "{common}");
    }

    #[test]
    fn each_route_that_others_call_is_declared_and_in_the_document_with_its_answer() {
        let document = serde_json::to_value(super::super::document()).unwrap();
        for route in api_types::routes::all() {
            let facts = route.facts;
            let method = facts.method().as_str();
            let named = format!("{method} {}", facts.path);
            let declared = DeclaredRoute::find(&method.parse().unwrap(), facts.path);
            assert_eq!(declared.map(DeclaredRoute::facts), Some(facts), "{named}");
            let operation = &document["paths"][facts.path][method.to_lowercase()];
            assert!(operation.is_object(), "{named} is not in the document");
            let Some(answer) = &route.answer else { continue };
            let one = json!({"$ref": format!("#/components/schemas/{answer}")});
            let answers = operation["responses"].as_object().unwrap().iter();
            let mut good = answers
                .filter(|(status, _)| status.starts_with('2'))
                .flat_map(|(_, answer)| {
                    let kinds = answer["content"].as_object().into_iter().flatten();
                    kinds.map(|(_, content)| &content["schema"])
                });
            let is_answer = |schema: &Value| match route.is_list {
                true => schema["type"] == "array" && schema["items"] == one,
                false => *schema == one,
            };
            assert!(good.any(is_answer), "{named} does not answer with {answer}");
            let described = &document["components"]["schemas"][answer];
            assert!(described.is_object(), "{answer} is not described");
        }
    }

    /// The handlers' own words name the routes under which they are declared, and no others; who may ask, and with what, is told
    /// as it is declared.
    #[test]
    fn the_document_tells_of_what_is_declared_and_of_nothing_else() {
        let document = serde_json::to_value(super::super::document()).unwrap();
        let mut told = 0;
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                told += 1;
                let route = DeclaredRoute::find(&method.to_uppercase().parse().unwrap(), path);
                let facts = route
                    .unwrap_or_else(|| panic!("{method} {path} is not declared"))
                    .facts();
                assert_eq!(
                    operation["security"].is_array(),
                    facts.role != Role::Public && facts.role != Role::Peer,
                    "{path}"
                );
                let kinds = operation["requestBody"]["content"].as_object();
                let kinds: std::collections::BTreeSet<&str> = kinds
                    .into_iter()
                    .flat_map(|all| all.keys().map(String::as_str))
                    .collect();
                let declared: std::collections::BTreeSet<&str> = facts.accepts.iter().copied().collect();
                assert_eq!(kinds, declared, "{method} {path}");
            }
        }
        let programs = declared_routes()
            .iter()
            .filter(|route| api_types::routes::all().iter().any(|one| one.facts == route.facts()));
        assert_eq!(told, programs.count());
        for (nth, route) in declared_routes().iter().enumerate() {
            let is_it = |other: &DeclaredRoute| {
                (other.facts().method(), other.facts().path) == (route.facts().method(), route.facts().path)
            };
            assert_eq!(
                declared_routes().iter().position(is_it),
                Some(nth),
                "{} is declared twice",
                route.facts().path
            );
        }
    }
}
