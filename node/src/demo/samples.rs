//! The demo's samples: issuers, recognitions, and one badge for each verdict.
//!
//! The issuers and badges are invented, and so is who recognizes whom. What badges count for is sample data from the
//! states' own sources, as [`policy::samples`] has it: not legal advice.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use anyhow::Context as _;
use futures::future::try_join_all;
use policy::rubrics;
use registry_schema::{
    Achievement, AgencyId, CredentialCode, Issuer, Purpose, RecognitionScope, StatusReason, StatusState, Timestamp,
    acceptance::ProviderKind,
    policy::PolicyFile,
    registration::{RegistrationStep, StepActor},
};
use serde_json::Value;
use verification::{IssuerSigningKey, KeyKind, credential, data_integrity, formats, multikey};

use super::teacher;
use crate::Node;
use agency::registrar::{
    Actor, ApplicationEvidence, ApplicationLimit, Contact, NewApplication, NewBadge, NewRecognition, RegistrarError,
    StepNote,
};
use agency::{registrar::place_of, registry::Registry};
use platform::{clock::Clock, keys};
use storage::NEWEST;

const ISSUERS: [(&str, &str); 3] = [
    ("US-NC", "Piedmont Teaching Lab"),
    ("US-SC", "Palmetto Educator Institute"),
    ("US-TN", "Cumberland Learning Collaborative"),
];

/// The recognitions that are missing: all recognize all three, but North Carolina does not recognize Tennessee's issuer, nor
/// South Carolina. One badge shows that.
const UNRECOGNIZED: [(&str, &str); 2] = [
    ("US-NC", "Cumberland Learning Collaborative"),
    ("US-SC", "Cumberland Learning Collaborative"),
];

/// This one applied, was reviewed against the starter rubric, and approved; the others were just added.
const APPLIED: &str = "Palmetto Educator Institute";

/// Longest time that the nodes may take to hear of each other.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn hand() -> Actor {
    Actor {
        who: "demo".into(),
        dry_run: false,
    }
}

/// Fills a new federation. What is there already is left: an interrupted start is taken up again.
pub(super) async fn seed(nodes: &BTreeMap<AgencyId, Node>, dir: &Path) -> anyhow::Result<()> {
    let mut issuers: BTreeMap<&str, Issuer> = BTreeMap::new();
    for (agency, name) in ISSUERS {
        let node = of(nodes, agency)?;
        let known = node
            .registry
            .snapshot()
            .home()
            .and_then(|home| home.issuers().find(|i| i.name == name).cloned());
        node.registrar
            .import_rubric(&rubrics::parse(rubrics::STARTER)?, &hand())
            .await?;
        let issuer = match known {
            Some(issuer) => issuer,
            None if name == APPLIED => applies(node, name).await?,
            None => {
                node.registrar
                    .register_issuer(name, None, KeyKind::Ed25519, Some(ProviderKind::Association), &hand())
                    .await?
            }
        };
        issuers.insert(name, issuer);
    }
    let ids: BTreeMap<&str, String> = issuers
        .iter()
        .map(|(name, issuer)| (*name, issuer.id.clone()))
        .collect();
    try_join_all(nodes.iter().map(|(agency, node)| recognizes(agency, node, &ids))).await?;
    teacher::issue(nodes, dir, &ids).await?;
    let by = |name: &str| issuers.get(name).map(|issuer| issuer.id.clone()).unwrap_or_default();
    badges(
        nodes,
        dir,
        &by("Palmetto Educator Institute"),
        &by("Cumberland Learning Collaborative"),
    )
    .await
}

