//! `/chat/KEY/members`, and what belongs to it.

use super::support::http::{Answer, Request, get, post, post_form};
use super::support::person::Person;
use super::support::server::Server;
use super::{add, group, id, leads_to, page, registered, wrong};

fn members(person: &mut Person, key: &str) -> String {
    person.ask(page(get(format!("/chat/{key}/members")))).expect(200).text()
}

fn give(person: &mut Person, key: &str, who: &str, role: &str) -> Answer {
    person.ask(page(post_form(format!("/chat/{key}/role"), &[("who", who), ("role", role)])))
}

/// Every way to ask for a room.
fn asks(key: &str) -> Vec<Request> {
    let post = |path: &str, fields: &[(&str, &str)]| post_form(format!("/chat/{key}/{path}"), fields);
    vec![
        get(format!("/chat/{key}")),
        get(format!("/msg/{key}/1?wait=0")),
        get(format!("/msg/{key}/1")),
        get(format!("/here/{key}?wait=0")),
        super::support::http::post(format!("/send/{key}"), "let me in"),
        post_form(format!("/seen/{key}"), &[("number", "1")]),
        post_form(format!("/answer/{key}"), &[("answer", "x")]),
        get(format!("/chat/{key}/members")),
        post("members", &[("names", "eve")]),
        post("role", &[("who", "u1"), ("role", "none")]),
        post("invite", &[("uses", "1"), ("days", "1")]),
        post("leave", &[]),
        post("close", &[]),
    ]
}

#[test]
fn to_all_but_its_members_a_group_does_not_exist() {
    let server = Server::start();
    let (mut ann, mut eve) = (registered(&server, "ann"), registered(&server, "eve"));
    let key = group(&mut ann, "garden");
    ann.say(&key, "secret");
    let none = "z".repeat(32);
    let shown = |answer: Answer, key: &str| {
        let headers: Vec<_> = answer.headers.iter().filter(|(name, _)| name != "date").cloned().collect();
        (answer.status, format!("{headers:?}").replace(key, "KEY"), answer.text().replace(key, "KEY"))
    };
    for face in ["text/html", "application/json", "*/*"] {
        for (there, nowhere) in asks(&key).into_iter().zip(asks(&none)) {
            let what = there.target().to_owned();
            let (there, nowhere) = (there.header("Accept", face), nowhere.header("Accept", face));
            let refused = shown(eve.ask(there.clone()), &key);
            assert_eq!(refused, shown(eve.ask(nowhere.clone()), &none), "{what} as {face}, with an account");
            assert_eq!(refused.0, 404, "{what}");
            let mut guest = Person::new(&server);
            let refused = shown(guest.ask(there), &key);
            assert_eq!(refused, shown(guest.ask(nowhere), &none), "{what} as {face}, without one");
            assert!(matches!(refused.0, 404 | 303), "{what}: {refused:?}");
        }
    }
    assert_eq!(eve.ask(get("/chat/garden")).status, 404);
    assert_eq!(leads_to(&ann.ask(get("/chat/garden"))), format!("/chat/{key}"));
    for page in ["/", "/rooms"] {
        assert!(!eve.ask(super::page(get(page))).expect(200).text().contains("garden"));
    }
    assert_eq!(ann.open(&key).number(), 1, "somebody else did something to it");
}

#[test]
fn a_link_helps_a_member_who_is_not_logged_in() {
    let server = Server::start();
    let key = group(&mut registered(&server, "ann"), "garden");
    let answer = Person::new(&server).ask(page(get(format!("/chat/{key}")))).expect(404);
    assert!(answer.text().contains(&format!("href=\"/login?next=/chat/{key}\"")), "{}", answer.text());
}

