-- Who runs the server: at most one. In the row's checksum only where it is set, so the rows of schema 2 stand as they are.
ALTER TABLE accounts ADD COLUMN operator INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX accounts_operator ON accounts (operator) WHERE operator = 1;

-- What the handle looks like (core's `names::skeleton`), so that nobody takes a look-alike. It can be worked out from the
-- handle, and is compared with it instead of being in the checksum. Of look-alikes that were there before, the first has
-- it, the others have NULL: they go on as they are, and nobody else can take the look while the first is there.
ALTER TABLE accounts ADD COLUMN skeleton TEXT;
UPDATE accounts SET skeleton = first.looks FROM (
    SELECT id, looks, row_number() OVER (PARTITION BY looks ORDER BY created, id) AS place FROM (
        SELECT id, created, replace(replace(replace(replace(replace(
            handle, '0', 'o'), '1', 'l'), '_', '-'), 'rn', 'm'), 'vv', 'w') AS looks FROM accounts
    )
) AS first WHERE first.id = accounts.id AND first.place = 1;
CREATE UNIQUE INDEX accounts_skeleton ON accounts (skeleton) WHERE skeleton IS NOT NULL;

CREATE INDEX guests_account ON guests (account) WHERE account IS NOT NULL;
CREATE INDEX sessions_expires ON sessions (expires);

CREATE TABLE invitations (
    token   BLOB    PRIMARY KEY,         -- SHA-256
    room    INTEGER NOT NULL REFERENCES rooms (id),
    maker   INTEGER NOT NULL,
    uses    INTEGER,                     -- left; NULL: any number
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    sum     INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE INDEX invitations_room ON invitations (room, created);
CREATE INDEX invitations_maker ON invitations (maker, room);

-- How far a room's log was handed out to an account. Room 0 is none: a mark of core's own.
CREATE TABLE received (
    account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    room    INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    sum     INTEGER NOT NULL,
    PRIMARY KEY (account, room)
) WITHOUT ROWID, STRICT;
