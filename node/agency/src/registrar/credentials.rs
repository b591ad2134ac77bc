//! The acts of this agency on its credentials: issuing them, and changing their status.

use protocol::{Put, status_list};
use rand::RngExt as _;
use registry_schema::{Achievement, Credential, CredentialCode, StatusChange, StatusReason, StatusState, Timestamp};
use verification::{BadKey, Freshness, IssuerSigningKey, credential as badges, data_integrity, multikey};

use super::{
    Actor, Registrar, RegistrarError, any::not_signed, issuer_keys::signing_key_of, not_ready, rows::place as place_of,
    slots::SlotPlace, within,
};
use storage::{CredentialRow, IssuerKey, LocalWrite, SignedCredentialRow, look_up::LookupPermit};

/// The content of a credential that is to be issued.
#[derive(Clone, Debug)]
pub struct NewBadge {
    /// The issuer's id; its key is kept here.
    pub issuer: String,
    /// The achievement that was shown. An empty id stands for one that follows from the issuer and the name.
    pub achievement: Achievement,
    /// The holder's name.
    pub subject: String,
    /// Good from; now, if absent.
    pub valid_from: Option<Timestamp>,
    /// Good up to.
    pub valid_until: Option<Timestamp>,
}

impl Registrar {
    /// Issues a credential: an Open Badges 3.0 credential with a status entry, signed by the issuer's key. A dry run
    /// gives no document: a badge that is signed but not recorded could never be revoked.
    ///
    /// # Errors
    /// [`RegistrarError`], if the issuer's key is not kept here, a limit is broken, or the node cannot write.
    pub async fn issue(
        &self,
        mut new: NewBadge,
        hand: &Actor,
    ) -> Result<(Credential, Option<serde_json::Value>), RegistrarError> {
        let mut turn = self.turn(hand.dry_run).await?;
        let now = self.clock.now();
        check(&new)?;
        self.may_issue(&new.issuer)?;
        let key = self.key_to_sign(&new.issuer).await?;
        let (agency, url, issuer) = {
            let registry = self.registry.snapshot();
            let home = registry.home().ok_or_else(not_ready)?;
            let issuer = home.issuer(&new.issuer).cloned();
            let issuer = issuer.ok_or_else(|| {
                RegistrarError::Unknown(format!("`{}` is not on this agency's trust list", new.issuer))
            })?;
            (home.id.clone(), home.url.clone(), issuer)
        };
        if new.achievement.id.is_empty() {
            new.achievement.id = achievement_id(&url, &issuer.id, &new.achievement.name);
        }
        let valid_from = new.valid_from.unwrap_or(now).whole_seconds();
        if new.valid_until.is_some_and(|until| until <= valid_from) {
            return Err(RegistrarError::Invalid("a credential ends after it begins".into()));
        }
        let id = format!("urn:uuid:{}", uuid_v4());
        let code = CredentialCode::new(agency.code_letters(), rand::rng().random());
        // A dry run takes no place: it shows one that no list has.
        let place = match hand.dry_run {
            true => None,
            false => Some(self.new_place(&mut turn, &new.issuer).await?),
        };
        let issued = CredentialRow {
            id: id.clone(),
            code,
            issuer: new.issuer,
            achievement: new.achievement.id.clone(),
            name: new.achievement.name.clone(),
            subject: new.subject.clone(),
            valid_from: valid_from.0,
            valid_until: new.valid_until.map(|until| until.0),
            list: place.map_or(-1, |place| place.list.into()),
            slot: place.map_or(-1, |place| place.slot.into()),
        };
        let credential = self.shown_at(
            &issued,
            place.map(|place| (place.list, place.slot)),
            StatusState::Active,
        );
        let Some(SlotPlace { list, slot: index }) = place else {
            return Ok((credential, None));
        };

        let aligned = LocalWrite::Aligned {
            achievement: new.achievement.id.clone(),
            items: new
                .achievement
                .alignment
                .iter()
                .map(|to| to.target_url.clone())
                .collect(),
        };
        let unsigned = badges::build(&badges::CredentialContent {
            id: id.clone(),
            issuer_id: issuer.id.clone(),
            issuer_name: issuer.name.clone(),
            issuer_url: issuer.url.clone(),
            subject_name: new.subject,
            subject_id: None,
            achievement: new.achievement,
            valid_from,
            valid_until: new.valid_until,
            status: Some(badges::StatusLocation {
                revocation_list: list_url(&url, list, "revocation"),
                suspension_list: list_url(&url, list, "suspension"),
                index,
            }),
        });
        let signing = signing_key_of(&key)?;
        let (_, method) = multikey::did_key(&signing.public_key());
        let document = data_integrity::sign(unsigned, &signing, &method, now).map_err(|why| not_signed(&why))?;
        let own = [
            aligned,
            LocalWrite::Credential(SignedCredentialRow {
                issued,
                document: document.to_string(),
            }),
            self.act(hand, "credential.issue", &id, None),
        ];
        self.store
            .commit(&protocol::WriteBatch::default(), &own, self.clock.now())
            .await?;
        Ok((credential, Some(document)))
    }

