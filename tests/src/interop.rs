//! Verifiers and signers that are not ours: `tests/interop`, run by Node.js.

use std::{ffi::OsStr, path::Path, process::Stdio};

use serde::Deserialize;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::Mutex,
};

use crate::program::finish;

/// The answer of another project's verifier.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExternalVerdict {
    /// Proof, the issuer's control of the key, and dates.
    pub verified: bool,
    /// Every status entry could be read, and none is set.
    pub status_ok: bool,
    /// Its objections to it.
    pub errors: Vec<String>,
}

/// The verifiers.
pub const VERIFIERS: [&str; 2] = ["verify.mjs", "dcc-verify.mjs"];

/// Runs one of the tools; gives the line that it prints, and its exit code.
///
/// # Panics
/// If Node.js or the packages are not there.
pub async fn tool(name: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> (Value, Option<i32>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop");
    assert!(
        folder.join("node_modules").is_dir(),
        "the packages are not there: run tests/run, or `npm ci` in tests/interop"
    );
    let mut command = Command::new("node");
    command.arg(folder.join(name)).args(arguments).kill_on_drop(true);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let ended = finish(command, b"").await;
    let line = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{name}: {error}: {ended:?}"));
    (line, ended.code)
}

/// Asks a verifier about a badge, with these status lists.
///
/// # Panics
/// If it cannot be run, or its exit code is not what it says.
pub async fn asks(verifier: &str, badge: &Path, lists: &[&Path]) -> ExternalVerdict {
    let mut arguments = vec![badge.as_os_str()];
    for list in lists {
        arguments.extend([OsStr::new("--status-list"), list.as_os_str()]);
    }
    let (line, code) = tool(verifier, arguments).await;
    let says: ExternalVerdict = serde_json::from_value(line).expect("a verifier's answer");
    assert_eq!(code, Some(i32::from(!says.verified)), "{says:?}");
    says
}

/// Strangers at a node's port for peers: they come from another address than everybody else here, never finish a greeting,
/// and come again when they are hung up on.
#[derive(Debug)]
pub struct StrangerPeers {
    pipes: Mutex<(ChildStdin, Lines<BufReader<ChildStdout>>)>,
    // They leave with it.
    _program: Child,
}

impl StrangerPeers {
    /// Opens so many connections: `silent`, `garbage` or `slow`.
    ///
    /// # Panics
    /// If Node.js does not run.
    pub async fn open(how: &str, count: u32, port: u16) -> Self {
        let mut command = Command::new("node");
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/peer.mjs"));
        command.args([
            "rude",
            how,
            &count.to_string(),
            "127.0.0.1",
            &port.to_string(),
            "127.0.0.2",
        ]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut program = command.spawn().expect("Node.js starts");
        let input = program.stdin.take().expect("its input");
        let mut lines = BufReader::new(program.stdout.take().expect("its output")).lines();
        let open = lines.next_line().await.expect("its output").expect("connections");
        assert!(open.contains("open"), "{open}");
        Self {
            pipes: Mutex::new((input, lines)),
            _program: program,
        }
    }

    /// Returns the number of times that one of them was hung up on.
    ///
    /// # Panics
    /// If they are gone.
    pub async fn hung_up_on(&self) -> u64 {
        let mut pipes = self.pipes.lock().await;
        pipes.0.write_all(b"\n").await.expect("its input");
        let line = pipes.1.next_line().await.expect("its output").expect("a line");
        let said: Value = serde_json::from_str(&line).expect("JSON");
        said["closed"].as_u64().expect("a number")
    }
}
