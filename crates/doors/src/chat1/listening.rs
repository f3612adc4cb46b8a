//! What is pushed to who asks for it: first what nobody received yet, then what happens.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parlor_core::chat::Received;
use parlor_core::connections::Inbox;
use parlor_core::event::Author;
use parlor_core::ids::{AccountId, RoomId, Seq};
use parlor_core::limits::HEADS_LOOK_MILLIS;
use parlor_core::room_log::RoomLog;
use parlor_core::slot::Slot;
use parlor_core::{Chat, Error, Who};
use parlor_wire::chat1::Request;
use tokio::time::sleep;

use super::limits::{PAGE_MESSAGES, PUSHED_BYTES};
use super::notes::{Listener, Turn};
use super::replies::{No, Reply};
use super::session::{Ending, Session, no_reply};
use super::voice::Pushes;
use crate::accept::stopped;
use crate::live::{Letter, Letters, Mark, Seat, Topic, Voice};

/// Where somebody who listens stands.
pub(super) struct Listening {
    account: AccountId,
    /// What two say to each other.
    letters: Letters,
    /// The groups that it hears, the lobby among them.
    seats: Vec<Arc<Seat>>,
    inbox: Arc<Inbox>,
    /// The inbox's count of changed roles when the groups were looked at.
    roles_version: u64,
    listener: Listener,
}

impl Listening {
    /// Waits until there may be something that no seat tells. Cancel safe.
    pub(super) async fn arrival(&self) {
        self.letters.changed().await;
    }
}

impl Session {
    pub(super) async fn listen(&mut self, request: &Request) -> Result<(), Ending> {
        let framing = request.framing();
        let first = match self.first_page(request).await {
            Ok(first) => first,
            Err(no) => {
                self.say(&no_reply(&self.door, no), framing);
                return Ok(());
            }
        };
        self.say(&Reply::ok(), framing);
        let Some(first) = first else { return Ok(()) };
        match self.begin(first).await {
            // Its own task finds by itself that the session has ended.
            Ok(()) | Err(Interrupted::Over) => Ok(()),
            Err(Interrupted::By(ending)) => Err(ending),
            // It was answered that messages follow: who can't have them must not wait for them.
            Err(Interrupted::Failed(error)) => {
                tracing::error!(%error, "what somebody listens for could not be read; the connection is closed");
                Err(Ending::Lost)
            }
        }
    }

    /// What nobody received yet; `None`: it listens already.
    async fn first_page(&mut self, request: &Request) -> Result<Option<Page>, No> {
        let actor = self.member(request).await?;
        if self.listening.is_some() {
            return Ok(None);
        }
        let account = self.session()?.account().id;
        let turn = self.door.notes.turn(account).await;
        self.door.notes.note(account).await;
        // What was seen at another door is no news.
        let seen = self.door.chat.received_upto(account).await?;
        let seen = seen.into_iter().map(|(log, seq)| (account, log.id(), seq)).collect();
        self.door.chat.note_received(seen).await?;
        let received = self.door.chat.receive(&actor, None, PAGE_MESSAGES).await?;
        Ok(Some(Page { account, received, turn }))
    }

    async fn begin(&mut self, first: Page) -> Result<(), Interrupted> {
        let chat = self.door.chat.clone();
        let Page { account, mut received, turn } = first;
        while !received.messages.is_empty() {
            self.push_all(&received.messages).await?;
            // Without asking who this is by now: what was told was told.
            chat.note_received(ends_of(account, &received.messages)).await?;
            received = chat.receive(&self.connection.actor(), None, PAGE_MESSAGES).await?;
        }
        // In this order: what changes while it is looked at is looked at again.
        let (inbox, began) = (self.connection.inbox(), chat.clock().wall());
        let roles_version = inbox.roles_version();
        let rooms = chat.received_upto(account).await?;
        if self.connection.actor().who != Who::Account(account) {
            return Err(Interrupted::Over);
        }
        let of_two = rooms.iter().filter(|(log, _)| log.room().direct.is_some()).map(|(log, seq)| (log.id(), *seq));
        self.listening = Some(Box::new(Listening {
            account,
            letters: Letters::behind(&self.connection, began, of_two),
            seats: Vec::new(),
            inbox,
            roles_version,
            listener: self.door.notes.listener(account, &self.outlet),
        }));
        self.follow_groups(&rooms);
        self.door.live.join(&self.outlet, Topic::News, Mark::news(&chat));
        drop(turn);
        Ok(())
    }

    /// Something came that no seat tells: a message of somebody, or another group to hear.
    pub(super) async fn push_arrived(&mut self) -> Result<(), Ending> {
        let chat = self.door.chat.clone();
        let Some(listening) = &mut self.listening else { return Ok(()) };
        let (roles_version, account) = (listening.inbox.roles_version(), listening.account);
        if roles_version != listening.roles_version {
            match chat.received_upto(account).await {
                Ok(rooms) => {
                    listening.roles_version = roles_version;
                    self.follow_groups(&rooms);
                }
                Err(error) => return again_later(&error).await,
            }
        }
        let turn = self.door.notes.turn(account).await;
        while let Some(listening) = &mut self.listening {
            let letters = match listening.letters.next(&chat, &self.connection).await {
                Ok(letters) => letters,
                Err(error) => return again_later(&error).await,
            };
            if letters.is_empty() {
                break;
            }
            match self.push_letters(&chat, account, &letters).await {
                Ok(()) => {}
                Err(Interrupted::Over) => break,
                Err(Interrupted::By(ending)) => return Err(ending),
                // They were taken from the letters, and nothing would bring them back.
                Err(Interrupted::Failed(error)) => {
                    tracing::error!(%error, "a message could not be pushed; the connection is closed");
                    return Err(Ending::Lost);
                }
            }
        }
        drop(turn);
        Ok(())
    }

