use super::client::{Client, PASSWORD, server, text};

#[test]
fn a_room_is_told_to_its_maker_as_joined_and_to_all_others_as_not() {
    let server = server();
    let [mut a, mut b] = [Client::open(&server), Client::open(&server)];
    a.say("addchatroom(1,5,cooks0,0,0,)");
    a.expect("chatroomcreated(1,2,5,cooks9,1)");
    b.expect("chatroomcreated(1,2,5,cooks8,1)");
    a.expect_nothing();
}

#[test]
fn with_the_server_password_a_room_stays_and_without_it_goes_with_the_last_one() {
    let server = server();
    let [mut a, mut b] = [Client::open(&server), Client::open(&server)];
    a.say(&format!("addchatroom(1,5,cooks0,0,{})", text(PASSWORD)));
    a.expect("chatroomcreated(1,2,5,cooks1,1)");
    b.expect("chatroomcreated(1,2,5,cooks0,1)");
    a.say("leavechatroom(2,2)");
    a.expect(&format!("userleftchatroom(2,2,{},0,0,0)", a.id));
    a.say("addchatroom(3,4,soup0,0,5,wrong)");
    a.expect("chatroomcreated(3,3,4,soup9,1)");
    b.expect("chatroomcreated(3,3,4,soup8,1)");
    a.say("leavechatroom(4,3)");
    a.expect(&format!("userleftchatroom(4,3,{},0,0,0)", a.id));
    for client in [&mut a, &mut b] {
        client.expect("chatroomwasdeleted(0,3)");
        client.expect_nothing();
    }
    assert!(a.refused("joinchatroom(5,3,0,0,)").ends_with("5)"));
    assert_eq!(a.ask("getchatroomdetails(6,2)"), "chatroomdetails(6,2,5,cooks0,0,0,)");
}

#[test]
fn a_page_may_send_the_plain_answer_too() {
    let server = server();
    let mut a = Client::open(&server);
    a.say("addchatroom(1,5,cooks4,Tea?3,yes4,hash0,)");
    a.expect("chatroomcreated(1,2,5,cooks13,1)");
    assert_eq!(a.ask("getchatroomdetails(2,2)"), "chatroomdetails(2,2,5,cooks13,1,4,Tea?)");
    let mut b = Client::open(&server);
    assert!(b.refused("joinchatroom(3,2,0,3,yes)").contains("answer"));
    b.say("joinchatroom(4,2,0,4,hash)");
    b.expect(&format!("userjoinedchatroom(4,2,{},0,0,2)", b.id));
}

#[test]
fn a_room_with_an_answer_needs_the_same_answer_each_time() {
    let server = server();
    let [mut a, mut b] = [Client::open(&server), Client::open(&server)];
    a.say("addchatroom(1,5,cooks4,Tea?4,hash0,)");
    a.expect("chatroomcreated(1,2,5,cooks13,1)");
    b.expect("chatroomcreated(1,2,5,cooks12,1)");
    for wrong in ["0,", "4,hasH", "3,has", "4,Tea?"] {
        assert!(b.refused(&format!("joinchatroom(2,2,0,{wrong})")).ends_with("2)"), "{wrong}");
    }
    b.say("joinchatroom(3,2,0,4,hash)");
    b.expect(&format!("userjoinedchatroom(3,2,{},0,0,2)", b.id));
    b.say("leavechatroom(4,2)");
    b.expect(&format!("userleftchatroom(4,2,{},0,0,1)", b.id));
    assert!(b.refused("joinchatroom(5,2,0,0,)").ends_with("5)"), "who was in must answer again");
}

