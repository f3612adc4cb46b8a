//! What only the inside can test: other lists of migrations, a file that may not grow, a writer that lost its disk.

use std::path::Path;
use std::process::Command;

use super::*;
use parlor_core::event::{Appended, Author, Body, Draft, NameChoice};
use parlor_core::ids::{AccountId, Epoch, LOBBY, RoomKey};
use parlor_core::text::{DisplayName, Text};

fn options(dir: &Path) -> SqliteOptions {
    SqliteOptions {
        dir: dir.to_owned(),
        disk_reserve_bytes: 0,
        lobby_key: RoomKey::parse(&"k".repeat(32)).unwrap(),
        lobby_epoch: Epoch(1),
        secret: [1; 32],
        now: Timestamp(1),
    }
}

fn draft(said: &str) -> Draft {
    Draft {
        room: LOBBY,
        author: Author::Account(AccountId(1)),
        name: NameChoice::Given(DisplayName::stored("Ann".to_owned())),
        body: Body::message(Text::stored(said.to_owned()), None),
        key: None,
        now: Timestamp(0),
    }
}

async fn post(store: &Sqlite, said: &str) -> Outcome<()> {
    let outcomes = store.append(vec![draft(said)]).await?;
    assert!(matches!(outcomes[0], Appended::New { .. }), "{outcomes:?}");
    Ok(())
}

async fn posts(store: &Sqlite) -> u64 {
    store.room(RoomRef::Id(LOBBY)).await.unwrap().unwrap().head.number.0
}

/// What fills a disk.
fn long() -> String {
    "long ".repeat(20_000)
}

/// Posts until it is refused; answers how many were taken, and the refusal.
async fn post_until_refused(store: &Sqlite) -> (u64, Fault) {
    let long = long();
    for count in 0..1_000 {
        if let Err(fault) = post(store, &long).await {
            return (count, fault);
        }
    }
    panic!("there is no end to this disk");
}

#[tokio::test]
async fn an_older_schema_is_brought_on_after_a_backup() {
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&options(dir.path())).unwrap();
    post(&store, "kept").await.unwrap();
    drop(store);
    let path = dir.path().join("parlor.db");
    let newest = schema::MIGRATIONS.len();
    let next =
        [schema::MIGRATIONS, &["ALTER TABLE rooms ADD COLUMN motto TEXT", "CREATE TABLE more (x) STRICT"]].concat();

    // A step that fails leaves the store as it was.
    let mut db = open::connect(&path).unwrap();
    schema::migrate(&mut db, &path, &next, &options(dir.path())).unwrap_err();
    let version =
        |db: &Connection| db.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0)).unwrap() as usize;
    assert_eq!(version(&db), newest);
    db.query_row("SELECT count(motto) FROM rooms", [], |_| Ok(())).unwrap_err();

    let next = [schema::MIGRATIONS, &["ALTER TABLE rooms ADD COLUMN motto TEXT"]].concat();
    schema::migrate(&mut db, &path, &next, &options(dir.path())).unwrap();
    assert_eq!(version(&db), newest + 1);
    db.query_row("SELECT count(motto) FROM rooms", [], |_| Ok(())).unwrap();
    // And again: there is nothing to do.
    schema::migrate(&mut db, &path, &next, &options(dir.path())).unwrap();
    drop(db);
    let error = Sqlite::open(&options(dir.path())).err().expect("this binary knows no newer schema");
    let OpenError::TooNew { found, known, .. } = error else { panic!("{error:?}") };
    assert_eq!((found, known), (newest + 1, newest));

    // The backup is a whole store of the old schema, for its owner only.
    let backup = dir.path().join(format!("parlor.schema-{newest}.backup.db"));
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&backup).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let old = tempfile::tempdir().unwrap();
    std::fs::copy(&backup, old.path().join("parlor.db")).unwrap();
    let store = Sqlite::open(&options(old.path())).unwrap();
    assert_eq!(posts(&store).await, 1);
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_full_disk_stops_posts_until_there_is_space() {
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&options(dir.path())).unwrap();
    post(&store, "first").await.unwrap();
    let limit_pages = async |pages: u32| {
        let limit = move |writer: &mut Writer| {
            writer.db().pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
            Ok(())
        };
        store.with_writer(Turn::Urgent, limit).await.unwrap();
    };
    limit_pages(600).await;
    let (taken, fault) = post_until_refused(&store).await;
    assert_eq!(fault, Fault::DiskFull);
    assert!(store.fatal().borrow().is_none());
    // What was taken is there, what was refused is not, and the next one is refused the same way.
    assert_eq!(posts(&store).await, taken + 1);
    assert_eq!(post(&store, &long()).await, Err(Fault::DiskFull));
    assert_eq!(store.events(LOBBY, Seq(1), 5).await.unwrap().len(), 5);
    limit_pages(u32::MAX - 1).await;
    post(&store, "there is space").await.unwrap();
    assert_eq!(posts(&store).await, taken + 2);
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn every_commit_is_flushed_but_the_search_indexs() {
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&options(dir.path())).unwrap();
    let level = |db: &Connection| db.query_row("PRAGMA synchronous", [], |row| row.get::<_, u8>(0));
    let (normal, full) = (1, 2);
    for _ in 0..3 {
        assert_eq!(store.write(move |tx| Ok(level(tx.db)?)).await, Ok(full));
        let deferred = move |writer: &mut Writer| writer.write_with(Durability::Deferred, |tx| Ok(level(tx.db)?));
        assert_eq!(store.with_writer(Turn::Later, deferred).await, Ok(normal));
        assert_eq!(store.with_writer(Turn::Urgent, move |writer| Ok(level(writer.db()).unwrap())).await, Ok(full));
        // One that fails leaves it the same way.
        let failed = |writer: &mut Writer| {
            writer.write_with(Durability::Deferred, |_| Err::<(), _>(fault::corrupt("as the test wants it")))
        };
        store.with_writer(Turn::Later, failed).await.unwrap_err();
    }
}

