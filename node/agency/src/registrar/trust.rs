//! The acts of this agency on its trust list.

use protocol::trust_list;
use rand::RngExt as _;
use registry_schema::{
    AgencyId, Issuer, Purpose, QueryTime, Recognition, RecognitionScope, RecognitionWithdrawal, Timestamp,
    recognition::{
        AgencyRecognition, AgencyRecognitionEntry, MAX_CONDITION_BYTES, MAX_CONDITIONS, MAX_DEPTH, MAX_SCOPE_ID_BYTES,
        MAX_SCOPE_IDS, RecognitionBasis, RecognitionEntry,
    },
};

use super::{Actor, Registrar, RegistrarError, not_ready};
use crate::registry::Registry;

/// The content of a recognition that is to be made.
#[derive(Clone, Debug)]
pub struct NewRecognition {
    /// The issuer's id.
    pub issuer: String,
    /// The agency that registers it; the only one that does, if absent.
    pub registered_by: Option<AgencyId>,
    /// For which purposes.
    pub purposes: Vec<Purpose>,
    /// The achievements that it covers.
    pub scope: RecognitionScope,
    /// From when; now, if absent.
    pub from: Option<Timestamp>,
    /// Up to when.
    pub until: Option<Timestamp>,
    /// True if a badge without a status entry can be accepted.
    pub accepts_without_status: bool,
    /// The basis that it rests on, and how far it goes.
    pub basis: RecognitionBasis,
}

/// The content of a recognition of another agency that is to be made.
#[derive(Clone, Debug)]
pub struct NewAgencyRecognition {
    /// The agency whose recognitions are accepted.
    pub of: AgencyId,
    /// For which purposes.
    pub purposes: Vec<Purpose>,
    /// The achievements that it covers.
    pub scope: RecognitionScope,
    /// From when; now, if absent.
    pub from: Option<Timestamp>,
    /// Up to when.
    pub until: Option<Timestamp>,
    /// Through how many agencies.
    pub depth: u8,
    /// The basis that it rests on, and whether it may be followed in its turn.
    pub basis: RecognitionBasis,
}

impl Registrar {
    /// Recognizes an issuer that some agency of the federation registers.
    ///
    /// # Errors
    /// [`RegistrarError`], if nobody registers it, the term is none, or the node cannot write.
    pub async fn recognize(&self, mut new: NewRecognition, hand: &Actor) -> Result<RecognitionEntry, RegistrarError> {
        let mut turn = self.turn(hand.dry_run).await?;
        let now = self.clock.now();
        new.purposes.sort_unstable();
        new.purposes.dedup();
        new.scope = self.with_what_stands_below(new.scope).await?;
        let (agency, issuer) = {
            let registry = self.registry.snapshot();
            let home = registry.home().ok_or_else(not_ready)?;
            let issuer = registered(&registry, &new.issuer, new.registered_by.as_ref())?;
            let mut standing = home.recognitions().filter(|e| {
                let known = &e.recognition.issuer;
                known.id == issuer.id && known.agency == issuer.agency && e.holds(QueryTime::now(now), None)
            });
            if let Some(same) =
                standing.find(|e| e.recognition.scope == new.scope && e.recognition.purposes == new.purposes)
            {
                let id = &same.recognition.id;
                return Err(RegistrarError::Conflict(format!(
                    "recognition `{id}` says the same: withdraw it first to change its term"
                )));
            }
            (home.id.clone(), issuer)
        };
        if new.purposes.is_empty() {
            return Err(RegistrarError::Invalid(
                "a recognition names at least one purpose".into(),
            ));
        }
        within_limits(&new.scope, &new.basis)?;
        let from = new.from.unwrap_or(now).whole_seconds();
        if new.until.is_some_and(|until| until <= from) {
            return Err(RegistrarError::Invalid("a recognition ends after it begins".into()));
        }
        let recognition = Recognition {
            id: format!("rec-{}", lower_case_id()),
            issuer,
            scope: new.scope,
            purposes: new.purposes,
            from,
            until: new.until,
            accepts_without_status: new.accepts_without_status,
            basis: new.basis,
        };
        let put = trust_list::recognize(&recognition);
        if put.value.len() > protocol::envelope::MAX_VALUE_BYTES {
            return Err(RegistrarError::Invalid(
                "the scope is too large for one recognition: make two of it".into(),
            ));
        }
        let act = self.act(hand, "recognition.add", &recognition.id, None);
        self.write(&mut turn, hand, vec![put], vec![act]).await?;
        Ok(RecognitionEntry {
            agency,
            recognition,
            withdrawn: None,
            waits: false,
        })
    }

