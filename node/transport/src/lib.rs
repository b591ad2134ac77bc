//! The ways of bytes between nodes, and between a node and the rest of the world: libp2p between peers ([`network`]), files
//! over HTTPS where that does not get through ([`mirror`]), the guard over every request to an address that somebody else
//! chose ([`outbound`]), and the doorway that both servers have ([`doorway`]).
//!
//! **Bytes in, bytes out: no documents, no store, no rules of the federation.** The only crate that names libp2p.

pub mod buckets;
pub mod client;
pub mod doorway;
pub mod mirror;
pub mod network;
pub mod outbound;
