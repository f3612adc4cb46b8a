//! Strings that are none.

use std::io::Write;
use std::net::TcpStream;

use super::support::http::get;
use super::terminal::{Terminal, server, string};

#[test]
fn a_length_over_4096_is_told_and_the_connection_closed() {
    let server = server();
    for length in [4_097, 1 << 63, u64::MAX] {
        for name in [None, Some("adrian")] {
            let mut terminal = Terminal::connect(server.term_address());
            if let Some(name) = name {
                super::support::wait_for("the name", || terminal.ask(name).contains("(you)").then_some(()));
            }
            // Nothing follows, and nothing is waited for.
            terminal.write(&u64::to_be_bytes(length));
            let rest = terminal.rest();
            assert!(rest.contains(&length.to_string()) && rest.contains("4096"), "{rest:?}");
        }
    }
}

#[test]
fn strings_may_come_in_any_pieces() {
    let server = server();
    let mut terminal = Terminal::connect(server.term_address());
    for byte in string(b"adrian") {
        terminal.write(&[byte]);
    }
    assert!(terminal.screen().contains("adrian (you)"));
    let both = [string(b"bc one"), string(b"bc two")].concat();
    let (first, second) = both.split_at(20);
    terminal.write(first);
    terminal.write(second);
    assert_eq!((terminal.string(), terminal.string()), ("> ".to_owned(), "> ".to_owned()));
    let lobby = server.lobby();
    assert_eq!((server.line(&lobby, 1), server.line(&lobby, 2)), ("~adrian: one".into(), "~adrian: two".into()));
}

#[test]
fn half_a_string_does_nothing() {
    let server = server();
    let mut berta = Terminal::named(&server, "berta");
    let mut adrian = Terminal::named(&server, "adrian");
    berta.screen();
    let whole = string(b"bc never said");
    adrian.write(&whole[..whole.len() - 1]);
    adrian.break_off();
    assert_eq!(berta.screen(), "\nadrian has been disconnected\n> ");
    assert_eq!(server.count(&server.lobby()), 0);
}

#[test]
fn what_is_not_utf8_is_an_error_sentence_and_the_connection_lives() {
    let server = server();
    let mut terminal = Terminal::connect(server.term_address());
    for bytes in [&b"\xff\xfe"[..], b"\xed\xa0\x80", b"\xc0\xaf", b"bc \xff"] {
        terminal.send_bytes(bytes);
        let answer = terminal.screen();
        assert!(answer.contains("not UTF-8") && answer.ends_with("\n> "), "{answer:?}");
    }
    assert!(terminal.ask("adrian").contains("adrian (you)"));
    terminal.send_bytes(b"bc caf\xe9");
    assert!(terminal.screen().contains("not UTF-8"));
    terminal.say("café");
    assert_eq!(server.line(&server.lobby(), 1), "~adrian: café");
}

#[test]
fn garbage_disturbs_nobody() {
    let server = server();
    let mut adrian = Terminal::named(&server, "adrian");
    for garbage in [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\0"] {
        let mut stream = TcpStream::connect(server.term_address()).unwrap();
        stream.write_all(garbage).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        Terminal::over(stream).rest();
    }
    adrian.say("undisturbed");
    server.ask(get("/healthz")).expect(200);
}
