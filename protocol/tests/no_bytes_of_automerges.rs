//! Documents are built from puts alone, so no path leads from the network to a decoder of automerge's, which is not safe
//! to feed with strangers' bytes.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The calls that read bytes of automerge's. In two halves, so that this file does not name them.
const DECODERS: [(&str, &str); 9] = [
    ("Automerge::", "load"),
    ("AutoCommit::", "load"),
    ("load_", "incremental"),
    ("load_", "with_options"),
    ("load_", "unverified_heads"),
    ("Change::", "from_bytes"),
    ("Change::", "try_from"),
    ("Bundle::", "try_from"),
    ("automerge::", "sync"),
];

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !matches!(name.as_str(), "target" | "node_modules" | ".git" | "comity-demo") {
            rust_files(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

#[test]
fn nothing_in_the_workspace_reads_bytes_of_automerges() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    rust_files(root, &mut files);
    assert!(files.len() > 100, "hardly any file was looked at: {}", files.len());
    for path in &files {
        let text = fs::read_to_string(path).unwrap();
        for (of, what) in DECODERS {
            let name = format!("{of}{what}");
            assert!(!text.contains(&name), "{} names `{name}`", path.display());
        }
    }
    let builder = fs::read_to_string(root.join("protocol/src/document.rs")).unwrap();
    assert!(
        builder.contains("Change::from(ExpandedChange {"),
        "documents are built another way now: look again"
    );
}
