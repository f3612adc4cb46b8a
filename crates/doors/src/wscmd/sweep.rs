//! Finds connections that are dead: who has said nothing for a while is asked, and who does not answer is gone.
//! One task for all connections, so that each of them needs no timer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use parlor_core::ids::ConnectionId;
use parlor_core::limits;
use tokio::runtime::Handle;

use crate::live::Outlet;

/// A ping without content, the same for everybody.
const PING: &[u8] = &[0x89, 0];

/// All connections of the door, looked at once a second.
#[derive(Default)]
pub(super) struct Sweep {
    // Held for memory work only.
    watched: Mutex<HashMap<ConnectionId, Arc<Watched>>>,
}

/// A connection as the sweep sees it.
struct Watched {
    outlet: Arc<Outlet>,
    /// Seconds since it was last heard of.
    silent: AtomicU32,
}

/// Keeps a connection in the sweep until it is dropped.
pub(super) struct Watch {
    sweep: Arc<Sweep>,
    connection: ConnectionId,
    watched: Arc<Watched>,
}

impl Sweep {
    /// Sweeps until the door is gone.
    pub(super) fn start(tasks: &Handle) -> Arc<Sweep> {
        let sweep = Arc::new(Sweep::default());
        tasks.spawn(run(Arc::downgrade(&sweep)));
        sweep
    }

    pub(super) fn watch(self: &Arc<Sweep>, connection: ConnectionId, outlet: &Arc<Outlet>) -> Watch {
        let watched = Arc::new(Watched { outlet: outlet.clone(), silent: AtomicU32::new(0) });
        self.lock().insert(connection, watched.clone());
        Watch { sweep: self.clone(), connection, watched }
    }

    fn second_passed(&self) {
        let watched: Vec<Arc<Watched>> = self.lock().values().cloned().collect();
        for watched in watched {
            watched.second_passed();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ConnectionId, Arc<Watched>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    fn second_passed(&self) {
        // Who is behind reads nothing, so that its pongs are not read either; how long that may last is not this one's matter.
        if !self.outlet.is_flushed() {
            return self.silent.store(0, Ordering::Relaxed);
        }
        let silent = self.silent.fetch_add(1, Ordering::Relaxed) + 1;
        if silent == limits::WEBSOCKET_PING_SECONDS {
            self.outlet.say(Bytes::from_static(PING));
        } else if silent >= limits::WEBSOCKET_PING_SECONDS + limits::WEBSOCKET_PONG_SECONDS {
            // Nobody is there to be told.
            self.outlet.close();
        }
    }
}

impl Watch {
    /// Something came from it.
    pub(super) fn heard(&self) {
        self.watched.silent.store(0, Ordering::Relaxed);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.sweep.lock().remove(&self.connection);
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
