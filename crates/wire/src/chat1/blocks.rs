//! First line, headers and body of whatever comes, and where it ends. What they mean is for [`super::request`] and
//! [`super::reply`] to say.

use std::ops::Range;

use super::{Fault, Framing, HEADERS_MAX, LINE_BYTES_MAX, PASSED_BYTES_MAX, Wait};
use crate::grow::append;

/// Reads blocks from a stream that arrives in pieces of any size.
///
/// Holds heap memory only while a block is incomplete: what came of it, twice that at most, within the limits.
#[derive(Debug)]
pub(super) struct Blocks {
    side: Side,
    body_bytes_max: usize,
    state: State,
    /// The first line and the headers without their ends, and behind `line_at` what came of the next line.
    head: Vec<u8>,
    line_at: usize,
    /// The line at hand is longer than what is kept of it.
    line_is_long: bool,
    /// A first line came, good or bad.
    begun: bool,
    /// A text is to come after the empty line.
    awaits_body: bool,
    first_line_bytes: usize,
    headers: Vec<HeaderAt>,
    length: Option<u64>,
    body: Vec<u8>,
    /// The first thing that is wrong with the block at hand.
    fault: Option<Fault>,
    /// Bytes of the block at hand that were not kept.
    passed: u64,
}

/// Who sends the blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Requests,
    Replies,
}

/// A whole block without a fault.
#[derive(Debug)]
pub(super) struct Block {
    /// The first line and the headers, one after the other.
    pub head: String,
    pub first_line: Range<usize>,
    pub headers: Vec<HeaderAt>,
    pub body: Vec<u8>,
    pub framing: Framing,
}

/// Where in a head a header stands; spaces around the value are no part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HeaderAt {
    pub name: Range<usize>,
    pub value: Range<usize>,
}

/// A block with a fault, which was or will be passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken {
    pub fault: Fault,
    pub framing: Framing,
    pub is_last: bool,
}

type Outcome = Result<Block, Broken>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    /// So many bytes of a body are to come.
    Body(u64),
    PlainBody {
        came: bool,
        line_ended: bool,
    },
    /// So many bytes of a body are to come that nobody wants.
    Passing(u64),
    /// Nobody knows where the next block begins.
    Lost,
}

impl Blocks {
    pub(super) fn new(side: Side, body_bytes_max: usize) -> Self {
        Blocks {
            side,
            body_bytes_max,
            state: State::Head,
            head: Vec::new(),
            line_at: 0,
            line_is_long: false,
            begun: false,
            awaits_body: false,
            first_line_bytes: 0,
            headers: Vec::new(),
            length: None,
            body: Vec::new(),
            fault: None,
            passed: 0,
        }
    }

    /// Takes the next block off the front of `bytes`, or all of them if that completes none.
    pub(super) fn next(&mut self, bytes: &mut &[u8]) -> Option<Outcome> {
        while !bytes.is_empty() {
            let outcome = match self.state {
                State::Head => self.head_part(bytes),
                State::Body(left) => self.body_part(bytes, left),
                State::PlainBody { .. } => self.plain_part(bytes),
                State::Passing(left) => {
                    let left = left - take(bytes, left).len() as u64;
                    self.state = if left == 0 { State::Head } else { State::Passing(left) };
                    None
                }
                State::Lost => {
                    *bytes = &[];
                    None
                }
            };
            if outcome.is_some() {
                return outcome;
            }
        }
        None
    }

    pub(super) fn wait(&self) -> Wait {
        match self.state {
            State::Head if self.begun && self.length.is_none() && self.line_is_whole() => Wait::Quiet,
            State::PlainBody { came: false, .. } if self.awaits_body => Wait::BodyStart,
            State::PlainBody { line_ended: true, .. } => Wait::Quiet,
            _ => Wait::Byte,
        }
    }

