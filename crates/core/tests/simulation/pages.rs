//! Readers by number, who hang until there is a message, and readers of pages.

use std::sync::Arc;

use parlor_core::connections::Identity;
use parlor_core::days::TimeZone;
use parlor_core::event::{Author, Body};
use parlor_core::guests;
use parlor_core::ids::{GuestId, Number, RoomId, Seq};
use parlor_core::pulse::Stay;
use parlor_core::query::Query;
use parlor_core::room::RoomRef;
use parlor_core::slot::Slot;
use parlor_core::{Error, Refusal};

use crate::cluster::Life;
use crate::executor::unless;
use crate::oracle::Look;
use crate::town::{Town, enter, guest};

/// Asks for messages by their numbers, most of them for the next.
pub(crate) async fn waiter(town: Arc<Town>, number: u64) {
    let me = town.make_guest().await;
    let name = format!("waiter {number}");
    let mut room = town.any_room();
    let mut next = Number(1);
    loop {
        town.pause(1, 20).await;
        if town.dice(|dice| dice.chance(100)) {
            room = town.any_room();
            next = Number(town.oracle.facts().messages(room).0 + 1);
        }
        let asked = match town.dice(|dice| dice.below(10)) {
            0 => Number(town.dice(|dice| dice.between(0, next.0 + 2))),
            _ => next,
        };
        let Some(life) = town.cluster.any() else { continue };
        town.oracle.facts().waiting.insert(name.clone(), (Author::Guest(me), room, asked));
        let answer = unless(town.cut(400, 500), life.run(message(&life, me, room, asked))).await;
        town.oracle.facts().waiting.remove(&name);
        match answer.flatten() {
            None => continue,
            Some(Ok((since, slot))) => {
                let got = slot.event().number;
                let mut facts = town.oracle.facts();
                facts.must(got == asked && slot.event().body.is_message(), || format!("{name}: {got} for {asked}"));
                facts.seen(&Look { reader: &name, who: Some(Author::Guest(me)), room, since }, slot.event());
                facts.counts.answered += 1;
            }
            Some(Err(error)) => {
                if !is_right(&town, me, room, asked, &error) {
                    continue;
                }
            }
        }
        if asked == next {
            next = next.next();
        }
    }
}

pub(crate) async fn message(life: &Life, me: GuestId, room: RoomId, number: Number) -> Result<(Seq, Arc<Slot>), Error> {
    let log = life.chat.find(&guest(me), RoomRef::Id(room)).await?;
    enter(life, &guest(me), &log).await?;
    let identity = Arc::new(Identity::guest(me, guests::unnamed(me)));
    let _here = life.chat.attend(&log, life.chat.draw_connection(), identity, Stay::Polling, 0);
    let since = log.head().seq;
    Ok((since, life.chat.message(&guest(me), &log, number).await?))
}

/// Whether a refusal tells of the message, and not of the room; checks that it is true.
fn is_right(town: &Town, me: GuestId, room: RoomId, asked: Number, error: &Error) -> bool {
    match error {
        Error::Failed(fault) => {
            town.injected(fault);
            false
        }
        Error::Refused(Refusal::Deleted) => {
            let mut facts = town.oracle.facts();
            let deleted = facts.log(room).iter().any(|event| event.body == Body::Redaction { target: asked });
            facts.must(deleted, || format!("message {asked} of room {room} was called deleted"));
            true
        }
        Error::Refused(Refusal::NoSuchMessage) => {
            town.oracle.must(asked.0 == 0, || format!("there is a message {asked} in room {room}"));
            false
        }
        Error::Refused(_) => {
            town.must_be_shut_out("waiting", room, Author::Guest(me), error);
            false
        }
    }
}

/// Reads pages, from the newest back to somewhere.
pub(crate) async fn historian(town: Arc<Town>) {
    let me = town.make_guest().await;
    while !town.is_quiet() {
        town.pause(1, 40).await;
        let (room, limit) = (town.any_room(), town.dice(|dice| *dice.pick(&[1, 7, 64, 100]).expect("not empty")));
        let Some(life) = town.cluster.any() else { continue };
        let mut before = None;
        for _ in 0..3 {
            let told = town.told(&life, room);
            let asked = life.run(async {
                let log = life.chat.find(&guest(me), RoomRef::Id(room)).await?;
                enter(&life, &guest(me), &log).await?;
                let since = log.head().seq;
                Ok((since, life.chat.history(&guest(me), &log, before, limit).await?))
            });
            let Some(Some(answer)) = unless(town.cut(100, 40), asked).await else { break };
            let Some((since, page)) = understand(&town, me, room, answer) else { break };
            let look = Look { reader: "a page", who: Some(Author::Guest(me)), room, since };
            check_page(&town, &look, (before, limit), told, &page);
            let Some(first) = page.first() else { break };
            before = Some(first.event().number);
        }
    }
}

