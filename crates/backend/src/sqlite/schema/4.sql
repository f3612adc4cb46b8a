-- Whether everybody may read a room's past days, and where its days begin. In the row's checksum only where one of them is not
-- what it is here, so the rows of schema 3 stand as they are.
ALTER TABLE rooms ADD COLUMN archive INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rooms ADD COLUMN time_zone TEXT NOT NULL DEFAULT 'UTC';

-- Messages are found by their authors, too. Tokens are made by core, so the index begins anew and its follower fills it: an
-- empty table is made faster than a full one is emptied row by row.
DROP TABLE words;
CREATE VIRTUAL TABLE words USING fts5 (
    tokens, content = '', contentless_delete = 1, detail = 'none', tokenize = 'ascii'
);
UPDATE indexed SET seq = 0, lagging = (SELECT h.seq > 0 FROM heads h WHERE h.room = indexed.room);
