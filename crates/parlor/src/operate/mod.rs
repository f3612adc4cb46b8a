//! `parlor user` and `parlor room`: what whoever runs the server does to accounts and rooms.
//!
//! | module | what it is |
//! |---|---|
//! | [`arguments`] | the command line |
//! | [`order`] | what can be ordered and answered, as one line of JSON each |
//! | [`act`] | carries an order out, by the verbs of the chat and as its operator |
//! | [`socket`] | takes orders from other processes of this user while the server runs |
//! | [`reach`] | hands an order to the running server, or opens the store if none runs |
//! | [`tell`] | answers in words, or as JSON |
//!
//! Invariant: a running server and a stopped one carry out the same order by the same function.

mod act;
mod arguments;
mod order;
mod reach;
mod socket;
mod tell;

pub(crate) use arguments::{RoomCommand, UserCommand, room, user};
pub(crate) use socket::Operator;
