//! What is answered: the status, and the reason in the words of this door.

use std::borrow::Cow;

use bytes::Bytes;
use parlor_core::refusal::What;
use parlor_core::{Chat, Error, Fault, Refusal};
use parlor_wire::chat1::{self, Answer, Framing, SessionId, Status};

/// An answer with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    status: Status,
    session: Option<SessionId>,
    retry_after_s: Option<u64>,
    body: Cow<'static, str>,
}

/// What is answered instead of what was asked for.
#[derive(Debug)]
pub(super) enum No {
    Because(Reply),
    /// We failed.
    Failed(Fault),
}

/// The same words for what is not there and for what the asker may not know of (PROMISES S13).
const NOT_FOUND: &str = "there is no such user or group";

impl Reply {
    pub(super) fn of(status: Status) -> Reply {
        Reply { status, session: None, retry_after_s: None, body: Cow::Borrowed("") }
    }

    pub(super) fn ok() -> Reply {
        Reply::of(Status::Ok)
    }

    pub(super) fn saying(self, body: impl Into<Cow<'static, str>>) -> Reply {
        Reply { body: body.into(), ..self }
    }

    pub(super) fn with_session(self, session: SessionId) -> Reply {
        Reply { session: Some(session), ..self }
    }

    fn after(self, seconds: u64) -> Reply {
        Reply { retry_after_s: Some(seconds), ..self }
    }

    pub(super) fn not_found() -> Reply {
        Reply::of(Status::NotFound).saying(NOT_FOUND)
    }

    pub(super) fn write(&self, framing: Framing, out: &mut Vec<u8>) {
        let answer =
            Answer { status: self.status, session: self.session, retry_after_s: self.retry_after_s, body: &self.body };
        answer.write(framing, out);
    }

    pub(super) fn bytes(&self, framing: Framing) -> Bytes {
        let mut out = Vec::new();
        self.write(framing, &mut out);
        out.into()
    }
}

impl No {
    /// The answer. A fault is logged here, where its handling ends.
    pub(super) fn into_reply(self, chat: &Chat) -> Reply {
        let fault = match self {
            No::Because(reply) => return reply,
            No::Failed(fault) => fault,
        };
        let (status, sentence) = match &fault {
            Fault::DiskFull => (Status::Unavailable, "the disk of the server is full: nothing was stored"),
            Fault::Unavailable(_) => (Status::Unavailable, "the server can't store anything right now: try again"),
            Fault::OutcomeUnknown(_) => (
                Status::Unavailable,
                "it is unknown whether this was stored: to send it again with the same Message-Id is safe",
            ),
            Fault::Corrupt(_) | Fault::Internal(_) => {
                let id = chat.draw_token();
                tracing::error!(%fault, id, "a request failed");
                let sentence = format!("something is wrong at the server; tell whoever runs it this number: {id}");
                return Reply::of(Status::Internal).saying(sentence);
            }
        };
        tracing::error!(%fault, "a request could not be done");
        Reply::of(status).saying(sentence).after(1)
    }
}

impl From<Reply> for No {
    fn from(reply: Reply) -> No {
        No::Because(reply)
    }
}

impl From<chat1::Fault> for No {
    fn from(fault: chat1::Fault) -> No {
        Reply::of(fault.status()).saying(fault.to_string()).into()
    }
}

impl From<Error> for No {
    fn from(error: Error) -> No {
        match error {
            Error::Refused(refusal) => refusal.into(),
            Error::Failed(fault) => No::Failed(fault),
        }
    }
}

impl From<Refusal> for No {
    fn from(refusal: Refusal) -> No {
        let status = match &refusal {
            Refusal::NotFound | Refusal::NoSuchPerson | Refusal::RoomClosed | Refusal::Away => {
                return Reply::not_found().into();
            }
            Refusal::TooFast { retry_after } => {
                let seconds = retry_after.as_secs_f64().ceil().max(1.0) as u64;
                return Reply::of(Status::TooFast).saying(refusal.to_string()).after(seconds).into();
            }
            Refusal::Deleted | Refusal::NoSuchMessage | Refusal::Unknown(_) => Status::NotFound,
            Refusal::Forbidden | Refusal::WrongAnswer | Refusal::WrongServerPassword | Refusal::TooMany { .. } => {
                Status::Forbidden
            }
            Refusal::BadLogin | Refusal::NotLoggedIn => Status::Unauthorized,
            Refusal::TooLong { what: What::Message, .. } => Status::TooLarge,
            Refusal::Empty(_)
            | Refusal::TooLong { .. }
            | Refusal::BadCharacter { .. }
            | Refusal::BadEncoding { .. }
            | Refusal::BadName(_)
            | Refusal::BadPassword
            | Refusal::NoPassword
            | Refusal::BadCursor
            | Refusal::BadQuery(_)
            | Refusal::BadTimeZone
            | Refusal::ToOneself
            | Refusal::Reset { .. } => Status::BadRequest,
            Refusal::NameTaken
            | Refusal::NumberTaken
            | Refusal::AlreadyMember
            | Refusal::LastOwner
            | Refusal::LoggedIn
            | Refusal::AlreadyHere
            | Refusal::NotHere
            | Refusal::KeyConflict => Status::Conflict,
        };
        Reply::of(status).saying(refusal.to_string()).into()
    }
}
