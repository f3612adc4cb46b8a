//! What people type instead of commands with counted lengths: `send 3 hello world`.

use parlor_wire::wscmd::{Command, Counting, STATUS_BOTH, STATUS_LOGGED_IN, STATUS_LOGGED_OFF, Secret};

/// What a typed line means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phrase {
    /// Nothing was typed.
    Nothing,
    /// The person asks what there is.
    Help(String),
    /// The person leaves.
    Quit,
    /// A command that was typed as the protocol has it.
    Whole(String),
    /// A command that was made of the line; it used up the messageid.
    Command(String),
}

/// How a command is typed: the words, the same command's name in the protocol, what it does.
const PHRASES: [(&str, &str, &str); 17] = [
    ("rooms", "getchatroomlist", "the rooms that you may see"),
    ("room ROOM", "getchatroomdetails", "what a room is"),
    ("who ROOM", "getusersinchatroom", "who is in a room where you are"),
    ("join ROOM [ANSWER]", "joinchatroom", "enter a room"),
    ("move ROOM [ANSWER]", "joinchatroom", "the same, and leave all others"),
    ("leave ROOM", "leavechatroom", "leave it"),
    ("send ROOM TEXT", "send", "say something in a room"),
    ("tell CLIENT TEXT", "sendto", "say something to one connection"),
    ("message USER TEXT", "sendto", "say something to one account, also if it is away"),
    ("create NAME [QUESTION ANSWER [PASSWORD]]", "addchatroom", "make a room; with the server's password it stays"),
    ("delete ROOM PASSWORD", "removechatroom", "delete a room"),
    ("login NAME PASSWORD", "login", "be an account"),
    ("logout [disconnect]", "logout", "be nobody's account again"),
    ("users in|off|both PASSWORD", "getusers", "the accounts that are logged in, or not, or all"),
    ("adduser USER NAME PASSWORD SERVERPASSWORD", "adduser", "make an account"),
    ("removeuser USER PASSWORD", "removeuser", "remove an account"),
    ("announce PASSWORD TEXT", "sendtoall", "say something to everybody at every door"),
];

/// Reads a line. `messageid` is the number of the command that it may become.
///
/// # Errors
/// The sentence for the person who typed it.
pub(crate) fn read(line: &str, messageid: u64) -> Result<Phrase, String> {
    let line = line.trim();
    if is_whole(line) {
        return Ok(Phrase::Whole(line.to_owned()));
    }
    let mut words = Words { rest: line };
    let name = words.take().unwrap_or_default();
    match name {
        "" => return Ok(Phrase::Nothing),
        "/help" | "help" | "?" => return Ok(Phrase::Help(help())),
        "/quit" | "quit" => return Ok(Phrase::Quit),
        _ => {}
    }
    let (usage, word) = PHRASES
        .iter()
        .map(|(usage, protocol, _)| (*usage, usage.split(' ').next().unwrap_or(usage), *protocol))
        .find_map(|(usage, word, protocol)| (name == word || name == protocol).then_some((usage, word)))
        .ok_or_else(|| format!("not sent: there is no command {}; /help lists them", crate::shown::line(name)))?;
    let command = command(word, &mut words, messageid).filter(|_| words.rest.is_empty());
    let command = command.ok_or_else(|| format!("not sent: type {usage} (/help explains it)"))?;
    let mut text = String::new();
    // As browsers count, which is how the server reads first.
    command.write(Counting::Utf16, &mut text);
    Ok(Phrase::Command(text))
}

