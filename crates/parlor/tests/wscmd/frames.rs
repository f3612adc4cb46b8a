//! What a client may not do with frames (PROMISES S31), byte by byte.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use super::client::{Client, server};
use super::support::PATIENCE;
use super::support::server::Server;

/// A connection on which frames are written by hand.
struct Raw(TcpStream);

impl Raw {
    fn open(server: &Server) -> Raw {
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = format!(
            "GET /websocket HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            server.address()
        );
        let mut raw = Raw(stream);
        raw.0.write_all(request.as_bytes()).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            raw.0.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        assert_eq!(raw.frame().0, 0x81, "the greeting");
        raw
    }

    /// A frame masked with zeros.
    fn send(&mut self, first: u8, content: &[u8]) {
        let mut frame = vec![first];
        match content.len() {
            length @ 0..=125 => frame.push(0x80 | length as u8),
            length => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend_from_slice(content);
        self.write(&frame);
    }

    fn write(&mut self, bytes: &[u8]) {
        // The server may have closed already; what it said is read all the same.
        let _ = self.0.write_all(bytes);
    }

    /// The first byte of the next frame, and its content.
    fn frame(&mut self) -> (u8, Vec<u8>) {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).unwrap();
        let length = match head[1] {
            126 => {
                let mut length = [0; 2];
                self.0.read_exact(&mut length).unwrap();
                usize::from(u16::from_be_bytes(length))
            }
            length => usize::from(length),
        };
        let mut content = vec![0; length];
        self.0.read_exact(&mut content).unwrap();
        (head[0], content)
    }

    /// The code that the server closes with.
    fn close_code(&mut self) -> u16 {
        loop {
            let (first, content) = self.frame();
            if first == 0x88 {
                return u16::from_be_bytes([content[0], content[1]]);
            }
        }
    }
}

#[test]
fn what_breaks_the_protocol_is_closed_with_its_code_and_nobody_else_notices() {
    let server = server();
    let mut witness = Client::open(&server);
    let cases: [(&str, &[u8], u16); 11] = [
        ("an unmasked frame", &[0x81, 5, b'n', b'o', b'p', b'(', b')'], 1002),
        ("reserved bits", &[0xC1, 0x80, 0, 0, 0, 0], 1002),
        ("an unknown opcode", &[0x83, 0x80, 0, 0, 0, 0], 1002),
        ("an unknown control opcode", &[0x8B, 0x80, 0, 0, 0, 0], 1002),
        ("a fragmented ping", &[0x09, 0x80, 0, 0, 0, 0], 1002),
        ("a long ping", &[0x89, 0xFE, 0, 126, 0, 0, 0, 0], 1002),
        ("a continuation of nothing", &[0x80, 0x80, 0, 0, 0, 0], 1002),
        ("a bad close code", &[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xED], 1002),
        ("half a close code", &[0x88, 0x81, 0, 0, 0, 0, 3], 1002),
        ("a length of 2^63", &[0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 1009),
        ("text that is not UTF-8", &[0x81, 0x82, 0, 0, 0, 0, 0xC3, 0x28], 1007),
    ];
    for (what, bytes, code) in cases {
        let mut raw = Raw::open(&server);
        raw.write(bytes);
        assert_eq!(raw.close_code(), code, "{what}");
    }
    witness.expect_nothing();
}

#[test]
fn a_message_inside_a_message_is_refused() {
    let server = server();
    let mut raw = Raw::open(&server);
    raw.send(0x01, b"no");
    raw.send(0x81, b"nop()");
    assert_eq!(raw.close_code(), 1002);
}

#[test]
fn a_hundred_thousand_fragments_are_too_many() {
    let server = server();
    let mut raw = Raw::open(&server);
    raw.send(0x01, b"x");
    for _ in 0..1_000 {
        raw.write(&[0x00, 0x81, 0, 0, 0, 0, b'x'].repeat(100));
    }
    assert_eq!(raw.close_code(), 1009);
}

#[test]
fn a_command_may_come_in_fragments_with_a_ping_between() {
    let server = server();
    let mut raw = Raw::open(&server);
    raw.send(0x01, b"getchatroom");
    raw.send(0x89, b"are you there");
    raw.send(0x80, b"list(4)");
    assert_eq!(raw.frame(), (0x8A, b"are you there".to_vec()));
    assert_eq!(raw.frame(), (0x81, b"chatroomlist(4,1,5,Lobby0,0)".to_vec()));
}

#[test]
fn a_command_may_come_byte_by_byte() {
    let server = server();
    let mut raw = Raw::open(&server);
    let command = b"getchatroomlist(4)";
    let mut frame = vec![0x81, 0x80 | command.len() as u8, 1, 2, 3, 4];
    frame.extend(command.iter().zip([1, 2, 3, 4].iter().cycle()).map(|(byte, mask)| byte ^ mask));
    for byte in frame {
        raw.write(&[byte]);
    }
    assert_eq!(raw.frame().1, b"chatroomlist(4,1,5,Lobby0,0)");
}

#[test]
fn a_close_is_answered_with_its_code() {
    let server = server();
    let mut raw = Raw::open(&server);
    raw.send(0x88, &1001_u16.to_be_bytes());
    assert_eq!(raw.close_code(), 1001);
    let mut rest = Vec::new();
    raw.0.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"", "nothing follows a close");
}

#[test]
fn half_a_frame_and_an_end_is_the_end() {
    let server = server();
    let [mut a, mut raw] = [Client::open(&server), Client::open(&server)].map(Some);
    let room = a.as_mut().unwrap().make_room("cooks");
    let mut other = raw.take().unwrap();
    other.say(&format!("joinchatroom(2,{room},0,0,)"));
    let other_id = other.id;
    let a = a.as_mut().unwrap();
    a.expect(&format!("userjoinedchatroom(2,{room},{other_id},0,0,2)"));
    other.socket.get_mut().write_all(&[0x81, 0xFE]).unwrap();
    other.socket.get_ref().shutdown(Shutdown::Write).unwrap();
    a.expect(&format!("userleftchatroom(0,{room},{other_id},0,0,1)"));
}
