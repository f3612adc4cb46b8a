//! `/setup/TOKEN`: the link in the banner makes the one account that may run the server.

use super::support::http::{get, post_form};
use super::support::person::Person;
use super::support::server::Server;
use super::{PASSWORD, leads_to, page, wrong};

/// The path that the banner says.
fn link(server: &Server) -> Option<String> {
    let banner = server.banner();
    let (_, rest) = banner.split_once("/setup/")?;
    let token: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    Some(format!("/setup/{token}"))
}

#[test]
fn the_link_makes_the_operator_once() {
    let mut server = Server::start();
    let link_now = link(&server).expect("a new server has no operator");
    let mut ann = Person::new(&server);
    let form = ann.ask(page(get(&link_now))).expect(200).text();
    assert!(form.contains(&format!("action=\"{link_now}\"")), "{form}");
    // This account has a password in any case.
    let refused = ann.ask(page(post_form(&link_now, &[("name", "ann")]))).expect(400);
    assert!(!wrong(&refused, "password").is_empty());
    assert!(refused.text().contains(&format!("action=\"{link_now}\"")));
    assert_eq!(leads_to(&ann.ask(page(post_form(&link_now, &[("name", "ann"), ("password", PASSWORD)])))), "/");
    assert!(ann.ask(page(get("/account"))).expect(200).text().contains("may run this server"));
    for path in [link_now.as_str(), "/setup/x", &format!("/setup/{}", "0".repeat(32))] {
        let mut eve = Person::new(&server);
        eve.ask(page(get(path))).expect(404);
        eve.ask(page(post_form(path, &[("name", "eve"), ("password", PASSWORD)]))).expect(404);
    }
    server.kill_and_start();
    assert_eq!(link(&server), None, "a server that has an operator offers to make one");
    assert!(!server.log().contains(link_now.trim_start_matches("/setup/")), "the token is in the log");
}

#[test]
fn of_many_with_the_link_one_wins() {
    let server = Server::start();
    let link = link(&server).expect("a new server has no operator");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..6)
            .map(|number| {
                let (link, server) = (&link, &server);
                scope.spawn(move || {
                    let name = format!("person{number}");
                    let form = [("name", name.as_str()), ("password", PASSWORD)];
                    Person::new(server).ask(page(post_form(link, &form))).status
                })
            })
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
}
