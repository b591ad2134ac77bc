//! Deeds of an operator, whatever becomes of them: writes of each kind, each with the answer it had, so that it can be
//! compared with what is on the disk afterwards.

use std::{
    collections::VecDeque,
    time::{SystemTime, UNIX_EPOCH},
};

use api_types::{
    Route,
    credentials::StatusChangeRequest,
    issuers::{NewIssuer, RegisteredIssuerResponse},
    peers::NewPeer,
    recognitions::{RecognitionRequest, RecognitionResponse, WithdrawalRequest},
    routes,
};
use protocol::{DocumentId, Hash, Ticket};
use rand::{RngExt as _, rngs::StdRng};
use registry_schema::{Issuer, Purpose, RecognitionScope, StatusReason, StatusState};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{HttpReply, IssuedBadge, TestAgency, http, oracle::DiskOracle};

/// The kinds of writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WriteKind {
    /// A badge is issued.
    Issue,
    /// A badge is suspended.
    Suspend,
    /// A suspension is lifted.
    Reinstate,
    /// A badge is revoked.
    Revoke,
    /// An issuer is registered.
    Register,
    /// An issuer is recognized.
    Recognize,
    /// A recognition is withdrawn.
    Withdraw,
    /// A peer is added.
    Peer,
}

/// All of them.
pub const KINDS: [WriteKind; 8] = [
    WriteKind::Issue,
    WriteKind::Suspend,
    WriteKind::Reinstate,
    WriteKind::Revoke,
    WriteKind::Register,
    WriteKind::Recognize,
    WriteKind::Withdraw,
    WriteKind::Peer,
];

impl WriteKind {
    /// Returns the word that its transaction, and no other, writes into the audit trail.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Issue => "credential.issue",
            Self::Suspend => "credential.suspend",
            Self::Reinstate => "credential.reinstate",
            Self::Revoke => "credential.revoke",
            Self::Register => "issuer.register",
            Self::Recognize => "recognition.add",
            Self::Withdraw => "recognition.withdraw",
            Self::Peer => "peer.add",
        }
    }
}

/// A write, and to what. Each is asked for once.
#[derive(Clone, Debug)]
pub struct PlannedWrite {
    /// Its kind.
    pub kind: WriteKind,
    /// The badge whose status it changes.
    pub badge: Option<IssuedBadge>,
    /// The name that it gives, or the id of what it changes.
    pub name: String,
}

/// The outcome of a write, as the operator was told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteOutcome {
    /// It is done.
    Done,
    /// Nothing was changed.
    NotDone,
    /// That is not known; or there was no answer.
    Unknown,
}

/// A write, and what came of it.
#[derive(Clone, Debug)]
pub struct WriteRecord {
    /// The write.
    pub deed: PlannedWrite,
    /// The outcome that was told.
    pub told: WriteOutcome,
    /// The time of the answer, in milliseconds since 1970.
    pub answered: i64,
    /// The answer.
    pub said: String,
}

/// Milliseconds since 1970.
///
/// # Panics
/// If the clock stands before that.
#[must_use]
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("a time")
}

/// An operator who does one thing after the other at an agency's node.
#[derive(Debug)]
pub struct OperatorClient {
    url: String,
    token: String,
    http: reqwest::Client,
    issuer: Issuer,
    name: String,
    count: u32,
    rng: StdRng,
    /// Badges that are good, and suspended ones.
    good: VecDeque<IssuedBadge>,
    suspended: VecDeque<IssuedBadge>,
    /// Issuers that are not recognized yet, and recognitions that stand.
    registered: VecDeque<String>,
    recognitions: VecDeque<String>,
}

impl OperatorClient {
    /// An operator with a name that no other has, and one of the agency's issuers.
    pub fn new(agency: &TestAgency, issuer: &Issuer, name: &str, rng: StdRng) -> Self {
        Self {
            url: agency.url().to_owned(),
            token: agency.token().to_owned(),
            http: http::client(),
            issuer: issuer.clone(),
            name: name.to_owned(),
            count: 0,
            rng,
            good: VecDeque::new(),
            suspended: VecDeque::new(),
            registered: VecDeque::new(),
            recognitions: VecDeque::new(),
        }
    }

    /// Returns the kind that comes first before a write of this kind can be asked for; itself, if nothing.
    fn first(&self, kind: WriteKind) -> WriteKind {
        match kind {
            WriteKind::Suspend | WriteKind::Revoke if self.good.is_empty() => WriteKind::Issue,
            WriteKind::Reinstate if self.suspended.is_empty() => self.first(WriteKind::Suspend),
            WriteKind::Recognize if self.registered.is_empty() => WriteKind::Register,
            WriteKind::Withdraw if self.recognitions.is_empty() => self.first(WriteKind::Recognize),
            other => other,
        }
    }

    /// A write of some kind, to something that it was not asked for before.
    pub fn thinks(&mut self) -> PlannedWrite {
        let kind = KINDS[self.rng.random_range(0..KINDS.len())];
        self.plans(self.first(kind))
    }

