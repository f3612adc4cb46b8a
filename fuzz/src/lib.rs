//! Fuzz targets: for each, one function from bytes to nothing that panics where parlor is wrong.
//!
//! The same function runs in two places. `make fuzz` gives it to cargo-fuzz for minutes;
//! `tests/replay.rs`, part of `make test`, gives it every committed seed and some thousand
//! mutations of them on the stable compiler.
//!
//! To add a target: a function here and its line in [`TARGETS`]; `fuzz_targets/NAME.rs` of five
//! lines; its `[[bin]]` in Cargo.toml; seeds in `seeds/NAME/`. The test fails where one of these
//! is missing. An input that once crashed becomes a seed.

mod chat1;
mod chaton;
mod core;
mod http;
mod http_chat;
mod term;
mod wscmd;

pub use chat1::{chat1_answers, chat1_requests};
pub use chaton::{chaton_answers, chaton_archive, chaton_multipart, sexpr};
pub use core::{names, search_tokens, text_rule};
pub use http::head_scan;
pub use http_chat::{event_json, ext_value, form_body, number_and_key};
pub use term::{term_strings, terminal_text};
pub use wscmd::{server_messages, text_commands, websocket};

/// One fuzz target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name of its binary and of its folder of seeds.
    pub name: &'static str,
    /// What it does with an input; it panics where an oracle disagrees.
    pub run: fn(&[u8]),
}

/// All targets there are.
pub const TARGETS: &[Target] = &[
    Target { name: "number_and_key", run: number_and_key },
    Target { name: "form_body", run: form_body },
    Target { name: "ext_value", run: ext_value },
    Target { name: "event_json", run: event_json },
    Target { name: "text_rule", run: text_rule },
    Target { name: "names", run: names },
    Target { name: "search_tokens", run: search_tokens },
    Target { name: "head_scan", run: head_scan },
    Target { name: "term_strings", run: term_strings },
    Target { name: "terminal_text", run: terminal_text },
    Target { name: "text_commands", run: text_commands },
    Target { name: "server_messages", run: server_messages },
    Target { name: "websocket", run: websocket },
    Target { name: "chat1_requests", run: chat1_requests },
    Target { name: "chat1_answers", run: chat1_answers },
    Target { name: "sexpr", run: sexpr },
    Target { name: "chaton_answers", run: chaton_answers },
    Target { name: "chaton_archive", run: chaton_archive },
    Target { name: "chaton_multipart", run: chaton_multipart },
];
