//! What is wrong or too much, and what becomes of the connection.

use super::*;

#[test]
fn first_lines_that_are_none_are_refused() {
    let cases = [
        ("hello", Fault::NoVersion),
        ("hello world, how are you", Fault::NoVersion),
        ("PING", Fault::NoVersion),
        ("SEND", Fault::NoVersion),
        ("USE adrian", Fault::NoVersion),
        ("SEND a b", Fault::NoVersion),
        ("PING CHAT/1.1", Fault::NoVersion),
        ("PING chat/1.0", Fault::NoVersion),
        ("GET / HTTP/1.1", Fault::NoVersion),
        ("CHAT/1.0", Fault::BadLine),
        ("CHAT/1.0 200 OK", Fault::BadLine),
        ("USE a b CHAT/1.0", Fault::BadLine),
        ("P%NG CHAT/1.0", Fault::BadLine),
        ("Ä CHAT/1.0", Fault::BadLine),
        (&"A".repeat(33), Fault::BadLine),
        ("USE \u{1b}[2J CHAT/1.0", Fault::ControlCharacter),
        ("USE a\0 CHAT/1.0", Fault::ControlCharacter),
    ];
    for (line, expected) in cases {
        assert_eq!(
            shown(&[&format!("{line}\n"), "PING CHAT/1.0\n"]),
            [&*format!("{expected:?} Plain"), "PING - Plain \"\""]
        );
    }
    assert_eq!(outcomes(&[b"USE \xff CHAT/1.0\n"], 1)[0].as_ref().unwrap_err().fault, Fault::NotUtf8);
    assert_eq!(shown(&["SEND a\nContent-Length: 2\n\nhi"]), ["NoVersion Framed"], "only a plain one may lack it");
    assert_eq!(shown(&["  USE \t a  CHAT/1.0 \n"]), ["USE a Plain \"\""]);
}

#[test]
fn unknown_methods_are_requests() {
    assert_eq!(shown(&["FOO bar CHAT/1.0\nX: y\n"]), ["? bar Plain \"\""]);
    assert_eq!(shown(&["MESSAGE a CHAT/1.0\nContent-Length: 1\n\nx"]), ["? a Framed \"x\""]);
    assert_eq!(shown(&["ping CHAT/1.0\nPING CHAT/1.0\n"]), ["? - Plain \"\"", "PING - Plain \"\""]);
}

#[test]
fn bad_headers_are_refused_and_the_rest_is_understood() {
    let bad =
        ["no colon", ": value", "a b: c", "Name : a", " folded: x", "\tfolded", "N\u{e4}me: x", "Name: \u{7}", " "];
    for line in bad {
        let plain = outcomes(&[format!("REG a CHAT/1.0\n{line}\nPING CHAT/1.0\n").as_bytes()], 7);
        assert!(plain[0].is_err() && plain[1].is_ok() && plain.len() == 2, "{line:?}");
        let framed = format!("SEND a CHAT/1.0\n{line}\nContent-Length: 14\n\nPING CHAT/1.0\nPING CHAT/1.0\n");
        let framed = outcomes(&[framed.as_bytes()], 7);
        assert!(framed[0].is_err() && framed[1].is_ok() && framed.len() == 2, "{line:?}");
    }
    assert_eq!(shown(&["SEND a CHAT/1.0\nX:\nY-_9:  \n\nb\n"]), ["SEND a Plain \"b\""], "empty values are values");
}

