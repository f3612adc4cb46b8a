use super::client::{Client, PASSWORD, server, text};
use super::support::http::get;
use super::support::server::Server;

#[test]
fn a_room_is_deleted_for_everybody() {
    let server = server();
    let [mut a, mut b, mut c] = [Client::open(&server), Client::open(&server), Client::open(&server)];
    let room = a.make_room("cooks");
    for other in [&mut b, &mut c] {
        other.expect(&format!("chatroomcreated(1,{room},5,cooks8,1)"));
    }
    b.say(&format!("removechatroom(5,{room},{})", text(PASSWORD)));
    for client in [&mut a, &mut b, &mut c] {
        client.expect(&format!("chatroomwasdeleted(5,{room})"));
        client.expect_nothing();
    }
    assert!(a.refused(&format!("send(6,{room},2,hi)")).contains("not in this room"));
    assert!(b.refused(&format!("removechatroom(7,{room},{})", text(PASSWORD))).contains("no such room"));
}

#[test]
fn of_two_who_delete_one_room_one_is_too_late() {
    let server = server();
    let [mut a, mut b] = [Client::open(&server), Client::open(&server)];
    let room = a.make_room("cooks");
    b.expect(&format!("chatroomcreated(1,{room},5,cooks8,1)"));
    for (number, client) in [(5, &mut a), (6, &mut b)] {
        client.say(&format!("removechatroom({number},{room},{})", text(PASSWORD)));
    }
    let deleted = |client: &mut Client| {
        let mut told = Vec::new();
        while told.iter().filter(|line: &&String| line.starts_with("chatroomwasdeleted(")).count() == 0 {
            told.push(client.read());
        }
        client.say("getusersinchatroom(9,9)");
        loop {
            let line = client.read();
            if line.ends_with("9)") {
                return told;
            }
            told.push(line);
        }
    };
    let told = [deleted(&mut a), deleted(&mut b)].concat();
    assert_eq!(told.iter().filter(|line| line.starts_with("chatroomwasdeleted(")).count(), 2, "{told:?}");
    assert_eq!(told.iter().filter(|line| line.starts_with("error(")).count(), 1, "{told:?}");
}

#[test]
fn the_lobby_can_not_be_deleted() {
    let server = server();
    let mut a = Client::open(&server);
    assert!(a.refused(&format!("removechatroom(5,1,{})", text(PASSWORD))).ends_with("5)"));
    assert_eq!(a.ask("getchatroomlist(6)"), "chatroomlist(6,1,5,Lobby0,0)");
}

#[test]
fn everybody_hears_an_announcement() {
    let server = server();
    let [mut a, mut b] = [Client::open(&server), Client::open(&server)];
    a.say(&format!("sendtoall({}8,3,all)", text(PASSWORD)));
    // The success and the announcement come by two ways.
    let mut told = [a.read(), a.read()];
    told.sort();
    let heard = format!("privatemessage({},0,0,3,all)", a.id);
    assert_eq!(told, [heard.clone(), "success(8)".to_owned()]);
    b.expect(&heard);
}

#[test]
fn without_the_right_password_nothing_of_the_operators_is_done() {
    for server in [server(), Server::start()] {
        for command in
            ["adduser(1,7,4,anna2,pw", "removeuser(1,7,", "getusers(1,3,", "removechatroom(1,1,", "sendtoall("]
        {
            let mut a = Client::open(&server);
            for password in ["", "wrong", "OPEN SESAME"] {
                let end = if command.starts_with("sendtoall") { "1,2,hi)" } else { ")" };
                let refused = a.refused(&format!("{command}{}{end}", text(password)));
                assert!(refused.contains("server password") && refused.ends_with("1)"), "{refused}");
            }
        }
        assert!(server.ask(get("/healthz")).status == 200);
    }
}

#[test]
fn the_status_of_users_is_one_of_three() {
    let server = server();
    let mut a = Client::open(&server);
    for status in [0, 4, 99] {
        assert!(a.refused(&format!("getusers(5,{status},{})", text(PASSWORD))).ends_with("5)"));
    }
}

/// Slowed from the fifth on, so this takes a while; closed at the twentieth.
#[test]
fn at_the_twentieth_wrong_password_the_connection_is_closed() {
    let server = server();
    let mut a = Client::open(&server);
    for _ in 1..20 {
        a.refused("getusers(1,3,5,wrong)");
    }
    a.say("getusers(1,3,5,wrong)");
    let (code, reason) = a.closed();
    assert_eq!(u16::from(code), 1008);
    assert!(reason.contains("wrong server passwords"), "{reason}");
}
