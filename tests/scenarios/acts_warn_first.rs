//! An act that ends what an agency can do says so first, wherever it is typed, and is done only for who says that it is
//! meant; and what was only tried is told as what would be.

use std::{collections::BTreeSet, path::PathBuf};

use protocol::PublicKey;
use registry_schema::StatusReason;
use tests::{Federation, TeacherScenario, TestAgency, program};

/// Her root's keys, and files that are carried to them.
struct RootKeyFolder {
    folder: tempfile::TempDir,
    key: PathBuf,
}

impl RootKeyFolder {
    fn of(agency: &TestAgency) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let key = folder.path().join("root.key");
        std::fs::copy(agency.data().join("keys/root.key"), &key).expect("the root's key");
        Self { folder, key }
    }

    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    async fn signs(&self, entry: &str, key: &str, more: &[&str]) -> program::ProgramOutput {
        let line = [&["root", "sign", entry, "--root", key, "--yes"], more].concat();
        program::run("comityd", line, b"").await
    }
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn writer(agency: &TestAgency) -> String {
    let log = agency.employer().reads("/v1/key-log").await.with_status(200).value();
    let key = log["writers"][0]["key"].as_str().expect("a key").to_owned();
    assert!(key.parse::<PublicKey>().is_ok(), "{log}");
    key
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_writer_key_ends_only_for_who_says_that_it_is_meant() {
    let federation = Federation::start(&["US-NC", "US-SC"]).await;
    let sc = federation.agency("US-SC");
    let root = RootKeyFolder::of(sc);
    let (entry, key) = (root.file("end.entry"), root.key.display().to_string());
    let shown = sc
        .comity(&["key", "end", &writer(sc).await, "--retired", "--out", &entry])
        .await;
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let warns = |text: &str| {
        text.replace(char::is_whitespace, " ")
            .contains("no writer key of the agency is good")
    };
    assert!(warns(&shown.stdout), "{shown:?}");

    // A key that is not the root's spoils nothing, and neither does one who did not read the warning.
    let before = std::fs::read_to_string(&entry).expect("an entry");
    let foreign = root.file("foreign.key");
    assert_eq!(
        program::run("comityd", ["root", "new", &foreign], b"").await.code,
        Some(0)
    );
    let refused = root.signs(&entry, &foreign, &["--yes-end-this-agency"]).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("is no key of this root"), "{refused:?}");
    let refused = root.signs(&entry, &key, &[]).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(
        warns(&refused.stdout) && refused.stderr.contains("--yes-end-this-agency"),
        "{refused:?}"
    );
    assert_eq!(std::fs::read_to_string(&entry).expect("an entry"), before, "as it was");
    let signed = root.signs(&entry, &key, &["--yes-end-this-agency"]).await;
    assert_eq!(signed.code, Some(0), "{signed:?}");

    let refused = sc.comity(&["key", "apply", &entry, "--yes"]).await;
    assert_eq!(refused.code, Some(5), "{refused:?}");
    assert!(warns(&refused.stderr), "{refused:?}");
    let status = sc.comity(&["status"]).await;
    assert_eq!(status.code, Some(0), "nothing happened yet: {status:?}");
    let done = sc
        .comity(&["key", "apply", &entry, "--yes", "--yes-end-this-agency"])
        .await;
    assert_eq!(done.code, Some(0), "{done:?}");
    let status = sc.comity(&["status"]).await;
    assert_eq!(status.code, Some(1), "{status:?}");
    assert!(
        status.stdout.contains("no writer key of this agency is good"),
        "{status:?}"
    );
    federation.audit().await;
}

/// The commands that `comity` has, each as it is typed.
async fn commands() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut open = vec![String::new()];
    while let Some(command) = open.pop() {
        let mut line: Vec<&str> = command.split_whitespace().collect();
        line.push("--help");
        let help = program::comity(line).await.stdout;
        let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
        let names: Vec<String> = listed
            .take_while(|line| !line.is_empty())
            .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
            .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
            .filter(|name| name != "help")
            .collect();
        if names.is_empty() {
            all.insert(command);
        } else {
            open.extend(
                names
                    .into_iter()
                    .map(|name| format!("{command} {name}").trim().to_owned()),
            );
        }
    }
    all
}

/// Those that change nothing: they refuse `--dry-run`.
const READING: &str = "verify|status|completions|clock show|store show|rubric show|trust agencies|issuer list|issuer show|issuer history|rubric list|trust list|trust show|\
    trust history|trust diff|trust export|policy show|policy worth|policy model|policy diff|policy what-if|policy test|\
    policy schema|policy sample list|policy sample show|framework list|framework show|framework coverage|credential list|\
    credential show|peer ticket|peer list|peer show|peer diff|peer introductions|peer forks|peer fork-check|key list|\
    key export";

