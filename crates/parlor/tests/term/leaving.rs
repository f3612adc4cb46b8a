//! How connections end.

use super::terminal::{Terminal, server};

#[test]
fn the_empty_string_means_i_leave() {
    let server = server();
    let mut berta = Terminal::named(&server, "berta");
    let mut adrian = Terminal::named(&server, "adrian");
    berta.screen();
    adrian.send("");
    assert_eq!(adrian.rest(), "");
    assert_eq!(berta.screen(), "\nadrian has left\n> ");
    // Before there is a name nobody is told.
    let mut nobody = Terminal::connect(server.term_address());
    nobody.send("");
    assert_eq!(nobody.rest(), "");
    let mut clara = Terminal::named(&server, "clara");
    assert_eq!(berta.screen(), "\nclara is here\n> ");
    clara.send("/quit");
    clara.rest();
    assert_eq!(berta.screen(), "\nclara has left\n> ");
}

#[test]
fn what_was_typed_before_leaving_is_done_first() {
    let server = server();
    let mut berta = Terminal::named(&server, "berta");
    let mut adrian = Terminal::connect(server.term_address());
    let mut bytes = Vec::new();
    for line in ["adrian", "bc one", "bc two", ""] {
        bytes.extend(super::terminal::string(line.as_bytes()));
    }
    adrian.write(&bytes);
    adrian.rest();
    for expected in
        ["adrian is here\n", "adrian to everyone:\n  one\n", "adrian to everyone:\n  two\n", "adrian has left\n"]
    {
        // A name is free as soon as its holder has left, and then what is drawn is a guest's.
        let screen = berta.screen().replace('~', "");
        assert_eq!(screen, format!("\n{expected}> "));
    }
}

#[test]
fn a_connection_that_breaks_is_told_as_such() {
    let server = server();
    let mut berta = Terminal::named(&server, "berta");
    let adrian = Terminal::named(&server, "adrian");
    berta.screen();
    adrian.break_off();
    assert_eq!(berta.screen(), "\nadrian has been disconnected\n> ");
}

#[test]
fn a_server_that_stops_says_so_and_closes() {
    let mut server = server();
    let mut adrian = Terminal::named(&server, "adrian");
    let mut nameless = Terminal::connect(server.term_address());
    adrian.say("kept");
    server.terminate();
    assert!(adrian.rest().contains("going away"));
    assert!(nameless.rest().contains("going away"));
    assert_eq!(server.ended().code(), Some(0), "{}", server.log());
    server.start_again();
    assert!(Terminal::connect(server.term_address()).ask("adrian").contains("adrian to everyone:\n  kept\n"));
}
