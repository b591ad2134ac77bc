//! Documents made by chance. A scenario shows the same ones to another processor (`tests/scenarios/canonical_elsewhere.rs`).

use serde_json::{Map, Value, json};

use super::contexts::{self, CREDENTIALS_V1, CREDENTIALS_V2, OPEN_BADGES, OPEN_BADGES_PREFIX};

/// SplitMix64.
pub(super) struct DocumentRng(pub(super) u64);

impl DocumentRng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).unwrap()
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// Text that no other call gives.
    fn text(&mut self) -> String {
        let number = self.next();
        let texts = [
            "Ávila",
            "数据素养",
            "\u{1f393} badge",
            "a \"quoted\" \\ text",
            "line\nbreak\r\n\ttab",
            "\u{8}\u{c}\u{1}\u{7f}",
            "e\u{301}",
            "\u{202e}rtl",
            "\u{10ffff}",
            "",
            " ",
            "<b>&amp;</b>",
            "{\"a\":[1]}",
            "_z",
            "\u{feff}x",
            "\u{85}\u{2028}",
        ];
        format!("{} {number:x}", self.pick(&texts))
    }

    fn iri(&mut self) -> String {
        let number = self.next();
        let starts = [
            "https://example.org/a/",
            "urn:uuid:",
            "did:key:z6Mk",
            "https://例え.example/",
            "https://a.example/?q=%20&b=",
            "http://[2001:db8::1]:8080/",
            "mailto:a@b.example?x=",
            "tag:a.example,2026:",
            "https://a.example/~x;y=(1)/*'!$#",
        ];
        format!("{}{number:x}", self.pick(&starts))
    }

    fn date(&mut self) -> String {
        format!(
            "20{:02}-0{}-1{}T0{}:00:00Z",
            self.below(90) + 10,
            self.below(9) + 1,
            self.below(9),
            self.below(9)
        )
    }
}

fn terms_of(context: &str) -> &'static Map<String, Value> {
    use std::{collections::BTreeMap, sync::LazyLock};
    static PARSED: LazyLock<BTreeMap<&str, Value>> = LazyLock::new(|| {
        let parse = |c: &contexts::JsonLdContext| (c.url, serde_json::from_str(c.json).unwrap());
        contexts::ALL.iter().map(parse).collect()
    });
    PARSED[context]["@context"].as_object().unwrap()
}

