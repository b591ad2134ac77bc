//! Calls of routes: what is sent and what is read are the route's types, and no others.

use std::marker::PhantomData;

use api_types::{Method, NoBody, Route};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::{ApiClient, ApiReply, parse};

/// The node's answer to a route: the JSON as it came, which is read as the route's type alone.
pub(crate) struct Answer<A> {
    /// The JSON as it came, for who asks for JSON.
    pub(crate) json: Box<RawValue>,
    kind: PhantomData<fn() -> A>,
}

impl<A> From<ApiReply> for Answer<A> {
    fn from(reply: ApiReply) -> Self {
        Self {
            json: reply.json,
            kind: PhantomData,
        }
    }
}

impl<A: DeserializeOwned> Answer<A> {
    /// The answer as a value.
    pub(crate) fn value(&self) -> anyhow::Result<A> {
        parse(&self.json)
    }
}

impl<A: DeserializeOwned> Answer<Vec<A>> {
    /// The items of a list, each as it came.
    pub(crate) fn items(&self) -> anyhow::Result<Vec<Answer<A>>> {
        let items: Vec<Box<RawValue>> = parse(&self.json)?;
        Ok(items.into_iter().map(|json| ApiReply { json }.into()).collect())
    }
}

impl ApiClient {
    /// Reads a route.
    pub(crate) async fn get<A>(
        &self,
        route: &Route<NoBody, A>,
        parameters: &[&str],
        query: &[(&str, Option<String>)],
    ) -> anyhow::Result<Answer<A>> {
        Ok(self.read(&route.segments(parameters), query).await?.into())
    }

    /// Changes something by a route; or, in a dry run, has the node check the change.
    pub(crate) async fn call<B: Serialize, A>(
        &self,
        route: &Route<B, A>,
        parameters: &[&str],
        body: &B,
        dry_run: bool,
    ) -> anyhow::Result<Answer<A>> {
        let path = route.segments(parameters);
        let reply = match route.method() {
            Method::Delete => self.delete_as(&path, dry_run).await,
            _ => self.write_as(&path, body, dry_run).await,
        };
        Ok(reply?.into())
    }

    /// Does what a route does that takes nothing but its parameters; or, in a dry run, has the node check it.
    pub(crate) async fn act<A>(
        &self,
        route: &Route<NoBody, A>,
        parameters: &[&str],
        dry_run: bool,
    ) -> anyhow::Result<Answer<A>> {
        let path = route.segments(parameters);
        Ok(self.write_nothing(&path, dry_run).await?.into())
    }
}
