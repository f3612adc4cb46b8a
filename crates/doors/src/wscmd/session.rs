//! The life of a connection of this door.

use std::borrow::Cow;
use std::io;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parlor_core::connections::Connection;
use parlor_core::limits;
use parlor_core::rates::Origin;
use parlor_wire::websocket::{CloseCode, Event as Heard, Messages, Opcode, encode};
use parlor_wire::wscmd::{Command, Message};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::joined::Rooms;
use super::voice::Words;
use super::{Door, NAME, replies};
use crate::accept::Life;
use crate::live::{CaughtUp, Dead, Event, Letter, Letters, Mark, Outlet, Topic, Voice};

/// A connection and what it is in.
pub(super) struct Session {
    pub(super) door: Arc<Door>,
    pub(super) connection: Connection,
    pub(super) outlet: Arc<Outlet>,
    /// The rooms that it has joined.
    pub(super) rooms: Rooms,
    /// Its person's rooms of two.
    pub(super) letters: Letters,
    /// Wrong server passwords so far.
    pub(super) wrong_passwords: u32,
    messages: Messages,
    /// Whether a command came yet: before that it has not all the time in the world.
    spoke: bool,
}

/// Whether a connection goes on, or how it ends.
pub(super) type Flow = ControlFlow<Option<End>>;

