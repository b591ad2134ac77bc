//! A day asked about is the whole day of the agency that is asked, by its own calendar; on the page, at the command line and in
//! the API alike. The day stands in the sentence, and a day to come is no question.

use registry_schema::{Reason, Timestamp, VerdictKind, zone};
use tests::{Answer as _, Federation, Scene, eventually, program};

#[tokio::test(flavor = "multi_thread")]
async fn a_day_asked_about_is_that_agencys_whole_day_on_page_command_and_api() {
    let Scene { federation, badge, .. } = Federation::with_a_badge().await;
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
    sc.revokes(&badge, Reason::IssuedInError).await;
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
