//! A connection that fell behind goes on from its positions, by itself, until it is level again.

use std::io;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Buf;
use parlor_core::cursor::{End, Next, Position};
use parlor_core::room_log::RoomLog;
use parlor_core::slot::Slot;
use parlor_core::{Actor, Error, limits};
use rustix::net::SendFlags;
use tokio::time::timeout;

use super::audience::{pause, shown_bytes};
use super::batch::{Batch, Concerned, Listener, changes_since, concerned, news_since};
use super::limits::{ROUND_BYTES, ROUND_EVENTS};
use super::outlet::Outlet;
use super::seat::Seat;
use super::{Live, Mark, Topic};

/// How catching up ended.
#[derive(Debug)]
pub enum CaughtUp {
    /// The connection is where everybody is.
    Level,
    /// A seat has ended, after what ended it was said; catching up is not over.
    Ended(Arc<Seat>, End),
}

/// Why a connection can't be written to any more.
#[derive(Debug, thiserror::Error)]
pub enum Dead {
    /// The other side took nothing for [`limits::STALLED_WRITE_SECONDS`].
    #[error("slow_consumer: the reader took nothing for {} s", limits::STALLED_WRITE_SECONDS)]
    Stalled,
    /// The server stops, and the connection was still being written to.
    #[error("the server stops")]
    Stopping,
    /// The socket is broken.
    #[error(transparent)]
    Broken(#[from] io::Error),
}

/// What follows a mark, as far as it was read.
struct Read {
    batch: Batch,
    to: Mark,
    end: Option<End>,
}

impl Live {
    /// Goes on where a connection stands until it is level with its audiences. To be called by its own task when
    /// [`Outlet::event`] says so. Cancel safe: what was not written is written by the next call.
    ///
    /// # Errors
    /// The connection is dead: nothing can be said to it any more.
    pub async fn catch_up(&self, outlet: &Arc<Outlet>) -> Result<CaughtUp, Dead> {
        // Boxed, so that a connection carries this only while it is behind.
        Box::pin(async {
            loop {
                outlet.flush().await?;
                let Some((seat, mark, actor)) = outlet.lagging() else { return Ok(CaughtUp::Level) };
                let Some(read) = self.read_on(&seat, mark, seat.audience().target(), &actor).await else { continue };
                let listener = Listener { connection: outlet.connection(), author: actor.author() };
                let bytes = read.batch.bytes(seat.topic(), self.voice.as_ref(), Some(listener), outlet.dialect());
                {
                    let mut writing = outlet.lock();
                    seat.set_mark(read.to);
                    writing.put(bytes);
                }
                if let Some(end) = read.end {
                    outlet.give_up_seat(&seat);
                    return Ok(CaughtUp::Ended(seat, end));
                }
            }
        })
        .await
    }

    /// Ends a seat in a room once all that has happened there was said, as far as the store has it at hand: whoever speaks
    /// and leaves hears the message that acknowledges it. To be called by the connection's own task.
    ///
    /// # Errors
    /// As [`Live::catch_up`]; the seat has ended all the same.
    pub async fn leave_heard(&self, seat: &Arc<Seat>) -> Result<(), Dead> {
        let heard = Box::pin(self.hear_out(seat)).await;
        self.leave(seat);
        heard
    }

    async fn hear_out(&self, seat: &Arc<Seat>) -> Result<(), Dead> {
        let (outlet, Topic::Room(log)) = (seat.outlet(), seat.topic()) else { return Ok(()) };
        let target = Mark::now(log);
        // Rounds pass it over from now on.
        outlet.lock().fall_behind();
        loop {
            outlet.flush().await?;
            let (mark, who) = {
                let writing = outlet.lock();
                (seat.mark(), writing.who)
            };
            if mark.seq >= target.seq || seat.has_ended() {
                return Ok(());
            }
            let actor = Actor { who, origin: None };
            let Some(read) = self.read_on(seat, mark, target, &actor).await else { return Ok(()) };
            let listener = Listener { connection: outlet.connection(), author: actor.author() };
            let bytes = read.batch.bytes(seat.topic(), self.voice.as_ref(), Some(listener), outlet.dialect());
            let mut writing = outlet.lock();
            seat.set_mark(read.to);
            writing.put(bytes);
            if read.end.is_some() {
                return Ok(());
            }
        }
    }

    /// Waits until everything that was said is with the kernel. Cancel safe.
    ///
    /// # Errors
    /// As [`Live::catch_up`].
    pub async fn flush(&self, outlet: &Arc<Outlet>) -> Result<(), Dead> {
        Box::pin(outlet.flush()).await
    }

    /// What follows a seat's mark, up to `target`; `None`: the store failed.
    async fn read_on(&self, seat: &Seat, from: Mark, target: Mark, actor: &Actor) -> Option<Read> {
        let log = match seat.topic() {
            Topic::Room(log) => log,
            Topic::News => {
                let (news, version) = news_since(&self.chat, from.version);
                return Some(Read {
                    batch: Batch { news, ..Batch::default() },
                    to: Mark { version, ..from },
                    end: None,
                });
            }
        };
        let read = self.read_slots(log, from, target, actor).await;
        let (slots, end) = match read {
            Ok(read) => read,
            Err(Error::Refused(_)) => (Vec::new(), Some(End::Removed)),
            Err(error) => {
                pause(&error).await;
                return None;
            }
        };
        if let Some(preparing) = self.voice.prepare(&slots)
            && let Err(error) = preparing.await
        {
            pause(&error).await;
            return None;
        }
        let seq = slots.last().map_or(from.seq, |slot| slot.event().seq);
        let (mut changes, mut version) = changes_since(log, from.version, seq);
        // Not beyond the audience, which may be gathering what came after.
        if version > target.version.max(from.version) {
            let beyond = usize::try_from(version - target.version.max(from.version)).unwrap_or(usize::MAX);
            changes.truncate(changes.len().saturating_sub(beyond));
            version = target.version.max(from.version);
        }
        Some(Read { batch: Batch { slots, changes, ..Batch::default() }, to: Mark { seq, version }, end })
    }

