//! One teacher's badges, to see what they count for together, here and there.
//!
//! Invented, like their issuers. They state what rules ask for: clock hours (one does not) and mastery (one below 85 per
//! cent), and two are what a rule of the samples names.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context as _;
use registry_schema::{Achievement, AgencyId, Decimal};
use serde_json::{Value, json};
use verification::credential;

use crate::Node;
use agency::registrar::UnsignedCredential;
use platform::clock::Clock;

use super::samples::{hand, of, pretty};

/// A badge that the teacher earned.
struct EarnedBadge {
    /// The file.
    file: &'static str,
    /// The agency whose issuer's it is.
    home: &'static str,
    issuer: &'static str,
    name: &'static str,
    hours: Option<u32>,
    /// In per cent.
    mastery: u32,
}

const EARNED: [EarnedBadge; 5] = [
    EarnedBadge {
        file: "1-formative-assessment.json",
        home: "US-SC",
        issuer: "Palmetto Educator Institute",
        name: "Formative Assessment in Practice",
        hours: Some(10),
        mastery: 92,
    },
    EarnedBadge {
        file: "2-elementary-literacy.json",
        home: "US-SC",
        issuer: "Palmetto Educator Institute",
        name: "Elementary Literacy",
        hours: Some(40),
        mastery: 90,
    },
    EarnedBadge {
        file: "3-classroom-inquiry.json",
        home: "US-NC",
        issuer: "Piedmont Teaching Lab",
        name: "Classroom Inquiry",
        hours: Some(15),
        mastery: 95,
    },
    EarnedBadge {
        file: "4-coaching-colleagues.json",
        home: "US-NC",
        issuer: "Piedmont Teaching Lab",
        name: "Coaching Colleagues",
        hours: None,
        mastery: 88,
    },
    EarnedBadge {
        file: "5-data-literacy.json",
        home: "US-SC",
        issuer: "Palmetto Educator Institute",
        name: "Data Literacy for Teachers",
        hours: Some(12),
        mastery: 80,
    },
];

/// The teacher's badges that stand for what a sample's collection is called: no source says which micro-credentials those
/// are, so in the demo an invented one takes their place.
const COLLECTED: [(&str, &str); 2] = [
    ("elementary-literacy", "Elementary Literacy"),
    ("nea", "Classroom Inquiry"),
];

/// The achievement that belongs to a collection of a sample policy, in the demo.
pub(super) fn collected(collection: &str) -> Option<String> {
    let (_, name) = COLLECTED.iter().find(|(id, _)| *id == collection)?;
    let earned = EARNED.iter().find(|earned| earned.name == *name)?;
    Some(earned.achievement_id())
}

impl EarnedBadge {
    fn achievement_id(&self) -> String {
        let stem = self.file.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
        let place = self.issuer.split_whitespace().next().unwrap_or_default().to_lowercase();
        format!(
            "https://{place}.example/achievements/{}",
            stem.trim_end_matches(".json")
        )
    }

    fn achievement(&self) -> Achievement {
        Achievement {
            id: self.achievement_id(),
            name: self.name.to_owned(),
            description: format!(
                "An invented micro-credential of the demo: {}.",
                self.name.to_lowercase()
            ),
            criteria: "Evidence from the classroom and a reflection, scored against the public rubric.".to_owned(),
            alignment: vec![],
            clock_hours: self.hours.map(Decimal::whole),
            assessed_blind: None,
        }
    }

    /// The badge without its proof.
    fn document(&self, issuer: &str) -> Value {
        let mut document = credential::build(&credential::CredentialContent {
            id: format!("{}/awards/1", self.achievement_id()),
            issuer_id: issuer.to_owned(),
            issuer_name: self.issuer.to_owned(),
            issuer_url: None,
            subject_name: "Jordan Avery".to_owned(),
            subject_id: None,
            achievement: self.achievement(),
            valid_from: Clock::default().now().plus_seconds(-90 * 86_400).whole_seconds(),
            valid_until: None,
            status: None,
        });
        let mastered = format!("{}#mastered", self.achievement_id());
        let described = json!({
            "id": mastered,
            "type": ["ResultDescription"],
            "name": "Mastery",
            "resultType": "Percent",
        });
        let result = json!({"type": ["Result"], "resultDescription": mastered, "value": self.mastery.to_string()});
        for (place, one) in [
            ("/credentialSubject/achievement", ("resultDescription", described)),
            ("/credentialSubject", ("result", result)),
        ] {
            let Some(Value::Object(object)) = document.pointer_mut(place) else {
                continue;
            };
            if let Value::Array(all) = object.entry(one.0).or_insert_with(|| json!([])) {
                all.push(one.1);
            }
        }
        document
    }
}

/// Issues the badges and writes them to `DIR/teacher`; `issuers` by name.
pub(super) async fn issue(
    nodes: &BTreeMap<AgencyId, Node>,
    dir: &Path,
    issuers: &BTreeMap<&str, String>,
) -> anyhow::Result<()> {
    let folder = dir.join("teacher");
    fs::create_dir_all(&folder)?;
    for earned in &EARNED {
        let file = folder.join(earned.file);
        let issuer = issuers.get(earned.issuer).context("an issuer of the samples")?;
        let Value::Object(credential) = earned.document(issuer) else {
            continue;
        };
        let node = of(nodes, earned.home)?;
        let id = credential.get("id").and_then(Value::as_str).unwrap_or_default();
        let badge = match node.store.badge(id).await? {
            // An interrupted start is taken up again.
            Some(badge) => serde_json::from_str(&badge)?,
            None => {
                let new = UnsignedCredential {
                    credential,
                    suite: None,
                };
                node.registrar.issue_document(new, &hand()).await?
            }
        };
        fs::write(&file, pretty(&badge)).with_context(|| format!("`{}` cannot be written", file.display()))?;
    }
    Ok(())
}
