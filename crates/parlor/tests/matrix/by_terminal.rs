//! The terminal. A name or a key is all that a room is called there, and who has joined one is in it.

use parlor_core::policy::Verb;

use crate::house::{ANSWER, House, PASSWORD, Room};
use crate::said::Said;
use crate::table::{Act, Cell, Column, Way, Who};
use crate::terminal::Terminal;

pub(crate) const TERMINAL: Column = Column { door: "term", way, comes, says };

fn way(verb: Verb) -> Way {
    match verb {
        Verb::See => {
            Way::By(&[Act { what: "/join, and it asks", by: see }, Act { what: "/join by its key", by: find }])
        }
        Verb::Enter => Way::By(&[Act { what: "/join with the answer", by: enter }]),
        Verb::Read => Way::By(&[Act { what: "/join and /history", by: read }]),
        Verb::Post => Way::By(&[Act { what: "/join and bc", by: say }]),
        Verb::AmendOwn => Way::None("no line changes a message"),
        Verb::List => Way::None("/who tells who is there, which is no list of members"),
        Verb::Leave => Way::None("/leave goes out of a room and leaves the role as it is"),
        Verb::Moderate => Way::None("no line deletes a message"),
        Verb::Configure => Way::None("no line changes a setting"),
        Verb::Invite | Verb::Promote => Way::None("no line changes a role"),
        Verb::Close => Way::None("no line ends a room"),
    }
}

fn comes(who: Who, _: Verb) -> Result<(), &'static str> {
    match who {
        Who::Stranger => Err("who has no name yet can do nothing but to choose one"),
        Who::Operator => Err("no line takes the server's password"),
        _ => Ok(()),
    }
}

fn says(_: &Cell, table: Said) -> Said {
    table
}

/// Somebody comes in.
///
/// # Errors
/// What the server said when it would not let them.
pub(crate) fn come(house: &mut House, who: Who) -> Result<Terminal, String> {
    let name = who.handle().map_or_else(|| house.fresh("visitor"), str::to_owned);
    let mut terminal = Terminal::connect(house.server.term_address());
    terminal.send(&name);
    let mut screen = entrance(&mut terminal);
    if screen.contains("password, please") {
        terminal.send(PASSWORD);
        screen = entrance(&mut terminal);
    }
    if screen.contains("goodbye") {
        screen += &terminal.rest();
        return Err(screen);
    }
    assert!(screen.contains(" (you)"), "{who:?} was not let in: {screen:?}");
    Ok(terminal)
}

/// What is shown up to the next prompt, or up to the end.
fn entrance(terminal: &mut Terminal) -> String {
    let mut screen = String::new();
    while !screen.ends_with("> ") && !screen.contains("goodbye") {
        screen += &terminal.string();
    }
    screen
}

/// Somebody goes, and is gone.
pub(crate) fn go(mut terminal: Terminal) {
    terminal.send("");
    terminal.rest();
}

fn see(house: &mut House, who: Who, room: &mut Room) -> Said {
    let word = room.word.clone();
    visit(house, who, |terminal| joined(&terminal.ask(&format!("/join {word}")), Said::Done))
}

fn find(house: &mut House, who: Who, room: &mut Room) -> Said {
    let key = room.key.clone();
    visit(house, who, |terminal| joined(&terminal.ask(&format!("/join {key}")), Said::Done))
}

fn enter(house: &mut House, who: Who, room: &mut Room) -> Said {
    visit(house, who, |terminal| join(terminal, room, ANSWER))
}

fn read(house: &mut House, who: Who, room: &mut Room) -> Said {
    visit(house, who, |terminal| match join(terminal, room, "not that") {
        Said::Done => {
            let history = terminal.ask("/history");
            if history.contains(room.first()) { Said::Done } else { Said::Else(history) }
        }
        said => said,
    })
}

fn say(house: &mut House, who: Who, room: &mut Room) -> Said {
    let text = house.fresh("line");
    let said = visit(house, who, |terminal| match join(terminal, room, "not that") {
        Said::Done => match terminal.ask(&format!("bc {text}")).as_str() {
            "> " => Said::Done,
            refused => Said::by_sentence(refused),
        },
        said => said,
    });
    if said == Said::Done {
        room.said.push(text);
    }
    said
}

/// Does something while somebody is there.
fn visit(house: &mut House, who: Who, act: impl FnOnce(&mut Terminal) -> Said) -> Said {
    match come(house, who) {
        Ok(mut terminal) => {
            let said = act(&mut terminal);
            go(terminal);
            said
        }
        Err(refused) => Said::by_sentence(&refused),
    }
}

fn join(terminal: &mut Terminal, room: &Room, answer: &str) -> Said {
    let screen = terminal.ask(&format!("/join {}", room.word));
    match joined(&screen, Said::Forbidden) {
        Said::Forbidden if screen.contains(" asks, ") => joined(&terminal.ask(answer), Said::Forbidden),
        said => said,
    }
}

/// What `/join` came to; `asked`: what a question counts for.
fn joined(screen: &str, asked: Said) -> Said {
    let is_in = screen.contains("bc speaks here now, /leave leaves it") || screen.contains("you are in the lobby");
    match () {
        () if is_in => Said::Done,
        () if screen.contains(" asks, and your next line is the answer") => asked,
        () => Said::by_sentence(screen),
    }
}
