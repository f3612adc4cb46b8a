//! CHAT/1.0, framed.

use parlor_core::policy::{Standing, Verb};

use crate::chat1_client::Way as Framing;
use crate::house::{House, Room, TARA, TOM};
use crate::said::Said;
use crate::table::{Act, Cell, Column, Kind, Way, Who};

pub(crate) const CHAT1: Column = Column { door: "chat1", way, comes, says };

fn way(verb: Verb) -> Way {
    match verb {
        Verb::See => Way::By(&[Act { what: "LIST_GROUP", by: see }]),
        Verb::Enter => Way::None("a member is in a group all the time, and nobody else ever is"),
        Verb::Read => Way::By(&[Act { what: "HISTORY", by: read }]),
        Verb::Post => Way::By(&[Act { what: "SEND", by: say }]),
        Verb::AmendOwn => Way::None("no request changes a message"),
        Verb::List => Way::By(&[Act { what: "LIST_USER", by: list }]),
        Verb::Leave => Way::By(&[Act { what: "LEAVE", by: leave }]),
        Verb::Moderate => Way::None("no request deletes a message"),
        Verb::Configure => Way::None("no request changes a setting"),
        Verb::Invite => Way::By(&[Act { what: "ADD_USER", by: add }, Act { what: "RM_USER", by: remove }]),
        Verb::Promote => Way::By(&[
            Act { what: "ADD_USER of an admin", by: add_admin },
            Act { what: "RM_USER of one", by: remove_admin },
        ]),
        Verb::Close => Way::By(&[Act { what: "RM_GROUP", by: close }]),
    }
}

fn comes(who: Who, _: Verb) -> Result<(), &'static str> {
    match who {
        Who::Guest => Err("who is not logged in there is nobody, and no guest"),
        Who::Operator => Err("no request takes the server's password"),
        _ => Ok(()),
    }
}

fn says(cell: &Cell, table: Said) -> Said {
    match (cell.standing, cell.verb) {
        (Standing::Stranger, _) => Said::LogIn,
        // What is said to somebody is in a room of two, which goes by the other's name and by nothing else.
        (_, Verb::Read | Verb::Post) if cell.kind == Kind::OfTwo && cell.who == Who::Member => Said::Done,
        _ if cell.kind == Kind::OfTwo => Said::NotFound,
        // To who belongs to the lobby no more it stays open; that there are members is not theirs to know.
        (Standing::Visitor, Verb::See | Verb::List) => Said::NotFound,
        (Standing::Visitor, _) if cell.kind == Kind::Lobby => table,
        // There are groups of one's own, and no others (protocols/chat1.md).
        (Standing::Visitor, _) => Said::NotFound,
        _ => table,
    }
}

/// What somebody calls a room.
fn name(who: Who, room: &Room) -> String {
    if room.kind == Kind::OfTwo && who == Who::Member { "olga".to_owned() } else { room.word.clone() }
}

fn tries(house: &mut House, who: Who, method: &str, room: &Room, headers: &[(&str, &str)]) -> Said {
    let line = format!("{method} {}", name(who, room));
    Said::by_chat1(&house.client(who).ask(Framing::Framed, &line, headers, ""))
}

fn see(house: &mut House, who: Who, room: &mut Room) -> Said {
    let listed = house.client(who).framed("LIST_GROUP");
    match Said::by_chat1(&listed) {
        Said::Done if !listed.names("groups").contains(&room.word) => Said::NotFound,
        said => said,
    }
}

fn read(house: &mut House, who: Who, room: &mut Room) -> Said {
    let line = format!("HISTORY {}", name(who, room));
    let history = house.client(who).framed(&line);
    match Said::by_chat1(&history) {
        Said::Done if !history.texts().contains(room.first()) => Said::Else(history.body),
        said => said,
    }
}

fn say(house: &mut House, who: Who, room: &mut Room) -> Said {
    let text = house.fresh("framed");
    let line = format!("SEND {}", name(who, room));
    let said = Said::by_chat1(&house.client(who).ask(Framing::Framed, &line, &[], &text));
    if said == Said::Done {
        room.said.push(text);
    }
    said
}

fn list(house: &mut House, who: Who, room: &mut Room) -> Said {
    tries(house, who, "LIST_USER", room, &[])
}

fn leave(house: &mut House, who: Who, room: &mut Room) -> Said {
    tries(house, who, "LEAVE", room, &[])
}

fn add(house: &mut House, who: Who, room: &mut Room) -> Said {
    tries(house, who, "ADD_USER", room, &[("Invite", &format!("{TARA}:user"))])
}

fn remove(house: &mut House, who: Who, room: &mut Room) -> Said {
    tries(house, who, "RM_USER", room, &[("User", TOM)])
}

fn add_admin(house: &mut House, who: Who, room: &mut Room) -> Said {
    tries(house, who, "ADD_USER", room, &[("Invite", &format!("{TARA}:admin"))])
}

fn remove_admin(house: &mut House, who: Who, room: &mut Room) -> Said {
    // Of oneself it would be leaving.
    if who == Who::Admin {
        return add_admin(house, who, room);
    }
    tries(house, who, "RM_USER", room, &[("User", "adam")])
}

fn close(house: &mut House, who: Who, room: &mut Room) -> Said {
    tries(house, who, "RM_GROUP", room, &[])
}
