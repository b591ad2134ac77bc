//! What we promise: one file a promise, and each test's name is one.
//!
//! A scenario ends with an audit of the whole federation (`tests::audit`): all nodes hold the same, what they hold
//! follows from what was signed, and nothing that was acknowledged is lost.

// What an employer hears.
mod revocation_travels;

mod recognition_decides;

mod acts_warn_first;
mod agencies_follow_agencies;

mod changes_ask_first;
mod changes_show_their_consequences;

mod policies_are_tried_before_they_hold;
mod rules_ask_what_badges_state;
mod trust_is_kept_from_the_command_line;
mod worth_is_the_receivers;

mod silence_is_never_green;

mod a_day_is_the_agencys_own;
mod no_trust_on_borrowed_names;
mod one_verdict_everywhere;

mod many_at_once;

mod bad_input_gets_a_clear_answer;

mod floods_do_no_harm;

mod nobody_learns_what_is_checked;

mod stolen_badge_keys_prove_nothing;

mod badges_come_from_elsewhere;

mod badges_go_along;

mod records_hold_badges;

mod what_was_known_is_told;

mod codes_are_not_tried_out;

mod strangers_at_the_door;

mod readers_and_writers_meet;

// What an agency relies on.
mod a_cut_link_heals;
mod achievements_align_to_frameworks;

mod a_lost_database_comes_back;
mod a_pulled_cable_heals;

mod places_are_never_reused;

mod restart_loses_nothing;

mod seals_hold;

mod nobody_else_reads_the_data;

mod files_serve_as_well;

mod files_are_not_believed;

mod postgres_serves_as_well;

mod one_process_writes;

mod faults_on_every_call;
mod faults_take_nothing_back;

mod keys_change_hands;

mod stores_write_at_once;

mod operators_are_authenticated;

mod contacts_are_forgotten;

mod issuers_are_registered;

mod issuers_keep_their_own_keys;

mod applicants_prove_their_keys;

mod issuers_with_own_software;

mod no_agency_speaks_for_anothers_issuer;

mod no_step_is_skipped;

mod what_is_expunged_is_told_no_more;

mod strangers_learn_nothing;

mod peers_join_by_ticket;

mod commands_say_what_is_true;
mod peers_are_asked_again;
mod peers_leave;

mod what_arrived_is_proven;

mod tls_where_it_is_asked_for;

mod certificates_are_renewed;

mod root_keys_stay_offline;

// What everyone else relies on.
mod other_software_agrees;

mod tokens_go_both_ways;

mod canonical_elsewhere;

mod standards_endpoints;

mod other_registries_ask;

mod a_restart_forgets_no_quarantine;
mod damage_is_one_agencys;
mod demo_as_a_user;
mod samples_speak;

mod the_clock_is_a_witness;
mod tidy;

// What others make of it.
mod a_second_implementation_agrees;
mod hostile_files_harm_their_agency_alone;
mod peers_of_another_family_converse;
