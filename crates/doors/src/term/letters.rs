//! What one person says to another.

use std::sync::Arc;

use parlor_core::Chat;
use parlor_core::connections::Identity;
use parlor_core::event::Author;
use parlor_core::ids::Number;
use parlor_core::room_log::RoomLog;
use parlor_wire::term::shown;

use super::drawing;
use super::session::{Ending, Session};
use crate::live::Letter;

/// Bytes of letters that are put into one update.
const UPDATE_BYTES: usize = 48 * 1024;

/// Letters that are drawn and not written yet.
#[derive(Default)]
struct Drawn {
    lines: String,
    /// How far each of their rooms is seen once they are written.
    marks: Vec<(Arc<RoomLog>, Number)>,
}

impl Session {
    /// Shows what was written to this person since, and marks it as seen once it was written to the socket.
    pub(super) async fn read_letters(&mut self) -> Result<(), Ending> {
        let chat = self.caller.door.chat.clone();
        let identity = self.caller.connection.identity();
        let mut drawn = Drawn::default();
        loop {
            let letters = match self.letters.next(&chat, &self.caller.connection).await {
                Ok(letters) => letters,
                Err(error) => {
                    drawn.lines.push_str(&drawing::refusal(&chat, &error));
                    break;
                }
            };
            let Some(last) = letters.last() else { break };
            let other = other_of(&chat, &last.log, &identity).await;
            for letter in letters.iter().filter(|letter| self.is_news(letter, identity.who)) {
                let lines = drawing::letter(&chat, letter.slot.event(), identity.who, &other);
                drawn.lines.push_str(&lines.unwrap_or_default());
            }
            drawn.marks.retain(|(log, _)| log.id() != last.log.id());
            drawn.marks.push((last.log.clone(), last.slot.event().number));
            if drawn.lines.len() > UPDATE_BYTES {
                self.show(std::mem::take(&mut drawn)).await?;
            }
        }
        self.show(drawn).await?;
        self.caught_up = true;
        Ok(())
    }

    async fn show(&self, drawn: Drawn) -> Result<(), Ending> {
        if !drawn.lines.is_empty() {
            let opening = if self.caught_up { "" } else { "while you were away:\n" };
            self.caller.outlet.say(drawing::update(&format!("{opening}{}", drawn.lines)));
            self.caller.flush().await?;
        }
        let actor = self.caller.connection.actor();
        for (log, number) in drawn.marks {
            if let Err(error) = self.caller.door.chat.mark_seen(&actor, &log, number).await {
                // They are shown once more next time, which is better than never.
                tracing::debug!(%error, "what was shown could not be marked as seen");
            }
        }
        Ok(())
    }

    /// What this connection said itself is on its screen, and what its person said before it came is known.
    fn is_news(&self, letter: &Letter, me: Option<Author>) -> bool {
        let before = !self.caught_up && Some(letter.slot.event().author) == me;
        !letter.own && !before
    }
}

/// The name of the other one of a room of two.
async fn other_of(chat: &Chat, log: &RoomLog, me: &Identity) -> String {
    let room = log.room();
    if let Some(Author::Guest(guest)) = me.who.and_then(|me| room.other(me))
        && let Ok(name) = chat.guest_name(guest).await
    {
        let mark = if chat.holds_name(guest, &name) { "" } else { "~" };
        return format!("{mark}{}", shown(name.as_str()));
    }
    // The subject is the handles of both, in their order.
    let subject = room.subject.as_str();
    let handle = me.handle.as_ref().map_or("", |handle| handle.as_str());
    let is_first = room.direct.is_some_and(|(first, _)| Some(first) == me.who);
    let other = if is_first {
        subject.strip_prefix(handle).and_then(|rest| rest.strip_prefix(", "))
    } else {
        subject.strip_suffix(handle).and_then(|rest| rest.strip_suffix(", "))
    };
    shown(other.unwrap_or(subject)).into_owned()
}
