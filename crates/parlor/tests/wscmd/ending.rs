use super::client::{Client, server};

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
