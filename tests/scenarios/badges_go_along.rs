//! A holder takes a badge along: as a picture or as a token, it gets the verdict that the badge gets.

use registry_schema::VerdictKind;
use tests::{Federation, TeacherScenario, VerdictAssertions as _, http, program};

#[tokio::test(flavor = "multi_thread")]
async fn a_baked_picture_and_a_token_are_accepted_as_the_badge_is() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let (sc, nc) = (federation.agency("US-SC"), federation.agency("US-NC"));
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    let profile = place("profile.toml");
    let text = format!(
        "node = \"{}\"\nagency = \"US-SC\"\ntoken = \"{}\"\n",
        sc.url(),
        sc.token()
    );
    std::fs::write(&profile, text).expect("a profile is written");
    let code = badge.code().to_string();

    for (option, name) in [
        ("--baked", "badge.png"),
        ("--baked", "badge.svg"),
        ("--jwt", "badge.jwt"),
    ] {
        let file = place(name);
        let show = ["--profile", &profile, "credential", "show", &code, option, &file];
        let ended = program::comity(show).await;
        assert_eq!(ended.code, Some(0), "{name}: {ended:?}");
        let bytes = std::fs::read(&file).expect("the file is there");
        let verdict = nc.employer().verifies_bytes(&bytes).await.is(VerdictKind::Accepted);
        let credential = verdict.credential.expect("a credential");
        assert_eq!(credential.id.as_deref(), badge.document["id"].as_str(), "{name}");
        let again = program::comity(show).await;
        assert_eq!(again.code, Some(2), "{name} is not written over: {again:?}");
        assert_eq!(std::fs::read(&file).expect("the file is there"), bytes);
    }
    let ended = program::comity([
        "--profile",
        &profile,
        "credential",
        "show",
        &code,
        "--baked",
        &place("badge.gif"),
    ])
    .await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("end it in .png or .svg"), "{ended:?}");

    // Whoever has the code may have the badge; only an operator has something signed.
    let ask = |accept: &'static str| {
        let url = format!("{}/v1/credentials/{}", sc.url(), badge.code().compact());
        http::send(http::client().get(url).header("accept", accept))
    };
    let picture = ask("image/png").await.with_status(200);
    assert_eq!(picture.content_type, "image/png");
    ask("application/vc+jwt").await.problem(401, "operator.unauthenticated");
    federation.audit().await;
}
