//! What replication costs: bytes a revocation, a cold start by checkpoint beside a replay of the log, memory, beside
//! floors that nobody can beat. `tests/bench replication` runs it and prints the table.
//!
//! Each agency has 77 status lists with 1,338 revocations each (10 million credentials, 1 % revoked), made over five
//! years in batches of 1 to 256. Bytes are exact; times are of one thread on this machine, and each way of starting is a
//! process of its own, whose memory is what the system says that it holds beyond what it held before.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::panic,
    reason = "a measurement talks to the person at the terminal"
)]

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use protocol::{
    Envelope, KeyLog, Put, RootKeySet, Signed, SignedEnvelope, SigningKey,
    blob_store::{BlobRef, BlobStore, BlobStoreError},
    checkpoint::{self, Checkpoint},
    key_log::{Founding, SignedKeyLogEntry, WriterKey, found},
    log::AgencyLog,
    signed::{decode, encode},
    status_list,
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use registry_schema::{StatusReason, Timestamp};

const LISTS: u32 = 77;
const SLOTS: u32 = 131_072;
const START: i64 = 1_600_000_000_000;
const FIVE_YEARS: i64 = 5 * 365 * 86_400_000;

/// What the agencies take up, added.
#[derive(Default)]
struct SizeTotals {
    log: usize,
    checkpoint: usize,
    gzip: usize,
    entropy: f64,
}

impl SizeTotals {
    fn with(self, other: &Self) -> Self {
        Self {
            log: self.log + other.log,
            checkpoint: self.checkpoint + other.checkpoint,
            gzip: self.gzip + other.gzip,
            entropy: self.entropy + other.entropy,
        }
    }
}

/// Makes an agency, and writes what a new node would be sent: one file with its checkpoint, one with its log.
fn make(seed: u64, a_list: u32, folder: &Path) -> SizeTotals {
    let mut rng = StdRng::seed_from_u64(seed);
    let secret: [u8; 32] = rng.random();
    let key = SigningKey::from_seed(&secret).unwrap();
    let founding = Founding {
        agency: "US-NC".parse().unwrap(),
        name: "North Carolina".into(),
        url: "https://nc.example".into(),
        root: RootKeySet::single(key.public()),
        next_root: RootKeySet::single(key.public()).commitment(),
        writers: vec![WriterKey::of_all(key.public())],
        badge_keys: vec![],
    };
    let key_log = found(founding, &[&key], Timestamp(START)).unwrap();
    let mut indexes: Vec<Vec<u32>> = Vec::new();
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
        let reason = StatusReason::ALL[rng.random_range(0..StatusReason::ALL.len())];
        let put = |(list, index): &(u32, u32)| -> Put { status_list::revoke(*list, *index, reason, Timestamp(at)) };
        let next = log.next_for(&key.public());
        let puts = some.iter().map(put).collect();
        let envelope = Envelope::seal(&key, &key_log, next, Timestamp(at), puts, &mut rng).unwrap();
        envelopes.push(envelope.signed());
        log.append(envelope).unwrap();
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
    let entries = encode(&key_log.signed());
    let checkpoint = encode(signed.signed());
    let mut by_checkpoint = vec![entries.clone(), checkpoint];
    by_checkpoint.extend(pages);
    let mut by_log = vec![entries];
    by_log.extend(envelopes.iter().map(encode));
    let sizes = SizeTotals {
        log: by_log.iter().map(Vec::len).sum(),
        checkpoint: by_checkpoint.iter().map(Vec::len).sum(),
        gzip: indexes.iter().map(|list| gzip(list)).sum(),
        entropy: indexes.iter().map(|list| entropy(list.len())).sum(),
    };
    write(&folder.join(format!("{seed}.checkpoint")), &by_checkpoint);
    write(&folder.join(format!("{seed}.log")), &by_log);
    sizes
}

/// Pieces, each behind its length.
fn write(file: &Path, pieces: &[Vec<u8>]) {
    let mut bytes = Vec::new();
    for piece in pieces {
        bytes.extend(u32::try_from(piece.len()).unwrap().to_be_bytes());
        bytes.extend(piece);
    }
    fs::write(file, bytes).unwrap();
}

fn read(file: &Path) -> Vec<Vec<u8>> {
    let bytes = fs::read(file).unwrap();
    let mut rest = bytes.as_slice();
    let mut pieces = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (piece, after) = after.split_at(u32::from_be_bytes(*length) as usize);
        pieces.push(piece.to_vec());
        rest = after;
    }
    pieces
}

/// Where envelopes' bytes lie, as in a node.
#[derive(Debug)]
struct TempBlobFile(fs::File, Mutex<u64>);

impl TempBlobFile {
    fn new(folder: &Path) -> Self {
        let mut options = fs::OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(true);
        Self(file.open(folder.join("scratch")).unwrap(), Mutex::new(0))
    }
}

impl BlobStore for TempBlobFile {
    fn put(&self, bytes: &[u8]) -> Result<BlobRef, BlobStoreError> {
        let mut end = self.1.lock().unwrap();
        let at = *end;
        self.0.write_all_at(bytes, at).unwrap();
        *end += bytes.len() as u64;
        drop(end);
        Ok(BlobRef {
            at,
            length: u32::try_from(bytes.len()).unwrap(),
        })
    }

    fn read(&self, blob: BlobRef) -> Result<Vec<u8>, BlobStoreError> {
        let mut bytes = vec![0; blob.length as usize];
        self.0.read_exact_at(&mut bytes, blob.at).unwrap();
        Ok(bytes)
    }

