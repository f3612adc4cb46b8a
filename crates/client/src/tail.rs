//! `parlor tail ROOM`: prints a room's messages, then what comes.

use std::io::{self, Write};

use jiff::tz::TimeZone;
use parlor_wire::http_chat::{BodyJson, EventJson, NUMBER_MAX};

use crate::backoff::Backoff;
use crate::room::RoomAddress;
use crate::session::{Answer, NoAnswer, Session};
use crate::{ClientError, Surroundings, shown};

/// How many messages are shown before what comes, where `since` is not given.
const LAST_MESSAGES: u64 = 10;
/// How long one poll hangs. Below the minute after which many proxies cut a silent connection.
const POLL_SECONDS: u64 = 50;
/// How often the first contact is tried; afterwards the server is known to exist and every
/// outage is waited out.
const FIRST_ATTEMPTS_MAX: u32 = 5;

/// What to follow, and how to print it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailArgs {
    /// A room's name, its key, or its URL.
    pub room: String,
    /// Begin after this message number; `None`: with the last ten messages.
    pub since: Option<u64>,
    /// Print event objects, one a line, instead of lines for people.
    pub json: bool,
    /// The server for names and keys, such as `http://127.0.0.1:1234`.
    pub server: String,
}

/// Prints messages for ever, each once and in order. Ends well when nobody reads the output any
/// more (a closed pipe).
///
/// # Errors
/// [`ClientError`]: the room is not there or was closed, the server refused, or it could not be
/// reached at the beginning. Later it may be away for as long as it likes.
pub fn run(args: &TailArgs, surroundings: &mut Surroundings<'_>, output: &mut dyn Write) -> Result<(), ClientError> {
    let address = RoomAddress::parse(&args.room, &args.server)?;
    if args.since.is_some_and(|since| since >= NUMBER_MAX) {
        return Err(ClientError::Usage(format!("--since must be below {NUMBER_MAX}")));
    }
    let mut line = Line { session: Session::new(&address.server), backoff: Backoff::default(), contact: false };
    let (key, newest) = enter(&mut line, surroundings, &address)?;
    let mut next = 1 + args.since.unwrap_or(newest.saturating_sub(LAST_MESSAGES));
    let zone = TimeZone::system();
    loop {
        let path = format!("/msg/{key}/{next}?wait={POLL_SECONDS}");
        let answer = line.ask(surroundings, |session| session.get(&path, "application/json", POLL_SECONDS))?;
        match answer.status {
            200 => {
                let written = print(&answer, args.json, &zone, &line.session, output);
                match written {
                    Err(ClientError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                    other => other?,
                }
                next += 1;
            }
            204 => {}
            // A deleted message keeps its number; without one it is the room that is gone.
            410 if answer.chat_number().is_some() => next += 1,
            404 | 410 => return Err(ClientError::Gone(format!("the room {} was closed", shown::line(&args.room)))),
            _ => return Err(line.session.refused(&answer)),
        }
    }
}

fn enter(
    line: &mut Line,
    surroundings: &mut Surroundings<'_>,
    address: &RoomAddress,
) -> Result<(String, u64), ClientError> {
    let mut key = String::new();
    let answer = line.ask(surroundings, |session| {
        let entered = session.enter(address)?;
        key = entered.key;
        Ok(entered.answer)
    })?;
    match (answer.status, answer.chat_number()) {
        (200, Some(newest)) => Ok((key, newest)),
        (200, None) => Err(line.session.not_parlor("the room's page has no Chat-Number")),
        (303, _) => Err(line.session.not_parlor("the room's name leads to no room")),
        (404 | 410, _) => Err(ClientError::Gone(format!(
            "there is no room {}; check its name, key or URL",
            shown::line(&address.room)
        ))),
        _ => Err(line.session.refused(&answer)),
    }
}

fn print(
    answer: &Answer,
    json: bool,
    zone: &TimeZone,
    session: &Session,
    output: &mut dyn Write,
) -> Result<(), ClientError> {
    let event = EventJson::from_json(&answer.body)
        .map_err(|error| session.not_parlor(format!("a message could not be read ({error})")))?;
    if json {
        // The server's own text, so that fields which this version does not know are kept.
        writeln!(output, "{}", shown::json(answer.body.trim()))?;
    } else if let BodyJson::Message { text, .. } = &event.body {
        writeln!(output, "{}", shown::message(event.time, zone, &event.author.shown_name(), text))?;
    }
    Ok(output.flush()?)
}

/// A connection that may break and come back.
struct Line {
    session: Session,
    backoff: Backoff,
    /// Whether the server has ever answered.
    contact: bool,
}

impl Line {
    /// Asks until there is an answer that is not "later".
    fn ask(
        &mut self,
        surroundings: &mut Surroundings<'_>,
        mut ask: impl FnMut(&mut Session) -> Result<Answer, NoAnswer>,
    ) -> Result<Answer, ClientError> {
        loop {
            let (reason, asked) = match ask(&mut self.session) {
                Ok(answer) if answer.asks_for_patience() || answer.status == 500 => {
                    (answer.reason(), answer.retry_after())
                }
                Ok(answer) => {
                    if self.backoff.failures() > 0 {
                        (surroundings.notice)(&format!("{} answers again", self.session.server));
                    }
                    self.contact = true;
                    self.backoff.reset();
                    return Ok(answer);
                }
                Err(NoAnswer(reason)) if !self.contact && self.backoff.failures() + 1 >= FIRST_ATTEMPTS_MAX => {
                    return Err(self.session.unreachable(reason));
                }
                Err(NoAnswer(reason)) => (reason, None),
            };
            if self.backoff.failures() == 0 {
                (surroundings.notice)(&format!("{}: {reason}; waiting for it to answer", self.session.server));
            }
            let pause = self.backoff.pause(asked, (surroundings.random)());
            (surroundings.sleep)(pause);
        }
    }
}
