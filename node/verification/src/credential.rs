//! Unsigned documents, as this registry issues them: badges (Open Badges 3.0 on VCDM 2.0) and status lists
//! (Bitstring Status List v1.0).

use registry_schema::{
    Achievement, Timestamp,
    achievement::{ASSESSED_BLIND, CLOCK_HOURS},
};
use serde_json::{Map, Value, json};

use crate::{
    bitstring::{self, Bitstring},
    contexts::{CREDENTIALS_V2, OPEN_BADGES},
};

/// The content of a new badge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialContent {
    /// `urn:uuid:…`
    pub id: String,
    /// The issuer's `id`: its DID.
    pub issuer_id: String,
    /// Its name.
    pub issuer_name: String,
    /// Its public page.
    pub issuer_url: Option<String>,
    /// The earner's name.
    pub subject_name: String,
    /// The earner's DID, if the badge is bound to one.
    pub subject_id: Option<String>,
    /// The achievement that it is for.
    pub achievement: Achievement,
    /// Good from.
    pub valid_from: Timestamp,
    /// Good up to, if it has a term.
    pub valid_until: Option<Timestamp>,
    /// The place of its status, if it has one.
    pub status: Option<StatusLocation>,
}

/// The place of a badge's status: the same index in two lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusLocation {
    /// URL of the list of revocations.
    pub revocation_list: String,
    /// URL of the list of suspensions.
    pub suspension_list: String,
    /// The index in both, assigned at random.
    pub index: u32,
}

/// The content of a new status list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStatusList {
    /// Its URL; `credentialStatus` entries name it.
    pub id: String,
    /// The DID whose key signs it.
    pub issuer_id: String,
    /// `revocation` or `suspension`.
    pub purpose: String,
    /// The bits.
    pub list: Bitstring,
    /// Known up to this moment.
    pub valid_from: Timestamp,
    /// Holds until this moment.
    pub valid_until: Option<Timestamp>,
    /// The time for which a reader may keep it, in milliseconds.
    pub ttl: u64,
}

fn put(object: &mut Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object.insert(key.to_owned(), value.into());
    }
}

fn date(moment: Timestamp) -> String {
    moment.whole_seconds().to_string()
}

/// An unsigned `OpenBadgeCredential`.
#[must_use]
pub fn build(new: &CredentialContent) -> Value {
    let mut issuer = Map::new();
    put(&mut issuer, "id", Some(new.issuer_id.as_str()));
    put(&mut issuer, "type", Some(json!(["Profile"])));
    put(&mut issuer, "name", Some(new.issuer_name.as_str()));
    put(&mut issuer, "url", new.issuer_url.as_deref());
    let mut subject = Map::new();
    put(&mut subject, "id", new.subject_id.as_deref());
    put(&mut subject, "type", Some(json!(["AchievementSubject"])));
    let name = json!([{
        "type": "IdentityObject",
        "identityType": "name",
        "hashed": false,
        "identityHash": new.subject_name,
    }]);
    put(&mut subject, "identifier", Some(name));
    put(&mut subject, "achievement", Some(achievement(&new.achievement)));
    let results: Vec<Value> = stated(&new.achievement)
        .map(|(of, value)| {
            json!({
                "type": ["Result"],
                "resultDescription": described(&new.achievement.id, of.name),
                "value": value,
            })
        })
        .collect();
    put(&mut subject, "result", Some(results).filter(|all| !all.is_empty()));
    let mut document = Map::new();
    put(&mut document, "@context", Some(json!([CREDENTIALS_V2, OPEN_BADGES])));
    put(&mut document, "id", Some(new.id.as_str()));
    put(
        &mut document,
        "type",
        Some(json!(["VerifiableCredential", "OpenBadgeCredential"])),
    );
    put(&mut document, "name", Some(new.achievement.name.as_str()));
    put(&mut document, "issuer", Some(issuer));
    put(&mut document, "validFrom", Some(date(new.valid_from)));
    // To the millisecond: a day is meant to its end.
    put(
        &mut document,
        "validUntil",
        new.valid_until.map(|until| until.to_string()),
    );
    put(&mut document, "credentialSubject", Some(subject));
    put(
        &mut document,
        "credentialStatus",
        new.status.as_ref().map(status_entries),
    );
    Value::Object(document)
}

/// A kind of statement that a result can make.
struct ResultDescription {
    name: &'static str,
    title: &'static str,
    result_type: &'static str,
}

