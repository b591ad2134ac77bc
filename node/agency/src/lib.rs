//! The knowledge and the acts of an agency: what its own log and its peers' say ([`registry`]), how they are kept alike
//! ([`replication`]), which of its processes writes ([`lease`]), and who acts in its name ([`registrar`]).
//!
//! **No HTTP server, no SQL, no libp2p.** How one datum travels. *A revocation*: a route → [`registrar`] (may this agency do
//! that?) → [`replication`] → `protocol::Replica` → `storage` → only then the answer and the messages to peers. *A badge*: a
//! route → `verification::formats` → [`evidence`] gathers, and asks [`external_sources`] for what no agency of the
//! federation keeps → `verification::judge`.

pub mod blob_file;
pub mod check_counter;
pub mod evidence;
pub mod external_sources;
pub mod federation_files;
pub mod health;
pub mod lease;
pub mod node_client;
pub mod peer_presence;
pub mod peer_set;
pub mod registrar;
pub mod registry;
pub mod replication;
pub mod root;
pub mod trust_history;
