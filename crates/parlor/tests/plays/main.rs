//! Plays: people at different doors of one server, who meet. A play is a text file that anybody can read, one line an
//! action; `sentences.rs` lists what a line may say.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![allow(clippy::disallowed_methods, reason = "a test waits by the system's clock")]

#[path = "../actors/mod.rs"]
mod actors;
#[path = "../http_chat/pages.rs"]
#[allow(dead_code, reason = "each test binary uses the part that it needs")]
mod pages;
#[path = "../support/mod.rs"]
mod support;

mod crowd;
mod rooms;
mod script;
mod sentences;
mod stage;
mod talk;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use stage::Stage;

/// One test for each play, so that they run side by side and a failure is found by its name.
macro_rules! plays {
    ($($name:ident)*) => {
        const PLAYS: &[&str] = &[$(stringify!($name)),*];

        $(#[test]
        fn $name() {
            perform(stringify!($name));
        })*
    };
}

plays! {
    announcement
    closed_room
    come_and_go
    four_doors_at_once
    groups
    kept_letters
    kept_whispers
    killed
    log_in
    lookalikes
    new_password
    one_order
    question_room
    race_for_a_name
    removed_while_listening
    restart
    rooms
    two_doors
    vanishing_room
    web_pages
    whispers
}

/// Plays a file line by line.
///
/// # Panics
/// With the file and the line where something is not as it is written.
fn perform(name: &str) {
    let file = format!("{name}.play");
    let play = std::fs::read_to_string(folder().join(&file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let lines = script::lines(&play).unwrap_or_else(|(number, error)| panic!("{file}:{number}: {error}"));
    let mut stage = Stage::new();
    for line in &lines {
        let played = catch_unwind(AssertUnwindSafe(|| sentences::play(&mut stage, line)));
        let failed = match played {
            Ok(Ok(())) => continue,
            Ok(Err(why)) => why,
            Err(panic) => words(&*panic),
        };
        panic!("{file}:{}: {}\n{failed}\nThe server logged:\n{}", line.number, line.text, stage.log());
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plays")
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

#[test]
fn every_play_is_performed() {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let plays = files.filter(|path| path.extension().is_some_and(|extension| extension == "play"));
    let mut found: Vec<String> = plays.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    found.sort();
    let mut listed = PLAYS.to_vec();
    listed.sort_unstable();
    assert_eq!(found, listed, "list every play in plays!");
}

#[test]
fn every_door_has_an_actor() {
    let mut actors: Vec<&str> = actors::Door::ALL.iter().map(|door| door.name()).collect();
    actors.dedup();
    let doors: Vec<&str> = parlor_doors::DOORS.iter().map(|door| door.name).collect();
    let without: Vec<_> = doors.iter().filter(|door| !actors.contains(door)).collect();
    assert!(without.is_empty(), "write an actor for {without:?} in crates/parlor/tests/actors/");
}

#[test]
fn a_line_that_is_no_sentence_is_an_error() {
    let mut stage = Stage::new();
    for line in ["Anna dances", "Anna says hi", "Anna says \"hi\"", "anna comes in at the page"] {
        let line = &script::lines(line).unwrap()[0];
        let played = catch_unwind(AssertUnwindSafe(|| sentences::play(&mut stage, line)));
        assert!(!matches!(played, Ok(Ok(()))), "{line:?}");
    }
}
