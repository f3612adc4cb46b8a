//! What is typed: where it comes from, and what becomes of it.

use super::super::lines::Typed;
use super::ask::{Ask, Secrets};
use super::editor::Editor;
use super::phrase::Phrase;
use super::source::{Said, Source};
use super::talk::Talk;
use super::{phrase, raw, told};
use crate::{ClientError, shown};

/// The longest line: a message and what a server lets stand around it.
const LINE_BYTES_MAX: usize = 64 * 1024;

impl Talk<'_, '_> {
    /// Where lines come from, once it is settled who we are.
    pub(super) fn open_source(&mut self) -> Result<(), ClientError> {
        if let Some((to, text)) = &self.args.send {
            self.ask(Ask::Say { to: to.clone(), text: text.clone() }, Secrets::default());
            self.left = Some((self.console.now)());
            return Ok(());
        }
        self.source = Source::pipe(self.console.input, LINE_BYTES_MAX);
        if self.console.is_terminal {
            let editor = Editor::start(LINE_BYTES_MAX, self.args.raw, &self.target, self.lent.spawn)?;
            if let Some(editor) = editor {
                self.source = Source::Editor(editor);
            }
            self.listens = !self.args.raw;
            let hello = match &self.session {
                Some((user, _)) => format!("you are {user}, and talk to {}; /help lists the commands", self.target),
                None => "you are nobody yet: /register NAME or /login NAME; /help lists the commands".to_owned(),
            };
            self.tell(&shown::line(&hello))?;
        }
        Ok(())
    }

    pub(super) fn read(&mut self) -> Result<(), ClientError> {
        for Said { typed, secrets } in self.source.read()? {
            match typed {
                Typed::Line(line) => self.line(&line, secrets)?,
                Typed::Unfit(sentence) => self.refuse(sentence)?,
                Typed::Leave => self.left = self.left.or(Some((self.console.now)())),
            }
            if let Source::Editor(editor) = &self.source
                && self.left.is_none()
            {
                editor.go_on();
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &str, mut secrets: Secrets) -> Result<(), ClientError> {
        if self.args.raw {
            match raw::request(line) {
                _ if line.trim().is_empty() => {}
                Ok(request) => self.ask(Ask::Raw(request), secrets),
                Err(sentence) => self.refuse(sentence)?,
            }
            return Ok(());
        }
        match phrase::read(line, &self.target) {
            Ok(Phrase::Nothing) => {}
            Ok(Phrase::Help) => self.show(phrase::help())?,
            Ok(Phrase::Quit) => self.left = Some((self.console.now)()),
            Ok(Phrase::To(name)) => {
                if let Source::Editor(editor) = &self.source {
                    let shown = shown::line(&name);
                    editor.change(|around| around.target = shown);
                }
                self.target = name;
            }
            Ok(Phrase::Ask(ask)) => {
                if matches!(ask, Ask::Login { .. } | Ask::Register { .. }) && !self.is_person() {
                    secrets.password = self.args.password.clone();
                }
                self.ask(ask, secrets);
            }
            Err(sentence) => self.refuse(sentence)?,
        }
        Ok(())
    }

    /// Names to complete from now on.
    pub(super) fn learn(&mut self, names: Vec<String>) {
        let Source::Editor(editor) = &self.source else { return };
        editor.change(|around| {
            for name in names {
                if around.names.len() < told::NAMES_MAX && name.bytes().all(|byte| byte.is_ascii_graphic()) {
                    around.names.push(name);
                }
            }
            around.names.sort_unstable();
            around.names.dedup();
        });
    }
}
