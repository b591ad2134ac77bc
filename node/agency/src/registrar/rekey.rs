//! A new key for an issuer whose key is lost, or is to be changed: its old badges stay good.
//!
//! The identifier of an issuer whose key a node makes *is* its key (`did:key`), and everybody holds it to that. So the new
//! key is a new identifier, under the old name and with the old term; the old key is retired, and what it signed before
//! stays good. A key that somebody else may have is not retired but compromised ([`super::compromise`]).

use protocol::trust_list;
use registry_schema::{
    Issuer, QueryTime, Recognition, Timestamp,
    recognition::{Registration, RegistrationStanding},
};
use verification::KeyKind;

use super::{Actor, Registrar, RegistrarError, not_ready, trust::lower_case_id};

/// The outcome for an issuer that got a new key.
#[derive(Clone, Debug)]
pub struct RekeyOutcome {
    /// Its entry from now on, under a new identifier.
    pub issuer: Issuer,
    /// The entry of before, whose keys are retired.
    pub retired: Issuer,
    /// The number of recognitions of this agency that were made anew, for the new identifier.
    pub recognitions: usize,
}

impl Registrar {
    /// Gives an issuer of this agency a new key: retires the keys that it has, and registers it under the identifier of the
    /// new one, with the same name, page, kind and term, and recognized by this agency as it was. Other agencies recognize
    /// the new identifier themselves, unless they follow this agency's recognitions.
    ///
    /// # Errors
    /// [`RegistrarError`], if this agency does not register it, it signs with keys of its own, its registration does not hold, a key
    /// of it is compromised or all are retired already, or the node cannot write.
    pub async fn rekey_issuer(
        &self,
        issuer: &str,
        kind: KeyKind,
        note: Option<String>,
        hand: &Actor,
    ) -> Result<RekeyOutcome, RegistrarError> {
        let mut turn = self.turn(hand.dry_run).await?;
        let now = self.clock.now();
        let mut retired = self.own_issuer(issuer)?;
        may_be_rekeyed(&retired, now)?;
        let registry = self.registry.snapshot();
        let home = registry.home().ok_or_else(not_ready)?;
        let said = home.registration(issuer).cloned();
        if said.as_ref().is_some_and(|said| !said.holds(QueryTime::now(now))) {
            return Err(RegistrarError::Conflict(format!(
                "the registration of `{}` does not hold now: renew or reinstate it first",
                retired.name
            )));
        }
        let at = now.whole_seconds();
        let good = retired.verification_methods.iter_mut();
        good.filter(|method| method.until.is_none_or(|until| until > at))
            .for_each(|method| method.until = Some(at));

        let (mut new, mut own) = self.keyed_issuer(&retired.name, retired.url.clone(), kind)?;
        new.provider = retired.provider;
        let mut puts = vec![trust_list::register(&retired), trust_list::register(&new)];
        if let Some(until) = said.and_then(|said| said.until) {
            puts.push(trust_list::register_standing(&Registration {
                issuer: new.id.clone(),
                standing: RegistrationStanding::Registered,
                at: now,
                until: Some(until),
            }));
        }
        let standing = home.recognitions_of(issuer);
        let standing = standing
            .filter(|entry| entry.recognition.issuer.agency == home.id && entry.holds(QueryTime::now(now), None));
        let again: Vec<Recognition> = standing
            .map(|entry| Recognition {
                id: format!("rec-{}", lower_case_id()),
                issuer: new.clone(),
                from: at,
                ..entry.recognition
            })
            .collect();
        puts.extend(again.iter().map(trust_list::recognize));
        let note = note.map_or_else(|| format!("now {}", new.id), |note| format!("now {}: {note}", new.id));
        own.push(self.act(hand, "issuer.rekey", issuer, Some(note)));
        self.write(&mut turn, hand, puts, own).await?;
        Ok(RekeyOutcome {
            issuer: new,
            retired,
            recognitions: again.len(),
        })
    }
}

fn may_be_rekeyed(issuer: &Issuer, now: Timestamp) -> Result<(), RegistrarError> {
    let name = &issuer.name;
    if issuer.own_keys.is_some() {
        return Err(RegistrarError::Conflict(format!(
            "`{name}` signs with keys of its own: it changes them itself, and `comity issuer refresh` looks at them again"
        )));
    }
    if let Some(since) = issuer.compromised() {
        return Err(RegistrarError::Conflict(format!(
            "the key of `{name}` is compromised since {}, and is not retired as one that was lost: register the issuer anew \
             (`comity issuer add`)",
            since.date_in_words()
        )));
    }
    let mut ends = issuer.verification_methods.iter().map(|method| method.until);
    if !issuer.verification_methods.is_empty() && ends.all(|until| until.is_some_and(|until| until <= now)) {
        return Err(RegistrarError::Conflict(format!(
            "the keys of `{name}` with this identifier are retired already: see `comity issuer list` for the one that it has now"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use registry_schema::{VerificationMethod, issuer::ExternalKeys};

    use super::*;

    const NOW: Timestamp = Timestamp(5_000);

    fn issuer(ends: &[(Option<i64>, Option<i64>)]) -> Issuer {
        let methods = ends.iter().map(|(until, compromised)| VerificationMethod {
            id: String::new(),
            public_key_multibase: String::new(),
            from: None,
            until: until.map(Timestamp),
            compromised: compromised.map(Timestamp),
        });
        Issuer {
            id: "did:key:z1".into(),
            name: "Palmetto Learning".into(),
            agency: "US-SC".parse().unwrap(),
            verification_methods: methods.collect(),
            url: None,
            provider: None,
            own_keys: None,
        }
    }

    #[test]
    fn a_key_that_is_lost_is_retired_and_one_that_is_stolen_is_not() {
        let may = |ends: &[(Option<i64>, Option<i64>)]| may_be_rekeyed(&issuer(ends), NOW).is_ok();
        assert!(may(&[(None, None)]));
        assert!(may(&[(Some(4_000), None), (Some(6_000), None)]), "one is good still");
        assert!(!may(&[(None, Some(1))]), "compromised");
        assert!(!may(&[(Some(5_000), None)]), "retired already");
        let own_keys = Some(ExternalKeys {
            status_lists: vec![],
            seen: NOW,
        });
        assert!(
            may_be_rekeyed(
                &Issuer {
                    own_keys,
                    ..issuer(&[(None, None)])
                },
                NOW
            )
            .is_err()
        );
    }
}