    /// Returns true if a write of this kind takes nothing that is to be done first.
    #[must_use]
    pub fn ready_for(&self, kind: WriteKind) -> bool {
        self.first(kind) == kind
    }

    /// A write of this kind; what it takes is done first.
    ///
    /// # Panics
    /// If that is not done.
    pub async fn prepares(&mut self, kind: WriteKind) -> (Vec<WriteRecord>, PlannedWrite) {
        let mut acts = Vec::new();
        loop {
            let next = self.first(kind);
            let deed = self.plans(next);
            if next == kind {
                return (acts, deed);
            }
            let act = self.does(deed).await;
            assert_eq!(act.told, WriteOutcome::Done, "before a fault: {act:?}");
            acts.push(act);
        }
    }

    fn plans(&mut self, kind: WriteKind) -> PlannedWrite {
        self.count += 1;
        let fresh = format!("{} {}", self.name, self.count);
        let (badge, name) = match kind {
            WriteKind::Issue | WriteKind::Register => (None, fresh),
            WriteKind::Suspend | WriteKind::Revoke => (self.good.pop_front(), String::new()),
            WriteKind::Reinstate => (self.suspended.pop_front(), String::new()),
            WriteKind::Recognize => (None, self.registered.pop_front().unwrap_or_default()),
            WriteKind::Withdraw => (None, self.recognitions.pop_front().unwrap_or_default()),
            WriteKind::Peer => (None, format!("US-XX:{}", fresh.replace(' ', "-").to_lowercase())),
        };
        PlannedWrite { kind, badge, name }
    }

    /// Asks for a write; what it makes can be used for further ones.
    pub async fn does(&mut self, deed: PlannedWrite) -> WriteRecord {
        let (path, body) = self.request(&deed);
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(&self.token);
        let reply = http::try_send(request.json(&body)).await;
        let (told, said) = match &reply {
            Ok(reply) => (told_by(reply), format!("{} {}", reply.status, reply.text())),
            Err(error) => (WriteOutcome::Unknown, error.clone()),
        };
        if let (WriteOutcome::Done, Ok(reply)) = (told, &reply) {
            self.keeps(&deed, reply);
        }
        WriteRecord {
            deed,
            told,
            answered: now(),
            said,
        }
    }

    fn request(&mut self, deed: &PlannedWrite) -> (String, Value) {
        let status = |to: StatusState| {
            let code = deed
                .badge
                .as_ref()
                .map(|badge| badge.code().compact())
                .unwrap_or_default();
            let new = StatusChangeRequest {
                status: to,
                reason: StatusReason::Administrative,
                note: None,
            };
            call(&routes::STATUS_CHANGE, &[&code], &new)
        };
        match deed.kind {
            WriteKind::Issue => {
                let new = crate::agency::badge_to_issue(&self.issuer, &deed.name);
                call(&routes::ISSUANCE, &[], &new)
            }
            WriteKind::Suspend => status(StatusState::Suspended),
            WriteKind::Reinstate => status(StatusState::Active),
            WriteKind::Revoke => status(StatusState::Revoked),
            WriteKind::Register => {
                let new = NewIssuer {
                    name: deed.name.clone(),
                    ..NewIssuer::default()
                };
                call(&routes::ISSUER_REGISTRATION, &[], &new)
            }
            WriteKind::Recognize => {
                let new = RecognitionRequest::new(&deed.name, &[Purpose::Renewal], RecognitionScope::All);
                call(&routes::RECOGNIZE, &[], &new)
            }
            WriteKind::Withdraw => call(&routes::WITHDRAW, &[&deed.name], &WithdrawalRequest::default()),
            WriteKind::Peer => {
                // An identity of a node, in the form of libp2p, and a log, that nobody has.
                let key: [u8; 32] = self.rng.random();
                let node = [&[0, 36, 8, 1, 18, 32][..], &key].concat();
                let ticket = Ticket {
                    agency: deed.name.parse().expect("an agency's name"),
                    name: String::new(),
                    genesis: Hash(self.rng.random()),
                    node: bs58::encode(node).into_string(),
                    addresses: vec!["/ip4/127.0.0.1/tcp/9".into()],
                    url: String::new(),
                };
                let new = NewPeer {
                    ticket: ticket.to_string(),
                    introduced_by: None,
                    introduction: None,
                };
                call(&routes::ADD_PEER, &[], &new)
            }
        }
    }

    fn keeps(&mut self, deed: &PlannedWrite, reply: &HttpReply) {
        match deed.kind {
            WriteKind::Issue => self.good.push_back(reply.json()),
            WriteKind::Suspend => self.suspended.extend(deed.badge.clone()),
            WriteKind::Register => self
                .registered
                .push_back(reply.json::<RegisteredIssuerResponse>().issuer.id),
            WriteKind::Recognize => {
                let made: RecognitionResponse = reply.json();
                self.recognitions.push_back(made.entry.recognition.id);
            }
            WriteKind::Reinstate | WriteKind::Revoke | WriteKind::Withdraw | WriteKind::Peer => {}
        }
    }
}

