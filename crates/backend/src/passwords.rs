//! Passwords as Argon2id hashes in PHC form (RFC 9106), worked out on threads of their own, a few at a time.

use std::io;
use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{self, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use async_trait::async_trait;
use parlor_core::ports::{Entropy, Passwords};
use parlor_core::{Error, Fault, Refusal};
use tokio::sync::Semaphore;

use crate::limits;
use crate::threads::{Jobs, Lost, Turn, Worker};

/// Bytes of salt, as RFC 9106 recommends.
const SALT_BYTES: usize = 16;

/// Bytes of a hash: the crate's own default, named because a verification without a hash needs it.
const HASH_BYTES: usize = Params::DEFAULT_OUTPUT_LEN;

/// Hashes passwords. Each takes one thread for about 20 ms and 19 MiB, so there are few threads, and a short queue.
pub struct Argon2Passwords {
    jobs: Arc<Jobs<Hasher>>,
    /// One for each thread and each that may wait. Held by the job, not by the asker: one who goes away leaves his job behind.
    places: Arc<Semaphore>,
    entropy: Arc<dyn Entropy>,
}

impl Argon2Passwords {
    /// With one thread less than there are cores, at least one; salts come from `entropy`.
    ///
    /// # Errors
    /// The threads cannot be made.
    pub fn new(cores: usize, entropy: Arc<dyn Entropy>) -> io::Result<Argon2Passwords> {
        let threads = cores.saturating_sub(1).max(1);
        let jobs = Jobs::new();
        let passwords = Argon2Passwords {
            jobs: jobs.clone(),
            places: Arc::new(Semaphore::new(threads + limits::WAITING_PASSWORDS)),
            entropy,
        };
        for _ in 0..threads {
            // Nobody waits for their end: they hold nothing that could be lost.
            drop(jobs.start("passwords", Hasher::new())?);
        }
        Ok(passwords)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> Result<T, password_hash::Error> + Send + 'static,
    ) -> Result<Result<T, password_hash::Error>, Error> {
        let retry_after = std::time::Duration::from_millis(limits::PASSWORDS_RETRY_MS);
        let place = self.places.clone().try_acquire_owned().map_err(|_| Refusal::TooFast { retry_after })?;
        let asker = Arc::new(());
        let asked = Arc::downgrade(&asker);
        let job = move |hasher: &mut Hasher| {
            let _place = place;
            // Who went away while he waited needs no answer.
            (asked.strong_count() > 0).then(|| work(hasher.at_work()))
        };
        let done = self.jobs.run(Turn::Urgent, job).await;
        drop(asker);
        match done {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) | Err(Lost::Panicked) => Err(Fault::Internal("a password was not hashed".to_owned()).into()),
            Err(Lost::Closed) => Err(Fault::Unavailable("passwords are not hashed any more".to_owned()).into()),
        }
    }

    fn salt(&self) -> [u8; SALT_BYTES] {
        let mut salt = [0; SALT_BYTES];
        self.entropy.fill(&mut salt);
        salt
    }
}

impl Drop for Argon2Passwords {
    fn drop(&mut self) {
        self.jobs.close();
    }
}

#[async_trait]
impl Passwords for Argon2Passwords {
    async fn hash(&self, password: &str) -> Result<String, Error> {
        let (password, salt) = (password.to_owned(), self.salt());
        let hashed = self.run(move |argon2| {
            let hash: PasswordHash = argon2.hash_password_with_salt(password.as_bytes(), &salt)?;
            Ok(hash.to_string())
        });
        hashed.await?.map_err(|error| Fault::Internal(format!("a password was not hashed: {error}")).into())
    }

    async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, Error> {
        let (password, salt) = (password.to_owned(), self.salt());
        let verified = match hash.map(str::to_owned) {
            Some(hash) => self.run(move |argon2| argon2.verify_password(password.as_bytes(), hash.as_str())).await?,
            None => {
                let work = move |argon2: &Argon2<'_>| {
                    let mut nobodys = [0; HASH_BYTES];
                    argon2.hash_password_into(password.as_bytes(), &salt, &mut nobodys)?;
                    Err(password_hash::Error::PasswordInvalid)
                };
                self.run(work).await?
            }
        };
        match verified {
            Ok(()) => Ok(true),
            Err(password_hash::Error::PasswordInvalid) => Ok(false),
            // No word of the hash itself: it would end in a log.
            Err(error) => Err(Fault::Corrupt(format!("a password's hash is none: {error}")).into()),
        }
    }
}

/// What a thread works with.
struct Hasher {
    argon2: Argon2<'static>,
    begun: bool,
}

impl Hasher {
    fn new() -> Hasher {
        let (memory, passes, lanes) = (limits::HASH_MEMORY_KIB, limits::HASH_PASSES, limits::HASH_LANES);
        let params = Params::new(memory, passes, lanes, Some(HASH_BYTES)).expect("19 MiB, 2 and 1 are in the ranges");
        Hasher { argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params), begun: false }
    }

    /// On the thread that works.
    fn at_work(&mut self) -> &Argon2<'static> {
        if !self.begun {
            self.begun = true;
            // Elsewhere it would slow the whole process down, not this thread.
            #[cfg(target_os = "linux")]
            if let Err(error) = rustix::process::setpriority_process(None, limits::HASH_NICENESS) {
                tracing::warn!(%error, "hashing of passwords could not be made less urgent than posts");
            }
        }
        &self.argon2
    }
}

