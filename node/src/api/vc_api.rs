//! The W3C's VC API: credentials and presentations of any kind, as the Verifiable Credentials Data Model has them.
//!
//! Issuing is for operators. Verifying here answers **less** than `POST /v1/verifications`: structure, proof, dates and
//! status, and not whether anybody recognizes the issuer.

use std::time::Duration;
use transport::client::ClientAddress;

use api_types::{
    problem::ProblemResponse,
    vc_api::{
        CredentialFinding, IssueCredentialRequest, IssueCredentialResponse, VerifyCredentialRequest, VerifyOptions,
        VerifyPresentationRequest, VerifyResponse,
    },
};
use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tokio::time::{Instant, timeout_at};
use utoipa::ToSchema;
use verification::{
    OpenBadge, UnreadableBadge, VerificationQuestion, codes,
    data_integrity::Cryptosuite,
    judge::JudgedFinding,
    vcdm::{self, Presentation, RequestedChecks, VerificationFindings},
};
use words::Language;

use super::{
    App,
    auth::AuthenticatedOperator,
    body::{Body, StrictJson},
    clients::AskingClient,
    confirmations,
    language::{ReaderLanguage, in_english},
    problem::{INVALID, Problem, VC_NOT_VERIFIED},
    verifications::{on_worker, turn},
};
use agency::{evidence::gather, external_sources::FetchContext, registrar::UnsignedCredential};

fn requested_checks(options: &VerifyOptions) -> Result<RequestedChecks, Problem> {
    let Some(asked) = &options.checks else {
        return Ok(RequestedChecks::ALL);
    };
    let mut checks = RequestedChecks {
        dates: false,
        status: false,
    };
    for name in asked {
        match name.as_str() {
            "proof" => {}
            "dates" => checks.dates = true,
            "credentialStatus" | "status" => checks.status = true,
            other => {
                let other: String = other.chars().take(40).collect();
                let detail = format!("`{other}` is no check: they are `proof`, `dates` and `credentialStatus`");
                return Err(Problem::new(&INVALID, detail));
            }
        }
    }
    Ok(checks)
}

fn credential_finding(finding: &JudgedFinding, language: Language) -> CredentialFinding {
    let finding = finding.in_words(&language);
    CredentialFinding {
        kind: format!("/help/{}", finding.code),
        title: codes::find(&finding.code).map_or("", |code| code.title).to_owned(),
        detail: finding.detail,
    }
}

/// 200, or 422 with a problem that tells the same.
fn reply(answer: &VerificationFindings, language: Language) -> Response {
    let verified = answer.is_verified();
    let found = |findings: &[JudgedFinding]| {
        findings
            .iter()
            .map(|found| credential_finding(found, language))
            .collect()
    };
    let body = VerifyResponse {
        verified,
        errors: found(&answer.errors),
        warnings: found(&answer.warnings),
    };
    if verified {
        return Json(body).into_response();
    }
    let detail = body
        .errors
        .iter()
        .map(|found| found.detail.as_str())
        .collect::<Vec<_>>();
    let refusal = Refusal {
        problem: Problem::new(&VC_NOT_VERIFIED, detail.join("; ")).into(),
        verified: Some(verified),
        errors: Some(body.errors),
        warnings: Some(body.warnings),
    };
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    (
        StatusCode::UNPROCESSABLE_ENTITY,
        kind,
        Json(refusal).into_response().into_body(),
    )
        .into_response()
}

/// The refusal of a credential or presentation.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Refusal {
    #[serde(flatten)]
    problem: ProblemResponse,
    /// `false`. Absent, as what follows, where the request itself breaks a rule and nothing was checked.
    verified: Option<bool>,
    /// The findings that speak against it.
    errors: Option<Vec<CredentialFinding>>,
    /// The findings that are worth knowing besides.
    warnings: Option<Vec<CredentialFinding>>,
}

/// Sign a credential of any kind, as it is.
///
/// It gets a place in its issuer's status list, and an `id`, unless it names a status of its own or is one of VCDM 1.1.
/// VC API 1.0, §3.2.1.
#[utoipa::path(post, path = api_types::routes::VC_ISSUANCE.path(), tag = "vc api", request_body = IssueCredentialRequest,
    params(("dry_run" = Option<bool>, Query)),
    responses((status = 201, body = IssueCredentialResponse), (status = 400, body = Problem), (status = 401, body = Problem),
              (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn issue(
    State(app): State<App>,
    AuthenticatedOperator(hand): AuthenticatedOperator,
    body: Body<StrictJson<IssueCredentialRequest>>,
) -> Result<Response, Problem> {
    let StrictJson(IssueCredentialRequest { credential, options }) = body.content;
    let suite = |name: String| {
        let unknown = || {
            Problem::new(
                &INVALID,
                format!("`{name}` is no cryptosuite that this node signs with"),
            )
        };
        Cryptosuite::find(&name).ok_or_else(unknown)
    };
    let new = UnsignedCredential {
        credential,
        suite: options.cryptosuite.map(suite).transpose()?,
    };
    let verifiable_credential = app.registrar.issue_document(new, &hand).await?;
    Ok((
        super::created(&hand),
        Json(IssueCredentialResponse { verifiable_credential }),
    )
        .into_response())
}

/// Check a credential of any kind: structure, proof, and whether the key is its issuer's; dates and status unless
/// `checks` leaves them away. Whether anybody recognizes the issuer is not asked: see `/v1/verifications`.
///
/// VC API 1.0, §3.3.1.
#[utoipa::path(post, path = api_types::routes::VC_VERIFICATION.path(), tag = "vc api", request_body = VerifyCredentialRequest,
    responses((status = 200, body = VerifyResponse), (status = 400, body = Problem), (status = 413, body = Problem),
              (status = 422, description = "not verified, or not a request that can be, and why", body = Refusal)))]
