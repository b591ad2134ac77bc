//! Limits of what one client may have of a node.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// The limit of how often one client, an IPv4 address or an IPv6 network of /64, may have short codes looked up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LookupConfig {
    /// The number a minute, in the long run; 0 for as many as anybody likes.
    pub per_minute: u32,
    /// The number at once.
    pub burst: u32,
    /// The addresses of this node's own proxies, which are believed about who asks; nobody else is.
    pub proxies: Vec<IpAddr>,
    /// The header in which they say it; its last address counts.
    pub proxy_header: String,
}

impl Default for LookupConfig {
    fn default() -> Self {
        Self {
            per_minute: 60,
            burst: 60,
            proxies: vec![],
            proxy_header: "x-forwarded-for".to_owned(),
        }
    }
}

/// The share of this node's work that one client, an IPv4 address or an IPv6 network of /64, may use; operators with a token
/// are not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BudgetConfig {
    /// Milliseconds of a processor in a second, in the long run; 0 for as much as anybody likes.
    pub milliseconds_a_second: u32,
    /// Milliseconds at once.
    pub milliseconds_at_once: u32,
}

impl Default for BudgetConfig {
    fn default() -> Self {
        Self {
            milliseconds_a_second: 500,
            milliseconds_at_once: 30_000,
        }
    }
}
