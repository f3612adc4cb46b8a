//! The pages of HTTP long-poll chat, as a program asks for them.

use parlor_core::policy::{Standing, Verb};

use crate::house::{ANSWER, House, Room, TARA, TOM};
use crate::said::Said;
use crate::support::http::{Request, get, post, post_form};
use crate::table::{Act, Cell, Column, Way, Who, by_the_table};

pub(crate) const PAGES: Column = Column { door: "http-chat", way, comes, says };

fn way(verb: Verb) -> Way {
    match verb {
        Verb::See => Way::By(&[Act { what: "its page", by: see }, Act { what: "its name", by: find }]),
        Verb::Enter => Way::By(&[Act { what: "the answer", by: answer }]),
        Verb::Read => Way::By(&[
            Act { what: "its page", by: show },
            Act { what: "a message", by: read },
            Act { what: "who is here", by: look_around },
            Act { what: "how far it was seen", by: mark_seen },
        ]),
        Verb::Post => Way::By(&[Act { what: "a message", by: say }]),
        Verb::AmendOwn => Way::None("the pages change no message"),
        Verb::List => Way::By(&[Act { what: "its members", by: list }]),
        Verb::Leave => Way::By(&[Act { what: "leave", by: leave }]),
        Verb::Moderate => Way::None("the pages delete no message"),
        Verb::Configure => Way::None("the pages change no setting"),
        Verb::Invite => Way::By(&[
            Act { what: "a new member", by: add_member },
            Act { what: "no member any more", by: remove },
            Act { what: "keep out", by: ban },
            Act { what: "a link", by: invite },
        ]),
        Verb::Promote => Way::By(&[
            Act { what: "a new admin", by: add_admin },
            Act { what: "a member becomes admin", by: promote },
            Act { what: "an admin becomes member", by: demote },
        ]),
        Verb::Close => Way::By(&[Act { what: "close", by: close }]),
    }
}

fn comes(who: Who, _: Verb) -> Result<(), &'static str> {
    match who {
        Who::Operator => Err("pages know no server password; whoever runs the server has an account there"),
        _ => Ok(()),
    }
}

fn says(cell: &Cell, table: Said) -> Said {
    let nobody = matches!(cell.who, Who::Stranger | Who::Guest);
    match cell.verb {
        // Whether there is such a room or not.
        Verb::List | Verb::Leave | Verb::Invite | Verb::Promote | Verb::Close if nobody => Said::LogIn,
        // Who does something without a cookie is a new guest (protocols/http-chat.md).
        Verb::Enter | Verb::Post if cell.who == Who::Stranger => {
            by_the_table(&Cell { standing: Standing::Visitor, ..*cell })
        }
        _ => table,
    }
}

fn tries(house: &mut House, who: Who, request: Request) -> Said {
    Said::by_page(&house.ask(who, request))
}

fn see(house: &mut House, who: Who, room: &mut Room) -> Said {
    tries(house, who, get(format!("/chat/{}", room.key)))
}

fn find(house: &mut House, who: Who, room: &mut Room) -> Said {
    tries(house, who, get(format!("/chat/{}", room.word)))
}

fn answer(house: &mut House, who: Who, room: &mut Room) -> Said {
    tries(house, who, post_form(format!("/answer/{}", room.key), &[("answer", ANSWER)]))
}

fn show(house: &mut House, who: Who, room: &mut Room) -> Said {
    let page = house.ask(who, get(format!("/chat/{}", room.key)));
    match Said::by_page(&page) {
        // It asks the question instead.
        Said::Done if page.header("chat-number").is_none() => {
            assert!(!page.text().contains(room.first()), "{}", page.text());
            Said::Forbidden
        }
        said => said,
    }
}

fn read(house: &mut House, who: Who, room: &mut Room) -> Said {
    tries(house, who, get(format!("/msg/{}/1?wait=0", room.key)))
}

fn look_around(house: &mut House, who: Who, room: &mut Room) -> Said {
    tries(house, who, get(format!("/here/{}?wait=0", room.key)))
}

fn mark_seen(house: &mut House, who: Who, room: &mut Room) -> Said {
    tries(house, who, post_form(format!("/seen/{}", room.key), &[("number", "1")]))
}

fn say(house: &mut House, who: Who, room: &mut Room) -> Said {
    let text = house.fresh("page");
    let said = tries(house, who, post(format!("/send/{}", room.key), text.clone()));
    if said == Said::Done {
        room.said.push(text);
    }
    said
}

fn list(house: &mut House, who: Who, room: &mut Room) -> Said {
    tries(house, who, get(format!("/chat/{}/members", room.key)))
}

fn leave(house: &mut House, who: Who, room: &mut Room) -> Said {
    tries(house, who, post(format!("/chat/{}/leave", room.key), ""))
}

fn add_member(house: &mut House, who: Who, room: &mut Room) -> Said {
    tries(house, who, post_form(format!("/chat/{}/members", room.key), &[("names", TARA), ("as", "member")]))
}

fn add_admin(house: &mut House, who: Who, room: &mut Room) -> Said {
    tries(house, who, post_form(format!("/chat/{}/members", room.key), &[("names", TARA), ("as", "admin")]))
}

fn change_role(house: &mut House, who: Who, room: &Room, (whom, role): (&str, &str)) -> Said {
    let whom = house.id(whom);
    tries(house, who, post_form(format!("/chat/{}/role", room.key), &[("who", &whom), ("role", role)]))
}

fn remove(house: &mut House, who: Who, room: &mut Room) -> Said {
    change_role(house, who, room, (TOM, "none"))
}

fn ban(house: &mut House, who: Who, room: &mut Room) -> Said {
    change_role(house, who, room, (TARA, "banned"))
}

fn promote(house: &mut House, who: Who, room: &mut Room) -> Said {
    change_role(house, who, room, (TOM, "admin"))
}

fn demote(house: &mut House, who: Who, room: &mut Room) -> Said {
    change_role(house, who, room, ("adam", "member"))
}

fn invite(house: &mut House, who: Who, room: &mut Room) -> Said {
    tries(house, who, post_form(format!("/chat/{}/invite", room.key), &[("uses", "1"), ("days", "1")]))
}

fn close(house: &mut House, who: Who, room: &mut Room) -> Said {
    tries(house, who, post(format!("/chat/{}/close", room.key), ""))
}
