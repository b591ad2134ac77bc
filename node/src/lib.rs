//! A node: the program that an agency runs. It answers over HTTP, for people ([`web`]) and for programs ([`api`]), and its
//! commands make, rebuild and repair a data directory. What it knows and does is in `agency`.
//!
//! Several processes of one agency may share one PostgreSQL: one of them holds the lease and writes, the others follow the
//! rows and forward ([`forwarding`]) what is to be written.

mod api;
mod certificate;
pub mod config;
pub mod demo;
mod forwarding;
pub mod init;
mod owner;
pub mod rebuild;
pub mod repair;
mod running;
mod serve;
mod start;
pub mod terminal;
mod underway;
pub mod watchdog;
mod web;

pub use api::routes::{DeclaredRoute, declared_routes};
pub use running::Node;
pub use start::start;
pub(crate) use start::{StartPurpose, start_to};

/// Chooses who does this process's cryptography for TLS.
pub fn choose_cryptography() {
    // An error means that a provider is installed already, which is what we want.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
