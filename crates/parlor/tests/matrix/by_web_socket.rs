//! The WebSocket text commands. Rooms have numbers there, which anybody can guess.

use parlor_core::policy::{Standing, Verb};

use crate::house::{ANSWER, House, PASSWORD, Room, SERVER_PASSWORD};
use crate::said::Said;
use crate::table::{Act, Cell, Column, Kind, Way, Who};
use crate::web_socket_client::{Client, text};

pub(crate) const WEB_SOCKET: Column = Column { door: "wscmd", way, comes, says };

fn way(verb: Verb) -> Way {
    match verb {
        Verb::See => Way::By(&[Act { what: "getchatroomdetails", by: see }, Act { what: "getchatroomlist", by: list }]),
        Verb::Enter => Way::By(&[Act { what: "joinchatroom with the answer", by: enter }]),
        Verb::Read => Way::By(&[
            Act { what: "joinchatroom, and to hear", by: read },
            Act { what: "getusersinchatroom", by: look_around },
        ]),
        Verb::Post => Way::By(&[Act { what: "joinchatroom and send", by: say }]),
        Verb::AmendOwn => Way::None("no command changes a message"),
        Verb::List => Way::None("getusersinchatroom tells who is there, which is no list of members"),
        Verb::Leave => Way::None("leavechatroom goes out of a room and leaves the role as it is"),
        Verb::Moderate => Way::None("no command deletes a message"),
        Verb::Configure => Way::None("no command changes a setting"),
        Verb::Invite | Verb::Promote => Way::None("no command changes a role"),
        Verb::Close => Way::By(&[Act { what: "removechatroom", by: close }]),
    }
}

fn comes(who: Who, verb: Verb) -> Result<(), &'static str> {
    match (who, verb) {
        (Who::Stranger, _) => Err("who connects is a guest from the start"),
        (Who::Operator, Verb::Close) => Ok(()),
        (Who::Operator, _) => Err("of these only removechatroom takes the server's password"),
        _ => Ok(()),
    }
}

fn says(cell: &Cell, table: Said) -> Said {
    match (cell.standing, cell.verb) {
        // It goes by the server's password alone, and is refused before the room is looked for.
        (standing, Verb::Close) if standing != Standing::Operator => Said::Forbidden,
        // What is said there comes as msg.
        _ if cell.kind == Kind::OfTwo => Said::NotFound,
        (Standing::Visitor, _) if cell.kind == Kind::Unlisted => Said::NotFound,
        _ => table,
    }
}

/// Somebody connects, and logs in who has an account.
pub(crate) fn come(house: &House, who: Who) -> Client {
    let mut client = Client::open(&house.server);
    if let Some(name) = who.handle() {
        let password = if who == Who::OperatorsAccount { PASSWORD } else { "" };
        let told = answer(&mut client, &format!("login(1,{}{})", text(name), text(password)), "success(1)");
        assert_eq!(told, "success(1)", "{who:?}");
    }
    client
}

/// Gives a command; reads on to its answer, which begins like this or is an error.
pub(crate) fn answer(client: &mut Client, command: &str, wanted: &str) -> String {
    client.say(command);
    loop {
        let told = client.read();
        if told.starts_with(wanted) || told.starts_with("error(") {
            return told;
        }
    }
}

/// Somebody goes, and is gone.
pub(crate) fn go(mut client: Client) {
    client.say("logout(99,1)");
    client.closed();
}

fn tries(client: &mut Client, command: &str, wanted: &str) -> Said {
    let told = answer(client, command, wanted);
    if told.starts_with(wanted) { Said::Done } else { Said::by_sentence(&told) }
}

fn join(client: &mut Client, room: &Room, answer: &str) -> Said {
    let id = room.number;
    tries(client, &format!("joinchatroom(2,{id},0,{})", text(answer)), &format!("userjoinedchatroom(2,{id},"))
}

/// Who has answered the question is asked again at every joining.
fn answer_of(who: Who) -> &'static str {
    if matches!(who, Who::Member | Who::Admin | Who::Owner) { ANSWER } else { "not that" }
}

fn see(house: &mut House, who: Who, room: &mut Room) -> Said {
    let mut client = come(house, who);
    let id = room.number;
    let said = tries(&mut client, &format!("getchatroomdetails(3,{id})"), &format!("chatroomdetails(3,{id},"));
    go(client);
    said
}

fn list(house: &mut House, who: Who, room: &mut Room) -> Said {
    let mut client = come(house, who);
    let told = answer(&mut client, "getchatroomlist(3)", "chatroomlist(3");
    go(client);
    let title = if room.kind == Kind::Lobby { "Lobby" } else { &room.word };
    // A list of numbers and strings: what stands before a title is the room's number.
    let listed = told.contains(&format!("{},{}", room.number, text(title)));
    if listed { Said::Done } else { Said::NotFound }
}

fn enter(house: &mut House, who: Who, room: &mut Room) -> Said {
    let mut client = come(house, who);
    let said = join(&mut client, room, ANSWER);
    go(client);
    said
}

fn read(house: &mut House, who: Who, room: &mut Room) -> Said {
    let mut client = come(house, who);
    let said = join(&mut client, room, answer_of(who));
    if said == Said::Done {
        let text = house.fresh("host");
        house.host_says(room, &text);
        let (begin, end) = (format!("chat(0,{},", room.number), format!("{text})"));
        let is_it = |told: &str| told.starts_with(&begin) && told.ends_with(&end);
        while !is_it(&client.read()) {}
    }
    go(client);
    said
}

fn look_around(house: &mut House, who: Who, room: &mut Room) -> Said {
    let mut client = come(house, who);
    let id = room.number;
    let said = match join(&mut client, room, answer_of(who)) {
        Said::Done => tries(&mut client, &format!("getusersinchatroom(3,{id})"), &format!("usersinchatroom(3,{id},")),
        said => said,
    };
    go(client);
    said
}

fn say(house: &mut House, who: Who, room: &mut Room) -> Said {
    let words = house.fresh("command");
    let mut client = come(house, who);
    let id = room.number;
    let said = match join(&mut client, room, answer_of(who)) {
        Said::Done => tries(&mut client, &format!("send(3,{id},{})", text(&words)), &format!("chat(3,{id},")),
        said => said,
    };
    go(client);
    if said == Said::Done {
        room.said.push(words);
    }
    said
}

fn close(house: &mut House, who: Who, room: &mut Room) -> Said {
    let mut client = come(house, who);
    let id = room.number;
    let password = if who == Who::Operator { SERVER_PASSWORD } else { "" };
    let command = format!("removechatroom(3,{id},{})", text(password));
    let said = tries(&mut client, &command, &format!("chatroomwasdeleted(3,{id}"));
    go(client);
    said
}
