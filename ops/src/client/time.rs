//! The time by which the node answers. **What is fresh, past or to come is told by the node's clock**; this machine's, which may
//! be any, is read here alone, to be held against it.

use std::sync::{Mutex, PoisonError};

use registry_schema::Timestamp;
use reqwest::{RequestBuilder, Response, header::HeaderName};

use super::ApiClient;

/// The header in which a node tells its time.
const NODE_TIME: HeaderName = HeaderName::from_static("comity-time");

/// The clocks at one moment: as the node told it, and this machine's when that came.
#[derive(Clone, Copy, Debug)]
struct ClockPair {
    node: Timestamp,
    here: Timestamp,
}

/// The node's time as it told it last; none, before it answered.
#[derive(Debug, Default)]
pub(super) struct NodeTime(Mutex<Option<ClockPair>>);

fn here() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}

impl NodeTime {
    fn last(&self) -> Option<ClockPair> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, response: &Response) {
        let told = response.headers().get(NODE_TIME);
        let told = told.and_then(|time| time.to_str().ok()?.parse().ok());
        if let Some(node) = told {
            let clocks = ClockPair { node, here: here() };
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(clocks);
        }
    }
}

impl ApiClient {
    /// Sends a request, and notes the time by which it is answered.
    pub(super) async fn exchange(&self, request: RequestBuilder, writes: bool) -> anyhow::Result<Response> {
        let response = request.send().await.map_err(|e| self.unreachable(&e, writes))?;
        self.time.note(&response);
        Ok(response)
    }

    /// The time of the node's last answer, by the node. Of one that does not tell it, as no earlier version does, this
    /// machine's.
    pub(crate) fn now(&self) -> Timestamp {
        self.time.last().map_or_else(here, |clocks| clocks.node)
    }

    /// By how many seconds this machine's clock is ahead of the node's; none, if the node does not tell its time.
    pub(crate) fn ahead_by(&self) -> Option<i64> {
        let clocks = self.time.last()?;
        Some(clocks.here.seconds_since(clocks.node))
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::super::tests::{canned, client};

    #[tokio::test]
    async fn the_time_is_the_nodes() {
        let status = "200 OK\r\ncomity-time: 2031-07-01T14:02:11Z";
        let (node, _requests) = canned(status, "application/json", "[]");
        let client = client(&node);
        assert_eq!(client.ahead_by(), None);
        client.read(&["v1", "peers"], &[]).await.unwrap();
        assert_eq!(client.now(), "2031-07-01T14:02:11Z".parse().unwrap());
        assert!(client.ahead_by().unwrap() < 0);
    }

    /// Names under which a program reads its machine's time of day.
    const CLOCKS: [&str; 4] = ["Timestamp::now(", "SystemTime", "Zoned::now(", "Local::now("];

    #[test]
    fn nothing_else_reads_this_machines_clock() {
        fn walk(folder: &Path, readers: &mut Vec<String>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, readers);
                } else if path.extension().is_some_and(|kind| kind == "rs") {
                    let text = fs::read_to_string(&path).unwrap();
                    if CLOCKS.iter().any(|clock| text.contains(clock)) {
                        readers.push(path.display().to_string());
                    }
                }
            }
        }
        let mut readers = Vec::new();
        walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut readers);
        assert!(
            matches!(readers.as_slice(), [one] if one.ends_with("client/time.rs")),
            "{readers:?}"
        );
    }
}
