//! The handles of those who say something: an event has the name as people see it, this door names who can be written to.

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use parlor_core::event::{Author, Event};
use parlor_core::ids::AccountId;
use parlor_core::slot::Slot;
use parlor_core::{Chat, Error, Refusal};

use super::limits::KNOWN_HANDLES;
use crate::live::Preparing;

/// A handle never changes, so what was looked up once is remembered; `None`: the account is no more.
type Known = LruCache<AccountId, Option<Arc<str>>>;

/// The handles that were needed lately.
pub(super) struct Names {
    chat: Arc<Chat>,
    // Held for look-ups in memory only.
    known: Mutex<Known>,
}

/// Who said something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Speaker<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) is_guest: bool,
}

impl Names {
    pub(super) fn new(chat: Arc<Chat>) -> Names {
        let bound = NonZeroUsize::new(KNOWN_HANDLES).expect("the bound is not 0");
        Names { chat, known: Mutex::new(LruCache::new(bound)) }
    }

    /// Looks up whoever is not known yet; `None`: all are.
    pub(super) fn prepare(&self, slots: &[Arc<Slot>]) -> Option<Preparing<'_>> {
        let mut unknown: Vec<AccountId> = {
            let mut known = self.lock();
            // `get`, so that what is needed now is not what is forgotten first.
            slots.iter().filter_map(|slot| account(slot.event())).filter(|id| known.get(id).is_none()).collect()
        };
        if unknown.is_empty() {
            return None;
        }
        unknown.sort_unstable();
        unknown.dedup();
        Some(Box::pin(self.look_up(unknown)))
    }

    /// Who said something; prepared before.
    pub(super) fn speaker<'a>(&self, event: &'a Event) -> Speaker<'a> {
        let handle = account(event).and_then(|id| self.lock().get(&id).cloned().flatten());
        let name = handle.map_or(Cow::Borrowed(event.name.as_str()), |handle| Cow::Owned(String::from(&*handle)));
        Speaker { name, is_guest: event.author.is_guest() }
    }

    pub(super) fn chat(&self) -> &Chat {
        &self.chat
    }

    async fn look_up(&self, accounts: Vec<AccountId>) -> Result<(), Error> {
        for id in accounts {
            let handle = match self.chat.identity_of(Author::Account(id)).await {
                Ok(identity) => identity.handle.map(|handle| Arc::from(handle.as_str())),
                Err(Error::Refused(Refusal::NoSuchPerson)) => None,
                Err(error) => return Err(error),
            };
            self.lock().put(id, handle);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn account(event: &Event) -> Option<AccountId> {
    match event.author {
        Author::Account(id) => Some(id),
        Author::Guest(_) | Author::System => None,
    }
}
