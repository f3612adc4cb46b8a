//! What every page with a form owes to who fills it in.

use super::support::http::{get, post_form};
use super::support::person::Person;
use super::support::server::Server;
use super::{group, page, registered, with_password};

/// The tags of this name, each with what is in it.
fn tags<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    html.split(&format!("<{name} ")).skip(1).map(|rest| rest.split('>').next().unwrap()).collect()
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    rest.split('"').next()
}

fn check(html: &str, what: &str) {
    for kind in ["input", "select", "textarea"] {
        for field in tags(html, kind) {
            let hidden = attribute(field, "type") == Some("hidden") || field.contains("aria-hidden=\"true\"");
            // A box stands inside of its label.
            if hidden || attribute(field, "type") == Some("checkbox") {
                continue;
            }
            let id = attribute(field, " id").or_else(|| attribute(field, "id"));
            let id = id.unwrap_or_else(|| panic!("{what}: a field without an id: {field}"));
            assert_eq!(html.matches(&format!(" for=\"{id}\"")).count(), 1, "{what}: the label of {id}");
            assert_eq!(html.matches(&format!(" id=\"{id}\"")).count(), 1, "{what}: {id} is there once");
            for told in attribute(field, "aria-describedby").unwrap_or_default().split_whitespace() {
                assert!(html.contains(&format!("id=\"{told}\"")), "{what}: {id} is described by {told}");
            }
            if attribute(field, "type") == Some("password") {
                let told = attribute(field, "autocomplete").unwrap_or_default();
                assert!(["current-password", "new-password"].contains(&told), "{what}: {id} is {told:?}");
                assert_eq!(attribute(field, "value"), None, "{what}: a password is repeated");
            }
        }
    }
    for form in tags(html, "form") {
        assert_eq!(attribute(form, "method"), Some("post"), "{what}: {form}");
    }
    assert!(html.contains("<title>") && html.contains("<h1"), "{what} has no title");
    assert_eq!(html.matches("autofocus").count().min(2), html.matches("autofocus").count(), "{what}");
    assert!(!html.contains(" style=") && !html.contains("<style"), "{what}");
    assert_eq!(
        html.matches("<script").count(),
        html.matches("<script type=\"module\" src=\"/assets/").count(),
        "{what}"
    );
}

#[test]
fn every_field_has_a_label_and_says_what_it_is_for() {
    let server = Server::start();
    let mut ann = with_password(&server, "ann");
    registered(&server, "ben");
    let key = group(&mut ann, "garden");
    let mut guest = Person::new(&server);
    guest.open(&server.room());
    for path in ["/", "/login", "/register"] {
        check(&guest.ask(page(get(path))).expect(200).text(), path);
    }
    for path in ["/", "/account", "/rooms", &format!("/chat/{key}/members"), &format!("/chat/{key}")] {
        let shown = ann.ask(page(get(path))).expect(200);
        check(&shown.text(), path);
        assert_eq!(shown.header("cache-control"), Some("no-store"), "{path}");
        assert!(shown.header("content-security-policy").unwrap().contains("default-src 'none'"), "{path}");
    }
    let invited = post_form(format!("/chat/{key}/invite"), &[("uses", "1"), ("days", "1")]);
    check(&ann.ask(page(invited)).expect(200).text(), "a new link");
    let wrong = post_form("/login", &[("name", "ann"), ("password", "wrong")]);
    check(&guest.ask(page(wrong)).expect(401).text(), "a wrong password");
}