#[test]
fn a_doubtful_length_is_the_last_thing_that_is_read() {
    for value in [
        "",
        "x",
        "-1",
        "+1",
        "1.0",
        "1e3",
        "0x1",
        "1 2",
        "1,2",
        "\u{661}",
        "99999999999999999999",
        "00000000000000000001",
    ] {
        let text = format!("SEND a CHAT/1.0\nContent-Length: {value}\n\nPING CHAT/1.0\n");
        assert_eq!(shown(&[&text, "PING CHAT/1.0\n"]), ["BadLength Framed last"], "{value}");
    }
    for line in [
        "Content-Length : 1",
        " Content-Length: 1",
        "\u{b}Content-Length: 1",
        "\u{a0}Content-Length\": 1",
        "Content-Length: 1\nContent-Length: 2",
        "Content-Length: 1\ncontent-length: x",
    ] {
        assert_eq!(
            shown(&[&format!("SEND a CHAT/1.0\n{line}\n\nPING CHAT/1.0\n")]),
            ["BadLength Framed last"],
            "{line}"
        );
    }
    let twice = "SEND a CHAT/1.0\nContent-Length: 2\nContent-Length: 02\n\nhiPING CHAT/1.0\n";
    assert_eq!(
        shown(&[twice]),
        ["RepeatedLength Framed", "PING - Plain \"\""],
        "both say the same, so the end is known"
    );
    let long = format!("SEND a CHAT/1.0\nContent-Length:{}2\n\nhi", " ".repeat(LINE_BYTES_MAX));
    assert_eq!(shown(&[&long]), ["BadLength Framed last"], "the length is behind what is kept of the line");
}

#[test]
fn lines_over_the_limit_are_passed_over() {
    let name = |bytes: usize| "n".repeat(bytes - "USE  CHAT/1.0".len());
    for end in ["\n", "\r\n"] {
        let at_limit = name(LINE_BYTES_MAX);
        assert_eq!(request(&format!("USE {at_limit} CHAT/1.0{end}")).argument(), Some(&*at_limit));
        let over = format!("USE {} CHAT/1.0{end}", name(LINE_BYTES_MAX + 1));
        assert_eq!(shown(&[&over, "PING CHAT/1.0\n"]), ["LongLine Plain", "PING - Plain \"\""]);
        let value = "v".repeat(LINE_BYTES_MAX - "Name: ".len());
        assert_eq!(request(&format!("REG a CHAT/1.0{end}Name: {value}{end}")).name(), Ok(Some(&*value)));
        let over = format!("REG a CHAT/1.0{end}Name: {value}v{end}USE a CHAT/1.0{end}");
        assert_eq!(shown(&[&over]), ["LongHeader Plain", "USE a Plain \"\""]);
    }
    let megabyte = format!("USE a CHAT/1.0\nPassword: {}\nContent-Length: 1\n\nxPING CHAT/1.0\n", "p".repeat(1 << 20));
    assert_eq!(shown(&[&megabyte]), ["LongHeader Framed", "PING - Plain \"\""]);
    let send = format!("SEND {}\n\nPING CHAT/1.0\n", "x".repeat(5_000));
    assert_eq!(shown(&[&send]), ["LongLine Plain"], "the text of a wrong request is still a text");
}

#[test]
fn there_are_at_most_so_many_headers() {
    let headers = |count: usize| "X: y\n".repeat(count);
    assert_eq!(shown(&[&format!("PING CHAT/1.0\n{}", headers(HEADERS_MAX))]), ["PING - Plain \"\""]);
    assert_eq!(shown(&[&format!("PING CHAT/1.0\n{}", headers(HEADERS_MAX + 1))]), ["TooManyHeaders Plain"]);
    let framed = format!("PING CHAT/1.0\n{}Content-Length: 3\n\nabcPING CHAT/1.0\n", headers(10_000));
    assert_eq!(shown(&[&framed]), ["TooManyHeaders Framed", "PING - Plain \"\""], "the length behind them counts");
}

#[test]
fn a_body_over_the_limit_is_passed_over() {
    let body = "b".repeat(BODY_BYTES_MAX);
    let framed = |body: &str| format!("SEND a CHAT/1.0\nContent-Length: {}\n\n{body}PING CHAT/1.0\n", body.len());
    assert_eq!(shown(&[&framed(&body)])[0], format!("SEND a Framed {body:?}"));
    assert_eq!(shown(&[&framed(&format!("{body}b"))]), ["TooLarge Framed", "PING - Plain \"\""]);
    for end in ["\n", "\r\n"] {
        assert_eq!(shown(&[&format!("SEND a\n\n{body}{end}")]), [format!("SEND a Plain {body:?}")]);
        let over = format!("SEND a\n\n{body}b{end}");
        assert_eq!(shown(&[&over, "PING CHAT/1.0\n"]), ["TooLarge Plain", "PING - Plain \"\""]);
    }
    assert_eq!(shown(&[&format!("SEND a\n\n{body}\n\n")]), ["TooLarge Plain"], "a line end too many counts");
    let lines = "PING CHAT/1.0\n".repeat(1_000);
    assert_eq!(shown(&[&format!("SEND a\n\n{lines}"), "PING CHAT/1.0\n"]), ["TooLarge Plain", "PING - Plain \"\""]);
}

