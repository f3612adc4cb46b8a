//! Conversations: with TLS the door is the same.

use super::certificates::{Files, for_names, server};
use super::terminal::Terminal;

#[test]
fn people_with_and_without_tls_talk_to_each_other() {
    let (server, certified, _files) = server();
    let mut berta = Terminal::plain(server.address_of("term")).named("berta");
    let mut adrian = Terminal::secured(server.address_of("terms"), &certified.der).named("adrian");
    assert_eq!(berta.screen(), "\nadrian is here\n> ");
    assert_eq!(adrian.ask("bc soup or sälad?"), "> ");
    assert_eq!(berta.screen(), "\nadrian to everyone:\n  soup or sälad?\n> ");
    assert_eq!(berta.ask("bc soup!"), "> ");
    assert_eq!(adrian.screen(), "\nberta to everyone:\n  soup!\n> ");
    assert_eq!(berta.ask("adrian good choice"), "> ");
    assert_eq!(adrian.screen(), "\nberta to you:\n  good choice\n> ");
    let who = adrian.ask("/who");
    assert!(who.contains("adrian (you)") && who.contains("berta"), "{who:?}");
    adrian.send("");
    assert_eq!(adrian.rest(), "");
    assert_eq!(berta.screen(), "\nadrian has left\n> ");
}

#[test]
fn lines_in_one_record_and_a_line_in_many_are_the_same_lines() {
    use std::io::Write;
    let (server, certified, _files) = server();
    let mut berta = Terminal::plain(server.address_of("term")).named("berta");
    let mut adrian = Terminal::secured(server.address_of("terms"), &certified.der).named("adrian");
    berta.screen();
    let string = |line: &str| [&(line.len() as u64).to_be_bytes()[..], line.as_bytes()].concat();
    adrian.stream.write_all(&[string("bc one"), string("bc two")].concat()).unwrap();
    for byte in string("bc three") {
        // Each is a record of its own.
        adrian.stream.write_all(&[byte]).unwrap();
        adrian.stream.flush().unwrap();
    }
    for text in ["one", "two", "three"] {
        assert_eq!(berta.screen(), format!("\nadrian to everyone:\n  {text}\n> "));
    }
}

#[test]
fn a_client_counts_by_its_own_address() {
    use std::net::{SocketAddr, TcpStream};
    let certified = for_names(&["localhost"]);
    let files = Files::of(&certified);
    let server = files.server_with(&[("PARLOR_LIMITS_CONNECTIONS_PER_ADDRESS", "2")]);
    let to = server.address_of("terms");
    let (_one, _two) = (Terminal::secured(to, &certified.der), Terminal::secured(to, &certified.der));
    let turned_away = super::terminal::secure(TcpStream::connect(to).unwrap(), &certified.der).unwrap_err();
    assert!(turned_away.to_string().contains("AccessDenied"), "{turned_away}");
    let elsewhere = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    elsewhere.bind(&SocketAddr::from(([127, 0, 0, 2], 0)).into()).unwrap();
    elsewhere.connect(&to.into()).unwrap();
    super::terminal::secure(elsewhere.into(), &certified.der).unwrap();
}

#[test]
fn who_stops_reading_gets_everything_in_order_later() {
    /// Messages of 4 KB: more than all buffers on the way hold.
    const MESSAGES: usize = 2_000;
    let (server, certified, _files) = server();
    let mut stalled = Terminal::secured(server.address_of("terms"), &certified.der).named("stalled");
    let mut berta = Terminal::plain(server.address_of("term")).named("berta");
    assert_eq!(stalled.screen(), "\nberta is here\n> ");
    let text = "x".repeat(4_000);
    for n in 0..MESSAGES {
        assert_eq!(berta.ask(&format!("bc {n:05} {text}")), "> ");
    }
    for n in 0..MESSAGES {
        let screen = stalled.screen();
        let expected = format!("\nberta to everyone:\n  {n:05} xxx");
        assert!(screen.starts_with(&expected), "{:?} for {n}", &screen[..60]);
    }
    assert_eq!(stalled.ask("bc back again"), "> ");
}
