//! HTTP long-poll chat: a room, somebody who waits in it, somebody who posts (protocols/http-chat.md).

use std::thread;

use parlor_wire::http_chat::is_key;

use super::{ANSWER, Doors, unexpected};
use crate::ClientError;
use crate::session::{Answer, NoAnswer, Session};

const TEXT: &str = "Tea is ready";

/// Makes a room, waits for its first message, posts it, and compares.
pub(super) fn hold(doors: &Doors) -> Result<(), ClientError> {
    let server = format!("http://{}", doors.http);
    let mut poster = Session::new(&server);
    let made = poster.get("/chat_create?subject=Selftest", "text/html", 0);
    let made = answered(&poster, made, 303, "a new room")?;
    let location = made.headers.get("location").and_then(|location| location.to_str().ok()).unwrap_or_default();
    let key = location.strip_prefix("/chat/").filter(|key| is_key(key));
    let key = key.ok_or_else(|| unexpected(&server, "the address of a new room", location))?;
    let (waited, posted) = thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let mut reader = Session::new(&server);
            let path = format!("/msg/{key}/1?wait={}", ANSWER.as_secs());
            let answer = reader.get(&path, "text/plain", ANSWER.as_secs());
            answered(&reader, answer, 200, "the message")
        });
        let typed = [("content-type", "text/plain; charset=utf-8")];
        let posted = poster.post(&format!("/send/{key}"), &typed, TEXT);
        let posted = answered(&poster, posted, 200, "an acknowledgement");
        (waiting.join().expect("the reader's thread has no panic in it"), posted)
    });
    let (posted, read) = (posted?, waited?);
    if posted.chat_number() != Some(1) || read.chat_number() != Some(1) {
        return Err(unexpected(&server, "the number 1", &format!("{:?}", (posted.chat_number(), read.chat_number()))));
    }
    match read.body.split_once(": ") {
        Some((_, text)) if text == TEXT => Ok(()),
        _ => Err(unexpected(&server, TEXT, &read.body)),
    }
}

fn answered(
    session: &Session,
    answer: Result<Answer, NoAnswer>,
    status: u16,
    awaited: &str,
) -> Result<Answer, ClientError> {
    let answer = answer.map_err(|NoAnswer(reason)| session.unreachable(reason))?;
    if answer.status == status {
        return Ok(answer);
    }
    Err(unexpected(&session.server, awaited, &format!("{}: {}", answer.status, answer.reason())))
}
