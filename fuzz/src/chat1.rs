//! CHAT/1.0: what a client sends, and what a server does.

use parlor_wire::chat1::{
    Answer, BadRequest, Call, Field, Framing, Method, Push, Reply, ReplyError, ReplyReader, Request, RequestReader,
    Sender, Status,
};

/// Small, so that short inputs reach it.
const BODY_BYTES_MAX: usize = 256;
/// Stands in an input where nothing comes for a while; readers never see it.
const QUIET: u8 = 0x16;

/// Requests; the first byte is the size of the pieces. Oracles: every size of piece gives the same, nothing follows the last
/// refusal, bodies are within the limit, and what was read is written, framed and plain, and read again as one request, so
/// that no body ever yields a command.
pub fn chat1_requests(data: &[u8]) {
    let Some((size, stream)) = data.split_first() else {
        return;
    };
    let whole = requests(stream, stream.len());
    assert_eq!(requests(stream, usize::from(*size)), whole);
    assert_eq!(requests(stream, 1), whole);
    for (place, outcome) in whole.iter().enumerate() {
        match outcome {
            Ok(request) => written_again(request),
            Err(bad) => {
                assert!(!bad.is_last || place + 1 == whole.len());
                assert!(matches!(bad.fault.status(), Status::BadRequest | Status::TooLarge));
                assert!(bad.to_string().contains(' ') && !bad.to_string().contains(char::is_control));
            }
        }
    }
}

fn requests(stream: &[u8], size: usize) -> Vec<Result<Request, BadRequest>> {
    let mut reader = RequestReader::new(BODY_BYTES_MAX);
    let mut found = Vec::new();
    for part in stream.split(|byte| *byte == QUIET) {
        for mut piece in part.chunks(size.max(1)) {
            while let Some(outcome) = reader.next(&mut piece) {
                found.push(outcome);
            }
            assert!(piece.is_empty());
        }
        found.extend(reader.quiet());
    }
    while let Some(outcome) = reader.end_of_input() {
        found.push(outcome);
    }
    found
}

fn written_again(request: &Request) {
    assert!(request.body().len() <= BODY_BYTES_MAX);
    let Ok(body) = std::str::from_utf8(request.body()) else {
        return;
    };
    let Some(call) = call(request, body) else {
        return;
    };
    for framing in [Framing::Framed, Framing::Plain] {
        let mut written = Vec::new();
        let Ok(()) = call.write(framing, &mut written) else {
            // What was asked for with the letter O, with few blanks or without a version may be longer as it is written.
            continue;
        };
        // The marker is an ordinary byte in a text.
        let mut reader = RequestReader::new(BODY_BYTES_MAX);
        let again = reader.next(&mut &written[..]).or_else(|| reader.quiet());
        let again = again.expect("it is whole").expect("it is right");
        assert!(reader.is_between(), "nothing is left of it");
        assert_eq!((again.method(), again.argument()), (request.method(), request.argument()));
        assert_eq!((again.body(), again.framing()), (request.body(), framing));
        assert_eq!(again.name(), Ok(writable_name(request)));
        assert_eq!(again.session(), request.session().or(Ok(None)));
        assert_eq!(again.invitations().is_ok(), request.invitations().is_ok());
        if let Ok(invitations) = request.invitations() {
            assert_eq!(again.invitations(), Ok(invitations));
        }
        assert_eq!(again.message_id(), request.message_id().or(Ok(None)));
    }
    let _ = (request.group_and_owner(), request.before(), request.limit(), request.user(), request.old_password());
}

/// A client does not write what comes twice, nor a tab.
fn writable_name(request: &Request) -> Option<&str> {
    request.name().ok().flatten().filter(|name| !name.contains('\t'))
}

/// The same request with the headers that have a meaning.
fn call<'a>(request: &'a Request, body: &'a str) -> Option<Call<'a>> {
    let mut call = Call::new(Some(request.method()).filter(|method| *method != Method::Other)?).body(body);
    if let Some(argument) = request.argument() {
        call = call.argument(argument);
    }
    if let Some(name) = writable_name(request) {
        call = call.header(Field::Name, name);
    }
    if let Ok(Some(session)) = request.session() {
        call = call.session(session);
    }
    if let Ok(invitations) = request.invitations() {
        call = call.invite(&invitations);
    }
    if let Ok(Some(id)) = request.message_id() {
        call = call.header(Field::MessageId, id);
    }
    Some(call)
}

/// Answers and pushes; the first byte is the size of the pieces. Oracles: every size of piece gives the same, and what was
/// read is written and read again.
pub fn chat1_answers(data: &[u8]) {
    let Some((size, stream)) = data.split_first() else {
        return;
    };
    let whole = replies(stream, stream.len());
    assert_eq!(replies(stream, usize::from(*size)), whole);
    assert_eq!(replies(stream, 1), whole);
    for reply in &whole {
        match reply {
            Ok(Reply::Push(push)) => {
                let sender = Sender { name: &push.sender, is_guest: push.is_guest };
                let group = push.group.as_deref().filter(|group| !group.contains('\t'));
                let (id, time, text) = (&*push.id, push.time, &*push.text);
                let mut written = Vec::new();
                Push { sender, group, id, time, text }.write(&mut written);
                let [Ok(Reply::Push(again))] = &read_once(&written)[..] else {
                    panic!("{push:?} was written and cannot be read");
                };
                // A tab in what is named is the one thing that is not written as it may come.
                assert_eq!((&again.sender, again.is_guest, &again.text), (&push.sender, push.is_guest, &push.text));
                assert!(again.id == push.id || push.id.contains('\t'));
                assert_eq!(again.group.as_deref(), group);
            }
            Ok(Reply::Answer(answer)) => {
                let Some(status) = Status::ALL.iter().find(|status| status.code() == answer.status) else {
                    continue;
                };
                let body = answer.body.trim_end_matches(['\r', '\n']);
                let (session, retry_after_s) = (answer.session, answer.retry_after_s);
                for framing in [Framing::Plain, Framing::Framed] {
                    let mut written = Vec::new();
                    Answer { status: *status, session, retry_after_s, body }.write(framing, &mut written);
                    let [Ok(Reply::Answer(again))] = &read_once(&written)[..] else {
                        panic!("{answer:?} was written and cannot be read");
                    };
                    assert_eq!((again.session, again.retry_after_s), (session, retry_after_s));
                    assert_eq!((&*again.body, again.status), (body, answer.status));
                }
            }
            Err(error) => assert!(!error.is_last() || whole.last() == Some(reply)),
        }
    }
}

fn replies(stream: &[u8], size: usize) -> Vec<Result<Reply, ReplyError>> {
    let mut reader = ReplyReader::new(BODY_BYTES_MAX);
    let mut found = Vec::new();
    for part in stream.split(|byte| *byte == QUIET) {
        for mut piece in part.chunks(size.max(1)) {
            while let Some(reply) = reader.next(&mut piece) {
                found.push(reply);
            }
            assert!(piece.is_empty());
        }
        found.extend(reader.quiet());
    }
    while let Some(reply) = reader.end_of_input() {
        found.push(reply);
    }
    found
}

fn read_once(mut bytes: &[u8]) -> Vec<Result<Reply, ReplyError>> {
    let mut reader = ReplyReader::new(BODY_BYTES_MAX);
    let mut found = Vec::from_iter(reader.next(&mut bytes));
    found.extend(reader.next(&mut bytes).or_else(|| reader.quiet()));
    assert!(reader.is_between());
    found
}
