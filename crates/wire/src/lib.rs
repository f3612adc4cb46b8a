//! The grammars that parlor's doors speak, as functions from text to values and back.
//!
//! Server, command line client, tests and fuzz targets share them, so what one side writes is by
//! construction what the other side reads.
//!
//! | module | grammar | source |
//! |---|---|---|
//! | [`chat1`] | requests, answers and pushes of CHAT/1.0 | protocols/chat1.md |
//! | [`chaton`] | answers, forms, archive lines and anchors of the room pages | protocols/chaton.md |
//! | [`http_chat`] | numbers, keys, header values, event objects and form bodies of the HTTP chat door | protocols/http-chat.md |
//! | [`sexpr`] | S-expressions as data | protocols/chaton.md, R7RS |
//! | [`term`] | strings with their length of the terminal door, and text that a terminal may print | protocols/term.md |
//! | [`websocket`] | handshake, frames and messages of WebSocket | RFC 6455 |
//! | [`wscmd`] | WebSocket text commands and what the server sends | protocols/wscmd.md |
//!
//! Invariants: input of any kind gives a value or a typed error, never a panic; what a function
//! here encodes, its counterpart decodes to the same value; invalid UTF-8 is an error, never
//! replaced.
//!
//! Absent on purpose: sockets, clocks, files, HTTP itself (hyper and ureq do that), limits that
//! an operator sets, and every type of the domain. A rule about rooms or people belongs to core.

#![forbid(unsafe_code)]

pub mod chat1;
pub mod chaton;
mod grow;
pub mod http_chat;
pub mod sexpr;
pub mod term;
pub mod websocket;
pub mod wscmd;
