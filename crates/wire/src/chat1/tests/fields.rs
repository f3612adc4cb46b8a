//! Headers and arguments, each by its grammar.

use super::*;

fn with(header: &str) -> Request {
    request(&format!("ADD_USER chat CHAT/1.0\n{header}\n"))
}

#[test]
fn names_of_headers_are_read_in_any_case() {
    for name in ["Name", "name", "NAME"] {
        assert_eq!(with(&format!("{name}: \t Adrian van den Houten \t")).name(), Ok(Some("Adrian van den Houten")));
    }
    assert_eq!(with("Name:").name(), Ok(Some("")));
    assert_eq!(with("Nom: x").name(), Ok(None));
    assert_eq!(with("Password: a:b c").password(), Ok(Some("a:b c")));
    assert_eq!(with("Old-Password: x").old_password(), Ok(Some("x")));
}

#[test]
fn what_may_come_once_may_not_come_twice() {
    let twice = with(
        "Name: a\nname: a\nPassword: a\nPASSWORD: b\nInvite: a:user\nInvite: b:user\nLimit: 1\nLimit: 1\nUser: a\nUser: a",
    );
    assert_eq!(twice.name(), Err(Fault::RepeatedHeader));
    assert_eq!(twice.password(), Err(Fault::RepeatedHeader));
    assert_eq!(twice.invitations(), Err(Fault::RepeatedHeader));
    assert_eq!(twice.limit(), Err(Fault::RepeatedHeader));
    assert_eq!(twice.user(), Err(Fault::RepeatedHeader));
}

#[test]
fn a_group_is_made_for_its_owner() {
    let read = |argument: &str| request(&format!("MK_GROUP {argument} CHAT/1.0\n"));
    assert_eq!(read("chat:adrian").group_and_owner(), Ok(("chat", Some("adrian"))));
    assert_eq!(read("chat").group_and_owner(), Ok(("chat", None)));
    for argument in [":", "chat:", ":adrian", "a:b:c"] {
        assert_eq!(read(argument).group_and_owner(), Err(Fault::BadGroup), "{argument}");
    }
    assert_eq!(read("").group_and_owner(), Err(Fault::NoArgument));
    assert_eq!(read("").required_argument(), Err(Fault::NoArgument));
}

#[test]
fn invitations_have_a_role_each() {
    let [josie, john] = ["josie", "john"].map(|name| Invitation { name, role: Role::User });
    assert_eq!(with("Invite: josie:user,john:user").invitations(), Ok(vec![josie, john]));
    assert_eq!(with("invite:\tjosie : user ,  john:user ").invitations(), Ok(vec![josie, john]));
    assert_eq!(with("Invite: josie:admin").invitations(), Ok(vec![Invitation { name: "josie", role: Role::Admin }]));
    for role in ["owner", "Admin", "guest", "user:admin"] {
        assert_eq!(with(&format!("Invite: john:user,josie:{role}")).invitations(), Err(Fault::BadRole), "{role}");
    }
    for value in ["", ",", "josie", "josie:", ":user", "josie:user,", "a b:user", "josie;user"] {
        assert_eq!(with(&format!("Invite: {value}")).invitations(), Err(Fault::BadInvite), "{value}");
    }
    assert_eq!(with("X: y").invitations(), Err(Fault::BadInvite));
}

#[test]
fn a_session_is_found_among_other_cookies() {
    const ID: &str = "042cf5ba-7f52-4805-a2a0-3c6006fe3eee";
    let session: SessionId = ID.parse().unwrap();
    assert_eq!(session.to_string(), ID);
    let found = [
        format!("Cookie: SESSIONID={ID}"),
        format!("cookie: a=b; SESSIONID={ID} ; c=d=e; f"),
        format!("Cookie:SESSIONID = \"{ID}\";"),
        format!("Cookie: SESSIONID={}", ID.to_uppercase()),
        format!("Cookie: a=b\nCookie: SESSIONID={ID}\nCookie: SESSIONID={ID}"),
    ];
    for header in found {
        assert_eq!(with(&header).session(), Ok(Some(session)), "{header}");
    }
    for header in [
        "X: y",
        "Cookie:",
        "Cookie: a=b",
        "Cookie: SESSIONID=",
        "Cookie: SESSIONID=\"\"",
        "Cookie: sessionid=x",
        "Cookie: XSESSIONID=1",
    ] {
        assert_eq!(with(header).session(), Ok(None), "{header}");
    }
    let no_hyphen = ID.replace('-', "0");
    for value in ["x", &ID[1..], &format!("{ID}0"), &no_hyphen, &ID.replace('0', "g"), &ID.replace("04", "é")] {
        assert_eq!(with(&format!("Cookie: SESSIONID={value}")).session(), Err(Fault::BadSession), "{value}");
    }
    let two = format!("Cookie: SESSIONID={ID}; SESSIONID={}", ID.replace('0', "1"));
    assert_eq!(with(&two).session(), Err(Fault::TwoSessions));
}

#[test]
fn pages_of_history_are_named_by_id_and_number() {
    assert_eq!(with("Before: chat/17").before(), Ok(Some("chat/17")));
    assert_eq!(with("X: y").before(), Ok(None));
    assert_eq!(with("Before:").before(), Err(Fault::BadBefore));
    assert_eq!(with("Before: a b").before(), Err(Fault::BadBefore));
    assert_eq!(with("Limit: 1").limit(), Ok(Some(1)));
    assert_eq!(with("Limit: 9999999999999999999").limit(), Ok(Some(9_999_999_999_999_999_999)));
    for value in ["", "0", "-1", "+1", "1.5", "1e3", "x", "\u{661}", "10000000000000000000000"] {
        assert_eq!(with(&format!("Limit: {value}")).limit(), Err(Fault::BadLimit), "{value}");
    }
}

#[test]
fn ids_of_clients_are_short_and_of_few_characters() {
    let longest = "aZ09._~-".repeat(8);
    assert_eq!(with(&format!("Message-Id: {longest}")).message_id(), Ok(Some(&*longest)));
    assert_eq!(with("X: y").message_id(), Ok(None));
    for value in ["", "a b", "a/b", "é", "a\"", &format!("{longest}x")] {
        assert_eq!(with(&format!("Message-Id: {value}")).message_id(), Err(Fault::BadMessageId), "{value}");
    }
    assert_eq!(with("User: josie").user(), Ok("josie"));
    for header in ["X: y", "User:", "User: a b"] {
        assert_eq!(with(header).user(), Err(Fault::BadUser), "{header}");
    }
}

#[test]
fn no_secret_is_shown_by_debug() {
    let request = request(
        "SEND a CHAT/1.0\nPassword: hunter2\nCookie: SESSIONID=042cf5ba-7f52-4805-a2a0-3c6006fe3eee\n\nhunter2\n",
    );
    let shown = format!("{request:?} {:?}", request.session());
    assert!(!shown.contains("hunter2") && !shown.contains("7f52") && shown.contains("Send"), "{shown}");
    let call = Call::new(Method::Use).argument("a").header(Field::Password, "hunter2");
    assert!(!format!("{call:?}").contains("hunter2"));
}

#[test]
fn every_method_has_one_word() {
    for method in Method::ALL {
        assert_eq!(Method::from_word(method.word().unwrap()), *method);
        assert_eq!(request(&format!("{} x CHAT/1.0\n", method.word().unwrap())).method(), *method);
    }
    assert_eq!(Method::ALL.len(), 16);
    assert_eq!(Method::from_word("MESSAGE"), Method::Other);
}
