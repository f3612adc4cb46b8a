//! What is found by what: text to tokens, the same for the index and for the query, the same on every store.
//!
//! Words of scripts with spaces are tokens, folded by compatibility form (width) and case. Scripts without spaces give each
//! character and each pair of neighbours, so one- and two-character queries find what they should.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::limits;

/// The tokens of a message's text, sorted, each once: letters, digits and marks only, at most 64 characters each.
#[must_use]
pub fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    for run in runs(text) {
        match run {
            Run::Word(word) => tokens.push(word),
            Run::Unspaced(characters) => {
                tokens.extend(characters.iter().map(char::to_string));
                tokens.extend(characters.windows(2).map(String::from_iter));
            }
        }
    }
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

/// The tokens that a message must have to be a hit for this query: an unspaced run of one character asks for that
/// character, a longer one for its pairs. Empty: nothing to search for.
#[must_use]
pub fn query_tokens(query: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    for run in runs(query) {
        match run {
            Run::Word(word) => tokens.push(word),
            Run::Unspaced(characters) if characters.len() == 1 => tokens.extend(characters.iter().map(char::to_string)),
            Run::Unspaced(characters) => tokens.extend(characters.windows(2).map(String::from_iter)),
        }
    }
    tokens.sort_unstable();
    tokens.dedup();
    tokens.truncate(limits::QUERY_TERMS);
    tokens
}

/// All tokens of a message: its text's and its author's.
#[must_use]
pub fn message_tokens(text: &str, name: &str) -> Vec<String> {
    let mut tokens = tokens(text);
    tokens.push(author_token(name));
    tokens
}

/// The token under which the messages of an author with this name are found: [`AUTHOR`] and the name's letters, digits and
/// marks, folded, as one. Names that differ in nothing else share it.
#[must_use]
pub fn author_token(name: &str) -> String {
    let folded = name.nfkc().flat_map(char::to_lowercase);
    let letters = folded.filter(|c| c.is_alphanumeric() || is_combining_mark(*c) || is_unspaced(*c));
    [AUTHOR].into_iter().chain(letters).take(limits::TOKEN_CHARS).collect()
}

/// The first character of every author's token: upper case, so no token of a text begins with it.
const AUTHOR: char = 'Φ';

enum Run {
    Word(String),
    Unspaced(Vec<char>),
}

fn runs(text: &str) -> Vec<Run> {
    // Most messages are ASCII, for which the general way gives the same at five times the cost.
    if text.is_ascii() {
        return runs_of(text.bytes().map(|byte| char::from(byte.to_ascii_lowercase())));
    }
    runs_of(text.nfkc().flat_map(char::to_lowercase))
}

fn runs_of(folded: impl Iterator<Item = char>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    // Characters of the run that is still going on; none: the next one begins a run.
    let mut length = 0;
    for c in folded {
        let unspaced = is_unspaced(c);
        let mark = length > 0 && is_combining_mark(c);
        if !(unspaced || c.is_alphanumeric() || mark) {
            length = 0;
            continue;
        }
        match runs.last_mut().filter(|_| length > 0) {
            Some(Run::Word(word)) if !unspaced => {
                if length < limits::TOKEN_CHARS {
                    word.push(c);
                }
            }
            Some(Run::Unspaced(characters)) if unspaced || mark => characters.push(c),
            _ => {
                runs.push(if unspaced { Run::Unspaced(vec![c]) } else { Run::Word(c.to_string()) });
                length = 0;
            }
        }
        length += 1;
    }
    runs
}

