//! The questions of `comity status` to the node, all at once: what it cannot answer keeps nothing else back, and is named.

use registry_schema::AgencyId;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Ability, Agency, FilledList, OperatorWarning, Peer, clocks::ClockDoubt};
use crate::{
    CommandContext,
    client::ApiReply,
    exit::{self, Exit},
    peer::Reach,
};

/// Something that the node does not say, and why.
#[derive(Debug, Serialize)]
pub(super) struct UnreadAnswer {
    pub(super) what: &'static str,
    pub(super) why: String,
    #[serde(skip)]
    exit: Exit,
}

impl UnreadAnswer {
    fn new(what: &'static str, error: &anyhow::Error) -> Self {
        let text = format!("{error:#}");
        // What follows is where to read more.
        let why = text.lines().next().unwrap_or_default().to_owned();
        Self {
            what,
            why,
            exit: exit::of(error),
        }
    }

    /// Returns true if a node of an earlier version, or one that tells this to operators alone, does not tell it.
    const fn is_not_told(&self) -> bool {
        matches!(self.exit, Exit::Negative | Exit::NotAllowed)
    }
}

/// The agency whose node it is, and the version.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Version {
    pub(super) version: Option<String>,
    pub(super) agency: Option<AgencyId>,
}

/// The node's answers.
pub(super) struct NodeAnswers {
    pub(super) version: Option<(ApiReply, Version)>,
    pub(super) agencies: Option<(ApiReply, Vec<Agency>)>,
    pub(super) peers: Option<Vec<Peer>>,
    pub(super) warnings: Option<(ApiReply, Vec<OperatorWarning>)>,
    pub(super) ability: Ability,
    pub(super) clock: ClockDoubt,
    pub(super) filled: Vec<FilledList>,
    pub(super) reach: Option<Reach>,
    /// The questions that it did not answer.
    pub(super) unread: Vec<UnreadAnswer>,
}

impl NodeAnswers {
    /// Asks everything but whether the node is ready.
    pub(super) async fn of(session: &CommandContext) -> Self {
        let version = part::<Version>(session, "which version it is", &["version"]).await;
        let home = version.as_ref().ok().and_then(|(_, version)| version.agency.clone());
        let warnings = async {
            match session.client.has_token() {
                true => Some(part(session, "what its operators should mend", &["v1", "warnings"]).await),
                false => None,
            }
        };
        let reach = async {
            let path = ["v1", "reach", home.as_ref()?.as_str()];
            Some(part(session, "who holds its log", &path).await)
        };
        let (agencies, peers, warnings, ability, clock, filled, reach) = tokio::join!(
            part(session, "how fresh it knows each agency", &["v1", "agencies"]),
            part(session, "its peers", &["v1", "peers"]),
            warnings,
            part(session, "whether its key lets it write", &["v1", "key-log"]),
            part(session, "whether its clock is believed", &["v1", "clock"]),
            part(session, "how full its status lists are", &["v1", "status-lists"]),
            reach,
        );
        let mut unread = Vec::new();
        let mut keep = |not: UnreadAnswer, is_optional: bool| {
            if !(is_optional && not.is_not_told()) {
                unread.push(not);
            }
        };
        Self {
            version: version.map_err(|not| keep(not, true)).ok(),
            agencies: agencies.map_err(|not| keep(not, false)).ok(),
            peers: peers.map(|(_, peers)| peers).map_err(|not| keep(not, false)).ok(),
            warnings: warnings.and_then(|asked| asked.map_err(|not| keep(not, false)).ok()),
            ability: ability
                .map(|(_, ability)| ability)
                .map_err(|not| keep(not, true))
                .unwrap_or_default(),
            clock: clock
                .map(|(_, clock)| clock)
                .map_err(|not| keep(not, true))
                .unwrap_or_default(),
            filled: filled
                .map(|(_, filled)| filled)
                .map_err(|not| keep(not, true))
                .unwrap_or_default(),
            reach: reach.and_then(|asked| asked.map(|(_, reach)| reach).map_err(|not| keep(not, true)).ok()),
            unread,
        }
    }
}

async fn part<T: DeserializeOwned>(
    session: &CommandContext,
    what: &'static str,
    path: &[&str],
) -> Result<(ApiReply, T), UnreadAnswer> {
    let read = async {
        let reply = session.client.read(path, &[]).await?;
        let value = reply.parse()?;
        anyhow::Ok((reply, value))
    };
    read.await.map_err(|error| UnreadAnswer::new(what, &error))
}
