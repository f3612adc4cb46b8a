use std::borrow::Cow;

use proptest::prelude::*;

use super::frame::apply_mask;
use super::*;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

type Read = Vec<Result<Event<'static>, Violation>>;

/// Everything that comes out of a stream fed in pieces of these sizes; the last piece is the rest.
fn read_by(mut messages: Messages, stream: &[u8], sizes: &[usize]) -> Read {
    let mut out = Vec::new();
    let mut stream = stream.to_vec();
    let length = stream.len();
    let mut rest = &mut stream[..];
    for size in sizes.iter().copied().chain([length]) {
        let (mut piece, after) = rest.split_at_mut(size.min(rest.len()));
        while let Some(event) = messages.next(&mut piece) {
            out.push(event.map(owned));
        }
        assert!(piece.is_empty(), "what is given is taken");
        rest = after;
    }
    out
}

fn read(stream: &[u8], sizes: &[usize]) -> Read {
    read_by(Messages::from_client(), stream, sizes)
}

fn owned(event: Event<'_>) -> Event<'static> {
    match event {
        Event::Text(text) => Event::Text(Cow::Owned(text.into_owned())),
        Event::Binary(bytes) => Event::Binary(Cow::Owned(bytes.into_owned())),
        Event::Ping(bytes) => Event::Ping(Cow::Owned(bytes.into_owned())),
        Event::Pong(bytes) => Event::Pong(Cow::Owned(bytes.into_owned())),
        Event::Close(reason) => Event::Close(reason.map(|(code, text)| (code, Cow::Owned(text.into_owned())))),
    }
}

fn text(text: &str) -> Event<'static> {
    Event::Text(Cow::Owned(text.to_owned()))
}

fn ping(content: &[u8]) -> Event<'static> {
    Event::Ping(Cow::Owned(content.to_vec()))
}

fn frame(fin: bool, opcode: Opcode, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Header { fin, opcode, mask: Some(MASK), length: content.len() as u64 }.write(&mut out);
    let start = out.len();
    out.extend_from_slice(content);
    apply_mask(&mut out[start..], MASK, 0);
    out
}

