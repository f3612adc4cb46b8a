//! Handles of accounts and names of rooms: one name space, ASCII, folded to lower case (protocols: names).

use crate::limits;
use crate::refusal::Refusal;

/// Nobody can take these, nor `guest-...`: they would pass for the server, for everybody, or for a guest without a name.
const RESERVED: [&str; 12] =
    ["bc", "all", "everyone", "here", "me", "system", "server", "admin", "administrator", "operator", "root", "guest"];

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $limit:expr, $rule:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Box<str>);

        impl $name {
            /// Reads a name that somebody wants to take, in any case.
            ///
            /// # Errors
            /// `BadName` if it is too long, has another character, or is reserved.
            pub fn new(text: &str) -> Result<$name, Refusal> {
                let name = $name::find(text).ok_or(Refusal::BadName($rule))?;
                if RESERVED.contains(&name.as_str()) || name.0.starts_with("guest-") {
                    return Err(Refusal::BadName("this name is reserved"));
                }
                Ok(name)
            }

            /// Reads a name that somebody asks for, reserved or not; `None` if nothing can have it.
            #[must_use]
            pub fn find(text: &str) -> Option<$name> {
                let fits = (1..=$limit).contains(&text.len())
                    && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
                fits.then(|| $name(text.to_ascii_lowercase().into_boxed_str()))
            }

            /// The name, folded.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

name_type! {
    /// The name by which an account logs in and is found.
    Handle, limits::HANDLE_CHARS, "1 to 32 characters of a-z, 0-9, _ and -"
}
name_type! {
    /// A room's own name, its folder under `/room/`.
    RoomName, limits::ROOM_NAME_CHARS, "1 to 64 characters of a-z, 0-9, _ and -"
}

impl RoomName {
    /// The name of the room that every store holds: taken, for everybody else.
    #[must_use]
    pub fn lobby() -> RoomName {
        RoomName("lobby".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_folded_and_bounded() {
        assert_eq!(Handle::new("Adrian_9-x").unwrap().as_str(), "adrian_9-x");
        assert!(Handle::new(&"a".repeat(32)).is_ok());
        assert!(RoomName::new(&"a".repeat(64)).is_ok());
        for bad in ["", "a b", "é", "a.b", "аdmin", "admin\u{200d}", &"a".repeat(33)] {
            assert!(Handle::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn reserved_names_can_be_asked_for_but_not_taken() {
        for name in ["Admin", "ROOT", "guest", "guest-17", "bc"] {
            assert_eq!(Handle::new(name), Err(Refusal::BadName("this name is reserved")), "{name}");
        }
        // The lobby's is an ordinary name that a room has: "taken", not "invalid".
        assert_eq!(RoomName::new("LOBBY"), Ok(RoomName::lobby()));
        assert!(Handle::new("lobby").is_ok());
    }

    proptest! {
        #[test]
        fn folding_is_idempotent(text in "[A-Za-z0-9_-]{1,32}") {
            if let Ok(name) = Handle::new(&text) {
                prop_assert_eq!(Handle::new(name.as_str()), Ok(name));
            }
        }
    }
}
