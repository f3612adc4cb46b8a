//! `parlor connect chat://HOST:PORT`: a client of CHAT/1.0 that remembers its session.
//!
//! | module | what it is |
//! |---|---|
//! | `talk` | the loop: what is typed becomes requests, one at a time; what comes is shown; a lost connection is made again |
//! | `typed` | what becomes of a line |
//! | `answers` | what an answer means for the session and for what follows |
//! | `phrase`, `raw` | what a typed line means: commands for people, requests for scripts |
//! | `ask`, `told` | requests of the protocol, and answers in words |
//! | `cookies` | the sessions that are kept from one run to the next |
//! | `seen` | what was shown, so that nothing is shown twice |
//! | `source`, `editor`, `output` | where lines come from, and where words go |
//! | `connection` | bytes |
//!
//! Invariants: the next request goes out when the last one was answered, so a text that is sent again (after a lost
//! connection, a session that moved, or a "too fast") never overtakes another; a text has an id by which the server knows
//! it again, so none is said twice; what cannot be repeated safely is not, and the person is told.

mod answers;
mod ask;
mod connection;
mod cookies;
mod editor;
mod output;
mod phrase;
mod raw;
mod seen;
mod source;
mod talk;
mod told;
mod typed;

use std::path::PathBuf;

pub use editor::SpawnThread;

use super::address::{DoorAddress, Scheme};
use super::pump::Console;
use crate::ClientError;
use connection::Connection;
use cookies::Cookies;
use talk::Talk;

/// Where to connect, as whom, and what to do there.
#[derive(Clone, PartialEq, Eq)]
pub struct ChatArgs {
    /// `chat://HOST[:PORT]`.
    pub address: String,
    /// Who to be; `None`: whoever the kept session is, else nobody.
    pub user: Option<String>,
    /// The password, if it need not be asked for.
    pub password: Option<String>,
    /// To whom to say what, and nothing else.
    pub send: Option<(String, String)>,
    /// Lines are requests and answers are lines.
    pub raw: bool,
    /// Where sessions are kept (`$XDG_STATE_HOME/parlor`); `None`: nowhere.
    pub state_dir: Option<PathBuf>,
}

/// What the program around a conversation lends it, besides a [`Console`].
pub struct Lent<'a> {
    /// Draws 64 random bits; ids of texts are made of them.
    pub random: &'a mut dyn FnMut() -> u64,
    /// Starts the thread that reads keys, if a person types.
    pub spawn: SpawnThread<'a>,
}

/// Talks until the input ends and everything is answered, or the person leaves. A person's connection is made again for as
/// long as they like, a script's a few times.
///
/// # Errors
/// [`ClientError::NoDoor`] if nobody answers at first, [`ClientError::Closed`] if nobody does later,
/// [`ClientError::Refused`] if the server did not do all that a script asked for; what else went wrong.
pub fn run<'c>(args: &ChatArgs, console: &mut Console<'c>, lent: &mut Lent<'c>) -> Result<(), ClientError> {
    let address = DoorAddress::parse(&args.address)?;
    if address.scheme != Scheme::Chat {
        return Err(ClientError::Usage("give chat://HOST[:PORT]".to_owned()));
    }
    let cookies = Cookies::new(args.state_dir.clone());
    let connection = Connection::open(&address)?;
    Talk::new(args, address, cookies, connection, console, lent).run()
}
