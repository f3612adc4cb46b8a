//! The same streams for [`Messages`] and for tungstenite, which must find the same in them.

use std::io::{self, Cursor, Read, Write};

use proptest::prelude::*;
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tungstenite::protocol::{Role, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};

use super::*;

/// What both name alike.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
    Violation(u16),
}

fn ours(stream: &[u8], piece_bytes: usize) -> Vec<Found> {
    let mut messages = Messages::from_client();
    let mut stream = stream.to_vec();
    let mut found = Vec::new();
    for mut piece in stream.chunks_mut(piece_bytes) {
        while let Some(event) = messages.next(&mut piece) {
            found.push(match event {
                Ok(Event::Text(text)) => Found::Text(text.into_owned()),
                Ok(Event::Binary(bytes)) => Found::Binary(bytes.into_owned()),
                Ok(Event::Ping(bytes)) => Found::Ping(bytes.into_owned()),
                Ok(Event::Pong(bytes)) => Found::Pong(bytes.into_owned()),
                Ok(Event::Close(reason)) => Found::Close(reason.map(|(code, text)| (code.0, text.into_owned()))),
                Err(violation) => Found::Violation(violation.close_code().0),
            });
        }
    }
    found
}

/// A stream that is read to its end, and takes every answer.
struct Tape(Cursor<Vec<u8>>);

impl Read for Tape {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Tape {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn theirs(stream: &[u8]) -> Vec<Found> {
    let config = WebSocketConfig::default()
        .read_buffer_size(4_096)
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX));
    let mut socket = WebSocket::from_raw_socket(Tape(Cursor::new(stream.to_vec())), Role::Server, Some(config));
    let mut found = Vec::new();
    loop {
        found.push(match socket.read() {
            Ok(Message::Text(text)) => Found::Text(text.as_str().to_owned()),
            Ok(Message::Binary(bytes)) => Found::Binary(bytes.to_vec()),
            Ok(Message::Ping(bytes)) => Found::Ping(bytes.to_vec()),
            Ok(Message::Pong(bytes)) => Found::Pong(bytes.to_vec()),
            Ok(Message::Close(reason)) => {
                found.push(match reason.map(|frame| (u16::from(frame.code), frame.reason.as_str().to_owned())) {
                    // It puts this in the place of a code that is not allowed.
                    Some((1002, reason)) if reason == "Protocol violation" => Found::Violation(1002),
                    reason => Found::Close(reason),
                });
                return found;
            }
            Ok(Message::Frame(frame)) => panic!("no raw frame is read: {frame}"),
            Err(error) => {
                found.push(Found::Violation(match error {
                    Error::Protocol(_) => 1002,
                    Error::Utf8(_) => 1007,
                    Error::Capacity(_) => 1009,
                    other => panic!("a tape does not fail: {other}"),
                }));
                return found;
            }
        });
    }
}

#[derive(Debug, Clone)]
struct Sent {
    first: u8,
    masked: bool,
    content: Vec<u8>,
}

impl Sent {
    fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        let mask = self.masked.then_some([1, 2, 3, 4]);
        Header { fin: true, opcode: Opcode::Text, mask, length: self.content.len() as u64 }.write(out);
        out[start] = self.first;
        out.extend(self.content.iter().zip([1, 2, 3, 4].into_iter().cycle()).map(|(byte, mask)| match self.masked {
            true => byte ^ mask,
            false => *byte,
        }));
    }
}

fn sent() -> impl Strategy<Value = Sent> {
    // Mostly what clients send, so that a stream gets far; sometimes anything.
    let first = prop_oneof![
        20 => prop::sample::select(vec![0x81, 0x01, 0x00, 0x80, 0x82, 0x02, 0x89, 0x8a]),
        2 => Just(0x88),
        1 => any::<u8>(),
    ];
    // 1014 is registered by now, which tungstenite does not know yet.
    let close = (prop_oneof![Just(1000_u16), 990..1014_u16, 1015..1020_u16, 2990..3010_u16, 4990..5010_u16], ".{0,9}")
        .prop_map(|(code, reason)| [&code.to_be_bytes(), reason.as_bytes()].concat());
    let content = prop_oneof![
        6 => any::<String>().prop_map(String::into_bytes),
        2 => prop::sample::select(vec!["é".as_bytes().to_vec(), b"\xc3".to_vec(), b"\xa9".to_vec(), Vec::new()]),
        2 => close,
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => prop::sample::select(vec![125, 126, 30_000, 65_535, 65_536, 65_537]).prop_map(|length| vec![b'x'; length]),
    ];
    (first, prop::bool::weighted(0.99), content).prop_map(|(first, masked, content)| Sent { first, masked, content })
}

