//! The facts of a badge and the lists that an agency's rules are held against. **Pure.** What is not said is not known.

use std::{collections::BTreeSet, str::FromStr};

use policy::BadgeFacts;
use registry_schema::{
    AgencyId, Decimal, Purpose, RecognitionScope,
    achievement::{ASSESSED_BLIND, CEUS, CLOCK_HOURS},
};
use serde_json::Value;

use crate::{
    Evidence,
    followed::{self, ListFreshness, RecognitionPath, RecognitionQuery},
    home::{self, HomeAgencies},
};

/// Most results of a badge that are read.
const MOST_RESULTS: usize = 100;

/// The statements of a badge on itself by its results (Open Badges 3.0, `AchievementSubject.result`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BadgeResults {
    /// The clock hours that it stands for ([`CLOCK_HOURS`]).
    pub clock_hours: Option<Decimal>,
    /// The continuing-education units that it stands for ([`CEUS`]).
    pub ceus: Option<Decimal>,
    /// To how many per cent it was mastered (`Percent`).
    pub mastery: Option<Decimal>,
    /// True if it was assessed blind ([`ASSESSED_BLIND`]).
    pub assessed_blind: Option<bool>,
}

fn subject(document: &Value) -> Option<&Value> {
    document
        .get("credentialSubject")
        .or_else(|| document.get("vc")?.get("credentialSubject"))
}

fn listed(value: Option<&Value>) -> &[Value] {
    match value {
        Some(Value::Array(all)) => all,
        Some(one) => std::slice::from_ref(one),
        None => &[],
    }
}

/// The statements of the badge on itself. A result counts by the `resultType` of its description in the badge; where two of
/// one type differ, nothing is known.
#[must_use]
pub fn stated(document: &Value) -> BadgeResults {
    let Some(subject) = subject(document) else {
        return BadgeResults::default();
    };
    let descriptions = listed(subject.get("achievement").and_then(|it| it.get("resultDescription")));
    let results = listed(subject.get("result"));
    BadgeResults {
        clock_hours: of_type(results, descriptions, CLOCK_HOURS),
        ceus: of_type(results, descriptions, CEUS),
        mastery: of_type(results, descriptions, "Percent").filter(|percent| *percent <= Decimal::whole(100)),
        assessed_blind: of_type(results, descriptions, ASSESSED_BLIND),
    }
}

/// The value of the results of this type, if all say the same.
fn of_type<T: FromStr + PartialEq>(results: &[Value], descriptions: &[Value], wanted: &str) -> Option<T> {
    let is_described = |id: &Value| {
        descriptions
            .iter()
            .take(MOST_RESULTS)
            .any(|one| one.get("id") == Some(id) && one.get("resultType").and_then(Value::as_str) == Some(wanted))
    };
    let mut values = results
        .iter()
        .take(MOST_RESULTS)
        .filter(|result| result.get("resultDescription").is_some_and(is_described))
        .map(|result| result.get("value").and_then(Value::as_str)?.trim().parse::<T>().ok());
    let first = values.next()??;
    values.all(|other| other.as_ref() == Some(&first)).then_some(first)
}

