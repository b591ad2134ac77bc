//! The acts of this agency on its issuers: registering them, saying what they are and how they stand, and ending their keys.

use protocol::trust_list;
use registry_schema::{
    AgencyId, Issuer, QueryTime, VerificationMethod,
    acceptance::ProviderKind,
    recognition::{Registration, RegistrationStanding},
};
use verification::{KeyKind, multikey};

use super::{Actor, Registrar, RegistrarError, internal, not_ready, within};
use platform::keys;
use storage::{KeySeed, LocalWrite};

impl Registrar {
    /// Registers an issuer of this agency: makes its badge key of this kind and its `did:key`. Its first badge opens its first
    /// status list.
    ///
    /// # Errors
    /// [`RegistrarError`], if the name is none or taken, or the node cannot write.
    pub async fn register_issuer(
        &self,
        name: &str,
        url: Option<String>,
        kind: KeyKind,
        provider: Option<ProviderKind>,
        hand: &Actor,
    ) -> Result<Issuer, RegistrarError> {
        let mut turn = self.turn(hand.dry_run).await?;
        let (mut issuer, mut own) = self.new_issuer(name, url, kind)?;
        issuer.provider = provider;
        own.push(self.act(hand, "issuer.register", &issuer.id, None));
        self.write(&mut turn, hand, vec![trust_list::register(&issuer)], own)
            .await?;
        Ok(issuer)
    }

    /// An issuer with a key of its own, and what is to be kept of it; nothing is written yet.
    pub(super) fn new_issuer(
        &self,
        name: &str,
        url: Option<String>,
        kind: KeyKind,
    ) -> Result<(Issuer, Vec<LocalWrite>), RegistrarError> {
        self.name_is_free(name, url.as_deref())?;
        self.keyed_issuer(name, url, kind)
    }

    /// The same under a name that this agency's issuer may have already.
    pub(super) fn keyed_issuer(
        &self,
        name: &str,
        url: Option<String>,
        kind: KeyKind,
    ) -> Result<(Issuer, Vec<LocalWrite>), RegistrarError> {
        let agency = self.registry.snapshot().home_id().clone();
        let name = name.trim();
        let (key, secret) = keys::fresh(kind).map_err(internal)?;
        let (id, method) = multikey::did_key(&key.public_key());
        let method = VerificationMethod {
            id: method,
            public_key_multibase: multikey::encode(&key.public_key()),
            from: Some(self.clock.now().whole_seconds()),
            until: None,
            compromised: None,
        };
        let issuer = Issuer {
            id,
            name: name.to_owned(),
            agency,
            verification_methods: vec![method],
            url,
            provider: None,
            own_keys: None,
        };
        let own = vec![LocalWrite::IssuerKey {
            issuer: issuer.id.clone(),
            seed: KeySeed(secret),
        }];
        Ok((issuer, own))
    }

    /// This agency, if an issuer can be registered under this name, with this page.
    pub(super) fn name_is_free(&self, name: &str, url: Option<&str>) -> Result<AgencyId, RegistrarError> {
        let name = name.trim();
        within("an issuer's name", name, 200)?;
        within("an issuer's URL", url.unwrap_or("-"), 200)?;
        let registry = self.registry.snapshot();
        let home = registry.home().ok_or_else(not_ready)?;
        let has_ended = |id: &str| {
            home.registration(id)
                .is_some_and(|said| said.standing == RegistrationStanding::Ended)
        };
        // One whose key was stolen is registered anew, with another key, under the name that people know.
        if home
            .issuers()
            .any(|issuer| issuer.name == name && !has_ended(&issuer.id) && issuer.is_sound())
        {
            return Err(RegistrarError::Conflict(format!(
                "an issuer named `{name}` is registered already: if its key is lost, give it a new one (`comity issuer rekey`)"
            )));
        }
        Ok(home.id.clone())
    }