    /// Returns the key with which an issuer's credentials are signed here.
    async fn key_to_sign(&self, issuer: &str) -> Result<IssuerKey, RegistrarError> {
        self.store.issuer_key(issuer).await?.ok_or_else(|| {
            RegistrarError::Unknown(format!(
                "this store keeps no key of issuer `{issuer}`: see `comity issuer list`; if the key is lost, give the issuer a new \
                 one (`comity issuer rekey`)"
            ))
        })
    }

    /// Suspends, reinstates or revokes a credential of this agency.
    ///
    /// # Errors
    /// [`RegistrarError`], if there is none with this code, the change contradicts what stands, or the node cannot write.
    pub async fn change_status(
        &self,
        code: CredentialCode,
        to: StatusState,
        reason: StatusReason,
        note: Option<String>,
        hand: &Actor,
    ) -> Result<(Credential, StatusChange), RegistrarError> {
        let mut turn = self.turn(hand.dry_run).await?;
        if let Some(note) = &note {
            within("a note", note, 2000)?;
        }
        let kept = self
            .store
            .credential_by_code(code, LookupPermit::of_operator(hand))
            .await?;
        let Some(kept) = kept else {
            return Err(self.has_no(code).await?);
        };
        let place = place_of(&kept)?;
        let change = StatusChange {
            state: to,
            at: self.clock.now(),
            reason,
        };
        let (put, act) = step(&code.to_string(), place, self.shown(&kept).state, change)?;
        self.write(
            &mut turn,
            hand,
            vec![put],
            vec![self.act(hand, act, &kept.issued.id, note)],
        )
        .await?;
        let mut credential = self.shown(&kept);
        (credential.state, credential.state_since) = (to, Some(change.at));
        Ok((credential, change))
    }

    /// Suspends, reinstates or revokes what stands at a place (list, index) of this agency's status lists: for a
    /// credential that another store of the agency keeps.
    ///
    /// # Errors
    /// [`RegistrarError`], if no store of the agency ever reserved the place, the change contradicts what stands, or the node
    /// cannot write.
    pub async fn change_place(
        &self,
        place: (u32, u32),
        to: StatusState,
        reason: StatusReason,
        note: Option<String>,
        hand: &Actor,
    ) -> Result<StatusChange, RegistrarError> {
        let mut turn = self.turn(hand.dry_run).await?;
        if let Some(note) = &note {
            within("a note", note, 2000)?;
        }
        let (list, index) = place;
        let state = {
            let registry = self.registry.snapshot();
            let lists = registry.home().and_then(|home| home.list(list));
            let reserved = lists.filter(|lists| lists.is_reserved(index));
            reserved.map(|lists| lists.state(index).0)
        };
        let what = format!("list {list} index {index}");
        let state = state.ok_or_else(|| {
            RegistrarError::Unknown(format!(
                "no store of this agency, as far as is known here, has issued a credential at {what}"
            ))
        })?;
        let change = StatusChange {
            state: to,
            at: self.clock.now(),
            reason,
        };
        let (put, act) = step(&what, place, state, change)?;
        let subject = self.store.credential_at(list, index).await?;
        let subject = subject
            .filter(|kept| place_of(kept).is_ok())
            .map_or(what, |kept| kept.issued.id);
        self.write(&mut turn, hand, vec![put], vec![self.act(hand, act, &subject, note)])
            .await?;
        Ok(change)
    }

    /// Forgets a credential, as some statutes demand: the badge, its holder and all notes here at once; at every node the
    /// reason and time of its status at once, and their bytes after seven days. Whether it is revoked or suspended stays.
    ///
    /// # Errors
    /// [`RegistrarError`], if this agency has issued none with this code, or the node cannot write.
    pub async fn expunge(&self, code: CredentialCode, hand: &Actor) -> Result<(u32, u32), RegistrarError> {
        let mut turn = self.turn(hand.dry_run).await?;
        let kept = self
            .store
            .credential_by_code(code, LookupPermit::of_operator(hand))
            .await?;
        let Some(kept) = kept else {
            return Err(self.has_no(code).await?);
        };
        let (list, index) = place_of(&kept)?;
        let suspended = {
            let registry = self.registry.snapshot();
            let list = registry.home().and_then(|home| home.list(list));
            list.and_then(|list| list.suspended(index))
                .is_some_and(|change| change.state == StatusState::Suspended)
        };
        let put = status_list::expunge(list, index, suspended, self.clock.now());
        let act = self.act(hand, "credential.expunge", &format!("list {list} index {index}"), None);
        let own = vec![LocalWrite::Expunged { id: kept.issued.id }, act];
        self.write(&mut turn, hand, vec![put], own).await?;
        Ok((list, index))
    }

    /// The refusal of an act on a credential that is not here.
    async fn has_no(&self, code: CredentialCode) -> Result<RegistrarError, RegistrarError> {
        Ok(RegistrarError::Unknown(match self.store.lost_records().await? {
            Some(before) => format!(
                "there is no credential `{code}` here, and the records of badges issued before {} are lost: the status of such a one is \
                 changed by the badge itself, `comity credential revoke --badge FILE`, or `suspend`, or `reinstate`",
                before.date_in_words()
            ),
            None => format!("this agency has issued no credential `{code}`"),
        }))
    }

