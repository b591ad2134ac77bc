//! Issuers that sign with software of their own: this agency keeps no key of theirs and issues nothing for them. It says
//! which keys are theirs, as it looked them up, and where they publish what they revoked.
//!
//! What an issuer publishes is looked up before an act begins, never while it runs: a slow web server holds up nobody.

mod difference;

use protocol::{Hash, trust_list};
use registry_schema::{
    AgencyId, ExternalKeys, Issuer, MAX_STATUS_LIST_BYTES, MAX_STATUS_LISTS, Timestamp, VerificationMethod,
    acceptance::ProviderKind,
    issuer::{MAX_ID_BYTES, MAX_KEYS},
    recognition::RegistrationStanding,
    registration::{ProvenIdentifier, RegistrationStep, StepActor},
};
use url::Url;
use verification::multikey;

pub use self::difference::KeyDifference;
use super::{Actor, ApplicationCase, Registrar, RegistrarError, StepNote, not_ready};
use storage::{ApplicationRow, LocalWrite};

/// The longest entry of an issuer, in bytes: recognitions hold a copy, and more.
const MAX_ENTRY: usize = 10 * 1024;

/// An issuer with keys of its own, as it is to be registered.
#[derive(Clone, Debug)]
pub struct ExternalIssuer {
    /// Its name.
    pub name: String,
    /// Its public page.
    pub url: Option<String>,
    /// The kind of body that it is.
    pub provider: Option<ProviderKind>,
    /// Its identifier, its keys, its status lists, and when they were looked up.
    pub proven: ProvenIdentifier,
}

/// The changes to be made to the addresses of an issuer's status lists.
#[derive(Clone, Debug, Default)]
pub struct ListChanges {
    /// These in place of all.
    pub replace: Option<Vec<String>>,
    /// These beside them.
    pub add: Vec<String>,
    /// These no more.
    pub remove: Vec<String>,
}

impl ListChanges {
    /// Returns true if nothing is to change.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.replace.is_none() && self.add.is_empty() && self.remove.is_empty()
    }
}

impl Registrar {
    /// Registers an issuer that signs with keys of its own.
    ///
    /// # Errors
    /// [`RegistrarError`], if its name or identifier is none or taken, its keys or lists are none or too many, or the node cannot
    /// write.
    pub async fn register_with_own_keys(&self, new: ExternalIssuer, hand: &Actor) -> Result<Issuer, RegistrarError> {
        let mut turn = self.turn(hand.dry_run).await?;
        let issuer = self.with_own_keys(new)?;
        let act = self.act(hand, "issuer.register", &issuer.id, Some("keys of its own".to_owned()));
        self.write(&mut turn, hand, vec![trust_list::register(&issuer)], vec![act])
            .await?;
        Ok(issuer)
    }

    /// The entry of an issuer with keys of its own; nothing is written yet.
    fn with_own_keys(&self, new: ExternalIssuer) -> Result<Issuer, RegistrarError> {
        let agency = self.name_is_free(&new.name, new.url.as_deref())?;
        let ProvenIdentifier { issuer: id, keys, own } = new.proven;
        self.id_is_free(&id)?;
        are_keys(&id, &keys)?;
        if keys.len() > MAX_KEYS {
            return Err(RegistrarError::Invalid(format!(
                "`{}` has {} keys, and an issuer is registered with at most {MAX_KEYS}",
                shown(&id),
                keys.len()
            )));
        }
        let issuer = Issuer {
            id,
            name: new.name.trim().to_owned(),
            agency,
            verification_methods: keys,
            url: new.url,
            provider: new.provider,
            own_keys: Some(ExternalKeys {
                status_lists: lists(own.status_lists)?,
                seen: own.seen.whole_seconds(),
            }),
        };
        fits(&issuer)?;
        Ok(issuer)
    }

    /// The issuer that an approval registers: what the applicant proved to control, or else one with a key that is made now.
    pub(super) fn issuer_of(&self, file: &ApplicationCase) -> Result<(Issuer, Vec<LocalWrite>), RegistrarError> {
        let application = &file.application;
        match &file.case.proven {
            Some(proven) => {
                let issuer = self.with_own_keys(ExternalIssuer {
                    name: application.name.clone(),
                    url: application.url.clone(),
                    provider: None,
                    proven: proven.clone(),
                })?;
                Ok((issuer, vec![]))
            }
            None => self.new_issuer(
                &application.name,
                application.url.clone(),
                verification::KeyKind::Ed25519,
            ),
        }
    }

