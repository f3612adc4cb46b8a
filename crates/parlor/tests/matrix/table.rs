//! The table: what there is to try, what should come of it, and the trying.

use parlor_core::Refusal;
use parlor_core::policy::{self, Standing, Verb};
use parlor_core::room::{Access, Role};

use crate::house::{House, Room};
use crate::said::Said;
use crate::{by_chat1, by_commands, by_pages, by_terminal, by_web_socket};

/// Every way into the server: the doors, and the operator's commands.
pub(crate) const COLUMNS: [&Column; 5] =
    [&by_pages::PAGES, &by_terminal::TERMINAL, &by_chat1::CHAT1, &by_web_socket::WEB_SOCKET, &by_commands::COMMANDS];

/// What there is to know of a door.
pub(crate) struct Column {
    /// As the server's table of doors has it.
    pub(crate) door: &'static str,
    /// How each verb is done there.
    pub(crate) way: fn(Verb) -> Way,
    /// Whether somebody comes there to do this, or why not.
    pub(crate) comes: fn(Who, Verb) -> Result<(), &'static str>,
    /// What the door makes of what the table says.
    pub(crate) says: fn(&Cell, Said) -> Said,
}

impl Column {
    /// Whether something that is called or begins like this is done at the door.
    pub(crate) fn does(&self, what: &str) -> bool {
        let is_it =
            |act: &Act| act.what.strip_prefix(what).is_some_and(|rest| rest.is_empty() || !rest.starts_with('/'));
        Verb::ALL.into_iter().any(|verb| match (self.way)(verb) {
            Way::By(acts) => acts.iter().any(is_it),
            Way::None(_) => false,
        })
    }
}

/// How a verb is done at a door.
pub(crate) enum Way {
    /// Each of these does it.
    By(&'static [Act]),
    /// The door has none, and why.
    None(&'static str),
}

/// Something that can be done at a door.
pub(crate) struct Act {
    pub(crate) what: &'static str,
    pub(crate) by: fn(&mut House, Who, &mut Room) -> Said,
}

/// Something to be tried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) verb: Verb,
    pub(crate) who: Who,
    pub(crate) kind: Kind,
    pub(crate) standing: Standing,
}

/// A kind of room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Open and in every list.
    Listed,
    /// Open to whoever knows its name or its key.
    Unlisted,
    /// Listed, with a question at its door.
    Question,
    /// A group.
    Members,
    /// A group in the list, which is nobody else's list.
    ListedMembers,
    /// For the direct messages of Olga and Mira.
    OfTwo,
    /// One for members only that has ended.
    Closed,
    /// Last: who is banned from it is out of the terminal.
    Lobby,
}

impl Kind {
    pub(crate) const ALL: [Kind; 8] = [
        Kind::Listed,
        Kind::Unlisted,
        Kind::Question,
        Kind::Members,
        Kind::ListedMembers,
        Kind::OfTwo,
        Kind::Closed,
        Kind::Lobby,
    ];

    fn access(self) -> Access {
        match self {
            Kind::Listed | Kind::Unlisted | Kind::Lobby => Access::Open,
            Kind::Question => Access::Question,
            Kind::Members | Kind::ListedMembers | Kind::OfTwo | Kind::Closed => Access::Members,
        }
    }
}

/// Who tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    /// Nobody that the server knows.
    Stranger,
    Guest,
    /// An account without a role in the room.
    Account,
    /// The account of whoever runs the server, without a role in the room: it is a visitor there like others.
    OperatorsAccount,
    /// Who was a member.
    Removed,
    Banned,
    Member,
    Admin,
    Owner,
    /// Whoever has the server's password, or its operator's socket.
    Operator,
}

impl Who {
    pub(crate) const ALL: [Who; 10] = [
        Who::Stranger,
        Who::Guest,
        Who::Account,
        Who::OperatorsAccount,
        Who::Removed,
        Who::Banned,
        Who::Member,
        Who::Admin,
        Who::Owner,
        Who::Operator,
    ];

