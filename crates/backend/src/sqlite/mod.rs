//! The store in a file: SQLite with a write-ahead log, one thread that writes and a few that read.
//!
//! | file | what is in it |
//! |---|---|
//! | `append.rs`, `project.rs` | the SQL of an append, and what an event changes beside its row |
//! | `logs.rs`, `rooms.rs` | reading events, rooms, heads; making rooms |
//! | `accounts.rs`, `people.rs`, `guests.rs`, `marks.rs`, `invitations.rs` | people and what they have |
//! | `search.rs` | the search index |
//! | `writer.rs` | the transaction around every write, its memory, checkpoints, what a failed write means |
//! | `rows.rs`, `schema.rs`, `schema/` | rows and their checksums; the schema and the way to the next one |
//! | `open.rs`, `fault.rs`, `check.rs` | opening and locking; errors; `parlor check` |

use std::fs::File;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use async_trait::async_trait;
use parlor_core::Fault;
use parlor_core::account::{Account, Guest, Invitation, NewAccount, ReadMark, Session, TokenHash};
use parlor_core::event::{Appended, Author, Draft, Event, Imported};
use parlor_core::ids::{AccountId, GuestId, MessageKey, Number, RoomId, Seq, Timestamp};
use parlor_core::names::Handle;
use parlor_core::ports::{IndexEntry, IndexLag, Store};
use parlor_core::room::{Head, NewRoom, Role, Room, RoomRef};
use rusqlite::Connection;
use tokio::sync::watch;

use crate::limits;
use crate::threads::{Jobs, Lost, Turn, Worker};
use fault::Result;
use writer::{Durability, Space, Tx, Writer};

/// What a verb answers.
type Outcome<T> = std::result::Result<T, Fault>;

mod accounts;
mod append;
mod check;
mod fault;
mod guests;
mod invitations;
mod logs;
mod marks;
mod open;
mod people;
mod project;
mod rooms;
mod rows;
mod schema;
mod search;
#[cfg(test)]
mod tests;
mod writer;

pub use open::{OpenError, SqliteOptions};

/// The store in a directory. One process at a time has it.
pub struct Sqlite {
    writing: Arc<Jobs<Writer>>,
    reading: Arc<Jobs<Reader>>,
    fatal: watch::Receiver<Option<String>>,
    /// The threads, writer last, and the lock that they work under; nothing once the store is closed.
    running: Mutex<Option<Running>>,
}

struct Running {
    readers: Vec<JoinHandle<()>>,
    writer: JoinHandle<()>,
    _lock: File,
}

/// A connection that reads.
struct Reader(Connection);

impl Worker for Reader {
    fn recover(&mut self) {
        if !self.0.is_autocommit()
            && let Err(error) = self.0.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "a reader could not end its transaction");
        }
    }

    fn finish(self) {}
}

impl Sqlite {
    /// Opens the store of a directory, or makes one. Takes the directory's lock, brings an older schema to the newest
    /// after a backup, and starts the threads. Blocks while it does.
    ///
    /// # Errors
    /// Each [`OpenError`] says what to do, and has an exit code.
    pub fn open(options: &SqliteOptions) -> std::result::Result<Sqlite, OpenError> {
        if rusqlite::version_number() < 3_051_003 {
            return Err(OpenError::OldSqlite { found: rusqlite::version() });
        }
        let lock = open::occupy(&options.dir)?;
        let path = options.dir.join("parlor.db");
        open::make_file(&path)?;
        let mut db = open::connect(&path)?;
        open::use_wal(&db)?;
        schema::migrate(&mut db, &path, schema::MIGRATIONS, options)?;
        open::sync_directory(&options.dir)?;

        let (sender, fatal) = watch::channel(None);
        let space = Space { dir: options.dir.clone(), reserve_bytes: options.disk_reserve_bytes };
        let writer = Writer::new(db, space, sender)?;
        let readers = (0..limits::READERS).map(|_| open::connect_reader(&path).map(Reader));
        let readers = readers.collect::<std::result::Result<Vec<_>, _>>()?;
        let (writing, reading) = (Jobs::new(), Jobs::new());
        let start = || -> std::io::Result<_> {
            let readers = readers.into_iter().map(|reader| reading.start("store read", reader));
            Ok((readers.collect::<std::io::Result<Vec<_>>>()?, writing.start("store write", writer)?))
        };
        let (readers, writer) = start().map_err(|source| {
            // Those that were started end when they see that there is nothing to do.
            reading.close();
            writing.close();
            OpenError::Files { path, source }
        })?;
        let running = Mutex::new(Some(Running { readers, writer, _lock: lock }));
        Ok(Sqlite { writing, reading, fatal, running })
    }

