-- The status lists of the issuers whose keys this store keeps: as many as their badges need. A list and a badge have the
-- same issuer, as other verifiers demand.
CREATE TABLE issuer_lists (
    list      INTEGER NOT NULL PRIMARY KEY,
    issuer    TEXT NOT NULL,
    -- When it was opened; 0, if that was before this was kept.
    opened_at INTEGER NOT NULL
) STRICT;
CREATE INDEX issuer_lists_of ON issuer_lists (issuer, opened_at);

-- Until now each issuer had one, beside its key.
INSERT INTO issuer_lists (list, issuer, opened_at) SELECT list, issuer, 0 FROM issuer_keys;

-- SQLite drops no column that is unique.
CREATE TABLE keys_of_issuers (
    issuer TEXT NOT NULL PRIMARY KEY,
    seed   BLOB NOT NULL,
    seal   TEXT
) STRICT;
INSERT INTO keys_of_issuers (issuer, seed, seal) SELECT issuer, seed, seal FROM issuer_keys;
DROP TABLE issuer_keys;
ALTER TABLE keys_of_issuers RENAME TO issuer_keys;

-- Lists of them are read page by page, the newest first.
CREATE INDEX credentials_newest ON credentials (valid_from DESC, id);
