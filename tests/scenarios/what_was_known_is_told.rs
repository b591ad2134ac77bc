//! Two dates: when a badge should have been good, and what this node knew at that time. An employer who checked on the
//! day of hiring can show later what the answer was; nobody is blamed for a revocation that had not arrived.

use registry_schema::{Check, CheckOutcome, StatusReason, Timestamp, VerdictKind};
use tests::{Federation, Publisher, TeacherScenario, VerdictAssertions as _, eventually};
use verification::IssuerSigningKey;

/// A moment between two others, as a person writes it.
fn moment(federation: &Federation) -> String {
    federation.clock().advance_hours(1);
    let moment = federation.clock().now();
    federation.clock().advance_hours(1);
    moment.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_by_what_was_known_then_rests_on_nothing_that_arrived_later() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let file = badge.bytes();
    federation
        .employer_at("US-NC")
        .verifies(&badge)
        .await
        .is(VerdictKind::Accepted);
    let before = moment(&federation);

    federation
        .agency("US-SC")
        .revokes(&badge, StatusReason::Misrepresentation)
        .await;
    for neighbour in ["US-NC", "US-TN"] {
        let employer = federation.employer_at(neighbour);
        eventually(&format!("{neighbour} knows of the revocation"), async || {
            let verdict = employer.verifies(&badge).await;
            match verdict.findings.iter().any(|finding| finding.code == "status.revoked") {
                true => Ok(()),
                false => Err(verdict.sentence),
            }
        })
        .await;
    }
    let after = moment(&federation);

    // The keeper of the list, a peer by what it received, and both again after a restart: from the disk alone.
    for round in ["running", "restarted"] {
        for asked in ["US-SC", "US-NC"] {
            let employer = federation.employer_at(asked);
            let ask = async |question: &[(&str, &str)]| {
                let mut with = vec![("agency", "US-NC")];
                with.extend(question);
                employer.asks(&file, &with).await
            };
            let then = ask(&[("known", &before)]).await;
            println!("{round}, {asked}, known before: {}", then.sentence);
            let then = then.is(VerdictKind::Accepted);
            assert_eq!(then.known.map(|known| known.to_string()).as_ref(), Some(&before));
            assert_eq!(
                then.at.to_string(),
                before,
                "given alone, it is the day in question too"
            );
            let known: Timestamp = before.parse().expect("a moment");
            assert!(then.sentence.contains(&known.in_words()), "{}", then.sentence);
            let fresh = then.status.fresh_as_of.expect("an answer tells its age");
            assert!(fresh <= known, "nothing is known of after: {then:#?}");

            let later = ask(&[("known", &after)]).await.is(VerdictKind::NotValid);
            later.finding("status.revoked");
            // Good on that day, by all that is known since: and it says that it was revoked.
            let hindsight = ask(&[("at", &before), ("known", &after)])
                .await
                .is(VerdictKind::Accepted);
            assert!(
                hindsight.finding("status.active").detail.contains("revoked later"),
                "{hindsight:#?}"
            );
            assert_eq!(ask(&[("at", &before)]).await.verdict, VerdictKind::Accepted);
            // By what was known before, a later day is no worse.
            ask(&[("at", &after), ("known", &before)])
                .await
                .is(VerdictKind::Accepted);
            ask(&[]).await.is(VerdictKind::NotValid);
        }
        if round == "running" {
            for agency in ["US-NC", "US-SC"] {
                federation.agency(agency).stops().await;
                federation.agency(agency).starts().await;
            }
        }
    }

    // Many at once are asked the same.
    let line = format!("{}\n", String::from_utf8_lossy(&file).replace('\n', " "));
    let employer = federation.employer_at("US-NC");
    for (known, verdict) in [(&before, "accepted"), (&after, "not_valid")] {
        let question = [("known", known.as_str())];
        let reply = employer
            .sends_many(line.clone().into_bytes(), "application/jsonl", &question)
            .await;
        let said = String::from_utf8_lossy(&reply.body).into_owned();
        assert!(said.contains(&format!("\"verdict\":\"{verdict}\"")), "{known}: {said}");
    }
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recognition_counts_from_when_it_arrived_and_silence_of_then_is_told() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let employer = federation.employer_at("US-NC");
    let file = badge.bytes();
    let while_recognized = moment(&federation);
    employer
        .asks(&file, &[("known", &while_recognized)])
        .await
        .is(VerdictKind::Accepted);

    // Days of silence, as the node's own clock has it, while nobody says anything.
    federation.agency("US-SC").stops().await;
    federation.clock().advance(5);
    let in_silence = federation.clock().now().to_string();
    let verdict = employer
        .asks(&file, &[("known", &in_silence)])
        .await
        .is(VerdictKind::CouldNotCheck);
    let doubt = |check| {
        verdict
            .findings
            .iter()
            .any(|f| f.check == check && f.outcome == CheckOutcome::CouldNotCheck)
    };
    assert!(doubt(Check::Status) || doubt(Check::Recognition), "{verdict:#?}");
    // And what was known before the silence still stands.
    employer
        .asks(&file, &[("known", &while_recognized)])
        .await
        .is(VerdictKind::Accepted);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_known_in_the_future_or_before_the_node_is_no_question() {
    let federation = Federation::start(&["US-NC"]).await;
    let employer = federation.employer_at("US-NC");
    let tomorrow = federation.clock().now().plus_seconds(86_400).to_string();
    for (known, why) in [
        (tomorrow.as_str(), "has not come yet"),
        ("2019-05-01", "this node keeps what it knew since"),
        ("2999-01-01", "has not come yet"),
        ("soon", "`soon`"),
    ] {
        let reply = employer.sends(b"{}", "application/json", &[("known", known)]).await;
        let detail = reply.problem(422, "request.invalid").detail;
        assert!(detail.contains(why), "{known}: {detail}");
    }
}

/// The words of an issuer outside the federation are told as they were fetched, after they changed and after they went.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_outside_issuer_published_then_is_told_as_it_was_fetched() {
    let federation = Federation::start(&["US-NC"]).await;
    let nc = federation.agency("US-NC");
    let publisher = Publisher::starts().await;
    publisher.is_trusted_by(nc, |_| {}).await;
    let key = IssuerSigningKey::from_seed(&[77; 32]).expect("a key");
    let (hour, index) = (3_600_000, 4_711);
    let now = federation.clock().now();
    publisher.publishes_key(&key, &["assertionMethod"]);
    publisher.publishes_list("/revocation", "revocation", &[], &key, now, hour);
    publisher.publishes_list("/suspension", "suspension", &[], &key, now, hour);
    let badge = publisher.issues(&key, index, now);
    let ask = async |known: &str| nc.employer().asks(&badge, &[("known", known)]).await;

    let before = moment(&federation);
    let unknown = ask(&before).await.is(VerdictKind::CouldNotCheck);
    assert!(
        unknown.finding("issuer.unresolvable").detail.contains("not kept"),
        "nothing was fetched by then: {unknown:#?}"
    );

    nc.employer()
        .verifies_bytes(&badge)
        .await
        .is(VerdictKind::NotRecognized);
    let while_good = federation.clock().now().to_string();
    publisher.publishes_list("/revocation", "revocation", &[index], &key, now, hour);
    federation.clock().advance_hours(2);
    nc.employer().verifies_bytes(&badge).await.is(VerdictKind::NotValid);
    let while_revoked = federation.clock().now().to_string();
    federation.clock().advance(3);
    let in_silence = federation.clock().now().to_string();
    publisher.stops();
    publisher.was_asked_for();

    // From the disk alone, and nobody is asked.
    for round in ["running", "restarted"] {
        let good = ask(&while_good).await.is(VerdictKind::NotRecognized);
        assert_eq!(good.codes(Check::Status), ["status.active", "status.active"], "{round}");
        good.finding("issuer.unregistered");
        let fresh = good.status.fresh_as_of.expect("an answer tells its age");
        assert!(fresh <= while_good.parse().expect("a moment"), "{round}: {good:#?}");
        let revoked = ask(&while_revoked).await.is(VerdictKind::NotValid);
        revoked.finding("status.revoked");
        // What was fetched days before no longer counted, and that is what was known.
        let silent = ask(&in_silence).await;
        assert!(silent.verdict != VerdictKind::Accepted && silent.verdict != VerdictKind::NotRecognized);
        silent.finding("issuer.unresolvable");
        ask(&before).await.is(VerdictKind::CouldNotCheck);
        nc.stops().await;
        nc.starts().await;
    }
    assert_eq!(publisher.was_asked_for(), Vec::<String>::new());
    federation.audit().await;
}
