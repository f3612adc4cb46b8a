//! `GET /chat/KEY`: the page and its cookies.

use super::pages::{attribute, between, inputs, messages, numbers};
use super::support::http::{get, post_form, urlencoded};
use super::support::person::{Person, SetCookie};
use super::support::server::Server;

#[test]
fn every_call_makes_a_new_client_for_three_paths() {
    let server = Server::start();
    let key = server.room();
    let mut values = vec![];
    for _ in 0..2 {
        let cookies = SetCookie::all(&server.ask(get(format!("/chat/{key}"))).expect(200));
        let clients: Vec<&SetCookie> = cookies.iter().filter(|cookie| cookie.name == "client").collect();
        let mut paths: Vec<&str> = clients.iter().map(|cookie| cookie.path.as_str()).collect();
        paths.sort_unstable();
        assert_eq!(paths, [format!("/chat/{key}"), format!("/msg/{key}"), format!("/send/{key}")]);
        for cookie in clients {
            assert_eq!(
                cookie.attributes,
                ["HttpOnly".to_owned(), format!("Path={}", cookie.path), "SameSite=Lax".to_owned()]
            );
            assert_eq!(cookie.value, cookies.iter().find(|cookie| cookie.name == "client").unwrap().value);
        }
        values.push(cookies[0].value.clone());
    }
    assert_ne!(values[0], values[1]);
}

#[test]
fn the_same_browser_gets_a_new_client_and_stays_the_same_guest() {
    let server = Server::start();
    let key = server.room();
    let mut anna = Person::new(&server);
    anna.open(&key);
    let (client, guest) = (anna.cookie("client").value.clone(), anna.cookie("guest").value.clone());
    anna.open(&key);
    assert_ne!(anna.cookie("client").value, client);
    assert_eq!(anna.cookie("guest").value, guest);
}

#[test]
fn the_guest_cookie_is_for_everywhere_and_a_year() {
    let server = Server::start();
    let cookies = SetCookie::all(&server.ask(get(format!("/chat/{}", server.room()))).expect(200));
    let guests: Vec<&SetCookie> = cookies.iter().filter(|cookie| cookie.name == "guest").collect();
    assert_eq!(guests.len(), 1);
    assert_eq!(guests[0].attributes, ["HttpOnly", "Max-Age=31536000", "Path=/", "SameSite=Lax"]);
}

#[test]
fn behind_a_trusted_proxy_that_speaks_tls_the_cookies_are_secure() {
    let server = Server::unlimited_with(&[("PARLOR_TRUSTED_PROXIES", "127.0.0.2/32")]);
    let key = server.room();
    for (proxy, secure) in [([127, 0, 0, 2], true), ([127, 0, 0, 3], false)] {
        let mut anna = Person::at(&server, proxy.into());
        let page = anna.ask(get(format!("/chat/{key}")).header("X-Forwarded-Proto", "https")).expect(200);
        for cookie in SetCookie::all(&page) {
            assert_eq!(cookie.attributes.iter().any(|attribute| attribute == "Secure"), secure, "{cookie:?}");
        }
    }
}

#[test]
fn it_shows_the_last_fifty_messages_and_waits_for_the_next() {
    let server = Server::start();
    let key = server.room();
    let mut anna = Person::new(&server);
    let fresh = anna.open(&key).text();
    assert_eq!((numbers(&fresh), attribute(&fresh, "data-next")), (vec![], "1".to_owned()));
    for number in 1..=60 {
        assert_eq!(anna.say(&key, &format!("text {number}")), number);
    }
    let page = anna.open(&key).text();
    let expected: Vec<(u64, String)> = (11..=60).map(|number| (number, format!("text {number}"))).collect();
    assert_eq!(messages(&page), expected);
    assert_eq!(attribute(&page, "data-next"), "61");
    assert!(page.contains(&format!("/chat/{key}?before=11")), "no way to the older ones");
    let older = server.ask(get(format!("/chat/{key}?before=11"))).expect(200).text();
    assert_eq!(numbers(&older), (1..=10).collect::<Vec<u64>>());
}

#[test]
fn how_many_messages_it_shows_is_configured() {
    let server = Server::unlimited_with(&[("PARLOR_HISTORY_ON_JOIN", "3")]);
    let key = server.room();
    let mut anna = Person::new(&server);
    for _ in 0..5 {
        anna.say(&key, "hi");
    }
    assert_eq!(numbers(&anna.open(&key).text()), [3, 4, 5]);
}

#[test]
fn a_page_before_a_wrong_number_is_refused() {
    let server = Server::start();
    let key = server.room();
    for number in ["0", "-1", "1e3", "x", "9223372036854775808"] {
        server.ask(get(format!("/chat/{key}?before={number}"))).expect(400);
    }
}

#[test]
fn a_named_room_leads_to_its_key() {
    let server = Server::start();
    let key = server.lobby();
    assert_eq!(key.len(), 32);
    server.ask(get(format!("/chat/{key}"))).expect(200);
    for name in ["/chat/LOBBY", "/chat/Lobby"] {
        assert_eq!(server.ask(get(name)).room_key(), key);
    }
    server.ask(get("/chat/nowhere")).expect(404);
}

#[test]
fn without_javascript_its_form_posts_once_and_leads_back() {
    let server = Server::start();
    let key = server.room();
    let mut anna = Person::new(&server);
    let page = anna.open(&key).text();
    let form = between(&page, "<form id=\"composer\"", "</form>").unwrap();
    assert_eq!((attribute(form, "action"), attribute(form, "method")), (format!("/send/{key}"), "post".to_owned()));
    let mut fields = inputs(form);
    fields.push(("text".to_owned(), Some("from a form".to_owned())));
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_deref().unwrap_or(""))).collect();
    // Pressed twice, or reloaded: one message.
    for duplicate in [None, Some("true")] {
        let answer = anna.ask(post_form(format!("/send/{key}"), &fields)).expect(303);
        assert_eq!(answer.header("location"), Some(format!("/chat/{key}").as_str()));
        assert_eq!(answer.header("chat-duplicate"), duplicate);
    }
    assert_eq!(messages(&anna.open(&key).text()), [(1, "from a form".to_owned())]);
    // The next page has another key, so the next message is another one.
    let once = |page: &str| {
        let fields = inputs(between(page, "<form id=\"composer\"", "</form>").unwrap());
        fields.into_iter().find(|(name, _)| name == "once").and_then(|(_, value)| value).unwrap()
    };
    assert_ne!(once(&page), once(&anna.open(&key).text()), "{}", urlencoded(&fields));
}

#[test]
fn it_names_the_addresses_to_share_by_the_host_that_was_asked() {
    let server = Server::start();
    let key = server.room();
    let page = server.ask(get(format!("/chat/{key}")).header("Host", "chat.example:8080")).expect(200).text();
    assert!(page.contains(&format!("http://chat.example:8080/chat/{key}")), "{page}");
    assert!(page.contains(&format!("http://chat.example:8080/send/{key}")), "{page}");
}
