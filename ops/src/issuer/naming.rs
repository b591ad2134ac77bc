//! From the name of an issuer to its id. **A name stands for who is in good standing**: one whose key was stolen goes on under
//! the same name with another id, and stays listed for what it signed.

use api_types::{issuers::RegistrationEntry, routes};
use registry_schema::{AgencyId, Issuer, Timestamp, recognition::RegistrationStanding};

use crate::{
    CommandContext,
    exit::{Exit, fault, usage},
    out, show,
};

/// The use of a name, which may or may not stand for an issuer that is in no good standing, where no other has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameScope {
    /// To look at it, or to act upon what it is.
    Any,
    /// To trust it, or to issue for it.
    InGoodStanding,
}

/// An issuer that has the name that was typed.
#[derive(Debug)]
struct NamedIssuer<'i> {
    issuer: &'i Issuer,
    /// The reason that it is in no good standing, if it is in none.
    fault: Option<String>,
}

impl NamedIssuer<'_> {
    fn in_words(&self) -> String {
        let fault = self
            .fault
            .as_ref()
            .map(|fault| format!(": {fault}"))
            .unwrap_or_default();
        format!("{} ({}){fault}", self.issuer.id, self.issuer.agency)
    }
}

/// The `id` of the issuer that was typed: an id as it is, or a name that exactly one issuer has.
pub(crate) async fn resolve(
    session: &CommandContext,
    typed: &str,
    agency: Option<&AgencyId>,
) -> anyhow::Result<String> {
    resolve_as(session, typed, agency, NameScope::Any).await
}

/// The same, and whether it must be in good standing, if it is named and not given by its id.
pub(crate) async fn resolve_as(
    session: &CommandContext,
    typed: &str,
    agency: Option<&AgencyId>,
    naming: NameScope,
) -> anyhow::Result<String> {
    if typed.starts_with("did:") || typed.starts_with("https://") || typed.starts_with("http://") {
        return Ok(typed.to_owned());
    }
    let query = [("agency", agency.map(ToString::to_string))];
    let issuers = session.client.get(&routes::ISSUERS, &[], &query).await?.value()?;
    let said = session.client.get(&routes::REGISTRATIONS, &[], &query).await?.value()?;
    let found = named(&issuers, &said, typed, agency, session.now());
    let taken = pick(&found, typed, naming)?;
    let passed_over = found.iter().filter(|other| other.issuer.id != taken.issuer.id);
    for other in passed_over.filter(|other| other.fault.is_some()) {
        out::note(&format!("another of this name was passed over: {}", other.in_words()));
    }
    let fault = taken
        .fault
        .as_ref()
        .map(|fault| format!("; {fault}"))
        .unwrap_or_default();
    out::note(&format!(
        "`{typed}` is {} of {}{fault}",
        taken.issuer.id, taken.issuer.agency
    ));
    Ok(taken.issuer.id.clone())
}

fn named<'i>(
    issuers: &'i [Issuer],
    said: &[RegistrationEntry],
    name: &str,
    agency: Option<&AgencyId>,
    now: Timestamp,
) -> Vec<NamedIssuer<'i>> {
    let of_agency = issuers.iter().filter(|i| agency.is_none_or(|a| *a == i.agency));
    let found = of_agency.filter(|i| i.name == name);
    found
        .map(|issuer| NamedIssuer {
            issuer,
            fault: fault_of(issuer, said, now),
        })
        .collect()
}

/// Tells why an issuer is in no good standing, for good: its key was stolen or is retired, or its registration ended.
fn fault_of(issuer: &Issuer, said: &[RegistrationEntry], now: Timestamp) -> Option<String> {
    let own = said
        .iter()
        .filter(|entry| entry.agency == issuer.agency && entry.said.issuer == issuer.id);
    let ended = own
        .map(|entry| &entry.said)
        .find(|said| said.standing == RegistrationStanding::Ended);
    if let (false, Some(since)) = (issuer.is_sound(), issuer.compromised()) {
        return Some(format!("its key is compromised since {}", show::day(since)));
    }
    if let Some(ended) = ended {
        return Some(format!("its registration has ended on {}", show::day(ended.at)));
    }
    (!issuer.is_current(now)).then(|| "its key is retired".to_owned())
}

