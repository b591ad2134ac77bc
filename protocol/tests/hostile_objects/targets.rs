//! Code that reads strangers' bytes is fuzzed, and is in the table.

use std::{fs, path::Path};

use crate::objects::DECODERS;

/// The places where the sources decode bytes, and the targets that reach them. `-`: no stranger's bytes.
const PLACES: [(&str, &str); 19] = [
    ("protocol/src/checkpoint/page.rs", "page"),
    ("protocol/src/decoders.rs", "-"),
    ("protocol/src/envelope.rs", "envelope put"),
    ("protocol/src/files.rs", "listing envelope_file key_log_file"),
    ("protocol/src/introduction.rs", "introduction"),
    ("protocol/src/message.rs", "request response"),
    (
        "protocol/src/signed.rs",
        "envelope heartbeat checkpoint held introduction entry",
    ),
    ("protocol/src/status_list.rs", "put"),
    ("protocol/src/ticket.rs", "ticket"),
    ("registry-schema/src/policy.rs", "put"),
    ("node/src/api/federation.rs", "held"),
    ("node/agency/src/registry/past.rs", "-"),
    ("node/agency/src/registry/standing.rs", "-"),
    ("node/agency/src/registry/thinning.rs", "-"),
    ("node/src/repair/key_log.rs", "entry key_log"),
    ("node/agency/src/root.rs", "entry key_log"),
    ("node/storage/src/log.rs", "-"),
    ("node/transport/src/mirror/reader.rs", "checkpoint"),
    ("ops/src/peer/fork.rs", "fork_proof"),
];

/// The calls that decode bytes.
const CALLS: [&str; 4] = [
    "minicbor::decode(",
    "minicbor::decode::<",
    "minicbor::Decoder",
    "signed::decode",
];

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path.to_str().unwrap().to_owned());
        }
    }
}

fn names(text: &str, after: &str) -> Vec<String> {
    let rest = text.split(after).skip(1);
    rest.map(|rest| rest.split(['(', '"']).next().unwrap().to_owned())
        .collect()
}

#[test]
fn every_decoder_has_a_target_and_a_row_in_the_table() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let decoders = names(&fs::read_to_string(here.join("src/decoders.rs")).unwrap(), "\npub fn ");
    assert_eq!(
        decoders.len(),
        DECODERS.len(),
        "a decoder is not in the table: {decoders:?}"
    );
    let manifest = fs::read_to_string(here.join("fuzz/Cargo.toml")).unwrap();
    let targets = names(&manifest, "\nname = \"");
    for decoder in &decoders {
        assert!(targets.contains(decoder), "no target `{decoder}`");
        let target = fs::read_to_string(here.join(format!("fuzz/fuzz_targets/{decoder}.rs"))).unwrap();
        assert!(
            target.contains(&format!("decoders::{decoder}(bytes)")),
            "{decoder} fuzzes something else"
        );
    }
}

#[test]
fn whatever_decodes_bytes_is_reached_by_a_target() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    for folder in [
        "protocol/src",
        "registry-schema/src",
        "node/src",
        "node/agency/src",
        "node/platform/src",
        "node/storage/src",
        "node/transport/src",
        "ops/src",
    ] {
        sources(&root.join(folder), &mut files);
    }
    assert!(files.len() > 100, "hardly any file was looked at: {}", files.len());
    let mut decoding: Vec<String> = files
        .into_iter()
        .filter(|file| !file.contains("/tests"))
        .filter(|file| {
            let text = fs::read_to_string(file).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap();
            CALLS.iter().any(|call| text.contains(call))
        })
        .map(|file| {
            file.strip_prefix(root.to_str().unwrap())
                .unwrap()
                .trim_start_matches('/')
                .to_owned()
        })
        .collect();
    decoding.sort_unstable();
    let mut known: Vec<&str> = PLACES.iter().map(|(file, _)| *file).collect();
    known.sort_unstable();
    assert_eq!(decoding, known, "say which target reaches what decodes bytes");
    let manifest = fs::read_to_string(root.join("protocol/fuzz/Cargo.toml")).unwrap();
    let targets = names(&manifest, "\nname = \"");
    for target in PLACES
        .iter()
        .flat_map(|(_, targets)| targets.split(' '))
        .filter(|target| *target != "-")
    {
        assert!(targets.iter().any(|known| known == target), "no target `{target}`");
    }
}
