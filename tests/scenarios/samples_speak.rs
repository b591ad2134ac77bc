//! The shipped samples of rules, thirteen states' and two districts', answer what badges count for: each as an agency of a
//! demo of fifteen, with its source, and without their nodes as samples.

use policy::{file, samples};
use registry_schema::worth::WorthFormula;
use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::{Value, json};
use tests::{Employer, HttpReply, Program, VerdictAssertions as _, audit, eventually, http, ports, program};

/// The worth of five badges of one teacher: by whose rules, for which use, what the sentence says, and where that is
/// written (the sources of the data file).
const SAID: [(&str, &str, &str, &str); 19] = [
    (
        "US-NC",
        "renewal",
        "7.7 of 8 CEU",
        "district renewal FAQs (Columbus, Caldwell, Caswell)",
    ),
    (
        "US-SC",
        "renewal",
        "no published rate",
        "ed.sc.gov renewal provider page; carolinacred.org",
    ),
    (
        "US-TN",
        "renewal",
        "0 of 60 PDP (up to 30 more",
        "tn.gov Professional Development Points FAQ; State Board rule 5.502",
    ),
    (
        "US-TN",
        "advancement",
        "0 of 30 PDP (up to 30 more",
        "State Board rule 5.502",
    ),
    (
        "US-UT",
        "renewal",
        "0 USBE credits (up to 2.5 more",
        "uen.org micro-credential FAQ",
    ),
    ("US-GA", "renewal", "7.7 PLU", "Rule 505-2-.36"),
    (
        "US-DE",
        "renewal",
        "0 of 90 clock hours (up to 77 more",
        "14 DE Admin. Code 1511",
    ),
    (
        "US-AR",
        "test_substitute",
        "may meet the Praxis PLT (PPTL)",
        "DESE memo LIC-25-001",
    ),
    (
        "US-AR",
        "professional_learning",
        "may meet the additional 12 hours a year",
        "DESE memo LIC-25-001",
    ),
    (
        "US-AL",
        "professional_learning",
        "no published rate",
        "New America, When Micro Goes Macro (April 2025)",
    ),
    (
        "US-NM",
        "advancement",
        "4 of 5 micro-credentials",
        "NM PED; LESC analysis of HM32, 2025",
    ),
    (
        "US-KY",
        "salary",
        "0 of 18 micro-credentials",
        "bloomboard.com; kea.org",
    ),
    (
        "US-FL",
        "renewal",
        "0 of 40 in-service hours (up to 60 more",
        "Rule 6A-6.053",
    ),
    ("US-FL", "stipend", "0 USD (up to 1000 more", "Fla. Stat. 1003.485"),
    (
        "US-FL",
        "assignment",
        "no published rate",
        "Fla. Stat. 1003.485, 1012.585(3)(f)",
    ),
    (
        "US-TX",
        "professional_learning",
        "no published rate",
        "Tex. Educ. Code 21.054(a), (i); 19 TAC 230.91",
    ),
    ("US-MD", "renewal", "77 of 90 PDP", "COMAR 13A.12.02.06"),
    (
        "US-CO:aurora",
        "salary",
        "10 hours",
        "district salary-advancement page (15 hours = 1 credit)",
    ),
    (
        "US-IL:troy-30-c",
        "salary",
        "0 credits (up to 1 more",
        "district guideline",
    ),
];

/// The sentence, and everything else that names a source.
fn said(answer: &Value) -> (String, String) {
    let sentence = answer["sentence"].as_str().expect("a sentence").to_owned();
    (sentence, format!("{} {}", answer["rules"], answer["besides"]))
}

