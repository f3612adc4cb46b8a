//! The HTTP doors in this process, over the store in memory: for what other doors, which are still to come, will do to a room.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parlor_core::ids::{Epoch, RoomKey, Timestamp};
use parlor_core::limits::{CACHE_BYTES, Limits};
use parlor_core::model::{FakePasswords, Model};
use parlor_core::ports::{Clock, Entropy, NoBus};
use parlor_core::rates::Occupancy;
use parlor_core::room::RoomRef;
use parlor_core::room_log::RoomLog;
use parlor_core::{Actor, Chat, Who, World};
use parlor_doors::accept::Listener;
use parlor_doors::http::{Http, HttpOptions, ServerPassword, TrustedProxies};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};

/// Doors that are open until this is dropped, and the chat behind them.
pub(crate) struct Inside {
    pub(crate) chat: Arc<Chat>,
    pub(crate) address: SocketAddr,
    runtime: Runtime,
    _stop: watch::Sender<bool>,
}

impl Inside {
    pub(crate) fn start() -> Inside {
        let runtime = Runtime::new().expect("a runtime");
        let (stop, stopping) = watch::channel(false);
        let (chat, address) = runtime.block_on(open(stopping));
        Inside { chat, address, runtime, _stop: stop }
    }

    /// Does something to the chat itself.
    pub(crate) fn run<T>(&self, act: impl Future<Output = T>) -> T {
        self.runtime.block_on(act)
    }

    /// The room with this key.
    pub(crate) fn log(&self, key: &str) -> Arc<RoomLog> {
        let key = RoomKey::parse(key).expect("a key");
        self.run(self.chat.find(&operator(), RoomRef::Key(key))).expect("the room is there")
    }

    /// Whoever holds this guest cookie.
    pub(crate) fn guest(&self, cookie: &str) -> Actor {
        let guest = self.chat.guest_of(cookie).expect("a guest's cookie");
        Actor { who: Who::Guest(guest), origin: None }
    }
}

/// Whoever runs the server.
pub(crate) fn operator() -> Actor {
    Actor { who: Who::Operator, origin: None }
}

async fn open(stopping: watch::Receiver<bool>) -> (Arc<Chat>, SocketAddr) {
    let lobby = RoomKey::draw(|bytes| System.fill(bytes));
    let world = World {
        store: Arc::new(Model::new([7; 32], lobby, Epoch(1), System.wall())),
        bus: Arc::new(NoBus),
        clock: Arc::new(System),
        entropy: Arc::new(System),
        passwords: Arc::new(FakePasswords::default()),
    };
    let (chat, engines) = Chat::open(world, Limits::without_rates(), CACHE_BYTES).await.expect("memory does not fail");
    let tasks = tokio::runtime::Handle::current();
    tasks.spawn(engines.sequencer.run());
    tasks.spawn(engines.follower.run(|| std::future::ready(())));
    let options = HttpOptions {
        history_on_join: 50,
        long_poll_timeout: Duration::from_secs(300),
        trusted_proxies: TrustedProxies::default(),
        server_password: ServerPassword::default(),
    };
    let polls = Occupancy::new("hanging polls", 0);
    let http = Arc::new(Http { chat: chat.clone(), options, polls, tasks: tasks.clone(), stopping: stopping.clone() });
    let socket = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = socket.local_addr().expect("it is bound");
    let listener = Listener {
        socket,
        door: Arc::new(parlor_doors::http_front(&http)),
        tasks: tasks.clone(),
        places: Arc::new(Semaphore::new(1_000)),
        by_address: Occupancy::new("connections", 0),
        stopping,
    };
    tasks.spawn(listener.run());
    (chat, address)
}

/// The machine's own clock and randomness.
struct System;

impl Clock for System {
    fn wall(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
        Timestamp(i64::try_from(since.as_micros()).expect("it is before 292277"))
    }

    fn monotonic(&self) -> Duration {
        static BEGIN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
        BEGIN.elapsed()
    }
}

impl Entropy for System {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the system has randomness");
    }
}
