//! What has arrived for an account and was not handed out yet, in all its rooms: for doors whose clients come by and ask, and
//! say with the next question what they got.
//!
//! For every room there is a position, kept in the store, behind which nothing was handed out and acknowledged. An answer
//! carries a cursor with the positions behind it; whoever asks with that acknowledges. So an answer that is lost is given
//! again, and one that was got is not.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;

use super::Chat;
use super::sessions::account_of;
use crate::account::ReadMark;
use crate::actor::{Actor, Who};
use crate::event::{Author, Body, Event, MessageState};
use crate::ids::{AccountId, RoomId, Seq, Timestamp};
use crate::limits;
use crate::refusal::{Error, Refusal};
use crate::room::{Role, RoomRef};
use crate::room_log::RoomLog;
use crate::slot::Slot;

/// The room whose position says that an account has begun to receive.
const BEGUN: RoomId = RoomId(0);

/// What has arrived for an account.
#[derive(Debug)]
pub struct Received {
    /// Messages with their rooms, in the order of a room and over all by time; neither the account's own ones nor deleted ones.
    pub messages: Vec<(Arc<RoomLog>, Arc<Slot>)>,
    /// Acknowledges them when it is asked with: 32 to [`limits::RECEIVE_CURSOR_CHARS`] of `[a-z0-9_-]`.
    pub cursor: String,
}

impl Chat {
    /// What has arrived for an account in its rooms, rooms of two, and the lobby while it belongs to that: at most `limit`
    /// messages, and at most [`limits::RECEIVED_MESSAGES`], of [`limits::RECEIVED_ROOMS`] rooms. With the cursor of an earlier
    /// answer that one counts as received and seen, and what follows is answered; without one, what follows what was
    /// acknowledged last. There may be more when the answer has messages.
    ///
    /// # Errors
    /// `NotLoggedIn` for all but accounts; `BadCursor`: this account was never given it; or a `Fault`.
    pub async fn receive(&self, actor: &Actor, cursor: Option<&str>, limit: usize) -> Result<Received, Error> {
        let account = account_of(actor)?;
        if let Some(cursor) = cursor {
            let got = self.read_cursor(account, cursor)?;
            self.note_received(got.into_iter().map(|(room, seq)| (account, room, seq)).collect()).await?;
        }
        loop {
            let round = self.round(account, limit.clamp(1, limits::RECEIVED_MESSAGES)).await?;
            let passed: Vec<_> = round.passed_over().map(|(room, seq)| (account, room, seq)).collect();
            if !passed.is_empty() {
                // Nothing of it is ever handed out, so it needs no acknowledgement, and need not be looked at again.
                self.world.store.mark_received(passed).await?;
            }
            // Whoever said very much alone goes on behind that: an empty answer says that there is nothing.
            if !round.messages.is_empty() || round.events_left > 0 {
                let cursor = self.write_cursor(account, &round.handed_out());
                return Ok(Received { messages: round.messages, cursor });
            }
        }
    }

