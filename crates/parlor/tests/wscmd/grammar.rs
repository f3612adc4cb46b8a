use tungstenite::Message;

use super::client::{Client, server};

#[test]
fn what_can_not_be_read_is_an_error_and_the_next_command_works() {
    let server = server();
    let mut a = Client::open(&server);
    let room = a.make_room("cooks");
    let number = "9".repeat(20);
    for (command, id) in [
        (format!("send(1,{room},999999999,hi)"), "1"),
        (format!("send(2,{room},-5,abc)"), "2"),
        (format!("send(3,{room},4,téx)"), ""),
        (format!("send(4,{room},007,x)"), "4"),
        (format!("send(5,{room},2,hi"), "5"),
        (format!("send(6,{room},1,hi)"), "6"),
        (format!("send(7,{number},2,hi)"), "7"),
        (format!("send({number},{room},2,hi)"), ""),
        (format!("send(-1,{room},2,hi)"), ""),
        ("send".to_owned(), ""),
        (String::new(), ""),
        ("frobnicate(8,1)".to_owned(), "8"),
        (format!("{}(9)", "x".repeat(33)), ""),
        ("nop()".repeat(100), ""),
    ] {
        a.say(&command);
        let answer = a.read();
        if command.contains("téx") {
            // By its bytes the length is right.
            assert!(answer.starts_with("chat(3,"), "{answer}");
            a.say(&format!("send(30,{room},3,té!)"));
            a.read();
            continue;
        }
        assert!(answer.starts_with("error(") && answer.ends_with(&format!("{id})")), "{command}: {answer}");
    }
    a.say(&format!("send(99,{room},2,ok)"));
    assert!(a.read().starts_with("chat(99,"));
}

#[test]
fn a_comma_before_the_end_is_let_through_and_never_sent() {
    let server = server();
    let mut a = Client::open(&server);
    assert_eq!(a.ask("getchatroomlist(1,)"), "chatroomlist(1,1,5,Lobby0,0)");
}

#[test]
fn nop_has_no_answer() {
    let server = server();
    let mut a = Client::open(&server);
    a.say("nop()");
    a.expect_nothing();
}

#[test]
fn binary_messages_are_an_error() {
    let server = server();
    let mut a = Client::open(&server);
    a.socket.send(Message::binary(b"nop()".to_vec())).unwrap();
    assert!(a.read().starts_with("error("));
    a.expect_nothing();
}

#[test]
fn a_command_over_64_kib_is_closed_and_one_below_is_read() {
    let server = server();
    let mut a = Client::open(&server);
    let room = a.make_room("cooks");
    let refused = a.ask(&format!("send(1,{room},60000,{})", "x".repeat(60_000)));
    assert!(refused.contains("4096"), "{refused}");
    // The server closes before it has read it all, so that sending may fail.
    let _ = a.socket.send(Message::text("x".repeat(70_000)));
    let (code, _) = a.closed();
    assert_eq!(u16::from(code), 1009);
}
