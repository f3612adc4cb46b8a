use proptest::prelude::*;

use super::*;

const N: u64 = NUMBER_MAX;

/// One command of each name, made of these numbers and texts.
fn commands<'a>(n: &[u64; 3], t: &'a [String; 4]) -> [Command<'a>; 16] {
    let &[messageid, chatroomid, userid] = n;
    let [one, two, three, four] = t.each_ref().map(String::as_str);
    let (password, server_password) = (Secret(three), Secret(four));
    [
        Command::AddChatroom { messageid, room_name: one, question: two, answer_hashed: password, server_password },
        Command::AddUser { messageid, userid, username: one, password, server_password },
        Command::GetChatroomDetails { messageid, chatroomid },
        Command::GetChatroomList { messageid },
        Command::GetUsersInChatroom { messageid, chatroomid },
        Command::GetUsers { messageid, status: userid, server_password },
        Command::JoinChatroom { messageid, chatroomid, leave_other_chatrooms: userid > 9, answerhashed: password },
        Command::LeaveChatroom { messageid, chatroomid },
        Command::Login { messageid, username: one, password },
        Command::Logout { messageid, disconnect: userid > 9 },
        Command::Nop {},
        Command::RemoveChatroom { messageid, chatroomid, server_password },
        Command::RemoveUser { messageid, userid, server_password },
        Command::Send { messageid, chatroomid, message: one },
        Command::SendTo { messageid, chatclientid: chatroomid, userid, message: one },
        Command::SendToAll { server_password, messageid, message: one },
    ]
}

/// One message of each name, made of these numbers and texts.
fn messages<'a>(n: &[u64; 3], t: &'a [String; 4], items: usize) -> [Message<'a>; 15] {
    let &[messageid, chatroomid, userid] = n;
    let [message, room_name, question, username] = t.each_ref().map(String::as_str);
    let (chatclientid, number_of_clients) = (chatroomid, userid);
    let info = Info { joined: userid % 2 == 1, asks: userid % 3 == 1, vanishes: userid % 5 == 1 };
    let room = ListedRoom { chatroomid, room_name, info, people_count: userid };
    [
        Message::Chat { messageid, chatroomid, chatclientid, userid, message },
        Message::ChatroomCreated { messageid, chatroomid, room_name, info, number_of_clients },
        Message::ChatroomDetails { messageid, chatroomid, room_name, info, number_of_clients, question },
        Message::ChatroomList { messageid, rooms: vec![room; items] },
        Message::ChatroomWasDeleted { messageid, chatroomid },
        Message::Error { message, messageid: Some(messageid) },
        Message::Error { message, messageid: None },
        Message::Msg { messageid, chatclientid, userid, message },
        Message::PrivateMessage { chatclientid, userid, username, message },
        Message::Success { messageid },
        Message::UserJoinedChatroom { messageid, chatroomid, chatclientid, userid, username, number_of_clients },
        Message::UserLeftChatroom { messageid, chatroomid, chatclientid, userid, username, number_of_clients },
        Message::Users { messageid, users: vec![ListedUser { userid, username, status: 1 }; items] },
        Message::UsersInChatroom {
            messageid,
            chatroomid,
            users: vec![PresentUser { chatclientid, userid, username }; items],
        },
        Message::YourChatClientId { chatclientid },
    ]
}

fn texts(texts: [&str; 4]) -> [String; 4] {
    texts.map(str::to_owned)
}

fn written(command: &Command<'_>, counting: Counting) -> String {
    let mut out = String::new();
    command.write(counting, &mut out);
    out
}