#[test]
fn the_examples_of_the_standard_are_read_and_written() {
    // RFC 6455, 5.7.
    let mut out = Vec::new();
    encode(Opcode::Text, b"Hello", None, &mut out);
    assert_eq!(out, [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    assert_eq!(read_by(Messages::from_server(99), &out, &[]), [Ok(text("Hello"))]);
    out.clear();
    encode(Opcode::Text, b"Hello", Some(MASK), &mut out);
    assert_eq!(out, [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    assert_eq!(read(&out, &[]), [Ok(text("Hello"))]);
    let fragmented = [0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f];
    assert_eq!(read_by(Messages::from_server(99), &fragmented, &[]), [Ok(text("Hello"))]);
    for (length, head) in [(256, vec![0x82, 0x7e, 1, 0]), (65_536, vec![0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0])] {
        out.clear();
        encode(Opcode::Binary, &vec![7; length], None, &mut out);
        assert_eq!(out[..head.len()], head);
        assert_eq!(out.len(), head.len() + length);
    }
    assert_eq!(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(client_key(*b"the sample nonce"), "dGhlIHNhbXBsZSBub25jZQ==");
}

#[test]
fn every_split_of_a_stream_reads_the_same() {
    let stream = [
        frame(true, Opcode::Text, "é".as_bytes()),
        frame(false, Opcode::Text, b"\xc3"),
        frame(true, Opcode::Ping, b"p"),
        frame(false, Opcode::Continuation, b""),
        frame(true, Opcode::Continuation, b"\xa9!"),
        frame(true, Opcode::Close, b"\x03\xe8x"),
        frame(true, Opcode::Text, b"late"),
    ]
    .concat();
    let close = Event::Close(Some((CloseCode::NORMAL, Cow::Borrowed("x"))));
    let expected = [Ok(text("é")), Ok(ping(b"p")), Ok(text("é!")), Ok(close)];
    for first in 0..=stream.len() {
        for second in 0..=stream.len() - first {
            assert_eq!(read(&stream, &[first, second]), expected, "{first}, {second}");
        }
    }
    assert_eq!(read(&stream, &vec![1; stream.len()]), expected);
}

#[test]
fn what_breaks_a_rule_ends_the_stream_with_the_right_code() {
    let head = |first: u8, second: u8| [&[first, second][..], &MASK].concat();
    let long = |length: u64| [&[0x81, 0xff][..], &length.to_be_bytes(), &MASK].concat();
    let part = frame(false, Opcode::Text, b"a");
    let cases = [
        (vec![0x81, 0x00], Violation::NotMasked, 1002),
        (head(0xc1, 0x80), Violation::ReservedBits, 1002),
        (head(0xa1, 0x80), Violation::ReservedBits, 1002),
        (head(0x91, 0x80), Violation::ReservedBits, 1002),
        (head(0x83, 0x80), Violation::BadOpcode, 1002),
        (head(0x8b, 0x80), Violation::BadOpcode, 1002),
        (head(0x09, 0x80), Violation::FragmentedControl, 1002),
        (vec![0x89, 0xfe, 0, 126], Violation::LongControl, 1002),
        (frame(true, Opcode::Continuation, b"x"), Violation::NothingToContinue, 1002),
        ([part.clone(), frame(true, Opcode::Text, b"b")].concat(), Violation::InsideMessage, 1002),
        ([part.clone(), frame(true, Opcode::Binary, b"b")].concat(), Violation::InsideMessage, 1002),
        (frame(true, Opcode::Close, b"\x03"), Violation::BadCloseCode, 1002),
        (frame(true, Opcode::Close, &999_u16.to_be_bytes()), Violation::BadCloseCode, 1002),
        (frame(true, Opcode::Close, &1004_u16.to_be_bytes()), Violation::BadCloseCode, 1002),
        (frame(true, Opcode::Close, &1005_u16.to_be_bytes()), Violation::BadCloseCode, 1002),
        (frame(true, Opcode::Close, &1015_u16.to_be_bytes()), Violation::BadCloseCode, 1002),
        (frame(true, Opcode::Close, &5000_u16.to_be_bytes()), Violation::BadCloseCode, 1002),
        (frame(true, Opcode::Close, b"\x03\xe8\xff"), Violation::NotUtf8, 1007),
        (frame(true, Opcode::Text, b"\xff"), Violation::NotUtf8, 1007),
        ([part.clone(), frame(true, Opcode::Continuation, b"\xc3")].concat(), Violation::NotUtf8, 1007),
        (long(65_537), Violation::TooLong, 1009),
        (long(u64::MAX), Violation::TooLong, 1009),
        ([part, frame(true, Opcode::Continuation, &[b'x'; 65_536])].concat(), Violation::TooLong, 1009),
    ];
    for (stream, violation, code) in cases {
        for sizes in [vec![], vec![1; stream.len()]] {
            let more = [&stream[..], &frame(true, Opcode::Text, b"more")].concat();
            assert_eq!(read(&more, &sizes), [Err(violation)]);
        }
        assert_eq!(violation.close_code(), CloseCode(code));
    }
    let masked = frame(true, Opcode::Text, b"a");
    assert_eq!(read_by(Messages::from_server(99), &masked, &[]), [Err(Violation::Masked)]);
}

#[test]
fn limits_are_reached_and_not_passed() {
    let longest = "x".repeat(MESSAGE_BYTES_MAX);
    let whole = frame(true, Opcode::Text, longest.as_bytes());
    assert_eq!(read(&whole, &[]), [Ok(text(&longest))]);
    assert_eq!(read(&whole, &[9, 1_000, 1_000]), [Ok(text(&longest))]);
    let halves =
        [frame(false, Opcode::Text, &[b'x'; 32_768]), frame(true, Opcode::Continuation, &[b'x'; 32_768])].concat();
    assert_eq!(read(&halves, &[]), [Ok(text(&longest))]);
    let parts = |count: usize, last: &[u8]| {
        let middle = frame(false, Opcode::Continuation, b"x").repeat(count - 1);
        [&frame(false, Opcode::Text, b"x")[..], &middle, last].concat()
    };
    let end = frame(true, Opcode::Continuation, b"x");
    assert_eq!(read(&parts(63, &end), &[]), [Ok(text(&"x".repeat(64)))]);
    assert_eq!(read(&parts(64, &end), &[]), [Err(Violation::TooManyFragments)]);
    assert_eq!(read(&parts(100_000, &end), &[]), [Err(Violation::TooManyFragments)]);
    let twice = parts(63, &end).repeat(2);
    assert_eq!(read(&twice, &[]).len(), 2, "each message counts its own");
    assert_eq!(read(&frame(true, Opcode::Ping, &[1; 125]), &[3]), [Ok(ping(&[1; 125]))]);
}

#[test]
fn an_idle_stream_holds_no_memory() {
    let mut messages = Messages::from_client();
    let mut feed = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        let mut rest = &mut bytes[..];
        while let Some(event) = messages.next(&mut rest) {
            event.unwrap();
        }
        messages.is_between()
    };
    assert!(feed(b""));
    for stream in [
        frame(true, Opcode::Text, b"abc"),
        frame(true, Opcode::Ping, b""),
        [frame(false, Opcode::Text, b""), frame(true, Opcode::Pong, b"x"), frame(true, Opcode::Continuation, b"")]
            .concat(),
    ] {
        for at in 1..stream.len() {
            assert!(!feed(&stream[..at]), "{at}");
            assert!(feed(&stream[at..]), "{at}");
        }
    }
    assert!(size_of::<Messages>() <= 24);
}

#[test]
fn what_people_read_fits_in_a_close_frame() {
    let mut out = Vec::new();
    encode_close(CloseCode::TOO_BIG, &"é".repeat(100), None, &mut out);
    let expected = Event::Close(Some((CloseCode(1009), Cow::Owned("é".repeat(61)))));
    assert_eq!(read_by(Messages::from_server(0), &out, &[]), [Ok(expected)]);
    out.clear();
    encode(Opcode::Pong, &[7; 200], None, &mut out);
    assert_eq!(out.len(), 2 + CONTROL_BYTES_MAX);
    assert_eq!(read(&frame(true, Opcode::Close, b""), &[]), [Ok(Event::Close(None))]);
}

const ASKED: [(&str, &[u8]); 5] = [
    ("host", b"localhost"),
    ("connection", b"keep-alive, Upgrade"),
    ("upgrade", b"WebSocket"),
    ("sec-websocket-version", b"13"),
    ("sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="),
];

#[test]
fn a_handshake_is_checked() {
    let handshake = Handshake::read(ASKED).unwrap();
    assert_eq!(handshake.accept_key, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert!(handshake.subprotocols.is_empty());
    let offers: [(&str, &[u8]); 2] =
        [("Sec-WebSocket-Protocol", b"superchat, chat"), ("sec-websocket-protocol", b"old")];
    let handshake = Handshake::read(ASKED.into_iter().chain(offers)).unwrap();
    assert_eq!(handshake.subprotocols, ["superchat", "chat", "old"]);
    assert!(handshake.offers("chat") && !handshake.offers("Chat"));
}

#[test]
fn a_wrong_handshake_is_refused_with_its_reason() {
    // Each with one header changed, or left out.
    let cases: [(&str, Option<&'static [u8]>, HandshakeError); 11] = [
        ("connection", None, HandshakeError::NoUpgrade),
        ("connection", Some(b"close"), HandshakeError::NoUpgrade),
        ("upgrade", None, HandshakeError::NoUpgrade),
        ("upgrade", Some(b"h2c"), HandshakeError::NoUpgrade),
        ("upgrade", Some(b"\xff"), HandshakeError::NoUpgrade),
        ("sec-websocket-version", None, HandshakeError::Version),
        ("sec-websocket-version", Some(b"8"), HandshakeError::Version),
        ("sec-websocket-key", None, HandshakeError::Key),
        ("sec-websocket-key", Some(b""), HandshakeError::Key),
        ("sec-websocket-key", Some(b"dGhlIHNhbXBsZSBub25jZQ"), HandshakeError::Key),
        ("sec-websocket-key", Some(b"dGhlIHNhbXBsZSBub25jZQAA"), HandshakeError::Key),
    ];
    for (changed, value, error) in cases {
        let headers = ASKED.into_iter().filter_map(|(name, right)| {
            let value = if name == changed { value } else { Some(right) };
            value.map(|value| (name, value))
        });
        assert_eq!(Handshake::read(headers), Err(error), "{changed}: {value:?}");
    }
    let twice = ASKED.into_iter().chain([ASKED[4]]);
    assert_eq!(Handshake::read(twice), Err(HandshakeError::Key));
    let twice = ASKED.into_iter().chain([ASKED[3]]);
    assert_eq!(Handshake::read(twice), Err(HandshakeError::Version));
}

#[test]
fn an_answer_is_checked_by_the_client() {
    let key = "dGhlIHNhbXBsZSBub25jZQ==";
    let answer: [(&str, &[u8]); 3] = [
        ("Upgrade", b"websocket"),
        ("Connection", b"Upgrade"),
        ("Sec-WebSocket-Accept", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    ];
    assert!(check_answer(answer, key));
    assert!(!check_answer(answer, "AAAAIHNhbXBsZSBub25jZQ=="));
    for without in 0..answer.len() {
        assert!(!check_answer(answer.into_iter().enumerate().filter(|(at, _)| *at != without).map(|(_, h)| h), key));
    }
}

proptest! {
    #[test]
    fn a_mask_applied_in_parts_is_the_mask(
        content in prop::collection::vec(any::<u8>(), 0..40),
        at in 0..40_usize,
        mask: [u8; 4],
    ) {
        let expected: Vec<u8> = content.iter().zip(mask.into_iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        let mut masked = content;
        let at = at.min(masked.len());
        let (front, rest) = masked.split_at_mut(at);
        apply_mask(front, mask, 0);
        apply_mask(rest, mask, at);
        prop_assert_eq!(masked, expected);
    }

    #[test]
    fn any_header_reads_back(
        fin: bool,
        which in 0..3_usize,
        mask: Option<[u8; 4]>,
        length in prop_oneof![0..130_u64, 65_530..65_540_u64, any::<u64>()],
    ) {
        let opcode = [Opcode::Text, Opcode::Binary, Opcode::Continuation][which];
        let header = Header { fin, opcode, mask, length };
        let mut out = Vec::new();
        header.write(&mut out);
        for cut in 0..out.len() {
            prop_assert_eq!(Header::parse(&out[..cut]), Ok(None));
        }
        let bytes = out.len();
        out.extend_from_slice(b"content");
        prop_assert_eq!(Header::parse(&out), Ok(Some((header, bytes))));
    }

    #[test]
    fn any_messages_in_any_fragments_and_pieces_read_the_same(
        messages in prop::collection::vec((any::<String>(), prop::collection::vec(0..12_usize, 0..4)), 0..6),
        sizes in prop::collection::vec(0..30_usize, 0..40),
    ) {
        let mut stream = Vec::new();
        let mut expected = Vec::new();
        for (content, cuts) in messages {
            let mut opcode = Opcode::Text;
            let mut rest = content.as_bytes();
            for cut in cuts {
                let (part, after) = rest.split_at(cut.min(rest.len()));
                stream.extend(frame(false, opcode, part));
                stream.extend(frame(true, Opcode::Ping, part));
                expected.push(Ok(ping(part)));
                (opcode, rest) = (Opcode::Continuation, after);
            }
            stream.extend(frame(true, opcode, rest));
            expected.push(Ok(text(&content)));
        }
        prop_assert_eq!(read(&stream, &sizes), expected);
    }
}
