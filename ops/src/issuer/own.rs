//! Issuers that sign with keys of their own: `comity issuer add --did`, `comity issuer refresh`.

use api_types::consequences::ConsequencesResponse;
use protocol::ticket::key_fingerprint;
use registry_schema::{Issuer, Timestamp, VerificationMethod};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{RegisteredIssuer, render, resolve};
use crate::{
    CommandContext,
    args::{IssuerAddArgs, IssuerRefreshArgs},
    exit::{Exit, fault},
    out, show, trust,
};

/// A key as it is sent.
#[derive(Debug, Serialize)]
struct MethodBody<'a> {
    id: &'a str,
    public_key_multibase: &'a str,
}

fn methods(typed: &[(String, String)]) -> Option<Vec<MethodBody<'_>>> {
    let all = typed.iter().map(|(id, key)| MethodBody {
        id,
        public_key_multibase: key,
    });
    Some(all.collect::<Vec<_>>()).filter(|all| !all.is_empty())
}

/// Registers one, after its keys were shown to whoever is there. What was shown is what is registered.
pub(super) async fn add(session: &CommandContext, args: &IssuerAddArgs) -> anyhow::Result<Exit> {
    let mut new = json!({ "name": args.name, "did": args.did, "status_lists": args.status_lists });
    let given: [(&str, Option<Value>); 3] = [
        ("url", args.url.as_ref().map(|url| json!(url))),
        ("provider", args.provider.map(|provider| json!(provider))),
        ("keys", methods(&args.keys).map(|keys| json!(keys))),
    ];
    let mut put = |name: &str, value: Value| {
        if let Some(fields) = new.as_object_mut() {
            fields.insert(name.to_owned(), value);
        }
    };
    for (name, value) in given {
        value.into_iter().for_each(|value| put(name, value));
    }
    let path = ["v1", "issuers"];
    if session.asks() {
        let would: RegisteredIssuer = session.client.write_as(&path, &new, true).await?.parse()?;
        out::note(&would.in_words());
        let would = would.issuer;
        session.agrees(&format!(
            "Register {} with these keys? Compare their short names with the issuer's own word.",
            would.name
        ))?;
        let key = |key: &VerificationMethod| {
            json!({
                "id": key.id, "public_key_multibase": key.public_key_multibase, "from": key.from, "until": key.until,
            })
        };
        let shown: Vec<Value> = would.verification_methods.iter().map(key).collect();
        if let Some(fields) = new.as_object_mut() {
            fields.insert("keys".to_owned(), json!(shown));
        }
    }
    let reply = session.client.write(&path, &new).await?;
    session.written(&reply, RegisteredIssuer::in_words)?;
    session.done(
        "added: your agency issues nothing for it; look at its keys again with `comity issuer refresh`; whose \
             badges count where is for each agency to say (`comity trust recognize`)",
    );
    Ok(Exit::Done)
}

/// The node's word on keys that were looked at again.
#[derive(Debug, Deserialize)]
struct LookedAgain {
    #[serde(flatten)]
    issuer: Issuer,
    changes: Vec<Change>,
    keys_not_had: Option<String>,
    consequences: Option<ConsequencesResponse>,
}

#[derive(Debug, Deserialize)]
struct Change {
    became: String,
    #[serde(flatten)]
    method: VerificationMethod,
}

/// Looks at the keys again; shows first what changes.
pub(super) async fn refresh(session: &CommandContext, args: &IssuerRefreshArgs) -> anyhow::Result<Exit> {
    let id = resolve(session, &args.issuer, session.profile.agency.as_ref()).await?;
    let path = ["v1", "issuers", &id, "keys"];
    let body = json!({
        "keys": methods(&args.keys),
        "status_lists": Some(&args.status_lists).filter(|lists| !lists.is_empty()),
        "add_status_lists": args.add_status_lists, "remove_status_lists": args.remove_status_lists,
    });
    let shown = |said: &LookedAgain| trust::with_consequences(in_words(said), &said.consequences);
    trust::asks_first(session, &path, &body, shown, |said: &LookedAgain| {
        format!("Say this of {}? Every agency will see it.", said.issuer.name)
    })
    .await?;
    let reply = session.client.write(&path, &body).await?;
    let said: LookedAgain = reply.parse()?;
    if said.issuer.id != id {
        return Err(fault(
            Exit::Integrity,
            "the node's answer is about another issuer: see `comity issuer show`",
        ));
    }
    session.written(&reply, shown)?;
    match said.keys_not_had {
        Some(why) => Err(fault(
            Exit::CouldNotCheck,
            format!("its status lists were changed, its keys not looked at: {why}"),
        )),
        None => Ok(Exit::Done),
    }
}

fn in_words(said: &LookedAgain) -> String {
    let mut lines: Vec<(String, String)> = said
        .changes
        .iter()
        .map(|change| {
            let became = match change.became.as_str() {
                "new" => "new",
                "gone" => "gone",
                "other_term" => "other term",
                "same" => "as it was",
                other => other,
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