/// The command of that name; `None` where a word is missing or is no number.
fn command<'a>(name: &str, words: &mut Words<'a>, messageid: u64) -> Option<Command<'a>> {
    Some(match name {
        "rooms" => Command::GetChatroomList { messageid },
        "room" => Command::GetChatroomDetails { messageid, chatroomid: words.number()? },
        "who" => Command::GetUsersInChatroom { messageid, chatroomid: words.number()? },
        "join" | "move" => Command::JoinChatroom {
            messageid,
            chatroomid: words.number()?,
            leave_other_chatrooms: name == "move",
            answerhashed: Secret(words.text()),
        },
        "leave" => Command::LeaveChatroom { messageid, chatroomid: words.number()? },
        "send" => Command::Send { messageid, chatroomid: words.number()?, message: words.some_text()? },
        "tell" => Command::SendTo { messageid, chatclientid: words.number()?, userid: 0, message: words.some_text()? },
        "message" => {
            Command::SendTo { messageid, chatclientid: 0, userid: words.number()?, message: words.some_text()? }
        }
        "create" => {
            let room_name = words.take()?;
            let question = words.take().unwrap_or_default();
            let answer_hashed = if question.is_empty() { words.take().unwrap_or_default() } else { words.take()? };
            let server_password = Secret(words.take().unwrap_or_default());
            Command::AddChatroom {
                messageid,
                room_name,
                question,
                answer_hashed: Secret(answer_hashed),
                server_password,
            }
        }
        "delete" => {
            let chatroomid = words.number()?;
            Command::RemoveChatroom { messageid, chatroomid, server_password: Secret(words.take()?) }
        }
        "login" => Command::Login { messageid, username: words.take()?, password: Secret(words.text()) },
        "logout" => match words.take() {
            None => Command::Logout { messageid, disconnect: false },
            Some("disconnect") => Command::Logout { messageid, disconnect: true },
            Some(_) => return None,
        },
        "users" => {
            let status = match words.take()? {
                "in" => STATUS_LOGGED_IN,
                "off" => STATUS_LOGGED_OFF,
                "both" => STATUS_BOTH,
                _ => return None,
            };
            Command::GetUsers { messageid, status, server_password: Secret(words.take()?) }
        }
        "adduser" => Command::AddUser {
            messageid,
            userid: words.number()?,
            username: words.take()?,
            password: Secret(words.take()?),
            server_password: Secret(words.take()?),
        },
        "removeuser" => {
            Command::RemoveUser { messageid, userid: words.number()?, server_password: Secret(words.take()?) }
        }
        "announce" => {
            let server_password = Secret(words.take()?);
            Command::SendToAll { server_password, messageid, message: words.some_text()? }
        }
        _ => return None,
    })
}

