//! Several processes of one agency on one PostgreSQL: all answer, one writes, and any takes over.

use std::{collections::BTreeSet, sync::Arc};

use platform::clock::Clock;
use protocol::status_list;
use registry_schema::{StatusChange, StatusReason, VerdictKind};
use reqwest::Method;
use serde_json::json;
use tests::{
    AgencyProcess, Employer, ExchangeIntervals, Federation, HttpReply, IssuedBadge, StoreBackend, TeacherScenario,
    TestAgency, VerdictAssertions as _, eventually, http, process,
};
use tokio::sync::Mutex;

/// Seconds for which a holder may be silent.
const LEASE_TERM: u32 = 2;

/// A badge of which its issuer was told that it is issued, and the answer to its revocation, if that was told as well.
type AcknowledgedBadge = (IssuedBadge, Option<HttpReply>);

async fn scene() -> TeacherScenario {
    Federation::start_on(
        &["US-NC", "US-SC", "US-TN"],
        ExchangeIntervals::default(),
        StoreBackend::Postgres,
    )
    .await
    .gains_a_badge()
    .await
}

/// Ends the processes, starts the agency's node in this one, and looks at everything.
async fn audits(federation: &Federation, mut processes: Vec<AgencyProcess>) {
    for process in &mut processes {
        process.program.is_killed().await;
    }
    looks_at_everything(federation).await;
}

async fn looks_at_everything(federation: &Federation) {
    federation.agency("US-SC").starts().await;
    federation.meets().await;
    federation.audit().await;
    for agency in federation.agencies() {
        let forks = agency.audited("replication.fork").await;
        assert_eq!(forks, 0, "{} saw two histories", agency.id());
    }
}

fn path_of(badge: &IssuedBadge) -> String {
    format!("/v1/credentials/{}", badge.code().compact())
}

/// Writes down a revocation that was acknowledged.
fn notes(agency: &TestAgency, badge: &IssuedBadge, reply: &HttpReply) {
    let change: StatusChange = serde_json::from_value(reply.value()["change"].clone()).expect("a change");
    let (list, index) = badge.slot();
    agency.notes(
        format!("{} revoked", badge.code()),
        status_list::revoke(list, index, StatusReason::Superseded, change.at),
    );
}

