//! The end of a run: faults are over, everything must have come together, and every node says the same.

use std::sync::Arc;

use parlor_core::chat::RoomPlan;
use parlor_core::cursor::{Next, Position};
use parlor_core::days::TimeZone;
use parlor_core::event::{Author, Body, Event, MessageState};
use parlor_core::ids::{Epoch, GuestId, Number, RoomId, Seq};
use parlor_core::ports::Store;
use parlor_core::query::Query;
use parlor_core::room::RoomRef;
use parlor_core::room_log::RoomLog;
use parlor_core::search;
use parlor_core::sequencer::PostOptions;
use parlor_core::{Actor, Chat, Error, Refusal, Who};

use crate::cluster::Life;
use crate::town::{OPERATOR, Town, guest};

/// Whoever waits has what there is: cursors stand at the head, and nobody hangs for a message that exists. (I16)
pub(crate) fn check_convergence(town: &Town) {
    let mut facts = town.oracle.facts();
    for (name, (who, at)) in facts.standing.clone() {
        let head = facts.head(at.room);
        let may = facts.may_read_between(at.room, who, head, None);
        let holds = at.seq == head || !may || facts.is_closed(at.room);
        facts.must(holds, || format!("I16: {name} stands at {} of room {}, whose head is {head}", at.seq, at.room));
    }
    let searching = facts.searching;
    facts.must(searching == 0, || format!("I16: {searching} searches hang"));
    for (name, (who, room, number)) in facts.waiting.clone() {
        let head = facts.head(room);
        let may = facts.may_read_between(room, Some(who), head, None);
        let holds = number > facts.messages(room) || !may;
        facts.must(holds, || format!("I16: {name} hangs for message {number} of room {room}, which is there"));
    }
}

/// What cursors were given and nobody reads any more is held by the page caches alone, within their bytes. (I13)
pub(crate) fn check_memory(town: &Town) {
    let (held, largest) = town.oracle.bytes_held();
    let page = largest * usize::try_from(parlor_core::limits::PAGE_SLOTS).expect("a page is small");
    let nodes = usize::try_from(town.plan.nodes).expect("a few nodes");
    let may = nodes * town.plan.cache_bytes.max(page);
    town.oracle.must(held <= may, || format!("I13: slots of {held} bytes are held, where {may} may be"));
}

/// The store holds what was committed, as it was amended, and its projections agree with it. (I1, I2, I15)
pub(crate) async fn check_store(town: &Town) {
    let model = town.cluster.store.model();
    let damage = model.check().await.unwrap_or_default();
    town.oracle.must(damage.is_empty(), || format!("the store is damaged: {damage:?}"));
    for room in town.all_rooms() {
        let stored = model.events(room, Seq(1), usize::MAX).await.unwrap_or_default();
        let expected = town.oracle.facts().folded(room);
        town.oracle.must(stored == expected, || first_difference("I2: the store", room, &stored, &expected));
    }
}

/// One node, asked for everything in every way.
pub(crate) async fn check_node(town: Arc<Town>, node: u64) {
    let Some(life) = town.cluster.life(node) else {
        town.oracle.must(false, || format!("node {node} is not up"));
        return;
    };
    for room in town.all_rooms() {
        if town.oracle.facts().is_closed(room) {
            let found = life.chat.find(&OPERATOR, RoomRef::Id(room)).await;
            town.oracle.must(matches!(found, Err(Error::Refused(Refusal::NotFound))), || {
                format!("the closed room {room} is found: {found:?}")
            });
        } else if let Err(error) = check_room(&town, &life, room).await {
            town.oracle.must(false, || format!("node {node} fails in quiet times: {error}"));
        }
    }
    check_privacy(&town, &life).await;
    if let Err(error) = check_refusals(&town, &life).await {
        town.oracle.must(false, || format!("node {node} fails in quiet times: {error}"));
    }
}

