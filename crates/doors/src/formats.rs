//! Which door's encoding lies in which cell of a slot: one table, so that no two doors share one by mistake.

use parlor_core::slot::Format;

/// `AUTHOR: TEXT` (http-chat).
pub(crate) const LINE: Format = Format::new(0);
/// The value of `Chat-Author` (http-chat).
pub(crate) const AUTHOR: Format = Format::new(1);
/// The value of `Chat-Time` (http-chat).
pub(crate) const TIME: Format = Format::new(2);
/// The event as JSON (all doors that speak JSON).
pub(crate) const JSON: Format = Format::new(3);
/// The event as an update of a terminal's screen (term).
pub(crate) const TERM: Format = Format::new(4);
/// The frame of a message, with lengths in UTF-16 units (wscmd).
pub(crate) const WSCMD_UTF16: Format = Format::new(5);
/// The frame of a message, with lengths in bytes (wscmd).
pub(crate) const WSCMD_UTF8: Format = Format::new(6);
/// The event as a pushed message (chat1).
pub(crate) const CHAT1: Format = Format::new(7);