    /// Holds a reason from the moment on when a write or a flush failed. Nothing is written after that; the process must
    /// end (exit code 74), and the next start recovers what is on the disk.
    #[must_use]
    pub fn fatal(&self) -> watch::Receiver<Option<String>> {
        self.fatal.clone()
    }

    /// Finishes what was begun, moves the write-ahead log into the database, ends the threads and gives the lock back.
    /// Blocks while it does. Verbs that come later answer `Unavailable`. Dropping the store does the same.
    pub fn close(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Running { readers, writer, _lock }) = running else { return };
        // Readers first: while one reads, the log can't be moved whole.
        self.reading.close();
        for reader in readers {
            join(reader);
        }
        self.writing.close();
        join(writer);
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Outcome<T> {
        self.with_writer(Turn::Urgent, |writer| writer.write(work)).await
    }

    async fn with_writer<T: Send + 'static>(
        &self,
        turn: Turn,
        work: impl FnOnce(&mut Writer) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        self.writing.run(turn, work).await.unwrap_or_else(|lost| {
            Err(match lost {
                Lost::Closed => closed(),
                Lost::Panicked => Fault::OutcomeUnknown("the writer panicked".to_owned()),
            })
        })
    }

    /// Reads in one transaction: all that the work sees is of one moment.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Outcome<T> {
        let read = move |reader: &mut Reader| {
            let db = &reader.0;
            db.prepare_cached("BEGIN")?.execute([])?;
            let done = work(db);
            // SQLite ends a transaction itself after some errors.
            if !db.is_autocommit() {
                db.prepare_cached("COMMIT")?.execute([])?;
            }
            done
        };
        match self.reading.run(Turn::Urgent, read).await {
            Ok(done) => done.map_err(fault::Error::into_fault),
            Err(Lost::Closed) => Err(closed()),
            Err(Lost::Panicked) => Err(Fault::Internal("a read panicked".to_owned())),
        }
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.close();
    }
}

fn closed() -> Fault {
    Fault::Unavailable("the store is closed".to_owned())
}

