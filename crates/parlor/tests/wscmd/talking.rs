use super::client::{Client, server, text};
use super::support::http::{get, post};
use super::support::server::Server;

#[test]
fn what_is_said_reaches_everybody_in_the_room_with_the_senders_number() {
    let server = server();
    let [mut a, mut b, mut c] = [Client::open(&server), Client::open(&server), Client::open(&server)];
    let room = a.make_room("cooks");
    c.expect(&format!("chatroomcreated(1,{room},5,cooks8,1)"));
    b.expect(&format!("chatroomcreated(1,{room},5,cooks8,1)"));
    b.say(&format!("joinchatroom(2,{room},0,0,)"));
    b.expect(&format!("userjoinedchatroom(2,{room},{},0,0,2)", b.id));
    a.expect(&format!("userjoinedchatroom(2,{room},{},0,0,2)", b.id));
    a.say(&format!("send(7,{room},5,hello)"));
    let said = format!("chat(7,{room},{},0,5,hello)", a.id);
    for client in [&mut a, &mut b] {
        client.expect(&said);
    }
    c.expect_nothing();
    assert!(c.refused(&format!("send(8,{room},5,hello)")).contains("not in this room"));
    assert!(a.refused("send(9,999,5,hello)").ends_with("9)"));
}

#[test]
fn texts_may_hold_what_the_grammar_is_made_of() {
    let server = server();
    let mut a = Client::open(&server);
    let room = a.make_room("cooks");
    for said in [")", ")send(1,1,2,hi)", "4,test", ",", "a\nb\tc", "\"\\'", "👩‍👩‍👧", "e\u{301}", "\u{202e}x\u{202c}"]
    {
        a.say(&format!("send(7,{room},{})", text(said)));
        a.expect(&format!("chat(7,{room},{},0,{})", a.id, text(said)));
    }
    a.expect_nothing();
}

#[test]
fn what_the_text_rule_refuses_is_an_error_and_nothing_else() {
    let server = server();
    let mut a = Client::open(&server);
    let room = a.make_room("cooks");
    for (said, words) in [
        ("", "empty"),
        ("  ", "empty"),
        ("a\u{1b}[2J", "bad_character"),
        ("a\0", "bad_character"),
        (&"x".repeat(4_097), "4096"),
    ] {
        let refused = a.refused(&format!("send(7,{room},{})", text(said)));
        assert!(refused.contains(words) && refused.ends_with("7)"), "{refused}");
    }
    a.say(&format!("send(8,{room},2,ok)"));
    a.expect(&format!("chat(8,{room},{},0,2,ok)", a.id));
}

#[test]
fn the_web_page_and_the_commands_are_in_one_room() {
    let server = server();
    let key = server.lobby();
    let mut a = Client::open(&server);
    a.say("joinchatroom(1,1,0,0,)");
    a.expect(&format!("userjoinedchatroom(1,1,{},0,0,1)", a.id));
    a.say("send(2,1,5,hello)");
    a.expect(&format!("chat(2,1,{},0,5,hello)", a.id));
    server
        .ask(
            post(format!("/send/{key}"), "text=hi&nick=Ben")
                .header("Content-Type", "application/x-www-form-urlencoded"),
        )
        .expect(200);
    let heard = a.read();
    assert!(heard.starts_with("chat(0,1,") && heard.ends_with(",0,8,~Ben: hi)"), "{heard}");
    let [first, second] = [1, 2].map(|number| server.line(&key, number));
    assert!(first.starts_with("~guest-") && first.trim_end().ends_with(": hello"), "{first}");
    assert_eq!(second.trim_end(), "~Ben: hi");
}

#[test]
fn a_client_that_counts_bytes_is_answered_in_bytes() {
    let server = server();
    let [mut units, mut bytes] = [Client::open(&server), Client::open(&server)];
    let room = units.make_room("cooks");
    bytes.expect(&format!("chatroomcreated(1,{room},5,cooks8,1)"));
    bytes.say(&format!("joinchatroom(2,{room},0,0,)"));
    bytes.expect(&format!("userjoinedchatroom(2,{room},{},0,0,2)", bytes.id));
    units.expect(&format!("userjoinedchatroom(2,{room},{},0,0,2)", bytes.id));
    // Until a command tells, lengths are those of browsers.
    units.say(&format!("send(3,{room},3,té!)"));
    units.expect(&format!("chat(3,{room},{},0,3,té!)", units.id));
    bytes.expect(&format!("chat(3,{room},{},0,3,té!)", units.id));
    bytes.say(&format!("send(4,{room},4,té!)"));
    bytes.expect(&format!("chat(4,{room},{},0,4,té!)", bytes.id));
    units.expect(&format!("chat(4,{room},{},0,3,té!)", bytes.id));
    units.say(&format!("send(5,{room},2,👍)"));
    bytes.expect(&format!("chat(5,{room},{},0,4,👍)", units.id));
    units.expect(&format!("chat(5,{room},{},0,2,👍)", units.id));
}

#[test]
fn who_says_too_much_is_told_to_wait() {
    let server = Server::with(&[]);
    let mut a = Client::open(&server);
    let room = a.make_room("cooks");
    let mut refused = None;
    for number in 2..=40 {
        let answer = a.ask(&format!("send({number},{room},5,hello)"));
        if answer.starts_with("error(") {
            refused = Some(answer);
            break;
        }
    }
    assert!(refused.as_deref().is_some_and(|refused| refused.contains("too fast")), "{refused:?}");
}

#[test]
fn messages_survive_and_the_same_room_goes_on_after_a_kill() {
    let mut server = server();
    let key = server.lobby();
    let mut a = Client::open(&server);
    a.say("joinchatroom(1,1,0,0,)");
    a.expect(&format!("userjoinedchatroom(1,1,{},0,0,1)", a.id));
    a.say("send(2,1,5,hello)");
    a.expect(&format!("chat(2,1,{},0,5,hello)", a.id));
    server.kill_and_start();
    assert!(server.ask(get(format!("/msg/{key}/1?wait=0"))).expect(200).text().contains("hello"));
}

/// Somebody talks all the time; who joins is told so first, and then hears all that follows without a gap.
#[test]
fn who_joins_a_lively_room_is_told_so_before_what_is_said_there() {
    let server = server();
    let mut a = Client::open(&server);
    let room = a.make_room("cooks");
    let talks = std::sync::atomic::AtomicBool::new(true);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 10_u64.. {
                if !talks.load(std::sync::atomic::Ordering::Relaxed) {
                    return;
                }
                a.say(&format!("send({number},{room},2,hi)"));
                while !a.read().starts_with(&format!("chat({number},")) {}
            }
        });
        let joins = || {
            for _ in 0..40 {
                let mut b = Client::open(&server);
                b.say(&format!("joinchatroom(2,{room},0,0,)"));
                b.expect(&format!("userjoinedchatroom(2,{room},{},0,0,2)", b.id));
                let mut heard: Vec<u64> = Vec::new();
                while heard.len() < 5 {
                    let line = b.read();
                    let number = line.strip_prefix("chat(").and_then(|rest| rest.split(',').next());
                    heard.extend(number.map(|number| number.parse::<u64>().unwrap()));
                }
                assert!(heard.windows(2).all(|two| two[1] == two[0] + 1), "{heard:?}");
                b.say(&format!("leavechatroom(3,{room})"));
                while !b.read().starts_with("userleftchatroom(3,") {}
            }
        };
        let joined = std::panic::catch_unwind(std::panic::AssertUnwindSafe(joins));
        talks.store(false, std::sync::atomic::Ordering::Relaxed);
        joined.unwrap();
    });
}
