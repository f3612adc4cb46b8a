//! Every limit of parlor: its unit, its default and its reason.
//!
//! Constants hold for every server. [`Limits`] are those that an operator may change (`[limits]` in the configuration),
//! [`Settings`] those with what else a chat is opened with.

use std::time::Duration;

/// Slots in a page of a room's log. 64 messages are a screen or two; larger pages make a miss near the head dearer.
pub const PAGE_SLOTS: u64 = 64;

/// Formats that a slot can keep encoded, one cell each (see `slot`). A door that needs one more raises this.
pub const FORMATS: usize = 8;

/// Bytes of memory that the cache of log pages may use, by its own estimate, unless configured otherwise.
pub const CACHE_BYTES: usize = 64 * 1024 * 1024;

/// Rooms that a node keeps in memory while nobody watches them; more are forgotten, oldest first, and read again when needed.
pub const IDLE_ROOMS: usize = 4_096;

/// Drafts that may wait for the writer; who comes then waits for a place, which is back-pressure to the doors.
pub const WAITING_DRAFTS: usize = 4_096;

/// Drafts in one transaction: bounds what one failed commit concerns, and how long the first of them waits.
pub const BATCH_DRAFTS: usize = 512;

/// Events in one read of a log, whoever asks (PROMISES 2.4).
pub const READ_EVENTS: usize = 500;

/// Bytes of a client's own id of a post (PROMISES 2.3).
pub const MESSAGE_KEY_BYTES: usize = 64;

/// Bytes of a message that no configuration may go beyond (PROMISES 2.7).
pub const MESSAGE_BYTES_CAP: usize = 65_536;

/// Bytes of a subject that no configuration may go beyond (PROMISES 2.7).
pub const SUBJECT_BYTES_CAP: usize = 1_024;

/// Characters of a display name or nickname (protocols: names).
pub const DISPLAY_NAME_CHARS: usize = 64;

/// Bytes of a display name or nickname (PROMISES 2.7).
pub const DISPLAY_NAME_BYTES: usize = 256;

/// Combining marks in a row in a name: scripts need up to four, towers of them hide other people's lines.
pub const NAME_MARKS_IN_A_ROW: usize = 4;

/// Characters of an account's handle (protocols: names).
pub const HANDLE_CHARS: usize = 32;

/// Characters of a room's name (protocols: names).
pub const ROOM_NAME_CHARS: usize = 64;

/// Bytes of a reaction: the longest emoji sequences have under 40.
pub const EMOJI_BYTES: usize = 64;

/// Guest numbers that a node takes from the store at a time, so that a page view writes nothing.
pub const GUEST_BLOCK: u64 = 256;

/// Seconds that someone who polls counts as here after the last poll ended (protocols: common rules).
pub const LINGER_SECONDS: u64 = 10;

/// Seconds after a start, or after its making, that a room which vanishes when unused waits for the first to come
/// (protocols: common rules).
pub const UNUSED_SECONDS: u64 = 60;

/// Bytes of the answer to a room's question: any hash in hex fits.
pub const ANSWER_BYTES: usize = 200;

/// Rooms of two that a person who logs in is given, newest first: older ones come with their next message.
pub const DIRECT_ROOMS: usize = 500;

/// Seconds that a journal of presence or news keeps an entry: a reader without progress is closed before that.
pub const JOURNAL_SECONDS: u64 = 60;

/// Entries that a journal keeps at most, however fast they come: a thousand a second for the whole minute.
pub const JOURNAL_ENTRIES: usize = 65_536;

/// Characters of a name taken at a terminal (protocols: term).
pub const TERMINAL_NAME_CHARS: std::ops::RangeInclusive<usize> = 3..=30;

/// Bytes of a password (PROMISES 2.7). Longer ones are refused before any work.
pub const PASSWORD_BYTES: usize = 1_024;

/// Wrong passwords for one account from one address within [`LOGIN_WINDOW_SECONDS`] before the next try has to wait
/// (PROMISES 2.7).
pub const FREE_LOGIN_FAILURES: usize = 5;

/// Seconds in which those failures are counted, and after which a guesser who has waited is forgotten (PROMISES 2.7).
pub const LOGIN_WINDOW_SECONDS: u64 = 15 * 60;