/// Letters of scripts that put no space between words: Han, Hiragana, Katakana, Bopomofo, Yi, Thai, Lao, Myanmar, Khmer, Tai.
/// (Korean has spaces, but its particles stick to words, so people search for parts of them: it counts as unspaced too.)
pub(crate) fn is_unspaced(c: char) -> bool {
    // Below Thai there is none, and below Thai are most.
    c >= '\u{0E00}'
        && matches!(u32::from(c),
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1100..=0x11FF | 0x1780..=0x17FF | 0x1950..=0x19DF | 0x1A20..=0x1AAF
        | 0x3005..=0x3007 | 0x3021..=0x3029 | 0x3031..=0x3035 | 0x3038..=0x303C | 0x3041..=0x3096 | 0x3099..=0x309F
        | 0x30A1..=0x30FA | 0x30FC..=0x318F | 0x31A0..=0x31BF | 0x31F0..=0x31FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF
        | 0xA000..=0xA4CF | 0xA9E0..=0xA9FF | 0xAA60..=0xAADF | 0xAC00..=0xD7FF | 0xF900..=0xFAFF | 0x1B000..=0x1B16F
        | 0x20000..=0x3FFFD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn finds(text: &str, query: &str) -> bool {
        let have = tokens(text);
        let want = query_tokens(query);
        !want.is_empty() && want.iter().all(|token| have.contains(token))
    }

    #[test]
    fn words_are_found_whatever_their_case_and_width() {
        assert_eq!(tokens("Hello, WORLD! don't"), ["don", "hello", "t", "world"]);
        assert!(finds("ＰＡＲＬＯＲ is up", "parlor"));
        assert!(finds("Zoë naïve", "zoë"));
        assert!(finds("#42 v1.2", "42"));
        assert!(!finds("hello", "hell"));
        assert!(!finds("anything", " ,.! "));
    }

    #[test]
    fn short_queries_find_unspaced_text() {
        let text = "明日の午後、上海でﾗｰﾒﾝを食べる。";
        for query in ["午", "午後", "上海", "ラーメン", "食べる", "午後 ラーメン", "明日の午後"]
        {
            assert!(finds(text, query), "{query}");
        }
        for query in ["海上", "午前", "北京", "後午"] {
            assert!(!finds(text, query), "{query}");
        }
        assert!(finds("พรุ่งนี้เจอกัน", "เจอ"));
        assert!(finds("안녕하세요 여러분", "하세요"));
        assert!(finds("iPhoneを買った", "iphone"));
    }

    #[test]
    fn an_author_is_one_token_that_no_text_has() {
        assert_eq!(author_token("Ann B. (~ＡＮＮ)"), "Φannbann");
        assert_eq!(author_token("花子"), "Φ花子");
        assert_eq!(author_token("🍵"), "Φ");
        assert_eq!(tokens("Φann"), ["φann"]);
    }

    proptest! {
        #[test]
        fn the_short_way_for_ascii_gives_the_same(text in "[ -~]{0,200}") {
            let [mut short, mut general] = [runs(&text), runs_of(text.nfkc().flat_map(char::to_lowercase))];
            let words = |runs: &mut Vec<Run>| runs.drain(..).map(|run| match run {
                Run::Word(word) => word,
                Run::Unspaced(characters) => characters.into_iter().collect(),
            }).collect::<Vec<String>>();
            prop_assert_eq!(words(&mut short), words(&mut general));
        }

        /// Stores split tokens at anything but letters, digits and marks, so no token may hold anything else.
        #[test]
        fn tokens_are_plain_sorted_and_bounded(text in "\\PC{0,200}") {
            let of_author = author_token(&text);
            prop_assert!(of_author.chars().count() <= limits::TOKEN_CHARS);
            prop_assert!(of_author.chars().all(|c| c.is_alphanumeric() || is_combining_mark(c) || is_unspaced(c)));
            let tokens = tokens(&text);
            prop_assert!(!tokens.contains(&of_author));
            prop_assert!(tokens.is_sorted());
            for token in &tokens {
                prop_assert!((1..=limits::TOKEN_CHARS).contains(&token.chars().count()));
                prop_assert!(token.chars().all(|c| c.is_alphanumeric() || is_combining_mark(c) || is_unspaced(c)), "{:?}", token);
            }
        }

        /// Every message is found by any of its own pieces.
        #[test]
        fn a_text_is_found_by_itself(text in "\\PC{1,60}") {
            if !query_tokens(&text).is_empty() {
                let longer = format!("x {text} y");
                prop_assert!(finds(&longer, &text));
            }
        }
    }
}