impl Worker for Hasher {
    fn recover(&mut self) {}

    fn finish(self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Poll;

    /// Salts that differ.
    #[derive(Default)]
    struct Counting(std::sync::atomic::AtomicU64);

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            let number = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_le_bytes();
            bytes.iter_mut().zip(number.iter().cycle()).for_each(|(byte, value)| *byte = *value);
        }
    }

    fn passwords(cores: usize) -> Argon2Passwords {
        Argon2Passwords::new(cores, Arc::new(Counting::default())).unwrap()
    }

    #[tokio::test]
    async fn a_hash_is_a_phc_string_of_argon2id_with_its_own_salt() {
        let passwords = passwords(1);
        let (one, two) = (passwords.hash("tea").await.unwrap(), passwords.hash("tea").await.unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, two);
        for hash in [&one, &two] {
            assert_eq!(passwords.verify("tea", Some(hash)).await, Ok(true));
            assert_eq!(passwords.verify("Tea", Some(hash)).await, Ok(false));
        }
        assert_eq!(passwords.verify("tea", None).await, Ok(false));
    }

    /// A value from another implementation: `argon2 "somesalt" -id -t 2 -m 16 -p 1` of the reference one (its test.c), so that
    /// hashes can move between programs.
    #[tokio::test]
    async fn it_knows_the_hashes_of_the_reference_implementation() {
        let hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        let passwords = passwords(1);
        assert_eq!(passwords.verify("password", Some(hash)).await, Ok(true));
        assert_eq!(passwords.verify("differentpassword", Some(hash)).await, Ok(false));
    }

    #[tokio::test]
    async fn what_is_no_hash_is_a_fault_that_does_not_repeat_it() {
        let passwords = passwords(1);
        for hash in [
            "",
            "secret",
            "$argon2id$v=19$m=19456,t=2,p=1$short",
            "$md5$abc",
            "$argon2id$v=19$m=1,t=0,p=9$c2FsdHNhbHQ$aGFzaA",
        ] {
            let answer = passwords.verify("tea", Some(hash)).await;
            let Err(Error::Failed(Fault::Corrupt(sentence))) = &answer else { panic!("{hash}: {answer:?}") };
            assert!(hash.is_empty() || !sentence.contains(hash), "{sentence}");
        }
    }

    #[tokio::test]
    async fn beyond_the_queue_it_refuses_even_when_those_before_went_away() {
        let passwords = passwords(2);
        let (open, gate) = std::sync::mpsc::channel::<()>();
        // The only thread is busy until the gate opens.
        let mut busy = Box::pin(passwords.run(move |_| Ok(gate.recv().is_ok())));
        let mut askers: Vec<_> =
            (0..limits::WAITING_PASSWORDS).map(|_| Box::pin(passwords.verify("tea", None))).collect();
        let answers = std::future::poll_fn(|context| {
            let busy = busy.as_mut().poll(context).is_ready();
            let ready = askers.iter_mut().filter_map(|asker| asker.as_mut().poll(context).is_ready().then_some(()));
            Poll::Ready(ready.count() + usize::from(busy))
        });
        assert_eq!(answers.await, 0);
        for _ in 0..2 {
            let answer = passwords.verify("tea", None).await;
            assert!(matches!(answer, Err(Error::Refused(Refusal::TooFast { .. }))), "{answer:?}");
            // Whoever went away had a place, which stays taken until the thread comes to it: else going away would be a way
            // around the bound.
            askers.clear();
        }
        open.send(()).unwrap();
        assert_eq!(busy.await, Ok(Ok(true)));
        let places = passwords.places.acquire_many(1 + limits::WAITING_PASSWORDS as u32).await.unwrap();
        drop(places);
        assert_eq!(passwords.verify("tea", None).await, Ok(false));
    }

    #[tokio::test]
    async fn what_an_asker_who_went_away_wanted_is_not_worked_out() {
        let passwords = passwords(1);
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let mut busy = Box::pin(passwords.run(move |_| Ok(gate.recv().is_ok())));
        let worked = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let note = worked.clone();
        let mut gone = Box::pin(passwords.run(move |_| {
            note.store(true, std::sync::atomic::Ordering::Relaxed);
            Ok(())
        }));
        let polled = std::future::poll_fn(|context| {
            Poll::Ready(busy.as_mut().poll(context).is_ready() || gone.as_mut().poll(context).is_ready())
        });
        assert!(!polled.await);
        drop(gone);
        open.send(()).unwrap();
        assert_eq!(busy.await, Ok(Ok(true)));
        assert_eq!(passwords.verify("tea", None).await, Ok(false), "it came after the one that went away");
        assert!(!worked.load(std::sync::atomic::Ordering::Relaxed));
    }
}
