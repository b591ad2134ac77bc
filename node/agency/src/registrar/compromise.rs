//! Keys of issuers that somebody else may sign with.

use protocol::trust_list;
use registry_schema::{Issuer, Timestamp, VerificationMethod};
use verification::multikey;

use super::{Actor, Registrar, RegistrarError};

impl Registrar {
    /// Says that somebody else may sign with a key of an issuer of this agency: with this one, named by its multikey or by
    /// its verification method, or with the only one that is not compromised yet. From then on badges by it are good only
    /// where this agency, asked, confirms that it issued them, and it issues nothing more here: of an issuer that signs with
    /// keys of its own it issued none. Gives the issuer's entry, and
    /// how many of its badges this store keeps.
    ///
    /// # Errors
    /// [`RegistrarError`], if this agency does not register it, it has no such key or several to choose from, that is said already,
    /// or the node cannot write.
    pub async fn compromise(
        &self,
        issuer: &str,
        key: Option<&str>,
        note: Option<String>,
        hand: &Actor,
    ) -> Result<(Issuer, i64), RegistrarError> {
        let mut turn = self.turn(hand.dry_run).await?;
        let mut issuer = self.own_issuer(issuer)?;
        mark(&mut issuer, key, self.clock.now())?;
        let kept = self.store.credentials_of(&issuer.id).await?;
        let act = self.act(hand, "issuer.key_compromised", &issuer.id, note);
        self.write(&mut turn, hand, vec![trust_list::register(&issuer)], vec![act])
            .await?;
        Ok((issuer, kept))
    }

    /// Checks that the key kept for an issuer may still sign: not once this agency has said that it is compromised.
    pub(super) fn may_sign(&self, issuer: &str) -> Result<(), RegistrarError> {
        let registry = self.registry.snapshot();
        let Some(issuer) = registry.home().and_then(|home| home.issuer(issuer)) else {
            return Ok(());
        };
        self.keeps_key_of(issuer)?;
        let kept = multikey::key_of_did(&issuer.id).map(|key| multikey::encode(&key));
        let is_kept =
            |method: &&VerificationMethod| kept.as_ref().is_none_or(|kept| method.public_key_multibase == *kept);
        let now = self.clock.now();
        let mut methods = issuer.verification_methods.iter().filter(is_kept);
        let mut ends = methods
            .clone()
            .filter(|method| method.compromised.is_none())
            .map(|method| method.until);
        if let Some(since) = ends.clone().flatten().max()
            && ends.all(|until| until.is_some_and(|until| until <= now))
        {
            return Err(RegistrarError::Conflict(format!(
                "the key of `{}` is retired since {} and signs nothing more: see `comity issuer list` for the one that it has now",
                issuer.name,
                since.date_in_words()
            )));
        }
        match methods.find_map(|method| method.compromised) {
            None => Ok(()),
            Some(since) => Err(RegistrarError::Conflict(format!(
                "the key of `{}` is compromised since {} and signs nothing more: register the issuer anew",
                issuer.name,
                since.date_in_words()
            ))),
        }
    }
}

/// Marks one key. The others stay as they are.
fn mark(issuer: &mut Issuer, key: Option<&str>, now: Timestamp) -> Result<(), RegistrarError> {
    let name = issuer.name.clone();
    let is_named = |method: &VerificationMethod| match key {
        Some(key) => method.id == key || method.public_key_multibase == key,
        None => true,
    };
    let named = issuer.verification_methods.iter_mut().filter(|method| is_named(method));
    let (marked, mut sound): (Vec<_>, Vec<_>) = named.partition(|method| method.compromised.is_some());
    match (
        sound.as_mut_slice(),
        marked.iter().filter_map(|method| method.compromised).min(),
    ) {
        // One that was over for a while is listed once for each term.
        ([first, rest @ ..], _)
            if rest
                .iter()
                .all(|other| other.public_key_multibase == first.public_key_multibase) =>
        {
            sound.iter_mut().for_each(|method| method.compromised = Some(now));
            Ok(())
        }
        ([], Some(since)) => Err(RegistrarError::Conflict(format!(
            "the key of `{name}` is marked as compromised since {}, which is final",
            since.date_in_words()
        ))),
        ([], None) => Err(RegistrarError::Invalid(match key {
            Some(key) => format!("`{name}` has no key `{key}`: see `comity issuer show`"),
            None => format!("`{name}` has no key"),
        })),
        (several, _) => {
            let keys: Vec<&str> = several
                .iter()
                .map(|method| method.public_key_multibase.as_str())
                .collect();
            Err(RegistrarError::Invalid(format!(
                "`{name}` has several keys, say which: {}",
                keys.join(", ")
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(5_000);

    fn issuer(keys: &[(&str, Option<i64>)]) -> Issuer {
        let methods = keys.iter().map(|(key, compromised)| VerificationMethod {
            id: format!("did:example:1#{key}"),
            public_key_multibase: (*key).to_owned(),
            from: None,
            until: None,
            compromised: compromised.map(Timestamp),
        });
        Issuer {
            id: "did:example:1".into(),
            name: "Palmetto Learning".into(),
            agency: "US-SC".parse().unwrap(),
            verification_methods: methods.collect(),
            url: None,
            provider: None,
            own_keys: None,
        }
    }

    fn after(keys: &[(&str, Option<i64>)], key: Option<&str>) -> Result<Vec<Option<i64>>, RegistrarError> {
        let mut issuer = issuer(keys);
        mark(&mut issuer, key, NOW)?;
        Ok(issuer
            .verification_methods
            .iter()
            .map(|method| method.compromised.map(|at| at.0))
            .collect())
    }

    #[test]
    fn one_key_is_marked_and_the_others_stay() {
        let two = [("z1", None), ("z2", None)];
        assert_eq!(after(&two, Some("z2")).unwrap(), [None, Some(5_000)]);
        assert_eq!(after(&two, Some("did:example:1#z1")).unwrap(), [Some(5_000), None]);
        assert_eq!(after(&[("z1", None)], None).unwrap(), [Some(5_000)]);
        // The only one that is left.
        assert_eq!(
            after(&[("z1", Some(7)), ("z2", None)], None).unwrap(),
            [Some(7), Some(5_000)]
        );
    }

    #[test]
    fn which_key_is_said_where_there_are_several_and_what_is_marked_stays_so() {
        let two = [("z1", None), ("z2", None)];
        let several = after(&two, None).unwrap_err();
        assert!(
            matches!(&several, RegistrarError::Invalid(said) if said.contains("z1, z2")),
            "{several}"
        );
        assert!(matches!(after(&two, Some("z3")), Err(RegistrarError::Invalid(_))));
        assert!(matches!(
            after(&[("z1", Some(7))], None),
            Err(RegistrarError::Conflict(_))
        ));
        assert!(matches!(
            after(&[("z1", Some(7)), ("z2", None)], Some("z1")),
            Err(RegistrarError::Conflict(_))
        ));
        assert!(matches!(after(&[], None), Err(RegistrarError::Invalid(_))));
    }
}
