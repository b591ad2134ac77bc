-- What peers can prove to each other: kept whole, never changed.
CREATE TABLE key_logs (
    agency  BLOB NOT NULL PRIMARY KEY,
    entries BLOB NOT NULL
) STRICT;

CREATE TABLE envelopes (
    position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    hash     BLOB NOT NULL UNIQUE,
    agency   BLOB NOT NULL,
    bytes    BLOB NOT NULL
) STRICT;

CREATE TABLE heartbeats (
    agency BLOB NOT NULL,
    writer BLOB NOT NULL,
    bytes  BLOB NOT NULL,
    PRIMARY KEY (agency, writer)
) STRICT;

-- What follows from it: can be deleted, and is built again from the envelopes.
CREATE TABLE entries (
    agency   BLOB NOT NULL,
    document TEXT NOT NULL,
    name     TEXT NOT NULL,
    surviving BLOB NOT NULL,
    PRIMARY KEY (agency, document, name)
) STRICT;

-- What never leaves this node but by a look-up that the agency allows.
CREATE TABLE credentials (
    id             TEXT NOT NULL PRIMARY KEY,
    code           TEXT NOT NULL UNIQUE,
    issuer         TEXT NOT NULL,
    achievement    TEXT NOT NULL,
    name           TEXT NOT NULL,
    subject        TEXT NOT NULL,
    valid_from     INTEGER NOT NULL,
    valid_until    INTEGER,
    list           INTEGER NOT NULL,
    slot           INTEGER NOT NULL,
    document       TEXT NOT NULL,
    UNIQUE (list, slot)
) STRICT;

CREATE TABLE issuer_keys (
    issuer TEXT NOT NULL PRIMARY KEY,
    seed   BLOB NOT NULL,
    -- The status list of its badges: a list and a badge have the same issuer, as other verifiers demand.
    list   INTEGER NOT NULL UNIQUE
) STRICT;

CREATE TABLE operators (
    name       TEXT NOT NULL PRIMARY KEY,
    token_hash BLOB NOT NULL UNIQUE,
    added_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
    position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    who      TEXT NOT NULL,
    act      TEXT NOT NULL,
    subject  TEXT NOT NULL,
    note     TEXT
) STRICT;
