//! The registrar: what this agency may do to its own lists.
//!
//! Every act is checked, put into the agency's lists, and on disk before it is acknowledged. Acts run one after the
//! other ([`Registrar::acting`]): a check and the write that rests on it see the same lists.

mod slots;

use protocol::{Put, status_list, trust_list};
use rand::RngExt as _;
use registry_schema::{
    Achievement, Credential, CredentialCode, Issuer, Purpose, Reason, Recognition, Scope, StatusChange, StatusState,
    Timestamp, VerificationMethod, Withdrawal, recognition::RecognitionEntry,
};
use tokio::sync::Mutex;
use verification::{SigningKey, credential as badges, data_integrity, multikey};

use crate::{
    clock::Clock,
    keys,
    registry::SharedRegistry,
    replication::{Author, NotWritten},
    storage::{Act, Issued, NewCredential, OwnWrite, Store, Unavailable},
};
use slots::Slots;

/// Acts for this agency.
#[derive(Debug)]
pub struct Registrar {
    store: Store,
    registry: SharedRegistry,
    author: Author,
    clock: Clock,
    acting: Mutex<Slots>,
}

/// Why an act was not done.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// What it is about is not there.
    #[error("{0}")]
    Unknown(String),
    /// It contradicts what stands.
    #[error("{0}")]
    Conflict(String),
    /// It asks for what cannot be.
    #[error("{0}")]
    Invalid(String),
    /// The node cannot do it now.
    #[error("{0}")]
    Unavailable(String),
}