    /// The name of an account.
    pub(crate) fn handle(self) -> Option<&'static str> {
        match self {
            Who::Stranger | Who::Guest | Who::Operator => None,
            Who::Account => Some("nora"),
            Who::OperatorsAccount => Some("opal"),
            Who::Removed => Some("rita"),
            Who::Banned => Some("bert"),
            Who::Member => Some("mira"),
            Who::Admin => Some("adam"),
            Who::Owner => Some("olga"),
        }
    }

    /// How somebody stands to a room of this kind, or why nobody stands so.
    fn standing(self, kind: Kind) -> Result<Standing, &'static str> {
        match (kind, self) {
            (Kind::OfTwo, Who::Removed | Who::Banned | Who::Admin | Who::Owner) => {
                Err("a room of two has two members for ever, and nobody else")
            }
            (Kind::Lobby, Who::Owner) => Err("nobody owns the lobby"),
            (_, Who::Stranger) => Ok(Standing::Stranger),
            (_, Who::Guest | Who::Account | Who::OperatorsAccount | Who::Removed) => Ok(Standing::Visitor),
            (_, Who::Banned) => Ok(Standing::With(Role::Banned)),
            (_, Who::Member) => Ok(Standing::With(Role::Member)),
            (_, Who::Admin) => Ok(Standing::With(Role::Admin)),
            (_, Who::Owner) => Ok(Standing::With(Role::Owner)),
            (_, Who::Operator) => Ok(Standing::Operator),
        }
    }
}

/// What should come of an act, or why nobody can try it.
pub(crate) fn expected(column: &Column, verb: Verb, who: Who, kind: Kind) -> Result<Said, &'static str> {
    (column.comes)(who, verb)?;
    let cell = Cell { verb, who, kind, standing: who.standing(kind)? };
    Ok((column.says)(&cell, by_the_table(&cell)))
}

/// What core's table says, and what holds for a kind of room besides.
pub(crate) fn by_the_table(cell: &Cell) -> Said {
    // A room that has ended is none.
    if cell.kind == Kind::Closed {
        return Said::NotFound;
    }
    let said = match policy::check(cell.verb, cell.kind.access(), cell.standing) {
        Ok(()) => Said::Done,
        Err(Refusal::NotFound) => Said::NotFound,
        Err(Refusal::Forbidden) => Said::Forbidden,
        Err(refusal) => panic!("the table says {refusal:?} to {cell:?}"),
    };
    match (cell.kind, cell.verb) {
        _ if said != Said::Done => said,
        // Every server has it, under its name.
        (Kind::Lobby, Verb::Configure | Verb::Close) => Said::Forbidden,
        // It is of these two for ever.
        (Kind::OfTwo, Verb::Leave | Verb::Configure | Verb::Invite | Verb::Promote) => Said::Forbidden,
        (_, Verb::Leave) if cell.standing == Standing::With(Role::Owner) => Said::LastOwner,
        _ => said,
    }
}

/// Whether who does this leaves another room behind than was found.
fn changes(verb: Verb, kind: Kind) -> bool {
    match verb {
        Verb::See | Verb::Read | Verb::Post | Verb::List => false,
        // Whoever gives the answer is a member.
        Verb::Enter => kind == Kind::Question,
        Verb::AmendOwn
        | Verb::Leave
        | Verb::Moderate
        | Verb::Configure
        | Verb::Invite
        | Verb::Promote
        | Verb::Close => true,
    }
}

/// Tries every cell of a column.
///
/// # Panics
/// With all cells in which something else came out than the table says, and rooms that a refused act has changed.
pub(crate) fn fill(column: &Column) {
    let mut house = House::open();
    let mut wrong = Vec::new();
    for kind in Kind::ALL {
        let mut room = house.build(kind);
        for verb in Verb::ALL {
            try_all(column, (verb, kind), (&mut house, &mut room), &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{}:\n  {}", column.door, wrong.join("\n  "));
}

fn try_all(
    column: &Column,
    (verb, kind): (Verb, Kind),
    (house, room): (&mut House, &mut Room),
    wrong: &mut Vec<String>,
) {
    let Way::By(acts) = (column.way)(verb) else { return };
    let cells = Who::ALL.into_iter().filter_map(|who| Some((who, expected(column, verb, who, kind).ok()?)));
    let (done, refused): (Vec<_>, Vec<_>) = cells.partition(|(_, expected)| *expected == Said::Done);
    // First what is refused, after which the room must be as it was.
    for cells in [refused, done] {
        for (who, expected) in cells {
            for act in acts {
                let said = (act.by)(house, who, room);
                if said != expected {
                    let what = act.what;
                    wrong.push(format!("{verb:?} ({what}) in {kind:?} by {who:?}: {said:?} instead of {expected:?}"));
                }
                if said == Said::Done && changes(verb, kind) {
                    house.rebuild(room);
                }
            }
        }
        wrong.extend(house.change_of(room).map(|change| format!("{verb:?} in {kind:?}: {change}")));
    }
}
