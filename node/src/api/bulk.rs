//! `POST /v1/verifications/bulk`: many badges in, one verdict a line out.
//!
//! The rows go in chunks through as many threads as there are cores, and come out in their order. Every row gets one
//! line; what goes wrong on the way is that row's answer, and holds up no other.

use std::{io, sync::Arc, time::Duration};
use transport::client::ClientAddress;

use api_types::verifications::{BulkVerdict, VerificationQuery};
use axum::{
    body::{Body as HttpBody, Bytes},
    extract::{Query, State},
    http::{HeaderName, header::CONTENT_TYPE},
    response::Response,
};
use futures::{Stream, StreamExt as _, stream};
use registry_schema::Phrase;
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    time::{Instant, timeout_at},
};
use verification::{
    Evidence, OpenBadge, VerificationQuestion, bulk,
    bulk::{BulkFormat, BulkRow},
    formats, judge,
    judge::JudgedVerdict,
    unreachable, unreadable,
};
use words::Language;

use super::{
    App,
    arrivals::{UploadLimits, UploadPermit},
    body::{Body, FileContent},
    clients::AskingClient,
    following::{ResolvedInput, code, follow, link},
    language::{ReaderLanguage, in_english},
    problem::{INVALID, Problem, UNAVAILABLE},
    verifications::{evidence, on_worker, question_of},
    worth,
};
use agency::{check_counter::CheckCounter, external_sources::FetchContext};

/// The most uploads that are worked on at once; one more is told to come again. With [`bulk::MAX_UPLOAD`] and
/// [`bulk::MAX_UNPACKED`] it bounds the memory that strangers can use.
pub(crate) const MAX_UPLOADS: usize = 4;

/// The most codes and links of one upload that are followed: others are asked for each, and nobody shall make this node ask
/// them ten thousand times.
const MOST_FOLLOWED: usize = 500;

/// The uploads that are on their way, wait for their turn, or are not read to the end of their answer. None of those
/// holds a place among the [`MAX_UPLOADS`] that are worked on.
pub(crate) const ARRIVING: UploadLimits = UploadLimits {
    what: "uploads",
    bytes: 256 * 1024 * 1024,
    of_one: 2,
    grace: Duration::from_secs(10),
    longest: Duration::from_secs(45),
};

/// The longest that an upload that is here waits for a place.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// About how many bytes the answer about a row has.
const ANSWER_BYTES: usize = 3 * 1024;

/// After how long the rows that are left are answered without a check.
const LONGEST_JUDGING: Duration = Duration::from_secs(60);

/// The time that the client may still take after that to read the answers.
const LONGEST_READING: Duration = Duration::from_secs(60);

/// The number of rows that go through a thread at once.
const CHUNK: usize = 32;

/// Tells how many lines come.
const ROWS: HeaderName = HeaderName::from_static("comity-rows");

/// A row of an upload that was judged.
#[derive(Debug)]
pub(crate) struct JudgedRow {
    /// The line of the upload on which the badge begins, or its place in the archive; from 1 on.
    pub(crate) row: u64,
    /// The file's name in the archive, or the code or link that was sent.
    pub(crate) input: Option<String>,
    /// The answer about it.
    pub(crate) verdict: JudgedVerdict,
    /// The facts that rules are held against, where few enough were sent to be counted together.
    pub(crate) facts: Option<::policy::BadgeFacts>,
}

/// Check many badges.
///
/// The body is a ZIP archive of badge files (`application/zip`), JSON lines (`application/jsonl`; every line a badge, a
/// token, a code or a link), or a CSV (`text/csv`) with a header line and a column `badge`, `credential`, `code`, `link`
/// or `url`. At most 10,000 rows, 48 MiB, and 64 MiB unpacked; 500 codes and links are followed;
/// two uploads of one address at once. The answer is a stream
/// of JSON lines, one for every row in its order: a Verdict with `row` and `input`. The header `comity-rows` says how
/// many come; a stream that ends early is broken off, never closed.
#[utoipa::path(
    post, path = api_types::routes::BULK_VERIFICATION.path(), tag = "verification", params(VerificationQuery),
    request_body = Vec<u8>,
    responses(
        (status = 200, description = "one line for every row", body = BulkVerdict, content_type = "application/jsonl"),
        (status = 413, description = "the upload is longer than 48 MiB", body = Problem),
        (status = 422, description = "a parameter or the whole upload cannot be understood", body = Problem),
        (status = 503, description = "too many uploads are being checked", body = Problem),
    ),
)]
pub(crate) async fn verify(
    State(app): State<App>,
    Query(asked): Query<VerificationQuery>,
    language: ReaderLanguage,
    AskingClient(client): AskingClient,
    Body { content: file, place }: Body<FileContent>,
) -> Result<Response, Problem> {
    let question = question_of(&app, &asked)?;
    let named = file.media_type.and_then(named);
    let permit = admit(&app).await?;
    // Both are held while the upload is read, also if whoever sent it is gone by then.
    let (rows, permit, mut place) = on_worker(move || (read_rows(&file.bytes, named), permit, place)).await?;
    let rows = rows?;
    let count = rows.len();
    if let Some(place) = &mut place {
        place.takes_bytes(count * ANSWER_BYTES)?;
    }
    let lines = lines(app, client, rows, question, permit, place).map(move |chunk| {
        let mut text = Vec::with_capacity(CHUNK * 2048);
        for line in chunk? {
            serde_json::to_writer(&mut text, &line.in_words(language.0))?;
            text.push(b'\n');
        }
        Ok::<_, io::Error>(text)
    });
    let headers = [
        (CONTENT_TYPE, "application/jsonl".to_owned()),
        (ROWS, count.to_string()),
    ];
    Ok(language.answered((headers, HttpBody::from_stream(lines))))
}

