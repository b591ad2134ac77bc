//! An agency that lies about another's issuer harms nobody who did not recognize that lie.

use registry_schema::recognition::{Registration, RegistrationStanding};

use super::*;

fn thief() -> IssuerSigningKey {
    IssuerSigningKey::from_seed(&[66; 32]).unwrap()
}

fn method_of(issuer: &str, key: &IssuerSigningKey) -> VerificationMethod {
    VerificationMethod {
        id: format!("{issuer}#stolen"),
        public_key_multibase: multikey::encode(&key.public_key()),
        from: None,
        until: None,
        compromised: None,
    }
}

impl JudgeFixture {
    /// Signs as Virginia, naming the key as Virginia's list does, or so that the name holds it.
    fn sign_as_thief(&mut self, names_its_key: bool) {
        let issuer = &self.evidence.issuers[0].id;
        self.method = match names_its_key {
            true => multikey::did_key(&thief().public_key()).1,
            false => format!("{issuer}#stolen"),
        };
        self.signer = thief();
    }

    /// Virginia lists somebody else's issuer as its own, with a key of its own beside the real one, which it calls
    /// compromised; recognizes that, and says that it has ended. Lists are told in any order: it stands first.
    fn lie(&mut self) {
        let liar = id("US-VA");
        let mut lie = match self.evidence.issuers.first() {
            Some(real) => real.clone(),
            None => return,
        };
        lie.agency = liar.clone();
        lie.name = "Anybody".to_owned();
        for method in &mut lie.verification_methods {
            method.compromised = Some(t("2026-01-01"));
        }
        lie.verification_methods.insert(0, method_of(&lie.id, &thief()));
        let mut own = world().evidence.recognitions[0].clone();
        own.agency = liar.clone();
        own.recognition.issuer = lie.clone();
        let ended = Registration {
            issuer: lie.id.clone(),
            standing: RegistrationStanding::Ended,
            at: t("2026-01-01"),
            until: None,
        };
        self.evidence.agency_names.insert(liar.clone(), "Virginia".to_owned());
        self.evidence.trust_lists.insert(liar.clone(), fresh());
        self.evidence.registrations.insert(liar, ended);
        self.evidence.issuers.insert(0, lie);
        self.evidence.recognitions.insert(0, own);
    }
}

#[test]
fn no_lie_about_an_issuer_changes_an_answer_that_rests_on_others() {
    let mut told = 0;
    let rows = rows::rows()
        .into_iter()
        .chain(agencies::rows())
        .chain(compromised::rows());
    for (name, spoil, ..) in rows {
        let (mut honest, mut lied) = (world(), world());
        spoil(&mut honest);
        spoil(&mut lied);
        lied.lie();
        let (was, is) = (honest.verdict(), lied.verdict());
        let others = honest.evidence.recognitions.iter();
        if others
            .filter(|e| !honest.evidence.expelled.contains_key(&e.agency))
            .count()
            == 0
        {
            // Nobody's word on it is better than another's; nothing is accepted by it.
            assert_ne!(is.verdict, VerdictKind::Accepted, "{name}");
            continue;
        }
        told += 1;
        assert_eq!(is.verdict, was.verdict, "{name}: {}", is.sentence);
        assert_eq!(is.sentence, was.sentence, "{name}");
        assert_eq!(is.findings, was.findings, "{name}");
        assert_eq!(is.issuer, was.issuer, "{name}");
    }
    assert!(told > 40, "{told} worlds");
}

#[test]
fn an_agency_that_lists_anothers_issuer_with_its_own_key_cannot_sign_for_it() {
    let did = multikey::did_key(&key().public_key()).0;
    for issuer in [did.as_str(), "did:web:academy.example"] {
        // At who recognizes it, and at who does not but hears of others' recognition.
        for agency in ["US-NC", "US-UT"] {
            let mut world = world_of(issuer);
            world.question.agency = id(agency);
            world.evidence.trust_lists.insert(id("US-UT"), fresh());
            world.lie();
            world.sign_as_thief(false);
            let verdict = world.verdict();
            assert_eq!(
                verdict.verdict,
                VerdictKind::CouldNotCheck,
                "{issuer}: {}",
                verdict.sentence
            );
            world.sign_as_thief(true);
            let verdict = world.verdict();
            assert_eq!(
                verdict.verdict,
                VerdictKind::NotValid,
                "{issuer} at {agency}: {}",
                verdict.sentence
            );
            audit(issuer, &verdict);
        }
    }
    // The control: at the agency that lists it so, it is what that agency says it is.
    let mut own = world_of("did:web:academy.example");
    own.lie();
    own.sign_as_thief(false);
    own.evidence.registrations.clear();
    own.question.agency = id("US-VA");
    assert_eq!(
        own.verdict().verdict,
        VerdictKind::Accepted,
        "{}",
        own.verdict().sentence
    );
    // And where nobody recognizes it, it is not accepted.
    own.question.agency = id("US-UT");
    own.evidence.trust_lists.insert(id("US-UT"), fresh());
    own.evidence.recognitions.clear();
    assert_eq!(
        own.verdict().verdict,
        VerdictKind::NotRecognized,
        "{}",
        own.verdict().sentence
    );
}

