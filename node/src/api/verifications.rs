//! `POST /v1/verifications`: a badge in, a verdict out.

use std::{borrow::Cow, panic::AssertUnwindSafe};
use transport::client::ClientAddress;

use api_types::verifications::VerificationQuery;
use axum::{
    Json,
    extract::{Query, State},
    response::Response,
};
use futures::future::try_join_all;
use registry_schema::{AgencyId, LocalDay, Purpose, QueryDate, Timestamp, Verdict};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use verification::{
    Evidence, OpenBadge, UnreadableBadge, VerificationQuestion, formats, judge, judge::JudgedVerdict, try_judge_fast,
    unreadable,
};

use super::{
    App,
    body::{Body, FileOrField},
    clients::AskingClient,
    confirmations,
    costs::PAST,
    following::{ResolvedInput, follow},
    language::ReaderLanguage,
    problem::{INVALID, Problem, UNAVAILABLE},
};
use agency::{
    evidence::{gather, gather_then},
    external_sources::FetchContext,
    registry::Registry,
};

/// A badge of at most so many bytes is read, and most often judged, in less time than another thread takes to wake up.
const READ_AT_ONCE: usize = 16 * 1024;

/// About how many badges of a record others are asked, and about how many at once: nobody shall make this node ask
/// them a hundred times with one file.
const MOST_ASKED_ABOUT: usize = 16;
const PARTS_AT_ONCE: usize = 4;

/// The longest that a badge waits for its turn to be judged.
const LONGEST_WAIT: std::time::Duration = std::time::Duration::from_secs(10);

/// The question, once every part of it can be understood.
pub(crate) fn question_of(app: &App, asked: &VerificationQuery) -> Result<VerificationQuestion, Problem> {
    let given = |text: &Option<String>| {
        text.as_deref()
            .map(str::trim)
            .filter(|t| !t.is_empty())
            .map(str::to_owned)
    };
    let invalid = |error: &dyn std::fmt::Display| Problem::new(&INVALID, error.to_string());
    let registry = app.registry.snapshot();
    let now = app.clock.now();
    let agency: AgencyId = match given(&asked.agency) {
        None => registry.home_id().clone(),
        Some(text) => text.parse().map_err(|e| invalid(&e))?,
    };
    if registry.agency(&agency).is_none() {
        let detail = format!("`{agency}` is no agency of this federation: see /v1/agencies");
        return Err(Problem::new(&INVALID, detail));
    }
    let purpose: Option<Purpose> = given(&asked.purpose)
        .map(|text| text.parse().map_err(|e| invalid(&e)))
        .transpose()?;
    let date = |text: &Option<String>| given(text).map(|text| moment_of(&text, &agency, now)).transpose();
    let (at, known) = (date(&asked.at)?, date(&asked.known)?);
    let since = app.registry_history.since();
    if let Some(known) = known.filter(|known| *known < since) {
        let known = match LocalDay::ending_at(known, &agency) {
            Some(day) => format!("the end of {}", day.in_words()),
            None => known.in_words(),
        };
        let since = since.in_words();
        let detail =
            format!("`known` is {known}, and this node keeps what it knew since {since}: ask about a later day");
        return Err(Problem::new(&INVALID, detail));
    }
    Ok(VerificationQuestion {
        agency,
        purpose,
        at: at.or(known).unwrap_or(now),
        known,
        now,
        clock_in_doubt: registry.clock_is_in_doubt(),
    })
}

/// The moment that a date in a question means by this agency's calendar: a day is meant to its end, and today is now.
pub(super) fn moment_of(text: &str, agency: &AgencyId, now: Timestamp) -> Result<Timestamp, Problem> {
    let invalid = |error: &dyn std::fmt::Display| Problem::new(&INVALID, error.to_string());
    let asked: QueryDate = text.parse().map_err(|e| invalid(&e))?;
    asked.moment(agency, now).map_err(|e| invalid(&e))
}

