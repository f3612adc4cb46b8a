//! Choosing a name.

use super::terminal::{Terminal, server};

#[test]
fn every_string_is_taken_for_a_name_whatever_it_looks_like() {
    let server = server();
    let mut terminal = Terminal::connect(server.term_address());
    let bad = [
        "ab",
        "bc hello",
        "/help",
        "/quit",
        "adrian hello",
        "Adrian",
        "adrián",
        "a.b.c",
        " adrian",
        "adrian\n",
        "bc",
        "all",
        "admin",
        "ADMIN",
        "guest",
        "guest-7",
        "me",
        "lobby",
        "\x1b[2Jadrian",
        "adr\u{202e}ian",
        "\0\0\0",
        &"a".repeat(31),
        &"a".repeat(4_096),
    ];
    for name in bad {
        let answer = terminal.ask(name);
        assert!(answer.contains("choose another name\n> "), "{name:?}: {answer:?}");
        assert!(!answer.contains('\x1b') && !answer.contains('\u{202e}') && !answer.contains('\0'), "{answer:?}");
    }
    assert!(terminal.ask("abc").contains("here: abc (you)"));
}

#[test]
fn names_have_three_to_thirty_characters() {
    let server = server();
    for name in ["abc", "a_-", "0-9", &"x".repeat(30)] {
        let entrance = Terminal::connect(server.term_address()).ask(name);
        assert!(entrance.contains(&format!("{name} (you)")), "{entrance:?}");
    }
}

#[test]
fn a_name_is_taken_while_it_is_held_and_free_again_after() {
    let server = server();
    let first = Terminal::named(&server, "adrian");
    let mut second = Terminal::connect(server.term_address());
    assert!(second.ask("adrian").contains("taken"));
    first.break_off();
    // The server learns of the end when the kernel tells it.
    let entrance = super::support::wait_for("the name", || {
        let answer = second.ask("adrian");
        answer.contains("(you)").then_some(answer)
    });
    assert!(entrance.contains("here: adrian (you)\n"), "{entrance:?}");
}

#[test]
fn of_two_who_race_for_a_name_one_gets_it() {
    let server = server();
    let mut terminals: Vec<_> = (0..8).map(|_| Terminal::connect(server.term_address())).collect();
    for terminal in &mut terminals {
        terminal.send("highlander");
    }
    let answers: Vec<_> = terminals.iter_mut().map(Terminal::screen).collect();
    let winners = answers.iter().filter(|answer| answer.contains("highlander (you)")).count();
    let losers = answers.iter().filter(|answer| answer.contains("the name is taken")).count();
    assert_eq!((winners, losers), (1, 7));
}

#[test]
fn the_name_of_a_room_is_nobodys() {
    let inside = super::accounts::Inside::start();
    inside.room("cooks", "Cooking");
    assert!(inside.connect().ask("cooks").contains("taken"));
}

#[test]
fn the_name_cannot_be_changed_any_more() {
    let server = server();
    let mut terminal = Terminal::named(&server, "adrian");
    assert!(terminal.ask("berta").contains("bc TEXT"));
    assert!(terminal.ask("/who").contains("here: adrian (you)\n"));
}