    /// Nothing came for the time that [`Blocks::wait`] names.
    pub(super) fn quiet(&mut self) -> Option<Outcome> {
        (self.wait() != Wait::Byte).then(|| self.finish(Framing::Plain))
    }

    /// Nothing will come any more. To be called until it returns `None`.
    pub(super) fn end_of_input(&mut self) -> Option<Outcome> {
        if self.state == State::Head && !self.line_is_whole() {
            let outcome = self.line_ends();
            if outcome.is_some() {
                return outcome;
            }
        }
        match self.state {
            State::Head if !self.begun => None,
            State::Head if self.length.is_none() => Some(self.finish(Framing::Plain)),
            State::PlainBody { .. } => Some(self.finish(Framing::Plain)),
            State::Head | State::Body(_) => {
                self.fault.get_or_insert(Fault::CutOff);
                Some(self.finish(Framing::Framed))
            }
            State::Passing(_) | State::Lost => None,
        }
    }

    /// Tells whether the stream stands between two blocks, so that its end would cut nothing off.
    pub(super) fn is_between(&self) -> bool {
        self.state == State::Head && !self.begun && self.line_is_whole()
    }

    /// The framing of the block that has begun, as far as that is known; `None`: none has, or nobody waits for what is left.
    pub(super) fn at_hand(&self) -> Option<Framing> {
        match self.state {
            State::Head if self.is_between() => None,
            State::Head if self.length.is_some() => Some(Framing::Framed),
            State::Head | State::PlainBody { .. } => Some(Framing::Plain),
            State::Body(_) => Some(Framing::Framed),
            State::Passing(_) | State::Lost => None,
        }
    }

    /// The heap memory that is held, in bytes.
    #[cfg(test)]
    pub(super) fn kept_bytes(&self) -> usize {
        self.head.capacity() + self.body.capacity() + self.headers.capacity() * size_of::<HeaderAt>()
    }

    fn line_is_whole(&self) -> bool {
        self.head.len() == self.line_at && !self.line_is_long
    }

    fn head_part(&mut self, bytes: &mut &[u8]) -> Option<Outcome> {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        if self.head.is_empty() {
            self.head.reserve_exact(bytes.len().min(USUAL_HEAD_BYTES));
        }
        let part = take(bytes, end.unwrap_or(bytes.len()) as u64);
        // One more than a line may have, for the `\r` of its end; so much of a long line tells what header it was.
        let room = LINE_BYTES_MAX + 1 - (self.head.len() - self.line_at);
        let kept = part.len().min(room);
        append(&mut self.head, &part[..kept], HEAD_BYTES_MAX);
        if kept < part.len() {
            self.line_is_long = true;
            if let Some(outcome) = self.pass(part.len() - kept) {
                return Some(outcome);
            }
        }
        end?;
        take(bytes, 1);
        self.line_ends()
    }

    /// The end of a line of the head came.
    fn line_ends(&mut self) -> Option<Outcome> {
        if self.head.last() == Some(&b'\r') && self.head.len() > self.line_at && !self.line_is_long {
            self.head.pop();
        }
        let line_bytes = self.head.len() - self.line_at;
        let is_long = std::mem::take(&mut self.line_is_long) || line_bytes > LINE_BYTES_MAX;
        match (self.begun, line_bytes) {
            (false, 0) => {
                self.head = Vec::new();
                None
            }
            (false, _) => {
                self.first_line(is_long);
                None
            }
            (true, 0) => self.open_body(),
            (true, _) => self.header_line(is_long),
        }
    }

    fn first_line(&mut self, is_long: bool) {
        self.begun = true;
        self.awaits_body = self.side.awaits_body(&self.head);
        match checked_line(&self.head) {
            _ if is_long => self.refuse_line(Fault::LongLine),
            Err(fault) => self.refuse_line(fault),
            Ok(_) => {
                self.first_line_bytes = self.head.len();
                self.line_at = self.head.len();
            }
        }
    }

