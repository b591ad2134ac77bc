//! CASE packages as they are found, frameworks that are minted, and what achievements cover of them.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use policy::framework::{
    self, FrameworkSource, MAX_BYTES, MAX_DEPTH, MAX_ITEMS, ParsedFramework, coverage, coverage::AlignedAchievement,
    mint,
};

const BASE: &str = "https://registry.example";
const WRAPPED: &str = include_str!("../fixtures/case-1.1-wrapped.json");
const SMART_LEVEL: &str = include_str!("../fixtures/opensalt-smart-level.json");
const ITEM_TYPE: &str = include_str!("../fixtures/opensalt-item-type.json");

fn read(text: &str) -> ParsedFramework {
    framework::read(text.as_bytes(), BASE).unwrap()
}

fn refused(text: &str) -> String {
    framework::read(text.as_bytes(), BASE).unwrap_err().to_string()
}

#[test]
fn what_stands_below_an_item_is_what_stands_above_read_backwards() {
    for text in [WRAPPED, SMART_LEVEL, ITEM_TYPE] {
        let framework = read(text).framework;
        let all: BTreeSet<String> = framework.items.iter().map(|item| item.uri.clone()).collect();
        let above = framework.items_above(&all);
        for item in &all {
            let below = framework.items_below(&BTreeSet::from([item.clone()]));
            let with_it_above = above.iter().filter(|(_, above)| above.contains(item));
            assert_eq!(below, with_it_above.map(|(uri, _)| uri.clone()).collect(), "{item}");
        }
    }
    let smart = read(SMART_LEVEL).framework;
    let named: BTreeSet<String> = smart.items.iter().map(|item| item.uri.clone()).collect();
    assert!(smart.items_below(&named).is_empty(), "what is named is not told again");
}

#[test]
fn a_package_that_another_program_exported_is_read_with_its_tree() {
    let ParsedFramework {
        framework,
        depth,
        notes,
    } = read(SMART_LEVEL);
    assert_eq!((framework.items.len(), depth, notes.len()), (14, 2, 0));
    assert_eq!(framework.title, "SmartLevel Test");
    assert_eq!(
        (framework.source, framework.creator.as_deref()),
        (FrameworkSource::Case, Some("OpenSALT Testing"))
    );
    let below_first = framework
        .items
        .iter()
        .filter(|item| item.parents == ["00000000-0000-0000-0000-000000000001"]);
    assert_eq!(below_first.count(), 10);
    // Parents stand before their children.
    let mut seen = BTreeSet::new();
    for item in &framework.items {
        assert!(item.parents.iter().all(|parent| seen.contains(parent)), "{}", item.id);
        seen.insert(item.id.clone());
    }
    assert_eq!(read(ITEM_TYPE).framework.items[0].kind.as_deref(), Some("Standard"));
}

#[test]
fn a_wrapped_package_with_empty_strings_is_read_as_if_they_were_not_there() {
    let ParsedFramework {
        framework,
        depth,
        notes,
    } = read(WRAPPED);
    assert_eq!((framework.items.len(), depth), (4, 2));
    assert_eq!(framework.version.as_deref(), Some("2026"));
    assert_eq!(framework.subjects, Vec::<String>::new());
    let by_code = |code: Option<&str>| {
        framework
            .items
            .iter()
            .find(|item| item.code.as_deref() == code)
            .unwrap()
    };
    let child = by_code(Some("M.1"));
    assert_eq!(child.parents, ["7c0e2a52-6e0b-4c3a-9b53-0d6b3f1f0a10"]);
    assert_eq!(child.uri, "urn:uuid:7c0e2a52-6e0b-4c3a-9b53-0d6b3f1f0a11");
    assert_eq!(child.kind, None);
    assert_eq!(by_code(Some("A")).statement, "Teaching of Art");
    assert_eq!(by_code(None).statement, "Plans with colleagues");
    // What could not be kept is said.
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(
        notes[0].contains("`00000000-0000-4000-8000-000000000000` is not in the package"),
        "{notes:?}"
    );
    // The same without the wrapper is the same.
    let bare: serde_json::Value = serde_json::from_str(WRAPPED).unwrap();
    assert_eq!(read(&bare["CFPackage"].to_string()).framework, framework);
}

fn package(items: usize, associations: &[(usize, usize)]) -> String {
    let items: Vec<_> = (0..items)
        .map(|n| serde_json::json!({"identifier": format!("i{n}"), "fullStatement": "x"}))
        .collect();
    let associations: Vec<_> = associations
        .iter()
        .map(|(child, parent)| {
            serde_json::json!({"associationType": "isChildOf",
                "originNodeURI": {"identifier": format!("i{child}")},
                "destinationNodeURI": {"identifier": format!("i{parent}")}})
        })
        .collect();
    serde_json::json!({"CFDocument": {"identifier": "d", "title": "t"}, "CFItems": items, "CFAssociations": associations})
        .to_string()
}