/// A small disk of its own, where the system lets us have one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(bytes: u64) -> rustix::io::Result<SmallDisk> {
        let dir = tempfile::tempdir().unwrap();
        let size = std::ffi::CString::new(format!("size={bytes}")).unwrap();
        rustix::mount::mount("tmpfs", dir.path(), "tmpfs", rustix::mount::MountFlags::empty(), &*size)?;
        Ok(SmallDisk(dir))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if let Err(error) = rustix::mount::unmount(self.0.path(), rustix::mount::UnmountFlags::DETACH) {
            println!("{} could not be unmounted: {error}", self.0.path().display());
        }
    }
}

#[tokio::test]
async fn a_small_disk_is_left_with_its_reserve() {
    let disk = match SmallDisk::mount(64 << 20) {
        Ok(disk) => disk,
        Err(error) => {
            // Only root may mount. The reserve itself is tested all the same: no disk has this much left.
            println!("no disk of our own ({error}): tested with a reserve that no disk has");
            let dir = tempfile::tempdir().unwrap();
            drop(Sqlite::open(&options(dir.path())).unwrap());
            let greedy = SqliteOptions { disk_reserve_bytes: u64::MAX, ..options(dir.path()) };
            let store = Sqlite::open(&greedy).unwrap();
            assert_eq!(store.ready().await, Err(Fault::DiskFull));
            assert_eq!(post(&store, "x").await, Err(Fault::DiskFull));
            assert_eq!(posts(&store).await, 0);
            return;
        }
    };
    let dir = disk.0.path();
    let ballast = dir.join("ballast");
    let mut expected = 0;
    // With a reserve the store stops by itself; without one the system stops it.
    for reserve in [16 << 20, 0] {
        std::fs::write(&ballast, vec![0; 16 << 20]).unwrap();
        let store = Sqlite::open(&SqliteOptions { disk_reserve_bytes: reserve, ..options(dir) }).unwrap();
        let (taken, fault) = post_until_refused(&store).await;
        expected += taken;
        assert_eq!(fault, Fault::DiskFull, "with {reserve} bytes in reserve");
        assert!(taken > 0);
        assert_eq!(posts(&store).await, expected);
        assert_eq!(store.events(LOBBY, Seq(1), 3).await.unwrap().len(), 3);
        assert_eq!(store.fatal().borrow().clone(), None);
        // Space comes back, and with it posting.
        std::fs::remove_file(&ballast).unwrap();
        store.ready().await.unwrap();
        post(&store, "there is space").await.unwrap();
        expected += 1;
        assert_eq!(posts(&store).await, expected);
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    }
}

#[test]
fn a_read_only_disk_is_named() {
    let disk = match SmallDisk::mount(8 << 20) {
        Ok(disk) => disk,
        Err(error) => {
            println!("no disk of our own ({error}): tested with a directory that nobody may write to");
            let dir = tempfile::tempdir().unwrap();
            let locked = std::os::unix::fs::PermissionsExt::from_mode(0o500);
            std::fs::set_permissions(dir.path(), locked).unwrap();
            return assert_not_writable(dir.path());
        }
    };
    drop(Sqlite::open(&options(disk.0.path())).unwrap());
    rustix::mount::mount_remount(disk.0.path(), rustix::mount::MountFlags::RDONLY, "").unwrap();
    assert_not_writable(disk.0.path());
}

fn assert_not_writable(dir: &Path) {
    let error = Sqlite::open(&options(dir)).err().expect("nothing can be written there");
    assert!(matches!(error, OpenError::Files { .. }), "{error:?}");
    assert_eq!(error.exit_code(), 73);
    assert!(error.to_string().contains(&*dir.to_string_lossy()), "{error}");
}

