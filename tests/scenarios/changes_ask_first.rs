//! At a terminal a change shows what it would do and asks first; whoever says no has changed nothing. Where nobody can
//! answer, and with `--yes`, nobody is asked.

use policy::{rubrics, samples};
use reqwest::Method;
use tests::{Federation, TeacherScenario};

#[tokio::test(flavor = "multi_thread")]
async fn who_says_no_has_changed_nothing() {
    let TeacherScenario { federation, issuer, .. } = Federation::with_a_badge().await;
    let [sc, tn] = ["US-SC", "US-TN"].map(|id| federation.agency(id));
    let file = |name: &str, text: &str| {
        let path = tn.data().join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_str().expect("a path").to_owned()
    };
    let rules = file("rules.toml", samples::of("US-TN").expect("a sample"));
    let rubric = file("rubric.toml", rubrics::STARTER);
    let rows = format!("issuer,purposes\n{},salary\n", issuer.id);
    let list = file("list.csv", &rows);
    // What is typed, where it can be seen that it was done, and what is shown before the question.
    let changes: [(&[&str], &str, &str); 5] = [
        (&["policy", "apply", &rules], "/v1/policy", "of your agency's newest"),
        (
            &["framework", "import", "--sample", "ncpts"],
            "/v1/frameworks",
            "none changes verdict or worth here",
        ),
        (
            &["framework", "remove", "ncpts"],
            "/v1/frameworks",
            "none changes verdict or worth here",
        ),
        (
            &["rubric", "import", &rubric],
            "/v1/rubrics",
            "It changes no verdict, no worth and no registration",
        ),
        (
            &["trust", "import", &list],
            "/v1/recognitions",
            "for salary advancement: from not recognized",
        ),
    ];
    for (words, place, shown) in changes {
        let stands = async || tn.asks(Method::GET, place, None).await.text();
        let before = stands().await;
        let refused = tn.comity_at_a_terminal(words, "no\n").await;
        let screen = refused.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(refused.code, Some(1), "{words:?}: {refused:?}");
        let question = screen
            .find("[yes/no]")
            .unwrap_or_else(|| panic!("{words:?} asks nothing: {screen}"));
        let told = screen
            .find(shown)
            .unwrap_or_else(|| panic!("`{shown}` is not in {screen}"));
        assert!(told < question, "{words:?} asks before it tells: {screen}");
        assert_eq!(stands().await, before, "{words:?}");
        let done = tn.comity_at_a_terminal(words, "yes\n").await;
        assert_eq!(done.code, Some(0), "{words:?}: {done:?}");
        assert_ne!(stands().await, before, "{words:?}");
    }
    // With `--yes` nobody is asked, and where nobody can answer neither.
    let unasked = tn
        .comity_at_a_terminal(&["--yes", "framework", "import", "--sample", "ncpts"], "")
        .await;
    assert!(
        unasked.code == Some(0) && !unasked.stdout.contains("[yes/no]"),
        "{unasked:?}"
    );
    let removed = tn.comity(&["framework", "remove", "ncpts"]).await;
    assert!(
        removed.code == Some(0) && !removed.stderr.contains("[yes/no]"),
        "{removed:?}"
    );

    // To follow an agency is told by what rests on it; here that is one recognition of its issuer.
    let known = sc.ticket(1).await;
    let again = tn.comity(&["peer", "add", "--dry-run", &known.to_string()]).await;
    let told = again.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("2 of your agency's recognitions rest on it"), "{again:?}");
    federation.audit().await;
}
