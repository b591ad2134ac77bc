//! `comity policy`: what an agency accepts, and what that counts for.

mod worth;

use std::{fs::File, io::Read as _, path::Path};

use anyhow::Context as _;
use api_types::{
    policies::{PolicyChangeResponse, PolicyQuery},
    routes,
};
use policy::{Policy as Rules, cases, file, samples};
use registry_schema::{AgencyId, Timestamp, policy::PolicyFile};

use crate::{
    CommandContext,
    args::{PolicyCommand, SampleCommand},
    client::Answer,
    exit::{Exit, fault, usage},
    out::{self, OutputWriter},
};

pub(crate) async fn handle(session: &CommandContext, command: PolicyCommand) -> anyhow::Result<Exit> {
    match command {
        PolicyCommand::Show { agency, at } => show(session, agency, at).await,
        PolicyCommand::Apply { file } => apply(session, &file).await,
        PolicyCommand::WhatIf { file } => {
            let text = checked(&file)?;
            session.shows(&put(session, text, true).await?, render)?;
            Ok(Exit::Done)
        }
        PolicyCommand::Diff { files } => diff(session, &files).await,
        PolicyCommand::Worth {
            badges,
            agency,
            sample,
            purpose,
            at,
        } => worth::count(session, &badges, worth::RuleSource { agency, sample }, purpose, at).await,
        PolicyCommand::Test { .. } | PolicyCommand::Adopt { .. } | PolicyCommand::Sample(_) => {
            without_a_node(session.out, &command).unwrap_or(Ok(Exit::Usage))
        }
    }
}

/// Runs a command that needs no node, and so no profile either; nothing, if the command is another.
pub(crate) fn without_a_node(out: OutputWriter, command: &PolicyCommand) -> Option<anyhow::Result<Exit>> {
    match command {
        PolicyCommand::Test { file, cases } => Some(test(out, file, cases)),
        PolicyCommand::Adopt { agency } => Some(adopted(agency).and_then(|text| {
            out.data(&text)?;
            Ok(Exit::Done)
        })),
        PolicyCommand::Sample(command) => Some(sample(out, command)),
        _ => None,
    }
}

async fn show(session: &CommandContext, agency: Option<AgencyId>, at: Option<Timestamp>) -> anyhow::Result<Exit> {
    let query = PolicyQuery {
        agency: agency.map(String::from),
        at: at.map(|at| at.to_string()),
        ..PolicyQuery::default()
    };
    let reply = session.client.get(&routes::POLICY, &[], &query.pairs()).await?;
    if session.out.json {
        session.out.json(&reply.json)?;
    } else {
        session
            .out
            .data(&file::write(&reply.value()?).map_err(anyhow::Error::msg)?)?;
    }
    Ok(Exit::Done)
}

async fn put(session: &CommandContext, text: Vec<u8>, dry_run: bool) -> anyhow::Result<Answer<PolicyChangeResponse>> {
    let file = ("application/toml", text);
    session
        .client
        .send_file(&routes::POLICY_CHANGE, &[], &[], file, dry_run)
        .await
}

async fn apply(session: &CommandContext, path: &Path) -> anyhow::Result<Exit> {
    let text = checked(path)?;
    if session.asks() {
        let would = put(session, text.clone(), true).await?.value()?;
        if would.differences.is_empty() {
            out::note("nothing differs from the policy that stands");
            return Ok(Exit::Done);
        }
        out::note(&render(&would));
        session.agrees("Make this your agency's policy? Every node of the federation will see it.")?;
    }
    let reply = put(session, text, session.dry_run).await?;
    session.shows(&reply, render)?;
    Ok(Exit::Done)
}

async fn diff(session: &CommandContext, files: &[std::path::PathBuf]) -> anyhow::Result<Exit> {
    let (old, new): (PolicyFile, PolicyFile) = match files {
        [old, new] => (parsed(old)?, parsed(new)?),
        [new] => (
            session.client.get(&routes::POLICY, &[], &[]).await?.value()?,
            parsed(new)?,
        ),
        _ => return Err(usage("give one file, or two")),
    };
    let differences: Vec<String> = policy::diff(&old, &new).iter().map(ToString::to_string).collect();
    if session.out.json {
        session.out.data(&serde_json::to_string(&differences)?)?;
    } else if differences.is_empty() {
        out::note("no difference");
    } else {
        session.out.data(&differences.join("\n"))?;
    }
    Ok(if differences.is_empty() {
        Exit::Done
    } else {
        Exit::Negative
    })
}

fn test(out: OutputWriter, path: &Path, cases: &Path) -> anyhow::Result<Exit> {
    let file = parsed(path)?;
    let agency = file.about.agency.clone();
    let table = cases::parse(&read(cases)?).map_err(|wrong| usage(format!("`{}`: {wrong}", cases.display())))?;
    let (ran, misses) = table.run(&Rules::new(file.entries()), agency.as_ref());
    if ran == 0 {
        return Err(usage(format!(
            "`{}` has no case for this policy's agency",
            cases.display()
        )));
    }
    let missed: Vec<String> = misses.iter().map(ToString::to_string).collect();
    if out.json {
        out.data(&serde_json::json!({ "cases": ran, "misses": missed }).to_string())?;
    } else {
        out.data(&format!("{ran} cases, {} with another answer", missed.len()))?;
        missed.iter().for_each(|miss| out::note(miss));
    }
    Ok(if missed.is_empty() { Exit::Done } else { Exit::Negative })
}