async fn asks(node: &str, body: &Value) -> HttpReply {
    let request = http::client().request(Method::POST, format!("{node}/v1/worth"));
    http::send(request.json(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn thirteen_states_and_two_districts_answer_what_a_teachers_badges_count_for_each_with_its_source() {
    let folder = tempfile::tempdir().expect("a folder");
    let (dir, ready) = (folder.path().join("demo"), folder.path().join("ready"));
    let port = ports::free_run(116);
    let words = ["demo", "--agencies", "15", "--dir"].map(str::to_owned).into_iter();
    let rest = ["--port".to_owned(), port.to_string(), "--ready-file".to_owned()];
    let words = words.chain([dir.display().to_string()]).chain(rest);
    let mut demo = Program::comityd(words.chain([ready.display().to_string()]).collect::<Vec<_>>());
    eventually("the demo is ready", async || {
        assert!(demo.ended().is_none(), "{}", demo.said());
        if ready.exists() { Ok(()) } else { Err(demo.said()) }
    })
    .await;
    let mut files: Vec<_> = std::fs::read_dir(dir.join("teacher"))
        .expect("a teacher's badges")
        .map(|file| file.expect("a file").path())
        .collect();
    files.sort();
    let badges: Vec<Value> = files
        .iter()
        .map(|file| serde_json::from_slice(&std::fs::read(file).expect("a badge")).expect("JSON"))
        .collect();

    // Any node answers for any agency: here South Carolina's.
    let node = format!("http://127.0.0.1:{}", port + 1);
    for (agency, purpose, words, source) in SAID {
        eventually(&format!("the rules of {agency} are here"), async || {
            let body = json!({"badges": badges, "agency": agency, "purpose": purpose});
            let reply = asks(&node, &body).await;
            if reply.status != 200 {
                return Err(reply.text());
            }
            let (sentence, sources) = said(&reply.value());
            match sentence.contains(words) && sources.contains(source) {
                true => Ok(()),
                false => Err(format!("{sentence}\n{sources}")),
            }
        })
        .await;
    }
    // Every one of the samples was asked, and every use of a rule that says that no rate is published.
    for (agency, text) in samples::SAMPLES {
        assert!(SAID.iter().any(|(asked, ..)| *asked == agency), "{agency}");
        for rule in file::parse(text).expect("a sample").worth {
            let all = rule.counts == WorthFormula::NoPublishedRate && rule.applies_to.is_all();
            for purpose in rule.purposes.iter().filter(|_| all) {
                let asked = SAID
                    .iter()
                    .any(|(of, used, ..)| *of == agency && *used == purpose.as_str());
                assert!(asked, "{agency} for {purpose}");
            }
        }
    }
    // Who asks about a use of which the rules say nothing is told of which they do.
    let of_kentucky = |purpose: &str| json!({"badges": badges, "agency": "US-KY", "purpose": purpose});
    let silent = asks(&node, &of_kentucky("renewal")).await.with_status(200).value();
    assert_eq!(silent["other_uses"], json!(["salary"]), "{silent}");
    let spoken = asks(&node, &of_kentucky("salary")).await.with_status(200).value();
    assert_eq!(spoken.get("other_uses"), None, "{spoken}");
    // A district has its own node and page, and its profile works.
    let profile = dir.join("profiles/US-IL-troy-30-c.toml").display().to_string();
    let status = program::comity(&["--profile", &profile, "status"]).await;
    assert!(
        status.code == Some(0) && status.stdout.contains("US-IL:troy-30-c"),
        "{status:?}"
    );
    let district = Employer::at(&format!("http://127.0.0.1:{}", port + 14));
    let page = district.reads("/").await.with_status(200).text();
    assert!(
        page.contains("value=\"US-IL:troy-30-c\" selected") && page.contains("Aurora (Colorado)"),
        "{page}"
    );
    let accepted = std::fs::read(dir.join("badges/accepted.json")).expect("a badge");
    district
        .asks(&accepted, &[("purpose", "salary")])
        .await
        .is(registry_schema::VerdictKind::Accepted);

    without_their_nodes(&node, &badges, &dir).await;
    demo.is_interrupted().await;
    let (code, words) = demo.ends().await;
    assert_eq!(code, Some(0), "{words}");
    let mut holdings = Vec::new();
    for (agency, _) in samples::SAMPLES {
        holdings.extend(audit::NodeHolding::in_store(agency, &dir.join(agency.replace(':', "-"))).await);
    }
    assert_eq!(holdings.len(), 225, "fifteen nodes know fifteen agencies");
    assert_eq!(audit::discrepancies(&holdings, &[], false), Vec::<String>::new());
}

/// The same rules, as samples: no agency speaks, and what is not genuine brings nothing.
async fn without_their_nodes(node: &str, badges: &[Value], dir: &std::path::Path) {
    let by_sample = json!({"badges": badges, "sample": "US-NM", "purpose": "advancement"});
    let answer = asks(node, &by_sample).await.with_status(200).value();
    let (sentence, sources) = said(&answer);
    assert!(
        sentence.contains("4 of 5 micro-credentials") && sources.contains("NM PED"),
        "{answer}"
    );
    assert!(
        answer["sample"].as_str().expect("a note").contains("not legal advice"),
        "{answer}"
    );
    let revoked = std::fs::read(dir.join("badges/not-valid-revoked.json")).expect("a badge");
    let revoked: Value = serde_json::from_slice(&revoked).expect("JSON");
    let forged = badges[0].to_string().replace("Jordan", "Another");
    let forged: Value = serde_json::from_str(&forged).expect("JSON");
    let bad = json!({"badges": [revoked, forged], "sample": "US-NM", "purpose": "advancement"});
    let nothing = asks(node, &bad).await.with_status(200).value();
    assert_eq!(nothing["accepted"], 0, "{nothing}");
    assert!(
        nothing["sentence"].as_str().expect("a sentence").ends_with("nothing"),
        "{nothing}"
    );
    let both = json!({"badges": badges, "sample": "US-NM", "agency": "US-TN", "purpose": "renewal"});
    asks(node, &both).await.problem(422, "request.invalid");
    let unknown = json!({"badges": badges, "sample": "US-OH", "purpose": "renewal"});
    let unknown = asks(node, &unknown).await.problem(422, "request.invalid");
    assert!(unknown.detail.contains("`US-OH`"), "{unknown:?}");

    // On the page, and from the command line. No source lists the NEA's micro-credentials, so that stays open.
    let mut form = Form::new().text("agency", "US-CO:aurora").text("purpose", "");
    for (nth, badge) in badges.iter().enumerate() {
        form = form.part("file", Part::text(badge.to_string()).file_name(format!("{nth}.json")));
    }
    let request = http::client().post(format!("{node}/sample-rules")).multipart(form);
    let page = http::send(request).await.with_status(200).text();
    assert!(
        page.contains("by the sample rules of Aurora, Colorado")
            && page.contains("salary advancement: 0 hours (up to 50 more"),
        "{page}"
    );
    let list = http::get(&format!("{node}/sample-rules")).await.with_status(200).text();
    let shown = http::get(&format!("{node}/v1/policy/samples/US-KY"))
        .await
        .with_status(200)
        .text();
    assert_eq!(Some(shown.as_str()), samples::of("US-KY"));
    http::get(&format!("{node}/v1/policy/samples/US-OH"))
        .await
        .problem(404, "request.not_found");
    let rows = http::get(&format!("{node}/v1/policy/samples"))
        .await
        .with_status(200)
        .value();
    assert_eq!(rows.as_array().map(Vec::len), Some(15));
    let listed = program::comity(&["policy", "sample", "list"]).await;
    for (agency, _) in samples::SAMPLES {
        assert!(list.contains(&format!("value=\"{agency}\"")), "{agency}");
        assert!(listed.stdout.contains(agency), "without any node: {listed:?}");
    }
    let badge = dir.join("teacher/2-elementary-literacy.json").display().to_string();
    let other = program::comity(&["policy", "worth", &badge, "--agency", "US-KY", "--node", node]).await;
    assert!(
        other.stdout.contains("no published rate") && other.stdout.contains("--purpose salary"),
        "{other:?}"
    );
    let counted = program::comity(&["policy", "worth", &badge, "--sample", "US-MD", "--node", node]).await;
    assert_eq!(counted.code, Some(0), "{counted:?}");
    assert!(
        counted.stdout.contains("40 of 90 PDP") && counted.stdout.contains("COMAR 13A.12.02.06"),
        "{counted:?}"
    );
}
