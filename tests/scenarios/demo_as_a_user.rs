//! The demo, as somebody who has just cloned the repository runs it.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use registry_schema::{Timestamp, VerdictKind};
use tempfile::TempDir;
use tests::{Employer, Program, VerdictAssertions as _, audit, eventually, ports, program};

const AGENCIES: [&str; 3] = ["US-NC", "US-SC", "US-TN"];
/// The time that somebody waits after Ctrl-C before pressing it again.
const PATIENCE_AFTER_CTRL_C: Duration = Duration::from_secs(10);

/// A demo and its folder.
struct DemoProcess {
    folder: TempDir,
    port: u16,
    program: Option<Program>,
}

impl DemoProcess {
    fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("comity-demo-")
            .tempdir()
            .expect("a folder");
        // Three ports for HTTP, and three for peers a hundred above.
        Self {
            folder,
            port: ports::free_run(103),
            program: None,
        }
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("demo")
    }

    fn arguments(&self, more: &[&str]) -> Vec<String> {
        let dir = self.dir().display().to_string();
        let ready = self.ready_file().display().to_string();
        let port = self.port.to_string();
        let fixed = ["demo", "--dir", &dir, "--port", &port, "--ready-file", &ready];
        fixed.iter().chain(more).map(|word| (*word).to_owned()).collect()
    }

    fn ready_file(&self) -> PathBuf {
        self.folder.path().join("ready")
    }

    async fn starts(&mut self, more: &[&str]) {
        let _ = std::fs::remove_file(self.ready_file());
        let mut program = Program::comityd(self.arguments(more));
        let ready = self.ready_file();
        eventually("the demo is ready", async || {
            if let Some(status) = program.ended() {
                panic!("the demo ended with {status}: {}", program.said());
            }
            if ready.exists() { Ok(()) } else { Err(program.said()) }
        })
        .await;
        self.program = Some(program);
    }

    /// Ctrl-C: it ends soon, with 0, and says so.
    async fn stops(&mut self) {
        let program = self.program.take().expect("a demo that runs");
        let begin = Instant::now();
        program.is_interrupted().await;
        let (code, said) = program.ends().await;
        let took = begin.elapsed();
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("stopped"), "{said}");
        assert!(took < PATIENCE_AFTER_CTRL_C, "it took {took:?} to stop");
        for word in ["panicked", " ERROR ", " WARN "] {
            assert!(!said.contains(word), "{said}");
        }
    }

    fn said(&self) -> String {
        self.program.as_ref().map(Program::said).unwrap_or_default()
    }

    fn employer_at(&self, agency: &str) -> Employer {
        let place = AGENCIES
            .iter()
            .position(|id| *id == agency)
            .and_then(|i| u16::try_from(i).ok());
        Employer::at(&format!(
            "http://127.0.0.1:{}",
            self.port + place.expect("an agency of the demo")
        ))
    }

    fn badge(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.dir().join("badges").join(name)).expect("a sample badge")
    }

    /// The audit of the stores, which the programs on them need not be asked for: it waits for what is under way,
    /// stops the demo, and looks again.
    async fn audit(mut self) {
        eventually("an audit without discrepancies", async || {
            let found = self.discrepancies().await;
            if found.is_empty() {
                Ok(())
            } else {
                Err(found.join("\n"))
            }
        })
        .await;
        self.stops().await;
        assert_eq!(self.discrepancies().await, Vec::<String>::new());
    }

    async fn discrepancies(&self) -> Vec<String> {
        let mut holdings = Vec::new();
        for id in AGENCIES {
            holdings.extend(audit::NodeHolding::in_store(id, &self.dir().join(id)).await);
        }
        assert_eq!(holdings.len(), 9, "three nodes know three agencies");
        audit::discrepancies(&holdings, &[], true)
    }
}

