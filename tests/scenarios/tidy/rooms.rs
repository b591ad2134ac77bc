//! The dependencies between our crates: they point inwards, and what does IO has a room each.

use std::fs;

use toml::Table;

use super::{code, is_test, names, root, sources};

/// The crates of ours on which each may depend: inwards only.
const INWARDS: [(&str, &[&str]); 12] = [
    ("registry-schema", &[]),
    ("node/api-types", &["registry-schema"]),
    ("protocol", &["registry-schema"]),
    ("node/policy", &["registry-schema"]),
    ("node/words", &["registry-schema"]),
    ("node/verification", &["registry-schema", "policy"]),
    ("node/platform", &["registry-schema", "protocol", "verification"]),
    ("node/storage", &["registry-schema", "protocol", "policy", "platform"]),
    ("node/transport", &["api-types", "protocol", "platform"]),
    (
        "node/agency",
        &[
            "registry-schema",
            "protocol",
            "verification",
            "policy",
            "platform",
            "storage",
            "transport",
        ],
    ),
    (
        "node",
        &[
            "agency",
            "api-types",
            "registry-schema",
            "protocol",
            "verification",
            "policy",
            "platform",
            "storage",
            "transport",
            "words",
        ],
    ),
    (
        "ops",
        &["registry-schema", "api-types", "protocol", "verification", "policy"],
    ),
];

/// The crates that may depend on what does IO, and on what is not to be trusted with strangers' bytes.
const ROOMS: [(&str, &[&str]); 8] = [
    ("automerge", &["protocol"]),
    ("libp2p", &["node/transport"]),
    ("sqlx", &["node/storage"]),
    ("axum", &["node"]),
    (
        "tokio",
        &["node", "node/agency", "node/storage", "node/transport", "ops"],
    ),
    ("futures", &["node", "node/agency", "node/transport"]),
    ("reqwest", &["node", "node/agency", "node/transport", "ops"]),
    ("rustls", &["node", "node/transport", "ops"]),
];

/// The files in which each of these may be named at all. In comments it may be anywhere.
const NAMED_ONLY_IN: [(&str, &[&str]); 3] = [
    ("automerge", &["protocol/src/document.rs"]),
    (
        "libp2p",
        &["node/transport/src/network.rs", "node/transport/src/network/"],
    ),
    ("sqlx", &["node/storage/src/"]),
];

fn manifest(folder: &str) -> Table {
    let text = fs::read_to_string(root().join(folder).join("Cargo.toml")).expect("a manifest");
    text.parse().expect("TOML")
}

fn package(folder: &str) -> String {
    manifest(folder)["package"]["name"].as_str().expect("a name").to_owned()
}

fn dependencies_of(folder: &str, kinds: &[&str]) -> Vec<String> {
    let manifest = manifest(folder);
    let named = kinds.iter().filter_map(|kind| manifest.get(*kind)?.as_table());
    named.flat_map(|table| table.keys().cloned()).collect()
}

/// Returns the dependencies with which a crate is built, its tests aside.
fn dependencies(folder: &str) -> Vec<String> {
    let all = dependencies_of(folder, &["dependencies", "build-dependencies"]);
    assert!(!all.is_empty(), "{folder} has no dependencies?");
    all
}

#[test]
fn dependencies_point_inwards() {
    let ours: Vec<String> = INWARDS.iter().map(|(folder, _)| package(folder)).collect();
    for (folder, allowed) in INWARDS {
        let own = package(folder);
        let of_tests = dependencies_of(folder, &["dev-dependencies"]);
        // A test may say what the code leaves unsaid.
        let of_tests = of_tests.into_iter().filter(|dependency| dependency != "words");
        for dependency in dependencies(folder).into_iter().chain(of_tests) {
            let is_allowed = dependency == own || !ours.contains(&dependency) || allowed.contains(&dependency.as_str());
            assert!(is_allowed, "{folder} depends on {dependency}, which is not further in");
        }
    }
    // A crate that the rules do not know would follow none.
    let members = manifest("")["workspace"]["members"]
        .as_array()
        .expect("members")
        .clone();
    for member in members
        .iter()
        .filter_map(|member| member.as_str())
        .filter(|member| *member != "tests")
    {
        assert!(
            INWARDS.iter().any(|(folder, _)| *folder == member),
            "{member} has no rule here"
        );
    }
}

#[test]
fn what_does_io_is_known_in_its_room_alone() {
    for (folder, _) in INWARDS {
        for dependency in dependencies(folder) {
            if let Some((_, rooms)) = ROOMS.iter().find(|(name, _)| *name == dependency) {
                assert!(
                    rooms.contains(&folder),
                    "{folder} depends on {dependency}; only {rooms:?} may"
                );
            }
        }
    }
    for (name, rooms) in ROOMS {
        for room in rooms {
            assert!(
                dependencies(room).iter().any(|one| one == name),
                "{room} does not depend on {name} any more: is the rule still right?"
            );
        }
    }
    for (word, places) in NAMED_ONLY_IN {
        let mut seen = false;
        for (folder, _) in INWARDS {
            for (name, source) in sources(folder) {
                let allowed = places.iter().any(|place| name.starts_with(place));
                let named = names(&code(&source), word);
                seen |= allowed && named;
                assert!(
                    allowed || !named || is_test(&name),
                    "{name} names {word}; only {places:?} may"
                );
            }
        }
        assert!(seen, "nothing names {word} any more: is the rule still right?");
    }
}

#[test]
fn no_dependency_is_declared_and_not_used() {
    let mut unused = Vec::new();
    for (folder, _) in INWARDS {
        let all: String = sources(&format!("{folder}/src"))
            .iter()
            .map(|(_, source)| code(source))
            .collect();
        let of_this = dependencies(folder)
            .into_iter()
            .filter(|name| !names(&all, &name.replace('-', "_")));
        unused.extend(of_this.map(|name| format!("{folder}: {name}")));
    }
    assert_eq!(
        unused,
        Vec::<String>::new(),
        "for tests alone there are dev-dependencies"
    );
}
