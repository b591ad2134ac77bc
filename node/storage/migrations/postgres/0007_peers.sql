-- When this node stopped to follow a peer, if it did; its log is kept as evidence.
ALTER TABLE peers ADD COLUMN left_at BIGINT;
-- `ticket` holds the tickets of all nodes of the agency that this node follows, one a line.

-- How often each peer misbehaved is asked for by everybody who looks at the peers.
CREATE INDEX audit_acts ON audit (act, subject);
