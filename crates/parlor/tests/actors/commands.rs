//! The grammar of the WebSocket text commands, written from the protocol's description apart from the server's own.

/// What the length of a string counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Counting {
    /// UTF-16 code units, as browsers do.
    Utf16,
    /// Bytes of UTF-8.
    Bytes,
}

impl Counting {
    fn length(self, text: &str) -> usize {
        match self {
            Counting::Utf16 => text.encode_utf16().count(),
            Counting::Bytes => text.len(),
        }
    }

    /// The first so many units of a text, and the rest.
    fn split(self, text: &str, length: usize) -> Option<(&str, &str)> {
        let end = match self {
            Counting::Bytes => length,
            Counting::Utf16 => {
                let mut units = 0;
                let begins = text.char_indices().take_while(|(_, c)| {
                    units += c.len_utf16();
                    units <= length
                });
                begins.last().map_or(0, |(at, c)| at + c.len_utf8())
            }
        };
        let (front, rest) = text.split_at_checked(end)?;
        (self.length(front) == length).then_some((front, rest))
    }
}

/// A command that is being written.
pub(crate) struct Command {
    text: String,
    counting: Counting,
    /// A comma is due before the next parameter.
    after_number: bool,
}

impl Command {
    pub(crate) fn new(name: &str, counting: Counting) -> Command {
        Command { text: format!("{name}("), counting, after_number: false }
    }

    pub(crate) fn number(mut self, number: u64) -> Command {
        self.separate();
        self.text += &number.to_string();
        self.after_number = true;
        self
    }

    pub(crate) fn string(mut self, string: &str) -> Command {
        self.separate();
        self.text += &format!("{},{string}", self.counting.length(string));
        self
    }

    pub(crate) fn end(self) -> String {
        self.text + ")"
    }

    fn separate(&mut self) {
        if std::mem::take(&mut self.after_number) {
            self.text.push(',');
        }
    }
}

/// What the server sends, with its parameters: `n` a number, `s` a string, `[` and `]` around what repeats.
const TOLD: [(&str, &str); 15] = [
    ("chat", "nnnns"),
    ("chatroomcreated", "nnsnn"),
    ("chatroomdetails", "nnsnns"),
    ("chatroomlist", "n[nsnn]"),
    ("chatroomwasdeleted", "nn"),
    ("error", "s"),
    ("error", "sn"),
    ("msg", "nnns"),
    ("privatemessage", "nnss"),
    ("success", "n"),
    ("userjoinedchatroom", "nnnnsn"),
    ("userleftchatroom", "nnnnsn"),
    ("users", "n[nsn]"),
    ("usersinchatroom", "nn[nns]"),
    ("yourchatclientid", "n"),
];

/// One of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) name: &'static str,
    numbers: Vec<u64>,
    strings: Vec<String>,
}

impl Told {
    /// Reads what came.
    ///
    /// # Panics
    /// If it is none of the messages that the protocol knows, to the last character.
    pub(crate) fn read(text: &str, counting: Counting) -> Told {
        let read = |(name, parameters): &(&'static str, &str)| {
            let rest = text.strip_prefix(name)?.strip_prefix('(')?;
            let mut reader =
                Reader { rest, counting, after_number: false, told: Told { name, numbers: vec![], strings: vec![] } };
            reader.parameters(parameters)?;
            (reader.rest == ")").then_some(reader.told)
        };
        TOLD.iter().find_map(read).unwrap_or_else(|| panic!("{text:?} is no message of this protocol ({counting:?})"))
    }

    /// The number at this place among the numbers.
    pub(crate) fn number(&self, place: usize) -> u64 {
        self.numbers[place]
    }

    /// The string at this place among the strings.
    pub(crate) fn string(&self, place: usize) -> &str {
        &self.strings[place]
    }

    /// The number that comes last, if there is any.
    pub(crate) fn last_number(&self) -> Option<u64> {
        self.numbers.last().copied()
    }

    /// The items of its list: so many numbers of each behind the first `fixed` numbers, and one string.
    pub(crate) fn items(&self, fixed: usize, numbers: usize) -> Vec<(&[u64], &str)> {
        self.numbers[fixed..]
            .chunks(numbers)
            .zip(&self.strings)
            .map(|(chunk, string)| (chunk, string.as_str()))
            .collect()
    }
}

struct Reader<'a> {
    rest: &'a str,
    counting: Counting,
    after_number: bool,
    told: Told,
}

impl Reader<'_> {
    fn parameters(&mut self, parameters: &str) -> Option<()> {
        if let Some((before, list)) = parameters.split_once('[') {
            self.parameters(before)?;
            while self.rest != ")" {
                self.parameters(list.trim_end_matches(']'))?;
            }
            return Some(());
        }
        parameters.chars().try_for_each(|kind| {
            if std::mem::take(&mut self.after_number) {
                self.rest = self.rest.strip_prefix(',')?;
            }
            if kind == 'n' { self.number() } else { self.string() }
        })
    }

    fn number(&mut self) -> Option<()> {
        let number = self.digits()?;
        self.told.numbers.push(number);
        self.after_number = true;
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        let length = usize::try_from(self.digits()?).ok()?;
        let (string, rest) = self.counting.split(self.rest.strip_prefix(',')?, length)?;
        self.told.strings.push(string.to_owned());
        self.rest = rest;
        Some(())
    }

    fn digits(&mut self) -> Option<u64> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit())?;
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        // One way of writing a number: without zeros before it.
        digits.parse().ok().filter(|number: &u64| number.to_string() == digits)
    }
}

#[test]
fn strings_are_read_as_long_as_they_say() {
    let told = Told::read("chat(7,3,9,0,4,🍵té)", Counting::Utf16);
    assert_eq!((told.name, told.number(2), told.string(0)), ("chat", 9, "🍵té"));
    assert_eq!(Told::read("chat(7,3,9,0,7,🍵té)", Counting::Bytes).string(0), "🍵té");
    let list = Told::read("chatroomlist(1,5,2,a)0,1,6,0,8,0)", Counting::Utf16);
    assert_eq!(list.items(1, 3), [(&[5, 0, 1][..], "a)"), (&[6, 8, 0][..], "")]);
    assert_eq!(Told::read("error(3,bad4)", Counting::Bytes).last_number(), Some(4));
    assert_eq!(Told::read("error(3,bad)", Counting::Bytes).last_number(), None);
    let said = Command::new("addchatroom", Counting::Utf16).number(1).string("cooks").string("").string("té").end();
    assert_eq!(said, "addchatroom(1,5,cooks0,2,té)");
}