#[test]
fn what_is_no_package_is_refused_and_says_why() {
    for (text, said) in [
        ("{}", "missing field `CFDocument`"),
        ("{\"CFPackage\": null}", "this is no CASE package"),
        ("{\"CFDocument\": {\"title\": \"t\"}}", "no `identifier`"),
        (
            "{\"CFDocument\": {\"identifier\": \"d\", \"title\": \"\"}}",
            "no `title`",
        ),
        ("[1]", "neither a CASE package nor a definition"),
        (&WRAPPED.replace("Plans with colleagues", ""), "says nothing"),
        (&WRAPPED.replace("Plans with colleagues", "Plans\\u0000"), "no text has"),
        (&WRAPPED.replace("0a13", "0a12"), "two items have the identifier or URI"),
        (&package(3, &[(0, 1), (1, 2), (2, 0)]), "in a circle"),
        (&package(1, &[(0, 0)]), "in a circle"),
        (&package(MAX_ITEMS + 1, &[]), "at most 50000"),
        (&format!("{{{}", " ".repeat(MAX_BYTES)), "at most 16 MiB"),
    ] {
        let wrong = refused(text);
        assert!(wrong.contains(said), "{said}: {wrong}");
    }
    let chain = |long: usize| (1..long).map(|n| (n, n - 1)).collect::<Vec<_>>();
    assert_eq!(read(&package(MAX_DEPTH, &chain(MAX_DEPTH))).depth, MAX_DEPTH);
    let deep = refused(&package(MAX_DEPTH + 1, &chain(MAX_DEPTH + 1)));
    assert!(deep.contains("33 deep"), "{deep}");
    assert!(
        framework::read(&[b'{', 0xff], BASE)
            .unwrap_err()
            .to_string()
            .contains("UTF-8")
    );
}

#[test]
fn the_largest_package_that_is_allowed_is_read() {
    let flat: Vec<(usize, usize)> = (1..MAX_ITEMS).map(|n| (n, 0)).collect();
    let read = read(&package(MAX_ITEMS, &flat));
    assert_eq!((read.framework.items.len(), read.depth), (MAX_ITEMS, 2));
}

#[test]
fn minted_items_have_stable_names_and_no_invented_wording() {
    for (id, text) in mint::SAMPLES {
        let minted = read(text);
        assert_eq!(minted.framework.id, id);
        assert_eq!(minted.framework.source, FrameworkSource::Minted);
        assert_eq!(minted.notes.len(), 1, "it says what is left out");
        assert_eq!(minted, read(text), "the same again");
    }
    let ncpts = read(mint::sample("ncpts").unwrap()).framework;
    assert_eq!(ncpts.items.len(), 5);
    assert_eq!(ncpts.items[4].uri, "https://registry.example/v1/frameworks/ncpts#5");
    assert_eq!(ncpts.items[4].statement, "Standard 5 (its wording is not held here)");
    let areas = read(mint::sample("nc-dlc-teachers").unwrap()).framework;
    assert_eq!(areas.items[1].statement, "Digital Citizenship");
    for (wrong, said) in [
        (
            "format = 1\nid = \"x y\"\ntitle = \"t\"\nlocator = \"l\"",
            "`x y` is no id",
        ),
        (
            "format = 2\nid = \"x\"\ntitle = \"t\"\nlocator = \"l\"",
            "`format` is 2",
        ),
        (
            "format = 1\nid = \"x\"\ntitle = \"t\"\nlocator = \"l\"\n[[item]]\nid = \"a\"\nsays = \"s\"\nbelow = \"b\"",
            "stands below `x.b`",
        ),
        ("format = 1\nfun = 2", "line 2"),
    ] {
        let told = refused(wrong);
        assert!(told.contains(said), "{told}");
    }
}

#[test]
fn coverage_counts_each_item_what_is_below_it_and_tested_subjects_apart() {
    let framework = read(WRAPPED).framework;
    let aligned = |badges: u64, items: &[&str]| AlignedAchievement {
        badges,
        items: items.iter().map(|item| (*item).to_owned()).collect(),
    };
    let achievements: BTreeMap<String, AlignedAchievement> = [
        // By URI, by identifier, and to an item that no framework has.
        (
            "a".to_owned(),
            aligned(3, &["urn:uuid:7c0e2a52-6e0b-4c3a-9b53-0d6b3f1f0a11"]),
        ),
        (
            "b".to_owned(),
            aligned(
                2,
                &[
                    "7c0e2a52-6e0b-4c3a-9b53-0d6b3f1f0a11",
                    "7c0e2a52-6e0b-4c3a-9b53-0d6b3f1f0a13",
                ],
            ),
        ),
        ("c".to_owned(), aligned(9, &["https://elsewhere.example/1"])),
    ]
    .into();
    let found = coverage::of(&framework, &["mathematics".to_owned()], &achievements).unwrap();
    let of = |code: Option<&str>| {
        let place = framework
            .items
            .iter()
            .position(|item| item.code.as_deref() == code)
            .unwrap();
        let item = &found.items[place];
        assert_eq!(item.place, place);
        (item.achievements, item.badges, item.with_below)
    };
    assert_eq!(of(Some("M")), (0, 0, 2), "both stand below it");
    assert_eq!(of(Some("M.1")), (2, 5, 2));
    assert_eq!(of(Some("A")), (0, 0, 0));
    assert_eq!(of(None), (1, 2, 1));
    let share = |share: coverage::CoverageShare| (share.items, share.aligned, share.with_below);
    assert_eq!(share(found.all), (4, 2, 3));
    assert_eq!(share(found.tested), (2, 1, 2), "M, and M.1 by the item above it");
    assert_eq!(share(found.not_tested), (1, 0, 0));
    assert_eq!(share(found.no_subject), (1, 1, 1));
    assert_eq!(
        share(coverage::of(&framework, &[], &achievements).unwrap().tested),
        (0, 0, 0)
    );
}