/// The items of frameworks that the badge says it is aligned to (Open Badges 3.0, `Achievement.alignment`).
#[must_use]
pub fn alignments(document: &Value) -> Option<Vec<String>> {
    let items = listed(Some(subject(document)?.get("achievement")?.get("alignment")?));
    let ids = items
        .iter()
        .flat_map(|item| ["targetUrl", "targetCode"].map(|field| item.get(field)));
    Some(ids.flatten().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// The items that the badge says it is aligned to, each by its URL; none for one that has none.
pub fn targets(document: &Value) -> impl Iterator<Item = Option<&str>> {
    let achievement = subject(document).and_then(|subject| subject.get("achievement"));
    let items = listed(achievement.and_then(|achievement| achievement.get("alignment")));
    items.iter().map(|item| item.get("targetUrl").and_then(Value::as_str))
}

/// The items of frameworks that recognitions in the evidence, or the asked agency's policy, name.
#[must_use]
pub fn items_named(evidence: &Evidence) -> BTreeSet<&str> {
    let of_issuers = evidence.recognitions.iter().map(|entry| &entry.recognition.scope);
    let of_agencies = evidence
        .agency_recognitions
        .iter()
        .map(|entry| &entry.recognition.scope);
    let of_scopes = of_issuers.chain(of_agencies).filter_map(|scope| match scope {
        RecognitionScope::Aligned(items) => Some(items),
        _ => None,
    });
    let of_scopes = of_scopes.flatten().map(String::as_str);
    let of_rules = evidence.policy.iter().flat_map(|policy| policy.items_named());
    of_scopes.chain(of_rules).collect()
}

/// Returns true if a recognition of the asked agency itself names the achievement, and not only its issuer.
pub(crate) fn names_the_achievement(held: &[RecognitionPath<'_>]) -> bool {
    let mut own = held.iter().filter(|held| held.via.is_empty());
    own.any(|held| {
        matches!(
            held.entry.recognition.scope,
            RecognitionScope::Achievements(_) | RecognitionScope::Stack(_)
        )
    })
}

/// The facts of a badge of this issuer and achievement by the lists alone, for an answer of this agency: whether its issuer
/// is recognized, and for what, is not known where that rests on a list that is too old, or on an expelled agency.
#[must_use]
pub fn of_lists(
    evidence: &Evidence,
    agency: &AgencyId,
    sought: &RecognitionQuery<'_>,
    lists: ListFreshness,
) -> BadgeFacts {
    let held = followed::held(evidence, agency, sought, lists);
    let mut purposes: Vec<Purpose> = held.iter().flat_map(|held| held.purposes.iter().copied()).collect();
    purposes.sort_unstable();
    purposes.dedup();
    let homes = HomeAgencies::of(evidence, agency, sought.issuer);
    let home = home::entry(evidence, &homes, sought.issuer);
    let is_expelled = home.is_some_and(|issuer| evidence.expelled.contains_key(&issuer.agency));
    // What would be held by lists of any age, and is not by those that may be believed, is not known.
    let in_doubt = purposes.is_empty() && !followed::held(evidence, agency, sought, ListFreshness::Any).is_empty();
    BadgeFacts {
        issuer: sought.issuer.to_owned(),
        recognized_for: (!is_expelled && !in_doubt).then_some(purposes),
        issuer_agency: home.map(|issuer| issuer.agency.clone()),
        provider: home.and_then(|issuer| issuer.provider),
        achievement: sought.achievement.map(str::to_owned),
        alignments: Some(sought.alignments.to_vec()),
        // Who recognizes an achievement by name, or in a stack, has approved it; who recognizes all, has not said.
        achievement_approved: names_the_achievement(&held).then_some(true),
        earned: sought.issued,
        // A badge that was read is the provider's signed certificate.
        shown: [("digital certificate".to_owned(), true)].into(),
        ..BadgeFacts::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn badge(results: Value, descriptions: Value) -> Value {
        json!({"credentialSubject": {"achievement": {"resultDescription": descriptions}, "result": results}})
    }

    #[test]
    fn a_result_counts_by_its_described_type_and_nothing_where_two_differ() {
        let described = json!([
            {"id": "urn:h", "resultType": "ext:ClockHours"},
            {"id": "urn:p", "resultType": "Percent"},
            {"id": "urn:c", "resultType": "ext:CEU"},
        ]);
        let hours = |value: &str| json!({"resultDescription": "urn:h", "value": value});
        let some = |text: &str| Some(text.parse::<Decimal>().unwrap());
        let all = json!([hours("10"), {"resultDescription": "urn:p", "value": "85"}, {"resultDescription": "urn:c", "value": "1.5"}]);
        let read = stated(&badge(all, described.clone()));
        assert_eq!(
            (read.clock_hours, read.mastery, read.ceus),
            (some("10"), some("85"), some("1.5"))
        );
        for (results, why) in [
            (json!([hours("10"), hours("12")]), "two differ"),
            (json!([hours("ten")]), "no number"),
            (json!([hours("-1")]), "less than nothing"),
            (json!([{"value": "10"}]), "no type"),
            (
                json!([{"resultDescription": "urn:x", "value": "10"}]),
                "described nowhere",
            ),
            (
                json!([{"resultDescription": "urn:h", "value": 10}]),
                "the standard has texts",
            ),
        ] {
            assert_eq!(stated(&badge(results, described.clone())).clock_hours, None, "{why}");
        }
        assert_eq!(
            stated(&badge(hours("4"), described)).clock_hours,
            some("4"),
            "one, not in a list"
        );
        let too_much = badge(
            json!([{"resultDescription": "urn:p", "value": "101"}]),
            json!({"id": "urn:p", "resultType": "Percent"}),
        );
        assert_eq!(stated(&too_much).mastery, None);
        // Whether it was assessed blind is said with a yes or a no, and never guessed.
        let blind = |results: Value| {
            stated(&badge(
                results,
                json!({"id": "urn:b", "resultType": "ext:AssessedBlind"}),
            ))
        };
        let says = |value: &str| json!({"resultDescription": "urn:b", "value": value});
        assert_eq!(blind(says("true")).assessed_blind, Some(true));
        assert_eq!(blind(says("false")).assessed_blind, Some(false));
        for unclear in [
            json!([says("true"), says("false")]),
            says("yes"),
            says("1"),
            says(""),
            json!([]),
        ] {
            assert_eq!(blind(unclear.clone()).assessed_blind, None, "{unclear}");
        }
        // Credits are hours of a kind that the standard leaves open: not taken for clock hours.
        let credits = json!({"credentialSubject": {"creditsEarned": 3.0, "achievement": {"creditsAvailable": 3.0}}});
        assert_eq!(stated(&credits), BadgeResults::default());
    }
}
