-- Frameworks that achievements align to: this agency's own data, which no peer sees. No person is in them.
CREATE TABLE frameworks (
    id          TEXT NOT NULL PRIMARY KEY,
    uri         TEXT NOT NULL,
    title       TEXT NOT NULL,
    creator     TEXT,
    version     TEXT,
    source      TEXT NOT NULL,
    -- As JSON: the subjects that it names, and those of them in which students are tested.
    subjects    TEXT NOT NULL,
    tested      TEXT NOT NULL,
    items       BIGINT NOT NULL,
    depth       BIGINT NOT NULL,
    imported_at BIGINT NOT NULL,
    imported_by TEXT NOT NULL
);

CREATE TABLE framework_items (
    framework TEXT NOT NULL,
    -- Parents stand before their children.
    position  BIGINT NOT NULL,
    id        TEXT NOT NULL,
    uri       TEXT NOT NULL,
    code      TEXT,
    statement TEXT NOT NULL,
    kind      TEXT,
    -- As JSON.
    subjects  TEXT NOT NULL,
    parents   TEXT NOT NULL,
    PRIMARY KEY (framework, position)
);
CREATE INDEX framework_items_by_id ON framework_items (id);
CREATE INDEX framework_items_by_uri ON framework_items (uri);

-- What this agency's achievements are aligned to: the URIs of items, as its badges say.
CREATE TABLE achievement_alignments (
    achievement TEXT NOT NULL,
    item        TEXT NOT NULL,
    PRIMARY KEY (achievement, item)
);
CREATE INDEX credentials_by_achievement ON credentials (achievement);

-- How often badges were checked here, by month, issuer and achievement: which badge, when and by whom is not in it.
CREATE TABLE badges_checked (
    -- 202611 for November 2026.
    month       BIGINT NOT NULL,
    issuer      TEXT NOT NULL,
    achievement TEXT NOT NULL,
    checks      BIGINT NOT NULL,
    PRIMARY KEY (month, issuer, achievement)
);