    /// Recognizes whatever another agency of the federation recognizes and lets others follow.
    ///
    /// # Errors
    /// [`RegistrarError`], if this node does not know that agency, the term is none, or the node cannot write.
    pub async fn recognize_agency(
        &self,
        mut new: NewAgencyRecognition,
        hand: &Actor,
    ) -> Result<AgencyRecognitionEntry, RegistrarError> {
        let mut turn = self.turn(hand.dry_run).await?;
        let now = self.clock.now();
        new.purposes.sort_unstable();
        new.purposes.dedup();
        new.scope = self.with_what_stands_below(new.scope).await?;
        within_limits(&new.scope, &new.basis)?;
        let from = new.from.unwrap_or(now).whole_seconds();
        let (agency, key_log) = {
            let registry = self.registry.snapshot();
            let home = registry.home().ok_or_else(not_ready)?;
            if new.of == home.id {
                return Err(RegistrarError::Invalid(
                    "an agency's own recognitions count without this".into(),
                ));
            }
            let pin = registry.pin(&new.of).filter(|_| registry.agency(&new.of).is_some());
            let pin = pin.ok_or_else(|| {
                RegistrarError::Unknown(format!(
                    "`{}` is no agency that this node knows: see /v1/agencies",
                    new.of
                ))
            })?;
            let same = home.agency_recognitions().find(|e| {
                let r = &e.recognition;
                r.of == new.of
                    && r.scope == new.scope
                    && r.purposes == new.purposes
                    && e.holds(QueryTime::now(now), None)
            });
            if let Some(same) = same {
                let id = &same.recognition.id;
                return Err(RegistrarError::Conflict(format!(
                    "recognition `{id}` says the same: withdraw it first to change its term or depth"
                )));
            }
            (home.id.clone(), pin.to_string())
        };
        let recognition = AgencyRecognition {
            id: format!("rec-{}", lower_case_id()),
            of: new.of,
            key_log,
            scope: new.scope,
            purposes: new.purposes,
            from,
            until: new.until,
            depth: new.depth,
            basis: new.basis,
        };
        let put = trust_list::recognize_agency(&recognition);
        if !recognition.is_well_formed() || put.value.len() > protocol::envelope::MAX_VALUE_BYTES {
            return Err(RegistrarError::Invalid(format!(
                "a recognition of an agency names at least one purpose, ends after it begins, and reaches through 1 to {MAX_DEPTH} agencies"
            )));
        }
        let act = self.act(hand, "agency_recognition.add", &recognition.id, None);
        self.write(&mut turn, hand, vec![put], vec![act]).await?;
        Ok(AgencyRecognitionEntry {
            agency,
            recognition,
            withdrawn: None,
            waits: false,
        })
    }

    /// Withdraws a recognition of another agency.
    ///
    /// # Errors
    /// [`RegistrarError`], if there is none with this id, it is withdrawn already, or the node cannot write.
    pub async fn withdraw_agency(
        &self,
        id: &str,
        stay_good: bool,
        hand: &Actor,
    ) -> Result<AgencyRecognitionEntry, RegistrarError> {
        let mut turn = self.turn(hand.dry_run).await?;
        let found = {
            let registry = self.registry.snapshot();
            let home = registry.home().ok_or_else(not_ready)?;
            home.agency_recognitions().find(|entry| entry.recognition.id == id)
        };
        let mut entry = found
            .ok_or_else(|| RegistrarError::Unknown(format!("this agency has no recognition `{id}` of an agency")))?;
        if entry.withdrawn.is_some() {
            return Err(RegistrarError::Conflict(format!(
                "recognition `{id}` is withdrawn already"
            )));
        }
        let withdrawal = RecognitionWithdrawal {
            at: self.clock.now(),
            earlier_badges_stay_good: stay_good,
        };
        let act = self.act(hand, "agency_recognition.withdraw", id, None);
        self.write(&mut turn, hand, vec![trust_list::withdraw(id, &withdrawal)], vec![act])
            .await?;
        entry.withdrawn = Some(withdrawal);
        Ok(entry)
    }

