//! People with accounts who send each other direct messages, and try again until they know.

use std::sync::Arc;

use parlor_core::chat::Whispered;
use parlor_core::event::{Author, Body};
use parlor_core::ids::{AccountId, MessageKey};
use parlor_core::room::pair;
use parlor_core::sequencer::PostOptions;
use parlor_core::text::Text;
use parlor_core::{Actor, Error, Who};

use crate::executor::unless;
use crate::town::Town;

/// Sends until it is quiet.
pub(crate) async fn whisperer(town: Arc<Town>, number: usize) {
    let me = town.accounts[number];
    let others: Vec<AccountId> = town.accounts.iter().copied().filter(|id| *id != me).collect();
    let mut sent = 0;
    while !town.is_quiet() {
        town.pause(5, 200).await;
        let Some(to) = town.dice(|dice| dice.pick(&others).copied()) else { return };
        sent += 1;
        let key = MessageKey::parse(&format!("whisper{number}-{sent}"));
        let text = format!("{} hello", town.word());
        while !attempt(&town, me, to, &text, key.clone()).await {
            town.pause(0, 30).await;
        }
    }
}

/// Whether the answer is clear. Nothing of this is ever refused.
async fn attempt(town: &Town, me: AccountId, to: AccountId, text: &str, key: Option<MessageKey>) -> bool {
    let Some(life) = town.cluster.any() else { return false };
    let actor = Actor { who: Who::Account(me), origin: None };
    let options = PostOptions { key, ..PostOptions::default() };
    let whisper = life.chat.whisper(&actor, Author::Account(to), text.as_bytes(), options);
    match unless(town.cut(150, 40), life.run(whisper)).await.flatten() {
        None => false,
        Some(Ok(whispered)) => {
            check(town, me, to, text, &whispered);
            true
        }
        Some(Err(Error::Failed(fault))) => {
            town.injected(&fault);
            false
        }
        Some(Err(Error::Refused(refusal))) => {
            town.oracle.must(false, || format!("{me} was refused to write to {to}: {refusal}"));
            true
        }
    }
}

/// It is in the log of the one room that the two have, as it was sent. (I2, I4)
fn check(town: &Town, me: AccountId, to: AccountId, text: &str, whispered: &Whispered) {
    let two = pair(Author::Account(me), Author::Account(to));
    let (log, event) = (&whispered.log, whispered.posted.slot.event());
    let mut facts = town.oracle.facts();
    let known = *facts.direct.entry(two).or_insert(log.id());
    facts.must(known == log.id(), || format!("{two:?} have the rooms {known} and {}", log.id()));
    let room = log.room();
    facts.must(room.direct == Some(two) && event.room == room.id, || format!("{two:?} got {room:?}"));
    let body = Body::message(Text::stored(text.to_owned()), None);
    let stored = facts.event(event.room, event.seq).cloned();
    let same = stored.as_ref().is_some_and(|stored| stored.body == body && stored.author == Author::Account(me));
    facts.must(same, || format!("I2: {text:?} was acknowledged, and the log has {stored:?}"));
    if whispered.posted.duplicate {
        facts.counts.duplicates += 1;
    }
    facts.counts.whispered += 1;
}