#[test]
fn commands_are_written_as_the_protocol_shows_them() {
    let texts = texts(["cooks", "", "né", "test"]);
    let expected = [
        "addchatroom(1,5,cooks0,2,né4,test)",
        "adduser(1,3,5,cooks2,né4,test)",
        "getchatroomdetails(1,2)",
        "getchatroomlist(1)",
        "getusersinchatroom(1,2)",
        "getusers(1,3,4,test)",
        "joinchatroom(1,2,0,2,né)",
        "leavechatroom(1,2)",
        "login(1,5,cooks2,né)",
        "logout(1,0)",
        "nop()",
        "removechatroom(1,2,4,test)",
        "removeuser(1,3,4,test)",
        "send(1,2,5,cooks)",
        "sendto(1,2,3,5,cooks)",
        "sendtoall(4,test1,5,cooks)",
    ];
    for (command, expected) in commands(&[1, 2, 3], &texts).iter().zip(expected) {
        assert_eq!(written(command, Counting::Utf16), expected);
        let (read, told) = Command::read(expected).unwrap();
        assert_eq!(read, *command);
        assert_eq!(told, (!expected.is_ascii()).then_some(Counting::Utf16));
        assert_eq!(read.messageid(), (expected != "nop()").then_some(1));
        assert!(expected.starts_with(&format!("{}(", read.name())));
        // A trailing comma is read over.
        let with_comma = expected.replace(')', ",)");
        assert_eq!(Command::read(&with_comma).unwrap().0, *command, "{with_comma}");
    }
}

#[test]
fn messages_are_written_as_the_protocol_shows_them() {
    let texts = texts(["hé", "cooks", "why", "anna"]);
    let expected = [
        "chat(1,2,2,3,2,hé)",
        "chatroomcreated(1,2,5,cooks1,3)",
        "chatroomdetails(1,2,5,cooks1,3,3,why)",
        "chatroomlist(1,2,5,cooks1,3,2,5,cooks1,3)",
        "chatroomwasdeleted(1,2)",
        "error(2,hé1)",
        "error(2,hé)",
        "msg(1,2,3,2,hé)",
        "privatemessage(2,3,4,anna2,hé)",
        "success(1)",
        "userjoinedchatroom(1,2,2,3,4,anna3)",
        "userleftchatroom(1,2,2,3,4,anna3)",
        "users(1,3,4,anna1,3,4,anna1)",
        "usersinchatroom(1,2,2,3,4,anna2,3,4,anna)",
        "yourchatclientid(2)",
    ];
    for (message, expected) in messages(&[1, 2, 3], &texts, 2).iter().zip(expected) {
        assert_eq!(message.to_text(Counting::Utf16), expected);
        assert_eq!(Message::read(expected, Counting::Utf16).as_ref(), Ok(message));
    }
    let empty = Message::ChatroomList { messageid: 7, rooms: Vec::new() };
    assert_eq!(empty.to_text(Counting::Utf8), "chatroomlist(7)");
    let info = Info { joined: true, asks: true, vanishes: true };
    let all = Message::ChatroomCreated { messageid: 1, chatroomid: 2, room_name: "", info, number_of_clients: 0 };
    assert_eq!(all.to_text(Counting::Utf8), "chatroomcreated(1,2,0,13,0)");
}

#[test]
fn a_length_is_tried_in_both_countings() {
    let send = |message| Command::Send { messageid: 1, chatroomid: 2, message };
    let cases = [
        ("send(1,2,2,te)", send("te"), None),
        ("send(1,2,2,té)", send("té"), Some(Counting::Utf16)),
        ("send(1,2,3,té)", send("té"), Some(Counting::Utf8)),
        ("send(1,2,2,👍)", send("👍"), Some(Counting::Utf16)),
        ("send(1,2,4,👍)", send("👍"), Some(Counting::Utf8)),
        // Bytes read this too, as "é" and a password of 15 bytes. Units come first, and nothing is told.
        (
            "login(1,2,é15,日本語日本)",
            Command::Login { messageid: 1, username: "é1", password: Secret("日本語日本") },
            None,
        ),
    ];
    for (text, command, told) in cases {
        assert_eq!(Command::read(text), Ok((command, told)), "{text}");
    }
}

#[test]
fn the_older_form_of_addchatroom_is_read() {
    let command = Command::AddChatroom {
        messageid: 1,
        room_name: "cooks",
        question: "why",
        answer_hashed: Secret("ab12"),
        server_password: Secret(""),
    };
    for text in ["addchatroom(1,5,cooks3,why7,because4,ab120,)", "addchatroom(1,5,cooks3,why7,because4,ab120,,)"] {
        assert_eq!(Command::read(text), Ok((command, None)), "{text}");
    }
    let error = Command::read("addchatroom(1,5,cooks3,why7,because4,ab120,0,)").unwrap_err();
    assert_eq!((error.messageid, error.problem), (Some(1), Problem::TooMuch), "no form has seven parameters");
}

