//! Where a request ends.

use super::*;

#[test]
fn the_examples_of_the_original_are_read_as_they_stand() {
    assert_eq!(shown(&["REG adrian CHAT/1.0\nName: Adrian van den Houten\n"]), ["REG adrian Plain \"\""]);
    assert_eq!(shown(&["USE adrian CHAT/1.0\n"]), ["USE adrian Plain \"\""]);
    assert_eq!(shown(&["LIST_USER CHAT/1.0\n"]), ["LIST_USER - Plain \"\""]);
    assert_eq!(shown(&["LIST_USER chat CHAT/1.0\n"]), ["LIST_USER chat Plain \"\""]);
    assert_eq!(shown(&["MK_GROUP chat:adrian CHAT/1.0\n"]), ["MK_GROUP chat:adrian Plain \"\""]);
    assert_eq!(shown(&["ADD_USER chat CHAT/1.0\nInvite: josie:user,john:user\n"]), ["ADD_USER chat Plain \"\""]);
    assert_eq!(shown(&["SEND josie CHAT/1.0\n\nHey josie! :)\n"]), ["SEND josie Plain \"Hey josie! :)\""]);
    assert_eq!(shown(&["SEND chat\n\nHello everyone\n"]), ["SEND chat Plain \"Hello everyone\""]);
}

#[test]
fn carriage_returns_and_the_letter_o_change_nothing() {
    assert_eq!(shown(&["SEND josie CHAT/1.0\r\n\r\nHey\r\n"]), ["SEND josie Plain \"Hey\""]);
    assert_eq!(shown(&["PING CHAT/1.O\r\n"]), ["PING - Plain \"\""]);
    assert_eq!(shown(&["SEND x CHAT/1.O\r\nContent-Length: 2\r\n\r\nhi"]), ["SEND x Framed \"hi\""]);
    // Two of them are one too many.
    assert_eq!(shown(&["PING CHAT/1.0\r\r\n"]), ["ControlCharacter Plain"]);
    assert_eq!(shown(&["PING CHAT/1.0\nContent-Length: 2\r\r\n"]), ["BadLength Framed last"]);
}

#[test]
fn framed_requests_are_pipelined() {
    let two = "SEND a CHAT/1.0\nContent-Length: 3\n\none\
               PING CHAT/1.0\ncontent-length:0\n\n\
               SEND b CHAT/1.0\nCONTENT-LENGTH:\t3 \nMessage-Id: 7\n\ntwo";
    assert_eq!(shown(&[two]), ["SEND a Framed \"one\"", "PING - Framed \"\"", "SEND b Framed \"two\""]);
}

#[test]
fn a_framed_request_does_not_end_by_quiet_nor_by_a_request_line() {
    let split = shown(&["SEND a CHAT/1.0\nContent-Length: 3\n", "\n", "o", "ne"]);
    assert_eq!(split, ["SEND a Framed \"one\""]);
    let line_inside = "SEND a CHAT/1.0\nContent-Length: 0\nPING CHAT/1.0\n\nPING CHAT/1.0\n";
    assert_eq!(shown(&[line_inside]), ["BadHeader Framed", "PING - Plain \"\""]);
    assert_eq!(
        shown(&["SEND a CHAT/1.0\nContent-Length: 14\n\nPING CHAT/1.0\n"]),
        ["SEND a Framed \"PING CHAT/1.0\\n\""]
    );
}

#[test]
fn a_plain_request_ends_with_the_next_request_line() {
    let three = "REG a CHAT/1.0\nName: A\nUSE a CHAT/1.0\nSEND b\n\nhi\n";
    assert_eq!(shown(&[three]), ["REG a Plain \"\"", "USE a Plain \"\"", "SEND b Plain \"hi\""]);
    assert_eq!(
        shown(&["PING CHAT/1.0\nPING CHAT/1.0\nContent-Length: 0\n\n"]),
        ["PING - Plain \"\"", "PING - Framed \"\""]
    );
    // These are no whole request lines of a known method, so they are bad headers.
    for line in ["FOO CHAT/1.0", "USE a", "SEND", "send a CHAT/1.0", "PING HTTP/1.1", "USE a b CHAT/1.0"] {
        assert_eq!(shown(&[&format!("PING CHAT/1.0\n{line}\n")]), ["BadHeader Plain"], "{line}");
    }
    // Quiet lets a request begin, so the same line is one.
    assert_eq!(shown(&["PING CHAT/1.0\n", "FOO x CHAT/1.0\n"]), ["PING - Plain \"\"", "? x Plain \"\""]);
}