    /// Writes down that an applicant proved to control an identifier; whoever calls this has checked that.
    ///
    /// # Errors
    /// [`RegistrarError`], if that is not possible now, the identifier is registered here, or its keys or lists are none or too many.
    pub async fn prove(
        &self,
        id: &str,
        by: StepActor,
        proven: ProvenIdentifier,
        dry_run: bool,
    ) -> Result<ApplicationCase, RegistrarError> {
        let mut turn = self.turn(dry_run).await?;
        let file = self.case(id).await?;
        // The same refusals that an approval would meet.
        let issuer = self.with_own_keys(ExternalIssuer {
            name: file.application.name,
            url: file.application.url,
            provider: None,
            proven: proven.clone(),
        })?;
        let step = RegistrationStep::Prove {
            issuer: proven.issuer,
            keys: proven.keys,
            status_lists: issuer.own_keys.map(|own| own.status_lists).unwrap_or_default(),
        };
        let note = StepNote::default();
        self.take_step_while(&mut turn, id, by, step, note, dry_run).await
    }

    /// Lists an issuer's keys as it publishes them now, if they could be had, and the addresses of its status lists as they
    /// are to be. Gives its entry, with what became of each key.
    ///
    /// # Errors
    /// [`RegistrarError`], if this agency does not register it or keeps its key, the keys or lists are none or too many, or the node
    /// cannot write.
    pub async fn refresh_keys(
        &self,
        issuer: &str,
        published: Option<(Vec<VerificationMethod>, Timestamp)>,
        changes: ListChanges,
        hand: &Actor,
    ) -> Result<(Issuer, Vec<(VerificationMethod, KeyDifference)>), RegistrarError> {
        let mut turn = self.turn(hand.dry_run).await?;
        let mut issuer = self.own_issuer(issuer)?;
        let Some(mut own) = issuer.own_keys.take() else {
            return Err(RegistrarError::Conflict(format!(
                "this agency keeps the key of `{}`, and issues with it: there is nothing to look up",
                issuer.name
            )));
        };
        let mut became = Vec::new();
        if let Some((keys, at)) = published {
            let at = at.whole_seconds();
            if at < own.seen {
                return Err(RegistrarError::Conflict(
                    "the keys were looked at again meanwhile: see what stands, and try again".into(),
                ));
            }
            are_keys(&issuer.id, &keys)?;
            became = difference::difference(&issuer.verification_methods, &keys, own.seen, at);
            issuer.verification_methods = became.iter().map(|(method, _)| method.clone()).collect();
            own.seen = at;
        }
        if let Some(unknown) = changes.remove.iter().find(|list| !own.status_lists.contains(list)) {
            let name = &issuer.name;
            return Err(RegistrarError::Invalid(format!(
                "`{name}` has no status list `{}`",
                shown(unknown)
            )));
        }
        own.status_lists = changes.replace.unwrap_or(own.status_lists);
        own.status_lists.retain(|list| !changes.remove.contains(list));
        own.status_lists.extend(changes.add);
        own.status_lists = lists(own.status_lists)?;
        issuer.own_keys = Some(own);
        fits(&issuer)?;
        let act = self.act(hand, "issuer.refresh", &issuer.id, None);
        self.write(&mut turn, hand, vec![trust_list::register(&issuer)], vec![act])
            .await?;
        Ok((issuer, became))
    }

    /// Refuses to issue in the name of who signs with keys of its own.
    pub(super) fn keeps_key_of(&self, issuer: &Issuer) -> Result<(), RegistrarError> {
        match issuer.own_keys {
            None => Ok(()),
            Some(_) => Err(RegistrarError::Conflict(format!(
                "`{}` signs with keys of its own; this agency keeps none and issues nothing for it",
                issuer.name
            ))),
        }
    }

    /// Refuses an identifier that this agency registers, or did: what ended does not come back.
    fn id_is_free(&self, id: &str) -> Result<(), RegistrarError> {
        if !is_identifier(id) {
            return Err(RegistrarError::Invalid(format!(
                "`{}` is no identifier of an issuer: it is a DID or an https URL of at most {MAX_ID_BYTES} bytes",
                shown(id)
            )));
        }
        let registry = self.registry.snapshot();
        let home = registry.home().ok_or_else(not_ready)?;
        let Some(issuer) = home.issuer(id) else { return Ok(()) };
        let has_ended = home
            .registration(id)
            .is_some_and(|said| said.standing == RegistrationStanding::Ended);
        let ended = if has_ended {
            ", and its registration has ended, which is final"
        } else {
            ""
        };
        Err(RegistrarError::Conflict(format!(
            "this agency registers `{}` already, as `{}`{ended}",
            shown(id),
            issuer.name
        )))
    }
}

