-- Agencies of which something cannot be used here, why, and since when: no restart forgets it.
CREATE TABLE quarantines (
    agency    BLOB NOT NULL PRIMARY KEY,
    -- `document` or `stored`.
    cause     TEXT NOT NULL,
    why       TEXT NOT NULL,
    since     INTEGER NOT NULL,
    -- When it is tried again, and the seconds before that.
    again     INTEGER NOT NULL,
    pause     INTEGER NOT NULL,
    -- Whether its newest word may be among what was damaged.
    lost_word INTEGER NOT NULL
) STRICT;

-- Agencies of which more is known to exist than is taken in here, and the limit that they reached.
CREATE TABLE deferrals (
    agency  BLOB NOT NULL PRIMARY KEY,
    reached TEXT NOT NULL,
    since   INTEGER NOT NULL
) STRICT;

-- Envelopes that are not kept, and whose revocations and suspensions count all the same until they are.
CREATE TABLE set_aside (
    hash         BLOB NOT NULL PRIMARY KEY,
    agency       BLOB NOT NULL,
    bytes        BLOB NOT NULL,
    -- What it takes away: document, key and value each, for the processes that follow.
    restrictions BLOB NOT NULL,
    changed      INTEGER NOT NULL
) STRICT;
