-- Which process of the agency may write. One row; who holds the lease renews it.
CREATE TABLE lease (
    one         BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    -- Grows by one with each takeover. Every transaction that writes begins by checking it.
    epoch       BIGINT NOT NULL,
    -- Grows with each renewal and with each transaction of the holder: the others watch it, not a clock.
    renewed     BIGINT NOT NULL,
    -- The number of the last transaction; `changed` in the tables below tells which one wrote a row last.
    changes     BIGINT NOT NULL,
    -- Where the holder takes forwarded requests; empty, if nobody holds the lease.
    address     TEXT NOT NULL,
    -- The certificate that it shows there, as PEM, and what it asks of those who forward.
    certificate TEXT NOT NULL,
    secret      BYTEA NOT NULL,
    -- What the holder alone knows of the peers, for the others' answers.
    standing    BYTEA NOT NULL
);
INSERT INTO lease (one, epoch, renewed, changes, address, certificate, secret, standing)
VALUES (1, 0, 0, 0, '', '', '', '');

ALTER TABLE key_logs ADD COLUMN changed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE entries ADD COLUMN changed BIGINT NOT NULL DEFAULT 0;
CREATE INDEX entries_changed ON entries (changed);
