//! A route: where a question is asked, by whom, with what, and what comes back.

use std::{fmt, marker::PhantomData};

/// The methods of HTTP that a node takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Asks, creates or changes.
    Post,
    /// Puts one thing in the place of another.
    Put,
    /// Removes.
    Delete,
}

impl Method {
    /// The method as HTTP writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// The effect of a request, by which it is also told whether it can be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing changes, though a body may be sent.
    Reads,
    /// Something is written.
    Writes,
}

/// The ways to ask: a method, and the effect that goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `GET`: reads.
    Get,
    /// `POST` that only reads: a question with a body.
    Ask,
    /// `POST`: creates or changes.
    Post,
    /// `PUT`: puts one thing in the place of another.
    Put,
    /// `DELETE`: removes.
    Delete,
}

impl Verb {
    /// The method.
    pub const fn method(self) -> Method {
        match self {
            Self::Get => Method::Get,
            Self::Ask | Self::Post => Method::Post,
            Self::Put => Method::Put,
            Self::Delete => Method::Delete,
        }
    }

    /// The effect.
    pub const fn effect(self) -> Effect {
        match self {
            Self::Get | Self::Ask => Effect::Reads,
            Self::Post | Self::Put | Self::Delete => Effect::Writes,
        }
    }
}

/// The parties that a route answers. It answers those as well who may do more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Anybody.
    Public,
    /// Whoever brings what a peer's key signed. The signature counts, and not who brings it.
    Peer,
    /// The applicant, with the token of the application, and operators.
    Applicant,
    /// Operators of the agency, with a token.
    Operator,
}

/// The media type of JSON.
pub const JSON: &str = "application/json";

/// Any media type: what the body is shows in its bytes, whatever it is called.
pub const ANY: &str = "*/*";

/// The body of a request that has none.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoBody;

/// The body of a request that is a file; its content type says of which kind.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileBody;

/// The answer that is a file, a text or a document of another standard.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileAnswer;

/// The facts of a route that clients and nodes share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteFacts {
    /// The way to ask.
    pub verb: Verb,
    /// The template of the path, as OpenAPI has it.
    pub path: &'static str,
    /// The parties that it answers.
    pub role: Role,
    /// The media types of bodies that it takes; none, if it takes no body.
    pub accepts: &'static [&'static str],
}

impl RouteFacts {
    /// The method.
    pub const fn method(&self) -> Method {
        self.verb.method()
    }

    /// Returns true if something is written.
    pub const fn writes(&self) -> bool {
        matches!(self.verb.effect(), Effect::Writes)
    }
}

/// A route of a node, with the types of the body that it takes and of the answer that it gives.
///
/// The path is a template as OpenAPI has it: `/v1/agencies/{id}`.
pub struct Route<Body, Answer> {
    facts: RouteFacts,
    types: PhantomData<fn(Body) -> Answer>,
}

impl<Body, Answer> Route<Body, Answer> {
    /// A route by its facts.
    pub const fn new(facts: RouteFacts) -> Self {
        Self {
            facts,
            types: PhantomData,
        }
    }

    /// The facts that hold whatever the types are.
    pub const fn facts(&self) -> RouteFacts {
        self.facts
    }

    /// The method.
    pub const fn method(&self) -> Method {
        self.facts.method()
    }

    /// The template of the path.
    pub const fn path(&self) -> &'static str {
        self.facts.path
    }

    /// The path with each parameter in its place.
    pub fn path_of(&self, parameters: &[&str]) -> String {
        format!("/{}", self.segments(parameters).join("/"))
    }

    /// The segments of the path, with each parameter in its place. A parameter stays one segment, whatever is in it:
    /// escaping it is the caller's. A parameter that is not given leaves its place empty, which no route has.
    pub fn segments<'a>(&self, parameters: &[&'a str]) -> Vec<&'a str> {
        let mut parameters = parameters.iter().copied();
        let segments = self.path().split('/').filter(|segment| !segment.is_empty());
        segments
            .map(|segment| match segment.starts_with('{') {
                true => parameters.next().unwrap_or_default(),
                false => segment,
            })
            .collect()
    }
}

impl<Body, Answer> fmt::Debug for Route<Body, Answer> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.method(), self.path())
    }
}

/// A route as the OpenAPI document has it.
#[cfg(feature = "openapi")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteSchema {
    /// The facts of the route.
    pub facts: RouteFacts,
    /// The name of the schema of its answer, or of each item of it; none, if it answers with a file.
    pub answer: Option<String>,
    /// True if it answers with a list.
    pub is_list: bool,
}

/// The name of the schema of an answer. A list has none of its own: its items have. A file has none.
#[cfg(feature = "openapi")]
pub(crate) mod schema_name {
    use std::marker::PhantomData;

    use utoipa::ToSchema;

    use super::FileAnswer;

    pub(crate) struct SchemaName<Answer>(PhantomData<Answer>);

    impl<Answer> SchemaName<Answer> {
        pub(crate) const fn new() -> Self {
            Self(PhantomData)
        }
    }

    impl<Item: ToSchema> SchemaName<Vec<Item>> {
        /// The name, and that it is of a list's items. A method of the type itself goes before the trait's.
        pub(crate) fn name(self) -> (Option<String>, bool) {
            (Some(Item::name().into_owned()), true)
        }
    }

    impl SchemaName<FileAnswer> {
        /// No name.
        pub(crate) const fn name(self) -> (Option<String>, bool) {
            (None, false)
        }
    }

    pub(crate) trait NameOfOne {
        /// The name, and that it is of one value.
        fn name(self) -> (Option<String>, bool);
    }

    impl<Answer: ToSchema> NameOfOne for SchemaName<Answer> {
        fn name(self) -> (Option<String>, bool) {
            (Some(Answer::name().into_owned()), false)
        }
    }
}
