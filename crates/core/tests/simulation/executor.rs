//! One thread, one seed, one order of things: tasks are polled as the dice say, time moves when nobody is ready.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::dice::Dice;

/// Tasks that die together: a node's life, or all that is outside of nodes.
pub(crate) type Group = u64;

/// The group of clients, the network and the one who breaks things.
pub(crate) const OUTSIDE: Group = 0;

/// Polls without any progress of time after which something is spinning.
const POLLS_AT_ONCE: u64 = 200_000;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;
type Ready = Arc<Mutex<BTreeSet<u64>>>;

/// Holds the tasks and polls them.
pub(crate) struct Executor {
    sim: Arc<Sim>,
    tasks: BTreeMap<u64, Task>,
}

struct Task {
    group: Group,
    work: Work,
    waker: Waker,
}

/// What tasks may touch: time, dice, and the making and ending of tasks.
pub(crate) struct Sim {
    ready: Ready,
    inner: Mutex<Inner>,
}

struct Inner {
    now_us: u64,
    dice: Dice,
    timers: BTreeMap<(u64, u64), Waker>,
    next_id: u64,
    born: Vec<(u64, Group, Work)>,
    doomed: Vec<Group>,
    trace: u64,
}

impl Executor {
    pub(crate) fn new(seed: u64) -> Executor {
        let inner = Inner {
            now_us: 0,
            dice: Dice::new(seed),
            timers: BTreeMap::new(),
            next_id: 1,
            born: Vec::new(),
            doomed: Vec::new(),
            trace: seed,
        };
        let sim = Arc::new(Sim { ready: Ready::default(), inner: Mutex::new(inner) });
        Executor { sim, tasks: BTreeMap::new() }
    }

    pub(crate) fn sim(&self) -> &Arc<Sim> {
        &self.sim
    }

    /// Tasks of a group that have not ended.
    pub(crate) fn alive(&self, group: Group) -> usize {
        self.tasks.values().filter(|task| task.group == group).count()
    }

    /// Runs for so much virtual time, or until `stop`, or until nothing can happen any more.
    ///
    /// # Errors
    /// When a task spins: then time would never move again.
    pub(crate) fn run(&mut self, time_us: u64, stop: impl Fn() -> bool) -> Result<(), String> {
        let deadline_us = self.sim.now_us() + time_us;
        let mut polls = (0, self.sim.now_us());
        while !stop() {
            self.obey();
            if !self.poll_one() && !self.sim.advance(deadline_us) {
                break;
            }
            polls = if polls.1 == self.sim.now_us() { (polls.0 + 1, polls.1) } else { (0, self.sim.now_us()) };
            if polls.0 > POLLS_AT_ONCE {
                return Err("a task spins: it is polled again and again, and time stands still".to_owned());
            }
        }
        Ok(())
    }

    /// Runs one future to its end beside all others; `None` if it did not end within the time.
    ///
    /// # Errors
    /// As [`Executor::run`].
    pub(crate) fn finish<T: Send + 'static>(
        &mut self,
        time_us: u64,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<Option<T>, String> {
        let answer = Arc::new(Mutex::new(None));
        let place = answer.clone();
        self.sim.spawn(OUTSIDE, async move {
            let value = work.await;
            *lock(&place) = Some(value);
        });
        self.run(time_us, || lock(&answer).is_some())?;
        Ok(lock(&answer).take())
    }

    /// Takes in the tasks that were made, and drops those whose group was doomed, with all that they have in flight.
    fn obey(&mut self) {
        let (born, doomed) = {
            let mut inner = self.sim.lock();
            (std::mem::take(&mut inner.born), std::mem::take(&mut inner.doomed))
        };
        for (id, group, work) in born {
            let waker = Waker::from(Arc::new(Alarm { id, ready: self.sim.ready.clone() }));
            self.tasks.insert(id, Task { group, work, waker });
            lock(&self.sim.ready).insert(id);
        }
        if !doomed.is_empty() {
            self.tasks.retain(|_, task| !doomed.contains(&task.group));
        }
    }