/// Pages join without a hole: each ends where the one after it began, and is as long as it can be. (I9)
fn check_page(
    town: &Town,
    look: &Look<'_>,
    (before, limit): (Option<Number>, usize),
    told: Option<Number>,
    page: &[Arc<Slot>],
) {
    let (room, mut facts) = (look.room, town.oracle.facts());
    let last = page.last().map_or(0, |slot| slot.event().number.0);
    match before {
        Some(before) => {
            facts.must(last + 1 == before.0, || format!("I9: room {room}: a page before {before} ends at {last}"));
        }
        None => facts.must(told.is_none_or(|told| told.0 <= last), || {
            format!("room {room}: the newest page ends at {last}, before an acknowledged {told:?}")
        }),
    }
    facts.must(page.len() as u64 == last.min(limit as u64), || {
        format!("I9: room {room}: {} messages to {last} where {limit} were asked", page.len())
    });
    for (slot, number) in page.iter().rev().zip((1..=last).rev()) {
        let event = slot.event();
        let right = event.number.0 == number && event.body.is_message();
        facts.must(right, || format!("I9: room {room}: {event:?} in a page where {number} belongs"));
        facts.seen(look, event);
    }
    facts.counts.paged += 1;
}

/// Searches for a word that most messages have, while the log grows and the index follows.
pub(crate) async fn searcher(town: Arc<Town>) {
    const HITS: usize = 100;
    let me = town.make_guest().await;
    while !town.is_quiet() {
        town.pause(20, 300).await;
        let room = town.any_room();
        let Some(life) = town.cluster.any() else { continue };
        let told = town.told(&life, room).unwrap_or_default();
        let asked = life.run(async {
            let log = life.chat.find(&guest(me), RoomRef::Id(room)).await?;
            enter(&life, &guest(me), &log).await?;
            let since = log.head().seq;
            let query = Query::parse("HELLO にち", &TimeZone::utc())?;
            Ok((since, life.chat.search(&guest(me), &log, &query, None, HITS).await?))
        });
        town.oracle.facts().searching += 1;
        let answer = unless(town.cut(100, 40), asked).await;
        town.oracle.facts().searching -= 1;
        let Some(Some(answer)) = answer else { continue };
        let Some((since, hits)) = understand(&town, me, room, answer) else { continue };
        let mut facts = town.oracle.facts();
        let (hits, behind) = (hits.slots, hits.behind);
        let numbers: Vec<u64> = hits.iter().map(|slot| slot.event().number.0).collect();
        facts.must(numbers.is_sorted_by(|a, b| a > b), || format!("hits are not newest first: {numbers:?}"));
        for hit in &hits {
            facts.seen(&Look { reader: "a search", who: Some(Author::Guest(me)), room, since }, hit.event());
        }
        let oldest = if hits.len() < HITS { 0 } else { numbers.last().copied().unwrap_or(0) };
        let missed = facts.log(room).iter().find(|event| {
            let says_it = matches!(&event.body, Body::Message { text, .. } if text.as_str().contains("hello"));
            let amended = facts.log(room).iter().any(|by| by.body.amends() == Some(event.number));
            says_it
                && !amended
                && !behind
                && (oldest..=told.0).contains(&event.number.0)
                && !numbers.contains(&event.number.0)
        });
        let missed = missed.cloned();
        facts.must(missed.is_none(), || format!("a search did not find {missed:?}"));
        facts.counts.paged += 1;
    }
}

/// An answer that is none is a fault that passes, or a room that the reader may not read.
fn understand<T>(town: &Town, me: GuestId, room: RoomId, answer: Result<T, Error>) -> Option<T> {
    if let Err(Error::Failed(fault)) = &answer {
        town.injected(fault);
    } else if let Err(error) = &answer {
        town.must_be_shut_out("reading pages", room, Author::Guest(me), error);
    }
    answer.ok()
}