/// The verdict that a sample's file name tells.
fn told_by_name(file: &Path) -> VerdictKind {
    let name = file
        .file_stem()
        .and_then(|stem| stem.to_str())
        .expect("a name")
        .replace('-', "_");
    let all = [
        VerdictKind::Accepted,
        VerdictKind::NotRecognized,
        VerdictKind::NotValid,
        VerdictKind::CouldNotCheck,
        VerdictKind::Unreadable,
    ];
    let found = all.into_iter().find(|kind| name.starts_with(kind.as_str()));
    found.unwrap_or_else(|| panic!("{} tells no verdict", file.display()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_badge_turns_red_on_one_command_and_stays_so_after_a_restart() {
    let mut demo = DemoProcess::new();
    demo.starts(&[]).await;

    // Every sample is what its name says, and there is one for each verdict.
    let mut told = Vec::new();
    for file in std::fs::read_dir(demo.dir().join("badges")).expect("samples") {
        let file = file.expect("a sample").path();
        let kind = told_by_name(&file);
        let verdict = demo
            .employer_at("US-NC")
            .verifies_bytes(&std::fs::read(&file).expect("a sample"))
            .await;
        println!("{}: {}", file.display(), verdict.sentence);
        drop(verdict.is(kind));
        told.push(kind);
    }
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len(), 5, "a sample for each verdict: {told:?}");

    // The commands that it prints are those that work.
    let said = demo.said();
    let line = said
        .lines()
        .find(|line| line.contains("credential revoke"))
        .unwrap_or_else(|| panic!("{said}"));
    let words: Vec<&str> = line
        .split_whitespace()
        .skip_while(|word| !word.starts_with("--profile"))
        .collect();
    let badge = demo.badge("accepted.json");
    for agency in AGENCIES {
        demo.employer_at(agency)
            .verifies_bytes(&badge)
            .await
            .is(VerdictKind::Accepted);
    }
    let ended = program::comity(&words).await;
    let begin = Instant::now();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for agency in ["US-TN", "US-NC"] {
        let employer = demo.employer_at(agency);
        let verdict = eventually(&format!("the badge is red at {agency}"), async || {
            let verdict = employer.verifies_bytes(&badge).await;
            let is_red = verdict.verdict == VerdictKind::NotValid;
            if is_red { Ok(verdict) } else { Err(verdict.sentence) }
        })
        .await;
        assert!(
            begin.elapsed() < Duration::from_secs(2),
            "{agency} took {:?}",
            begin.elapsed()
        );
        assert!(verdict.finding("status.revoked").detail.contains("issued in error"));
    }
    // A second time is a conflict, and a token of another agency's is not let in.
    assert_eq!(program::comity(&words).await.code, Some(5));

    demo.stops().await;
    demo.starts(&[]).await;
    for agency in AGENCIES {
        let verdict = demo
            .employer_at(agency)
            .verifies_bytes(&badge)
            .await
            .is(VerdictKind::NotValid);
        verdict.finding("status.revoked");
    }
    demo.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_commands_work_with_the_profiles_of_the_demo() {
    let mut demo = DemoProcess::new();
    demo.starts(&[]).await;
    let profile = |id: &str| {
        demo.dir()
            .join("profiles")
            .join(format!("{id}.toml"))
            .display()
            .to_string()
    };
    let (nc, sc) = (profile("US-NC"), profile("US-SC"));
    let out = demo.folder.path().join("new.json").display().to_string();
    let comity = async |words: &[&str]| program::comity(words).await;

    let issuer = "Palmetto Educator Institute";
    let ended = comity(&[
        "--profile",
        &sc,
        "credential",
        "issue",
        "--issuer",
        issuer,
        "--achievement-name",
        "Coaching Colleagues",
        "--subject",
        "Ana Reyes",
        "--out",
        &out,
    ])
    .await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(comity(&["--profile", &nc, "verify", &out]).await.code, Some(0));

    // North Carolina withdraws its recognition, and recognizes again.
    let list = comity(&[
        "--profile",
        &nc,
        "--output",
        "json",
        "trust",
        "list",
        "--agency",
        "US-NC",
    ])
    .await;
    let list: serde_json::Value = serde_json::from_str(&list.stdout).unwrap_or_else(|e| panic!("{e}: {list:?}"));
    let entries = list.as_array().expect("a list");
    let entry = entries
        .iter()
        .find(|entry| entry["issuer"]["name"] == issuer)
        .expect("NC recognizes it");
    let id = entry["id"].as_str().expect("an id");
    let ended = comity(&["--profile", &nc, "trust", "withdraw", id]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(comity(&["--profile", &nc, "verify", &out]).await.code, Some(1));
    let ended = comity(&["--profile", &nc, "trust", "recognize", issuer]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(comity(&["--profile", &nc, "verify", &out]).await.code, Some(0));

    // SC's token is not for NC's node: the command does not even send it there.
    let elsewhere = demo.employer_at("US-NC");
    let ended = comity(&["--profile", &sc, "--node", elsewhere.node(), "credential", "list"]).await;
    assert_eq!(ended.code, Some(4), "{ended:?}");
    for words in [
        ["status"].as_slice(),
        &["peer", "list"],
        &["issuer", "list"],
        &["credential", "list"],
    ] {
        let ended = comity(&[["--profile", &sc].as_slice(), words].concat()).await;
        assert_eq!(ended.code, Some(0), "{words:?}: {ended:?}");
        assert!(
            !ended.stdout.is_empty() && ended.stderr.is_empty(),
            "{words:?}: {ended:?}"
        );
    }
    demo.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_one_agency_left_out_the_others_answer_from_what_they_hold_and_then_could_not_check() {
    // Long enough to ask once more after a restart, short enough to see the end.
    let term = ["--heartbeat-term", "15"];
    let mut demo = DemoProcess::new();
    demo.starts(&term).await;
    let badge = demo.badge("accepted.json");
    demo.employer_at("US-TN")
        .verifies_bytes(&badge)
        .await
        .is(VerdictKind::Accepted);
    demo.stops().await;
    let stopped = now();

    demo.starts(&[term.as_slice(), &["--without", "US-SC"]].concat()).await;
    let tn = demo.employer_at("US-TN");
    let verdict = tn.verifies_bytes(&badge).await.is(VerdictKind::Accepted);
    let heard = verdict.status.fresh_as_of.expect("an answer tells its age");
    assert!(heard <= stopped, "nothing was heard since: {verdict:#?}");
    assert!(
        reqwest::get(demo.employer_at("US-SC").node()).await.is_err(),
        "SC's node does not run"
    );

    let verdict = eventually("SC's word runs out", async || {
        let verdict = tn.verifies_bytes(&badge).await;
        if verdict.verdict == VerdictKind::Accepted {
            Err(verdict.sentence)
        } else {
            Ok(verdict)
        }
    })
    .await
    .is(VerdictKind::CouldNotCheck);
    // What North Carolina had heard and Tennessee had not counts as well; nothing newer was ever said.
    let last = verdict
        .finding("status.stale")
        .as_of
        .expect("a stale list tells its age");
    assert!(heard <= last && last <= stopped, "{heard} {last} {stopped}");
    assert!(
        verdict.checked_at >= last.plus_seconds(15),
        "not before its term: {verdict:#?}"
    );
    demo.stops().await;

    demo.starts(&term).await;
    let tn = demo.employer_at("US-TN");
    eventually("SC is back, and its badge good again", async || {
        let verdict = tn.verifies_bytes(&badge).await;
        if verdict.verdict == VerdictKind::Accepted {
            Ok(())
        } else {
            Err(verdict.sentence)
        }
    })
    .await;
    demo.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_started_says_why() {
    let mut demo = DemoProcess::new();
    demo.starts(&[]).await;
    let port = demo.port.to_string();
    let other = tempfile::tempdir().expect("a folder");
    let dir = other.path().join("demo").display().to_string();
    let comityd = async |words: &[&str]| program::run("comityd", words, b"").await;

    let ended = comityd(&["demo", "--dir", &dir, "--port", &port]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.stderr.contains("US-NC") && ended.stderr.contains("is another node running there?"),
        "{ended:?}"
    );
    assert_eq!(ended.stderr.lines().count(), 1, "one line: {ended:?}");
    // The one that runs is none the worse for it.
    demo.employer_at("US-NC")
        .verifies_bytes(&demo.badge("accepted.json"))
        .await
        .is(VerdictKind::Accepted);

    let mine = demo.dir().display().to_string();
    let free = ports::free_run(103).to_string();
    let ended = comityd(&["demo", "--dir", &mine, "--port", &free]).await;
    assert!(
        ended.code == Some(1) && ended.stderr.contains(&format!("Use `--port {port}`")),
        "{ended:?}"
    );
    let fresh = other.path().join("fresh").display().to_string();
    let ended = comityd(&["demo", "--dir", &fresh, "--port", &free, "--without", "US-SC"]).await;
    assert!(
        ended.code == Some(1) && ended.stderr.contains("start it once with all agencies"),
        "{ended:?}"
    );
    for words in [
        ["demo", "--heartbeat-term", "1"].as_slice(),
        &["demo", "--agencies", "2"],
        &["demo", "--port", "0"],
        &["run"],
        &["run", "--data", &fresh, "--tls-cert", "x.pem"],
        &["frobnicate"],
    ] {
        let ended = comityd(words).await;
        assert_eq!(ended.code, Some(2), "{words:?}: {ended:?}");
    }
    let ended = comityd(&["run", "--data", &fresh]).await;
    assert!(
        ended.code == Some(1) && ended.stderr.contains("comityd init"),
        "{ended:?}"
    );
    demo.audit().await;
}

fn now() -> Timestamp {
    tests::FederationClock::default().now()
}
