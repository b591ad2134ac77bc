//! `comity trust history`: what agencies said about an issuer, or an agency about all, in the order of time: every
//! statement that was signed, by whose key, and whether it stands; and the ends of terms, which nobody signs.

use std::collections::BTreeMap;

use api_types::{
    recognitions::{TrustHistoryQuery, TrustStatement, TrustStatementResponse},
    routes,
};
use registry_schema::{
    AgencyId, Issuer, Timestamp,
    acceptance::ProviderKind,
    recognition::{Registration, RegistrationStanding},
};
use serde::Serialize;

use crate::{CommandContext, exit::Exit, issuer, out, show};

/// One thing that was said, or that came of it.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct HistoryEvent {
    /// The time at which it was signed, or for the end of a term when that is.
    at: Timestamp,
    agency: AgencyId,
    said: String,
    /// The key that signed it; none for the end of a term.
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    envelope: Option<String>,
    /// True if that is what the agency says now; none for the end of a term.
    #[serde(skip_serializing_if = "Option::is_none")]
    stands: Option<bool>,
}

pub(super) async fn show(session: &CommandContext, whom: &str, at: Option<Timestamp>) -> anyhow::Result<Exit> {
    let agency: Option<AgencyId> = whom.parse().ok();
    let issuer = match &agency {
        Some(_) => None,
        None => Some(issuer::resolve(session, whom, None).await?),
    };
    let query = TrustHistoryQuery {
        issuer,
        agency: agency.as_ref().map(ToString::to_string),
        at: at.map(|at| at.to_string()),
    };
    let said = session.client.get(&routes::TRUST_HISTORY, &[], &query.pairs()).await?;
    let mut statements = said.value()?;
    // Of one envelope, who an issuer is stands before how it stands.
    statements.sort_by_key(|statement| (statement.at, !matches!(statement.said, TrustStatement::Issuer(_))));
    let mut events = told(&statements);
    let up_to = at.unwrap_or_else(|| session.now());
    events.retain(|event| event.at <= up_to);
    if session.out.json {
        session.out.data(&serde_json::to_string(&events)?)?;
        return Ok(Exit::Done);
    }
    if events.is_empty() {
        out::note("nothing was said up to then");
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> = events
        .iter()
        .map(|event| {
            let key = event.signed_by.as_deref().unwrap_or("-").chars().take(8).collect();
            let stands = match event.stands {
                Some(true) => "yes",
                Some(false) => "no",
                None => "-",
            };
            vec![
                show::day(event.at),
                stands.to_owned(),
                key,
                event.agency.to_string(),
                event.said.clone(),
            ]
        })
        .collect();
    let headings = ["date", "stands", "key", "agency", "said"];
    session.out.data(&show::table(&headings, 0, &rows))?;
    out::note("`key`: the first digits of the key that signed it; whole with --output json");
    Ok(Exit::Done)
}

/// The statements that came before on the same thing, so that each statement tells what it changed.
#[derive(Default)]
struct EarlierStatements<'s> {
    issuers: BTreeMap<(&'s AgencyId, &'s str), &'s Issuer>,
    standings: BTreeMap<(&'s AgencyId, &'s str), &'s Registration>,
    /// In words, with the end of the term.
    recognitions: BTreeMap<(&'s AgencyId, &'s str), (String, Option<Timestamp>)>,
    names: BTreeMap<&'s str, &'s str>,
}

fn told(statements: &[TrustStatementResponse]) -> Vec<HistoryEvent> {
    let mut before = EarlierStatements::default();
    let mut events: Vec<HistoryEvent> = Vec::new();
    let mut withdrawn: BTreeMap<(&AgencyId, &str), Timestamp> = BTreeMap::new();
    // A recognition carries the issuer's name as well: so nobody is told of by an id alone.
    for statement in statements {
        if let TrustStatement::Recognition(said) = &statement.said {
            before.names.insert(&said.issuer.id, &said.issuer.name);
        }
    }
    for statement in statements {
        if let TrustStatement::Withdrawal(ended) = &statement.said {
            withdrawn.insert((&statement.agency, &ended.id), ended.withdrawal.at);
        }
        events.push(HistoryEvent {
            at: statement.at,
            agency: statement.agency.clone(),
            said: before.next(statement),
            signed_by: Some(statement.signed_by.clone()),
            envelope: Some(statement.envelope.clone()),
            stands: Some(statement.stands),
        });
    }
    let mut end = |at: Timestamp, agency: &AgencyId, said: String| {
        events.push(HistoryEvent {
            at,
            agency: agency.clone(),
            said,
            signed_by: None,
            envelope: None,
            stands: None,
        });
    };
    for (key, (what, until)) in &before.recognitions {
        let ended = withdrawn.get(key);
        if let Some(until) = until.filter(|until| ended.is_none_or(|ended| until < ended)) {
            end(until, key.0, format!("the term ends of {what}"));
        }
    }
    for ((agency, issuer), said) in &before.standings {
        if let (Some(until), RegistrationStanding::Registered) = (said.until, said.standing) {
            let name = before.names.get(issuer).copied().unwrap_or(issuer);
            end(until, agency, format!("the term ends of the registration of {name}"));
        }
    }
    events.sort_by_key(|event| event.at);
    events
}

