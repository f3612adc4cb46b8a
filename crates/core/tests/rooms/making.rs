//! What a room is made like, who finds it, and how it ends.

use parlor_core::Refusal;
use parlor_core::chat::{Named, RoomPlan};
use parlor_core::days::TimeZone;
use parlor_core::event::Author;
use parlor_core::ids::{ConnectionId, GuestId, LOBBY, RoomId};
use parlor_core::names::RoomName;
use parlor_core::refusal::What;
use parlor_core::room::{Access, Role, RoomRef};
use parlor_core::slot::Source;

use crate::world::{OPERATOR, Town, by, guest, refused};

#[tokio::test]
async fn a_room_is_made_as_planned_and_listed_ones_are_told_to_all() {
    let town = Town::new().await;
    let source = Some(Source { connection: ConnectionId(5), door: "test", tag: 17 });
    let zone = TimeZone::parse("asia/tokyo").unwrap();
    let plan = RoomPlan {
        subject: b" Tea time ",
        named: Named::Asked("Tea"),
        listed: true,
        question: Some((b" what? ", b" tea ")),
        members_only: false,
        vanishes: true,
        archive: true,
        time_zone: Some(&zone),
        source,
    };
    let log = town.chat.open_room(&guest(1), plan).await.unwrap();
    let room = log.room();
    assert_eq!((room.subject.as_str(), room.name.as_ref().unwrap().as_str()), ("Tea time", "tea"));
    assert_eq!((room.listed, room.access, room.vanishes, room.direct), (true, Access::Question, true, None));
    assert_eq!((room.archive, &room.time_zone, room.has_public_archive()), (true, &zone, false));
    // The question is shown, the answer is compared: as it was given.
    let gate = room.gate().unwrap();
    assert_eq!((gate.question.as_str(), gate.answer.as_str()), ("what?", " tea "));
    let plain = town.chat.open_room(&guest(1), RoomPlan::default()).await.unwrap().room();
    assert_eq!((plain.subject.as_str(), plain.name.as_ref(), plain.listed), ("Untitled", None, false));
    assert_eq!((plain.access, plain.question.as_ref(), plain.has_members), (Access::Open, None, false));
    assert_eq!(town.news(), [format!("opened {} Some(17)", room.id)]);
    let found = town.chat.find(&guest(2), RoomRef::Name(RoomName::new("TEA").unwrap())).await.unwrap();
    assert_eq!(found.id(), room.id);
}

#[tokio::test]
async fn a_question_without_an_answer_is_told_and_not_asked() {
    let town = Town::new().await;
    let plan = RoomPlan { question: Some((b"who are you?", b"")), ..RoomPlan::default() };
    let room = town.chat.open_room(&OPERATOR, plan).await.unwrap().room();
    assert_eq!((room.access, room.gate()), (Access::Open, None));
    assert_eq!(room.question.as_ref().unwrap().question, "who are you?");
    // An answer without a question is asked for all the same.
    let plan = RoomPlan { question: Some((b"", b"sesame")), ..RoomPlan::default() };
    let room = town.chat.open_room(&OPERATOR, plan).await.unwrap().room();
    assert_eq!(room.access, Access::Question);
}

#[tokio::test]
async fn questions_and_answers_are_lines_with_bounds() {
    let town = Town::new().await;
    let open = async |question: &[u8], answer: &[u8]| {
        let plan = RoomPlan { subject: b"x", question: Some((question, answer)), ..RoomPlan::default() };
        town.chat.open_room(&OPERATOR, plan).await
    };
    let (long, longest) = (vec![b'x'; 201], vec![b'x'; 200]);
    let too_long = |what| Refusal::TooLong { what, limit: 200, unit: "bytes" };
    assert!(open(&longest, &longest).await.is_ok());
    assert_eq!(refused(open(b"q", &long).await), too_long(What::Answer));
    assert_eq!(refused(open(&long, b"a").await), too_long(What::Question));
    assert_eq!(refused(open(b"a\nb", b"a").await), Refusal::BadCharacter { what: What::Question, at: 1 });
    assert_eq!(refused(open(b"q", b"\x1b").await), Refusal::BadCharacter { what: What::Answer, at: 0 });
    assert_eq!(refused(open(b"q", b"\xff").await), Refusal::BadEncoding { what: What::Answer, at: 0 });
}

