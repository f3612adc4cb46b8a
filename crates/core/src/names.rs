//! Handles of accounts and names of rooms: one name space, ASCII, folded to lower case (protocols: names).

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

use crate::limits;
use crate::refusal::Refusal;
use crate::text::DisplayName;

/// Nobody can take these, nor `guest-...`: they would pass for the server, for everybody, or for a guest without a name.
const RESERVED: [&str; 12] =
    ["bc", "all", "everyone", "here", "me", "system", "server", "admin", "administrator", "operator", "root", "guest"];

/// What a handle looks like: two with the same skeleton pass for each other. In lower case, with one sign for each group of
/// those that people mix up: `0` and `o`, `1` and `l`, `_` and `-`, `rn` and `m`, `vv` and `w`. Idempotent.
///
/// Stores keep it with each account: changing it takes a new schema.
#[must_use]
pub fn skeleton(name: &str) -> String {
    let single = |letter: char| match letter {
        '0' => 'o',
        '1' => 'l',
        '_' => '-',
        other => other.to_ascii_lowercase(),
    };
    name.chars().map(single).collect::<String>().replace("rn", "m").replace("vv", "w")
}

/// The skeletons of the handles that a display name looks like, in any script: what two people could be mixed up by. Letters
/// that look alike are folded as Unicode has them (UTS 39, section 4).
///
/// # Errors
/// `BadName` if it looks like what nobody can have.
pub(crate) fn looks_like(name: &DisplayName) -> Result<BTreeSet<String>, Refusal> {
    let folded: String = name.as_str().nfkc().collect();
    let plain = |text: &str| skeleton(&unicode_security::skeleton(text).collect::<String>().to_lowercase());
    let lower = plain(&folded.to_lowercase());
    check_reserved(&lower)?;
    // A capital I looks like an l, and is an i in lower case: it passes for either. Of the reserved words that would make
    // "all" of ALI only, which is a name.
    Ok(BTreeSet::from([plain(&folded), lower]))
}

fn check_reserved(skeleton: &str) -> Result<(), Refusal> {
    if RESERVED.contains(&skeleton) || skeleton.starts_with("guest-") {
        return Err(Refusal::BadName("this name is reserved"));
    }
    Ok(())
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $limit:expr, $rule:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Box<str>);

        impl $name {
            /// Reads a name that somebody wants to take, in any case.
            ///
            /// # Errors
            /// `BadName` if it is too long, has another character, or is reserved, or looks like what is.
            pub fn new(text: &str) -> Result<$name, Refusal> {
                let name = $name::find(text).ok_or(Refusal::BadName($rule))?;
                check_reserved(&skeleton(name.as_str()))?;
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
        for name in ["Admin", "ROOT", "guest", "guest-17", "bc", "r00t", "adrnin", "guest_17", "a11"] {
            assert_eq!(Handle::new(name), Err(Refusal::BadName("this name is reserved")), "{name}");
        }
        // The lobby's is an ordinary name that a room has: "taken", not "invalid".
        assert_eq!(RoomName::new("LOBBY"), Ok(RoomName::lobby()));
        assert!(Handle::new("lobby").is_ok());
    }

    #[test]
    fn look_alikes_have_one_skeleton() {
        for (one, other) in [("b0b", "BOB"), ("al", "a1"), ("tom", "torn"), ("wim", "vvirn"), ("a_b", "a-b")] {
            assert_eq!(skeleton(one), skeleton(other), "{one} and {other}");
        }
        for (one, other) in [("bob", "bab"), ("in", "ln"), ("nr", "m"), ("v", "w"), ("ab", "a-b")] {
            assert_ne!(skeleton(one), skeleton(other), "{one} and {other}");
        }
        // Or nobody could take the word itself, and its look-alikes would be free.
        assert!(RESERVED.iter().all(|word| skeleton(word) == *word));
    }

    proptest! {
        /// Whoever is shown under somebody else's handle is found by its skeleton, in capitals and full width, too.
        #[test]
        fn a_display_name_looks_like_the_handle_that_it_is(text in "[a-z0-9_-]{1,32}") {
            let wide = |c: char| if c == '-' { c } else { char::from_u32(u32::from(c) + 0xFEE0).unwrap() };
            for shown in [text.clone(), text.to_uppercase(), text.chars().map(wide).collect()] {
                if let Ok(looks) = looks_like(&DisplayName::stored(shown)) {
                    prop_assert!(looks.contains(&skeleton(&text)));
                } else {
                    prop_assert!(Handle::new(&text).is_err());
                }
            }
        }

        #[test]
        fn a_skeleton_is_its_own(text in "[mnrvwolMNRVWOL01_-]{0,32}") {
            prop_assert_eq!(skeleton(&skeleton(&text)), skeleton(&text));
        }

        #[test]
        fn folding_is_idempotent(text in "[A-Za-z0-9_-]{1,32}") {
            if let Ok(name) = Handle::new(&text) {
                prop_assert_eq!(Handle::new(name.as_str()), Ok(name));
            }
        }
    }
}
