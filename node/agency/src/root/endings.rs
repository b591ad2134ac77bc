//! The abilities that an agency no longer has: after an act of its root, or as its keys stand now.

use std::fmt;

use protocol::{DocumentId, KeyLog, PublicKey, key_log::KeyLogAct, signed::InvalidStatement};

/// An ability of an agency that an act of its root ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgencyAbility {
    /// Nobody can write its lists: no badge can be revoked, and all of them become "could not check" when the last heartbeat
    /// is over.
    Writing,
    /// The same of its status lists alone.
    StatusLists,
    /// The same of its trust list alone.
    TrustList,
    /// No key signs the agency's own statements.
    Statements,
}

impl fmt::Display for AgencyAbility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Writing => {
                "after this no writer key of the agency is good: nothing of it can be written or revoked any more, it is heard \
                 no more, and when its last heartbeat is over every node answers \"could not check\" about all its badges, until \
                 the root adds a key"
            }
            Self::StatusLists => {
                "after this no writer key of the agency may write its status lists: no badge can be issued, suspended or revoked \
                 any more, until the root adds a key"
            }
            Self::TrustList => {
                "after this no writer key of the agency may write its trust list: no issuer can be registered, recognized or \
                 withdrawn any more, until the root adds a key"
            }
            Self::Statements => {
                "after this no badge key of the agency is good: it signs none of its own statements any more, until the root \
                 adds one"
            }
        })
    }
}

/// Lists what the agency can do before an act of its root, and not after it.
///
/// # Errors
/// [`InvalidStatement`], if the act breaks a rule.
pub fn endings(key_log: &KeyLog, act: &KeyLogAct) -> Result<Vec<AgencyAbility>, InvalidStatement> {
    let after = key_log.simulate(act)?;
    let abilities = |log: &KeyLog| {
        let authority = log.authority();
        let writes = |document: DocumentId| authority.live_writers().any(|(_, scope)| scope.holds(&document));
        let anything = authority.live_writers().next().is_some();
        let statements = authority.badge_keys().values().any(Option::is_none);
        [
            (AgencyAbility::Writing, anything),
            (AgencyAbility::StatusLists, writes(DocumentId::StatusList(0))),
            (AgencyAbility::TrustList, writes(DocumentId::TrustList)),
            (AgencyAbility::Statements, statements),
        ]
    };
    let ended = abilities(key_log).into_iter().zip(abilities(&after));
    let mut ended: Vec<AgencyAbility> = ended
        .filter_map(|((ending, before), (_, after))| (before && !after).then_some(ending))
        .collect();
    if ended.contains(&AgencyAbility::Writing) {
        // It says the rest.
        ended.retain(|ending| !matches!(ending, AgencyAbility::StatusLists | AgencyAbility::TrustList));
    }
    Ok(ended)
}

/// The ability of an agency to write, and of a node for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WritingAbility {
    /// A key of this node may write.
    Writes,
    /// Other keys of the agency may, and none that is on this machine.
    OnlyOthers,
    /// No key of the agency is good.
    NoKeyIsGood,
}

impl WritingAbility {
    /// Returns the ability of the agency with this key log, at a node with these keys.
    #[must_use]
    pub fn of(key_log: &KeyLog, here: &[PublicKey]) -> Self {
        let live = key_log.writers();
        match (live.is_empty(), here.iter().any(|key| live.contains(key))) {
            (true, _) => Self::NoKeyIsGood,
            (false, true) => Self::Writes,
            (false, false) => Self::OnlyOthers,
        }
    }