#[tokio::test]
async fn a_name_is_had_by_one_person_or_room() {
    let town = Town::new().await;
    town.account("anna").await;
    let holder = town.chat.connect("test", None);
    holder.take_name("gast").await.unwrap();
    let open = async |named: Named<'_>, subject: &[u8]| {
        town.chat.open_room(&OPERATOR, RoomPlan { subject, named, ..RoomPlan::default() }).await
    };
    let name = async |subject: &[u8]| {
        let room = open(Named::IfFree, subject).await.unwrap().room();
        room.name.as_ref().map(|name| name.as_str().to_owned())
    };
    assert_eq!(name(b"Cooks").await.as_deref(), Some("cooks"));
    for taken in ["cooks", "COOKS", "anna", "gast", "lobby"] {
        assert_eq!(refused(open(Named::Asked(taken), b"x").await), Refusal::NameTaken, "{taken}");
        assert_eq!(name(taken.as_bytes()).await, None, "{taken}");
    }
    for invalid in ["", "tea time", "é", "admin", "guest-1", &"x".repeat(65)] {
        let refusal = refused(open(Named::Asked(invalid), b"x").await);
        assert!(matches!(refusal, Refusal::BadName(_)), "{invalid}: {refusal:?}");
        assert_eq!(name(invalid.as_bytes()).await, None, "{invalid}");
    }
    drop(holder);
    assert_eq!(name(b"gast").await.as_deref(), Some("gast"));
}

#[tokio::test]
async fn a_closed_room_is_told_to_all_and_its_name_is_free() {
    let town = Town::new().await;
    let plan = RoomPlan { subject: b"tea", named: Named::IfFree, listed: true, ..RoomPlan::default() };
    let log = town.chat.open_room(&OPERATOR, plan).await.unwrap();
    let source = Some(Source { connection: ConnectionId(5), door: "test", tag: 3 });
    assert_eq!(refused(town.chat.close(&guest(1), &log, source).await), Refusal::Forbidden);
    let posted = town.chat.close(&OPERATOR, &log, source).await.unwrap();
    assert_eq!(posted.slot.source(), source);
    assert_eq!(refused(town.chat.close(&OPERATOR, &log, None).await), Refusal::RoomClosed);
    assert_eq!(town.news(), [format!("opened {} None", log.id()), format!("closed {} Some(3)", log.id())]);
    assert!(town.chat.open_room(&OPERATOR, plan).await.unwrap().room().name.is_some());
}

#[tokio::test]
async fn the_lobby_can_not_be_closed() {
    let town = Town::new().await;
    let lobby = town.chat.find(&OPERATOR, RoomRef::Id(LOBBY)).await.unwrap();
    for actor in [OPERATOR, guest(1)] {
        assert_eq!(refused(town.chat.close(&actor, &lobby, None).await), Refusal::Forbidden);
    }
    assert_eq!(town.news(), [""; 0]);
}

#[tokio::test]
async fn everybody_sees_the_rooms_that_are_listed_or_theirs() {
    let town = Town::new().await;
    let anna = town.account("anna").await;
    let ben = town.account("ben").await;
    let mut rooms = vec![];
    for number in 0..5 {
        let plan = RoomPlan { subject: b"x", listed: number < 3, ..RoomPlan::default() };
        rooms.push(town.chat.open_room(&OPERATOR, plan).await.unwrap());
    }
    let members = parlor_core::room::SettingsChange { access: Some(Access::Members), ..Default::default() };
    // 0: listed, for members; 1: listed, and Ben is shut out; 2: listed; 3: Ben's; 4: nobody's.
    town.chat.configure(&OPERATOR, &rooms[0], members.clone()).await.unwrap();
    town.chat.configure(&OPERATOR, &rooms[3], members).await.unwrap();
    for (room, role) in [(0, Role::Member), (1, Role::Banned), (3, Role::Owner)] {
        town.give_role(rooms[room].id(), Author::Account(ben.id), role).await;
    }
    let guest = town.connected_guest().await;
    town.chat.direct_room(&by(&ben), guest.identity().who.unwrap()).await.unwrap();
    let seen = async |actor| {
        let seen = town.chat.rooms_seen_by(&actor).await.unwrap();
        let mut ids: Vec<RoomId> = seen.iter().map(|log| log.id()).collect();
        ids.sort_unstable();
        ids
    };
    let [r0, r1, r2, r3] = [0, 1, 2, 3].map(|room: usize| rooms[room].id());
    assert_eq!(seen(by(&anna)).await, [LOBBY, r1, r2]);
    assert_eq!(seen(by(&ben)).await, [LOBBY, r0, r2, r3]);
    assert_eq!(seen(guest.actor()).await, [LOBBY, r1, r2]);
    assert_eq!(seen(parlor_core::Actor::stranger(None)).await, [LOBBY, r1, r2]);
    assert_eq!(seen(OPERATOR).await, [LOBBY, r0, r1, r2]);
    town.chat.close(&OPERATOR, &rooms[3], None).await.unwrap();
    town.chat.close(&OPERATOR, &rooms[2], None).await.unwrap();
    assert_eq!(seen(by(&ben)).await, [LOBBY, r0]);
    assert!(matches!(guest.identity().who, Some(Author::Guest(GuestId(_)))));
}
