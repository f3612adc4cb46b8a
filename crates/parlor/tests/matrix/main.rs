//! Who may do what, at every door, in every kind of room (PROMISES 3.10, S13 to S24): what core's table of rights says is
//! asked of the doors over real sockets. A verb without a row does not compile, a door without a column fails.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../chat1/client.rs"]
#[allow(dead_code, reason = "each test binary uses the part that it needs")]
mod chat1_client;
#[path = "../support/mod.rs"]
mod support;
#[path = "../term/terminal.rs"]
#[allow(dead_code, reason = "each test binary uses the part that it needs")]
mod terminal;
#[path = "../wscmd/client.rs"]
#[allow(dead_code, reason = "each test binary uses the part that it needs")]
mod web_socket_client;

mod alike;
mod by_chat1;
mod by_commands;
mod by_pages;
mod by_terminal;
mod by_web_socket;
mod house;
mod invitations;
mod removal;
mod roles;
mod said;
mod table;

use parlor_core::policy::Verb;

use table::{COLUMNS, Kind, Way, Who, expected, fill};

#[test]
fn the_pages_keep_to_the_table() {
    fill(&by_pages::PAGES);
}

#[test]
fn the_chat1_door_keeps_to_the_table() {
    fill(&by_chat1::CHAT1);
}

#[test]
fn the_terminal_keeps_to_the_table() {
    fill(&by_terminal::TERMINAL);
}

#[test]
fn the_web_socket_keeps_to_the_table() {
    fill(&by_web_socket::WEB_SOCKET);
}

#[test]
fn the_operators_commands_keep_to_the_table() {
    fill(&by_commands::COMMANDS);
}

#[test]
fn every_door_has_a_column() {
    let doors = parlor_doors::DOORS.iter().map(|door| door.name);
    let without: Vec<_> = doors.filter(|door| COLUMNS.iter().all(|column| column.door != *door)).collect();
    assert!(without.is_empty(), "write a column for {without:?} in crates/parlor/tests/matrix/");
}

/// PROMISES 3.10 asks for 4,000 cells; each is tried, or says why nobody can try it.
#[test]
fn the_table_has_no_hole() {
    let (mut tried, mut explained) = (0, 0);
    for column in COLUMNS {
        for (verb, kind, who) in cells() {
            let reason = match ((column.way)(verb), expected(column, verb, who, kind)) {
                (Way::None(reason), _) | (_, Err(reason)) => reason,
                (Way::By(acts), Ok(_)) => {
                    assert!(!acts.is_empty(), "{} says that it does {verb:?}, and not how", column.door);
                    tried += acts.len();
                    continue;
                }
            };
            assert!(reason.contains(' '), "{} says no reason for {verb:?} {kind:?} {who:?}", column.door);
            explained += 1;
        }
    }
    assert!(tried + explained >= 4_000 && tried >= 1_000, "{tried} cells are tried, {explained} explained");
}

fn cells() -> impl Iterator<Item = (Verb, Kind, Who)> {
    let by_kind = |verb| Kind::ALL.into_iter().map(move |kind| (verb, kind));
    Verb::ALL
        .into_iter()
        .flat_map(by_kind)
        .flat_map(|(verb, kind)| Who::ALL.into_iter().map(move |who| (verb, kind, who)))
}