/// The statements that the badge makes by results, and the value of each.
fn stated(said: &Achievement) -> impl Iterator<Item = (ResultDescription, String)> {
    let hours = ResultDescription {
        name: "clock-hours",
        title: "Clock hours",
        result_type: CLOCK_HOURS,
    };
    let blind = ResultDescription {
        name: "assessed-blind",
        title: "Assessed blind",
        result_type: ASSESSED_BLIND,
    };
    let hours = said.clock_hours.map(|value| (hours, value.to_string()));
    let blind = said.assessed_blind.map(|value| (blind, value.to_string()));
    hours.into_iter().chain(blind)
}

/// The id of the description of a result.
fn described(achievement: &str, name: &str) -> String {
    let joint = if achievement.contains('#') { '-' } else { '#' };
    format!("{achievement}{joint}{name}")
}

fn achievement(said: &Achievement) -> Value {
    let mut achievement = Map::new();
    put(&mut achievement, "id", Some(said.id.as_str()));
    put(&mut achievement, "type", Some(json!(["Achievement"])));
    put(&mut achievement, "name", Some(said.name.as_str()));
    put(&mut achievement, "description", Some(said.description.as_str()));
    put(&mut achievement, "criteria", Some(json!({"narrative": said.criteria})));
    let alignment: Vec<Value> = said
        .alignment
        .iter()
        .map(|to| {
            let mut alignment = Map::new();
            put(&mut alignment, "type", Some(json!(["Alignment"])));
            put(&mut alignment, "targetUrl", Some(to.target_url.as_str()));
            put(&mut alignment, "targetName", Some(to.target_name.as_str()));
            put(&mut alignment, "targetCode", to.target_code.as_deref());
            put(&mut alignment, "targetFramework", to.target_framework.as_deref());
            put(&mut alignment, "targetType", Some("CFItem"));
            Value::Object(alignment)
        })
        .collect();
    put(
        &mut achievement,
        "alignment",
        Some(alignment).filter(|all| !all.is_empty()),
    );
    let descriptions: Vec<Value> = stated(said)
        .map(|(of, _)| {
            json!({
                "id": described(&said.id, of.name),
                "type": ["ResultDescription"],
                "name": of.title,
                "resultType": of.result_type,
            })
        })
        .collect();
    put(
        &mut achievement,
        "resultDescription",
        Some(descriptions).filter(|all| !all.is_empty()),
    );
    Value::Object(achievement)
}

/// The entries of `credentialStatus` for both lists.
#[must_use]
pub fn status_entries(status: &StatusLocation) -> Value {
    let entry = |list: &str, purpose: &str| {
        json!({
            "id": format!("{list}#{}", status.index),
            "type": "BitstringStatusListEntry",
            "statusPurpose": purpose,
            "statusListIndex": status.index.to_string(),
            "statusListCredential": list,
        })
    };
    json!([
        entry(&status.revocation_list, "revocation"),
        entry(&status.suspension_list, "suspension")
    ])
}

