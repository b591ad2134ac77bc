//! Lists that the node gives page by page.

use std::marker::PhantomData;

use anyhow::Context as _;
use api_types::{NoBody, Route};
use reqwest::{
    Url,
    header::{ACCEPT, AUTHORIZATION, LINK},
};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::{ApiClient, parse};
use crate::exit::{Exit, fault};

/// A list from the node, read to its end or to where it was to stop.
pub(crate) struct WholeList<T> {
    /// Its items, as they came.
    pub(crate) items: Vec<Box<RawValue>>,
    /// True if there are more.
    pub(crate) has_more: bool,
    kind: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> WholeList<T> {
    /// The items as values.
    pub(crate) fn values(&self) -> anyhow::Result<Vec<T>> {
        self.items.iter().map(|item| parse(item)).collect()
    }

    /// All of them as one JSON.
    pub(crate) fn json(&self) -> anyhow::Result<Box<RawValue>> {
        serde_json::value::to_raw_value(&self.items).context("the list cannot be written")
    }
}

impl ApiClient {
    /// Reads a list through all its pages; at most so many items, if a number is given.
    pub(crate) async fn get_list<T>(
        &self,
        route: &Route<NoBody, Vec<T>>,
        most: Option<usize>,
    ) -> anyhow::Result<WholeList<T>> {
        let kind = PhantomData;
        let mut items: Vec<Box<RawValue>> = Vec::new();
        let mut url = self.at(&route.segments(&[]), &[]);
        loop {
            let mut request = self
                .http
                .get(url.clone())
                .header(ACCEPT, "application/json, application/problem+json");
            if let Some(token) = &self.token {
                request = request.header(AUTHORIZATION, token.clone());
            }
            let response = self.exchange(request, false).await?;
            let status = response.status();
            let next = response
                .headers()
                .get(LINK)
                .and_then(|link| link.to_str().ok().map(str::to_owned));
            let body = self.body(response, false).await?;
            if !status.is_success() {
                return Err(self.refused(status, &body));
            }
            let page = super::answer(body)?;
            items.extend(parse::<Vec<Box<RawValue>>>(&page.json)?);
            if let Some(most) = most
                && items.len() >= most
            {
                let has_more = items.len() > most || next.is_some();
                items.truncate(most);
                return Ok(WholeList { items, has_more, kind });
            }
            let Some(next) = next else {
                return Ok(WholeList {
                    items,
                    has_more: false,
                    kind,
                });
            };
            let following = self.following(&url, &next)?;
            if following == url {
                return Err(fault(
                    Exit::CouldNotCheck,
                    "the node's list goes on for ever: its next page is the same one",
                ));
            }
            url = following;
        }
    }

    /// The address of the next page: at this node, and nowhere else.
    fn following(&self, url: &Url, link: &str) -> anyhow::Result<Url> {
        let target = link.split_once('<').and_then(|(_, rest)| Some(rest.split_once('>')?.0));
        let target = target.filter(|_| link.contains("rel=\"next\""));
        let next = target.context("the node does not say where its list goes on")?;
        let next = url.join(next).context("the node does not say where its list goes on")?;
        match next.origin() == self.node.origin() {
            true => Ok(next),
            false => Err(fault(Exit::Integrity, "the node's list goes on at another node")),
        }
    }
}