impl From<Unavailable> for NotDone {
    fn from(error: Unavailable) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<NotWritten> for NotDone {
    fn from(error: NotWritten) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// Who acts, and whether only to see what would come of it.
#[derive(Clone, Debug)]
pub struct Hand {
    /// The operator.
    pub who: String,
    /// Check everything, write nothing.
    pub dry_run: bool,
}

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

/// What a credential is to say.
#[derive(Clone, Debug)]
pub struct NewBadge {
    /// The issuer's id; its key is kept here.
    pub issuer: String,
    /// What was shown. An empty id stands for one that follows from the issuer and the name.
    pub achievement: Achievement,
    /// Whose it is.
    pub subject: String,
    /// Good from; now, if absent.
    pub valid_from: Option<Timestamp>,
    /// Good up to.
    pub valid_until: Option<Timestamp>,
}

impl Registrar {
    pub(crate) fn new(store: Store, registry: SharedRegistry, author: Author, clock: Clock) -> Self {
        Self { store, registry, author, clock, acting: Mutex::new(Slots::default()) }
    }

    fn act(&self, hand: &Hand, act: &'static str, subject: &str, note: Option<String>) -> OwnWrite {
        OwnWrite::Audit(Act { at: self.clock.now(), who: hand.who.clone(), act, subject: subject.to_owned(), note })
    }

    async fn write(&self, hand: &Hand, puts: Vec<Put>, own: Vec<OwnWrite>) -> Result<(), NotDone> {
        if hand.dry_run { Ok(()) } else { Ok(self.author.write(puts, own).await?) }
    }

    /// Registers an issuer of this agency: makes its badge key, its `did:key` and its status list.
    ///
    /// # Errors
    /// [`NotDone`], if the name is none or taken, or the node cannot write.
    pub async fn register_issuer(&self, name: &str, url: Option<String>, hand: &Hand) -> Result<Issuer, NotDone> {
        let _acting = self.acting.lock().await;
        let name = name.trim();
        within("an issuer's name", name, 200)?;
        within("an issuer's URL", url.as_deref().unwrap_or("-"), 200)?;
        let agency = {
            let registry = self.registry.read();
            let home = registry.home().ok_or_else(not_ready)?;
            if home.issuers().any(|issuer| issuer.name == name) {
                return Err(NotDone::Conflict(format!("an issuer named `{name}` is registered already")));
            }
            home.id.clone()
        };
        let seed = keys::fresh_seed();
        let key = SigningKey::from_seed(&seed).map_err(internal)?;
        let (id, method) = multikey::did_key(&key.public_key());
        let method = VerificationMethod {
            id: method,
            public_key_multibase: multikey::encode(&key.public_key()),
            from: Some(self.clock.now().whole_seconds()),
            until: None,
        };
        let issuer = Issuer { id, name: name.to_owned(), agency, verification_methods: vec![method], url };
        let list = rand::rng().random_range(0..=u32::MAX >> 1);
        let own = vec![
            OwnWrite::IssuerKey { issuer: issuer.id.clone(), seed, list },
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
            let issuer = registry.agencies().into_iter().find_map(|lists| lists.issuer(&new.issuer).cloned());
            let issuer = issuer.ok_or_else(|| {
                NotDone::Unknown(format!("no agency of this federation registers `{}`: see `comity issuer list`", new.issuer))
            })?;
            let mut standing = home.recognitions().filter(|e| e.recognition.issuer.id == issuer.id && e.holds(now, None));
            if let Some(same) = standing.find(|e| e.recognition.scope == new.scope && e.recognition.purposes == new.purposes) {
                let id = &same.recognition.id;
                return Err(NotDone::Conflict(format!("recognition `{id}` says the same: withdraw it first to change its term")));
            }
            (home.id.clone(), issuer)
        };
        if new.purposes.is_empty() {
            return Err(NotDone::Invalid("a recognition names at least one purpose".into()));
        }
        if matches!(&new.scope, Scope::Achievements(ids) if ids.is_empty() || ids.len() > 200 || ids.iter().any(|id| id.len() > 500)) {
            return Err(NotDone::Invalid("a scope names 1 to 200 achievements of at most 500 characters each".into()));
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
            return Err(NotDone::Invalid("the scope is too large for one recognition: make two of it".into()));
        }
        let act = self.act(hand, "recognition.add", &recognition.id, None);
        self.write(hand, vec![put], vec![act]).await?;
        Ok(RecognitionEntry { agency, recognition, withdrawn: None })
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
        let withdrawal = Withdrawal { at: self.clock.now(), earlier_badges_stay_good: stay_good };
        let act = self.act(hand, "recognition.withdraw", id, None);
        self.write(hand, vec![trust_list::withdraw(id, &withdrawal)], vec![act]).await?;
        entry.withdrawn = Some(withdrawal);
        Ok(entry)
    }

    /// Issues a credential: an Open Badges 3.0 credential with a status entry, signed by the issuer's key. A dry run
    /// gives no document: a badge that is signed but not recorded could never be revoked.
    ///
    /// # Errors
    /// [`NotDone`], if the issuer's key is not kept here, a limit is broken, or the node cannot write.
    pub async fn issue(&self, mut new: NewBadge, hand: &Hand) -> Result<(Credential, Option<serde_json::Value>), NotDone> {
        let mut acting = self.acting.lock().await;
        let now = self.clock.now();
        check(&new)?;
        let key = self.store.issuer_key(&new.issuer).await?.ok_or_else(|| {
            NotDone::Unknown(format!("this agency keeps no key of issuer `{}`: see `comity issuer list`", new.issuer))
        })?;
        let (agency, url, issuer) = {
            let registry = self.registry.read();
            let home = registry.home().ok_or_else(not_ready)?;
            let issuer = home.issuer(&new.issuer).cloned();
            let issuer = issuer.ok_or_else(|| NotDone::Unknown(format!("`{}` is not on this agency's trust list", new.issuer)))?;
            (home.id.clone(), home.url.clone(), issuer)
        };
        if new.achievement.id.is_empty() {
            // The same name by the same issuer is the same achievement.
            let hash = protocol::Hash::of(&[issuer.id.as_bytes(), &[0], new.achievement.name.as_bytes()]).to_string();
            new.achievement.id = format!("{url}/achievements/{}", hash.get(..16).unwrap_or(&hash));
        }
        let valid_from = new.valid_from.unwrap_or(now).whole_seconds();
        if new.valid_until.is_some_and(|until| until <= valid_from) {
            return Err(NotDone::Invalid("a credential ends after it begins".into()));
        }
        let id = format!("urn:uuid:{}", uuid_v4());
        let code = CredentialCode::new(agency.code_letters(), rand::rng().random());
        let index = if hand.dry_run { 0 } else { acting.take(key.list, self).await? };
        let issued = Issued {
            id: id.clone(),
            code,
            issuer: new.issuer,
            achievement: new.achievement.id.clone(),
            name: new.achievement.name.clone(),
            subject: new.subject.clone(),
            valid_from: valid_from.0,
            valid_until: new.valid_until.map(|until| until.0),
            list: key.list.into(),
            slot: index.into(),
        };
        let credential = self.shown(&issued);
        if hand.dry_run {
            return Ok((credential, None));
        }

        let unsigned = badges::build(&badges::NewCredential {
            id: id.clone(),
            issuer_id: issuer.id.clone(),
            issuer_name: issuer.name.clone(),
            issuer_url: issuer.url.clone(),
            subject_name: new.subject,
            subject_id: None,
            achievement: new.achievement,
            valid_from,
            valid_until: new.valid_until,
            status: Some(badges::NewStatus {
                revocation_list: list_url(&url, key.list, "revocation"),
                suspension_list: list_url(&url, key.list, "suspension"),
                index,
            }),
        });
        let signing = SigningKey::from_seed(&key.seed.0).map_err(internal)?;
        let (_, method) = multikey::did_key(&signing.public_key());
        let document = data_integrity::sign(unsigned, &signing, &method, now)
            .map_err(|error| NotDone::Invalid(format!("the credential cannot be signed: {error}")))?;
        let own = [
            OwnWrite::Credential(NewCredential { issued, document: document.to_string() }),
            self.act(hand, "credential.issue", &id, None),
        ];
        self.store.commit(&protocol::Batch::default(), &own).await?;
        Ok((credential, Some(document)))
    }

    /// Suspends, reinstates or revokes a credential of this agency.
    ///
    /// # Errors
    /// [`NotDone`], if there is none with this code, the change contradicts what stands, or the node cannot write.
    pub async fn change_status(
        &self,
        code: CredentialCode,
        to: StatusState,
        reason: Reason,
        note: Option<String>,
        hand: &Hand,
    ) -> Result<(Credential, StatusChange), NotDone> {
        let _acting = self.acting.lock().await;
        if let Some(note) = &note {
            within("a note", note, 2000)?;
        }
        let issued = self.store.credential_by_code(code).await?;
        let issued = issued.ok_or_else(|| NotDone::Unknown(format!("this agency has issued no credential `{code}`")))?;
        let (list, index) = (narrow(issued.list)?, narrow(issued.slot)?);
        let at = self.clock.now();
        let (put, act) = match (self.shown(&issued).state, to) {
            (StatusState::Revoked, _) => {
                return Err(NotDone::Conflict(format!("`{code}` is revoked, which is final: issue a new credential instead")));
            }
            (_, StatusState::Revoked) => (status_list::revoke(list, index, reason, at), "credential.revoke"),
            (StatusState::Suspended, StatusState::Active) => {
                (status_list::suspend(list, index, false, reason, at), "credential.reinstate")
            }
            (StatusState::Active, StatusState::Suspended) => {
                (status_list::suspend(list, index, true, reason, at), "credential.suspend")
            }
            (_, StatusState::Unknown) => {
                return Err(NotDone::Invalid("a status is changed to `revoked`, `suspended` or `active`".into()));
            }
            (state, _) => return Err(NotDone::Conflict(format!("`{code}` is {} already", state.as_str()))),
        };
        self.write(hand, vec![put], vec![self.act(hand, act, &issued.id, note)]).await?;
        let mut credential = self.shown(&issued);
        (credential.state, credential.state_since) = (to, Some(at));
        Ok((credential, StatusChange { state: to, at, reason }))
    }

    /// A stored credential with its status now, as operators see it.
    #[must_use]
    pub fn shown(&self, issued: &Issued) -> Credential {
        let registry = self.registry.read();
        let home = registry.home();
        let list = u32::try_from(issued.list).ok().and_then(|number| home?.list(number));
        let state = list.zip(u32::try_from(issued.slot).ok()).map(|(list, slot)| list.state(slot));
        let (state, change) = state.unwrap_or((StatusState::Active, None));
        Credential {
            id: issued.id.clone(),
            code: issued.code,
            agency: self.agency(),
            issuer: issued.issuer.clone(),
            name: issued.name.clone(),
            achievement: issued.achievement.clone(),
            subject: Some(issued.subject.clone()),
            valid_from: issued.from(),
            valid_until: issued.until(),
            state,
            state_since: change.map(|change| change.at),
        }
    }

    /// The agency that this registrar acts for.
    #[must_use]
    pub fn agency(&self) -> registry_schema::AgencyId {
        self.registry.read().home_id().clone()
    }
}

/// The URL of a status list; other software reads it there.
#[must_use]
pub fn list_url(node: &str, list: u32, purpose: &str) -> String {
    format!("{node}/v1/status-lists/{list}-{purpose}")
}

fn check(new: &NewBadge) -> Result<(), NotDone> {
    within("the holder's name", &new.subject, 200)?;
    within("the achievement's name", &new.achievement.name, 200)?;
    within("the achievement's description", &new.achievement.description, 4000)?;
    within("the achievement's criteria", &new.achievement.criteria, 4000)?;
    let id = &new.achievement.id;
    if !id.is_empty() && (id.len() > 500 || url::Url::parse(id).is_err()) {
        return Err(NotDone::Invalid(format!("the achievement's id `{id}` is no URI of at most 500 characters")));
    }
    Ok(())
}

fn within(what: &str, text: &str, most: usize) -> Result<(), NotDone> {
    let fits = (1..=most).contains(&text.trim().chars().count());
    if fits { Ok(()) } else { Err(NotDone::Invalid(format!("{what} has 1 to {most} characters"))) }
}

fn not_ready() -> NotDone {
    NotDone::Unavailable("this node's own lists are not loaded".into())
}

fn internal(error: impl std::fmt::Display) -> NotDone {
    NotDone::Unavailable(error.to_string())
}

fn narrow(number: i64) -> Result<u32, NotDone> {
    u32::try_from(number).map_err(internal)
}

/// Twelve random lower-case letters and digits.
fn lower_case_id() -> String {
    let mut rng = rand::rng();
    (0..12).filter_map(|_| char::from_digit(rng.random_range(0..36), 36)).collect()
}

/// A random UUID (RFC 9562, §5.4).
fn uuid_v4() -> String {
    let random: u128 = rand::rng().random();
    let bits = (random & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default().to_owned();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_uuid_has_its_version_and_variant() {
        for _ in 0..100 {
            let uuid = super::uuid_v4();
            assert_eq!(uuid.len(), 36);
            assert_eq!(uuid.as_bytes()[14], b'4', "{uuid}");
            assert!(b"89ab".contains(&uuid.as_bytes()[19]), "{uuid}");
        }
    }
}
