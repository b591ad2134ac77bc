//! Rules about the code that matter enough to be tests.

mod mutants;
mod rooms;
mod schemas;

use std::{
    fs,
    path::{Path, PathBuf},
};

use tests::Federation;
use toml::Table;

/// The sources of the crates that a node consists of, but those of the pure ones.
const NODE_CRATES: [&str; 5] = [
    "node/src",
    "node/agency/src",
    "node/platform/src",
    "node/storage/src",
    "node/transport/src",
];

/// The crates that have no IO, no clock, no threads and no chance of their own.
const PURE: [&str; 6] = [
    "registry-schema",
    "protocol",
    "node/api-types",
    "node/verification",
    "node/policy",
    "node/words",
];
const IMPURE: [&str; 13] = [
    "tokio",
    "reqwest",
    "async fn",
    ".await",
    "std::net",
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant::now",
    "rand::rng(",
    "println!",
];

/// The calls that make files or folders with a mode that the machine chooses, and who may: what makes the others' modes, and
/// what writes for others to read.
const MAKES_FILES: [&str; 6] = [
    "File::create",
    "fs::write",
    "fs::copy",
    "create_dir",
    "create_dir_all",
    "OpenOptions",
];
const WRITES_FOR_OTHERS: [&str; 5] = [
    "node/platform/src/private.rs",
    "node/transport/src/mirror/copy.rs",
    "node/src/demo.rs",
    "node/src/demo/samples.rs",
    "node/src/demo/teacher.rs",
];

const MOST_LINES: usize = 450;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests are a crate of a workspace")
        .to_owned()
}

/// All files below a folder but what is built or fetched.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if matches!(name, "target" | "node_modules" | ".git" | "comity-demo") {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "{} is empty", folder.display());
    found.sort();
    found
}

/// The Rust sources of a crate, with their paths as the rules write them.
fn sources(folder: &str) -> Vec<(String, String)> {
    let root = root();
    let rust = files(&root.join(folder))
        .into_iter()
        .filter(|path| path.extension().is_some_and(|e| e == "rs"));
    rust.map(|path| {
        let name = path
            .strip_prefix(&root)
            .expect("below the root")
            .to_str()
            .expect("Unicode")
            .to_owned();
        (name, fs::read_to_string(&path).expect("a source"))
    })
    .collect()
}

/// The Rust sources of all crates that a node consists of, but those of the pure ones.
fn node_sources() -> impl Iterator<Item = (String, String)> {
    NODE_CRATES.into_iter().flat_map(sources)
}

/// Returns the part of a source that runs in a node: without comments, and without its tests.
fn code(source: &str) -> String {
    let before_tests = source.split("#[cfg(test)]\nmod ").next().unwrap_or(source);
    let lines = before_tests
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

fn is_test(name: &str) -> bool {
    name.contains("/tests/") || name.ends_with("/tests.rs")
}

fn names(code: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back().is_some_and(part);
        let after = code[at + word.len()..].chars().next().is_some_and(part);
        !before && !after
    })
}

#[test]
fn what_a_node_keeps_is_made_closed_to_others() {
    let mut used = vec![];
    for (name, source) in node_sources() {
        let code = code(&source);
        for word in MAKES_FILES.into_iter().filter(|word| names(&code, word)) {
            used.push(name.clone());
            assert!(
                WRITES_FOR_OTHERS.contains(&name.as_str()) || is_test(&name),
                "{name} says `{word}`: make files and folders by `private`"
            );
        }
    }
    for name in WRITES_FOR_OTHERS {
        assert!(
            used.iter().any(|one| one == name),
            "{name} makes no file any more: is the rule still right?"
        );
    }
}

#[test]
fn what_is_pure_stays_pure() {
    for folder in PURE {
        for (name, source) in sources(&format!("{folder}/src")) {
            let code = code(&source);
            for word in IMPURE {
                assert!(!code.contains(word) || is_test(&name), "{name} says `{word}`");
            }
        }
    }
    // The rule can fail: the node's own sources break it.
    let node: String = node_sources().map(|(_, source)| code(&source)).collect();
    for word in ["tokio", ".await", "SystemTime", "rand::rng("] {
        assert!(node.contains(word), "the rule does not see `{word}`");
    }
}

