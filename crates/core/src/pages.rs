//! The one cache of log pages of a node: aligned pages of 64 slots, bounded in bytes, least recently used out first.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use crate::ids::{Number, RoomId, Seq};
use crate::limits::PAGE_SLOTS;
use crate::slot::Slot;

/// Filled by live appends and by catch-up alike. What it holds is always what the store holds; what it lacks is read again.
pub(crate) struct Pages {
    // Held for a look-up or an insertion only, never across a read of the store.
    inner: Mutex<Inner>,
    bytes_max: usize,
}

struct Inner {
    pages: LruCache<(RoomId, u64), Page>,
    bytes: usize,
}

/// Slots that follow each other without a gap, all of one aligned page; its beginning may be missing.
struct Page {
    start: Seq,
    slots: Vec<Arc<Slot>>,
    bytes: usize,
}

impl Page {
    /// The position behind its last slot.
    fn end(&self) -> Seq {
        Seq(self.start.0 + self.slots.len() as u64)
    }

    /// Both, as far as they follow each other; where both have a slot, the known one.
    fn joined(new: &[Arc<Slot>], known: &[Arc<Slot>]) -> Page {
        let seq = |slot: &Arc<Slot>| slot.event().seq;
        let before = new.partition_point(|slot| known.first().is_none_or(|first| seq(slot) < seq(first)));
        let behind = new.partition_point(|slot| known.last().is_none_or(|last| seq(slot) <= seq(last)));
        let all = new[..before].iter().chain(known).chain(&new[behind..]);
        let mut page = Page { start: Seq(0), slots: Vec::new(), bytes: 0 };
        for slot in all {
            if page.slots.is_empty() {
                page.start = seq(slot);
            }
            if seq(slot) == page.end() {
                page.bytes += slot.weight();
                page.slots.push(slot.clone());
            }
        }
        page
    }
}

/// The aligned page that a position lies in.
fn page_of(seq: Seq) -> u64 {
    (seq.0.max(1) - 1) / PAGE_SLOTS
}

/// The first position of the aligned page that a position lies in.
pub(crate) fn page_start(seq: Seq) -> Seq {
    Seq(page_of(seq) * PAGE_SLOTS + 1)
}

impl Pages {
    pub(crate) fn new(bytes_max: usize) -> Pages {
        Pages { inner: Mutex::new(Inner { pages: LruCache::unbounded(), bytes: 0 }), bytes_max }
    }

    /// The slots from `from` to the end of its page, at most `max`; `None` if `from` is not here.
    pub(crate) fn read(&self, room: RoomId, from: Seq, max: usize) -> Option<Vec<Arc<Slot>>> {
        let mut inner = self.lock();
        let page = inner.pages.get(&(room, page_of(from)))?;
        let skip = usize::try_from(from.0.checked_sub(page.start.0)?).ok()?;
        let slots: Vec<_> = page.slots.iter().skip(skip).take(max).cloned().collect();
        (!slots.is_empty()).then_some(slots)
    }

    /// The message with this number, if the page of `near` holds it.
    pub(crate) fn message(&self, room: RoomId, near: Seq, number: Number) -> Option<Arc<Slot>> {
        let mut inner = self.lock();
        let page = inner.pages.get(&(room, page_of(near)))?;
        // Numbers never fall along a log, and of those that carry one number only the first is the message.
        let at = page.slots.partition_point(|slot| slot.event().number < number);
        page.slots.get(at).filter(|slot| slot.event().number == number && slot.event().body.is_message()).cloned()
    }

    /// Takes slots of one room that follow each other and lie in one page. One that is here already stays: it may know where
    /// it came in, and has its encodings.
    pub(crate) fn insert(&self, room: RoomId, slots: &[Arc<Slot>]) {
        let Some(first) = slots.first() else { return };
        let mut inner = self.lock();
        let id = (room, page_of(first.event().seq));
        let known = inner.pages.pop(&id);
        inner.bytes -= known.as_ref().map_or(0, |page| page.bytes);
        // Of a page that ends before these begin nothing is kept: what is newer is asked for more often.
        let known = known.filter(|page| first.event().seq <= page.end()).map_or(Vec::new(), |page| page.slots);
        let page = Page::joined(slots, &known);
        inner.bytes += page.bytes;
        inner.pages.push(id, page);
        while inner.bytes > self.bytes_max && inner.pages.len() > 1 {
            if let Some((_, page)) = inner.pages.pop_lru() {
                inner.bytes -= page.bytes;
            }
        }
    }

