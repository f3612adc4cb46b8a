//! Puts the pieces together: a store, the chat over it, its doors on their sockets.

use std::sync::Arc;
use std::time::Duration;

use parlor_core::limits;
use parlor_core::ports::{NoBus, Store};
use parlor_core::rates::Occupancy;
use parlor_core::{Chat, World};
use parlor_doors::http::{Front, Http, HttpOptions, Listener, TrustedProxies};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};

use crate::config::Config;
use crate::runtime::{self, SystemClock, SystemEntropy};

/// Serves the HTTP doors on `socket` over `store` until `stopping` is true and everybody has gone.
///
/// # Errors
/// The store cannot be read.
pub(crate) async fn serve(
    config: &Config,
    store: Arc<dyn Store>,
    socket: TcpListener,
    connections: usize,
    stopping: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let world = World { store, bus: Arc::new(NoBus), clock: Arc::new(SystemClock::new()), entropy: Arc::new(SystemEntropy) };
    let (chat, engines) = Chat::open(world, config.limits.clone(), config.cache_bytes).await?;
    let sequencer = runtime::spawn(engines.sequencer.run());
    runtime::spawn(engines.follower.run());
    let http = Arc::new(Http {
        chat,
        options: HttpOptions {
            history_on_join: config.history_on_join,
            long_poll_timeout: config.long_poll_timeout,
            trusted_proxies: TrustedProxies::new(config.trusted_proxies.clone()),
        },
        polls: Occupancy::new("hanging polls", config.limits.polls_per_address),
        stopping: stopping.clone(),
    });
    let listener = Listener {
        socket,
        front: Arc::new(Front::new(http.clone(), parlor_doors::http_routes(&http))),
        tasks: Handle::current(),
        places: Arc::new(Semaphore::new(connections)),
        by_address: Occupancy::new("connections", config.limits.connections_per_address),
        stopping,
    };
    drop(http);
    listener.run().await;
    // The last connection held the last way to post, so the sequencer commits what it has and ends.
    if tokio::time::timeout(Duration::from_secs(1), sequencer).await.is_err() {
        tracing::warn!("a connection that did not end held the sequencer; what it was acknowledged is stored");
    }
    Ok(())
}

/// Connections that the process may hold, by its configuration and its descriptors (`None`: without a bound).
pub(crate) fn connections(config: &Config, descriptors: Option<u64>) -> usize {
    let descriptors = descriptors.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(Semaphore::MAX_PERMITS);
    let fits = descriptors.saturating_sub(limits::RESERVED_DESCRIPTORS).max(1).min(Semaphore::MAX_PERMITS);
    if config.limits.connections == 0 { fits } else { config.limits.connections.min(fits) }
}
