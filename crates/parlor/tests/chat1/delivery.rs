//! Pushing to many, and to those who don't read.

use super::client::{Client, OPEN, Way, register, request};
use super::support::server::Server;

#[test]
fn a_crowd_hears_everything_once() {
    let server = Server::unlimited_with(&[OPEN]);
    let mut adrian = Client::named(&server, "adrian");
    adrian.framed("MK_GROUP chat").expect(201);
    let names: Vec<String> = (0..20).map(|number| format!("member{number}")).collect();
    for name in &names {
        register(&server, name, None);
    }
    let invite: Vec<String> = names.iter().map(|name| format!("{name}:user")).collect();
    adrian.ask(Way::Framed, "ADD_USER chat", &[("Invite", &invite.join(","))], "").expect(200);
    let mut members: Vec<Client> = names.iter().map(|name| Client::logged_in(&server, name)).collect();
    for member in &mut members {
        member.listen();
    }
    let texts: Vec<String> = (0..100).map(|number| format!("text {number}")).collect();
    let all: String = texts.iter().map(|text| request(Way::Framed, "SEND chat", &[], text)).collect();
    adrian.write(all.as_bytes());
    for _ in &texts {
        adrian.framed_answer().expect(200);
    }
    for member in &mut members {
        assert_eq!(member.hears(100), texts);
        member.hears_nothing();
    }
}

#[test]
fn a_reader_that_stalls_costs_the_others_nothing() {
    let server = Server::unlimited_with(&[OPEN]);
    let (mut adrian, mut josie) = (Client::named(&server, "adrian"), Client::named(&server, "josie"));
    let mut stalled = Client::named(&server, "stalled");
    for client in [&mut josie, &mut stalled] {
        client.listen();
    }
    let long = "x".repeat(4_000);
    let total = 3_000;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..total / 50 {
                let post = || request(Way::Framed, "SEND lobby", &[], &long);
                let some: String = (0..50).map(|_| post()).collect();
                adrian.write(some.as_bytes());
                for _ in 0..50 {
                    adrian.framed_answer().expect(200);
                }
            }
        });
        assert_eq!(josie.hears(total).len(), total);
    });
    adrian.say("lobby", "end");
    assert_eq!(josie.hears(1), ["end"]);
    // It reads on, and has missed nothing.
    let heard = stalled.hears(total + 1);
    assert_eq!((heard.len(), heard.last().map(String::as_str)), (total + 1, Some("end")));
}
