//! The judgement itself: sort what was seen by room and number, and compare.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::record::{Act, HistoryError, Record};
use super::report::{Anomaly, Report};

/// How much of a text an example shows, in characters.
const SHOWN_CHARACTERS: usize = 60;

/// Judges a whole history at once.
///
/// # Errors
/// [`HistoryError`] where a record contradicts the ones before it.
pub fn check(records: impl IntoIterator<Item = Record>) -> Result<Report, HistoryError> {
    let mut checker = Checker::default();
    for record in records {
        checker.add(record)?;
    }
    Ok(checker.finish())
}

/// Judges a history record by record. Memory grows with the records (some 40 bytes each) and
/// with the distinct texts.
#[derive(Debug, Default)]
pub struct Checker {
    names: Names,
    /// Every distinct (author, text), which is what a number must always stand for.
    contents: Names,
    writes: Vec<Write>,
    write_of_key: HashMap<(Name, Name, String), usize>,
    sightings: Vec<Sighting>,
    last_polled: HashMap<(Name, Name), u64>,
    report: Report,
}

type Name = u32;

/// A message that somebody tried to write, in one or more attempts.
#[derive(Debug, Clone, Copy)]
struct Write {
    room: Name,
    content: Name,
    invoked_us: u64,
    /// The first acknowledgement: when, and the number it named.
    acked: Option<(u64, u64)>,
    attempts: u32,
    refusals: u32,
}

/// Somebody learned that a content stands at a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Sighting {
    room: Name,
    number: u64,
    content: Name,
    door: Name,
    source: Source,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Ack,
    Observe,
    Final,
}

/// What the writers know about one content of one room.
#[derive(Debug, Clone, Copy, Default)]
struct Written {
    /// Distinct keys; so often may it be in the room.
    keys: u64,
    acked: bool,
    /// Whether at least one attempt was not refused.
    possible: bool,
}

impl Checker {
    /// Takes the next record; those of one process in their order.
    ///
    /// # Errors
    /// [`HistoryError`] where the record contradicts the ones before it.
    pub fn add(&mut self, record: Record) -> Result<(), HistoryError> {
        self.report.totals.records += 1;
        let Record { at_us, process, door, room, act } = record;
        let (process, door, room) = (self.names.of(&process), self.names.of(&door), self.names.of(&room));
        match act {
            Act::Invoke { key, author, text } => {
                let content = self.content(&author, &text);
                self.invoke((process, room, key), content, at_us)?;
            }
            Act::Ack { key, number } => {
                let write = self.write((process, room, key))?;
                write.acked = write.acked.or(Some((at_us, number)));
                let content = write.content;
                self.sightings.push(Sighting { room, number, content, door, source: Source::Ack });
            }
            Act::Err { key } => self.write((process, room, key))?.refusals += 1,
            Act::Unknown { key } => {
                self.write((process, room, key))?;
            }
            Act::Observe { number, author, text } => {
                let content = self.content(&author, &text);
                self.report.totals.observed += 1;
                self.poll(process, room, number);
                self.sightings.push(Sighting { room, number, content, door, source: Source::Observe });
            }
            Act::Final { number, author, text } => {
                let content = self.content(&author, &text);
                self.report.totals.stored += 1;
                self.sightings.push(Sighting { room, number, content, door, source: Source::Final });
            }
        }
        Ok(())
    }

    /// Judges what was added.
    #[must_use]
    pub fn finish(mut self) -> Report {
        let totals = &mut self.report.totals;
        totals.writes = self.writes.len() as u64;
        totals.acked = self.writes.iter().filter(|write| write.acked.is_some()).count() as u64;
        self.sightings.sort_unstable();
        self.report.totals.rooms = self.rooms();
        let written = self.written();
        self.judge_numbers();
        self.judge_end(&written);
        self.judge_sightings(&written);
        self.judge_real_time();
        self.report
    }

    fn content(&mut self, author: &str, text: &str) -> Name {
        // No author that a door shows holds a line end, so this is one to one.
        self.contents.of(&format!("{author}\n{text}"))
    }