    /// A stored credential with its status now, as operators see it; its status is unknown, where its row and its badge name
    /// two places.
    #[must_use]
    pub fn shown(&self, kept: &SignedCredentialRow) -> Credential {
        let mut credential = match place_of(kept) {
            Ok(place) => self.shown_at(&kept.issued, Some(place), StatusState::Active),
            Err(_) => self.shown_at(&kept.issued, None, StatusState::Unknown),
        };
        // That nothing is known against it tells nothing, where what is known is too old or incomplete.
        let now = self.clock.now();
        let known_up_to = self.knows_its_lists_up_to(now);
        if credential.state == StatusState::Active && known_up_to.is_none() {
            credential.state = StatusState::Unknown;
        }
        credential.state_as_of = known_up_to.filter(|known| *known < now);
        credential
    }

    /// Returns the moment up to which this agency's own lists are known, if that is fresh.
    fn knows_its_lists_up_to(&self, now: Timestamp) -> Option<Timestamp> {
        let registry = self.registry.snapshot();
        match registry.freshness(registry.home()?, now) {
            Freshness::Heard { as_of, good_until } if now < good_until => Some(as_of),
            _ => None,
        }
    }

    /// A credential with the status of this place now; with `otherwise`, if no list has the place.
    fn shown_at(&self, issued: &CredentialRow, place: Option<(u32, u32)>, otherwise: StatusState) -> Credential {
        let registry = self.registry.snapshot();
        let home = registry.home();
        let state = place.and_then(|(list, slot)| Some(home?.list(list)?.state(slot)));
        let (state, change) = state.unwrap_or((otherwise, None));
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
            state_as_of: None,
        }
    }
}

/// The put that takes a place from one state to another, and what the audit trail calls it.
fn step(
    what: &str,
    (list, index): (u32, u32),
    from: StatusState,
    change: StatusChange,
) -> Result<(Put, &'static str), RegistrarError> {
    let StatusChange { state: to, at, reason } = change;
    Ok(match (from, to) {
        (StatusState::Revoked, _) => {
            return Err(RegistrarError::Conflict(format!(
                "`{what}` is revoked, which is final: issue a new credential instead"
            )));
        }
        (_, StatusState::Revoked) => (status_list::revoke(list, index, reason, at), "credential.revoke"),
        (StatusState::Suspended, StatusState::Active) => (
            status_list::suspend(list, index, false, reason, at),
            "credential.reinstate",
        ),
        (StatusState::Active, StatusState::Suspended) => (
            status_list::suspend(list, index, true, reason, at),
            "credential.suspend",
        ),
        (_, StatusState::Unknown) => {
            return Err(RegistrarError::Invalid(
                "a status is changed to `revoked`, `suspended` or `active`".into(),
            ));
        }
        (state, _) => {
            return Err(RegistrarError::Conflict(format!(
                "`{what}` is {} already",
                state.as_str()
            )));
        }
    })
}

/// Returns the id of an achievement that has none: the same name by the same issuer is the same achievement.
fn achievement_id(node: &str, issuer: &str, name: &str) -> String {
    let hash = protocol::Hash::of(&[issuer.as_bytes(), &[0], name.as_bytes()]).to_string();
    format!("{node}/achievements/{}", hash.get(..16).unwrap_or(&hash))
}

/// The URL of a status list; other software reads it there.
#[must_use]
pub fn list_url(node: &str, list: u32, purpose: &str) -> String {
    format!("{node}/v1/status-lists/{list}-{purpose}")
}

/// The key of an issuer whose key this node keeps; its kind is that of the issuer's DID.
///
/// # Errors
/// If what is kept is not the key of that DID.
pub fn signing_key(kept: &IssuerKey) -> Result<IssuerSigningKey, BadKey> {
    let public = multikey::key_of_did(&kept.issuer).ok_or(BadKey::Encoding)?;
    let key = IssuerSigningKey::from_secret(public.kind(), &kept.seed.0)?;
    if key.public_key() == public {
        Ok(key)
    } else {
        Err(BadKey::Invalid(public.kind()))
    }
}

fn check(new: &NewBadge) -> Result<(), RegistrarError> {
    within("the holder's name", &new.subject, 200)?;
    within("the achievement's name", &new.achievement.name, 200)?;
    within("the achievement's description", &new.achievement.description, 4000)?;
    within("the achievement's criteria", &new.achievement.criteria, 4000)?;
    let id = &new.achievement.id;
    if !id.is_empty() && (id.len() > 500 || url::Url::parse(id).is_err()) {
        return Err(RegistrarError::Invalid(format!(
            "the achievement's id `{id}` is no URI of at most 500 characters"
        )));
    }
    Ok(())
}

/// A random UUID (RFC 9562, §5.4).
pub(super) fn uuid_v4() -> String {
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
