-- What this node answered from at any earlier moment. `since` is when a row arrived here, by this node's own clock; when
-- it changes, what it was moves to `former_entries`. Rows from before this migration count as arrived with it.
ALTER TABLE entries ADD COLUMN since BIGINT NOT NULL DEFAULT 0;
UPDATE entries SET since = CAST(EXTRACT(EPOCH FROM CURRENT_TIMESTAMP) AS BIGINT) * 1000;

CREATE TABLE former_entries (
    agency    BYTEA NOT NULL,
    document  TEXT NOT NULL,
    name      TEXT NOT NULL,
    surviving BYTEA NOT NULL,
    since     BIGINT NOT NULL,
    -- From this moment on it was no longer so.
    until     BIGINT NOT NULL
);
CREATE INDEX former_entries_names ON former_entries (document, agency, name);
CREATE INDEX entries_documents ON entries (document, since);

CREATE FUNCTION move_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO former_entries (agency, document, name, surviving, since, until)
    VALUES (OLD.agency, OLD.document, OLD.name, OLD.surviving, OLD.since, NEW.since);
    RETURN NEW;
END
$$;
CREATE TRIGGER entries_move BEFORE UPDATE ON entries FOR EACH ROW
WHEN (OLD.surviving <> NEW.surviving AND OLD.since < NEW.since)
EXECUTE FUNCTION move_entry();

-- How fresh each agency's log was here, and which grants waited: a row when that changes.
CREATE TABLE standings (
    position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agency   BYTEA NOT NULL,
    at       BIGINT NOT NULL,
    standing BYTEA NOT NULL
);
CREATE INDEX standings_then ON standings (agency, at);

-- Since when this node keeps what it knew. One row.
CREATE TABLE memory (
    one   BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    since BIGINT NOT NULL
);
INSERT INTO memory (one, since) VALUES (1, CAST(EXTRACT(EPOCH FROM CURRENT_TIMESTAMP) AS BIGINT) * 1000);
