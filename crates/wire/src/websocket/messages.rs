use std::borrow::Cow;

use super::frame::{HEADER_BYTES_MAX, apply_mask};
use super::{CloseCode, FRAGMENTS_MAX, Header, MESSAGE_BYTES_MAX, Opcode};
use crate::grow::append;

/// What came: a whole message or a control frame. Borrowed if it came in one piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// A text message.
    Text(Cow<'a, str>),
    /// A binary message.
    Binary(Cow<'a, [u8]>),
    /// A ping; a pong with the same content is due.
    Ping(Cow<'a, [u8]>),
    /// A pong.
    Pong(Cow<'a, [u8]>),
    /// The other side ends the connection, with its code and reason. A close frame with the same code
    /// is due; nothing is read after it.
    Close(Option<(CloseCode, Cow<'a, str>)>),
}

/// How the other side broke the protocol. Prints as the reason for a close frame; nothing is read after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A reserved bit is set, though no extension was negotiated.
    #[error("a reserved bit is set")]
    ReservedBits,
    /// An opcode without a meaning.
    #[error("the opcode is unknown")]
    BadOpcode,
    /// A ping, pong or close in several frames.
    #[error("a control frame is fragmented")]
    FragmentedControl,
    /// A ping, pong or close with more than 125 bytes.
    #[error("a control frame is longer than 125 bytes")]
    LongControl,
    /// A client's frame without a mask.
    #[error("a frame is not masked")]
    NotMasked,
    /// A server's frame with a mask.
    #[error("a frame is masked")]
    Masked,
    /// A part of a message that has not begun.
    #[error("a continuation continues nothing")]
    NothingToContinue,
    /// A message that begins before another has ended.
    #[error("a message begins inside another")]
    InsideMessage,
    /// A close frame with half a code, or with one that may not be sent.
    #[error("the close code is not allowed")]
    BadCloseCode,
    /// A text, or the reason of a close frame, is not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// A frame or message is too long.
    #[error("the message is too long")]
    TooLong,
    /// A message in more than [`FRAGMENTS_MAX`] frames.
    #[error("the message has too many fragments")]
    TooManyFragments,
}

impl Violation {
    /// The code to close the connection with.
    #[must_use]
    pub fn close_code(self) -> CloseCode {
        match self {
            Violation::NotUtf8 => CloseCode::NOT_UTF8,
            Violation::TooLong | Violation::TooManyFragments => CloseCode::TOO_BIG,
            _ => CloseCode::PROTOCOL,
        }
    }
}

/// Reads messages from a stream that arrives in pieces of any size.
///
/// Holds heap memory only while a frame or message is incomplete, and then no more than twice what came
/// of it.
#[derive(Debug)]
pub struct Messages {
    message_bytes_max: usize,
    /// Whether the other side is a client, which masks what it sends.
    from_client: bool,
    /// A close frame or an error came.
    ended: bool,
    partial: Option<Box<Partial>>,
}

/// What is incomplete.
#[derive(Debug, Default)]
struct Partial {
    head: [u8; HEADER_BYTES_MAX],
    head_have: usize,
    /// The frame whose content is arriving, and how much of it came.
    frame: Option<(Header, usize)>,
    /// The kind of the message, once its first frame began.
    message: Option<Opcode>,
    fragments: u8,
    content: Vec<u8>,
    /// Apart from the message, because a control frame may stand between its parts.
    control: Vec<u8>,
}

impl Messages {
    /// Reads what a client sends, with the limits of a server: [`MESSAGE_BYTES_MAX`].
    #[must_use]
    pub fn from_client() -> Self {
        Messages { message_bytes_max: MESSAGE_BYTES_MAX, from_client: true, ended: false, partial: None }
    }

    /// Reads what a server sends, up to that many bytes in one message.
    #[must_use]
    pub fn from_server(message_bytes_max: usize) -> Self {
        Messages { message_bytes_max, from_client: false, ended: false, partial: None }
    }

    /// Takes what comes next off the front of `bytes`, which it unmasks, or all of them if that
    /// completes nothing.
    ///
    /// Call it until it returns `None`; `bytes` is empty then. After [`Event::Close`] and after an
    /// error it returns `None` for ever.
    ///
    /// # Errors
    /// [`Violation`] at the first frame that breaks a rule, before its content is kept.
    pub fn next<'a>(&mut self, bytes: &mut &'a mut [u8]) -> Option<Result<Event<'a>, Violation>> {
        while !self.ended {
            let event = match self.step(bytes) {
                Ok(Step::Hungry) => return None,
                Ok(Step::Part) => continue,
                Ok(Step::Whole(event)) => Ok(event),
                Err(violation) => Err(violation),
            };
            if matches!(event, Ok(Event::Close(_)) | Err(_)) {
                self.ended = true;
                self.partial = None;
            }
            return Some(event);
        }
        *bytes = &mut [];
        None
    }

    /// Tells whether the stream stands between two messages, so that its end would cut nothing off.
    #[must_use]
    pub fn is_between(&self) -> bool {
        self.partial.is_none()
    }

    fn step<'a>(&mut self, bytes: &mut &'a mut [u8]) -> Result<Step<'a>, Violation> {
        let Some((header, came)) = self.header(bytes)? else {
            return Ok(Step::Hungry);
        };
        let length = usize::try_from(header.length).expect("a frame over the limit was refused");
        let part = take(bytes, length - came);
        if let Some(mask) = header.mask {
            apply_mask(part, mask, came);
        }
        let is_new = self.partial.as_ref().is_none_or(|partial| partial.frame.is_none());
        if is_new && header.fin && part.len() == length && header.opcode != Opcode::Continuation {
            self.frame_ends();
            return event(header.opcode, Cow::Borrowed(part)).map(Step::Whole);
        }
        self.keep(header, came, part);
        if came + part.len() < length {
            return Ok(Step::Hungry);
        }
        let Some(whole) = self.partial.as_mut().and_then(|partial| partial.whole(header)) else {
            self.frame_ends();
            return Ok(Step::Part);
        };
        self.frame_ends();
        let (opcode, content) = whole;
        event(opcode, Cow::Owned(content)).map(Step::Whole)
    }

    /// The frame at hand and how much of its content came before; `None` if its header is incomplete.
    fn header(&mut self, bytes: &mut &mut [u8]) -> Result<Option<(Header, usize)>, Violation> {
        if let Some(at_hand) = self.partial.as_ref().and_then(|partial| partial.frame) {
            return Ok(Some(at_hand));
        }
        let have = self.partial.as_ref().map_or(0, |partial| partial.head_have);
        if have == 0 {
            // The usual case: nothing to join, nothing to keep.
            if let Some((header, header_bytes)) = Header::parse(bytes)? {
                take(bytes, header_bytes);
                return self.admit(header).map(|()| Some((header, 0)));
            }
            if bytes.is_empty() {
                return Ok(None);
            }
        }
        let partial = self.partial.get_or_insert_default();
        let room = &mut partial.head[have..];
        let count = room.len().min(bytes.len());
        room[..count].copy_from_slice(&bytes[..count]);
        let Some((header, header_bytes)) = Header::parse(&partial.head[..have + count])? else {
            take(bytes, count);
            partial.head_have = have + count;
            return Ok(None);
        };
        take(bytes, header_bytes - have);
        partial.head_have = 0;
        self.admit(header).map(|()| Some((header, 0)))
    }

    /// Checks a frame against the rules that concern its place in the stream.
    fn admit(&self, header: Header) -> Result<(), Violation> {
        match (self.from_client, header.mask) {
            (true, None) => return Err(Violation::NotMasked),
            (false, Some(_)) => return Err(Violation::Masked),
            _ => {}
        }
        if header.opcode.is_control() {
            return Ok(());
        }
        let partial = self.partial.as_deref();
        let begun = partial.is_some_and(|partial| partial.message.is_some());
        match (header.opcode, begun) {
            (Opcode::Continuation, false) => return Err(Violation::NothingToContinue),
            (Opcode::Text | Opcode::Binary, true) => return Err(Violation::InsideMessage),
            _ => {}
        }
        if partial.is_some_and(|partial| partial.fragments >= FRAGMENTS_MAX) {
            return Err(Violation::TooManyFragments);
        }
        let room = self.message_bytes_max - partial.map_or(0, |partial| partial.content.len());
        if header.length > room as u64 { Err(Violation::TooLong) } else { Ok(()) }
    }

    /// Keeps a part of a frame's content until the rest comes.
    fn keep(&mut self, header: Header, came: usize, part: &[u8]) {
        let bytes_max = self.message_bytes_max;
        let partial = self.partial.get_or_insert_default();
        if partial.frame.is_none() && !header.opcode.is_control() {
            partial.fragments += 1;
            partial.message.get_or_insert(header.opcode);
        }
        partial.frame = Some((header, came + part.len()));
        if header.opcode.is_control() {
            append(&mut partial.control, part, super::CONTROL_BYTES_MAX);
        } else {
            append(&mut partial.content, part, bytes_max);
        }
    }

    /// Forgets the frame at hand, and gives back the memory if no message is incomplete.
    fn frame_ends(&mut self) {
        if let Some(partial) = &mut self.partial {
            partial.frame = None;
        }
        self.partial.take_if(|partial| partial.message.is_none());
    }
}