#[test]
fn quiet_ends_a_plain_request_at_a_line_end_only() {
    assert_eq!(shown(&["PING CHAT/1.0", "\n"]), ["PING - Plain \"\""]);
    assert_eq!(shown(&["REG a CHAT/1.0\nNa", "me: A\n"]), ["REG a Plain \"\""]);
    assert_eq!(shown(&["SEND a CHAT/1.0\n\nhello", " world\n"]), ["SEND a Plain \"hello world\""]);
    assert_eq!(shown(&["SEND a CHAT/1.0\n\none\n", "PING CHAT/1.0\n"]), ["SEND a Plain \"one\"", "PING - Plain \"\""]);
    assert_eq!(shown(&["", "\n", "\r\n", "\n\nPING CHAT/1.0\n"]), ["PING - Plain \"\""]);
}

#[test]
fn each_wait_is_told_from_the_others() {
    let cases = [
        ("", Wait::Byte),
        ("\n", Wait::Byte),
        ("SEND a CHAT/1.0", Wait::Byte),
        ("SEND a CHAT/1.0\r", Wait::Byte),
        ("SEND a CHAT/1.0\n", Wait::Quiet),
        ("SEND a CHAT/1.0\nMessage-Id: 1\n", Wait::Quiet),
        ("SEND a CHAT/1.0\n\n", Wait::BodyStart),
        ("SEND a\n\n", Wait::BodyStart),
        ("SEND a CHAT/1.0\nbad\n\n", Wait::BodyStart),
        ("SEND a b c\n\n", Wait::BodyStart),
        ("SEND a CHAT/1.0\n\nx", Wait::Byte),
        ("SEND a CHAT/1.0\n\nx\n", Wait::Quiet),
        ("SEND a CHAT/1.0\n\n\n", Wait::Quiet),
        ("PING CHAT/1.0\n\n", Wait::Quiet),
        ("FOO a CHAT/1.0\n\n", Wait::Quiet),
        ("SEND a CHAT/1.0\nContent-Length: 1\n", Wait::Byte),
        ("SEND a CHAT/1.0\nContent-Length: 1\n\n", Wait::Byte),
        ("SEND a CHAT/1.0\nContent-Length: 1\n\nx", Wait::Byte),
    ];
    for (text, expected) in cases {
        let mut reader = RequestReader::new(BODY_BYTES_MAX);
        let mut bytes = text.as_bytes();
        while reader.next(&mut bytes).is_some() {}
        assert_eq!(reader.wait(), expected, "{text:?}");
    }
    assert_eq!(shown(&["SEND a CHAT/1.0\n\n"]), ["SEND a Plain \"\""], "nothing came in 2 s");
}

#[test]
fn a_half_close_ends_a_plain_request_anywhere() {
    assert_eq!(shown(&["PING CHAT/1.0"]), ["PING - Plain \"\""]);
    assert_eq!(shown(&["SEND a CHAT/1.0\n\nhello"]), ["SEND a Plain \"hello\""]);
    assert_eq!(shown(&["SEND a CHAT/1.0\n\nhello\r"]), ["SEND a Plain \"hello\\r\""]);
    assert_eq!(shown(&["REG a CHAT/1.0\nName: A"]), ["REG a Plain \"\""]);
    assert_eq!(shown(&["PING CHAT/1.0\nUSE a CHAT/1.0"]), ["PING - Plain \"\"", "USE a Plain \"\""]);
    assert_eq!(shown(&["PI"]), ["NoVersion Plain"]);
    assert_eq!(shown(&["\r"]), Vec::<String>::new());
}

