-- When this node's operators let go of a peer's name, if they did: another log may come under it from then on.
ALTER TABLE peers ADD COLUMN unpinned_at INTEGER;
