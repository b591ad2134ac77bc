//! What this agency may do to its trust list.

use protocol::trust_list;
use rand::RngExt as _;
use registry_schema::{
    Issuer, Purpose, Recognition, Scope, Timestamp, VerificationMethod, Withdrawal, recognition::RecognitionEntry,
};
use verification::{KeyKind, multikey};

use super::{Hand, NotDone, Registrar, internal, not_ready, within};
use crate::{
    keys,
    storage::{OwnWrite, Seed},
};

/// What a recognition is to say.
#[derive(Clone, Debug)]
pub struct NewRecognition {
    /// The issuer's id.
    pub issuer: String,
    /// For which purposes.
    pub purposes: Vec<Purpose>,
    /// Which achievements.
    pub scope: Scope,
    /// From when; now, if absent.
    pub from: Option<Timestamp>,
    /// Up to when.
    pub until: Option<Timestamp>,
    /// Whether a badge without a status entry can be accepted.
    pub accepts_without_status: bool,
}

impl Registrar {
    /// Registers an issuer of this agency: makes its badge key of this kind, its `did:key` and its status list.
    ///
    /// # Errors
    /// [`NotDone`], if the name is none or taken, or the node cannot write.
    pub async fn register_issuer(
        &self,
        name: &str,
        url: Option<String>,
        kind: KeyKind,
        hand: &Hand,
    ) -> Result<Issuer, NotDone> {
        let _acting = self.acting.lock().await;
        let name = name.trim();
        within("an issuer's name", name, 200)?;
        within("an issuer's URL", url.as_deref().unwrap_or("-"), 200)?;
        let agency = {
            let registry = self.registry.read();
            let home = registry.home().ok_or_else(not_ready)?;
            if home.issuers().any(|issuer| issuer.name == name) {
                return Err(NotDone::Conflict(format!(
                    "an issuer named `{name}` is registered already"
                )));
            }
            home.id.clone()
        };
        let (key, secret) = keys::fresh(kind).map_err(internal)?;
        let (id, method) = multikey::did_key(&key.public_key());
        let method = VerificationMethod {
            id: method,
            public_key_multibase: multikey::encode(&key.public_key()),
            from: Some(self.clock.now().whole_seconds()),
            until: None,
        };
        let issuer = Issuer {
            id,
            name: name.to_owned(),
            agency,
            verification_methods: vec![method],
            url,
        };
        let list = rand::rng().random_range(0..=u32::MAX >> 1);
        let own = vec![
            OwnWrite::IssuerKey {
                issuer: issuer.id.clone(),
                seed: Seed(secret),
                list,
            },
            self.act(hand, "issuer.register", &issuer.id, None),
        ];
        self.write(hand, vec![trust_list::register(&issuer)], own).await?;
        Ok(issuer)
    }

    /// Recognizes an issuer that some agency of the federation registers.
    ///
    /// # Errors
    /// [`NotDone`], if nobody registers it, the term is none, or the node cannot write.
    pub async fn recognize(&self, mut new: NewRecognition, hand: &Hand) -> Result<RecognitionEntry, NotDone> {
        let _acting = self.acting.lock().await;
        let now = self.clock.now();
        new.purposes.sort_unstable();
        new.purposes.dedup();
        let (agency, issuer) = {
            let registry = self.registry.read();
            let home = registry.home().ok_or_else(not_ready)?;
            let issuer = registry
                .agencies()
                .into_iter()
                .find_map(|lists| lists.issuer(&new.issuer).cloned());
            let issuer = issuer.ok_or_else(|| {
                NotDone::Unknown(format!(
                    "no agency of this federation registers `{}`: see `comity issuer list`",
                    new.issuer
                ))
            })?;
            let mut standing = home
                .recognitions()
                .filter(|e| e.recognition.issuer.id == issuer.id && e.holds(now, None));
            if let Some(same) =
                standing.find(|e| e.recognition.scope == new.scope && e.recognition.purposes == new.purposes)
            {
                let id = &same.recognition.id;
                return Err(NotDone::Conflict(format!(
                    "recognition `{id}` says the same: withdraw it first to change its term"
                )));
            }
            (home.id.clone(), issuer)
        };
        if new.purposes.is_empty() {
            return Err(NotDone::Invalid("a recognition names at least one purpose".into()));
        }
        if matches!(&new.scope, Scope::Achievements(ids) if ids.is_empty() || ids.len() > 200 || ids.iter().any(|id| id.len() > 500))
        {
            return Err(NotDone::Invalid(
                "a scope names 1 to 200 achievements of at most 500 characters each".into(),
            ));
        }
        let from = new.from.unwrap_or(now).whole_seconds();
        if new.until.is_some_and(|until| until <= from) {
            return Err(NotDone::Invalid("a recognition ends after it begins".into()));
        }
        let recognition = Recognition {
            id: format!("rec-{}", lower_case_id()),
            issuer,
            scope: new.scope,
            purposes: new.purposes,
            from,
            until: new.until,
            accepts_without_status: new.accepts_without_status,
        };
        let put = trust_list::recognize(&recognition);
        if put.value.len() > protocol::envelope::MAX_VALUE_BYTES {
            return Err(NotDone::Invalid(
                "the scope is too large for one recognition: make two of it".into(),
            ));
        }
        let act = self.act(hand, "recognition.add", &recognition.id, None);
        self.write(hand, vec![put], vec![act]).await?;
        Ok(RecognitionEntry {
            agency,
            recognition,
            withdrawn: None,
            waits: false,
        })
    }

    /// Withdraws a recognition of this agency.
    ///
    /// # Errors
    /// [`NotDone`], if there is none with this id, it is withdrawn already, or the node cannot write.
    pub async fn withdraw(&self, id: &str, stay_good: bool, hand: &Hand) -> Result<RecognitionEntry, NotDone> {
        let _acting = self.acting.lock().await;
        let found = self.registry.read().home().and_then(|home| home.recognition(id));
        let mut entry = found.ok_or_else(|| NotDone::Unknown(format!("this agency has no recognition `{id}`")))?;
        if entry.withdrawn.is_some() {
            return Err(NotDone::Conflict(format!("recognition `{id}` is withdrawn already")));
        }
        let withdrawal = Withdrawal {
            at: self.clock.now(),
            earlier_badges_stay_good: stay_good,
        };
        let act = self.act(hand, "recognition.withdraw", id, None);
        self.write(hand, vec![trust_list::withdraw(id, &withdrawal)], vec![act])
            .await?;
        entry.withdrawn = Some(withdrawal);
        Ok(entry)
    }
}

/// Twelve random lower-case letters and digits.
fn lower_case_id() -> String {
    let mut rng = rand::rng();
    (0..12)
        .filter_map(|_| char::from_digit(rng.random_range(0..36), 36))
        .collect()
}
