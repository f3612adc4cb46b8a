use super::super::{CometReply, ReplyContent};
use super::*;
use proptest::prelude::*;

fn entry(nick: &str, us: i64, text: &str) -> Entry<'static> {
    Entry { nick: nick.to_owned().into(), time: EventTime::from_unix_us(us), text: text.to_owned().into() }
}

fn login() -> LoginAnswer<'static> {
    LoginAnswer {
        post_uri: "http://h:1234/room/chaton/post".into(),
        comet_uri: "http://h:1234/room/chaton/comet".into(),
        icon_uri: "http://h:1234/favicon.ico".into(),
        room_name: "chaton".into(),
        cid: 17,
        pos: 1204,
    }
}

const ANSWER: CometAnswer<'static> = CometAnswer { pos: 1207, nc: 3, ver: "0.1.0", cid: 17, refresh: false };

#[test]
fn a_log_in_is_answered_as_the_protocol_shows_it() {
    let sexpr = r#"((post-uri . "http://h:1234/room/chaton/post") (comet-uri . "http://h:1234/room/chaton/comet") (icon-uri . "http://h:1234/favicon.ico") (room-name . "chaton") (cid . 17) (pos . 1204))"#;
    let json = r#"{"post-uri":"http://h:1234/room/chaton/post","comet-uri":"http://h:1234/room/chaton/comet","icon-uri":"http://h:1234/favicon.ico","room-name":"chaton","cid":17,"pos":1204}"#;
    for (format, body) in [(Format::Sexpr, sexpr), (Format::Json, json)] {
        assert_eq!(login().encode(format), body);
        assert_eq!(LoginAnswer::decode(body.as_bytes(), format).unwrap(), login());
    }
}

#[test]
fn a_comet_answer_is_as_the_protocol_shows_it() {
    let entries = || [entry("nick", 1_288_000_000_123_456, "text"), entry("a \"b\"", 1_288_000_001_000_000, "é\n\\")];
    let cases = [
        (
            Content::sexpr(entries()),
            r#"((pos . 1207) (nc . 3) (ver . "0.1.0") (cid . 17) (content . (("nick" (1288000000 123456) "text") ("a \"b\"" (1288000001 0) "é\n\\"))))"#,
        ),
        (
            Content::json(entries()),
            r#"{"pos":1207,"nc":3,"ver":"0.1.0","cid":17,"content":[["nick",[1288000000,123456],"text"],["a \"b\"",[1288000001,0],"é\n\\"]]}"#,
        ),
        (
            Content::html("<div class=\"x\">é</div>"),
            r#"{"pos":1207,"nc":3,"ver":"0.1.0","cid":17,"content":"<div class=\"x\">é</div>"}"#,
        ),
    ];
    for (content, body) in cases {
        assert_eq!(ANSWER.encode(&content), body);
        let reply = CometReply::decode(body.as_bytes(), content.format()).unwrap();
        assert_eq!((reply.pos, reply.nc, &*reply.ver, reply.cid, reply.refresh), (1207, 3, "0.1.0", 17, false));
        match reply.content {
            ReplyContent::Entries(read) => assert_eq!(read, entries()),
            ReplyContent::Html(fragment) => assert_eq!(fragment, "<div class=\"x\">é</div>"),
        }
    }
}

