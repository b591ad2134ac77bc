-- What this node answered from at any earlier moment. `since` is when a row arrived here, by this node's own clock; when
-- it changes, what it was moves to `former_entries`. Rows from before this migration count as arrived with it.
ALTER TABLE entries ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
UPDATE entries SET since = CAST(strftime('%s', 'now') AS INTEGER) * 1000;

CREATE TABLE former_entries (
    agency    BLOB NOT NULL,
    document  TEXT NOT NULL,
    name      TEXT NOT NULL,
    surviving BLOB NOT NULL,
    since     INTEGER NOT NULL,
    -- From this moment on it was no longer so.
    until     INTEGER NOT NULL
) STRICT;
CREATE INDEX former_entries_names ON former_entries (document, agency, name);
CREATE INDEX entries_documents ON entries (document, since);

CREATE TRIGGER entries_move BEFORE UPDATE ON entries
WHEN OLD.surviving <> NEW.surviving AND OLD.since < NEW.since
BEGIN
    INSERT INTO former_entries (agency, document, name, surviving, since, until)
    VALUES (OLD.agency, OLD.document, OLD.name, OLD.surviving, OLD.since, NEW.since);
END;

-- How fresh each agency's log was here, and which grants waited: a row when that changes.
CREATE TABLE standings (
    position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    agency   BLOB NOT NULL,
    at       INTEGER NOT NULL,
    standing BLOB NOT NULL
) STRICT;
CREATE INDEX standings_then ON standings (agency, at);

-- Since when this node keeps what it knew. One row.
CREATE TABLE memory (
    one   INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    since INTEGER NOT NULL
) STRICT;
INSERT INTO memory (one, since) VALUES (1, CAST(strftime('%s', 'now') AS INTEGER) * 1000);
