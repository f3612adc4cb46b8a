-- Rooms of two: the two people by author code, the smaller first; both NULL in every other room. In the row's checksum only
-- where they are not NULL, so the rows of schema 1 stand as they are.
ALTER TABLE rooms ADD COLUMN low INTEGER;
ALTER TABLE rooms ADD COLUMN high INTEGER;
CREATE UNIQUE INDEX rooms_pair ON rooms (low, high) WHERE low IS NOT NULL;

-- Read at every start; a room that is closed does not vanish any more, so these stay few.
CREATE INDEX rooms_vanishing ON rooms (id) WHERE vanishes = 1;
