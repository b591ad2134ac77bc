//! The way to become an issuer of this agency: applications, reviews, decisions.
//!
//! Whether a step can be taken is [`RegistrationCase::allows`]'s to say. A step that changes the trust list is written in one
//! transaction with that change: the public list and the history at home never differ.

mod contacts;
mod crowding;
mod lists;
mod rows;

use protocol::{Hash, Put, WriteBatch, trust_list};
use rand::Rng as _;
use registry_schema::{
    Timestamp,
    criteria::Rubric,
    recognition::{Registration, RegistrationStanding},
    registration::{CasePhase, RegistrationCase, RegistrationStep, StepActor, StepKind, TakenStep},
};
use serde::{Deserialize, Serialize};

pub use self::crowding::ApplicationLimit;
use self::rows::{row_of, rubric_of, standing_of, taken_of};
pub use self::{contacts::retention, rows::not_done};
use super::{
    Actor, Registrar, RegistrarError, WriteGuard, internal, not_ready, own_keys::challenge, trust::lower_case_id,
    within,
};
use storage::{ApplicationRow, AuditRecord, LocalWrite, RubricRow, StepRow};

/// Most pieces of evidence that come with an application.
const MOST_EVIDENCE: usize = 60;

/// An application to become an issuer.
#[derive(Clone, Debug)]
pub struct NewApplication {
    /// The name under which it wants to issue.
    pub name: String,
    /// Its public page.
    pub url: Option<String>,
    /// The person or office that can be reached about it.
    pub contact: Contact,
    /// The id of the rubric; the one imported last, if absent.
    pub rubric: Option<String>,
    /// The evidence that it shows at once.
    pub evidence: Vec<ApplicationEvidence>,
}

/// A person or an office that can be reached; stays at this agency.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Contact {
    /// A person's or an office's name.
    pub name: String,
    /// An e-mail address.
    pub email: String,
}

/// Evidence that comes with an application.
#[derive(Clone, Debug)]
pub struct ApplicationEvidence {
    /// For this component of the rubric.
    pub component: Option<String>,
    /// The address at which it can be seen.
    pub link: Option<String>,
    /// A note on what it shows.
    pub note: Option<String>,
}

/// The words that are said with a step.
#[derive(Clone, Debug, Default)]
pub struct StepNote {
    /// The words.
    pub text: Option<String>,
    /// True if everybody may read them.
    pub is_public: bool,
}

/// An application that was made.
#[derive(Clone, Debug)]
pub struct SubmittedApplication {
    /// The case.
    pub file: ApplicationCase,
    /// The applicant's token, which is kept nowhere.
    pub token: String,
}

/// All that is kept of one case.
#[derive(Clone, Debug)]
pub struct ApplicationCase {
    /// The application.
    pub application: ApplicationRow,
    /// The steps that were taken, in order.
    pub steps: Vec<StepRow>,
    /// The state of the case, as it follows from the steps.
    pub case: RegistrationCase,
    /// The text that a trial badge has in it to prove control of an identifier.
    pub challenge: String,
    /// The rubric of its last review.
    pub rubric: Rubric,
    /// The statement of the trust list on its issuer with the step that was just taken, if that changed it.
    pub said: Option<Registration>,
}

impl Registrar {
    /// Imports a rubric; an import of what stands already changes nothing.
    ///
    /// # Errors
    /// [`RegistrarError::Conflict`], if something else was imported under this version; or the node cannot write.
    pub async fn import_rubric(&self, rubric: &Rubric, hand: &Actor) -> Result<(), RegistrarError> {
        let _acting = self.write_lock.lock().await;
        let content = serde_json::to_string(rubric).map_err(internal)?;
        if let Some(standing) = self.store.rubric(&rubric.id, &rubric.version).await? {
            if standing.content == content {
                return Ok(());
            }
            return Err(RegistrarError::Conflict(format!(
                "version `{}` of the rubric `{}` was imported with other words: give this one another version",
                rubric.version, rubric.id
            )));
        }
        let row = RubricRow {
            id: rubric.id.clone(),
            version: rubric.version.clone(),
            imported_at: self.clock.now().0,
            imported_by: hand.who.clone(),
            content,
        };
        let named = format!("{} {}", rubric.id, rubric.version);
        self.keep(
            hand.dry_run,
            vec![LocalWrite::Rubric(row), self.act(hand, "rubric.import", &named, None)],
        )
        .await
    }

