//! A PostgreSQL server of a scenario's own: it is stopped, killed, started again, followed by a standby, and succeeded by it.

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use tempfile::TempDir;

use crate::{eventually, ports};

/// The role that owns everything there.
const ROLE: &str = "comity";

/// A PostgreSQL server. It goes with its folder when this is dropped.
#[derive(Debug)]
pub struct PostgresServer {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
}

/// The way in which a server is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShutdownMode {
    /// Its clients are sent away, and what they had not committed is undone; then it ends in order.
    Fast,
    /// It ends at once, as in a crash, and recovers when it starts again.
    Immediate,
}

impl PostgresServer {
    /// A new server, which runs.
    ///
    /// # Panics
    /// If there is none here, or it does not start.
    pub fn start() -> Self {
        let server = Self::at_rest();
        let data = server.data();
        server.succeeds(
            "initdb",
            &["-D", &data, "-U", ROLE, "-A", "trust", "-E", "UTF8", "--no-sync"],
        );
        server.starts();
        server
    }

    /// A standby that follows a primary, which from now on acknowledges nothing that the standby does not have.
    ///
    /// # Panics
    /// If it cannot be made.
    pub async fn standby_of(primary: &Self) -> Self {
        let standby = Self::at_rest();
        let (data, from) = (standby.data(), primary.port.to_string());
        let copy = [
            "-h",
            "127.0.0.1",
            "-p",
            &from,
            "-U",
            ROLE,
            "-D",
            &data,
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
            "--no-sync",
        ];
        standby.succeeds("pg_basebackup", &copy);
        standby.starts();
        primary.asks("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'");
        primary.asks("postgres", "SELECT pg_reload_conf()");
        eventually("the standby follows in step", async || {
            let state = primary.asks("postgres", "SELECT sync_state FROM pg_stat_replication");
            if state == "sync" { Ok(()) } else { Err(state) }
        })
        .await;
        standby
    }

    fn at_rest() -> Self {
        let mut places: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .flatten()
            .map(|version| version.path().join("bin"))
            .collect();
        places.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
        let programs = places.into_iter().find(|place| place.join("initdb").is_file());
        let server = Self {
            programs: programs.expect("a PostgreSQL server is installed"),
            folder: tempfile::Builder::new()
                .prefix("comity-postgres-")
                .tempdir()
                .expect("a folder"),
            port: ports::free(),
        };
        if is_root() {
            // A server refuses to run as root.
            let owner = Command::new("chown")
                .arg("postgres:postgres")
                .arg(server.folder.path())
                .status();
            assert!(owner.expect("chown runs").success(), "the folder is the server's");
        }
        server
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    fn runs(&self, program: &str, arguments: &[&str]) -> Output {
        let path = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
                .arg(path);
            command
        } else {
            Command::new(path)
        };
        let command = command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path());
        // A server that begins keeps what it was given to write to: nothing that somebody reads to its end.
        let (out, err) = (self.folder.path().join("out"), self.folder.path().join("err"));
        let file = |path: &PathBuf| std::fs::File::create(path).expect("a file");
        let status = command.stdout(file(&out)).stderr(file(&err)).status();
        Output {
            status: status.unwrap_or_else(|error| panic!("{program}: {error}")),
            stdout: std::fs::read(out).expect("what it said"),
            stderr: std::fs::read(err).expect("what it said"),
        }
    }

    fn succeeds(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.runs(program, arguments);
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {said}\n{log}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// The port at which it listens.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Starts it, and waits until it takes connections.
    ///
    /// # Panics
    /// If it does not start.
    pub fn starts(&self) {
        let folder = self.folder.path().display().to_string();
        // A standby that succeeds its primary waits for no other.
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories={folder} -c hot_standby=on",
            self.port
        );
        self.succeeds(
            "pg_ctl",
            &["-D", &self.data(), "-w", "-l", "log", "-o", &options, "start"],
        );
    }

    /// Stops it, and waits until it is gone.
    ///
    /// # Panics
    /// If it does not stop.
    pub fn stops(&self, how: ShutdownMode) {
        let mode = match how {
            ShutdownMode::Fast => "fast",
            ShutdownMode::Immediate => "immediate",
        };
        self.succeeds("pg_ctl", &["-D", &self.data(), "-w", "-m", mode, "stop"]);
    }

    /// Kills it, without a word (`kill -9`).
    ///
    /// # Panics
    /// If it does not run.
    pub fn is_killed(&self) {
        let file = std::fs::read_to_string(self.folder.path().join("data/postmaster.pid")).expect("it runs");
        let id = file.lines().next().expect("a number");
        self.succeeds("pg_ctl", &["kill", "KILL", id]);
    }

    /// Makes a standby the primary.
    ///
    /// # Panics
    /// If it is none.
    pub fn is_promoted(&self) {
        self.succeeds("pg_ctl", &["-D", &self.data(), "-w", "promote"]);
    }

    /// Makes an empty database; gives its URL, if the server is reached at this port.
    ///
    /// # Panics
    /// If it cannot be made.
    pub fn gains_a_database(&self, name: &str, port: u16) -> String {
        self.asks("postgres", &format!("CREATE DATABASE {name}"));
        format!("postgres://{ROLE}@127.0.0.1:{port}/{name}")
    }

    /// Returns the server's own answer to a statement: rows a line, columns with `|` between them.
    ///
    /// # Panics
    /// If it does not answer.
    pub fn asks(&self, database: &str, sql: &str) -> String {
        let port = self.port.to_string();
        self.succeeds(
            "psql",
            &[
                "-h",
                "127.0.0.1",
                "-p",
                &port,
                "-U",
                ROLE,
                "-d",
                database,
                "-XAtqc",
                sql,
            ],
        )
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.runs("pg_ctl", &["-D", &self.data(), "-m", "immediate", "stop"]);
    }
}

/// The URL of a new, empty database at the server that all scenarios share.
pub(crate) fn a_database() -> String {
    let server = std::env::var("COMITY_TEST_POSTGRES")
        .expect("COMITY_TEST_POSTGRES names no server: `tests/run` starts one and sets it");
    let name = format!("comity_scenario_{:016x}", rand::random::<u64>());
    let made = Command::new("psql")
        .args([server.as_str(), "-qc", &format!("CREATE DATABASE {name}")])
        .status();
    assert!(made.expect("psql runs").success(), "the database is made");
    let (base, _) = server.rsplit_once('/').expect("a URL that ends in a database");
    format!("{base}/{name}")
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}
