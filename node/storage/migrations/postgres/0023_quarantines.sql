-- Agencies of which something cannot be used here, why, and since when: no restart forgets it.
CREATE TABLE quarantines (
    agency    BYTEA NOT NULL PRIMARY KEY,
    -- `document` or `stored`.
    cause     TEXT NOT NULL,
    why       TEXT NOT NULL,
    since     BIGINT NOT NULL,
    -- When it is tried again, and the seconds before that.
    again     BIGINT NOT NULL,
    pause     BIGINT NOT NULL,
    -- Whether its newest word may be among what was damaged.
    lost_word BIGINT NOT NULL
);

-- Agencies of which more is known to exist than is taken in here, and the limit that they reached.
CREATE TABLE deferrals (
    agency  BYTEA NOT NULL PRIMARY KEY,
    reached TEXT NOT NULL,
    since   BIGINT NOT NULL
);

-- Envelopes that are not kept, and whose revocations and suspensions count all the same until they are.
CREATE TABLE set_aside (
    hash         BYTEA NOT NULL PRIMARY KEY,
    agency       BYTEA NOT NULL,
    bytes        BYTEA NOT NULL,
    -- What it takes away: document, key and value each, for the processes that follow.
    restrictions BYTEA NOT NULL,
    changed      BIGINT NOT NULL
);
