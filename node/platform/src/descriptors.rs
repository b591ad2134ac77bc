//! The descriptors that this process may have, and their shares: connections by HTTP never take those that the store
//! and the peers need.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The number that is asked for, if the system lets us have it.
const WANTED: u64 = 65_536;
/// The most connections by HTTP, however many descriptors there are: each costs memory.
const MOST_CONNECTIONS: u64 = 8_192;

/// Raises the limit of descriptors as far as the system allows and this program has a use for.
pub fn raise() {
    let before = getrlimit(Resource::Nofile);
    let wanted = before.maximum.map_or(WANTED, |most| most.min(WANTED));
    if before.current.is_none_or(|now| now >= wanted) {
        return;
    }
    let raised = Rlimit {
        current: Some(wanted),
        maximum: before.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the limit of open files could not be raised: see `ulimit -n`");
    }
}

/// The number of connections by HTTP that there may be: half of the descriptors at most.
pub fn for_http() -> usize {
    let all = getrlimit(Resource::Nofile).current.unwrap_or(WANTED);
    if all < 512 {
        tracing::warn!(limit = all, "few files may be open: set `LimitNOFILE` to 65536");
    }
    usize::try_from((all / 2).min(MOST_CONNECTIONS)).unwrap_or(usize::MAX)
}
