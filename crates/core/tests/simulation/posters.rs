//! People who post, edit, delete, react and answer; who try again when they don't know, and sometimes say nonsense.

use std::sync::Arc;

use parlor_core::event::{Author, Body};
use parlor_core::ids::{GuestId, MessageKey, Number, RoomId, Seq};
use parlor_core::room::RoomRef;
use parlor_core::sequencer::{PostOptions, Posted};
use parlor_core::text::{Emoji, Text};
use parlor_core::{Error, Fault, Refusal};

use crate::cluster::Life;
use crate::executor::unless;
use crate::oracle::Look;
use crate::pages;
use crate::town::{Town, enter, guest};

/// One thing that somebody wants to happen, however many tries it takes.
#[derive(Debug, Clone)]
struct Act {
    room: RoomId,
    author: GuestId,
    body: Body,
    key: Option<MessageKey>,
    /// The newest position known to be stored when it was first sent. (I7)
    floor: Seq,
}

/// How a try ended.
enum Outcome {
    Done(Posted),
    Refused,
    /// It is not in the log by this try.
    Failed,
    /// Cut off, or the store can't say.
    Unknown,
}

/// Posts until it is quiet.
pub(crate) async fn poster(town: Arc<Town>, number: u64) {
    let me = town.make_guest().await;
    let token = town.cluster.any().map(|life| life.chat.guest_token(me));
    let mut own: Vec<(RoomId, Number)> = Vec::new();
    let mut keys = 0_u64;
    while !town.is_quiet() {
        town.pause(1, 90).await;
        if town.dice(|dice| dice.chance(100))
            && let (Some(token), Some(life)) = (&token, town.cluster.any())
        {
            // Every node, and every life of it, knows the guests of the others. (I15)
            let known = life.chat.guest_of(token) == Some(me);
            town.oracle.must(known, || format!("I15: node life {} does not know the guest {me}", life.group));
        }
        if town.dice(|dice| dice.chance(60)) {
            say_nonsense(&town, me).await;
            continue;
        }
        if town.dice(|dice| dice.chance(300)) {
            look_back(&town, me, &own).await;
        }
        let mut act = compose(&town, me, &own);
        if act.key.is_some() {
            keys += 1;
            act.key = MessageKey::parse(&format!("k{number}-{keys}"));
        }
        if let Some(posted) = carry_out(&town, &act).await
            && posted.slot.event().body.is_message()
        {
            own.push((act.room, posted.slot.event().number));
        }
        if act.key.is_some() && town.dice(|dice| dice.chance(150)) {
            provoke(&town, &act).await;
        }
    }
}

fn compose(town: &Town, author: GuestId, own: &[(RoomId, Number)]) -> Act {
    let mut room = town.any_room();
    let word = Text::stored(format!("{} hello\nこんにちは", town.word()));
    let (what, mine) = town.dice(|dice| (dice.below(100), dice.pick(own).copied()));
    let some = {
        let messages = town.oracle.facts().messages(room);
        Number(town.dice(|dice| dice.between(1, messages.0.max(1))))
    };
    let body = match (what, mine) {
        (0..15, Some((of, target))) => {
            room = of;
            Body::Edit { target, text: word }
        }
        (15..22, Some((of, target))) => {
            room = of;
            Body::Redaction { target }
        }
        (22..30, Some(_)) => {
            let emoji = Emoji::new("👍".as_bytes()).expect("one emoji is a reaction");
            Body::Reaction { target: some, emoji, on: what % 2 == 0 }
        }
        (30..40, Some(_)) => Body::message(word, Some(some)),
        _ => Body::message(word, None),
    };
    // The verbs without a key are told once, whatever comes of it.
    let keyed = matches!(body, Body::Message { .. } | Body::Edit { .. }) && town.dice(|dice| dice.chance(600));
    let key = keyed.then(|| MessageKey::parse("k").expect("a key"));
    let floor = town.oracle.facts().acknowledged.get(&room).copied().unwrap_or_default();
    Act { room, author, body, key, floor }
}

/// Tries, and with a key tries again until the answer is clear, at whichever node is up.
async fn carry_out(town: &Town, act: &Act) -> Option<Posted> {
    loop {
        match attempt(town, act).await {
            Outcome::Done(posted) => return Some(posted),
            Outcome::Refused => return None,
            Outcome::Failed | Outcome::Unknown if act.key.is_none() => return None,
            Outcome::Failed | Outcome::Unknown => {}
        }
        // Now and then two tries are under way at once: the cut one goes on inside its node.
        town.pause(0, 30).await;
    }
}

async fn attempt(town: &Town, act: &Act) -> Outcome {
    let Some(life) = town.cluster.any() else { return Outcome::Unknown };
    let result = unless(town.cut(150, 40), life.run(ask(town, &life, act))).await;
    let Some(Some(result)) = result else { return Outcome::Unknown };
    let author = Author::Guest(act.author);
    match result {
        Ok(posted) => {
            acknowledged(town, &life, act, &posted);
            return Outcome::Done(posted);
        }
        Err(Error::Failed(Fault::OutcomeUnknown(_))) => {
            town.oracle.facts().counts.faults += 1;
            return Outcome::Unknown;
        }
        Err(Error::Failed(Fault::Unavailable(_) | Fault::DiskFull)) => {
            must_not_be_there(town, act, "it was said to have failed");
            town.oracle.facts().counts.faults += 1;
            return Outcome::Failed;
        }
        Err(Error::Failed(fault)) => town.oracle.must(false, || format!("nobody made this fault: {fault}")),
        Err(Error::Refused(Refusal::KeyConflict)) => {
            let facts = town.oracle.facts();
            let first = act.key.clone().and_then(|key| facts.keys.get(&(act.room, author, key)).cloned());
            drop(facts);
            let conflicts = first.as_ref().is_some_and(|(_, body)| *body != act.body);
            town.oracle.must(conflicts, || format!("I5: {act:?} was called a conflict with {first:?}"));
            town.oracle.facts().counts.conflicts += 1;
        }
        Err(Error::Refused(Refusal::NoSuchMessage | Refusal::Deleted)) => {
            let names_one = !matches!(act.body, Body::Message { reply_to: None, .. });
            town.oracle.must(names_one, || format!("{act:?} names no message, and one was missed"));
        }
        Err(error) => town.must_be_shut_out("posting", act.room, author, &error),
    }
    must_not_be_there(town, act, "it was refused");
    Outcome::Refused
}