/// The one place in the node's own sources where a path is bound to a handler; what is shared with clients is in `api-types`.
const TABLE_OF_ROUTES: &str = "node/src/api/table.rs";

/// What a route needs is declared beside it: no other source knows a path, makes a route, or reads a body.
#[test]
fn a_path_stands_in_the_table_of_routes_alone() {
    let paths = [
        "\"/v1/",
        "}/v1/",
        "\"/federation/",
        "\"/credentials/",
        "\"/presentations/",
    ];
    let routers = ["Router::new(", ".routes(", "axum::routing"];
    let readers = ["Multipart", "JsonRejection", "axum::Form", "into_data_stream("];
    let may_read = ["node/src/api/body.rs", "node/src/api/arrivals.rs", "node/src/api.rs"];
    let mut seen = false;
    for (name, source) in sources("node/src") {
        // The pages themselves are words for people, with links in them.
        if is_test(&name) || name.starts_with("node/src/web/pages/") {
            continue;
        }
        let code = code(&source);
        for path in paths {
            assert!(
                !code.contains(path),
                "{name} says `{path}`: take the path from `api_types::routes`"
            );
        }
        for router in routers {
            let is_table = name == TABLE_OF_ROUTES;
            seen |= is_table && code.contains(router);
            assert!(
                is_table || !code.contains(router),
                "{name} says `{router}`: a route is a row of {TABLE_OF_ROUTES}"
            );
        }
        for reader in readers {
            assert!(
                may_read.contains(&name.as_str()) || !code.contains(reader),
                "{name} says `{reader}`: `body::Body` reads what a request carries"
            );
        }
    }
    assert!(seen, "the rule does not see the table");
}

/// A lock that blocks a thread is reached through `lock::Lock` alone, whose closure ends before anything awaits.
#[test]
fn no_thread_waits_for_a_lock_that_is_held_across_calls() {
    for (name, source) in node_sources() {
        let code = code(&source);
        for word in ["RwLock", "PoisonError", "MutexGuard", "parking_lot"] {
            let is_its_room = name == "node/platform/src/lock.rs" || is_test(&name);
            let is_tokios = word == "MutexGuard" && code.contains("tokio::sync::MutexGuard");
            assert!(
                is_its_room || is_tokios || !names(&code, word),
                "{name} says `{word}`: use `lock::Lock`, or a snapshot that nobody waits for"
            );
        }
    }
}

/// A file has the size of its subject. One that is cut in two only to pass a limit is worse than a long one.
#[test]
fn nine_files_in_ten_are_read_in_one_sitting() {
    let others = [
        "registry-schema/src",
        "protocol/src",
        "node/api-types/src",
        "node/verification/src",
        "node/policy/src",
        "ops/src",
        "tests/src",
        "tests/scenarios",
    ];
    let files = NODE_CRATES.into_iter().chain(others).flat_map(sources);
    let (short, long): (Vec<_>, Vec<_>) = files
        .map(|(name, source)| (source.lines().count(), name))
        .partition(|(lines, _)| *lines <= MOST_LINES);
    assert!(
        long.len() * 9 <= short.len(),
        "more than one file in ten has over {MOST_LINES} lines: {long:?}"
    );
    for (lines, name) in long {
        assert!(
            lines <= 2 * MOST_LINES,
            "{name} has {lines} lines: split it by what it does"
        );
    }
}

