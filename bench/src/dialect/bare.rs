//! The bare loop of [`crate::bare`], which sends on what it is given; so it is given what parlor's door would send.

use anyhow::{Result, ensure};

use super::{Dialect, Session, Stage};
use crate::bare::GREETING;
use crate::crowd::Ear;

/// What a door sends around the text of a post, headers of frames included.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Wrapping {
    pub(crate) before: Vec<u8>,
    pub(crate) after: Vec<u8>,
}

/// Hears like `D`.
pub(crate) struct Bare<D> {
    pub(crate) heard_like: D,
    pub(crate) wrapping: Wrapping,
}

impl<D: Dialect> Dialect for Bare<D> {
    fn hear(&mut self, session: &mut Session, bytes: &[u8], out: &mut Vec<u8>, ear: &mut Ear<'_>) -> Result<usize> {
        let mut greeting = 0;
        if session.stage != Stage::Joined {
            ensure!(bytes.first() == Some(&GREETING), "the bare loop did not greet");
            session.stage = Stage::Joined;
            greeting = 1;
        }
        Ok(greeting + self.heard_like.hear(session, &bytes[greeting..], out, ear)?)
    }

    fn post(&mut self, _session: &Session, text: &[u8], out: &mut Vec<u8>) {
        let Wrapping { before, after } = &self.wrapping;
        let length = (before.len() + text.len() + after.len()) as u32;
        out.extend_from_slice(&length.to_be_bytes());
        for part in [before, text, after] {
            out.extend_from_slice(part);
        }
    }
}
