//! What people type: a line is said to whom they talk to, one that begins with a slash is a command.

use super::ask::{Ask, Invited};
use crate::shown;

/// Messages that `/history` shows if nobody says how many.
const HISTORY: u64 = 20;
/// The most that can be asked for at once.
const HISTORY_MAX: u64 = 500;

/// What a typed line means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phrase {
    /// Nothing was typed.
    Nothing,
    /// The person asks what there is.
    Help,
    /// The person leaves.
    Quit,
    /// Lines are for this person or group from now on.
    To(String),
    /// Something for the server.
    Ask(Ask),
}

/// A command: how it is typed, and what it does.
pub(crate) struct Command {
    /// With the slash, then what follows it; optional words are in brackets.
    pub(crate) usage: &'static str,
    does: &'static str,
    read: fn(&mut Words<'_>, &str) -> Option<Phrase>,
}

/// All commands, as `/help` lists them.
pub(crate) const COMMANDS: [Command; 19] = [
    command("/to NAME", "talk to this person or group from now on", |words, _| Some(Phrase::To(words.name()?))),
    command("/send NAME TEXT", "say something to somebody else, once", |words, _| {
        Some(Phrase::Ask(Ask::Say { to: words.name()?, text: words.some_text()? }))
    }),
    command("/users [GROUP]", "who has an account, or who is in a group", |words, _| {
        Some(Phrase::Ask(Ask::Users { group: words.name() }))
    }),
    command("/groups", "the groups that you are in", |_, _| Some(Phrase::Ask(Ask::Groups))),
    command("/history [NAME] [COUNT]", "what was said here, or with NAME", history),
    command("/register NAME [SHOWN NAME]", "make an account; the password is asked for", |words, _| {
        Some(Phrase::Ask(Ask::Register { name: words.name()?, display: words.some_text() }))
    }),
    command("/login NAME", "log in; the password is asked for", |words, _| {
        Some(Phrase::Ask(Ask::Login { name: words.name()? }))
    }),
    command("/logout", "end this session", |_, _| Some(Phrase::Ask(Ask::Logout))),
    command("/password", "choose another password; every other session of yours ends", |_, _| {
        Some(Phrase::Ask(Ask::Password))
    }),
    command("/make GROUP", "make a group, which is yours", |words, _| {
        Some(Phrase::Ask(Ask::Make { group: words.name()? }))
    }),
    command("/invite GROUP NAME[:admin] ...", "add people to a group", invite),
    command("/remove GROUP NAME", "remove somebody from a group", |words, _| {
        Some(Phrase::Ask(Ask::Remove { group: words.name()?, name: words.name()? }))
    }),
    command("/leave GROUP", "leave a group", |words, _| Some(Phrase::Ask(Ask::Leave { group: words.name()? }))),
    command("/end GROUP", "end a group that is yours", |words, _| Some(Phrase::Ask(Ask::End { group: words.name()? }))),
    command("/receive", "show what you have not received yet", |_, _| Some(Phrase::Ask(Ask::Receive { cursor: None }))),
    command("/listen", "show what comes as it comes (at a terminal that is so from the start)", |_, _| {
        Some(Phrase::Ask(Ask::Listen))
    }),
    command("/ping", "ask whether the server answers", |_, _| Some(Phrase::Ask(Ask::Ping))),
    command("/help", "this list", |_, _| Some(Phrase::Help)),
    command("/quit", "leave; so do Ctrl-C and Ctrl-D", |_, _| Some(Phrase::Quit)),
];

const fn command(usage: &'static str, does: &'static str, read: fn(&mut Words<'_>, &str) -> Option<Phrase>) -> Command {
    Command { usage, does, read }
}

/// Reads a line; `target` is whom the person talks to.
///
/// # Errors
/// The sentence for the person who typed it.
pub(crate) fn read(line: &str, target: &str) -> Result<Phrase, String> {
    let Some(after) = line.strip_prefix('/') else {
        return Ok(say(line, target));
    };
    if after.starts_with('/') {
        return Ok(say(after, target));
    }
    let mut words = Words { rest: line.trim() };
    let word = words.take().unwrap_or_default();
    let command = COMMANDS.iter().find(|command| command.word() == word).ok_or_else(|| {
        format!(
            "there is no command {}; /help lists them, and //... says something that begins with /",
            shown::line(word)
        )
    })?;
    let phrase = (command.read)(&mut words, target).filter(|_| words.rest.is_empty());
    phrase.ok_or_else(|| format!("type {} (/help explains it)", command.usage))
}

/// The list of commands, and how to talk.
pub(crate) fn help() -> String {
    let width = COMMANDS.iter().map(|command| command.usage.len()).max().unwrap_or_default();
    let lines = COMMANDS.iter().map(|command| format!("  {:width$}  {}\n", command.usage, command.does));
    format!("What you type is said to whom the prompt names. Commands:\n{}", lines.collect::<String>())
}

impl Command {
    /// What it begins with, such as `/to`.
    pub(crate) fn word(&self) -> &'static str {
        self.usage.split(' ').next().unwrap_or(self.usage)
    }
}

fn say(text: &str, target: &str) -> Phrase {
    if text.trim().is_empty() {
        return Phrase::Nothing;
    }
    Phrase::Ask(Ask::Say { to: target.to_owned(), text: text.to_owned() })
}

fn history(words: &mut Words<'_>, target: &str) -> Option<Phrase> {
    let first = words.take();
    let count = |word: &str| word.parse().ok().filter(|count| (1..=HISTORY_MAX).contains(count));
    let (of, limit) = match (first, words.take()) {
        (None, _) => (target, HISTORY),
        (Some(name), Some(limit)) => (name, count(limit)?),
        (Some(word), None) => match count(word) {
            Some(limit) => (target, limit),
            None => (word, HISTORY),
        },
    };
    Some(Phrase::Ask(Ask::History { of: of.to_owned(), limit }))
}

fn invite(words: &mut Words<'_>, _: &str) -> Option<Phrase> {
    let group = words.name()?;
    let mut people = Vec::new();
    while let Some(word) = words.take() {
        let (name, role) = word.split_once(':').unwrap_or((word, "user"));
        let is_admin = match role {
            "admin" => true,
            "user" => false,
            _ => return None,
        };
        if name.is_empty() || name.contains(',') {
            return None;
        }
        people.push(Invited { name: name.to_owned(), is_admin });
    }
    (!people.is_empty()).then_some(Phrase::Ask(Ask::Invite { group, people }))
}

/// The words of a line that were not taken yet.
struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    fn take(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let (word, rest) = self.rest.split_once([' ', '\t']).unwrap_or((self.rest, ""));
        self.rest = rest.trim_start();
        Some(word)
    }

