//! Many badges in one question, and an answer that comes line by line.

use std::time::Duration;

use api_types::{FileBody, Route};
use reqwest::header::{ACCEPT, CONTENT_TYPE};

use super::{Answer, ApiClient, MAX_BODY, answer};
use crate::exit::{Exit, fault};

/// The longest time that the answers about a list may take.
const LONGEST_LIST: Duration = Duration::from_secs(180);

impl ApiClient {
    /// Asks about many badges; each line of the answer is handed on as it comes, with the number of lines that were
    /// announced. Gives that number.
    pub(crate) async fn ask_many<A>(
        &self,
        route: &Route<FileBody, A>,
        query: &[(&str, Option<String>)],
        (kind, body): (&'static str, Vec<u8>),
        mut each: impl FnMut(&Answer<A>, Option<usize>) -> anyhow::Result<()>,
    ) -> anyhow::Result<Option<usize>> {
        let request = self
            .http
            .post(self.at(&route.segments(&[]), query))
            .timeout(LONGEST_LIST)
            .header(ACCEPT, "application/jsonl, application/problem+json")
            .header(CONTENT_TYPE, kind)
            .body(body);
        let mut response = self.exchange(request, false).await?;
        let status = response.status();
        if !status.is_success() {
            let body = self.body(response, false).await?;
            return Err(self.refused(status, &body));
        }
        let announced = response.headers().get("comity-rows");
        let announced = announced.and_then(|rows| rows.to_str().ok()?.parse().ok());
        let mut left = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| self.unreachable(&e, false))? {
            left.extend_from_slice(&chunk);
            while let Some(end) = left.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = left.drain(..=end).collect();
                each(&answer(line)?.into(), announced)?;
            }
            if left.len() > MAX_BODY {
                let message = "a line of the node's answer is longer than 16 MiB";
                return Err(fault(Exit::CouldNotCheck, message));
            }
        }
        match left.is_empty() {
            true => Ok(announced),
            false => Err(fault(
                Exit::Unreachable,
                "the node broke off in the midst of an answer: try again",
            )),
        }
    }
}
