//! What people search for: words, phrases, whose, when. The index finds candidates by [`Query::tokens`]; [`Query::matches`]
//! says which of them are hits, and [`Query::marks`] where.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{decompose_compatible, is_combining_mark};

use crate::days::{Day, TimeZone};
use crate::event::{Body, Event, MessageState};
use crate::ids::Timestamp;
use crate::limits;
use crate::refusal::{Refusal, What};
use crate::search::{self, is_unspaced};

/// A search that was understood. All of it must hold.
///
/// | written | asks for |
/// |---|---|
/// | `tea` | a message with this word, in any case and width |
/// | `東京`, `茶` | a message with these characters in a row: scripts without spaces have no words |
/// | `"green tea"` | these words one after the other |
/// | `from:ann`, `from:"Ann B"` | a message by somebody of this name, as it was then; a `~` before it is passed over |
/// | `before:2026-01-31` | one from before this day |
/// | `after:2026-01-31` | one from the next day on |
///
/// Everything else with a colon is words. Days begin as in the room's archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    tokens: Vec<String>,
    needles: Vec<Folded>,
    from: Option<String>,
    times: Range<Timestamp>,
}

impl Query {
    /// Reads a search. Days are those of `zone`.
    ///
    /// # Errors
    /// `TooLong` (over [`limits::QUERY_CHARS`]), `BadQuery`, `Empty` where neither a word nor a name is asked for.
    pub fn parse(text: &str, zone: &TimeZone) -> Result<Query, Refusal> {
        let limit = limits::QUERY_CHARS;
        if text.chars().nth(limit).is_some() {
            return Err(Refusal::TooLong { what: What::Query, limit, unit: "characters" });
        }
        let times = Timestamp(i64::MIN)..Timestamp(i64::MAX);
        let mut query = Query { tokens: Vec::new(), needles: Vec::new(), from: None, times };
        let mut names = Vec::new();
        for term in Terms(text) {
            query.take(term, zone, &mut names)?;
        }
        if query.needles.is_empty() && names.is_empty() {
            return Err(Refusal::Empty(What::Query));
        }
        query.tokens.sort_unstable();
        query.tokens.dedup();
        query.tokens.truncate(limits::QUERY_TERMS - names.len());
        query.tokens.extend(names);
        Ok(query)
    }

    fn take(&mut self, term: Term<'_>, zone: &TimeZone, names: &mut Vec<String>) -> Result<(), Refusal> {
        match term {
            Term::Words(words) => {
                let needle = Folded::needle(words);
                if !needle.chars.is_empty() {
                    self.tokens.extend(search::query_tokens(words));
                    self.needles.push(needle);
                }
            }
            Term::From(_) if self.from.is_some() => return Err(Refusal::BadQuery("from: can stand in it once")),
            Term::From(name) => {
                names.push(search::author_token(name));
                self.from = Some(fold_name(name));
            }
            Term::Before(date) => self.times.end = self.times.end.min(zone.start_of(day(date)?)),
            Term::After(date) => {
                let start = day(date)?.next().map_or(Timestamp(i64::MAX), |next| zone.start_of(next));
                self.times.start = self.times.start.max(start);
            }
        }
        Ok(())
    }

    /// What the index is asked for: every hit has all of these, and so have some messages that are none.
    #[must_use]
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// From when on, and until before when.
    #[must_use]
    pub fn times(&self) -> Range<Timestamp> {
        self.times.clone()
    }

    /// Whether a message is a hit. What is no message, or is deleted, is none.
    #[must_use]
    pub fn matches(&self, event: &Event) -> bool {
        let Body::Message { text, state, .. } = &event.body else { return false };
        let is_there = *state != MessageState::Redacted && self.times.contains(&event.at);
        if !is_there || self.from.as_ref().is_some_and(|from| *from != fold_name(event.name.as_str())) {
            return false;
        }
        let text = Folded::of(text.as_str());
        self.needles.iter().all(|needle| text.find(needle, 0).is_some())
    }

    /// Where a text has what was asked for, in bytes, in order, none touching the next.
    #[must_use]
    pub fn marks(&self, text: &str) -> Vec<Range<usize>> {
        let text = Folded::of(text);
        let mut marks: Vec<Range<usize>> = Vec::new();
        for needle in &self.needles {
            let mut from = 0;
            while let Some(at) = text.find(needle, from) {
                from = at + needle.chars.len();
                marks.push(text.places[at].start..text.places[from - 1].end);
            }
        }
        marks.sort_unstable_by_key(|mark| (mark.start, mark.end));
        marks.dedup_by(|next, mark| {
            let touches = next.start <= mark.end;
            if touches {
                mark.end = mark.end.max(next.end);
            }
            touches
        });
        marks
    }
}

