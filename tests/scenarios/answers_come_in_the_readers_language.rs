//! Every answer comes in the language of whoever reads it, and says the same in each.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use fluent_syntax::{
    ast::{Entry, Expression, InlineExpression, Pattern, PatternElement},
    parser,
};
use registry_schema::{MessageSignature, StatusReason, Verdict, VerdictKind};
use tests::{Federation, TeacherScenario};
use words::Language;

/// All messages that code can say.
fn signatures() -> Vec<MessageSignature> {
    let all = registry_schema::phrase::MESSAGES
        .iter()
        .chain(verification::judge::MESSAGES);
    all.flat_map(|some| some.iter().copied()).collect()
}

fn variables_of(pattern: &Pattern<&str>, found: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            variables_in(expression, found);
        }
    }
}

fn variables_in(expression: &Expression<&str>, found: &mut BTreeSet<String>) {
    let inline = |one: &InlineExpression<&str>, found: &mut BTreeSet<String>| match one {
        InlineExpression::VariableReference { id } => drop(found.insert(id.name.to_owned())),
        InlineExpression::Placeable { expression } => variables_in(expression, found),
        _ => {}
    };
    match expression {
        Expression::Inline(one) => inline(one, found),
        Expression::Select { selector, variants } => {
            inline(selector, found);
            for variant in variants {
                variables_of(&variant.value, found);
            }
        }
    }
}

/// The messages of a language, each with the arguments that it uses.
fn messages_of(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let mut messages = BTreeMap::new();
    for (file, text) in words::sources(language) {
        let resource = parser::parse(*text).unwrap_or_else(|(_, errors)| panic!("{language:?} {file}: {errors:?}"));
        for entry in &resource.body {
            let Entry::Message(message) = entry else {
                assert!(!matches!(entry, Entry::Junk { .. }), "{language:?} {file}: {entry:?}");
                continue;
            };
            let mut variables = BTreeSet::new();
            let value = message.value.as_ref().expect("a message says something");
            variables_of(value, &mut variables);
            let is_new = messages.insert(message.id.name.to_owned(), variables).is_none();
            assert!(is_new, "{language:?} {file}: `{}` stands twice", message.id.name);
        }
    }
    messages
}

#[test]
fn each_language_has_every_message_with_the_arguments_that_code_gives_and_no_other() {
    let said: BTreeMap<String, BTreeSet<String>> = signatures()
        .iter()
        .map(|one| {
            (
                one.id.to_owned(),
                one.arguments.iter().map(|&name| name.to_owned()).collect(),
            )
        })
        .collect();
    assert_eq!(said.len(), signatures().len(), "no two messages share a name");
    for language in Language::ALL {
        let messages = messages_of(language);
        let missing: Vec<_> = said.keys().filter(|id| !messages.contains_key(*id)).collect();
        assert!(missing.is_empty(), "{language:?} lacks {missing:?}");
        let unused: Vec<_> = messages.keys().filter(|id| !said.contains_key(*id)).collect();
        assert!(unused.is_empty(), "nothing says {unused:?} of {language:?}");
        for (id, arguments) in &said {
            assert_eq!(&messages[id], arguments, "the arguments of `{id}` in {language:?}");
        }
    }
}

#[test]
fn every_enum_of_phrases_is_among_the_messages_that_the_catalogue_is_held_against() {
    let known = signatures();
    let mut files = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..")];
    let mut found = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !["target", "node_modules", ".git"].contains(&name.as_str()) {
                files.extend(
                    fs::read_dir(&path)
                        .expect("a folder")
                        .map(|one| one.expect("an entry").path()),
                );
            }
            continue;
        }
        if path.extension().is_none_or(|kind| kind != "rs") || path.ends_with("registry-schema/src/phrase.rs") {
            continue;
        }
        let source = fs::read_to_string(&path).expect("a source");
        let blocks = source
            .split("phrases! {")
            .skip(1)
            .filter_map(|block| block.split_once("enum ")?.1.split_once(' '));
        let values = source
            .split("value_phrases!(")
            .skip(1)
            .filter_map(|block| block.split_once(' '));
        for (name, _) in blocks
            .chain(values)
            .filter(|(name, _)| name.chars().all(char::is_alphanumeric))
        {
            found += 1;
            let begins = format!("{name}-");
            assert!(
                known.iter().any(|one| one.id.starts_with(&begins)),
                "{}: `{name}` is in no list of messages",
                path.display()
            );
        }
    }
    assert!(found > 20, "only {found} enums of phrases were found");
}

