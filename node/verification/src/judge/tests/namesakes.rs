//! An issuer that one agency registers under the name of another's: genuine, and not the one that is recognized.

use registry_schema::IssuerStanding;

use super::*;
use crate::names::{NameSimilarity, SimilarName};

fn other(name: &str, agency: &str) -> SimilarName {
    SimilarName {
        name: name.to_owned(),
        agency: id(agency),
        is_agency: false,
        likeness: NameSimilarity::Same,
    }
}

fn warnings(verdict: &Verdict) -> Vec<&str> {
    let of_name = verdict.findings.iter().filter(|f| f.code == "issuer.name_resembles");
    of_name.map(|f| f.detail.as_str()).collect()
}

#[test]
fn a_registered_namesake_of_a_recognized_issuer_is_told_apart_from_it() {
    let mut world = world();
    world.evidence.recognitions.clear();
    world.evidence.like_names = vec![other("Palmetto Academy", "US-TN"), other("Palmetto Academy", "US-TN")];
    let verdict = world.verdict();
    audit("a namesake", &verdict);
    assert_eq!(verdict.verdict, VerdictKind::NotRecognized);
    assert_eq!(verdict.issuer.as_ref().unwrap().standing, IssuerStanding::Registered);
    assert_eq!(
        verdict.sentence,
        "Genuine, but North Carolina does not recognize its issuer. Another issuer with this name, “Palmetto Academy”, an \
         issuer of Tennessee, is recognized: this badge is not from it."
    );
    assert_eq!(
        warnings(&verdict),
        [
            "another issuer, “Palmetto Academy”, an issuer of Tennessee, has this name, and is recognized in North Carolina; \
          nothing shows that this badge is from it"
        ]
    );
    // One letter looks like another.
    world.evidence.like_names = vec![other("P\u{0430}lmetto Academy", "US-TN")];
    let verdict = world.verdict();
    assert!(
        verdict
            .sentence
            .contains("Another issuer with a name like this, “P\u{0430}lmetto Academy”"),
        "{}",
        verdict.sentence
    );
    assert!(warnings(&verdict)[0].contains("has a name like “Palmetto Academy”"));
}

#[test]
fn of_the_recognized_one_itself_nothing_of_that_kind_is_said() {
    let mut world = world();
    world.evidence.like_names = vec![other("Palmetto Academy", "US-TN")];
    let verdict = world.verdict();
    assert_eq!(verdict.sentence, "Accepted in North Carolina for license renewal.");
    assert!(warnings(&verdict).is_empty());
    // Nor of a badge that nobody shows to be by the issuer that it names.
    world.evidence.recognitions.clear();
    world.forge = |d| d["name"] = serde_json::json!("x");
    assert!(warnings(&world.verdict()).is_empty());
}
