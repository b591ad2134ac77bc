//! Room for applications: so that strangers neither fill the store nor hide each other's.

use registry_schema::{Timestamp, registration::CasePhase};

use super::super::{Registrar, RegistrarError};

/// Most applications in an hour, all together, of those who sent one within the hour already.
const MOST_AN_HOUR: i64 = 20;
/// Most in a day.
const MOST_A_DAY: i64 = 60;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// The room that there is for an application.
#[derive(Clone, Copy, Debug)]
pub struct ApplicationLimit {
    /// The number of applications that may wait for a decision.
    pub most_open: u32,
    /// True if whoever applies has sent none within the hour: they are not held up by those who send many.
    pub is_first: bool,
}

/// The reason why applications are not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ApplicationRefusal {
    /// So many wait for a decision.
    Open(i64),
    /// As many as are taken in a span of time came within it; in so many seconds there is room again.
    Sent { most: i64, span: i64, seconds: i64 },
}

impl Registrar {
    /// Checks that another application of a stranger is taken.
    pub(super) async fn takes_one_more(&self, room: ApplicationLimit, now: Timestamp) -> Result<(), RegistrarError> {
        let (detail, retry_after) = match self.crowding(room.most_open, now).await? {
            Some(ApplicationRefusal::Open(open)) => (
                format!(
                    "{open} applications wait to be decided, as many as this agency takes at a time: try again in some hours, or \
                     write to the agency"
                ),
                HOUR,
            ),
            Some(ApplicationRefusal::Sent { most, span, seconds }) if !room.is_first => {
                let (minutes, span) = ((seconds + 59) / 60, in_words(span));
                let detail = format!(
                    "{most} applications came within {span}, one of them from your address: try again in {minutes} minutes, or \
                     write to the agency"
                );
                (detail, seconds)
            }
            Some(ApplicationRefusal::Sent { .. }) | None => return Ok(()),
        };
        let retry_after = u64::try_from(retry_after).unwrap_or(1);
        Err(RegistrarError::TooMany { detail, retry_after })
    }

    /// The notice for operators, if applications are being refused.
    ///
    /// # Errors
    /// [`RegistrarError`], if the store cannot be read.
    pub async fn refuses_applications(&self, most_open: u32) -> Result<Option<String>, RegistrarError> {
        let crowding = self.crowding(most_open, self.clock.now()).await?;
        Ok(crowding.map(|crowding| match crowding {
            ApplicationRefusal::Open(open) => format!(
                "applications are refused: {open} wait to be decided, and `most_open` is {most_open}: decide or close them \
                 (`comity issuer list --applications`), or raise `most_open` under `[registration]` in comity.toml"
            ),
            ApplicationRefusal::Sent { most, span, .. } => format!(
                "a second application from an address is refused for now: {most} came within {}; see `comity issuer list --applications` \
                 for who sends so many",
                in_words(span)
            ),
        }))
    }

    async fn crowding(&self, most_open: u32, now: Timestamp) -> Result<Option<ApplicationRefusal>, RegistrarError> {
        let open = [CasePhase::Submitted, CasePhase::UnderReview].map(CasePhase::as_str);
        let newer = [MOST_AN_HOUR - 1, MOST_A_DAY - 1];
        let (waiting, of_hour, of_day) = self.store.applications_waiting(open, newer).await?;
        if waiting >= i64::from(most_open) {
            return Ok(Some(ApplicationRefusal::Open(waiting)));
        }
        let sent = |came: Option<i64>, most: i64, span: i64| {
            let left = Timestamp(came?).plus_seconds(span).0.saturating_sub(now.0);
            let seconds = left / 1_000 + 1;
            (left > 0).then_some(ApplicationRefusal::Sent { most, span, seconds })
        };
        Ok(sent(of_day, MOST_A_DAY, DAY).or_else(|| sent(of_hour, MOST_AN_HOUR, HOUR)))
    }
}

fn in_words(span: i64) -> &'static str {
    if span == DAY { "a day" } else { "an hour" }
}
