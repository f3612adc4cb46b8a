//! Until somebody has a name.

use parlor_core::account::Account;
use parlor_core::connections::NameIs;
use parlor_core::{Error, Refusal};

use super::drawing;
use super::session::{Caller, Ending, Heard, too_long};

/// Wrong passwords after which the connection is closed (protocols: term).
const PASSWORD_TRIES: usize = 3;

impl Caller {
    /// Takes every string for a name, whatever it looks like, until one can be had.
    pub(super) async fn choose_name(&mut self) -> Result<(), Ending> {
        loop {
            let name = self.typed().await?;
            let taken = match self.connection.take_name(&name).await {
                Ok(NameIs::Yours) => return Ok(()),
                Ok(NameIs::Account(account)) if account.password.is_some() => return self.ask_password(&account).await,
                Ok(NameIs::Account(account)) => self.log_in(&account, None).await,
                Err(error) => Err(error),
            };
            match taken {
                Ok(()) => return Ok(()),
                Err(error) => {
                    let why = drawing::refusal(&self.door.chat, &error);
                    self.answer(&format!("{}; choose another name\n", why.trim_end()));
                }
            }
        }
    }

    async fn ask_password(&mut self, account: &Account) -> Result<(), Ending> {
        let handle = account.handle.as_str();
        self.answer(&format!("{handle} has an account here; its password, please\n"));
        let mut left = PASSWORD_TRIES;
        loop {
            let password = self.typed().await?;
            let Err(error) = self.log_in(account, Some(&password)).await else { return Ok(()) };
            left -= 1;
            let sentence = match error {
                Error::Refused(Refusal::BadLogin) if left == 0 => "that is not the password either\n".to_owned(),
                Error::Refused(Refusal::BadLogin) => "that is not the password; try again\n".to_owned(),
                // It may have been the right one: whoever tries too fast, for example, is not told.
                error => drawing::refusal(&self.door.chat, &error),
            };
            if left == 0 {
                return Err(Ending::Dismissed(format!("{}; goodbye\n", sentence.trim_end())));
            }
            self.answer(&sentence);
        }
    }

    async fn log_in(&self, account: &Account, password: Option<&str>) -> Result<(), Error> {
        let origin = self.connection.actor().origin;
        let account = self.door.chat.check_password(account.handle.as_str(), password, origin).await?;
        self.connection.log_in(&account).await
    }

    async fn typed(&mut self) -> Result<String, Ending> {
        loop {
            match self.string().await? {
                Heard::Text(text) => return Ok(text),
                Heard::NotUtf8 => self.answer("that was not UTF-8; type it again\n"),
                Heard::Leaving => return Err(Ending::Left),
                Heard::TooLong(length) => return Err(too_long(length)),
            }
        }
    }
}
