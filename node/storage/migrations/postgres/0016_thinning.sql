-- Up to when the standings were thinned out: to what tells an hour, and to what tells a day.
ALTER TABLE memory ADD COLUMN hours_up_to BIGINT NOT NULL DEFAULT 0;
ALTER TABLE memory ADD COLUMN days_up_to BIGINT NOT NULL DEFAULT 0;
CREATE INDEX standings_at ON standings (at);