/// A part of a search.
enum Term<'a> {
    Words(&'a str),
    From(&'a str),
    Before(&'a str),
    After(&'a str),
}

/// Cuts a search into its terms.
struct Terms<'a>(&'a str);

impl<'a> Iterator for Terms<'a> {
    type Item = Term<'a>;

    fn next(&mut self) -> Option<Term<'a>> {
        self.0 = self.0.trim_start();
        if self.0.is_empty() {
            return None;
        }
        if let Some(phrase) = self.quoted() {
            return Some(Term::Words(phrase));
        }
        let (operator, operators_length) = match self.0.split_once(':') {
            Some((operator, _)) if operator.eq_ignore_ascii_case("from") => (Term::From as fn(&'a str) -> Term<'a>, 5),
            Some((operator, _)) if operator.eq_ignore_ascii_case("before") => (Term::Before as fn(&'a str) -> _, 7),
            Some((operator, _)) if operator.eq_ignore_ascii_case("after") => (Term::After as fn(&'a str) -> _, 6),
            _ => return Some(Term::Words(self.word())),
        };
        let whole = self.0;
        self.0 = &whole[operators_length..];
        let value = self.quoted().unwrap_or_else(|| self.word());
        let is_name = operators_length == 5;
        let value = if is_name { value.strip_prefix('~').unwrap_or(value).trim() } else { value };
        // A name that was not given is a word.
        Some(if is_name && value.is_empty() { Term::Words(&whole[..4]) } else { operator(value) })
    }
}

impl<'a> Terms<'a> {
    /// What stands in quotes next; without the second one up to the end.
    fn quoted(&mut self) -> Option<&'a str> {
        let inner = self.0.strip_prefix(is_quote)?;
        let (phrase, rest) = inner.split_once(is_quote).unwrap_or((inner, ""));
        self.0 = rest;
        Some(phrase)
    }

    /// What stands before the next white space or quote.
    fn word(&mut self) -> &'a str {
        let end = self.0.find(|c: char| c.is_whitespace() || is_quote(c)).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest;
        word
    }
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '＂')
}

fn day(date: &str) -> Result<Day, Refusal> {
    let parts: Vec<&str> = date.split('-').collect();
    let day = if let [year, month, day] = parts[..] { Day::parse(year, month, day) } else { None };
    day.ok_or(Refusal::BadQuery("a date is written like 2026-01-31"))
}

/// What names are compared by: all of them, with what is no letter.
fn fold_name(name: &str) -> String {
    name.trim().nfkc().flat_map(char::to_lowercase).collect()
}

/// What a character is to a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Part of a word.
    Word,
    /// Of a script without spaces.
    Unspaced,
    /// Between words. However many stand there, they are one space here.
    Gap,
}

/// A text as the index sees it (see [`search`]), with where each character comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Folded {
    chars: Vec<char>,
    kinds: Vec<Kind>,
    /// The bytes of the text that a character was made of; several can be made of the same.
    places: Vec<Range<usize>>,
}

impl Folded {
    fn of(text: &str) -> Folded {
        let mut folded = Folded { chars: Vec::new(), kinds: Vec::new(), places: Vec::new() };
        let pieces = Pieces { text, at: 0 };
        for place in pieces {
            for c in text[place.clone()].nfkc().flat_map(char::to_lowercase) {
                folded.push(c, place.clone());
            }
        }
        folded
    }

    /// The same without gaps at its ends: empty if there is nothing to look for.
    fn needle(text: &str) -> Folded {
        let mut folded = Folded::of(text);
        if folded.kinds.last() == Some(&Kind::Gap) {
            folded.chars.pop();
            folded.kinds.pop();
            folded.places.pop();
        }
        if folded.kinds.first() == Some(&Kind::Gap) {
            folded.chars.remove(0);
            folded.kinds.remove(0);
            folded.places.remove(0);
        }
        folded
    }

    fn push(&mut self, c: char, place: Range<usize>) {
        let last = self.kinds.last().copied().unwrap_or(Kind::Gap);
        let kind = match last {
            _ if is_unspaced(c) => Kind::Unspaced,
            Kind::Word | Kind::Unspaced if is_combining_mark(c) => last,
            _ if c.is_alphanumeric() => Kind::Word,
            _ => Kind::Gap,
        };
        if kind == Kind::Gap && last == Kind::Gap && !self.kinds.is_empty() {
            return;
        }
        self.chars.push(if kind == Kind::Gap { ' ' } else { c });
        self.kinds.push(kind);
        self.places.push(place);
    }

    /// Where it has this, from a place on: words as whole words.
    fn find(&self, needle: &Folded, from: usize) -> Option<usize> {
        let length = needle.chars.len();
        let (first, last) = (needle.kinds.first()?, needle.kinds.last()?);
        let is_word = |place: Option<usize>| place.and_then(|place| self.kinds.get(place)) == Some(&Kind::Word);
        let windows = self.chars.get(from..)?.windows(length);
        let mut found = windows.enumerate().filter(|(_, window)| *window == needle.chars).map(|(at, _)| from + at);
        found.find(|at| {
            let begins = *first != Kind::Word || !is_word(at.checked_sub(1));
            let ends = *last != Kind::Word || !is_word(Some(at + length));
            begins && ends
        })
    }
}

/// The smallest pieces of a text that can be folded one by one: a character with those that may be joined to it.
struct Pieces<'a> {
    text: &'a str,
    at: usize,
}