#[test]
fn people_are_added_all_or_none() {
    let server = Server::start();
    let mut ann = registered(&server, "ann");
    let (mut ben, mut carl) = (registered(&server, "ben"), registered(&server, "carl"));
    let key = group(&mut ann, "garden");
    let try_add =
        |ann: &mut Person, names: &str| ann.ask(page(post_form(format!("/chat/{key}/members"), &[("names", names)])));
    let refused = try_add(&mut ann, "ben, nobody, carl").expect(404);
    assert!(wrong(&refused, "names").contains("nobody") && refused.text().contains("value=\"ben, nobody, carl\""));
    assert_eq!(ben.ask(get(format!("/chat/{key}"))).status, 404, "one was added all the same");
    assert!(!wrong(&try_add(&mut ann, "  ,").expect(400), "names").is_empty());
    let done = leads_to(&try_add(&mut ann, "Ben @carl"));
    assert_eq!(done, format!("/chat/{key}/members?done=added"));
    assert!(ann.ask(page(get(done))).expect(200).text().contains("3 members"));
    ben.open(&key);
    carl.say(&key, "thank you");
    assert!(!wrong(&try_add(&mut ann, "ben,carl").expect(409), "names").is_empty());
    // A member may look, and no more.
    let shown = members(&mut ben, &key);
    assert!(
        shown.contains("3 members") && !shown.contains("name=\"names\"") && !shown.contains("name=\"role\""),
        "{shown}"
    );
    registered(&server, "dora");
    assert_eq!(try_add(&mut ben, "dora").status, 403);
}

#[test]
fn roles_are_given_by_those_above() {
    let server = Server::start();
    let (mut ann, mut ben) = (registered(&server, "ann"), registered(&server, "ben"));
    let (mut carl, mut dora) = (registered(&server, "carl"), registered(&server, "dora"));
    let ids = [&mut ann, &mut ben, &mut carl, &mut dora].map(|person| id(person, &server));
    let key = group(&mut ann, "garden");
    add(&mut ann, &key, "ben carl dora");
    give(&mut ann, &key, &ids[1], "admin").expect(303);
    let shown = members(&mut ben, &key);
    assert!(
        shown.contains("name=\"names\"") && !shown.contains("name=\"as\"") && shown.contains("value=\"banned\""),
        "{shown}"
    );
    // An admin makes no admins, and touches neither the owner nor a peer.
    give(&mut ann, &key, &ids[2], "admin").expect(303);
    for (who, role) in
        [(&ids[3], "admin"), (&ids[0], "none"), (&ids[0], "banned"), (&ids[2], "none"), (&ids[1], "owner")]
    {
        let status = give(&mut ben, &key, who, role).status;
        assert!(matches!(status, 400 | 403), "{who} {role}: {status}");
    }
    let as_admin = [("names", "dora"), ("as", "admin")];
    assert_eq!(ben.ask(page(post_form(format!("/chat/{key}/members"), &as_admin))).status, 403);
    let as_owner = [("names", "dora"), ("as", "owner")];
    assert_eq!(ann.ask(page(post_form(format!("/chat/{key}/members"), &as_owner))).status, 400);
    give(&mut dora, &key, &ids[1], "none").expect(403);
    for bad in ["", "x7", "u", "g-1", "u99999999999999999999"] {
        assert_eq!(give(&mut ann, &key, bad, "none").status, 400, "{bad:?}");
    }
}

#[test]
fn who_is_removed_is_cut_off_and_told_nothing_more() {
    let server = Server::start();
    let (mut ann, mut ben) = (registered(&server, "ann"), registered(&server, "ben"));
    let ben_id = id(&mut ben, &server);
    let key = group(&mut ann, "garden");
    for (round, role) in [(1, "none"), (2, "banned")] {
        add(&mut ann, &key, "ben");
        ben.open(&key);
        let mut hanging = ben.connect();
        hanging.send(&ben.with_cookies(get(format!("/msg/{key}/{round}"))));
        give(&mut ann, &key, &ben_id, role).expect(303);
        ann.say(&key, "between us");
        assert_eq!(hanging.answer().status, 404, "{role}");
        assert_eq!(ben.ask(get(format!("/msg/{key}/{round}?wait=0"))).status, 404);
        assert_eq!(ben.ask(post(format!("/send/{key}"), "hello?")).status, 404);
    }
    // Whoever is kept out is listed for those who may forgive, and comes back when they do.
    let shown = members(&mut ann, &key);
    assert!(shown.contains("Kept out") && shown.contains("Let come back"), "{shown}");
    give(&mut ann, &key, &ben_id, "none").expect(303);
    add(&mut ann, &key, "ben");
    ben.open(&key);
}

