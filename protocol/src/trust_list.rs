//! The entries of a trust list, and how they fold.
//!
//! | key | value | rule |
//! |---|---|---|
//! | `i/<hash>` | [`Issuer`] | on conflict: the keys and status lists that all versions name, compromised if any says so, since the earliest |
//! | `g/<id>` | [`Recognition`] | a grant: in conflict it does not count |
//! | `a/<id>` | [`AgencyRecognition`] | a grant: in conflict it does not count |
//! | `e/<hash>` | [`Registration`] | how an issuer of this agency stands; on conflict the strictest, since the earliest, up to the earliest |
//! | `w/<id>` | [`RecognitionWithdrawal`] | ends the recognition, of an issuer or an agency, with this id; on conflict the earlier and the stricter |
//!
//! `<hash>` is the first 32 hexadecimal digits of SHA-256 of the issuer's id.

use registry_schema::{
    ExternalKeys, Issuer, Recognition, RecognitionWithdrawal,
    recognition::{AgencyRecognition, Registration},
};

use crate::{
    envelope::{DocumentId, Put},
    signed::{Hash, encode},
    status_list::exactly,
};

/// The meaning of one key of a trust list, after folding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustListEntry {
    /// An issuer of this agency.
    Issuer(Issuer),
    /// A recognition; none, if concurrent versions of it contradict each other.
    Recognition(String, Option<Recognition>),
    /// A recognition of another agency; none, if concurrent versions of it contradict each other.
    Agency(String, Option<AgencyRecognition>),
    /// The standing of an issuer of this agency.
    Registration(Registration),
    /// The end of the recognition with this id.
    Withdrawal(String, RecognitionWithdrawal),
}

/// The put that registers an issuer, or changes its entry.
#[must_use]
pub fn register(issuer: &Issuer) -> Put {
    put(format!("i/{}", issuer_key(&issuer.id)), encode(issuer))
}

/// The put that recognizes.
#[must_use]
pub fn recognize(recognition: &Recognition) -> Put {
    put(format!("g/{}", recognition.id), encode(recognition))
}

/// The put that recognizes another agency.
#[must_use]
pub fn recognize_agency(recognition: &AgencyRecognition) -> Put {
    put(format!("a/{}", recognition.id), encode(recognition))
}

/// The put that says how an issuer of this agency stands.
#[must_use]
pub fn register_standing(registration: &Registration) -> Put {
    put(format!("e/{}", issuer_key(&registration.issuer)), encode(registration))
}

/// The put that withdraws a recognition.
#[must_use]
pub fn withdraw(id: &str, withdrawal: &RecognitionWithdrawal) -> Put {
    put(format!("w/{id}"), encode(withdrawal))
}

/// The keys that two versions agree on: a status list that one of them does not name is not fetched.
fn both((mut one, other): (ExternalKeys, ExternalKeys)) -> ExternalKeys {
    one.status_lists.retain(|list| other.status_lists.contains(list));
    one.seen = one.seen.min(other.seen);
    one
}

fn put(key: String, value: Vec<u8>) -> Put {
    Put {
        document: DocumentId::TrustList,
        key,
        value,
    }
}

/// The part of an issuer's key after `i/`: the first 32 hexadecimal digits of SHA-256 of its id.
#[must_use]
pub fn issuer_key(id: &str) -> String {
    Hash::of(&[id.as_bytes()]).to_string().chars().take(32).collect()
}

