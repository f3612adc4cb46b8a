//! CHAT/1.0 (protocols/chat1.md): requests and answers in lines, sessions that outlive their connection, messages that are
//! pushed to who asks for it.
//!
//! - `session`: a connection's life; `sending`: posts that are under way; `who`: in whose name a request comes.
//! - `accounts`, `groups`, `messages`: what each method does; `replies`: what is answered.
//! - `listening`: what is pushed; `voice`: how it looks; `names`: whose handle stands behind a message.
//! - `notes`: writes down what was handed out, so that nobody gets it twice.

mod accounts;
mod groups;
mod limits;
mod listening;
mod messages;
mod names;
mod notes;
mod replies;
mod sending;
mod session;
#[cfg(test)]
mod tests;
mod voice;
mod who;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parlor_core::Chat;
use parlor_wire::chat1::{BODY_EXTRA_BYTES, Fault, Framing, Status};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::Streams;
use crate::accept::{Life, Serve, TurnedAway};
use crate::live::Live;
use names::Names;
use notes::Notes;
use replies::Reply;

/// The door's name.
const NAME: &str = "chat1";

/// The door.
pub struct Chat1 {
    chat: Arc<Chat>,
    live: Arc<Live>,
    names: Arc<Names>,
    notes: Notes,
    /// How long nothing comes behind a request without a length.
    quiet: Duration,
}

/// Opens the door.
pub fn open(streams: &Streams) -> Arc<dyn Serve> {
    let chat = streams.chat.clone();
    let names = Arc::new(Names::new(chat.clone()));
    let voice = Arc::new(voice::Pushes { names: names.clone() });
    Arc::new(Chat1 {
        live: Live::new(chat.clone(), voice, streams.tasks.clone()),
        notes: Notes::start(&chat, &streams.tasks),
        names,
        quiet: streams.quiet,
        chat,
    })
}

impl Chat1 {
    /// The answer to what is no request.
    fn refusal(&self, fault: Fault) -> Reply {
        let bytes = self.chat.limits().message_bytes;
        match fault {
            // The reader takes some more than a message may have; who is over that is told what there is room for.
            Fault::TooLarge => Reply::of(fault.status()).saying(format!("{fault}: the limit is {bytes} bytes")),
            fault => Reply::of(fault.status()).saying(fault.to_string()),
        }
    }

    fn body_bytes_max(&self) -> usize {
        self.chat.limits().message_bytes + BODY_EXTRA_BYTES
    }
}

impl Serve for Chat1 {
    fn turned_away(&self, why: &TurnedAway) -> Bytes {
        let status = match why {
            TurnedAway::Full => Status::Unavailable,
            TurnedAway::OfAddress(_) => Status::TooFast,
        };
        // Nothing was asked yet, so nobody knows whether lengths are understood.
        Reply::of(status).saying(why.to_string()).bytes(Framing::Plain)
    }

    fn serve(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, stopping: watch::Receiver<bool>) -> Life {
        Box::pin(session::run(self, stream, peer, stopping))
    }
}
