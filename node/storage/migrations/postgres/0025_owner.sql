-- Whose store it is: the hash of its agency's first key-log entry. Another agency's in its place is refused.
CREATE TABLE owner (
    one    BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    agency BYTEA NOT NULL
);