    fn header_line(&mut self, is_long: bool) -> Option<Outcome> {
        let line = &self.head[self.line_at..];
        if !is_long && self.length.is_none() && checked_line(line).is_ok_and(|line| self.side.begins(line)) {
            let next = line.to_vec();
            self.head.truncate(self.line_at);
            let outcome = self.finish(Framing::Plain);
            self.head = next;
            self.first_line(false);
            return Some(outcome);
        }
        if let Some(value) = length_value(line) {
            return self.length_line(parse_length(value));
        }
        match checked_line(line).and_then(|line| header_at(line, self.line_at)) {
            _ if is_long => self.refuse_line(Fault::LongHeader),
            _ if self.headers.len() == HEADERS_MAX => self.refuse_line(Fault::TooManyHeaders),
            Err(fault) => self.refuse_line(fault),
            Ok(header) => {
                self.headers.push(header);
                self.line_at = self.head.len();
                return None;
            }
        }
        self.pass(0)
    }

    /// A line with a length came. Where the body ends must be known for what follows, so no doubt is taken here.
    fn length_line(&mut self, length: Option<u64>) -> Option<Outcome> {
        match (length, self.length) {
            (Some(_), None) => self.length = length,
            (Some(length), Some(earlier)) if length == earlier => self.refuse_line(Fault::RepeatedLength),
            _ => return Some(self.lose(Fault::BadLength)),
        }
        self.head.truncate(self.line_at);
        self.pass(0)
    }

    fn open_body(&mut self) -> Option<Outcome> {
        let Some(length) = self.length else {
            self.state = State::PlainBody { came: false, line_ended: true };
            return None;
        };
        if length > self.body_bytes_max as u64 {
            self.fault.get_or_insert(Fault::TooLarge);
        }
        if self.fault.is_none() && length > 0 {
            self.state = State::Body(length);
            return None;
        }
        if self.fault.is_some() && length > PASSED_BYTES_MAX {
            return Some(self.lose(Fault::FarTooLarge));
        }
        // Refused before its body came: who waits for the answer before sending it, and who sends it at once, both go on.
        let outcome = self.finish(Framing::Framed);
        if length > 0 {
            self.state = State::Passing(length);
        }
        Some(outcome)
    }

    fn body_part(&mut self, bytes: &mut &[u8], left: u64) -> Option<Outcome> {
        let part = take(bytes, left);
        append(&mut self.body, part, self.body_bytes_max);
        let left = left - part.len() as u64;
        self.state = State::Body(left);
        (left == 0).then(|| self.finish(Framing::Framed))
    }

    fn plain_part(&mut self, bytes: &mut &[u8]) -> Option<Outcome> {
        let part = take(bytes, bytes.len() as u64);
        self.state = State::PlainBody { came: true, line_ended: part.last() == Some(&b'\n') };
        // The line end that closes the body does not count, and may be two bytes.
        let bytes_max = self.body_bytes_max + 2;
        let came = self.body.len() + part.len();
        if self.fault.is_none() && came <= bytes_max {
            append(&mut self.body, part, bytes_max);
            return None;
        }
        self.fault.get_or_insert(Fault::TooLarge);
        self.body = Vec::new();
        self.pass(came)
    }

    /// The block at hand is whole.
    fn finish(&mut self, framing: Framing) -> Outcome {
        let mut body = std::mem::take(&mut self.body);
        if framing == Framing::Plain {
            without_line_end(&mut body);
            if body.len() > self.body_bytes_max {
                self.fault.get_or_insert(Fault::TooLarge);
            }
        }
        let block = std::mem::replace(self, Blocks::new(self.side, self.body_bytes_max));
        if let Some(fault) = block.fault {
            return Err(Broken { fault, framing, is_last: false });
        }
        let head = String::from_utf8(block.head).expect("each line was checked, and the incomplete one was taken off");
        Ok(Block { head, first_line: 0..block.first_line_bytes, headers: block.headers, body, framing })
    }

