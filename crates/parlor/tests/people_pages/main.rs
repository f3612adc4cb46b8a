//! The pages of people with accounts: registering, logging in and out, one's account, one's rooms, members and invitations.
//! The real binary, over real sockets, by forms as a browser without JavaScript sends them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../support/mod.rs"]
mod support;

mod claiming;
mod ending;
mod forms;
mod invitations;
mod logging_in;
mod members;
mod registering;
mod settings;
mod setup;
mod unread;

use support::http::{Answer, Request, get, post_form};
use support::person::Person;
use support::server::Server;

/// A password that people of these tests have.
const PASSWORD: &str = "correct horse";

/// Somebody with a new account without a password, which this machine's own server allows, logged in.
fn registered(server: &Server, name: &str) -> Person {
    let mut person = Person::new(server);
    person.ask(page(post_form("/register", &[("name", name)]))).expect(303);
    person
}

/// The same with [`PASSWORD`].
fn with_password(server: &Server, name: &str) -> Person {
    let mut person = Person::new(server);
    person.ask(page(post_form("/register", &[("name", name), ("password", PASSWORD)]))).expect(303);
    person
}

/// Logs in with [`PASSWORD`].
fn log_in(server: &Server, name: &str) -> Person {
    let mut person = Person::new(server);
    person.ask(page(post_form("/login", &[("name", name), ("password", PASSWORD)]))).expect(303);
    person
}

/// A request as a browser makes it.
fn page(request: Request) -> Request {
    request.header("Accept", "text/html,application/xhtml+xml")
}

/// Where a `303` leads.
fn leads_to(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{answer:?}");
    answer.header("location").expect("a 303 says where to go").to_owned()
}

/// What a page says of a field that it did not take.
fn wrong(answer: &Answer, field: &str) -> String {
    let text = answer.text();
    let begin = format!("id=\"{field}-wrong\"");
    let (_, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("nothing is wrong with {field:?}: {text}"));
    let (_, rest) = rest.split_once('>').unwrap();
    rest.split('<').next().unwrap().to_owned()
}

/// The id of somebody's account, `u7`.
fn id(person: &mut Person, server: &Server) -> String {
    let page = person.ask(get(format!("/chat/{}", server.lobby()))).expect(200).text();
    let (_, rest) = page.split_once(" data-me=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// The key of a new group of this name.
fn group(owner: &mut Person, name: &str) -> String {
    let to = leads_to(&owner.ask(page(post_form("/group", &[("group", name)]))));
    to.strip_prefix("/chat/").and_then(|rest| rest.strip_suffix("/members")).expect("the members of a room").to_owned()
}

/// Makes people members.
fn add(owner: &mut Person, key: &str, names: &str) {
    owner.ask(page(post_form(format!("/chat/{key}/members"), &[("names", names)]))).expect(303);
}
