//! The only rights check: one table of who may do what in which kind of room. `Chat` asks it; doors never do.

use crate::event::Author;
use crate::refusal::Refusal;
use crate::room::{Access, Role};

/// Something that one may do to a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Know that it exists, its subject, how many are here.
    See,
    /// Come in; where it asks a question, with the answer.
    Enter,
    /// Read its messages, live and past, and search them.
    Read,
    /// Say something, react.
    Post,
    /// Change or delete one's own message.
    AmendOwn,
    /// Know who belongs to it.
    List,
    /// Belong to it no longer.
    Leave,
    /// Delete somebody else's message.
    Moderate,
    /// Change its subject and settings.
    Configure,
    /// Make members and end that, ban and end that, make invitations: see [`check_role`].
    Invite,
    /// Make admins, and end that.
    Promote,
    /// End it.
    Close,
}

impl Verb {
    /// All verbs, for tables and tests.
    pub const ALL: [Verb; 12] = [
        Verb::See,
        Verb::Enter,
        Verb::Read,
        Verb::Post,
        Verb::AmendOwn,
        Verb::List,
        Verb::Leave,
        Verb::Moderate,
        Verb::Configure,
        Verb::Invite,
        Verb::Promote,
        Verb::Close,
    ];
}

/// How somebody stands to a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Who asks is nobody that we know: may look, can't speak.
    Stranger,
    /// A guest or an account without a role in it.
    Visitor,
    /// With a role in it.
    With(Role),
    /// Whoever runs the server.
    Operator,
}

impl Standing {
    /// How an author with this role, or none, stands.
    #[must_use]
    pub fn of(who: Option<Author>, role: Option<Role>) -> Standing {
        match (who, role) {
            (Some(Author::System), _) => Standing::Operator,
            (_, Some(role)) => Standing::With(role),
            (Some(_), None) => Standing::Visitor,
            (None, None) => Standing::Stranger,
        }
    }

    /// All standings, for tables and tests.
    pub const ALL: [Standing; 7] = [
        Standing::Stranger,
        Standing::Visitor,
        Standing::With(Role::Banned),
        Standing::With(Role::Member),
        Standing::With(Role::Admin),
        Standing::With(Role::Owner),
        Standing::Operator,
    ];
}

/// What somebody may do.
///
/// # Errors
/// `NotFound` where the room must look like none, `Forbidden` where they know it but may not.
pub fn check(verb: Verb, access: Access, standing: Standing) -> Result<(), Refusal> {
    let may = match (access, standing) {
        (_, Standing::With(Role::Owner)) => true,
        // Who belongs to nothing has nothing to leave.
        (_, Standing::Operator) => verb != Verb::Leave,
        // To those whom a room keeps out it does not exist.
        (_, Standing::With(Role::Banned)) | (Access::Members, Standing::Stranger | Standing::Visitor) => {
            return Err(Refusal::NotFound);
        }
        (_, Standing::With(Role::Admin)) => !matches!(verb, Verb::Promote | Verb::Close),
        (_, Standing::With(Role::Member)) if matches!(verb, Verb::List | Verb::Leave) => true,
        (_, Standing::With(Role::Member)) | (Access::Open, Standing::Visitor) => {
            matches!(verb, Verb::See | Verb::Enter | Verb::Read | Verb::Post | Verb::AmendOwn)
        }
        (Access::Open, Standing::Stranger) => matches!(verb, Verb::See | Verb::Read),
        // Who has answered the question has a role; a stranger can't get one.
        (Access::Question, Standing::Visitor) => matches!(verb, Verb::See | Verb::Enter),
        (Access::Question, Standing::Stranger) => verb == Verb::See,
    };
    if may { Ok(()) } else { Err(Refusal::Forbidden) }
}

/// Whether somebody may change another person's role from one to another in a room that they know; `None`: no role.
/// Admins make and ban members, and end both; owners make and end admins, too; the operator may also take an owner's role
/// away. Nobody makes an owner, and nobody changes the role of somebody of their own rank or above.
///
/// # Errors
/// `Forbidden`.
pub fn check_role(standing: Standing, from: Option<Role>, to: Option<Role>) -> Result<(), Refusal> {
    let highest = match standing {
        Standing::Operator => Some(Role::Owner),
        Standing::With(Role::Owner) => Some(Role::Admin),
        Standing::With(Role::Admin) => Some(Role::Member),
        Standing::With(Role::Member | Role::Banned) | Standing::Visitor | Standing::Stranger => None,
    };
    let may = highest.is_some() && from <= highest && to <= highest && to != Some(Role::Owner);
    if may { Ok(()) } else { Err(Refusal::Forbidden) }
}

