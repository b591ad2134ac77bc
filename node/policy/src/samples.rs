//! Policies that are shipped: what thirteen states and two districts were found to say, and a model to adopt.
//!
//! The samples are facts with their sources, to try the rules with; they are **not legal advice**.

/// Sample policies: the agency's id, and the file.
pub const SAMPLES: [(&str, &str); 15] = [
    ("US-AL", include_str!("../samples/US-AL.toml")),
    ("US-AR", include_str!("../samples/US-AR.toml")),
    ("US-CO:aurora", include_str!("../samples/US-CO-aurora.toml")),
    ("US-DE", include_str!("../samples/US-DE.toml")),
    ("US-FL", include_str!("../samples/US-FL.toml")),
    ("US-GA", include_str!("../samples/US-GA.toml")),
    ("US-IL:troy-30-c", include_str!("../samples/US-IL-troy-30-c.toml")),
    ("US-KY", include_str!("../samples/US-KY.toml")),
    ("US-MD", include_str!("../samples/US-MD.toml")),
    ("US-NC", include_str!("../samples/US-NC.toml")),
    ("US-NM", include_str!("../samples/US-NM.toml")),
    ("US-SC", include_str!("../samples/US-SC.toml")),
    ("US-TN", include_str!("../samples/US-TN.toml")),
    ("US-TX", include_str!("../samples/US-TX.toml")),
    ("US-UT", include_str!("../samples/US-UT.toml")),
];

/// A policy that an agency can adopt and make its own.
pub const MODEL: &str = include_str!("../model/policy.toml");

/// The JSON Schema of policy files, which is also checked in.
pub const SCHEMA: &str = include_str!("../schema/policy.schema.json");

/// The sample policy of an agency, if there is one.
#[must_use]
pub fn of(agency: &str) -> Option<&'static str> {
    SAMPLES.iter().find(|(id, _)| *id == agency).map(|(_, file)| *file)
}