/// A place among the uploads that are worked on, if one becomes free soon.
pub(crate) async fn admit(app: &App) -> Result<OwnedSemaphorePermit, Problem> {
    let permit = tokio::time::timeout(LONGEST_WAIT, app.bulk_permits.clone().acquire_owned()).await;
    permit.ok().and_then(Result::ok).ok_or_else(|| {
        let detail = "too many uploads are being checked at the moment: try again";
        Problem::new(&UNAVAILABLE, detail).retry_after(LONGEST_WAIT.as_secs())
    })
}

/// The form that a content type names.
fn named(kind: &str) -> Option<BulkFormat> {
    Some(match kind {
        "application/zip" => BulkFormat::Zip,
        "application/jsonl" | "application/x-ndjson" | "application/json-lines" => BulkFormat::Lines,
        "text/csv" => BulkFormat::Csv,
        _ => return None,
    })
}

/// The rows of an upload; of the form that was named, or else that it shows.
pub(crate) async fn rows(body: Bytes, named: Option<BulkFormat>) -> Result<Vec<BulkRow>, Problem> {
    on_worker(move || read_rows(&body, named)).await?
}

fn read_rows(body: &[u8], named: Option<BulkFormat>) -> Result<Vec<BulkRow>, Problem> {
    let rows = bulk::rows(body, named.unwrap_or_else(|| bulk::form(body)));
    rows.map_err(|why| Problem::new(&INVALID, in_english(&why)))
}

/// The answers, in chunks and in the rows' order. If they cannot all be given, the last item is an error. All are judged
/// at once, and wait for whoever reads them slowly; the permit is free when the last is judged, `place` when it is read.
pub(crate) fn lines(
    app: App,
    client: ClientAddress,
    rows: Vec<BulkRow>,
    question: VerificationQuestion,
    permit: OwnedSemaphorePermit,
    place: Option<UploadPermit>,
) -> impl Stream<Item = io::Result<Vec<JudgedRow>>> + Send + 'static {
    let left = rows.len();
    let with_facts = left <= worth::MOST_BADGES;
    let (sender, receiver) = mpsc::channel(4);
    let (judged, mut waiting) = mpsc::unbounded_channel();
    let deadline = Instant::now() + LONGEST_JUDGING;
    tokio::spawn(async move {
        let chunks = chunks(rows);
        let question = Arc::new(question);
        let mut answers = stream::iter(chunks)
            .map(|chunk| {
                let work = judge_chunk(app.clone(), client, chunk, question.clone(), deadline, with_facts);
                tokio::spawn(work)
            })
            .buffered(std::thread::available_parallelism().map_or(2, usize::from));
        while let Some(Ok(lines)) = answers.next().await {
            if judged.send(lines).is_err() {
                break;
            }
        }
        drop(permit);
    });
    tokio::spawn(async move {
        let give = async {
            while let Some(lines) = waiting.recv().await {
                if sender.send(lines).await.is_err() {
                    break;
                }
            }
        };
        let _in_time = timeout_at(deadline + LONGEST_READING, give).await;
        drop(place);
    });
    stream::unfold((receiver, left), |(mut receiver, left)| async move {
        match receiver.recv().await {
            Some(lines) => {
                let left = left.saturating_sub(lines.len());
                Some((Ok(lines), (receiver, left)))
            }
            None if left == 0 => None,
            None => Some((Err(io::Error::other("the answers were broken off")), (receiver, 0))),
        }
    })
}

/// A row, and whether it may be followed to another place.
type QueuedRow = (BulkRow, bool);

fn chunks(rows: Vec<BulkRow>) -> Vec<Vec<QueuedRow>> {
    let mut followed = 0_usize;
    let mut turns = rows.into_iter().map(|row| {
        let leads_away = row
            .content
            .as_ref()
            .is_ok_and(|content| code(content).is_some() || link(content).is_some());
        followed += usize::from(leads_away);
        let may = followed <= MOST_FOLLOWED || !leads_away;
        (row, may)
    });
    let mut chunks = Vec::new();
    loop {
        let chunk: Vec<QueuedRow> = turns.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            return chunks;
        }
        chunks.push(chunk);
    }
}

/// The state of a row on its way.
enum RowStage {
    Bytes(Vec<u8>),
    Read(Box<OpenBadge>),
    Ready(Box<(OpenBadge, Evidence)>),
    Answer(Box<JudgedVerdict>),
}