    /// Lets an account begin to receive: from what it has seen so far, and not from before it joined a room. Does nothing
    /// later. To be called when it first comes to a door that keeps what has arrived; [`Chat::receive`] does it, too.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn begin_receiving(&self, account: AccountId) -> Result<(), Error> {
        self.positions(account).await?;
        Ok(())
    }

    /// An account's rooms, the lobby while it belongs to that and rooms of two among them, each with the position up to which
    /// it was received, or seen at another door: what stands behind that nobody has got yet.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn received_upto(&self, account: AccountId) -> Result<Vec<(Arc<RoomLog>, Seq)>, Error> {
        let positions = self.positions(account).await?;
        let mut rooms = Vec::new();
        for (room, _) in self.roles_of(&Actor::account(account)).await? {
            // It may have been closed since.
            if let Some(log) = self.logs.open(RoomRef::Id(room)).await? {
                let received = self.position_in(&log, account, positions.get(&room).copied()).await?;
                let seen = self.unseen_from(Author::Account(account), &log).await?;
                rooms.push((log, received.max(seen)));
            }
        }
        Ok(rooms)
    }

    /// Up to which position an account has received a room that it belongs to.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn received_in(&self, account: AccountId, log: &RoomLog) -> Result<Seq, Error> {
        let positions = self.positions(account).await?;
        self.position_in(log, account, positions.get(&log.id()).copied()).await
    }

    /// Notes that accounts have got, and so seen, rooms up to these positions. They move forward only.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub async fn note_received(&self, positions: Vec<(AccountId, RoomId, Seq)>) -> Result<(), Error> {
        if positions.is_empty() {
            return Ok(());
        }
        let at = self.world.clock.wall();
        let mut marks = Vec::with_capacity(positions.len());
        for (account, room, seq) in &positions {
            // Of a room that was closed nobody counts what is unread.
            if let Some(log) = self.logs.open(RoomRef::Id(*room)).await? {
                let number = self.number_at(&log, *seq).await?;
                marks.push((*account, *room, ReadMark { number, at }));
            }
        }
        self.world.store.mark_received(positions).await?;
        self.world.store.mark_read_many(marks).await?;
        Ok(())
    }

    /// Notes that an account belongs to a room from a position on. Who comes back does not get what was said meanwhile.
    pub(super) async fn joined(&self, room: RoomId, account: AccountId, seq: Seq) {
        if let Err(fault) = self.world.store.mark_received(vec![(account, room, seq)]).await {
            // It has joined all the same, and the room's log tells since when.
            tracing::warn!(%fault, %room, %account, "where somebody joined a room could not be noted");
        }
    }

    /// An account's positions as the store has them; it has begun.
    async fn positions(&self, account: AccountId) -> Result<HashMap<RoomId, Seq>, Error> {
        let positions: HashMap<RoomId, Seq> = self.world.store.received(account).await?.into_iter().collect();
        if positions.contains_key(&BEGUN) {
            return Ok(positions);
        }
        let me = Author::Account(account);
        let mut first = vec![(account, BEGUN, Seq(1))];
        for (room, _) in self.roles_of(&Actor::account(account)).await? {
            let Some(log) = self.logs.open(RoomRef::Id(room)).await? else { continue };
            let joined = if log.room().direct.is_some() { Seq(0) } else { self.joined_at(&log, me).await? };
            let seen = self.unseen_from(me, &log).await?;
            first.push((account, room, joined.max(seen)));
        }
        self.world.store.mark_received(first).await?;
        Ok(self.world.store.received(account).await?.into_iter().collect())
    }

    /// Where an account that has begun goes on in a room.
    async fn position_in(&self, log: &RoomLog, account: AccountId, noted: Option<Seq>) -> Result<Seq, Error> {
        match noted {
            Some(seq) => Ok(seq),
            // A room of two that was made later is new to it as a whole.
            None if log.room().direct.is_some() => Ok(Seq(0)),
            None => {
                // Where it joined was not noted then, because the store failed or the server ended.
                let seq = self.joined_at(log, Author::Account(account)).await?;
                self.joined(log.id(), account, seq).await;
                Ok(seq)
            }
        }
    }

    /// The rooms in which an account has something that it may not have got, the one that rests the longest first.
    async fn waiting(&self, account: AccountId) -> Result<Vec<Waiting>, Error> {
        let positions = self.positions(account).await?;
        let rooms = self.roles_of(&Actor::account(account)).await?.into_iter().map(|(room, _)| room).collect();
        let mut waiting = Vec::new();
        for (room, head) in self.world.store.heads(rooms).await? {
            let noted = positions.get(&room).copied();
            let head = match head {
                Ok(head) => head,
                Err(fault) => {
                    // The others are as good as ever, and this one is not passed over for good.
                    tracing::error!(%fault, %room, "a damaged room was left out of what has arrived");
                    continue;
                }
            };
            if noted.is_some_and(|noted| noted >= head.seq) {
                continue;
            }
            let Some(log) = self.logs.open(RoomRef::Id(room)).await? else { continue };
            let seq = self.position_in(&log, account, noted).await?;
            // The head first: what comes while the rights are looked at is not covered by them.
            let upto = log.head();
            let role = self.logs.role(&log, Author::Account(account)).await?;
            if seq < upto.seq && role > Some(Role::Banned) {
                waiting.push((upto.at, Waiting::new(log, seq, upto.seq)));
            }
        }
        waiting.sort_by_key(|(at, waiting)| (*at, waiting.log.id()));
        Ok(waiting.into_iter().map(|(_, waiting)| waiting).collect())
    }

    /// One answer.
    async fn round(&self, account: AccountId, limit: usize) -> Result<Round, Error> {
        let guests = self.world.store.guests_of(account).await?;
        let mut me: Vec<Author> = guests.into_iter().map(Author::Guest).collect();
        me.push(Author::Account(account));
        let mut round = Round::new(self.waiting(account).await?, limit);
        // When the next message of each room was said, and its place.
        let mut next = BinaryHeap::new();
        for place in 0..round.rooms.len() {
            next.extend(self.look(&mut round, place, &me).await?.map(|at| Reverse((at, place))));
        }
        while !round.is_full()
            && let Some(Reverse((_, place))) = next.pop()
        {
            if round.hand_out(place) {
                next.extend(self.look(&mut round, place, &me).await?.map(|at| Reverse((at, place))));
            }
        }
        Ok(round)
    }

    /// Passes over what is not handed out; answers when the message was said that comes then, if there is one.
    async fn look(&self, round: &mut Round, place: usize, me: &[Author]) -> Result<Option<Timestamp>, Error> {
        let Round { rooms, events_left, .. } = round;
        let waiting = &mut rooms[place];
        while *events_left > 0 {
            match waiting.ahead.front() {
                Some(slot) if is_news(slot.event(), me) => return Ok(Some(slot.event().at)),
                Some(slot) => {
                    waiting.passed = slot.event().seq;
                    waiting.ahead.pop_front();
                    *events_left -= 1;
                }
                None if waiting.passed >= waiting.upto => return Ok(None),
                None => {
                    let from = waiting.passed.next();
                    let ahead = (waiting.upto.0 - waiting.passed.0).min(limits::PAGE_SLOTS);
                    let ahead = usize::try_from(ahead).expect("a page is small");
                    // Up to the head there is always something.
                    waiting.ahead = self.logs.slots(&waiting.log, from, ahead).await?.into();
                }
            }
        }
        Ok(None)
    }

    fn write_cursor(&self, account: AccountId, positions: &[(RoomId, Seq)]) -> String {
        let pairs: Vec<String> = positions.iter().map(|(room, seq)| pair(*room, *seq)).collect();
        let pairs = pairs.join("-");
        format!("{}{pairs}", self.guests.mac(&["received", &account.to_string(), &pairs]))
    }

    fn read_cursor(&self, account: AccountId, cursor: &str) -> Result<Vec<(RoomId, Seq)>, Refusal> {
        if cursor.len() > limits::RECEIVE_CURSOR_CHARS {
            return Err(Refusal::BadCursor);
        }
        let (mac, pairs) = cursor.split_at_checked(32).ok_or(Refusal::BadCursor)?;
        if !self.guests.is_mac(mac, &["received", &account.to_string(), pairs]) {
            return Err(Refusal::BadCursor);
        }
        // From here on it is what we wrote.
        let pair = |text: &str| {
            let (room, seq) = text.split_once('_')?;
            Some((RoomId(u64::from_str_radix(room, 36).ok()?), Seq(u64::from_str_radix(seq, 36).ok()?)))
        };
        let texts = pairs.split('-').filter(|text| !text.is_empty());
        texts.map(|text| pair(text).ok_or(Refusal::BadCursor)).collect()
    }
}

