//! The questions of `comity status` to the node, all at once: what it cannot answer keeps nothing else back, and is named.

use api_types::{
    NoBody, Route,
    agencies::{AgencyResponse, ForkAcknowledgementResponse, ForkResponse},
    key_log::KeyLogResponse,
    operations::{ClockResponse, OperatorWarningResponse, VersionResponse},
    peers::PeerResponse,
    replication::ReachResponse,
    routes,
    status_lists::StatusListFill,
};
use registry_schema::AgencyId;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{
    CommandContext,
    exit::{self, Exit},
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

/// An answer as it came, and as a value.
type ReadAnswer<A> = (Box<RawValue>, A);

/// The node's answers.
pub(super) struct NodeAnswers {
    pub(super) version: Option<ReadAnswer<VersionResponse>>,
    pub(super) agencies: Option<ReadAnswer<Vec<AgencyResponse>>>,
    pub(super) peers: Option<Vec<PeerResponse>>,
    pub(super) warnings: Option<ReadAnswer<Vec<OperatorWarningResponse>>>,
    pub(super) key_log: Option<KeyLogResponse>,
    pub(super) clock: Option<ClockResponse>,
    pub(super) filled: Vec<StatusListFill>,
    pub(super) reach: Option<ReachResponse>,
    /// The forks of each agency that has some, as far as they are listed.
    pub(super) forks: Vec<AgencyForks>,
    /// The questions that it did not answer.
    pub(super) unread: Vec<UnreadAnswer>,
}

/// The forks of one agency's log, and who has looked into them.
pub(super) struct AgencyForks {
    pub(super) agency: AgencyId,
    pub(super) listed: Vec<ForkResponse>,
    /// Known to operators alone.
    pub(super) acknowledged: Vec<ForkAcknowledgementResponse>,
}

/// Asks for the forks of an agency; what is not told of them counts as not acknowledged.
async fn forks_of(session: &CommandContext, agency: &AgencyResponse) -> AgencyForks {
    let whom = [agency.id.as_str()];
    let listed = part(session, "which forks are proven", &routes::FORKS, &whom).await;
    let acknowledged = match session.client.has_token() {
        true => part(session, "who acknowledged forks", &routes::FORK_ACKNOWLEDGEMENTS, &whom)
            .await
            .ok(),
        false => None,
    };
    AgencyForks {
        agency: agency.id.clone(),
        listed: listed.map(|(_, listed)| listed).unwrap_or_default(),
        acknowledged: acknowledged.map(|(_, said)| said).unwrap_or_default(),
    }
}

impl NodeAnswers {
    /// Asks everything but whether the node is ready.
    pub(super) async fn of(session: &CommandContext) -> Self {
        let version = part(session, "which version it is", &routes::VERSION, &[]).await;
        let home = version.as_ref().ok().map(|(_, version)| version.agency.clone());
        let warnings = async {
            match session.client.has_token() {
                true => Some(part(session, "what its operators should mend", &routes::WARNINGS, &[]).await),
                false => None,
            }
        };
        let reach = async {
            let home = [home.as_ref()?.as_str()];
            Some(part(session, "who holds its log", &routes::REACH, &home).await)
        };
        let (agencies, peers, warnings, key_log, clock, filled, reach) = tokio::join!(
            part(session, "how fresh it knows each agency", &routes::AGENCIES, &[]),
            part(session, "its peers", &routes::PEERS, &[]),
            warnings,
            part(session, "whether its key lets it write", &routes::KEY_LOG, &[]),
            part(session, "whether its clock is believed", &routes::CLOCK, &[]),
            part(session, "how full its status lists are", &routes::STATUS_LISTS, &[]),
            reach,
        );
        let mut forks = Vec::new();
        for agency in agencies.iter().flat_map(|(_, agencies)| agencies) {
            if agency.forks > 0 {
                forks.push(forks_of(session, agency).await);
            }
        }
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
            key_log: key_log.map(|(_, log)| log).map_err(|not| keep(not, true)).ok(),
            clock: clock.map(|(_, clock)| clock).map_err(|not| keep(not, true)).ok(),
            filled: filled
                .map(|(_, filled)| filled)
                .map_err(|not| keep(not, true))
                .unwrap_or_default(),
            reach: reach.and_then(|asked| asked.map(|(_, reach)| reach).map_err(|not| keep(not, true)).ok()),
            forks,
            unread,
        }
    }

    /// The reason that the node, or nobody, can write for the agency.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.key_log.as_ref()?.trouble.as_deref()
    }
}

async fn part<A: DeserializeOwned>(
    session: &CommandContext,
    what: &'static str,
    route: &Route<NoBody, A>,
    parameters: &[&str],
) -> Result<ReadAnswer<A>, UnreadAnswer> {
    let read = async {
        let answer = session.client.get(route, parameters, &[]).await?;
        let value = answer.value()?;
        anyhow::Ok((answer.json, value))
    };
    read.await.map_err(|error| UnreadAnswer::new(what, &error))
}
