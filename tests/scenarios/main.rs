//! What we promise: one file a promise, and each test's name is one.
//!
//! A scenario ends with an audit of the whole federation (`tests::audit`): all nodes hold the same, what they hold
//! follows from what was signed, and nothing that was acknowledged is lost.

mod revocation_travels;
mod recognition_decides;
mod silence_is_never_green;
mod a_cut_link_heals;
mod restart_loses_nothing;
mod bad_input_gets_a_clear_answer;
mod one_verdict_everywhere;
mod other_software_agrees;
mod operators_are_authenticated;
mod strangers_learn_nothing;
mod tls_where_it_is_asked_for;
mod demo_as_a_user;
mod tidy;