    /// The rubric with this id, or any if none is named, that was imported last.
    ///
    /// # Errors
    /// [`RegistrarError`], if there is none, or the store cannot be read.
    pub async fn newest_rubric(&self, id: Option<&str>) -> Result<Rubric, RegistrarError> {
        let all = self.store.rubrics().await?;
        let found = all.iter().find(|row| id.is_none_or(|id| id == row.id));
        match (found, id) {
            (Some(row), _) => rubric_of(row),
            (None, Some(id)) => Err(RegistrarError::Invalid(format!(
                "this agency has no rubric `{id}`: see /v1/rubrics"
            ))),
            (None, None) => Err(RegistrarError::Conflict(
                "this agency takes no applications yet: it has published no rubric to review them against".into(),
            )),
        }
    }

    /// Takes an application; of strangers' only so many an hour, and while not too many wait.
    ///
    /// # Errors
    /// [`RegistrarError`], if something in it cannot be, the name is taken, too many wait, or the node cannot write.
    pub async fn apply(
        &self,
        new: NewApplication,
        by: StepActor,
        room: ApplicationLimit,
        dry_run: bool,
    ) -> Result<SubmittedApplication, RegistrarError> {
        let _acting = self.write_lock.lock().await;
        let now = self.clock.now();
        if by == StepActor::Applicant {
            self.takes_one_more(room, now).await?;
        }
        let name = new.name.trim();
        within("the name of an issuer", name, 200)?;
        within("the name of a contact", &new.contact.name, 200)?;
        let email = email_address(&new.contact.email)?;
        let url = new.url.map(|url| url.trim().to_owned()).filter(|url| !url.is_empty());
        if let Some(url) = &url {
            is_web_page(url)?;
        }
        // The same refusal that an approval would meet.
        self.name_is_free(name, url.as_deref())?;
        if new.evidence.len() > MOST_EVIDENCE {
            return Err(RegistrarError::Invalid(format!(
                "an application comes with at most {MOST_EVIDENCE} pieces of evidence"
            )));
        }
        let rubric = self.newest_rubric(new.rubric.as_deref()).await?;
        let mut secret = [0; 32];
        rand::rng().fill_bytes(&mut secret);
        let token = format!("applicant_{}", Hash(secret));
        let contact = Contact {
            name: new.contact.name.trim().to_owned(),
            email,
        };
        let application = ApplicationRow {
            id: format!("app-{}", lower_case_id()),
            name: name.to_owned(),
            url,
            contact: serde_json::to_string(&contact).map_err(internal)?,
            token_hash: Hash::of(&[token.as_bytes()]).0.to_vec(),
            applied_at: now.0,
            phase: CasePhase::Submitted.as_str().to_owned(),
        };
        let first = TakenStep {
            at: now,
            by: by.clone(),
            step: RegistrationStep::Apply,
            rubric: Some(rubric.reference()),
            issuer: None,
        };
        let mut steps = vec![row_of(&application.id, 1, &first, StepNote::default())?];
        let mut case = RegistrationCase::of(std::slice::from_ref(&first))
            .ok_or_else(|| internal("a case begins with its rubric"))?;
        for piece in new.evidence {
            let step = RegistrationStep::Evidence {
                component: piece.component,
                link: piece.link,
            };
            case.allows(&by, &step, piece.note.as_deref(), &rubric, now)
                .map_err(not_done)?;
            let taken = TakenStep {
                at: now,
                by: by.clone(),
                step,
                rubric: None,
                issuer: None,
            };
            let note = StepNote {
                text: piece.note,
                is_public: false,
            };
            steps.push(row_of(&application.id, steps.len() + 1, &taken, note)?);
            case.take(&taken);
        }
        let mut own = vec![LocalWrite::Application(application.clone())];
        own.extend(
            steps
                .iter()
                .map(|step| LocalWrite::Step(step.clone(), CasePhase::Submitted.as_str())),
        );
        own.push(self.audited(&by, now, "application.apply", &application.id));
        self.keep(dry_run, own).await?;
        let file = ApplicationCase {
            challenge: challenge(&self.agency(), &application),
            application,
            steps,
            case,
            rubric,
            said: None,
        };
        Ok(SubmittedApplication { file, token })
    }

