use std::fmt;
use std::ops::Range;

use super::blocks::{Block, Blocks, Broken, HeaderAt, Side};
use super::{BadRequest, Fault, Framing, Wait};

/// Reads requests from a stream that arrives in pieces of any size, told by its caller when nothing comes.
///
/// Holds heap memory only while a request is incomplete: twice what came of it at most, and never more than
/// 37 KiB and a body within the limit.
#[derive(Debug)]
pub struct RequestReader(Blocks);

impl RequestReader {
    /// Takes bodies of up to so many bytes: those of the longest message and [`BODY_EXTRA_BYTES`](super::BODY_EXTRA_BYTES).
    #[must_use]
    pub fn new(body_bytes_max: usize) -> Self {
        RequestReader(Blocks::new(Side::Requests, body_bytes_max))
    }

    /// Takes the next request off the front of `bytes`, or all of them if that completes none.
    ///
    /// Call it until it returns `None`; `bytes` is empty then. After an error that [is the last](BadRequest::is_last) it
    /// returns `None` for ever.
    ///
    /// # Errors
    /// [`BadRequest`], to be answered in its turn.
    pub fn next(&mut self, bytes: &mut &[u8]) -> Option<Result<Request, BadRequest>> {
        self.0.next(bytes).map(read)
    }

    /// What to wait for when [`RequestReader::next`] has taken all there was.
    #[must_use]
    pub fn wait(&self) -> Wait {
        self.0.wait()
    }

    /// Nothing came for the time that [`RequestReader::wait`] names; so the request at hand is whole. `None` where that is
    /// [`Wait::Byte`].
    ///
    /// # Errors
    /// [`BadRequest`], to be answered in its turn.
    pub fn quiet(&mut self) -> Option<Result<Request, BadRequest>> {
        self.0.quiet().map(read)
    }

    /// The client half-closed: nothing will come any more, and what is incomplete is whole or cut off. Call it until it
    /// returns `None`.
    ///
    /// # Errors
    /// [`BadRequest`], to be answered in its turn: a client that sends no more may still read.
    pub fn end_of_input(&mut self) -> Option<Result<Request, BadRequest>> {
        self.0.end_of_input().map(read)
    }

    /// Tells whether the stream stands between two requests, so that its end would cut nothing off.
    #[must_use]
    pub fn is_between(&self) -> bool {
        self.0.is_between()
    }

    /// How the request that has begun, and was neither given nor refused yet, is to be answered; `None`: there is none,
    /// though the body of a refused one may still be coming.
    #[must_use]
    pub fn at_hand(&self) -> Option<Framing> {
        self.0.at_hand()
    }
}

/// A request of the right form. What its headers say is for the typed readers.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    method: Method,
    framing: Framing,
    head: String,
    argument: Option<Range<usize>>,
    headers: Vec<HeaderAt>,
    body: Vec<u8>,
}

impl Request {
    /// What is asked for.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// How the answer is to be framed.
    #[must_use]
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// What stands between the method and the version: one word, not empty. Only its characters were checked (no controls).
    #[must_use]
    pub fn argument(&self) -> Option<&str> {
        self.argument.clone().map(|range| &self.head[range])
    }

    /// The text after the empty line as it came, without the line end that closes a plain one. Empty if there is none.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as text.
    ///
    /// # Errors
    /// [`Fault::NotUtf8`].
    pub fn into_text(self) -> Result<String, Fault> {
        String::from_utf8(self.body).map_err(|_| Fault::NotUtf8)
    }

    /// All headers with that name, in any case, in their order.
    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.headers.iter().filter(move |at| self.head[at.name.clone()].eq_ignore_ascii_case(name));
        named.map(|at| &self.head[at.value.clone()])
    }

    /// The header with that name, without the spaces around its value.
    pub(super) fn value(&self, name: &str) -> Result<Option<&str>, Fault> {
        let mut values = self.values(name);
        let value = values.next();
        if values.next().is_some() { Err(Fault::RepeatedHeader) } else { Ok(value) }
    }
}

/// Without headers and body: they hold passwords, sessions and messages, which no log may show.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Request");
        shown.field("method", &self.method).field("argument", &self.argument()).field("framing", &self.framing);
        shown.field("body_bytes", &self.body.len()).finish_non_exhaustive()
    }
}