    fn erase(&self, _: BlobRef) -> Result<(), BlobStoreError> {
        Err(BlobStoreError("nothing is expunged here".into()))
    }
}

/// How much memory the system counts as this process's.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<usize>().ok());
    kilobytes.unwrap_or_default() * 1024
}

/// Starts from these files, holds what came of them, and prints seconds and bytes of memory.
fn start(way: &str, folder: &Path, agencies: usize) {
    let blobs = Arc::new(TempBlobFile::new(folder));
    let begin = resident();
    let mut took = Duration::ZERO;
    let mut logs = Vec::new();
    for agency in 0..agencies {
        let pieces = read(&folder.join(format!("{agency}.{way}")));
        let turn = Instant::now();
        let key_log = KeyLog::read(decode::<Vec<SignedKeyLogEntry>>(&pieces[0]).unwrap()).unwrap();
        let mut log = AgencyLog::within(key_log, blobs.clone());
        if way == "checkpoint" {
            let signed: Signed<Checkpoint> = decode(&pieces[1]).unwrap();
            let checkpoint = Checkpoint::read(signed, log.key_log()).unwrap();
            assert!(log.adopt(checkpoint, pieces[2..].to_vec()).unwrap());
        } else {
            for piece in &pieces[1..] {
                let signed: SignedEnvelope = decode(piece).unwrap();
                let envelope = signed.verify(log.key_log()).unwrap();
                log.append(envelope).unwrap();
            }
        }
        took += turn.elapsed();
        logs.push(log);
    }
    let held = resident().saturating_sub(begin);
    println!("{} {held}", took.as_secs_f64());
    if way == "log" {
        // Both ways end in the same rows.
        for (agency, log) in logs.iter().enumerate() {
            let pages = read(&folder.join(format!("{agency}.checkpoint"))).split_off(2);
            assert_eq!(checkpoint::pages(&log.rows().unwrap()), pages);
        }
    } else {
        assert!(logs.iter().all(|log| !log.answers().unwrap().is_empty()));
    }
}

fn timed(way: &str, folder: &Path, agencies: usize) -> (f64, f64) {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    let done = command
        .args(["start", way])
        .arg(folder)
        .arg(agencies.to_string())
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let said = String::from_utf8(done.stdout).unwrap();
    let (seconds, bytes) = said.trim().split_once(' ').unwrap();
    (seconds.parse().unwrap(), bytes.parse().unwrap())
}

/// A folder that goes when this does.
struct TempFolder(PathBuf);

impl Drop for TempFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
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
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [word, way, folder, agencies] = args.as_slice()
        && word == "start"
    {
        return start(way, Path::new(folder), agencies.parse().unwrap());
    }
    let value = |name: &str| args.iter().skip_while(|arg| *arg != name).nth(1);
    let number = |name: &str, default: usize| {
        value(name).map_or(default, |value| {
            value.parse().unwrap_or_else(|_| panic!("{name} takes a number"))
        })
    };
    let agencies = number("--agencies", 56);
    let a_list = u32::try_from(number("--revocations-a-list", 1_338)).unwrap();
    let each = LISTS * a_list;
    println!("{agencies} agencies, {each} revocations each, in {LISTS} lists");

    let folder = TempFolder(std::env::temp_dir().join(format!("comity-bench-{}", std::process::id())));
    fs::create_dir_all(&folder.0).unwrap();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut sizes = SizeTotals::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= agencies {
                return sizes;
            }
            sizes = sizes.with(&make(seed as u64, a_list, &folder.0));
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let sizes = std::thread::scope(|scope| {
        let working: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        let done = working.into_iter().map(|one| one.join().unwrap());
        done.fold(SizeTotals::default(), |all, one| all.with(&one))
    });
    let (checkpoint_seconds, checkpoint_memory) = timed("checkpoint", &folder.0, agencies);
    let (log_seconds, log_memory) = timed("log", &folder.0, agencies);

    let total = f64::from(each) * agencies as f64;
    let mib = |bytes: f64| bytes / 1024.0 / 1024.0;
    println!("\n| | seconds | MiB on the wire | bytes a revocation | MiB of memory |\n|---|---|---|---|---|");
    for (name, seconds, bytes, memory) in [
        ("by checkpoint", checkpoint_seconds, sizes.checkpoint, checkpoint_memory),
        ("by the log", log_seconds, sizes.log, log_memory),
    ] {
        let bytes = bytes as f64;
        println!(
            "| {name} | {seconds:.1} | {:.1} | {:.2} | {:.0} |",
            mib(bytes),
            bytes / total,
            mib(memory)
        );
    }
    for (name, bytes) in [
        ("gzip of the bare bits, no reasons, no times", sizes.gzip as f64),
        ("entropy of the bare set of indexes", sizes.entropy),
    ] {
        println!("| floor: {name} | | {:.1} | {:.2} | |", mib(bytes), bytes / total);
    }
    if let Some(file) = value("--json") {
        let text = format!(
            "{{\"agencies\": {agencies}, \"revocations_each\": {each}, \"ratios\": {{\"log_to_checkpoint_bytes\": {:.2}, \"log_to_checkpoint_seconds\": {:.2}, \"checkpoint_to_entropy_bytes\": {:.2}}}}}\n",
            sizes.log as f64 / sizes.checkpoint as f64,
            log_seconds / checkpoint_seconds,
            sizes.checkpoint as f64 / sizes.entropy
        );
        fs::write(file, text).unwrap();
    }
}
