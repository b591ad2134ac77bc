//! `comity trust history`: what agencies said about an issuer, or an agency about all, in the order of time.

use registry_schema::{
    AgencyId, Timestamp, Withdrawal,
    recognition::{AgencyRecognitionEntry, RecognitionEntry, Registration, RegistrationStanding},
};
use serde::{Deserialize, Serialize};

use super::agencies;
use crate::{Session, exit::Exit, issuer, out, show};

/// One thing that was said.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Event {
    at: Timestamp,
    agency: AgencyId,
    said: String,
}

/// How an issuer stands, by which agency's word.
#[derive(Debug, Deserialize)]
struct Standing {
    agency: AgencyId,
    #[serde(flatten)]
    said: Registration,
}

pub(super) async fn show(session: &Session, whom: &str, at: Option<Timestamp>) -> anyhow::Result<Exit> {
    let agency: Option<AgencyId> = whom.parse().ok();
    let issuer = match &agency {
        Some(_) => None,
        None => Some(issuer::resolve(session, whom, None).await?),
    };
    let query = [
        ("issuer", issuer.clone()),
        ("agency", agency.as_ref().map(ToString::to_string)),
    ];
    let recognitions: Vec<RecognitionEntry> = session.client.read(&["v1", "recognitions"], &query).await?.parse()?;
    let standings: Vec<Standing> = session.client.read(&["v1", "registrations"], &query).await?.parse()?;
    let mut of_agencies = match &agency {
        Some(_) => agencies::all(session).await?,
        None => Vec::new(),
    };
    of_agencies.retain(|e| {
        agency
            .as_ref()
            .is_none_or(|id| *id == e.agency || *id == e.recognition.of)
    });
    let mut events = told(&recognitions, &of_agencies, &standings);
    events.retain(|event| event.at <= at.unwrap_or(session.now));
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
        .map(|event| vec![show::day(event.at), event.agency.to_string(), event.said.clone()])
        .collect();
    session.out.data(&show::table(&["date", "agency", "said"], 0, &rows))?;
    Ok(Exit::Done)
}

fn told(
    recognitions: &[RecognitionEntry],
    of_agencies: &[AgencyRecognitionEntry],
    standings: &[Standing],
) -> Vec<Event> {
    let mut events = Vec::new();
    let mut say = |at: Timestamp, agency: &AgencyId, said: String| {
        let agency = agency.clone();
        events.push(Event { at, agency, said });
    };
    for entry in recognitions {
        let r = &entry.recognition;
        let purposes: Vec<&str> = r.purposes.iter().map(|p| p.as_str()).collect();
        let what = format!("{}: {}, for {} ({})", r.issuer.name, r.scope, purposes.join(", "), r.id);
        let rests = r.basis.attestation.in_words();
        say(r.from, &entry.agency, format!("recognizes {what}; rests on {rests}"));
        end(&mut say, &entry.agency, &what, r.until, entry.withdrawn.as_ref());
    }
    for entry in of_agencies {
        let r = &entry.recognition;
        let purposes: Vec<&str> = r.purposes.iter().map(|p| p.as_str()).collect();
        let what = format!("whatever {} recognizes, for {} ({})", r.of, purposes.join(", "), r.id);
        say(r.from, &entry.agency, format!("accepts {what}"));
        end(&mut say, &entry.agency, &what, r.until, entry.withdrawn.as_ref());
    }
    for Standing { agency, said } in standings {
        let what = match said.standing {
            RegistrationStanding::Registered => "the registration holds again",
            RegistrationStanding::Suspended => "suspends the registration",
            RegistrationStanding::Ended => "ends the registration",
        };
        say(said.at, agency, format!("{what}: {}", said.issuer));
    }
    events.sort();
    events
}

fn end(
    say: &mut impl FnMut(Timestamp, &AgencyId, String),
    agency: &AgencyId,
    what: &str,
    until: Option<Timestamp>,
    withdrawn: Option<&Withdrawal>,
) {
    if let Some(withdrawn) = withdrawn {
        let earlier = if withdrawn.earlier_badges_stay_good {
            "earlier badges stay good"
        } else {
            "earlier badges count no more either"
        };
        say(withdrawn.at, agency, format!("withdraws {what}; {earlier}"));
    }
    if let Some(until) = until.filter(|until| withdrawn.is_none_or(|w| *until < w.at)) {
        say(until, agency, format!("the term ends of {what}"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_said_is_told_in_the_order_of_time_with_every_end() {
        let issuer =
            json!({"id": "did:key:z6Mk", "name": "Palmetto Learning", "agency": "US-SC", "verification_methods": []});
        let entry = |agency: &str, until: Option<&str>, withdrawn: Option<&str>| -> RecognitionEntry {
            serde_json::from_value(json!({
                "agency": agency, "id": "r1", "issuer": issuer, "scope": "all", "purposes": ["renewal"],
                "from": "2026-01-01", "until": until, "accepts_without_status": false,
                "withdrawn": withdrawn.map(|at| json!({"at": at, "earlier_badges_stay_good": true})),
            }))
            .unwrap()
        };
        let standing: Standing = serde_json::from_value(
            json!({"agency": "US-SC", "issuer": "did:key:z6Mk", "standing": "suspended", "at": "2026-02-01"}),
        )
        .unwrap();
        let recognitions = [
            entry("US-NC", Some("2027-01-01"), Some("2026-03-03")),
            entry("US-TN", Some("2026-06-01"), None),
        ];
        let events = told(&recognitions, &[], &[standing]);
        let said: Vec<String> = events
            .iter()
            .map(|e| {
                format!(
                    "{} {} {}",
                    show::day(e.at),
                    e.agency,
                    e.said.split_whitespace().next().unwrap_or_default()
                )
            })
            .collect();
        assert_eq!(
            said,
            [
                "2026-01-01 US-NC recognizes",
                "2026-01-01 US-TN recognizes",
                "2026-02-01 US-SC suspends",
                "2026-03-03 US-NC withdraws",
                "2026-06-01 US-TN the",
            ]
        );
    }
}
