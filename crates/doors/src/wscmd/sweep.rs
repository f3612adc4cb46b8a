//! Finds connections that are dead: who has said nothing for a while is asked, and who does not answer is gone.
//! One task for all connections, so that each of them needs no timer; and each is looked at when it may be due, not before.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use parlor_core::limits::{WEBSOCKET_PING_SECONDS, WEBSOCKET_PONG_SECONDS};
use tokio::runtime::Handle;

use crate::live::Outlet;

/// A ping without content, the same for everybody.
const PING: &[u8] = &[0x89, 0];

/// Seconds that a look can be put off by at most, and one more: a look never goes where it comes from.
const SLOTS: usize = WEBSOCKET_PING_SECONDS as usize + 1;

/// All connections of the door, each in the slot of the second in which it is looked at next.
pub(super) struct Sweep {
    /// Seconds since the door was opened.
    now: AtomicU32,
    // Held for memory work only. A connection that ended stays in its slot until its time comes.
    slots: Mutex<[Vec<Look>; SLOTS]>,
}

/// A connection that is looked at.
struct Look {
    outlet: Weak<Outlet>,
    /// When it was asked; `None`: it was not.
    asked: Option<u32>,
}

impl Sweep {
    /// Sweeps until the door is gone.
    pub(super) fn start(tasks: &Handle) -> Arc<Sweep> {
        let sweep = Arc::new(Sweep::new());
        tasks.spawn(run(Arc::downgrade(&sweep)));
        sweep
    }

    fn new() -> Sweep {
        Sweep { now: AtomicU32::new(0), slots: Mutex::new(std::array::from_fn(|_| Vec::new())) }
    }

    /// Looks after a connection from now on.
    pub(super) fn watch(&self, outlet: &Arc<Outlet>) {
        self.heard(outlet);
        self.put_off([(WEBSOCKET_PING_SECONDS, Look { outlet: Arc::downgrade(outlet), asked: None })]);
    }

    /// Something came from it.
    pub(super) fn heard(&self, outlet: &Outlet) {
        outlet.note_heard(self.now.load(Ordering::Relaxed));
    }

    fn second_passed(&self) {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        let due = std::mem::take(&mut self.lock()[now as usize % SLOTS]);
        let next: Vec<(u32, Look)> = due.into_iter().filter_map(|look| look.look(now)).collect();
        self.put_off(next);
    }

    fn put_off(&self, looks: impl IntoIterator<Item = (u32, Look)>) {
        let mut slots = self.lock();
        let now = self.now.load(Ordering::Relaxed);
        for (seconds, look) in looks {
            slots[(now + seconds) as usize % SLOTS].push(look);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, [Vec<Look>; SLOTS]> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Look {
    /// Looks, and answers in how many seconds to look again; `None`: never.
    fn look(self, now: u32) -> Option<(u32, Look)> {
        let outlet = self.outlet.upgrade()?;
        // Who is behind reads nothing, so that its pongs are not read either; how long that may last is not this one's matter.
        if !outlet.is_flushed() {
            outlet.note_heard(now);
        }
        let silent = now.wrapping_sub(outlet.last_heard());
        match self.asked {
            Some(asked) if silent > now.wrapping_sub(asked) => {
                // Nobody is there to be told.
                outlet.close();
                None
            }
            None if silent >= WEBSOCKET_PING_SECONDS => {
                outlet.say(Bytes::from_static(PING));
                Some((WEBSOCKET_PONG_SECONDS, Look { asked: Some(now), ..self }))
            }
            _ => Some((WEBSOCKET_PING_SECONDS.saturating_sub(silent).max(1), Look { asked: None, ..self })),
        }
    }
}

async fn run(sweep: Weak<Sweep>) {
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        seconds.tick().await;
        let Some(sweep) = sweep.upgrade() else { return };
        sweep.second_passed();
    }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read};
    use std::net::{TcpListener, TcpStream};

    use parlor_core::ids::ConnectionId;
    use parlor_core::{Actor, Who};

    use super::*;

    /// A connection under a sweep whose seconds pass by hand.
    struct Watched {
        sweep: Sweep,
        outlet: Arc<Outlet>,
        client: TcpStream,
    }

    impl Watched {
        async fn begin() -> Watched {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            client.set_nonblocking(true).unwrap();
            let (socket, _) = listener.accept().unwrap();
            socket.set_nonblocking(true).unwrap();
            let stream = tokio::net::TcpStream::from_std(socket).unwrap();
            stream.writable().await.unwrap();
            let outlet = Outlet::new(stream, ConnectionId(1), Actor { who: Who::Stranger, origin: None });
            let sweep = Sweep::new();
            sweep.watch(&outlet);
            Watched { sweep, outlet, client }
        }

        fn pass(&self, seconds: u32) {
            (0..seconds).for_each(|_| self.sweep.second_passed());
        }

        /// What came: nothing, pings, or the end (`None`). The kernel of one machine hands it over before a write returns.
        fn came(&mut self) -> Option<Vec<u8>> {
            let mut bytes = [0; 64];
            match self.client.read(&mut bytes) {
                Ok(0) => None,
                Ok(count) => Some(bytes[..count].to_vec()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => Some(Vec::new()),
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[tokio::test]
    async fn who_is_silent_is_asked_once_and_is_gone_without_an_answer() {
        let mut watched = Watched::begin().await;
        watched.pass(WEBSOCKET_PING_SECONDS - 1);
        assert_eq!(watched.came(), Some(vec![]));
        watched.pass(1);
        assert_eq!(watched.came(), Some(PING.to_vec()));
        watched.pass(WEBSOCKET_PONG_SECONDS - 1);
        assert_eq!(watched.came(), Some(vec![]));
        watched.pass(1);
        assert_eq!(watched.came(), None);
    }

    #[tokio::test]
    async fn who_answers_is_asked_again_after_as_long_a_silence() {
        for answers_after in [0, 1, WEBSOCKET_PONG_SECONDS - 1] {
            let mut watched = Watched::begin().await;
            watched.pass(WEBSOCKET_PING_SECONDS);
            for _ in 0..5 {
                assert_eq!(watched.came(), Some(PING.to_vec()), "who answers after {answers_after} s");
                watched.pass(answers_after);
                watched.sweep.heard(&watched.outlet);
                watched.pass(WEBSOCKET_PING_SECONDS - 1);
                assert_eq!(watched.came(), Some(vec![]), "who answers after {answers_after} s");
                watched.pass(1);
            }
        }
    }

    #[tokio::test]
    async fn who_speaks_is_not_asked() {
        let mut watched = Watched::begin().await;
        for _ in 0..50 {
            watched.pass(WEBSOCKET_PING_SECONDS - 1);
            watched.sweep.heard(&watched.outlet);
        }
        assert_eq!(watched.came(), Some(vec![]));
    }

    #[tokio::test]
    async fn who_has_left_is_forgotten() {
        let Watched { sweep, outlet, client: _client } = Watched::begin().await;
        drop(outlet);
        (0..WEBSOCKET_PING_SECONDS).for_each(|_| sweep.second_passed());
        assert!(sweep.lock().iter().all(Vec::is_empty));
    }
}
