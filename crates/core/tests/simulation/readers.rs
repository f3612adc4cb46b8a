//! Readers by cursor: they attach, read, stall, are cut off, and go on elsewhere from where they were.

use std::sync::Arc;

use parlor_core::cursor::{Cursor, End, Next, Position};
use parlor_core::event::Author;
use parlor_core::ids::{GuestId, Number, RoomId, Seq};
use parlor_core::room::RoomRef;
use parlor_core::room_log::RoomLog;
use parlor_core::{Actor, Error, Refusal, Who};

use crate::cluster::Life;
use crate::executor::unless;
use crate::oracle::Look;
use crate::town::{Town, enter, guest};

/// One reader, through all its connections.
struct Reader {
    name: String,
    actor: Actor,
    room: RoomId,
    /// What it has seen; `None` before the first connection.
    at: Option<Position>,
}

/// Why a connection ended.
enum Ended {
    /// Cut off, or the node failed: it comes back.
    Cut,
    /// It may not read: it comes back and asks again.
    Removed,
    /// The log has ended.
    Closed,
}

/// Reads a room until the room's end, or for ever.
pub(crate) async fn cursor(town: Arc<Town>, number: u64) {
    let actor = match town.dice(|dice| dice.below(4)) {
        0 => Actor { who: Who::Stranger, origin: None },
        _ => guest(town.make_guest().await),
    };
    let mut reader = Reader { name: format!("cursor {number}"), actor, room: town.any_room(), at: None };
    let stalls = town.dice(|dice| dice.chance(300));
    loop {
        if let Some(life) = town.cluster.any()
            && let Some(Ended::Closed) = life.run(reader.connect(&town, &life, stalls)).await
        {
            return;
        }
        town.pause(1, 40).await;
    }
}

impl Reader {
    async fn connect(&mut self, town: &Town, life: &Life, stalls: bool) -> Ended {
        let told = town.told(life, self.room);
        let attach = async {
            let log = life.chat.find(&self.actor, RoomRef::Id(self.room)).await?;
            enter(life, &self.actor, &log).await?;
            let cursor = life.chat.attach(&self.actor, &log, self.at).await?;
            Ok((log, cursor))
        };
        let (log, mut cursor) = match attach.await {
            Ok(attached) => attached,
            Err(error) => return self.refused(town, &error),
        };
        self.check_attached(town, cursor.position(), told);
        self.stand_at(town, cursor.position());
        let cut = town.cut(700, 600);
        unless(cut, self.read(town, &log, &mut cursor, stalls)).await.unwrap_or(Ended::Cut)
    }

    /// A resumed cursor stands where it was; a new one behind all that this node has told to be stored. (I8)
    fn check_attached(&self, town: &Town, got: Position, told: Option<Number>) {
        match self.at {
            Some(at) => town.oracle.must(got == at, || format!("I8: {} resumed at {got:?}, not {at:?}", self.name)),
            None => {
                let mut facts = town.oracle.facts();
                let below = facts.event(self.room, got.seq).map_or(Number(0), |event| event.number);
                let behind = told.is_some_and(|told| told > below);
                facts.must(!behind, || format!("{} began at {got:?}, behind an acknowledged {told:?}", self.name));
            }
        }
    }

    fn refused(&self, town: &Town, error: &Error) -> Ended {
        if let Error::Failed(fault) = error {
            town.injected(fault);
        } else if let Error::Refused(refusal) = error {
            let reset = matches!(refusal, Refusal::Reset { .. });
            town.oracle.must(!reset, || format!("I8: {} was reset at {:?}: {refusal}", self.name, self.at));
            self.must_be_shut_out(town, error);
            let facts = town.oracle.facts();
            return if facts.is_closed(self.room) { Ended::Closed } else { Ended::Removed };
        }
        Ended::Cut
    }

    fn must_be_shut_out(&self, town: &Town, error: &Error) {
        // A stranger is shut out by the access only, like a guest whom no role was given.
        let who = self.actor.author().unwrap_or(Author::Guest(GuestId(u64::MAX >> 2)));
        town.must_be_shut_out("reading", self.room, who, error);
    }

    async fn read(&mut self, town: &Town, log: &RoomLog, cursor: &mut Cursor, stalls: bool) -> Ended {
        loop {
            let max = town.dice(|dice| *dice.pick(&[1, 3, 64, 65, 1_000]).expect("not empty"));
            let since = log.head().seq;
            match cursor.next(max).await {
                Ok(Next::Events(slots)) => {
                    town.oracle.must((1..=max).contains(&slots.len()), || format!("{} events for {max}", slots.len()));
                    let last = self.at.map_or(Seq(0), |at| at.seq);
                    let look = Look { reader: &self.name, who: self.actor.author(), room: self.room, since };
                    town.oracle.delivered(&look, last, &slots);
                    self.stand_at(town, cursor.position());
                    let end = slots.last().map(|slot| slot.event().seq);
                    town.oracle.must(end == self.at.map(|at| at.seq), || format!("{}: not at {end:?}", self.name));
                    // What lies beyond the head had no effect on the node yet, on the rights of its readers for example.
                    let beyond = end.is_some_and(|end| end > log.head().seq);
                    town.oracle.must(!beyond, || format!("{} read to {end:?}, beyond {:?}", self.name, log.head()));
                }
                Ok(Next::End(End::Closed)) => {
                    let closed = town.oracle.facts().is_closed(self.room);
                    town.oracle.must(closed, || format!("{} was told that the room {} ended", self.name, self.room));
                    return Ended::Closed;
                }
                Ok(Next::End(End::Removed)) => {
                    self.must_be_shut_out(town, &Error::Refused(Refusal::NotFound));
                    town.oracle.facts().counts.removed += 1;
                    return Ended::Removed;
                }
                Err(Error::Failed(fault)) => {
                    town.injected(&fault);
                    town.pause(1, 30).await;
                }
                Err(error) => {
                    town.oracle.must(false, || format!("{}: a cursor refused: {error}", self.name));
                    return Ended::Cut;
                }
            }
            if stalls && !town.is_quiet() {
                town.pause(50, 700).await;
            }
        }
    }

    /// Leaves word of where it stands, for the end of the run.
    fn stand_at(&mut self, town: &Town, at: Position) {
        self.at = Some(at);
        town.oracle.facts().standing.insert(self.name.clone(), (self.actor.author(), at));
    }
}