/// Check a badge.
///
/// The body is the badge itself: JSON-LD, a signed token, or a baked PNG or SVG; or `text/plain` with a short code, for
/// which the agency that keeps the badge is asked, or with an https link to any of these, which the node opens; or
/// `multipart/form-data` with the field `file`. At most 2 MiB. The answer is always 200 with a Verdict if the request could
/// be read at all; a file that is no badge is the verdict `unreadable`.
#[utoipa::path(
    post, path = api_types::routes::VERIFICATION.path(), tag = "verification", params(VerificationQuery),
    request_body = Vec<u8>,
    responses(
        (status = 200, description = "the answer", body = Verdict),
        (status = 413, description = "the body is longer than 2 MiB", body = Problem),
        (status = 422, description = "a parameter cannot be understood", body = Problem),
        (status = 429, description = "too many codes were looked up for this client; `Retry-After` says when to come again", body = Problem),
    ),
)]
pub(crate) async fn verify(
    State(app): State<App>,
    Query(asked): Query<VerificationQuery>,
    language: ReaderLanguage,
    AskingClient(client): AskingClient,
    body: Body<FileOrField>,
) -> Result<Response, Problem> {
    let question = question_of(&app, &asked)?;
    let FileOrField(bytes) = &body.content;
    let verdict = answer(&app, client, bytes, &question).await?;
    Ok(language.answered(Json(verdict.in_words(&language.0))))
}

/// The answer about these bytes. The page, the API and the command line all come here.
pub(crate) async fn answer(
    app: &App,
    client: ClientAddress,
    bytes: &[u8],
    question: &VerificationQuestion,
) -> Result<JudgedVerdict, Problem> {
    let (verdict, _) = answer_as(app, client, bytes, question, |_, _, _| ()).await?;
    Ok(verdict)
}

/// The same, with the facts that rules are held against, if there is a badge.
pub(super) async fn answer_with_facts(
    app: &App,
    client: ClientAddress,
    bytes: &[u8],
    question: &VerificationQuestion,
) -> Result<(JudgedVerdict, Option<policy::BadgeFacts>), Problem> {
    answer_as(app, client, bytes, question, judge::facts).await
}

async fn answer_as<T: Send + 'static>(
    app: &App,
    client: ClientAddress,
    bytes: &[u8],
    question: &VerificationQuestion,
    besides: fn(&OpenBadge, &Evidence, &VerificationQuestion) -> T,
) -> Result<(JudgedVerdict, Option<T>), Problem> {
    let errand = FetchContext::of(client);
    let file = match follow(app, errand, bytes, question).await? {
        ResolvedInput::Itself => Cow::Borrowed(bytes),
        ResolvedInput::Badge(badge) => Cow::Owned(badge),
        ResolvedInput::Answer(verdict) => return Ok((*verdict, None)),
    };
    let badge = match read(&file).await? {
        Ok(badge) => badge,
        Err(why) => return Ok((unreadable(&why, question), None)),
    };
    let evidence = evidence(app, errand, &badge, question).await?;
    if file.len() <= READ_AT_ONCE
        && let Some(verdict) = catch_panic(|| try_judge_fast(&badge, &evidence, question))?
    {
        let besides = besides(&badge, &evidence, question);
        app.check_counter.count(&badge, &evidence, &verdict);
        return Ok((verdict, Some(besides)));
    }
    let turn = turn(app).await?;
    let (question, checked) = (question.clone(), app.check_counter.clone());
    // Canonicalizing and checking a signature is work for a processor, not for the loop that answers others.
    on_worker(move || {
        // It ends with the work, also if whoever asked is gone by then.
        let _turn = turn;
        let besides = besides(&badge, &evidence, &question);
        let verdict = judge(&badge, &evidence, &question);
        checked.count(&badge, &evidence, &verdict);
        (verdict, Some(besides))
    })
    .await
}

/// A turn for work that takes a processor for a while. Who does not get one soon is told to come again: a queue that only
/// grows helps nobody.
pub(super) async fn turn(app: &App) -> Result<OwnedSemaphorePermit, Problem> {
    let turn = tokio::time::timeout(LONGEST_WAIT, app.judging_permits.clone().acquire_owned()).await;
    turn.ok().and_then(Result::ok).ok_or_else(|| {
        let detail = "this node has more badges to check than it can at the moment: try again";
        Problem::new(&UNAVAILABLE, detail).retry_after(LONGEST_WAIT.as_secs())
    })
}

/// All that can be known about a badge: here; where its issuer publishes, if that is outside the federation; and of its
/// home agency, if that calls its key compromised. Of a record, the same about each badge in it.
pub(super) async fn evidence(
    app: &App,
    errand: FetchContext,
    badge: &OpenBadge,
    question: &VerificationQuestion,
) -> Result<Evidence, Problem> {
    // One answer speaks of one state of the lists, however long others take to answer.
    let registry = app.registry.snapshot();
    let asker = EvidenceContext {
        errand,
        registry: &registry,
    };
    let mut evidence = evidence_of_one(app, asker, badge, question, true).await?;
    for (i, some) in badge.parts.chunks(PARTS_AT_ONCE).enumerate() {
        let ask = i * PARTS_AT_ONCE < MOST_ASKED_ABOUT;
        let mut asking = Vec::with_capacity(some.len());
        for part in some {
            asking.push(evidence_of_part(app, asker, part, question, ask));
        }
        evidence.parts.extend(try_join_all(asking).await?);
    }
    Ok(evidence)
}

