//! What a node is asked over HTTP, and what it answers: the one contract between the node, its command line, its pages and
//! the tests.
//!
//! A [`Route`] names a method, a path, who may ask, which media types it takes, and the types of its body and of its answer. The node describes its OpenAPI document
//! with the same types and answers with them; whoever asks reads the answer as what the route says, and cannot read it as
//! anything else.
//!
//! **No transport, no store, no rules**: values alone. **No words for people** beyond those that a value carries.
//! A reader takes an answer with members that it does not know: a newer node may have more. A node refuses a body with
//! members that it does not know: what a person asked for is never passed over in silence.

pub mod agencies;
pub mod applications;
pub mod consequences;
pub mod credentials;
pub mod federation;
pub mod frameworks;
pub mod hindrances;
pub mod issuers;
pub mod key_log;
pub mod operations;
pub mod peers;
pub mod policies;
pub mod problem;
pub mod recognitions;
pub mod replication;
mod route;
pub mod rubrics;
pub mod status_lists;
pub mod trqp;
pub mod vc_api;
pub mod verifications;

#[cfg(feature = "openapi")]
pub use route::RouteSchema;
pub use route::{ANY, Effect, FileAnswer, FileBody, JSON, Method, NoBody, Role, Route, RouteFacts, Verb};

/// The routes, each with the types of its body and of its answer.
pub mod routes;
