-- The proven forks of agencies' logs that an operator has looked into, by the names of their proofs: who, and when. They stay
-- proven, and alarm nobody any more.
CREATE TABLE fork_acknowledgements (
    agency BYTEA NOT NULL,
    fork   BYTEA NOT NULL,
    at     BIGINT NOT NULL,
    who    TEXT NOT NULL,
    note   TEXT,
    PRIMARY KEY (agency, fork)
);
