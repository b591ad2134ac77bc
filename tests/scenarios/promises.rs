//! The ten promises: each a module, with the tests that hold it. `ops/PROMISES.md` says of each how it is held, and names the
//! tests to read first.

/// 1. A 2xx for a write means that it is on disk and survives power loss.
mod acknowledged_is_on_disk {
    mod faults_take_nothing_back;
    mod restart_loses_nothing;
    mod the_database_goes_away;
    mod the_disk_is_full;
    mod the_file_is_emptied;
    mod the_file_is_replaced;
}

/// 2. A badge is never shown as accepted on information that is missing, expired, unverifiable, undone, or dated ahead; not
///    after any failure of disk, database, clock or network either.
mod green_only_on_what_is_known {
    mod a_backup_is_restored;
    mod a_copy_is_put_in_the_stores_place;
    mod a_real_clock_jumps;
    mod damage_to_every_column;
    mod faults_on_every_call;
    mod nobody_tells_of_the_log;
    mod processes_tell_no_more_than_the_rows;
    mod silence_is_never_green;
    mod tables_go_away;
    mod the_clock_is_a_witness;
    mod the_database_goes_back;
    mod the_node_is_copied;
    mod the_verifiers_database_goes_away;
}

/// 3. A final revocation never comes back, whatever is merged in whatever order.
mod revoked_stays_revoked {
    mod revocation_travels;
    mod stores_write_at_once;
    mod the_right_badge_is_revoked;
}

/// 4. Only an agency's own keys can change that agency's lists.
mod own_keys_alone {
    mod a_store_is_its_agencys;
    mod files_are_not_believed;
    mod keys_change_hands;
    mod no_agency_speaks_for_anothers_issuer;
}

/// 5. If an agency's writer shows two histories, a file that proves it exists on every honest node soon after they meet.
mod two_histories_are_proven {
    mod what_arrived_is_proven;
}

/// 6. Any node can be rebuilt from its peers, its own database backup and its offline key.
mod rebuilt_from_peers {
    mod a_key_log_comes_back;
    mod a_lost_database_comes_back;
    mod a_repair_says_what_it_takes;
    mod a_restart_forgets_no_quarantine;
    mod damage_is_one_agencys;
    mod root_keys_stay_offline;
}

/// 7. A peer that lies, floods or falls silent harms what is known of that agency, and of no other; a stranger without keys
///    harms nobody who has a place.
mod harm_stays_with_its_maker {
    mod floods_do_no_harm;
    mod hostile_files_harm_their_agency_alone;
    mod strangers_at_the_door;
}

/// 8. Credentials, evidence and names never leave the agency that holds them, except by the holder's consent or to answer a
///    look-up that the agency allows. What replicates has no person in it.
mod persons_stay_at_home {
    mod contacts_are_forgotten;
    mod nobody_else_reads_the_data;
    mod strangers_learn_nothing;
    mod what_is_expunged_is_told_no_more;
    mod what_replicates_names_nobody;
}

/// 9. Nobody learns which badge is being checked: a badge of the federation's issuers is verified without one outbound
///    request.
mod checking_is_private {
    mod nobody_learns_what_is_checked;
}

/// 10. Every number in the README is made by a command in the repository.
mod numbers_are_made_by_commands;