/// Messages that are only their arguments, or a term of the standards: they are alike in every language.
fn is_alike_on_purpose(text: &str) -> bool {
    let words = text.split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 3);
    words.count() < 3
}

#[test]
fn no_message_is_left_in_english_in_another_language() {
    let texts = |language: Language| -> BTreeMap<String, String> {
        let sources = words::sources(language).iter();
        let lines = sources.flat_map(|(_, text)| text.lines());
        lines
            .filter_map(|line| line.split_once(" = "))
            .map(|(id, text)| (id.to_owned(), text.to_owned()))
            .collect()
    };
    let english = texts(Language::English);
    let same: Vec<String> = texts(Language::Spanish)
        .into_iter()
        .filter(|(id, text)| english.get(id) == Some(text) && !is_alike_on_purpose(text))
        .map(|(id, _)| id)
        .collect();
    assert!(same.is_empty(), "{same:?}");
}

fn codes(verdict: &Verdict) -> Vec<&str> {
    verdict.findings.iter().map(|found| found.code.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_comes_in_the_language_that_is_asked_for_and_says_the_same_in_each() {
    let TeacherScenario {
        federation,
        issuer,
        badge,
        ..
    } = Federation::with_a_badge().await;
    let (sc, nc) = (federation.agency("US-SC"), federation.agency("US-NC"));
    let employer = nc.employer();
    let in_language =
        async |file: &[u8], tag: &str| employer.asks(file, &[("purpose", "renewal"), ("lang", tag)]).await;

    let english = in_language(&badge.bytes(), "en").await;
    let spanish = in_language(&badge.bytes(), "es").await;
    assert_eq!(english.verdict, VerdictKind::Accepted);
    assert_eq!(
        spanish.sentence,
        "Aceptada en North Carolina para la renovación de la licencia."
    );
    assert_eq!(codes(&spanish), codes(&english));

    let revoked = sc.issues(&issuer, "Riley Brooks").await;
    sc.revokes(&revoked, StatusReason::IssuedInError).await;
    federation.awaits(nc, &revoked, VerdictKind::NotValid).await;
    let spanish = in_language(&revoked.bytes(), "es").await;
    assert!(
        spanish
            .sentence
            .starts_with("No es válida: esta insignia fue revocada el ")
            && spanish.sentence.ends_with(" por South Carolina (emitida por error)."),
        "{}",
        spanish.sentence
    );
    assert_eq!(codes(&spanish), codes(&in_language(&revoked.bytes(), "en").await));
    federation.audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_browser_wishes_is_heard_and_the_answer_says_its_language() {
    let TeacherScenario { federation, badge, .. } = Federation::with_a_badge().await;
    let nc = federation.agency("US-NC");
    for (wishes, language, begins) in [
        ("es-MX,es;q=0.9,en;q=0.5", "es", "Aceptada en "),
        ("fr,en;q=0.8", "en", "Accepted in "),
    ] {
        let reply = reqwest::Client::new()
            .post(format!("{}/v1/verifications", nc.url()))
            .header("accept-language", wishes)
            .header("content-type", "application/vc")
            .body(badge.bytes())
            .send()
            .await
            .expect("an answer");
        assert_eq!(reply.headers()["content-language"], language);
        assert!(
            reply
                .headers()
                .get_all("vary")
                .iter()
                .any(|vary| vary == "accept-language"),
            "{:?}",
            reply.headers()
        );
        let verdict: Verdict = reply.json().await.expect("a verdict");
        assert!(verdict.sentence.starts_with(begins), "{}", verdict.sentence);
    }
    federation.audit().await;
}
