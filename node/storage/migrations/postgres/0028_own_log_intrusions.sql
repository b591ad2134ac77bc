-- A row while another process writes to the own log with this store's writer key: from the envelope that showed it until an operator
-- has stopped that process and vouched for the store, nothing is written.
CREATE TABLE own_log_intrusions (
    at BIGINT NOT NULL
);
