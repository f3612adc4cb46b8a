//! `parlor send ROOM TEXT`: posts one message.

use std::io::{Read, Write};

use parlor_wire::http_chat::{FormFields, IDEMPOTENCY_KEY};

use crate::backoff::Backoff;
use crate::room::RoomAddress;
use crate::session::{Answer, Session};
use crate::{ClientError, Surroundings};

/// How often a message is tried in all. With the pauses between, this outlasts a restart.
const ATTEMPTS_MAX: u32 = 10;
/// Standard input is read up to here; every server's limit on a message is below.
const INPUT_BYTES_MAX: u64 = 1 << 20;

/// What to send, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendArgs {
    /// A room's name, its key, or its URL.
    pub room: String,
    /// The message; `-` reads it from the input, without its last line end.
    pub text: String,
    /// The nickname to post under.
    pub nick: Option<String>,
    /// The server for names and keys, such as `http://127.0.0.1:1234`.
    pub server: String,
}

/// Posts the message and writes its number as `#42`.
///
/// The message carries a key of its own, and we become somebody before we post, so that a repeat
/// after a lost answer is recognised: it is once in the log, however often it was sent.
///
/// # Errors
/// [`ClientError`]: after [`ClientError::Unreachable`] the message may or may not be in the room.
pub fn run(
    args: &SendArgs,
    surroundings: &mut Surroundings<'_>,
    input: &mut dyn Read,
    output: &mut dyn Write,
) -> Result<(), ClientError> {
    let address = RoomAddress::parse(&args.room, &args.server)?;
    let text = if args.text == "-" { read_text(input)? } else { args.text.clone() };
    let message_key = format!("{:016x}{:016x}", (surroundings.random)(), (surroundings.random)());
    let mut session = Session::new(&address.server);
    let key = attempt(&mut session, surroundings, |session| {
        session.enter(&address).map(|entered| (entered.answer, entered.key))
    })
    .and_then(|(answer, key)| match answer.status {
        200 => Ok(key),
        303 => Err(session.not_parlor("the room's name leads to no room")),
        404 | 410 => Err(no_room(&args.room)),
        _ => Err(session.refused(&answer)),
    })?;
    let (content_type, body) = match &args.nick {
        Some(nick) => ("application/x-www-form-urlencoded", FormFields::encode(&[("text", &text), ("nick", nick)])),
        None => ("text/plain; charset=utf-8", text),
    };
    let headers = [("content-type", content_type), (IDEMPOTENCY_KEY, &message_key)];
    let path = format!("/send/{key}");
    let (answer, ()) =
        attempt(&mut session, surroundings, |session| session.post(&path, &headers, &body).map(|answer| (answer, ())))?;
    match (answer.status, answer.chat_number()) {
        (200, Some(number)) => Ok(writeln!(output, "#{number}")?),
        (200, None) => Err(session.not_parlor("it took the message without giving it a number")),
        (404 | 410, _) => Err(no_room(&args.room)),
        _ => Err(session.refused(&answer)),
    }
}

/// Reads a message's text to the end, without its last line end.
///
/// # Errors
/// The input cannot be read, is longer than any message, or is not UTF-8.
pub fn read_text(input: &mut dyn Read) -> Result<String, ClientError> {
    let mut bytes = Vec::new();
    input.take(INPUT_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > INPUT_BYTES_MAX {
        return Err(ClientError::Usage(format!(
            "the input is longer than {INPUT_BYTES_MAX} bytes; that is no message, share it as a file"
        )));
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        ClientError::Usage(format!("the input is not UTF-8 at byte {offset}; convert it first, for example with iconv"))
    })?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

/// Asks until there is an answer that is not "later", a bounded number of times.
fn attempt<T>(
    session: &mut Session,
    surroundings: &mut Surroundings<'_>,
    mut ask: impl FnMut(&mut Session) -> Result<(Answer, T), crate::session::NoAnswer>,
) -> Result<(Answer, T), ClientError> {
    let mut backoff = Backoff::default();
    loop {
        let (reason, asked) = match ask(session) {
            Ok((answer, _)) if answer.asks_for_patience() && backoff.failures() + 1 < ATTEMPTS_MAX => {
                (answer.reason(), answer.retry_after())
            }
            Ok(answered) => return Ok(answered),
            Err(no_answer) if backoff.failures() + 1 < ATTEMPTS_MAX => (no_answer.0, None),
            Err(no_answer) => return Err(session.unreachable(no_answer.0)),
        };
        if backoff.failures() == 0 {
            (surroundings.notice)(&format!("{}: {reason}; trying again", session.server));
        }
        let pause = backoff.pause(asked, (surroundings.random)());
        (surroundings.sleep)(pause);
    }
}

fn no_room(room: &str) -> ClientError {
    ClientError::Gone(format!("there is no room {}; check its name, key or URL", crate::shown::line(room)))
}
