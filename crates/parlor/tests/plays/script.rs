//! The grammar of plays: one line a sentence, `#` begins a comment.

/// A line of a play, cut into words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// From 1.
    pub(crate) number: usize,
    pub(crate) text: String,
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    /// What stood between quotation marks.
    Quoted(String),
    Comma,
}

/// Reads a play.
///
/// # Errors
/// The number of a line that can't be read, and why.
pub(crate) fn lines(play: &str) -> Result<Vec<Line>, (usize, String)> {
    let numbered = play.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    let said = numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    said.map(|(number, line)| {
        let tokens = tokens(line).map_err(|error| (number, error))?;
        Ok(Line { number, text: line.to_owned(), tokens })
    })
    .collect()
}

fn tokens(line: &str) -> Result<Vec<Token>, String> {
    let mut tokens = vec![];
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            ' ' => 1,
            ',' => {
                tokens.push(Token::Comma);
                1
            }
            '"' => {
                let (text, length) = quoted(rest)?;
                tokens.push(Token::Quoted(text));
                length
            }
            _ => {
                let length = rest.find([' ', ',', '"']).unwrap_or(rest.len());
                tokens.push(Token::Word(rest[..length].to_owned()));
                length
            }
        };
        rest = &rest[length..];
    }
    Ok(tokens)
}

/// The text that the quotation mark opens, and how many bytes it takes with both marks. `\n`, `\t`, `\"` and `\\` are one
/// character each.
fn quoted(rest: &str) -> Result<(String, usize), String> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Ok((text, at + 1)),
            '\\' => text.push(match characters.next().map(|(_, c)| c) {
                Some('n') => '\n',
                Some('t') => '\t',
                Some(c @ ('"' | '\\')) => c,
                _ => return Err("after \\ comes n, t, \" or \\".to_owned()),
            }),
            c => text.push(c),
        }
    }
    Err("a quotation mark is not closed".to_owned())
}

/// What a sentence's places were filled with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filled {
    places: Vec<(&'static str, Vec<String>)>,
}

/// What stands at a place that takes one thing.
impl std::ops::Index<&str> for Filled {
    type Output = str;

    fn index(&self, place: &str) -> &str {
        &self.all(place)[0]
    }
}

impl Filled {
    /// What stands at a place that takes several.
    pub(crate) fn all(&self, place: &str) -> &[String] {
        let filled = self.places.iter().find(|(name, _)| *name == place);
        &filled.unwrap_or_else(|| panic!("the sentence has no place {place}")).1
    }

    pub(crate) fn number(&self, place: &str) -> Result<u64, String> {
        self[place].parse().map_err(|_| format!("{:?} is no number", &self[place]))
    }
}

/// Fills the places of a sentence from a line; `None` if the line is another sentence.
///
/// Places: `{all}` one name or several (`Anna, Ben and Clara`); `{who}`, `{whom}` one name; `{door}` where people come in;
/// `{room}` the lobby or a quoted name; `{number}`; every other one a quoted text. `sees|see` is either word.
pub(crate) fn fill(sentence: &'static str, line: &Line) -> Option<Filled> {
    let mut filled = Filled::default();
    let mut rest = &line.tokens[..];
    for word in sentence.split(' ') {
        let (things, after) = match word.strip_prefix('{').and_then(|place| place.strip_suffix('}')) {
            None => {
                rest = take(rest, word)?;
                continue;
            }
            Some("all") => names(rest)?,
            Some("who" | "whom") => name(rest).map(|(name, after)| (vec![name], after))?,
            Some("number") => match rest {
                [Token::Word(word), after @ ..] => (vec![word.clone()], after),
                _ => return None,
            },
            Some("door") => match rest {
                [Token::Word(the), Token::Word(door), after @ ..] if the == "the" => (vec![door.clone()], after),
                _ => return None,
            },
            Some("room") => match rest {
                [Token::Quoted(room), after @ ..] => (vec![room.clone()], after),
                [Token::Word(the), Token::Word(lobby), after @ ..] if the == "the" && lobby == "lobby" => {
                    (vec![lobby.clone()], after)
                }
                _ => return None,
            },
            Some(_) => match rest {
                [Token::Quoted(text), after @ ..] => (vec![text.clone()], after),
                _ => return None,
            },
        };
        filled.places.push((word.trim_matches(['{', '}']), things));
        rest = after;
    }
    rest.is_empty().then_some(filled)
}

fn take<'a>(tokens: &'a [Token], expected: &str) -> Option<&'a [Token]> {
    match tokens {
        [Token::Word(word), after @ ..] if expected.split('|').any(|expected| word == expected) => Some(after),
        [Token::Comma, after @ ..] if expected == "," => Some(after),
        _ => None,
    }
}

fn name(tokens: &[Token]) -> Option<(String, &[Token])> {
    match tokens {
        [Token::Word(word), after @ ..] if word.starts_with(|c: char| c.is_ascii_uppercase()) => {
            Some((word.clone(), after))
        }
        _ => None,
    }
}

fn names(tokens: &[Token]) -> Option<(Vec<String>, &[Token])> {
    let (first, mut rest) = name(tokens)?;
    let mut names = vec![first];
    while let Some((next, after)) = take(rest, ",").or_else(|| take(rest, "and")).and_then(name) {
        names.push(next);
        rest = after;
    }
    Some((names, rest))
}

#[test]
fn a_line_is_the_sentence_that_it_fills() {
    let line = |text: &str| lines(text).unwrap().remove(0);
    let filled =
        fill("{all} read {text} from {whom}", &line(r#"Anna, Ben and Clara read "a \"b\"\n" from Dora"#)).unwrap();
    assert_eq!(filled.all("all"), ["Anna", "Ben", "Clara"]);
    assert_eq!((&filled["text"], &filled["whom"]), ("a \"b\"\n", "Dora"));
    let says = line(r#"Anna says "hi" in the lobby"#);
    assert_eq!(fill("{who} says {text}", &says), None);
    assert_eq!(&fill("{who} says {text} in {room}", &says).unwrap()["room"], "lobby");
    assert_eq!(fill("{who} says {text} in {room}", &line(r#"anna says "hi" in the lobby"#)), None);
}

#[test]
fn a_line_that_cannot_be_read_is_named() {
    assert_eq!(lines("# a play\n\nAnna says \"hi\nx").unwrap_err().0, 3);
    assert_eq!(lines("Anna says \"\\x\"").unwrap_err().0, 1);
}