/// Those that need a case, a file or a mirror of their own; what they show goes through the same place.
const ELSEWHERE: &str = "issuer reinstate|issuer refresh|issuer apply|issuer evidence|issuer prove|issuer review|issuer approve|issuer refuse|\
    issuer notice|issuer renew|issuer close|issuer appeal|issuer decide-appeal|issuer expunge-contact|rubric import|\
    trust import|trust recognize-agency|trust withdraw-agency|policy apply|policy adopt|framework import|framework remove|\
    peer join|key apply|credential reissue";

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_of_any_command_speaks_of_what_would_be() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        recognition,
    } = Federation::with_a_badge().await;
    let [nc, sc] = ["US-NC", "US-SC"].map(|id| federation.agency(id));
    let suspended = sc.issues(&issuer, "Riley Brooks").await;
    sc.suspends(&suspended, StatusReason::Administrative).await;
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out.entry").display().to_string();
    let (code, other, key) = (badge.code().to_string(), suspended.code().to_string(), writer(sc).await);
    let withdrawn = recognition.recognition.id.clone();
    let ticket = nc.ticket(7500).await.to_string();
    let id = issuer.id.as_str();
    let lines: Vec<(&TestAgency, Vec<&str>)> = vec![
        (sc, vec!["clock", "accept"]),
        (sc, vec!["store", "accept"]),
        (sc, vec!["issuer", "add", "--name", "Lowcountry Learning"]),
        (sc, vec!["issuer", "provider", id, "higher_education"]),
        (sc, vec!["issuer", "rekey", id]),
        (sc, vec!["issuer", "compromised", id]),
        (sc, vec!["issuer", "suspend", id, "--note", "x"]),
        (sc, vec!["issuer", "withdraw", id, "--note", "x"]),
        (nc, vec!["trust", "recognize", id, "--purpose", "salary"]),
        (nc, vec!["trust", "withdraw", &withdrawn]),
        (
            sc,
            vec![
                "credential",
                "issue",
                "--issuer",
                id,
                "--achievement-name",
                "Badge",
                "--description",
                "d",
                "--criteria",
                "c",
                "--subject",
                "Sam Lee",
            ],
        ),
        (sc, vec!["credential", "suspend", &code, "--reason", "administrative"]),
        (
            sc,
            vec!["credential", "reinstate", &other, "--reason", "administrative"],
        ),
        (sc, vec!["credential", "revoke", &code, "--reason", "misconduct"]),
        (sc, vec!["credential", "expunge", &code]),
        (sc, vec!["peer", "remove", "US-NC"]),
        (sc, vec!["peer", "add", &ticket]),
        (sc, vec!["peer", "fork-acknowledge", "US-NC"]),
        (sc, vec!["key", "rotate", "--out", &out]),
        (sc, vec!["key", "add", &key, "--out", &out]),
        (sc, vec!["key", "scope", &key, "--kind", "trust-list", "--out", &out]),
        (sc, vec!["key", "end", &key, "--retired", "--out", &out]),
    ];
    let mut walked: BTreeSet<String> = [READING, ELSEWHERE]
        .iter()
        .flat_map(|all| all.split('|'))
        .map(str::to_owned)
        .collect();
    let mut wrong = Vec::new();
    for (agency, line) in lines {
        walked.insert(line[..2].join(" "));
        let ended = agency
            .comity(&[&["--dry-run", "--yes"], line.as_slice()].concat())
            .await;
        // What cannot be done is refused, dry or not.
        let conditional = ended.stdout.starts_with("Nothing was changed") || ended.stdout.contains("would");
        if ended.code == Some(0) && !conditional {
            wrong.push(format!("{line:?} speaks as if it were done: {}", ended.stdout));
        }
        if !matches!(ended.code, Some(0 | 2 | 5)) {
            wrong.push(format!("{line:?}: {ended:?}"));
        }
        if ended.stdout.lines().any(|line| line.starts_with('{')) {
            wrong.push(format!("{line:?} shows what only programs read: {}", ended.stdout));
        }
        // What gets an id when it is done has none yet: a made-up one would be another.
        let is_made = matches!(
            line[..2],
            ["trust", "recognize"] | ["issuer", "add"] | ["credential", "issue"]
        );
        let made_up = ["rec-", "SC-", "urn:uuid:", "did:key:"]
            .iter()
            .filter(|id| ended.stdout.contains(**id));
        if is_made && made_up.clone().count() > usize::from(ended.stdout.contains(id)) {
            wrong.push(format!("{line:?} shows an id that is not to be: {}", ended.stdout));
        }
        if ended.stderr.contains("unexpected argument") || ended.stderr.contains("required arguments") {
            wrong.push(format!("{line:?} is not typed so: {}", ended.stderr));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    let there = commands().await;
    let missing: Vec<&String> = there.difference(&walked).collect();
    assert!(missing.is_empty(), "tried dry by nobody: {missing:?}");
    assert!(!folder.path().join("out.entry").exists());
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_undone_is_done_for_nobody_who_did_not_say_yes() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let [nc, sc] = ["US-NC", "US-SC"].map(|id| federation.agency(id));
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (entry, rows, badges) = (file("new.entry"), file("rows.csv"), file("badges"));
    let root = RootKeyFolder::of(sc);
    let proposed = sc.comity(&["key", "rotate", "--out", &entry]).await;
    assert_eq!(proposed.code, Some(0), "{proposed:?}");
    let signed = root.signs(&entry, &root.key.display().to_string(), &[]).await;
    assert_eq!(signed.code, Some(0), "{signed:?}");
    std::fs::write(&rows, "subject,achievement_name\nAna Reyes,Badge\n").expect("a file");
    let (code, id, ticket) = (
        badge.code().to_string(),
        issuer.id.as_str(),
        nc.ticket(7500).await.to_string(),
    );
    let acts: [&[&str]; 11] = [
        &["clock", "accept"],
        &["store", "accept"],
        &["issuer", "compromised", id],
        &["issuer", "rekey", id],
        &["issuer", "withdraw", &issuer.name, "--note", "x"],
        &["issuer", "expunge-contact", "app-4k2m9qxr7t3a"],
        &["credential", "expunge", &code],
        &["credential", "issue", "--issuer", id, "--csv", &rows, "--out", &badges],
        &["peer", "add", &ticket],
        &["peer", "remove", "US-NC"],
        &["key", "apply", &entry],
    ];
    let stands = async || {
        let mut all = Vec::new();
        for place in ["/v1/issuers", "/v1/registrations", "/v1/credentials", "/v1/key-log"] {
            all.push(sc.asks(reqwest::Method::GET, place, None).await.text());
        }
        let peers: Vec<serde_json::Value> = sc.employer().reads("/v1/peers").await.json();
        all.extend(
            peers
                .iter()
                .map(|peer| format!("{} {}", peer["agency"], peer["membership"])),
        );
        for act in ["clock.accept", "store.accept"] {
            all.push(sc.audited(act).await.to_string());
        }
        all
    };
    let before = stands().await;
    for act in acts {
        let refused = sc.comity(act).await;
        assert_eq!(refused.code, Some(2), "{act:?} where nobody is there: {refused:?}");
        assert!(refused.stderr.contains("give --yes"), "{act:?}: {refused:?}");
        let help = program::comity([&act[..2], &["--help"]].concat()).await.stdout;
        assert!(
            in_one_line(&help).contains("--yes is needed"),
            "{act:?} does not say so: {help}"
        );
    }
    // At a terminal each asks; a no is a no. (What cannot be done is refused before anybody is asked.)
    for act in acts.iter().filter(|act| act[1] != "expunge-contact") {
        let asked = sc.comity_at_a_terminal(act, "no\n").await;
        assert_eq!(asked.code, Some(1), "{act:?}: {asked:?}");
        assert!(asked.stdout.contains("[yes/no]"), "{act:?}: {asked:?}");
    }
    assert_eq!(stands().await, before);
    // What is undone by another act, or done by scripts every day, is done where nobody is there.
    for act in [
        &["credential", "suspend", &code, "--reason", "administrative"][..],
        &["credential", "reinstate", &code, "--reason", "administrative"],
        &["credential", "revoke", &code, "--reason", "issued_in_error"],
        &["issuer", "suspend", &issuer.name, "--note", "x"],
        &["issuer", "reinstate", &issuer.name, "--note", "x"],
    ] {
        let done = sc.comity(act).await;
        assert_eq!(done.code, Some(0), "{act:?}: {done:?}");
    }
    let vouched = sc.comity(&["clock", "accept", "--yes"]).await;
    assert!(vouched.stdout.contains("accepted"), "{vouched:?}");
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_whose_name_reads_like_anothers_is_warned_of() {
    let TeacherScenario { federation, issuer, .. } = Federation::with_a_badge().await;
    let nc = federation.agency("US-NC");
    let borrowed = issuer.name.replacen('a', "\u{430}", 1);
    assert_ne!(borrowed, issuer.name);
    for name in [issuer.name.as_str(), &borrowed] {
        let tried = nc.comity(&["issuer", "add", "--name", name, "--dry-run"]).await;
        assert_eq!(tried.code, Some(0), "{tried:?}");
        let told = in_one_line(&tried.stdout);
        assert!(
            told.contains("South Carolina (US-SC) has an issuer of this name"),
            "{told}"
        );
        let asked = nc
            .comity_at_a_terminal(&["issuer", "add", "--name", name], "no\n")
            .await;
        assert!(asked.code == Some(1) && asked.stdout.contains("[yes/no]"), "{asked:?}");
    }
    let named = nc.employer().reads("/v1/issuers?agency=US-NC").await.text();
    assert!(!named.contains(&issuer.name) && !named.contains(&borrowed), "{named}");
    let own = nc
        .comity_at_a_terminal(&["issuer", "add", "--name", "Tidewater Institute"], "")
        .await;
    assert!(own.code == Some(0) && !own.stdout.contains("[yes/no]"), "{own:?}");
    // Where nobody is asked, it is done and said.
    let done = nc.comity(&["issuer", "add", "--name", &borrowed]).await;
    assert!(done.code == Some(0) && done.stdout.contains("warning"), "{done:?}");
}
