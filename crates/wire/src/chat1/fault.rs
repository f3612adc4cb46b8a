use super::{Framing, HEADERS_MAX, LINE_BYTES_MAX, MESSAGE_ID_BYTES_MAX, PASSED_BYTES_MAX, Status};

/// A request that cannot be carried out as it came. It has its place among the requests: answer it in its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{fault}")]
pub struct BadRequest {
    /// What is wrong; the body of the answer.
    pub fault: Fault,
    /// How the answer is to be framed.
    pub framing: Framing,
    /// Nobody knows where the next request begins: close the connection after the answer. The reader gives nothing more.
    pub is_last: bool,
}

/// What is wrong with a request or with one of its headers. Prints as one sentence for people, without anything of
/// what came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A first line over the limit.
    #[error("the first line is longer than {LINE_BYTES_MAX} bytes")]
    LongLine,
    /// A first line that is none.
    #[error("the first line is not understood; write `METHOD ARGUMENT CHAT/1.0`, the argument without spaces")]
    BadLine,
    /// No version, and no plain `SEND NAME`.
    #[error("the first line does not end in a version; write `METHOD ARGUMENT CHAT/1.0`")]
    NoVersion,
    /// A header over the limit.
    #[error("a header is longer than {LINE_BYTES_MAX} bytes")]
    LongHeader,
    /// More headers than the limit.
    #[error("there are more than {HEADERS_MAX} headers")]
    TooManyHeaders,
    /// A line before the empty one that is no header.
    #[error("a line after the first is no header; write `Name: value`, or an empty line before a text")]
    BadHeader,
    /// A header that may come once came twice.
    #[error("a header came twice; send it once")]
    RepeatedHeader,
    /// A line, or a text, that is not UTF-8.
    #[error("this is not UTF-8")]
    NotUtf8,
    /// A control character in a line.
    #[error("a line holds a control character")]
    ControlCharacter,
    /// A length that is no decimal number of 1 to 19 digits, or a second one that differs.
    #[error("the `Content-Length` is no number of bytes; the connection ends, for nobody knows where the text does")]
    BadLength,
    /// Two equal lengths.
    #[error("the `Content-Length` came twice; send it once")]
    RepeatedLength,
    /// A body over the limit.
    #[error("the text is too long")]
    TooLarge,
    /// More to pass over than [`PASSED_BYTES_MAX`].
    #[error("more than {PASSED_BYTES_MAX} bytes were too many; the connection ends")]
    FarTooLarge,
    /// The input ended inside a request that said how long it is.
    #[error("the input ended before the announced length came; nothing was done")]
    CutOff,
    /// An argument is missing.
    #[error("the name is missing; write it after the method")]
    NoArgument,
    /// `MK_GROUP` with something that is not `GROUP` or `GROUP:OWNER`.
    #[error("write `MK_GROUP GROUP:OWNER`, or `MK_GROUP GROUP` to own it yourself")]
    BadGroup,
    /// `Invite` is missing or written otherwise.
    #[error("write whom to add as `Invite: NAME:user,NAME:admin`")]
    BadInvite,
    /// A role that nobody can be invited to.
    #[error("the roles are `user` and `admin`")]
    BadRole,
    /// `SESSIONID` that no server gave.
    #[error("the SESSIONID in `Cookie` is none; leave the header out and log in with `USE`")]
    BadSession,
    /// Two different `SESSIONID`s.
    #[error("`Cookie` holds two SESSIONIDs; send one")]
    TwoSessions,
    /// A `Limit` that is no number from 1.
    #[error("`Limit` is a number from 1")]
    BadLimit,
    /// A `Before` that no message has.
    #[error("`Before` is the id of a message")]
    BadBefore,
    /// A `Message-Id` that may not be one.
    #[error("a `Message-Id` is 1 to {MESSAGE_ID_BYTES_MAX} of the characters A-Z a-z 0-9 . _ ~ -")]
    BadMessageId,
    /// `User` is missing or no name.
    #[error("write whom as `User: NAME`")]
    BadUser,
}

impl Fault {
    /// The status to answer with: 413 for what is too long to be kept, 400 for all else.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Fault::TooLarge | Fault::FarTooLarge => Status::TooLarge,
            _ => Status::BadRequest,
        }
    }
}