#[test]
fn what_is_no_command_is_refused_with_its_reason() {
    let cases = [
        ("", None, Problem::NoName),
        ("hello", None, Problem::NoName),
        ("(1)", None, Problem::NoName),
        (" nop()", None, Problem::NoName),
        ("n\u{f6}p()", None, Problem::NoName),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa()", None, Problem::NoName),
        ("dance(7,1)", Some(7), Problem::Unknown("dance".to_owned())),
        ("NOP()", None, Problem::Unknown("NOP".to_owned())),
        ("send", None, Problem::NoName),
        ("send(", None, Problem::Unclosed),
        ("send()", None, Problem::TooFew(1)),
        ("send(7)", Some(7), Problem::TooFew(2)),
        ("send(7,)", Some(7), Problem::TooFew(2)),
        ("send(7", None, Problem::Unclosed),
        ("send(7x", None, Problem::NoComma(2)),
        ("send(-5,3,1,x)", None, Problem::NotNumber(1)),
        ("send(+5,3,1,x)", None, Problem::NotNumber(1)),
        ("send( 5,3,1,x)", None, Problem::NotNumber(1)),
        ("send(5, 3,1,x)", Some(5), Problem::NotNumber(2)),
        ("send(\u{661},3,1,x)", None, Problem::NotNumber(1)),
        ("send(9223372036854775808,3,1,x)", None, Problem::TooLarge(1)),
        ("send(5,18446744073709551617,1,x)", Some(5), Problem::TooLarge(2)),
        ("send(5,3,-1,x)", Some(5), Problem::NotText(3)),
        ("send(5,3,1)", Some(5), Problem::NotText(3)),
        ("send(1,2,999999999,hi)", Some(1), Problem::WrongLength(3)),
        ("send(1,2,18446744073709551615,hi)", Some(1), Problem::TooLarge(3)),
        ("send(1,2,4,té)", Some(1), Problem::WrongLength(3)),
        ("send(1,2,5,té)", Some(1), Problem::WrongLength(3)),
        ("send(1,2,1,👍)", Some(1), Problem::WrongLength(3)),
        ("send(1,2,007,x)", Some(1), Problem::WrongLength(3)),
        ("send(1,2,5,hello", Some(1), Problem::Unclosed),
        ("send(1,2,4,hello)", Some(1), Problem::TooMuch),
        ("send(1,2,5,hello,,)", Some(1), Problem::TooMuch),
        ("nop(1)", Some(1), Problem::TooMuch),
        ("nop()nop()", None, Problem::Trailing),
        ("nop() ", None, Problem::Trailing),
        ("send(1,2,5,hello)send(2,2,5,hello)", Some(1), Problem::Trailing),
        ("sendtoall(4,test9,x)", Some(9), Problem::NotText(3)),
        ("sendtoall(5,tést9,x)", Some(9), Problem::NotNumber(2)),
        ("sendtoall(9,test9,1,x)", None, Problem::TooFew(2)),
    ];
    for (text, messageid, problem) in cases {
        let error = Command::read(text).unwrap_err();
        assert_eq!((error.messageid, &error.problem), (messageid, &problem), "{text:?}");
        let sentence = error.to_string();
        assert!(sentence.contains(' ') && !sentence.ends_with('.'), "{sentence}");
    }
}

#[test]
fn a_refusal_says_how_the_command_is_written() {
    let sentence = |text| Command::read(text).unwrap_err().to_string();
    assert_eq!(sentence("send(7)"), "parameter 2 is missing; write send(messageid,chatroomid,message)");
    assert_eq!(sentence("dance(7)"), "there is no command dance");
}

