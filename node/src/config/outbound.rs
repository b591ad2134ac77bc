//! What follows from the settings for asking others.

use std::{fs, net::IpAddr};

use anyhow::Context as _;

use super::OutboundConfig;
use transport::outbound::Opened;

impl OutboundConfig {
    /// Which addresses of peers' nodes may be asked beside those of the public Internet. A node that is itself at an address
    /// of this machine, as in the demo, has its peers there too.
    ///
    /// # Errors
    /// If a network is none.
    pub(crate) fn opened_to_peers(&self, own_url: &str) -> anyhow::Result<Opened> {
        let own = url::Url::parse(own_url).ok();
        let is_here = own.and_then(|own| {
            let host = own.host_str()?.trim_matches(['[', ']']).to_owned();
            Some(host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()))
        });
        let networks = self.peer_networks.iter().map(|network| network.parse());
        Ok(Opened {
            loopback: self.loopback || is_here.unwrap_or(false),
            networks: networks.collect::<anyhow::Result<_>>()?,
        })
    }

    /// The certificate authorities in `extra_roots`.
    ///
    /// # Errors
    /// If the file cannot be read, or holds no certificate.
    pub(crate) fn roots(&self) -> anyhow::Result<Vec<reqwest::Certificate>> {
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