async fn judge_chunk(
    app: App,
    client: ClientAddress,
    chunk: Vec<QueuedRow>,
    question: Arc<VerificationQuestion>,
    deadline: Instant,
    with_facts: bool,
) -> Vec<JudgedRow> {
    let late = || {
        let why = "its turn did not come in time; send the rows that are left again";
        unreachable(Phrase::Verbatim(why.to_owned()), &question)
    };
    let died = || {
        let why = "this badge could not be judged; please report it to the node's operator";
        unreachable(Phrase::Verbatim(why.to_owned()), &question)
    };
    let (names, turns): (Vec<_>, Vec<_>) = chunk
        .into_iter()
        .map(|(row, may)| ((row.row, row.input), (row.content, may)))
        .unzip();
    let total = names.len();
    // Codes and links: others are asked, so all of a chunk at once.
    let (node, asked, late) = (&app, &*question, &late);
    // Its rows wait for each other, as long as there is time.
    let errand = FetchContext {
        client,
        wait: LONGEST_JUDGING,
    };
    let following = turns.into_iter().map(|(content, may)| async move {
        let content = match content {
            Ok(content) => content,
            Err(why) => return RowStage::answer(unreadable(&why, asked)),
        };
        if !may {
            let why = format!("only {MOST_FOLLOWED} codes and links are followed in one upload; send it in parts");
            return RowStage::answer(unreachable(Phrase::Verbatim(why), asked));
        }
        match timeout_at(deadline, follow(node, errand, &content, asked)).await {
            Ok(Ok(ResolvedInput::Itself)) => RowStage::Bytes(content),
            Ok(Ok(ResolvedInput::Badge(badge))) => RowStage::Bytes(badge),
            Ok(Ok(ResolvedInput::Answer(verdict))) => RowStage::Answer(verdict),
            Ok(Err(problem)) => RowStage::answer(unreachable(Phrase::Verbatim(problem.detail().to_owned()), asked)),
            Err(_) => RowStage::answer(late()),
        }
    });
    let stages: Vec<RowStage> = stream::iter(following).buffered(CHUNK).collect().await;
    let shared = question.clone();
    let stages = on_worker(move || stages.into_iter().map(|stage| stage.read(&shared)).collect()).await;
    let stages: Vec<RowStage> = stages.unwrap_or_default();
    let gathering = stages.into_iter().map(|stage| async move {
        let RowStage::Read(badge) = stage else { return stage };
        match timeout_at(deadline, evidence(node, errand, &badge, asked)).await {
            Ok(Ok(evidence)) => RowStage::Ready(Box::new((*badge, evidence))),
            Ok(Err(problem)) => RowStage::answer(unreachable(Phrase::Verbatim(problem.detail().to_owned()), asked)),
            Err(_) => RowStage::answer(late()),
        }
    });
    let stages: Vec<RowStage> = stream::iter(gathering).buffered(CHUNK).collect().await;
    let _permit = app.judging_permits.acquire().await;
    let (shared, checked) = (question.clone(), app.check_counter.clone());
    let judged = on_worker(move || {
        stages
            .into_iter()
            .map(|stage| stage.judge(&shared, &checked, with_facts))
            .collect()
    })
    .await;
    let mut verdicts: Vec<Option<(JudgedVerdict, Option<::policy::BadgeFacts>)>> = judged.unwrap_or_default();
    verdicts.resize(total, None);
    let lines = names.into_iter().zip(verdicts).map(|((row, input), judged)| {
        let (verdict, facts) = judged.unwrap_or_else(|| (died(), None));
        JudgedRow {
            row,
            input,
            verdict,
            facts,
        }
    });
    lines.collect()
}

impl JudgedRow {
    /// The answer in a language.
    pub(crate) fn in_words(&self, language: Language) -> BulkVerdict {
        BulkVerdict {
            row: self.row,
            input: self.input.clone(),
            verdict: self.verdict.in_words(&language),
        }
    }
}

impl RowStage {
    fn answer(verdict: JudgedVerdict) -> Self {
        Self::Answer(Box::new(verdict))
    }

    fn read(self, question: &VerificationQuestion) -> Self {
        let Self::Bytes(bytes) = self else { return self };
        match formats::read(&bytes) {
            Ok(badge) => Self::Read(Box::new(badge)),
            Err(why) => Self::answer(unreadable(&why, question)),
        }
    }

    fn judge(
        self,
        question: &VerificationQuestion,
        checked: &CheckCounter,
        with_facts: bool,
    ) -> Option<(JudgedVerdict, Option<::policy::BadgeFacts>)> {
        match self {
            Self::Ready(case) => {
                let verdict = judge(&case.0, &case.1, question);
                checked.count(&case.0, &case.1, &verdict);
                let facts = with_facts.then(|| judge::facts(&case.0, &case.1, question));
                Some((verdict, facts))
            }
            Self::Answer(verdict) => Some((*verdict, None)),
            Self::Bytes(_) | Self::Read(_) => None,
        }
    }
}
