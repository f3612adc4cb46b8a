//! `parlor selftest`: what an operator runs to see that everything works.

use crate::program::{Ended, Home};

fn selftest(words: &[&str]) -> (Ended, Vec<String>) {
    let home = Home::new();
    let mut command = home.command(&[&["selftest"], words].concat());
    command.env("TMPDIR", home.path());
    let ended = home.finish(command);
    let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "it leaves nothing behind: {left:?}");
    let lines = ended.out.lines().map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" "));
    let lines = lines.take_while(|line| !line.is_empty()).collect();
    (ended, lines)
}

#[test]
fn every_door_is_tried_with_a_line_each() {
    let (ended, lines) = selftest(&[]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    assert_eq!(lines, ["http-chat ok", "term ok", "chat1 ok", "wscmd ok"]);
    for line in ended.out.lines() {
        assert!(line.ends_with(" ms"), "{line}");
    }
}

#[test]
fn one_door_can_be_tried_alone() {
    let (ended, lines) = selftest(&["http-chat"]);
    assert_eq!((ended.code, &lines[..]), (Some(0), &["http-chat ok".to_owned()][..]), "{ended:?}");
    let (refused, _) = selftest(&["no-such-door"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    for door in ["all", "http-chat", "term", "wscmd", "panic"] {
        assert!(refused.err.contains(door), "{refused:?}");
    }
}

#[test]
fn a_crash_of_one_connection_is_borne_and_logged_with_names() {
    let (ended, lines) = selftest(&["panic"]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    assert_eq!(lines, ["panic ok", "backtrace ok", "http-chat ok", "term ok", "chat1 ok", "wscmd ok"]);
    for word in ["a task panicked: this connection crashes on purpose", "crash_on_purpose"] {
        assert!(ended.out.contains(word), "{word} is missing: {ended:?}");
    }
}

#[test]
fn a_server_that_cannot_be_started_is_a_failure() {
    let home = Home::new();
    let mut command = home.command(&["selftest"]);
    command.env("TMPDIR", home.path().join("nowhere"));
    let ended = home.finish(command);
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    assert!(ended.err.contains("cannot make a temporary directory; set TMPDIR"), "{ended:?}");
}
