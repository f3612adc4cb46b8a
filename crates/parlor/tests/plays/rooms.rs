//! Rooms and accounts of a play, and its server.

use crate::actors::persona::Persona;
use crate::actors::{Door, Heard, NewRoom, web_socket};
use crate::support::http::get;

use super::stage::{Done, Stage};

impl Stage {
    pub(crate) fn make_room(&mut self, who: &str, room: &str, question: Option<(&str, &str)>, vanishes: bool) -> Done {
        let player = self.player(who)?;
        player.actor.make_room(&NewRoom { name: room, question, vanishes });
        player.room = room.to_owned();
        Ok(())
    }

    pub(crate) fn remove_room(&mut self, who: &str, room: &str) -> Done {
        self.player(who)?.actor.remove_room(room);
        Ok(())
    }

    pub(crate) fn take_in(&mut self, who: &str, whom: &str, room: &str) -> Done {
        self.player(who)?.actor.add_member(room, &whom.to_lowercase())
    }

    pub(crate) fn may_not_take_in(&mut self, who: &str, whom: &str, room: &str) -> Done {
        match self.take_in(who, whom, room) {
            Ok(()) => Err(format!("{whom} is in {room}")),
            Err(_) => Ok(()),
        }
    }

    pub(crate) fn put_out(&mut self, who: &str, whom: &str, room: &str) -> Done {
        self.player(who)?.actor.remove_member(room, &whom.to_lowercase())
    }

    pub(crate) fn told_gone(&mut self, who: &str, room: &str) -> Done {
        self.wait(who, 0, |heard| matches!(heard, Heard::Gone { room: gone } if gone == room).then_some(())).map(drop)
    }

    pub(crate) fn told_opened(&mut self, who: &str, room: &str) -> Done {
        let opened = |heard: &Heard| matches!(heard, Heard::Opened { room: opened } if opened == room).then_some(());
        self.wait(who, 0, opened).map(drop)
    }

    pub(crate) fn no_room(&mut self, room: &str) -> Done {
        let asked = self.server.ask(get(format!("/chat/{room}")));
        if asked.status == 404 { Ok(()) } else { Err(format!("/chat/{room} answers {}", asked.status)) }
    }

    pub(crate) fn add_account(&mut self, who: &str, password: &str) -> Done {
        let number = self.accounts.len() as u64 + 1;
        web_socket::add_account(&self.server, number, &who.to_lowercase(), password);
        self.accounts.insert(who.to_owned(), (password.to_owned(), number));
        Ok(())
    }

    pub(crate) fn log_in(&mut self, who: &str, password: &str) -> Done {
        let number = self.accounts.get(who).ok_or_else(|| format!("{who} has no account"))?.1;
        let handle = who.to_lowercase();
        let player = self.player(who)?;
        player.actor.log_in(&handle, password)?;
        player.persona.account = Some(number);
        player.persona.name = Some(handle);
        player.persona.guest = None;
        Ok(())
    }

    pub(crate) fn may_not_log_in(&mut self, who: &str, password: &str) -> Done {
        let handle = who.to_lowercase();
        match self.player(who)?.actor.log_in(&handle, password) {
            Ok(()) => Err(format!("{who} is logged in")),
            Err(_) => Ok(()),
        }
    }

    pub(crate) fn log_out(&mut self, who: &str) -> Done {
        let player = self.player(who)?;
        player.actor.log_out();
        // Who logs out is a new guest, of whom nothing is known but the connection.
        player.persona = Persona::guest(player.actor.door(), None, player.actor.own());
        Ok(())
    }

    pub(crate) fn restart(&mut self, kill: bool) -> Done {
        if kill {
            self.server.kill_and_start();
            return Ok(());
        }
        self.server.terminate();
        let status = self.server.ended();
        self.server.start_again();
        if status.success() { Ok(()) } else { Err(format!("it ended with {status}")) }
    }

    pub(crate) fn come_back(&mut self, who: &str) -> Done {
        let account = self.accounts.get(who).cloned();
        let Stage { server, players, .. } = self;
        let player = players.get_mut(who).ok_or_else(|| format!("{who} is not in the play yet"))?;
        player.actor.come_back(server);
        if !matches!(player.actor.door(), Door::WebPage | Door::Chat1) {
            // A new connection, to which nothing of before comes; a page goes on where it was.
            player.read = player.actor.heard().len();
        }
        let own = player.actor.own();
        player.persona.client = own.client;
        if player.persona.account.is_none() && player.actor.door() != Door::WebPage {
            // Another guest, who may have taken the same name.
            player.persona.guest = own.guest;
            player.persona.name = player.persona.name.take().filter(|_| player.actor.door() == Door::Terminal);
        }
        match account.filter(|_| player.persona.account.is_some() && player.actor.door().is_web_socket()) {
            Some((password, _)) => player.actor.log_in(&who.to_lowercase(), &password),
            None => Ok(()),
        }
    }
}