/// A room of two is there for the two, and for nobody else.
async fn check_privacy(town: &Town, life: &Life) {
    let direct = town.oracle.facts().direct.clone();
    for (two, room) in direct {
        for &id in &town.accounts {
            let who = Author::Account(id);
            let found = life.chat.find(&Actor { who: Who::Account(id), origin: None }, RoomRef::Id(room)).await;
            let right = match found {
                Ok(log) => [two.0, two.1].contains(&who) && log.room().direct == Some(two),
                Err(error) => ![two.0, two.1].contains(&who) && error == Error::Refused(Refusal::NotFound),
            };
            town.oracle.must(right, || format!("I12: {who:?} and the room {room} of {two:?}"));
        }
    }
}

async fn check_room(town: &Town, life: &Life, room: RoomId) -> Result<(), Error> {
    let log = life.chat.find(&OPERATOR, RoomRef::Id(room)).await?;
    let expected = town.oracle.facts().folded(room);
    let head = Seq(expected.len() as u64);
    town.oracle.must(log.head().seq == head, || format!("I16: room {room}: {:?} is not at {head}", log.head()));
    let starts = [0, 1, head.0 / 3, head.0.saturating_sub(1), head.0];
    for after in starts.into_iter().filter(|after| *after <= head.0) {
        let read = read_from(town, &life.chat, &log, Seq(after)).await?;
        let suffix = &expected[usize::try_from(after).expect("a short log")..];
        town.oracle.must(read == suffix, || first_difference("I8: a cursor", room, &read, suffix));
    }
    let messages: Vec<Event> = expected.into_iter().filter(|event| event.body.is_message()).collect();
    check_pages(town, &life.chat, &log, &messages).await?;
    for event in &messages {
        let answer = life.chat.message(&OPERATOR, &log, event.number).await;
        let right = match answer {
            Ok(slot) => slot.event() == event,
            Err(error) => error == Error::Refused(Refusal::Deleted) && is_deleted(event),
        };
        town.oracle.must(right, || format!("room {room}: message {} is not answered as {event:?}", event.number));
    }
    check_search(town, &life.chat, &log, &messages).await
}

async fn read_from(town: &Town, chat: &Arc<Chat>, log: &Arc<RoomLog>, after: Seq) -> Result<Vec<Event>, Error> {
    let position = Position { room: log.id(), epoch: log.room().epoch, seq: after };
    let mut cursor = chat.attach(&OPERATOR, log, Some(position)).await?;
    let mut read = Vec::new();
    while cursor.position().seq < log.head().seq {
        let max = town.dice(|dice| *dice.pick(&[5, 64, 100, 1_000]).expect("not empty"));
        match cursor.next(max).await? {
            Next::Events(slots) => read.extend(slots.iter().map(|slot| slot.event().clone())),
            Next::End(_) => break,
        }
    }
    Ok(read)
}

/// page(a, b) ++ page(b, c) = page(a, c), wherever one cuts. (I9)
async fn check_pages(town: &Town, chat: &Chat, log: &RoomLog, messages: &[Event]) -> Result<(), Error> {
    for limit in [1_u64.max(messages.len() as u64 / 2), 33, 500] {
        let mut joined: Vec<Event> = Vec::new();
        let mut before = None;
        loop {
            let limit = usize::try_from(limit).expect("a small page");
            let page = chat.history(&OPERATOR, log, before, limit).await?;
            let Some(first) = page.first() else { break };
            before = Some(first.event().number);
            joined.splice(0..0, page.iter().map(|slot| slot.event().clone()));
        }
        town.oracle.must(joined == messages, || first_difference("I9: pages", log.id(), &joined, messages));
    }
    Ok(())
}

/// Every message is found by its words as they are now, and by no word that it had or that was deleted.
async fn check_search(town: &Town, chat: &Chat, log: &RoomLog, messages: &[Event]) -> Result<(), Error> {
    let words = town.oracle.facts().words(log.id());
    for (number, word) in words {
        let query = Query::parse(&word, &TimeZone::utc())?;
        let hits = chat.search(&OPERATOR, log, &query, None, 10).await?;
        let hits: Vec<Number> = hits.slots.iter().map(|slot| slot.event().number).collect();
        let says_it = messages.iter().any(|event| event.number == number && text_of(event).contains(&word));
        let expected = if says_it { vec![number] } else { vec![] };
        town.oracle.must(hits == expected, || format!("{word} is found in {hits:?}, not in {expected:?}"));
    }
    let all = search::query_tokens("hello");
    let found = town.cluster.store.model().search(log.id(), all, Number(0)..Number(u64::MAX), usize::MAX).await?;
    let said = messages.iter().rev().filter(|event| text_of(event).contains("hello"));
    let said: Vec<Number> = said.map(|event| event.number).collect();
    town.oracle.must(found == said, || format!("hello was said in {said:?} and is found in {found:?}"));
    Ok(())
}

