//! Sessions outlive the connection that they began on.

use super::client::{Client, WAYS, Way, log_in, register, server};
use super::support::wait_for;

#[test]
fn a_session_binds_the_connection_that_brings_it() {
    let mut server = server();
    for (way, name) in WAYS.into_iter().zip(["adrian", "josie"]) {
        register(&server, name, None);
        let (first, session) = log_in(&server, name, None);
        drop(first);
        let mut second = Client::connect(&server);
        second.ask(way, "LIST_USER", &[], "").expect(401);
        second.ask_as(&session, way, "LIST_USER", "").expect(200);
        second.ask(way, "LIST_USER", &[], "").expect(200);
    }
    // And a restart.
    let (_, session) = log_in(&server, "adrian", None);
    server.kill_and_start();
    Client::connect(&server).ask_as(&session, Way::Plain, "LIST_USER", "").expect(200);
}

#[test]
fn the_older_connection_is_anonymous_then() {
    let server = server();
    for (way, name) in WAYS.into_iter().zip(["adrian", "josie"]) {
        register(&server, name, None);
        let (mut older, session) = log_in(&server, name, None);
        let mut newer = Client::connect(&server);
        let answer = newer.ask_as(&session, way, "PING", "").expect(200);
        assert_eq!(answer.header("Set-Cookie"), None, "the id stays the same");
        older.ask(way, "LIST_USER", &[], "").expect(401);
        newer.ask(way, "LIST_USER", &[], "").expect(200);
        // It may take it back.
        older.ask_as(&session, way, "LIST_USER", "").expect(200);
        newer.ask(way, "LIST_USER", &[], "").expect(401);
    }
}

#[test]
fn a_session_ends_with_logout() {
    let server = server();
    for (way, name) in WAYS.into_iter().zip(["adrian", "josie"]) {
        register(&server, name, None);
        let (mut client, session) = log_in(&server, name, None);
        client.ask(way, "LOGOUT", &[], "").expect(200);
        client.ask(way, "LIST_USER", &[], "").expect(401);
        client.ask_as(&session, way, "LIST_USER", "").expect(401);
        client.ask(way, "LOGOUT", &[], "").expect(401);
        client.ask(way, &format!("USE {name}"), &[], "").expect(200);
        client.ask(way, "LIST_USER", &[], "").expect(200);
    }
}

#[test]
fn an_invented_session_is_nobodys() {
    let server = server();
    register(&server, "adrian", None);
    let invented = "042cf5ba-7f52-4805-a2a0-3c6006fe3eee";
    for way in WAYS {
        let (mut client, session) = log_in(&server, "adrian", None);
        client.ask_as(invented, way, "LIST_USER", "").expect(401);
        client.ask_as("x", way, "LIST_USER", "").expect(400);
        let mut changed = session.clone().into_bytes();
        changed[35] = if changed[35] == b'0' { b'1' } else { b'0' };
        let changed = String::from_utf8(changed).unwrap();
        Client::connect(&server).ask_as(&changed, way, "SEND lobby", "stolen").expect(401);
        // The connection is who it was.
        client.ask(way, "LIST_USER", &[], "").expect(200);
    }
    assert_eq!(server.count(&server.lobby()), 0);
}

#[test]
fn a_planted_session_is_worth_nothing_after_the_log_in() {
    let server = server();
    register(&server, "mallory", None);
    register(&server, "adrian", None);
    for way in WAYS {
        let (_, planted) = log_in(&server, "mallory", None);
        let mut victim = Client::connect(&server);
        let answer = victim.ask_as(&planted, way, "USE adrian", "").expect(200);
        assert_ne!(answer.session(), planted);
        Client::connect(&server).ask_as(&planted, way, "LIST_USER", "").expect(401);
        victim.ask(way, "LIST_USER", &[], "").expect(200);

        let invented = "042cf5ba-7f52-4805-a2a0-3c6006fe3eee";
        let answer = Client::connect(&server).ask_as(invented, way, "USE adrian", "").expect(200);
        assert_ne!(answer.session(), invented);
        Client::connect(&server).ask_as(invented, way, "LIST_USER", "").expect(401);
    }
}

#[test]
fn one_connection_may_speak_for_several_sessions() {
    let server = server();
    for name in ["adrian", "josie"] {
        register(&server, name, None);
    }
    let lobby = server.lobby();
    for (round, way) in (0..).zip(WAYS) {
        let ((_, adrian), (_, josie)) = (log_in(&server, "adrian", None), log_in(&server, "josie", None));
        let mut client = Client::connect(&server);
        client.ask_as(&adrian, way, "SEND lobby", "by adrian").expect(200);
        client.ask_as(&josie, way, "SEND lobby", "by josie").expect(200);
        client.ask_as(&adrian, way, "SEND lobby", "by adrian").expect(200);
        let lines: Vec<String> = (1..=3).map(|number| server.line(&lobby, 3 * round + number)).collect();
        assert_eq!(lines, ["adrian: by adrian", "josie: by josie", "adrian: by adrian"]);
    }
}

#[test]
fn what_ends_a_session_ends_its_pushes() {
    let server = server();
    register(&server, "adrian", None);
    let mut josie = Client::named(&server, "josie");
    let (mut listener, session) = log_in(&server, "adrian", None);
    listener.listen();
    josie.say("adrian", "heard");
    assert_eq!(listener.pushed().text, "heard");
    Client::connect(&server).ask_as(&session, Way::Framed, "LOGOUT", "").expect(200);
    // Its own task hears of that by itself.
    wait_for("the end of the session", || (listener.framed("LIST_USER").status == 401).then_some(()));
    josie.say("adrian", "not heard");
    josie.say("lobby", "not heard either");
    listener.hears_nothing();
    // The other way around: whoever is bound now hears it, the older one does not.
    let (mut older, session) = log_in(&server, "adrian", None);
    older.listen();
    assert_eq!(older.hears(2), ["not heard", "not heard either"]);
    let mut newer = Client::with_session(&server, &session);
    newer.listen();
    josie.say("adrian", "to the newer one");
    assert_eq!(newer.pushed().text, "to the newer one");
    older.hears_nothing();
}
