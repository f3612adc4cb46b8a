//! Where lines come from: a pipe, or a person at a terminal.

use std::os::fd::{AsFd, BorrowedFd};

use super::super::lines::{Lines, Typed};
use super::ask::Secrets;
use super::editor::Editor;
use crate::ClientError;

/// Bytes read from a pipe at once.
const READ_BYTES: usize = 16 * 1024;

/// Where lines come from.
pub(crate) enum Source<'a> {
    /// Nowhere: there is nothing to read, or it has ended.
    Nothing,
    /// Anything that is read.
    Pipe { input: BorrowedFd<'a>, lines: Lines },
    /// A person who types.
    Editor(Editor),
}

/// Something that was typed, with the passwords that were asked for.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) typed: Typed,
    pub(crate) secrets: Secrets,
}

impl<'a> Source<'a> {
    pub(crate) fn pipe(input: BorrowedFd<'a>, bytes_max: usize) -> Self {
        Source::Pipe { input, lines: Lines::new(bytes_max, true) }
    }

    /// What to wait for.
    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Source::Nothing => None,
            Source::Pipe { input, .. } => Some(*input),
            Source::Editor(editor) => Some(editor.descriptor()),
        }
    }

    /// What there is. The end of a pipe is a [`Typed::Leave`].
    pub(crate) fn read(&mut self) -> Result<Vec<Said>, ClientError> {
        let mut typed = Vec::new();
        match self {
            Source::Nothing => {}
            Source::Editor(editor) => return Ok(editor.read()),
            Source::Pipe { input, lines } => {
                let mut bytes = [0; READ_BYTES];
                match rustix::io::read(input.as_fd(), &mut bytes) {
                    Ok(0) => {
                        lines.end(&mut typed);
                        typed.push(Typed::Leave);
                    }
                    Ok(read) => lines.feed(&bytes[..read], &mut typed),
                    Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
                    Err(error) => return Err(ClientError::Io(error.into())),
                }
            }
        }
        Ok(typed.into_iter().map(|typed| Said { typed, secrets: Secrets::default() }).collect())
    }
}
