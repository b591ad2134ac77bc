//! A badge revoked in one state turns red in another: within two seconds, with who, when and why.

use std::time::{Duration, Instant};

use registry_schema::{StatusReason, StatusState, Timestamp, Verdict, VerdictKind};
use tests::{Federation, IssuedBadge, TeacherScenario, TestAgency, VerdictAssertions as _, eventually};

/// The promise, on one machine.
const SOON: Duration = Duration::from_secs(2);

/// Waits until both neighbours answer what is told; none may need longer than the promise.
async fn soon(federation: &Federation, badge: &IssuedBadge, told: Instant, code: &str) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for neighbour in ["US-TN", "US-NC"] {
        let employer = federation.employer_at(neighbour);
        let verdict = eventually(&format!("{neighbour} answers {code}"), async || {
            let verdict = employer.verifies(badge).await;
            let heard = verdict.findings.iter().any(|finding| finding.code == code);
            if heard {
                Ok(verdict)
            } else {
                Err(format!("{verdict:#?}"))
            }
        })
        .await;
        let took = told.elapsed();
        println!("{code} at {neighbour} after {} ms", took.as_millis());
        assert!(took <= SOON, "{neighbour} answered {code} only after {took:?}");
        verdicts.push(verdict);
    }
    verdicts
}

fn agency(federation: &Federation) -> &TestAgency {
    federation.agency("US-SC")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_badge_revoked_in_one_state_turns_red_in_another() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let before = Timestamp(federation.clock().now().0 - 1);
    let change = agency(&federation)
        .revokes(&badge, StatusReason::Misrepresentation)
        .await;
    for verdict in soon(&federation, &badge, Instant::now(), "status.revoked").await {
        let verdict = verdict.is(VerdictKind::NotValid);
        let finding = verdict.finding("status.revoked");
        for word in [
            "South Carolina",
            &change.at.date_in_words(),
            "facts were misrepresented",
        ] {
            assert!(finding.detail.contains(word), "`{word}` is not in {finding:?}");
            assert!(
                verdict.sentence.contains(word),
                "`{word}` is not in {}",
                verdict.sentence
            );
        }
        assert_eq!(verdict.status.state, StatusState::Revoked);
        assert_eq!(verdict.status.source.as_deref(), Some("South Carolina"));
        let fresh = verdict.status.fresh_as_of.expect("an answer tells its age");
        assert!(fresh <= verdict.checked_at, "{verdict:#?}");
        assert!(finding.as_of.is_some(), "{finding:?}");
        // Nothing else is held against it.
        for code in [
            "structure.valid",
            "proof.valid",
            "issuer.key_is_issuers",
            "dates.in_date",
        ] {
            verdict.finding(code);
        }
    }
    // The heartbeat that follows dates it.
    for neighbour in ["US-TN", "US-NC"] {
        let employer = federation.employer_at(neighbour);
        eventually("the answer is dated after the revocation was begun", async || {
            let verdict = employer.verifies(&badge).await.is(VerdictKind::NotValid);
            let (fresh, known) = (verdict.status.fresh_as_of, verdict.finding("status.revoked").as_of);
            let is_dated = fresh.is_some_and(|fresh| before <= fresh && fresh <= verdict.checked_at)
                && known.is_some_and(|as_of| as_of >= change.at);
            match is_dated {
                true => Ok(()),
                false => Err(format!("{fresh:?} and {known:?}")),
            }
        })
        .await;
    }
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_travels_and_so_does_its_end() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;

    agency(&federation).suspends(&badge, StatusReason::Administrative).await;
    for verdict in soon(&federation, &badge, Instant::now(), "status.suspended").await {
        let verdict = verdict.is(VerdictKind::NotValid);
        assert_eq!(verdict.status.state, StatusState::Suspended);
        assert!(
            verdict.sentence.contains("it can be reinstated"),
            "{}",
            verdict.sentence
        );
    }

    agency(&federation)
        .reinstates(&badge, StatusReason::Administrative)
        .await;
    for verdict in soon(&federation, &badge, Instant::now(), "status.active").await {
        assert_eq!(verdict.is(VerdictKind::Accepted).status.state, StatusState::Active);
    }

    // It can be suspended again, and revoked while it is.
    agency(&federation)
        .suspends(&badge, StatusReason::EvidenceInvalid)
        .await;
    agency(&federation).revokes(&badge, StatusReason::EvidenceInvalid).await;
    for verdict in soon(&federation, &badge, Instant::now(), "status.revoked").await {
        assert_eq!(verdict.is(VerdictKind::NotValid).status.state, StatusState::Revoked);
    }
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_badge_never_comes_back() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let sc = agency(&federation);
    let first = sc.revokes(&badge, StatusReason::IssuedInError).await;
    soon(&federation, &badge, Instant::now(), "status.revoked").await;

    for to in [StatusState::Active, StatusState::Suspended, StatusState::Revoked] {
        let problem = sc
            .tries_to_change(badge.code(), to, StatusReason::Administrative)
            .await
            .problem(409, "act.conflict");
        assert!(problem.detail.contains("final"), "{problem:?}");
    }
    let kept = sc.keeps(badge.code()).await;
    assert_eq!((kept.state, kept.state_since), (StatusState::Revoked, Some(first.at)));
    for agency in federation.agencies() {
        federation
            .awaits(agency, &badge, VerdictKind::NotValid)
            .await
            .finding("status.revoked");
    }
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_one_badge_is_no_change_of_another() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let sc = agency(&federation);
    let other = sc.issues(&issuer, "Riley Brooks").await;
    sc.revokes(&badge, StatusReason::Superseded).await;
    soon(&federation, &badge, Instant::now(), "status.revoked").await;
    for agency in federation.agencies() {
        federation.awaits(agency, &other, VerdictKind::Accepted).await;
    }
    federation.audit().await;
}
