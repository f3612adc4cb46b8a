use super::*;
use proptest::prelude::*;

fn fields(body: &str) -> Result<Vec<(String, String)>, MultipartError> {
    multipart_fields(body.as_bytes(), "boundary-x")
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// What Gauche's `http-post` sends.
const GAUCHE: &str = "\r\n--boundary-x\r\n\
    content-type: text/plain; charset=utf-8\r\ncontent-transfer-encoding: binary\r\n\
    content-disposition: form-data; name=nick\r\n\r\nしろ\r\n--boundary-x\r\n\
    content-type: text/plain; charset=utf-8\r\ncontent-transfer-encoding: binary\r\n\
    content-disposition: form-data; name=text\r\n\r\nline 1\r\n--line 2\n\r\n--boundary-x--\r\n";

#[test]
fn what_existing_programs_send_is_read() {
    let expected = vec![pair("nick", "しろ"), pair("text", "line 1\r\n--line 2\n")];
    assert_eq!(fields(GAUCHE), Ok(expected.clone()));
    assert_eq!(fields(GAUCHE.trim_start()), Ok(expected.clone()));
    assert_eq!(fields(GAUCHE.trim_end()), Ok(expected.clone()));
    assert_eq!(fields(&format!("preamble\n--boundary-y\n{GAUCHE}epilogue\r\n--boundary-x\r\n")), Ok(expected));
    let line_feeds = vec![pair("nick", "しろ"), pair("text", "line 1\n--line 2\n")];
    assert_eq!(fields(&GAUCHE.replace("\r\n", "\n")), Ok(line_feeds));
}

#[test]
fn headers_are_read_in_every_spelling() {
    let spelled = [
        "Content-Disposition: form-data; name=\"a;b\"",
        "CONTENT-DISPOSITION:form-data;NAME=\"a;b\"",
        "content-disposition: Form-Data; filename=\"name=x\"; name = \"a;b\"",
        "content-disposition: form-data;\r\n name=\"a;b\"\r\nx-other: 1",
        "content-type: text/plain\r\ncontent-disposition: form-data; x; name=\"a\\;b\"",
    ];
    let names = ["a;b", "a;b", "a;b", "a;b", "a\\;b"];
    for (header, name) in spelled.iter().zip(names) {
        let body = format!("--boundary-x \t\r\n{header}\r\n\r\nv\r\n--boundary-x-- \r\n");
        assert_eq!(fields(&body), Ok(vec![pair(name, "v")]), "{header}");
    }
    let quoted = "--boundary-x\ncontent-disposition: form-data; name=\"a \\\"b\\\" \\\\\"\n\n\n--boundary-x--";
    assert_eq!(fields(quoted), Ok(vec![pair("a \"b\" \\", "")]));
}

#[test]
fn values_keep_all_but_the_line_break_before_the_boundary() {
    for value in
        ["", "\n", "\r\n", "a\r", " a ", "--boundary-x", "--boundary-xy\r\nb", "a--boundary-x--", "\n--boundary-x-"]
    {
        // A line that is the boundary would end the value, so it is put behind something.
        let value = if value == "--boundary-x" { "a --boundary-x" } else { value };
        let body =
            format!("--boundary-x\r\ncontent-disposition: form-data; name=v\r\n\r\n{value}\r\n--boundary-x--\r\n");
        assert_eq!(fields(&body), Ok(vec![pair("v", value)]), "{value:?}");
    }
    let no_value = "--boundary-x\ncontent-disposition: form-data; name=v\n\n--boundary-x--";
    assert_eq!(fields(no_value), Ok(vec![pair("v", "")]), "the empty line is followed by the boundary at once");
    assert_eq!(fields("--boundary-x--"), Ok(vec![]));
}

#[test]
fn wrong_bodies_are_refused_with_what_is_wrong() {
    let part = |headers: &str, value: &str| format!("--boundary-x\r\n{headers}\r\n\r\n{value}\r\n--boundary-x--\r\n");
    let named = |name: &str| format!("content-disposition: form-data; name={name}");
    let twice = format!("--boundary-x\r\n{}\r\n\r\n1\r\n{}", named("a"), part(&named("a"), "2"));
    let cases = [
        (String::new(), MultipartError::NoPart),
        ("text=hi".to_owned(), MultipartError::NoPart),
        ("--boundary-x".to_owned(), MultipartError::NoPart),
        ("--boundary-x\r\n".to_owned(), MultipartError::Incomplete),
        (part("", "v"), MultipartError::BadHeaders { at: 14 }),
        (part("content-type: text/plain", "v"), MultipartError::BadHeaders { at: 14 }),
        (part("content-disposition: attachment; name=a", "v"), MultipartError::BadHeaders { at: 14 }),
        (part("content-disposition: form-data; filename=a", "v"), MultipartError::BadHeaders { at: 14 }),
        (part("content-disposition: form-data; name=\"a", "v"), MultipartError::BadHeaders { at: 14 }),
        (part(&format!("{0}\r\n{0}", named("a")), "v"), MultipartError::BadHeaders { at: 14 }),
        (part("no colon", "v"), MultipartError::BadHeaders { at: 14 }),
        (
            part(&format!("{}\r\nContent-Transfer-Encoding: Base64", named("a")), "v"),
            MultipartError::Encoded { name: "a".into() },
        ),
        (part(&format!("x: {}", "y".repeat(HEADER_BYTES_MAX)), "v"), MultipartError::HeadersTooLong { at: 14 }),
        (twice, MultipartError::DuplicateField { name: "a".into() }),
    ];
    for (body, error) in cases {
        assert_eq!(fields(&body), Err(error), "{body:?}");
    }
    let not_utf8 = [part(&named("a"), "").replace("\r\n\r\n", "\r\n\r\n?").into_bytes()].map(|mut body| {
        let at = body.iter().position(|byte| *byte == b'?').unwrap();
        body[at] = 0xff;
        body
    });
    assert_eq!(multipart_fields(&not_utf8[0], "boundary-x"), Err(MultipartError::NotUtf8 { name: "a".into() }));
    for boundary in [String::new(), "b".repeat(BOUNDARY_BYTES_MAX + 1)] {
        assert_eq!(multipart_fields(b"", &boundary), Err(MultipartError::NoBoundary));
    }
}

#[test]
fn the_number_of_fields_is_bounded() {
    let body = |count: usize| {
        let parts = (0..count).map(|at| format!("--b\r\nContent-Disposition: form-data; name=f{at}\r\n\r\n\r\n"));
        format!("{}--b--\r\n", parts.collect::<String>())
    };
    assert_eq!(multipart_fields(body(FIELDS_MAX).as_bytes(), "b").map(|fields| fields.len()), Ok(FIELDS_MAX));
    assert_eq!(multipart_fields(body(FIELDS_MAX + 1).as_bytes(), "b"), Err(MultipartError::TooManyFields));
}

#[test]
fn parameters_are_found_behind_the_first_semicolon() {
    let cases = [
        ("multipart/form-data; boundary=abc", Some("abc")),
        ("multipart/form-data;x=\"; boundary=no\";BOUNDARY= \"a b\" ", Some("a b")),
        ("boundary=abc", None),
        ("multipart/form-data", None),
        ("multipart/form-data; boundary", None),
        ("multipart/form-data; boundary=\"abc", None),
        ("multipart/form-data; boundary=", Some("")),
    ];
    for (value, expected) in cases {
        assert_eq!(parameter(value, "boundary").as_deref(), expected, "{value}");
    }
}

/// A correct body in one of the spellings.
fn body(sent: &[(String, String)], boundary: &str, end: &str, lower: bool, before: &str) -> String {
    let disposition = if lower { "content-disposition" } else { "Content-Disposition" };
    let mut body = before.to_owned();
    for (name, value) in sent {
        body.push_str(&format!("--{boundary}{end}{disposition}: form-data; name=\"{name}\"{end}{end}{value}{end}"));
    }
    body + &format!("--{boundary}--{end}")
}

/// The fields that the library of the HTTP chat door finds.
fn by_multer(body: String) -> Result<Vec<(String, String)>, multer::Error> {
    use futures_util::FutureExt as _;
    let read = async move {
        let stream = futures_util::stream::iter([Ok::<_, std::convert::Infallible>(body)]);
        let (mut form, mut fields) = (multer::Multipart::new(stream, "b0undary"), Vec::new());
        while let Some(field) = form.next_field().await? {
            fields.push((field.name().unwrap_or_default().to_owned(), field.text().await?));
        }
        Ok(fields)
    };
    read.now_or_never().expect("the whole body is there")
}

#[test]
fn the_library_of_the_other_door_refuses_lines_that_end_in_lf() {
    let sent = [pair("nick", "a"), pair("text", "b")];
    assert_eq!(by_multer(body(&sent, "b0undary", "\r\n", true, "\r\n")).unwrap(), sent);
    assert!(by_multer(body(&sent, "b0undary", "\n", true, "\n")).is_err(), "then this module could go");
    assert_eq!(multipart_fields(body(&sent, "b0undary", "\n", true, "\n").as_bytes(), "b0undary").unwrap(), sent);
}

fn forms() -> impl Strategy<Value = Vec<(String, String)>> {
    let value = prop_oneof![any::<String>(), "[-b0undary\r\n ]{0,24}"];
    let form = prop::collection::btree_map("[a-z]{1,6}", value, 0..5);
    form.prop_map(|fields| fields.into_iter().filter(|(_, value)| !value.contains("b0undary")).collect())
}

proptest! {
    #[test]
    fn every_form_reads_back_in_every_spelling(
        sent in forms(), end in prop_oneof![Just("\n"), Just("\r\n")], lower in any::<bool>(),
        before in prop_oneof![Just(""), Just("\n"), Just("\r\n"), Just("\r\n\r\n")],
    ) {
        // With LF alone, a CR at the end of a value cannot be told from that of the line break.
        let sent: Vec<_> = sent.into_iter().filter(|(_, value)| end == "\r\n" || !value.ends_with('\r')).collect();
        let body = body(&sent, "b0undary", end, lower, before);
        prop_assert_eq!(multipart_fields(body.as_bytes(), "b0undary"), Ok(sent.clone()));
        if end == "\r\n" && !sent.is_empty() {
            prop_assert_eq!(by_multer(body.clone()).unwrap(), sent);
        }
        let whole = body.trim_end().len();
        for cut in 0..whole {
            prop_assert!(multipart_fields(&body.as_bytes()[..cut], "b0undary").is_err(), "cut at {}", cut);
        }
    }

    #[test]
    fn any_bytes_give_fields_or_an_error(text in "(--b|--b--|\r\n|\n|content-disposition: form-data; name=a| |[a-z]){0,20}", bytes in any::<Vec<u8>>()) {
        for input in [text.as_bytes(), &bytes] {
            if let Ok(fields) = multipart_fields(input, "b") {
                prop_assert!(fields.len() <= FIELDS_MAX);
            }
        }
    }
}
