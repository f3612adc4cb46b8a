//! Answers and pushes, byte for byte, and how a client reads them.

use proptest::prelude::*;

use super::*;
use crate::http_chat::EventTime;

const ID: &str = "042cf5ba-7f52-4805-a2a0-3c6006fe3eee";

fn written(answer: Answer<'_>, framing: Framing) -> String {
    let mut out = Vec::new();
    answer.write(framing, &mut out);
    String::from_utf8(out).unwrap()
}

/// Reads pieces, each followed by quiet.
fn replies(pieces: &[&[u8]], part_bytes: usize) -> Vec<Result<Reply, ReplyError>> {
    let mut reader = ReplyReader::new(BODY_BYTES_MAX);
    let mut found = Vec::new();
    for piece in pieces {
        for mut part in piece.chunks(part_bytes) {
            found.extend(std::iter::from_fn(|| reader.next(&mut part)));
        }
        assert_ne!(reader.wait(), Wait::BodyStart);
        found.extend(reader.quiet());
    }
    found.extend(std::iter::from_fn(|| reader.end_of_input()));
    found
}

#[test]
fn plain_answers_are_exactly_the_lines() {
    let ok = Answer::new(Status::Ok);
    assert_eq!(written(ok, Framing::Plain), "CHAT/1.0 200 OK\n");
    assert_eq!(written(Answer::new(Status::Created), Framing::Plain), "CHAT/1.0 201 Created\n");
    assert_eq!(written(Answer::new(Status::Conflict), Framing::Plain), "CHAT/1.0 409 Conflict\n");
    assert_eq!(written(Answer::new(Status::NotAllowed), Framing::Plain), "CHAT/1.0 405 Command Not Allowed\n");
    let session = ok.with_session(ID.parse().unwrap());
    assert_eq!(written(session, Framing::Plain), format!("CHAT/1.0 200 OK\nSet-Cookie: SESSIONID={ID}\n"));
    let users = names_json("users", ["adrian", "josie"]);
    for body in [users.clone(), format!("{users}\n"), format!("{users}\r\n\n")] {
        let listed = "CHAT/1.0 200 OK\n\n{\"users\": [\"adrian\", \"josie\"]}\n";
        assert_eq!(written(ok.with_body(&body), Framing::Plain), listed);
    }
}

#[test]
fn framed_answers_always_have_a_length() {
    let ok = Answer::new(Status::Ok);
    assert_eq!(written(ok, Framing::Framed), "CHAT/1.0 200 OK\nContent-Length: 0\n\n");
    assert_eq!(written(ok.with_body("é\n"), Framing::Framed), "CHAT/1.0 200 OK\nContent-Length: 3\n\né\n");
    let slow = Answer::new(Status::TooFast).with_retry_after_s(3).with_session(ID.parse().unwrap());
    let head =
        format!("CHAT/1.0 429 Too Many Requests\nSet-Cookie: SESSIONID={ID}\nRetry-After: 3\nContent-Length: 0\n\n");
    assert_eq!(written(slow, Framing::Framed), head);
}

#[test]
fn every_status_has_one_number() {
    let codes: Vec<u16> = Status::ALL.iter().map(|status| status.code()).collect();
    assert_eq!(codes, [200, 201, 400, 401, 403, 404, 405, 409, 413, 429, 500, 503]);
    assert!(Status::ALL.iter().all(|status| !status.reason().is_empty()));
}

#[test]
fn names_are_listed_with_the_spaces_of_the_protocol() {
    assert_eq!(names_json("users", []), "{\"users\": []}");
    let names = ["a\"b", "ü"];
    let text = names_json("groups", names);
    assert_eq!(text, "{\"groups\": [\"a\\\"b\", \"ü\"]}");
    assert_eq!(read_names("groups", &text).unwrap(), names);
    assert!(read_names("users", &text).is_err());
    assert!(read_names("groups", "{\"groups\": [1]}").is_err());
    let original = "{\n    \"users\": [\n        \"adrian\",\n        \"josie\"\n    ]\n}";
    assert_eq!(read_names("users", original).unwrap(), ["adrian", "josie"]);
}

