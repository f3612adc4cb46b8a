//! What a line that somebody typed means.

/// A line of somebody who has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// Something for everybody in the room where one is.
    ToEveryone(&'a str),
    /// Something for one person alone.
    ToOne {
        /// As it was typed.
        name: &'a str,
        /// What is said.
        text: &'a str,
    },
    /// A command.
    Command(Command<'a>),
    /// A `/word` that is none.
    UnknownCommand(&'a str),
    /// No word with something after it.
    Nothing,
}

/// What begins with `/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command<'a> {
    Help,
    Who,
    Rooms,
    /// With the room's name or key; empty: none was given.
    Join(&'a str),
    Leave,
    /// With a number of messages, as it was typed; empty: none was given.
    History(&'a str),
    Me(&'a str),
    Quit,
}

impl Line<'_> {
    /// Reads a line; what is said is the line's rest as it is, from behind the first space.
    pub(super) fn read(line: &str) -> Line<'_> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if let Some(command) = word.strip_prefix('/') {
            let argument = rest.trim();
            return match command {
                "help" => Line::Command(Command::Help),
                "who" => Line::Command(Command::Who),
                "rooms" => Line::Command(Command::Rooms),
                "join" => Line::Command(Command::Join(argument)),
                "leave" => Line::Command(Command::Leave),
                "history" => Line::Command(Command::History(argument)),
                "me" => Line::Command(Command::Me(rest)),
                "quit" => Line::Command(Command::Quit),
                _ => Line::UnknownCommand(word),
            };
        }
        match (word, rest) {
            ("", _) | (_, "") => Line::Nothing,
            ("bc", text) => Line::ToEveryone(text),
            (name, text) => Line::ToOne { name, text },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_said_to_everyone_to_one_or_is_a_command() {
        let cases = [
            ("bc hi there", Line::ToEveryone("hi there")),
            ("bc  two spaces", Line::ToEveryone(" two spaces")),
            ("bc a\nb", Line::ToEveryone("a\nb")),
            ("bob hi", Line::ToOne { name: "bob", text: "hi" }),
            ("~guest-7 /help", Line::ToOne { name: "~guest-7", text: "/help" }),
            ("BC hi", Line::ToOne { name: "BC", text: "hi" }),
            ("bc", Line::Nothing),
            ("bc ", Line::Nothing),
            ("hello", Line::Nothing),
            (" hello", Line::Nothing),
            (" ", Line::Nothing),
            ("/help", Line::Command(Command::Help)),
            ("/join  cooks ", Line::Command(Command::Join("cooks"))),
            ("/join", Line::Command(Command::Join(""))),
            ("/me  waves", Line::Command(Command::Me(" waves"))),
            ("/history 5", Line::Command(Command::History("5"))),
            ("/", Line::UnknownCommand("/")),
            ("/nick adrian", Line::UnknownCommand("/nick")),
        ];
        for (line, expected) in cases {
            assert_eq!(Line::read(line), expected, "{line:?}");
        }
    }
}
