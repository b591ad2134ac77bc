-- The proven forks of agencies' logs that an operator has looked into, by the names of their proofs: who, and when. They stay
-- proven, and alarm nobody any more.
CREATE TABLE fork_acknowledgements (
    agency BLOB NOT NULL,
    fork   BLOB NOT NULL,
    at     INTEGER NOT NULL,
    who    TEXT NOT NULL,
    note   TEXT,
    PRIMARY KEY (agency, fork)
) STRICT;
