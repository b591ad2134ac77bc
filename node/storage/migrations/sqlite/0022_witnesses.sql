-- The agency whose word is needed before a slot of this list is used that was reserved after the list was opened. Without
-- one the list is used by the start alone that opened it. Lists from before had none, and are not used further.
ALTER TABLE issuer_lists ADD COLUMN witness BLOB;
