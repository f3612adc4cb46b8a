//! Random lives: whatever people say, join and leave, and whatever answers are lost, what was said to somebody arrives: at least
//! once at all, exactly once at a client that asks with the cursor of the last answer it got, in the order of each room, and
//! nothing of one's own.

use std::collections::BTreeMap;
use std::sync::Arc;

use parlor_core::account::Account;
use parlor_core::event::Author;
use parlor_core::ids::{Number, RoomId, Seq};
use parlor_core::limits::Limits;
use parlor_core::room::{Role, RoomRef};
use parlor_core::room_log::RoomLog;
use parlor_core::sequencer::PostOptions;
use proptest::prelude::*;

use crate::places;
use crate::world::{OPERATOR, Town, by, guest};

const PEOPLE: usize = 4;
const GROUPS: usize = 3;

/// Something that happens.
#[derive(Debug, Clone)]
enum Act {
    /// Somebody says something in the lobby (0) or a group.
    Say(usize, usize),
    /// A guest says something in the lobby.
    GuestSays,
    /// Somebody says something to somebody.
    Whisper(usize, usize),
    /// Somebody deletes the newest message of the lobby or a group, if it is their own.
    Delete(usize, usize),
    /// Somebody is added to a group, or comes back to it.
    Add(usize, usize),
    /// Somebody leaves a group.
    Leave(usize, usize),
    /// Somebody looks at a room at another door.
    See(usize, usize),
    /// Somebody asks, for so many; the answer gets there.
    Ask(usize, usize),
    /// The same, and the answer is lost.
    AskInVain(usize, usize),
    /// Somebody asks with a cursor that was got before, the oldest first, and throws the answer away.
    AskAgain(usize, usize),
    /// The server ends and begins anew.
    Restart,
}

fn act() -> impl Strategy<Value = Act> {
    let who = 0..PEOPLE;
    let room = 0..=GROUPS;
    prop_oneof![
        10 => (who.clone(), room.clone()).prop_map(|(who, room)| Act::Say(who, room)),
        2 => Just(Act::GuestSays),
        5 => (who.clone(), who.clone()).prop_map(|(who, to)| Act::Whisper(who, to)),
        1 => (who.clone(), room.clone()).prop_map(|(who, room)| Act::Delete(who, room)),
        3 => (who.clone(), 1..=GROUPS).prop_map(|(who, group)| Act::Add(who, group)),
        1 => (who.clone(), 1..=GROUPS).prop_map(|(who, group)| Act::Leave(who, group)),
        1 => (who.clone(), room).prop_map(|(who, room)| Act::See(who, room)),
        5 => (who.clone(), 1..6_usize).prop_map(|(who, limit)| Act::Ask(who, limit)),
        3 => (who.clone(), 1..6_usize).prop_map(|(who, limit)| Act::AskInVain(who, limit)),
        2 => (who, 0..4_usize).prop_map(|(who, old)| Act::AskAgain(who, old)),
        1 => Just(Act::Restart),
    ]
}

/// A person's client, which asks with the cursor of the last answer that it got.
#[derive(Default)]
struct Client {
    cursors: Vec<String>,
    /// What it got.
    got: Vec<(RoomId, u64)>,
    /// What was handed out, got or not.
    handed_out: Vec<(RoomId, u64)>,
}

/// What is known of a message.
struct Said {
    place: (RoomId, u64),
    by: Author,
    deleted: bool,
    /// Those to whom it must come, if it is not deleted before.
    must: Vec<usize>,
    /// Those who could read it then.
    may: Vec<usize>,
}

struct Life {
    town: Town,
    people: Vec<Account>,
    /// The lobby, then the groups.
    rooms: Vec<RoomId>,
    clients: Vec<Client>,
    said: Vec<Said>,
}

impl Life {
    async fn begin() -> Life {
        let town = Town::new().await;
        let mut people = Vec::new();
        for number in 0..PEOPLE {
            people.push(town.account(&format!("p{number}")).await);
            town.chat.begin_receiving(people[number].id).await.unwrap();
        }
        let mut rooms = vec![parlor_core::ids::LOBBY];
        // Each group has another owner.
        for (number, owner) in people.iter().enumerate().skip(1).take(GROUPS) {
            let log = town.chat.make_group(&by(owner), &format!("g{number}")).await.unwrap();
            rooms.push(log.id());
        }
        let clients = (0..PEOPLE).map(|_| Client::default()).collect();
        Life { town, people, rooms, clients, said: Vec::new() }
    }

    async fn log(&self, room: usize) -> Arc<RoomLog> {
        self.town.chat.find(&OPERATOR, RoomRef::Id(self.rooms[room])).await.unwrap()
    }