/// Makes an agency recognize the samples' issuers, and gives it its sample policy.
async fn recognizes(agency: &AgencyId, node: &Node, issuers: &BTreeMap<&str, String>) -> anyhow::Result<()> {
    let uses = uses(agency)?;
    for (name, issuer) in issuers {
        if UNRECOGNIZED.contains(&(agency.as_str(), name)) {
            continue;
        }
        heard(node, issuer).await?;
        let new = NewRecognition {
            issuer: issuer.clone(),
            registered_by: None,
            purposes: uses.clone(),
            scope: RecognitionScope::All,
            from: None,
            until: None,
            accepts_without_status: false,
            basis: registry_schema::recognition::RecognitionBasis::default(),
        };
        match node.registrar.recognize(new, &hand()).await {
            Ok(_) | Err(RegistrarError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if let Some(policy) = policy_of(agency, issuers)? {
        node.registrar.apply_policy(policy, &hand()).await?;
    }
    Ok(())
}

/// For what an agency recognizes the samples' issuers: professional learning, renewal, and whatever its own rules speak of.
fn uses(agency: &AgencyId) -> anyhow::Result<Vec<Purpose>> {
    let mut uses = vec![Purpose::ProfessionalLearning, Purpose::Renewal];
    if let Some(sample) = policy::samples::of(agency.as_str()) {
        let rules = policy::file::parse(sample)?.worth;
        uses.extend(rules.into_iter().flat_map(|rule| rule.purposes));
    }
    uses.sort_unstable();
    uses.dedup();
    Ok(uses)
}

/// An agency's sample policy, with what no source says, so that its rules can be seen at work: which micro-credentials its
/// collections hold ([`teacher::collected`]), and whom it found to meet its criteria: of the issuers, its own, or all where
/// it has none.
fn policy_of(agency: &AgencyId, issuers: &BTreeMap<&str, String>) -> anyhow::Result<Option<PolicyFile>> {
    let Some(sample) = policy::samples::of(agency.as_str()) else {
        return Ok(None);
    };
    let mut file = policy::file::parse(sample)?;
    let of_home = ISSUERS.iter().filter(|(home, _)| *home == agency.as_str());
    let own: Vec<String> = of_home.filter_map(|(_, name)| issuers.get(name).cloned()).collect();
    for criterion in &mut file.criterion {
        criterion.met_by = match own.is_empty() {
            true => issuers.values().cloned().collect(),
            false => own.clone(),
        };
    }
    for collection in &mut file.collection {
        if let Some(achievement) = teacher::collected(&collection.id) {
            let says = collection.says.trim_end_matches('.');
            collection.says = format!("{says}; in this demo, an invented one stands for them.");
            collection.achievements.push(achievement);
        }
    }
    Ok(Some(file))
}

/// Registers an issuer by the whole way: an application with evidence, two reviews, a decision by a third person.
async fn applies(node: &Node, name: &str) -> anyhow::Result<Issuer> {
    let known = node.store.applications(&NEWEST, 1_000).await?;
    let id = match known.into_iter().find(|row| row.name == name) {
        Some(row) => row.id,
        None => {
            let new = NewApplication {
                name: name.to_owned(),
                url: None,
                contact: Contact {
                    name: "Provider office".to_owned(),
                    email: "office@palmetto.example".to_owned(),
                },
                rubric: None,
                evidence: vec![ApplicationEvidence {
                    component: Some("public-rubric".to_owned()),
                    link: Some("https://palmetto.example/rubric".to_owned()),
                    note: None,
                }],
            };
            let room = ApplicationLimit {
                most_open: u32::MAX,
                is_first: true,
            };
            let made = node.registrar.apply(new, StepActor::Applicant, room, false).await?;
            made.file.application.id
        }
    };
    let takes = async |who: &str, step: RegistrationStep, note: Option<&str>| {
        let note = StepNote {
            text: note.map(str::to_owned),
            is_public: true,
        };
        let by = StepActor::Operator(who.to_owned());
        node.registrar.take_step(&id, by, step, note, false).await
    };
    let file = node.registrar.case(&id).await?;
    for reviewer in ["reviewer-one", "reviewer-two"] {
        let scores = file.rubric.components().map(|one| (one.id.clone(), "met".to_owned()));
        let step = RegistrationStep::Review {
            scores: scores.collect(),
        };
        takes(reviewer, step, None).await?;
    }
    let step = RegistrationStep::Approve {
        conditions: vec!["The scoring rubric stays public.".to_owned()],
        until: Clock::default().now().plus_seconds(3 * 365 * 86_400).whole_seconds(),
        provider: Some(ProviderKind::HigherEducation),
    };
    let file = takes("demo", step, Some("Every component is met in both reviews.")).await?;
    let issuer = file.case.issuer.context("an approved application has an issuer")?;
    let registry = node.registry.snapshot();
    let registered = registry.home().and_then(|home| home.issuer(&issuer).cloned());
    registered.context("the list has who was approved")
}

pub(super) fn of<'a>(nodes: &'a BTreeMap<AgencyId, Node>, agency: &str) -> anyhow::Result<&'a Node> {
    nodes
        .iter()
        .find(|(id, _)| id.as_str() == agency)
        .map(|(_, node)| node)
        .with_context(|| format!("{agency} runs"))
}

/// Waits until a node has heard that an issuer is registered.
async fn heard(node: &Node, issuer: &str) -> anyhow::Result<()> {
    knows(node, |registry| {
        registry.agencies().iter().any(|lists| lists.issuer(issuer).is_some())
    })
    .await
}

/// Waits until all nodes have heard that this badge of an agency is suspended: it was restricted last.
async fn all_know_of_the_suspended(
    nodes: &BTreeMap<AgencyId, Node>,
    agency: &str,
    badge: &Value,
) -> anyhow::Result<()> {
    let agency: AgencyId = agency.parse()?;
    let keeper = of(nodes, agency.as_str())?;
    let id = badge.get("id").and_then(Value::as_str).unwrap_or_default();
    let kept = keeper
        .store
        .credential_by_id(id)
        .await?
        .context("a badge that was issued")?;
    let (list, slot) = place_of(&kept).map_err(RegistrarError::from)?;
    let is_suspended = |registry: &Registry| {
        let list = registry.agency(&agency).and_then(|lists| lists.list(list));
        list.is_some_and(|list| list.state(slot).0 == StatusState::Suspended)
    };
    try_join_all(nodes.values().map(|node| knows(node, is_suspended))).await?;
    Ok(())
}

/// Waits until something is so at a node.
async fn knows(node: &Node, is_so: impl Fn(&Registry) -> bool) -> anyhow::Result<()> {
    let waiting = async {
        while !is_so(&node.registry.snapshot()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .context("the nodes do not hear of each other")
}

async fn badges(nodes: &BTreeMap<AgencyId, Node>, dir: &Path, sc: &str, tn: &str) -> anyhow::Result<()> {
    let folder = dir.join("badges");
    fs::create_dir_all(&folder)?;
    let now = Clock::default().now();
    let write = |name: &str, bytes: &[u8]| {
        fs::write(folder.join(name), bytes).with_context(|| format!("`{name}` cannot be written"))
    };
    let (sc_node, tn_node) = (of(nodes, "US-SC")?, of(nodes, "US-TN")?);

    let (_, accepted) = issue(sc_node, sc, "Jordan Avery", None, None).await?;
    let text = pretty(&accepted);
    write("accepted.json", text.as_bytes())?;
    write(
        "accepted.png",
        &formats::bake_png(PICTURE, &accepted.to_string())
            .map_err(|why| anyhow::anyhow!("a badge cannot be baked: {why:?}"))?,
    )?;

    let (_, unrecognized) = issue(tn_node, tn, "Sam Rivera", None, None).await?;
    write("not-recognized.json", pretty(&unrecognized).as_bytes())?;

    let (code, revoked) = issue(sc_node, sc, "Riley Brooks", None, None).await?;
    sc_node
        .registrar
        .change_status(code, StatusState::Revoked, StatusReason::IssuedInError, None, &hand())
        .await?;
    write("not-valid-revoked.json", pretty(&revoked).as_bytes())?;

    let (code, suspended) = issue(sc_node, sc, "Casey Morgan", None, None).await?;
    sc_node
        .registrar
        .change_status(
            code,
            StatusState::Suspended,
            StatusReason::EvidenceInvalid,
            None,
            &hand(),
        )
        .await?;
    write("not-valid-suspended.json", pretty(&suspended).as_bytes())?;
    all_know_of_the_suspended(nodes, "US-SC", &suspended).await?;

    let year = 365 * 86_400;
    let term = (Some(now.plus_seconds(-2 * year)), Some(now.plus_seconds(-year)));
    let (_, expired) = issue(sc_node, sc, "Morgan Ellis", term.0, term.1).await?;
    write("not-valid-expired.json", pretty(&expired).as_bytes())?;

    let tampered = text.replace("Jordan Avery", "Somebody Else");
    write("not-valid-tampered.json", tampered.as_bytes())?;
    write("could-not-check.json", pretty(&foreign(now)?).as_bytes())?;
    write("unreadable.txt", b"This is a letter of recommendation, not a badge.\n")
}

async fn issue(
    node: &Node,
    issuer: &str,
    subject: &str,
    valid_from: Option<Timestamp>,
    valid_until: Option<Timestamp>,
) -> anyhow::Result<(CredentialCode, Value)> {
    let achievement = achievement(String::new());
    let new = NewBadge {
        issuer: issuer.into(),
        achievement,
        subject: subject.into(),
        valid_from,
        valid_until,
    };
    let (credential, document) = node.registrar.issue(new, &hand()).await?;
    Ok((credential.code, document.context("an issued badge has a document")?))
}

fn achievement(id: String) -> Achievement {
    Achievement {
        id,
        name: "Formative Assessment in Practice".into(),
        description: "Plans, uses and reflects on formative assessment to adjust instruction.".into(),
        criteria: "A lesson plan, student work with feedback, and a reflection, scored against the public rubric."
            .into(),
        alignment: vec![],
        clock_hours: Some(registry_schema::Decimal::whole(10)),
        assessed_blind: None,
    }
}

/// A badge from outside the federation, whose status list nobody here keeps.
fn foreign(now: Timestamp) -> anyhow::Result<Value> {
    let key = IssuerSigningKey::from_seed(&keys::fresh_seed())?;
    let (issuer_id, method) = multikey::did_key(&key.public_key());
    let list = |purpose: &str| format!("https://badges.example/status/{purpose}");
    let unsigned = credential::build(&credential::CredentialContent {
        id: "https://badges.example/credentials/1".into(),
        issuer_id,
        issuer_name: "Example Badges".into(),
        issuer_url: None,
        subject_name: "Alex Jordan".into(),
        subject_id: None,
        achievement: achievement("https://badges.example/achievements/1".into()),
        valid_from: now.whole_seconds(),
        valid_until: None,
        status: Some(credential::StatusLocation {
            revocation_list: list("revocation"),
            suspension_list: list("suspension"),
            index: 4711,
        }),
    });
    Ok(data_integrity::sign(unsigned, &key, &method, now)?)
}

pub(super) fn pretty(badge: &Value) -> String {
    format!("{badge:#}\n")
}

/// The code of the badge in `badges/accepted.json`, for the person who wants to revoke it, and whether somebody did already.
pub(super) async fn code_of_accepted(nodes: &BTreeMap<AgencyId, Node>, dir: &Path) -> Option<(CredentialCode, bool)> {
    let text = fs::read_to_string(dir.join("badges/accepted.json")).ok()?;
    let badge: Value = serde_json::from_str(&text).ok()?;
    let node = of(nodes, "US-SC").ok()?;
    let kept = node.store.credential_by_id(badge.get("id")?.as_str()?).await.ok()??;
    let is_revoked = node.registrar.shown(&kept).state == StatusState::Revoked;
    Some((kept.issued.code, is_revoked))
}

/// The picture of the baked sample: a ribbon, drawn for this project.
const PICTURE: &[u8] = include_bytes!("../../assets/badge.png");