#[test]
fn one_leaves_but_not_as_the_last_owner() {
    let server = Server::start();
    let (mut ann, mut ben) = (registered(&server, "ann"), registered(&server, "ben"));
    let key = group(&mut ann, "garden");
    add(&mut ann, &key, "ben");
    let leave = |person: &mut Person| person.ask(page(post_form(format!("/chat/{key}/leave"), &[])));
    let refused = leave(&mut ann).expect(409);
    assert!(wrong(&refused, "leave").contains("last owner"));
    assert_eq!(leads_to(&leave(&mut ben)), "/rooms?done=left");
    assert!(!ben.ask(page(get("/rooms?done=left"))).expect(200).text().contains("garden"));
    assert_eq!(ben.ask(get(format!("/chat/{key}"))).status, 404);
    assert_eq!(leads_to(&leave(&mut ann)), "/rooms?done=left");
    assert_eq!(ann.ask(get(format!("/chat/{key}"))).status, 404, "a group that is nobody's is closed");
    // Its name is free again.
    group(&mut ben, "garden");
}

#[test]
fn an_owner_closes_a_room_and_nobody_else_does() {
    let server = Server::start();
    let (mut ann, mut ben) = (registered(&server, "ann"), registered(&server, "ben"));
    let key = group(&mut ann, "garden");
    add(&mut ann, &key, "ben");
    let close = |person: &mut Person, key: &str| person.ask(page(post_form(format!("/chat/{key}/close"), &[])));
    assert_eq!(close(&mut ben, &key).status, 403);
    let mut hanging = ben.connect();
    hanging.send(&ben.with_cookies(get(format!("/msg/{key}/1"))));
    assert_eq!(leads_to(&close(&mut ann, &key)), "/rooms?done=closed");
    assert_eq!(hanging.answer().status, 410);
    assert_eq!(close(&mut ann, &server.lobby()).status, 403);
}

#[test]
fn a_room_made_by_an_account_is_its_own() {
    let server = Server::start();
    let (mut ann, mut ben) = (registered(&server, "ann"), registered(&server, "ben"));
    let open = ann.ask(post_form("/chat_create", &[("subject", "Tea")])).room_key();
    assert!(members(&mut ann, &open).contains("owner"));
    ben.say(&open, "anybody may write here");
    let closed = ann.ask(post_form("/chat_create", &[("subject", "Tea for us"), ("members", "1")])).room_key();
    assert_eq!(ben.ask(get(format!("/chat/{closed}"))).status, 404);
    assert!(ann.open(&closed).text().contains("Only its members can read this"));
    // A guest has nobody to be a member.
    let guest = Person::new(&server).ask(post_form("/chat_create", &[("subject", "x"), ("members", "1")]));
    assert!(matches!(guest.status, 401 | 403), "{guest:?}");
}

#[test]
fn who_is_no_admin_any_more_is_told_why_a_form_was_not_taken() {
    let server = Server::start();
    let mut ann = registered(&server, "ann");
    let mut ben = registered(&server, "ben");
    registered(&server, "carl");
    let key = group(&mut ann, "garden");
    add(&mut ann, &key, "ben");
    // As from a page that was open before: it comes back without the form, so that the reason must stand elsewhere.
    for (form, fields) in [("members", &[("names", "carl")][..]), ("close", &[])] {
        let text = ben.ask(page(post_form(format!("/chat/{key}/{form}"), fields))).expect(403).text();
        assert!(text.contains("role=\"alert\">You may not do this here"), "{form}: {text}");
    }
}