proptest! {
    #[test]
    fn both_find_the_same_in_a_stream(frames in prop::collection::vec(sent(), 0..20), piece_bytes in 1..5_000_usize) {
        let mut stream = Vec::new();
        for frame in &frames {
            frame.write(&mut stream);
        }
        let (ours, theirs) = (ours(&stream, piece_bytes), theirs(&stream));
        // It takes the end of the tape for a violation, and we do not see it; and it refuses a text at the
        // first fragment that cannot be right, where we wait for the last.
        let (last, theirs) = theirs.split_last().expect("a stream has an end");
        match last {
            Found::Violation(1007) => {
                prop_assert!(ours.starts_with(theirs), "{:?} {:?}", ours, theirs);
                let after = &ours[theirs.len()..];
                let is_data = |found: &Found| matches!(found, Found::Text(_) | Found::Binary(_));
                prop_assert!(!after.iter().any(is_data), "{:?}", after);
            }
            // Which rule a frame breaks first may differ, not that it does.
            Found::Violation(_) if ours.len() > theirs.len() => {
                prop_assert_eq!(&ours[..theirs.len()], theirs);
                prop_assert!(matches!(ours[theirs.len()..], [Found::Violation(1002 | 1009)]), "{:?}", ours);
            }
            Found::Violation(_) => {
                prop_assert_eq!(&ours, theirs);
                let whole = frames.iter().all(|frame| frame.masked && frame.first & 0x70 == 0);
                prop_assert!(whole, "only the end of the tape is no violation to us");
            }
            last => {
                prop_assert_eq!(ours.split_last(), Some((last, theirs)));
            }
        }
    }

    #[test]
    fn both_read_the_same_header(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
        let mut cursor = Cursor::new(&bytes);
        let theirs = FrameHeader::parse(&mut cursor);
        match Header::parse(&bytes) {
            Ok(Some((header, header_bytes))) => {
                let (expected, length) = theirs.unwrap().unwrap();
                prop_assert_eq!(cursor.position(), header_bytes as u64);
                prop_assert_eq!((header.fin, header.mask, header.length), (expected.is_final, expected.mask, length));
                prop_assert!(!(expected.rsv1 || expected.rsv2 || expected.rsv3));
                let opcode = match expected.opcode {
                    OpCode::Data(Data::Continue) => Opcode::Continuation,
                    OpCode::Data(Data::Text) => Opcode::Text,
                    OpCode::Data(Data::Binary) => Opcode::Binary,
                    OpCode::Control(Control::Close) => Opcode::Close,
                    OpCode::Control(Control::Ping) => Opcode::Ping,
                    OpCode::Control(Control::Pong) => Opcode::Pong,
                    other => panic!("{other} is reserved"),
                };
                prop_assert_eq!(header.opcode, opcode);
                let mut written = Vec::new();
                expected.format(length, &mut written).unwrap();
                let mut ours = Vec::new();
                header.write(&mut ours);
                prop_assert_eq!(ours, written);
            }
            Ok(None) => prop_assert!(matches!(theirs, Ok(None))),
            // We judge as soon as we can, and more than they do in a header.
            Err(_) => if let Ok(Some((header, length))) = theirs {
                let control = matches!(header.opcode, OpCode::Control(_));
                let reserved = header.rsv1 || header.rsv2 || header.rsv3;
                prop_assert!(reserved || (control && (!header.is_final || length > 125)));
            },
        }
    }
}