/// The meaning of the surviving values of a key; nothing, if the key or a value breaks a rule.
#[must_use]
pub fn fold(key: &str, values: &[Vec<u8>]) -> Option<TrustListEntry> {
    let (kind, rest) = key.split_once('/')?;
    match kind {
        "i" => {
            let all: Option<Vec<Issuer>> = values.iter().map(|v| exactly(v)).collect();
            let mut all = all?.into_iter();
            let first = all.next().filter(|issuer| issuer_key(&issuer.id) == rest)?;
            let mut agreed = all.fold(first, |mut agreed, other| {
                agreed.own_keys = agreed.own_keys.zip(other.own_keys).map(both);
                agreed.verification_methods.retain_mut(|method| {
                    let same = other.verification_methods.iter().find(|same| same.is_same_key(method));
                    let said = [method.compromised, same.and_then(|same| same.compromised)];
                    method.compromised = said.into_iter().flatten().min();
                    same.is_some()
                });
                agreed
            });
            // Lists that nobody may name are fetched by nobody; the issuer stays.
            if let Some(own) = agreed.own_keys.as_mut().filter(|own| !own.is_within_limits()) {
                own.status_lists.clear();
            }
            Some(TrustListEntry::Issuer(agreed))
        }
        "g" if is_id(rest) => {
            let all: Option<Vec<Recognition>> = values.iter().map(|v| exactly(v)).collect();
            let mut all = all?.into_iter();
            let first = all.next().filter(|r| r.id == rest && !r.purposes.is_empty())?;
            // What was allowed before scopes had limits of their own stays allowed.
            let first = Some(first).filter(|r| r.basis.is_within_limits())?;
            Some(TrustListEntry::Recognition(
                rest.to_owned(),
                all.all(|other| other == first).then_some(first),
            ))
        }
        "a" if is_id(rest) => {
            let all: Option<Vec<AgencyRecognition>> = values.iter().map(|v| exactly(v)).collect();
            let mut all = all?.into_iter();
            let first = all.next().filter(|r| r.id == rest && r.is_well_formed())?;
            Some(TrustListEntry::Agency(
                rest.to_owned(),
                all.all(|other| other == first).then_some(first),
            ))
        }
        "e" => {
            let all: Option<Vec<Registration>> = values.iter().map(|v| exactly(v)).collect();
            let all = all?;
            let at = all.iter().map(|r| r.at).min()?;
            let until = all.iter().filter_map(|r| r.until).min();
            let strictest = all.into_iter().max_by_key(|r| r.standing)?;
            let names_it = issuer_key(&strictest.issuer) == rest && strictest.issuer.len() <= 500;
            names_it.then_some(TrustListEntry::Registration(Registration { at, until, ..strictest }))
        }
        "w" if is_id(rest) => {
            let all: Option<Vec<RecognitionWithdrawal>> = values.iter().map(|v| exactly(v)).collect();
            let all = all?;
            let at = all.iter().map(|w| w.at).min()?;
            let earlier_badges_stay_good = all.iter().all(|w| w.earlier_badges_stay_good);
            Some(TrustListEntry::Withdrawal(
                rest.to_owned(),
                RecognitionWithdrawal {
                    at,
                    earlier_badges_stay_good,
                },
            ))
        }
        _ => None,
    }
}

/// Checks that a put obeys the rules of this kind of document.
pub(crate) fn admits(key: &str, value: &[u8]) -> bool {
    fold(key, &[value.to_vec()]).is_some()
}

