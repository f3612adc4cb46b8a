//! Roles given and taken: from above, and by nobody to themselves. The second table of core's rights, tried at the doors; and
//! who owns what is made there (PROMISES S20, S21).

use std::collections::BTreeMap;

use parlor_core::policy::{self, Standing, Verb};
use parlor_core::room::{Access, Role};

use crate::chat1_client::Way as Framing;
use crate::house::{House, Room, TARA};
use crate::said::Said;
use crate::support::http::{get, post, post_form};
use crate::table::{Kind, Who};

const ROLES: [Option<Role>; 5] = [None, Some(Role::Banned), Some(Role::Member), Some(Role::Admin), Some(Role::Owner)];

const ACTORS: [(Who, Standing); 6] = [
    (Who::Account, Standing::Visitor),
    (Who::Banned, Standing::With(Role::Banned)),
    (Who::Member, Standing::With(Role::Member)),
    (Who::Admin, Standing::With(Role::Admin)),
    (Who::Owner, Standing::With(Role::Owner)),
    (Who::Operator, Standing::Operator),
];

/// How a door changes somebody's role: who does it, in which room, and to which role; `None`: the door has no word for that.
type Change = fn(&mut House, Who, &Room, &str, Option<Role>) -> Option<Said>;

/// What core's tables say to that in an open room.
fn by_the_tables(standing: Standing, from: Option<Role>, to: Option<Role>) -> Said {
    let may = policy::check(Verb::Invite, Access::Open, standing);
    match may.and_then(|()| policy::check_role(standing, from, to)) {
        Ok(()) => Said::Done,
        Err(parlor_core::Refusal::NotFound) => Said::NotFound,
        Err(_) => Said::Forbidden,
    }
}

/// Tries everybody on somebody in every role, to every role. `says`: what a door makes of what the tables say.
fn try_all(change: Change, says: impl Fn(Standing, Option<Role>, Option<Role>, Said) -> Said) {
    let mut house = House::open();
    let mut wrong = vec![];
    let mut tried = 0;
    let room = house.build(Kind::Listed);
    for (who, standing) in ACTORS {
        for from in ROLES {
            for to in ROLES {
                // There is one owner, who is not changed by herself here.
                let whom = if from == Some(Role::Owner) { "olga" } else { TARA };
                if whom == "olga" && who == Who::Owner {
                    continue;
                }
                prepare(&mut house, &room, from);
                let Some(said) = change(&mut house, who, &room, whom, to) else { continue };
                tried += 1;
                let expected = says(standing, from, to, by_the_tables(standing, from, to));
                let now = house.members(&room.key).get(whom).cloned();
                let right = if expected == Said::Done { to } else { from };
                if said != expected || now.as_deref() != right.filter(|role| *role != Role::Banned).map(word) {
                    wrong.push(format!(
                        "{who:?} from {from:?} to {to:?}: {said:?} instead of {expected:?}, now {now:?}"
                    ));
                }
                if whom == "olga" && now.as_deref() != Some("owner") {
                    panic!("nobody can give the room back to its owner: {}", wrong.join("\n"));
                }
            }
        }
    }
    assert!(wrong.is_empty() && tried > 40, "{tried} tried:\n{}", wrong.join("\n"));
}

/// Gives Tara this role, by the owner.
fn prepare(house: &mut House, room: &Room, role: Option<Role>) {
    if role == Some(Role::Owner) {
        return;
    }
    let said = by_role_form(house, Who::Owner, room, TARA, role).expect("the form has the word");
    // From none to none is nobody's.
    assert!(said == Said::Done || (said == Said::NotFound && role.is_none()), "{role:?}: {said:?}");
}

fn word(role: Role) -> &'static str {
    match role {
        Role::Banned => "banned",
        Role::Member => "member",
        Role::Admin => "admin",
        Role::Owner => "owner",
    }
}

