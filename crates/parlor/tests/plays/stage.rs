//! Where a play takes place: one server, and everybody in the play with what the play knows of them; how they come and go.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::actors::persona::{Persona, Seen};
use crate::actors::{Actor, Door, Heard, SERVER_PASSWORD, come, listen_for, newest};
use crate::support::server::Server;

pub(crate) type Done = Result<(), String>;

/// How somebody's being in a room changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Came {
    In,
    Out,
    /// The connection broke.
    Off,
}

pub(crate) struct Stage {
    pub(super) server: Server,
    pub(super) players: BTreeMap<String, Player>,
    /// The passwords and numbers of those who have an account, by their names in the play.
    pub(super) accounts: BTreeMap<String, (String, u64)>,
    /// Texts that were said in a crowd: who reads one by one passes over them.
    pub(super) crowd: HashSet<String>,
    /// What was acknowledged in a crowd, by whom, in each one's order.
    pub(super) acknowledged: BTreeMap<String, Vec<String>>,
    /// How often the server was killed while they spoke.
    pub(super) lives: usize,
}

/// Somebody in the play.
pub(crate) struct Player {
    pub(super) actor: Box<dyn Actor>,
    pub(super) persona: Persona,
    /// Where the person speaks.
    pub(super) room: String,
    /// How much of what it heard was looked at for messages; the same for whispers.
    pub(super) read: usize,
    pub(super) whispers_read: usize,
    /// What else of what it heard was looked at.
    noticed: BTreeSet<usize>,
}

impl Stage {
    pub(crate) fn new() -> Stage {
        let variables = [
            ("PARLOR_TERM", "127.0.0.1:0"),
            ("PARLOR_CHAT", "127.0.0.1:0"),
            ("PARLOR_SERVER_PASSWORD", SERVER_PASSWORD),
        ];
        Stage {
            server: Server::unlimited_with(&variables),
            players: BTreeMap::new(),
            accounts: BTreeMap::new(),
            crowd: HashSet::new(),
            acknowledged: BTreeMap::new(),
            lives: 0,
        }
    }

    /// What the server has logged.
    pub(crate) fn log(&self) -> String {
        self.server.log()
    }

    pub(super) fn player(&mut self, who: &str) -> Result<&mut Player, String> {
        self.players.get_mut(who).ok_or_else(|| format!("{who} is not in the play yet"))
    }

    pub(super) fn persona(&mut self, who: &str) -> Result<&mut Persona, String> {
        Ok(&mut self.player(who)?.persona)
    }

    /// Waits until `who` hears something that `found` takes, which is not before the `from`-th that it heard; answers its
    /// place and what `found` made of it.
    pub(super) fn wait<T>(
        &mut self,
        who: &str,
        from: usize,
        found: impl Fn(&Heard) -> Option<T>,
    ) -> Result<(usize, T), String> {
        listen_for(&mut *self.player(who)?.actor, |heard| {
            let mut later = heard.iter().enumerate().skip(from);
            later.find_map(|(place, heard)| Some((place, found(heard)?)))
        })
    }

    pub(crate) fn come_in(&mut self, who: &str, door: Door, name: &str) -> Done {
        let actor = come(door, &self.server, Some(name))?;
        // Guests of the web socket have no name of their own.
        let persona = Persona::guest(door, (!door.is_web_socket()).then_some(name), actor.own());
        self.enter_lobby(who, actor, persona)
    }

    /// Comes in and logs in at once. `account`: whose account it is.
    pub(crate) fn come_in_with(&mut self, who: &str, door: Door, account: &str, password: &str) -> Done {
        let name = account.to_lowercase();
        let mut actor = come(door, &self.server, None)?;
        actor.log_in(&name, password)?;
        let number = self.accounts.get(account).map(|(_, number)| *number);
        let own = actor.own();
        self.enter_lobby(who, actor, Persona { account: number, ..Persona::guest(door, Some(&name), own) })
    }

    /// The same with the password that the account was made with.
    pub(crate) fn come_in_as(&mut self, who: &str, door: Door, account: &str) -> Done {
        let known = self.accounts.get(account).ok_or_else(|| format!("{account} has no account"))?;
        let password = known.0.clone();
        self.come_in_with(who, door, account, &password)
    }

    pub(crate) fn may_not_come_in(&mut self, door: Door, name: &str) -> Done {
        match come(door, &self.server, Some(name)) {
            Ok(_) => Err(format!("{name:?} is taken for a name")),
            Err(_) => Ok(()),
        }
    }

    fn enter_lobby(&mut self, who: &str, mut actor: Box<dyn Actor>, mut persona: Persona) -> Done {
        actor.enter("lobby", None)?;
        let own = actor.own();
        persona.guest = own.guest;
        let player =
            Player { actor, persona, room: "lobby".to_owned(), read: 0, whispers_read: 0, noticed: BTreeSet::new() };
        self.players.insert(who.to_owned(), player);
        Ok(())
    }

