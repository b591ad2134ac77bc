//! A disk that is full, and then is not: a write is refused in clear words and nothing of it is half done, what is read stays
//! true, `/readyz` says what is wrong as long as it is, and once there is room the node goes on by itself. Promises 1 and 2.

use rand::{SeedableRng as _, rngs::StdRng};
use registry_schema::{StatusReason, VerdictKind};
use tests::{
    ExchangeIntervals, Federation, Program, TeacherScenario, TestAgency, chance,
    deeds::{OperatorClient, WriteKind, WriteOutcome},
    eventually, http,
    oracle::tables,
    program,
    small_disk::SmallDisk,
    witness::{ClientCrowd, WitnessRecord, settles},
};

const MEBIBYTES: u32 = 24;
const RHYTHM: ExchangeIntervals = ExchangeIntervals {
    heartbeat_every: 1,
    heartbeat_term: 3600,
    exchange_every: 1,
};

/// Asks a node whether it is ready: the status, and its words.
async fn readiness(agency: &TestAgency) -> (u16, String) {
    let request = http::client().get(format!("{}/readyz", agency.url()));
    match http::try_send(request).await {
        Ok(reply) => (reply.status, reply.text()),
        Err(error) => (0, error),
    }
}

async fn is_ready(agency: &TestAgency, program: &mut Program) {
    eventually("the node is ready again", async || {
        assert!(program.ended().is_none(), "{}", program.said());
        match readiness(agency).await {
            (200, _) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

async fn says_that_the_disk_is_full(agency: &TestAgency, program: &mut Program) {
    eventually("the node says that its disk is full", async || {
        assert!(program.ended().is_none(), "{}", program.said());
        match readiness(agency).await {
            (503, text) if text.contains("disk is full") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

/// A small disk below an agency's stopped node; none, where that cannot be had.
fn small_disk_of(agency: &TestAgency) -> Option<SmallDisk> {
    match SmallDisk::below(agency.data(), MEBIBYTES) {
        Ok(disk) => Some(disk),
        Err(why) => {
            println!("skipped: no disk of its own can be mounted: {why}");
            None
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_whose_disk_is_full_refuses_what_it_cannot_keep_and_goes_on_when_there_is_room() {
    let mut rng = chance::seeded("an_agency_whose_disk_is_full");
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge_and(RHYTHM).await;
    let (home, tn) = (federation.agency("US-SC"), federation.agency("US-TN"));
    home.stops().await;
    let Some(disk) = small_disk_of(home) else { return };
    let mut program = home.starts_program(&[]).await;
    let record = WitnessRecord::default();
    let crowd_operator = OperatorClient::new(home, &issuer, "Blake", StdRng::from_rng(&mut rng));
    let mut operator = OperatorClient::new(home, &issuer, "Avery", StdRng::from_rng(&mut rng));
    let crowd = ClientCrowd::gathers(&record, crowd_operator, &[home, tn]);
    // `tests/campaign weather` plays more of it.
    let rounds = if std::env::var_os("COMITY_WEATHER").is_some() {
        5
    } else {
        1
    };
    for round in 0..rounds {
        disk.is_filled();
        says_that_the_disk_is_full(home, &mut program).await;
        // As long as it is: writes are refused, none is half done, and it is never called ready.
        let mut refused = 0;
        while refused < 4 {
            let (before, deed) = match operator.ready_for(WriteKind::Revoke) {
                true => operator.prepares(WriteKind::Revoke).await,
                false => operator.prepares(WriteKind::Register).await,
            };
            assert!(before.is_empty(), "{before:?}");
            let act = operator.does(deed).await;
            match act.told {
                WriteOutcome::Done => panic!("written to a full disk: {act:?}"),
                WriteOutcome::NotDone => {
                    assert!(act.said.starts_with("503"), "{act:?}");
                    refused += 1;
                }
                WriteOutcome::Unknown => {}
            }
            record.notes_act(act);
            let (status, text) = readiness(home).await;
            assert_eq!(status, 503, "ready, on a full disk: {text}");
            let verdict = home.employer().verifies(&badge).await;
            assert_ne!(verdict.verdict, VerdictKind::NotValid, "{verdict:#?}");
        }
        disk.is_emptied();
        is_ready(home, &mut program).await;
        let (before, deed) = operator.prepares(WriteKind::Revoke).await;
        before.into_iter().for_each(|act| record.notes_act(act));
        let again = operator.does(deed).await;
        assert_eq!(again.told, WriteOutcome::Done, "there is room: {again:?}");
        record.notes_act(again);
        // A badge to be revoked when there is no room.
        let (before, deed) = operator.prepares(WriteKind::Issue).await;
        let issued = operator.does(deed).await;
        assert_eq!(issued.told, WriteOutcome::Done, "{issued:?}");
        before.into_iter().chain([issued]).for_each(|act| record.notes_act(act));
        println!("round {round}: {}", record.in_words());
    }
    crowd.parts().await;
    let wrong = record.contradictions(&home.on_disk(home.genesis()).await, &tables(home));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // A start on a full disk says why it is none, and once there is room it is one.
    program.is_interrupted().await;
    let (code, said) = program.ends().await;
    assert_eq!(code, Some(0), "{said}");
    disk.is_filled();
    let data = home.data().to_str().expect("a path in Unicode");
    let refused = program::run("comityd", ["run", "--data", data], b"").await;
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains("disk below"), "{refused:?}");
    assert!(refused.stderr.contains("is full"), "{refused:?}");
    disk.is_emptied();
    home.starts().await;
    federation.meets().await;
    settles(&record, &home.on_disk(home.genesis()).await, &federation, &[home, tn]).await;
    federation.audit().await;
    home.stops().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verifier_whose_disk_is_full_calls_nothing_good_that_it_could_not_take_in() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge_and(RHYTHM).await;
    let (sc, tn) = (federation.agency("US-SC"), federation.agency("US-TN"));
    tn.stops().await;
    let Some(disk) = small_disk_of(tn) else { return };
    let mut program = tn.starts_program(&[]).await;
    federation.awaits(tn, &badge, VerdictKind::Accepted).await;
    disk.is_filled();
    says_that_the_disk_is_full(tn, &mut program).await;
    let mut revoked = Vec::new();
    for number in 0..3 {
        let one = sc.issues(&issuer, &format!("Riley {number}")).await;
        let change = sc.revokes(&one, StatusReason::IssuedInError).await;
        // Not known here: then it does not say that it knows how it stands now.
        for _ in 0..10 {
            let verdict = tn.employer().verifies(&one).await;
            let claims = verdict.status.fresh_as_of.is_none_or(|as_of| as_of >= change.at);
            assert!(
                verdict.verdict != VerdictKind::Accepted || !claims,
                "revoked at {:?}: {verdict:#?}",
                change.at
            );
        }
        revoked.push(one);
    }
    assert_eq!(readiness(tn).await.0, 503);
    disk.is_emptied();
    is_ready(tn, &mut program).await;
    for one in &revoked {
        federation.awaits(tn, one, VerdictKind::NotValid).await;
    }
    program.is_interrupted().await;
    let (code, said) = program.ends().await;
    assert_eq!(code, Some(0), "{said}");
    tn.starts().await;
    federation.meets().await;
    for one in &revoked {
        federation.awaits(tn, one, VerdictKind::NotValid).await;
    }
    federation.audit().await;
    tn.stops().await;
}