fn purposes(of: &[registry_schema::Purpose]) -> String {
    of.iter().map(|p| p.as_str()).collect::<Vec<_>>().join(", ")
}

fn up_to(until: Option<Timestamp>) -> String {
    until.map_or_else(
        || "without a term".to_owned(),
        |until| format!("up to {}", show::day(until)),
    )
}

impl<'s> EarlierStatements<'s> {
    /// The statement in words; what it says is then what was said before.
    fn next(&mut self, statement: &'s TrustStatementResponse) -> String {
        let agency = &statement.agency;
        match &statement.said {
            TrustStatement::Issuer(said) => {
                self.names.insert(&said.id, &said.name);
                let was = self.issuers.insert((agency, &said.id), said);
                match was {
                    None => format!("lists {} as its issuer{}", said.name, described(said.provider)),
                    Some(was) => changed(was, said),
                }
            }
            TrustStatement::Registration(said) => {
                let was = self.standings.insert((agency, &said.issuer), said);
                let name = self.names.get(said.issuer.as_str()).copied().unwrap_or(&said.issuer);
                let was_suspended = was.is_some_and(|was| was.standing == RegistrationStanding::Suspended);
                match said.standing {
                    RegistrationStanding::Registered if was_suspended => {
                        format!(
                            "lifts the suspension: the registration of {name} holds again, {}",
                            up_to(said.until)
                        )
                    }
                    RegistrationStanding::Registered if was.is_some() => {
                        format!("renews the registration of {name}, {}", up_to(said.until))
                    }
                    RegistrationStanding::Registered => format!("registers {name}, {}", up_to(said.until)),
                    RegistrationStanding::Suspended => format!("suspends the registration of {name}"),
                    RegistrationStanding::Ended => format!("ends the registration of {name}"),
                }
            }
            TrustStatement::Recognition(said) => {
                let what = format!(
                    "{}: {}, for {} ({})",
                    said.issuer.name,
                    said.scope,
                    purposes(&said.purposes),
                    said.id
                );
                let was = self.recognitions.insert((agency, &said.id), (what.clone(), said.until));
                let verb = if was.is_some() {
                    "changes the recognition of"
                } else {
                    "recognizes"
                };
                let rests = said.basis.attestation.in_words();
                format!(
                    "{verb} {what}; from {}, {}; rests on {rests}",
                    show::day(said.from),
                    up_to(said.until)
                )
            }
            TrustStatement::AgencyRecognition(said) => {
                let what = format!(
                    "whatever {} recognizes, for {} ({})",
                    said.of,
                    purposes(&said.purposes),
                    said.id
                );
                let was = self.recognitions.insert((agency, &said.id), (what.clone(), said.until));
                let verb = if was.is_some() {
                    "changes how it accepts"
                } else {
                    "accepts"
                };
                format!("{verb} {what}; from {}, {}", show::day(said.from), up_to(said.until))
            }
            TrustStatement::Withdrawal(ended) => {
                let known = self.recognitions.get(&(agency, ended.id.as_str()));
                let what = known.map_or_else(|| format!("recognition `{}`", ended.id), |(what, _)| what.clone());
                let earlier = if ended.withdrawal.earlier_badges_stay_good {
                    "earlier badges stay good"
                } else {
                    "earlier badges count no more either"
                };
                format!("withdraws {what}; {earlier}")
            }
        }
    }
}

fn described(provider: Option<ProviderKind>) -> String {
    provider.map_or_else(String::new, |kind| format!(", {}", kind.in_words()))
}