/// A badge as an issuer might write it, with what Open Badges 3.0 offers.
pub(super) fn ordinary(c: &mut DocumentRng) -> Map<String, Value> {
    let is_old = c.once_in(4);
    let ob = *c.pick(if is_old {
        &["-3.0.2.json", "-3.0.1.json", ".json"]
    } else {
        &["-3.0.3.json", "-3.0.3.json", "-3.0.2.json"]
    });
    let mut achievement = json!({
        "id": c.iri(), "type": ["Achievement"], "name": c.text(), "description": c.text(),
        "criteria": {"narrative": c.text()}, "achievementType": "MicroCredential",
    });
    let mut put = |key: &str, value: Value, rare: bool| {
        if rare {
            achievement[key] = value
        }
    };
    put(
        "image",
        json!({"id": c.iri(), "type": "Image", "caption": c.text()}),
        c.once_in(3),
    );
    put("image", json!({"id": c.iri(), "type": "Image"}), c.once_in(3));
    put("criteria", json!({"id": c.iri(), "narrative": c.text()}), c.once_in(3));
    put("tag", json!([c.text(), c.text(), "maths", "maths"]), c.once_in(2));
    put("creditsAvailable", json!(c.below(100)), c.once_in(3));
    put("creditsAvailable", json!(c.below(100) as f64 / 4.0), c.once_in(3));
    let mut alignment =
        || json!({"type": ["Alignment"], "targetName": c.text(), "targetUrl": c.iri(), "targetCode": c.text()});
    put("alignment", json!([alignment(), alignment(), alignment()]), true);
    put(
        "resultDescription",
        json!([{
            "id": c.iri(), "type": ["ResultDescription"], "name": c.text(), "resultType": "LetterGrade",
            "allowedValue": ["A", "B", c.text(), "A", "C"],
        }]),
        c.once_in(2),
    );
    let creator = json!({"id": c.iri(), "type": ["Profile"], "name": c.text(), "url": c.iri(), "phone": c.text()});
    put("creator", creator, c.once_in(2));
    let subject = json!({
        "id": c.iri(), "type": ["AchievementSubject"], "achievement": achievement,
        "identifier": [{"type": "IdentityObject", "identityType": "name", "hashed": false, "identityHash": c.text()}],
        "creditsEarned": c.below(9) as f64 + 0.5, "activityStartDate": c.date(),
        "result": [{"type": ["Result"], "value": c.text(), "resultDescription": c.iri()}],
    });
    let badge = json!({
        "@context": [CREDENTIALS_V2, format!("{OPEN_BADGES_PREFIX}{ob}")],
        "id": c.iri(), "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": c.iri(), "type": ["Profile"], "name": c.text(), "email": c.text(), "address": {
            "type": ["Address"], "addressCountry": c.text(), "geo": {"type": ["GeoCoordinates"], "latitude": 1.5, "longitude": -2},
        }},
        "validFrom": c.date(), "validUntil": c.date(), "name": c.text(), "credentialSubject": subject,
        "evidence": [{"id": c.iri(), "type": ["Evidence"], "name": c.text(), "genre": c.text()}],
        "credentialStatus": [{
            "id": c.iri(), "type": "BitstringStatusListEntry", "statusPurpose": "revocation",
            "statusListIndex": c.below(131_072).to_string(), "statusListCredential": c.iri(),
        }, {
            "id": c.iri(), "type": "BitstringStatusListEntry", "statusPurpose": "suspension",
            "statusListIndex": c.below(131_072).to_string(), "statusListCredential": c.iri(),
        }],
        "credentialSchema": [{"id": c.iri(), "type": c.iri()}],
    });
    let Value::Object(mut badge) = badge else {
        unreachable!()
    };
    if is_old {
        badge["@context"][0] = json!(CREDENTIALS_V1);
        for (new, old) in [
            ("validFrom", Some("issuanceDate")),
            ("validUntil", Some("expirationDate")),
            ("credentialStatus", None),
            ("credentialSchema", None),
        ] {
            let value = badge.remove(new).unwrap();
            old.map(|old| badge.insert(old.to_owned(), value));
        }
    }
    badge
}

/// Anything that the contexts allow, and now and then what they do not.
pub(super) fn wild(c: &mut DocumentRng) -> Map<String, Value> {
    let contexts = [
        vec![CREDENTIALS_V2, OPEN_BADGES],
        vec![
            CREDENTIALS_V2,
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json",
        ],
        vec![
            CREDENTIALS_V2,
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json",
        ],
        vec![CREDENTIALS_V2, "https://purl.imsglobal.org/spec/ob/v3p0/context.json"],
        vec![
            CREDENTIALS_V1,
            "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json",
            "https://w3id.org/security/multikey/v1",
        ],
        vec![CREDENTIALS_V1, "https://w3id.org/security/data-integrity/v1"],
        vec![
            CREDENTIALS_V2,
            OPEN_BADGES,
            "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json",
        ],
        vec![CREDENTIALS_V1, "https://w3id.org/security/suites/ed25519-2020/v1"],
        vec![
            "https://w3id.org/security/data-integrity/v2",
            "https://www.w3.org/ns/credentials/status/v1",
        ],
    ];
    let rare = c.once_in(3);
    let contexts = if rare {
        c.pick(&contexts)
    } else {
        c.pick(&contexts[..2])
    };
    let (mut object, mut twin) = (Map::new(), None);
    while object.len() < 3 {
        object = node(c, contexts, 0, &mut twin);
    }
    object.insert("@context".to_owned(), json!(contexts));
    object
}