fn sample(out: OutputWriter, command: &SampleCommand) -> anyhow::Result<Exit> {
    match command {
        SampleCommand::Show { agency } => {
            let unknown = || {
                usage(format!(
                    "there is no sample for `{agency}`: see `comity policy sample list`"
                ))
            };
            out.data(samples::of(agency.as_str()).ok_or_else(unknown)?)?;
        }
        SampleCommand::List => {
            let mut rows = Vec::new();
            for (agency, text) in samples::SAMPLES {
                let file = file::parse(text).context("a sample cannot be read")?;
                rows.push((agency, file));
            }
            if out.json {
                let rows = rows
                    .iter()
                    .map(|(agency, file)| serde_json::json!({ "agency": agency, "policy": file }));
                out.data(&serde_json::to_string(&rows.collect::<Vec<_>>())?)?;
            } else {
                let shown = rows.iter().map(|(agency, file)| {
                    let rules = file
                        .worth
                        .iter()
                        .map(|rule| format!("  {} ({})", rule.says, rule.citation));
                    let mut lines = vec![format!("{agency}  {}", file.about.title)];
                    lines.extend(rules);
                    lines.join("\n")
                });
                out.data(&shown.collect::<Vec<_>>().join("\n"))?;
            }
        }
    }
    Ok(Exit::Done)
}

/// The model, as this agency's.
fn adopted(agency: &AgencyId) -> anyhow::Result<String> {
    let mut model = file::parse(samples::MODEL).context("the model policy cannot be read")?;
    model.about.adopted_from = Some(std::mem::take(&mut model.about.title));
    model.about.title = format!("Policy of {agency} for micro-credentials");
    model.about.agency = Some(agency.clone());
    file::write(&model).map_err(anyhow::Error::msg)
}

fn render(applied: &PolicyChangeResponse) -> String {
    if applied.differences.is_empty() {
        return "nothing differs from the policy that stands".to_owned();
    }
    let mut lines = applied.differences.clone();
    lines.push(match applied.consequences.len() {
        0 => format!(
            "of your agency's newest {} badges, none changes verdict or worth",
            applied.badges
        ),
        _ => format!("of your agency's newest {} badges, these change:", applied.badges),
    });
    lines.extend(applied.consequences.iter().map(|line| format!("  {line}")));
    lines.push(match applied.checked.len() {
        0 => format!("of {} checks here in the last 12 months, none changes", applied.checks),
        _ => format!("of {} checks here in the last 12 months, these change:", applied.checks),
    });
    lines.extend(applied.checked.iter().map(|line| format!("  {line}")));
    lines.join("\n")
}

/// A file's bytes, once it is known to be a policy: what is wrong with it is said without a node.
fn checked(path: &Path) -> anyhow::Result<Vec<u8>> {
    let text = read(path)?;
    file::parse(&text).map_err(|wrong| usage(format!("`{}`: {wrong}", path.display())))?;
    Ok(text.into_bytes())
}

fn parsed(path: &Path) -> anyhow::Result<PolicyFile> {
    file::parse(&read(path)?).map_err(|wrong| usage(format!("`{}`: {wrong}", path.display())))
}

fn read(path: &Path) -> anyhow::Result<String> {
    let cannot = || format!("cannot read `{}`", path.display());
    let mut text = String::new();
    let most = u64::try_from(file::MAX_BYTES)? + 1;
    File::open(path)
        .with_context(cannot)?
        .take(most)
        .read_to_string(&mut text)
        .with_context(cannot)?;
    if text.len() > file::MAX_BYTES {
        return Err(fault(
            Exit::Usage,
            format!("`{}` is longer than {} bytes", path.display(), file::MAX_BYTES),
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_adopted_model_shows_where_it_came_from_and_differs_in_nothing_else() {
        let text = adopted(&"US-NC".parse().unwrap()).unwrap();
        let (model, ours) = (file::parse(samples::MODEL).unwrap(), file::parse(&text).unwrap());
        assert_eq!(
            ours.about.adopted_from.as_deref(),
            Some("Model policy for micro-credentials, version 1")
        );
        let differences = policy::diff(&model, &ours);
        assert_eq!(differences.len(), 1);
        assert!(
            differences[0].to_string().starts_with("about `about` changed: "),
            "{}",
            differences[0]
        );
    }

    #[test]
    fn consequences_name_their_base() {
        let applied = PolicyChangeResponse {
            differences: vec!["a rule added".into()],
            consequences: vec![],
            badges: 7,
            checks: 3,
            checked: vec!["3 checks of badges of `x`".into()],
        };
        assert_eq!(
            render(&applied),
            "a rule added\nof your agency's newest 7 badges, none changes verdict or worth\nof 3 checks here in the last \
             12 months, these change:\n  3 checks of badges of `x`"
        );
    }
}
