//! A connection's life.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use parlor_core::connections::Connection;
use parlor_core::cursor::End;
use parlor_core::ids::LOBBY;
use parlor_core::limits;
use parlor_wire::term::{Frame, Frames};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::rooms::Rooms;
use super::{Term, drawing};
use crate::accept::stopped;
use crate::live::{CaughtUp, Dead, Event, Letters, Outlet, Seat};

/// The door's name.
const DOOR: &str = "term";

/// Its log-in was ended elsewhere: by its owner, by a new password, or by the operator.
const LOGGED_OUT: &str = "\nyou were logged out; goodbye\n";

/// Bytes that are read at once.
const READ_BYTES: usize = 4_096;

/// Whoever has connected, before and after it has a name.
pub(super) struct Caller {
    pub(super) door: Arc<Term>,
    pub(super) connection: Connection,
    stopping: watch::Receiver<bool>,
    frames: Frames,
    /// Strings that came with the last read; no more is read before they are done with.
    #[expect(clippy::box_collection, reason = "an empty queue would cost each of thousands of connections 32 bytes")]
    waiting: Option<Box<VecDeque<Heard>>>,
    /// The last field, so that it is dropped last: whoever sees the socket closed finds the name free and the person gone.
    pub(super) outlet: Held,
}

/// Somebody with a name.
pub(super) struct Session {
    pub(super) caller: Caller,
    pub(super) rooms: Rooms,
    pub(super) letters: Letters,
    /// Whether the letters of the time before this connection were read.
    pub(super) caught_up: bool,
}

/// A string that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    Text(String),
    NotUtf8,
    Leaving,
    TooLong(u64),
}

/// What a session is told.
enum Told {
    Heard(Heard),
    SeatEnded(Arc<Seat>, End),
    Letters,
}

/// How a connection ends.
#[derive(Debug)]
pub(super) enum Ending {
    /// By the client's own wish.
    Left,
    /// The client is gone.
    Broke,
    /// The client reads nothing.
    Stalled,
    /// The client is told this, and the server closes.
    Dismissed(String),
    /// The server stops.
    Stopping,
}

/// Somebody who comes in: boxed, for that is not what thousands do at once. Waiting with a name is.
pub(super) type Arriving = Pin<Box<dyn Future<Output = Option<Box<Session>>> + Send>>;

/// From the connect to the name; `None`: it ended before.
pub(super) async fn arrive(
    door: Arc<Term>,
    stream: TcpStream,
    peer: SocketAddr,
    stopping: watch::Receiver<bool>,
) -> Option<Box<Session>> {
    let connection = door.chat.connect(DOOR, Some(peer.ip().into()));
    let outlet = Held(Outlet::new(stream, connection.id(), connection.actor()));
    let mut caller = Caller { door, connection, outlet, stopping, frames: Frames::default(), waiting: None };
    match caller.settle().await {
        Ok((rooms, letters)) => Some(Box::new(Session { caller, rooms, letters, caught_up: false })),
        Err(ending) => {
            caller.end(ending).await;
            None
        }
    }
}

/// From the connect to the end.
pub(super) async fn live(arriving: Arriving) {
    if let Some(mut session) = arriving.await {
        let ending = session.run().await;
        Box::pin(session.end(ending)).await;
    }
}

impl Session {
    async fn run(&mut self) -> Ending {
        loop {
            // Each arm only waits, or leaves what it has for its next call.
            let told = tokio::select! {
                () = self.letters.changed() => Ok(Told::Letters),
                told = self.caller.told() => told,
            };
            let done = match told {
                Ok(Told::Heard(heard)) => Box::pin(self.hear(heard)).await,
                Ok(Told::Letters) => Box::pin(self.read_letters()).await,
                Ok(Told::SeatEnded(seat, end)) => Box::pin(self.room_ended(&seat, end)).await,
                Err(ending) => Err(ending),
            };
            if let Err(ending) = done {
                return ending;
            }
        }
    }

    async fn hear(&mut self, heard: Heard) -> Result<(), Ending> {
        match heard {
            Heard::Text(text) => self.act(&text).await,
            Heard::NotUtf8 => {
                self.caller.answer("that was not UTF-8, so nobody can read it; say it again\n");
                Ok(())
            }
            Heard::Leaving => Err(Ending::Left),
            Heard::TooLong(length) => Err(too_long(length)),
        }
    }

    async fn room_ended(&mut self, seat: &Arc<Seat>, end: End) -> Result<(), Ending> {
        let spoken_to = self.rooms.here().id();
        let Some(room) = self.rooms.forget(seat) else { return Ok(()) };
        if room.id() == LOBBY {
            return Err(Ending::Dismissed("\nyou may not be in the lobby any more; goodbye\n".to_owned()));
        }
        let mut lines = Vec::new();
        if end == End::Removed {
            lines.push(format!("you may not be in {} any more", drawing::room(&room)));
        }
        if room.id() == spoken_to {
            // Or what is meant for a few would be said to more.
            lines.push(format!("bc speaks in {} now", drawing::room(self.rooms.here())));
        }
        if !lines.is_empty() {
            self.caller.outlet.say(drawing::update(&format!("{}\n", lines.join("; "))));
        }
        Ok(())
    }

    async fn end(self: Box<Self>, ending: Ending) {
        if matches!(ending, Ending::Left) {
            self.rooms.leave_all();
        } else {
            drop(self.rooms);
        }
        self.caller.end(ending).await;
    }
}

