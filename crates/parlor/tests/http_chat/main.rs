//! The HTTP chat door as clients meet it: the real binary, over real sockets, sentence by sentence of protocols/http-chat.md.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../support/mod.rs"]
mod support;

mod abuse;
mod addresses;
mod amended;
mod chat_page;
mod corpus;
mod creating;
mod cross_site;
mod errors;
mod floods;
mod framing;
mod full_disk;
mod hanging;
mod headers;
mod here;
mod index;
mod log_lines;
mod messages;
mod names;
mod pages;
mod people;
mod presence;
mod question;
mod repeats;
mod restarts;
mod sending;
mod stopping;
mod text_rule;
