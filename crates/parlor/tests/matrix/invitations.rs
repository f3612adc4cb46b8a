//! Invitations: whoever has one comes in, as many as it is for, for as long as who made it may invite (PROMISES S22).

use std::collections::BTreeMap;
use std::sync::Barrier;

use crate::by_pages::open_invitations;
use crate::house::{House, Room};
use crate::said::Said;
use crate::support::http::{get, post, post_form};
use crate::support::person::Person;
use crate::table::{Kind, Who};

/// The path of a new invitation.
fn invitation(house: &mut House, who: Who, room: &Room, uses: u32) -> String {
    let fields = [("uses", uses.to_string()), ("days", "1".to_owned())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    let page = house.ask(who, post_form(format!("/chat/{}/invite", room.key), &fields)).expect(200).text();
    // It is the only link there; the form's own address ends in the same word.
    let link = |rest: &str| {
        rest.get(..32).filter(|token| token.bytes().all(|byte| byte.is_ascii_hexdigit())).map(str::to_owned)
    };
    let token = page.split("/invite/").find_map(link).unwrap_or_else(|| panic!("no link in {page}"));
    format!("/invite/{token}")
}

fn comes_in(person: &mut Person, link: &str) -> Said {
    Said::by_page(&person.ask(post(link, "").header("Accept", "application/json")))
}

/// Exactly the uses, whoever is faster.
#[test]
fn of_fifty_at_once_as_many_come_in_as_it_is_for() {
    let mut house = House::open();
    for uses in [1, 7] {
        let room = house.build(Kind::Members);
        let link = invitation(&mut house, Who::Admin, &room, uses);
        let people: Vec<Person> = (0..50).map(|n| house.register(&format!("guest{uses}x{n}"))).collect();
        let ready = Barrier::new(people.len());
        let said: Vec<Said> = std::thread::scope(|scope| {
            let come = |mut person: Person| {
                let (ready, link) = (&ready, &link);
                scope.spawn(move || {
                    ready.wait();
                    comes_in(&mut person, link)
                })
            };
            let tries: Vec<_> = people.into_iter().map(come).collect();
            tries.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let count = |wanted: Said| said.iter().filter(|said| **said == wanted).count();
        let (done, not_found) = (count(Said::Done), count(Said::NotFound));
        assert_eq!((done, not_found), (uses as usize, 50 - uses as usize), "{said:?}");
        assert_eq!(house.members(&room.key).len(), 4 + uses as usize);
    }
}

#[test]
fn an_invitation_lets_in_as_a_member_and_nobody_else() {
    let mut house = House::open();
    let room = house.build(Kind::Members);
    let link = invitation(&mut house, Who::Owner, &room, 0);
    for who in [Who::Stranger, Who::Guest] {
        assert_eq!(Said::by_page(&house.ask(who, post(link.clone(), ""))), Said::LogIn, "{who:?}");
    }
    // A ban is stronger, and a role that somebody has stays as it is.
    assert_eq!(comes_in(house.browser(Who::Banned), &link), Said::NotFound);
    for who in [Who::Admin, Who::Owner, Who::Member] {
        assert_eq!(comes_in(house.browser(who), &link), Said::Done, "{who:?}");
    }
    assert_eq!(house.change_of(&room), None);
    for who in [Who::Account, Who::Removed, Who::OperatorsAccount] {
        assert_eq!(comes_in(house.browser(who), &link), Said::Done, "{who:?}");
    }
    let members: BTreeMap<String, String> = house.members(&room.key);
    for name in ["nora", "rita", "opal"] {
        assert_eq!(members.get(name).map(String::as_str), Some("member"), "{name}");
    }
}

/// It says no more of the room than its name and who invites.
#[test]
fn an_invitation_that_is_none_is_one_that_never_was() {
    let mut house = House::open();
    let room = house.build(Kind::Members);
    let never = format!("/invite/{}", "0123456789abcdef".repeat(2));
    let ended = invitation(&mut house, Who::Owner, &room, 0);
    for id in open_invitations(&mut house, Who::Owner, &room) {
        let end = post_form(format!("/chat/{}/invite", room.key), &[("end", &id)]);
        house.browser(Who::Owner).ask(end).expect(303);
    }
    let used = invitation(&mut house, Who::Owner, &room, 1);
    let demoted = invitation(&mut house, Who::Admin, &room, 0);
    assert_eq!(comes_in(house.browser(Who::Account), &used), Said::Done);
    let adam = house.id("adam");
    let demotion = post_form(format!("/chat/{}/role", room.key), &[("who", &adam), ("role", "member")]);
    house.browser(Who::Owner).ask(demotion).expect(303);
    for link in [used, ended, demoted] {
        for who in [Who::Removed, Who::OperatorsAccount, Who::Banned] {
            let (about, about_none) = (house.ask(who, get(link.clone())), house.ask(who, get(never.clone())));
            assert_eq!((about.status, about.text()), (about_none.status, about_none.text()), "{who:?} {link}");
            let (about, about_none) = (house.ask(who, post(link.clone(), "")), house.ask(who, post(never.clone(), "")));
            assert_eq!((about.status, about.text()), (404, about_none.text()), "{who:?} {link}");
        }
    }
}