#[test]
fn a_refusal_does_not_wait_for_a_body_that_nobody_wants() {
    let mut reader = RequestReader::new(BODY_BYTES_MAX);
    let mut bytes: &[u8] = b"SEND a CHAT/1.0\nContent-Length: 1000\n\n";
    let bad = reader.next(&mut bytes).unwrap().unwrap_err();
    assert_eq!((bad.fault.status(), bad.is_last), (Status::TooLarge, false));
    assert_eq!(reader.next(&mut &[b'x'; 999][..]), None);
    assert_eq!(reader.next(&mut &b"xPING CHAT/1.0\n"[..]), None);
    assert_eq!(reader.quiet().unwrap().unwrap().method(), Method::Ping);
}

#[test]
fn nobody_passes_over_bytes_for_ever() {
    let announced = format!("SEND a CHAT/1.0\nContent-Length: {}\n\n", PASSED_BYTES_MAX + 1);
    assert_eq!(shown(&[&announced]), ["FarTooLarge Framed last"]);
    assert_eq!(shown(&["SEND a CHAT/1.0\nContent-Length: 9999999999999999999\n\n"]), ["FarTooLarge Framed last"]);
    let junk = vec![b'x'; 1 << 16];
    for (head, framing) in [
        ("", "Plain"),
        ("PING CHAT/1.0\n", "Plain"),
        ("SEND a\n\n", "Plain"),
        ("PING CHAT/1.0\nContent-Length: 0\n", "Framed"),
    ] {
        let mut reader = RequestReader::new(BODY_BYTES_MAX);
        assert_eq!(reader.next(&mut head.as_bytes()), None);
        let last = (0..300).find_map(|_| reader.next(&mut &junk[..])).expect("an end is put to it");
        assert_eq!(show(&last), format!("FarTooLarge {framing} last"));
        assert_eq!(reader.next(&mut &b"\nPING CHAT/1.0\n"[..]), None);
        assert_eq!((reader.quiet(), reader.end_of_input()), (None, None));
    }
}

#[test]
fn memory_is_kept_only_for_what_came_of_an_incomplete_request() {
    let bytes_max = (HEADERS_MAX + 2) * (LINE_BYTES_MAX + 1) + 2 * HEADERS_MAX * 32 + BODY_BYTES_MAX + 2;
    let header = format!("X: {}\n", "y".repeat(LINE_BYTES_MAX - 3));
    let full = format!("SEND a CHAT/1.0\n{}\n{}", header.repeat(100), "z".repeat(500));
    let mut reader = blocks::Blocks::new(blocks::Side::Requests, BODY_BYTES_MAX);
    assert_eq!(reader.kept_bytes(), 0);
    for byte in full.as_bytes().chunks(1) {
        assert!(reader.next(&mut &byte[..]).is_none());
        assert!(reader.kept_bytes() <= bytes_max, "{}", reader.kept_bytes());
    }
    assert!(reader.end_of_input().is_some());
    assert_eq!(reader.kept_bytes(), 0);
    assert!(reader.next(&mut &b"SEND a CHAT/1.0\nContent-Length: 64\n\nx"[..]).is_none());
    assert!(reader.kept_bytes() <= 64, "an announced length takes no memory: {}", reader.kept_bytes());
    assert!(size_of::<RequestReader>() <= 256);
}

#[test]
fn a_fault_is_one_line_of_text_with_a_status() {
    let bad = outcomes(&[b"SEND a CHAT/1.0\nContent-Length: 97\n\n"], 9)[0].clone().unwrap_err();
    assert_eq!(bad.to_string(), "the text is too long");
    assert_eq!(Fault::BadHeader.status(), Status::BadRequest);
    assert!(!Fault::FarTooLarge.to_string().contains('\n'));
}
