//! Others on the machine of a node read nothing of it: keys, configuration, database and its log, profiles.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use registry_schema::{StatusReason, VerdictKind};
use rustix::fs::Mode;
use tests::{Federation, Program, TeacherScenario, TestAgency, eventually, ports, program};

/// All files and folders, the uppermost among them, with the bits that let others in.
fn open_to_others(folder: &Path) -> (usize, Vec<(PathBuf, u32)>) {
    let (mut seen, mut open) = (0, vec![]);
    let mut rest = vec![folder.to_owned()];
    while let Some(path) = rest.pop() {
        let known = match fs::symlink_metadata(&path) {
            Ok(known) => known,
            // What a database makes for a moment.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => panic!("{}: {error}", path.display()),
        };
        seen += 1;
        let mode = known.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            open.push((path.clone(), mode));
        }
        if known.is_dir() {
            rest.extend(
                fs::read_dir(&path)
                    .expect("a folder")
                    .map(|e| e.expect("an entry").path()),
            );
        }
    }
    (seen, open)
}

fn is_closed(folder: &Path, at_least: usize) {
    let (seen, open) = open_to_others(folder);
    assert!(seen >= at_least, "only {seen} files in {}", folder.display());
    assert!(open.is_empty(), "others on this machine can read {open:?}");
}

/// Most machines' umask, whatever this one's is; and the proof that a file made without care is open under it.
fn careless() {
    rustix::process::umask(Mode::from_raw_mode(0o022));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("careless");
    fs::write(&file, "").expect("a file");
    assert!(open_to_others(folder.path()).1.contains(&(file, 0o644)), "the control");
}

fn data_of(agency: &TestAgency) -> &str {
    agency.data().to_str().expect("a path")
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_on_the_machine_reads_what_a_node_keeps() {
    careless();
    let TeacherScenario { federation, issuer, .. } = Federation::with_a_badge().await;
    let sc = federation.agency("US-SC");
    for name in ["Casey Morgan", "Riley Brooks"] {
        let badge = sc.issues(&issuer, name).await;
        sc.suspends(&badge, StatusReason::Administrative).await;
        sc.revokes(&badge, StatusReason::IssuedInError).await;
        for agency in federation.agencies() {
            federation.awaits(agency, &badge, VerdictKind::NotValid).await;
        }
    }
    let proposal = sc.data().join("new.entry");
    let ended = sc
        .comity(&["key", "rotate", "--out", proposal.to_str().expect("a path")])
        .await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    fs::remove_file(proposal).expect("what the operator's command wrote");
    // A profile is the operator's file, which the harness writes.
    let _ = fs::remove_file(sc.data().join("operator.toml"));
    for agency in federation.agencies() {
        for file in [
            "registry.sqlite",
            "registry.sqlite-wal",
            "registry.sqlite-shm",
            "lock",
            "comity.toml",
            "keys/seal.key",
        ] {
            assert!(
                agency.data().join(file).exists(),
                "no {file}: is this test still about it?"
            );
        }
        is_closed(agency.data(), 12);
    }
    for agency in federation.agencies() {
        agency.stops().await;
        is_closed(agency.data(), 10);
        agency.starts().await;
    }
    federation.meets().await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_that_stood_open_is_closed_at_the_start_and_it_says_so() {
    careless();
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let nc = federation.agency("US-NC");
    nc.stops().await;
    let mut rest = vec![nc.data().to_owned()];
    while let Some(path) = rest.pop() {
        let is_folder = path.is_dir();
        fs::set_permissions(&path, Permissions::from_mode(if is_folder { 0o755 } else { 0o644 })).expect("a mode");
        if is_folder {
            rest.extend(
                fs::read_dir(&path)
                    .expect("a folder")
                    .map(|e| e.expect("an entry").path()),
            );
        }
    }
    let (seen, open) = open_to_others(nc.data());
    assert_eq!(seen, open.len(), "the control: all of it stands open");

    let program = nc.starts_program(&[]).await;
    assert!(
        program.said().contains("others on this machine could read"),
        "{}",
        program.said()
    );
    is_closed(nc.data(), 10);
    federation.awaits(nc, &badge, VerdictKind::Accepted).await;
    let ended = program::run("comityd", ["operator", "add", "alice", "--data", data_of(nc)], b"").await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    is_closed(nc.data(), 10);
    program.is_interrupted().await;
    assert_eq!(program.ends().await.0, Some(0));

    let program = nc.starts_program(&[]).await;
    assert!(
        !program.said().contains("could read"),
        "a second time there is nothing to say: {}",
        program.said()
    );
    program.is_interrupted().await;
    assert_eq!(program.ends().await.0, Some(0));
    nc.starts().await;
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_on_the_machine_reads_a_demo_or_a_new_node() {
    careless();
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    let node = path("node");
    let made = program::run(
        "comityd",
        [
            "init",
            "--agency",
            "US-NC",
            "--name",
            "North Carolina",
            "--url",
            "https://node.example",
            "--data",
            &node,
        ],
        b"",
    );
    let made = made.await;
    assert_eq!(made.code, Some(0), "{made:?}");
    is_closed(&folder.path().join("node"), 8);

    let (ready, port) = (path("ready"), ports::free_run(103).to_string());
    let mut demo = Program::comityd(["demo", "--dir", &path("demo"), "--port", &port, "--ready-file", &ready]);
    eventually("the demo is ready", async || match demo.ended() {
        Some(status) => panic!("the demo ended with {status}: {}", demo.said()),
        None => Path::new(&ready).exists().then_some(()).ok_or_else(|| demo.said()),
    })
    .await;
    for inside in ["profiles", "US-NC", "US-SC", "US-TN"] {
        is_closed(&folder.path().join("demo").join(inside), 4);
    }
    demo.is_interrupted().await;
    assert_eq!(demo.ends().await.0, Some(0));
}
