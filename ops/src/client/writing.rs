//! Changes at the node, each of which can be tried dry; none that cannot be undone goes out before somebody said yes to it.

use std::sync::atomic::Ordering;

use anyhow::Context as _;
use api_types::Effect;
use reqwest::{Method, StatusCode, Url};
use serde::Serialize;

use super::{ApiClient, ApiReply, answer};
use crate::exit::{Exit, fault, usage};

/// The answer to who would do for good what nobody said yes to.
const NOBODY_SAID_YES: &str = "nobody is there to say yes: look at what `--dry-run` shows, and give --yes";

impl ApiClient {
    /// Lets nothing be changed before [`ApiClient::may_write`], but what is tried dry.
    pub(crate) fn waits_for_a_yes(&self) {
        self.waits.store(true, Ordering::Relaxed);
    }

    /// Lets things be changed: somebody said yes.
    pub(crate) fn may_write(&self) {
        self.waits.store(false, Ordering::Relaxed);
    }

    /// Refuses what cannot be undone, and nobody said yes to.
    pub(crate) fn was_agreed(&self) -> anyhow::Result<()> {
        match self.waits.load(Ordering::Relaxed) {
            true => Err(usage(NOBODY_SAID_YES)),
            false => Ok(()),
        }
    }

    fn can_go(&self, dry_run: bool) -> anyhow::Result<()> {
        match dry_run {
            true => Ok(()),
            false => self.was_agreed(),
        }
    }

    /// Changes something; or, in a dry run, has the node check the change.
    pub(super) async fn write_json<B: Serialize>(
        &self,
        method: api_types::Method,
        path: &[&str],
        body: &B,
        dry_run: bool,
    ) -> anyhow::Result<ApiReply> {
        let body = serde_json::to_vec(body).context("cannot write the request")?;
        let body = Some(("application/json", body));
        self.write_any(of_http(method), self.at(path, &[]), body, dry_run).await
    }

    async fn write_any(
        &self,
        method: Method,
        mut url: Url,
        body: Option<(&'static str, Vec<u8>)>,
        dry_run: bool,
    ) -> anyhow::Result<ApiReply> {
        self.can_go(dry_run)?;
        if dry_run {
            url.query_pairs_mut().append_pair("dry_run", "true");
        }
        let (status, body) = self.send((method, Effect::Writes), url, body).await?;
        if dry_run && status == StatusCode::CREATED {
            let message =
                "the node answered `201 created` to a dry run: it may have made the change; look, and tell who runs it";
            return Err(fault(Exit::Integrity, message));
        }
        answer(body)
    }

    /// Sends a file, to be taken in or put in another's place; or, in a dry run, to be checked.
    pub(super) async fn write_file(
        &self,
        method: api_types::Method,
        path: &[&str],
        query: &[(&str, Option<String>)],
        file: (&'static str, Vec<u8>),
        dry_run: bool,
    ) -> anyhow::Result<ApiReply> {
        self.write_any(of_http(method), self.at(path, query), Some(file), dry_run)
            .await
    }

    /// Does something that takes no body; or, in a dry run, has the node check it.
    pub(super) async fn write_nothing(
        &self,
        method: api_types::Method,
        path: &[&str],
        dry_run: bool,
    ) -> anyhow::Result<ApiReply> {
        self.write_any(of_http(method), self.at(path, &[]), None, dry_run).await
    }
}

const fn of_http(method: api_types::Method) -> Method {
    match method {
        api_types::Method::Get => Method::GET,
        api_types::Method::Post => Method::POST,
        api_types::Method::Put => Method::PUT,
        api_types::Method::Delete => Method::DELETE,
    }
}
