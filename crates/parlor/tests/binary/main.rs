//! The program as people meet it: the real binary, its words, its exit codes.

mod command_line;
mod configuration;
mod daemon;
mod program;
mod serving;
mod talking;
