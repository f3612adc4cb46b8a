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
    /// Delete somebody else's message.
    Moderate,
    /// Change its subject and settings.
    Configure,
    /// Give and take the roles below one's own.
    Invite,
    /// End it.
    Close,
}

impl Verb {
    /// All verbs, for tables and tests.
    pub const ALL: [Verb; 9] = [
        Verb::See,
        Verb::Enter,
        Verb::Read,
        Verb::Post,
        Verb::AmendOwn,
        Verb::Moderate,
        Verb::Configure,
        Verb::Invite,
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
        (_, Standing::Operator | Standing::With(Role::Owner)) => return Ok(()),
        // To those whom a room keeps out it does not exist.
        (_, Standing::With(Role::Banned)) | (Access::Members, Standing::Stranger | Standing::Visitor) => {
            return Err(Refusal::NotFound);
        }
        (_, Standing::With(Role::Admin)) => verb != Verb::Close,
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
            (Verb::Moderate, ["--.-aop", "--.-aop", "...-aop"]),
            (Verb::Configure, ["--.-aop", "--.-aop", "...-aop"]),
            (Verb::Invite, ["--.-aop", "--.-aop", "...-aop"]),
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
}
