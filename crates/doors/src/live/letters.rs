//! The rooms of two of a connection's person: what is written there reaches every connection of the two.

use std::sync::Arc;

use parlor_core::chat::Whispered;
use parlor_core::connections::{Connection, Inbox};
use parlor_core::cursor::{Next, Position};
use parlor_core::event::{Author, Body};
use parlor_core::ids::{ConnectionId, RoomId, Seq, Timestamp};
use parlor_core::room_log::RoomLog;
use parlor_core::slot::Slot;
use parlor_core::{Chat, Error};

use super::limits::ROUND_EVENTS;

/// How far a connection has seen each room of two of its person. There is nothing to fan out, so the connection's own task
/// reads them: it waits for [`Letters::changed`] and asks [`Letters::next`] until there is nothing more.
pub struct Letters {
    inbox: Arc<Inbox>,
    version: u64,
    /// When it was looked first.
    began: Option<Timestamp>,
    seen: Vec<Seen>,
    /// What this connection wrote itself and has not come by yet.
    written: Vec<(RoomId, Seq)>,
}

/// How far a room was seen.
struct Seen {
    room: RoomId,
    seq: Seq,
    /// When what follows happened, once that was looked at.
    next_at: Option<Timestamp>,
}

/// Something that happened in a room of two.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The room.
    pub log: Arc<RoomLog>,
    /// What happened.
    pub slot: Arc<Slot>,
    /// Whether this connection did it.
    pub own: bool,
}

impl Letters {
    /// Those of whoever a connection is now; to be made anew after a log-in.
    #[must_use]
    pub fn of(connection: &Connection) -> Letters {
        // One less than any version, so that what is there already is looked at first.
        Letters { inbox: connection.inbox(), version: u64::MAX, began: None, seen: Vec::new(), written: Vec::new() }
    }

    /// Those that came behind these positions, in place of the marks that say what was seen; of rooms that are not named, the
    /// marks do. `began`: a time before the positions were looked up.
    #[must_use]
    pub fn behind(
        connection: &Connection,
        began: Timestamp,
        positions: impl IntoIterator<Item = (RoomId, Seq)>,
    ) -> Letters {
        let seen = positions.into_iter().map(|(room, seq)| Seen { room, seq, next_at: None });
        Letters { began: Some(began), seen: seen.collect(), ..Letters::of(connection) }
    }

    /// Notes what this connection wrote itself. A slot that was read back from the store does not tell.
    pub fn wrote(&mut self, whispered: &Whispered) {
        let seq = whispered.posted.slot.event().seq;
        self.written.push((whispered.log.id(), seq));
    }

    /// Waits until there may be something. Cancel safe.
    pub async fn changed(&self) {
        self.inbox.changed(self.version).await;
    }

    /// What was not seen yet, oldest first, and so is seen now by this connection: letters of one room, up to where another
    /// room goes on. Empty: nothing more. On other connections and for later times, [`Chat::mark_seen`] says so once they were
    /// written.
    ///
    /// # Errors
    /// A `Fault` of the store: what was not seen is looked for again when the next one comes.
    pub async fn next(&mut self, chat: &Arc<Chat>, connection: &Connection) -> Result<Vec<Letter>, Error> {
        // The version first: what comes while the rooms are looked at changes it again. Also when the store fails now: to
        // ask it again and again would not help it.
        self.version = self.inbox.version();
        let began = *self.began.get_or_insert_with(|| chat.clock().wall());
        let Some(me) = connection.identity().who else { return Ok(Vec::new()) };
        // The room that goes on first, and when the next one does.
        let mut first: Option<(Timestamp, usize, Arc<RoomLog>)> = None;
        let mut until: Option<Timestamp> = None;
        for log in self.inbox.rooms() {
            let at = match self.seen.iter().position(|seen| seen.room == log.id()) {
                Some(at) => at,
                None => self.begin(chat, &log, me, began).await?,
            };
            let Some(next_at) = self.next_at(chat, connection, &log, at).await? else { continue };
            let is_first = first.as_ref().is_none_or(|(earliest, ..)| next_at < *earliest);
            let later = if is_first { first.replace((next_at, at, log)).map(|(at, ..)| at) } else { Some(next_at) };
            until = until.into_iter().chain(later).min();
        }
        let Some((_, at, log)) = first else { return Ok(Vec::new()) };
        let mut slots = read(chat, connection, &log, self.seen[at].seq, ROUND_EVENTS).await?;
        let run = slots.partition_point(|slot| until.is_none_or(|until| slot.event().at < until));
        slots.truncate(run.max(1));
        self.seen[at].next_at = None;
        // Somebody whose account was removed meanwhile may read none of it.
        self.seen[at].seq = slots.last().map_or(log.head().seq, |slot| slot.event().seq);
        Ok(self.letters(&log, slots, connection.id()))
    }

    /// Begins with a room; answers its place in the list.
    async fn begin(&mut self, chat: &Chat, log: &RoomLog, me: Author, began: Timestamp) -> Result<usize, Error> {
        // Of a room that was made since, this connection has seen nothing, even if another one of the person was faster and
        // marked it as seen.
        let seq = if log.room().created >= began { Seq(0) } else { chat.unseen_from(me, log).await? };
        self.seen.push(Seen { room: log.id(), seq, next_at: None });
        Ok(self.seen.len() - 1)
    }

    /// When what follows in a room happened; `None`: nothing follows.
    async fn next_at(
        &mut self,
        chat: &Arc<Chat>,
        connection: &Connection,
        log: &Arc<RoomLog>,
        at: usize,
    ) -> Result<Option<Timestamp>, Error> {
        let seen = &mut self.seen[at];
        if seen.next_at.is_none() && seen.seq < log.head().seq {
            let next = read(chat, connection, log, seen.seq, 1).await?;
            seen.next_at = next.first().map(|slot| slot.event().at);
            if next.is_empty() {
                seen.seq = log.head().seq;
            }
        }
        Ok(seen.next_at)
    }

    fn letters(&mut self, log: &Arc<RoomLog>, slots: Vec<Arc<Slot>>, me: ConnectionId) -> Vec<Letter> {
        let letters = slots.into_iter().map(|slot| {
            let written = self.written.iter().position(|mine| *mine == (log.id(), slot.event().seq));
            let own = slot.source().is_some_and(|source| source.connection == me) || written.is_some();
            if let Some(at) = written {
                self.written.swap_remove(at);
            }
            Letter { log: log.clone(), slot, own }
        });
        letters.collect()
    }
}

async fn read(
    chat: &Arc<Chat>,
    connection: &Connection,
    log: &Arc<RoomLog>,
    from: Seq,
    limit: usize,
) -> Result<Vec<Arc<Slot>>, Error> {
    let position = Position { room: log.id(), epoch: log.room().epoch, seq: from };
    let read = match chat.attach(&connection.actor(), log, Some(position)).await {
        Ok(mut cursor) => cursor.next(limit).await,
        Err(error) => Err(error),
    };
    match read {
        Ok(Next::Events(slots)) => Ok(slots),
        Ok(Next::End(_)) | Err(Error::Refused(_)) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

impl Letter {
    /// Whether it is something that was said.
    #[must_use]
    pub fn is_message(&self) -> bool {
        matches!(self.slot.event().body, Body::Message { .. })
    }
}
