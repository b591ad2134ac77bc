//! The keys of an agency's root are not where a thief of the running node finds them; where they are, it is said until they
//! are gone.

use std::{fs, path::Path};

use serde_json::Value;
use tests::{Federation, program, program::ProgramOutput};

async fn init(data: &Path, more: &[&str]) -> ProgramOutput {
    let data = data.to_str().expect("a path");
    let fixed = [
        "init",
        "--agency",
        "US-NC",
        "--name",
        "North Carolina",
        "--url",
        "https://node.example",
        "--data",
        data,
    ];
    program::run("comityd", fixed.iter().chain(more), b"").await
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_new_nodes_root_keys_are_never_in_its_folder_if_they_have_one_of_their_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let text = |name: &str| at(name).to_str().expect("a path").to_owned();
    // A medium that is not mounted is no folder on this disk instead.
    let away = init(&at("node"), &["--root-out", &text("stick")]).await;
    assert!(
        away.code == Some(1) && away.stderr.contains("mount the medium"),
        "{away:?}"
    );
    assert_eq!(names(folder.path()), Vec::<String>::new());
    fs::create_dir(at("stick")).expect("a folder");
    let made = init(&at("node"), &["--root-out", &text("stick")]).await;
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(made.stderr.contains("on the same file system"), "{made:?}");
    assert_eq!(names(&at("stick")), ["next-root.key", "root.key"]);
    assert_eq!(
        names(&at("node/keys")),
        ["badge.key", "node.key", "seal.key", "writer.key"]
    );
    assert!(made.stdout.contains("stick` offline"), "{made:?}");
    // They are the root's.
    let root = agency::root::key(&at("stick/root.key")).expect("a key").public();
    let [root, next] = [
        root,
        agency::root::key(&at("stick/next-root.key")).expect("a key").public(),
    ];
    assert_ne!(root, next);

    // Another agency's root is not written over, and the second try needs no cleaning up.
    let before = fs::read(at("stick/root.key")).expect("a key");
    let refused = init(&at("second"), &["--root-out", &text("stick")]).await;
    assert!(
        refused.code == Some(1) && refused.stderr.contains("there already"),
        "{refused:?}"
    );
    assert_eq!(fs::read(at("stick/root.key")).expect("a key"), before);
    for within in ["second", "second/keys", "second/../second/keys"] {
        let refused = init(&at("second"), &["--root-out", &text(within)]).await;
        assert!(
            refused.code == Some(1) && refused.stderr.contains("data directory"),
            "{refused:?}"
        );
        let left: Vec<String> = names(&at("second")).into_iter().filter(|name| name != "keys").collect();
        assert_eq!(left, Vec::<String>::new());
        let _ = fs::remove_dir_all(at("second"));
    }
    std::os::unix::fs::symlink(at("second"), at("link")).expect("a link");
    fs::create_dir(at("second")).expect("a folder");
    let refused = init(&at("second"), &["--root-out", &text("link")]).await;
    assert!(
        refused.code == Some(1) && refused.stderr.contains("data directory"),
        "{refused:?}"
    );
    fs::create_dir(at("other stick")).expect("a folder");
    let made = init(&at("second"), &["--root-out", &text("other stick")]).await;
    assert_eq!(made.code, Some(0), "{made:?}");
    let without = init(&at("third"), &[]).await;
    assert!(
        without.code == Some(0) && without.stdout.contains("offline"),
        "{without:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_key_in_the_running_nodes_folder_is_told_until_it_is_gone() {
    let federation = Federation::start(&["US-NC"]).await;
    let nc = federation.agency("US-NC");
    let keys = nc.data().join("keys");
    let warned = async || -> Vec<String> {
        let ended = nc.comity(&["--output", "json", "status"]).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let said: Value = serde_json::from_str(&ended.stdout).expect("JSON");
        let warnings = said["warnings"].as_array().expect("warnings").clone();
        let details = warnings
            .iter()
            .map(|warning| warning["detail"].as_str().expect("a detail").to_owned());
        details.collect()
    };
    let both = warned().await;
    assert!(
        both.len() == 2 && both[0].contains("next-root.key") && both[1].contains("/root.key"),
        "{both:?}"
    );
    let people = nc.comity(&["status"]).await;
    let words = people.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("warning:") && words.contains("move it to a place that is offline"),
        "{people:?}"
    );
    // A weakness is told to operators, and to nobody else.
    let stranger = program::comity(["--node", nc.url(), "status"]).await;
    assert!(
        stranger.code == Some(0) && !stranger.stdout.contains("root"),
        "{stranger:?}"
    );

    // Another name makes it no other key.
    fs::rename(keys.join("root.key"), keys.join("writer-old.key.bak")).expect("a key");
    fs::remove_file(keys.join("next-root.key")).expect("a key");
    let renamed = warned().await;
    assert!(
        renamed.len() == 1 && renamed[0].contains("writer-old.key.bak"),
        "{renamed:?}"
    );
    nc.stops().await;
    let program = nc.starts_program(&[]).await;
    tests::eventually("the program warns", async || {
        let said = program.said();
        if said.contains("holds a key of this agency's root") {
            Ok(())
        } else {
            Err(said)
        }
    })
    .await;
    program.is_interrupted().await;
    assert_eq!(program.ends().await.0, Some(0));

    fs::remove_file(keys.join("writer-old.key.bak")).expect("a key");
    let program = nc.starts_program(&[]).await;
    assert!(!program.said().contains("root"), "{}", program.said());
    assert_eq!(warned().await, Vec::<String>::new());
    program.is_interrupted().await;
    assert_eq!(program.ends().await.0, Some(0));
    nc.starts().await;
    federation.audit().await;
}
