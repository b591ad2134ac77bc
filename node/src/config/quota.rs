//! Limits of what this node keeps of one agency.

use protocol::log::{LogUsage, Quota};
use serde::{Deserialize, Serialize};

/// The most of any other agency that is kept here. Beyond it more is deferred, and that is told: nothing of the agency is
/// fresh then past its last heartbeat of which everything is here. Ten million credentials take about 15 MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QuotaConfig {
    /// MiB of its log: 512, unless set.
    pub mib: u32,
    /// Entries of its lists, each change counted: 4,000,000, unless set.
    pub entries: u32,
    /// MiB of its log a day, on average: 64, unless set.
    pub mib_a_day: u32,
}

impl Default for QuotaConfig {
    fn default() -> Self {
        Self {
            mib: 512,
            entries: 4_000_000,
            mib_a_day: 64,
        }
    }
}

impl QuotaConfig {
    /// The quota as the replica counts it.
    pub(crate) fn quota(&self) -> Quota {
        let bytes = |mib: u32| u64::from(mib) << 20;
        let usual = Quota::default();
        Quota {
            most: LogUsage {
                bytes: bytes(self.mib),
                puts: self.entries.into(),
                ..usual.most
            },
            bytes_a_day: bytes(self.mib_a_day),
            ..usual
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_is_what_the_protocol_names() {
        assert_eq!(QuotaConfig::default().quota(), Quota::default());
    }
}
