//! `/rooms`, `/join`, `/leave`, `/history`.

use parlor_core::chat::{Named, RoomPlan};
use parlor_core::sequencer::PostOptions;

use super::accounts::Inside;
use super::support::inside::operator;
use super::terminal::{Terminal, server};

#[test]
fn a_room_is_joined_spoken_to_and_left() {
    let inside = Inside::start();
    let log = inside.room("cooks", "Cooking");
    inside.run(inside.chat.post(&operator(), &log, b"what is for dinner?", PostOptions::default())).unwrap();
    let mut adrian = inside.named("adrian");
    let mut berta = inside.named("berta");
    adrian.screen();
    let list = adrian.ask("/rooms");
    assert!(list.contains("  cooks  Cooking  (0 here)\n") && list.contains("  lobby  "), "{list}");
    let joined = adrian.ask("/join cooks");
    assert!(joined.contains("here in cooks: adrian (you)\n"), "{joined}");
    assert!(joined.contains(" to cooks:\n  what is for dinner?\n"), "{joined}");
    assert!(joined.ends_with("you are in cooks: bc speaks here now, /leave leaves it\n> "), "{joined}");
    adrian.say("soup");
    assert!(berta.ask("/join COOKS").contains("adrian to cooks:\n  soup\n"));
    assert_eq!(adrian.screen(), "\nberta is here in cooks\n> ");
    berta.say("again?");
    assert_eq!(adrian.screen(), "\nberta to cooks:\n  again?\n> ");
    assert_eq!(adrian.ask("/leave"), "you have left cooks; bc speaks in lobby now\n> ");
    assert_eq!(berta.screen(), "\nadrian has left cooks\n> ");
    adrian.say("in the lobby");
    assert_eq!(berta.screen(), "\nadrian to everyone:\n  in the lobby\n> ", "the lobby is heard from every room");
    assert_eq!(log.head().number.0, 3);
    assert!(adrian.ask("/leave").contains("this is the lobby"));
}

#[test]
fn a_room_without_a_name_is_joined_by_its_key() {
    let server = server();
    let key = server.created("/chat_create?subject=Secret+plans");
    let mut adrian = Terminal::named(&server, "adrian");
    assert!(!adrian.ask("/rooms").contains("Secret"));
    assert!(adrian.ask(&format!("/join {key}")).contains("you are in \"Secret plans\""));
    assert!(adrian.ask("/join lobby").contains("you are in the lobby all the time"));
    for nowhere in ["nowhere", "a b c", "\u{1b}[2J", &"x".repeat(32)] {
        assert_eq!(adrian.ask(&format!("/join {nowhere}")), "there is no such room\n> ");
    }
    assert!(adrian.ask("/join").contains("which room?"));
}

#[test]
fn joining_again_turns_to_the_room() {
    let inside = Inside::start();
    inside.room("one", "S");
    inside.room("two", "S");
    let mut adrian = inside.named("adrian");
    adrian.ask("/join one");
    adrian.ask("/join two");
    assert_eq!(adrian.ask("/join one"), "bc speaks in one now\n> ");
    adrian.say("hello");
    assert!(adrian.ask("/history").contains("adrian to one:\n  hello\n"));
    assert_eq!(adrian.ask("/leave"), "you have left one; bc speaks in two now\n> ");
}

#[test]
fn a_room_with_a_question_asks_it_and_the_next_line_is_the_answer() {
    let inside = Inside::start();
    let plan = RoomPlan {
        subject: b"Tea",
        named: Named::Asked("tea"),
        question: Some((b"What do we drink?", b"tea")),
        ..RoomPlan::default()
    };
    let log = inside.run(inside.chat.open_room(&operator(), plan)).unwrap();
    let mut adrian = inside.named("adrian");
    let asked = adrian.ask("/join tea");
    assert_eq!(asked, "tea asks, and your next line is the answer:\n  What do we drink?\n> ");
    let wrong = adrian.ask("/who");
    assert!(wrong.contains("answer"), "even a command is the answer: {wrong}");
    assert!(adrian.ask("/who").starts_with("here: adrian (you)"), "but only the next line");
    adrian.ask("/join tea");
    assert!(adrian.ask("tea").contains("you are in tea"));
    adrian.say("with milk");
    inside.run(inside.chat.close(&operator(), &log, None)).unwrap();
    assert_eq!(adrian.screen(), "\ntea was closed\n> ");
    assert_eq!(adrian.screen(), "\nbc speaks in lobby now\n> ");
    adrian.say("so here again");
    assert!(adrian.ask("/history").contains("adrian to everyone:\n  so here again\n"));
}

#[test]
fn history_shows_numbers_and_as_many_as_were_asked_for() {
    let server = server();
    let mut adrian = Terminal::named(&server, "adrian");
    assert_eq!(adrian.ask("/history"), "nobody has said anything yet\n> ");
    for n in 1..=30 {
        adrian.say(&format!("message {n}"));
    }
    let numbers = |screen: &str| screen.lines().filter(|line| line.starts_with('#')).count();
    assert_eq!(numbers(&adrian.ask("/history")), 20);
    let all = adrian.ask("/history 500");
    assert_eq!(numbers(&all), 30);
    assert!(all.starts_with("#1 20") && all.contains("\n#30 20"), "{all}");
    assert_eq!(numbers(&adrian.ask("/history 2")), 2);
    for bad in ["0", "501", "-1", "x", "99999999999999999999", "٣"] {
        assert!(adrian.ask(&format!("/history {bad}")).contains("from 1 to 500"), "{bad}");
    }
}

#[test]
fn a_long_history_comes_whole() {
    let server = server();
    let mut adrian = Terminal::named(&server, "adrian");
    let text = "x".repeat(4_000);
    for _ in 0..60 {
        adrian.say(&text);
    }
    let history = adrian.ask("/history 60");
    assert_eq!(history.matches(&text).count(), 60);
}
