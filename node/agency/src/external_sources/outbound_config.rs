//! The settings for asking others, and what follows from them.

use std::{collections::BTreeMap, fs, net::IpAddr, path::PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use transport::outbound::AllowedNetworks;

/// The way this node asks others: links to badges, documents of DIDs, status lists of issuers outside the federation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutboundConfig {
    /// True if addresses of this machine may be asked: for tests and demonstrations, never where strangers ask.
    pub loopback: bool,
    /// Certificate authorities to trust beside the machine's own, as a PEM file.
    pub extra_roots: Option<PathBuf>,
    /// Private networks in which peers' nodes may be asked for a badge that somebody typed the code of:
    /// `["10.20.0.0/16"]`. None, unless listed: where its node is, an agency says itself.
    pub peer_networks: Vec<String>,
    /// Issuers whose status lists are shorter than the standard wants, and the least number of entries to take from
    /// each: `"did:web:badges.example" = 100000`.
    pub short_lists: BTreeMap<String, u32>,
    /// The MiB of what was fetched, the newest, that are kept in the store for answers by what was known at an earlier date;
    /// 0 to keep none. It holds what issuers publish, by its address, and nothing of the badges that it was fetched for.
    pub keep_mib: u32,
    /// After how many seconds at most the status lists that registered issuers publish themselves are fetched again,
    /// whether or not a badge is checked: 300 unless set, from 30 to 43,200; a list that says that it may be kept for less
    /// is fetched sooner.
    pub lists_every_seconds: u32,
    /// The fetches that one client, an IPv4 address or an IPv6 network of /64, may cause a minute, in the long run; 0 for as
    /// many as anybody likes. What is kept here of an earlier one causes none.
    pub per_minute: u32,
    /// The number of fetches that it may cause at once.
    pub burst: u32,
}

impl Default for OutboundConfig {
    fn default() -> Self {
        Self {
            loopback: false,
            extra_roots: None,
            peer_networks: vec![],
            short_lists: BTreeMap::new(),
            keep_mib: 64,
            lists_every_seconds: 300,
            per_minute: 120,
            burst: 300,
        }
    }
}

impl OutboundConfig {
    /// Returns the addresses of peers' nodes that may be asked beside those of the public Internet. A node that is itself at
    /// an address of this machine, as in the demo, has its peers there too.
    ///
    /// # Errors
    /// If a network is none.
    pub fn opened_to_peers(&self, own_url: &str) -> anyhow::Result<AllowedNetworks> {
        let own = url::Url::parse(own_url).ok();
        let is_here = own.and_then(|own| {
            let host = own.host_str()?.trim_matches(['[', ']']).to_owned();
            Some(host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()))
        });
        let networks = self.peer_networks.iter().map(|network| network.parse());
        Ok(AllowedNetworks {
            loopback: self.loopback || is_here.unwrap_or(false),
            networks: networks.collect::<anyhow::Result<_>>()?,
        })
    }

    /// The certificate authorities in `extra_roots`.
    ///
    /// # Errors
    /// If the file cannot be read, or holds no certificate.
    pub fn roots(&self) -> anyhow::Result<Vec<reqwest::Certificate>> {
        let Some(path) = &self.extra_roots else {
            return Ok(vec![]);
        };
        let told = || {
            format!(
                "`{}`, the extra certificate authorities, cannot be used",
                path.display()
            )
        };
        let roots = reqwest::Certificate::from_pem_bundle(&fs::read(path).with_context(told)?).with_context(told)?;
        anyhow::ensure!(!roots.is_empty(), "`{}` holds no certificate", path.display());
        Ok(roots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extra_certificate_authorities_are_read_or_it_says_why_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roots.pem");
        let config = OutboundConfig {
            extra_roots: Some(path.clone()),
            ..OutboundConfig::default()
        };
        assert_eq!(OutboundConfig::default().roots().unwrap().len(), 0);
        assert!(config.roots().unwrap_err().to_string().contains("roots.pem"));
        fs::write(&path, "nothing").unwrap();
        assert!(config.roots().unwrap_err().to_string().contains("holds no certificate"));
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])
            .unwrap()
            .cert
            .pem();
        fs::write(&path, made.repeat(2)).unwrap();
        assert_eq!(config.roots().unwrap().len(), 2);
    }
}
