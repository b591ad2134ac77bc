//! The form to apply with, the applicant's own page, and the public history of an issuer.

use std::collections::BTreeMap;

use api_types::applications::{ApplicationResponse, HistoryStep, IssuerHistoryResponse};
use askama::Template;
use registry_schema::{
    AgencyId, Timestamp, VerificationMethod,
    criteria::Rubric,
    registration::{CasePhase, CaseRole, IntendedMeasure, RegistrationStep},
};

use protocol::ticket::key_fingerprint;

use super::{
    own_keys::IssuerKeysView,
    words::{plain, sentence},
};

/// The texts that were typed, by the names of the fields.
pub(crate) type FormValues = BTreeMap<String, String>;

/// A mistake, with the field that it is about; an empty name for the whole form.
#[derive(Debug, Clone)]
pub(crate) struct FieldError {
    /// The field's name.
    pub(crate) field: String,
    /// The mistake, and what to do.
    pub(crate) what: String,
}

/// `GET /apply`.
#[derive(Debug, Template)]
#[template(path = "apply.html")]
pub(crate) struct ApplyPage {
    agency: String,
    rubric: Option<RubricView>,
    fields: Vec<FormField>,
    wrong: Vec<FieldError>,
}

/// A field of the form.
#[derive(Debug)]
struct FormField {
    name: String,
    label: &'static str,
    kind: &'static str,
    autocomplete: &'static str,
    hint: &'static str,
    value: String,
    wrong: Option<String>,
    is_needed: bool,
}

#[derive(Debug)]
struct RubricView {
    title: String,
    version: String,
    approved_by: String,
    standards: Vec<StandardView>,
}

#[derive(Debug)]
struct StandardView {
    title: String,
    parts: Vec<ComponentView>,
}

#[derive(Debug)]
struct ComponentView {
    id: String,
    demands: String,
    demanded_by: String,
    link: String,
    note: String,
    wrong: Option<String>,
}

impl ApplyPage {
    /// `rubric` is what the agency reviews against; none, if it takes no applications.
    pub(crate) fn new(agency: &str, rubric: Option<&Rubric>, typed: &FormValues, wrong: Vec<FieldError>) -> Self {
        let value = |name: &str, most: usize| -> String {
            typed
                .get(name)
                .map(|text| text.chars().take(most).collect())
                .unwrap_or_default()
        };
        let about = |name: &str| wrong.iter().find(|one| one.field == name).map(|one| one.what.clone());
        let field = |name: &str, label, kind, autocomplete, hint, is_needed| FormField {
            name: name.to_owned(),
            label,
            kind,
            autocomplete,
            hint,
            value: value(name, 300),
            wrong: about(name),
            is_needed,
        };
        let part = |component: &registry_schema::criteria::RubricComponent| {
            let (link, note) = (format!("link-{}", component.id), format!("note-{}", component.id));
            ComponentView {
                id: component.id.clone(),
                demands: plain(&component.demands, 1_000),
                demanded_by: plain(&component.demanded_by.join("; "), 500),
                wrong: about(&link).or_else(|| about(&note)),
                link: value(&link, 600),
                note: value(&note, 4_200),
            }
        };
        let standards = |rubric: &Rubric| {
            let all = rubric.standards.iter().map(|standard| StandardView {
                title: plain(&standard.title, 200),
                parts: standard.components.iter().map(part).collect(),
            });
            all.collect()
        };
        let fields = vec![
            field(
                "name",
                "Name of your organization",
                "text",
                "organization",
                "It stands on every badge, and is public once you are registered.",
                true,
            ),
            field(
                "url",
                "Its web page (if it has one)",
                "url",
                "url",
                "Begins with https://",
                false,
            ),
            field(
                "contact_name",
                "Who can we reach about this?",
                "text",
                "name",
                "A person or an office. This stays with the agency.",
                true,
            ),
            field(
                "contact_email",
                "Their e-mail address",
                "email",
                "email",
                "This stays with the agency.",
                true,
            ),
        ];
        Self {
            agency: plain(agency, 60),
            rubric: rubric.map(|rubric| RubricView {
                title: plain(&rubric.title, 200),
                version: plain(&rubric.version, 32),
                approved_by: plain(&rubric.approved_by, 500),
                standards: standards(rubric),
            }),
            fields,
            wrong: wrong
                .into_iter()
                .map(|one| FieldError {
                    what: sentence(&one.what, 400),
                    ..one
                })
                .collect(),
        }
    }
}

