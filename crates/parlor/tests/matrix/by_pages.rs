//! The pages of HTTP long-poll chat, as a program asks for them.

use parlor_core::policy::{Standing, Verb};

use crate::house::{ANSWER, House, Room, TARA, TOM};
use crate::said::Said;
use crate::support::http::{Request, get, post, post_form};
use crate::table::{Act, Cell, Column, Way, Who, by_the_table};

pub(crate) const PAGES: Column = Column { door: "http-chat", way, comes, says };

fn way(verb: Verb) -> Way {
    match verb {
        Verb::See => Way::By(&[
            Act { what: "GET /chat/{room}", by: see },
            Act { what: "GET /chat/{room}, by its name", by: find },
        ]),
        Verb::Enter => Way::By(&[Act { what: "POST /answer/{room}", by: answer }]),
        Verb::Read => Way::By(&[
            Act { what: "GET /chat/{room}, what was said", by: show },
            Act { what: "GET /msg/{room}/{number}", by: read },
            Act { what: "GET /here/{room}", by: look_around },
            Act { what: "POST /seen/{room}", by: mark_seen },
        ]),
        Verb::Post => Way::By(&[Act { what: "POST /send/{room}", by: say }]),
        Verb::AmendOwn => Way::None("the pages change no message"),
        Verb::List => Way::By(&[Act { what: "GET /chat/{room}/members", by: list }]),
        Verb::Leave => Way::By(&[Act { what: "POST /chat/{room}/leave", by: leave }]),
        Verb::Moderate => Way::None("the pages delete no message"),
        Verb::Configure => Way::None("the pages change no setting"),
        Verb::Invite => Way::By(&[
            Act { what: "POST /chat/{room}/members, a member", by: add_member },
            Act { what: "POST /chat/{room}/role, none", by: remove },
            Act { what: "POST /chat/{room}/role, banned", by: ban },
            Act { what: "POST /chat/{room}/invite", by: invite },
            Act { what: "POST /chat/{room}/invite, to end one", by: end_invitation },
        ]),
        Verb::Promote => Way::By(&[
            Act { what: "POST /chat/{room}/members, an admin", by: add_admin },
            Act { what: "POST /chat/{room}/role, admin", by: promote },
            Act { what: "POST /chat/{room}/role, member again", by: demote },
        ]),
        Verb::Close => Way::By(&[Act { what: "POST /chat/{room}/close", by: close }]),
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

fn end_invitation(house: &mut House, who: Who, room: &mut Room) -> Said {
    // Where nobody can make one there is none to end.
    let made = invite(house, Who::Admin, room) == Said::Done;
    let id = if made { open_invitations(house, Who::Admin, room).swap_remove(0) } else { "0123456789abcdef".repeat(4) };
    tries(house, who, post_form(format!("/chat/{}/invite", room.key), &[("end", &id)]))
}

/// What the page of members says to end invitations by.
pub(crate) fn open_invitations(house: &mut House, who: Who, room: &Room) -> Vec<String> {
    let page = house.ask(who, get(format!("/chat/{}/members", room.key))).expect(200).text();
    let ids = page.split("name=\"end\" value=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let ids: Vec<String> = ids.map(str::to_owned).collect();
    assert!(!ids.is_empty(), "no invitation is shown: {page}");
    ids
}

fn close(house: &mut House, who: Who, room: &mut Room) -> Said {
    tries(house, who, post(format!("/chat/{}/close", room.key), ""))
}
