//! The rules of VCDM 2.0 (and 1.1) and Open Badges 3.0 that every badge must hold, each with the fault it gives.

use std::collections::BTreeMap;

use registry_schema::Timestamp;
use serde_json::{Map, Value};

use super::{DataModel, OpenBadge, StatusEntry, StructureFault, StructureProblem};
use crate::json::JsonObject;
use crate::{
    contexts::{CREDENTIALS_V1, CREDENTIALS_V2, LEARNER_RECORDS_PREFIX, OPEN_BADGES_PREFIX},
    foreign_list::MAX_SIZE,
    formats::BadgeFormat,
};

/// More entries than this say nothing about a badge and much about its sender.
const MAX_STATUS_ENTRIES: usize = 16;
const MAX_FAULTS: usize = 20;
/// In characters: what a status means, in the issuer's words.
const MAX_MESSAGE: usize = 200;

struct BadgeFaults(Vec<StructureFault>);

impl BadgeFaults {
    fn add(&mut self, place: &str, what: StructureProblem) {
        if self.0.len() < MAX_FAULTS {
            self.0.push(StructureFault {
                place: place.to_owned(),
                what,
            });
        }
    }

    /// A string that may be absent; anything else is a fault.
    fn text(&mut self, object: &JsonObject, key: &str, place: &str) -> Option<String> {
        match object.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => {
                self.add(place, StructureProblem::NoText);
                None
            }
        }
    }

    /// A URL or URN that may be absent.
    fn url(&mut self, object: &JsonObject, key: &str, place: &str) -> Option<String> {
        let text = self.text(object, key, place)?;
        if !is_url(&text) {
            self.add(place, StructureProblem::NoUrl);
        }
        Some(text)
    }

    fn needed<T>(&mut self, value: Option<T>, place: &str) -> Option<T> {
        if value.is_none() && !self.0.iter().any(|f| f.place == place) {
            self.add(place, StructureProblem::Missing);
        }
        value
    }

    /// A `dateTimeStamp` that may be absent (XML Schema 1.1: date, time and time zone, all three).
    fn moment(&mut self, object: &JsonObject, key: &str) -> Option<Timestamp> {
        let text = self.text(object, key, key)?;
        let moment = moment(&text);
        if moment.is_none() {
            self.add(key, StructureProblem::NoMoment);
        }
        moment
    }
}

/// Reads a `dateTimeStamp`.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let shape = text.len() <= 40 && text.contains('T') && !text.contains(['[', ' ']);
    text.parse().ok().filter(|_| shape)
}

/// The values of a `type`.
pub(crate) fn types(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let one = value.and_then(Value::as_str);
    let many = value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    one.into_iter().chain(many)
}