#[test]
fn messages_are_json_in_the_order_of_the_protocol() {
    let message = MessageJson {
        id: "a/1".into(),
        from: "josie".into(),
        group: Some("chat".into()),
        time: EventTime::UNIX_EPOCH,
        text: "hi \"you\"".into(),
    };
    let direct = MessageJson { group: None, ..message.clone() };
    let messages = MessagesJson { messages: vec![message, direct], cursor: Some("c".into()) };
    let text = serde_json::to_string(&messages).unwrap();
    let expected = "{\"messages\":[\
        {\"id\":\"a/1\",\"from\":\"josie\",\"group\":\"chat\",\"time\":\"1970-01-01T00:00:00.000000Z\",\"text\":\"hi \\\"you\\\"\"},\
        {\"id\":\"a/1\",\"from\":\"josie\",\"time\":\"1970-01-01T00:00:00.000000Z\",\"text\":\"hi \\\"you\\\"\"}],\"cursor\":\"c\"}";
    assert_eq!(text, expected);
    assert_eq!(serde_json::from_str::<MessagesJson<'_>>(&text).unwrap(), messages);
}

fn pushed(sender: Sender<'_>, group: Option<&str>) -> String {
    let mut out = Vec::new();
    Push { sender, group, id: "x/7", time: EventTime::UNIX_EPOCH, text: "hi\n" }.write(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn a_push_names_its_sender_in_one_word() {
    let adrian = Sender { name: "adrian", is_guest: false };
    let head = "MESSAGE adrian CHAT/1.0\nGroup: chat\nFrom: adrian\nId: x/7\nTime: 1970-01-01T00:00:00.000000Z\n";
    assert_eq!(pushed(adrian, Some("chat")), format!("{head}Content-Length: 3\n\nhi\n"));
    let guest = Sender { name: "Ann Ü", is_guest: true };
    let first = "MESSAGE ~Ann%20%C3%9C CHAT/1.0\nFrom: Ann Ü\nId: x/7\n";
    assert!(pushed(guest, None).starts_with(first), "{}", pushed(guest, None));
    let words = [
        ("a_b-c9", false, "a_b-c9"),
        ("a~b", true, "~a~b"),
        ("~x", false, "%7Ex"),
        ("~x", true, "~~x"),
        ("a.b%", false, "a%2Eb%25"),
    ];
    for (name, is_guest, word) in words {
        assert_eq!(Sender { name, is_guest }.to_string(), word);
    }
}

#[test]
fn nothing_that_is_named_can_begin_a_line() {
    let evil = Sender { name: "a\r\nMESSAGE b CHAT/1.0\n\u{1b}", is_guest: false };
    let text = pushed(evil, Some("g\nContent-Length: 0\n\nCHAT/1.0 200 OK"));
    let found = replies(&[text.as_bytes()], text.len());
    let [Ok(Reply::Push(push))] = &found[..] else { panic!("{found:?}") };
    assert_eq!((&*push.sender, &*push.text), (evil.name, "hi\n"));
    assert!(text.contains("From: a%0D%0AMESSAGE b CHAT/1.0%0A%1B\n"), "{text}");
}

#[test]
fn a_client_reads_answers_and_pushes_as_they_come() {
    let push = pushed(Sender { name: "adrian", is_guest: false }, Some("chat"));
    let answer = written(Answer::new(Status::Ok).with_body("{}").with_retry_after_s(9), Framing::Framed);
    let stream = format!("{push}{answer}{push}{answer}");
    let found = replies(&[stream.as_bytes()], stream.len());
    assert_eq!(found.len(), 4);
    let (Ok(Reply::Push(push)), Ok(Reply::Answer(answer))) = (&found[0], &found[1]) else { panic!("{found:?}") };
    assert_eq!((push.group.as_deref(), &*push.id, push.is_guest), (Some("chat"), "x/7", false));
    assert_eq!((answer.status, &*answer.reason, answer.retry_after_s, &*answer.body), (200, "OK", Some(9), "{}"));
    assert!(answer.is_success());
    for part_bytes in 1..stream.len() {
        assert_eq!(replies(&[stream.as_bytes()], part_bytes), found, "{part_bytes}");
    }
}

#[test]
fn a_client_reads_plain_answers_also_of_the_original() {
    let found = replies(
        &[
            b"CHAT/1.O 201 Created\n",
            b"CHAT/1.0 404\r\n",
            b"CHAT/1.0 200 OK\r\nSet-Cookie: SESSIONID=042cf5ba-7f52-4805-a2a0-3c6006fe3eee; Path=/\r\nX: y\r\n",
            b"CHAT/1.0 200 OK\n\n{\n}\n",
            b"CHAT/1.0 200 OK\nCHAT/1.0 200 OK\n",
        ],
        3,
    );
    let answers: Vec<Answered> = found
        .into_iter()
        .map(|reply| match reply {
            Ok(Reply::Answer(answer)) => answer,
            other => panic!("{other:?}"),
        })
        .collect();
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [201, 404, 200, 200, 200, 200]);
    assert_eq!(answers[2].session, Some(ID.parse().unwrap()));
    assert_eq!((&*answers[3].body, answers[3].framing), ("{\n}", Framing::Plain));
}

#[test]
fn what_no_server_sends_is_an_error_and_the_next_answer_is_read() {
    let time = "Time: 1970-01-01T00:00:00.000000Z";
    let cases: [(String, ReplyError); 9] = [
        ("HTTP/1.1 200 OK\nContent-Length: 0\n\n".into(), ReplyError::NoAnswer),
        ("CHAT/1.0 20 OK\nContent-Length: 0\n\n".into(), ReplyError::NoAnswer),
        ("CHAT/1.0 200 OK\nContent-Length: 97\n\n".to_owned() + &"x".repeat(97), form(Fault::TooLarge)),
        ("CHAT/1.0 200 OK\nRetry-After: soon\nContent-Length: 0\n\n".into(), ReplyError::BadHeader),
        ("CHAT/1.0 200 OK\nSet-Cookie: SESSIONID=x\nContent-Length: 0\n\n".into(), ReplyError::BadHeader),
        (format!("MESSAGE a%zz CHAT/1.0\nId: 1\n{time}\nContent-Length: 0\n\n"), ReplyError::BadPush),
        (format!("MESSAGE a CHAT/1.0\n{time}\nContent-Length: 0\n\n"), ReplyError::BadPush),
        ("MESSAGE a CHAT/1.0\nId: 1\nTime: now\nContent-Length: 0\n\n".into(), ReplyError::BadPush),
        (format!("MESSAGE a CHAT/1.0\nId: 1\nId: 2\n{time}\nContent-Length: 0\n\n"), ReplyError::BadHeader),
    ];
    for (text, expected) in cases {
        let found = replies(&[format!("{text}CHAT/1.0 200 OK\nContent-Length: 0\n\n").as_bytes()], 5);
        assert_eq!(found[0], Err(expected), "{text}");
        assert!(!expected.is_last() && found.len() == 2 && found[1].is_ok(), "{text}");
    }
    let not_text = replies(&[b"CHAT/1.0 200 OK\nContent-Length: 1\n\n\xff"], 5);
    assert_eq!(not_text, [Err(ReplyError::NotUtf8)]);
    let lost = replies(&[b"CHAT/1.0 200 OK\nContent-Length: x\n\nCHAT/1.0 200 OK\n"], 5);
    assert!(lost.len() == 1 && lost[0].clone().unwrap_err().is_last());
}

fn form(fault: Fault) -> ReplyError {
    ReplyError::Form { fault, is_last: false }
}

#[test]
fn a_client_writes_no_request_that_is_read_otherwise() {
    let refused = [
        (Call::new(Method::Other), CallError::NoMethod),
        (Call::new(Method::Use).argument(""), CallError::Argument),
        (Call::new(Method::Use).argument("a b"), CallError::Argument),
        (Call::new(Method::Use).argument("a\nPING"), CallError::Argument),
        (Call::new(Method::Reg).header(Field::Name, "a\r\nPassword: x"), CallError::Value(Field::Name)),
        (Call::new(Method::Use).header(Field::Password, " a"), CallError::Value(Field::Password)),
        (Call::new(Method::Use).argument("a".repeat(LINE_BYTES_MAX)), CallError::LongLine),
        (Call::new(Method::Use).header(Field::Name, "a".repeat(LINE_BYTES_MAX)), CallError::LongLine),
        ((0..33).fold(Call::new(Method::Ping), |call, _| call.header(Field::Limit, "1")), CallError::TooManyHeaders),
    ];
    for (call, expected) in refused {
        for framing in [Framing::Plain, Framing::Framed] {
            let mut out = Vec::new();
            assert_eq!(call.write(framing, &mut out), Err(expected));
            assert!(out.is_empty());
        }
    }
}

proptest! {
    #[test]
    fn a_call_is_read_as_it_was_written(
        method in 0..Method::ALL.len(),
        argument in proptest::option::of("[^\\p{Cc} ]{1,20}"),
        name in proptest::option::of("[^\\p{Cc} ]([^\\p{Cc}]{0,20}[^\\p{Cc} ])?"),
        session in proptest::option::of(any::<[u8; 16]>()),
        body in proptest::option::of("([a-z\\r\\n:]|PING CHAT/1.0\n|[^a]){0,12}"),
        framed in any::<bool>(),
        part_bytes in 1_usize..40,
    ) {
        let mut call = Call::new(Method::ALL[method]);
        if let Some(argument) = &argument {
            call = call.argument(argument);
        }
        if let Some(name) = &name {
            call = call.header(Field::Name, name).header(Field::MessageId, "m-1");
        }
        if let Some(session) = session {
            call = call.session(SessionId(session)).invite(&[Invitation { name: "a", role: Role::Admin }]);
        }
        if let Some(body) = &body {
            call = call.body(body);
        }
        let framing = if framed { Framing::Framed } else { Framing::Plain };
        let mut out = Vec::new();
        call.write(framing, &mut out).unwrap();
        let found = outcomes(&[&out], part_bytes);
        let expected = body.unwrap_or_default();
        if expected.len() > BODY_BYTES_MAX {
            prop_assert_eq!(found.len(), 1);
            prop_assert_eq!(found[0].as_ref().unwrap_err().fault, Fault::TooLarge);
            return Ok(());
        }
        let [Ok(read)] = &found[..] else { panic!("{found:?} of {out:?}") };
        prop_assert_eq!((read.method(), read.framing()), (Method::ALL[method], framing));
        prop_assert_eq!(read.argument(), argument.as_deref());
        prop_assert_eq!(read.name(), Ok(name.as_deref()));
        prop_assert_eq!(read.message_id(), Ok(name.map(|_| "m-1")));
        prop_assert_eq!(read.session(), Ok(session.map(SessionId)));
        prop_assert_eq!(read.invitations().is_ok(), session.is_some());
        prop_assert_eq!(read.body(), expected.as_bytes());
    }
}