/// What the close frame says.
pub(super) type End = (CloseCode, Cow<'static, str>);

/// Speaks with a connection until either side ends it. `early`: what it sent behind its handshake.
pub(super) fn run(door: Arc<Door>, stream: TcpStream, early: Bytes, origin: Origin) -> Life {
    // Boxed by itself, like all that an idle connection does not need.
    Box::pin(live(Box::pin(arrive(door, stream, early, origin))))
}

/// Somebody who comes in.
type Arriving = Pin<Box<dyn Future<Output = Option<Box<Session>>> + Send>>;

/// From the connect to the end.
async fn live(arriving: Arriving) {
    if let Some(mut session) = arriving.await {
        let end = session.live().await;
        Box::pin(session.end(end)).await;
    }
}

/// From the connect to the first command; `None`: it ended before.
async fn arrive(door: Arc<Door>, stream: TcpStream, early: Bytes, origin: Origin) -> Option<Box<Session>> {
    let connection = door.http.chat.connect(NAME, Some(origin));
    if let Err(error) = connection.be_guest().await {
        // Said in the close frame alone: there is no command to answer yet.
        let sentence = replies::sentence(&error);
        let outlet = Outlet::new(stream, connection.id(), connection.actor());
        outlet.say_last(replies::close(CloseCode::FAILED, &sentence));
        hear_out(&outlet).await;
        return None;
    }
    let outlet = Outlet::new(stream, connection.id(), connection.actor());
    // First: whoever has read the greeting hears all that happens from then on.
    let news = Mark { version: door.http.chat.news().version(), ..Mark::default() };
    outlet.say(replies::frame(&Message::YourChatClientId { chatclientid: connection.id().0 }, 0));
    door.live.join(&outlet, Topic::News, news);
    door.sweep.watch(&outlet);
    let mut session = Box::new(Session {
        letters: Letters::of(&connection),
        rooms: Rooms::default(),
        wrong_passwords: 0,
        messages: Messages::from_client(),
        spoke: false,
        door,
        connection,
        outlet,
    });
    match session.until_first_word(early).await {
        ControlFlow::Continue(()) => Some(session),
        ControlFlow::Break(end) => {
            session.end(end).await;
            None
        }
    }
}

impl Drop for Session {
    /// Also when its task was cut off or panicked: audiences may still list the outlet, and the socket must not outlive its
    /// connection.
    fn drop(&mut self) {
        self.outlet.close();
    }
}

/// Lets the other side have what it was told last: closing a socket with unread bytes could take that away from it.
async fn hear_out(outlet: &Outlet) {
    let Some(stream) = outlet.hang_up() else { return };
    let end = Instant::now() + Duration::from_secs(limits::FAREWELL_SECONDS);
    let mut buffer = [0; 512];
    while let Ok(Ok(())) = timeout_at(end, stream.readable()).await {
        match stream.try_read(&mut buffer) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}

/// Its log-in was ended elsewhere: by its owner, by a new password, or by the operator.
const LOGGED_OUT: End = (CloseCode::POLICY, Cow::Borrowed("you were logged out"));

const RESTART: End = (CloseCode::RESTART, Cow::Borrowed("the server is restarting"));

impl Session {
    /// Goes on until it ends; answers what to tell the other side, if that is still there.
    async fn live(&mut self) -> Option<End> {
        loop {
            // All arms only wait.
            let event = tokio::select! {
                biased;
                _ = self.connection.ended() => return Some(LOGGED_OUT),
                event = self.outlet.event() => Some(event),
                () = self.letters.changed() => None,
            };
            // Boxed, like all that an idle connection does not need.
            if let ControlFlow::Break(end) = Box::pin(self.meet(event)).await {
                return end;
            }
        }
    }

    async fn end(mut self: Box<Self>, end: Option<End>) {
        // Its rooms are told that it broke, whatever it was that ended it, as each attendance is dropped.
        self.rooms.clear();
        let Some((code, reason)) = end else { return };
        self.outlet.say_last(replies::close(code, &reason));
        // The answers before it are part of what was told last; who takes them no sooner does without. Who took nothing for
        // long is told why if it reads on before as long again has passed.
        let stalled = code == CloseCode::TRY_AGAIN_LATER;
        let patience =
            Duration::from_secs(if stalled { limits::STALLED_WRITE_SECONDS } else { limits::FAREWELL_SECONDS });
        if timeout(patience, self.door.live.flush(&self.outlet)).await.is_ok_and(|flushed| flushed.is_ok()) {
            hear_out(&self.outlet).await;
        }
    }

    /// Somebody who gives no command may stay for five minutes.
    async fn until_first_word(&mut self, early: Bytes) -> Flow {
        if !early.is_empty() {
            self.hear(&mut early.to_vec()).await?;
        }
        // It may be the last part of a buffer that HTTP has read into.
        drop(early);
        let end = Instant::now() + Duration::from_secs(limits::FIRST_WORD_SECONDS);
        while !self.spoke {
            let event = tokio::select! {
                biased;
                () = sleep_until(end) => return ControlFlow::Break(Some((CloseCode::POLICY, "no command came".into()))),
                event = self.outlet.event() => Some(event),
                () = self.letters.changed() => None,
            };
            self.meet(event).await?;
        }
        ControlFlow::Continue(())
    }

    /// Does what it was woken for; `None`: there are letters.
    async fn meet(&mut self, event: Option<io::Result<Event>>) -> Flow {
        match event {
            Some(Ok(Event::Readable)) => self.read().await,
            Some(Ok(Event::Behind)) => self.catch_up().await,
            Some(Err(error)) if error.kind() == io::ErrorKind::Interrupted => ControlFlow::Break(Some(RESTART)),
            Some(Err(_)) => ControlFlow::Break(None),
            None => {
                self.open_letters().await;
                ControlFlow::Continue(())
            }
        }
    }

    /// Reads what there is, and does it.
    async fn read(&mut self) -> Flow {
        let mut buffer = [0; limits::READ_BYTES];
        match self.outlet.try_read(&mut buffer) {
            Ok(0) => ControlFlow::Break(None),
            Ok(count) => {
                self.door.sweep.heard(&self.outlet);
                self.hear(&mut buffer[..count]).await
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(None),
        }
    }

    async fn hear(&mut self, mut bytes: &mut [u8]) -> Flow {
        // Taken out while it is read from: what it reads may be borrowed from it.
        let mut messages = std::mem::replace(&mut self.messages, Messages::from_client());
        while let Some(heard) = messages.next(&mut bytes) {
            match heard {
                Ok(Heard::Text(text)) => self.command(&text).await?,
                Ok(Heard::Binary(_)) => self.error("binary messages mean nothing here; send a command as text", None),
                Ok(Heard::Ping(content)) => {
                    let mut pong = Vec::new();
                    encode(Opcode::Pong, &content, None, &mut pong);
                    self.outlet.say(pong);
                }
                Ok(Heard::Pong(_)) => {}
                Ok(Heard::Close(why)) => {
                    let code = why.map_or(CloseCode::NORMAL, |(code, _)| code);
                    return ControlFlow::Break(Some((code, "".into())));
                }
                Err(violation) => {
                    return ControlFlow::Break(Some((violation.close_code(), violation.to_string().into())));
                }
            }
            // Who takes no answers gets none to further questions: they would pile up here.
            if self.outlet.is_behind() {
                self.catch_up().await?;
            }
        }
        self.messages = messages;
        ControlFlow::Continue(())
    }

    async fn command(&mut self, text: &str) -> Flow {
        self.spoke = true;
        match Command::read(text) {
            Ok((command, counting)) => {
                if let Some(counting) = counting {
                    self.outlet.set_dialect(replies::dialect(counting));
                }
                self.perform(command).await
            }
            Err(error) => {
                self.error(&error.to_string(), error.messageid);
                ControlFlow::Continue(())
            }
        }
    }

    /// Goes on with what the other side did not take yet, until it has all.
    async fn catch_up(&mut self) -> Flow {
        let caught_up = tokio::select! {
            biased;
            _ = self.connection.ended() => return ControlFlow::Break(Some(LOGGED_OUT)),
            caught_up = self.door.live.catch_up(&self.outlet) => caught_up,
        };
        match caught_up {
            Ok(CaughtUp::Level) => {}
            Ok(CaughtUp::Ended(seat, _)) => self.room_ended(&seat),
            Err(Dead::Stopping) => return ControlFlow::Break(Some(RESTART)),
            Err(dead) => return ControlFlow::Break(Some((CloseCode::TRY_AGAIN_LATER, dead.to_string().into()))),
        }
        ControlFlow::Continue(())
    }

    /// Shows what came in private since it looked the last time.
    pub(super) async fn open_letters(&mut self) {
        let chat = &self.door.http.chat;
        loop {
            let letters = match self.letters.next(chat, &self.connection).await {
                Ok(letters) => letters,
                Err(error) => {
                    tracing::warn!(%error, "private messages could not be read; they are looked for again");
                    tokio::time::sleep(Duration::from_millis(limits::HEADS_LOOK_MILLIS)).await;
                    return;
                }
            };
            let Some(last) = letters.last() else { return };
            // `msg` goes to its target: it has no word for whom somebody wrote to by another connection.
            let me = self.connection.identity().who;
            let to_me = |letter: &&Letter| letter.is_message() && Some(letter.slot.event().author) != me;
            for letter in letters.iter().filter(to_me) {
                let bytes = Words.slot(&letter.log, &letter.slot, self.outlet.dialect());
                self.outlet.say(bytes.unwrap_or_default());
            }
            // Seen is what the kernel has; who is dead has not seen it.
            if self.door.live.flush(&self.outlet).await.is_err() {
                return;
            }
            let number = last.slot.event().number;
            if let Err(error) = chat.mark_seen(&self.connection.actor(), &last.log, number).await {
                tracing::warn!(%error, "what was seen could not be marked");
            }
        }
    }

    /// Tells this connection something.
    pub(super) fn say(&self, message: &Message<'_>) {
        self.outlet.say(replies::frame(message, self.outlet.dialect()));
    }

    /// Tells it that a command could not be done.
    pub(super) fn error(&self, sentence: &str, messageid: Option<u64>) {
        self.say(&Message::Error { message: sentence, messageid });
    }
}
