//! One suite for all stores: what core may rely on. Each test runs on the model and on SQLite.

#![allow(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod accounts;
mod amendments;
mod archive;
mod damage;
mod damaged_people;
mod direct;
mod fixture;
mod invitations;
mod keys;
mod logs;
mod marks;
mod members;
mod people;
mod random;
mod rooms;
mod search;
mod sqlite;

/// Runs tests of a module, each on every store. A test that is not listed is dead code, which the compiler reports.
macro_rules! contract {
    ($($module:ident: $($test:ident),+ $(,)?;)+) => {
        mod on_model {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    let fixture = crate::fixture::Fixture::model();
                    crate::$module::$test(fixture.store.clone()).await;
                    crate::fixture::assert_sound(&*fixture.store).await;
                })+
            })+
        }
        mod on_sqlite {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    let fixture = crate::fixture::Fixture::sqlite();
                    crate::$module::$test(fixture.store.clone()).await;
                    crate::fixture::assert_sound(&*fixture.store).await;
                })+
            })+
        }
    };
}

contract! {
    accounts:
        accounts_are_made_found_changed_and_removed,
        handles_and_room_names_are_one_name_space,
        look_alikes_are_one_handle,
        one_account_is_the_operator,
        of_many_who_would_be_the_operator_one_is,
        the_stores_own_account_numbers_are_never_used_again,
        a_number_at_the_end_leaves_the_stores_own;
    amendments:
        an_edit_replaces_the_text,
        a_redaction_blanks_the_message_and_its_edits,
        what_is_deleted_or_missing_is_no_target,
        a_reply_may_answer_what_is_deleted,
        an_event_can_amend_what_its_own_batch_appended,
        reactions_are_a_set,
        a_state_in_a_draft_is_not_believed;
    archive:
        a_time_has_its_place_in_a_log,
        messages_are_read_by_their_numbers,
        what_was_said_elsewhere_keeps_its_times,
        a_step_of_an_import_happens_once,
        a_whole_log_can_be_said_again,
        what_has_no_place_is_left_out;
    direct:
        two_people_have_one_room,
        both_are_members_from_the_start,
        a_person_has_rooms_newest_event_first,
        a_closed_one_makes_place_for_another,
        whoever_gets_a_number_again_gets_a_room_of_their_own,
        of_two_who_make_it_at_once_one_does;
    invitations:
        whoever_has_it_becomes_a_member,
        who_has_a_role_takes_no_use,
        an_invitation_ends_with_its_time_its_room_and_its_maker,
        a_rooms_invitations_come_newest_first,
        of_many_who_come_at_once_as_many_do_as_there_are_uses;
    keys:
        a_repeat_gets_the_first_answer,
        a_key_is_known_for_its_author_and_room_alone,
        another_body_is_a_conflict,
        keys_are_of_an_author_and_a_room,
        two_drafts_of_one_batch_may_share_a_key,
        a_key_outlives_edits_deletion_and_closing,
        of_racing_drafts_one_is_appended;
    logs:
        positions_and_numbers_have_no_gap,
        times_never_run_back_and_are_unique,
        pages_join_to_the_whole,
        messages_are_found_between_other_events,
        racing_batches_of_many_rooms_are_numbered_each_by_itself,
        a_refused_draft_leaves_its_neighbours,
        all_texts_come_back_as_they_were,
        what_does_not_exist_reads_as_nothing;
    marks:
        marks_move_forward_only,
        all_marks_of_an_account_are_told,
        positions_move_forward_only,
        room_0_holds_what_it_is_given;
    members:
        roles_follow_the_log,
        members_come_in_pages,
        an_account_is_a_member_of_the_lobby_at_once,
        an_account_that_goes_leaves_its_rooms;
    people:
        guest_numbers_are_given_once,
        a_guests_name_is_remembered_by_its_messages,
        a_guest_is_claimed_once,
        a_claim_is_told,
        sessions_begin_are_used_and_end,
        many_sessions_end_at_once,
        the_secret_stays;
    rooms:
        the_lobby_is_there,
        a_room_is_found_by_id_key_and_name,
        a_key_is_used_once,
        settings_change_the_room,
        listed_rooms_come_newest_event_first,
        a_room_can_have_members_from_the_start,
        a_room_gets_a_name_that_is_free,
        vanishing_rooms_are_told_until_they_are_closed,
        all_rooms_are_told_in_pages,
        a_closed_room_is_gone_and_can_be_read,
        heads_are_told_of_closed_rooms_too;
    search:
        all_tokens_must_be_there,
        authors_are_found_by_their_names,
        japanese_is_found_by_one_and_two_characters,
        other_entries_take_the_place_of_the_old,
        hits_come_newest_first_in_pages_of_one_room,
        the_lag_is_told_and_goes_away,
        an_indexed_position_never_runs_back_or_ahead,
        a_late_follower_changes_nothing;
}