#[test]
fn no_content_and_an_expired_session_look_as_the_protocol_says() {
    let expired = CometAnswer::expired(3, "1");
    let cases = [
        (Format::Sexpr, r#"((pos . 0) (nc . 3) (ver . "1") (cid . -1) (content . ()))"#),
        (Format::Json, r#"{"pos":0,"nc":3,"ver":"1","cid":-1,"content":[]}"#),
        (Format::Html, r#"{"pos":0,"nc":3,"ver":"1","cid":-1,"content":""}"#),
    ];
    for (format, body) in cases {
        assert_eq!(expired.encode(&Content::none(format)), body);
        let reply = CometReply::decode(body.as_bytes(), format).unwrap();
        assert_eq!((reply.cid, reply.pos), (CID_EXPIRED, 0));
    }
    assert_eq!(Content::sexpr([]), Content::none(Format::Sexpr));
    assert_eq!(Content::json([]), Content::none(Format::Json));
    assert_eq!(Content::html(""), Content::none(Format::Html));
}

#[test]
fn refresh_is_said_in_json_alone() {
    let answer = CometAnswer { refresh: true, ..ANSWER };
    assert_eq!(answer.encode(&Content::none(Format::Sexpr)), ANSWER.encode(&Content::none(Format::Sexpr)));
    let body = answer.encode(&Content::none(Format::Json));
    assert_eq!(body, r#"{"pos":1207,"nc":3,"ver":"0.1.0","cid":17,"content":[],"refresh":true}"#);
    assert!(CometReply::decode(body.as_bytes(), Format::Json).unwrap().refresh);
}

#[test]
fn the_status_is_written_in_both_formats() {
    let status = StatusAnswer { last_post: 1_288_000_000, num_chatters: 3, post_sequence: 1207 };
    let sexpr = "((last-post . 1288000000) (num-chatters . 3) (post-sequence . 1207))";
    assert_eq!(status.encode(Format::Sexpr), sexpr);
    let json = r#"{"last-post":1288000000,"num-chatters":3,"post-sequence":1207}"#;
    assert_eq!(status.encode(Format::Json), json);
    assert_eq!(serde_json::from_str::<StatusAnswer>(json).unwrap(), status);
}

#[test]
fn formats_follow_the_parameter() {
    for (s, comet, login) in [
        (None, Format::Html, Format::Sexpr),
        (Some("0"), Format::Json, Format::Json),
        (Some("1"), Format::Sexpr, Format::Sexpr),
        (Some(""), Format::Html, Format::Sexpr),
        (Some("x"), Format::Html, Format::Sexpr),
    ] {
        assert_eq!((Format::of_comet(s), Format::of_login(s)), (comet, login));
    }
    assert_eq!(Format::Sexpr.content_type(), "application/x-sexpr; charset=utf-8");
}

#[test]
fn answers_that_lisp_writes_shorter_are_read_too() {
    let body = r#"((pos . 5) (nc . 0) (ver . "x") (cid . 1) (content ("n" (1 2) "t")))"#;
    let reply = CometReply::decode(body.as_bytes(), Format::Sexpr).unwrap();
    assert_eq!(reply.content, ReplyContent::Entries(vec![entry("n", 1_000_002, "t")]));
    let empty = r#"((pos . 5) (nc . 0) (ver . "x") (cid . 1) (content))"#;
    let reply = CometReply::decode(empty.as_bytes(), Format::Sexpr).unwrap();
    assert_eq!(reply.content, ReplyContent::Entries(vec![]));
}

#[test]
fn wrong_answers_are_refused() {
    let sexprs = [
        "",
        "(",
        "()",
        "17",
        "((pos . 1))",
        r#"((pos . -1) (nc . 0) (ver . "x") (cid . 1) (content))"#,
        r#"((pos . 1) (nc . 0) (ver . x) (cid . 1) (content))"#,
        r#"((pos . 1) (nc . 0) (ver . "x") (cid . 1) (content . 5))"#,
        r#"((pos . 1) (nc . 0) (ver . "x") (cid . 1) (content ("n" (1) "t")))"#,
        r#"((pos . 1) (nc . 0) (ver . "x") (cid . 1) (content ("n" (1 1000000) "t")))"#,
    ];
    for body in sexprs {
        assert!(CometReply::decode(body.as_bytes(), Format::Sexpr).is_err(), "{body}");
    }
    let rendered = r#"{"pos":1,"nc":0,"ver":"x","cid":1,"content":""}"#;
    assert!(CometReply::decode(rendered.as_bytes(), Format::Json).is_err(), "another format's content");
    assert!(LoginAnswer::decode(b"((cid . 1))", Format::Sexpr).is_err());
    assert!(LoginAnswer::decode(b"{}", Format::Json).is_err());
}

fn entries() -> impl Strategy<Value = Vec<Entry<'static>>> {
    prop::collection::vec(
        (any::<String>(), any::<i64>(), any::<String>()).prop_map(|(nick, us, text)| entry(&nick, us, &text)),
        0..6,
    )
}

proptest! {
    #[test]
    fn any_entries_and_any_version_read_back(
        said in entries(), fragment in any::<String>(), ver in any::<String>(), pos in 0..=i64::MAX as u64, cid in -1..=CID_MAX,
    ) {
        let answer = CometAnswer { pos, nc: 1, ver: &ver, cid, refresh: false };
        for content in [Content::sexpr(said.clone()), Content::json(said.clone()), Content::html(&fragment)] {
            let body = answer.encode(&content);
            prop_assert!(content.format() != Format::Sexpr || !body.contains(char::is_control));
            let reply = CometReply::decode(body.as_bytes(), content.format()).unwrap();
            prop_assert_eq!((reply.pos, reply.nc, &reply.ver, reply.cid), (pos, 1, &ver, cid));
            match reply.content {
                ReplyContent::Entries(read) => prop_assert_eq!(&read, &said),
                ReplyContent::Html(read) => prop_assert_eq!(&read, &fragment),
            }
        }
    }

    #[test]
    fn every_truncation_is_an_error(nick in ".{0,6}", text in "(.|\n){0,12}") {
        let said = vec![entry(&nick, 1_288_000_000_123_456, &text), entry(&text, 0, &nick)];
        for content in [Content::sexpr(said.clone()), Content::json(said.clone())] {
            let body = ANSWER.encode(&content);
            for end in 0..body.len() {
                prop_assert!(CometReply::decode(&body.as_bytes()[..end], content.format()).is_err());
            }
        }
    }

    #[test]
    fn any_log_in_reads_back(post in any::<String>(), name in any::<String>()) {
        let answer = LoginAnswer { post_uri: post.into(), room_name: name.into(), ..login() };
        for format in [Format::Sexpr, Format::Json] {
            prop_assert_eq!(&LoginAnswer::decode(answer.encode(format).as_bytes(), format).unwrap(), &answer);
        }
    }
}