/// Seconds to wait after the last failure that was free; each one more doubles them.
pub const LOGIN_DELAY_SECONDS: u64 = 5;

/// Seconds to wait at most (PROMISES 2.7).
pub const LOGIN_DELAY_SECONDS_MAX: u64 = 15 * 60;

/// Pairs of account and address of which failed logins are remembered, about 150 bytes each; then the mildest is forgotten.
pub const LOGIN_ENTRIES: usize = 16_384;

/// Sessions that an account may have; one more ends the one that was unused the longest.
pub const SESSIONS: usize = 100;

/// Sessions that a node keeps in memory while nobody holds them, about 500 bytes each; others are read again when used.
pub const IDLE_SESSIONS: usize = 16_384;

/// Accounts that a node keeps in memory, about 300 bytes each: whose name stands on what is said costs no read.
pub const KNOWN_ACCOUNTS: usize = 16_384;

/// Seconds after which a session's use is noted in the store again: what a crash may take off the time that it is kept.
pub const SESSION_NOTE_SECONDS: u64 = 60;

/// Seconds between two looks for sessions that have expired, in memory and in the store.
pub const SESSIONS_LOOK_SECONDS: u64 = 60;

/// Days without use after which a session ends (protocols: chat1), unless configured otherwise.
pub const SESSION_DAYS: u64 = 30;

/// Bytes of what a session is called in the list of sessions; what is longer is cut.
pub const SESSION_LABEL_BYTES: usize = 200;

/// Handles in one listing: under 1 MiB in any door's words (PROMISES S57).
pub const LISTED_HANDLES: usize = 25_000;

/// Accounts in one listing.
pub const LISTED_ACCOUNTS: usize = 500;

/// People whom a page lists by name as here; the others are counted.
pub const SHOWN_PEOPLE: usize = 100;

/// Rooms of two that a page lists.
pub const SHOWN_DIRECT_ROOMS: usize = 20;

/// Milliseconds that a change of who is here waits for others before pages are told: people come and go together.
pub const HERE_SETTLE_MILLIS: u64 = 250;

/// The same where more people are than a page lists: every page is told of every change.
pub const HERE_CROWD_SETTLE_MILLIS: u64 = 2_000;

/// Rooms whose list of who is here a door keeps made up, for all pages that are told of the same change.
pub const HERE_LISTS: usize = 256;

/// Guests whose names a door remembers while they poll: more than hang on a busy node, in about 2 MiB.
pub const KNOWN_GUESTS: usize = 16_384;

/// Entries that a table of rates keeps before it drops those that are full again.
pub const RATE_ENTRIES: usize = 16_384;

/// Messages that the search index takes in one transaction: a commit that holds the writer for about 2 ms.
pub const INDEX_BATCH: usize = 64;

/// Milliseconds that the search index rests after it took all there was: posts that come one by one share a transaction, and a
/// search may wait that much longer.
pub const INDEX_REST_MILLIS: u64 = 50;

/// Characters of one search token; what is longer is cut, in the index and in the query alike.
pub const TOKEN_CHARS: usize = 64;

/// Characters of a search: a long sentence. Each costs a comparison with every candidate.
pub const QUERY_CHARS: usize = 200;

/// Terms of one search.
pub const QUERY_TERMS: usize = 32;

/// Candidates of the index that a search looks at, hits or not: about 20 ms.
pub const SEARCH_CANDIDATES: usize = 2_000;

/// Candidates that a search looks at in one step, when the first step gave too few hits.
pub const SEARCH_BATCH: usize = 100;

/// Rooms that a search over all rooms looks into.
pub const SEARCH_ROOMS: usize = 100;

/// Rooms that the index is behind with of which such a search knows; it does not wait for the others.
pub const SEARCH_LAGGING: usize = 1_000;

/// Events that a search waits for the index to take: about 50 ms. If there are more, it finds what the index has.
pub const INDEX_WAIT_EVENTS: u64 = 1_024;

/// Messages that one read of a room's past answers: a day of the busiest room, in at most 40 MiB of the longest texts.
pub const ARCHIVE_DAY: u64 = 10_000;

/// Events in one step of an import: one transaction, which holds the writer for about 50 ms.
pub const IMPORT_BATCH: usize = 4_096;

/// Hits of one search page.
pub const SEARCH_HITS: usize = 100;

