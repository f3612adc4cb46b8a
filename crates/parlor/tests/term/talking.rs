//! Saying things to everyone.

use super::support::http::get;
use super::support::person::Person;
use super::terminal::{Terminal, server};

#[test]
fn the_accepted_name_is_answered_with_who_is_here_what_was_said_and_how_to_write() {
    let server = server();
    let mut first = Terminal::named(&server, "adrian");
    for n in 1..=25 {
        first.say(&format!("message {n}"));
    }
    let mut second = Terminal::connect(server.term_address());
    let entrance = second.ask("berta");
    assert!(entrance.contains("here: berta (you), adrian\n"), "{entrance}");
    assert!(!entrance.contains("message 5\n") && entrance.contains("adrian to everyone:\n  message 6\n"), "{entrance}");
    assert!(entrance.contains("  message 25\n") && entrance.contains("bc TEXT"), "{entrance}");
    assert_eq!(first.screen(), "\nberta is here\n> ");
}

#[test]
fn others_get_a_line_break_the_name_the_text_and_the_prompt_and_the_sender_a_prompt() {
    let server = server();
    let mut adrian = Terminal::named(&server, "adrian");
    let mut berta = Terminal::named(&server, "berta");
    adrian.screen();
    assert_eq!(adrian.ask("bc hello"), "> ");
    assert_eq!(berta.screen(), "\nadrian to everyone:\n  hello\n> ");
    berta.say(" two  spaces, and\nmore\n\nlines");
    assert_eq!(adrian.screen(), "\nberta to everyone:\n   two  spaces, and\n  more\n  \n  lines\n> ");
}

#[test]
fn a_line_that_is_nothing_is_an_error_sentence() {
    let server = server();
    let mut adrian = Terminal::named(&server, "adrian");
    for line in ["hello", "bc", "bc ", "berta ", " ", "  hello"] {
        let answer = adrian.ask(line);
        assert!(answer.contains("bc TEXT to everyone") && answer.ends_with("\n> "), "{line:?}: {answer:?}");
    }
    for text in ["bc \t", "bc  \n "] {
        assert!(adrian.ask(text).contains("the message is empty"), "{text:?}");
    }
}

#[test]
fn what_the_text_rule_refuses_is_refused_with_its_place() {
    let server = server();
    let mut adrian = Terminal::named(&server, "adrian");
    for (line, at) in [("bc \x1b[2J", 0), ("bc ab\x07", 2), ("bc a\u{9b}b", 1), ("bc a\rb", 1), ("bc \u{fffe}", 0)] {
        let answer = adrian.ask(line);
        assert!(answer.starts_with("bad_character: ") && answer.contains(&format!("at byte {at}\n")), "{answer:?}");
    }
    adrian.say("still here");
}

#[test]
fn the_longest_message_fits_into_a_string_and_comes_in_several() {
    let server = server();
    let mut adrian = Terminal::named(&server, "adrian");
    let mut berta = Terminal::named(&server, "berta");
    adrian.screen();
    // A character of three bytes stands on the border of the first string.
    let text = format!("{}語{}", "x".repeat(4_060), "y".repeat(30));
    assert_eq!(text.len(), 4_093);
    adrian.say(&text);
    let first = berta.string();
    assert!(first.len() > 4_090 && first.len() <= 4_096);
    assert_eq!(first + &berta.screen(), format!("\nadrian to everyone:\n  {text}\n> "));
    let longest = "z".repeat(4_096);
    Person::new(&server).say(&server.lobby(), &longest);
    let screen = berta.screen();
    assert_eq!(screen, format!("\n~guest-3 to everyone:\n  {longest}\n> "), "one of the web page");
}

#[test]
fn what_is_said_at_a_web_page_and_at_a_terminal_is_one_conversation() {
    let server = server();
    let lobby = server.lobby();
    let mut adrian = Terminal::named(&server, "adrian");
    let mut guest = Person::new(&server);
    guest.say(&lobby, "from the page");
    let screen = adrian.screen();
    assert!(screen.starts_with("\n~guest-") && screen.ends_with(" to everyone:\n  from the page\n> "), "{screen:?}");
    adrian.say("from the terminal");
    assert_eq!(server.line(&lobby, 2), "~adrian: from the terminal");
    let page = server.ask(get(format!("/chat/{lobby}"))).expect(200).text();
    assert!(page.contains("from the page") && page.contains("from the terminal"));
}

#[test]
fn messages_of_many_come_in_one_order() {
    let server = server();
    let mut people: Vec<Terminal> =
        ["anna", "berta", "clara"].into_iter().map(|name| Terminal::named(&server, name)).collect();
    let mut reader = Terminal::named(&server, "reader");
    let lobby = server.lobby();
    for round in 0..20 {
        for person in &mut people {
            person.send(&format!("bc round {round}"));
        }
    }
    let mut heard = Vec::new();
    while heard.len() < 60 {
        let screen = reader.screen();
        let line = screen.lines().find(|line| line.ends_with("to everyone:")).map(str::to_owned);
        if let Some(line) = line {
            heard.push(format!("~{}: {}", line.split(' ').next().unwrap(), screen.lines().nth(2).unwrap().trim()));
        }
    }
    let stored: Vec<String> = (1..=60).map(|number| server.line(&lobby, number)).collect();
    assert_eq!(heard, stored);
}

#[test]
fn changes_of_messages_name_the_message() {
    use super::support::inside::operator;
    let inside = super::accounts::Inside::start();
    let mut adrian = inside.named("adrian");
    let (chat, lobby) = (&inside.chat, inside.lobby());
    inside.run(chat.post(&operator(), &lobby, b"hello", Default::default())).unwrap();
    assert!(adrian.screen().ends_with(" to everyone:\n  hello\n> "));
    inside.run(chat.edit(&operator(), &lobby, parlor_core::ids::Number(1), b"good\nday", Default::default())).unwrap();
    let screen = adrian.screen();
    assert!(screen.ends_with(" changed message #1:\n  good\n  day\n> "), "{screen:?}");
    inside.run(chat.react(&operator(), &lobby, parlor_core::ids::Number(1), "👍".as_bytes(), true)).unwrap();
    assert!(adrian.screen().ends_with(" put 👍 on message #1\n> "));
    inside.run(chat.redact(&operator(), &lobby, parlor_core::ids::Number(1))).unwrap();
    assert!(adrian.screen().ends_with(" deleted message #1\n> "));
    assert!(adrian.ask("/history").contains("was deleted"));
}

#[test]
fn the_operators_word_reaches_every_terminal() {
    let inside = super::accounts::Inside::start();
    let (mut adrian, mut berta) = (inside.named("adrian"), inside.named("berta"));
    adrian.screen();
    let connection = inside.chat.connect("test", None);
    inside.run(connection.be_guest()).unwrap();
    let by = connection.identity().name.as_str().to_owned();
    inside.chat.announce(&super::support::inside::operator(), &connection, 0, b"tea\nis ready").unwrap();
    for terminal in [&mut adrian, &mut berta] {
        assert_eq!(terminal.screen(), format!("\n~{by} to everybody on this server:\n  tea\n  is ready\n> "));
    }
}