impl Iterator for Pieces<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        let rest = &self.text[start..];
        let first = rest.chars().next()?;
        let next = rest.char_indices().skip(1).find(|(_, c)| !joins(*c));
        let length = if rest.len() == first.len_utf8() { rest.len() } else { next.map_or(rest.len(), |(at, _)| at) };
        self.at = start + length;
        Some(start..self.at)
    }
}

/// Whether a character may become one with what stands before it: marks, and the vowels and ends of Korean syllables.
fn joins(c: char) -> bool {
    if c.is_ascii() {
        return false;
    }
    let mut first = None;
    decompose_compatible(c, |part| {
        first.get_or_insert(part);
    });
    first.is_some_and(|first| is_combining_mark(first) || matches!(first, '\u{1160}'..='\u{11FF}'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Author;
    use crate::ids::{Number, RoomId, Seq};
    use crate::text::{DisplayName, Text};
    use proptest::prelude::*;

    fn query(text: &str) -> Query {
        Query::parse(text, &TimeZone::utc()).unwrap()
    }

    fn said(name: &str, text: &str, at: &str) -> Event {
        Event {
            room: RoomId(1),
            seq: Seq(1),
            number: Number(1),
            at: Timestamp(at.parse::<jiff::Timestamp>().unwrap().as_microsecond()),
            author: Author::System,
            name: DisplayName::stored(name.to_owned()),
            body: Body::message(Text::stored(text.to_owned()), None),
        }
    }

    fn finds(search: &str, text: &str) -> bool {
        query(search).matches(&said("Ann", text, "2026-01-31T12:00:00Z"))
    }

    #[test]
    fn words_and_phrases_stand_in_a_hit() {
        for (search, text, expected) in [
            ("tea", "Green TEA, please", true),
            ("tea", "steam", false),
            ("\"green tea\"", "Green - tea", true),
            ("\"green tea\"", "green milk tea", false),
            ("\"green tea", "some green tea", true),
            ("“green tea”", "green tea", true),
            ("\"een tea\"", "green tea", false),
            ("tea green", "green milk tea", true),
            ("don't", "don't", true),
            ("don't", "t don", false),
            ("https://a.example/x", "see HTTPS://a.example/x!", true),
            ("午", "明日の午後", true),
            ("明日の午後", "明日の午前、今日の午後", false),
            ("明日の午後", "では明日の午後に", true),
            ("ラーメン", "ﾗｰﾒﾝを食べる", true),
            ("が", "か\u{3099}", true),
            ("iphoneを", "iPhoneを買った", true),
            ("안녕", "\u{110b}\u{1161}\u{11ab}\u{1102}\u{1167}\u{11bc}", true),
        ] {
            assert_eq!(finds(search, text), expected, "{search}: {text}");
        }
    }

    #[test]
    fn operators_ask_for_a_name_and_a_time() {
        let zone = TimeZone::parse("Asia/Tokyo").unwrap();
        let new_year = said("Ann B", "tea", "2025-12-31T15:00:00Z");
        let eve = said("ann", "tea", "2025-12-31T14:59:59Z");
        for (search, expected) in [
            ("from:ann", (false, true)),
            ("from:~Ann", (false, true)),
            ("FROM:\"ann b\" tea", (true, false)),
            ("tea before:2026-01-01", (false, true)),
            ("tea before:2026-01-02", (true, true)),
            ("after:2025-12-31 tea", (true, false)),
            ("after:2025-12-30 tea", (true, true)),
            ("tea after:2026-01-01", (false, false)),
            ("tea before:2025-12-01 after:2026-01-01", (false, false)),
            ("tea before:\"2026-01-01\"", (false, true)),
        ] {
            let query = Query::parse(search, &zone).unwrap();
            assert_eq!((query.matches(&new_year), query.matches(&eve)), expected, "{search}");
        }
        assert_eq!(query("from:Ann tea").tokens(), ["tea", "Φann"]);
        assert_eq!(query("from: tea").tokens(), ["from", "tea"]);
        assert_eq!(query("to:ann").tokens(), ["ann", "to"]);
        let mut deleted = said("ann", "tea", "2026-01-01T00:00:00Z");
        deleted.body = Body::Message { text: Text::default(), reply_to: None, state: MessageState::Redacted };
        assert!(!query("from:ann").matches(&deleted));
    }

    #[test]
    fn what_can_not_be_asked_is_refused() {
        let refused = |search: &str| Query::parse(search, &TimeZone::utc()).unwrap_err();
        for empty in ["", "  ", "!?", "\"\"", "\"...\"", "before:2026-01-01", "🍵"] {
            assert_eq!(refused(empty), Refusal::Empty(What::Query), "{empty:?}");
        }
        for bad in ["tea before:yesterday", "tea after:2026-02-30", "a before:", "a after:2026-1-1", "from:a from:b"] {
            assert!(matches!(refused(bad), Refusal::BadQuery(_)), "{bad:?}");
        }
        let limit = limits::QUERY_CHARS;
        assert!(Query::parse(&"茶".repeat(limit), &TimeZone::utc()).is_ok());
        assert!(matches!(refused(&"茶".repeat(limit + 1)), Refusal::TooLong { .. }));
    }

    #[test]
    fn marks_are_where_the_words_are() {
        let marked = |search: &str, text: &str| -> String {
            let mut shown = String::new();
            let mut from = 0;
            for mark in query(search).marks(text) {
                shown += &format!("{}[{}]", &text[from..mark.start], &text[mark.clone()]);
                from = mark.end;
            }
            shown + &text[from..]
        };
        assert_eq!(marked("tea", "Tea, steam and ｔｅａ"), "[Tea], steam and [ｔｅａ]");
        assert_eq!(marked("\"green tea\" tea", "Green,  tea tea"), "[Green,  tea] [tea]");
        assert_eq!(marked("ガス", "ｶﾞｽ代"), "[ｶﾞｽ]代");
        assert_eq!(marked("明日 日の", "明日の午後"), "[明日の]午後");
        assert_eq!(marked("会社", "㍿です"), "[㍿]です");
        assert_eq!(marked("é", "e\u{301}"), "[e\u{301}]");
        assert_eq!(marked("from:x milk", "no from:x"), "no from:x");
    }

    proptest! {
        /// Folded piece by piece a text gives the same as at once, and the same words as the index has.
        #[test]
        fn pieces_fold_to_the_whole(text in "[\\PC\u{300}-\u{310}ｦ-ﾟ\u{1100}-\u{11FF}ㄱ-ㅎ가-각a-c ]{0,60}") {
            let pieces: Vec<Range<usize>> = Pieces { text: &text, at: 0 }.collect();
            let folded: String = pieces.iter().flat_map(|piece| text[piece.clone()].nfkc()).collect();
            prop_assert_eq!(&folded, &text.nfkc().collect::<String>());
            let folded: String = Folded::of(&text).chars.iter().collect();
            prop_assert_eq!(search::tokens(&folded), search::tokens(&text));
        }

        /// Whatever is searched for is found in itself, and its marks are parts of the text.
        #[test]
        fn a_text_is_found_by_itself(text in "\\PC{1,60}", around in "[a-z茶 ]{0,9}") {
            let search = text.replace(|c: char| is_quote(c) || c == ':', " ");
            let Ok(query) = Query::parse(&search, &TimeZone::utc()) else { return Ok(()) };
            let longer = format!("{around} {search} {around}");
            prop_assert!(query.matches(&said("a", &longer, "2026-01-01T00:00:00Z")), "{:?}", query);
            let have = search::tokens(&longer);
            prop_assert!(query.tokens().iter().all(|token| have.contains(token)));
            let marks = query.marks(&longer);
            prop_assert!(!marks.is_empty());
            prop_assert!(marks.iter().all(|mark| longer.get(mark.clone()).is_some_and(|marked| !marked.is_empty())));
            prop_assert!(marks.windows(2).all(|pair| pair[0].end < pair[1].start));
        }

        /// Nothing that is typed makes it fail otherwise than by a refusal.
        #[test]
        fn anything_can_be_typed(text in "(from:|before:|after:|\"|~|[ -~]|\\PC){0,40}", said_text in "\\PC{0,40}") {
            if let Ok(query) = Query::parse(&text, &TimeZone::utc()) {
                let is_hit = query.matches(&said("a", &said_text, "2026-01-01T00:00:00Z"));
                prop_assert!(!is_hit || query.needles.is_empty() || !query.marks(&said_text).is_empty());
                prop_assert!((1..=limits::QUERY_TERMS).contains(&query.tokens().len()));
            }
        }
    }
}