/// A scheme, a colon, something after it, and no white space.
pub(crate) fn is_url(text: &str) -> bool {
    let scheme = |s: &str| {
        s.starts_with(|c: char| c.is_ascii_alphabetic())
            && s.bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
    };
    text.split_once(':')
        .is_some_and(|(s, rest)| scheme(s) && !rest.is_empty())
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// Reads all of it; the caller puts document and form in, and of a record its parts.
pub(super) fn read(object: &JsonObject) -> OpenBadge {
    let mut faults = BadgeFaults(Vec::new());
    let is_record = types(object.get("type")).any(|kind| kind == super::record::KIND);
    let (standard, prefix) = match is_record {
        true => ("Comprehensive Learner Record 2.0", LEARNER_RECORDS_PREFIX),
        false => ("Open Badges 3.0", OPEN_BADGES_PREFIX),
    };
    let model = context(object, (standard, prefix), &mut faults);
    kinds(object, is_record, &mut faults);
    let id = faults.url(object, "id", "id");
    let (issuer_id, issuer_name) = issuer(object, &mut faults);
    let (valid_from, valid_until) = dates(object, model, &mut faults);
    let status = status(object, &mut faults);
    let subject = subject(object, &mut faults);
    let empty = Map::new();
    let person = subject.unwrap_or(&empty);
    // What a record lists there, it only explains; what was achieved stands in its badges.
    let achievement = match person.get("achievement").filter(|_| !is_record) {
        Some(Value::Object(achievement)) => Some(achievement),
        Some(Value::Array(many)) if many.len() > 1 => {
            faults.add("credentialSubject.achievement", StructureProblem::ManyAchievements);
            None
        }
        Some(_) => {
            faults.add("credentialSubject.achievement", StructureProblem::NoObject);
            None
        }
        None => None,
    };
    let achievement = if subject.is_some() && !is_record {
        faults.needed(achievement, "credentialSubject.achievement")
    } else {
        None
    };
    let (achievement_id, achievement_name) = achievement.map_or((None, None), |a| {
        let id = faults.url(a, "id", "credentialSubject.achievement.id");
        let name = faults.text(a, "name", "credentialSubject.achievement.name");
        let id = faults.needed(id, "credentialSubject.achievement.id");
        (id, faults.needed(name, "credentialSubject.achievement.name"))
    });
    let own_name = object.get("name").and_then(Value::as_str).map(str::to_owned);
    OpenBadge {
        document: Value::Null,
        form: BadgeFormat::Json,
        token: None,
        model,
        id,
        issuer_id,
        issuer_name,
        achievement_id,
        achievement_name: achievement_name.or(own_name),
        subject_id: faults.url(person, "id", "credentialSubject.id"),
        subject_name: subject_name(person),
        valid_from,
        valid_until,
        status,
        faults: faults.0,
        parts: Vec::new(),
    }
}

/// VCDM 2.0, §4.3: the first context is the data model's; Open Badges 3.0, §B.1.3, and CLR 2.0: its own is there too.
fn context(object: &JsonObject, (standard, prefix): (&'static str, &str), faults: &mut BadgeFaults) -> DataModel {
    let empty = Vec::new();
    let list = match object.get("@context") {
        Some(Value::Array(list)) => list,
        _ => {
            faults.add("@context", StructureProblem::NoList);
            &empty
        }
    };
    let model = match list.first().and_then(Value::as_str) {
        Some(CREDENTIALS_V2) => DataModel::V2,
        Some(CREDENTIALS_V1) => DataModel::V1,
        _ => {
            faults.add("@context", StructureProblem::BeginsOtherwise { first: CREDENTIALS_V2 });
            DataModel::V2
        }
    };
    if !list.iter().filter_map(Value::as_str).any(|c| c.starts_with(prefix)) {
        faults.add("@context", StructureProblem::LacksContext { standard });
    }
    model
}

fn kinds(object: &JsonObject, is_record: bool, faults: &mut BadgeFaults) {
    let has = |name: &str| types(object.get("type")).any(|t| t == name);
    if !has("VerifiableCredential") {
        faults.add(
            "type",
            StructureProblem::LacksType {
                name: "VerifiableCredential",
            },
        );
    }
    if !is_record && !has("OpenBadgeCredential") && !has("AchievementCredential") {
        faults.add(
            "type",
            StructureProblem::LacksType {
                name: "OpenBadgeCredential",
            },
        );
    }
}

fn issuer(object: &JsonObject, faults: &mut BadgeFaults) -> (String, Option<String>) {
    let (id, name) = match object.get("issuer") {
        Some(Value::String(_)) => (faults.url(object, "issuer", "issuer"), None),
        Some(Value::Object(profile)) => {
            let id = faults.url(profile, "id", "issuer.id");
            (
                faults.needed(id, "issuer.id"),
                faults.text(profile, "name", "issuer.name"),
            )
        }
        Some(_) => {
            faults.add("issuer", StructureProblem::NeitherUrlNorObject);
            (None, None)
        }
        None => (faults.needed(None, "issuer"), None),
    };
    (id.unwrap_or_default(), name)
}

/// Both spellings are read in both data models: whichever a signature covers must count.
fn dates(object: &JsonObject, model: DataModel, faults: &mut BadgeFaults) -> (Option<Timestamp>, Option<Timestamp>) {
    let from = [
        faults.moment(object, "validFrom"),
        faults.moment(object, "issuanceDate"),
    ];
    let until = [
        faults.moment(object, "validUntil"),
        faults.moment(object, "expirationDate"),
    ];
    if model == DataModel::V1 && !object.contains_key("issuanceDate") {
        faults.add("issuanceDate", StructureProblem::Missing);
    }
    let (from, until) = (from.into_iter().flatten().max(), until.into_iter().flatten().min());
    if let (Some(from), Some(until)) = (from, until)
        && until < from
    {
        faults.add("validUntil", StructureProblem::BeforeBeginning);
    }
    (from, until)
}

fn subject<'a>(object: &'a JsonObject, faults: &mut BadgeFaults) -> Option<&'a JsonObject> {
    match object.get("credentialSubject") {
        Some(Value::Object(subject)) => Some(subject),
        // JSON-LD does not keep the order of a list like this one, so "the first" would mean nothing.
        Some(Value::Array(many)) => match many.as_slice() {
            [Value::Object(subject)] => Some(subject),
            _ => {
                faults.add("credentialSubject", StructureProblem::NotOnePerson);
                None
            }
        },
        _ => {
            faults.add("credentialSubject", StructureProblem::Missing);
            None
        }
    }
}

