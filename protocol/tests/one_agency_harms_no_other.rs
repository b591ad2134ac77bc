//! A pinned agency's harm to itself stays its own: forks, floods, checkpoints that are too large, values left out. Work is
//! counted, not timed.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

#[path = "one_agency_harms_no_other/checkpoints.rs"]
mod checkpoints;
#[path = "one_agency_harms_no_other/conduct.rs"]
mod conduct;
#[path = "one_agency_harms_no_other/corrected_clock.rs"]
mod corrected_clock;
#[path = "one_agency_harms_no_other/disputes.rs"]
mod disputes;
#[path = "one_agency_harms_no_other/forks.rs"]
mod forks;
#[cfg(feature = "mutants")]
#[path = "one_agency_harms_no_other/quarantine.rs"]
mod quarantine;
#[path = "one_agency_harms_no_other/quotas.rs"]
mod quotas;
#[path = "one_agency_harms_no_other/restarts.rs"]
mod restarts;
#[path = "one_agency_harms_no_other/stripped.rs"]
mod stripped;
#[path = "one_agency_harms_no_other/world.rs"]
mod world;
