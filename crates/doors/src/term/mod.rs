//! The terminal door (protocols/term.md): strings with their length before them; the server draws all that people see.
//!
//! - `session`: a connection's life; `naming`: until it has a name; `lines`: what a line means; `acts`: what it does.
//! - `rooms`: coming into rooms and leaving them; `letters`: what one person says to another.
//! - `voice`: what everybody hears, put into bytes once; `drawing`: everything that is drawn.

mod acts;
mod drawing;
mod letters;
mod lines;
mod naming;
mod rooms;
mod session;
#[cfg(test)]
mod tests;
mod voice;

use std::net::SocketAddr;
use std::sync::{Arc, Once};

use bytes::Bytes;
use parlor_core::Chat;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::Streams;
use crate::accept::{Life, Serve, TurnedAway, stopped};
use crate::live::Live;

/// The door.
pub struct Term {
    chat: Arc<Chat>,
    live: Arc<Live>,
    /// Messages that are shown to who comes in.
    history_on_join: usize,
    tasks: Handle,
    /// Whether somebody waits for the end of the server, to tell everybody.
    herald: Once,
}

/// Opens the door.
pub fn open(streams: &Streams) -> Arc<dyn Serve> {
    let voice = Arc::new(voice::Drawn { chat: streams.chat.clone() });
    let live = Live::new(streams.chat.clone(), voice, streams.tasks.clone());
    Arc::new(Term {
        chat: streams.chat.clone(),
        live,
        history_on_join: streams.history_on_join,
        tasks: streams.tasks.clone(),
        herald: Once::new(),
    })
}

impl Serve for Term {
    fn turned_away(&self, why: &TurnedAway) -> Bytes {
        drawing::string(&format!("{why}\n"))
    }

    fn serve(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, stopping: watch::Receiver<bool>) -> Life {
        self.herald.call_once(|| {
            let (live, mut stopping) = (Arc::downgrade(&self.live), stopping.clone());
            self.tasks.spawn(async move {
                stopped(&mut stopping).await;
                if let Some(live) = live.upgrade() {
                    live.stop();
                }
            });
        });
        Box::pin(session::live(Box::pin(session::arrive(self, stream, peer, stopping))))
    }
}
