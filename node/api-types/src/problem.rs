//! Errors, as RFC 9457 (§3) has them.