    pub(crate) fn enter(&mut self, who: &str, room: &str, answer: Option<&str>) -> Done {
        let player = self.player(who)?;
        player.actor.enter(room, answer)?;
        player.room = room.to_owned();
        Ok(())
    }

    pub(crate) fn kept_out(&mut self, who: &str, room: &str, answer: Option<&str>) -> Done {
        match self.player(who)?.actor.enter(room, answer) {
            Ok(()) => Err(format!("{who} is in {room}")),
            Err(_) => Ok(()),
        }
    }

    pub(crate) fn go_out(&mut self, who: &str, room: &str) -> Done {
        let player = self.player(who)?;
        player.actor.leave_room(room);
        player.room = "lobby".to_owned();
        Ok(())
    }

    pub(crate) fn leave(&mut self, who: &str) -> Done {
        self.player(who)?.actor.leave();
        Ok(())
    }

    pub(crate) fn break_off(&mut self, who: &str) -> Done {
        self.player(who)?.actor.break_off();
        Ok(())
    }

    /// The server ends the connection.
    pub(crate) fn cut_off(&mut self, who: &str) -> Done {
        self.wait(who, 0, |heard| (*heard == Heard::Ended).then_some(())).map(drop)
    }

    /// `who` is told that `whom` came or went.
    pub(crate) fn sees(&mut self, who: &str, whom: &str, came: Came) -> Done {
        let persona = self.persona(whom)?.clone();
        let others = self.others(whom);
        let player = self.player(who)?;
        let (door, noticed) = (player.actor.door(), player.noticed.clone());
        let is_whom = |seen: &Seen| {
            // Somebody of whom nothing is known yet may be whom we wait for, but not one who is known to be another.
            let mut persona = persona.clone();
            let is = !others.iter().any(|other| other.is_known_as(door, seen)) && persona.is(door, seen).is_ok();
            is.then_some(persona)
        };
        let found = |heard: &[Heard]| {
            let fresh = heard.iter().enumerate().filter(|(place, _)| !noticed.contains(place));
            let mut fits = fresh.filter_map(|(place, heard)| {
                let seen = match (heard, came) {
                    (Heard::Came { who, .. }, Came::In) => who,
                    (Heard::Left { who, broke: false, .. }, Came::Out) => who,
                    // A door may tell no difference.
                    (Heard::Left { who, broke, .. }, Came::Off) if *broke || door != Door::Terminal => who,
                    _ => return None,
                };
                Some((place, is_whom(seen)?))
            });
            fits.next()
        };
        let (place, persona) = listen_for(&mut *player.actor, found)?;
        player.noticed.insert(place);
        *self.persona(whom)? = persona;
        Ok(())
    }

    fn others(&self, whom: &str) -> Vec<Persona> {
        let others = self.players.iter().filter(|(name, _)| *name != whom);
        others.map(|(_, player)| player.persona.clone()).collect()
    }

    /// `whom` was seen to come before a text was read.
    pub(crate) fn saw_before(&mut self, who: &str, whom: &str, text: &str) -> Done {
        let mut persona = self.persona(whom)?.clone();
        let player = self.player(who)?;
        let (door, heard) = (player.actor.door(), player.actor.heard());
        let came = heard.iter().position(|heard| match heard {
            Heard::Came { who, .. } => persona.is(door, who).is_ok(),
            _ => false,
        });
        let read =
            heard.iter().position(|heard| matches!(heard, Heard::Said { message, .. } if message.text.ends_with(text)));
        match (came, read) {
            (Some(came), Some(read)) if came < read => Ok(()),
            places => Err(format!("they came in the places {places:?} of {:#?}", newest(heard))),
        }
    }

    pub(crate) fn finds_here(&mut self, who: &str, expected: &[String]) -> Done {
        let player = self.player(who)?;
        let (door, room) = (player.actor.door(), player.room.clone());
        let deadline = std::time::Instant::now() + crate::support::PATIENCE;
        loop {
            let here = self.player(who)?.actor.here(&room);
            let mut missing = expected.to_vec();
            for seen in &here {
                let known = |stage: &mut Stage, name: &String| {
                    let other = stage.others(name).iter().any(|other| other.is_known_as(door, seen));
                    Ok::<bool, String>(!other && stage.persona(name)?.is(door, seen).is_ok())
                };
                let mut place = None;
                for (index, name) in missing.iter().enumerate() {
                    if place.is_none() && known(self, name)? {
                        place = Some(index);
                    }
                }
                place.map(|place| missing.remove(place));
            }
            if missing.is_empty() && here.len() == expected.len() {
                return Ok(());
            }
            if std::time::Instant::now() > deadline {
                return Err(format!("{here:?} are here"));
            }
            // Presence follows what happens; nobody is told how soon.
            self.player(who)?.actor.listen();
        }
    }
}