impl Actor {
    /// An account, from inside the server.
    fn account(id: AccountId) -> Actor {
        Actor { who: Who::Account(id), origin: None }
    }
}

/// A room in which something waits.
struct Waiting {
    log: Arc<RoomLog>,
    /// Where the answer begins.
    from: Seq,
    /// All up to here is in the answer, or is never handed out.
    passed: Seq,
    /// The head when the rights were looked at.
    upto: Seq,
    /// What was read and not passed yet.
    ahead: VecDeque<Arc<Slot>>,
    /// Whether some of it is in the answer.
    handed_out: bool,
}

impl Waiting {
    fn new(log: Arc<RoomLog>, from: Seq, upto: Seq) -> Waiting {
        Waiting { log, from, passed: from, upto, ahead: VecDeque::new(), handed_out: false }
    }
}

/// An answer in the making.
struct Round {
    rooms: Vec<Waiting>,
    messages: Vec<(Arc<RoomLog>, Arc<Slot>)>,
    messages_left: usize,
    bytes_left: usize,
    events_left: usize,
    rooms_left: usize,
    /// Characters that the cursor may still take.
    cursor_left: usize,
}

impl Round {
    fn new(rooms: Vec<Waiting>, limit: usize) -> Round {
        Round {
            rooms,
            messages: Vec::new(),
            messages_left: limit,
            bytes_left: limits::RECEIVED_BYTES,
            events_left: limits::RECEIVED_EVENTS,
            rooms_left: limits::RECEIVED_ROOMS,
            cursor_left: limits::RECEIVE_CURSOR_CHARS - 32,
        }
    }

