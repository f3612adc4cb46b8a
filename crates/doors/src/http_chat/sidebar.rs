//! Who is here and who wrote privately, for a page as it is first shown.

use std::sync::Arc;

use parlor_core::event::Author;
use parlor_core::room_log::RoomLog;
use parlor_core::{Actor, Error};

use super::Door;
use super::here::{self, List, Person, Private};
use super::pages::{Belonging, Here, Present, PrivateRoom};

/// What the page borrows from.
pub(super) struct Sidebar {
    list: Arc<List>,
    /// Whoever looks, if known.
    me: Option<Person>,
    private: Vec<Private>,
    rooms: Vec<here::Belonging>,
    /// The other one of a room of two.
    with: Option<Person>,
}

impl Sidebar {
    /// Looks who is in a room, for somebody of this name.
    ///
    /// # Errors
    /// A `Fault` of the store.
    pub(super) async fn of(door: &Door, actor: &Actor, name: &str, log: &RoomLog) -> Result<Sidebar, Error> {
        let (chat, people) = (&*door.http.chat, &*door.people);
        let (list, key) = (door.lists.of(log), log.key());
        let mut sidebar = Sidebar { list, me: None, private: Vec::new(), rooms: Vec::new(), with: None };
        let Some(me) = actor.author() else { return Ok(sidebar) };
        sidebar.me = Some(Person::new(me, name));
        if let Author::Account(account) = me {
            let told = door.belongings.of((chat, people), actor, account).await?;
            (sidebar.private, sidebar.rooms) = told.split(key.as_str());
        } else {
            sidebar.private = here::private(chat, people, me).await?;
            sidebar.private.retain(|room| room.key != key.as_str());
        }
        let other: Option<Author> = log.room().other(me);
        if let Some(other) = other {
            sidebar.with = here::person(chat, people, other).await?;
        }
        Ok(sidebar)
    }

    /// As the page shows it.
    pub(super) fn here(&self) -> Here<'_> {
        let is_me = |person: &&Person| self.me.as_ref().is_some_and(|me| me.id == person.id);
        let others = self.list.people.iter().filter(|person| !is_me(person));
        let was_here = self.list.people.iter().any(|person| is_me(&person));
        let me = self.me.iter().map(|me| present(me, true));
        Here {
            count: self.list.count + usize::from(self.me.is_some() && !was_here),
            people: me.chain(others.map(|person| present(person, false))).collect(),
            private: self.private.iter().map(private).collect(),
            rooms: self.rooms.iter().map(belonging).collect(),
        }
    }

    /// What a room of two is called: as the other one is.
    pub(super) fn with(&self) -> Option<String> {
        self.with.as_ref().map(Person::shown)
    }
}

fn present(person: &Person, me: bool) -> Present<'_> {
    Present { id: &person.id, name: &person.name, guest: person.guest, me }
}

fn private(room: &Private) -> PrivateRoom<'_> {
    PrivateRoom {
        key: &room.key,
        with: present(&room.with, false),
        number: room.number,
        unread: room.unread.unwrap_or(0),
    }
}

fn belonging(room: &here::Belonging) -> Belonging<'_> {
    Belonging { key: &room.key, subject: &room.subject, unread: room.unread }
}