    /// All that is kept of a case.
    ///
    /// # Errors
    /// [`RegistrarError`], if there is none with this id, or the store cannot be read.
    pub async fn case(&self, id: &str) -> Result<ApplicationCase, RegistrarError> {
        let application = self.store.application(id).await?;
        let application = application.ok_or_else(|| {
            let shown: String = id.chars().take(64).collect();
            RegistrarError::Unknown(format!("this agency has no application `{shown}`"))
        })?;
        let steps = self.store.application_steps(id).await?;
        let taken: Vec<TakenStep> = steps.iter().map(taken_of).collect::<Result<_, _>>()?;
        let case = RegistrationCase::of(&taken)
            .ok_or_else(|| internal(format!("the steps of `{id}` begin with no application")))?;
        let rubric = self.store.rubric(&case.rubric.id, &case.rubric.version).await?;
        let rubric = rubric_of(&rubric.ok_or_else(|| internal(format!("the rubric of `{id}` is not there")))?)?;
        Ok(ApplicationCase {
            challenge: challenge(&self.agency(), &application),
            application,
            steps,
            case,
            rubric,
            said: None,
        })
    }

    /// Takes a step in a case, and with it changes the trust list where the step does.
    ///
    /// # Errors
    /// [`RegistrarError`]: [`RegistrarError::Conflict`] with what is possible, if the step is not possible now; or the node cannot
    /// write.
    pub async fn take_step(
        &self,
        id: &str,
        by: StepActor,
        step: RegistrationStep,
        note: StepNote,
        dry_run: bool,
    ) -> Result<ApplicationCase, RegistrarError> {
        if step.kind() == StepKind::Prove {
            return Err(RegistrarError::Invalid(
                "a proof is a trial badge: send it to `/v1/applications/{id}/proof`".into(),
            ));
        }
        let mut turn = self.turn(dry_run).await?;
        self.take_step_while(&mut turn, id, by, step, note, dry_run).await
    }

    /// The change of standing as a step of the issuer's history.
    pub(super) async fn stand_by_step(
        &self,
        turn: &mut WriteGuard<'_>,
        application: &str,
        standing: RegistrationStanding,
        note: Option<String>,
        hand: &Actor,
    ) -> Result<Registration, RegistrarError> {
        let step = match standing {
            RegistrationStanding::Registered => RegistrationStep::Reinstate,
            RegistrationStanding::Suspended => RegistrationStep::Suspend,
            RegistrationStanding::Ended => RegistrationStep::Withdraw,
        };
        let note = StepNote {
            text: note,
            is_public: false,
        };
        let by = StepActor::Operator(hand.who.clone());
        let file = self
            .take_step_while(turn, application, by, step, note, hand.dry_run)
            .await?;
        let at = file
            .steps
            .last()
            .map_or_else(|| self.clock.now(), |step| Timestamp(step.at));
        standing_of(&file.case, at).ok_or_else(not_ready)
    }