    /// Says how an issuer of this agency stands from now on.
    ///
    /// # Errors
    /// [`RegistrarError`], if this agency does not register it, it stands so already or has ended, or the node cannot write.
    pub async fn set_standing(
        &self,
        issuer: &str,
        standing: RegistrationStanding,
        note: Option<String>,
        hand: &Actor,
    ) -> Result<Registration, RegistrarError> {
        let mut turn = self.turn(hand.dry_run).await?;
        let (was, until) = {
            let registry = self.registry.snapshot();
            let home = registry.home().ok_or_else(not_ready)?;
            if home.issuer(issuer).is_none() {
                return Err(RegistrarError::Unknown(format!(
                    "this agency registers no issuer `{issuer}`"
                )));
            }
            home.registration(issuer)
                .map_or((RegistrationStanding::Registered, None), |said| {
                    (said.standing, said.until)
                })
        };
        if was == standing || was == RegistrationStanding::Ended {
            return Err(RegistrarError::Conflict(
                "the issuer stands so already, or its registration has ended, which is final".into(),
            ));
        }
        // An issuer with a history changes by steps of it, so that the list and the history say the same.
        if let Some(application) = self.store.application_of_issuer(issuer).await? {
            return self
                .stand_by_step(&mut turn, &application.id, standing, note, hand)
                .await;
        }
        let said = Registration {
            issuer: issuer.to_owned(),
            standing,
            at: self.clock.now(),
            until,
        };
        let act = self.act(hand, "issuer.standing", issuer, note);
        self.write(&mut turn, hand, vec![trust_list::register_standing(&said)], vec![act])
            .await?;
        Ok(said)
    }

    /// Says what kind of body an issuer of this agency is: rules of any agency can ask for it.
    ///
    /// # Errors
    /// [`RegistrarError`], if this agency does not register it, that is said already, or the node cannot write.
    pub async fn set_provider(
        &self,
        issuer: &str,
        provider: ProviderKind,
        hand: &Actor,
    ) -> Result<Issuer, RegistrarError> {
        let mut turn = self.turn(hand.dry_run).await?;
        let mut issuer = self.own_issuer(issuer)?;
        if issuer.provider == Some(provider) {
            let said = format!("`{}` is {} in the list already", issuer.name, provider.in_words());
            return Err(RegistrarError::Conflict(said));
        }
        issuer.provider = Some(provider);
        let act = self.act(hand, "issuer.provider", &issuer.id, Some(provider.as_str().to_owned()));
        self.write(&mut turn, hand, vec![trust_list::register(&issuer)], vec![act])
            .await?;
        Ok(issuer)
    }

    /// The entry of an issuer of this agency.
    pub(super) fn own_issuer(&self, id: &str) -> Result<Issuer, RegistrarError> {
        let registry = self.registry.snapshot();
        let issuer = registry.home().and_then(|home| home.issuer(id));
        issuer
            .cloned()
            .ok_or_else(|| RegistrarError::Unknown(format!("this agency registers no issuer `{id}`")))
    }

    /// Checks that an issuer may issue: not once its key is compromised, nor while its registration does not hold.
    pub(super) fn may_issue(&self, issuer: &str) -> Result<(), RegistrarError> {
        self.may_sign(issuer)?;
        let now = self.clock.now();
        let registry = self.registry.snapshot();
        let home = registry.home().ok_or_else(not_ready)?;
        let Some((known, said)) = home.issuer(issuer).zip(home.registration(issuer)) else {
            return Ok(());
        };
        if said.holds(QueryTime::now(now)) {
            return Ok(());
        }
        let name = &known.name;
        let until = said.until.filter(|until| *until <= now);
        let why = match (said.standing, until) {
            (RegistrationStanding::Ended, _) => format!(
                "the registration of `{name}` has ended on {}, and it issues nothing more: it applies anew to go on",
                said.at.date_in_words()
            ),
            (RegistrationStanding::Suspended, _) => format!(
                "the registration of `{name}` is suspended since {}, and it issues nothing meanwhile: reinstate it \
                 first (`comity issuer reinstate`)",
                said.at.date_in_words()
            ),
            (RegistrationStanding::Registered, until) => format!(
                "the term of the registration of `{name}` is over since {}, and it issues nothing more: renew it first \
                 (`comity issuer renew`)",
                until.unwrap_or(said.at).date_in_words()
            ),
        };
        Err(RegistrarError::Conflict(why))
    }
}
