//! What a page must show, read from its HTML.

use super::*;
use crate::http::pages::ErrorPage;

const HOUR_US: i64 = 3_600_000_000;
/// 2026-11-21T10:00:00Z.
const TEN_US: i64 = 1_795_255_200_000_000;

fn message<'a>(number: u64, id: &str, text: &'a str, at_us: i64) -> Message<'a> {
    Message {
        number,
        author: Author { id: id.to_owned(), name: "ann", guest: id.starts_with('g') },
        text,
        at: Moment::from_us(at_us),
        edited: false,
        deleted: false,
    }
}

fn page<'a>(messages: Vec<Message<'a>>) -> ChatPage<'a> {
    ChatPage {
        key: "k3yk3yk3yk3yk3yk3yk3yk3yk3yk3yk3",
        subject: "Tea",
        listed: false,
        members_only: false,
        has_members: false,
        share_url: "http://127.0.0.1:1234/chat/k",
        send_url: "http://127.0.0.1:1234/send/k",
        messages,
        earlier: None,
        next: Some(1),
        me: Me { id: "g1", guest: true, nick: "", fallback: "guest-1" },
        text_bytes_max: 4_096,
        once: "once-1",
        here: Here::default(),
        with: None,
    }
}

fn index(rooms: Vec<ListedRoom<'_>>) -> IndexPage<'_> {
    IndexPage { you: None, mine: Vec::new(), rooms, subject_bytes_max: 200 }
}

/// The HTML up to the blank message that the script clones.
fn visible(page: &ChatPage<'_>) -> String {
    let html = page.render().expect("a template over strings cannot fail");
    html.split("<template").next().unwrap_or_default().to_owned()
}

#[test]
fn a_time_is_written_in_utc() {
    let moment = Moment::from_us(TEN_US + 123_456);
    assert_eq!(moment.iso, "2026-11-21T10:00:00.123456Z");
    assert_eq!(moment.clock, "10:00");
    assert_eq!(moment.day, "Saturday, 21 November 2026");
    assert_eq!(Moment::from_us(i64::MAX).clock, "00:00");
}

#[test]
fn what_people_wrote_is_text() {
    let hostile = "</p><img src=x onerror=alert(1)>&\"'</script>";
    let mut chat = page(vec![message(1, "g1", hostile, TEN_US)]);
    chat.subject = "</title><script>alert(1)</script>";
    chat.me.nick = "\" onfocus=\"alert(1)";
    chat.messages[0].author.name = "<b>x";
    let html = visible(&chat);
    assert!(!html.contains("<img"), "{html}");
    assert!(!html.contains("<b>"), "{html}");
    assert!(!html.contains("<script>alert"), "{html}");
    assert!(!html.contains("\" onfocus"), "{html}");
    assert!(html.contains("&#60;img src=x onerror=alert(1)&#62;&#38;&#34;&#39;"), "{html}");
}

#[test]
fn line_breaks_and_spaces_stay_as_they_were() {
    let html = visible(&page(vec![message(1, "g1", "a\n\n  b\tc ", TEN_US)]));
    assert!(html.contains(">a\n\n  b\tc </p>"), "{html}");
}

#[test]
fn posts_of_one_person_stand_under_one_name_until_a_pause() {
    let chat = page(vec![
        message(1, "g1", "one", TEN_US),
        message(2, "g1", "two", TEN_US + 1),
        message(3, "u2", "three", TEN_US + 2),
        message(4, "u2", "four", TEN_US + HOUR_US),
    ]);
    let continues: Vec<bool> = chat.rows().map(|row| row.continues).collect();
    assert_eq!(continues, [false, true, false, false]);
}

#[test]
fn a_new_day_gets_a_line() {
    let chat = page(vec![
        message(1, "g1", "one", TEN_US),
        message(2, "g1", "two", TEN_US + 1),
        message(3, "g1", "three", TEN_US + 24 * HOUR_US),
    ]);
    assert_eq!(chat.rows().map(|row| row.starts_day).collect::<Vec<_>>(), [true, false, true]);
    let html = visible(&chat);
    assert_eq!(html.matches("class=\"day\"").count(), 2);
    assert!(html.contains("Sunday, 22 November 2026"), "{html}");
}

#[test]
fn a_deleted_message_leaves_only_its_number() {
    let mut chat = page(vec![message(7, "g9", "secret", TEN_US)]);
    chat.messages[0].deleted = true;
    let html = visible(&chat);
    assert!(!html.contains("secret") && !html.contains("g9"), "{html}");
    assert!(html.contains("Message 7 was deleted"), "{html}");
}

#[test]
fn a_guest_is_marked_and_an_account_is_not_asked_for_a_name() {
    let mut chat = page(vec![message(1, "g1", "x", TEN_US), message(2, "u1", "y", TEN_US)]);
    let html = visible(&chat);
    assert!(html.contains("<bdi>~ann</bdi>") && html.contains("<bdi>ann</bdi>"), "{html}");
    assert!(html.contains("name=\"nick\"") && html.contains("data-name=\"~guest-1\""), "{html}");
    chat.me = Me { id: "u1", guest: false, nick: "ann", fallback: "" };
    let html = visible(&chat);
    assert!(!html.contains("name=\"nick\"") && html.contains("data-name=\"ann\""), "{html}");
}

#[test]
fn a_page_of_older_messages_neither_waits_nor_posts() {
    let mut chat = page(vec![message(1, "g1", "x", TEN_US)]);
    chat.next = None;
    chat.earlier = Some(1);
    let html = visible(&chat);
    assert!(!html.contains("data-next") && !html.contains("action=\"/send/"), "{html}");
    assert!(html.contains("?before=1\">Earlier messages"), "{html}");
}

#[test]
fn the_index_tells_a_newcomer_what_to_do() {
    let room = |people| ListedRoom { key: "k", subject: "Lobby", people, unread: 0, last: None };
    let html = |rooms| index(rooms).render().expect("strings only");
    assert!(html(vec![room(0)]).contains("Make one, then send its link"));
    let two = html(vec![room(1), room(2)]);
    assert!(!two.contains("Make one, then send its link"));
    assert!(two.contains("1 person here") && two.contains("2 people here") && two.contains("no messages yet"));
}

#[test]
fn no_page_holds_inline_script_or_style() {
    let error = ErrorPage {
        status: 404,
        title: "t",
        happened: "h",
        advice: "a",
        back: Some("/chat/k"),
        log_in: Some("/login"),
    };
    let index = index(Vec::new());
    let chat = page(vec![message(1, "g1", "x", TEN_US)]);
    for html in [error.render(), index.render(), chat.render()] {
        let html = html.expect("strings only");
        let handler = html.split_whitespace().find(|word| word.starts_with("on") && word.contains('='));
        assert_eq!(handler, None);
        assert!(!html.contains(" style=") && !html.contains("<style"), "{html}");
        assert_eq!(html.matches("<script").count(), html.matches("<script type=\"module\" src=\"/assets/").count());
    }
}
