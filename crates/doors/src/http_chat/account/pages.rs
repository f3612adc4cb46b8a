//! The pages of accounts: plain data in, escaped text out (see `http_chat::pages`).

use askama::Template;
use parlor_core::Refusal;

use crate::http::sentence as full_sentence;
use crate::http_chat::pages::{Moment, You};

/// What was not taken of a form: at most one thing, as core stops at the first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Problems {
    found: Option<(&'static str, String)>,
}

impl Problems {
    /// This is wrong with a field; an empty name: with all of them.
    pub(crate) fn one(field: &'static str, sentence: impl Into<String>) -> Problems {
        Problems { found: Some((field, sentence.into())) }
    }

    /// Core's refusal, of a field.
    pub(crate) fn refused(field: &'static str, refusal: &Refusal) -> Problems {
        Problems::one(field, sentence(refusal))
    }

    pub(crate) fn of(&self, field: &str) -> Option<&str> {
        self.found.as_ref().filter(|(of, _)| *of == field).map(|(_, sentence)| sentence.as_str())
    }

    /// The same of a page that may lack a field: what is wrong with that stands above all then, and is not lost.
    pub(crate) fn above_without(mut self, field: &'static str, is_there: bool) -> Problems {
        if let Some((of, _)) = self.found.as_mut().filter(|(of, _)| *of == field && !is_there) {
            *of = "";
        }
        self
    }

    /// Whether the page opens at this field: the one that is wrong, else the first of a page that is one form.
    pub(crate) fn opens_at(&self, field: &str, is_first: &bool) -> bool {
        match &self.found {
            Some((wrong, _)) if !wrong.is_empty() => *wrong == field,
            _ => *is_first,
        }
    }
}

/// A refusal as a sentence of a page.
pub(crate) fn sentence(refusal: &Refusal) -> String {
    full_sentence(&refusal.to_string())
}

/// `GET /login`.
#[derive(Debug, Template)]
#[template(path = "http_chat/account/log_in.html")]
pub(crate) struct LogInPage<'a> {
    /// Where to go on.
    pub(crate) next: &'a str,
    /// The name that was typed.
    pub(crate) name: &'a str,
    /// Whether accounts may do without a password.
    pub(crate) passwordless: bool,
    /// What was not taken.
    pub(crate) problems: Problems,
    /// The limit on a handle.
    pub(crate) handle_chars_max: usize,
    /// The limit on a password.
    pub(crate) password_bytes_max: usize,
}

/// `GET /register` and `GET /setup/TOKEN`.
#[derive(Debug, Template)]
#[template(path = "http_chat/account/register.html")]
pub(crate) struct RegisterPage<'a> {
    /// Where the form goes: `/register`, or the operator's own address.
    pub(crate) action: &'a str,
    /// Where to go on.
    pub(crate) next: &'a str,
    /// The handle that was typed.
    pub(crate) name: &'a str,
    /// The display name that was typed.
    pub(crate) display: &'a str,
    /// Whether accounts may do without a password.
    pub(crate) passwordless: bool,
    /// What was not taken.
    pub(crate) problems: Problems,
    /// The limit on a handle.
    pub(crate) handle_chars_max: usize,
    /// The limit on a display name.
    pub(crate) display_chars_max: usize,
    /// The limit on a password.
    pub(crate) password_bytes_max: usize,
}

impl RegisterPage<'_> {
    fn is_setup(&self) -> bool {
        self.action != "/register"
    }
}

/// `GET /account/claim`: whose are the words of the guest who wrote here before?
#[derive(Debug, Template)]
#[template(path = "http_chat/account/claim.html")]
pub(crate) struct ClaimPage<'a> {
    /// The guest's name, without `~`.
    pub(crate) guest: &'a str,
    /// The account's.
    pub(crate) name: &'a str,
    /// Where to go on.
    pub(crate) next: &'a str,
}

/// `GET /account`.
#[derive(Debug, Template)]
#[template(path = "http_chat/account/settings.html")]
pub(crate) struct SettingsPage<'a> {
    /// Who looks.
    pub(crate) you: Option<You>,
    /// The name to log in with.
    pub(crate) handle: &'a str,
    /// The name that people see, or what was typed for it.
    pub(crate) display: &'a str,
    /// Whether there is a password.
    pub(crate) has_password: bool,
    /// Whether this account may run the server.
    pub(crate) operator: bool,
    /// Log-ins, newest use first.
    pub(crate) sessions: Vec<LogInRow>,
    /// The name of a guest who wrote here from the same browser, without `~`.
    pub(crate) guest: Option<&'a str>,
    /// What was just done.
    pub(crate) done: Option<&'static str>,
    /// What was not taken.
    pub(crate) problems: Problems,
    /// The limit on a display name.
    pub(crate) display_chars_max: usize,
    /// The limit on a password.
    pub(crate) password_bytes_max: usize,
}

/// A log-in of one's own.
#[derive(Debug)]
pub(crate) struct LogInRow {
    /// What ends it.
    pub(crate) id: String,
    /// What it is called.
    pub(crate) label: String,
    /// When it was last used.
    pub(crate) used: Moment,
    /// Whether it is this one.
    pub(crate) here: bool,
    /// Whether something is connected by it now.
    pub(crate) connected: bool,
}