/// The asker, and the state of the lists that the answer speaks of.
#[derive(Clone, Copy)]
struct EvidenceContext<'a> {
    errand: FetchContext,
    registry: &'a Registry,
}

async fn evidence_of_part(
    app: &App,
    asker: EvidenceContext<'_>,
    part: &Result<OpenBadge, UnreadableBadge>,
    question: &VerificationQuestion,
    ask: bool,
) -> Result<Evidence, Problem> {
    match part {
        Ok(part) => evidence_of_one(app, asker, part, question, ask).await,
        Err(_) => Ok(Evidence::default()),
    }
}

async fn evidence_of_one(
    app: &App,
    asker: EvidenceContext<'_>,
    badge: &OpenBadge,
    question: &VerificationQuestion,
    ask: bool,
) -> Result<Evidence, Problem> {
    if let Some(then) = question.known {
        let pays = || app.clients.works(asker.errand.client, PAST);
        let past = app.registry_history.at(then, question.now, &app.registry, pays).await?;
        let mut evidence = gather_then(badge, &past, &app.store, &question.agency, then).await?;
        app.external_sources.then(badge, &past, then).await?.fill(&mut evidence);
        confirmations::ask(app, badge, &mut evidence, question).await?;
        return Ok(evidence);
    }
    let registry = asker.registry;
    // Others may be slow to answer; that holds up no judging.
    let learnt = match ask {
        true => {
            app.external_sources
                .ask(badge, registry, question.now, asker.errand)
                .await
        }
        // What is here costs no question.
        false => app
            .external_sources
            .held(badge, registry, question.now)
            .unwrap_or_default(),
    };
    let mut evidence = gather(badge, registry, &app.store, &question.agency, question.now).await?;
    learnt.fill(&mut evidence);
    confirmations::ask(app, badge, &mut evidence, question).await?;
    Ok(evidence)
}

async fn read(bytes: &[u8]) -> Result<Result<OpenBadge, UnreadableBadge>, Problem> {
    if bytes.len() <= READ_AT_ONCE {
        return catch_panic(|| formats::read(bytes));
    }
    let bytes = bytes.to_vec();
    on_worker(move || formats::read(&bytes)).await
}

/// Does work here and now; a panic in it is a bug, and an answer all the same.
fn catch_panic<T>(work: impl FnOnce() -> T) -> Result<T, Problem> {
    std::panic::catch_unwind(AssertUnwindSafe(work)).map_err(|_| {
        tracing::error!("a verification died");
        died()
    })
}

fn died() -> Problem {
    Problem::new(
        &UNAVAILABLE,
        "this badge could not be judged: please report it to the node's operator",
    )
}

/// The most work that is done on threads of its own at once. Processors are the process's, whichever node in it works.
const MOST_APART: usize = 32;
static APART: Semaphore = Semaphore::const_new(MOST_APART);

/// Does work on a thread of its own; a panic there is a bug, and an answer all the same. Such work cannot be broken off: it
/// holds its place to its end, and what still waits for one when whoever asked goes is not done.
pub(crate) async fn on_worker<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    let place = APART.acquire().await;
    let work = move || {
        let _place = place;
        work()
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "a verification died");
        died()
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    };

    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn who_hangs_up_leaves_no_more_work_behind_than_there_are_places() {
        let (begun, may_end) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        for _ in 0..500 {
            let (begun, may_end) = (begun.clone(), may_end.clone());
            let work = move || {
                begun.fetch_add(1, Ordering::AcqRel);
                while !may_end.load(Ordering::Acquire) {
                    std::thread::yield_now();
                }
            };
            assert!(on_worker(work).now_or_never().is_none(), "it asks, and is gone");
        }
        while begun.load(Ordering::Acquire) == 0 {
            tokio::task::yield_now().await;
        }
        may_end.store(true, Ordering::Release);
        // Whoever stays has a place once one is free.
        assert_eq!(on_worker(|| 7).await.unwrap(), 7);
        let _all = APART.acquire_many(u32::try_from(MOST_APART).unwrap()).await.unwrap();
        let begun = begun.load(Ordering::Acquire);
        assert!((1..=MOST_APART).contains(&begun), "{begun}");
    }
}
