//! `parlor room ...`, as whoever runs the server: no door, and the one place where its operator acts on rooms by name.

use parlor_core::policy::Verb;

use crate::house::{House, Room, TARA, TOM};
use crate::said::Said;
use crate::table::{Act, Cell, Column, Kind, Way, Who};

pub(crate) const COMMANDS: Column = Column { door: "commands", way, comes, says };

fn way(verb: Verb) -> Way {
    match verb {
        Verb::See => Way::By(&[Act { what: "room list", by: see }]),
        Verb::Enter => Way::None("the operator's commands go into no room"),
        Verb::Read => Way::None("the operator's commands read nothing that people say"),
        Verb::Post => Way::None("the operator's commands say nothing"),
        Verb::AmendOwn => Way::None("the operator's commands change no message"),
        Verb::List => Way::By(&[Act { what: "room members", by: list }]),
        Verb::Leave => Way::None("the operator belongs to no room"),
        Verb::Moderate => Way::None("the operator's commands delete no message"),
        Verb::Configure => Way::By(&[Act { what: "room rename", by: rename }]),
        Verb::Invite => Way::By(&[Act { what: "room members --add", by: add }, Act { what: "--remove", by: remove }]),
        Verb::Promote => Way::By(&[
            Act { what: "room members --admin", by: add_admin },
            Act { what: "--remove of an admin", by: remove_admin },
        ]),
        Verb::Close => Way::By(&[Act { what: "room close", by: close }]),
    }
}

fn comes(who: Who, _: Verb) -> Result<(), &'static str> {
    match who {
        Who::Operator => Ok(()),
        _ => Err("the socket is of mode 0600 and of the data directory: who is not the operator can't open it"),
    }
}

fn says(cell: &Cell, table: Said) -> Said {
    match (cell.verb, cell.kind) {
        // A room of two is in no list; who has its key finds it.
        (Verb::See, Kind::OfTwo) => Said::NotFound,
        _ => table,
    }
}

fn tries(house: &House, words: &[&str]) -> Said {
    match house.command(words) {
        Ok(_) => Said::Done,
        Err(refused) => Said::by_sentence(&refused),
    }
}

fn see(house: &mut House, _: Who, room: &mut Room) -> Said {
    let listed = house.rows(&["room", "list"]).iter().any(|row| row["key"] == room.key);
    if listed { Said::Done } else { Said::NotFound }
}

fn list(house: &mut House, _: Who, room: &mut Room) -> Said {
    tries(house, &["room", "members", &room.key])
}

fn rename(house: &mut House, _: Who, room: &mut Room) -> Said {
    let name = house.fresh("other");
    tries(house, &["room", "rename", &room.key, &name])
}

fn add(house: &mut House, _: Who, room: &mut Room) -> Said {
    tries(house, &["room", "members", &room.key, "--add", TARA])
}

fn remove(house: &mut House, _: Who, room: &mut Room) -> Said {
    tries(house, &["room", "members", &room.key, "--remove", if room.kind == Kind::OfTwo { "mira" } else { TOM }])
}

fn add_admin(house: &mut House, _: Who, room: &mut Room) -> Said {
    tries(house, &["room", "members", &room.key, "--admin", TARA])
}

fn remove_admin(house: &mut House, _: Who, room: &mut Room) -> Said {
    tries(house, &["room", "members", &room.key, "--remove", if room.kind == Kind::OfTwo { "mira" } else { "adam" }])
}

fn close(house: &mut House, _: Who, room: &mut Room) -> Said {
    tries(house, &["room", "close", &room.key])
}
