//! A day asked about is the whole day of the agency that is asked, by its own calendar; on the page, at the command line and in
//! the API alike. The day stands in the sentence, and a day to come is no question.

use registry_schema::{LocalDay, StatusReason, Timestamp, VerdictKind, zone};
use serde_json::json;
use tests::{Federation, TeacherScenario, VerdictAssertions as _, eventually, program};

#[tokio::test(flavor = "multi_thread")]
async fn a_day_asked_about_is_that_agencys_whole_day_on_page_command_and_api() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let (nc, sc) = (federation.agency("US-NC"), federation.agency("US-SC"));
    let issued = federation.clock().now();
    let day_of = |at: Timestamp, agency: &str| -> String {
        let at: jiff::Timestamp = at.to_string().parse().expect("a moment");
        let zone = zone::of(&agency.parse().expect("an agency"));
        at.to_zoned_datetime(zone).date().to_string()
    };
    let first = day_of(badge.credential.valid_from, "US-NC");
    federation.clock().advance(3);
    let revoked = day_of(federation.clock().now(), "US-NC");
    sc.revokes(&badge, StatusReason::IssuedInError).await;
    federation.clock().advance(3);
    federation.awaits(nc, &badge, VerdictKind::NotValid).await;
    // Its agency is heard from again, with what it writes next.
    sc.registers("Wateree Badge Works").await;
    eventually("South Carolina is heard from", async || {
        let verdict = nc.employer().asks(&badge.bytes(), &[("at", first.as_str())]).await;
        match verdict.verdict {
            VerdictKind::Accepted => Ok(()),
            _ => Err(verdict.sentence),
        }
    })
    .await;
    let today = day_of(federation.clock().now(), "US-NC");
    let words = |day: &str| {
        let day: jiff::civil::Date = day.parse().expect("a day");
        day.strftime("%B %-d, %Y").to_string()
    };
    let file = badge.bytes();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("badge.json");
    std::fs::write(&path, &file).expect("a file");
    let path = path.to_str().expect("a path");
    // On its first day it is good, on the day on which it was revoked it is not, and the day stands in the sentence.
    for (day, kind, exit) in [(&first, VerdictKind::Accepted, 0), (&revoked, VerdictKind::NotValid, 1)] {
        let verdict = nc.employer().asks(&file, &[("at", day)]).await.is(kind);
        assert!(
            verdict.sentence.contains(&format!(" on {}", words(day))),
            "{}",
            verdict.sentence
        );
        let ended = program::comity(["verify", "--node", nc.url(), "--at", day, path]).await;
        assert_eq!(ended.code, Some(exit), "{day}: {ended:?}");
        let told = ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(&verdict.sentence), "{told}");
        let page = nc
            .employer()
            .drops_on_the_page_for(&file, day)
            .await
            .with_status(200)
            .text();
        let (_, heading) = page.split_once("<h1").expect("a heading");
        let (heading, _) = heading.split_once("</h1>").expect("its end");
        assert!(heading.contains(&words(day)), "{heading}");
    }
    let verdict = nc
        .employer()
        .asks(&file, &[("at", &today)])
        .await
        .is(VerdictKind::NotValid);
    assert_eq!(verdict.at, verdict.checked_at, "today is now");
    let tomorrow = day_of(federation.clock().now().plus_seconds(86_400), "US-NC");
    let reply = nc
        .employer()
        .sends(&file, "application/json", &[("at", &tomorrow)])
        .await;
    assert!(
        reply
            .problem(422, "request.invalid")
            .detail
            .contains("has not come yet")
    );
    // Another agency's calendar has the day end at another moment.
    let ends = async |agency: &str| {
        nc.employer()
            .asks(&file, &[("at", first.as_str()), ("agency", agency)])
            .await
            .at
    };
    assert_eq!(ends("US-TN").await.seconds_since(ends("US-NC").await), 3_600);
    assert!(issued < federation.clock().now());
    federation.audit().await;
}

