-- What issuers outside the federation published, as this node fetched it, so that it can tell later what it knew.
-- Fetched again and unchanged, it is a row without a new body.
CREATE TABLE published (
    name       TEXT NOT NULL,
    fetched_at BIGINT NOT NULL,
    -- From this moment on it no longer counted.
    good_until BIGINT NOT NULL,
    digest     BYTEA NOT NULL,
    PRIMARY KEY (name, fetched_at)
);
CREATE INDEX published_in_time ON published (fetched_at);

CREATE TABLE published_bodies (
    digest BYTEA NOT NULL PRIMARY KEY,
    size   BIGINT NOT NULL,
    body   BYTEA NOT NULL
);