fn join(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("a thread of the store panicked at its end");
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn secret(&self) -> std::result::Result<[u8; 32], Fault> {
        self.read(|db| Ok(guests::own(db)?.secret)).await
    }

    async fn ready(&self) -> Outcome<()> {
        self.with_writer(Turn::Urgent, |writer| writer.ready()).await
    }

    async fn check(&self) -> Outcome<Vec<String>> {
        self.read(check::check).await
    }

    async fn create_room(&self, room: NewRoom) -> Outcome<Option<Room>> {
        self.write(move |tx| tx.create_room(&room)).await
    }

    async fn room(&self, by: RoomRef) -> Outcome<Option<Room>> {
        self.read(move |db| rooms::find(db, &by)).await
    }

    async fn listed_rooms(&self, limit: usize) -> Outcome<Vec<Room>> {
        self.read(move |db| rooms::listed(db, limit)).await
    }

    async fn rooms(&self, after: Option<RoomId>, limit: usize) -> Outcome<Vec<Room>> {
        self.read(move |db| rooms::all(db, after, limit)).await
    }

    async fn direct_room(&self, pair: (Author, Author)) -> Outcome<Option<Room>> {
        self.read(move |db| rooms::direct(db, pair)).await
    }

    async fn direct_rooms(&self, who: Author, limit: usize) -> Outcome<Vec<Room>> {
        self.read(move |db| rooms::direct_of(db, who, limit)).await
    }

    async fn vanishing_rooms(&self) -> Outcome<Vec<RoomId>> {
        self.read(rooms::vanishing).await
    }

    async fn heads(&self, rooms: Vec<RoomId>) -> Outcome<Vec<(RoomId, Outcome<Head>)>> {
        self.read(move |db| {
            let head = |room| match rooms::head(db, room).transpose()? {
                Ok(head) => Some(Ok((room, Ok(head)))),
                // Damage is one room's; everything else concerns them all.
                Err(error) => Some(match error.into_fault() {
                    fault @ Fault::Corrupt(_) => Ok((room, Err(fault))),
                    fault => Err(fault.into()),
                }),
            };
            rooms.into_iter().filter_map(head).collect()
        })
        .await
    }

    async fn append(&self, drafts: Vec<Draft>) -> Outcome<Vec<Appended>> {
        self.with_writer(Turn::Urgent, move |writer| append::append(writer, &drafts)).await
    }

    async fn events(&self, room: RoomId, from: Seq, limit: usize) -> Outcome<Vec<Event>> {
        self.read(move |db| logs::events(db, room, from, limit)).await
    }

    async fn messages_before(&self, room: RoomId, before: Number, limit: usize) -> Outcome<Vec<Event>> {
        self.read(move |db| logs::messages_before(db, room, before, limit)).await
    }

    async fn message(&self, room: RoomId, number: Number) -> Outcome<Option<Event>> {
        self.read(move |db| match rooms::head(db, room)? {
            Some(head) => logs::message(db, head, room, number),
            None => Ok(None),
        })
        .await
    }

    async fn messages(&self, room: RoomId, numbers: Vec<Number>) -> Outcome<Vec<Event>> {
        self.read(move |db| logs::messages(db, room, &numbers)).await
    }

    async fn first_at(&self, room: RoomId, at: Timestamp) -> Outcome<(Seq, Number)> {
        self.read(move |db| logs::first_at(db, room, at)).await
    }

    async fn import(&self, room: RoomId, after: Seq, entries: Vec<Imported>) -> Outcome<Option<Head>> {
        self.write(move |tx| tx.import(room, after, entries)).await
    }

    async fn has_key(&self, room: RoomId, author: Author, key: MessageKey) -> Outcome<bool> {
        self.read(move |db| logs::has_key(db, room, author, &key)).await
    }

    async fn reactions(&self, room: RoomId, number: Number) -> Outcome<Vec<(String, Author)>> {
        self.read(move |db| logs::reactions(db, room, number)).await
    }

    async fn reserve_guests(&self, count: u64) -> Outcome<GuestId> {
        self.write(move |tx| tx.reserve_guests(count)).await
    }

    async fn guest(&self, id: GuestId) -> Outcome<Option<Guest>> {
        self.read(move |db| guests::find(db, id)).await
    }

    async fn claim_guest(&self, guest: GuestId, account: AccountId) -> Outcome<bool> {
        self.write(move |tx| tx.claim_guest(guest, account)).await
    }

    async fn guests_of(&self, account: AccountId) -> Outcome<Vec<GuestId>> {
        self.read(move |db| guests::of_account(db, account)).await
    }

    async fn create_account(&self, account: NewAccount) -> Outcome<Option<Account>> {
        self.write(move |tx| tx.create_account(account)).await
    }

    async fn account(&self, id: AccountId) -> Outcome<Option<Account>> {
        self.read(move |db| accounts::find(db, id)).await
    }

    async fn account_by_handle(&self, handle: Handle) -> Outcome<Option<Account>> {
        self.read(move |db| accounts::by_handle(db, &handle)).await
    }

    async fn account_by_skeleton(&self, skeleton: String) -> Outcome<Option<Account>> {
        self.read(move |db| accounts::by_skeleton(db, &skeleton)).await
    }

    async fn has_operator(&self) -> Outcome<bool> {
        self.read(accounts::has_operator).await
    }

    async fn accounts(&self, after: Option<Handle>, limit: usize) -> Outcome<Vec<Account>> {
        self.read(move |db| accounts::after(db, after.as_ref(), limit)).await
    }

    async fn update_account(&self, account: Account) -> Outcome<bool> {
        self.write(move |tx| tx.update_account(account)).await
    }

    async fn remove_account(&self, id: AccountId, now: Timestamp) -> Outcome<bool> {
        self.write(move |tx| tx.remove_account(id, now)).await
    }

    async fn create_session(&self, session: Session) -> Outcome<bool> {
        self.write(move |tx| tx.create_session(&session)).await
    }

    async fn session(&self, token: TokenHash) -> Outcome<Option<Session>> {
        self.read(move |db| people::session(db, token)).await
    }

    async fn sessions(&self, account: AccountId) -> Outcome<Vec<Session>> {
        self.read(move |db| people::sessions(db, account)).await
    }

    async fn touch_session(&self, token: TokenHash, used: Timestamp, expires: Timestamp) -> Outcome<bool> {
        self.write(move |tx| tx.touch_session(token, used, expires)).await
    }

    async fn end_session(&self, token: TokenHash) -> Outcome<bool> {
        self.write(move |tx| tx.end_session(token)).await
    }

    async fn end_sessions(&self, account: AccountId, except: Option<TokenHash>) -> Outcome<Vec<TokenHash>> {
        self.write(move |tx| tx.end_sessions(account, except)).await
    }

    async fn expire_sessions(&self, now: Timestamp) -> Outcome<u64> {
        self.write(move |tx| tx.expire_sessions(now)).await
    }

    async fn create_invitation(&self, invitation: Invitation) -> Outcome<bool> {
        self.write(move |tx| tx.create_invitation(&invitation)).await
    }

    async fn invitation(&self, token: TokenHash) -> Outcome<Option<Invitation>> {
        self.read(move |db| invitations::find(db, token)).await
    }

    async fn use_invitation(&self, token: TokenHash, who: Author, now: Timestamp) -> Outcome<Option<RoomId>> {
        self.write(move |tx| tx.use_invitation(token, who, now)).await
    }

    async fn invitations(&self, room: RoomId) -> Outcome<Vec<Invitation>> {
        self.read(move |db| invitations::of_room(db, room)).await
    }

    async fn end_invitation(&self, token: TokenHash) -> Outcome<bool> {
        self.write(move |tx| tx.end_invitation(token)).await
    }

    async fn role(&self, room: RoomId, who: Author) -> Outcome<Option<Role>> {
        self.read(move |db| people::role(db, room, who)).await
    }

    async fn members(&self, room: RoomId, after: Option<Author>, limit: usize) -> Outcome<Vec<(Author, Role)>> {
        self.read(move |db| people::members(db, room, after, limit)).await
    }

    async fn rooms_of(&self, who: Author) -> Outcome<Vec<(RoomId, Role)>> {
        self.read(move |db| people::rooms_of(db, who)).await
    }

    async fn mark_read(&self, room: RoomId, account: AccountId, mark: ReadMark) -> Outcome<ReadMark> {
        self.write(move |tx| tx.mark_read(room, account, mark)).await
    }

    async fn read_mark(&self, room: RoomId, account: AccountId) -> Outcome<Option<ReadMark>> {
        self.read(move |db| marks::read_mark(db, room, account)).await
    }

    async fn marks(&self, account: AccountId) -> Outcome<Vec<(RoomId, ReadMark)>> {
        self.read(move |db| marks::marks(db, account)).await
    }

    async fn mark_read_many(&self, marks: Vec<(AccountId, RoomId, ReadMark)>) -> Outcome<()> {
        self.write(move |tx| marks.iter().try_for_each(|(who, room, mark)| tx.mark_read(*room, *who, *mark).map(drop)))
            .await
    }

    async fn received(&self, account: AccountId) -> Outcome<Vec<(RoomId, Seq)>> {
        self.read(move |db| marks::received(db, account)).await
    }

    async fn mark_received(&self, positions: Vec<(AccountId, RoomId, Seq)>) -> Outcome<()> {
        self.write(move |tx| positions.iter().try_for_each(|(who, room, seq)| tx.mark_received(*who, *room, *seq)))
            .await
    }

    async fn index_lag(&self, limit: usize) -> Outcome<Vec<IndexLag>> {
        self.read(move |db| search::lag(db, limit)).await
    }

    async fn index(&self, room: RoomId, upto: Seq, entries: Vec<IndexEntry>) -> Outcome<()> {
        // Its flush may wait for that of the next posts: if a power cut undoes it, it is only done again.
        let work =
            move |writer: &mut Writer| writer.write_with(Durability::Deferred, |tx| tx.index(room, upto, &entries));
        self.with_writer(Turn::Later, work).await
    }

    async fn search(
        &self,
        room: RoomId,
        tokens: Vec<String>,
        numbers: Range<Number>,
        limit: usize,
    ) -> Outcome<Vec<Number>> {
        self.read(move |db| search::search(db, room, &tokens, numbers, limit)).await
    }
}
