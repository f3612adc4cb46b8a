//! A store with one room of a million messages, made through the door and kept for the next call.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::Setup;
use crate::http_client::Client;
use crate::server::Server;
use crate::writers::{Until, Writers};

/// More than for the posts that are measured: here only the total time counts, and larger batches save it.
const WRITERS: usize = 256;

/// Posts between two lines of progress.
const STRIDE: u64 = 100_000;

/// The search index follows the posts; it must have read them all before the store is measured.
const SETTLE_PATIENCE: Duration = Duration::from_secs(900);

/// The store and its room.
pub(crate) struct Million {
    pub(crate) data_dir: PathBuf,
    pub(crate) key: String,
}

impl Million {
    /// The kept store if this server can still open it, else a new one.
    pub(crate) fn ensure(setup: &Setup) -> Result<Self> {
        let folder = setup.work_dir.join(format!("store-{}", setup.messages));
        let key_path = folder.join("key");
        if let Ok(key) = fs::read_to_string(&key_path) {
            let kept = Self { data_dir: folder.join("data"), key };
            match kept.check(setup) {
                Ok(()) => return Ok(kept),
                Err(error) => eprintln!("the kept store cannot be used, making it anew: {error:#}"),
            }
        }
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        fs::create_dir_all(&folder)?;
        let made = Self::make(setup, folder.join("data"))?;
        made.check(setup)?;
        // Written last: a folder without it was not finished.
        fs::write(&key_path, &made.key)?;
        Ok(made)
    }

    fn make(setup: &Setup, data_dir: PathBuf) -> Result<Self> {
        let server = Server::start_parlor(&setup.server, &data_dir)?;
        let begun = Instant::now();
        let mut writers = Writers::prepare(server.address(), WRITERS, 1)?;
        let key = writers.rooms()[0].clone();
        while writers.posted() < setup.messages {
            writers.run(Until::Posts(STRIDE.min(setup.messages - writers.posted())))?;
            eprintln!("store: {} of {} messages after {:.0?}", writers.posted(), setup.messages, begun.elapsed());
        }
        server.cpu().settle(SETTLE_PATIENCE)?;
        eprintln!("store: settled after {:.0?}", begun.elapsed());
        server.stop()?;
        Ok(Self { data_dir, key })
    }

    /// The last message is there, and none after it.
    fn check(&self, setup: &Setup) -> Result<()> {
        let server = Server::start_parlor(&setup.server, &self.data_dir)?;
        let mut client = Client::connect(server.address())?;
        let newest = setup.messages;
        client.get(&format!("/msg/{}/{newest}?wait=0", self.key))?.expect_status(200)?;
        let next = client.get(&format!("/msg/{}/{}?wait=0", self.key, newest + 1))?;
        ensure!(next.status == 204, "the kept room has more than {newest} messages");
        server.stop()
    }
}
