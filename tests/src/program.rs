//! The programs themselves, as a user runs them.

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWriteExt as _, BufReader},
    process::{Child, Command},
    task::JoinHandle,
};

use crate::eventually;

/// A program that runs. It is killed if the test ends before it.
#[derive(Debug)]
pub struct Program {
    child: Child,
    said: Arc<Mutex<String>>,
    listening: Vec<JoinHandle<()>>,
}

/// The end of a program.
#[derive(Clone, Debug)]
pub struct ProgramOutput {
    /// Its exit code; none, if a signal ended it.
    pub code: Option<i32>,
    /// Its data.
    pub stdout: String,
    /// Its messages.
    pub stderr: String,
}

/// Returns the path of a program of this workspace: beside the tests.
///
/// # Panics
/// If it was not built.
pub fn path_of(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let built = test
        .parent()
        .and_then(|deps| deps.parent())
        .map(|folder| folder.join(name));
    let path = built.filter(|path| path.is_file());
    path.unwrap_or_else(|| {
        panic!("`{name}` is not built: run `cargo build --workspace` first, or tests/run, which does")
    })
}

/// A program of this workspace, with nothing in its environment that would steer it.
fn command(name: &str) -> Command {
    bare(path_of(name))
}

/// Any program, with nothing in its environment that would steer ours.
pub(crate) fn bare(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("COMITY_") {
            command.env_remove(variable);
        }
    }
    command
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .kill_on_drop(true)
        .stdin(Stdio::null());
    command
}

/// Runs `comity` to its end.
pub async fn comity(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> ProgramOutput {
    run("comity", arguments, b"").await
}

/// Runs a program of this workspace to its end, with something on its standard input.
///
/// # Panics
/// If it does not start, or does not end.
pub async fn run(name: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>, input: &[u8]) -> ProgramOutput {
    let mut command = command(name);
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    finish(command, input).await
}

/// Runs a command to its end.
///
/// # Panics
/// If it does not start, or does not end.
pub async fn finish(mut command: Command, input: &[u8]) -> ProgramOutput {
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read its input is no failure.
        let _ = stdin.write_all(input).await;
    }
    let output = tokio::time::timeout(Duration::from_secs(90), child.wait_with_output()).await;
    let output = output
        .unwrap_or_else(|_| panic!("{command:?} does not end"))
        .expect("output");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    ProgramOutput {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

impl Program {
    /// Starts `comityd`.
    ///
    /// # Panics
    /// If it does not start.
    pub fn comityd(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        Self::comityd_in(arguments, &[])
    }

    /// The same, with something in its environment.
    ///
    /// # Panics
    /// If it does not start.
    pub fn comityd_in(
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
        environment: &[(&str, OsString)],
    ) -> Self {
        let mut command = command("comityd");
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        command.args(arguments);
        Self::spawn(command)
    }

    /// Starts `comityd` with a log that somebody holds open and does not read.
    ///
    /// # Panics
    /// If it does not start.
    pub fn comityd_unread(
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
        environment: &[(&str, OsString)],
    ) -> Self {
        let mut command = command("comityd");
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        command.args(arguments).stdout(Stdio::null()).stderr(Stdio::piped());
        let child = command.spawn().expect("a program starts");
        Self {
            child,
            said: Arc::default(),
            listening: vec![],
        }
    }

    /// Starts `comityd` with so many descriptors at most.
    ///
    /// # Panics
    /// If it does not start.
    pub fn comityd_with_files(most: u32, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        let mut command = bare("sh");
        command.args(["-c", &format!("ulimit -n {most}; exec \"$0\" \"$@\"")]);
        command.arg(path_of("comityd")).args(arguments);
        Self::spawn(command)
    }

    /// Starts a program.
    pub(crate) fn spawn(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("a program starts");
        let said = Arc::new(Mutex::new(String::new()));
        let listening = vec![
            listen(child.stdout.take(), said.clone()),
            listen(child.stderr.take(), said.clone()),
        ];
        Self { child, said, listening }
    }

    /// From now on nobody reads what it says: its pipes are broken, as with `comityd run | head -1`.
    pub async fn loses_its_listeners(&mut self) {
        for listening in self.listening.drain(..) {
            listening.abort();
            let _ = listening.await;
        }
    }

    /// Everything that it said up to now.
    pub fn said(&self) -> String {
        self.said
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// Waits until it answers at this address.
    ///
    /// # Panics
    /// If it ends instead.
    pub async fn answers_at(&mut self, url: &str) {
        let http = crate::http::client();
        eventually(&format!("comityd is ready at {url}"), async || {
            if let Some(status) = self.ended() {
                panic!("comityd ended with {status}: {}", self.said());
            }
            match crate::http::try_send(http.get(format!("{url}/readyz"))).await {
                Ok(reply) if reply.status == 200 => Ok(()),
                Ok(reply) => Err(reply.text()),
                Err(error) => Err(format!("{error}; it said: {}", self.said())),
            }
        })
        .await;
    }

    /// Returns its exit status, if it ended.
    ///
    /// # Panics
    /// If the system does not say.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the state of a child")
    }

    /// Counts the descriptors that it has now, as Linux counts them.
    ///
    /// # Panics
    /// If it does not run, or this is no Linux.
    pub fn descriptors(&self) -> usize {
        let id = self.child.id().expect("it runs");
        std::fs::read_dir(format!("/proc/{id}/fd")).expect("/proc").count()
    }

    /// The most memory that it ever had in use, in bytes, as Linux counts it.
    ///
    /// # Panics
    /// If it does not run, or this is no Linux.
    pub fn peak_memory(&self) -> u64 {
        let id = self.child.id().expect("it runs");
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("/proc");
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .expect("VmHWM");
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kib * 1024
    }

    /// Sends it the signal of Ctrl-C.
    pub async fn is_interrupted(&self) {
        self.signal("INT").await;
    }

    /// Sends it the signal of a terminal that went away, or of an administrator who changed a file.
    pub async fn is_hung_up(&self) {
        self.signal("HUP").await;
    }

    /// Freezes it: it keeps all that it has, and does nothing.
    pub async fn is_frozen(&self) {
        self.signal("STOP").await;
    }

    /// Lets it go on.
    pub async fn is_thawed(&self) {
        self.signal("CONT").await;
    }

    async fn signal(&self, name: &str) {
        let id = self.child.id().expect("it runs");
        let mut kill = Command::new("sh");
        kill.args(["-c", &format!("kill -{name} {id}")]);
        assert_eq!(finish(kill, b"").await.code, Some(0));
    }

    /// Kills it at once (`kill -9`), and waits until it is gone.
    ///
    /// # Panics
    /// If it cannot be killed.
    pub async fn is_killed(&mut self) {
        self.child.kill().await.expect("kill");
    }

    /// Waits until it ends; gives its exit code and all that it said.
    pub async fn ends(mut self) -> (Option<i32>, String) {
        let status = eventually("the program ends", async || self.ended().ok_or_else(|| self.said())).await;
        for listening in self.listening.drain(..) {
            let _ = listening.await;
        }
        (status.code(), self.said())
    }
}

fn listen(from: Option<impl AsyncRead + Unpin + Send + 'static>, said: Arc<Mutex<String>>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let Some(from) = from else { return };
        let mut lines = BufReader::new(from).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut said = said.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            said.push_str(&line);
            said.push('\n');
        }
    })
}
