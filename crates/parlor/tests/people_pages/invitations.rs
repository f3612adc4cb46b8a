//! Links that invite.

use super::support::http::{get, post_form};
use super::support::person::Person;
use super::support::server::Server;
use super::{group, leads_to, page, registered};

/// The path of a new link.
fn link(owner: &mut Person, server: &Server, key: &str, uses: &str) -> String {
    let fields = [("uses", uses), ("days", "7")];
    let shown = owner.ask(page(post_form(format!("/chat/{key}/invite"), &fields))).expect(200).text();
    let begin = format!("value=\"http://{}", server.address());
    let (_, rest) = shown.split_once(&begin).unwrap_or_else(|| panic!("no link: {shown}"));
    rest.split('"').next().unwrap().to_owned()
}

#[test]
fn a_link_lets_in_who_presses_the_button() {
    let server = Server::start();
    let mut ann = registered(&server, "ann");
    let key = group(&mut ann, "garden");
    let link = link(&mut ann, &server, &key, "1");
    assert!(link.starts_with("/invite/") && link.len() > 30, "{link}");
    // Without an account one is told what it is, and how to go on.
    let mut ben = Person::new(&server);
    let shown = ben.ask(page(get(&link))).expect(200).text();
    assert!(shown.contains("garden") && shown.contains("ann"), "{shown}");
    assert!(shown.contains(&format!("href=\"/register?next={link}\"")), "{shown}");
    assert_eq!(leads_to(&ben.ask(page(post_form(&link, &[])))), format!("/login?next={link}"));
    let to = leads_to(&ben.ask(page(post_form("/register", &[("name", "ben"), ("next", &link)]))));
    assert_eq!(to, link);
    // Looking is not coming in.
    ben.ask(page(get(&link))).expect(200);
    assert_eq!(ben.ask(get(format!("/chat/{key}"))).status, 404);
    assert_eq!(leads_to(&ben.ask(page(post_form(&link, &[])))), format!("/chat/{key}"));
    ben.say(&key, "here I am");
    // It was for one.
    let mut carl = registered(&server, "carl");
    carl.ask(page(get(&link))).expect(404);
    carl.ask(page(post_form(&link, &[]))).expect(404);
    // Who belongs to it already comes in all the same.
    assert_eq!(leads_to(&ben.ask(page(post_form(&link, &[])))), format!("/chat/{key}"));
}

#[test]
fn of_many_with_a_link_for_one_one_comes_in() {
    let server = Server::start();
    let mut ann = registered(&server, "ann");
    let key = group(&mut ann, "garden");
    let link = link(&mut ann, &server, &key, "1");
    let people: Vec<Person> = (0..8).map(|number| registered(&server, &format!("person{number}"))).collect();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> = people
            .into_iter()
            .map(|mut person| {
                scope.spawn({
                    let link = &link;
                    move || person.ask(page(post_form(link, &[]))).status
                })
            })
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert!(ann.ask(page(get(format!("/chat/{key}/members")))).expect(200).text().contains("2 members"));
}

#[test]
fn a_link_is_listed_and_ended_by_those_who_may_make_one() {
    let server = Server::start();
    let mut ann = registered(&server, "ann");
    let key = group(&mut ann, "garden");
    let link = link(&mut ann, &server, &key, "0");
    let members = format!("/chat/{key}/members");
    let shown = ann.ask(page(get(&members))).expect(200).text();
    assert!(shown.contains("For any number") && !shown.contains(&link), "{shown}");
    let (_, rest) = shown.split_once("name=\"end\" value=\"").unwrap();
    let id = rest.split('"').next().unwrap();
    let mut ben = registered(&server, "ben");
    ben.ask(page(post_form(&link, &[]))).expect(303);
    let end = |person: &mut Person| person.ask(page(post_form(format!("/chat/{key}/invite"), &[("end", id)])));
    assert_eq!(end(&mut ben).status, 403);
    assert_eq!(leads_to(&end(&mut ann)), format!("{members}?done=ended"));
    registered(&server, "carl").ask(page(post_form(&link, &[]))).expect(404);
    let fields = [("uses", "1"), ("days", "1")];
    assert_eq!(ben.ask(page(post_form(format!("/chat/{key}/invite"), &fields))).status, 403);
}

#[test]
fn what_was_never_a_link_is_none() {
    let server = Server::start();
    let mut ann = registered(&server, "ann");
    let key = group(&mut ann, "garden");
    for path in
        ["/invite/x", &format!("/invite/{}", "0".repeat(32)), &format!("/invite/{}", "a".repeat(500)), "/invite/%00"]
    {
        assert_eq!(ann.ask(page(get(path))).status, 404, "{path}");
        assert_eq!(ann.ask(page(post_form(path, &[]))).status, 404, "{path}");
    }
    for fields in [[("uses", "x"), ("days", "1")], [("uses", "1"), ("days", "0")], [("uses", "-1"), ("days", "1")]] {
        assert_eq!(ann.ask(page(post_form(format!("/chat/{key}/invite"), &fields))).status, 400, "{fields:?}");
    }
}

#[test]
fn who_belongs_to_the_room_is_led_there() {
    let server = Server::start();
    let mut ann = registered(&server, "ann");
    let key = group(&mut ann, "garden");
    let link = link(&mut ann, &server, &key, "10");
    let mut ben = registered(&server, "ben");
    ben.ask(page(get(&link))).expect(200);
    ben.ask(page(post_form(&link, &[]))).expect(303);
    // The link in an old letter is pressed again: there is nothing to be asked.
    assert_eq!(leads_to(&ben.ask(page(get(&link)))), format!("/chat/{key}"));
    assert_eq!(leads_to(&ann.ask(page(get(&link)))), format!("/chat/{key}"));
}

#[test]
fn a_link_for_longer_than_links_can_work_is_refused_and_not_cut() {
    let server = Server::start();
    let mut ann = registered(&server, "ann");
    let key = group(&mut ann, "garden");
    for (days, status) in [("0", 400), ("365", 200), ("366", 400), ("99999999", 400), ("-1", 400)] {
        let form = post_form(format!("/chat/{key}/invite"), &[("uses", "1"), ("days", days)]);
        let answer = ann.ask(page(form)).expect(status);
        assert!(status == 200 || answer.text().contains("from 1 to 365"), "{days}: {}", answer.text());
    }
}