/// A day that begins or ends a badge's term is a whole day of the agency that keeps the badge, however it is issued; a moment is
/// that moment.
#[tokio::test(flavor = "multi_thread")]
async fn a_badge_is_good_to_the_end_of_its_last_day() {
    let TeacherScenario { federation, issuer, .. } = Federation::with_a_badge().await;
    let (nc, sc) = (federation.agency("US-NC"), federation.agency("US-SC"));
    let today = LocalDay::of(federation.clock().now(), sc.id()).expect("a day");
    let tomorrow = LocalDay::of(today.last().plus_seconds(60), sc.id()).expect("a day");
    let (first, last) = (today.to_string(), tomorrow.to_string());
    let dates = json!({"valid_from": first, "valid_until": last});
    let badge = sc.issues_with(&issuer, "Robin Vale", dates).await;
    let kept = sc.keeps(badge.code()).await;
    assert_eq!(
        (kept.valid_from, kept.valid_until),
        (today.first(), Some(tomorrow.last()))
    );
    let exact = tomorrow.last().plus_seconds(-3600);
    let dates = json!({"valid_until": exact.to_string()});
    let of_a_moment = sc.issues_with(&issuer, "Kim Alder", dates).await;
    assert_eq!(sc.keeps(of_a_moment.code()).await.valid_until, Some(exact));
    // At the command line, one and many.
    let folder = tempfile::tempdir().expect("a folder");
    let in_folder = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    let (one, rows, many) = (in_folder("one.json"), in_folder("class.csv"), in_folder("badges"));
    std::fs::write(
        &rows,
        format!("subject,valid_from,valid_until\nAva Brook,{first},{last}\n"),
    )
    .expect("a file");
    let told = [
        "credential",
        "issue",
        "--yes",
        "--issuer",
        issuer.id.as_str(),
        "--achievement-name",
        "Days",
    ];
    let single = [
        "--subject",
        "Lee Park",
        "--valid-from",
        &first,
        "--valid-until",
        &last,
        "--out",
        &one,
    ];
    for more in [single.as_slice(), &["--csv", &rows, "--out", &many]] {
        let ended = sc.comity(&[told.as_slice(), more].concat()).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    let written = std::fs::read_dir(&many)
        .expect("a folder")
        .map(|file| file.expect("a file").path());
    for file in written.chain([one.into()]) {
        let document: serde_json::Value =
            serde_json::from_slice(&std::fs::read(file).expect("a file")).expect("a badge");
        let date = |name: &str| {
            document[name]
                .as_str()
                .expect("a date")
                .parse::<Timestamp>()
                .expect("a date")
        };
        assert_eq!(
            (date("validFrom"), date("validUntil")),
            (today.first(), tomorrow.last())
        );
    }
    // On its last day it is good, and on the next it is not; the sentence tells the day by the same calendar.
    federation.clock().advance(3);
    sc.registers("Wateree Badge Works").await;
    eventually("the last day is the badge's", async || {
        let verdict = nc.employer().asks(&badge.bytes(), &[("at", last.as_str())]).await;
        match verdict.verdict {
            VerdictKind::Accepted => Ok(()),
            _ => Err(verdict.sentence),
        }
    })
    .await;
    let next = LocalDay::of(tomorrow.last().plus_seconds(60), sc.id()).expect("a day");
    let verdict = nc.employer().asks(&badge.bytes(), &[("at", &next.to_string())]).await;
    let sentence = format!(
        "Not valid on {}: this badge expired on {}.",
        next.in_words(),
        tomorrow.in_words()
    );
    assert_eq!(verdict.sentence, sentence);
    let verdict = nc.employer().asks(&of_a_moment.bytes(), &[("at", &last)]).await;
    let day = tomorrow.in_words();
    assert!(
        verdict
            .sentence
            .starts_with(&format!("Not valid on {day}: this badge expired on {day}, ")),
        "{}",
        verdict.sentence
    );
}
