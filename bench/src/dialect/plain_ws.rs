//! A WebSocket server that sends every message on to everybody.

use anyhow::Result;

use super::{Dialect, Session, Stage, websocket};
use crate::crowd::Ear;

pub(crate) struct PlainWs;

impl Dialect for PlainWs {
    fn hello(&mut self, _session: &mut Session, out: &mut Vec<u8>) {
        websocket::upgrade("/", "", out);
    }

    fn hear(&mut self, session: &mut Session, bytes: &[u8], out: &mut Vec<u8>, ear: &mut Ear<'_>) -> Result<usize> {
        let taken = websocket::hear(session, bytes, out, |_, message, _| {
            ear.text(message, |_| 1);
            Ok(())
        })?;
        if session.stage == Stage::Asked {
            session.stage = Stage::Joined;
        }
        Ok(taken)
    }

    fn post(&mut self, _session: &Session, text: &[u8], out: &mut Vec<u8>) {
        websocket::text(&[text], out);
    }
}