/// Whether somebody may do what concerns the server and no room: its accounts.
///
/// # Errors
/// `Forbidden` for all but the operator.
pub fn check_server(standing: Standing) -> Result<(), Refusal> {
    if standing == Standing::Operator { Ok(()) } else { Err(Refusal::Forbidden) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole table, written down a second time in the other direction: by verb, who may.
    /// S stranger, v visitor, b banned, m member, a admin, o owner, p operator; a dash: not, a dot: as if there were no room.
    #[test]
    fn the_table_is_what_the_docs_say() {
        let expected = [
            (Verb::See, ["Sv.maop", "Sv.maop", "...maop"]),
            (Verb::Enter, ["-v.maop", "-v.maop", "...maop"]),
            (Verb::Read, ["Sv.maop", "--.maop", "...maop"]),
            (Verb::Post, ["-v.maop", "--.maop", "...maop"]),
            (Verb::AmendOwn, ["-v.maop", "--.maop", "...maop"]),
            (Verb::List, ["--.maop", "--.maop", "...maop"]),
            (Verb::Leave, ["--.mao-", "--.mao-", "...mao-"]),
            (Verb::Moderate, ["--.-aop", "--.-aop", "...-aop"]),
            (Verb::Configure, ["--.-aop", "--.-aop", "...-aop"]),
            (Verb::Invite, ["--.-aop", "--.-aop", "...-aop"]),
            (Verb::Promote, ["--.--op", "--.--op", "...--op"]),
            (Verb::Close, ["--.--op", "--.--op", "...--op"]),
        ];
        assert_eq!(expected.map(|row| row.0), Verb::ALL);
        for (verb, by_access) in expected {
            for (access, row) in Access::ALL.into_iter().zip(by_access) {
                let got: String = Standing::ALL
                    .into_iter()
                    .zip("Svbmaop".chars())
                    .map(|(standing, letter)| match check(verb, access, standing) {
                        Ok(()) => letter,
                        Err(Refusal::NotFound) => '.',
                        Err(_) => '-',
                    })
                    .collect();
                assert_eq!(got, row, "{verb:?} {access:?}");
            }
        }
    }
    /// From which role (down) to which (across) each standing may change somebody else's; a dash: not.
    /// . none, b banned, m member, a admin, o owner.
    #[test]
    fn roles_are_given_and_taken_from_above() {
        let roles = || [None].into_iter().chain(Role::ALL.map(Some));
        let check_all = |standing| -> Vec<String> {
            let row = |from| {
                let may = |(to, letter)| if check_role(standing, from, to).is_ok() { letter } else { '-' };
                roles().zip(".bmao".chars()).map(may).collect()
            };
            roles().map(row).collect()
        };
        for standing in Standing::ALL {
            let expected = match standing {
                Standing::Stranger | Standing::Visitor | Standing::With(Role::Banned | Role::Member) => ["-----"; 5],
                Standing::With(Role::Admin) => [".bm--", ".bm--", ".bm--", "-----", "-----"],
                Standing::With(Role::Owner) => [".bma-", ".bma-", ".bma-", ".bma-", "-----"],
                Standing::Operator => [".bma-"; 5],
            };
            assert_eq!(check_all(standing), expected, "{standing:?}");
        }
    }

    /// Whoever may change a role by the second table has the verb for it by the first.
    #[test]
    fn the_two_tables_agree() {
        for standing in Standing::ALL {
            let may = |verb| check(verb, Access::Open, standing).is_ok();
            assert_eq!(check_role(standing, None, Some(Role::Member)).is_ok(), may(Verb::Invite), "{standing:?}");
            assert_eq!(check_role(standing, None, Some(Role::Admin)).is_ok(), may(Verb::Promote), "{standing:?}");
        }
    }
}
