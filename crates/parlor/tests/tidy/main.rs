//! The house rules that a machine can check. Each check is one function; its message says what to do.

mod crates;
mod documents;
mod names;
mod sources;
mod tree;
