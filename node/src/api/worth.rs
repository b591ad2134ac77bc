//! `POST /v1/worth`: several badges of one teacher in, what they count for together out.

use std::{collections::BTreeMap, sync::Arc};

use api_types::{
    policies::{BadgeWorth, CountingRule, UnitCredit, UnitSum, WorthRequest, WorthRequirement, WorthResponse},
    verifications::VerificationQuery,
};
use axum::{Json, extract::State};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use policy::{
    BadgeFacts, Policy, Tally, file, samples,
    tally::in_units,
    value::{RuleWorth, WorthAmount, WorthEligibility},
};
use registry_schema::{
    AgencyId, Check, CheckOutcome, IssuerStanding, Purpose, Timestamp, VerdictKind, verdict::IssuerSummary,
    worth::WorthRule,
};
use transport::client::ClientAddress;
use verification::{
    Freshness, VerificationQuestion,
    judge::{JudgedFinding, JudgedVerdict},
};
use words::Language;

use super::{
    App,
    body::Body,
    bulk::JudgedRow,
    clients::AskingClient,
    language::ReaderLanguage,
    problem::{INVALID, Problem, TRUST_STALE, UNAVAILABLE},
    verifications::{answer_with_facts, question_of},
};

/// Most badges that are counted together.
pub(crate) const MOST_BADGES: usize = 50;

fn bytes(badge: &serde_json::Value) -> Result<Vec<u8>, Problem> {
    let invalid = |said: &str| Problem::new(&INVALID, said);
    match badge {
        serde_json::Value::Object(_) => Ok(badge.to_string().into_bytes()),
        serde_json::Value::String(text) => {
            match text.strip_prefix("data:").and_then(|data| data.split_once(";base64,")) {
                Some((_, data)) => STANDARD
                    .decode(data)
                    .map_err(|_| invalid("a `data:` text is no base64")),
                None => Ok(text.clone().into_bytes()),
            }
        }
        _ => Err(invalid("a badge is a JSON object or a text")),
    }
}

/// The rules of the agency that is asked, and how old they are, if they are fresh enough to count by.
fn rules(app: &App, question: &VerificationQuestion) -> Result<(Arc<Policy>, Freshness), Problem> {
    let registry = app.registry.snapshot();
    let lists = registry.agency(&question.agency);
    let policy = lists.and_then(|lists| lists.policy()).cloned().unwrap_or_default();
    let list = lists.map(|lists| registry.freshness(lists, question.now));
    let stale = || {
        let said = format!(
            "the lists and rules of `{}` were not heard recently enough here",
            question.agency
        );
        Problem::new(&TRUST_STALE, said)
    };
    let list = list.filter(|list| list.is_fresh(question.now)).ok_or_else(stale)?;
    Ok((policy, list))
}

/// Returns the facts of a badge that was judged: one that is not accepted brings nothing.
fn judged(nth: usize, verdict: &JudgedVerdict, facts: Option<BadgeFacts>) -> BadgeFacts {
    let mut facts = facts.unwrap_or_default();
    if facts.id.is_empty() {
        facts.id = format!("badge {}", nth + 1);
    }
    match verdict.verdict {
        VerdictKind::Accepted => {}
        VerdictKind::CouldNotCheck => facts.recognized_for = None,
        _ => facts.recognized_for = Some(Vec::new()),
    }
    facts
}

/// Returns the facts of a badge that this node checked, to hold a sample's rules against: whoever recognizes it, nobody of
/// the federation speaks for the sample's agency, so a good badge counts as if that agency did.
fn as_if_recognized(nth: usize, verdict: &JudgedVerdict, facts: Option<BadgeFacts>, purpose: Purpose) -> BadgeFacts {
    let mut facts = judged(nth, verdict, facts);
    facts.achievement_approved = None;
    let is_of_badge = |check: Check| !matches!(check, Check::Recognition | Check::Worth | Check::Holder);
    let in_doubt =
        |finding: &JudgedFinding| finding.outcome() == CheckOutcome::CouldNotCheck && is_of_badge(finding.check);
    let registered = |issuer: &IssuerSummary| issuer.standing == IssuerStanding::Registered;
    let is_registered = verdict.issuer.as_ref().is_some_and(registered);
    facts.recognized_for = match verdict.verdict {
        VerdictKind::NotValid | VerdictKind::Unreadable => Some(Vec::new()),
        VerdictKind::CouldNotCheck if verdict.findings.iter().any(in_doubt) => None,
        // Nobody here knows whose badge it is, so nobody could recognize its issuer.
        _ if !is_registered => Some(Vec::new()),
        _ => Some(vec![purpose]),
    };
    facts
}

/// A shipped sample of rules.
pub(crate) struct SamplePolicy {
    agency: AgencyId,
    /// The subject of its rules, without "what … counts for".
    pub(crate) whose: String,
    policy: Policy,
}