/// Whether the line is a command as the protocol writes it, right or wrong.
fn is_whole(line: &str) -> bool {
    line.split_once('(').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

fn help() -> String {
    let mut text = "Type a command; ROOM, CLIENT and USER are numbers, \"...\" keeps spaces in one word:\n".to_owned();
    for (usage, name, says) in PHRASES {
        text.push_str(&format!("  {usage:<42} {says} ({name})\n"));
    }
    for (usage, says) in [
        ("NAME(...)", "a command as the protocol writes it, sent as it is"),
        ("/help", "this list"),
        ("/quit", "leave; so does the end of the input"),
    ] {
        text.push_str(&format!("  {usage:<42} {says}\n"));
    }
    text
}

/// The words of a line, taken one by one.
struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    /// The next word, or what stands between the next two quotation marks.
    fn take(&mut self) -> Option<&'a str> {
        let quoted = self.rest.strip_prefix('"').and_then(|rest| rest.split_once('"'));
        let whole = quoted.filter(|(_, after)| after.is_empty() || after.starts_with(char::is_whitespace));
        let (word, after) =
            whole.unwrap_or_else(|| self.rest.split_at(self.rest.find(char::is_whitespace).unwrap_or(self.rest.len())));
        if whole.is_none() && word.is_empty() {
            return None;
        }
        self.rest = after.trim_start();
        Some(word)
    }

    fn number(&mut self) -> Option<u64> {
        let word = self.take()?;
        if word.bytes().all(|byte| byte.is_ascii_digit()) { word.parse().ok() } else { None }
    }

    /// All that is left, as it was typed.
    fn text(&mut self) -> &'a str {
        std::mem::take(&mut self.rest)
    }

    fn some_text(&mut self) -> Option<&'a str> {
        Some(self.text()).filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_become_commands_with_counted_lengths() {
        let cases = [
            ("rooms", "getchatroomlist(7)"),
            ("room 3", "getchatroomdetails(7,3)"),
            ("who 3", "getusersinchatroom(7,3)"),
            ("join 3", "joinchatroom(7,3,0,0,)"),
            ("joinchatroom 3", "joinchatroom(7,3,0,0,)"),
            ("move 3 the answer", "joinchatroom(7,3,1,10,the answer)"),
            ("leave 3", "leavechatroom(7,3)"),
            ("send 3 hello  (world)", "send(7,3,14,hello  (world))"),
            ("  send  3  \"é👍\"", "send(7,3,5,\"é👍\")"),
            ("tell 57 hi", "sendto(7,57,0,2,hi)"),
            ("message 12 hi", "sendto(7,0,12,2,hi)"),
            ("create cooks0", "addchatroom(7,6,cooks00,0,0,)"),
            ("create cooks0 \"\" \"\" test", "addchatroom(7,6,cooks00,0,4,test)"),
            ("create \"my room\" \"what is it?\" 42 test", "addchatroom(7,7,my room11,what is it?2,424,test)"),
            ("delete 3 test", "removechatroom(7,3,4,test)"),
            ("login adrian my secret", "login(7,6,adrian9,my secret)"),
            ("login adrian", "login(7,6,adrian0,)"),
            ("logout", "logout(7,0)"),
            ("logout disconnect", "logout(7,1)"),
            ("users both test", "getusers(7,3,4,test)"),
            ("adduser 42 adrian secret test", "adduser(7,42,6,adrian6,secret4,test)"),
            ("removeuser 42 test", "removeuser(7,42,4,test)"),
            ("announce test tea is ready", "sendtoall(4,test7,12,tea is ready)"),
        ];
        for (line, command) in cases {
            assert_eq!(read(line, 7), Ok(Phrase::Command(command.to_owned())), "{line}");
        }
    }

    #[test]
    fn every_command_of_the_protocol_can_be_typed_in_words() {
        // `nop` needs no words: there is nothing to count in it.
        let all = [
            "addchatroom",
            "adduser",
            "getchatroomdetails",
            "getchatroomlist",
            "getusersinchatroom",
            "getusers",
            "joinchatroom",
            "leavechatroom",
            "login",
            "logout",
            "removechatroom",
            "removeuser",
            "send",
            "sendto",
            "sendtoall",
        ];
        for name in all {
            assert!(PHRASES.iter().any(|(_, protocol, _)| *protocol == name), "{name}");
            let refused = read(&format!("{name} x x x x x x"), 1);
            assert!(!matches!(&refused, Err(sentence) if sentence.contains("no command")), "{name}: {refused:?}");
        }
        let Ok(Phrase::Help(help)) = read("/help", 1) else { panic!("/help gives the help") };
        for (usage, ..) in PHRASES {
            assert!(help.contains(usage), "{usage}");
        }
    }

    #[test]
    fn a_command_as_the_protocol_has_it_is_left_alone() {
        for line in ["nop()", "send(1,3,5,hello)", "send(1,3,5,hel", "no_such(\u{1b})"] {
            assert_eq!(read(line, 7), Ok(Phrase::Whole(line.to_owned())));
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_how_it_is_typed() {
        let cases = [
            ("hello world", "there is no command hello;"),
            ("hello\u{1b}[2J", "there is no command hello\\x1b[2J;"),
            ("(a)", "there is no command (a);"),
            ("send", "type send ROOM TEXT"),
            ("send 3", "type send ROOM TEXT"),
            ("send x hello", "type send ROOM TEXT"),
            ("send +3 hello", "type send ROOM TEXT"),
            ("send 99999999999999999999 hello", "type send ROOM TEXT"),
            ("leave 3 4", "type leave ROOM"),
            ("rooms 3", "type rooms"),
            ("create a question", "type create NAME"),
            ("create", "type create NAME"),
            ("users 1 test", "type users in|off|both PASSWORD"),
            ("logout now", "type logout"),
            ("adduser 42 adrian secret test more", "type adduser"),
        ];
        for (line, advice) in cases {
            let refused = read(line, 7).unwrap_err();
            assert!(refused.contains(advice) && !refused.contains(char::is_control), "{line}: {refused}");
        }
        assert_eq!(read("  ", 7), Ok(Phrase::Nothing));
        assert_eq!(read(" /quit ", 7), Ok(Phrase::Quit));
    }
}
