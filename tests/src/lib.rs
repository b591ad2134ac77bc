//! The harness of the scenarios, in the domain's words: a [`Federation`] of [`TestAgency`]s, joined by [`NodeLink`]s that can be
//! cut, on a [`FederationClock`] that can be moved, and an [`Employer`] who asks.
//!
//! The nodes are real: keys made by `init`, SQLite on disk, libp2p and HTTP over loopback. Operators and employers
//! speak HTTP as anybody would; only the [`audit`] at a scenario's end looks into the stores. **Nothing sleeps** but
//! [`eventually`], which waits for a condition and says what it waited for.

pub mod agency;
pub mod audit;
pub mod badge;
pub mod chance;
pub mod contract;
pub mod damage;
pub mod deeds;
pub mod employer;
pub mod fake_time;
pub mod federation;
pub mod files;
pub mod forge;
pub mod history;
pub mod http;
pub mod interop;
pub mod link;
pub mod namespaces;
pub mod oracle;
pub mod own_keys;
pub mod party;
pub mod ports;
pub mod postgres;
pub mod power_cut;
pub mod process;
pub mod program;
pub mod publisher;
pub mod second;
pub mod small_disk;
pub mod strangers;
pub mod verdict;
pub mod wait;
pub mod wire;
pub mod witness;

pub use agency::{RestoreMethod, TestAgency};
pub use badge::IssuedBadge;
pub use employer::Employer;
pub use federation::{ExchangeIntervals, Federation, FederationClock, StoreBackend, TeacherScenario};
pub use files::FileServer;
pub use history::WebvhHistory;
pub use http::HttpReply;
pub use link::NodeLink;
pub use postgres::PostgresServer;
pub use process::AgencyProcess;
pub use program::Program;
pub use publisher::Publisher;
pub use second::SecondAgency;
pub use verdict::VerdictAssertions;
pub use wait::eventually;
pub use wire::PostgresProxy;