    pub(super) async fn take_step_while(
        &self,
        turn: &mut WriteGuard<'_>,
        id: &str,
        by: StepActor,
        step: RegistrationStep,
        note: StepNote,
        dry_run: bool,
    ) -> Result<ApplicationCase, RegistrarError> {
        let mut file = self.case(id).await?;
        let now = self.clock.now();
        file.case
            .allows(&by, &step, note.text.as_deref(), &file.rubric, now)
            .map_err(not_done)?;
        let kind = step.kind();
        let mut taken = TakenStep {
            at: now,
            by: by.clone(),
            step,
            rubric: None,
            issuer: None,
        };
        if kind == StepKind::Renew {
            // A renewal is reviewed against what the agency demands by then.
            file.rubric = self.newest_rubric(Some(&file.rubric.id)).await?;
            taken.rubric = Some(file.rubric.reference());
        }
        let (mut puts, mut own): (Vec<Put>, Vec<LocalWrite>) = (vec![], vec![]);
        let provider = match &taken.step {
            RegistrationStep::Approve { provider, .. } => *provider,
            _ => None,
        };
        if kind == StepKind::Approve && file.case.phase.is_open() {
            let (mut issuer, kept) = self.issuer_of(&file)?;
            issuer.provider = provider;
            puts.push(trust_list::register(&issuer));
            own.extend(kept);
            own.push(self.audited(&by, now, "issuer.register", &issuer.id));
            taken.issuer = Some(issuer.id);
        } else if let Some(issuer) = self.otherwise(file.case.issuer.as_deref(), provider) {
            puts.push(trust_list::register(&issuer));
            own.push(self.audited(&by, now, "issuer.provider", &issuer.id));
        }
        let before = standing_of(&file.case, now);
        file.case.take(&taken);
        let after = standing_of(&file.case, now);
        if let Some(said) = after.filter(|after| before.as_ref() != Some(after)) {
            self.has_not_ended(&said.issuer)?;
            puts.push(trust_list::register_standing(&said));
            own.push(self.audited(&by, now, "issuer.standing", &said.issuer));
            file.said = Some(said);
        }
        let text = note
            .text
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty());
        let row = row_of(id, file.steps.len() + 1, &taken, StepNote { text, ..note })?;
        own.push(LocalWrite::Step(row.clone(), file.case.phase.as_str()));
        own.push(self.audited(&by, now, "application.step", id));
        if puts.is_empty() {
            self.keep(dry_run, own).await?;
        } else if !dry_run {
            self.author.write(turn.version()?, puts, own).await?;
        }
        file.application.phase = file.case.phase.as_str().to_owned();
        file.steps.push(row);
        Ok(file)
    }

    fn audited(&self, by: &StepActor, at: Timestamp, act: &'static str, subject: &str) -> LocalWrite {
        let who = match by {
            StepActor::Applicant => "the applicant".to_owned(),
            StepActor::Operator(name) => name.clone(),
        };
        LocalWrite::Audit(AuditRecord {
            at,
            who,
            act,
            subject: subject.to_owned(),
            note: None,
        })
    }

    /// Writes what concerns nobody's list.
    async fn keep(&self, dry_run: bool, own: Vec<LocalWrite>) -> Result<(), RegistrarError> {
        if dry_run {
            return Ok(());
        }
        Ok(self
            .store
            .commit(&WriteBatch::default(), &own, self.clock.now())
            .await?)
    }
}

/// The longest e-mail address, in bytes (RFC 5321, §4.5.3.1.3, without the brackets).
const LONGEST_EMAIL: usize = 254;
/// The longest address of an applicant's web page, in characters.
const LONGEST_PAGE: usize = 200;

/// Reads an e-mail address as somebody typed it.
fn email_address(typed: &str) -> Result<String, RegistrarError> {
    let email = typed.trim();
    let looks_right = email
        .split_once('@')
        .is_some_and(|(who, at)| !who.is_empty() && at.contains('.'));
    let is_one_word = !email.chars().any(|c| c.is_whitespace() || c.is_control());
    if looks_right && is_one_word && email.len() <= LONGEST_EMAIL {
        return Ok(email.to_owned());
    }
    Err(RegistrarError::Invalid(format!(
        "`{}` is no e-mail address: write one like office@example.org",
        beginning(email)
    )))
}

/// Refuses what is no address of a web page.
fn is_web_page(url: &str) -> Result<(), RegistrarError> {
    let is_link = ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme));
    let is_one_word = !url.chars().any(|c| c.is_whitespace() || c.is_control());
    if is_link && is_one_word && url.chars().count() <= LONGEST_PAGE {
        return Ok(());
    }
    Err(RegistrarError::Invalid(format!(
        "`{}` is no web page: it begins with https:// or http:// and has at most {LONGEST_PAGE} characters",
        beginning(url)
    )))
}

/// The beginning of a text that is too long for a sentence, which shows that there is more.
fn beginning(text: &str) -> String {
    const SHOWN: usize = 64;
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
