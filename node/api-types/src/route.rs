//! A route: where a question is asked, with what, and what comes back.

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

/// The body of a request that has none.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoBody;

/// The body of a request that is a file; its content type says of which kind.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileBody;

/// A route of a node, with the types of the body that it takes and of the answer that it gives.
///
/// The path is a template as OpenAPI has it: `/v1/agencies/{id}`.
pub struct Route<Body, Answer> {
    method: Method,
    path: &'static str,
    types: PhantomData<fn(Body) -> Answer>,
}

impl<Body, Answer> Route<Body, Answer> {
    /// A route by its method and the template of its path.
    pub const fn new(method: Method, path: &'static str) -> Self {
        Self {
            method,
            path,
            types: PhantomData,
        }
    }

    /// The method.
    pub const fn method(&self) -> Method {
        self.method
    }

    /// The template of the path.
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// The segments of the path, with each parameter in its place. A parameter stays one segment, whatever is in it:
    /// escaping it is the caller's. A parameter that is not given leaves its place empty, which no route has.
    pub fn segments<'a>(&self, parameters: &[&'a str]) -> Vec<&'a str> {
        let mut parameters = parameters.iter().copied();
        let segments = self.path.split('/').filter(|segment| !segment.is_empty());
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
        write!(f, "{:?} {}", self.method, self.path)
    }
}

/// A route as the OpenAPI document has it.
#[cfg(feature = "openapi")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteSchema {
    /// The method.
    pub method: Method,
    /// The template of the path.
    pub path: &'static str,
    /// The name of the schema of its answer, or of each item of it.
    pub answer: String,
    /// True if it answers with a list.
    pub is_list: bool,
}

/// The name of the schema of an answer. A list has none of its own: its items have.
#[cfg(feature = "openapi")]
pub(crate) mod schema_name {
    use std::{borrow::Cow, marker::PhantomData};

    use utoipa::ToSchema;

    pub(crate) struct SchemaName<Answer>(PhantomData<Answer>);

    impl<Answer> SchemaName<Answer> {
        pub(crate) const fn new() -> Self {
            Self(PhantomData)
        }
    }

    impl<Item: ToSchema> SchemaName<Vec<Item>> {
        /// The name, and that it is of a list's items. A method of the type itself goes before the trait's.
        pub(crate) fn name(self) -> (Cow<'static, str>, bool) {
            (Item::name(), true)
        }
    }

    pub(crate) trait NameOfOne {
        /// The name, and that it is of one value.
        fn name(self) -> (Cow<'static, str>, bool);
    }

    impl<Answer: ToSchema> NameOfOne for SchemaName<Answer> {
        fn name(self) -> (Cow<'static, str>, bool) {
            (Answer::name(), false)
        }
    }
}
