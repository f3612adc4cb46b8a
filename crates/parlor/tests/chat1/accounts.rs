//! `REG`, `USE`, `PASSWORD`, `LOGOUT`, `LIST_USER`: who one is.

use super::client::{Client, OPEN, WAYS, Way, log_in, register, server};
use super::support::server::Server;

#[test]
fn a_name_is_registered_once() {
    let server = server();
    let mut client = Client::connect(&server);
    for (way, name) in WAYS.into_iter().zip(["adrian", "josie"]) {
        let headers = [("Name", "Adrian van den Houten")];
        let answer = client.ask(way, &format!("REG {name}"), &headers, "").expect(201);
        assert_eq!((answer.reason.as_str(), answer.body.as_str()), ("Created", ""));
        let again = client.ask(way, &format!("REG {name}"), &headers, "").expect(409);
        assert_eq!(again.reason, "Conflict");
        client.ask(way, &format!("REG {}", name.to_uppercase()), &[], "").expect(409);
    }
}

#[test]
fn a_name_that_is_none_or_looks_like_anothers_is_refused() {
    let server = server();
    register(&server, "molly", None);
    let mut client = Client::connect(&server);
    for way in WAYS {
        for bad in ["admin", "guest-7", "everyone", "a.b", "é", "аdmin", &"a".repeat(33)] {
            let answer = client.ask(way, &format!("REG {bad}"), &[], "").expect(400);
            assert!(!answer.body.is_empty(), "{bad}: a reason is given");
        }
        for taken in ["lobby", "rnolly", "MOLLY"] {
            client.ask(way, &format!("REG {taken}"), &[], "").expect(409);
        }
        client.ask(way, "REG", &[], "").expect(400);
        client.ask(way, "REG bell", &[("Name", "b\u{202e}ell")], "").expect(400);
    }
}

#[test]
fn one_of_two_who_register_the_same_name_at_once_gets_it() {
    let server = server();
    for round in 0..5 {
        let mut statuses: Vec<u16> = std::thread::scope(|scope| {
            let race = |_| {
                let mut client = Client::connect(&server);
                scope.spawn(move || client.framed(&format!("REG racer{round}")).status)
            };
            let racers: Vec<_> = (0..8).map(race).collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
    }
}

#[test]
fn who_logs_in_gets_a_session() {
    let server = server();
    register(&server, "adrian", None);
    register(&server, "josie", Some("correct horse"));
    for way in WAYS {
        let mut client = Client::connect(&server);
        let answer = client.ask(way, "USE adrian", &[], "").expect(200);
        let session = answer.session();
        let shape: Vec<usize> = session.split('-').map(str::len).collect();
        assert_eq!((shape.as_slice(), answer.body.as_str()), (&[8, 4, 4, 4, 12][..], ""), "{session}");
        client.ask(way, "LIST_USER", &[], "").expect(200);

        let mut client = Client::connect(&server);
        client.ask(way, "USE josie", &[], "").expect(401);
        client.ask(way, "USE josie", &[("Password", "battery staple")], "").expect(401);
        client.ask(way, "USE nobody", &[("Password", "battery staple")], "").expect(404);
        client.ask(way, "LIST_USER", &[], "").expect(401);
        client.ask(way, "USE josie", &[("Password", "correct horse")], "").expect(200);
        client.ask(way, "LIST_USER", &[], "").expect(200);
    }
}

#[test]
fn without_a_password_nobody_registers_where_that_is_off() {
    let server = Server::unlimited_with(&[OPEN, ("PARLOR_PASSWORDLESS_ACCOUNTS", "false")]);
    let mut client = Client::connect(&server);
    for (way, name) in WAYS.into_iter().zip(["adrian", "josie"]) {
        let answer = client.ask(way, &format!("REG {name}"), &[], "").expect(400);
        assert!(answer.body.contains("password"), "{answer:?}");
        client.ask(way, &format!("REG {name}"), &[("Password", "correct horse")], "").expect(201);
    }
}

#[test]
fn a_password_that_nothing_can_have_is_refused_before_any_work() {
    let server = server();
    let mut client = Client::connect(&server);
    for way in WAYS {
        let long = "p".repeat(1_000_000);
        client.ask(way, "REG adrian", &[("Password", &long)], "").expect(400);
        client.ask(way, "USE adrian", &[("Password", &long)], "").expect(400);
        client.ask(way, "REG adrian", &[("Password", "")], "").expect(400);
        client.framed("PING").expect(200);
    }
}

#[test]
fn a_changed_password_ends_every_other_session() {
    let server = server();
    for (way, name) in WAYS.into_iter().zip(["adrian", "josie"]) {
        register(&server, name, Some("correct horse"));
        let (mut one, first) = log_in(&server, name, Some("correct horse"));
        let (mut other, second) = log_in(&server, name, Some("correct horse"));
        one.ask(way, "PASSWORD", &[("Password", "battery staple")], "").expect(401);
        one.ask(way, "PASSWORD", &[("Password", "battery staple"), ("Old-Password", "wrong one")], "").expect(401);
        one.ask(way, "PASSWORD", &[("Old-Password", "correct horse")], "").expect(400);
        let headers = [("Password", "battery staple"), ("Old-Password", "correct horse")];
        one.ask(way, "PASSWORD", &headers, "").expect(200);
        one.ask_as(&first, way, "LIST_USER", "").expect(200);
        other.ask(way, "LIST_USER", &[], "").expect(401);
        Client::connect(&server).ask_as(&second, way, "LIST_USER", "").expect(401);
        let mut third = Client::connect(&server);
        third.ask(way, &format!("USE {name}"), &[("Password", "correct horse")], "").expect(401);
        third.ask(way, &format!("USE {name}"), &[("Password", "battery staple")], "").expect(200);
        Client::connect(&server).ask(way, "PASSWORD", &headers, "").expect(401);
    }
}

#[test]
fn everybody_is_listed_to_who_is_logged_in() {
    let server = server();
    for name in ["josie", "adrian", "john"] {
        register(&server, name, None);
    }
    for way in WAYS {
        Client::connect(&server).ask(way, "LIST_USER", &[], "").expect(401);
        let answer = Client::logged_in(&server, "adrian").ask(way, "LIST_USER", &[], "").expect(200);
        assert_eq!(answer.body, r#"{"users": ["adrian", "john", "josie"]}"#);
    }
}

#[test]
fn guesses_are_slowed_down() {
    let server = Server::with(&[OPEN, ("PARLOR_LIMITS_LOGINS_PER_MINUTE_PER_ADDRESS", "0")]);
    register(&server, "adrian", Some("correct horse"));
    let mut client = Client::connect(&server);
    let mut statuses = Vec::new();
    for guess in 0..7 {
        let answer = client.ask(Way::Framed, "USE adrian", &[("Password", &format!("guess {guess}"))], "");
        if answer.status == 429 {
            assert!(answer.header("Retry-After").is_some_and(|after| after.parse::<u64>().unwrap() > 0), "{answer:?}");
        }
        statuses.push(answer.status);
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429]);
}
