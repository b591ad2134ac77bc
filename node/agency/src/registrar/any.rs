//! Credentials of any kind that this agency's issuers sign: what `POST /credentials/issue` asks for.

use rand::RngExt as _;
use registry_schema::{CredentialCode, Phrase, Timestamp};
use serde_json::{Map, Value};
use verification::{
    contexts::CREDENTIALS_V2,
    credential::{StatusLocation, status_entries},
    data_integrity::{Cryptosuite, SignError, UnsignableCredential},
    multikey, vcdm,
};

use super::{
    Actor, Registrar, RegistrarError,
    credentials::{list_url, uuid_v4},
    internal,
    issuer_keys::signing_key_of,
    not_ready,
    rows::place,
    slots::SlotPlace,
};
use storage::{CredentialRow, IssuerKey, LocalWrite, SignedCredentialRow, look_up::LookupPermit};

/// A credential to sign.
#[derive(Clone, Debug)]
pub struct UnsignedCredential {
    /// The whole credential, without a proof.
    pub credential: Map<String, Value>,
    /// The suite to sign it with; the one that its issuer's key always uses, if absent.
    pub suite: Option<Cryptosuite>,
}

impl Registrar {
    /// Signs a credential as it is, with the key of the issuer that it names.
    ///
    /// A credential of VCDM 2.0 that names no status gets an entry in its issuer's list, and an `id` if it has none, and
    /// is recorded like every other, so that it can be revoked. One with a status of its own, or of VCDM 1.1, which has
    /// no words for our lists, is signed as it stands; the audit trail has it, the list of credentials has not.
    ///
    /// # Errors
    /// [`RegistrarError`], if it is no well-formed credential, has something that a signature would not cover, the issuer's key
    /// is not kept here, or the node cannot write.
    pub async fn issue_document(&self, new: UnsignedCredential, hand: &Actor) -> Result<Value, RegistrarError> {
        let mut turn = self.turn(hand.dry_run).await?;
        let UnsignedCredential { mut credential, suite } = new;
        let now = self.clock.now();
        if credential.contains_key("proof") {
            return Err(RegistrarError::Invalid("the credential is signed already".into()));
        }
        if let Some(fault) = vcdm::faults(&credential).first() {
            let fault = Phrase::from(fault);
            return Err(RegistrarError::Unsignable(UnsignableCredential::IllFormed { fault }));
        }
        let issuer = credential
            .get("issuer")
            .map(|issuer| issuer.get("id").unwrap_or(issuer));
        let issuer = issuer.and_then(Value::as_str).unwrap_or_default().to_owned();
        self.may_issue(&issuer)?;
        let key = self.key_of(&issuer).await?;
        let url = {
            let registry = self.registry.snapshot();
            registry.home().ok_or_else(not_ready)?.url.clone()
        };
        names_no_slot_of_ours(&credential, &url)?;
        let signing = signing_key_of(&key)?;
        let suite = suite
            .or_else(|| Cryptosuite::of(signing.kind()))
            .filter(|suite| suite.fits(signing.kind()))
            .ok_or_else(|| RegistrarError::Invalid(format!("the key of `{issuer}` does not sign in this way")))?;
        let (_, method) = multikey::did_key(&signing.public_key());

        let is_recorded = !credential.contains_key("credentialStatus") && names_v2(&credential);
        let mut own = Vec::new();
        let mut place = None;
        if is_recorded {
            let id = match credential.get("id").and_then(Value::as_str) {
                Some(id) => id.to_owned(),
                None => format!("urn:uuid:{}", uuid_v4()),
            };
            if self.store.credential_by_id(&id).await?.is_some() {
                return Err(RegistrarError::Conflict(format!(
                    "this agency has issued a credential `{id}` already"
                )));
            }
            // A slot is taken for good, so first see whether the rest can be signed at all.
            credential.insert("id".to_owned(), Value::from(id.as_str()));
            let mut sample = credential.clone();
            let example = SlotPlace { list: 0, slot: 0 };
            sample.insert("credentialStatus".to_owned(), entries(&url, example));
            sign(sample, suite, &signing, &method, now)?;
            let taken = if hand.dry_run {
                example
            } else {
                self.new_place(&mut turn, &issuer).await?
            };
            credential.insert("credentialStatus".to_owned(), entries(&url, taken));
            place = Some(taken);
        }
        let id = credential
            .get("id")
            .and_then(Value::as_str)
            .unwrap_or("none")
            .to_owned();
        let document = sign(credential, suite, &signing, &method, now)?;
        if hand.dry_run {
            return Ok(Value::Null);
        }
        if let Some(place) = place {
            let letters = self.agency().code_letters();
            let code = CredentialCode::new(letters, rand::rng().random());
            own.push(LocalWrite::Credential(SignedCredentialRow {
                issued: recorded(&document, &id, code, &issuer, place, now),
                document: document.to_string(),
            }));
        }
        own.push(self.act(hand, "credential.issue", &id, None));
        self.store
            .commit(&protocol::WriteBatch::default(), &own, self.clock.now())
            .await?;
        Ok(document)
    }