impl SamplePolicy {
    /// The sample of this agency.
    pub(crate) fn of(agency: &str) -> Result<Self, Problem> {
        let unknown = || {
            let shown: String = agency.chars().take(64).collect();
            let detail = format!("there is no sample of rules for `{shown}`: see /v1/policy/samples");
            Problem::new(&INVALID, detail)
        };
        let text = samples::of(agency).ok_or_else(unknown)?;
        let broken = |_| Problem::new(&UNAVAILABLE, "the sample cannot be read");
        let file = file::parse(text).map_err(broken)?;
        let title = &file.about.title;
        Ok(Self {
            agency: agency.parse().map_err(|_| unknown())?,
            whose: title
                .split_once(": ")
                .map_or(title.as_str(), |(whose, _)| whose)
                .to_owned(),
            policy: Policy::new(file.entries()),
        })
    }

    /// Returns a note on what its answer means.
    pub(crate) fn note(&self) -> String {
        format!(
            "by the sample rules of {}, as if it recognized the issuers: sample data, not legal advice",
            self.whose
        )
    }
}

/// The uses for which an agency's rules say what a badge counts for.
fn uses(policy: &Policy) -> Vec<Purpose> {
    let rules = policy.worth_rules().iter();
    let mut uses: Vec<Purpose> = rules.flat_map(|rule| rule.purposes.iter().copied()).collect();
    uses.sort_unstable();
    uses.dedup();
    uses
}

/// Returns what a page's badges count for together by a sample of rules, in words: the whole first. If no use is asked about,
/// for every use that its rules name.
pub(crate) fn together_by(
    sample: &SamplePolicy,
    lines: &[JudgedRow],
    purpose: Option<Purpose>,
    at: Timestamp,
) -> Vec<String> {
    let uses = match purpose {
        Some(purpose) => vec![purpose],
        None => uses(&sample.policy),
    };
    let of_use = |purpose: Purpose| {
        let facts = lines.iter().enumerate();
        let facts = facts.map(|(nth, line)| as_if_recognized(nth, &line.verdict, line.facts.clone(), purpose));
        in_words(&sample.policy.tally(&facts.collect::<Vec<_>>(), purpose, at))
    };
    uses.into_iter().flat_map(of_use).collect()
}

/// Returns what a page's badges count for together, in words: the whole first, then what each requirement needs, and the rest.
/// None, if there is no use to count for or too many badges, or if the rules are too old here.
pub(crate) fn together(app: &App, lines: &[JudgedRow], question: &VerificationQuestion) -> Option<Vec<String>> {
    let purpose = question.purpose.filter(|_| lines.len() <= MOST_BADGES)?;
    let (policy, _) = rules(app, question).ok()?;
    let facts = lines.iter().enumerate();
    let facts: Vec<BadgeFacts> = facts
        .map(|(nth, line)| judged(nth, &line.verdict, line.facts.clone()))
        .collect();
    Some(in_words(&policy.tally(&facts, purpose, question.at)))
}

/// The whole first, then what each requirement needs, and the rest.
fn in_words(tally: &Tally<'_>) -> Vec<String> {
    let needs = tally
        .sums
        .iter()
        .flat_map(|sum| sum.needs.iter().map(move |need| (sum.unit, need)));
    let needs = needs.map(|(unit, need)| {
        let says = need.says.trim_end_matches('.');
        format!("{} needed: {says} ({})", in_units(need.amount, unit), need.citation)
    });
    let by = speaking(tally).map(|rule| {
        format!(
            "by rule {}: {} ({})",
            rule.id,
            rule.says.trim_end_matches('.'),
            rule.citation
        )
    });
    let whole = std::iter::once(tally.to_string());
    whole.chain(by).chain(needs).chain(besides(tally)).collect()
}

/// The rules by which units count, or may count, by id; of the rest, [`besides`] tells.
fn speaking<'p>(tally: &Tally<'p>) -> impl Iterator<Item = &'p WorthRule> {
    let values = tally.badges.iter().flat_map(|badge| &badge.values);
    let adds_up = |value: &&RuleWorth<'p>| {
        matches!(
            value.amount,
            WorthAmount::Of(_) | WorthAmount::NotStated | WorthAmount::Contradictory
        )
    };
    let stands = |value: &&RuleWorth<'p>| !matches!(value.standing, WorthEligibility::Excluded(_));
    let rules: BTreeMap<&str, &'p WorthRule> = values
        .filter(adds_up)
        .filter(stands)
        .map(|value| (value.rule.id.as_str(), value.rule))
        .collect();
    rules.into_values()
}

/// Returns how far sets are, what is met as a whole, and what has no published rate, each with its source.
fn besides(tally: &Tally<'_>) -> Vec<String> {
    let by = |rule: &WorthRule| format!("rule {} ({})", rule.id, rule.citation);
    let sets = tally.sets.iter().map(|set| format!("{set}, by {}", by(set.rule)));
    let met = tally.meets.iter().map(|met| match met.is_certain {
        true => format!("meets {}, by {}", met.what, by(met.rule)),
        false => format!("may meet {}, by {}", met.what, by(met.rule)),
    });
    let no_rate = tally.no_rate.iter();
    let no_rate = no_rate.map(|rule| {
        format!(
            "no published rate: {} ({})",
            rule.says.trim_end_matches('.'),
            rule.citation
        )
    });
    sets.chain(met).chain(no_rate).collect()
}