    /// Forgets every page of a room that may hold the message `number` or an edit of it, because it was changed in place.
    pub(crate) fn forget(&self, room: RoomId, number: Number) {
        let mut inner = self.lock();
        let stale = |page: &Page| page.slots.last().is_some_and(|slot| slot.event().number >= number);
        let ids: Vec<_> =
            inner.pages.iter().filter(|(id, page)| id.0 == room && stale(page)).map(|(id, _)| *id).collect();
        for id in ids {
            if let Some(page) = inner.pages.pop(&id) {
                inner.bytes -= page.bytes;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic inside can't leave a wrong slot, at worst a wrong byte count.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Author, Body};
    use crate::ids::Timestamp;
    use crate::text::{DisplayName, Text};

    const ROOM: RoomId = RoomId(7);

    fn slots(range: std::ops::Range<u64>) -> Vec<Arc<Slot>> {
        range
            .map(|n| {
                let body = Body::message(Text::stored(format!("text {n}")), None);
                let name = DisplayName::stored("a".into());
                let event = crate::event::Event {
                    room: ROOM,
                    seq: Seq(n),
                    number: Number(n),
                    at: Timestamp(0),
                    author: Author::System,
                    name,
                    body,
                };
                Arc::new(Slot::new(event))
            })
            .collect()
    }

    fn seqs(slots: Option<Vec<Arc<Slot>>>) -> Vec<u64> {
        slots.unwrap_or_default().iter().map(|slot| slot.event().seq.0).collect()
    }

    #[test]
    fn a_page_ends_at_its_border() {
        let pages = Pages::new(1 << 20);
        pages.insert(ROOM, &slots(1..65));
        pages.insert(ROOM, &slots(65..70));
        assert_eq!(seqs(pages.read(ROOM, Seq(60), 100)), [60, 61, 62, 63, 64]);
        assert_eq!(seqs(pages.read(ROOM, Seq(65), 2)), [65, 66]);
        assert_eq!(seqs(pages.read(ROOM, Seq(70), 2)), [0; 0]);
        assert_eq!(pages.message(ROOM, Seq(3), Number(63)).unwrap().event().number, Number(63));
    }

    #[test]
    fn live_slots_continue_a_page_and_never_leave_a_hole() {
        let pages = Pages::new(1 << 20);
        pages.insert(ROOM, &slots(10..12));
        pages.insert(ROOM, &slots(11..14));
        assert_eq!(seqs(pages.read(ROOM, Seq(10), 100)), [10, 11, 12, 13]);
        assert_eq!(pages.read(ROOM, Seq(9), 1).map(|slots| slots.len()), None);
        pages.insert(ROOM, &slots(20..22));
        assert_eq!(seqs(pages.read(ROOM, Seq(13), 100)), [0; 0]);
        assert_eq!(seqs(pages.read(ROOM, Seq(20), 100)), [20, 21]);
        pages.insert(ROOM, &slots(1..22));
        assert_eq!(seqs(pages.read(ROOM, Seq(1), 3)), [1, 2, 3]);
    }

    #[test]
    fn bytes_are_bounded_and_an_amendment_forgets() {
        let pages = Pages::new(100 * slots(1..2)[0].weight());
        for page in 0..10 {
            pages.insert(ROOM, &slots(page * 64 + 1..page * 64 + 65));
        }
        let held = (0..10).filter(|page| pages.read(ROOM, Seq(page * 64 + 1), 1).is_some()).count();
        assert_eq!(held, 1);
        assert!(pages.read(ROOM, Seq(9 * 64 + 1), 1).is_some());
        pages.forget(ROOM, Number(700));
        assert!(pages.read(ROOM, Seq(9 * 64 + 1), 1).is_some());
        pages.forget(ROOM, Number(1));
        assert!(pages.read(ROOM, Seq(9 * 64 + 1), 1).is_none());
        assert_eq!(pages.lock().bytes, 0);
    }
}
