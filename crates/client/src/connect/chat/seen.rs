//! What was shown already: a server that crashed may push once more what it pushed last.

use std::collections::BTreeMap;

/// Rooms that are remembered: more than anybody belongs to.
const ROOMS_MAX: usize = 1_024;

/// Characters of a room's key. What has no key before its number, as an announcement, comes once.
const KEY_CHARACTERS: usize = 32;

/// The highest number that was shown of each room; a room's messages come in order.
#[derive(Debug, Default)]
pub(crate) struct Seen(BTreeMap<String, u64>);

impl Seen {
    /// Whether a message, by its `KEY.NUMBER`, was not shown yet; from now on it was. Whatever has another id is always new.
    pub(crate) fn is_new(&mut self, id: &str) -> bool {
        let Some((room, number)) = id.rsplit_once('.').filter(|(room, _)| room.len() == KEY_CHARACTERS) else {
            return true;
        };
        let Ok(number) = number.parse::<u64>() else { return true };
        if let Some(highest) = self.0.get_mut(room) {
            let is_new = *highest < number;
            *highest = number.max(*highest);
            return is_new;
        }
        if self.0.len() < ROOMS_MAX {
            self.0.insert(room.to_owned(), number);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(room: usize, number: u64) -> String {
        format!("{room:032}.{number}")
    }

    #[test]
    fn what_comes_once_more_is_not_new() {
        let mut seen = Seen::default();
        let came = [(1, 1), (1, 2), (2, 1), (1, 2), (1, 1), (1, 9), (1, 9), (2, 2)];
        let is_new = came.map(|(room, number)| seen.is_new(&id(room, number)));
        assert_eq!(is_new, [true, true, true, false, false, true, false, true]);
        for other in
            ["announcement.7", "announcement.6", "announcement.6", &"x".repeat(33), &format!("{:032}.x", 1), ""]
        {
            assert!(seen.is_new(other), "{other}");
        }
    }

    #[test]
    fn it_does_not_grow_with_what_a_server_says() {
        let mut seen = Seen::default();
        assert!((0..2 * ROOMS_MAX).all(|room| seen.is_new(&id(room, 1))));
        assert_eq!(seen.0.len(), ROOMS_MAX);
        // Of those that are not remembered too much is shown, never too little.
        assert!(seen.is_new(&id(ROOMS_MAX, 1)) && !seen.is_new(&id(0, 1)));
    }
}
