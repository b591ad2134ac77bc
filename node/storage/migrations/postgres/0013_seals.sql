-- The name of the seal under which an issuer's secret is kept; none, while it is kept in clear.
ALTER TABLE issuer_keys ADD COLUMN seal TEXT;