#[test]
fn who_answered_stays_in_the_room_through_a_login() {
    let server = server();
    let [mut a, mut b] = [Client::open(&server), Client::open(&server)];
    a.say("addchatroom(1,5,cooks4,Tea?4,hash0,)");
    a.expect("chatroomcreated(1,2,5,cooks13,1)");
    b.expect("chatroomcreated(1,2,5,cooks12,1)");
    b.say("joinchatroom(2,2,0,4,hash)");
    let came = format!("userjoinedchatroom(2,2,{},0,0,2)", b.id);
    b.expect(&came);
    a.expect(&came);
    assert_eq!(b.ask(&format!("adduser(3,7,4,anna2,pw{})", text(PASSWORD))), "success(3)");
    assert_eq!(b.ask("login(4,4,anna2,pw)"), "success(4)");
    let became = format!("userjoinedchatroom(4,2,{},7,4,anna2)", b.id);
    b.say("send(5,2,2,hi)");
    let said = format!("chat(5,2,{},7,2,hi)", b.id);
    for client in [&mut a, &mut b] {
        client.expect(&became);
        client.expect(&said);
    }
    a.say("send(6,2,2,ho)");
    for client in [&mut a, &mut b] {
        let id = client.read();
        assert!(id.ends_with(",0,2,ho)"), "{id}");
    }
}

#[test]
fn who_joins_and_leaves_is_told_to_all_in_the_room_with_the_number_of_clients() {
    let server = server();
    let [mut a, mut b, mut c] = [Client::open(&server), Client::open(&server), Client::open(&server)];
    let room = a.make_room("cooks");
    for other in [&mut b, &mut c] {
        other.expect(&format!("chatroomcreated(1,{room},5,cooks8,1)"));
    }
    b.say(&format!("joinchatroom(21,{room},0,0,)"));
    let joined = format!("userjoinedchatroom(21,{room},{},0,0,2)", b.id);
    for client in [&mut a, &mut b] {
        client.expect(&joined);
    }
    b.say(&format!("leavechatroom(22,{room})"));
    let left = format!("userleftchatroom(22,{room},{},0,0,1)", b.id);
    for client in [&mut a, &mut b] {
        client.expect(&left);
    }
    c.expect_nothing();
    assert!(b.refused(&format!("leavechatroom(23,{room})")).ends_with("23)"));
    assert!(b.refused("leavechatroom(24,999)").ends_with("24)"));
    assert!(a.refused(&format!("joinchatroom(25,{room},0,0,)")).contains("already"));
    assert!(a.refused("joinchatroom(26,999,0,0,)").contains("no such room"));
}

#[test]
fn joining_may_leave_all_other_rooms() {
    let server = server();
    let mut a = Client::open(&server);
    let [one, two] = ["one", "two"].map(|name| a.make_room(name));
    let mut b = Client::open(&server);
    b.say(&format!("joinchatroom(1,{one},0,0,)"));
    b.expect(&format!("userjoinedchatroom(1,{one},{},0,0,2)", b.id));
    a.expect(&format!("userjoinedchatroom(1,{one},{},0,0,2)", b.id));
    b.say(&format!("joinchatroom(2,{two},1,0,)"));
    b.expect(&format!("userleftchatroom(2,{one},{},0,0,1)", b.id));
    b.expect(&format!("userjoinedchatroom(2,{two},{},0,0,2)", b.id));
    let mut told = [a.read(), a.read()];
    told.sort();
    assert_eq!(
        told,
        [format!("userjoinedchatroom(2,{two},{},0,0,2)", b.id), format!("userleftchatroom(2,{one},{},0,0,1)", b.id)]
    );
    // A wrong room leaves everything as it is.
    assert!(b.refused("joinchatroom(3,999,1,0,)").ends_with("3)"));
    assert!(b.ask(&format!("getusersinchatroom(4,{two})")).starts_with("usersinchatroom(4,"));
}

