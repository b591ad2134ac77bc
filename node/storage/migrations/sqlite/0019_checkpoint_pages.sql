-- The pages of each agency's newest checkpoint, one a row: together they may be larger than a database takes in one value.
-- `checkpoints.pages` holds those of checkpoints that were written before, and is an empty list from now on.
CREATE TABLE checkpoint_pages (
    agency BLOB NOT NULL,
    number INTEGER NOT NULL,
    bytes  BLOB NOT NULL,
    PRIMARY KEY (agency, number)
) STRICT;
