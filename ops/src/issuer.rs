//! `comity issuer`: who signs badges.

mod own;

use registry_schema::{
    AgencyId, Issuer, Timestamp, VerificationMethod,
    acceptance::ProviderKind,
    recognition::{Registration, RegistrationStanding},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Session,
    args::{Issuer as Command, IssuerAdd},
    confirm,
    exit::{Exit, fault, usage},
    out, registration, show, trust,
};

pub(crate) async fn handle(session: &Session, command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::List { applications: true, .. } => registration::list(session).await,
        Command::List { agency, .. } => list(session, agency).await,
        Command::Show { issuer } if issuer.starts_with("app-") => registration::one(session, &issuer).await,
        Command::Show { issuer } => one(session, &issuer).await,
        Command::Add(args) if args.did.is_some() => own::add(session, &args).await,
        Command::Add(args) => add(session, &args).await,
        Command::Refresh(args) => own::refresh(session, &args).await,
        Command::Provider { issuer, provider } => describe(session, &issuer, provider).await,
        Command::Rekey { issuer, note } => rekey(session, &issuer, note.as_deref()).await,
        Command::Compromised { issuer, key, note } => {
            compromised(session, &issuer, key.as_deref(), note.as_deref()).await
        }
        step => registration::handle(session, step).await,
    }
}

async fn list(session: &Session, agency: Option<AgencyId>) -> anyhow::Result<Exit> {
    let reply = session
        .client
        .read(&["v1", "issuers"], &[("agency", agency.map(String::from))])
        .await?;
    if session.out.json {
        session.out.json(&reply.json)?;
        return Ok(Exit::Done);
    }
    let issuers: Vec<Issuer> = reply.parse()?;
    if issuers.is_empty() {
        out::note("no issuers: add one with `comity issuer add --name NAME`");
        return Ok(Exit::Done);
    }
    // Most federations have none that signs with its own.
    let some_own = issuers.iter().any(|issuer| issuer.own_keys.is_some());
    let row = |i: &Issuer| {
        let own = i.own_keys.as_ref().map_or("", |_| "its own").to_owned();
        let mut row = vec![i.agency.to_string(), i.name.clone(), i.id.clone()];
        row.extend(some_own.then_some(own));
        row
    };
    let rows: Vec<Vec<String>> = issuers.iter().map(row).collect();
    let headings: &[&str] = match some_own {
        true => &["agency", "name", "id", "keys"],
        false => &["agency", "name", "id"],
    };
    session.out.data(&show::table(headings, 2, &rows))?;
    Ok(Exit::Done)
}

async fn one(session: &Session, typed: &str) -> anyhow::Result<Exit> {
    let id = resolve(session, typed, None).await?;
    let reply = session.client.read(&["v1", "issuers", &id], &[]).await?;
    if session.out.json {
        session.out.json(&reply.json)?;
    } else {
        session.out.data(&render(&reply.parse()?))?;
    }
    Ok(Exit::Done)
}

async fn add(session: &Session, args: &IssuerAdd) -> anyhow::Result<Exit> {
    #[derive(Serialize)]
    struct New<'a> {
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        url: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        provider: Option<ProviderKind>,
    }
    let new = New {
        name: &args.name,
        url: args.url.as_deref(),
        provider: args.provider,
    };
    let reply = session.client.write(&["v1", "issuers"], &new).await?;
    session.written(&reply, |issuer: &Issuer| render(issuer))?;
    session
        .done("added: it can issue now; whose badges count where is for each agency to say (`comity trust recognize`)");
    Ok(Exit::Done)
}

/// Says what kind of body an issuer is; shows first what comes of it.
async fn describe(session: &Session, typed: &str, provider: ProviderKind) -> anyhow::Result<Exit> {
    #[derive(Deserialize)]
    struct Described {
        #[serde(flatten)]
        issuer: Issuer,
        consequences: Option<trust::Consequences>,
    }
    let id = resolve(session, typed, session.profile.agency.as_ref()).await?;
    let path = ["v1", "issuers", &id, "provider"];
    let body = json!({ "provider": provider });
    let shown = |said: &Described| trust::with_consequences(render(&said.issuer), &said.consequences);
    trust::asks_first(session, &path, &body, shown, |said: &Described| {
        format!(
            "Say that {} is {}? Every agency will see it.",
            said.issuer.name,
            provider.in_words()
        )
    })
    .await?;
    let reply = session.client.write(&path, &body).await?;
    session.written(&reply, shown)?;
    Ok(Exit::Done)
}