pub(super) async fn verify_credential(
    State(app): State<App>,
    language: ReaderLanguage,
    AskingClient(client): AskingClient,
    body: Body<StrictJson<VerifyCredentialRequest>>,
) -> Result<Response, Problem> {
    let StrictJson(asked) = body.content;
    let checks = requested_checks(&asked.options)?;
    let credential = vcdm::read_credential(asked.verifiable_credential).map_err(no_credential)?;
    let mut answer = VerificationFindings::default();
    check((&app, client), vec![credential], checks, &mut answer).await?;
    Ok(language.answered(reply(&answer, language.0)))
}

/// Check a presentation, and each credential in it as `/credentials/verify` does. With a `challenge` or `domain`, its
/// holder's proof has to be for these.
///
/// VC API 1.0, §3.3.2.
#[utoipa::path(post, path = api_types::routes::VP_VERIFICATION.path(), tag = "vc api", request_body = VerifyPresentationRequest,
    responses((status = 200, body = VerifyResponse), (status = 400, body = Problem), (status = 413, body = Problem),
              (status = 422, description = "not verified, or not a request that can be, and why", body = Refusal)))]
pub(super) async fn verify_presentation(
    State(app): State<App>,
    language: ReaderLanguage,
    AskingClient(client): AskingClient,
    body: Body<StrictJson<VerifyPresentationRequest>>,
) -> Result<Response, Problem> {
    let StrictJson(VerifyPresentationRequest {
        verifiable_presentation,
        options,
    }) = body.content;
    let checks = requested_checks(&options)?;
    let too_many = || {
        let detail = format!("a presentation has at most {MOST_CREDENTIALS} credentials here: send them in parts");
        Problem::new(&INVALID, detail)
    };
    let mut presentation = vcdm::read_presentation(verifiable_presentation).map_err(no_credential)?;
    let credentials = std::mem::take(&mut presentation.credentials);
    if credentials.len() > MOST_CREDENTIALS {
        return Err(too_many());
    }
    let mut answer = judge_presentation(&app, presentation, options).await?;
    check((&app, client), credentials, checks, &mut answer).await?;
    Ok(language.answered(reply(&answer, language.0)))
}

fn no_credential(why: UnreadableBadge) -> Problem {
    Problem::new(&INVALID, in_english(&why))
}

fn question(app: &App) -> VerificationQuestion {
    let now = app.clock.now();
    let registry = app.registry.snapshot();
    VerificationQuestion {
        agency: registry.home_id().clone(),
        purpose: None,
        at: now,
        known: None,
        now,
        clock_in_doubt: registry.clock_is_in_doubt(),
    }
}

async fn judge_presentation(
    app: &App,
    presentation: Presentation,
    options: VerifyOptions,
) -> Result<VerificationFindings, Problem> {
    let question = question(app);
    let turn = turn(app).await?;
    on_worker(move || {
        let _turn = turn;
        let (challenge, domain) = (options.challenge.as_deref(), options.domain.as_deref());
        vcdm::verify_presentation(&presentation, challenge, domain, &question)
    })
    .await
}

/// Most credentials of a presentation that are checked.
const MOST_CREDENTIALS: usize = 50;
/// About how many of them others are asked; of the rest, what is here has to do.
const MOST_ASKED_ABOUT: usize = 8;
/// The longest that others may take to answer about all of them together.
const LONGEST_ASKING: Duration = Duration::from_secs(15);

/// Checks credentials one after the other, and adds what is found.
async fn check(
    (app, client): (&App, ClientAddress),
    credentials: Vec<OpenBadge>,
    checks: RequestedChecks,
    answer: &mut VerificationFindings,
) -> Result<(), Problem> {
    let deadline = Instant::now() + LONGEST_ASKING;
    for (nth, credential) in credentials.into_iter().enumerate() {
        let question = question(app);
        let registry = app.registry.snapshot();
        // Others may be slow to answer; that holds up no judging.
        let asking = async {
            let asks = app
                .external_sources
                .ask(&credential, &registry, question.now, FetchContext::of(client));
            match nth < MOST_ASKED_ABOUT {
                true => Some(asks.await),
                false => None,
            }
        };
        let learnt = match timeout_at(deadline, asking).await.ok().flatten() {
            Some(learnt) => learnt,
            // What is here costs no question.
            None => {
                let held = app.external_sources.held(&credential, &registry, question.now);
                held.unwrap_or_default()
            }
        };
        let turn = turn(app).await?;
        let agency = &question.agency;
        let mut evidence = gather(&credential, &registry, &app.store, agency, question.now).await?;
        learnt.fill(&mut evidence);
        confirmations::ask(app, &credential, &mut evidence, &question).await?;
        let judging = move || {
            let _turn = turn;
            vcdm::verify_credential(&credential, &evidence, &question, checks)
        };
        let found = on_worker(judging).await?;
        answer.errors.extend(found.errors);
        answer.warnings.extend(found.warnings);
    }
    Ok(())
}
