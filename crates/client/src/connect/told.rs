//! What the server says, in words: `chat room=3 from=57 user=0: hello world`.

use std::fmt::Write as _;

use parlor_wire::wscmd::{Info, ListedRoom, ListedUser, Message, STATUS_LOGGED_IN};

use super::screen::push_printable;

/// Appends a message as a line, without its end. Names are quoted; the further lines of a text, and the items of a list,
/// stand below it, indented. `#7` is the messageid of the command that it answers.
pub(crate) fn tell(message: &Message<'_>, out: &mut String) {
    out.push_str(message.name());
    match message {
        Message::Chat { chatroomid, chatclientid, userid, message, .. } => {
            push(out, format_args!(" room={chatroomid} from={chatclientid} user={userid}"));
            push_text(message, out);
        }
        Message::ChatroomCreated { messageid, chatroomid, room_name, info, number_of_clients } => {
            push(
                out,
                format_args!(" #{messageid} room={chatroomid} name={} people={number_of_clients}", quoted(room_name)),
            );
            push_info(*info, out);
        }
        Message::ChatroomDetails { messageid, chatroomid, room_name, info, number_of_clients, question } => {
            push(
                out,
                format_args!(" #{messageid} room={chatroomid} name={} people={number_of_clients}", quoted(room_name)),
            );
            push_info(*info, out);
            if !question.is_empty() {
                push(out, format_args!(" question={}", quoted(question)));
            }
        }
        Message::ChatroomList { messageid, rooms } => push_rooms(*messageid, rooms, out),
        Message::ChatroomWasDeleted { messageid, chatroomid } => {
            push(out, format_args!(" #{messageid} room={chatroomid}"))
        }
        Message::Error { message, messageid } => {
            if let Some(messageid) = messageid {
                push(out, format_args!(" #{messageid}"));
            }
            push_text(message, out);
        }
        Message::Msg { chatclientid, userid, message, .. } => {
            push(out, format_args!(" from={chatclientid} user={userid}"));
            push_text(message, out);
        }
        Message::PrivateMessage { chatclientid, userid, username, message } => {
            push(out, format_args!(" from={chatclientid} user={userid} name={}", quoted(username)));
            push_text(message, out);
        }
        Message::Success { messageid } => push(out, format_args!(" #{messageid}")),
        Message::UserJoinedChatroom { chatroomid, chatclientid, userid, username, number_of_clients, .. }
        | Message::UserLeftChatroom { chatroomid, chatclientid, userid, username, number_of_clients, .. } => {
            let name = quoted(username);
            push(
                out,
                format_args!(
                    " room={chatroomid} who={chatclientid} user={userid} name={name} people={number_of_clients}"
                ),
            );
        }
        Message::Users { messageid, users } => push_users(*messageid, users, out),
        Message::UsersInChatroom { messageid, chatroomid, users } => {
            push(out, format_args!(" #{messageid} room={chatroomid} people={}", users.len()));
            for user in users {
                let name = quoted(user.username);
                push(out, format_args!("\n  who={} user={} name={name}", user.chatclientid, user.userid));
            }
        }
        Message::YourChatClientId { chatclientid } => push(out, format_args!(" {chatclientid}")),
    }
}

fn push_rooms(messageid: u64, rooms: &[ListedRoom<'_>], out: &mut String) {
    push(out, format_args!(" #{messageid} rooms={}", rooms.len()));
    for room in rooms {
        let name = quoted(room.room_name);
        push(out, format_args!("\n  room={} name={name} people={}", room.chatroomid, room.people_count));
        push_info(room.info, out);
    }
}

fn push_users(messageid: u64, users: &[ListedUser<'_>], out: &mut String) {
    push(out, format_args!(" #{messageid} users={}", users.len()));
    for user in users {
        let status = if user.status == STATUS_LOGGED_IN { "in" } else { "off" };
        push(out, format_args!("\n  user={} name={} {status}", user.userid, quoted(user.username)));
    }
}

fn push(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    out.write_fmt(arguments).expect("writing to a String does not fail");
}

fn push_text(text: &str, out: &mut String) {
    out.push_str(": ");
    push_printable(&text.replace('\n', "\n  "), out);
}

fn push_info(info: Info, out: &mut String) {
    for (is_so, word) in [(info.joined, " joined"), (info.asks, " asks"), (info.vanishes, " vanishes")] {
        if is_so {
            out.push_str(word);
        }
    }
}

/// A name on one line that cannot pass for more than a name.
fn quoted(name: &str) -> String {
    let mut quoted = "\"".to_owned();
    push_printable(&name.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"), &mut quoted);
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use parlor_wire::wscmd::Counting;

    #[test]
    fn every_message_has_its_words() {
        let cases = [
            ("chat(7,3,57,0,11,hello world)", "chat room=3 from=57 user=0: hello world"),
            ("chat(7,3,57,0,8,a\nb\u{1b}[2Jc)", "chat room=3 from=57 user=0: a\n  b\\x1b[2Jc"),
            ("chatroomcreated(7,3,6,cooks09,1)", "chatroomcreated #7 room=3 name=\"cooks0\" people=1 joined vanishes"),
            (
                "chatroomdetails(7,3,4,a\"\n\u{9b}4,2,3,why)",
                "chatroomdetails #7 room=3 name=\"a\\\"\\n\\x9b\" people=2 asks question=\"why\"",
            ),
            (
                "chatroomlist(7,1,5,lobby0,3,4,1,b13,0)",
                "chatroomlist #7 rooms=2\n  room=1 name=\"lobby\" people=3\n  room=4 name=\"b\" people=0 joined asks vanishes",
            ),
            ("chatroomlist(7)", "chatroomlist #7 rooms=0"),
            ("chatroomwasdeleted(7,3)", "chatroomwasdeleted #7 room=3"),
            ("error(7,no room7)", "error #7: no room"),
            ("error(7,no room)", "error: no room"),
            ("msg(7,57,12,2,hi)", "msg from=57 user=12: hi"),
            ("privatemessage(57,12,4,anna2,hi)", "privatemessage from=57 user=12 name=\"anna\": hi"),
            ("success(7)", "success #7"),
            ("userjoinedchatroom(7,3,57,0,0,2)", "userjoinedchatroom room=3 who=57 user=0 name=\"\" people=2"),
            ("userleftchatroom(7,3,57,12,4,anna1)", "userleftchatroom room=3 who=57 user=12 name=\"anna\" people=1"),
            (
                "users(7,12,4,anna1,13,3,bob2)",
                "users #7 users=2\n  user=12 name=\"anna\" in\n  user=13 name=\"bob\" off",
            ),
            (
                "usersinchatroom(7,3,57,12,4,anna58,0,0,)",
                "usersinchatroom #7 room=3 people=2\n  who=57 user=12 name=\"anna\"\n  who=58 user=0 name=\"\"",
            ),
            ("yourchatclientid(57)", "yourchatclientid 57"),
        ];
        for (text, words) in cases {
            let message = Message::read(text, Counting::Utf16).unwrap_or_else(|problem| panic!("{text}: {problem}"));
            let mut told = String::new();
            tell(&message, &mut told);
            assert_eq!(told, words, "{text}");
        }
    }
}