/// Gives an issuer a new key, whose old one is lost or is to be changed; asks first.
async fn rekey(session: &Session, typed: &str, note: Option<&str>) -> anyhow::Result<Exit> {
    #[derive(Deserialize)]
    struct Rekeyed {
        issuer: Issuer,
        retired: Issuer,
        recognitions: usize,
    }
    let id = resolve(session, typed, session.profile.agency.as_ref()).await?;
    let path = ["v1", "issuers", &id, "rekey"];
    let body = json!({ "note": note });
    if !session.yes && !session.dry_run && confirm::somebody_is_there() {
        out::note(
            "Its key is retired: what it signed before stays good. It goes on with a new key under a new identifier, which other \
             agencies recognize anew. A key that somebody else may have is not retired: see `comity issuer compromised`.",
        );
        confirm::ask(&format!("Give `{typed}` a new key?"))?;
    }
    let reply = session.client.write(&path, &body).await?;
    session.written(&reply, |said: &Rekeyed| {
        format!(
            "{}\n{} is retired: what it signed before stays good\nyour agency's recognitions of it that were made anew: {}",
            render(&said.issuer),
            said.retired.id,
            said.recognitions,
        )
    })?;
    session.done(
        "tell your peers its new identifier: they recognize it as they did the old one (`comity trust recognize`)",
    );
    Ok(Exit::Done)
}

/// Says that somebody else may sign with an issuer's key; shows first what comes of it.
async fn compromised(session: &Session, typed: &str, key: Option<&str>, note: Option<&str>) -> anyhow::Result<Exit> {
    #[derive(Deserialize)]
    struct Compromised {
        issuer: Issuer,
        credentials_kept: i64,
    }
    let id = resolve(session, typed, None).await?;
    if !session.yes && !session.dry_run && confirm::somebody_is_there() {
        let reply = session.client.read(&["v1", "issuers", &id], &[]).await?;
        out::note(&render(&reply.parse()?));
        let which = key.map_or_else(|| "its key".to_owned(), |key| format!("its key {key}"));
        confirm::ask(&format!(
            "Mark {which} as compromised, for everybody and for good? Try --dry-run to see what comes of it."
        ))?;
    }
    let path = ["v1", "issuers", &id, "key-compromise"];
    let reply = session.client.write(&path, &json!({"key": key, "note": note})).await?;
    let said: Compromised = reply.parse()?;
    let is_named =
        |method: &&VerificationMethod| key.is_none_or(|key| method.id == key || method.public_key_multibase == key);
    let mut named = said.issuer.verification_methods.iter().filter(is_named);
    if said.issuer.id != id || !named.any(|method| method.compromised.is_some()) {
        return Err(fault(
            Exit::Integrity,
            "the node's answer does not say that the key is compromised: see `comity issuer show`",
        ));
    }
    session.written(&reply, |said: &Compromised| {
        let kept = match said.issuer.own_keys {
            Some(_) => "your agency issued none of its badges and can confirm none".to_owned(),
            None => format!(
                "badges that this store keeps and will confirm: {}",
                said.credentials_kept
            ),
        };
        format!(
            "{}\n{kept}\nbadges by this key that your agency does not keep: good nowhere any more",
            render(&said.issuer),
        )
    })?;
    out::note(match said.issuer.own_keys {
        Some(_) => "once it publishes a new key: comity issuer refresh",
        None => {
            "go on with a new key: comity issuer add --name NAME; your node must answer its peers for the old badges"
        }
    });
    Ok(Exit::Done)
}

/// What the node says of a standing; in a dry run, with what it would change.
#[derive(Debug, Deserialize)]
struct Stood {
    #[serde(flatten)]
    said: Registration,
    consequences: Option<trust::Consequences>,
}

