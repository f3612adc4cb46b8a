//! Threads for work that blocks, and the queue from which they take it. The only place that makes threads.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

use crate::limits;

/// What a thread works with; it lives on that thread.
pub(crate) trait Worker: Send + 'static {
    /// After every job, when its asker has the answer already.
    fn after(&mut self) {}

    /// After a job that panicked.
    fn recover(&mut self);

    /// When the queue was closed and every job is done.
    fn finish(self);
}

/// When a job is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Somebody waits.
    Urgent,
    /// When nothing urgent is there, or after [`limits::URGENT_IN_A_ROW`] of those.
    Later,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The queue was closed before the job was taken: nothing happened.
    Closed,
    /// The job panicked, and nobody knows how far it came.
    Panicked,
}

/// Jobs on their way to threads.
pub(crate) struct Jobs<W> {
    // A plain lock: held to put in or take out one job.
    waiting: Mutex<Waiting<W>>,
    /// Told of every new job and of the closing.
    changed: Condvar,
    /// Places in the queue.
    places: Semaphore,
}

type Job<W> = Box<dyn FnOnce(&mut W) + Send>;

struct Waiting<W> {
    urgent: VecDeque<Job<W>>,
    later: VecDeque<Job<W>>,
    /// Urgent jobs taken since the last one that could wait.
    urgent_in_a_row: u32,
    closed: bool,
}

impl<W: Worker> Jobs<W> {
    pub(crate) fn new() -> Arc<Jobs<W>> {
        let waiting = Waiting { urgent: VecDeque::new(), later: VecDeque::new(), urgent_in_a_row: 0, closed: false };
        Arc::new(Jobs {
            waiting: Mutex::new(waiting),
            changed: Condvar::new(),
            places: Semaphore::new(limits::WAITING_JOBS),
        })
    }

    /// Has a thread do the work, and waits for the answer. A job that was taken up is done even if the asker goes away.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        turn: Turn,
        work: impl FnOnce(&mut W) -> T + Send + 'static,
    ) -> Result<T, Lost> {
        let Ok(_place) = self.places.acquire().await else { return Err(Lost::Closed) };
        let (answer, answered) = oneshot::channel();
        // Who asked may be gone by the time of the answer; then nobody needs it.
        let job: Job<W> = Box::new(move |worker| drop(answer.send(work(worker))));
        {
            let mut waiting = self.waiting();
            if waiting.closed {
                return Err(Lost::Closed);
            }
            match turn {
                Turn::Urgent => waiting.urgent.push_back(job),
                Turn::Later => waiting.later.push_back(job),
            }
        }
        self.changed.notify_one();
        answered.await.map_err(|_| Lost::Panicked)
    }

    /// Makes a thread that takes jobs until the queue is closed and empty.
    pub(crate) fn start(self: &Arc<Self>, name: &str, mut worker: W) -> io::Result<JoinHandle<()>> {
        let jobs = self.clone();
        Builder::new().name(name.to_owned()).spawn(move || {
            while let Some(job) = jobs.next() {
                // The panic hook has told of it; the thread serves the others.
                if catch_unwind(AssertUnwindSafe(|| job(&mut worker))).is_err() {
                    worker.recover();
                }
                worker.after();
            }
            worker.finish();
        })
    }

    /// Lets no more jobs in; the threads end when they have done what there is.
    pub(crate) fn close(&self) {
        self.places.close();
        self.waiting().closed = true;
        self.changed.notify_all();
    }

    fn next(&self) -> Option<Job<W>> {
        let mut waiting = self.waiting();
        let mut waited = false;
        loop {
            if !waiting.urgent.is_empty() && !waiting.is_turn_of_later() {
                waiting.urgent_in_a_row += 1;
                return waiting.urgent.pop_front();
            }
            if !waiting.later.is_empty() {
                let now = waited || waiting.closed || waiting.urgent_in_a_row == 0 || waiting.is_turn_of_later();
                if now {
                    waiting.urgent_in_a_row = 0;
                    return waiting.later.pop_front();
                }
                let grace = Duration::from_millis(limits::GRACE_MS);
                (waiting, _) = self.changed.wait_timeout(waiting, grace).unwrap_or_else(PoisonError::into_inner);
                waited = true;
                continue;
            }
            if waiting.closed {
                return None;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<W>> {
        // Nothing panics while it is held; jobs run outside.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W> Waiting<W> {
    fn is_turn_of_later(&self) -> bool {
        !self.later.is_empty() && self.urgent_in_a_row >= limits::URGENT_IN_A_ROW
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Diary(Arc<Mutex<Vec<String>>>);

    impl Diary {
        fn note(&self, line: impl Into<String>) {
            self.0.lock().unwrap().push(line.into());
        }
    }

    impl Worker for Diary {
        fn recover(&mut self) {
            self.note("recovered");
        }

        fn finish(self) {
            self.note("finished");
        }
    }

    #[tokio::test]
    async fn urgent_jobs_go_first_and_the_others_are_not_forgotten() {
        let (jobs, diary) = (Jobs::<Diary>::new(), Arc::new(Mutex::new(vec![])));
        let note = |turn, line: String| jobs.run(turn, move |diary: &mut Diary| diary.note(line));
        let mut askers: Vec<std::pin::Pin<Box<dyn Future<Output = _>>>> = vec![];
        askers.push(Box::pin(note(Turn::Later, "later 0".into())));
        askers.push(Box::pin(note(Turn::Later, "later 1".into())));
        for count in 0..40 {
            askers.push(Box::pin(note(Turn::Urgent, format!("urgent {count}"))));
        }
        // Polled once each: the jobs are in the queue before there is a thread.
        let none = std::future::poll_fn(|context| {
            let ready =
                askers.iter_mut().map(|asker| asker.as_mut().poll(context)).filter(std::task::Poll::is_ready).count();
            std::task::Poll::Ready(ready)
        });
        assert_eq!(none.await, 0);
        let thread = jobs.start("test", Diary(diary.clone())).unwrap();
        for asker in askers {
            asker.await.unwrap();
        }
        jobs.close();
        thread.join().unwrap();
        let lines = diary.lock().unwrap().clone();
        let place = |line: &str| lines.iter().position(|other| other == line).unwrap();
        assert_eq!(place("urgent 0"), 0);
        assert_eq!(place("later 0"), limits::URGENT_IN_A_ROW as usize);
        assert_eq!(place("later 1"), 2 * limits::URGENT_IN_A_ROW as usize + 1);
        assert_eq!(lines.len(), 43);
        assert_eq!(lines[42], "finished");
    }

    #[tokio::test]
    async fn a_panic_costs_one_answer() {
        let (jobs, diary) = (Jobs::<Diary>::new(), Arc::new(Mutex::new(vec![])));
        let thread = jobs.start("test", Diary(diary.clone())).unwrap();
        let panicked = jobs.run(Turn::Urgent, |_: &mut Diary| -> u32 { panic!("expected by the test") }).await;
        assert_eq!(panicked, Err(Lost::Panicked));
        assert_eq!(jobs.run(Turn::Urgent, |_: &mut Diary| 7).await, Ok(7));
        jobs.close();
        assert_eq!(jobs.run(Turn::Urgent, |_: &mut Diary| 7).await, Err(Lost::Closed));
        thread.join().unwrap();
        assert_eq!(*diary.lock().unwrap(), ["recovered", "finished"]);
    }
}
