-- Of each agency the newest checkpoint: its rows stand in for history that is not here yet, and begin new nodes.
CREATE TABLE checkpoints (
    agency BLOB NOT NULL PRIMARY KEY,
    bytes  BLOB NOT NULL,
    pages  BLOB NOT NULL
) STRICT;

-- Who holds our own log, and up to where: countersigned by the holder.
CREATE TABLE held (
    agency BLOB NOT NULL PRIMARY KEY,
    bytes  BLOB NOT NULL
) STRICT;

-- The peers that this node's operators added, beside those of the configuration.
CREATE TABLE peers (
    agency   TEXT NOT NULL PRIMARY KEY,
    ticket   TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    added_by TEXT NOT NULL,
    -- When it was expelled, if it was: its log is kept as evidence, and no longer followed.
    expelled_at INTEGER
) STRICT;
