-- Integers of 64 bits; times in microseconds since 1970 UTC; people by author code (accounts positive, guests negative,
-- the server 0). `sum` is the XXH3 of the row's other columns (rows.rs): what a disk changes is found at the next read.

-- One row: what the store knows about itself.
CREATE TABLE store (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    secret       BLOB    NOT NULL,
    next_guest   INTEGER NOT NULL,
    next_account INTEGER NOT NULL,
    sum          INTEGER NOT NULL
) STRICT;

CREATE TABLE rooms (
    id       INTEGER PRIMARY KEY,
    key      TEXT    NOT NULL UNIQUE,
    epoch    INTEGER NOT NULL,
    name     TEXT    UNIQUE,             -- freed when the room is closed
    subject  TEXT    NOT NULL,
    listed   INTEGER NOT NULL,
    access   INTEGER NOT NULL,
    question TEXT,
    answer   TEXT,
    vanishes INTEGER NOT NULL,
    created  INTEGER NOT NULL,
    sum      INTEGER NOT NULL
) STRICT;

-- Apart from the rooms, since every append changes them: a hundred of these rows share a page.
CREATE TABLE heads (
    room   INTEGER PRIMARY KEY REFERENCES rooms (id),
    seq    INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    active INTEGER,                      -- listed and open rooms: newest event, or the making; else NULL
    sum    INTEGER NOT NULL
) STRICT;
CREATE INDEX heads_active ON heads (active, room) WHERE active IS NOT NULL;

-- The logs. `id` is room * 2^32 + seq, so a log is one range of rows, in its order, and a row is found by one integer.
-- `kind`, `target`, `detail` and `text` are the body (rows.rs). No reference to `rooms`: it would be looked up at every
-- append, and the writer just had the room's head.
CREATE TABLE events (
    id          INTEGER PRIMARY KEY,
    room        INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    author      INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    kind        INTEGER NOT NULL,
    target      INTEGER,
    detail      INTEGER NOT NULL,
    text        TEXT,
    key         TEXT,                    -- the client's own id of it
    fingerprint INTEGER,                 -- XXH3 of the body as it was posted; only with a key
    sum         INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_key ON events (room, author, key) WHERE key IS NOT NULL;
-- Events that are no messages: message n stands as many places behind n as there are of these before it.
CREATE INDEX events_other ON events (room, number) WHERE kind <> 0;
CREATE INDEX events_edit ON events (room, target) WHERE kind = 1;

CREATE TABLE reactions (
    room   INTEGER NOT NULL,
    number INTEGER NOT NULL,
    emoji  TEXT    NOT NULL,
    author INTEGER NOT NULL,
    sum    INTEGER NOT NULL,
    PRIMARY KEY (room, number, emoji, author)
) WITHOUT ROWID, STRICT;

CREATE TABLE members (
    room INTEGER NOT NULL REFERENCES rooms (id),
    who  INTEGER NOT NULL,
    role INTEGER NOT NULL,
    sum  INTEGER NOT NULL,
    PRIMARY KEY (room, who)
) WITHOUT ROWID, STRICT;
CREATE INDEX members_who ON members (who, room);

CREATE TABLE guests (
    id      INTEGER PRIMARY KEY,
    name    TEXT,
    account INTEGER,                     -- who claimed it; stays when the account goes
    sum     INTEGER NOT NULL
) STRICT;

CREATE TABLE accounts (
    id           INTEGER PRIMARY KEY,
    handle       TEXT    NOT NULL UNIQUE,
    display_name TEXT    NOT NULL,
    password     TEXT,
    disabled     INTEGER NOT NULL,
    created      INTEGER NOT NULL,
    sum          INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    token   BLOB    PRIMARY KEY,         -- SHA-256
    account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    label   TEXT    NOT NULL,
    created INTEGER NOT NULL,
    used    INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    sum     INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX sessions_account ON sessions (account, used);

CREATE TABLE marks (
    account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    room    INTEGER NOT NULL REFERENCES rooms (id),
    number  INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    sum     INTEGER NOT NULL,
    PRIMARY KEY (account, room)
) WITHOUT ROWID, STRICT;

-- How far the search index is with each room. `lagging` is set by the first append after it had caught up.
CREATE TABLE indexed (
    room    INTEGER PRIMARY KEY REFERENCES rooms (id),
    seq     INTEGER NOT NULL,
    lagging INTEGER NOT NULL
) STRICT;
CREATE INDEX indexed_lagging ON indexed (room) WHERE lagging = 1;

-- Tokens come ready-made, joined by spaces. The tokenizer `ascii` splits at ASCII characters other than letters and
-- digits, and changes nothing else. A message's row is room * 2^32 + number, so a room is one range of rows.
CREATE VIRTUAL TABLE words USING fts5 (
    tokens, content = '', contentless_delete = 1, detail = 'none', tokenize = 'ascii'
);
