use super::answer::read_sender;
use super::blocks::{Block, Blocks, Broken, HeaderAt, Side};
use super::{Fault, Framing, SessionId, Wait};
use crate::http_chat::EventTime;

/// Reads what a server sends: answers, and between them pushed messages.
///
/// Whoever asks with lengths never has to wait: all that comes is framed. A plain answer ends like a plain request, when
/// nothing more comes. Memory is bounded as in [`RequestReader`](super::RequestReader).
#[derive(Debug)]
pub struct ReplyReader(Blocks);

impl ReplyReader {
    /// Takes bodies of up to so many bytes.
    #[must_use]
    pub fn new(body_bytes_max: usize) -> Self {
        ReplyReader(Blocks::new(Side::Replies, body_bytes_max))
    }

    /// Takes the next answer or push off the front of `bytes`, or all of them if that completes none.
    ///
    /// Call it until it returns `None`; `bytes` is empty then. After an error that [is the last](ReplyError::is_last) it
    /// returns `None` for ever.
    ///
    /// # Errors
    /// [`ReplyError`] for what no server of this protocol sends.
    pub fn next(&mut self, bytes: &mut &[u8]) -> Option<Result<Reply, ReplyError>> {
        self.0.next(bytes).map(read)
    }

    /// What to wait for when [`ReplyReader::next`] has taken all there was; never [`Wait::BodyStart`].
    #[must_use]
    pub fn wait(&self) -> Wait {
        self.0.wait()
    }

    /// Nothing came for a while; so the plain answer at hand is whole. `None` where [`ReplyReader::wait`] is
    /// [`Wait::Byte`].
    ///
    /// # Errors
    /// [`ReplyError`].
    pub fn quiet(&mut self) -> Option<Result<Reply, ReplyError>> {
        self.0.quiet().map(read)
    }

    /// The server closed the connection. Call it until it returns `None`.
    ///
    /// # Errors
    /// [`ReplyError`], also for what was cut off.
    pub fn end_of_input(&mut self) -> Option<Result<Reply, ReplyError>> {
        self.0.end_of_input().map(read)
    }

    /// Tells whether the stream stands between two answers, so that its end would cut nothing off.
    #[must_use]
    pub fn is_between(&self) -> bool {
        self.0.is_between()
    }
}

/// What a server sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The answer to the earliest request that has none yet.
    Answer(Answered),
    /// A message, unasked, on a connection that listens.
    Push(Pushed),
}

/// An answer as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The number, of three digits; 200 to 299 is a success. It may be one that this version does not know.
    pub status: u16,
    /// The words after it.
    pub reason: String,
    /// The session to bring from now on.
    pub session: Option<SessionId>,
    /// After how many seconds asking again has a chance.
    pub retry_after_s: Option<u64>,
    /// The text; empty if there is none.
    pub body: String,
    /// Whether it came with a length.
    pub framing: Framing,
}

impl Answered {
    /// Tells whether what was asked for was done.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// A pushed message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// Who said it, without `~`.
    pub sender: String,
    /// Whether that is somebody without an account.
    pub is_guest: bool,
    /// The group it was said in; none for a direct message.
    pub group: Option<String>,
    /// Which message it is.
    pub id: String,
    /// When it was said.
    pub time: EventTime,
    /// What was said.
    pub text: String,
}

/// Something came that no server of this protocol sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// Lines, lengths, sizes.
    #[error("the server does not speak CHAT/1.0: {fault}")]
    Form {
        /// What is wrong.
        fault: Fault,
        /// Nobody knows where the next answer begins.
        is_last: bool,
    },
    /// A first line that is neither of an answer nor of a push.
    #[error("the server does not speak CHAT/1.0: this is no answer")]
    NoAnswer,
    /// An answer whose headers say nothing sensible.
    #[error("the server does not speak CHAT/1.0: a header of the answer is not understood")]
    BadHeader,
    /// A push without sender, id, time or length.
    #[error("the server does not speak CHAT/1.0: a pushed message is incomplete")]
    BadPush,
    /// A body that is no text.
    #[error("the server does not speak CHAT/1.0: the text is not UTF-8")]
    NotUtf8,
}

impl ReplyError {
    /// Tells whether nothing can be read after it.
    #[must_use]
    pub fn is_last(self) -> bool {
        matches!(self, ReplyError::Form { is_last: true, .. })
    }
}

/// Tells whether a line begins an answer or a push, so that it ends a plain answer before it.
pub(super) fn begins(line: &str) -> bool {
    status(line).is_some() || push_word(line).is_some()
}

fn read(outcome: Result<Block, Broken>) -> Result<Reply, ReplyError> {
    let block = outcome.map_err(|Broken { fault, is_last, .. }| ReplyError::Form { fault, is_last })?;
    let headers = Headers { head: &block.head, at: &block.headers };
    let line = &block.head[block.first_line.clone()];
    let body = String::from_utf8(block.body).map_err(|_| ReplyError::NotUtf8)?;
    if let Some((status, reason)) = status(line) {
        let session =
            headers.value("Set-Cookie")?.and_then(|cookie| cookie.split(';').next()?.strip_prefix("SESSIONID="));
        let session = session.map(str::parse).transpose().map_err(|_| ReplyError::BadHeader)?;
        let retry_after_s = headers.value("Retry-After")?.map(str::parse).transpose();
        return Ok(Reply::Answer(Answered {
            status,
            reason: reason.to_owned(),
            session,
            retry_after_s: retry_after_s.map_err(|_| ReplyError::BadHeader)?,
            body,
            framing: block.framing,
        }));
    }
    let word = push_word(line).ok_or(ReplyError::NoAnswer)?;
    let (sender, is_guest) = read_sender(word).ok_or(ReplyError::BadPush)?;
    let time = headers.value("Time")?.and_then(|time| time.parse().ok());
    let (Framing::Framed, Some(id), Some(time)) = (block.framing, headers.value("Id")?, time) else {
        return Err(ReplyError::BadPush);
    };
    let group = headers.value("Group")?.map(str::to_owned);
    Ok(Reply::Push(Pushed { sender, is_guest, group, id: id.to_owned(), time, text: body }))
}

struct Headers<'a> {
    head: &'a str,
    at: &'a [HeaderAt],
}

impl<'a> Headers<'a> {
    fn value(&self, name: &str) -> Result<Option<&'a str>, ReplyError> {
        let mut named = self.at.iter().filter(|at| self.head[at.name.clone()].eq_ignore_ascii_case(name));
        let value = named.next().map(|at| &self.head[at.value.clone()]);
        if named.next().is_some() { Err(ReplyError::BadHeader) } else { Ok(value) }
    }
}

/// `CHAT/1.0 200 OK`, of the original's servers also with the letter O.
fn status(line: &str) -> Option<(u16, &str)> {
    let rest = line.strip_prefix("CHAT/1.0 ").or_else(|| line.strip_prefix("CHAT/1.O "))?;
    let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    if is_code { Some((code.parse().ok()?, reason)) } else { None }
}

/// `MESSAGE adrian CHAT/1.0`
fn push_word(line: &str) -> Option<&str> {
    let word = line.strip_prefix("MESSAGE ")?.strip_suffix(" CHAT/1.0")?;
    (!word.contains([' ', '\t'])).then_some(word)
}
