-- When a program of this agency last wrote the lease, in milliseconds since 1970 by the machine's clock, and on which files or
-- tables: a file that was written after that, or tables that were made anew, are a copy that somebody put in their place.
ALTER TABLE lease ADD COLUMN renewed_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lease ADD COLUMN made_as TEXT NOT NULL DEFAULT '';