fn revocation() -> serde_json::Value {
    json!({"status": "revoked", "reason": "superseded"})
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_at_any_process_is_written_and_every_process_answers() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = scene().await;
    let sc = federation.agency("US-SC");
    sc.stops().await;
    let processes = AgencyProcess::start(sc, 3, LEASE_TERM).await;
    let holder = AgencyProcess::holder(&processes).await;
    let followers: Vec<&AgencyProcess> = processes
        .iter()
        .enumerate()
        .filter(|(i, _)| *i != holder)
        .map(|(_, p)| p)
        .collect();

    let mut badges = vec![];
    for (number, process) in processes.iter().enumerate() {
        let body = json!({"issuer": issuer.id, "subject": format!("Teacher {number}"), "achievement": {"name": "Formative Assessment"}});
        let issued: IssuedBadge = process
            .asks(Method::POST, "/v1/credentials", Some(&body))
            .await
            .unwrap()
            .with_status(201)
            .json();
        badges.push(issued);
    }
    for follower in &followers {
        let body = revocation();
        let badge = badges.pop().unwrap();
        let path = format!("{}/status-entries", path_of(&badge));
        let reply = follower
            .asks(Method::POST, &path, Some(&body))
            .await
            .unwrap()
            .with_status(201);
        notes(sc, &badge, &reply);
        // Whoever was told that it is done finds it done, at once, where it was told.
        let kept = follower
            .asks(Method::GET, &path_of(&badge), None)
            .await
            .unwrap()
            .value();
        assert_eq!(kept["state"], "revoked", "{kept}");
        follower
            .asks(Method::POST, &path, Some(&body))
            .await
            .unwrap()
            .problem(409, "act.conflict");
        federation
            .awaits(federation.agency("US-TN"), &badge, VerdictKind::NotValid)
            .await;
        for process in &processes {
            let employer = Employer::at(process.url());
            eventually("every process says so", async || {
                let verdict = employer.verifies(&badge).await;
                (verdict.verdict == VerdictKind::NotValid)
                    .then_some(())
                    .ok_or_else(|| format!("{verdict:#?}"))
            })
            .await;
        }
    }
    for process in &processes {
        Employer::at(process.url())
            .verifies(&badge)
            .await
            .is(VerdictKind::Accepted);
        // A follower knows who is connected from the holder.
        eventually("every process tells of the peers", async || {
            let peers = process.asks(Method::GET, "/v1/peers", None).await?.value();
            let connected = peers
                .as_array()
                .is_some_and(|peers| peers.iter().all(|peer| peer["connected"] == true));
            connected.then_some(()).ok_or_else(|| peers.to_string())
        })
        .await;
    }
    audits(&federation, processes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_forwards_for_operators_alone_and_the_holders_inner_door_is_shut_to_everybody_else() {
    let TeacherScenario { federation, badge, .. } = scene().await;
    let sc = federation.agency("US-SC");
    sc.stops().await;
    let processes = AgencyProcess::start(sc, 2, LEASE_TERM).await;
    let holder = AgencyProcess::holder(&processes).await;
    let path = format!("{}/status-entries", path_of(&badge));
    let follower = format!("{}{path}", processes[1 - holder].url());
    let stranger = http::client()
        .post(follower)
        .bearer_auth("comity_guessed")
        .json(&revocation());
    http::send(stranger).await.problem(401, "operator.unauthenticated");

    // What only reads is answered by the process that was asked, whatever token comes along.
    for path in ["/v1/verifications", "/v1/verifications?purpose=renewal"] {
        // As soon as it knows from the holder how fresh the lists are.
        eventually("the follower answers itself", async || {
            let asked = http::client().post(format!("{}{path}", processes[1 - holder].url()));
            let asked = asked
                .bearer_auth("of_somebody_else")
                .header("content-type", "application/vc")
                .body(badge.bytes());
            let verdict = http::send(asked).await.with_status(200).value();
            (verdict["verdict"] == "accepted")
                .then_some(())
                .ok_or_else(|| verdict.to_string())
        })
        .await;
    }

    let lease = process::lease(sc).await;
    let inside = http::client_with(|builder| builder.tls_danger_accept_invalid_certs(true));
    let door = format!("https://{}{path}", lease.address);
    for secret in [None, Some("00".repeat(32))] {
        let mut knock = inside.post(&door).bearer_auth(sc.token()).json(&revocation());
        if let Some(secret) = secret {
            knock = knock.header("comity-lease", secret);
        }
        http::send(knock).await.problem(401, "operator.unauthenticated");
    }
    // Nor does its certificate pass for anything that the world trusts.
    http::try_send(http::client().get(format!("https://{}/livez", lease.address)))
        .await
        .unwrap_err();
    let kept = processes[holder]
        .asks(Method::GET, &path_of(&badge), None)
        .await
        .unwrap()
        .value();
    assert_eq!(kept["state"], "active");
    audits(&federation, processes).await;
}

/// The term is far longer than this test waits: only a lease that was given back is taken.
#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_stops_gives_the_lease_back_and_answers_what_was_under_way() {
    let TeacherScenario { federation, badge, .. } = scene().await;
    let sc = federation.agency("US-SC");
    sc.stops().await;
    let mut processes = AgencyProcess::start(sc, 2, 3600).await;
    let holder = processes.remove(AgencyProcess::holder(&processes).await);
    let path = format!("{}/status-entries", path_of(&badge));
    let body = revocation();
    let (reply, ()) = tokio::join!(
        processes[0].asks(Method::POST, &path, Some(&body)),
        holder.program.is_interrupted()
    );
    // Written by the one or by the other; either way it is answered.
    notes(sc, &badge, &reply.unwrap().with_status(201));
    assert_eq!(AgencyProcess::holder(&processes).await, 0);
    assert_eq!(holder.program.ends().await.0, Some(0));
    for process in processes {
        process.program.is_interrupted().await;
        assert_eq!(process.program.ends().await.0, Some(0));
    }
    looks_at_everything(&federation).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_holder_is_taken_over_nothing_acknowledged_is_lost_and_no_slot_is_given_twice() {
    const WRITERS: usize = 4;
    let TeacherScenario { federation, issuer, .. } = scene().await;
    let sc = federation.agency("US-SC");
    sc.stops().await;
    let mut processes = AgencyProcess::start(sc, 3, LEASE_TERM).await;
    let before = process::lease(sc).await.epoch;
    let mut killed = processes.remove(AgencyProcess::holder(&processes).await);
    let processes = Arc::new(processes);

    // Each writer issues and revokes, one after the other, at the two processes that will live.
    let acknowledged: Arc<Mutex<Vec<AcknowledgedBadge>>> = Arc::default();
    let (told, mut telling) = tokio::sync::mpsc::unbounded_channel();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut writing = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let (processes, acknowledged, told, stopped) =
            (processes.clone(), acknowledged.clone(), told.clone(), stopped.clone());
        let body =
            json!({"issuer": issuer.id, "subject": "Riley Brooks", "achievement": {"name": "Formative Assessment"}});
        writing.spawn(async move {
            while !*stopped.borrow() {
                let process = &processes[writer % processes.len()];
                let reply = process
                    .asks(Method::POST, "/v1/credentials", Some(&body))
                    .await
                    .expect("a live process answers");
                if reply.status != 201 {
                    assert_eq!(reply.status, 503, "{}", reply.text());
                    continue;
                }
                let badge: IssuedBadge = reply.json();
                let path = format!("{}/status-entries", path_of(&badge));
                let reply = process
                    .asks(Method::POST, &path, Some(&revocation()))
                    .await
                    .expect("a live process answers");
                let revoked = (reply.status == 201).then_some(reply);
                acknowledged.lock().await.push((badge, revoked));
                let _ = told.send(());
            }
        });
    }
    let mut done = 0;
    eventually("some is written", async || {
        done += std::iter::from_fn(|| telling.try_recv().ok()).count();
        (done >= 12).then_some(()).ok_or_else(|| format!("{done} so far"))
    })
    .await;
    killed.program.is_killed().await;
    let begin = std::time::Instant::now();
    let holder = AgencyProcess::holder(&processes).await;
    println!(
        "taken over {:.1} s after the kill, with a term of {LEASE_TERM} s",
        begin.elapsed().as_secs_f64()
    );
    let epoch = process::lease(sc).await.epoch;
    assert_eq!(epoch, before + 1, "one takeover, by process {holder}");
    let mut after = 0;
    // Those under way when it was killed may still count; the rest is the new holder's.
    eventually("the new holder writes", async || {
        after += std::iter::from_fn(|| telling.try_recv().ok()).count();
        (after >= 12 + WRITERS)
            .then_some(())
            .ok_or_else(|| format!("{after} so far"))
    })
    .await;
    stop.send_replace(true);
    while let Some(ended) = writing.join_next().await {
        ended.expect("a writer");
    }

    let acknowledged = acknowledged.lock().await;
    println!(
        "{} badges were acknowledged, {} of them before the kill",
        acknowledged.len(),
        done
    );
    let slots: BTreeSet<(u32, u32)> = acknowledged.iter().map(|(badge, _)| badge.slot()).collect();
    assert_eq!(slots.len(), acknowledged.len(), "a slot was given twice");
    for (badge, revoked) in acknowledged.iter() {
        let kept = processes[holder]
            .asks(Method::GET, &path_of(badge), None)
            .await
            .unwrap()
            .with_status(200)
            .value();
        if let Some(reply) = revoked {
            assert_eq!(kept["state"], "revoked", "{}", badge.code());
            notes(sc, badge, reply);
        }
    }
    // Each takeover reserves units of its own: the units of the slots before and after have none in common.
    let block = |(list, index): (u32, u32)| (list, index / 16);
    let places: Vec<(u32, u32)> = acknowledged.iter().map(|(badge, _)| block(badge.slot())).collect();
    let [first, last] = [places.first(), places.last()];
    assert_ne!(first, last, "the new holder goes on in the old holder's unit");
    let processes = Arc::into_inner(processes).expect("the writers are gone");
    audits(&federation, processes).await;
}

/// A holder that finds that the lease is another's finds it by the epoch: nothing else told it.
#[tokio::test(flavor = "multi_thread")]
async fn a_holder_that_was_deposed_and_has_not_heard_of_it_writes_nothing() {
    let TeacherScenario { federation, badge, .. } = scene().await;
    let sc = federation.agency("US-SC");
    sc.stops().await;
    // Renewals are a second apart: what is asked right after one usurps the lease mostly comes before the next. Where it does not, it
    // waits for a holder that answers, for less long than the usurper has the lease.
    let processes = AgencyProcess::start(sc, 1, 40).await;
    let path = format!("{}/status-entries", path_of(&badge));
    let usurper = process::usurps(sc).await;
    let epoch = usurper.held();
    let reply = processes[0]
        .asks(Method::POST, &path, Some(&revocation()))
        .await
        .unwrap();
    reply.problem(503, "node.no_writer");
    assert_eq!(Some(process::lease(sc).await.epoch), epoch);
    let kept = processes[0]
        .asks(Method::GET, &path_of(&badge), None)
        .await
        .unwrap()
        .value();
    assert_ne!(kept["state"], "revoked", "{kept}");

    usurper.release().await.expect("a store that can be written");
    usurper.close().await;
    AgencyProcess::holder(&processes).await;
    let reply = processes[0]
        .asks(Method::POST, &path, Some(&revocation()))
        .await
        .unwrap()
        .with_status(201);
    notes(sc, &badge, &reply);
    audits(&federation, processes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_holder_that_wakes_after_a_takeover_writes_nothing() {
    const BADGES: usize = 12;
    let TeacherScenario { federation, issuer, .. } = scene().await;
    let sc = federation.agency("US-SC");
    let mut badges = Vec::new();
    for number in 0..BADGES {
        badges.push(sc.issues(&issuer, &format!("Teacher {number}")).await);
    }
    sc.stops().await;
    let mut processes = AgencyProcess::start(sc, 2, LEASE_TERM).await;
    let holder = AgencyProcess::holder(&processes).await;
    // One write, so that it has a place in the log to go on from.
    let first = badges.pop().expect("a badge");
    let path = |badge: &IssuedBadge| format!("{}/status-entries", path_of(badge));
    let reply = processes[holder]
        .asks(Method::POST, &path(&first), Some(&revocation()))
        .await
        .unwrap()
        .with_status(201);
    notes(sc, &first, &reply);
    let frozen = Arc::new(processes.remove(holder));
    frozen.program.is_frozen().await;

    // What it is asked while it is frozen waits in its sockets, and is the first thing that it does when it wakes.
    let mut waiting = tokio::task::JoinSet::new();
    let late = badges.split_off(BADGES / 2);
    for badge in late {
        let (frozen, path) = (frozen.clone(), path(&badge));
        waiting.spawn(async move { (badge, frozen.asks(Method::POST, &path, Some(&revocation())).await) });
    }
    AgencyProcess::holder(&processes).await;
    let written = Clock::default().now();
    for badge in &badges {
        let path = path(badge);
        // On a loaded machine a holder may miss the end of its short term, and hold the lease again a moment later.
        let reply = eventually("the new holder writes", async || {
            let reply = processes[0].asks(Method::POST, &path, Some(&revocation())).await?;
            match reply.status {
                201 => Ok(reply),
                503 => Err(reply.text()),
                _ => panic!("{}", reply.text()),
            }
        })
        .await;
        notes(sc, badge, &reply);
    }
    frozen.program.is_thawed().await;
    while let Some(answered) = waiting.join_next().await {
        let (badge, reply) = answered.expect("a request");
        let reply = reply.expect("it answers when it wakes");
        match reply.status {
            // Forwarded to who writes now.
            201 => notes(sc, &badge, &reply),
            _ => drop(reply.problem(503, "node.no_writer")),
        }
    }
    eventually("the woken one follows", async || match frozen.is_holder().await {
        Ok(false) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    // The other one holds the lease still.
    AgencyProcess::holder(&processes).await;
    // And it answers for what was written while it slept.
    // And it answers for what was written while it slept; until it has read that, it does not date its answers after it.
    for badge in &badges {
        eventually("it has read what was written", async || {
            let verdict = Employer::at(frozen.url()).verifies(badge).await;
            match verdict.verdict {
                VerdictKind::NotValid => Ok(()),
                _ => {
                    let as_of = verdict.status.fresh_as_of;
                    assert!(as_of.is_none_or(|as_of| as_of <= written), "{verdict:#?}");
                    Err(format!("{:?} as of {as_of:?}", verdict.verdict))
                }
            }
        })
        .await;
    }
    processes.push(Arc::into_inner(frozen).expect("nobody asks it any more"));
    audits(&federation, processes).await;
}
