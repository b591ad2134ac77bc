//! The policy of an agency, what it accepts and what that counts for: typed rules, read from a file that an officer can
//! read, judged by pure functions.
//!
//! This crate has **no IO, no async, no clock, no storage and no floating-point arithmetic**, and no rule in it runs
//! code: [`registry_schema::acceptance::RuleCondition`] is a closed set. What is not known about a badge is "could not
//! check", never passed ([`BadgeFacts`] are options throughout); "no published rate" is an answer.
//!
//! The path of a rule: [`file::parse`] reads a policy from TOML and says line and column of what is wrong; each entry
//! travels as a value of its own ([`registry_schema::PolicyEntry`]); [`Policy::new`] indexes them; then
//! [`Policy::decide`] answers for one badge and [`Policy::tally`] for all of a teacher's. [`diff()`] tells two policies
//! apart in words, [`cases`] runs an agency's own examples, and [`what_if()`] shows the consequences of a change before it
//! is made.

pub mod cases;
mod conditions;
pub mod decision;
pub mod diff;
pub mod facts;
pub mod file;
pub mod framework;
mod index;
pub mod policy;
pub mod rubrics;
pub mod samples;
pub mod tally;
pub mod value;
pub mod what_if;

pub use conditions::ConditionSubset;
pub use decision::AcceptanceDecision;
pub use diff::diff;
pub use facts::BadgeFacts;
pub use policy::Policy;
pub use tally::Tally;
pub use what_if::{BadgeTransition, what_changes, what_if};