#[test]
fn a_framed_request_that_is_cut_off_is_refused() {
    for text in [
        "SEND a CHAT/1.0\nContent-Length: 5\n\nhell",
        "SEND a CHAT/1.0\nContent-Length: 5",
        "PING CHAT/1.0\nContent-Length: 0\n",
    ] {
        assert_eq!(shown(&[text]), ["CutOff Framed"], "{text:?}");
    }
}

#[test]
fn a_body_whose_lines_look_like_commands_stays_a_body() {
    let body = "PING CHAT/1.0\nUSE root CHAT/1.0\nContent-Length: 0\n\nSEND bob CHAT/1.0\n\nhi";
    let plain = format!("SEND a CHAT/1.0\n\n{body}\n");
    assert_eq!(request(&plain).body(), body.as_bytes());
    let framed = format!("SEND a CHAT/1.0\nContent-Length: {}\n\n{body}", body.len());
    assert_eq!(request(&framed).body(), body.as_bytes());
    // Smuggled behind an empty line of its own (PROMISES S39).
    let smuggled = "SEND a CHAT/1.0\r\n\r\nhi\r\n\r\nSEND bob CHAT/1.0\r\n\r\nstolen\r\n";
    assert_eq!(shown(&[smuggled]).len(), 1);
    // The request is wrong, and its text is still no command.
    for head in
        ["SEND a b CHAT/1.0", "SEND a CHAT/9.9", "SEND a CHAT/1.0\nbad header", "FOO CHAT/1.0", "SEND \u{1} CHAT/1.0"]
    {
        assert_eq!(shown(&[&format!("{head}\n\nPING CHAT/1.0\n")]).len(), 1, "{head}");
    }
}

#[test]
fn the_line_end_that_closes_a_plain_body_is_no_part_of_it() {
    for (sent, text) in
        [("x\n", "x"), ("x\r\n", "x"), ("x\n\n", "x\n"), ("\n", ""), ("x\r\r\n", "x\r"), ("a\r\nb\n", "a\r\nb")]
    {
        assert_eq!(request(&format!("SEND a\n\n{sent}")).body(), text.as_bytes(), "{sent:?}");
    }
    assert_eq!(request("SEND a CHAT/1.0\nContent-Length: 3\n\nx\r\n").body(), b"x\r\n", "a counted one is as it is");
}

#[test]
fn plain_and_framed_requests_mix() {
    let mixed = "PING CHAT/1.0\nSEND a CHAT/1.0\nContent-Length: 2\n\nhiPING CHAT/1.0\nLIST_USER CHAT/1.0\n\n";
    assert_eq!(
        shown(&[mixed]),
        ["PING - Plain \"\"", "SEND a Framed \"hi\"", "PING - Plain \"\"", "LIST_USER - Plain \"\""]
    );
}

#[test]
fn a_request_that_has_begun_knows_its_framing() {
    let cases: [(&str, Option<Framing>); 11] = [
        ("", None),
        ("PI", Some(Framing::Plain)),
        ("PING CHAT/1.0\n", Some(Framing::Plain)),
        ("PING CHAT/1.0\nX: y", Some(Framing::Plain)),
        ("SEND a CHAT/1.0\n\nhalf", Some(Framing::Plain)),
        ("SEND a CHAT/1.0\nContent-Length: 4\n", Some(Framing::Framed)),
        ("SEND a CHAT/1.0\nContent-Length: 4\n\nhal", Some(Framing::Framed)),
        ("SEND a CHAT/1.0\nContent-Length: 4\n\nhalf", None),
        // Refused, and so answered, while its body is still coming.
        ("SEND a CHAT/1.0\nContent-Length: 1000\n\nhalf", None),
        ("SEND a CHAT/1.0\nContent-Length: x\n", None),
        ("SEND a CHAT/1.0\nContent-Length: 4\n\nhalfSEND b CHAT/1.0\nContent-Length: 1\n", Some(Framing::Framed)),
    ];
    for (text, expected) in cases {
        let mut reader = RequestReader::new(BODY_BYTES_MAX);
        let mut bytes = text.as_bytes();
        while reader.next(&mut bytes).is_some() {}
        assert_eq!(reader.at_hand(), expected, "{text:?}");
    }
}