    async fn happen(&mut self, act: &Act) {
        // Half of what happens, happens in one and the same microsecond.
        if self.said.len().is_multiple_of(2) {
            self.town.hands.turn(1);
        }
        match *act {
            Act::Say(who, room) => {
                let log = self.log(room).await;
                let posted = self.town.chat.post(&by(&self.people[who]), &log, b"x", PostOptions::default()).await;
                if let Ok(posted) = posted {
                    self.was_said(&log, Author::Account(self.people[who].id), posted.slot.event().number).await;
                }
            }
            Act::GuestSays => {
                let log = self.log(0).await;
                let posted = self.town.chat.post(&guest(9), &log, b"x", PostOptions::default()).await.unwrap();
                let event = posted.slot.event();
                self.was_said(&log, event.author, event.number).await;
            }
            Act::Whisper(who, to) if who != to => {
                let (from, to) = (by(&self.people[who]), Author::Account(self.people[to].id));
                let whispered = self.town.chat.whisper(&from, to, b"x", PostOptions::default()).await.unwrap();
                let event = whispered.posted.slot.event();
                self.was_said(&whispered.log, event.author, event.number).await;
            }
            Act::Whisper(..) => {}
            Act::Delete(who, room) => self.delete(who, room).await,
            Act::Add(who, group) => {
                let log = self.log(group).await;
                let people = [(format!("p{who}"), Role::Member)];
                // Who is there already is told so.
                drop(self.town.chat.add_members(&by(&self.people[group]), &log, &people).await);
            }
            Act::Leave(who, group) if who != group => self.leave(who, group).await,
            Act::Leave(..) => {}
            Act::See(who, room) => {
                let log = self.log(room).await;
                drop(self.town.chat.mark_seen(&by(&self.people[who]), &log, log.head().number).await);
            }
            Act::Ask(who, limit) => self.ask(who, limit, true).await,
            Act::AskInVain(who, limit) => self.ask(who, limit, false).await,
            Act::AskAgain(who, old) => {
                let Some(cursor) = self.clients[who].cursors.get(old).cloned() else { return };
                let received = self.town.chat.receive(&by(&self.people[who]), Some(&cursor), 9).await.unwrap();
                self.clients[who].handed_out.extend(places(&received));
            }
            Act::Restart => {
                let store = self.town.store.clone();
                // It is replaced by one whose clock goes on.
                let seconds = self.said.len() as u64 + 1;
                self.town = Town::over(store, Limits::without_rates()).await;
                self.town.hands.turn(seconds);
            }
        }
    }

    /// Notes for whom a message is.
    async fn was_said(&mut self, log: &RoomLog, by: Author, number: Number) {
        let mut to = Vec::new();
        for (who, account) in self.people.iter().enumerate() {
            let groups = self.town.chat.received_upto(account.id).await.unwrap();
            if groups.iter().any(|(of, _)| of.id() == log.id()) && Author::Account(account.id) != by {
                to.push(who);
            }
        }
        let place = (log.id(), number.0);
        self.said.push(Said { place, by, deleted: false, must: to.clone(), may: to });
    }

    async fn delete(&mut self, who: usize, room: usize) {
        let log = self.log(room).await;
        let number = log.head().number;
        if self.town.chat.redact(&by(&self.people[who]), &log, number).await.is_ok() {
            let said = self.said.iter_mut().find(|said| said.place == (log.id(), number.0)).unwrap();
            said.deleted = true;
        }
    }

    async fn leave(&mut self, who: usize, group: usize) {
        let log = self.log(group).await;
        if self.town.chat.leave(&by(&self.people[who]), &log).await.is_err() {
            return;
        }
        // What was not got by then is not for them any more.
        for said in self.said.iter_mut().filter(|said| said.place.0 == log.id()) {
            said.must.retain(|to| *to != who);
        }
    }

    async fn ask(&mut self, who: usize, limit: usize, gets_there: bool) {
        let client = &mut self.clients[who];
        let cursor = client.cursors.last().cloned();
        let received = self.town.chat.receive(&by(&self.people[who]), cursor.as_deref(), limit).await.unwrap();
        assert!(received.messages.len() <= limit);
        client.handed_out.extend(places(&received));
        if gets_there {
            client.got.extend(places(&received));
            client.cursors.push(received.cursor);
        }
    }

    /// Asks until nothing comes any more, and looks at what every client got.
    async fn settle(&mut self) {
        for who in 0..PEOPLE {
            loop {
                let before = self.clients[who].got.len();
                self.ask(who, 7, true).await;
                if self.clients[who].got.len() == before {
                    break;
                }
            }
            self.check(who);
        }
    }

    fn check(&self, who: usize) {
        let (client, me) = (&self.clients[who], Author::Account(self.people[who].id));
        let mut times: BTreeMap<(RoomId, u64), usize> = BTreeMap::new();
        let mut last: BTreeMap<RoomId, u64> = BTreeMap::new();
        for place in &client.got {
            *times.entry(*place).or_default() += 1;
            let before = last.insert(place.0, place.1);
            assert!(before < Some(place.1), "person {who}: {place:?} after {before:?}");
        }
        for said in &self.said {
            let (got, handed_out) = (times.get(&said.place).copied(), client.handed_out.contains(&said.place));
            assert!(!(handed_out && said.by == me), "person {who} got their own {:?}", said.place);
            assert!(!handed_out || said.may.contains(&who), "person {who} got {:?}", said.place);
            if said.must.contains(&who) && !said.deleted {
                assert_eq!(got, Some(1), "person {who}: {:?} of {:?}", said.place, said.by);
            }
        }
    }
}

async fn live(acts: &[Act]) {
    let mut life = Life::begin().await;
    for act in acts {
        life.happen(act).await;
    }
    life.settle().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    // What fails is shown with all that happened, made as short as it can be.
    #[test]
    fn what_was_said_to_somebody_arrives(acts in prop::collection::vec(act(), 1..120)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(live(&acts));
    }
}

#[tokio::test]
async fn a_position_never_goes_back() {
    let mut life = Life::begin().await;
    life.happen(&Act::Say(0, 0)).await;
    life.happen(&Act::Ask(1, 5)).await;
    life.happen(&Act::Ask(1, 5)).await;
    let id = life.people[1].id;
    let lobby = life.log(0).await;
    let before = life.town.chat.received_in(id, &lobby).await.unwrap();
    life.town.chat.note_received(vec![(id, lobby.id(), Seq(1))]).await.unwrap();
    assert_eq!(life.town.chat.received_in(id, &lobby).await, Ok(before));
    assert_eq!(before, lobby.head().seq);
}