/// Checks each badge. Returns what is told of it, and the facts that rules are held against: for this use of a sample's rules,
/// if there is one, as if its agency recognized the issuer.
async fn check_all(
    app: &App,
    client: ClientAddress,
    files: &[Vec<u8>],
    question: &VerificationQuestion,
    sampled: Option<Purpose>,
    language: Language,
) -> Result<(Vec<BadgeWorth>, Vec<BadgeFacts>), Problem> {
    let (mut badges, mut facts) = (Vec::new(), Vec::new());
    for (nth, file) in files.iter().enumerate() {
        let (verdict, of_it) = answer_with_facts(app, client, file, question).await?;
        facts.push(match sampled {
            Some(purpose) => as_if_recognized(nth, &verdict, of_it, purpose),
            None => judged(nth, &verdict, of_it),
        });
        let sentence = verdict.sentence_in_words(&language);
        let summary = verdict.credential.unwrap_or_default();
        badges.push(BadgeWorth {
            id: summary.id,
            name: summary.name,
            verdict: verdict.verdict,
            sentence,
        });
    }
    Ok((badges, facts))
}

/// The sum of each unit, with what it is made of and what is needed.
fn unit_sums(tally: &Tally<'_>) -> Vec<UnitSum> {
    let sums = tally.sums.iter().map(|sum| UnitSum {
        unit: sum.unit.to_owned(),
        counted: sum.counted.to_string(),
        in_doubt: sum.in_doubt.to_string(),
        because: sum.because.iter().cloned().collect(),
        needed: sum
            .needs
            .iter()
            .map(|need| WorthRequirement {
                amount: need.amount,
                says: need.says.clone(),
                citation: need.citation.clone(),
            })
            .collect(),
        credits: sum
            .credits
            .iter()
            .map(|credit| UnitCredit {
                badge: credit.badge.clone(),
                amount: credit.amount.to_string(),
                rule: credit.rule.id.clone(),
                citation: credit.rule.citation.clone(),
            })
            .collect(),
    });
    sums.collect()
}

/// The rules by which units count, or may count.
fn counting_rules(tally: &Tally<'_>) -> Vec<CountingRule> {
    let rules = speaking(tally).map(|rule| CountingRule {
        rule: rule.id.clone(),
        says: rule.says.clone(),
        citation: rule.citation.clone(),
    });
    rules.collect()
}

/// Count what several badges are worth together.
///
/// Duplicates count once, and caps and limits of the agency's policy are kept, whatever the order. A badge that is not
/// accepted brings nothing; one that could not be checked may bring more once it is.
#[utoipa::path(post, path = api_types::routes::WORTH.path(), tag = "policies", request_body = WorthRequest,
    responses((status = 200, body = WorthResponse), (status = 422, body = Problem),
              (status = 503, description = "the agency's policy is too old here", body = Problem)))]
pub(super) async fn evaluate(
    State(app): State<App>,
    language: ReaderLanguage,
    AskingClient(client): AskingClient,
    body: Body<WorthRequest>,
) -> Result<Json<WorthResponse>, Problem> {
    let query = body.content;
    if !(1..=MOST_BADGES).contains(&query.badges.len()) {
        return Err(Problem::new(
            &INVALID,
            format!("1 to {MOST_BADGES} badges are counted together"),
        ));
    }
    let sample = query.sample.as_deref().map(SamplePolicy::of).transpose()?;
    if sample.is_some() && query.agency.is_some() {
        return Err(Problem::new(
            &INVALID,
            "`agency` and `sample` are two questions: give one",
        ));
    }
    let asked = VerificationQuery {
        agency: query.agency,
        // By a sample, this node's own agency says whether a badge is good, and the sample what it is good for.
        purpose: sample.is_none().then(|| query.purpose.to_string()),
        at: query.at,
        known: None,
        lang: None,
    };
    let question = question_of(&app, &asked)?;
    let (policy, as_of) = match &sample {
        Some(sample) => (Arc::new(sample.policy.clone()), None),
        None => {
            let (policy, list) = rules(&app, &question)?;
            (policy, list.as_of())
        }
    };
    let files: Vec<Vec<u8>> = query.badges.iter().map(bytes).collect::<Result<_, _>>()?;
    let sampled = sample.as_ref().map(|_| query.purpose);
    let (badges, facts) = check_all(&app, client, &files, &question, sampled, language.0).await?;
    let tally = policy.tally(&facts, query.purpose, question.at);
    let mut other_uses = uses(&policy);
    if other_uses.contains(&query.purpose) {
        other_uses.clear();
    }
    Ok(Json(WorthResponse {
        sentence: tally.to_string(),
        accepted: tally.accepted(),
        sums: unit_sums(&tally),
        besides: besides(&tally),
        rules: counting_rules(&tally),
        other_uses,
        badges,
        sample: sample.as_ref().map(SamplePolicy::note),
        agency: sample.map_or(question.agency, |sample| sample.agency),
        purpose: query.purpose,
        at: question.at,
        as_of,
    }))
}
