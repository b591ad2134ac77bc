//! Calls of routes: what is sent and what is read are the route's types, and no others.

use std::marker::PhantomData;

use anyhow::Context as _;
use api_types::{FileBody, NoBody, Route};
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
        Ok(self.write_json(route.method(), &path, body, dry_run).await?.into())
    }

    /// Does something by a route that takes no body; or, in a dry run, has the node check it.
    pub(crate) async fn act<A>(
        &self,
        route: &Route<NoBody, A>,
        parameters: &[&str],
        dry_run: bool,
    ) -> anyhow::Result<Answer<A>> {
        let path = route.segments(parameters);
        Ok(self.write_nothing(route.method(), &path, dry_run).await?.into())
    }

    /// Sends a file to be taken in; or, in a dry run, to be checked.
    pub(crate) async fn send_file<A>(
        &self,
        route: &Route<FileBody, A>,
        parameters: &[&str],
        query: &[(&str, Option<String>)],
        (kind, bytes): (&'static str, Vec<u8>),
        dry_run: bool,
    ) -> anyhow::Result<Answer<A>> {
        let path = route.segments(parameters);
        let reply = self.write_file(route.method(), &path, query, (kind, bytes), dry_run);
        Ok(reply.await?.into())
    }

    /// Asks a question about a file: changes nothing, though it is a POST.
    pub(crate) async fn ask_about<A>(
        &self,
        route: &Route<FileBody, A>,
        query: &[(&str, Option<String>)],
        (kind, bytes): (&'static str, Vec<u8>),
    ) -> anyhow::Result<Answer<A>> {
        Ok(self.ask(&route.segments(&[]), query, kind, bytes).await?.into())
    }

    /// Asks a question that has a body: changes nothing, though it is a POST.
    pub(crate) async fn ask_with<B: Serialize, A>(&self, route: &Route<B, A>, body: &B) -> anyhow::Result<Answer<A>> {
        let body = serde_json::to_vec(body).context("cannot write the request")?;
        let reply = self.ask(&route.segments(&[]), &[], "application/json", body).await?;
        Ok(reply.into())
    }
}