/// The text that an applicant writes into a trial badge: nobody else's case has the same.
pub(super) fn challenge(agency: &AgencyId, application: &ApplicationRow) -> String {
    let hash = Hash::of(&[
        b"comity: proof of control\0",
        agency.as_str().as_bytes(),
        &[0],
        application.id.as_bytes(),
        &[0],
        &application.token_hash,
    ]);
    format!("comity-proof-{}", hash.to_string().chars().take(32).collect::<String>())
}

fn shown(text: &str) -> String {
    text.chars().take(120).collect()
}

/// A DID (DID 1.0, §3.1), or an https URL with nothing secret in it.
fn is_identifier(id: &str) -> bool {
    if !(1..=MAX_ID_BYTES).contains(&id.len()) || id.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return false;
    }
    if let Some((method, rest)) = id.strip_prefix("did:").and_then(|rest| rest.split_once(':')) {
        let is_method = !method.is_empty() && method.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        return is_method && !rest.is_empty() && !rest.contains(['#', '?', '/']);
    }
    is_https(id)
}

fn is_https(text: &str) -> bool {
    let url = Url::parse(text).ok();
    url.is_some_and(|url| {
        let is_open = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        url.scheme() == "https" && url.has_host() && is_open
    })
}

/// Checks that these can be the keys of this issuer.
fn are_keys(id: &str, keys: &[VerificationMethod]) -> Result<(), RegistrarError> {
    let refuse = |said: String| Err(RegistrarError::Invalid(said));
    if keys.is_empty() {
        return refuse(format!(
            "`{}` has no key that may issue and is of a kind used here",
            shown(id)
        ));
    }
    let own = multikey::key_of_did(id);
    for (i, key) in keys.iter().enumerate() {
        let name = shown(&key.id);
        let is_named = match id.starts_with("did:") {
            true => key
                .id
                .strip_prefix(id)
                .is_some_and(|rest| rest.len() > 1 && rest.starts_with('#')),
            false => key.id.starts_with("https://"),
        };
        if !is_named || key.id.len() > 2 * MAX_ID_BYTES || key.id.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return refuse(format!(
                "`{name}` does not name a key of `{}`: it is the identifier with `#` and a name, as proofs have it",
                shown(id)
            ));
        }
        let read = match multikey::decode(&key.public_key_multibase) {
            Ok(read) => read,
            Err(why) => return refuse(format!("the key `{name}` cannot be used: {why}")),
        };
        if own.as_ref().is_some_and(|own| *own != read) {
            return refuse(format!("the name `{}` holds its key, and that is another", shown(id)));
        }
        if key.from.zip(key.until).is_some_and(|(from, until)| until <= from) {
            return refuse(format!("the term of the key `{name}` ends before it begins"));
        }
        if keys.iter().take(i).any(|other| other.is_same_key(key)) {
            return refuse(format!("the key `{name}` is named twice"));
        }
    }
    Ok(())
}

/// Each once, as they were named.
fn lists(named: Vec<String>) -> Result<Vec<String>, RegistrarError> {
    let mut all: Vec<String> = Vec::new();
    for list in named {
        let list = list.trim().to_owned();
        if list.len() > MAX_STATUS_LIST_BYTES || !is_https(&list) {
            return Err(RegistrarError::Invalid(format!(
                "`{}` is no address of a status list: it begins with https:// and has at most {MAX_STATUS_LIST_BYTES} bytes",
                shown(&list)
            )));
        }
        if !all.contains(&list) {
            all.push(list);
        }
    }
    let own = ExternalKeys {
        status_lists: all,
        seen: Timestamp(0),
    };
    if !own.is_within_limits() {
        return Err(RegistrarError::Invalid(format!(
            "an issuer has at most {MAX_STATUS_LISTS} status lists, of at most {MAX_STATUS_LIST_BYTES} bytes each"
        )));
    }
    Ok(own.status_lists)
}

fn fits(issuer: &Issuer) -> Result<(), RegistrarError> {
    let bytes = trust_list::register(issuer).value.len();
    if bytes <= MAX_ENTRY {
        return Ok(());
    }
    Err(RegistrarError::Invalid(format!(
        "the entry of `{}` would have {bytes} bytes, more than {MAX_ENTRY}: it has too many keys or status lists",
        issuer.name
    )))
}

#[cfg(test)]
mod tests;