/// What is refused leaves no trace. (I14)
async fn check_refusals(town: &Town, life: &Life) -> Result<(), Error> {
    let (chat, me) = (&life.chat, guest(GuestId(1 << 40)));
    let lobby = chat.find(&OPERATOR, RoomRef::Id(parlor_core::ids::LOBBY)).await?;
    let head = lobby.head();
    bring_up_the_index(town, chat, &lobby).await?;
    let before = town.cluster.store.model().snapshot();
    let beyond = Number(head.number.0 + 1);
    let none = PostOptions::default;
    let mut answers = Vec::new();
    for text in [&b""[..], b"\0", b"\xc3\x28", &[b'x'; 5_000]] {
        answers.push(chat.post(&OPERATOR, &lobby, text, none()).await.err());
    }
    let reply = PostOptions { reply_to: Some(beyond), ..none() };
    answers.push(chat.post(&OPERATOR, &lobby, b"to nobody", reply).await.err());
    answers.push(chat.edit(&OPERATOR, &lobby, beyond, b"nothing", none()).await.err());
    answers.push(chat.redact(&OPERATOR, &lobby, beyond).await.err());
    answers.push(chat.react(&OPERATOR, &lobby, beyond, "👍".as_bytes(), true).await.err());
    answers.push(chat.react(&OPERATOR, &lobby, Number(1), b"two words", true).await.err());
    answers.push(chat.close(&me, &lobby, None).await.err());
    answers.push(chat.close(&OPERATOR, &lobby, None).await.err());
    answers.push(Query::parse("!?", &TimeZone::utc()).err().map(Error::Refused));
    answers.push(chat.open_room(&me, RoomPlan { subject: b"a\nb", ..RoomPlan::default() }).await.err());
    for (seq, epoch) in [(head.seq.next(), lobby.room().epoch), (Seq(0), Epoch(77))] {
        let position = Position { room: lobby.id(), epoch, seq };
        answers.push(chat.attach(&OPERATOR, &lobby, Some(position)).await.err());
    }
    let refused = answers.iter().all(|error| matches!(error, Some(Error::Refused(_))));
    town.oracle.must(refused, || format!("I14: not all of these are refusals: {answers:?}"));
    let unchanged = town.cluster.store.model().snapshot() == before && lobby.head() == head;
    town.oracle.must(unchanged, || "I14: a refusal changed the store".to_owned());
    Ok(())
}

/// A post that is refused wakes the index's follower too; it must have nothing to do by then.
async fn bring_up_the_index(town: &Town, chat: &Chat, log: &Arc<RoomLog>) -> Result<(), Error> {
    let nobody = Number(log.head().number.0 + 1);
    while !town.cluster.store.model().index_lag(1).await?.is_empty() {
        let refused = chat.react(&OPERATOR, log, nobody, "👍".as_bytes(), true).await;
        town.oracle.must(refused.is_err(), || format!("I14: {nobody} does not exist, and was reacted to"));
        town.sim.sleep_ms(10).await;
    }
    Ok(())
}

fn is_deleted(event: &Event) -> bool {
    matches!(event.body, Body::Message { state: MessageState::Redacted, .. })
}

fn text_of(event: &Event) -> &str {
    match &event.body {
        Body::Message { text, .. } | Body::Edit { text, .. } => text.as_str(),
        _ => "",
    }
}

fn first_difference(what: &str, room: RoomId, got: &[Event], expected: &[Event]) -> String {
    let at = got.iter().zip(expected).position(|(got, expected)| got != expected);
    let at = at.unwrap_or(got.len().min(expected.len()));
    format!(
        "{what}, room {room}: {} events where {} belong; first different: {:?}, not {:?}",
        got.len(),
        expected.len(),
        got.get(at),
        expected.get(at)
    )
}
