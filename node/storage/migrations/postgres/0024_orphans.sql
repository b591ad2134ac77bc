-- Whether an envelope that is set aside was kept once: then it comes back as soon as what it follows is here, whatever the limits.
ALTER TABLE set_aside ADD COLUMN was_kept BIGINT NOT NULL DEFAULT 0;
