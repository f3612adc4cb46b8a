use super::*;
use proptest::prelude::*;

fn read(text: &str) -> Result<Value, SexprError> {
    Value::parse(text.as_bytes(), Limits::SMALL)
}

fn string(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn symbol(name: &str) -> Value {
    Value::Symbol(name.to_owned())
}

fn int(number: i64) -> Value {
    Value::Integer(number)
}

fn list<const N: usize>(items: [Value; N]) -> Value {
    Value::List(items.into())
}

fn dotted<const N: usize>(items: [Value; N], tail: Value) -> Value {
    Value::Dotted(items.into(), Box::new(tail))
}

#[test]
fn values_are_written_and_read_again() {
    let cases = [
        (r#""""#, string("")),
        (r#""say \"hi\" \\ bye""#, string(r#"say "hi" \ bye"#)),
        (r#""a\nb\tc\r\n""#, string("a\nb\tc\r\n")),
        (r#""\u0000\u001b[2J\u007f\u0085""#, string("\0\x1b[2J\x7f\u{85}")),
        (r#""日本語 👍 é | ; ( )""#, string("日本語 👍 é | ; ( )")),
        ("0", int(0)),
        ("-1", int(-1)),
        ("9223372036854775807", int(i64::MAX)),
        ("-9223372036854775808", int(i64::MIN)),
        ("#t", Value::Boolean(true)),
        ("#f", Value::Boolean(false)),
        ("post-uri", symbol("post-uri")),
        ("...", symbol("...")),
        ("-", symbol("-")),
        ("||", symbol("")),
        ("|12|", symbol("12")),
        ("|-1x|", symbol("-1x")),
        ("|.|", symbol(".")),
        (r"|a \| \\ b|", symbol(r"a | \ b")),
        ("|#f|", symbol("#f")),
        ("()", list([])),
        ("(a () (1 \"b\"))", list([symbol("a"), list([]), list([int(1), string("b")])])),
        ("(a . 1)", dotted([symbol("a")], int(1))),
        ("(a b . c)", dotted([symbol("a"), symbol("b")], symbol("c"))),
        ("((a . 1) . b)", dotted([dotted([symbol("a")], int(1))], symbol("b"))),
    ];
    for (text, value) in cases {
        assert_eq!(value.to_string(), text);
        assert_eq!(read(text), Ok(value), "{text}");
    }
}

#[test]
fn what_others_write_is_read() {
    let cases = [
        ("+5", int(5)),
        ("007", int(7)),
        ("\"a\nb\"", string("a\nb")),
        (r#""\a\b\f\v\e\0""#, string("\x07\x08\x0c\x0b\x1b\0")),
        (r#""\x1b;[\x3042;\x1F44D;""#, string("\x1b[あ👍")),
        (r#""\x1b[\xe9a""#, string("\x1b[éa")),
        (r#""\x3042""#, string("042")),
        (r#""\u3042\U0001F44D\u00e9f""#, string("あ👍éf")),
        (r#""\q\(\é""#, string("q(é")),
        ("\"a\\\n   b\\  \r\n\tc\\ d\"", string("abc d")),
        ("#true", Value::Boolean(true)),
        ("日本", symbol("日本")),
        (" ; first\n(a ;)\n . ; the tail\n b) ; last", dotted([symbol("a")], symbol("b"))),
        ("(a . (b . (c . ())))", list([symbol("a"), symbol("b"), symbol("c")])),
        ("(a . (b . c))", dotted([symbol("a"), symbol("b")], symbol("c"))),
        ("(a\"b\"(c)d)", list([symbol("a"), string("b"), list([symbol("c")]), symbol("d")])),
        ("(a .b)", list([symbol("a"), symbol(".b")])),
    ];
    for (text, value) in cases {
        assert_eq!(read(text).as_ref(), Ok(&value), "{text}");
        assert_eq!(read(&value.to_string()), Ok(value));
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let cases: [(&[u8], SexprError); 35] = [
        (b"", SexprError::Empty),
        (b" ; (a)", SexprError::Empty),
        (b"(a", SexprError::Unclosed { at: 0 }),
        (b"(a (b)", SexprError::Unclosed { at: 0 }),
        (b"(a .", SexprError::Unclosed { at: 0 }),
        (b"(a . b", SexprError::Unclosed { at: 0 }),
        (b" \"a\\\"", SexprError::Unclosed { at: 1 }),
        (b"\"a\\", SexprError::Unclosed { at: 0 }),
        (b"(|a", SexprError::Unclosed { at: 1 }),
        (b")", SexprError::Unexpected { at: 0 }),
        (b".", SexprError::Unexpected { at: 0 }),
        (b"(a 'b)", SexprError::Unexpected { at: 3 }),
        (b"(a ,b)", SexprError::Unexpected { at: 3 }),
        (b"[a]", SexprError::Unexpected { at: 0 }),
        (b"a|b|", SexprError::Unexpected { at: 1 }),
        (b"a\\b", SexprError::Unexpected { at: 1 }),
        (b"a\x00", SexprError::Unexpected { at: 1 }),
        ("a\u{3000}b".as_bytes(), SexprError::Unexpected { at: 1 }),
        (b"(. a)", SexprError::BadDot { at: 1 }),
        (b"(a . )", SexprError::BadDot { at: 3 }),
        (b"(a . b c)", SexprError::BadDot { at: 3 }),
        (b"(a . . b)", SexprError::Unexpected { at: 5 }),
        (b"\"\\x\"", SexprError::BadEscape { at: 1 }),
        (b"\"\\x1\"", SexprError::BadEscape { at: 1 }),
        (b"\"\\xd800;\"", SexprError::BadEscape { at: 1 }),
        (b"\"\\x123456789;\"", SexprError::BadEscape { at: 1 }),
        (b"\"\\ud83d\\ude00\"", SexprError::BadEscape { at: 1 }),
        (b"\"\\u304\"", SexprError::BadEscape { at: 1 }),
        (b"(\"\xe3\x81\")", SexprError::NotUtf8 { at: 2 }),
        (b"1.5", SexprError::BadNumber { at: 0 }),
        (b"(9223372036854775808)", SexprError::BadNumber { at: 1 }),
        (b"(#;a)", SexprError::BadHash { at: 1 }),
        (b"#|a|#", SexprError::BadHash { at: 0 }),
        (b"(a) (b)", SexprError::Trailing { at: 4 }),
        (b"(a))", SexprError::Trailing { at: 3 }),
    ];
    for (text, error) in cases {
        assert_eq!(Value::parse(text, Limits::SMALL), Err(error), "{:?}", String::from_utf8_lossy(text));
    }
}

#[test]
fn a_hundred_thousand_parentheses_are_an_error_at_every_setting() {
    let limits = Limits { bytes_max: 1 << 20, depth_max: u8::MAX, values_max: 1 << 20 };
    for text in ["(".repeat(100_000), "(a . ".repeat(100_000), format!("{}{}", "(".repeat(50_000), ")".repeat(50_000))]
    {
        assert!(matches!(Value::parse(text.as_bytes(), limits), Err(SexprError::TooDeep { depth_max: 255, .. })));
        assert_eq!(read(&text[..65_536]), Err(SexprError::TooDeep { at: place(&text), depth_max: 32 }));
        assert_eq!(read(&text), Err(SexprError::TooLong { bytes_max: 65_536 }));
    }
}

/// Where the 33rd parenthesis stands.
fn place(text: &str) -> usize {
    text.match_indices('(').nth(32).map(|(at, _)| at).unwrap()
}

#[test]
fn the_limits_are_the_last_that_pass() {
    let nested = |depth: usize| format!("{}{}", "(".repeat(depth), ")".repeat(depth));
    assert!(read(&nested(32)).is_ok());
    assert_eq!(read(&nested(33)), Err(SexprError::TooDeep { at: 32, depth_max: 32 }));
    let flat = |values: usize| format!("({})", "a ".repeat(values - 1));
    assert!(read(&flat(4_096)).is_ok());
    assert_eq!(read(&flat(4_097)), Err(SexprError::TooMany { at: 8_191, values_max: 4_096 }));
    let long = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    assert!(read(&long(65_536)).is_ok());
    assert_eq!(read(&long(65_537)), Err(SexprError::TooLong { bytes_max: 65_536 }));
}

#[test]
fn pairs_are_taken_out_of_an_association_list() {
    let pairs = read(r#"((pos . 12) (content ("a" 1) 2) (none) (rest 1 . 2))"#).unwrap().into_pairs().unwrap();
    let expected = [
        ("pos", int(12)),
        ("content", list([list([string("a"), int(1)]), int(2)])),
        ("none", list([])),
        ("rest", dotted([int(1)], int(2))),
    ];
    assert_eq!(pairs, expected.map(|(key, value)| (key.to_owned(), value)));
    for text in ["a", "(a . b)", "(a)", "(())", "((1 . 2))", "((\"a\" . 2))"] {
        assert_eq!(read(text).unwrap().into_pairs(), None, "{text}");
    }
}

/// Any value, as the parser gives it: no list behind a dot.
fn values() -> impl Strategy<Value = Value> {
    let atom = prop_oneof![
        any::<String>().prop_map(Value::String),
        any::<i64>().prop_map(Value::Integer),
        any::<bool>().prop_map(Value::Boolean),
        prop_oneof![any::<String>(), "[a-z.+-][a-z0-9.-]{0,8}"].prop_map(Value::Symbol),
    ];
    atom.clone().prop_recursive(5, 48, 6, move |inner| {
        let items = prop::collection::vec(inner.clone(), 0..6);
        let some = prop::collection::vec(inner, 1..6);
        prop_oneof![
            items.prop_map(Value::List),
            (some, atom.clone()).prop_map(|(items, tail)| Value::Dotted(items, Box::new(tail))),
        ]
    })
}

proptest! {
    #[test]
    fn every_value_reads_back_and_takes_one_line(value in values()) {
        let text = value.to_string();
        prop_assert!(!text.contains(char::is_control));
        prop_assert_eq!(read(&text), Ok(value));
    }

    #[test]
    fn every_truncation_of_a_list_is_an_error(value in values()) {
        let text = Value::List(vec![value]).to_string();
        for end in 0..text.len() {
            prop_assert!(Value::parse(&text.as_bytes()[..end], Limits::SMALL).is_err(), "{}", &text[..end]);
        }
    }

    #[test]
    fn any_bytes_give_a_value_or_an_error(text in "[()\"|\\\\ .;#'a-fx0-9\n\u{e9}]{0,60}", bytes in any::<Vec<u8>>()) {
        for input in [text.as_bytes(), &bytes] {
            if let Ok(value) = Value::parse(input, Limits::SMALL) {
                prop_assert_eq!(read(&value.to_string()), Ok(value));
            }
        }
    }

    #[test]
    fn strings_and_symbols_written_alone_read_back(text in any::<String>()) {
        let (mut as_string, mut as_symbol) = (String::new(), String::new());
        write_string(&text, &mut as_string);
        write_symbol(&text, &mut as_symbol);
        prop_assert_eq!(read(&as_string), Ok(Value::String(text.clone())));
        prop_assert_eq!(read(&as_symbol), Ok(Value::Symbol(text)));
    }
}
