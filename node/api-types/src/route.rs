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