/// Says to the child, which runs this same test, where its store is.
const CHILD: &str = "PARLOR_TEST_STORE";

/// The system refuses a write with an error that is not for want of space: a file over the limit of its process, whose
/// signal the shell had ignored.
#[test]
fn a_failed_write_stops_writing_for_good() {
    if let Some(dir) = child_directory() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        return runtime.block_on(meet_a_failed_write(Path::new(&dir)));
    }
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    drop(Sqlite::open(&options(dir.path())).unwrap());
    let script = "trap '' XFSZ; ulimit -f 2048; exec \"$0\" --exact \"$1\" --nocapture";
    let name = "sqlite::tests::a_failed_write_stops_writing_for_good";
    let child = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .arg(name)
        .env(CHILD, dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{said}\n{}", String::from_utf8_lossy(&child.stderr));
    let taken = said.lines().find_map(|line| line.strip_prefix("taken: ")).expect("the child counts").parse().unwrap();
    // The next start has all that was answered, and at most the one in doubt.
    let store = Sqlite::open(&options(dir.path())).unwrap();
    runtime.block_on(async {
        let found = posts(&store).await;
        assert!((taken..=taken + 1).contains(&found), "{taken} were taken, {found} are there");
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
        post(&store, "goes on").await.unwrap();
    });
}

async fn meet_a_failed_write(dir: &Path) {
    let store = Sqlite::open(&options(dir)).unwrap();
    let fatal = store.fatal();
    assert!(fatal.borrow().is_none());
    let (taken, fault) = post_until_refused(&store).await;
    assert!(matches!(fault, Fault::OutcomeUnknown(_)), "{fault:?}");
    assert!(fatal.has_changed().unwrap() && fatal.borrow().is_some());
    assert!(matches!(post(&store, "x").await, Err(Fault::Unavailable(_))));
    assert!(matches!(store.ready().await, Err(Fault::Unavailable(_))));
    assert_eq!(posts(&store).await, taken);
    println!("\ntaken: {taken}");
}

#[expect(clippy::disallowed_methods, reason = "the child of a test is told so by its environment")]
fn child_directory() -> Option<std::ffi::OsString> {
    std::env::var_os(CHILD)
}

/// Instructions of SQLite's machine that a read takes.
fn steps<T>(db: &mut Connection, read: impl FnOnce(&Connection) -> Result<T>) -> u64 {
    let steps = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let count = steps.clone();
    let handler = move || {
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        false
    };
    db.progress_handler(1, Some(handler)).unwrap();
    assert!(read(db).is_ok());
    db.progress_handler(0, None::<fn() -> bool>).unwrap();
    steps.load(std::sync::atomic::Ordering::Relaxed)
}

/// What reading costs does not grow with the store: found by index, never by looking through.
#[tokio::test]
async fn reads_cost_the_same_in_a_long_log() {
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&options(dir.path())).unwrap();
    let mut db = open::connect_reader(&dir.path().join("parlor.db")).unwrap();
    let key = |count| MessageKey::parse(&format!("key-{count}"));
    let (mut costs, mut halves) = (vec![], vec![]);
    for messages in [200_u64, 4_000] {
        let drafts = (posts(&store).await..messages).map(|count| {
            // Every tenth event is no message, so places must be worked out.
            let body = Body::Settings(parlor_core::room::SettingsChange::default());
            let other = (count % 10 == 0).then(|| Draft { body, ..draft("") });
            [Some(Draft { key: key(count), ..draft("x") }), other].into_iter().flatten()
        });
        store.append(drafts.flatten().collect()).await.unwrap();
        let middle = Number(messages / 2);
        costs.push([
            steps(&mut db, |db| logs::messages_before(db, LOBBY, Number(u64::MAX), 50)),
            steps(&mut db, |db| logs::messages_before(db, LOBBY, middle, 50)),
            steps(&mut db, |db| logs::messages_before(db, LOBBY, Number(60), 50)),
            steps(&mut db, |db| logs::events(db, LOBBY, Seq(messages / 2), 50)),
            steps(&mut db, |db| logs::reactions(db, LOBBY, middle)),
            steps(&mut db, |db| rooms::listed(db, 10)),
            steps(&mut db, |db| search::lag(db, 10)),
            steps(&mut db, |db| logs::messages(db, LOBBY, &[Number(60), middle])),
        ]);
        // By halves: some steps more for a log that is twenty times as long.
        halves.push(steps(&mut db, |db| logs::first_at(db, LOBBY, Timestamp(middle.0.cast_signed()))));
    }
    for (few, many) in costs[0].iter().zip(&costs[1]) {
        assert!(many <= &(few + few / 10), "{costs:?}");
    }
    assert!(halves[1] < 2 * halves[0], "{halves:?}");
}