macro_rules! methods {
    ($($(#[$doc:meta])* $variant:ident $word:literal)*) => {
        /// What a request asks for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Method {
            $($(#[$doc])* $variant,)*
            /// A word that is no method: to be answered with 405.
            Other,
        }

        impl Method {
            /// All methods that there are.
            pub const ALL: &[Method] = &[$(Method::$variant,)*];

            /// The method of that word, in capitals as the protocol has it.
            #[must_use]
            pub fn from_word(word: &str) -> Method {
                match word {
                    $($word => Method::$variant,)*
                    _ => Method::Other,
                }
            }

            /// How the protocol writes it; `Other` has no word.
            #[must_use]
            pub fn word(self) -> Option<&'static str> {
                match self {
                    $(Method::$variant => Some($word),)*
                    Method::Other => None,
                }
            }
        }
    };
}

methods! {
    /// Register an account.
    Reg "REG"
    /// Log in.
    Use "USE"
    /// All accounts, or the members of a group.
    ListUser "LIST_USER"
    /// Make a group.
    MkGroup "MK_GROUP"
    /// Add members to a group.
    AddUser "ADD_USER"
    /// Say something to somebody or in a group.
    Send "SEND"
    /// What arrived since a cursor.
    Recv "RECV"
    /// Have what arrives pushed.
    Listen "LISTEN"
    /// What was said before.
    History "HISTORY"
    /// Leave a group.
    Leave "LEAVE"
    /// Remove a member of a group.
    RmUser "RM_USER"
    /// Close a group.
    RmGroup "RM_GROUP"
    /// One's groups.
    ListGroup "LIST_GROUP"
    /// Change one's password.
    Password "PASSWORD"
    /// End the session.
    Logout "LOGOUT"
    /// Nothing.
    Ping "PING"
}

/// Tells whether a line begins a request of a known method, so that it ends a plain one before it.
pub(super) fn begins(line: &str) -> bool {
    FirstLine::read(line).is_ok_and(|first| first.method != Method::Other && first.may_be(Framing::Plain))
}

fn read(outcome: Result<Block, Broken>) -> Result<Request, BadRequest> {
    let block = outcome.map_err(|Broken { fault, framing, is_last }| BadRequest { fault, framing, is_last })?;
    let framing = block.framing;
    let refuse = |fault| BadRequest { fault, framing, is_last: false };
    let line = &block.head[block.first_line.clone()];
    let first = FirstLine::read(line).map_err(refuse)?;
    if !first.may_be(framing) {
        return Err(refuse(Fault::NoVersion));
    }
    let argument = first.argument.map(|argument| {
        let at = argument.as_ptr().addr() - line.as_ptr().addr();
        at..at + argument.len()
    });
    let method = first.method;
    Ok(Request { method, framing, argument, head: block.head, headers: block.headers, body: block.body })
}

/// `METHOD [ARGUMENT] [CHAT/1.0]`
struct FirstLine<'a> {
    method: Method,
    argument: Option<&'a str>,
    has_version: bool,
}

impl<'a> FirstLine<'a> {
    fn read(line: &'a str) -> Result<Self, Fault> {
        let mut words = line.split([' ', '\t']).filter(|word| !word.is_empty());
        let word = words.next().ok_or(Fault::BadLine)?;
        let (argument, has_version) = match [words.next(), words.next(), words.next()] {
            [None, ..] => (None, false),
            [Some(last), None, _] if is_version(last) => (None, true),
            [argument, None, _] => (argument, false),
            [argument, Some(last), None] if is_version(last) => (argument, true),
            _ if line.split([' ', '\t']).any(is_version) => return Err(Fault::BadLine),
            _ => return Err(Fault::NoVersion),
        };
        let is_word = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        if !is_word || word.len() > METHOD_BYTES_MAX {
            return Err(Fault::BadLine);
        }
        Ok(FirstLine { method: Method::from_word(word), argument, has_version })
    }

    /// The version may be missing from a plain `SEND NAME`.
    fn may_be(&self, framing: Framing) -> bool {
        let may_lack = framing == Framing::Plain && self.method == Method::Send && self.argument.is_some();
        self.has_version || may_lack
    }
}

fn is_version(word: &str) -> bool {
    // COMPAT: the original's own examples have the letter O in the place of the zero, and so may clients for good.
    matches!(word, "CHAT/1.0" | "CHAT/1.O")
}

/// The longest word that is taken for the name of a method, of ours or of somebody else's.
const METHOD_BYTES_MAX: usize = 32;
