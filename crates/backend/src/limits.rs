//! The bounds of the stores: each with its unit and reason. What an operator sets is in core's limits.

/// KiB of memory that one password's hash fills (OWASP's first choice for Argon2id, with the two below; RFC 9106).
pub(crate) const HASH_MEMORY_KIB: u32 = 19 * 1_024;

/// Times that a hash goes through its memory.
pub(crate) const HASH_PASSES: u32 = 2;

/// Lanes of a hash: one, since several hashes run beside each other instead.
pub(crate) const HASH_LANES: u32 = 1;

/// Passwords that may wait for a thread; who comes then is refused, else a flood of log-ins would be a queue of minutes
/// (PROMISES 2.7).
pub(crate) const WAITING_PASSWORDS: usize = 64;

/// Milliseconds after which who was refused may try again: two cores get through a full queue in about that.
pub(crate) const PASSWORDS_RETRY_MS: u64 = 1_000;

/// How much less urgent hashing is than everything else, in steps of `nice`: a flood of log-ins must not slow posts down.
pub(crate) const HASH_NICENESS: i32 = 10;

/// Threads that read. One serves pages and catch-up, so that a long read (a search, a check) holds up only the other.
pub(crate) const READERS: usize = 2;

/// Jobs that may wait for a thread; who comes then waits for a place, which is back-pressure to core.
pub(crate) const WAITING_JOBS: usize = 1_024;

/// Urgent jobs after which one that can wait gets its turn, so that posts never stop the search index: with a commit of
/// up to 60 ms that is within a second.
pub(crate) const URGENT_IN_A_ROW: u32 = 16;

/// Milliseconds that the writer holds back a job that can wait when urgent ones came just before: the next batch of
/// posts is formed by the answers to the last one, and would find the writer busy otherwise.
pub(crate) const GRACE_MS: u64 = 1;

/// Rooms of which the writer remembers the head; then it starts anew. About 100 bytes each.
pub(crate) const CACHED_HEADS: usize = 8_192;

/// Guests of whom the writer remembers the name; then it starts anew. At most about 350 bytes each.
pub(crate) const CACHED_GUESTS: usize = 8_192;

/// Pages of the write-ahead log after which the writer moves them into the database, between two batches. More: longer
/// stalls and a larger file; fewer: pages that many posts share are written more often.
pub(crate) const WAL_PAGES: i32 = 2_000;

/// Bytes to which the file of the write-ahead log is cut when it starts anew (PROMISES 6).
pub(crate) const WAL_FILE_BYTES: i64 = 64 * 1024 * 1024;

/// Prepared statements that a connection keeps: more than there are in the code.
pub(crate) const STATEMENTS: usize = 96;

/// KiB of pages that the writer keeps: the newest page of each busy room, and the search index's upper levels.
pub(crate) const WRITER_CACHE_KIB: i64 = 8 * 1024;

/// KiB of pages that each reader keeps: little, since core caches what is near the heads.
pub(crate) const READER_CACHE_KIB: i64 = 2 * 1024;

/// Milliseconds that a statement waits for another process, such as a backup tool, to let go of the file (PROMISES 6).
pub(crate) const BUSY_MS: u64 = 5_000;
