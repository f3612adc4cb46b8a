use super::client::{Client, PASSWORD, server, text};

fn add_user(client: &mut Client, number: u64, name: &str, password: &str) -> String {
    client.ask(&format!("adduser(1,{number},{}{}{})", text(name), text(password), text(PASSWORD)))
}

#[test]
fn an_account_is_added_logged_in_listed_and_removed() {
    let server = server();
    let mut a = Client::open(&server);
    assert_eq!(add_user(&mut a, 7, "anna", "secret"), "success(1)");
    assert_eq!(a.ask(&format!("getusers(2,3,{})", text(PASSWORD))), "users(2,7,4,anna2)");
    assert_eq!(a.ask("login(3,4,anna6,secret)"), "success(3)");
    assert_eq!(a.ask(&format!("getusers(4,1,{})", text(PASSWORD))), "users(4,7,4,anna1)");
    assert_eq!(a.ask(&format!("getusers(5,2,{})", text(PASSWORD))), "users(5)");
    assert!(a.refused(&format!("removeuser(6,7,{})", text(PASSWORD))).contains("logged in"));
    assert_eq!(a.ask("logout(7,0)"), "success(7)");
    assert_eq!(a.ask(&format!("removeuser(8,7,{})", text(PASSWORD))), "success(8)");
    assert_eq!(a.ask(&format!("getusers(9,3,{})", text(PASSWORD))), "users(9)");
    assert!(a.refused(&format!("removeuser(10,7,{})", text(PASSWORD))).ends_with("10)"));
}

#[test]
fn what_is_in_use_or_no_name_is_refused() {
    let server = server();
    let mut a = Client::open(&server);
    assert_eq!(add_user(&mut a, 7, "anna", "x"), "success(1)");
    for (number, name) in
        [(7, "ben"), (8, "anna"), (8, "ANNA"), (8, "lobby"), (8, "no name"), (8, ""), (8, "guest-9"), (8, "é")]
    {
        let refused = add_user(&mut a, number, name, "x");
        assert!(refused.starts_with("error("), "{number} {name}: {refused}");
    }
    assert_eq!(add_user(&mut a, 0, "carl", "x"), "success(1)");
    let users = a.ask(&format!("getusers(2,3,{})", text(PASSWORD)));
    assert_eq!(users, format!("users(2,7,4,anna2,{},4,carl2)", 1_u64 << 40), "numbers of our own begin at 2^40");
}

#[test]
fn a_wrong_password_and_an_unknown_name_look_the_same() {
    let server = server();
    let mut a = Client::open(&server);
    add_user(&mut a, 7, "anna", "secret");
    assert_eq!(a.refused("login(3,4,anna5,wrong)"), a.refused("login(3,4,nora5,wrong)"));
    assert_eq!(a.ask("login(4,4,ANNA6,secret)"), "success(4)");
}

#[test]
fn a_login_is_told_to_the_rooms_and_the_author_is_the_account() {
    let server = server();
    let [mut a, mut b] = [Client::open(&server), Client::open(&server)];
    add_user(&mut a, 7, "anna", "secret");
    let room = a.make_room("cooks");
    b.expect(&format!("chatroomcreated(1,{room},5,cooks8,1)"));
    b.say(&format!("joinchatroom(2,{room},0,0,)"));
    b.expect(&format!("userjoinedchatroom(2,{room},{},0,0,2)", b.id));
    a.expect(&format!("userjoinedchatroom(2,{room},{},0,0,2)", b.id));
    a.say("login(3,4,anna6,secret)");
    a.expect("success(3)");
    let told = format!("userjoinedchatroom(3,{room},{},7,4,anna2)", a.id);
    a.expect(&told);
    b.expect(&told);
    a.say(&format!("send(4,{room},5,hello)"));
    b.expect(&format!("chat(4,{room},{},7,5,hello)", a.id));
    a.expect(&format!("chat(4,{room},{},7,5,hello)", a.id));
    let users = b.ask(&format!("getusersinchatroom(5,{room})"));
    assert!(users.contains(&format!("{},7,4,anna", a.id)), "{users}");
    a.say("logout(6,0)");
    a.expect(&format!("userleftchatroom(6,{room},{},7,4,anna1)", a.id));
    a.expect("success(6)");
    b.expect(&format!("userleftchatroom(6,{room},{},7,4,anna1)", a.id));
}

#[test]
fn a_logout_without_a_login_leaves_no_room_and_may_disconnect() {
    let server = server();
    let mut a = Client::open(&server);
    let room = a.make_room("cooks");
    assert!(a.refused("logout(2,0)").contains("not logged in"));
    assert!(a.ask(&format!("getusersinchatroom(3,{room})")).starts_with("usersinchatroom(3,"));
    a.say("logout(4,1)");
    let (code, _) = a.closed();
    assert_eq!(u16::from(code), 1000);
}

#[test]
fn a_password_is_stored_as_argon2id_of_what_was_sent() {
    let server = server();
    let mut a = Client::open(&server);
    add_user(&mut a, 7, "anna", "not to be found");
    let mut found = Vec::new();
    for file in std::fs::read_dir(server.data_dir()).unwrap() {
        found.extend(std::fs::read(file.unwrap().path()).unwrap_or_default());
    }
    let holds = |text: &str| found.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert!(!holds("not to be found"));
}