/// `ops/PROMISES.md` names tests by module and function; each is there, and each module of the promises is named.
#[test]
fn every_promise_names_tests_that_are_there() {
    let text = fs::read_to_string(root().join("ops/PROMISES.md")).expect("the promises");
    let rows = text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| |"));
    let mut named = Vec::new();
    for (number, row) in rows.enumerate() {
        assert!(row.starts_with(&format!("| {} |", number + 1)), "{row}");
        let tests = row.split('`').skip(1).step_by(2).filter(|word| word.contains("::"));
        let before = named.len();
        for test in tests {
            let (module, function) = test.rsplit_once("::").expect("a module and a function");
            let file = root().join(format!("tests/scenarios/promises/{}.rs", module.replace("::", "/")));
            let source = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            assert!(source.contains(&format!("fn {function}()")), "{test} is not there");
            named.push(module.split("::").next().unwrap_or(module).to_owned());
        }
        assert!(named.len() > before, "no test holds this: {row}");
    }
    let modules = fs::read_to_string(root().join("tests/scenarios/promises.rs")).expect("the promises' modules");
    let modules: Vec<&str> = modules.lines().filter_map(|line| line.strip_prefix("mod ")).collect();
    assert_eq!(modules.len(), 10, "ten promises: {modules:?}");
    for module in modules {
        let module = module.trim_end_matches([' ', '{', ';']);
        assert!(named.iter().any(|one| one == module), "no promise names {module}");
    }
}

/// CVE-2026-32314: a peer's first frame can make an older yamux panic; loose requirements resolve to it in silence.
#[test]
fn the_multiplexer_is_one_that_no_first_frame_can_kill() {
    let lock: Table = fs::read_to_string(root().join("Cargo.lock"))
        .expect("a lock")
        .parse()
        .expect("TOML");
    let packages = lock["package"].as_array().expect("packages");
    let versions = |name: &str| -> Vec<Vec<u64>> {
        let of = packages.iter().filter(|package| package["name"].as_str() == Some(name));
        of.map(|package| {
            let version = package["version"].as_str().expect("a version");
            version
                .split(['.', '-', '+'])
                .map_while(|part| part.parse().ok())
                .collect()
        })
        .collect()
    };
    let yamux = versions("yamux");
    assert!(!yamux.is_empty(), "no yamux in the lock: is the rule still right?");
    for version in yamux {
        assert!(version >= vec![0, 13, 10], "yamux {version:?}");
    }
    for version in versions("libp2p") {
        assert!(version >= vec![0, 57, 1], "libp2p {version:?}");
    }
}

#[test]
fn no_file_knows_the_machine_that_it_was_written_on() {
    let root = root();
    let mut forbidden = vec![
        root.display().to_string(),
        ["/ho", "me/"].concat(),
        ["/Us", "ers/"].concat(),
    ];
    forbidden.extend(
        std::env::var("HOME")
            .ok()
            .filter(|home| home.len() > 1)
            .map(|home| format!("{home}/")),
    );
    for path in files(&root) {
        let Ok(text) = String::from_utf8(fs::read(&path).expect("a file")) else {
            continue;
        };
        for word in &forbidden {
            assert!(!text.contains(word.as_str()), "{} names `{word}`", path.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_code_has_a_page_that_explains_it() {
    let federation = Federation::start(&["US-NC"]).await;
    let employer = federation.employer_at("US-NC");
    let index = employer.reads("/help").await.with_status(200).text();
    let mut codes: Vec<String> = verification::codes::all()
        .iter()
        .map(|code| code.name.to_owned())
        .collect();
    codes.extend(
        index
            .split("href=\"/help/")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .map(str::to_owned),
    );
    codes.sort();
    codes.dedup();
    assert!(
        codes.iter().any(|code| code == "request.too_large"),
        "the index has the requests' codes too: {codes:?}"
    );
    for code in codes {
        let page = employer.reads(&format!("/help/{code}")).await.with_status(200);
        assert_eq!(page.content_type, "text/html");
        assert!(page.text().contains(&code), "{code} is not on its own page");
        assert!(index.contains(&format!("/help/{code}")), "{code} is not in the index");
    }
    assert_eq!(employer.reads("/help/no.such_code").await.status, 404);
    federation.audit().await;
}
