use super::client::{Client, server, text};

#[test]
fn a_connection_that_ends_in_any_way_leaves_its_rooms() {
    let server = server();
    let mut a = Client::open(&server);
    let room = a.make_room("cooks");
    for end in [
        Client::cut,
        |mut client: Client| client.socket.close(None).unwrap(),
        |mut client: Client| {
            client.say("logout(1,1)");
            client.closed();
        },
    ] {
        let mut b = Client::open(&server);
        b.say(&format!("joinchatroom(2,{room},0,0,)"));
        let id = b.id;
        a.expect(&format!("userjoinedchatroom(2,{room},{id},0,0,2)"));
        b.expect(&format!("userjoinedchatroom(2,{room},{id},0,0,2)"));
        end(b);
        let left = a.read();
        assert!(left.starts_with("userleftchatroom(") && left.ends_with(&format!("{room},{id},0,0,1)")), "{left}");
    }
}

#[test]
fn when_the_server_stops_everybody_is_told_to_come_again() {
    let mut server = server();
    let mut a = Client::open(&server);
    let mut b = Client::open(&server);
    b.make_room("cooks");
    server.terminate();
    for client in [&mut a, &mut b] {
        let (code, reason) = client.closed();
        assert_eq!(u16::from(code), 1012);
        assert!(reason.contains("restarting"), "{reason}");
    }
    assert_eq!(server.ended().code(), Some(0));
}

#[test]
fn a_room_that_vanishes_goes_with_a_connection_that_breaks() {
    let server = server();
    let [mut a, mut b] = [Client::open(&server), Client::open(&server)];
    let room = a.make_room("cooks");
    b.expect(&format!("chatroomcreated(1,{room},5,cooks8,1)"));
    a.cut();
    b.expect(&format!("chatroomwasdeleted(0,{room})"));
}

/// Who asks and asks and takes no answer is not answered in advance: each answer here is some 40 KB.
#[test]
fn answers_wait_for_who_takes_them_and_all_come_in_order() {
    let server = server();
    let mut a = Client::open(&server);
    for number in 0..200 {
        a.ask(&format!("addchatroom(1,{}0,0,0,)", text(&format!("{number:03} {}", "x".repeat(190)))));
    }
    const QUESTIONS: usize = 600;
    let questions: Vec<String> = (0..QUESTIONS).map(|number| format!("getchatroomlist({number})")).collect();
    questions.iter().for_each(|question| a.say(question));
    a.say("logout(700,1)");
    for number in 0..QUESTIONS {
        let answer = a.read();
        assert!(answer.starts_with(&format!("chatroomlist({number},")) && answer.len() > 40_000, "{number}: {answer}");
    }
    let (code, _) = a.closed();
    assert_eq!(u16::from(code), 1000);
}
