//! Saying things, and changing what was said.

use std::sync::Arc;

use super::Chat;
use crate::actor::Actor;
use crate::event::{Author, Body, Draft, NameChoice};
use crate::guests;
use crate::ids::Number;
use crate::policy::Verb;
use crate::ports::SYSTEM_NAME;
use crate::rates::Person;
use crate::refusal::{Error, Refusal};
use crate::room_log::RoomLog;
use crate::sequencer::{PostOptions, Posted, Submitted};
use crate::slot::Slot;
use crate::text::{DisplayName, Emoji, Text};

/// A message that is on its way into the log, behind those that were submitted before it.
pub struct Ticket {
    chat: Arc<Chat>,
    log: Arc<RoomLog>,
    submitted: Submitted,
}

impl Ticket {
    /// Waits until the message is durable. Whoever does not wait for that has said it all the same.
    ///
    /// # Errors
    /// `KeyConflict`, `NoSuchMessage` (`reply_to`), `RoomClosed`, or a `Fault`.
    pub async fn posted(self) -> Result<Posted, Error> {
        let posted = self.submitted.posted().await?;
        self.chat.deliver(&self.log);
        Ok(posted)
    }
}

impl Chat {
    /// Says something. When it answers, the message is durable.
    ///
    /// # Errors
    /// A refusal of the text, of the rights, of the rate (`TooFast`), `KeyConflict`, `NoSuchMessage` (`reply_to`), or a `Fault`.
    pub async fn post(
        &self,
        actor: &Actor,
        log: &Arc<RoomLog>,
        text: &[u8],
        options: PostOptions,
    ) -> Result<Posted, Error> {
        let posted = self.enqueue(actor, log, text, options).await?.posted().await?;
        self.deliver(log);
        Ok(posted)
    }

    /// Says something without waiting until it is durable, for clients that go on meanwhile. When it answers, the message was
    /// checked and has its place: what one caller submits one after another gets into the log in that order.
    ///
    /// # Errors
    /// As [`Chat::post`]; what only the store can tell is told by [`Ticket::posted`].
    pub async fn submit(
        self: &Arc<Self>,
        actor: &Actor,
        log: &Arc<RoomLog>,
        text: &[u8],
        options: PostOptions,
    ) -> Result<Ticket, Error> {
        let submitted = self.enqueue(actor, log, text, options).await?;
        Ok(Ticket { chat: self.clone(), log: log.clone(), submitted })
    }

    async fn enqueue(
        &self,
        actor: &Actor,
        log: &Arc<RoomLog>,
        text: &[u8],
        options: PostOptions,
    ) -> Result<Submitted, Error> {
        let text = Text::new(text, self.limits.message_bytes)?;
        let author = self.may(actor, log, Verb::Post).await?;
        let person = actor.origin.filter(|_| options.newcomer).map_or(Person::Known(author), Person::Newcomer);
        if let Err(refusal) = self.rates.post(person, log.id(), actor.origin) {
            // Whoever missed an answer asks once more; that must not fail because too much was said meanwhile.
            let key = options.key.clone().ok_or_else(|| refusal.clone())?;
            if !self.world.store.has_key(log.id(), author, key).await? {
                return Err(refusal.into());
            }
            self.rates.repeat(actor.origin)?;
        }
        let body = Body::message(text, options.reply_to);
        self.submit_event(log, author, body, options).await
    }

    /// Gives one's own message ([`Chat::is_own`]) another text.
    ///
    /// # Errors
    /// As [`Chat::post`]; `Forbidden` for somebody else's message, `NoSuchMessage` for none or a deleted one.
    pub async fn edit(
        &self,
        actor: &Actor,
        log: &Arc<RoomLog>,
        target: Number,
        text: &[u8],
        options: PostOptions,
    ) -> Result<Posted, Error> {
        let text = Text::new(text, self.limits.message_bytes)?;
        let author = self.may(actor, log, Verb::AmendOwn).await?;
        let written = self.existing(log, target).await?.event().author;
        if !self.is_own(actor, written).await? {
            return Err(Refusal::Forbidden.into());
        }
        self.rates.post(Person::Known(author), log.id(), actor.origin)?;
        self.append(log, author, Body::Edit { target, text }, options).await
    }

    /// Deletes a message: one's own, or as a moderator anybody's.
    ///
    /// # Errors
    /// `Forbidden`, `NoSuchMessage`, `TooFast`, or a `Fault`.
    pub async fn redact(&self, actor: &Actor, log: &Arc<RoomLog>, target: Number) -> Result<Posted, Error> {
        let author = self.may(actor, log, Verb::AmendOwn).await?;
        let written = self.existing(log, target).await?.event().author;
        if !self.is_own(actor, written).await? {
            self.authorize(actor, log, Verb::Moderate).await?;
        }
        self.rates.post(Person::Known(author), log.id(), actor.origin)?;
        self.append(log, author, Body::Redaction { target }, PostOptions::default()).await
    }

    /// Puts a reaction on a message, or takes it off.
    ///
    /// # Errors
    /// A refusal of the reaction, `NoSuchMessage`, `TooFast`, or a `Fault`.
    pub async fn react(
        &self,
        actor: &Actor,
        log: &Arc<RoomLog>,
        target: Number,
        emoji: &[u8],
        on: bool,
    ) -> Result<Posted, Error> {
        let emoji = Emoji::new(emoji)?;
        let author = self.may(actor, log, Verb::Post).await?;
        self.rates.post(Person::Known(author), log.id(), actor.origin)?;
        self.append(log, author, Body::Reaction { target, emoji, on }, PostOptions::default()).await
    }

    pub(super) async fn append(
        &self,
        log: &Arc<RoomLog>,
        author: Author,
        body: Body,
        options: PostOptions,
    ) -> Result<Posted, Error> {
        self.submit_event(log, author, body, options).await?.posted().await
    }

    pub(super) async fn submit_event(
        &self,
        log: &Arc<RoomLog>,
        author: Author,
        body: Body,
        options: PostOptions,
    ) -> Result<Submitted, Error> {
        let name = self.name_for(author, options.nick, options.fallback_nick).await?;
        let now = self.world.clock.wall();
        let draft = Draft { room: log.id(), author, name, body, key: options.key, now };
        self.drafts.submit(log, draft, options.source).await
    }

    async fn name_for(
        &self,
        author: Author,
        nick: Option<DisplayName>,
        fallback: Option<DisplayName>,
    ) -> Result<NameChoice, Error> {
        Ok(match (author, nick) {
            (Author::Guest(_), Some(nick)) => NameChoice::Given(nick),
            (Author::Guest(guest), None) => {
                NameChoice::RememberedOr(fallback.unwrap_or_else(|| guests::unnamed(guest)))
            }
            (Author::System, _) => NameChoice::Given(DisplayName::stored(SYSTEM_NAME.to_owned())),
            (Author::Account(id), _) => {
                let account = self.account_at_hand(id).await?.ok_or(Refusal::Forbidden)?;
                NameChoice::Given(account.display_name.clone())
            }
        })
    }

    async fn existing(&self, log: &RoomLog, number: Number) -> Result<Arc<Slot>, Error> {
        Ok(self.logs.message(log, number).await?.ok_or(Refusal::NoSuchMessage)?)
    }
}