    fn invoke(&mut self, key: (Name, Name, String), content: Name, at_us: u64) -> Result<(), HistoryError> {
        let room = key.1;
        match self.write_of_key.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(self.writes.len());
                let write = Write { room, content, invoked_us: at_us, acked: None, attempts: 1, refusals: 0 };
                self.writes.push(write);
                Ok(())
            }
            Entry::Occupied(entry) => {
                let write = &mut self.writes[*entry.get()];
                write.attempts += 1;
                if write.content == content {
                    return Ok(());
                }
                let (process, room, key) = entry.key().clone();
                let (process, room) = (self.names.text(process).to_owned(), self.names.text(room).to_owned());
                Err(HistoryError::KeyReused { process, room, key })
            }
        }
    }

    fn write(&mut self, key: (Name, Name, String)) -> Result<&mut Write, HistoryError> {
        match self.write_of_key.get(&key) {
            Some(&index) => Ok(&mut self.writes[index]),
            None => Err(HistoryError::AnswerWithoutInvoke {
                process: self.names.text(key.0).to_owned(),
                room: self.names.text(key.1).to_owned(),
                key: key.2,
            }),
        }
    }

    /// A reader may begin anywhere; from then on each number follows the one before.
    fn poll(&mut self, process: Name, room: Name, number: u64) {
        let Some(last) = self.last_polled.insert((process, room), number) else { return };
        let anomaly = match number {
            next if next == last + 1 => return,
            later if later > last => Anomaly::PollSkip,
            _ => Anomaly::NonMonotonicPoll,
        };
        let names = &self.names;
        self.report.add(anomaly, || {
            let (process, room) = (names.text(process), names.text(room));
            format!("{process} received #{number} of room {room} after #{last}")
        });
    }

    fn rooms(&self) -> u64 {
        let mut rooms: Vec<Name> = self.sightings.iter().map(|sighting| sighting.room).collect();
        rooms.extend(self.writes.iter().map(|write| write.room));
        rooms.sort_unstable();
        rooms.dedup();
        rooms.len() as u64
    }

    fn written(&self) -> HashMap<(Name, Name), Written> {
        let mut written: HashMap<(Name, Name), Written> = HashMap::new();
        for write in &self.writes {
            let entry = written.entry((write.room, write.content)).or_default();
            entry.keys += 1;
            entry.acked |= write.acked.is_some();
            entry.possible |= write.acked.is_some() || write.attempts > write.refusals;
        }
        written
    }

    /// One number, one content, whoever looked and whenever.
    fn judge_numbers(&mut self) {
        let (names, contents) = (&self.names, &self.contents);
        for group in self.sightings.chunk_by(|a, b| (a.room, a.number) == (b.room, b.number)) {
            let first = group[0];
            let Some(other) = group.iter().find(|sighting| sighting.content != first.content) else { continue };
            let mut pairs: Vec<(Name, Name)> = group.iter().map(|seen| (seen.door, seen.content)).collect();
            pairs.sort_unstable();
            pairs.dedup();
            let at_one_door = pairs.windows(2).any(|pair| pair[0].0 == pair[1].0);
            let anomaly = if at_one_door { Anomaly::InconsistentOffset } else { Anomaly::CrossDoorMismatch };
            self.report.add(anomaly, || {
                format!(
                    "#{} of room {} is {} at {} and {} at {}",
                    first.number,
                    names.text(first.room),
                    shown(contents.text(first.content)),
                    names.text(first.door),
                    shown(contents.text(other.content)),
                    names.text(other.door),
                )
            });
        }
    }

    /// The rooms at the end: no gap, nothing twice, nothing that nobody wrote, nothing refused.
    fn judge_end(&mut self, written: &HashMap<(Name, Name), Written>) {
        let (names, contents) = (&self.names, &self.contents);
        let mut copies: HashMap<(Name, Name), u64> = HashMap::new();
        let mut room_and_next = (None, 1);
        for (seen, repeated) in finals(&self.sightings) {
            if room_and_next.0 != Some(seen.room) {
                room_and_next = (Some(seen.room), 1);
            }
            let (number, missing) = (seen.number, room_and_next.1);
            let place = || format!("#{number} of room {}", names.text(seen.room));
            let said = || shown(contents.text(seen.content));
            if repeated {
                // The same number twice in one reading; with another content it is an
                // inconsistent offset as well, with the same one it is a second copy.
                self.report.add(Anomaly::Duplicate, || format!("{} came twice in the last reading", place()));
                continue;
            }
            if number != missing {
                self.report.add(Anomaly::Gap, || format!("{} comes where #{missing} was due", place()));
            }
            room_and_next.1 = number + 1;
            let Some(known) = written.get(&(seen.room, seen.content)) else {
                self.report.add(Anomaly::NeverWritten, || format!("{} is {}", place(), said()));
                continue;
            };
            if !known.possible {
                let sentence = || format!("{} is {}, which was refused", place(), said());
                self.report.add(Anomaly::PrecommittedRead, sentence);
            }
            let count = copies.entry((seen.room, seen.content)).or_default();
            *count += 1;
            if *count > known.keys {
                let sentence = || format!("{} is {}, which is there already", place(), said());
                self.report.add(Anomaly::Duplicate, sentence);
            }
        }
    }

    /// What was acknowledged or seen must be in the room at the end, at its number.
    fn judge_sightings(&mut self, written: &HashMap<(Name, Name), Written>) {
        let (names, contents) = (&self.names, &self.contents);
        let mut place_of: HashMap<(Name, Name), u64> = HashMap::new();
        let mut taken: HashMap<(Name, u64), ()> = HashMap::new();
        for (seen, _) in finals(&self.sightings) {
            place_of.entry((seen.room, seen.content)).or_insert(seen.number);
            taken.insert((seen.room, seen.number), ());
        }
        let mut before: Option<Sighting> = None;
        for &seen in self.sightings.iter().filter(|seen| seen.source != Source::Final) {
            // Many readers see the same; the same loss is told once.
            let same = |other: Sighting| Sighting { door: seen.door, ..other } == seen;
            if before.replace(seen).is_some_and(same) {
                continue;
            }
            let content = (seen.room, seen.content);
            let known = written.get(&content).copied();
            let sentence = |what: &str| {
                let (room, said) = (names.text(seen.room), shown(contents.text(seen.content)));
                format!("{said} was {what} #{} of room {room}", seen.number)
            };
            match (place_of.get(&content), seen.source, known) {
                (Some(_), _, _) if taken.contains_key(&(seen.room, seen.number)) => {}
                (Some(place), _, _) => {
                    let sentence = || format!("{} and is #{place} at the end", sentence("acknowledged or seen as"));
                    self.report.add(Anomaly::InconsistentOffset, sentence);
                }
                (None, Source::Ack, _) => {
                    self.report.add(Anomaly::LostWrite, || sentence("acknowledged as"));
                }
                (None, _, None) => self.report.add(Anomaly::NeverWritten, || sentence("seen as")),
                (None, _, Some(Written { acked: true, .. })) => {
                    self.report.add(Anomaly::Phantom, || format!("{} and is gone", sentence("seen as")));
                }
                (None, _, Some(_)) => {
                    let sentence = || format!("{}, never acknowledged, and is gone", sentence("seen as"));
                    self.report.add(Anomaly::PrecommittedRead, sentence);
                }
            }
        }
    }

    /// Whoever was acknowledged before another was sent has the smaller number.
    fn judge_real_time(&mut self) {
        let (names, contents) = (&self.names, &self.contents);
        let mut by_ack: Vec<(Name, u64, u64, Name)> = Vec::new();
        let mut by_invoke: Vec<(Name, u64, u64, Name)> = Vec::new();
        for write in &self.writes {
            if let Some((acked_us, number)) = write.acked {
                by_ack.push((write.room, acked_us, number, write.content));
                by_invoke.push((write.room, write.invoked_us, number, write.content));
            }
        }
        by_ack.sort_unstable();
        by_invoke.sort_unstable();
        let mut acks = by_ack.into_iter().peekable();
        let mut largest: Option<(Name, u64, Name)> = None;
        for (room, invoked_us, number, content) in by_invoke {
            while let Some(ack) = acks.next_if(|&(other, acked_us, ..)| (other, acked_us) < (room, invoked_us)) {
                let candidate = (ack.0, ack.2, ack.3);
                if largest.is_none_or(|(other, number, _)| (other, number) < (candidate.0, candidate.1)) {
                    largest = Some(candidate);
                }
            }
            if let Some((_, earlier, first)) = largest.filter(|&(other, earlier, _)| other == room && earlier > number)
            {
                self.report.add(Anomaly::RealTimeInversion, || {
                    format!(
                        "in room {} {} was acknowledged as #{earlier} before {} was sent, which became #{number}",
                        names.text(room),
                        shown(contents.text(first)),
                        shown(contents.text(content)),
                    )
                });
            }
        }
    }
}

/// The last reading in order of room and number; true where the number came before.
fn finals(sightings: &[Sighting]) -> impl Iterator<Item = (Sighting, bool)> {
    let mut last = None;
    sightings.iter().filter(|seen| seen.source == Source::Final).map(move |&seen| {
        let place = Some((seen.room, seen.number));
        (seen, std::mem::replace(&mut last, place) == place)
    })
}

fn shown(content: &str) -> String {
    let (author, text) = content.split_once('\n').unwrap_or(("", content));
    let start: String = text.chars().take(SHOWN_CHARACTERS).collect();
    let rest = if start.len() < text.len() { "..." } else { "" };
    format!("{start:?}{rest} by {author:?}")
}

/// Texts as small numbers, so that a record is a few words and comparing is cheap.
#[derive(Debug, Default)]
struct Names {
    numbers: HashMap<String, Name>,
    texts: Vec<String>,
}

impl Names {
    fn of(&mut self, text: &str) -> Name {
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let number = Name::try_from(self.texts.len()).expect("memory ends long before 2^32 texts");
        self.numbers.insert(text.to_owned(), number);
        self.texts.push(text.to_owned());
        number
    }

    fn text(&self, number: Name) -> &str {
        &self.texts[number as usize]
    }
}
