//! What happened between two marks, in order, and its bytes.

use std::sync::Arc;

use bytes::Bytes;
use parlor_core::connections::News;
use parlor_core::event::{Author, Body};
use parlor_core::ids::{ConnectionId, Seq};
use parlor_core::journal::Since;
use parlor_core::pulse::Change;
use parlor_core::room_log::RoomLog;
use parlor_core::slot::Slot;

use super::Topic;
use super::voice::{Dialect, Voice};

/// What happened.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) slots: Vec<Arc<Slot>>,
    pub(super) changes: Vec<Arc<Change>>,
    pub(super) news: Vec<Arc<News>>,
}

/// Who hears something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listener {
    pub(super) connection: ConnectionId,
    pub(super) author: Option<Author>,
}

/// Whose rights an event may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Concerned {
    Everybody,
    Person(Author),
}

/// Whose rights an event may end, if anybody's.
pub(super) fn concerned(slot: &Slot) -> Option<Concerned> {
    match &slot.event().body {
        Body::Settings(change) if change.access.is_some() => Some(Concerned::Everybody),
        Body::Member { who, .. } => Some(Concerned::Person(*who)),
        Body::Closed => Some(Concerned::Everybody),
        _ => None,
    }
}

/// The changes that follow `version` and happened at `head` or before, and the version they lead to.
pub(super) fn changes_since(log: &RoomLog, version: u64, head: Seq) -> (Vec<Arc<Change>>, u64) {
    match log.presence().changes().since(version) {
        Since::Entries(entries) => {
            let due = entries.into_iter().take_while(|(_, change)| change.head <= head);
            // That everybody leaves a room that has ended is no news.
            let end = Some(log.head()).filter(|head| head.closed).map(|head| head.seq);
            due.fold((Vec::new(), version), |(mut changes, _), (version, change)| {
                if end.is_none_or(|end| change.head < end) {
                    changes.push(change);
                }
                (changes, version)
            })
        }
        // Who came and went a minute ago is no news; who is here can be asked for.
        Since::Lost { version } => (Vec::new(), version),
    }
}

/// The news that follow `version`, and the version they lead to.
pub(super) fn news_since(chat: &parlor_core::Chat, version: u64) -> (Vec<Arc<News>>, u64) {
    match chat.news().since(version) {
        Since::Entries(entries) => {
            let last = entries.last().map_or(version, |(version, _)| *version);
            (entries.into_iter().map(|(_, news)| news).collect(), last)
        }
        Since::Lost { version } => (Vec::new(), version),
    }
}

impl Batch {
    /// The connections by which something of it came in, sorted: they hear it in other words.
    pub(super) fn sources(&self) -> Vec<ConnectionId> {
        let slots = self.slots.iter().filter_map(|slot| slot.source()).map(|source| source.connection);
        let changes = self.changes.iter().map(|change| change.attendant.connection);
        let news = self.news.iter().filter_map(|news| source_of(news));
        let mut sources: Vec<_> = slots.chain(changes).chain(news).collect();
        sources.sort_unstable();
        sources.dedup();
        sources
    }

    /// Its bytes for `listener`, or for everybody.
    pub(super) fn bytes(
        &self,
        topic: &Topic,
        voice: &dyn Voice,
        listener: Option<Listener>,
        dialect: Dialect,
    ) -> Bytes {
        let author = listener.and_then(|listener| listener.author).filter(|_| voice.knows_its_people());
        let listener = listener.map(|listener| listener.connection);
        let log = match topic {
            Topic::Room(log) => log,
            Topic::News => {
                let mut out = Vec::new();
                for news in &self.news {
                    let own = listener.filter(|listener| source_of(news) == Some(*listener));
                    voice.news(news, own, dialect, &mut out);
                }
                return out.into();
            }
        };
        let word = |slot: &Slot| {
            let own = listener.is_some() && slot.source().map(|source| source.connection) == listener;
            if own || author == Some(slot.event().author) {
                voice.own_slot(log, slot, dialect)
            } else {
                voice.slot(log, slot, dialect)
            }
        };
        // The bytes of a single event are shared as they are.
        if let ([slot], []) = (&self.slots[..], &self.changes[..]) {
            return word(slot).unwrap_or_default();
        }
        let mut out = Vec::new();
        let mut changes = &self.changes[..];
        for slot in &self.slots {
            // Who came before it was said is seen to come before.
            let before = changes.partition_point(|change| change.head < slot.event().seq);
            tell(voice, log, &changes[..before], listener, dialect, &mut out);
            changes = &changes[before..];
            if let Some(bytes) = word(slot) {
                out.extend_from_slice(&bytes);
            }
        }
        tell(voice, log, changes, listener, dialect, &mut out);
        out.into()
    }
}

fn tell(
    voice: &dyn Voice,
    log: &RoomLog,
    changes: &[Arc<Change>],
    listener: Option<ConnectionId>,
    dialect: Dialect,
    out: &mut Vec<u8>,
) {
    if !changes.is_empty() {
        let own = listener.filter(|listener| changes.iter().any(|change| change.attendant.connection == *listener));
        voice.changes(log, changes, own, dialect, out);
    }
}

fn source_of(news: &News) -> Option<ConnectionId> {
    match news {
        News::RoomOpened { by, .. } | News::RoomClosed { by, .. } => by.map(|source| source.connection),
        News::Announcement { by, .. } => Some(by.connection),
    }
}

/// A batch's bytes, each variant made when it is first needed.
pub(super) struct Words<'a> {
    batch: &'a Batch,
    topic: &'a Topic,
    voice: &'a dyn Voice,
    sources: Vec<ConnectionId>,
    /// One bit for each source, by its lowest six: for most connections one look is enough.
    signature: u64,
    /// Whose acts they are, sorted, where that matters.
    authors: Vec<Author>,
    for_everybody: Vec<(Dialect, Bytes)>,
}

impl<'a> Words<'a> {
    pub(super) fn new(batch: &'a Batch, topic: &'a Topic, voice: &'a dyn Voice) -> Words<'a> {
        let sources = batch.sources();
        let signature = sources.iter().fold(0, |signature, source| signature | bit(*source));
        let mut authors = Vec::new();
        if voice.knows_its_people() {
            authors.extend(batch.slots.iter().map(|slot| slot.event().author));
            authors.sort_unstable();
            authors.dedup();
        }
        Words { batch, topic, voice, sources, signature, authors, for_everybody: Vec::new() }
    }

    pub(super) fn for_listener(&mut self, listener: Listener, dialect: Dialect) -> Bytes {
        let Listener { connection, author } = listener;
        if self.signature & bit(connection) != 0 && self.sources.binary_search(&connection).is_ok()
            || author.is_some_and(|author| self.authors.binary_search(&author).is_ok())
        {
            return self.batch.bytes(self.topic, self.voice, Some(listener), dialect);
        }
        if let Some((_, bytes)) = self.for_everybody.iter().find(|(made, _)| *made == dialect) {
            return bytes.clone();
        }
        let bytes = self.batch.bytes(self.topic, self.voice, None, dialect);
        self.for_everybody.push((dialect, bytes.clone()));
        bytes
    }
}

fn bit(connection: ConnectionId) -> u64 {
    1 << (connection.0 & 63)
}
