//! Tests of what a configuration can say.

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::*;
use crate::init::{self, InitOptions};

#[test]
fn what_a_node_asks_of_others_can_be_written_down() {
    let text = "[outbound]\nextra_roots = \"ca.pem\"\n[outbound.short_lists]\n\"did:web:badges.example\" = 100000\n";
    #[derive(Deserialize)]
    struct OutboundSection {
        outbound: OutboundConfig,
    }
    let OutboundSection { outbound } = toml::from_str(text).unwrap();
    assert!(!outbound.loopback, "closed unless opened");
    assert_eq!(outbound.short_lists.get("did:web:badges.example"), Some(&100_000));
    assert!(toml::from_str::<OutboundSection>("[outbound]\nproxy = \"x\"\n").is_err());
}

const NAMES: [&str; 5] = ["US-NC", "US-CO:aurora", "US-IL:troy-30-c", "CA-ON", "US-SC"];
const ODD: [&str; 9] = [
    "https://comity.example.gov",
    "https://a.example/it's \"quoted\" \\ back",
    "ünïcode-Ñ",
    "[[peers]]",
    "# no comment",
    "line\nbreak\ttab",
    "'''",
    "\"\"\"",
    "",
];

fn odd(rng: &mut StdRng) -> String {
    ODD[rng.random_range(0..ODD.len())].to_owned()
}

fn peer(rng: &mut StdRng) -> PeerConfig {
    PeerConfig {
        agency: NAMES[rng.random_range(0..NAMES.len())].parse().unwrap(),
        genesis: format!("{:064x}", rng.random::<u128>()),
        peer_id: odd(rng),
        addresses: (0..rng.random_range(0..4)).map(|_| odd(rng)).collect(),
        url: rng.random_bool(0.5).then(|| odd(rng)),
    }
}

/// Tables of all kinds, any of which may be the last thing in the file.
fn with_tables(config: &mut Config, rng: &mut StdRng) {
    if rng.random_bool(0.5) {
        config.tls = Some(match rng.random_range(0..3) {
            0 => Tls::SelfSigned,
            1 => Tls::None,
            _ => Tls::Files {
                cert: odd(rng).into(),
                key: odd(rng).into(),
            },
        });
    }
    for _ in 0..rng.random_range(0..3) {
        config.outbound.short_lists.insert(odd(rng), rng.random());
    }
    config.peer_addresses = (0..rng.random_range(0..3)).map(|_| odd(rng)).collect();
    config.url = rng.random_bool(0.5).then(|| odd(rng));
    config.keys.seal = rng.random_bool(0.5).then(|| odd(rng).into());
    config.database_tls = rng.random_bool(0.5).then_some(DatabaseTls::VerifyFull);
    config.registration.contact_kept_days = rng.random_bool(0.5).then(|| rng.random());
    let mirror = |rng: &mut StdRng| MirrorConfig {
        agency: "US-SC".parse().unwrap(),
        genesis: odd(rng),
        url: odd(rng),
        roots: rng.random_bool(0.5).then(|| odd(rng).into()),
    };
    config.mirrors = (0..rng.random_range(0..3)).map(|_| mirror(rng)).collect();
    config.peers = (0..rng.random_range(0..3)).map(|_| peer(rng)).collect();
}

#[tokio::test]
async fn what_a_ticket_says_as_toml_goes_below_any_configuration_that_a_node_writes() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("node");
    let beginning = InitOptions {
        agency: "US-NC".parse().unwrap(),
        name: "North Carolina".into(),
        url: "https://node.example".into(),
        listen: "127.0.0.1:7400".parse().unwrap(),
        peer_listen: vec!["/ip4/0.0.0.0/tcp/7500".into()],
        database: None,
        database_tls: None,
        root_out: None,
    };
    let now = registry_schema::Timestamp(1_700_000_000_000);
    let made = init::init(&data, beginning, now).await.unwrap();
    let own = init::peer_config(&data).unwrap();
    assert!(
        own.addresses.is_empty(),
        "`everywhere on this machine` helps no other machine"
    );
    let seed: u64 = rand::rng().random();
    let mut rng = StdRng::seed_from_u64(seed);
    for round in 0..300 {
        let mut config = made.clone();
        if round > 0 {
            with_tables(&mut config, &mut rng);
        }
        config.save(&data).unwrap();
        let mut wanted = config.peers.clone();
        let mut text = fs::read_to_string(Config::path(&data)).unwrap();
        let mut appended = vec![own.clone()];
        appended.extend((0..rng.random_range(0..4)).map(|_| peer(&mut rng)));
        for peer in appended {
            text.push_str(&peer.to_toml().unwrap());
            // As the command ends it, or an editor does not.
            if rng.random_bool(0.8) {
                text.push('\n');
            }
            wanted.push(peer);
        }
        fs::write(Config::path(&data), &text).unwrap();
        let told = format!("seed {seed}, round {round}\n{text}");
        let read = Config::load(&data).unwrap_or_else(|error| panic!("{error:#}\n{told}"));
        assert_eq!(read.peers, wanted, "{told}");
        assert_eq!(read.mirrors, config.mirrors, "{told}");
    }
}

#[test]
fn a_configuration_of_an_earlier_version_says_which_line_stands_in_the_way_of_a_ticket() {
    let folder = tempfile::tempdir().unwrap();
    let genesis = protocol::Hash([1; 32]);
    let config = Config::usual("US-NC".parse().unwrap(), genesis, "127.0.0.1:7400".parse().unwrap());
    config.save(folder.path()).unwrap();
    let path = Config::path(folder.path());
    let text = fs::read_to_string(&path).unwrap();
    let appended = format!("peers = []\n{text}\n[[peers]]\nagency = \"US-SC\"\n");
    fs::write(&path, appended).unwrap();
    let said = format!("{:#}", Config::load(folder.path()).unwrap_err());
    assert!(said.contains("take out the line `peers = []`"), "{said}");
}
