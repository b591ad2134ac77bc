-- What peers can prove to each other: kept whole, never changed.
CREATE TABLE key_logs (
    agency  BYTEA NOT NULL PRIMARY KEY,
    entries BYTEA NOT NULL
);

CREATE TABLE envelopes (
    position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hash     BYTEA NOT NULL UNIQUE,
    agency   BYTEA NOT NULL,
    bytes    BYTEA NOT NULL
);

CREATE TABLE heartbeats (
    agency BYTEA NOT NULL,
    writer BYTEA NOT NULL,
    bytes  BYTEA NOT NULL,
    PRIMARY KEY (agency, writer)
);

-- What follows from it: can be deleted, and is built again from the envelopes.
CREATE TABLE entries (
    agency   BYTEA NOT NULL,
    document TEXT NOT NULL,
    name     TEXT NOT NULL,
    surviving BYTEA NOT NULL,
    PRIMARY KEY (agency, document, name)
);

-- What never leaves this node but by a look-up that the agency allows.
CREATE TABLE credentials (
    id             TEXT NOT NULL PRIMARY KEY,
    code           TEXT NOT NULL UNIQUE,
    issuer         TEXT NOT NULL,
    achievement    TEXT NOT NULL,
    name           TEXT NOT NULL,
    subject        TEXT NOT NULL,
    valid_from     BIGINT NOT NULL,
    valid_until    BIGINT,
    list           BIGINT NOT NULL,
    slot           BIGINT NOT NULL,
    document       TEXT NOT NULL,
    UNIQUE (list, slot)
);

CREATE TABLE issuer_keys (
    issuer TEXT NOT NULL PRIMARY KEY,
    seed   BYTEA NOT NULL,
    -- The status list of its badges: a list and a badge have the same issuer, as other verifiers demand.
    list   BIGINT NOT NULL UNIQUE
);

CREATE TABLE operators (
    name       TEXT NOT NULL PRIMARY KEY,
    token_hash BYTEA NOT NULL UNIQUE,
    added_at   BIGINT NOT NULL
);

CREATE TABLE audit (
    position BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       BIGINT NOT NULL,
    who      TEXT NOT NULL,
    act      TEXT NOT NULL,
    subject  TEXT NOT NULL,
    note     TEXT
);
