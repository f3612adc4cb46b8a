//! How connections end.

use super::certificates::server;
use super::terminal::Terminal;

#[test]
fn who_has_ended_saying_still_hears_what_came_of_it() {
    let (server, certified, _files) = server();
    let mut berta = Terminal::plain(server.address_of("term")).named("berta");
    let mut adrian = Terminal::secured(server.address_of("terms"), &certified.der).named("adrian");
    berta.screen();
    adrian.send("bc my last words");
    adrian.end_saying();
    assert_eq!(adrian.rest(), "> ");
    assert_eq!(berta.screen_of_leaver(), "\nadrian to everyone:\n  my last words\n> ");
    assert_eq!(berta.screen(), "\nadrian has been disconnected\n> ");
}

#[test]
fn a_connection_that_breaks_is_told_as_such_and_what_came_before_is_done() {
    let (server, certified, _files) = server();
    let mut berta = Terminal::plain(server.address_of("term")).named("berta");
    let mut adrian = Terminal::secured(server.address_of("terms"), &certified.der).named("adrian");
    berta.screen();
    adrian.send("bc it is dark here");
    adrian.break_off();
    assert_eq!(berta.screen_of_leaver(), "\nadrian to everyone:\n  it is dark here\n> ");
    assert_eq!(berta.screen(), "\nadrian has been disconnected\n> ");
}

#[test]
fn a_string_that_is_too_long_is_refused_in_words() {
    use std::io::Write;
    let (server, certified, _files) = server();
    let mut adrian = Terminal::secured(server.address_of("terms"), &certified.der);
    adrian.stream.write_all(&(1_u64 << 63).to_be_bytes()).unwrap();
    adrian.stream.flush().unwrap();
    let words = adrian.rest();
    assert!(words.contains("a string of 9223372036854775808 bytes is too long"), "{words:?}");
}

#[test]
fn a_server_that_stops_says_so_and_ends_tls_properly() {
    let (mut server, certified, _files) = server();
    let mut adrian = Terminal::secured(server.address_of("terms"), &certified.der).named("adrian");
    let mut nameless = Terminal::secured(server.address_of("terms"), &certified.der);
    server.terminate();
    // An end without `close_notify` would be an error here.
    assert!(adrian.rest().contains("going away"));
    assert!(nameless.rest().contains("going away"));
    assert_eq!(server.ended().code(), Some(0), "{}", server.log());
}
