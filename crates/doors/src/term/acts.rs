//! What a line does.

use parlor_core::event::Author;
use parlor_core::sequencer::PostOptions;
use parlor_core::{Error, Refusal};
use parlor_wire::term::shown;

use super::drawing::{self, PROMPT_BYTES};
use super::lines::{Command, Line};
use super::session::{Ending, Session};

/// Rooms that are listed at most; more can be joined by name.
const LISTED_ROOMS: usize = 50;

impl Session {
    /// Does what a line says, and answers it.
    pub(super) async fn act(&mut self, line: &str) -> Result<(), Ending> {
        if let Some(log) = self.rooms.take_question() {
            let answered = self.answer_question(&log, line).await;
            self.answer_refusal(answered);
            return Ok(());
        }
        let done = match Line::read(line) {
            Line::ToEveryone(text) => self.say(text).await,
            Line::ToOne { name, text } => self.whisper(name, text).await,
            Line::Command(Command::Me(text)) => self.say_what_i_do(text).await,
            Line::Command(Command::Join(room)) => self.join(room).await,
            Line::Command(Command::Rooms) => self.list_rooms().await,
            Line::Command(Command::Help) => {
                self.caller.outlet.say(drawing::help());
                Ok(())
            }
            Line::Command(Command::Who) => {
                let connection = &self.caller.connection;
                let people = drawing::people(self.rooms.here(), connection.id(), &connection.identity());
                self.caller.answer(&people);
                Ok(())
            }
            Line::Command(Command::Leave) => {
                self.leave();
                Ok(())
            }
            Line::Command(Command::History(count)) => return self.history(count).await,
            Line::Command(Command::Quit) => return Err(Ending::Left),
            Line::UnknownCommand(command) => {
                self.caller.answer(&format!("there is no command {}; /help lists them\n", shown(command)));
                Ok(())
            }
            Line::Nothing => {
                self.caller.answer("write bc TEXT to everyone, or NAME TEXT to one person; /help tells more\n");
                Ok(())
            }
        };
        self.answer_refusal(done);
        Ok(())
    }

    fn answer_refusal(&self, done: Result<(), Error>) {
        if let Err(error) = done {
            self.caller.answer(&drawing::refusal(&self.caller.door.chat, &error));
        }
    }

    /// Says something to everybody. The prompt comes with the message, when it is durable and everybody has it.
    async fn say(&self, text: &str) -> Result<(), Error> {
        let actor = self.caller.connection.actor();
        let chat = &self.caller.door.chat;
        chat.post(&actor, self.rooms.here(), text.as_bytes(), self.options()).await.map(drop)
    }

    async fn say_what_i_do(&self, text: &str) -> Result<(), Error> {
        if text.trim().is_empty() {
            self.caller.answer("/me TEXT says what you do, for example /me waves\n");
            return Ok(());
        }
        self.say(&drawing::act(&drawing::person(&self.caller.connection.identity()), text)).await
    }

    async fn whisper(&mut self, name: &str, text: &str) -> Result<(), Error> {
        let (caller, chat) = (&self.caller, self.caller.door.chat.clone());
        let me = caller.connection.identity().who;
        // A guest is written to as the list shows it, with the mark or without.
        let person = chat.person_named(name.strip_prefix('~').unwrap_or(name)).await?;
        let Some(person) = person else {
            caller.answer(&format!("there is nobody called {}; /who tells who is here\n", shown(name)));
            return Ok(());
        };
        if Some(person) == me {
            caller.answer(&drawing::said("note to self", text));
            return Ok(());
        }
        let whispered = chat.whisper(&caller.connection.actor(), person, text.as_bytes(), self.options()).await?;
        self.letters.wrote(&whispered);
        if whispered.away && person.is_guest() {
            // Gone while it was written: nobody will ever read it.
            return Err(Refusal::Away.into());
        }
        if whispered.away {
            caller.answer(&format!("{} is away and gets it at the next visit\n", shown(name)));
        } else {
            caller.outlet.say(PROMPT_BYTES);
        }
        Ok(())
    }

    async fn list_rooms(&self) -> Result<(), Error> {
        let caller = &self.caller;
        let rooms = caller.door.chat.rooms_seen_by(&caller.connection.actor()).await?;
        let mut lines = String::new();
        for log in rooms.iter().take(LISTED_ROOMS) {
            lines.push_str(&drawing::listed_room(log));
        }
        if rooms.len() > LISTED_ROOMS {
            lines.push_str(&format!("  and {} more\n", rooms.len() - LISTED_ROOMS));
        }
        if rooms.is_empty() {
            // Without a word there would be nothing but a prompt.
            return Err(Refusal::NotFound.into());
        }
        caller.answer(&lines);
        Ok(())
    }

    fn options(&self) -> PostOptions {
        let identity = self.caller.connection.identity();
        let source = self.caller.connection.source(0);
        PostOptions {
            // What a guest says carries the name that it holds; an account has its own.
            nick: identity.who.is_some_and(Author::is_guest).then(|| identity.name.clone()),
            source: Some(source),
            ..PostOptions::default()
        }
    }
}
