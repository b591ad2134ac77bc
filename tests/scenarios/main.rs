//! The promises that we make: the ten ([`promises`]), and what else people rely on; each test's name is a promise too.
//!
//! A scenario ends with an audit of the whole federation (`tests::audit`): all nodes hold the same, what they hold
//! follows from what was signed, and nothing that was acknowledged is lost.

mod promises;

// What an employer hears.

mod recognition_decides;

mod acts_come_to_their_end;
mod acts_warn_first;
mod agencies_follow_agencies;
mod answers_name_whom_they_mean;

mod changes_ask_first;
mod changes_show_their_consequences;

mod policies_are_tried_before_they_hold;
mod rules_ask_what_badges_state;
mod trust_is_kept_from_the_command_line;
mod worth_is_the_receivers;

mod a_day_is_the_agencys_own;
mod answers_come_in_the_readers_language;
mod no_trust_on_borrowed_names;
mod one_verdict_everywhere;

mod many_at_once;

mod bad_input_gets_a_clear_answer;

mod stolen_badge_keys_prove_nothing;

mod badges_come_from_elsewhere;

mod badges_go_along;

mod records_hold_badges;

mod what_was_known_is_told;

mod codes_are_not_tried_out;

mod nobody_waits_for_anothers_look_ups;

mod readers_and_writers_meet;

// What an agency relies on.
mod a_cut_link_heals;
mod achievements_align_to_frameworks;

mod a_pulled_cable_heals;

mod places_are_never_reused;

mod seals_hold;

mod files_serve_as_well;

mod postgres_serves_as_well;

mod one_process_writes;

mod operators_are_authenticated;

mod routes_are_as_declared;

mod issuers_are_registered;

mod issuers_keep_their_own_keys;

mod applicants_prove_their_keys;

mod issuers_with_own_software;

mod no_step_is_skipped;

mod peers_join_by_ticket;

mod commands_say_what_is_true;
mod peers_are_asked_again;
mod peers_leave;
mod status_tells_what_it_can;
mod the_nodes_clock_tells;

mod tls_where_it_is_asked_for;

mod certificates_are_renewed;

// What everyone else relies on.
mod other_software_agrees;

mod tokens_go_both_ways;

mod canonical_elsewhere;

mod standards_endpoints;

mod other_registries_ask;

mod demo_as_a_user;
mod samples_speak;

mod the_document_is_kept;
mod tidy;

// What others make of it.
mod a_second_implementation_agrees;
mod peers_of_another_family_converse;
