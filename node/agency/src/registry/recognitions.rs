//! One agency's recognitions, by their own ids and by the issuers' ids: who asks about one issuer does not walk all.

use std::collections::{BTreeMap, BTreeSet};

use registry_schema::Recognition;

/// Recognitions with an index.
#[derive(Clone, Debug, Default)]
pub(super) struct Recognitions {
    by_id: BTreeMap<String, Recognition>,
    /// The ids of recognitions by the issuer's id.
    by_issuer: BTreeMap<String, BTreeSet<String>>,
}

impl Recognitions {
    pub(super) fn insert(&mut self, id: String, recognition: Recognition) {
        self.remove(&id);
        let of_issuer = self.by_issuer.entry(recognition.issuer.id.clone()).or_default();
        of_issuer.insert(id.clone());
        self.by_id.insert(id, recognition);
    }

    pub(super) fn remove(&mut self, id: &str) {
        let Some(gone) = self.by_id.remove(id) else { return };
        if let Some(of_issuer) = self.by_issuer.get_mut(&gone.issuer.id) {
            of_issuer.remove(id);
            if of_issuer.is_empty() {
                self.by_issuer.remove(&gone.issuer.id);
            }
        }
    }

    pub(super) fn get(&self, id: &str) -> Option<&Recognition> {
        self.by_id.get(id)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Recognition> {
        self.by_id.values()
    }

    pub(super) fn of_issuer(&self, issuer: &str) -> impl Iterator<Item = &Recognition> {
        let ids = self.by_issuer.get(issuer).into_iter().flatten();
        ids.filter_map(|id| self.by_id.get(id))
    }

    pub(super) fn names_issuer(&self, issuer: &str) -> bool {
        self.by_issuer.contains_key(issuer)
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
    use registry_schema::{Issuer, RecognitionScope, Timestamp, recognition::RecognitionBasis};

    use super::*;

    fn recognition(id: &str, issuer: &str) -> Recognition {
        Recognition {
            id: id.to_owned(),
            issuer: Issuer {
                id: issuer.to_owned(),
                name: "Academy".into(),
                agency: "US-SC".parse().unwrap(),
                verification_methods: vec![],
                url: None,
                provider: None,
                own_keys: None,
            },
            scope: RecognitionScope::All,
            purposes: vec![],
            from: Timestamp(0),
            until: None,
            accepts_without_status: false,
            basis: RecognitionBasis::default(),
        }
    }

    /// Whatever is put and taken away, the index says what a walk over all says.
    #[test]
    #[expect(clippy::print_stdout, reason = "the seed plays a failure again")]
    fn the_index_says_what_a_walk_says() {
        let seed: u64 = rand::rng().random();
        println!("seed {seed}");
        let mut chance = StdRng::seed_from_u64(seed);
        let mut all = Recognitions::default();
        for _ in 0..2_000 {
            let id = format!("r{}", chance.random_range(0..40));
            let issuer = format!("did:web:{}.example", chance.random_range(0..8));
            match chance.random_range(0..3) {
                0 => all.remove(&id),
                _ => all.insert(id.clone(), recognition(&id, &issuer)),
            }
            for number in 0..8 {
                let issuer = format!("did:web:{number}.example");
                let walked: Vec<_> = all.values().filter(|one| one.issuer.id == issuer).collect();
                let indexed: Vec<_> = all.of_issuer(&issuer).collect();
                assert_eq!(walked, indexed);
                assert_eq!(all.names_issuer(&issuer), !walked.is_empty());
            }
        }
    }
}
