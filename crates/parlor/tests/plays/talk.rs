//! What people in a play say and hear.

use std::collections::HashSet;

use crate::actors::persona::Persona;
use crate::actors::{Door, Heard, Message, Whispered, newest, web_socket};

use super::stage::{Done, Stage};

impl Stage {
    pub(crate) fn say(&mut self, who: &str, text: &str, number: Option<u64>) -> Done {
        let player = self.player(who)?;
        let told = player.actor.say(&player.room.clone(), text)?;
        check_number(player.actor.door(), told, number)
    }

    pub(crate) fn refused(&mut self, who: &str, text: &str, reason: &str) -> Done {
        let player = self.player(who)?;
        match player.actor.say(&player.room.clone(), text) {
            Ok(_) => Err("it was said".to_owned()),
            Err(said) if said.contains(reason) => Ok(()),
            Err(said) => Err(format!("{who} is told: {said}")),
        }
    }

    /// The next message of others that `who` gets is this one.
    pub(crate) fn reads(&mut self, who: &str, text: &str, whom: &str, number: Option<u64>) -> Done {
        let (place, message) = self.next_message(who)?;
        let door = self.player(who)?.actor.door();
        let said = self.persona(whom)?.said(door, &message, text);
        said.and_then(|()| check_number(door, message.number, number)).map_err(|why| {
            let heard = newest(self.players[who].actor.heard());
            format!("{who} gets {message:?}: {why}. Heard: {heard:#?}")
        })?;
        self.player(who)?.read = place + 1;
        Ok(())
    }

    /// The next message that `who` has not read, and that is neither `who`'s own nor a crowd's.
    fn next_message(&mut self, who: &str) -> Result<(usize, Message), String> {
        let player = self.player(who)?;
        let (door, persona, from) = (player.actor.door(), player.persona.clone(), player.read);
        let crowd = self.crowd.clone();
        self.wait(who, from, |heard| match heard {
            Heard::Said { message, .. } if !is_own(&persona, door, message) && !is_of(&crowd, message) => {
                Some(message.clone())
            }
            _ => None,
        })
    }

    /// `former`: see [`Stage::former`].
    pub(crate) fn finds(&mut self, who: &str, text: &str, whom: &str, former: bool) -> Done {
        const AS_FAR_BACK: usize = 500;
        let player = self.player(who)?;
        let door = player.actor.door();
        let history = player.actor.history(&player.room.clone(), AS_FAR_BACK);
        let history = history.ok_or("this door shows nothing of what was said before")?;
        let persona = if former { self.former(whom)? } else { self.persona(whom)?.clone() };
        let found = history.iter().any(|message| persona.clone().said(door, message, text).is_ok());
        if found { Ok(()) } else { Err(format!("it is not there: {history:#?}")) }
    }

    /// Somebody as the one who was here before and has gone.
    fn former(&mut self, whom: &str) -> Result<Persona, String> {
        let mut persona = self.persona(whom)?.clone();
        if persona.account.is_none() && persona.door == Door::Terminal {
            // The guest holds the name no longer, so it gets the mark of any guest's.
            persona.door = Door::WebPage;
        }
        Ok(persona)
    }

    pub(crate) fn whisper(&mut self, who: &str, text: &str, whom: &str, away: bool) -> Done {
        let to = self.persona(whom)?.clone();
        let whispered = self.player(who)?.actor.whisper(&to, text)?;
        let expected = if away { Whispered::Kept } else { Whispered::Said };
        if whispered == expected || whispered == Whispered::Taken {
            Ok(())
        } else {
            Err(format!("{who} is told that it was {whispered:?}"))
        }
    }

    pub(crate) fn may_not_whisper(&mut self, who: &str, whom: &str) -> Done {
        let to = self.persona(whom)?.clone();
        match self.player(who)?.actor.whisper(&to, "psst") {
            Ok(said) => Err(format!("it was taken: {said:?}")),
            Err(_) => Ok(()),
        }
    }

    pub(crate) fn hears(&mut self, who: &str, text: &str, whom: &str) -> Done {
        let from = self.player(who)?.whispers_read;
        let whisper = |heard: &Heard| match heard {
            Heard::Whispered { message } => Some(message.clone()),
            _ => None,
        };
        let (place, message) = self.wait(who, from, whisper)?;
        let door = self.player(who)?.actor.door();
        let author = self.persona(whom)?;
        let seen_before = author.client;
        if author.door == Door::WebPage {
            // A page is another connection in each room, also in the room of the two.
            author.client = None;
        }
        author.said(door, &message, text).map_err(|why| format!("{who} hears {message:?}: {why}"))?;
        author.client = seen_before;
        self.player(who)?.whispers_read = place + 1;
        Ok(())
    }

    /// Among what came while `who` was away is this whisper, once. Whispers of several people have no order.
    pub(crate) fn finds_whispered(&mut self, who: &str, text: &str, whom: &str, former: bool) -> Done {
        let door = self.player(who)?.actor.door();
        let mut persona = if former { self.former(whom)? } else { self.persona(whom)?.clone() };
        // The connection by which it was said may be gone, or the server may have forgotten it: its number is 0 then, and the
        // name stands in the text.
        persona.client = None;
        let remembered = persona.clone();
        if persona.account.is_none() && door.is_web_socket() {
            persona.door = Door::WebPage;
        }
        let said = |who: &Persona, message: &Message| who.clone().said(door, message, text).is_ok();
        let is_it = |heard: &Heard| match heard {
            Heard::Whispered { message } => (said(&persona, message) || said(&remembered, message)).then_some(()),
            _ => None,
        };
        self.wait(who, 0, is_it)?;
        let times = self.player(who)?.actor.heard().iter().filter(|heard| is_it(heard).is_some()).count();
        if times == 1 { Ok(()) } else { Err(format!("it came {times} times")) }
    }

    /// Of all that came so far, nothing holds this text. A later message that was read shows that it would have come.
    pub(crate) fn not_heard(&mut self, who: &str, text: &str) -> Done {
        let heard = self.player(who)?.actor.heard();
        let holds = |heard: &&Heard| format!("{heard:?}").contains(text);
        heard.iter().find(holds).map_or(Ok(()), |heard| Err(format!("{who} heard {heard:?}")))
    }

    pub(crate) fn announce(&mut self, text: &str) -> Done {
        web_socket::announce(&self.server, text);
        Ok(())
    }

    pub(crate) fn hears_announced(&mut self, who: &str, text: &str) -> Done {
        let announced = |heard: &Heard| matches!(heard, Heard::Announced { text: said } if said == text).then_some(());
        self.wait(who, 0, announced).map(drop)
    }
}

/// Where the door shows numbers, it is this one.
fn check_number(door: Door, told: Option<u64>, expected: Option<u64>) -> Done {
    match (told, expected) {
        (None, _) if !door.has_numbers() => Ok(()),
        (Some(_), None) => Ok(()),
        (told, expected) if told == expected => Ok(()),
        (told, expected) => Err(format!("the number is {told:?}, not {expected:?}")),
    }
}

pub(super) fn is_own(own: &Persona, door: Door, message: &Message) -> bool {
    own.clone().is(door, &message.author).is_ok() && own.door == door
}

/// Whether the text is one of a crowd's, whatever the door puts before it.
fn is_of(crowd: &HashSet<String>, message: &Message) -> bool {
    let said = message.text.rsplit(": ").next().unwrap_or_default();
    crowd.contains(said)
}