fn subject_name(subject: &JsonObject) -> Option<String> {
    let identifiers = match subject.get("identifier") {
        Some(Value::Array(many)) => many.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let name = identifiers.iter().find_map(|i| {
        let is_name = i.get("identityType").and_then(Value::as_str) == Some("name");
        let hashed = i.get("hashed").and_then(Value::as_bool) != Some(false);
        i.get("identityHash")
            .and_then(Value::as_str)
            .filter(|_| is_name && !hashed)
    });
    name.or_else(|| subject.get("name").and_then(Value::as_str))
        .map(str::to_owned)
}

fn status(object: &JsonObject, faults: &mut BadgeFaults) -> Vec<StatusEntry> {
    let entries = match object.get("credentialStatus") {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Array(many)) => many.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    if entries.len() > MAX_STATUS_ENTRIES {
        faults.add(
            "credentialStatus",
            StructureProblem::TooManyEntries {
                most: MAX_STATUS_ENTRIES,
            },
        );
    }
    let read = |entry: &Value| match entry {
        Value::Object(entry) => Some(status_entry(entry, faults)),
        _ => {
            faults.add("credentialStatus", StructureProblem::NoObject);
            None
        }
    };
    entries.iter().take(MAX_STATUS_ENTRIES).filter_map(read).collect()
}

/// One entry. It keeps its place in the list even with a fault, so that the evidence lines up with it.
fn status_entry(entry: &JsonObject, faults: &mut BadgeFaults) -> StatusEntry {
    let kind = types(entry.get("type")).next().unwrap_or_default().to_owned();
    if kind.is_empty() {
        faults.add("credentialStatus.type", StructureProblem::Missing);
    }
    let purpose = faults.text(entry, "statusPurpose", "credentialStatus.statusPurpose");
    let list = faults.url(entry, "statusListCredential", "credentialStatus.statusListCredential");
    let index = faults.text(entry, "statusListIndex", "credentialStatus.statusListIndex");
    // Bitstring Status List v1.0, §2.1: an integer, written as a string.
    let digits = index.filter(|i| i.bytes().all(|b| b.is_ascii_digit()));
    let index = digits.and_then(|i| i.parse().ok());
    // §2.1: a whole number above zero, 1 if absent. An index counts entries of that size.
    let size = match entry.get("statusSize") {
        None => 1,
        Some(size) => size.as_u64().unwrap_or(0),
    };
    if size == 0 {
        faults.add("credentialStatus.statusSize", StructureProblem::NoSize);
    }
    let mut read = StatusEntry {
        kind,
        purpose,
        list: String::new(),
        index,
        size: u8::try_from(size).ok().filter(|size| *size > 0),
        messages: messages(entry.get("statusMessages").or_else(|| entry.get("statusMessage"))),
    };
    if read.is_bitstring() {
        faults.needed(read.purpose.as_ref(), "credentialStatus.statusPurpose");
        faults.needed(list.as_ref(), "credentialStatus.statusListCredential");
        if index.is_none() {
            faults.add("credentialStatus.statusListIndex", StructureProblem::NoIndex);
        }
    }
    let id = entry.get("id").and_then(Value::as_str).map(str::to_owned);
    read.list = list.or(id).unwrap_or_default();
    read
}

/// The meaning of each status: `{"status": "0x1", "message": "…"}` (Bitstring Status List v1.0, §2.1).
fn messages(value: Option<&Value>) -> BTreeMap<u32, String> {
    let all = value.and_then(Value::as_array).into_iter().flatten();
    let read = |one: &Value| {
        let status = one.get("status")?.as_str()?.strip_prefix("0x")?;
        let message = one.get("message")?.as_str()?;
        Some((
            u32::from_str_radix(status, 16).ok()?,
            message.chars().take(MAX_MESSAGE).collect(),
        ))
    };
    all.take(1 << MAX_SIZE).filter_map(read).collect()
}