    /// Forgets the line at hand, and remembers why.
    fn refuse_line(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
        self.passed += (self.head.len() - self.line_at) as u64;
        self.head.truncate(self.line_at);
    }

    /// Counts bytes that are not kept, and gives up when there were too many.
    fn pass(&mut self, count: usize) -> Option<Outcome> {
        self.passed += count as u64;
        (self.passed > PASSED_BYTES_MAX).then(|| self.lose(Fault::FarTooLarge))
    }

    fn lose(&mut self, fault: Fault) -> Outcome {
        // Without a length the other side did not count bytes, whatever is wrong now.
        let counted = self.length.is_some() || fault == Fault::BadLength;
        let framing = if counted { Framing::Framed } else { Framing::Plain };
        *self = Blocks { state: State::Lost, ..Blocks::new(self.side, self.body_bytes_max) };
        Err(Broken { fault, framing, is_last: true })
    }
}

/// Most heads are shorter; so much is taken at once if so much came.
const USUAL_HEAD_BYTES: usize = 192;
/// A head with as many headers as there may be, and a line that is about to be refused.
const HEAD_BYTES_MAX: usize = (HEADERS_MAX + 2) * (LINE_BYTES_MAX + 1);

impl Side {
    /// Tells whether a line that might be a header begins the next block.
    fn begins(self, line: &str) -> bool {
        match self {
            Side::Requests => super::request::begins(line),
            Side::Replies => super::reply::begins(line),
        }
    }

    /// Tells whether a text follows a first line, however wrong it is: were the text not waited for, its lines would
    /// become commands.
    fn awaits_body(self, first_line: &[u8]) -> bool {
        let word = first_line.split(|byte| matches!(byte, b' ' | b'\t')).find(|word| !word.is_empty());
        self == Side::Requests && word == Some(b"SEND")
    }
}

fn checked_line(line: &[u8]) -> Result<&str, Fault> {
    let line = std::str::from_utf8(line).map_err(|_| Fault::NotUtf8)?;
    let is_bad = line.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t');
    if is_bad { Err(Fault::ControlCharacter) } else { Ok(line) }
}

/// `line` stands at `at`.
fn header_at(line: &str, at: usize) -> Result<HeaderAt, Fault> {
    let (name, rest) = line.split_once(':').ok_or(Fault::BadHeader)?;
    if name.is_empty() || !name.bytes().all(is_of_name) {
        return Err(Fault::BadHeader);
    }
    let value = rest.trim_matches([' ', '\t']);
    let value_at = at + line.len() - rest.trim_start_matches([' ', '\t']).len();
    Ok(HeaderAt { name: at..at + name.len(), value: value_at..value_at + value.len() })
}

/// What stands after `Content-Length:`, also where it is written as no header may be, with spaces or anything else around
/// its name: who meant a length must not have the body read as commands.
fn length_value(line: &[u8]) -> Option<&[u8]> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    let from = name.iter().position(|byte| is_of_name(*byte))?;
    let to = name.iter().rposition(|byte| is_of_name(*byte))? + 1;
    let is_length = name[from..to].eq_ignore_ascii_case(b"content-length");
    is_length.then_some(if to - from == name.len() { value } else { b"?" })
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_".contains(&byte)
}

fn parse_length(value: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(value).ok()?.trim_matches([' ', '\t']);
    // Nineteen digits always fit.
    let is_number = (1..=19).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { digits.parse().ok() } else { None }
}

fn without_line_end(body: &mut Vec<u8>) {
    if body.last() == Some(&b'\n') {
        body.pop();
        if body.last() == Some(&b'\r') {
            body.pop();
        }
    }
}

/// Takes at most so many bytes off the front.
fn take<'a>(bytes: &mut &'a [u8], count_max: u64) -> &'a [u8] {
    let count = usize::try_from(count_max).map_or(bytes.len(), |count| count.min(bytes.len()));
    let (front, rest) = bytes.split_at(count);
    *bytes = rest;
    front
}
