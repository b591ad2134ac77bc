//! The common ground of the targets: one small world in which some documents were honestly issued, and what must hold for
//! whatever bytes come. A stable test (`tests/fuzz_targets.rs` of `verification`) plays the seeds, the findings and some
//! damaged seeds through the same functions, so this file is compiled into both.
//!
//! A target does not only look for panics. Each says what must be true of its answer: nothing is accepted that says
//! something else than what was signed; two ways to one end give the same; what is written reads back.

pub mod scene;
pub mod seeds;
pub mod targets;

/// A target: takes bytes, and panics if something does not hold. It says whether they were taken for what it looks for.
pub type FuzzTarget = fn(&[u8]) -> bool;

/// All targets by name.
pub const TARGETS: [(&str, FuzzTarget); 12] = [
    ("badge", targets::badge),
    ("bulk", targets::bulk),
    ("code", targets::code),
    ("did", targets::did),
    ("framework", targets::framework),
    ("json", targets::json),
    ("picture", targets::picture),
    ("presentation", targets::presentation),
    ("proof", targets::proof),
    ("quads", targets::quads),
    ("status_list", targets::status_list),
    ("token", targets::token),
];
