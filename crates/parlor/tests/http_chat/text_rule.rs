//! The one text rule, as this door meets it: what is refused is named with its place, and nothing is stored.

use super::support::http::{Connection, get, post, post_form};
use super::support::server::Server;

const HEART: char = '\u{2764}';

fn refused_characters() -> impl Iterator<Item = char> {
    let c0 = (0..0x20).filter(|code| ![0x09, 0x0A].contains(code));
    let del_and_c1 = 0x7F..=0x9F;
    let arabic_block = 0xFDD0..=0xFDEF;
    let ends_of_planes = (0..=0x10).flat_map(|plane: u32| [plane << 16 | 0xFFFE, plane << 16 | 0xFFFF]);
    c0.chain(del_and_c1).chain(arabic_block).chain(ends_of_planes).filter_map(char::from_u32)
}

#[test]
fn every_forbidden_character_is_refused_with_its_place() {
    let server = Server::start();
    let key = server.room();
    // One connection: who sends something wrong is answered and stays.
    let mut connection = Connection::open(server.address());
    for character in refused_characters() {
        for (text, at) in [
            (format!("{character}"), 0),
            (format!("ab{character}cd"), 2),
            (format!("ü{HEART}\n\t{character}"), 7),
            (format!("{}{character}", "x".repeat(4000)), 4000),
        ] {
            let refused = connection.ask(post(format!("/send/{key}"), text.clone())).expect(400);
            let said = refused.text();
            assert!(said.contains("bad_character"), "{text:?}: {said}");
            let offset = said.rsplit(' ').next().unwrap().trim();
            assert_eq!(offset, at.to_string(), "{text:?}: {said}");
        }
    }
    assert_eq!(refused_characters().count(), 30 + 33 + 32 + 34);
    assert_eq!(server.count(&key), 0, "something was stored");
}

#[test]
fn the_place_is_counted_in_the_text_and_not_in_the_form() {
    let server = Server::start();
    let key = server.room();
    let form = post_form(format!("/send/{key}"), &[("nick", "anna"), ("text", "üü\u{1b}[2J")]);
    assert!(server.ask(form).expect(400).text().trim().ends_with("at byte 4"));
}

#[test]
fn what_people_need_is_taken_as_it_is() {
    let server = Server::start();
    let key = server.room();
    let mut connection = Connection::open(server.address());
    for (number, (sent, stored)) in (1..).zip([
        ("a\tb", "a\tb"),
        ("a\nb\n", "a\nb\n"),
        ("a\r\nb\r\n", "a\nb\n"),
        ("\n\n\nx", "\n\n\nx"),
        ("  spaces around  ", "  spaces around  "),
        ("\u{202e}abc\u{202c}", "\u{202e}abc\u{202c}"),
        ("\u{2066}שלום\u{2069}\u{200f}", "\u{2066}שלום\u{2069}\u{200f}"),
        ("👩\u{200d}👩\u{200d}👧\u{200d}👦", "👩\u{200d}👩\u{200d}👧\u{200d}👦"),
        ("\u{feff}bom", "\u{feff}bom"),
        ("e\u{301} é", "e\u{301} é"),
        ("\u{2028}\u{2029}x", "\u{2028}\u{2029}x"),
        ("\u{e000}\u{fffd}\u{fffc}", "\u{e000}\u{fffd}\u{fffc}"),
        ("\u{fdcf}\u{fdf0}\u{a0}\u{1fffd}", "\u{fdcf}\u{fdf0}\u{a0}\u{1fffd}"),
    ]) {
        assert_eq!(connection.ask(post(format!("/send/{key}"), sent)).expect(200).number(), number, "{sent:?}");
        let event = connection.ask(get(format!("/msg/{key}/{number}")).header("Accept", "application/json"));
        assert_eq!(event.expect(200).json()["text"], stored);
    }
}

#[test]
fn nothing_but_white_space_is_empty() {
    let server = Server::start();
    let key = server.room();
    for text in ["", " ", "\n", "\t", "\r\n\r\n", " \u{a0}\u{2003}\u{3000} ", "\u{2028}"] {
        for request in [post(format!("/send/{key}"), text), post_form(format!("/send/{key}"), &[("text", text)])] {
            let refused = server.ask(request).expect(400);
            assert!(refused.text().contains("empty"), "{text:?}: {}", refused.text());
        }
    }
    server.ask(super::support::http::Request::new("POST", format!("/send/{key}"))).expect(400);
    assert_eq!(server.count(&key), 0);
}

#[test]
fn a_message_has_at_most_4096_bytes() {
    let server = Server::start();
    let key = server.room();
    let fits = ["x".repeat(4096), "ü".repeat(2048), format!("{}🍵", "x".repeat(4092)), "a\n".repeat(2048)];
    for (number, text) in (1..).zip(&fits) {
        assert_eq!(server.ask(post(format!("/send/{key}"), text.clone())).expect(200).number(), number);
        assert!(server.line(&key, number).ends_with(text.as_str()));
    }
    // Line breaks count as what they become.
    assert_eq!(server.ask(post(format!("/send/{key}"), "a\r\n".repeat(2048))).expect(200).number(), 5);
    for text in
        ["x".repeat(4097), format!("{}ü", "x".repeat(4095)), format!("{}🍵", "x".repeat(4093)), "x".repeat(60_000)]
    {
        let refused = server.ask(post(format!("/send/{key}"), text)).expect(413);
        assert!(refused.text().contains("4096"), "the limit is not named: {}", refused.text());
    }
    assert_eq!(server.count(&key), 5);
}

#[test]
fn the_limit_on_a_message_is_configured() {
    let server = Server::unlimited_with(&[("PARLOR_LIMITS_MESSAGE_BYTES", "10")]);
    let key = server.room();
    server.ask(post(format!("/send/{key}"), "x".repeat(10))).expect(200);
    assert!(server.ask(post(format!("/send/{key}"), "x".repeat(11))).expect(413).text().contains("10"));
}

#[test]
fn what_is_not_utf_8_is_refused_and_never_mended() {
    let server = Server::start();
    let key = server.room();
    let mut connection = Connection::open(server.address());
    for (bytes, at) in [
        (&b"\xff"[..], 0),
        (b"ab\xc3", 2),
        (b"\xc0\xaf", 0),
        (b"a\xe0\x80\xaf", 1),
        (b"\xed\xa0\x80", 0),
        (b"abc\xf4\x90\x80\x80", 3),
        (b"\x80", 0),
        (b"ok \xf0\x9f\x8d", 3),
    ] {
        let refused = connection.ask(post(format!("/send/{key}"), bytes)).expect(400).text();
        assert!(
            refused.contains("bad_encoding") && refused.trim().ends_with(&format!("byte {at}")),
            "{bytes:?}: {refused}"
        );
    }
    assert_eq!(server.count(&key), 0);
}
