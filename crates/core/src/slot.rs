//! An event with what every format made of it, made once and shared by all readers.

use std::sync::OnceLock;

use bytes::Bytes;

use crate::event::{Body, Event};
use crate::ids::ConnectionId;
use crate::limits;

/// Which cell of a slot a door's encoding lies in. Doors number theirs in one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format(usize);

impl Format {
    /// Names a cell, below [`limits::FORMATS`]; another index does not compile in a `const`.
    #[must_use]
    pub const fn new(index: usize) -> Format {
        assert!(index < limits::FORMATS, "raise limits::FORMATS for one more format");
        Format(index)
    }
}

/// By which connection of this node something came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The connection.
    pub connection: ConnectionId,
    /// That client's own number for it (wscmd: messageid), or 0.
    pub tag: u64,
    /// The door's name.
    pub door: &'static str,
}

/// An event plus one cell per format, each filled on first need.
#[derive(Debug)]
pub struct Slot {
    event: Event,
    source: Option<Source>,
    cells: [OnceLock<Option<Bytes>>; limits::FORMATS],
}

impl Slot {
    /// Wraps an event; nothing is encoded yet.
    #[must_use]
    pub fn new(event: Event) -> Slot {
        Slot { event, source: None, cells: Default::default() }
    }

    /// Wraps an event that came in at this node.
    #[must_use]
    pub fn from_here(event: Event, source: Option<Source>) -> Slot {
        Slot { source, ..Slot::new(event) }
    }

    /// By which connection it came in; `None` for one of another node, or read back from the store.
    #[must_use]
    pub fn source(&self) -> Option<Source> {
        self.source
    }

    /// The event.
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// The event in a format, encoded by `render` if nobody asked before; `None`: this format has no word for it.
    /// The bytes go to every reader, so `render` must not know who asks.
    pub fn encoded(&self, format: Format, render: impl FnOnce(&Event) -> Option<Bytes>) -> Option<&Bytes> {
        self.cells[format.0].get_or_init(|| render(&self.event)).as_ref()
    }

    /// An estimate of the memory it takes once two formats are encoded, in bytes: what the cache is bounded by.
    #[must_use]
    pub fn weight(&self) -> usize {
        let text = match &self.event.body {
            Body::Message { text, .. } | Body::Edit { text, .. } => text.as_str().len(),
            _ => 0,
        };
        size_of::<Slot>() + 3 * (text + self.event.name.as_str().len()) + 64
    }
}