/// Tells what another entry of an issuer says otherwise.
fn changed(was: &Issuer, is: &Issuer) -> String {
    let mut parts = Vec::new();
    if was.provider != is.provider {
        parts.push(format!(
            "it is {}",
            is.provider.map_or("of a kind that is not said", ProviderKind::in_words)
        ));
    }
    if was.compromised() != is.compromised() {
        parts.push("its key is compromised".to_owned());
    }
    let keys = |issuer: &Issuer| -> Vec<String> {
        let methods = issuer.verification_methods.iter();
        methods
            .map(|key| format!("{} {:?}", key.public_key_multibase, (key.from, key.until)))
            .collect()
    };
    if keys(was) != keys(is) {
        parts.push("its keys or their terms are others".to_owned());
    }
    if was.name != is.name {
        parts.push(format!("its name was {}", was.name));
    }
    if parts.is_empty() {
        parts.push("the same again".to_owned());
    }
    format!("says of {}: {}", is.name, parts.join("; "))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_was_said_is_told_in_the_order_of_time_with_who_signed_it_and_every_end() {
        let issuer = |provider: Value| json!({"id": "did:key:z6Mk", "name": "Palmetto", "agency": "US-SC", "verification_methods": [], "provider": provider});
        let standing = |what: &str, until: Value| json!({"registration": {"issuer": "did:key:z6Mk", "standing": what, "at": "2026-01-02", "until": until}});
        let recognition = |until: &str| {
            json!({"recognition": {
                "id": "r1", "issuer": issuer(Value::Null), "scope": "all", "purposes": ["renewal"],
                "from": "2026-01-01", "until": until, "accepts_without_status": false,
            }})
        };
        let said = [
            ("2026-01-01", "US-SC", json!({"issuer": issuer(Value::Null)})),
            ("2026-01-02", "US-SC", standing("registered", json!("2029-01-01"))),
            ("2026-01-03", "US-NC", recognition("2027-01-01")),
            ("2026-01-04", "US-TN", recognition("2026-06-01")),
            ("2026-02-01", "US-SC", standing("suspended", json!("2029-01-01"))),
            ("2026-02-02", "US-SC", standing("registered", json!("2029-01-01"))),
            ("2026-02-03", "US-SC", standing("registered", json!("2030-01-01"))),
            ("2026-02-04", "US-SC", json!({"issuer": issuer(json!("third_party"))})),
            (
                "2026-03-03",
                "US-NC",
                json!({"withdrawal": {"id": "r1", "at": "2026-03-03", "earlier_badges_stay_good": true}}),
            ),
        ];
        let statements: Vec<TrustStatementResponse> = said
            .into_iter()
            .map(|(at, agency, said)| {
                let one = json!({"at": at, "agency": agency, "signed_by": "ab", "envelope": "cd", "stands": true, "said": said});
                serde_json::from_value(one).unwrap()
            })
            .collect();
        let events = told(&statements);
        let said: Vec<String> = events
            .iter()
            .map(|e| format!("{} {} {}", show::day(e.at), e.agency, e.said))
            .collect();
        let begins = [
            "2026-01-01 US-SC lists Palmetto as its issuer",
            "2026-01-02 US-SC registers Palmetto, up to 2029-01-01",
            "2026-01-03 US-NC recognizes Palmetto: all achievements, for renewal (r1); from 2026-01-01, up to 2027-01-01",
            "2026-01-04 US-TN recognizes Palmetto",
            "2026-02-01 US-SC suspends the registration of Palmetto",
            "2026-02-02 US-SC lifts the suspension: the registration of Palmetto holds again, up to 2029-01-01",
            "2026-02-03 US-SC renews the registration of Palmetto, up to 2030-01-01",
            "2026-02-04 US-SC says of Palmetto: it is a third party",
            "2026-03-03 US-NC withdraws Palmetto: all achievements, for renewal (r1); earlier badges stay good",
            "2026-06-01 US-TN the term ends of Palmetto",
            "2030-01-01 US-SC the term ends of the registration of Palmetto",
        ];
        assert_eq!(said.len(), begins.len(), "{said:#?}");
        for (said, begins) in said.iter().zip(begins) {
            assert!(said.starts_with(begins), "{said}\n{begins}");
        }
        assert!(
            events
                .iter()
                .all(|event| event.signed_by.is_some() != event.said.starts_with("the term"))
        );
    }
}