    /// A credential that was issued here, as a token (VC-JWT): the same content, signed again with its issuer's key.
    ///
    /// # Errors
    /// [`RegistrarError`], if there is none with this code, or the issuer's key is no longer kept here or listed.
    pub async fn token_of(&self, code: CredentialCode, hand: &Actor) -> Result<String, RegistrarError> {
        let unknown = || RegistrarError::Unknown(format!("this agency has issued no credential `{code}`"));
        let issued = self
            .store
            .credential_by_code(code, LookupPermit::of_operator(hand))
            .await?;
        let kept = issued.ok_or_else(unknown)?;
        // What is damaged is not signed anew.
        place(&kept)?;
        let mut document: Map<String, Value> = serde_json::from_str(&kept.document).map_err(internal)?;
        document.remove("proof");
        let key = self.key_of(&kept.issued.issuer).await?;
        let signing = signing_key_of(&key)?;
        let (_, method) = multikey::did_key(&signing.public_key());
        verification::jwt::sign(Value::Object(document), &signing, &method, self.clock.now()).map_err(|why| {
            let why = Phrase::from(&why);
            RegistrarError::Unsignable(UnsignableCredential::AsToken { why })
        })
    }

    async fn key_of(&self, issuer: &str) -> Result<IssuerKey, RegistrarError> {
        self.may_sign(issuer)?;
        let unknown = || RegistrarError::Invalid(format!("this agency keeps no key of issuer `{issuer}`"));
        let listed = self
            .registry
            .snapshot()
            .home()
            .is_some_and(|home| home.issuer(issuer).is_some());
        let key = self.store.issuer_key(issuer).await?;
        key.filter(|_| listed).ok_or_else(unknown)
    }
}

/// The refusal of what cannot be signed.
pub(super) fn not_signed(why: &SignError) -> RegistrarError {
    let why = Phrase::from(why);
    RegistrarError::Unsignable(UnsignableCredential::AsDocument { why })
}

fn sign(
    credential: Map<String, Value>,
    suite: Cryptosuite,
    key: &verification::IssuerSigningKey,
    method: &str,
    now: Timestamp,
) -> Result<Value, RegistrarError> {
    vcdm::sign(credential, suite, key, method, now).map_err(|why| not_signed(&why))
}

fn names_v2(credential: &Map<String, Value>) -> bool {
    let first = credential.get("@context").map(|c| c.get(0).unwrap_or(c));
    first.and_then(Value::as_str) == Some(CREDENTIALS_V2)
}

fn entries(url: &str, place: SlotPlace) -> Value {
    let SlotPlace { list, slot: index } = place;
    status_entries(&StatusLocation {
        revocation_list: list_url(url, list, "revocation"),
        suspension_list: list_url(url, list, "suspension"),
        index,
    })
}

/// A status entry in our own lists comes from us alone: another would share the fate of somebody else's credential.
fn names_no_slot_of_ours(credential: &Map<String, Value>, url: &str) -> Result<(), RegistrarError> {
    let entries = match credential.get("credentialStatus") {
        Some(Value::Array(many)) => many.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let ours = |entry: &Value| {
        let list = entry.get("statusListCredential").and_then(Value::as_str);
        list.is_some_and(|list| list.starts_with(url))
    };
    if entries.iter().any(ours) {
        return Err(RegistrarError::Invalid(
            "places in this agency's status lists are given out by itself: leave `credentialStatus` away".into(),
        ));
    }
    Ok(())
}

/// The record that is kept of a credential of any kind, in the words of a badge where it has them.
fn recorded(
    document: &Value,
    id: &str,
    code: CredentialCode,
    issuer: &str,
    place: SlotPlace,
    now: Timestamp,
) -> CredentialRow {
    let text = |value: Option<&Value>| {
        let text = value.and_then(Value::as_str).unwrap_or_default();
        text.chars().take(200).collect::<String>()
    };
    let subject = document.get("credentialSubject");
    let subject = subject.map(|s| s.get(0).unwrap_or(s));
    let of_subject = |key: &str| text(subject.and_then(|s| s.get(key)));
    let achievement = subject.and_then(|s| s.get("achievement"));
    let last_type = document
        .get("type")
        .map(|kind| kind.as_array().and_then(|all| all.last()).unwrap_or(kind));
    let or = |first: String, second: String| if first.is_empty() { second } else { first };
    let moment = |key: &str| {
        document
            .get(key)
            .and_then(Value::as_str)
            .and_then(|text| text.parse::<Timestamp>().ok())
    };
    CredentialRow {
        id: id.to_owned(),
        code,
        issuer: issuer.to_owned(),
        achievement: text(achievement.and_then(|a| a.get("id"))),
        name: or(
            text(achievement.and_then(|a| a.get("name"))),
            or(text(document.get("name")), text(last_type)),
        ),
        subject: or(of_subject("name"), of_subject("id")),
        valid_from: moment("validFrom").unwrap_or(now).0,
        valid_until: moment("validUntil").map(|until| until.0),
        list: place.list.into(),
        slot: place.slot.into(),
    }
}