#[tokio::test]
async fn rooms_of_two_cost_the_same_among_many() {
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&options(dir.path())).unwrap();
    let mut db = open::connect_reader(&dir.path().join("parlor.db")).unwrap();
    let (ann, bob) = (Author::Account(AccountId(1)), Author::Account(AccountId(2)));
    let room = |number: u64, one: Author, other: Author| NewRoom {
        key: RoomKey::parse(&format!("{number:0>32}")).unwrap(),
        direct: Some(parlor_core::room::pair(one, other)),
        name: None,
        vanishes: number == 1,
        ..parlor_core::model::lobby(RoomKey::parse(&"k".repeat(32)).unwrap(), Epoch(1), Timestamp(1))
    };
    let made = room(1, ann, bob);
    store.create_room(made.clone()).await.unwrap().unwrap();
    let mut costs = vec![];
    for range in [10..30_u64, 30..800] {
        let rooms: Vec<NewRoom> = range.map(|n| room(n, Author::Account(AccountId(n)), Author::System)).collect();
        let make = move |tx: &mut Tx<'_>| rooms.iter().try_for_each(|room| tx.create_room(room).map(drop));
        store.write(make).await.unwrap();
        costs.push([
            steps(&mut db, |db| rooms::direct(db, (ann, bob))),
            steps(&mut db, |db| rooms::direct_of(db, ann, 10)),
            steps(&mut db, rooms::vanishing),
        ]);
    }
    for (few, many) in costs[0].iter().zip(&costs[1]) {
        assert!(many <= &(few + few / 10), "{costs:?}");
    }
    assert_eq!(store.vanishing_rooms().await.unwrap().len(), 1);
    assert_eq!(store.direct_rooms(bob, 10).await.unwrap()[0].direct, made.direct);
}

#[tokio::test]
async fn what_people_have_costs_the_same_among_many() {
    let dir = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&options(dir.path())).unwrap();
    let mut db = open::connect_reader(&dir.path().join("parlor.db")).unwrap();
    let (ann, token) = (AccountId(10), TokenHash([0; 32]));
    let mut costs = vec![];
    for range in [10..30_u64, 30..600] {
        store.write(move |tx| range.clone().try_for_each(|number| furnish(tx, number))).await.unwrap();
        costs.push([
            steps(&mut db, |db| accounts::by_skeleton(db, "nlx")),
            steps(&mut db, accounts::has_operator),
            steps(&mut db, |db| guests::of_account(db, ann)),
            steps(&mut db, |db| people::sessions(db, ann)),
            steps(&mut db, |db| marks::marks(db, ann)),
            steps(&mut db, |db| marks::received(db, ann)),
            steps(&mut db, |db| invitations::find(db, token)),
            steps(&mut db, |db| invitations::of_room(db, RoomId(2))),
        ]);
    }
    for (few, many) in costs[0].iter().zip(&costs[1]) {
        assert!(many <= &(few + few / 10), "{costs:?}");
    }
    // Nothing was cheap for not being there.
    assert_eq!((store.guests_of(ann).await.unwrap().len(), store.sessions(ann).await.unwrap().len()), (1, 1));
    assert_eq!((store.marks(ann).await.unwrap().len(), store.received(ann).await.unwrap().len()), (1, 1));
    assert!(store.has_operator().await.unwrap() && store.invitations(RoomId(2)).await.unwrap().len() == 1);
}

/// An account with one of everything, and a room of its own. The first one is the operator.
fn furnish(tx: &mut Tx<'_>, number: u64) -> Result<()> {
    let (operator, now) = (number == 10, Timestamp(1));
    let text = format!("n{number}").replace('0', "x");
    let (handle, display_name) = (Handle::new(&text).unwrap(), DisplayName::stored(text));
    let id = Some(AccountId(number));
    let account = NewAccount { id, handle, display_name, password: None, operator, now };
    let account = tx.create_account(account)?.expect("the account is new").id;
    let key = RoomKey::parse(&format!("{number:0>32}")).unwrap();
    let room = NewRoom { name: None, key, ..parlor_core::model::lobby(key, Epoch(1), now) };
    let room = tx.create_room(&room)?.expect("the room is new").id;
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&(number - 10).to_be_bytes());
    let (token, expires) = (TokenHash(bytes), Timestamp(9));
    let session = Session { token, account, label: String::new(), created: now, used: now, expires };
    let invitation = Invitation { token, room, by: Author::Account(account), uses: None, created: now, expires };
    assert!(tx.claim_guest(GuestId(number), account)? && tx.create_session(&session)?);
    assert!(tx.create_invitation(&invitation)?);
    tx.mark_read(room, account, ReadMark { number: Number(0), at: now })?;
    tx.mark_received(account, room, Seq(0))
}
