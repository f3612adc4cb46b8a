//! Who is here.

use super::support::person::Person;
use super::terminal::{Terminal, server};

#[test]
fn the_list_names_fifty_and_counts_the_rest() {
    let server = server();
    let crowd: Vec<Terminal> = (0..60).map(|n| Terminal::named(&server, &format!("person{n:02}"))).collect();
    let mut adrian = Terminal::named(&server, "adrian");
    let list = adrian.ask("/who");
    let (names, rest) = list.split_once(" and ").expect("more than are named");
    assert!(names.starts_with("here: adrian (you), person"), "{list}");
    assert_eq!((names.split(", ").count(), rest), (50, "11 more\n> "));
    drop(crowd);
}

#[test]
fn a_crowd_that_comes_is_told_in_one_line() {
    let server = server();
    let mut adrian = Terminal::named(&server, "adrian");
    let crowd: Vec<Terminal> = (0..100).map(|n| Terminal::named(&server, &format!("person{n:02}"))).collect();
    let (mut came, mut lines) = (0, 0);
    while came < 100 {
        let screen = adrian.screen();
        for line in screen.lines().filter(|line| !line.is_empty() && *line != "> ") {
            lines += 1;
            came += if line.ends_with(" is here") { 1 } else { line.split(' ').next().unwrap().parse().expect(line) };
        }
    }
    // At most ten a second by themselves. How many seconds a hundred log-ins take is the machine's matter.
    assert_eq!(came, 100);
    assert!(lines < 100, "nothing was told together");
    drop(crowd);
    let mut went = 0;
    while went < 100 {
        let screen = adrian.screen();
        for line in screen.lines().filter(|line| line.contains("disconnected")) {
            went += if line.ends_with(" has been disconnected") {
                1
            } else {
                line.split(' ').next().unwrap().parse().expect(line)
            };
        }
    }
    assert_eq!(adrian.ask("/who"), "here: adrian (you)\n> ");
}

#[test]
fn a_guest_at_a_web_page_is_listed_with_the_address_to_write_to() {
    let server = server();
    let lobby = server.lobby();
    let mut adrian = Terminal::named(&server, "adrian");
    let mut zoe = Person::new(&server);
    zoe.ask(super::support::http::post_form(format!("/send/{lobby}"), &[("text", "hi"), ("nick", "Zoe B")]))
        .expect(200);
    assert!(adrian.screen().contains("~Zoe B to everyone:"));
    let mut polling = zoe.connect();
    polling.send(&zoe.with_cookies(super::support::http::get(format!("/msg/{lobby}/2"))));
    let came = adrian.screen();
    assert_eq!(came, "\n~Zoe B is here\n> ");
    let list = adrian.ask("/who");
    assert!(list.starts_with("here: adrian (you), ~Zoe B (guest-"), "{list}");
}