/// An object with a type, if any, and some terms that the type or the document brings.
fn node(c: &mut DocumentRng, contexts: &[&str], depth: usize, twin: &mut Option<Value>) -> Map<String, Value> {
    let mut object = Map::new();
    let known: Vec<(&String, &Value)> = contexts.iter().flat_map(|url| terms_of(url)).collect();
    let (types, plain): (Vec<_>, Vec<_>) = known.iter().partition(|(name, _)| name.starts_with(char::is_uppercase));
    let mut offered: Vec<(&String, &Value)> = plain;
    for _ in 0..c.below(3) {
        let (name, term) = if depth == 0 && c.once_in(2) {
            types[0]
        } else {
            *c.pick(&types)
        };
        let brings = term.get("@context").is_some();
        if object.is_empty() || !brings || c.once_in(20) {
            offered = term
                .get("@context")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
                .chain(offered)
                .collect();
            let types = object.entry("type").or_insert(json!([]));
            types.as_array_mut().unwrap().push(json!(name));
        }
    }
    match object.get("type").and_then(Value::as_array).map(Vec::as_slice) {
        Some([one]) if c.once_in(2) => {
            object["type"] = one.clone();
        }
        Some(_) if c.once_in(9) => object["type"].as_array_mut().unwrap().push(json!(c.iri())),
        _ => {}
    }
    if c.once_in(2) {
        object.insert("id".to_owned(), json!(c.iri()));
    }
    for _ in 0..c.below(if depth == 0 { 12 } else { 5 }) {
        let (name, term) = if c.once_in(2) {
            offered[c.below(offered.len().min(12))]
        } else {
            *c.pick(&offered)
        };
        if !name.starts_with('@') && !["id", "type", "proof", "verifiableCredential"].contains(&name.as_str()) {
            let value = value(c, term, contexts, depth, twin);
            object.insert(name.clone(), value);
        }
    }
    object
}

fn value(c: &mut DocumentRng, term: &Value, contexts: &[&str], depth: usize, twin: &mut Option<Value>) -> Value {
    let kind = term.get("@type").and_then(Value::as_str).unwrap_or_default();
    let many = if term.get("@container").is_some_and(|of| of == "@list") {
        2
    } else {
        6
    };
    if depth < 9 && c.once_in(many) {
        return (0..c.below(4))
            .map(|_| value(c, &json!({"@type": kind}), contexts, 9.max(depth), twin))
            .collect();
    }
    let is_text = !matches!(kind, "@id" | "@vocab");
    match c.below(24) {
        0 => Value::Null,
        1 => json!([]),
        2 if is_text => json!(c.once_in(2)),
        3 if is_text => json!(c.next() >> c.below(64)),
        4 if is_text => json!(-(c.below(100_000) as f64) / 8.0),
        5 if c.once_in(4) => json!(f64::from_bits(c.next())),
        6 if c.once_in(4) => json!(c.date()),
        7 if c.once_in(4) => twin.clone().unwrap_or_default(),
        8 if is_text => json!(c.iri()),
        n if n < 14 && depth % 9 < 4 && kind != "@vocab" => {
            let made = Value::Object(node(c, contexts, depth + 1, twin));
            *twin = Some(made.clone());
            made
        }
        _ if kind == "@id" => json!(c.iri()),
        _ if kind == "@vocab" => json!("assertionMethod"),
        _ => json!(c.text()),
    }
}

/// Changes one place: a value put elsewhere, a key renamed, something taken out or broken.
pub(super) fn mutate(document: &mut Map<String, Value>, c: &mut DocumentRng) {
    let mut place = document;
    loop {
        let keys: Vec<String> = place.keys().cloned().collect();
        if keys.is_empty() {
            return;
        }
        let key = c.pick(&keys).clone();
        let goes_in = place[&key].is_object() || place[&key][0].is_object();
        if goes_in && !c.once_in(4) {
            let inner = &mut place[&key];
            let inner = if inner.is_array() { &mut inner[0] } else { inner };
            place = inner.as_object_mut().unwrap();
            continue;
        }
        let names = [
            "id", "type", "@id", "@type", "@value", "@graph", "", ":", "a:b", "xsd", "name", "image", "issuer",
            "Profile",
        ];
        let old = place.remove(&key).unwrap();
        let new = match c.below(14) {
            0 => Value::Null,
            1 => json!([]),
            2 => json!({}),
            3 => json!([old, old]),
            4 => json!({"id": old}),
            5 => json!([[old]]),
            6 => json!(c.next()),
            7 => json!(f64::from_bits(c.next())),
            8 => json!(c.iri()),
            9 => json!(c.text()),
            10 => json!(*c.pick(&[
                "_:b",
                "@id",
                "type",
                "Image",
                ":",
                "xsd:x",
                "x y:z",
                "urn:undefined:x",
                "\u{ffff}",
                "http://"
            ])),
            11 => json!(true),
            12 => return,
            _ => old,
        };
        let name = if c.once_in(3) {
            (*c.pick(&names)).to_owned()
        } else {
            key
        };
        place.insert(name, new);
        return;
    }
}