impl Caller {
    /// Waits until the person has a name and is in the lobby.
    async fn settle(&mut self) -> Result<(Rooms, Letters), Ending> {
        self.outlet.say(drawing::greeting());
        let named = timeout(Duration::from_secs(limits::FIRST_WORD_SECONDS), self.choose_name()).await;
        named.unwrap_or_else(|_| Err(Ending::Dismissed("\nstill no name; goodbye\n".to_owned())))?;
        self.outlet.set_actor(self.connection.actor());
        let letters = Letters::of(&self.connection);
        Ok((Rooms::begin(self).await?, letters))
    }

    /// Waits for the next string. Only before there is a seat that can end.
    pub(super) async fn string(&mut self) -> Result<Heard, Ending> {
        let mut stopping = self.stopping.clone();
        loop {
            let told = tokio::select! {
                () = stopped(&mut stopping) => return Err(Ending::Stopping),
                told = self.told() => told?,
            };
            if let Told::Heard(heard) = told {
                return Ok(heard);
            }
        }
    }

    /// Waits until there is something to do. A connection that is behind hears nothing until it is level. Cancel safe.
    async fn told(&mut self) -> Result<Told, Ending> {
        loop {
            if !self.outlet.is_behind()
                && let Some(waiting) = &mut self.waiting
            {
                match waiting.pop_front() {
                    Some(heard) => return Ok(Told::Heard(heard)),
                    None => self.waiting = None,
                }
            }
            let logged_out = || Ending::Dismissed(LOGGED_OUT.to_owned());
            let event = tokio::select! {
                biased;
                _ = self.connection.ended() => return Err(logged_out()),
                event = self.outlet.event() => event?,
            };
            match event {
                Event::Readable => self.read()?,
                Event::Behind => {
                    // Boxed: few are behind at once, and its size would be everybody's.
                    let caught_up = tokio::select! {
                        biased;
                        _ = self.connection.ended() => return Err(logged_out()),
                        caught_up = Box::pin(self.door.live.catch_up(&self.outlet)) => caught_up?,
                    };
                    if let CaughtUp::Ended(seat, end) = caught_up {
                        return Ok(Told::SeatEnded(seat, end));
                    }
                }
            }
        }
    }

    /// Waits until all that was said is with the kernel.
    pub(super) async fn flush(&self) -> Result<(), Ending> {
        Ok(self.door.live.flush(&self.outlet).await?)
    }

    /// Reads what there is. The buffer is nobody's while nothing comes.
    fn read(&mut self) -> Result<(), Ending> {
        let mut buffer = [0; READ_BYTES];
        let mut bytes = match self.outlet.try_read(&mut buffer) {
            Ok(0) => return Err(Ending::Broke),
            Ok(count) => &buffer[..count],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(_) => return Err(Ending::Broke),
        };
        while let Some(frame) = self.frames.next(&mut bytes) {
            let heard = match frame {
                Frame::Text(text) => Heard::Text(text.into_owned()),
                Frame::NotUtf8 => Heard::NotUtf8,
                Frame::Leaving => Heard::Leaving,
                Frame::TooLong(length) => Heard::TooLong(length),
            };
            self.waiting.get_or_insert_default().push_back(heard);
        }
        Ok(())
    }

    /// Says something after what was typed, with a prompt behind it.
    pub(super) fn answer(&self, lines: &str) {
        self.outlet.say(drawing::answer(lines));
    }

    async fn end(self, ending: Ending) {
        let second = Duration::from_secs(limits::FAREWELL_SECONDS);
        let (last_words, patience) = match ending {
            Ending::Left | Ending::Broke => return,
            Ending::Stalled => {
                tracing::info!(reason = %Dead::Stalled, "a terminal's connection is closed");
                // It is told if it reads on before as long again has passed; nothing else is kept for it.
                (format!("\n{}; goodbye\n", Dead::Stalled), Duration::from_secs(limits::STALLED_WRITE_SECONDS))
            }
            Ending::Dismissed(sentence) => (sentence, second),
            Ending::Stopping => ("\nthe server is going away; come back in a moment\n".to_owned(), second),
        };
        self.outlet.say_last(drawing::string(&last_words));
        // Who takes nothing does not hear it; a second is enough for those who read.
        let _ = timeout(patience, self.door.live.flush(&self.outlet)).await;
        if let Some(mut stream) = self.outlet.hang_up() {
            let mut unheard = [0; 256];
            let _ = timeout(second, async { while matches!(stream.read(&mut unheard).await, Ok(1..)) {} }).await;
        }
    }
}

/// A connection's outlet, closed with it: also when its task was cut off or panicked, for audiences may still list it, and
/// the socket must not outlive its connection.
pub(super) struct Held(Arc<Outlet>);

impl Deref for Held {
    type Target = Arc<Outlet>;

    fn deref(&self) -> &Arc<Outlet> {
        &self.0
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// The stream can't be read any further: nobody knows where the next string begins.
pub(super) fn too_long(length: u64) -> Ending {
    Ending::Dismissed(format!("\na string of {length} bytes is too long: the limit is 4096; goodbye\n"))
}

impl From<io::Error> for Ending {
    fn from(error: io::Error) -> Ending {
        if error.kind() == io::ErrorKind::Interrupted { Ending::Stopping } else { Ending::Broke }
    }
}

impl From<Dead> for Ending {
    fn from(dead: Dead) -> Ending {
        match dead {
            Dead::Stalled => Ending::Stalled,
            Dead::Stopping => Ending::Stopping,
            Dead::Broken(_) => Ending::Broke,
        }
    }
}