    async fn push_letters(&mut self, chat: &Chat, account: AccountId, letters: &[Letter]) -> Result<(), Interrupted> {
        let me = Author::Account(account);
        let news = letters.iter().filter(|letter| letter.is_message() && letter.slot.event().author != me);
        let news: Vec<_> = news.map(|letter| (letter.log.clone(), letter.slot.clone())).collect();
        if news.is_empty() {
            return Ok(());
        }
        self.push_all(&news).await?;
        if let Err(error) = chat.note_received(ends_of(account, &news)).await {
            // They come once more next time, which is better than never.
            tracing::warn!(%error, "what was pushed could not be noted");
        }
        Ok(())
    }

    /// Pushes messages in their order, and waits until they are with the kernel.
    async fn push_all(&mut self, messages: &[(Arc<RoomLog>, Arc<Slot>)]) -> Result<(), Interrupted> {
        let voice = Pushes { names: self.door.names.clone() };
        let slots: Vec<Arc<Slot>> = messages.iter().map(|(_, slot)| slot.clone()).collect();
        if let Some(preparing) = voice.prepare(&slots) {
            preparing.await?;
        }
        let mut out = Vec::new();
        for (log, slot) in messages {
            out.extend_from_slice(&voice.slot(log, slot, 0).unwrap_or_default());
            if out.len() >= PUSHED_BYTES {
                self.outlet.say(std::mem::take(&mut out));
                self.flush_pushed().await?;
            }
        }
        self.outlet.say(out);
        self.flush_pushed().await
    }

    async fn flush_pushed(&mut self) -> Result<(), Interrupted> {
        tokio::select! {
            biased;
            flushed = self.door.live.flush(&self.outlet) => Ok(flushed.map_err(Ending::from)?),
            () = stopped(&mut self.stopping) => Err(Ending::Stopping.into()),
            _ = self.connection.ended() => Err(Interrupted::Over),
        }
    }

    /// Hears the groups that the person belongs to now, and no others: each from where it was received.
    fn follow_groups(&mut self, rooms: &[(Arc<RoomLog>, Seq)]) {
        let Some(listening) = &mut self.listening else { return };
        let belongs = |seat: &Arc<Seat>| rooms.iter().any(|(log, _)| seat_of(seat) == Some(log.id()));
        let (stay, gone): (_, Vec<_>) = std::mem::take(&mut listening.seats).into_iter().partition(belongs);
        listening.seats = stay;
        gone.iter().for_each(|seat| self.door.live.leave(seat));
        for (log, seq) in rooms.iter().filter(|(log, _)| log.room().direct.is_none()) {
            if listening.seats.iter().any(|seat| seat_of(seat) == Some(log.id())) {
                continue;
            }
            let mark = Mark { seq: *seq, ..Mark::now(log) };
            listening.seats.push(self.door.live.join(&self.outlet, Topic::Room(log.clone()), mark));
        }
    }

    /// A group ended under this connection, or its person's place in it.
    pub(super) fn group_ended(&mut self, seat: &Arc<Seat>) {
        if let Some(listening) = &mut self.listening {
            listening.seats.retain(|other| !Arc::ptr_eq(other, seat));
        }
    }

    /// Pushes nothing more, and writes down what was.
    pub(super) async fn stop_listening(&mut self) {
        let Some(listening) = self.listening.take() else { return };
        let heard = self.outlet.heard();
        self.outlet.leave_all();
        listening.listener.leave(heard).await;
    }
}

/// What is pushed first, and the right to do so.
struct Page {
    account: AccountId,
    received: Received,
    turn: Turn,
}

/// Why pushing did not come to its end.
enum Interrupted {
    /// The session has ended.
    Over,
    By(Ending),
    Failed(Error),
}

impl From<Ending> for Interrupted {
    fn from(ending: Ending) -> Interrupted {
        Interrupted::By(ending)
    }
}

impl From<Error> for Interrupted {
    fn from(error: Error) -> Interrupted {
        match error {
            // Somebody who may nothing any more.
            Error::Refused(_) => Interrupted::Over,
            Error::Failed(_) => Interrupted::Failed(error),
        }
    }
}

/// How far these go, in each of their rooms.
fn ends_of(account: AccountId, messages: &[(Arc<RoomLog>, Arc<Slot>)]) -> Vec<(AccountId, RoomId, Seq)> {
    let ends: BTreeMap<RoomId, Seq> = messages.iter().map(|(log, slot)| (log.id(), slot.event().seq)).collect();
    ends.into_iter().map(|(room, seq)| (account, room, seq)).collect()
}

fn seat_of(seat: &Seat) -> Option<RoomId> {
    match seat.topic() {
        Topic::Room(log) => Some(log.id()),
        Topic::News => None,
    }
}

/// The store failed; nothing is missed, for it is asked again.
async fn again_later(error: &Error) -> Result<(), Ending> {
    tracing::warn!(%error, "what arrived could not be read; it is looked for again");
    sleep(Duration::from_millis(HEADS_LOOK_MILLIS)).await;
    Ok(())
}