fn told_by(reply: &HttpReply) -> WriteOutcome {
    match reply.status {
        201 => WriteOutcome::Done,
        // Its time was over: what came of it is not said.
        408 => WriteOutcome::Unknown,
        _ if reply.text().contains("node.outcome_unknown") => WriteOutcome::Unknown,
        _ => WriteOutcome::NotDone,
    }
}

impl WriteRecord {
    /// Counts it on the disk: by the lists' own account, that of the tables, and that of the audit trail; none, where it has
    /// no place.
    ///
    /// # Panics
    /// If the tables do not answer with numbers.
    pub fn on_disk(&self, disk: &DiskOracle, sql: &dyn Fn(&str) -> String) -> [Option<usize>; 3] {
        let PlannedWrite { kind, badge, name } = &self.deed;
        let count = |sql_text: String| sql(&sql_text).trim().parse::<usize>().expect("a number");
        let audited = |subject: &str| {
            count(format!(
                "SELECT count(*) FROM audit WHERE act = '{}' AND subject {subject}",
                kind.word()
            ))
        };
        let puts = |is: &dyn Fn(&DocumentId, &str, &[u8]) -> bool| {
            let all = disk.puts.iter();
            all.filter(|(document, key, value)| is(document, key, value)).count()
        };
        let says = |value: &[u8], text: &str| value.windows(text.len()).any(|part| part == text.as_bytes());
        let of_badge = |letter: &str, suspends: Option<bool>| {
            let (list, index) = badge.as_ref().expect("a change has a badge").slot();
            let key = format!("{letter}/{index}");
            // CBOR of a true is f5.
            puts(&|document, name, value| {
                *document == DocumentId::StatusList(list)
                    && name == key
                    && suspends.is_none_or(|yes| (value.get(1) == Some(&0xf5)) == yes)
            })
        };
        let id = badge
            .as_ref()
            .map(|badge| badge.credential.id.clone())
            .unwrap_or_default();
        match kind {
            WriteKind::Issue => {
                let rows = count(format!("SELECT count(*) FROM credentials WHERE subject = '{name}'"));
                let audits = audited(&format!("IN (SELECT id FROM credentials WHERE subject = '{name}')"));
                [None, Some(rows), Some(audits)]
            }
            WriteKind::Suspend => [
                Some(of_badge("s", Some(true))),
                None,
                Some(audited(&format!("= '{id}'"))),
            ],
            WriteKind::Reinstate => [
                Some(of_badge("s", Some(false))),
                None,
                Some(audited(&format!("= '{id}'"))),
            ],
            WriteKind::Revoke => [Some(of_badge("r", None)), None, Some(audited(&format!("= '{id}'")))],
            WriteKind::Register => {
                // The name is followed by what is no part of it: "A 1" is not in "A 10".
                let named = |value: &[u8]| {
                    let mut at = value.windows(name.len()).enumerate();
                    at.any(|(i, part)| {
                        part == name.as_bytes() && !value.get(i + name.len()).is_some_and(u8::is_ascii_digit)
                    })
                };
                [
                    Some(puts(&|_, key, value| key.starts_with("i/") && named(value))),
                    None,
                    None,
                ]
            }
            WriteKind::Recognize => [
                Some(puts(&|_, key, value| key.starts_with("g/") && says(value, name))),
                None,
                None,
            ],
            WriteKind::Withdraw => {
                let puts = puts(&|_, key, _| key == format!("w/{name}"));
                [Some(puts), None, Some(audited(&format!("= '{name}'")))]
            }
            WriteKind::Peer => {
                let rows = count(format!("SELECT count(*) FROM peers WHERE agency = '{name}'"));
                [None, Some(rows), Some(audited(&format!("= '{name}'")))]
            }
        }
    }

    /// Tells what of it contradicts the disk.
    #[must_use]
    pub fn contradiction(&self, disk: &DiskOracle, sql: &dyn Fn(&str) -> String) -> Option<String> {
        let found = self.on_disk(disk, sql);
        let counts: Vec<usize> = found.iter().flatten().copied().collect();
        let wrong = if counts.windows(2).any(|two| two[0] != two[1]) {
            "is half on disk"
        } else {
            match (self.told, counts.first().copied().unwrap_or_default()) {
                (WriteOutcome::Done, 0) => "was acknowledged, and is not on disk",
                (WriteOutcome::NotDone, 1..) => "was told as not done, and is on disk",
                (_, 2..) => "is on disk twice",
                _ => return None,
            }
        };
        let of = self.deed.badge.as_ref().map(|badge| badge.code().to_string());
        let PlannedWrite { kind, name, .. } = &self.deed;
        Some(format!(
            "{kind:?} of {name}{} {wrong} ({found:?}): {}",
            of.unwrap_or_default(),
            self.said
        ))
    }
}

/// The path and the body of a call.
fn call<B: Serialize, A>(route: &Route<B, A>, parameters: &[&str], body: &B) -> (String, Value) {
    (format!("/{}", route.segments(parameters).join("/")), json!(body))
}