    fn name(&mut self) -> Option<String> {
        self.take().map(str::to_owned)
    }

    fn some_text(&mut self) -> Option<String> {
        let text = std::mem::take(&mut self.rest);
        (!text.is_empty()).then(|| text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Ask) {
        assert_eq!(read(line, "lobby"), Ok(Phrase::Ask(expected)), "{line:?}");
    }

    fn own(text: &str) -> String {
        text.to_owned()
    }

    fn say(to: &str, text: &str) -> Ask {
        Ask::Say { to: own(to), text: own(text) }
    }

    #[test]
    fn lines_are_said_and_slashes_are_commands() {
        check("hello  world ", say("lobby", "hello  world "));
        check("//to be", say("lobby", "/to be"));
        check(" /to be", say("lobby", " /to be"));
        check("/send josie  hi  there", say("josie", "hi  there"));
        check("/users", Ask::Users { group: None });
        check("/users chat", Ask::Users { group: Some(own("chat")) });
        check("/history", Ask::History { of: own("lobby"), limit: 20 });
        check("/history 5", Ask::History { of: own("lobby"), limit: 5 });
        check("/history josie", Ask::History { of: own("josie"), limit: 20 });
        check("/history 7 500", Ask::History { of: own("7"), limit: 500 });
        check("/register anna Anna K.", Ask::Register { name: own("anna"), display: Some(own("Anna K.")) });
        check("/register anna", Ask::Register { name: own("anna"), display: None });
        let people =
            vec![Invited { name: own("josie"), is_admin: false }, Invited { name: own("john"), is_admin: true }];
        check("/invite chat josie john:admin", Ask::Invite { group: own("chat"), people });
        check("/remove chat josie ", Ask::Remove { group: own("chat"), name: own("josie") });
        assert_eq!(read("/to josie", "lobby"), Ok(Phrase::To(own("josie"))));
        assert_eq!(read(" \t", "lobby"), Ok(Phrase::Nothing));
        assert_eq!(read("/quit", "lobby"), Ok(Phrase::Quit));
    }

    #[test]
    fn what_cannot_be_meant_says_how_it_is_typed() {
        let cases = [
            ("/", "no command /;"),
            ("/tell josie", "no command /tell;"),
            ("/\u{1b}[2J", "no command /\\x1b[2J;"),
            ("/to", "type /to NAME"),
            ("/to josie john", "type /to NAME"),
            ("/send josie", "type /send NAME TEXT"),
            ("/history josie 0", "type /history"),
            ("/history josie 501", "type /history"),
            ("/invite chat", "type /invite"),
            ("/invite chat josie:owner", "type /invite"),
            ("/invite chat josie,john", "type /invite"),
            ("/invite chat :admin", "type /invite"),
            ("/remove chat", "type /remove GROUP NAME"),
            ("/ping now", "type /ping"),
        ];
        for (line, sentence) in cases {
            let refused = read(line, "lobby").unwrap_err();
            assert!(refused.contains(sentence), "{line:?}: {refused}");
        }
    }

    #[test]
    fn every_command_is_in_the_help_and_can_be_typed_as_it_says() {
        let help = help();
        for command in &COMMANDS {
            assert!(help.contains(command.usage));
            let typed = command.usage.replace("[:admin] ...", "").replace(['[', ']'], "").replace("COUNT", "3");
            assert!(read(&typed, "lobby").is_ok(), "{typed}");
        }
    }
}
