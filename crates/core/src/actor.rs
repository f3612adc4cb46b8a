//! Who asks.

use crate::event::Author;
use crate::ids::{AccountId, GuestId};
use crate::rates::Origin;

/// Who asks, and from where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub who: Who,
    /// From where, for limits; `None`: from inside the server.
    pub origin: Option<Origin>,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Somebody with an account.
    Account(AccountId),
    /// Somebody without one whom a cookie or a connection makes the same person again.
    Guest(GuestId),
    /// Nobody that we know.
    Stranger,
    /// Whoever runs the server.
    Operator,
}

impl Actor {
    /// Whose name would stand behind an event; `None` for a stranger, who can't make one.
    #[must_use]
    pub fn author(&self) -> Option<Author> {
        match self.who {
            Who::Account(id) => Some(Author::Account(id)),
            Who::Guest(id) => Some(Author::Guest(id)),
            Who::Operator => Some(Author::System),
            Who::Stranger => None,
        }
    }
}
