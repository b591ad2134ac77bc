//! `comity issuer`: who signs badges.

mod naming;
mod own;
mod resembling;

use api_types::{
    issuers::{
        IssuerProviderResponse, KeyCompromiseRequest, KeyCompromiseResponse, NewIssuer, ProviderRequest,
        RegisteredIssuerResponse, RekeyRequest, StandingRequest, StandingResponse,
    },
    routes,
};
use registry_schema::{
    AgencyId, Issuer, VerificationMethod, acceptance::ProviderKind, recognition::RegistrationStanding,
};

pub(crate) use self::{
    naming::{NameScope, resolve, resolve_as},
    resembling::warning,
};
use crate::{
    CommandContext,
    args::{IssuerAddArgs, IssuerCommand as Command},
    exit::{Exit, fault},
    out, registration, show, trust,
};

pub(crate) async fn handle(session: &CommandContext, command: Command) -> anyhow::Result<Exit> {
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

async fn list(session: &CommandContext, agency: Option<AgencyId>) -> anyhow::Result<Exit> {
    let reply = session
        .client
        .get(&routes::ISSUERS, &[], &[("agency", agency.map(String::from))])
        .await?;
    if session.out.json {
        session.out.json(&reply.json)?;
        return Ok(Exit::Done);
    }
    let issuers = reply.value()?;
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

async fn one(session: &CommandContext, typed: &str) -> anyhow::Result<Exit> {
    let id = resolve(session, typed, None).await?;
    let reply = session.client.get(&routes::ISSUER, &[&id], &[]).await?;
    if session.out.json {
        session.out.json(&reply.json)?;
    } else {
        session.out.data(&render(&reply.value()?))?;
    }
    Ok(Exit::Done)
}

fn registered(answer: &RegisteredIssuerResponse) -> String {
    with_warning(render(&answer.issuer), answer)
}

/// The same before its key is made: another one is made when it is done.
fn registered_without_key(answer: &RegisteredIssuerResponse) -> String {
    with_warning(render_without_key(&answer.issuer), answer)
}

fn with_warning(text: String, answer: &RegisteredIssuerResponse) -> String {
    let warning = warning(&answer.resembles).map(|warning| format!("\n\n{warning}"));
    format!("{text}{}", warning.unwrap_or_default())
}

async fn add(session: &CommandContext, args: &IssuerAddArgs) -> anyhow::Result<Exit> {
    let new = NewIssuer {
        name: args.name.clone(),
        url: args.url.clone(),
        provider: args.provider,
        ..NewIssuer::default()
    };
    // Nothing else of it is worth a question: its name, by which people know it, is.
    if session.asks() {
        let trial = session.client.call(&routes::ISSUER_REGISTRATION, &[], &new, true);
        let would = trial.await?.value()?;
        if !would.resembles.is_empty() {
            out::note(&registered_without_key(&would));
            session.agrees(&format!("Register {} under this name all the same?", args.name))?;
        }
    }
    let reply = session.change(&routes::ISSUER_REGISTRATION, &[], &new).await?;
    session.shows(&reply, |issuer| match session.dry_run {
        true => registered_without_key(issuer),
        false => registered(issuer),
    })?;
    session
        .done("added: it can issue now; whose badges count where is for each agency to say (`comity trust recognize`)");
    Ok(Exit::Done)
}

/// Says what kind of body an issuer is; shows first what comes of it.
async fn describe(session: &CommandContext, typed: &str, provider: ProviderKind) -> anyhow::Result<Exit> {
    let id = resolve(session, typed, session.profile.agency.as_ref()).await?;
    let body = ProviderRequest { provider };
    let shown = |said: &IssuerProviderResponse| trust::with_consequences(render(&said.issuer), &said.consequences);
    session
        .asks_before(&routes::ISSUER_PROVIDER, &[&id], &body, shown, |said| {
            format!(
                "Say that {} is {}? Every agency will see it.",
                said.issuer.name,
                provider.in_words()
            )
        })
        .await?;
    let reply = session.change(&routes::ISSUER_PROVIDER, &[&id], &body).await?;
    session.shows(&reply, shown)?;
    Ok(Exit::Done)
}

/// Gives an issuer a new key, whose old one is lost or is to be changed; asks first.
async fn rekey(session: &CommandContext, typed: &str, note: Option<&str>) -> anyhow::Result<Exit> {
    let id = resolve(session, typed, session.profile.agency.as_ref()).await?;
    let body = RekeyRequest {
        key: None,
        note: note.map(str::to_owned),
    };
    if session.asks() {
        out::note(
            "Its key is retired: what it signed before stays good. It goes on with a new key under a new identifier, which other \
             agencies recognize anew. A key that somebody else may have is not retired: see `comity issuer compromised`.",
        );
    }
    session.agrees(&format!("Give `{typed}` a new key?"))?;
    let reply = session.change(&routes::ISSUER_REKEY, &[&id], &body).await?;
    session.shows(&reply, |said| {
        format!(
            "{}\n{} is retired: what it signed before stays good\nyour agency's recognitions of it that were made anew: {}",
            match session.dry_run {
                true => render_without_key(&said.issuer),
                false => render(&said.issuer),
            },
            said.retired.id,
            said.recognitions,
        )
    })?;
    session.done(
        "tell your peers its new identifier: they recognize it as they did the old one (`comity trust recognize`)",
    );
    Ok(Exit::Done)
}

/// Describes an issuer whose key is compromised, or in a dry run would be.
fn compromise_in_words(said: &KeyCompromiseResponse) -> String {
    let kept = match said.issuer.own_keys {
        Some(_) => "your agency issued none of its badges and can confirm none".to_owned(),
        None => format!(
            "badges that this store keeps and will confirm: {}",
            said.credentials_kept
        ),
    };
    let recognitions = match (said.issuer.is_sound(), said.recognized_by.as_slice()) {
        (true, _) => "recognitions of it stay as they are: it has another key".to_owned(),
        (false, []) => "recognitions of it: none is known here".to_owned(),
        (false, some) => {
            let names: Vec<&str> = some.iter().map(AgencyId::as_str).collect();
            show::paragraph(&format!(
                "recognitions of it end with this key: {} (and whoever follows theirs) go on to accept by them what your agency \
                 confirms, and nothing else. Added anew, it has another id, which each of them recognizes anew: tell them.",
                names.join(", ")
            ))
        }
    };
    format!(
        "{}\n{kept}\nbadges by this key that your agency does not keep: good nowhere any more\n{recognitions}",
        render(&said.issuer),
    )
}

/// Says that somebody else may sign with an issuer's key; shows first what comes of it.
async fn compromised(
    session: &CommandContext,
    typed: &str,
    key: Option<&str>,
    note: Option<&str>,
) -> anyhow::Result<Exit> {
    let id = resolve(session, typed, session.profile.agency.as_ref()).await?;
    let body = KeyCompromiseRequest {
        key: key.map(str::to_owned),
        note: note.map(str::to_owned),
    };
    let which = key.map_or_else(|| "its key".to_owned(), |key| format!("its key {key}"));
    session
        .asks_before(&routes::KEY_COMPROMISE, &[&id], &body, compromise_in_words, |said| {
            format!(
                "Mark {which} as compromised, for everybody and for good? ({})",
                said.issuer.name
            )
        })
        .await?;
    let reply = session.change(&routes::KEY_COMPROMISE, &[&id], &body).await?;
    let said = reply.value()?;
    let is_named =
        |method: &&VerificationMethod| key.is_none_or(|key| method.id == key || method.public_key_multibase == key);
    let mut named = said.issuer.verification_methods.iter().filter(is_named);
    if said.issuer.id != id || !named.any(|method| method.compromised.is_some()) {
        return Err(fault(
            Exit::Integrity,
            "the node's answer does not say that the key is compromised: see `comity issuer show`",
        ));
    }
    session.shows(&reply, compromise_in_words)?;
    out::note(match said.issuer.own_keys {
        Some(_) => "once it publishes a new key: comity issuer refresh",
        None => {
            "go on with a new key: comity issuer add --name NAME; your node must answer its peers for the old badges"
        }
    });
    Ok(Exit::Done)
}

/// Says how an issuer stands from now on; shows first what comes of it.
pub(crate) async fn set_standing(
    session: &CommandContext,
    typed: &str,
    standing: RegistrationStanding,
    note: Option<&str>,
) -> anyhow::Result<Exit> {
    let id = resolve(session, typed, session.profile.agency.as_ref()).await?;
    let body = StandingRequest {
        standing,
        note: note.map(str::to_owned),
    };
    let render = |stood: &StandingResponse| {
        let rows = [
            ("issuer".to_owned(), stood.said.issuer.clone()),
            ("standing".to_owned(), in_words(stood.said.standing).to_owned()),
            ("since".to_owned(), stood.said.at.in_words()),
        ];
        trust::with_consequences(show::pairs(&rows), &stood.consequences)
    };
    session
        .asks_before(&routes::ISSUER_STANDING, &[&id], &body, render, |_| {
            format!(
                "{typed}: {}? Every agency that follows yours will see it.",
                in_words(standing)
            )
        })
        .await?;
    let reply = session.change(&routes::ISSUER_STANDING, &[&id], &body).await?;
    session.shows(&reply, render)?;
    Ok(Exit::Done)
}

const fn in_words(standing: RegistrationStanding) -> &'static str {
    match standing {
        RegistrationStanding::Registered => "registered",
        RegistrationStanding::Suspended => "suspended: its registration does not hold for now",
        RegistrationStanding::Ended => "ended: its registration has ended, which is final",
    }
}

fn render(issuer: &Issuer) -> String {
    let mut lines = vec![
        ("name".to_owned(), issuer.name.clone()),
        ("id".to_owned(), issuer.id.clone()),
    ];
    lines.extend(what_it_is(issuer));
    for key in &issuer.verification_methods {
        lines.push(("key".to_owned(), key.public_key_multibase.clone()));
        lines.push((String::new(), own::short(key)));
    }
    show::pairs(&lines)
}

/// The same without what is made when it is done, and is another one each time: its key, and its id, which is its key.
fn render_without_key(issuer: &Issuer) -> String {
    let mut lines = vec![("name".to_owned(), issuer.name.clone())];
    lines.extend(what_it_is(issuer));
    lines.push(("key, and id".to_owned(), "made when it is done".to_owned()));
    show::pairs(&lines)
}

fn what_it_is(issuer: &Issuer) -> Vec<(String, String)> {
    let mut lines = vec![
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
    lines
}
