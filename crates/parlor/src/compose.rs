//! Puts the pieces together: a store, the chat over it, its doors on their sockets.

use std::sync::{Arc, Weak};
use std::time::Duration;

use parlor_backend::Argon2Passwords;
use parlor_core::limits::{self, Settings};
use parlor_core::ports::{NoBus, Store};
use parlor_core::rates::Occupancy;
use parlor_core::{Chat, Engines, World};
use parlor_doors::accept::{Listener, Serve};
use parlor_doors::http::{Http, HttpOptions, ServerPassword, TrustedProxies};
use parlor_doors::{Mount, Streams};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};

use crate::certificate;
use crate::config::{Config, Secret};
use crate::operate::Operator;
use crate::runtime::{self, SystemClock, SystemEntropy};
use crate::sockets::Sockets;

/// Serves the doors on `sockets` over `store` until `stopping` is true and everybody has gone. `opened` is called when
/// nothing can fail any more, with the token of the link that makes somebody the operator, if nobody is.
///
/// # Errors
/// The store cannot be read, `opened` failed, or the sequencer ended before its time.
pub(crate) async fn serve(
    config: &Config,
    store: Arc<dyn Store>,
    sockets: Sockets,
    connections: usize,
    stopping: watch::Receiver<bool>,
    opened: impl FnOnce(Option<&str>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (chat, engines) = open(config, store).await?;
    let mut sequencer = runtime::spawn(engines.sequencer.run());
    runtime::spawn(engines.follower.run(|| tokio::time::sleep(Duration::from_millis(limits::INDEX_REST_MILLIS))));
    runtime::spawn(engines.caretaker.run(stopping.clone()));
    runtime::spawn(look_at_heads(Arc::downgrade(&chat)));
    let operator_link = chat.operator_link().await?;
    match Operator::open(&config.data_dir) {
        Ok(operator) => drop(runtime::spawn(operator.run(Arc::downgrade(&chat), stopping.clone()))),
        // People can talk all the same.
        Err(error) => tracing::warn!(
            %error, data_dir = %config.data_dir.display(),
            "no socket for the operator, so `parlor user` and `parlor room` work on a stopped server only; its path may be too long"
        ),
    }
    let http = Arc::new(Http {
        chat,
        options: HttpOptions {
            history_on_join: config.history_on_join,
            long_poll_timeout: config.long_poll_timeout,
            trusted_proxies: TrustedProxies::new(config.trusted_proxies.clone()),
            server_password: ServerPassword::new(config.server_password.as_ref().map(Secret::reveal)),
        },
        polls: Occupancy::new("hanging polls", config.limits.polls_per_address),
        tasks: Handle::current(),
        stopping: stopping.clone(),
    });
    let streams = Streams {
        chat: http.chat.clone(),
        history_on_join: config.history_on_join,
        quiet: config.quiet,
        tasks: Handle::current(),
    };
    let mut doors: Vec<(Arc<dyn Serve>, TcpListener)> = Vec::new();
    doors.extend(sockets.http.map(|socket| (Arc::new(parlor_doors::http_front(&http)) as Arc<dyn Serve>, socket)));
    for stream in sockets.streams {
        if let Mount::Stream(open) = stream.door.mount {
            // One door, however many ways lead to it: whoever is in its rooms is told once for all.
            let door = open(&streams);
            doors.extend(stream.plain.map(|socket| (door.clone(), socket)));
            doors.extend(sockets.tls.as_ref().zip(stream.tls).map(|(tls, socket)| (tls.guard(door), socket)));
        }
    }
    if let Some(tls) = &sockets.tls {
        runtime::spawn(certificate::follow(config.tls.clone(), Arc::downgrade(tls)));
    }
    let places = Arc::new(Semaphore::new(connections));
    let by_address = Occupancy::new("connections", config.limits.connections_per_address);
    let listen = |(door, socket)| Listener {
        socket,
        door,
        tasks: Handle::current(),
        places: places.clone(),
        by_address: by_address.clone(),
        stopping: stopping.clone(),
    };
    let listeners: Vec<Listener> = doors.into_iter().map(listen).collect();
    opened(operator_link.as_deref())?;
    tokio::select! {
        biased;
        () = run_all(listeners) => {}
        // Only a bug in it can do that. Without it every post would wait for ever, so the process ends (PROMISES S64).
        ended = &mut sequencer => anyhow::bail!("the sequencer ended before its time ({ended:?})"),
    }
    // These and the last connection held the last way to post, so the sequencer commits what it has and ends. Not before the
    // doors have: it would look like a bug of the sequencer's.
    drop((http, streams));
    if tokio::time::timeout(Duration::from_secs(1), sequencer).await.is_err() {
        tracing::warn!("a connection that did not end held the sequencer; what it was acknowledged is stored");
    }
    Ok(())
}

/// Opens the chat over a store; whoever asks runs its engines.
///
/// # Errors
/// The store cannot be read.
pub(crate) async fn open(config: &Config, store: Arc<dyn Store>) -> anyhow::Result<(Arc<Chat>, Engines)> {
    let world = World {
        store,
        bus: Arc::new(NoBus),
        clock: Arc::new(SystemClock::new()),
        entropy: Arc::new(SystemEntropy),
        passwords: Arc::new(Argon2Passwords::new(runtime::cores(), Arc::new(SystemEntropy))?),
    };
    let settings = Settings {
        limits: config.limits.clone(),
        passwordless_accounts: config.allows_passwordless_accounts(),
        session_ttl: config.session_ttl,
    };
    Ok(Chat::open(world, settings, config.cache_bytes).await?)
}

/// Runs until every door has ended.
async fn run_all(listeners: Vec<Listener>) {
    let running: Vec<_> = listeners.into_iter().map(|listener| runtime::spawn(listener.run())).collect();
    for listener in running {
        if let Err(error) = listener.await {
            tracing::error!(%error, "a door ended before its time");
        }
    }
}

/// Looks how far the watched rooms have come, as long as there is a chat. On one node, too: events that could not be read back
/// right after their commit would otherwise wait for the next post.
async fn look_at_heads(chat: Weak<Chat>) {
    let mut ticks = tokio::time::interval(Duration::from_millis(limits::HEADS_LOOK_MILLIS));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(chat) = chat.upgrade() else { return };
        if let Err(fault) = chat.look_at_heads().await {
            tracing::warn!(%fault, "the heads of the rooms could not be looked at");
        }
    }
}

/// Connections that the process may hold, by its configuration and its descriptors (`None`: without a bound).
pub(crate) fn connections(config: &Config, descriptors: Option<u64>) -> usize {
    let descriptors = descriptors.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(Semaphore::MAX_PERMITS);
    let fits = descriptors.saturating_sub(limits::RESERVED_DESCRIPTORS).clamp(1, Semaphore::MAX_PERMITS);
    if config.limits.connections == 0 { fits } else { config.limits.connections.min(fits) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_the_rest() {
        let cases = [
            (0, Some(1_024), 524),
            (100, Some(1_024), 100),
            (5_000, Some(1_024), 524),
            (0, Some(10), 1),
            (0, None, Semaphore::MAX_PERMITS - 500),
        ];
        for (configured, descriptors, expected) in cases {
            let mut config = Config::default();
            config.limits.connections = configured;
            assert_eq!(connections(&config, descriptors), expected, "{configured} of {descriptors:?}");
        }
    }
}
