-- What applications are reviewed against. What was imported under a version never changes.
CREATE TABLE rubrics (
    id          TEXT NOT NULL,
    version     TEXT NOT NULL,
    imported_at INTEGER NOT NULL,
    imported_by TEXT NOT NULL,
    content     TEXT NOT NULL,
    PRIMARY KEY (id, version)
) STRICT;

-- Who wants to be an issuer. Who can be reached about it stays at this agency.
CREATE TABLE applications (
    id         TEXT NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL,
    url        TEXT,
    contact    TEXT NOT NULL,
    -- SHA-256 of the applicant's token.
    token_hash BLOB NOT NULL UNIQUE,
    applied_at INTEGER NOT NULL,
    -- Follows from the steps; for lists and limits.
    phase      TEXT NOT NULL
) STRICT;
CREATE INDEX applications_phase ON applications (phase);
CREATE INDEX applications_applied ON applications (applied_at);

-- What was done in each case, step by step: written once.
CREATE TABLE application_steps (
    application    TEXT NOT NULL REFERENCES applications (id),
    number         INTEGER NOT NULL,
    at             INTEGER NOT NULL,
    -- The operator; none, if it was the applicant.
    who            TEXT,
    step           TEXT NOT NULL,
    note           TEXT,
    note_is_public INTEGER NOT NULL,
    rubric_id      TEXT,
    rubric_version TEXT,
    -- The issuer that this step registered.
    issuer         TEXT,
    PRIMARY KEY (application, number)
) STRICT;
CREATE UNIQUE INDEX application_steps_issuer ON application_steps (issuer);

CREATE TRIGGER application_steps_stay BEFORE UPDATE ON application_steps
BEGIN SELECT RAISE(ABORT, 'a step of an application is written once'); END;
CREATE TRIGGER application_steps_remain BEFORE DELETE ON application_steps
BEGIN SELECT RAISE(ABORT, 'a step of an application is written once'); END;
CREATE TRIGGER rubrics_stay BEFORE UPDATE ON rubrics
BEGIN SELECT RAISE(ABORT, 'a version of a rubric is written once'); END;