    /// Polls one of those that are ready, whichever the dice say; `false` if none is.
    fn poll_one(&mut self) -> bool {
        let id = {
            let mut ready = lock(&self.sim.ready);
            if ready.is_empty() {
                return false;
            }
            let place = self.sim.lock().dice.below(ready.len() as u64);
            let id = *ready.iter().nth(usize::try_from(place).expect("below a length")).expect("below the length");
            ready.remove(&id);
            id
        };
        let Some(task) = self.tasks.get_mut(&id) else { return true };
        self.sim.note(id);
        if task.work.as_mut().poll(&mut Context::from_waker(&task.waker)).is_ready() {
            self.tasks.remove(&id);
        }
        true
    }
}

impl Sim {
    pub(crate) fn now_us(&self) -> u64 {
        self.lock().now_us
    }

    /// Takes part in the trace: two runs of a seed must note the same.
    pub(crate) fn note(&self, what: u64) {
        let mut inner = self.lock();
        inner.trace = (inner.trace ^ what ^ inner.now_us.rotate_left(32)).wrapping_mul(0x0100_0000_01b3).rotate_left(5);
    }

    pub(crate) fn trace(&self) -> u64 {
        self.lock().trace
    }

    /// Throws the dice that all share.
    pub(crate) fn dice<T>(&self, throw: impl FnOnce(&mut Dice) -> T) -> T {
        throw(&mut self.lock().dice)
    }

    pub(crate) fn spawn(&self, group: Group, work: impl Future<Output = ()> + Send + 'static) {
        let mut inner = self.lock();
        let id = inner.next_id;
        inner.next_id += 1;
        inner.born.push((id, group, Box::pin(work)));
    }

    /// Ends all tasks of a group before the next poll.
    pub(crate) fn doom(&self, group: Group) {
        self.lock().doomed.push(group);
    }

    pub(crate) fn sleep_ms(self: &Arc<Self>, time_ms: u64) -> Sleep {
        self.sleep_us(time_ms * 1_000)
    }

    pub(crate) fn sleep_us(self: &Arc<Self>, time_us: u64) -> Sleep {
        let mut inner = self.lock();
        inner.next_id += 1;
        Sleep { sim: self.clone(), key: (inner.now_us + time_us, inner.next_id) }
    }

    /// Moves time to the next timer that is not after the deadline; `false` if there is none.
    fn advance(&self, deadline_us: u64) -> bool {
        let mut inner = self.lock();
        match inner.timers.first_key_value() {
            Some((&(at_us, _), _)) if at_us <= deadline_us => {
                inner.now_us = inner.now_us.max(at_us);
                let (_, waker) = inner.timers.pop_first().expect("it was just seen");
                drop(inner);
                waker.wake();
                true
            }
            _ => {
                inner.now_us = inner.now_us.max(deadline_us);
                false
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }
}

/// Ends when virtual time has come.
pub(crate) struct Sleep {
    sim: Arc<Sim>,
    key: (u64, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.sim.lock();
        if inner.now_us >= self.key.0 {
            return Poll::Ready(());
        }
        inner.timers.insert(self.key, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.sim.lock().timers.remove(&self.key);
    }
}

/// `work`, unless `cut` ends first: then `work` is dropped where it stands.
pub(crate) async fn unless<T>(cut: impl Future<Output = ()>, work: impl Future<Output = T>) -> Option<T> {
    let (mut cut, mut work) = (pin!(cut), pin!(work));
    std::future::poll_fn(|context| {
        if cut.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        work.as_mut().poll(context).map(Some)
    })
    .await
}

struct Alarm {
    id: u64,
    ready: Ready,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        lock(&self.ready).insert(self.id);
    }
}

/// A lock of the simulation: one thread, so it is never waited for.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
