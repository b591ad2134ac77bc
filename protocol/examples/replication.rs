//! What replication costs: bytes a revocation, a cold start by checkpoint beside a replay of the log, beside
//! floors that nobody can beat. `tests/bench replication` runs it and prints the table.
//!
//! Each agency has 77 status lists with 1,338 revocations each (10 million credentials, 1 % revoked), made over five
//! years in batches of 1 to 256. Times are of one thread on this machine; bytes are exact.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::panic,
    reason = "a measurement talks to the person at the terminal"
)]

use std::{collections::BTreeSet, io::Write as _, time::Instant};

use protocol::{
    Envelope, KeyLog, Put, Root, SignedEnvelope, SigningKey,
    checkpoint::{self, Checkpoint},
    key_log::{Founding, WriterKey, found},
    log::AgencyLog,
    signed::encode,
    status_list,
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use registry_schema::{Reason, Timestamp};

const LISTS: u32 = 77;
const SLOTS: u32 = 131_072;
const START: i64 = 1_600_000_000_000;
const FIVE_YEARS: i64 = 5 * 365 * 86_400_000;

struct Made {
    key_log: KeyLog,
    envelopes: Vec<SignedEnvelope>,
    checkpoint: protocol::Signed<Checkpoint>,
    pages: Vec<Vec<u8>>,
    indexes: Vec<Vec<u32>>,
}

fn make(seed: u64, a_list: u32) -> Made {
    let mut rng = StdRng::seed_from_u64(seed);
    let secret: [u8; 32] = rng.random();
    let key = SigningKey::from_seed(&secret).unwrap();
    let founding = Founding {
        agency: "US-NC".parse().unwrap(),
        name: "North Carolina".into(),
        url: "https://nc.example".into(),
        root: Root::single(key.public()),
        next_root: Root::single(key.public()).commitment(),
        writers: vec![WriterKey::of_all(key.public())],
        badge_keys: vec![],
    };
    let key_log = found(founding, &[&key], Timestamp(START)).unwrap();
    let mut indexes = Vec::new();
    let mut slots: Vec<(u32, u32)> = Vec::new();
    for list in 0..LISTS {
        let mut taken = BTreeSet::new();
        while taken.len() < a_list as usize {
            taken.insert(rng.random_range(0..SLOTS));
        }
        slots.extend(taken.iter().map(|index| (list, *index)));
        indexes.push(taken.into_iter().collect());
    }
    // In any order, as life has it.
    for at in (1..slots.len()).rev() {
        slots.swap(at, rng.random_range(0..=at));
    }
    let mut log = AgencyLog::new(key_log.clone());
    let mut at = START;
    let mut rest = slots.as_slice();
    let step = FIVE_YEARS / (slots.len() as i64 / 128 + 1);
    let mut envelopes = Vec::new();
    while !rest.is_empty() {
        let (some, after) = rest.split_at(rng.random_range(1..=256).min(rest.len()));
        rest = after;
        at += rng.random_range(1..2 * step);
        let reason = Reason::ALL[rng.random_range(0..Reason::ALL.len())];
        let put = |(list, index): &(u32, u32)| -> Put { status_list::revoke(*list, *index, reason, Timestamp(at)) };
        let next = log.next_for(&key.public());
        let puts = some.iter().map(put).collect();
        let envelope = Envelope::seal(&key, &key_log, next, Timestamp(at), puts, &mut rng).unwrap();
        envelopes.push(envelope.signed());
        log.keep(envelope).unwrap();
    }
    let pages = checkpoint::pages(&log.rows().unwrap());
    let signed = key
        .sign(&Checkpoint {
            version: 1,
            agency: key_log.genesis(),
            writer: key.public(),
            key_log: key_log.head(),
            heads: log.heads(),
            envelopes: u32::try_from(log.len()).unwrap(),
            issued: Timestamp(at),
            next_by: Timestamp(at + 86_400_000),
            pages: checkpoint::names(&pages),
        })
        .unwrap();
    Made {
        key_log,
        envelopes,
        checkpoint: signed.signed().clone(),
        pages,
        indexes,
    }
}

/// log2 of how many sets of so many indexes there are, in bytes: no encoding of the bare set is shorter on average.
fn entropy(count: usize) -> f64 {
    let ln_choose: f64 = (0..count)
        .map(|i| ((f64::from(SLOTS) - i as f64) / (i as f64 + 1.0)).ln())
        .sum();
    ln_choose / std::f64::consts::LN_2 / 8.0
}

fn gzip(indexes: &[u32]) -> usize {
    let mut bits = vec![0u8; SLOTS as usize / 8];
    for index in indexes {
        bits[*index as usize / 8] |= 0x80 >> (index % 8);
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&bits).unwrap();
    encoder.finish().unwrap().len()
}

fn main() {
    let number = |name: &str, default: usize| {
        let mut args = std::env::args().skip_while(|arg| arg != name).skip(1);
        args.next().map_or(default, |value| {
            value.parse().unwrap_or_else(|_| panic!("{name} takes a number"))
        })
    };
    let agencies = number("--agencies", 56);
    let a_list = u32::try_from(number("--revocations-a-list", 1_338)).unwrap();
    let json = std::env::args().skip_while(|arg| arg != "--json").nth(1);
    let each = LISTS * a_list;
    println!("{agencies} agencies, {each} revocations each, in {LISTS} lists");

    let made: Vec<Made> = (0..agencies).map(|seed| make(seed as u64, a_list)).collect();
    let total = f64::from(each) * agencies as f64;
    let log_bytes: usize = made
        .iter()
        .flat_map(|made| &made.envelopes)
        .map(SignedEnvelope::bytes)
        .sum();
    let page_bytes: usize = made
        .iter()
        .map(|made| made.pages.iter().map(Vec::len).sum::<usize>() + encode(&made.checkpoint).len())
        .sum();
    let floor: f64 = made
        .iter()
        .flat_map(|made| &made.indexes)
        .map(|list| entropy(list.len()))
        .sum();
    let gzipped: usize = made.iter().flat_map(|made| &made.indexes).map(|list| gzip(list)).sum();

    let begin = Instant::now();
    let by_checkpoint: Vec<AgencyLog> = made
        .iter()
        .map(|made| {
            let mut log = AgencyLog::new(KeyLog::read(made.key_log.signed()).unwrap());
            let checkpoint = Checkpoint::read(made.checkpoint.clone(), log.key_log()).unwrap();
            assert!(log.adopt(checkpoint, made.pages.clone()).unwrap());
            assert_eq!(log.answers().unwrap().len(), each as usize);
            log
        })
        .collect();
    let checkpoint_seconds = begin.elapsed().as_secs_f64();
    drop(by_checkpoint);

    let begin = Instant::now();
    let by_log: Vec<AgencyLog> = made
        .iter()
        .map(|made| {
            let mut log = AgencyLog::new(KeyLog::read(made.key_log.signed()).unwrap());
            for signed in &made.envelopes {
                let envelope = signed.clone().verify(log.key_log()).unwrap();
                log.keep(envelope).unwrap();
            }
            log
        })
        .collect();
    let log_seconds = begin.elapsed().as_secs_f64();
    for (log, made) in by_log.iter().zip(&made) {
        assert_eq!(
            checkpoint::pages(&log.rows().unwrap()),
            made.pages,
            "both ways end in the same rows"
        );
    }

    let mib = |bytes: f64| bytes / 1024.0 / 1024.0;
    println!("\n| | seconds | MiB on the wire | bytes a revocation |\n|---|---|---|---|");
    println!(
        "| by checkpoint | {checkpoint_seconds:.1} | {:.1} | {:.2} |",
        mib(page_bytes as f64),
        page_bytes as f64 / total
    );
    println!(
        "| by the log | {log_seconds:.1} | {:.1} | {:.2} |",
        mib(log_bytes as f64),
        log_bytes as f64 / total
    );
    println!(
        "| floor: gzip of the bare bits, no reasons, no times | | {:.1} | {:.2} |",
        mib(gzipped as f64),
        gzipped as f64 / total
    );
    println!(
        "| floor: entropy of the bare set of indexes | | {:.1} | {:.2} |",
        mib(floor),
        floor / total
    );
    if let Some(file) = json {
        let text = format!(
            "{{\"agencies\": {agencies}, \"revocations_each\": {each}, \"ratios\": {{\"log_to_checkpoint_bytes\": {:.2}, \"log_to_checkpoint_seconds\": {:.2}, \"checkpoint_to_entropy_bytes\": {:.2}}}}}\n",
            log_bytes as f64 / page_bytes as f64,
            log_seconds / checkpoint_seconds,
            page_bytes as f64 / floor
        );
        std::fs::write(file, text).unwrap();
    }
}