    /// Its name in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Writes => "writes",
            Self::OnlyOthers => "only_others",
            Self::NoKeyIsGood => "no_key_is_good",
        }
    }

    /// Says what is wrong, and what to do; nothing, if the node can write.
    #[must_use]
    pub const fn trouble(self) -> Option<&'static str> {
        match self {
            Self::Writes => None,
            Self::OnlyOthers => Some(
                "the key log names no writer key that is on this machine: this node writes nothing; let its key be added \
                 (`comity key rotate`), or put the right one into its `keys` folder",
            ),
            Self::NoKeyIsGood => Some(
                "no writer key of this agency is good: nobody writes its lists, and its badges become \"could not check\" \
                 everywhere; let the root add a key (`comity key rotate`)",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::{
        Hash, RootKeySet, SigningKey,
        key_log::{Founding, KeyEnd, WriterKey, WriterScope, found},
    };
    use registry_schema::Timestamp;

    use super::*;

    fn key(seed: u8) -> PublicKey {
        SigningKey::from_seed(&[seed; 32]).unwrap().public()
    }

    fn log(writers: &[(u8, &[&str])], badge_keys: &[u8]) -> KeyLog {
        let root = SigningKey::from_seed(&[1; 32]).unwrap();
        let writer = |(seed, kinds): &(u8, &[&str])| WriterKey {
            key: key(*seed),
            scope: scope(kinds),
        };
        let founding = Founding {
            agency: "US-SC".parse().unwrap(),
            name: "South Carolina".into(),
            url: "https://sc.example".into(),
            root: RootKeySet::single(root.public()),
            next_root: Hash([0; 32]),
            writers: writers.iter().map(writer).collect(),
            badge_keys: badge_keys.iter().map(|seed| key(*seed)).collect(),
        };
        found(founding, &[&root], Timestamp(1_700_000_000_000)).unwrap()
    }

    fn scope(kinds: &[&str]) -> WriterScope {
        match kinds {
            [] => WriterScope::All,
            kinds => WriterScope::Kinds(kinds.iter().map(|kind| (*kind).to_owned()).collect()),
        }
    }

    fn end(seed: u8) -> KeyLogAct {
        KeyLogAct::WriterEnded {
            key: key(seed),
            last: vec![],
            end: KeyEnd::Retired,
        }
    }

    #[test]
    fn what_ends_an_agency_is_told_and_what_does_not_is_not() {
        let one = log(&[(2, &[])], &[8]);
        assert_eq!(endings(&one, &end(2)).unwrap(), [AgencyAbility::Writing]);
        let two = log(&[(2, &[]), (3, &[])], &[8, 9]);
        assert_eq!(endings(&two, &end(2)).unwrap(), [], "another one writes");
        let apart = log(&[(2, &["status-list"]), (3, &["trust-list"])], &[8, 9]);
        assert_eq!(endings(&apart, &end(2)).unwrap(), [AgencyAbility::StatusLists]);
        assert_eq!(endings(&apart, &end(3)).unwrap(), [AgencyAbility::TrustList]);
        let scoped = KeyLogAct::WriterScoped {
            key: key(2),
            scope: scope(&["policy"]),
            last: vec![],
        };
        assert_eq!(
            endings(&one, &scoped).unwrap(),
            [AgencyAbility::StatusLists, AgencyAbility::TrustList]
        );
        let ended = |seed| KeyLogAct::BadgeKeyEnded {
            key: key(seed),
            end: KeyEnd::Compromised,
        };
        assert_eq!(endings(&one, &ended(8)).unwrap(), [AgencyAbility::Statements]);
        assert_eq!(endings(&two, &ended(8)).unwrap(), []);
    }

    #[test]
    fn a_foreign_key_is_not_taken_for_one_that_writes() {
        let one = log(&[(2, &[])], &[]);
        assert_eq!(WritingAbility::of(&one, &[key(5), key(2)]), WritingAbility::Writes);
        assert_eq!(WritingAbility::of(&one, &[key(5)]), WritingAbility::OnlyOthers);
        let ended = one.simulate(&end(2)).unwrap();
        assert_eq!(WritingAbility::of(&ended, &[key(2)]), WritingAbility::NoKeyIsGood);
    }
}