#[test]
fn lists_and_details_tell_what_a_room_is_to_the_reader() {
    let server = server();
    let [mut a, mut b] = [Client::open(&server), Client::open(&server)];
    assert_eq!(a.ask("getchatroomlist(1)"), "chatroomlist(1,1,5,Lobby0,0)");
    a.say("addchatroom(2,5,cooks4,Tea?4,hash0,)");
    a.expect("chatroomcreated(2,2,5,cooks13,1)");
    b.expect("chatroomcreated(2,2,5,cooks12,1)");
    assert_eq!(a.ask("getchatroomlist(3)"), "chatroomlist(3,2,5,cooks13,1,1,5,Lobby0,0)");
    assert_eq!(b.ask("getchatroomlist(3)"), "chatroomlist(3,2,5,cooks12,1,1,5,Lobby0,0)");
    assert_eq!(a.ask("getchatroomdetails(4,2)"), "chatroomdetails(4,2,5,cooks13,1,4,Tea?)");
    assert_eq!(b.ask("getchatroomdetails(4,2)"), "chatroomdetails(4,2,5,cooks12,1,4,Tea?)");
    assert_eq!(b.ask("getchatroomdetails(5,1)"), "chatroomdetails(5,1,5,Lobby0,0,0,)");
    assert!(b.refused("getchatroomdetails(6,999)").ends_with("6)"));
}

#[test]
fn only_who_is_in_a_room_hears_who_else_is() {
    let server = server();
    let [mut a, mut b] = [Client::open(&server), Client::open(&server)];
    let room = a.make_room("cooks");
    b.expect(&format!("chatroomcreated(1,{room},5,cooks8,1)"));
    assert_eq!(a.ask(&format!("getusersinchatroom(2,{room})")), format!("usersinchatroom(2,{room},{},0,0,)", a.id));
    assert!(b.refused(&format!("getusersinchatroom(3,{room})")).contains("not in this room"));
    b.say(&format!("joinchatroom(4,{room},0,0,)"));
    b.expect(&format!("userjoinedchatroom(4,{room},{},0,0,2)", b.id));
    let (low, high) = (a.id.min(b.id), a.id.max(b.id));
    assert_eq!(
        b.ask(&format!("getusersinchatroom(5,{room})")),
        format!("usersinchatroom(5,{room},{low},0,0,{high},0,0,)")
    );
}

#[test]
fn a_room_gets_its_text_as_its_name_where_that_is_free() {
    let server = server();
    let mut a = Client::open(&server);
    a.make_room("cooks");
    a.make_room("Two words");
    a.make_room("cooks");
    let page = server.ask(super::support::http::get("/chat/cooks"));
    assert_eq!(page.status, 303, "a named room leads to its key");
    assert!(a.ask("getchatroomlist(9)").matches("5,cooks").count() == 2);
}

#[test]
fn rooms_that_are_not_listed_are_not_found_by_guessing_numbers() {
    let server = server();
    server.room();
    let mut a = Client::open(&server);
    for command in ["joinchatroom(1,2,0,0,)", "getchatroomdetails(1,2)"] {
        let [hidden, none] = ["2", "999"].map(|number| command.replacen(",2", &format!(",{number}"), 1));
        assert_eq!(a.refused(&hidden), a.refused(&none));
    }
}

#[test]
fn a_connection_joins_256_rooms_and_no_more() {
    let server = server();
    let mut a = Client::open(&server);
    for number in 0..256 {
        a.make_room(&format!("room {number}"));
    }
    let refused = a.refused("addchatroom(7,4,more0,0,0,)");
    assert!(refused.contains("256") && refused.ends_with("7)"), "{refused}");
    assert!(a.refused("joinchatroom(8,1,0,0,)").contains("256"));
}

#[test]
fn a_subject_that_the_rule_refuses_makes_no_room() {
    let server = server();
    let mut a = Client::open(&server);
    for name in ["tea\u{1b}[2J", "tea\nset", "\u{202e}aet", &"x".repeat(201)] {
        assert!(a.refused(&format!("addchatroom(1,{}0,0,0,)", text(name))).ends_with("1)"));
    }
    assert_eq!(a.ask("getchatroomlist(2)"), "chatroomlist(2,1,5,Lobby0,0)");
}
