//! What is no handshake.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};

use super::certificates::server;
use super::support::{PATIENCE, wait_for};
use super::terminal::Terminal;

#[test]
fn garbage_is_answered_by_an_alert_and_the_end() {
    let (server, certified, _files) = server();
    let garbage: [&[u8]; 5] = [
        b"GET / HTTP/1.1\r\nHost: parlor\r\n\r\n",
        // A string of the plain door.
        &[0, 0, 0, 0, 0, 0, 0, 6, b'a', b'd', b'r', b'i', b'a', b'n'],
        &[0xff; 4_096],
        // The head of a handshake record that is longer than any may be.
        &[22, 3, 1, 0xff, 0xff, 1],
        // A handshake that says it is 16 MB long.
        &[22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff],
    ];
    for bytes in garbage {
        let mut stream = TcpStream::connect(server.address_of("terms")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(bytes).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap_or_else(|error| panic!("after {:?}: {error}", &bytes[..6]));
        // An alert is record 21 (RFC 8446, section 5.1); what just ends is not told why.
        assert!(answer.is_empty() || answer[0] == 21, "after {:?}: {answer:?}", &bytes[..6]);
    }
    Terminal::secured(server.address_of("terms"), &certified.der).named("adrian");
}

#[test]
fn who_says_nothing_is_cut_off_and_holds_up_nobody() {
    let (server, certified, _files) = server();
    let mut silent = TcpStream::connect(server.address_of("terms")).unwrap();
    let mut slow = TcpStream::connect(server.address_of("terms")).unwrap();
    // The beginning of a record.
    slow.write_all(&[22, 3, 1]).unwrap();
    Terminal::secured(server.address_of("terms"), &certified.der).named("adrian");
    for stream in [&mut silent, &mut slow] {
        stream.set_nonblocking(true).unwrap();
        wait_for("the end of a silent connection", || match stream.read(&mut [0; 64]) {
            Ok(0) => Some(()),
            Ok(_) => None,
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(error) => panic!("{error}"),
        });
    }
}

#[test]
fn garbage_after_the_handshake_ends_that_connection_alone() {
    let (server, certified, _files) = server();
    let mut berta = Terminal::secured(server.address_of("terms"), &certified.der).named("berta");
    let mut adrian = Terminal::secured(server.address_of("terms"), &certified.der).named("adrian");
    assert_eq!(berta.screen(), "\nadrian is here\n> ");
    // An application record that nobody encrypted.
    adrian.stream.sock.write_all(&[23, 3, 3, 0, 32]).unwrap();
    adrian.stream.sock.write_all(&[0; 32]).unwrap();
    let error = loop {
        match adrian.string() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("it ended as if all were well"),
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("BadRecordMac"), "{error}");
    assert_eq!(berta.screen(), "\nadrian has been disconnected\n> ");
}
