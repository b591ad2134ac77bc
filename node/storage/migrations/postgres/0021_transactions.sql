-- The names of the last transactions: by them it is found whether one was committed whose reply was lost.
CREATE TABLE transactions (
    id BYTEA PRIMARY KEY,
    change BIGINT NOT NULL
);
CREATE INDEX transactions_in_order ON transactions (change);

-- A replica is restored agency by agency.
CREATE INDEX envelopes_of_an_agency ON envelopes (agency, position);

-- A row while the own log was repaired and has not been heard from peers yet: until then nothing is written to it.
CREATE TABLE own_log_repairs (
    at BIGINT NOT NULL
);