/// After an application was made: what to keep.
#[derive(Debug, Template)]
#[template(path = "applied.html")]
pub(crate) struct AppliedPage {
    agency: String,
    name: String,
    id: String,
    token: String,
}

impl AppliedPage {
    pub(crate) fn new(agency: &str, application: &ApplicationResponse, token: &str) -> Self {
        Self {
            agency: plain(agency, 60),
            name: plain(&application.name, 200),
            id: application.id.clone(),
            token: token.to_owned(),
        }
    }
}

/// `GET /application`: asks for the applicant's key; with it, shows the case.
#[derive(Debug, Template)]
#[template(path = "application.html")]
pub(crate) struct ApplicationPage {
    agency: String,
    token: String,
    problem: Option<String>,
    case: Option<CaseView>,
}

#[derive(Debug)]
struct CaseView {
    name: String,
    id: String,
    stands: String,
    parts: Vec<String>,
    conditions: Vec<String>,
    steps: Vec<StepView>,
    can_show: bool,
    /// The challenge that a trial badge has to have in it, while one can be sent.
    challenge: Option<String>,
    proven: Option<String>,
    can_appeal: bool,
    can_renew: bool,
    can_close: bool,
}

#[derive(Debug)]
struct StepView {
    day: String,
    words: String,
    note: Option<String>,
    conditions: Vec<String>,
}

impl ApplicationPage {
    pub(crate) fn new(
        agency: &str,
        token: &str,
        case: Option<(&ApplicationResponse, &Rubric)>,
        problem: Option<&str>,
        now: Timestamp,
    ) -> Self {
        let case = case.map(|(case, rubric)| {
            let can = |what: &str| case.possible.iter().any(|one| one == what);
            CaseView {
                name: plain(&case.name, 200),
                id: case.id.clone(),
                stands: stands(case.phase, case.until, now),
                parts: rubric.components().map(|one| one.id.clone()).collect(),
                conditions: case.conditions.iter().map(|one| plain(one, 500)).collect(),
                can_show: can("evidence"),
                challenge: case.challenge.clone(),
                proven: case.proven.as_deref().map(|one| plain(one, 500)),
                can_appeal: can("appeal"),
                can_renew: can("renew"),
                can_close: can("close"),
                steps: case
                    .steps
                    .iter()
                    .map(|step| {
                        let link = match &step.step {
                            RegistrationStep::Evidence { component, link } => [component.as_deref(), link.as_deref()]
                                .into_iter()
                                .flatten()
                                .collect::<Vec<_>>()
                                .join(": "),
                            RegistrationStep::Prove { issuer, keys, .. } => proved(issuer, keys),
                            _ => String::new(),
                        };
                        let mut shown = StepView::of(&HistoryStep::from(step.clone()));
                        let said: Vec<String> = [link, step.note.clone().unwrap_or_default()]
                            .into_iter()
                            .filter(|one| !one.is_empty())
                            .collect();
                        shown.note = Some(plain(&said.join(" – "), 4_600)).filter(|one| !one.is_empty());
                        shown
                    })
                    .collect(),
            }
        });
        Self {
            agency: plain(agency, 60),
            token: token.to_owned(),
            problem: problem.map(|one| sentence(one, 400)),
            case,
        }
    }
}

/// Names what was proved: the identifier, and its keys by their short names.
fn proved(issuer: &str, keys: &[VerificationMethod]) -> String {
    let keys: Vec<String> = keys
        .iter()
        .map(|key| key_fingerprint(&key.public_key_multibase))
        .collect();
    format!("{issuer}, with the keys {}", keys.join(", "))
}

/// `GET /issuers/{id}`.
#[derive(Debug, Template)]
#[template(path = "issuer.html")]
pub(crate) struct IssuerPage {
    name: String,
    id: String,
    agency: String,
    /// The kind of body that it is, in words.
    provider: Option<&'static str>,
    url: Option<String>,
    standing: String,
    /// The known keys of one that signs with its own.
    own: Option<IssuerKeysView>,
    history: Option<HistoryView>,
}