    /// Withdraws a recognition of this agency.
    ///
    /// # Errors
    /// [`RegistrarError`], if there is none with this id, it is withdrawn already, or the node cannot write.
    pub async fn withdraw(&self, id: &str, stay_good: bool, hand: &Actor) -> Result<RecognitionEntry, RegistrarError> {
        let mut turn = self.turn(hand.dry_run).await?;
        let found = self.registry.snapshot().home().and_then(|home| home.recognition(id));
        let mut entry =
            found.ok_or_else(|| RegistrarError::Unknown(format!("this agency has no recognition `{id}`")))?;
        if entry.withdrawn.is_some() {
            return Err(RegistrarError::Conflict(format!(
                "recognition `{id}` is withdrawn already"
            )));
        }
        let withdrawal = RecognitionWithdrawal {
            at: self.clock.now(),
            earlier_badges_stay_good: stay_good,
        };
        let act = self.act(hand, "recognition.withdraw", id, None);
        self.write(&mut turn, hand, vec![trust_list::withdraw(id, &withdrawal)], vec![act])
            .await?;
        entry.withdrawn = Some(withdrawal);
        Ok(entry)
    }
}

/// The issuer as the one agency registers it that is meant. Its word on the issuer's keys and standing will count, and nobody
/// else's: where several list the issuer, which is meant has to be said.
fn registered(registry: &Registry, id: &str, by: Option<&AgencyId>) -> Result<Issuer, RegistrarError> {
    let all = registry.agencies().into_iter();
    let followed = all.filter(|lists| registry.roster().expelled(&lists.id).is_none());
    let listing: Vec<&Issuer> = followed.filter_map(|lists| lists.issuer(id)).collect();
    let shown: String = id.chars().take(120).collect();
    if let Some(by) = by {
        let meant = listing.into_iter().find(|issuer| issuer.agency == *by).cloned();
        return meant.ok_or_else(|| RegistrarError::Unknown(format!("`{by}` registers no issuer `{shown}`")));
    }
    match listing.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(RegistrarError::Unknown(format!(
            "no agency of this federation registers `{shown}`: see `comity issuer list`"
        ))),
        several => {
            let agencies: Vec<&str> = several.iter().map(|issuer| issuer.agency.as_str()).collect();
            Err(RegistrarError::Invalid(format!(
                "several agencies register `{shown}` ({}): say whose word on it counts (`--registered-by {}`)",
                agencies.join(", "),
                agencies.first().unwrap_or(&"US-SC"),
            )))
        }
    }
}

fn within_limits(scope: &RecognitionScope, basis: &RecognitionBasis) -> Result<(), RegistrarError> {
    let said = if !scope.is_within_limits() {
        format!(
            "a scope names 1 to {MAX_SCOPE_IDS} ids of at most {MAX_SCOPE_ID_BYTES} bytes each, and a stack has a name"
        )
    } else if !basis.is_within_limits() {
        format!("a recognition has at most {MAX_CONDITIONS} conditions of 1 to {MAX_CONDITION_BYTES} bytes each")
    } else {
        return Ok(());
    };
    Err(RegistrarError::Invalid(said))
}

/// Twelve random lower-case letters and digits.
pub(super) fn lower_case_id() -> String {
    let mut rng = rand::rng();
    (0..12)
        .filter_map(|_| char::from_digit(rng.random_range(0..36), 36))
        .collect()
}