fn by_role_form(house: &mut House, who: Who, room: &Room, whom: &str, to: Option<Role>) -> Option<Said> {
    let role = match to {
        _ if who == Who::Operator => return None,
        // Of the form it is no role: see below.
        Some(Role::Owner) => return None,
        to => to.map_or("none", word),
    };
    let whom = house.id(whom);
    let request = post_form(format!("/chat/{}/role", room.key), &[("who", &whom), ("role", role)]);
    Some(Said::by_page(&house.ask(who, request)))
}

#[test]
fn the_form_changes_roles_from_above() {
    try_all(by_role_form, |standing, from, to, table| {
        let may_try = policy::check(Verb::Invite, Access::Open, standing).is_ok();
        match (may_try, from == to) {
            // It is so already, or there is nobody to be put out.
            (true, true) => {
                if to.is_none() {
                    Said::NotFound
                } else {
                    Said::Done
                }
            }
            _ => table,
        }
    });
}

fn by_members_form(house: &mut House, who: Who, room: &Room, whom: &str, to: Option<Role>) -> Option<Said> {
    let role = to.filter(|role| matches!(role, Role::Member | Role::Admin))?;
    if who == Who::Operator {
        return None;
    }
    let request = post_form(format!("/chat/{}/members", room.key), &[("names", whom), ("as", word(role))]);
    Some(Said::by_page(&house.ask(who, request)))
}

/// Whoever adds people takes nothing away.
fn added(standing: Standing, from: Option<Role>, to: Option<Role>, table: Said) -> Said {
    // Whether the role may be given at all comes first.
    match by_the_tables(standing, None, to) {
        Said::Done if from >= to => Said::Already,
        Said::Done => table,
        refused => refused,
    }
}

#[test]
fn the_page_of_members_adds_from_above() {
    try_all(by_members_form, added);
}

fn by_requests(house: &mut House, who: Who, room: &Room, whom: &str, to: Option<Role>) -> Option<Said> {
    if who == Who::Operator {
        return None;
    }
    let (method, name, value) = match to {
        None => ("RM_USER", "User", whom.to_owned()),
        Some(Role::Member) => ("ADD_USER", "Invite", format!("{whom}:user")),
        Some(Role::Admin) => ("ADD_USER", "Invite", format!("{whom}:admin")),
        // A ban has no word there; an owner is refused as no role, see below.
        Some(Role::Banned | Role::Owner) => return None,
    };
    let line = format!("{method} {}", room.word);
    Some(Said::by_chat1(&house.client(who).ask(Framing::Framed, &line, &[(name, &value)], "")))
}

#[test]
fn requests_change_roles_from_above() {
    try_all(by_requests, |standing, from, to, table| match (standing, to) {
        // To who has no role in it there is no such group.
        (Standing::Visitor | Standing::With(Role::Banned), _) => Said::NotFound,
        (_, Some(_)) => added(standing, from, to, table),
        (Standing::With(Role::Admin | Role::Owner), None) if from.is_none() => Said::NotFound,
        _ => table,
    });
}

fn by_commands(house: &mut House, who: Who, room: &Room, whom: &str, to: Option<Role>) -> Option<Said> {
    if who != Who::Operator {
        return None;
    }
    let flag = match to {
        None if whom == "olga" => return None,
        None => "--remove",
        Some(Role::Member) => "--add",
        Some(Role::Admin) => "--admin",
        Some(Role::Banned | Role::Owner) => return None,
    };
    Some(match house.command(&["room", "members", &room.key, flag, whom]) {
        Ok(_) => Said::Done,
        Err(refused) => Said::by_sentence(&refused),
    })
}

#[test]
fn the_operators_commands_add_and_remove() {
    let mut house = House::open();
    let room = house.build(Kind::Listed);
    for from in ROLES {
        for to in ROLES {
            let whom = if from == Some(Role::Owner) { "olga" } else { TARA };
            prepare(&mut house, &room, from);
            let Some(said) = by_commands(&mut house, Who::Operator, &room, whom, to) else { continue };
            let expected = if to.is_none() && from.is_none() { Said::NotFound } else { Said::Done };
            assert_eq!(said, expected, "from {from:?} to {to:?}");
            // Nobody is made less by being added.
            let right = if to.is_some() { from.max(to) } else { None };
            let now = house.members(&room.key).get(whom).cloned();
            assert_eq!(now.as_deref(), right.map(word), "from {from:?} to {to:?}");
        }
    }
}