impl Partial {
    /// The event that a complete frame completes, if any.
    fn whole(&mut self, header: Header) -> Option<(Opcode, Vec<u8>)> {
        if header.opcode.is_control() {
            return Some((header.opcode, std::mem::take(&mut self.control)));
        }
        if !header.fin {
            return None;
        }
        self.fragments = 0;
        self.message.take().map(|opcode| (opcode, std::mem::take(&mut self.content)))
    }
}

enum Step<'a> {
    /// More bytes are needed.
    Hungry,
    /// A part of a message is complete, or nothing that anybody needs to know.
    Part,
    Whole(Event<'a>),
}

fn event(opcode: Opcode, content: Cow<'_, [u8]>) -> Result<Event<'_>, Violation> {
    Ok(match opcode {
        Opcode::Text => Event::Text(text(content)?),
        // A message keeps the opcode of its first frame, which is no continuation.
        Opcode::Binary | Opcode::Continuation => Event::Binary(content),
        Opcode::Ping => Event::Ping(content),
        Opcode::Pong => Event::Pong(content),
        Opcode::Close => Event::Close(close(content)?),
    })
}

fn close(content: Cow<'_, [u8]>) -> Result<Option<(CloseCode, Cow<'_, str>)>, Violation> {
    if content.is_empty() {
        return Ok(None);
    }
    let &[high, low, ..] = &*content else {
        return Err(Violation::BadCloseCode);
    };
    let code = CloseCode(u16::from_be_bytes([high, low]));
    if !code.is_allowed() {
        return Err(Violation::BadCloseCode);
    }
    let reason = match content {
        Cow::Borrowed(content) => Cow::Borrowed(&content[2..]),
        Cow::Owned(content) => Cow::Owned(content[2..].to_vec()),
    };
    Ok(Some((code, text(reason)?)))
}

fn text(content: Cow<'_, [u8]>) -> Result<Cow<'_, str>, Violation> {
    match content {
        Cow::Borrowed(content) => std::str::from_utf8(content).map(Cow::Borrowed).map_err(|_| Violation::NotUtf8),
        Cow::Owned(content) => String::from_utf8(content).map(Cow::Owned).map_err(|_| Violation::NotUtf8),
    }
}

/// Takes at most so many bytes off the front.
fn take<'a>(bytes: &mut &'a mut [u8], count_max: usize) -> &'a mut [u8] {
    let all = std::mem::take(bytes);
    let count = count_max.min(all.len());
    let (front, rest) = all.split_at_mut(count);
    *bytes = rest;
    front
}
