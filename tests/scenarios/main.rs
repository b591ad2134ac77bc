//! What we promise, one file a promise.

mod revocation_travels;