async fn ask(town: &Town, life: &Life, act: &Act) -> Result<Posted, Error> {
    let me = guest(act.author);
    let log = life.chat.find(&me, RoomRef::Id(act.room)).await?;
    enter(life, &me, &log).await?;
    let options = PostOptions { key: act.key.clone(), ..PostOptions::default() };
    let posted = match &act.body {
        Body::Message { text, reply_to, .. } => {
            let options = PostOptions { reply_to: *reply_to, ..options };
            life.chat.post(&me, &log, text.as_str().as_bytes(), options).await
        }
        Body::Edit { target, text } => life.chat.edit(&me, &log, *target, text.as_str().as_bytes(), options).await,
        Body::Redaction { target } => life.chat.redact(&me, &log, *target).await,
        Body::Reaction { target, emoji, on } => {
            life.chat.react(&me, &log, *target, emoji.as_str().as_bytes(), *on).await
        }
        Body::Settings(_) | Body::Member { .. } | Body::Closed => Err(Refusal::Forbidden.into()),
    }?;
    // An author hears of it after the readers can; a store that fails may leave the node unable to read it back.
    let (seq, head) = (posted.slot.event().seq, log.head().seq);
    let visible = seq <= head || !town.plan.store_reads_soundly();
    town.oracle.must(visible, || format!("I2: {act:?} was acknowledged at {seq}, and readers can see up to {head}"));
    Ok(posted)
}

/// What was acknowledged is in the log, as it was sent, behind all that was acknowledged before. (I2, I5, I7)
fn acknowledged(town: &Town, life: &Life, act: &Act, posted: &Posted) {
    let event = posted.slot.event();
    let mut facts = town.oracle.facts();
    let author = Author::Guest(act.author);
    let look = Look { reader: "its author", who: Some(author), room: act.room, since: Seq(0) };
    facts.told(&look, event);
    let stored = facts.event(act.room, event.seq).cloned();
    let same = stored.as_ref().is_some_and(|stored| stored.body == act.body && stored.author == author);
    facts.must(same, || format!("I2: {act:?} was acknowledged, and the log has {stored:?}"));
    if posted.duplicate {
        facts.counts.duplicates += 1;
    } else {
        facts.must(event.seq > act.floor, || format!("I7: {act:?} got {}, not behind its floor", event.seq));
    }
    facts.counts.acknowledged += 1;
    let newest = facts.acknowledged.entry(act.room).or_default();
    *newest = event.seq.max(*newest);
    let told = facts.told_by.entry((life.group, act.room)).or_default();
    *told = event.number.max(*told);
}

/// A try without a key that failed or was refused left nothing behind. (I14)
fn must_not_be_there(town: &Town, act: &Act, why: &str) {
    let (Body::Message { text, .. } | Body::Edit { text, .. }) = &act.body else { return };
    let mut facts = town.oracle.facts();
    let there = facts.log(act.room).iter().any(|event| match &event.body {
        Body::Message { text: stored, .. } | Body::Edit { text: stored, .. } => stored == text,
        _ => false,
    });
    facts.must(act.key.is_some() || !there, || format!("I14: {act:?} is in the log, though {why}"));
}

/// One's own message, as it is now: an amendment that this node has seen must show. (I3)
async fn look_back(town: &Town, me: GuestId, own: &[(RoomId, Number)]) {
    let (Some(life), Some((room, number))) = (town.cluster.any(), town.dice(|dice| dice.pick(own).copied())) else {
        return;
    };
    let read = life.run(pages::message(&life, me, room, number));
    if let Some(Some(Ok((since, slot)))) = unless(town.cut(200, 20), read).await {
        let look = Look { reader: "its author", who: Some(Author::Guest(me)), room, since };
        town.oracle.facts().seen(&look, slot.event());
    }
}

/// The same key with another body, which must be refused. (I5)
async fn provoke(town: &Town, act: &Act) {
    let text = Text::stored(town.word());
    let body = match &act.body {
        Body::Edit { target, .. } => Body::Edit { target: *target, text },
        _ => Body::message(text, None),
    };
    let other = Act { body, ..act.clone() };
    let at_once = town.dice(|dice| dice.chance(500));
    if at_once {
        attempt(town, &other).await;
    } else {
        carry_out(town, &other).await;
    }
}

/// What no door may let through: it is refused, whatever the room's state.
async fn say_nonsense(town: &Town, me: GuestId) {
    let Some(life) = town.cluster.any() else { return };
    let nonsense: [&[u8]; 6] = [b"", b" \n ", b"a\0b", b"\x1b[2J", b"\xff\xfe", &[b'x'; 4_097]];
    let (text, room) = (town.dice(|dice| dice.pick(&nonsense).copied()).unwrap_or(b""), town.any_room());
    let result = life
        .run(async {
            let log = life.chat.find(&guest(me), RoomRef::Id(room)).await?;
            life.chat.post(&guest(me), &log, text, PostOptions::default()).await
        })
        .await;
    town.oracle.must(!matches!(result, Some(Ok(_))), || format!("I14: {text:?} was taken as a message"));
}
