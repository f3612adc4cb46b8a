//! What came, in words for people; safe for a terminal.

use jiff::tz::TimeZone;
use parlor_wire::chat1::{Answered, MessageJson, MessagesJson, Pushed, read_names};

use super::ask::Ask;
use crate::shown;

/// A refusal's sentence is cut here before it is shown.
const REASON_CHARACTERS_MAX: usize = 300;
/// Accounts and groups that are known for completion.
pub(crate) const NAMES_MAX: usize = 10_000;

/// What an answer comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// Lines for the person, each with its end.
    pub(crate) text: String,
    /// People and groups that it speaks of.
    pub(crate) names: Vec<String>,
    /// After messages that were not received yet: how to say that they were.
    pub(crate) cursor: Option<String>,
}

/// Puts a message into a line.
pub(crate) fn pushed(pushed: &Pushed, zone: &TimeZone) -> String {
    let guest = if pushed.is_guest { "~" } else { "" };
    let author = author(&format!("{guest}{}", pushed.sender), pushed.group.as_deref(), None);
    format!("{}\n", shown::message(pushed.time, zone, &author, &pushed.text))
}

/// Puts the answer to something that was done into words. `list`: what stands between the names of a list.
///
/// # Errors
/// What is odd about an answer that no parlor gives.
pub(crate) fn done(ask: &Ask, answer: &Answered, list: &str, zone: &TimeZone) -> Result<Told, String> {
    let text = match ask {
        Ask::Users { .. } => return names("users", &answer.body, list),
        Ask::Groups => return names("groups", &answer.body, list),
        Ask::History { of, .. } => return messages(&answer.body, zone, Some(of)),
        Ask::Receive { .. } => return messages(&answer.body, zone, None),
        // What was said stands there already.
        Ask::Say { .. } | Ask::Listen | Ask::Raw(_) => String::new(),
        Ask::Register { name, .. } => format!("{name} is registered"),
        Ask::Login { name } => format!("you are {name}"),
        Ask::Logout => "you are logged out".to_owned(),
        Ask::Make { group } => format!("the group {group} is yours; /invite {group} NAME adds people"),
        Ask::Invite { group, .. } => format!("they are in {group}"),
        Ask::Remove { group, name } => format!("{name} is not in {group} any more"),
        Ask::Leave { group } => format!("you have left {group}"),
        Ask::End { group } => format!("{group} has ended"),
        Ask::Password => "the password is changed; every other session of yours has ended".to_owned(),
        Ask::Ping => "the server answers".to_owned(),
    };
    let end = if text.is_empty() { "" } else { "\n" };
    Ok(Told { text: shown::line(&text) + end, ..Told::default() })
}

/// Why something was not done, in the server's words.
pub(crate) fn reason(answer: &Answered) -> String {
    let first = answer.body.lines().next().unwrap_or_default();
    let words = if first.is_empty() { &answer.reason } else { first };
    let cut: String = words.chars().take(REASON_CHARACTERS_MAX).collect();
    let patience = answer.retry_after_s.map(|seconds| format!(" (again in {seconds} s)")).unwrap_or_default();
    shown::line(&format!("{cut}{patience}"))
}

fn names(key: &str, body: &str, list: &str) -> Result<Told, String> {
    let mut names = read_names(key, body).map_err(|error| format!("a list of {key} that is none: {error}"))?;
    let lines: Vec<String> = names.iter().map(|name| shown::line(name)).collect();
    let text = if lines.is_empty() { format!("no {key}\n") } else { lines.join(list) + "\n" };
    names.truncate(NAMES_MAX);
    Ok(Told { text, names, cursor: None })
}

/// `of`: with whom the messages were exchanged, if it is with one person or in one group.
fn messages(body: &str, zone: &TimeZone, of: Option<&str>) -> Result<Told, String> {
    let read: MessagesJson<'_> =
        serde_json::from_str(body).map_err(|error| format!("a list of messages that is none: {error}"))?;
    let line = |message: &MessageJson<'_>| {
        let author = author(&message.from, message.group.as_deref(), of);
        shown::message(message.time, zone, &author, &message.text) + "\n"
    };
    let text: String = read.messages.iter().map(line).collect();
    // An empty answer tells of nothing that could be acknowledged.
    let cursor = read.cursor.filter(|_| !read.messages.is_empty());
    Ok(Told { text, names: Vec::new(), cursor: cursor.map(|cursor| cursor.into_owned()) })
}