    fn is_full(&self) -> bool {
        self.messages_left == 0 || self.bytes_left == 0 || self.events_left == 0
    }

    /// Takes the next message of a room, which was looked at. `false`: the cursor has no place for one more room, so it comes
    /// with a later answer.
    fn hand_out(&mut self, place: usize) -> bool {
        let waiting = &mut self.rooms[place];
        let chars = cursor_chars(waiting);
        if !waiting.handed_out && (self.rooms_left == 0 || chars > self.cursor_left) {
            return false;
        }
        let Some(slot) = waiting.ahead.pop_front() else { return false };
        if !waiting.handed_out {
            waiting.handed_out = true;
            self.rooms_left -= 1;
            self.cursor_left -= chars;
        }
        waiting.passed = slot.event().seq;
        self.messages_left -= 1;
        self.events_left -= 1;
        self.bytes_left = self.bytes_left.saturating_sub(text_bytes(slot.event()));
        self.messages.push((waiting.log.clone(), slot));
        true
    }

    /// What the answer has, and so what its cursor acknowledges.
    fn handed_out(&self) -> Vec<(RoomId, Seq)> {
        let rooms = self.rooms.iter().filter(|waiting| waiting.handed_out);
        rooms.map(|waiting| (waiting.log.id(), waiting.passed)).collect()
    }

    /// Where nothing but what is never handed out was passed, and so much that it should not be looked at again.
    fn passed_over(&self) -> impl Iterator<Item = (RoomId, Seq)> {
        let at_least = if self.events_left == 0 { 1 } else { limits::RECEIVED_EVENTS_NOTED as u64 };
        let rooms = self.rooms.iter().filter(|waiting| !waiting.handed_out);
        let rooms = rooms.filter(move |waiting| waiting.passed.0 - waiting.from.0 >= at_least);
        rooms.map(|waiting| (waiting.log.id(), waiting.passed))
    }
}

/// Whether an event is handed out to somebody, who goes or went by these authors.
fn is_news(event: &Event, me: &[Author]) -> bool {
    match &event.body {
        Body::Message { state, .. } => *state != MessageState::Redacted && !me.contains(&event.author),
        _ => false,
    }
}

fn text_bytes(event: &Event) -> usize {
    match &event.body {
        Body::Message { text, .. } => text.as_str().len(),
        _ => 0,
    }
}

/// A position in a cursor.
fn pair(room: RoomId, seq: Seq) -> String {
    format!("{}_{}", in_base_36(room.0), in_base_36(seq.0))
}

/// Characters that a room takes in a cursor at most, with what joins it to the one before.
fn cursor_chars(waiting: &Waiting) -> usize {
    pair(waiting.log.id(), waiting.upto).len() + 1
}

fn in_base_36(mut number: u64) -> String {
    let mut digits = VecDeque::new();
    loop {
        let digit = u32::try_from(number % 36).expect("what is left of 36 is small");
        digits.push_front(char::from_digit(digit, 36).expect("it is a digit to this base"));
        number /= 36;
        if number == 0 {
            return digits.into_iter().collect();
        }
    }
}
