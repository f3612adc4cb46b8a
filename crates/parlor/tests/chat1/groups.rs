//! `MK_GROUP`, `ADD_USER`, `LIST_USER GROUP`, `LIST_GROUP`, `LEAVE`, `RM_USER`, `RM_GROUP`.

use super::client::{Client, WAYS, Way, register, server};

/// A server's adrian with the group `chat`, and josie and john, who are not in it.
fn with_group(way: Way) -> (super::support::server::Server, [Client; 3]) {
    let server = server();
    let people = ["adrian", "josie", "john"].map(|name| Client::named(&server, name));
    let mut people = people;
    people[0].ask(way, "MK_GROUP chat:adrian", &[], "").expect(201);
    (server, people)
}

#[test]
fn a_group_is_its_makers() {
    for way in WAYS {
        let (server, [mut adrian, mut josie, _]) = with_group(way);
        adrian.ask(way, "MK_GROUP chat", &[], "").expect(409);
        adrian.ask(way, "MK_GROUP CHAT:Adrian", &[], "").expect(409);
        adrian.ask(way, "MK_GROUP josie", &[], "").expect(409);
        adrian.ask(way, "MK_GROUP lobby", &[], "").expect(409);
        adrian.ask(way, "MK_GROUP mine", &[], "").expect(201);
        adrian.ask(way, "MK_GROUP theirs:josie", &[], "").expect(403);
        adrian.ask(way, "MK_GROUP theirs:nobody", &[], "").expect(403);
        adrian.ask(way, "MK_GROUP a.b", &[], "").expect(400);
        adrian.ask(way, "MK_GROUP admin", &[], "").expect(400);
        adrian.ask(way, "MK_GROUP a:b:c", &[], "").expect(400);
        adrian.ask(way, "MK_GROUP", &[], "").expect(400);
        josie.ask(way, "MK_GROUP chat", &[], "").expect(409);
        josie.ask(way, "MK_GROUP theirs", &[], "").expect(201);
        Client::connect(&server).ask(way, "MK_GROUP other", &[], "").expect(401);
        // One name space: nobody can be called like a group.
        Client::connect(&server).ask(way, "REG chat", &[], "").expect(409);
        assert_eq!(adrian.ask(way, "LIST_GROUP", &[], "").expect(200).names("groups"), ["chat", "lobby", "mine"]);
        assert_eq!(josie.ask(way, "LIST_GROUP", &[], "").expect(200).names("groups"), ["lobby", "theirs"]);
        Client::connect(&server).ask(way, "LIST_GROUP", &[], "").expect(401);
    }
}

#[test]
fn to_others_a_group_looks_like_none() {
    for way in WAYS {
        let (server, [_, mut josie, _]) = with_group(way);
        for line in ["LIST_USER", "HISTORY", "LEAVE", "RM_GROUP"] {
            let theirs = josie.ask(way, &format!("{line} chat"), &[], "").expect(404);
            assert_eq!(theirs, josie.ask(way, &format!("{line} none"), &[], "").expect(404), "{line}");
        }
        for (line, header, body) in [
            ("SEND", ("X", "y"), "text"),
            ("ADD_USER", ("Invite", "john:user"), ""),
            ("ADD_USER", ("Invite", "nobody:user"), ""),
            ("RM_USER", ("User", "adrian"), ""),
        ] {
            let theirs = josie.ask(way, &format!("{line} chat"), &[header], body).expect(404);
            assert_eq!(theirs, josie.ask(way, &format!("{line} none"), &[header], body).expect(404), "{line}");
        }
        Client::connect(&server).ask(way, "LIST_USER chat", &[], "").expect(401);
    }
}

#[test]
fn members_are_invited_all_or_nobody() {
    for way in WAYS {
        let (server, [mut adrian, mut josie, mut john]) = with_group(way);
        let invite = |client: &mut Client, whom: &str| client.ask(way, "ADD_USER chat", &[("Invite", whom)], "");
        let answer = invite(&mut adrian, "josie:user,nobody:user,john:user").expect(404);
        assert!(answer.body.contains("nobody"), "the answer names who is unknown: {answer:?}");
        assert_eq!(adrian.ask(way, "LIST_USER chat", &[], "").names("users"), ["adrian"]);
        for bad in ["josie:owner", "adrian:owner", "josie:king", "josie", ":user", "josie:", "", "josie:user,,"] {
            invite(&mut adrian, bad).expect(400);
        }
        adrian.ask(way, "ADD_USER chat", &[], "").expect(400);
        adrian.ask(way, "ADD_USER", &[("Invite", "josie:user")], "").expect(400);
        assert_eq!(adrian.ask(way, "LIST_USER chat", &[], "").names("users"), ["adrian"]);
        invite(&mut adrian, "josie:user").expect(200);
        invite(&mut adrian, "josie:user").expect(409);
        // Somebody new among them is enough.
        invite(&mut adrian, "josie:user, john:user").expect(200);
        invite(&mut adrian, "josie:user,john:user").expect(409);
        assert_eq!(
            josie.ask(way, "LIST_USER chat", &[], "").expect(200).body,
            r#"{"users": ["adrian", "john", "josie"]}"#
        );
        // A member may not invite.
        register(&server, "jane", None);
        invite(&mut john, "jane:user").expect(403);
        assert_eq!(john.ask(way, "LIST_USER chat", &[], "").names("users").len(), 3);
    }
}