#[derive(Debug)]
struct HistoryView {
    stands: String,
    rubric: String,
    conditions: Vec<String>,
    steps: Vec<StepView>,
}

impl IssuerPage {
    /// `standing` says in a sentence how its home agency's list has it.
    pub(crate) fn new(
        issuer: &registry_schema::Issuer,
        agency_name: &dyn Fn(&AgencyId) -> String,
        standing: String,
        history: Option<&IssuerHistoryResponse>,
        now: Timestamp,
    ) -> Self {
        Self {
            name: plain(&issuer.name, 200),
            id: plain(&issuer.id, 500),
            agency: plain(&agency_name(&issuer.agency), 60),
            provider: issuer.provider.map(registry_schema::acceptance::ProviderKind::in_words),
            url: issuer.url.as_deref().map(|url| plain(url, 200)),
            standing,
            own: IssuerKeysView::of(issuer),
            history: history.map(|history| HistoryView {
                stands: stands(history.phase, history.until, now),
                rubric: format!("{}, version {}", history.rubric.id, history.rubric.version),
                conditions: history.conditions.iter().map(|one| plain(one, 500)).collect(),
                steps: history.steps.iter().map(StepView::of).collect(),
            }),
        }
    }
}

impl StepView {
    fn of(step: &HistoryStep) -> Self {
        let day = |at: &Option<Timestamp>| at.map(Timestamp::date_in_words).unwrap_or_default();
        let words = match step.step.as_str() {
            "apply" => "Applied".to_owned(),
            "evidence" => "Gave evidence".to_owned(),
            "prove" => "Proved that it signs with keys of its own".to_owned(),
            "review" => "Reviewed against the rubric".to_owned(),
            "approve" => format!("Approved, up to {}", day(&step.until)),
            "refuse" => "Refused".to_owned(),
            "notice" => {
                let of = match step.of {
                    Some(IntendedMeasure::Suspension) => "a suspension",
                    _ => "the end of the registration",
                };
                format!("Notice of {of}, with time to answer until {}", day(&step.respond_by))
            }
            "suspend" => "Suspended".to_owned(),
            "reinstate" => "Suspension lifted".to_owned(),
            "withdraw" => "Registration ended".to_owned(),
            "renew" => "Review for renewal opened".to_owned(),
            "close" => "Application taken back".to_owned(),
            "appeal" => "Appealed".to_owned(),
            "decide_appeal" if step.granted == Some(true) => "Appeal granted".to_owned(),
            "decide_appeal" => "Appeal dismissed".to_owned(),
            other => plain(other, 40),
        };
        let role = match step.role {
            CaseRole::Applicant => "the applicant",
            CaseRole::Reviewer => "a reviewer",
            CaseRole::Decider => "the agency’s decider",
            CaseRole::Appeals => "who decides appeals",
            CaseRole::Clerk => "the agency",
        };
        Self {
            day: step.at.date_in_words(),
            words: format!("{words}, by {role}"),
            note: step.note.as_deref().map(|note| plain(note, 4_000)),
            conditions: step.conditions.iter().map(|one| plain(one, 500)).collect(),
        }
    }
}

/// Says where a case stands, in a sentence.
fn stands(phase: CasePhase, until: Option<Timestamp>, now: Timestamp) -> String {
    let term = until.map(Timestamp::date_in_words).unwrap_or_default();
    match phase {
        CasePhase::Submitted => "The application is in, and waits for its review.".to_owned(),
        CasePhase::UnderReview => "The application is being reviewed.".to_owned(),
        CasePhase::Refused => "The application was refused.".to_owned(),
        CasePhase::Closed => "The applicant took the application back.".to_owned(),
        CasePhase::Registered if until.is_some_and(|until| until <= now) => {
            format!("The registration’s term ended on {term}, and it was not renewed.")
        }
        CasePhase::Registered => format!("Registered, up to {term}."),
        CasePhase::Suspended => "The registration is suspended.".to_owned(),
        CasePhase::Withdrawn => "The registration has ended.".to_owned(),
    }
}