/// Rooms in one listing.
pub const LISTED_ROOMS: usize = 500;

/// Milliseconds between two looks at how far the watched rooms have come: how long a lost hint, or events that could not be
/// read back at once, can stay unseen (PROMISES 2.6).
pub const HEADS_LOOK_MILLIS: u64 = 500;

/// Bytes of an HTTP request's line (PROMISES 2.7).
pub const HTTP_REQUEST_LINE_BYTES: usize = 8 * 1024;

/// Bytes of an HTTP request's headers in all (protocols: common rules).
pub const HTTP_HEADERS_BYTES: usize = 16 * 1024;

/// Headers of an HTTP request (PROMISES 2.7).
pub const HTTP_HEADERS: usize = 64;

/// Bytes that a connection may buffer of what was not handled yet. hyper refuses a larger request head by itself;
/// it must hold the largest line and the largest headers, so that larger ones meet our own words.
pub const HTTP_BUFFER_BYTES: usize = 32 * 1024;

/// Bytes of an HTTP request's body (protocols: common rules).
pub const HTTP_BODY_BYTES: usize = 64 * 1024;

/// Seconds that a new connection may take to say its first byte (PROMISES 2.7).
pub const FIRST_BYTE_SECONDS: u64 = 10;

/// Seconds that a request's head may take, and that a connection may be idle between requests (PROMISES 2.7).
pub const HTTP_HEAD_SECONDS: u64 = 10;

/// Seconds that a request's body may take (PROMISES S53).
pub const HTTP_BODY_SECONDS: u64 = 15;

/// Seconds without any progress of a write after which a reader is too slow and its connection is closed (PROMISES 2.5).
pub const STALLED_WRITE_SECONDS: u64 = 30;

/// Seconds that connections get to end by themselves when the server stops; the promise is 10 in all (PROMISES 2.6).
pub const DRAIN_SECONDS: u64 = 8;

/// Milliseconds before the next try when the system has no descriptor left: the others go on meanwhile.
pub const ACCEPT_PAUSE_MILLIS: u64 = 100;

/// Seconds that a connection which was turned away is still read from, so that it gets to see why.
pub const FAREWELL_SECONDS: u64 = 1;

/// Connections that are read from like that at once; they are beyond the places, so they come out of the spare descriptors.
pub const FAREWELLS: usize = 64;

/// Descriptors that are no connection: the store, the log, the listeners, and some to spare (PROMISES 2.7).
pub const RESERVED_DESCRIPTORS: usize = 500;

/// Seconds of silence after which a WebSocket is asked whether it is there (PROMISES 2.7).
pub const WEBSOCKET_PING_SECONDS: u32 = 20;

/// Seconds that it may take to answer (PROMISES 2.7).
pub const WEBSOCKET_PONG_SECONDS: u32 = 10;

/// Seconds that people who have said nothing yet (no name, no command) may take (protocols: common rules).
pub const FIRST_WORD_SECONDS: u64 = 300;

/// Bytes that a session reads at once; only while it reads it holds them.
pub const READ_BYTES: usize = 4_096;

/// Rooms that an account may own: a list that a person can still look through (PROMISES 3.13).
pub const ROOMS_OWNED: usize = 50;

/// Rooms, rooms of two aside, in which an account may have a role (protocols: common rules).
pub const ROOMS_BELONGED: usize = 256;

/// People whom one listing of a room's members names.
pub const LISTED_MEMBERS: usize = 10_000;

/// Members up to which a listing asks the store for each one alone; for more it reads all accounts in pages.
pub const MEMBERS_ASKED_SINGLY: usize = 256;

/// People who may be given a role at once.
pub const ADDED_MEMBERS: usize = 256;

/// Roles that a room keeps in memory, about 40 bytes each: who speaks in it costs no read.
pub const KNOWN_ROLES: usize = 1_024;

/// Invitations that a room may have at a time.
pub const INVITATIONS: usize = 100;

/// Seconds that an invitation holds at most: a year.
pub const INVITATION_SECONDS_MAX: u64 = 365 * 24 * 3_600;

/// Rooms that a person's list of rooms shows.
pub const SHOWN_ROOMS: usize = 500;

/// A person's own messages behind the read mark that are passed over in counting what is unread.
pub const OWN_UNREAD: usize = 64;

