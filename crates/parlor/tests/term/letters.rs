//! What one person says to another.

use super::accounts::Inside;
use super::terminal::{Terminal, server};

#[test]
fn a_whisper_reaches_one_person_alone() {
    let server = server();
    let mut adrian = Terminal::named(&server, "adrian");
    let mut berta = Terminal::named(&server, "berta");
    let mut clara = Terminal::named(&server, "clara");
    adrian.screen();
    adrian.screen();
    berta.screen();
    assert_eq!(adrian.ask("berta psst\nsecret"), "> ");
    assert_eq!(berta.screen(), "\nadrian to you:\n  psst\n  secret\n> ");
    assert_eq!(berta.ask("adrian what?"), "> ");
    assert_eq!(adrian.screen(), "\nberta to you:\n  what?\n> ");
    adrian.say("loud");
    assert_eq!(clara.screen(), "\nadrian to everyone:\n  loud\n> ", "the first that she hears");
    assert!(!clara.ask("/history 500").contains("secret"));
    assert_eq!(server.count(&server.lobby()), 1);
}

#[test]
fn what_is_said_to_oneself_is_a_note() {
    let server = server();
    let mut adrian = Terminal::named(&server, "adrian");
    assert_eq!(adrian.ask("adrian buy\nmilk"), "note to self:\n  buy\n  milk\n> ");
    assert_eq!(server.count(&server.lobby()), 0);
}

#[test]
fn nobody_by_that_name_is_an_error_sentence() {
    let server = server();
    let mut adrian = Terminal::named(&server, "adrian");
    for name in ["berta", "guest-99999", "everyone", "BC", "a.b", "\x1b[2J", "~"] {
        let answer = adrian.ask(&format!("{name} hello"));
        assert!(answer.contains("there is nobody called ") && !answer.contains('\x1b'), "{name:?}: {answer:?}");
    }
}

#[test]
fn what_was_written_to_somebody_away_is_kept_and_shown_at_the_next_visit_once() {
    let inside = Inside::start();
    inside.account("dora", "correct horse");
    let mut adrian = inside.named("adrian");
    assert_eq!(adrian.ask("dora are you there?"), "dora is away and gets it at the next visit\n> ");
    assert_eq!(
        adrian.ask("dora\thello"),
        "write bc TEXT to everyone, or NAME TEXT to one person; /help tells more\n> "
    );
    adrian.ask("DORA second");
    let (mut dora, _) = inside.logged_in("dora", "correct horse");
    let kept = dora.screen();
    assert_eq!(kept, "\nwhile you were away:\nadrian to you:\n  are you there?\nadrian to you:\n  second\n> ");
    adrian.screen();
    assert_eq!(dora.ask("adrian now I am"), "> ");
    assert_eq!(adrian.screen(), "\ndora to you:\n  now I am\n> ");
    dora.send("");
    dora.rest();
    assert_eq!(adrian.screen(), "\ndora has left\n> ");
    let (mut dora, _) = inside.logged_in("dora", "correct horse");
    adrian.screen();
    assert_eq!(adrian.ask("dora third"), "> ");
    assert_eq!(dora.screen(), "\nadrian to you:\n  third\n> ", "what was seen is not shown again");
}

#[test]
fn what_several_wrote_is_shown_in_the_order_in_which_they_did() {
    let inside = Inside::start();
    inside.account("dora", "correct horse");
    let (mut adrian, mut berta) = (inside.named("adrian"), inside.named("berta"));
    adrian.screen();
    for n in 1..=3 {
        adrian.ask(&format!("dora a{n}"));
        berta.ask(&format!("dora b{n}"));
    }
    adrian.ask("dora a4");
    let (mut dora, _) = inside.logged_in("dora", "correct horse");
    let kept = dora.screen();
    let order: Vec<&str> = kept.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    assert_eq!(order, ["a1", "b1", "a2", "b2", "a3", "b3", "a4"], "{kept}");
}

#[test]
fn both_terminals_of_an_account_get_its_letters_and_what_it_says_itself() {
    let inside = Inside::start();
    inside.account("dora", "correct horse");
    let mut adrian = inside.named("adrian");
    let (mut one, _) = inside.logged_in("dora", "correct horse");
    let (mut two, _) = inside.logged_in("dora", "correct horse");
    adrian.screen();
    assert_eq!(adrian.ask("dora hello"), "> ");
    for terminal in [&mut one, &mut two] {
        assert_eq!(terminal.screen(), "\nadrian to you:\n  hello\n> ");
    }
    assert_eq!(one.ask("adrian hello yourself"), "> ");
    let seen_by_two = two.screen();
    assert_eq!(seen_by_two, "\nyou to adrian:\n  hello yourself\n> ");
}

#[test]
fn a_guest_of_a_web_page_is_written_to_by_number() {
    let server = server();
    let lobby = server.lobby();
    let mut adrian = Terminal::named(&server, "adrian");
    let mut guest = super::support::person::Person::new(&server);
    guest.say(&lobby, "hi");
    let said = adrian.screen();
    let name = said.strip_prefix("\n~").unwrap().split(' ').next().unwrap().to_owned();
    let answer = adrian.ask(&format!("{name} hello"));
    assert!(answer.contains("nobody"), "who neither polls nor is connected is not here: {answer}");
    let mut polling = guest.connect();
    polling.send(&guest.with_cookies(super::support::http::get(format!("/msg/{lobby}/2"))));
    assert_eq!(adrian.screen(), format!("\n~{name} is here\n> "));
    assert_eq!(adrian.ask(&format!("{name} hello")), "> ");
    assert_eq!(adrian.ask(&format!("~{name} with the mark")), "> ");
}
