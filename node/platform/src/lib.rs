//! The machine's part in a node: files that their owner alone reads, secret keys in such files and the seal over others,
//! the clock as a witness that can lie, descriptors, and the one lock that blocks a thread.
//!
//! **No SQL, no network, no documents.** Nobody else reads the system's clock or makes a file's mode.

pub mod clock;
pub mod data_lock;
pub mod descriptors;
pub mod keys;
pub mod lock;
pub mod private;
pub mod seal;