/// A recognition's id: 1 to 64 lower-case letters, digits and hyphens.
fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use registry_schema::{
        Purpose, RecognitionScope, Timestamp, VerificationMethod,
        recognition::{RecognitionBasis, RegistrationStanding},
    };

    use super::*;

    fn agency() -> AgencyRecognition {
        AgencyRecognition {
            id: "rec-1".into(),
            of: "US-TN".parse().unwrap(),
            key_log: "0".repeat(64),
            scope: RecognitionScope::All,
            purposes: vec![Purpose::Renewal],
            from: Timestamp(0),
            until: None,
            depth: 2,
            basis: RecognitionBasis::default(),
        }
    }

    #[test]
    fn a_recognition_of_an_agency_is_a_grant_with_limits() {
        let put = recognize_agency(&agency());
        assert!(DocumentId::TrustList.is_grant(&put.key) && admits(&put.key, &put.value));
        let folded = fold(&put.key, std::slice::from_ref(&put.value));
        assert_eq!(folded, Some(TrustListEntry::Agency("rec-1".into(), Some(agency()))));
        let broken: [fn(&mut AgencyRecognition); 5] = [
            |r| r.depth = 0,
            |r| r.depth = 5,
            |r| r.purposes.clear(),
            |r| r.key_log = "US-TN".into(),
            |r| r.until = Some(Timestamp(0)),
        ];
        for spoil in broken {
            let mut bad = agency();
            spoil(&mut bad);
            let put = recognize_agency(&bad);
            assert!(!admits(&put.key, &put.value), "{bad:?}");
        }
        let other = recognize_agency(&AgencyRecognition { depth: 4, ..agency() });
        let both = fold(&put.key, &[put.value, other.value]);
        assert_eq!(
            both,
            Some(TrustListEntry::Agency("rec-1".into(), None)),
            "in conflict it does not count"
        );
    }

    #[test]
    fn a_key_that_any_version_calls_compromised_is_so_since_the_earliest() {
        let issuer = |compromised: Option<i64>, more: &[&str]| {
            let method = |id: &str, compromised| VerificationMethod {
                id: id.into(),
                public_key_multibase: id.into(),
                from: None,
                until: None,
                compromised,
            };
            let first = method("did:example:1#a", compromised.map(Timestamp));
            Issuer {
                id: "did:example:1".into(),
                name: "One".into(),
                agency: "US-SC".parse().unwrap(),
                verification_methods: [first]
                    .into_iter()
                    .chain(more.iter().map(|id| method(id, None)))
                    .collect(),
                url: None,
                provider: None,
                own_keys: None,
            }
        };
        let puts = [issuer(None, &["#b"]), issuer(Some(9), &[]), issuer(Some(5), &["#b"])].map(|one| register(&one));
        for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
            let values = order.map(|at: usize| puts[at].value.clone());
            assert_eq!(
                fold(&puts[0].key, &values),
                Some(TrustListEntry::Issuer(issuer(Some(5), &[])))
            );
        }
    }

    #[test]
    fn only_status_lists_that_all_versions_name_are_an_issuers() {
        let issuer = |own: Option<(&[&str], i64)>| Issuer {
            id: "did:web:issuer.example".into(),
            name: "One".into(),
            agency: "US-SC".parse().unwrap(),
            verification_methods: vec![],
            url: None,
            provider: None,
            own_keys: own.map(|(lists, seen)| ExternalKeys {
                status_lists: lists.iter().map(|list| (*list).to_owned()).collect(),
                seen: Timestamp(seen),
            }),
        };
        let said = |versions: &[Issuer]| {
            let puts: Vec<Put> = versions.iter().map(register).collect();
            let values: Vec<Vec<u8>> = puts.iter().map(|put| put.value.clone()).collect();
            fold(&puts[0].key, &values)
        };
        let [one, other] = [
            issuer(Some((&["https://a", "https://b"], 5))),
            issuer(Some((&["https://b"], 9))),
        ];
        for versions in [[one.clone(), other.clone()], [other, one.clone()]] {
            let both = issuer(Some((&["https://b"], 5)));
            assert_eq!(said(&versions), Some(TrustListEntry::Issuer(both)));
        }
        assert_eq!(
            said(&[one.clone(), issuer(None)]),
            Some(TrustListEntry::Issuer(issuer(None)))
        );
        // More than anybody may name: none is fetched, and the issuer stays.
        let many = ["https://a"; registry_schema::MAX_STATUS_LISTS + 1];
        let none = issuer(Some((&[], 5)));
        assert_eq!(said(&[issuer(Some((&many, 5)))]), Some(TrustListEntry::Issuer(none)));
        // An issuer whose keys its agency keeps has the bytes that it always had.
        let bytes = register(&issuer(None)).value;
        assert_eq!(minicbor::decode::Decoder::new(&bytes).array().unwrap(), Some(4));
    }

    #[test]
    fn of_two_words_about_an_issuer_the_stricter_counts_from_the_earlier() {
        let said = |standing, at| Registration {
            issuer: "did:example:1".into(),
            standing,
            at: Timestamp(at),
            until: None,
        };
        let put = |r: &Registration| register_standing(r);
        let (ended, back) = (
            put(&said(RegistrationStanding::Ended, 9)),
            put(&said(RegistrationStanding::Registered, 5)),
        );
        for values in [
            [ended.value.clone(), back.value.clone()],
            [back.value.clone(), ended.value.clone()],
        ] {
            let expected = said(RegistrationStanding::Ended, 5);
            assert_eq!(fold(&ended.key, &values), Some(TrustListEntry::Registration(expected)));
        }
        assert!(!admits("e/0000", &ended.value), "another's key");
        // Of two terms the shorter one, whatever came first; and without a term the bytes are what they always were.
        let for_a_term = |until| Registration {
            until,
            ..said(RegistrationStanding::Registered, 5)
        };
        let [none, short, long] = [None, Some(Timestamp(7)), Some(Timestamp(9))].map(for_a_term);
        let values = [&long, &none, &short].map(|r| put(r).value).to_vec();
        assert_eq!(fold(&back.key, &values), Some(TrustListEntry::Registration(short)));
        assert_eq!(minicbor::decode::Decoder::new(&back.value).array().unwrap(), Some(3));
    }
}
