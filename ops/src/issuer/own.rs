//! Issuers that sign with keys of their own: `comity issuer add --did`, `comity issuer refresh`.

use api_types::{
    issuers::{KeyChangeKind, KeyRefreshRequest, KeyRefreshResponse, NewIssuer, NewVerificationMethod},
    routes,
};
use protocol::ticket::key_fingerprint;
use registry_schema::{Issuer, Timestamp, VerificationMethod};

use super::{registered, render, resolve};
use crate::{
    CommandContext,
    args::{IssuerAddArgs, IssuerRefreshArgs},
    exit::{Exit, fault},
    out, show, trust,
};

fn methods(typed: &[(String, String)]) -> Option<Vec<NewVerificationMethod>> {
    let all = typed.iter().map(|(id, key)| NewVerificationMethod {
        id: id.clone(),
        public_key_multibase: key.clone(),
        from: None,
        until: None,
    });
    Some(all.collect::<Vec<_>>()).filter(|all| !all.is_empty())
}

/// Registers one, after its keys were shown to whoever is there. What was shown is what is registered.
pub(super) async fn add(session: &CommandContext, args: &IssuerAddArgs) -> anyhow::Result<Exit> {
    let mut new = NewIssuer {
        name: args.name.clone(),
        url: args.url.clone(),
        key: None,
        provider: args.provider,
        did: args.did.clone(),
        keys: methods(&args.keys),
        status_lists: args.status_lists.clone(),
    };
    if session.asks() {
        let trial = session.client.call(&routes::ISSUER_REGISTRATION, &[], &new, true);
        let would = trial.await?.value()?;
        out::note(&registered(&would));
        let would = would.issuer;
        session.agrees(&format!(
            "Register {} with these keys? Compare their short names with the issuer's own word.",
            would.name
        ))?;
        let shown = would.verification_methods.into_iter().map(|key| NewVerificationMethod {
            id: key.id,
            public_key_multibase: key.public_key_multibase,
            from: key.from,
            until: key.until,
        });
        new.keys = Some(shown.collect());
    }
    let reply = session.change(&routes::ISSUER_REGISTRATION, &[], &new).await?;
    session.shows(&reply, registered)?;
    session.done(
        "added: your agency issues nothing for it; look at its keys again with `comity issuer refresh`; whose \
             badges count where is for each agency to say (`comity trust recognize`)",
    );
    Ok(Exit::Done)
}

/// Looks at the keys again; shows first what changes.
pub(super) async fn refresh(session: &CommandContext, args: &IssuerRefreshArgs) -> anyhow::Result<Exit> {
    let id = resolve(session, &args.issuer, session.profile.agency.as_ref()).await?;
    let body = KeyRefreshRequest {
        keys: methods(&args.keys),
        status_lists: Some(args.status_lists.clone()).filter(|lists| !lists.is_empty()),
        add_status_lists: args.add_status_lists.clone(),
        remove_status_lists: args.remove_status_lists.clone(),
    };
    let shown = |said: &KeyRefreshResponse| trust::with_consequences(in_words(said), &said.consequences);
    session
        .asks_before(&routes::ISSUER_KEYS, &[&id], &body, shown, |said| {
            format!("Say this of {}? Every agency will see it.", said.issuer.name)
        })
        .await?;
    let reply = session.change(&routes::ISSUER_KEYS, &[&id], &body).await?;
    let said = reply.value()?;
    if said.issuer.id != id {
        return Err(fault(
            Exit::Integrity,
            "the node's answer is about another issuer: see `comity issuer show`",
        ));
    }
    session.shows(&reply, shown)?;
    match said.keys_not_had {
        Some(why) => Err(fault(
            Exit::CouldNotCheck,
            format!("its status lists were changed, its keys not looked at: {why}"),
        )),
        None => Ok(Exit::Done),
    }
}

fn in_words(said: &KeyRefreshResponse) -> String {
    let mut lines: Vec<(String, String)> = said
        .changes
        .iter()
        .map(|change| {
            let became = match change.became {
                KeyChangeKind::New => "new",
                KeyChangeKind::Gone => "gone",
                KeyChangeKind::OtherTerm => "other term",
                KeyChangeKind::Same => "as it was",
            };
            (became.to_owned(), short(&change.method))
        })
        .collect();
    lines.extend(
        said.keys_not_had
            .iter()
            .map(|why| ("not looked at".to_owned(), why.clone())),
    );
    format!("{}\n\n{}", render(&said.issuer), show::pairs(&lines))
}

/// Describes an issuer that signs with its own keys.
pub(super) fn in_lines(issuer: &Issuer) -> Vec<(String, String)> {
    let Some(own) = &issuer.own_keys else { return vec![] };
    let mut lines = vec![
        (
            "signs".to_owned(),
            "with keys of its own; its agency keeps none and issues nothing for it".to_owned(),
        ),
        ("looked at".to_owned(), own.seen.in_words()),
    ];
    match own.status_lists.is_empty() {
        true => lines.push((
            "status list".to_owned(),
            "none is known: what it revokes is not known".to_owned(),
        )),
        false => lines.extend(
            own.status_lists
                .iter()
                .map(|list| ("status list".to_owned(), list.clone())),
        ),
    }
    lines
}

/// A key's short name and its term.
pub(super) fn short(key: &VerificationMethod) -> String {
    let day = |at: Option<Timestamp>, word: &str| at.map(|at| format!("{word} {}", show::day(at))).unwrap_or_default();
    format!(
        "in short {}{}{}{}",
        key_fingerprint(&key.public_key_multibase),
        day(key.from, ", from"),
        day(key.until, ", until"),
        day(key.compromised, ", compromised since"),
    )
}
