-- The status lists that registered issuers with keys of their own publish, as this node fetched them, by the agency that
-- names them: what one agency names takes no room from what another does. Fetched again and unchanged, before the last
-- fetch no longer counted, it is the same row.
CREATE TABLE registered_lists (
    agency     TEXT NOT NULL,
    -- The issuer, and the address.
    name       TEXT NOT NULL,
    first_at   INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    -- The longest time between two fetches from first to last, in milliseconds.
    gap        INTEGER NOT NULL,
    -- From this moment on the last fetch no longer counted.
    good_until INTEGER NOT NULL,
    size       INTEGER NOT NULL,
    body       BLOB NOT NULL,
    PRIMARY KEY (agency, name, first_at)
) STRICT;
CREATE INDEX registered_lists_in_time ON registered_lists (agency, last_at);