/// An unsigned `BitstringStatusListCredential`.
#[must_use]
pub fn status_list(new: &NewStatusList) -> Value {
    let mut document = Map::new();
    put(&mut document, "@context", Some(json!([CREDENTIALS_V2])));
    put(&mut document, "id", Some(new.id.as_str()));
    put(
        &mut document,
        "type",
        Some(json!(["VerifiableCredential", "BitstringStatusListCredential"])),
    );
    put(&mut document, "issuer", Some(new.issuer_id.as_str()));
    put(&mut document, "validFrom", Some(date(new.valid_from)));
    put(&mut document, "validUntil", new.valid_until.map(date));
    let subject = json!({
        "id": format!("{}#list", new.id),
        "type": "BitstringStatusList",
        "statusPurpose": new.purpose,
        "encodedList": bitstring::encode(&new.list),
        "ttl": new.ttl,
    });
    put(&mut document, "credentialSubject", Some(subject));
    Value::Object(document)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{IssuerSigningKey, badge, data_integrity, facts, formats::BadgeFormat, multikey};

    pub(crate) fn example(key: &IssuerSigningKey) -> CredentialContent {
        CredentialContent {
            id: "urn:uuid:6d1a0f62-4f0e-4a8c-8a70-0d5fb2b0a001".to_owned(),
            issuer_id: multikey::did_key(&key.public_key()).0,
            issuer_name: "Example Educator Academy".to_owned(),
            issuer_url: Some("https://academy.example".to_owned()),
            subject_name: "Jordan Ávila".to_owned(),
            subject_id: None,
            achievement: Achievement {
                id: "https://academy.example/a/teaching-with-data".to_owned(),
                name: "Teaching with Data".to_owned(),
                description: "Uses evidence of learning.".to_owned(),
                criteria: "Three pieces of evidence.".to_owned(),
                alignment: Vec::new(),
                clock_hours: None,
                assessed_blind: None,
            },
            valid_from: "2026-01-15T09:00:00Z".parse().unwrap(),
            valid_until: Some("2031-01-15T09:00:00Z".parse().unwrap()),
            status: Some(StatusLocation {
                revocation_list: "https://sc.example/v1/status-lists/1".to_owned(),
                suspension_list: "https://sc.example/v1/status-lists/2".to_owned(),
                index: 94_567,
            }),
        }
    }

    #[test]
    fn a_badge_reads_back_what_was_built() {
        let new = example(&IssuerSigningKey::from_seed(&[7; 32]).unwrap());
        let badge = badge::parse(build(&new), BadgeFormat::Json).unwrap();
        assert_eq!(badge.faults, []);
        assert_eq!(badge.id.as_ref(), Some(&new.id));
        assert_eq!(badge.issuer_id, new.issuer_id);
        assert_eq!(badge.issuer_name.as_ref(), Some(&new.issuer_name));
        assert_eq!(badge.subject_name.as_ref(), Some(&new.subject_name));
        assert_eq!(badge.achievement_id.as_ref(), Some(&new.achievement.id));
        assert_eq!(badge.achievement_name.as_ref(), Some(&new.achievement.name));
        assert_eq!(
            (badge.valid_from, badge.valid_until),
            (Some(new.valid_from), new.valid_until)
        );
        let places: Vec<_> = badge
            .status
            .iter()
            .map(|s| (s.purpose.as_deref(), s.list.as_str(), s.index))
            .collect();
        assert_eq!(
            places,
            [
                (Some("revocation"), "https://sc.example/v1/status-lists/1", Some(94_567)),
                (Some("suspension"), "https://sc.example/v1/status-lists/2", Some(94_567)),
            ]
        );
    }

    #[test]
    fn clock_hours_are_signed_and_read_back_by_their_result_type() {
        let key = IssuerSigningKey::from_seed(&[7; 32]).unwrap();
        let mut new = example(&key);
        assert_eq!(facts::stated(&build(&new)), facts::BadgeResults::default());
        new.achievement.clock_hours = Some("10.5".parse().unwrap());
        let (_, method) = multikey::did_key(&key.public_key());
        let signed = data_integrity::sign(build(&new), &key, &method, new.valid_from).unwrap();
        let outcome = data_integrity::verify(&signed, multikey::key_in_method);
        assert!(matches!(outcome, data_integrity::ProofOutcome::Valid(_)), "{outcome:?}");
        assert_eq!(badge::parse(signed.clone(), BadgeFormat::Json).unwrap().faults, []);
        assert_eq!(facts::stated(&signed).clock_hours, new.achievement.clock_hours);
        assert_eq!(facts::stated(&signed).assessed_blind, None);
        // Beside them, whether it was assessed blind.
        for blind in [true, false] {
            new.achievement.assessed_blind = Some(blind);
            let both = data_integrity::sign(build(&new), &key, &method, new.valid_from).unwrap();
            assert_eq!(badge::parse(both.clone(), BadgeFormat::Json).unwrap().faults, []);
            let stated = facts::stated(&both);
            assert_eq!(
                (stated.clock_hours, stated.assessed_blind),
                (new.achievement.clock_hours, Some(blind))
            );
        }
        // Another number under the same signature is another badge.
        let mut altered = signed;
        altered["credentialSubject"]["result"][0]["value"] = "60".into();
        let outcome = data_integrity::verify(&altered, multikey::key_in_method);
        assert!(
            !matches!(outcome, data_integrity::ProofOutcome::Valid(_)),
            "{outcome:?}"
        );
    }

    #[test]
    fn a_status_list_can_be_signed_and_verified() {
        let key = IssuerSigningKey::from_seed(&[8; 32]).unwrap();
        let (did, method) = multikey::did_key(&key.public_key());
        let mut list = Bitstring::new(bitstring::MIN_ENTRIES);
        list.set(94_567);
        let document = status_list(&NewStatusList {
            id: "https://sc.example/v1/status-lists/1".to_owned(),
            issuer_id: did,
            purpose: "revocation".to_owned(),
            list,
            valid_from: "2026-11-23T14:02:11Z".parse().unwrap(),
            valid_until: None,
            ttl: 300_000,
        });
        let created = "2026-11-23T14:02:11Z".parse().unwrap();
        let signed = data_integrity::sign(document, &key, &method, created).unwrap();
        let outcome = data_integrity::verify(&signed, multikey::key_in_method);
        assert!(matches!(outcome, data_integrity::ProofOutcome::Valid(_)), "{outcome:?}");
        let encoded = signed["credentialSubject"]["encodedList"].as_str().unwrap();
        assert_eq!(bitstring::decode_bit(encoded, 94_567), Ok(true));
    }
}