/// PROMISES S20, S21.
#[test]
fn nobody_makes_an_owner() {
    let mut house = House::open();
    let room = house.build(Kind::Members);
    let adam = house.id("adam");
    for who in [Who::Owner, Who::Admin, Who::Member] {
        for (path, fields) in [
            ("role", [("who", adam.as_str()), ("role", "owner")]),
            ("role", [("who", adam.as_str()), ("role", "3")]),
            ("members", [("names", TARA), ("as", "owner")]),
        ] {
            let answer = house.ask(who, post_form(format!("/chat/{}/{path}", room.key), &fields));
            assert_eq!((answer.status, answer.json()["code"].as_str()), (400, Some("bad_form")), "{who:?}");
        }
        for invited in ["tara:owner", "tara:user,nora:owner", "tara:OWNER", "tara:root", "tara:"] {
            let line = format!("ADD_USER {}", room.word);
            house.client(who).ask(Framing::Framed, &line, &[("Invite", invited)], "").expect(400);
        }
    }
    assert_eq!(house.change_of(&room), None);
}

#[test]
fn whoever_makes_a_room_owns_it_and_nobody_else_does() {
    let mut house = House::open();
    for owner in ["mira", "nobody", "opal"] {
        house.client(Who::Owner).framed(&format!("MK_GROUP theirs:{owner}")).expect(403);
    }
    // What is said of an owner in a form is not read.
    let more = [("owner", "mira"), ("user", "u1"), ("role", "member")];
    let made = house.ask(Who::Owner, post_form("/group", &[&[("group", "mine")], &more[..]].concat()));
    assert_eq!(made.status, 303);
    let fields = [&[("subject", "S"), ("name", "hers"), ("members", "1")], &more[..]].concat();
    assert_eq!(house.ask(Who::Owner, post_form("/chat_create", &fields)).status, 303);
    house.client(Who::Owner).ask(Framing::Framed, "MK_GROUP third", &[("Owner", "mira")], "").expect(201);
    for group in ["mine", "hers", "third"] {
        assert_eq!(house.members(group), BTreeMap::from([("olga".to_owned(), "owner".to_owned())]), "{group}");
        house.client(Who::Member).framed(&format!("LIST_USER {group}")).expect(404);
    }
}

#[test]
fn the_last_owner_stays_as_long_as_others_do() {
    for by_form in [true, false] {
        let mut house = House::open();
        let room = house.build(Kind::Members);
        let olga = house.id("olga");
        let members = format!("/chat/{}/members", room.key);
        let leaves = |house: &mut House| match by_form {
            true => Said::by_page(&house.ask(Who::Owner, post(format!("/chat/{}/leave", room.key), ""))),
            false => Said::by_chat1(&house.client(Who::Owner).framed(&format!("LEAVE {}", room.word))),
        };
        assert_eq!(leaves(&mut house), Said::LastOwner);
        // Nor does she make herself less.
        for role in ["admin", "member", "banned", "none"] {
            let request = post_form(format!("/chat/{}/role", room.key), &[("who", &olga), ("role", role)]);
            assert_eq!(Said::by_page(&house.ask(Who::Owner, request)), Said::LastOwner, "{role}");
        }
        let line = format!("RM_USER {}", room.word);
        house.client(Who::Owner).ask(Framing::Framed, &line, &[("User", "olga")], "").expect(409);
        assert_eq!(house.change_of(&room), None);
        // When the others are gone the room goes with her.
        for name in ["adam", "mira", "toby"] {
            house.client(Who::Owner).ask(Framing::Framed, &line, &[("User", name)], "").expect(200);
        }
        assert_eq!(house.ask(Who::Owner, get(members.clone())).status, 200);
        assert_eq!(leaves(&mut house), Said::Done);
        assert_eq!(Said::by_page(&house.ask(Who::Owner, get(members))), Said::NotFound);
        house.client(Who::Owner).framed(&format!("HISTORY {}", room.word)).expect(404);
    }
}