fn pick<'n, 'i>(found: &'n [NamedIssuer<'i>], typed: &str, naming: NameScope) -> anyhow::Result<&'n NamedIssuer<'i>> {
    let good: Vec<&NamedIssuer<'_>> = found.iter().filter(|one| one.fault.is_none()).collect();
    let listed = |all: &[&NamedIssuer<'_>]| {
        let lines: Vec<String> = all.iter().map(|one| format!("  {}", one.in_words())).collect();
        lines.join("\n")
    };
    let all: Vec<&NamedIssuer<'_>> = found.iter().collect();
    match (good.as_slice(), all.as_slice(), naming) {
        ([one], _, _) | ([], [one], NameScope::Any) => Ok(one),
        ([], [], _) => Err(fault(
            Exit::Negative,
            format!("no issuer has the name `{typed}`: see `comity issuer list`"),
        )),
        ([], _, NameScope::InGoodStanding) => Err(fault(
            Exit::Conflict,
            format!(
                "no issuer with the name `{typed}` is in good standing, as far as is known here:\n{}\nWhere its agency registered it \
                 anew, that has yet to come here: look again (`comity issuer list`). If this one is meant, give its id.",
                listed(&all)
            ),
        )),
        (several, _, _) => {
            let several = if several.is_empty() { all.as_slice() } else { several };
            Err(usage(format!(
                "several issuers have the name `{typed}`: give the id of one\n{}",
                listed(several)
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use registry_schema::{VerificationMethod, recognition::Registration};

    use super::*;
    use crate::exit;

    const NOW: Timestamp = Timestamp(1_767_225_600_000);

    fn issuer(id: &str, name: &str, agency: &str) -> Issuer {
        Issuer {
            id: id.to_owned(),
            name: name.to_owned(),
            agency: agency.parse().unwrap(),
            verification_methods: Vec::new(),
            url: None,
            provider: None,
            own_keys: None,
        }
    }

    fn with_a_key(mut issuer: Issuer, until: Option<Timestamp>, compromised: Option<Timestamp>) -> Issuer {
        issuer.verification_methods = vec![VerificationMethod {
            id: format!("{}#1", issuer.id),
            public_key_multibase: "z6Mk".into(),
            from: None,
            until,
            compromised,
        }];
        issuer
    }

    fn ended(issuer: &Issuer) -> RegistrationEntry {
        RegistrationEntry {
            agency: issuer.agency.clone(),
            said: Registration {
                issuer: issuer.id.clone(),
                standing: RegistrationStanding::Ended,
                at: NOW,
                until: None,
            },
        }
    }

    fn id_of(
        issuers: &[Issuer],
        said: &[RegistrationEntry],
        typed: &str,
        agency: Option<&str>,
        naming: NameScope,
    ) -> anyhow::Result<String> {
        let agency = agency.map(|id| id.parse().unwrap());
        let found = named(issuers, said, typed, agency.as_ref(), NOW);
        pick(&found, typed, naming).map(|one| one.issuer.id.clone())
    }

    #[test]
    fn a_name_stands_for_an_issuer_only_if_no_other_has_it() {
        let known = [
            issuer("did:a", "Palmetto", "US-SC"),
            issuer("did:b", "Palmetto", "US-TN"),
            issuer("did:c", "Blue Ridge", "US-NC"),
        ];
        let any = |typed, agency| id_of(&known, &[], typed, agency, NameScope::Any);
        assert_eq!(any("Blue Ridge", None).unwrap(), "did:c");
        let error = any("Palmetto", None).unwrap_err();
        assert_eq!(exit::of(&error), Exit::Usage);
        assert!(error.to_string().contains("did:a (US-SC)\n  did:b (US-TN)"), "{error}");
        assert_eq!(any("Palmetto", Some("US-TN")).unwrap(), "did:b");
        assert_eq!(exit::of(&any("palmetto", None).unwrap_err()), Exit::Negative);
    }

    #[test]
    fn nobody_is_trusted_by_a_name_whose_only_bearer_was_compromised_or_ended() {
        let plain = |id: &str| issuer(id, "Palmetto", "US-SC");
        let stolen = with_a_key(plain("did:stolen"), None, Some(NOW));
        let retired = with_a_key(plain("did:retired"), Some(NOW), None);
        let gone = with_a_key(plain("did:gone"), None, None);
        let anew = with_a_key(plain("did:anew"), None, None);
        for (old, said, why) in [
            (&stolen, vec![], "compromised since"),
            (&retired, vec![], "is retired"),
            (&gone, vec![ended(&gone)], "has ended on"),
        ] {
            let both = [old.clone(), anew.clone()];
            let alone = std::slice::from_ref(old);
            for naming in [NameScope::Any, NameScope::InGoodStanding] {
                assert_eq!(id_of(&both, &said, "Palmetto", None, naming).unwrap(), "did:anew");
            }
            assert_eq!(id_of(alone, &said, "Palmetto", None, NameScope::Any).unwrap(), old.id);
            let refused = id_of(alone, &said, "Palmetto", None, NameScope::InGoodStanding).unwrap_err();
            assert_eq!(exit::of(&refused), Exit::Conflict);
            let refused = refused.to_string();
            assert!(refused.contains(&old.id) && refused.contains(why), "{refused}");
        }
    }
}
