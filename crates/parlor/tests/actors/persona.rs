//! Who somebody is, and how each door shows them: what the tests expect, written down apart from the server's code.

use super::screen;
use super::{Door, Message, Own};

/// A person, as far as the test knows. What only the server decides (a guest's number, a connection's) is learned when it
/// is first seen, and must stay the same from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Persona {
    pub(crate) door: Door,
    /// A handle, a name held at a terminal, a nickname; without `~`. `None`: `guest-ID`, not yet seen.
    pub(crate) name: Option<String>,
    /// `guest-ID`, once it is known.
    pub(crate) guest: Option<String>,
    /// The number of the account. `None`: a guest.
    pub(crate) account: Option<u64>,
    /// The number of the connection where the web socket shows it, once it was seen.
    pub(crate) client: Option<u64>,
}

/// Somebody as a door shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    Named(String),
    /// By numbers: of the connection, and of the account (0: none). The name stands only where people come, go and are
    /// listed.
    Client {
        client: u64,
        user: u64,
        name: Option<String>,
    },
}

impl Persona {
    /// A guest at a door, or who has the account that the door gave.
    pub(crate) fn guest(door: Door, name: Option<&str>, own: Own) -> Persona {
        Persona { door, name: name.map(str::to_owned), guest: own.guest, account: own.account, client: own.client }
    }

    /// Whether this is the person's `text`, as it should look at `reader`'s door; learns what was not known yet.
    ///
    /// # Errors
    /// What it should have been.
    pub(crate) fn said(&mut self, reader: Door, message: &Message, text: &str) -> Result<(), String> {
        self.is(reader, &message.author)?;
        let expected = if reader.is_web_socket() && !self.door.is_web_socket() && self.account.is_none() {
            // Its authors are numbers, so a guest of another door is named in the text.
            self.learn_name(message.text.split_once(": ").map(|(name, _)| name).unwrap_or_default())?;
            format!("{}: {text}", self.shown_name(reader))
        } else if reader == Door::Terminal {
            screen::as_shown(text)
        } else {
            text.to_owned()
        };
        if message.text == expected { Ok(()) } else { Err(format!("not {expected:?} but {:?}", message.text)) }
    }

    /// Whether this is how the person is shown at `reader`'s door.
    ///
    /// # Errors
    /// What it should have been.
    pub(crate) fn is(&mut self, reader: Door, seen: &Seen) -> Result<(), String> {
        match seen {
            Seen::Named(name) => {
                self.learn_name(name)?;
                let expected = self.shown_name(reader);
                if *name == expected { Ok(()) } else { Err(format!("not by {expected:?} but by {name:?}")) }
            }
            Seen::Client { client, user, name } => {
                let expected = (*self.client.get_or_insert(*client), self.account.unwrap_or(0));
                if (*client, *user) != expected {
                    return Err(format!("not by {expected:?} but by {:?}", (client, user)));
                }
                let expected = self.account.and(self.name.as_deref()).unwrap_or_default();
                match name {
                    Some(name) if self.door.is_web_socket() && name != expected => {
                        Err(format!("not under the name {expected:?} but {name:?}"))
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    /// Whether this is certainly the person, as far as it is known.
    pub(crate) fn is_known_as(&self, reader: Door, seen: &Seen) -> bool {
        let known = match seen {
            Seen::Named(_) => self.name.is_some(),
            Seen::Client { .. } => self.client.is_some(),
        };
        known && self.clone().is(reader, seen).is_ok()
    }

    /// A guest who gave no name has one all the same.
    fn learn_name(&mut self, shown: &str) -> Result<(), String> {
        if self.name.is_some() {
            return Ok(());
        }
        let name = shown.strip_prefix('~').unwrap_or_default();
        let is_number = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        if !name.strip_prefix("guest-").is_some_and(is_number) {
            return Err(format!("a guest without a name is ~guest-ID, not {shown:?}"));
        }
        if self.guest.as_deref().is_some_and(|guest| guest != name) {
            return Err(format!("the guest is ~{}, not {shown:?}", self.guest.as_deref().unwrap_or_default()));
        }
        self.guest = Some(name.to_owned());
        self.name = self.guest.clone();
        Ok(())
    }

    /// The name with `~` before a guest's; among terminals a held name needs none.
    fn shown_name(&self, reader: Door) -> String {
        let name = self.name.as_deref().expect("the name is known");
        let plain = self.account.is_some() || (self.door == Door::Terminal && reader == Door::Terminal);
        format!("{}{name}", if plain { "" } else { "~" })
    }
}