#[test]
fn admins_invite_and_only_the_owner_makes_admins() {
    for way in WAYS {
        let (server, [mut adrian, mut josie, mut john]) = with_group(way);
        for name in ["jane", "jill"] {
            register(&server, name, None);
        }
        let invite = |client: &mut Client, whom: &str| client.ask(way, "ADD_USER chat", &[("Invite", whom)], "").status;
        assert_eq!(invite(&mut adrian, "josie:admin,john:user"), 200);
        assert_eq!(invite(&mut josie, "jane:user"), 200);
        assert_eq!(invite(&mut josie, "jill:admin"), 403);
        assert_eq!(invite(&mut john, "jill:user"), 403);
        assert_eq!(josie.ask(way, "LIST_USER chat", &[], "").names("users"), ["adrian", "jane", "john", "josie"]);
    }
}

#[test]
fn what_is_said_in_a_group_reaches_its_members() {
    for way in WAYS {
        let (_server, [mut adrian, mut josie, mut john]) = with_group(way);
        adrian.say("chat", "before josie came");
        adrian.ask(way, "ADD_USER chat", &[("Invite", "josie:user")], "").expect(200);
        adrian.ask(way, "SEND chat", &[], "Hello everyone").expect(200);
        josie.ask(way, "SEND chat", &[], "Hello adrian").expect(200);
        let received = josie.ask(way, "RECV", &[], "").expect(200);
        assert_eq!(received.texts(), ["Hello everyone"]);
        assert_eq!(received.json()["messages"][0]["group"].as_str(), Some("chat"));
        assert_eq!(adrian.ask(way, "RECV", &[], "").expect(200).texts(), ["Hello adrian"]);
        assert_eq!(john.ask(way, "RECV", &[], "").expect(200).texts(), [""; 0]);
        assert_eq!(josie.ask(way, "HISTORY chat", &[], "").expect(200).texts().len(), 3);
    }
}

#[test]
fn a_plain_send_may_lack_its_version() {
    let (_server, [mut adrian, _, _]) = with_group(Way::Plain);
    adrian.write(b"SEND chat\n\nHello everyone\n");
    assert_eq!(adrian.plain_answer(), "CHAT/1.0 200 OK\n");
    assert_eq!(adrian.framed("HISTORY chat").texts(), ["Hello everyone"]);
}

#[test]
fn members_leave_and_the_last_owner_may_not() {
    for way in WAYS {
        let (_server, [mut adrian, mut josie, _]) = with_group(way);
        adrian.ask(way, "ADD_USER chat", &[("Invite", "josie:user")], "").expect(200);
        adrian.ask(way, "LEAVE chat", &[], "").expect(409);
        josie.ask(way, "LEAVE chat", &[], "").expect(200);
        josie.ask(way, "LEAVE chat", &[], "").expect(404);
        josie.ask(way, "SEND chat", &[], "x").expect(404);
        josie.ask(way, "LEAVE", &[], "").expect(400);
        // Alone, the owner takes the group along.
        adrian.ask(way, "LEAVE chat", &[], "").expect(200);
        adrian.ask(way, "SEND chat", &[], "x").expect(404);
        josie.ask(way, "MK_GROUP chat", &[], "").expect(201);
    }
}

#[test]
fn the_lobby_is_left_like_a_group() {
    let server = server();
    let (mut adrian, mut josie) = (Client::named(&server, "adrian"), Client::named(&server, "josie"));
    josie.framed("LEAVE lobby").expect(200);
    adrian.say("lobby", "to those who stayed");
    assert_eq!(josie.framed("RECV").texts(), [""; 0]);
    assert_eq!(josie.framed("LIST_GROUP").names("groups"), [""; 0]);
    // It stays open to every account.
    josie.say("lobby", "still here");
    assert_eq!(adrian.framed("RECV").texts(), ["still here"]);
}

#[test]
fn members_are_removed_from_above() {
    for way in WAYS {
        let (_server, [mut adrian, mut josie, mut john]) = with_group(way);
        adrian.ask(way, "ADD_USER chat", &[("Invite", "josie:admin,john:user")], "").expect(200);
        let remove = |client: &mut Client, whom: &str| client.ask(way, "RM_USER chat", &[("User", whom)], "").status;
        assert_eq!(remove(&mut john, "josie"), 403);
        assert_eq!(remove(&mut josie, "adrian"), 403);
        assert_eq!(remove(&mut josie, "nobody"), 404);
        assert_eq!(remove(&mut josie, "john"), 200);
        assert_eq!(remove(&mut josie, "john"), 404);
        assert_eq!(remove(&mut adrian, "josie"), 200);
        adrian.ask(way, "RM_USER chat", &[], "").expect(400);
        john.ask(way, "SEND chat", &[], "x").expect(404);
        assert_eq!(adrian.ask(way, "LIST_USER chat", &[], "").names("users"), ["adrian"]);
    }
}

#[test]
fn only_its_owner_removes_a_group() {
    for way in WAYS {
        let (_server, [mut adrian, mut josie, mut john]) = with_group(way);
        adrian.ask(way, "ADD_USER chat", &[("Invite", "josie:admin,john:user")], "").expect(200);
        john.ask(way, "RM_GROUP chat", &[], "").expect(403);
        josie.ask(way, "RM_GROUP chat", &[], "").expect(403);
        josie.ask(way, "RM_GROUP lobby", &[], "").expect(403);
        adrian.ask(way, "RM_GROUP chat", &[], "").expect(200);
        for client in [&mut adrian, &mut josie, &mut john] {
            client.ask(way, "SEND chat", &[], "x").expect(404);
            assert_eq!(client.ask(way, "LIST_GROUP", &[], "").names("groups"), ["lobby"]);
        }
    }
}