/// Another agency's recognition is followed for the issuer as that agency recognized it, and for no other of the same name.
#[test]
fn who_is_followed_is_followed_for_the_issuer_that_it_recognized() {
    let recognizes = |world: &mut JudgeFixture| {
        let hop = registry_schema::recognition::AgencyRecognition {
            id: "rec-1".into(),
            of: id("US-TN"),
            key_log: "0".repeat(64),
            scope: RecognitionScope::All,
            purposes: vec![Purpose::Renewal],
            from: t("2026-01-01"),
            until: None,
            depth: 1,
            basis: registry_schema::recognition::RecognitionBasis::default(),
        };
        world.evidence.recognitions.retain(|e| e.agency != id("US-NC"));
        for entry in &mut world.evidence.recognitions {
            entry.recognition.basis.may_be_followed = true;
        }
        world.evidence.agency_recognitions = vec![registry_schema::recognition::AgencyRecognitionEntry {
            agency: id("US-NC"),
            recognition: hop,
            withdrawn: None,
            waits: false,
        }];
    };
    let mut honest = world_of("did:web:academy.example");
    honest.lie();
    recognizes(&mut honest);
    assert_eq!(
        honest.verdict().verdict,
        VerdictKind::Accepted,
        "{}",
        honest.verdict().sentence
    );
    let mut forged = world_of("did:web:academy.example");
    forged.lie();
    recognizes(&mut forged);
    forged.sign_as_thief(true);
    assert_eq!(
        forged.verdict().verdict,
        VerdictKind::NotValid,
        "{}",
        forged.verdict().sentence
    );
}

/// An agency that recognized an issuer keeps its entry as it was then; a key that its home agency has ended since has ended.
#[test]
fn a_key_that_the_home_agency_ended_is_not_kept_alive_by_an_older_recognition() {
    let mut world = world_of("did:web:academy.example");
    world.evidence.issuers[0].verification_methods[0].until = Some(t("2026-01-10"));
    assert_eq!(
        world.verdict().verdict,
        VerdictKind::NotValid,
        "{}",
        world.verdict().sentence
    );
    // Where the home agency lists it no more, and the recognition stands alone, it is as it was recognized.
    world.evidence.issuers.clear();
    for entry in &mut world.evidence.recognitions {
        entry.recognition.basis.stands_alone = true;
    }
    assert_eq!(
        world.verdict().verdict,
        VerdictKind::Accepted,
        "{}",
        world.verdict().sentence
    );
}

/// Two agencies register one issuer, and both are recognized, for different uses: a key that only one of them lists serves
/// that one's use alone.
#[test]
fn a_key_serves_what_the_agency_is_recognized_for_that_lists_it() {
    let verdict_for = |purpose| {
        let mut world = world_of("did:web:academy.example");
        world.lie();
        world.evidence.registrations.clear();
        let mut of_liar = world.evidence.recognitions[0].clone();
        of_liar.agency = id("US-NC");
        of_liar.recognition.id = "2".to_owned();
        of_liar.recognition.purposes = vec![Purpose::ProfessionalLearning];
        world.evidence.recognitions.push(of_liar);
        world.sign_as_thief(false);
        world.question.purpose = Some(purpose);
        world.verdict()
    };
    let verdict = verdict_for(Purpose::ProfessionalLearning);
    assert_eq!(verdict.verdict, VerdictKind::Accepted, "{}", verdict.sentence);
    let verdict = verdict_for(Purpose::Renewal);
    assert_eq!(verdict.verdict, VerdictKind::NotRecognized, "{}", verdict.sentence);
    let said = verdict.findings.iter().find(|f| f.check == Check::Recognition).unwrap();
    assert_eq!(said.code, "recognition.wrong_purpose", "{}", said.detail);
}

/// A name that is a key has that key, whatever a list says, and nobody vouches for another.
#[test]
fn a_did_key_is_its_own_key_even_where_only_a_liar_lists_it() {
    let did = multikey::did_key(&key().public_key()).0;
    for names_its_key in [false, true] {
        let mut world = world_of(&did);
        world.lie();
        world.evidence.recognitions.clear();
        world.evidence.issuers.truncate(1);
        world.sign_as_thief(names_its_key);
        let verdict = world.verdict();
        let kind = match names_its_key {
            true => VerdictKind::NotValid,
            false => VerdictKind::CouldNotCheck,
        };
        assert_eq!(verdict.verdict, kind, "{}", verdict.sentence);
    }
}