#[test]
fn large_input_is_bounded() {
    let command = |text: &str| format!("send(1,2,{},{text})", text.len());
    let room = COMMAND_BYTES_MAX - command(&"x".repeat(60_000)).len() + 60_000;
    assert!(Command::read(&command(&"x".repeat(room))).is_ok());
    let error = Command::read(&command(&"x".repeat(room + 1))).unwrap_err();
    assert_eq!((error.messageid, error.problem), (Some(1), Problem::TooLong));
    let zeros = format!("send({}7,2,0,)", "0".repeat(60_000));
    assert_eq!(Command::read(&zeros).unwrap().0.messageid(), Some(7));
    let nines = format!("send({},2,0,)", "9".repeat(60_000));
    assert_eq!(Command::read(&nines).unwrap_err().problem, Problem::TooLarge(1));
}

#[test]
fn a_text_smuggles_no_command() {
    for message in [")send(1,2,1,x)", ",)", "1,x)", ")", "4,test", "\r\nsend(1,2,1,x)"] {
        let command = Command::Send { messageid: 1, chatroomid: 2, message };
        for counting in [Counting::Utf16, Counting::Utf8] {
            assert_eq!(Command::read(&written(&command, counting)), Ok((command, None)), "{message:?}");
        }
    }
}

#[test]
fn no_secret_is_printed() {
    let texts = texts(["name", "question", "hunter2", "hunter2"]);
    for command in commands(&[1, 2, 3], &texts) {
        assert!(!format!("{command:?}").contains("hunter2"), "{}", command.name());
    }
}

fn numbers() -> impl Strategy<Value = [u64; 3]> {
    let number = prop_oneof![0..20_u64, Just(N), 0..=N];
    [number.clone(), number.clone(), number]
}

fn strings() -> impl Strategy<Value = [String; 4]> {
    let text = prop_oneof![any::<String>(), "[0-9,()é👍a]{0,12}", "[a-z0-9_-]{1,8}"];
    [text.clone(), text.clone(), text.clone(), text]
}

proptest! {
    #[test]
    fn any_command_reads_back(numbers in numbers(), texts in strings(), which in 0..16_usize) {
        let command = commands(&numbers, &texts)[which];
        let by_units = written(&command, Counting::Utf16);
        let (read, told) = Command::read(&by_units).unwrap();
        prop_assert_eq!(read, command);
        prop_assert_ne!(told, Some(Counting::Utf8));
        let by_bytes = written(&command, Counting::Utf8);
        prop_assert_eq!(Command::read_counted(&by_bytes, Counting::Utf8), Ok(command));
        let (read, told) = Command::read(&by_bytes).unwrap();
        // Rarely a count of bytes makes sense as a count of units too; those come first.
        let expected = Command::read_counted(&by_bytes, Counting::Utf16).unwrap_or(command);
        prop_assert_eq!(read, expected);
        prop_assert_ne!(told, Some(Counting::Utf16));
    }

    #[test]
    fn any_message_reads_back(numbers in numbers(), texts in strings(), items in 0..4_usize, which in 0..15_usize) {
        let message = messages(&numbers, &texts, items)[which].clone();
        for counting in [Counting::Utf16, Counting::Utf8] {
            let text = message.to_text(counting);
            let read = Message::read(&text, counting);
            prop_assert_eq!(read.as_ref(), Ok(&message), "{}", text);
        }
    }

    #[test]
    fn what_is_cut_off_is_no_command(
        numbers in numbers(),
        texts in strings(),
        which in 0..16_usize,
        at in 0..200_usize,
    ) {
        let whole = written(&commands(&numbers, &texts)[which], Counting::Utf16);
        let cut = &whole[..whole.floor_char_boundary(at.min(whole.len() - 1))];
        prop_assert!(Command::read_counted(cut, Counting::Utf16).is_err(), "{}", cut);
        let longer = format!("{whole}{cut}x");
        prop_assert!(Command::read_counted(&longer, Counting::Utf16).is_err(), "{}", longer);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[a-z]{0,4}[(]?[0-9,()é👍-]{0,30}|.{0,40}") {
        if let Ok((command, told)) = Command::read(&text) {
            let again = written(&command, told.unwrap_or_default());
            prop_assert_eq!(Command::read(&again).map(|(command, _)| command), Ok(command));
        }
        let _ = Message::read(&text, Counting::Utf16);
    }
}