/// Messages that one answer hands out of what has arrived for an account.
pub const RECEIVED_MESSAGES: usize = 1_000;

/// Bytes of text after which such an answer ends (PROMISES S57); the message that goes over it is in it.
pub const RECEIVED_BYTES: usize = 1024 * 1024;

/// Events that one such answer looks at, those that are not handed out included: about 20 ms.
pub const RECEIVED_EVENTS: usize = 20_000;

/// Events after which what a reader passed over alone (nothing of it is ever handed out) is noted at once.
pub const RECEIVED_EVENTS_NOTED: usize = 256;

/// Rooms of which one such answer hands something out: what fits into its cursor.
pub const RECEIVED_ROOMS: usize = 64;

/// Characters of a cursor over what was received: it must fit a line of every door.
pub const RECEIVE_CURSOR_CHARS: usize = 900;

/// Events of a log that are looked through, from its end, for when somebody joined.
pub const JOINED_EVENTS: usize = 100_000;

/// Rooms that a connection may have joined (protocols: common rules).
pub const ROOMS_JOINED: usize = 256;

/// Wrong server passwords at which a connection is closed (protocols: wscmd).
pub const SERVER_PASSWORDS_WRONG: u32 = 20;

/// Wrong server passwords from which on the answer waits (protocols: wscmd).
pub const SERVER_PASSWORDS_WRONG_AT_ONCE: u32 = 5;

/// Seconds that it waits (protocols: wscmd).
pub const SERVER_PASSWORD_PAUSE_SECONDS: u64 = 1;

/// The limits that an operator may change; each key of `[limits]` has the name of its field here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a message's text. 4,096 is what the tightest door can carry.
    pub message_bytes: usize,
    /// Bytes of a room's subject.
    pub subject_bytes: usize,
    /// Posts that a person may make at once in a room: ten pasted lines never meet it. 0: no limit.
    pub posts_burst: u32,
    /// Posts a second that a person may make in a room after that. 0: no limit.
    pub posts_per_second: u32,
    /// Posts a second from one address, whoever makes them. 0: no limit.
    pub posts_per_second_per_address: u32,
    /// Rooms an hour that one address may make. 0: no limit.
    pub rooms_per_hour_per_address: u32,
    /// Passwords that one address may try in a minute: each costs a core for about 20 ms. 0: no limit.
    pub logins_per_minute_per_address: u32,
    /// Accounts an hour that one address may register. 0: no limit.
    pub registrations_per_hour_per_address: u32,
    /// Connections in all, at all doors; 0: what the descriptor limit leaves (less 500).
    pub connections: usize,
    /// Connections from one address (IPv4) or one /64 (IPv6). 0: no limit.
    pub connections_per_address: usize,
    /// Hanging polls from one address or /64. 0: no limit.
    pub polls_per_address: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            message_bytes: 4_096,
            subject_bytes: 200,
            posts_burst: 20,
            posts_per_second: 5,
            posts_per_second_per_address: 50,
            rooms_per_hour_per_address: 20,
            logins_per_minute_per_address: 20,
            registrations_per_hour_per_address: 20,
            connections: 0,
            connections_per_address: 256,
            polls_per_address: 128,
        }
    }
}

impl Limits {
    /// No rates and no limits per address: for tests of other things and for benchmarks.
    #[must_use]
    pub fn without_rates() -> Limits {
        Limits {
            posts_burst: 0,
            posts_per_second: 0,
            posts_per_second_per_address: 0,
            rooms_per_hour_per_address: 0,
            logins_per_minute_per_address: 0,
            registrations_per_hour_per_address: 0,
            connections_per_address: 0,
            polls_per_address: 0,
            ..Limits::default()
        }
    }
}

/// What an operator may choose beside the limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The limits.
    pub limits: Limits,
    /// Whether accounts may do without a password: for machines that strangers can't reach.
    pub passwordless_accounts: bool,
    /// How long a session lasts without use.
    pub session_ttl: Duration,
}

impl From<Limits> for Settings {
    fn from(limits: Limits) -> Settings {
        let session_ttl = Duration::from_secs(SESSION_DAYS * 24 * 3_600);
        Settings { limits, passwordless_accounts: false, session_ttl }
    }
}