/// Says how an issuer stands from now on; shows first what comes of it.
pub(crate) async fn stand(
    session: &Session,
    typed: &str,
    standing: RegistrationStanding,
    note: Option<&str>,
) -> anyhow::Result<Exit> {
    let id = resolve(session, typed, session.profile.agency.as_ref()).await?;
    let body = json!({ "standing": standing, "note": note });
    let path = ["v1", "issuers", id.as_str(), "standing"];
    let render = |stood: &Stood| {
        let rows = [
            ("issuer".to_owned(), stood.said.issuer.clone()),
            ("standing".to_owned(), in_words(stood.said.standing).to_owned()),
            ("since".to_owned(), stood.said.at.in_words()),
        ];
        trust::with_consequences(show::pairs(&rows), &stood.consequences)
    };
    if confirm::somebody_is_there() && !session.yes && !session.dry_run {
        let would: Stood = session.client.write_as(&path, &body, true).await?.parse()?;
        out::note(&render(&would));
        confirm::ask(&format!(
            "{typed}: {}? Every agency that follows yours will see it.",
            in_words(standing)
        ))?;
    }
    let reply = session.client.write(&path, &body).await?;
    session.written(&reply, render)?;
    Ok(Exit::Done)
}

const fn in_words(standing: RegistrationStanding) -> &'static str {
    match standing {
        RegistrationStanding::Registered => "registered",
        RegistrationStanding::Suspended => "suspended: its registration does not hold for now",
        RegistrationStanding::Ended => "ended: its registration has ended, which is final",
    }
}

/// The `id` of the issuer that was typed: an id as it is, or a name that exactly one issuer has.
pub(crate) async fn resolve(session: &Session, typed: &str, agency: Option<&AgencyId>) -> anyhow::Result<String> {
    if typed.starts_with("did:") || typed.starts_with("https://") || typed.starts_with("http://") {
        return Ok(typed.to_owned());
    }
    let query = [("agency", agency.map(ToString::to_string))];
    let issuers: Vec<Issuer> = session.client.read(&["v1", "issuers"], &query).await?.parse()?;
    let issuer = pick(&issuers, typed, agency, session.now)?;
    out::note(&format!("`{typed}` is {} of {}", issuer.id, issuer.agency));
    Ok(issuer.id.clone())
}

fn pick<'a>(
    issuers: &'a [Issuer],
    typed: &str,
    agency: Option<&AgencyId>,
    now: Timestamp,
) -> anyhow::Result<&'a Issuer> {
    let of_agency = issuers.iter().filter(|i| agency.is_none_or(|a| *a == i.agency));
    let found: Vec<&Issuer> = of_agency.filter(|i| i.name == typed).collect();
    // One whose key was stolen, lost or changed has another identifier under the same name.
    let current: Vec<&Issuer> = found.iter().filter(|i| i.is_current(now)).copied().collect();
    let found = if current.is_empty() { found } else { current };
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(fault(
            Exit::Negative,
            format!("no issuer has the name `{typed}`: see `comity issuer list`"),
        )),
        several => {
            let ids: Vec<String> = several.iter().map(|i| format!("  {} ({})", i.id, i.agency)).collect();
            Err(usage(format!(
                "several issuers have the name `{typed}`: give the id of one\n{}",
                ids.join("\n")
            )))
        }
    }
}

fn render(issuer: &Issuer) -> String {
    let mut lines = vec![
        ("name".to_owned(), issuer.name.clone()),
        ("id".to_owned(), issuer.id.clone()),
        ("agency".to_owned(), issuer.agency.to_string()),
        (
            "page".to_owned(),
            issuer.url.clone().unwrap_or_else(|| "none".to_owned()),
        ),
        (
            "provider".to_owned(),
            issuer.provider.map_or("not said", ProviderKind::in_words).to_owned(),
        ),
    ];
    lines.extend(own::in_lines(issuer));
    for key in &issuer.verification_methods {
        lines.push(("key".to_owned(), key.public_key_multibase.clone()));
        lines.push((String::new(), own::short(key)));
    }
    show::pairs(&lines)
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn a_name_stands_for_an_issuer_only_if_no_other_has_it() {
        let known = [
            issuer("did:a", "Palmetto", "US-SC"),
            issuer("did:b", "Palmetto", "US-TN"),
            issuer("did:c", "Blue Ridge", "US-NC"),
        ];
        assert_eq!(pick(&known, "Blue Ridge", None, NOW).unwrap().id, "did:c");
        let error = pick(&known, "Palmetto", None, NOW).unwrap_err();
        assert_eq!(exit::of(&error), Exit::Usage);
        assert!(error.to_string().contains("did:a (US-SC)\n  did:b (US-TN)"), "{error}");
        assert_eq!(
            pick(&known, "Palmetto", Some(&"US-TN".parse().unwrap()), NOW)
                .unwrap()
                .id,
            "did:b"
        );
        assert_eq!(
            exit::of(&pick(&known, "palmetto", None, NOW).unwrap_err()),
            Exit::Negative
        );
    }
}