/// `anna in chat`, `anna to you`; in a conversation that was asked for, `anna`.
fn author(from: &str, group: Option<&str>, of: Option<&str>) -> String {
    match (of, group) {
        (Some(_), _) => from.to_owned(),
        (None, Some(group)) => format!("{from} in {group}"),
        (None, None) => format!("{from} to you"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parlor_wire::chat1::Framing;
    use proptest::prelude::*;

    fn answer(status: u16, body: &str) -> Answered {
        let reason = "Reason".to_owned();
        Answered { status, reason, session: None, retry_after_s: None, body: body.to_owned(), framing: Framing::Framed }
    }

    fn done(ask: &Ask, body: &str) -> Result<Told, String> {
        super::done(ask, &answer(200, body), ", ", &TimeZone::UTC)
    }

    #[test]
    fn lists_are_names_and_messages_are_lines() {
        let users = done(&Ask::Users { group: None }, "{\"users\": [\"anna\", \"b\\u001b\"]}").unwrap();
        assert_eq!((users.text.as_str(), users.names.len()), ("anna, b\\x1b\n", 2));
        assert_eq!(done(&Ask::Groups, "{\"groups\": []}").unwrap().text, "no groups\n");
        let body = r#"{"messages":[
            {"id":"1","from":"anna","group":"chat","time":"1970-01-01T10:00:00.000000Z","text":"hi\nall"},
            {"id":"2","from":"~Zoë","time":"1970-01-01T10:01:00.000000Z","text":"\u001b[2J"}],"cursor":"c"}"#;
        let received = done(&Ask::Receive { cursor: None }, body).unwrap();
        assert_eq!(received.text, "10:00 anna in chat: hi\n      all\n10:01 ~Zoë to you: \\x1b[2J\n");
        assert_eq!(received.cursor.as_deref(), Some("c"));
        let history = done(&Ask::History { of: "chat".to_owned(), limit: 2 }, body).unwrap();
        assert!(history.text.starts_with("10:00 anna: hi\n"), "{history:?}");
        let nothing = done(&Ask::Receive { cursor: None }, "{\"messages\":[],\"cursor\":\"c\"}").unwrap();
        assert_eq!(nothing, Told::default());
    }

    #[test]
    fn what_no_parlor_says_is_an_error() {
        for body in ["", "[]", "{}", "{\"users\": [1]}", "{\"messages\":[{\"id\":\"1\"}]}"] {
            assert!(done(&Ask::Users { group: None }, body).is_err(), "{body}");
            assert!(done(&Ask::Receive { cursor: None }, body).is_err(), "{body}");
        }
    }

    #[test]
    fn a_refusal_is_the_servers_first_line() {
        assert_eq!(reason(&answer(404, "there is no josie\nmore")), "there is no josie");
        assert_eq!(reason(&answer(404, "")), "Reason");
        assert_eq!(
            reason(&Answered { retry_after_s: Some(3), ..answer(429, "too fast\u{7}") }),
            "too fast\\x07 (again in 3 s)"
        );
        assert_eq!(reason(&answer(400, &"x".repeat(1_000))).len(), 300);
    }

    proptest! {
        #[test]
        fn no_name_and_no_text_drives_the_terminal(sender in "(\\PC|\\p{Cc}){0,9}", group in "(\\PC|\\p{Cc}){0,9}", text in "(\\PC|\\p{Cc}|\n){0,30}") {
            let time = "1970-01-01T10:00:00.000000Z".parse().unwrap();
            let push = Pushed { sender, is_guest: true, group: Some(group), id: String::new(), time, text };
            let line = pushed(&push, &TimeZone::UTC);
            prop_assert!(!line.contains(|c: char| c.is_control() && c != '\n'));
        }
    }
}