    /// The events between, with the reader's own rights.
    async fn read_slots(
        &self,
        log: &Arc<RoomLog>,
        from: Mark,
        target: Mark,
        actor: &Actor,
    ) -> Result<(Vec<Arc<Slot>>, Option<End>), Error> {
        let Some(missing) = target.seq.0.checked_sub(from.seq.0).filter(|missing| *missing > 0) else {
            return Ok((Vec::new(), None));
        };
        let position = Position { room: log.id(), epoch: log.room().epoch, seq: from.seq };
        let mut cursor = self.chat.attach(actor, log, Some(position)).await?;
        let wanted = usize::try_from(missing).unwrap_or(ROUND_EVENTS).min(ROUND_EVENTS);
        let mut slots = match cursor.next(wanted).await? {
            Next::Events(slots) => slots,
            Next::End(end) => return Ok((Vec::new(), Some(end))),
        };
        let fit = fitting(&slots);
        if fit < slots.len() {
            slots.truncate(fit);
            return Ok((slots, None));
        }
        let concerns_me = |slot: &Arc<Slot>| match concerned(slot) {
            Some(Concerned::Everybody) => true,
            Some(Concerned::Person(who)) => actor.author() == Some(who),
            None => false,
        };
        // Only then may the cursor have ended; else asking it once more would be for nothing.
        let end = if slots.iter().any(concerns_me) { ended(&mut cursor).await? } else { None };
        Ok((slots, end))
    }
}

impl Outlet {
    /// A seat that is not where its audience is, its mark, and who hears it. None: from now on audiences write again.
    fn lagging(&self) -> Option<(Arc<Seat>, Mark, Actor)> {
        let mut writing = self.lock();
        // Under the lock: a round that has gone on since published so before it comes here.
        // The rooms before the news: that a room is deleted is heard behind what was said in it.
        let lags = |seat: &&Arc<Seat>| !seat.audience().is_level(seat.mark());
        let (news, rooms): (Vec<_>, Vec<_>) =
            writing.seats.iter().partition(|seat| matches!(seat.topic(), Topic::News));
        let lagging = rooms.into_iter().chain(news).find(lags);
        let actor = Actor { who: writing.who, origin: None };
        let found = lagging.map(|seat| (seat.clone(), seat.mark(), actor));
        writing.behind = found.is_some();
        found
    }

    /// Waits until the socket has taken everything.
    async fn flush(&self) -> Result<(), Dead> {
        let patience = Duration::from_secs(limits::STALLED_WRITE_SECONDS);
        while !self.is_flushed() {
            let writable = timeout(
                patience,
                std::future::poll_fn(|cx| {
                    let mut writing = self.lock();
                    if writing.stops() {
                        return Poll::Ready(Err(Dead::Stopping));
                    }
                    writing.wake_by(cx.waker());
                    let ready = writing.stream.as_ref().map(|stream| stream.poll_write_ready(cx));
                    ready.unwrap_or(Poll::Ready(Ok(()))).map_err(Dead::from)
                }),
            );
            match writable.await {
                Ok(ready) => {
                    ready?;
                    self.write_leftover()?;
                }
                // The kernel calls a socket writable when a good part of its buffer is free. A reader may be slower than
                // that in all this time and read all the same: then it takes at least something now.
                Err(_) => self.push_leftover()?,
            }
        }
        Ok(())
    }

    fn write_leftover(&self) -> io::Result<()> {
        let mut writing = self.lock();
        let Some(stream) = &writing.stream else { return Err(io::ErrorKind::NotConnected.into()) };
        match stream.try_write(&writing.leftover) {
            Ok(taken) => {
                writing.leftover.advance(taken);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Writes past tokio, which would not try before the kernel calls the socket writable.
    fn push_leftover(&self) -> Result<(), Dead> {
        let mut writing = self.lock();
        let Some(stream) = &writing.stream else { return Err(Dead::Stalled) };
        match rustix::net::send(stream, &writing.leftover, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
            Ok(taken) if taken > 0 => {
                writing.leftover.advance(taken);
                Ok(())
            }
            _ => Err(Dead::Stalled),
        }
    }
}

/// How many of these fit into what a connection may have in flight; at least one.
fn fitting(slots: &[Arc<Slot>]) -> usize {
    let mut bytes = 0;
    let within = slots.iter().take_while(|slot| {
        bytes += shown_bytes(slot);
        bytes <= ROUND_BYTES
    });
    within.count().max(1)
}

/// Whether a cursor has ended. It says so at once.
async fn ended(cursor: &mut parlor_core::cursor::Cursor) -> Result<Option<End>, Error> {
    let mut next = std::pin::pin!(cursor.next(1));
    // Cancel safe: what was not answered was not delivered.
    std::future::poll_fn(|cx| {
        Poll::Ready(match next.as_mut().poll(cx) {
            Poll::Ready(Ok(Next::End(end))) => Ok(Some(end)),
            Poll::Ready(Err(error)) => Err(error),
            Poll::Ready(Ok(Next::Events(_))) | Poll::Pending => Ok(None),
        })
    })
    .await
}
