-- What applications are reviewed against. What was imported under a version never changes.
CREATE TABLE rubrics (
    id          TEXT NOT NULL,
    version     TEXT NOT NULL,
    imported_at BIGINT NOT NULL,
    imported_by TEXT NOT NULL,
    content     TEXT NOT NULL,
    PRIMARY KEY (id, version)
);

-- Who wants to be an issuer. Who can be reached about it stays at this agency.
CREATE TABLE applications (
    id         TEXT NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL,
    url        TEXT,
    contact    TEXT NOT NULL,
    -- SHA-256 of the applicant's token.
    token_hash BYTEA NOT NULL UNIQUE,
    applied_at BIGINT NOT NULL,
    -- Follows from the steps; for lists and limits.
    phase      TEXT NOT NULL
);
CREATE INDEX applications_phase ON applications (phase);
CREATE INDEX applications_applied ON applications (applied_at);

-- What was done in each case, step by step: written once.
CREATE TABLE application_steps (
    application    TEXT NOT NULL REFERENCES applications (id),
    number         BIGINT NOT NULL,
    at             BIGINT NOT NULL,
    -- The operator; none, if it was the applicant.
    who            TEXT,
    step           TEXT NOT NULL,
    note           TEXT,
    note_is_public BIGINT NOT NULL,
    rubric_id      TEXT,
    rubric_version TEXT,
    -- The issuer that this step registered.
    issuer         TEXT,
    PRIMARY KEY (application, number)
);
CREATE UNIQUE INDEX application_steps_issuer ON application_steps (issuer);

CREATE FUNCTION written_once() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'what stands here is written once'; END $$;
CREATE TRIGGER application_steps_stay BEFORE UPDATE OR DELETE ON application_steps
FOR EACH ROW EXECUTE FUNCTION written_once();
CREATE TRIGGER rubrics_stay BEFORE UPDATE ON rubrics
FOR EACH ROW EXECUTE FUNCTION written_once();
