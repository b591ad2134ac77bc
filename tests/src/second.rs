//! The second implementation of the protocol: `tests/second`, run by Python.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Stdio,
};

use node::config::MirrorConfig;
use registry_schema::Issuer;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::Mutex,
};

use crate::{
    FederationClock, TestAgency, eventually,
    program::{ProgramOutput, bare, finish},
};

/// An agency whose every byte is written by the second implementation, and the web server that has its files.
#[derive(Debug)]
pub struct SecondAgency {
    id: String,
    genesis: String,
    url: String,
    roots: PathBuf,
    clock: FederationClock,
    pipes: Mutex<(ChildStdin, Lines<BufReader<ChildStdout>>)>,
    // It ends with the agency.
    _program: Child,
    _folder: TempDir,
}

fn tests() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn python(module: &str) -> Command {
    let python = tests().join("../target/second/bin/python");
    assert!(
        python.is_file(),
        "its environment is not there: run tests/run, or see tests/second/README.md"
    );
    let mut command = bare(python);
    command.current_dir(tests()).args(["-m", module]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs one of its programs to its end.
pub async fn runs(module: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> ProgramOutput {
    let mut command = python(module);
    command.args(arguments);
    finish(command, b"").await
}

/// Runs one of its programs, which does not fail; gives the JSON that it prints.
///
/// # Panics
/// If it fails.
pub async fn says(module: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Value {
    let ended = runs(module, arguments).await;
    assert_eq!(ended.code, Some(0), "{module}: {ended:?}");
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{module}: {error}: {ended:?}"))
}

/// Returns the oracle's reading of the bytes in an agency's store.
pub async fn oracle(of: &TestAgency) -> Value {
    let store = of.data().join("registry.sqlite");
    says(
        "second.oracle",
        [OsStr::new("--compact"), OsStr::new("--sqlite"), store.as_os_str()],
    )
    .await
}

/// The part of what the second implementation says that is about one agency.
///
/// # Panics
/// If it says nothing of it.
pub fn part_about<'a>(said: &'a Value, genesis: &str) -> &'a Value {
    let agencies = said["agencies"].as_array().expect("agencies");
    let found = agencies.iter().find(|agency| agency["genesis"] == genesis);
    found.unwrap_or_else(|| panic!("nothing of {genesis}: {said}"))
}

impl SecondAgency {
    /// Founds an agency and serves its files by HTTPS.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn founds(id: &str, clock: &FederationClock) -> Self {
        let folder = tempfile::Builder::new().prefix("comity-second-").tempdir();
        let folder = folder.expect("a folder");
        let founded = clock.now().0.to_string();
        let mut command = python("second.peer");
        command.args(["--agency", id, "--seed", id, "--founded", &founded, "--folder"]);
        command.stderr(Stdio::inherit());
        let mut program = command.arg(folder.path()).spawn().expect("Python starts");
        let input = program.stdin.take().expect("its input");
        let mut lines = BufReader::new(program.stdout.take().expect("its output")).lines();
        let line = lines.next_line().await.expect("its output");
        let line = line.unwrap_or_else(|| panic!("the second implementation does not start as {id}"));
        let said: Value = serde_json::from_str(&line).expect("JSON");
        let text = |field: &str| said[field].as_str().expect("a text").to_owned();
        Self {
            id: id.to_owned(),
            genesis: text("genesis"),
            url: text("url"),
            roots: PathBuf::from(text("roots")),
            clock: clock.clone(),
            pipes: Mutex::new((input, lines)),
            _program: program,
            _folder: folder,
        }
    }

    /// The hash of its first key-log entry.
    pub fn genesis(&self) -> &str {
        &self.genesis
    }

    /// Returns the entry in a node's configuration for its web server.
    ///
    /// # Panics
    /// If its name is none.
    pub fn mirror(&self) -> MirrorConfig {
        self.mirror_of(&self.id, &self.genesis, 0)
    }

    /// The same of another agency whose files are there too; each such mirror has a number of its own.
    ///
    /// # Panics
    /// If its name is none.
    pub fn mirror_of(&self, id: &str, genesis: &str, number: usize) -> MirrorConfig {
        MirrorConfig {
            agency: id.parse().expect("an agency's name"),
            genesis: genesis.to_owned(),
            url: format!("{}/m{number}", self.url),
            roots: Some(self.roots.clone()),
        }
    }

    /// Does something; gives what came of it.
    ///
    /// # Panics
    /// If it cannot be done.
    pub async fn does(&self, mut order: Value) -> Value {
        order["now"] = json!(self.clock.now().0);
        let mut pipes = self.pipes.lock().await;
        let line = format!("{order}\n");
        pipes.0.write_all(line.as_bytes()).await.expect("it reads its input");
        let line = pipes.1.next_line().await.expect("its output");
        let line = line.unwrap_or_else(|| panic!("the second implementation ended at {order}"));
        let did: Value = serde_json::from_str(&line).expect("JSON");
        assert!(did["error"].is_null(), "{order}: {did}");
        did
    }

    /// Registers its issuer.
    ///
    /// # Panics
    /// If it cannot.
    pub async fn registers(&self) -> Issuer {
        let did = self.does(json!({"do": "register"})).await;
        Issuer {
            id: did["issuer"].as_str().expect("an id").to_owned(),
            name: did["name"].as_str().expect("a name").to_owned(),
            agency: self.id.parse().expect("an agency's name"),
            verification_methods: vec![],
            url: None,
            provider: None,
            own_keys: None,
        }
    }

    /// A badge of its issuer's, in this slot.
    ///
    /// # Panics
    /// If it makes none.
    pub async fn issues(&self, index: u32) -> Vec<u8> {
        let did = self.does(json!({"do": "badge", "index": index})).await;
        did["badge"].as_str().expect("a badge").as_bytes().to_vec()
    }

    /// Waits until it was told that somebody holds its whole log on disk.
    ///
    /// # Panics
    /// If nobody says so.
    pub async fn is_held_by(&self, holder: &TestAgency) {
        let holder = holder.genesis().to_string();
        eventually("a countersignature under all of it", async || {
            let did = self.does(json!({"do": "held"})).await;
            let words = did["held"].as_array().expect("words").clone();
            let all = |word: &&Value| word["holder"] == holder.as_str() && word["holds_all"] == true;
            words.iter().find(all).map(|_| ()).ok_or_else(|| did.to_string())
        })
        .await;
    }
}
