use super::client::{Client, PASSWORD, server, text};

fn account(client: &mut Client, number: u64, name: &str) {
    let answer = client.ask(&format!("adduser(1,{number},{}2,pw{})", text(name), text(PASSWORD)));
    assert_eq!(answer, "success(1)");
}

#[test]
fn a_connection_is_written_to_alone() {
    let server = server();
    let [mut a, mut b, mut c] = [Client::open(&server), Client::open(&server), Client::open(&server)];
    a.say(&format!("sendto(5,{},0,6,secret)", b.id));
    a.expect("success(5)");
    b.expect(&format!("msg(5,{},0,6,secret)", a.id));
    b.say(&format!("sendto(6,{},0,5,reply)", a.id));
    b.expect("success(6)");
    a.expect(&format!("msg(6,{},0,5,reply)", b.id));
    c.expect_nothing();
}

#[test]
fn an_account_is_written_to_wherever_it_is() {
    let server = server();
    let [mut a, mut b, mut c] = [Client::open(&server), Client::open(&server), Client::open(&server)];
    account(&mut a, 7, "anna");
    for client in [&mut b, &mut c] {
        assert_eq!(client.ask("login(2,4,anna2,pw)"), "success(2)");
    }
    assert_eq!(a.ask("sendto(3,0,7,5,hello)"), "success(3)");
    for client in [&mut b, &mut c] {
        client.expect(&format!("msg(3,{},0,5,hello)", a.id));
    }
    b.say(&format!("sendto(4,{},0,3,yes)", a.id));
    b.expect("success(4)");
    a.expect(&format!("msg(4,{},7,3,yes)", b.id));
}

#[test]
fn an_account_that_is_away_gets_it_when_it_returns_and_once() {
    let mut server = server();
    let mut a = Client::open(&server);
    account(&mut a, 7, "anna");
    for (number, said) in [(2, "one"), (3, "two")] {
        assert_eq!(a.ask(&format!("sendto({number},0,7,{})", text(said))), format!("success({number})"));
    }
    server.kill_and_start();
    for expected in [&["one", "two"][..], &[]] {
        let mut b = Client::open(&server);
        b.say("login(9,4,anna2,pw)");
        b.expect("success(9)");
        for said in expected {
            let kept = b.read();
            // The connection by which it came is gone with the last life of the server.
            assert!(kept.starts_with("msg(0,0,0,") && kept.contains(said), "{kept}");
        }
        b.expect_nothing();
        b.say("logout(10,1)");
        b.closed();
    }
}

#[test]
fn one_of_the_two_numbers_must_be_somebodys() {
    let server = server();
    let [mut a, b] = [Client::open(&server), Client::open(&server)];
    let gone = b.id;
    b.cut();
    a.say("nop()");
    for (connection, account) in [(0, 0), (12_345, 0), (0, 999)] {
        let refused = a.refused(&format!("sendto(5,{connection},{account},2,hi)"));
        assert!(refused.ends_with("5)"), "{refused}");
    }
    super::support::wait_for("the end of the other connection", || {
        a.ask(&format!("sendto(6,{gone},0,2,hi)")).starts_with("error(").then_some(())
    });
}

#[test]
fn to_oneself_is_refused() {
    let server = server();
    let mut a = Client::open(&server);
    let id = a.id;
    assert!(a.refused(&format!("sendto(5,{id},0,2,hi)")).ends_with("5)"));
}

#[test]
fn the_other_connections_of_an_author_are_no_target() {
    let server = server();
    let [mut a, mut other, mut b] = [Client::open(&server), Client::open(&server), Client::open(&server)];
    account(&mut a, 7, "anna");
    for client in [&mut a, &mut other] {
        assert_eq!(client.ask("login(2,4,anna2,pw)"), "success(2)");
    }
    assert_eq!(a.ask(&format!("sendto(3,{},0,3,one)", b.id)), "success(3)");
    b.expect(&format!("msg(3,{},7,3,one)", a.id));
    // The answer comes behind all that was written before it.
    b.say("sendto(4,0,7,3,two)");
    b.expect("success(4)");
    for client in [&mut a, &mut other] {
        client.expect(&format!("msg(4,{},0,3,two)", b.id));
    }
}

#[test]
fn the_room_of_two_people_is_no_chatroom() {
    let server = server();
    let [mut a, mut b] = [Client::open(&server), Client::open(&server)];
    a.say(&format!("sendto(1,{},0,2,hi)", b.id));
    a.expect("success(1)");
    b.expect(&format!("msg(1,{},0,2,hi)", a.id));
    // Numbers follow each other: the room of the two was made just before this one.
    let of_two = a.make_room("cooks") - 1;
    assert_eq!(of_two, 2);
    for command in [
        format!("joinchatroom(2,{of_two},0,0,)"),
        format!("getchatroomdetails(2,{of_two})"),
        format!("removechatroom(2,{of_two},{})", text(PASSWORD)),
    ] {
        assert!(a.refused(&command).contains("no such room"), "{command}");
    }
    assert_eq!(a.ask(&format!("sendto(3,{},0,2,yo)", b.id)), "success(3)");
}
