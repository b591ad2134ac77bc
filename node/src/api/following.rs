//! Resolution of a code or a link that was sent in place of a badge.

use registry_schema::{AgencyId, CredentialCode, Phrase};
use transport::client::ClientAddress;
use verification::{
    NextStep, UnreadableBadge, UnreadableReason, VerificationQuestion, judge::JudgedVerdict, unreachable, unreadable,
};

use super::{App, lost_records, problem::Problem};
use agency::{external_sources::FetchContext, node_client::BadgeLookup, registrar::has_its_badge};
use storage::look_up::LookupPermit;

/// A code with its spaces and hyphens, in bytes.
const LONGEST_CODE: usize = 40;

/// A link, in bytes.
const LONGEST_LINK: usize = 2_048;

/// The badge or answer behind the bytes that were sent.
pub(super) enum ResolvedInput {
    /// They are neither a code nor a link.
    Itself,
    /// The badge behind a code or a link.
    Badge(Vec<u8>),
    /// There is no badge behind it, and this is the answer.
    Answer(Box<JudgedVerdict>),
}

/// Follows a code or a link, if that is what was sent.
pub(super) async fn follow(
    app: &App,
    errand: FetchContext,
    bytes: &[u8],
    question: &VerificationQuestion,
) -> Result<ResolvedInput, Problem> {
    let answer = |verdict| Ok(ResolvedInput::Answer(Box::new(verdict)));
    let link = link(bytes);
    let behind_code = match code(bytes).or_else(|| link.and_then(|link| code_behind(app, link))) {
        Some(code) => Some(fetch(app, errand.client, code).await?),
        None => None,
    };
    match (behind_code, link) {
        (None, None) => Ok(ResolvedInput::Itself),
        (None, Some(link)) => match open(app, errand, link).await {
            Ok(Ok(badge)) => Ok(ResolvedInput::Badge(badge)),
            Ok(Err(no_badge)) => answer(unreadable(&no_badge, question)),
            Err(why) => answer(unreachable(Phrase::Verbatim(why), question)),
        },
        (Some(BadgeLookup::Badge(badge)), _) => Ok(ResolvedInput::Badge(badge)),
        (Some(BadgeLookup::Unreachable(why) | BadgeLookup::CannotTell(why)), _) => {
            answer(unreachable(Phrase::Verbatim(why), question))
        }
        (Some(BadgeLookup::Unknown), _) => {
            let why = UnreadableBadge {
                stopped: UnreadableReason::UnknownCode,
                next: NextStep::CheckCode,
            };
            answer(unreadable(&why, question))
        }
    }
}

/// The code, if that is all that was sent.
pub(super) fn code(bytes: &[u8]) -> Option<CredentialCode> {
    let text = std::str::from_utf8(bytes).ok();
    text.filter(|text| text.len() <= LONGEST_CODE)?.parse().ok()
}

/// The link, if that is all that was sent.
pub(crate) fn link(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes.get(..LONGEST_LINK).unwrap_or(bytes))
        .ok()?
        .trim();
    let scheme = text.split_once("://")?.0;
    let is_link = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    (is_link && bytes.len() < LONGEST_LINK && !text.contains(char::is_whitespace)).then_some(text)
}

/// The code in a link to an agency's own copy of a badge: that is asked for as any code is.
fn code_behind(app: &App, link: &str) -> Option<CredentialCode> {
    let registry = app.registry.snapshot();
    registry.agencies().into_iter().find_map(|lists| {
        let path = link.strip_prefix(lists.url.as_str())?;
        let name = path
            .strip_prefix(api_types::routes::CREDENTIALS.path())?
            .strip_prefix('/')?;
        name.parse().ok()
    })
}

/// The bytes behind a link, or that they are no badge; or in words why it was not fetched, and what to do.
async fn open(app: &App, errand: FetchContext, link: &str) -> Result<Result<Vec<u8>, UnreadableBadge>, String> {
    let fetched = app.external_sources.badge(link, errand).await.map_err(|why| {
        format!(
            "the badge behind the link was not fetched: {why}; download it and check the file, or ask the holder for it"
        )
    })?;
    let begins = |with: &str| {
        let text = fetched.bytes.trim_ascii_start();
        text.get(..with.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(with.as_bytes()))
    };
    if fetched.content_type == "text/html" || begins("<!doctype html") || begins("<html") {
        return Ok(Err(UnreadableBadge {
            stopped: UnreadableReason::WebPage,
            next: NextStep::DownloadFromPage,
        }));
    }
    Ok(Ok(fetched.bytes))
}

/// The badge behind a code, from the share of look-ups of whoever asks. **Whatever way a code comes in, it is looked up
/// here.**
async fn fetch(app: &App, client: ClientAddress, code: CredentialCode) -> Result<BadgeLookup, Problem> {
    let leave = app.clients.looks_up(client)?;
    let fetched = fetch_with(app, leave, code).await?;
    if matches!(fetched, BadgeLookup::Unknown | BadgeLookup::CannotTell(_)) {
        app.clients.missed(client);
    }
    Ok(fetched)
}

/// The badge behind a code: ours, or asked from the agencies whose letters the code begins with.
async fn fetch_with(app: &App, leave: LookupPermit, code: CredentialCode) -> Result<BadgeLookup, Problem> {
    if let Some(kept) = app.store.credential_by_code(code, leave).await? {
        has_its_badge(&kept)?;
        return Ok(BadgeLookup::Badge(kept.document.into_bytes()));
    }
    let (ours, stores, keepers): (bool, Vec<String>, Vec<(AgencyId, String)>) = {
        let registry = app.registry.snapshot();
        let ours = registry.home_id().code_letters() == code.agency_letters();
        let stores = registry.roster().store_urls().filter(|_| ours).map(str::to_owned);
        let stores = stores.collect();
        let others = registry
            .agencies()
            .into_iter()
            .filter(|lists| lists.id != *registry.home_id());
        let of_letters = others.filter(|lists| lists.id.code_letters() == code.agency_letters());
        let keepers = of_letters.map(|lists| (lists.id.clone(), lists.url.clone()));
        (ours, stores, keepers.collect())
    };
    let lost = if ours { app.store.lost_records().await? } else { None };
    let lost = lost.map(|before| format!("{}; ask the holder for the badge file", lost_records::in_words(before)));
    let mut answer = lost.map_or(BadgeLookup::Unknown, BadgeLookup::CannotTell);
    for store in stores {
        match app.node_client.badge_of_store(&store, code).await {
            BadgeLookup::Unknown => {}
            BadgeLookup::Badge(badge) => return Ok(BadgeLookup::Badge(badge)),
            unreachable => answer = unreachable,
        }
    }
    for (agency, url) in keepers {
        match app.node_client.badge(&agency, &url, code).await {
            BadgeLookup::Unknown => {}
            BadgeLookup::Badge(badge) => return Ok(BadgeLookup::Badge(badge)),
            unreachable => answer = unreachable,
        }
    }
    Ok(answer)
}
