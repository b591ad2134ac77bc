-- Before which moment records of credentials are lost: the store was made by `comityd rebuild`, after another that was lost. A code
-- that is not here may be of one of them.
CREATE TABLE lost_records (
    one         BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    lost_before BIGINT NOT NULL
);
