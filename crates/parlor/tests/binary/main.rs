//! The program as people meet it: the real binary, its words, its exit codes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod chatting;
mod command_line;
mod configuration;
mod connecting;
mod daemon;
mod operating;
mod program;
mod selftest;
mod serving;
mod talking;
