//! `comity policy worth`: what several badges count for together.

use anyhow::Context as _;
use api_types::{policies::WorthRequest, routes};
use policy::{file, samples, tally::in_units};
use registry_schema::{AgencyId, Purpose, QueryDate, VerdictKind};
use serde_json::Value;

use crate::{
    CommandContext,
    exit::{Exit, usage},
    show, verify,
};

/// By whose rules.
pub(super) struct RuleSource {
    pub(super) agency: Option<AgencyId>,
    pub(super) sample: Option<AgencyId>,
}

pub(super) async fn count(
    session: &CommandContext,
    badges: &[String],
    RuleSource { agency, sample }: RuleSource,
    purpose: Option<Purpose>,
    at: Option<QueryDate>,
) -> anyhow::Result<Exit> {
    let uses = match (purpose, &sample) {
        (Some(purpose), _) => vec![purpose],
        (None, None) => vec![Purpose::Renewal],
        (None, Some(sample)) => uses(sample)?,
    };
    let mut files: Vec<Value> = Vec::new();
    for name in badges {
        let bytes = verify::load(name)?.bytes;
        let text = String::from_utf8(bytes).map_err(|_| {
            usage(format!(
                "`{name}` is no text: give a picture's badge as its code, or as JSON"
            ))
        })?;
        files.push(
            serde_json::from_str(&text)
                .ok()
                .filter(Value::is_object)
                .unwrap_or(Value::String(text)),
        );
    }
    let mut exits = Vec::new();
    for purpose in uses {
        let body = WorthRequest {
            purpose,
            agency: agency.as_ref().map(ToString::to_string),
            sample: sample.as_ref().map(ToString::to_string),
            at: at.map(|at| at.to_string()),
            badges: files.clone(),
        };
        exits.push(ask(session, &body).await?);
    }
    let has = |wanted: Exit| exits.contains(&wanted);
    Ok(match (has(Exit::CouldNotCheck), has(Exit::Done)) {
        (true, _) => Exit::CouldNotCheck,
        (false, true) => Exit::Done,
        (false, false) => Exit::Negative,
    })
}

/// The uses that a sample's rules name.
fn uses(sample: &AgencyId) -> anyhow::Result<Vec<Purpose>> {
    let unknown = || {
        usage(format!(
            "there is no sample for `{sample}`: see `comity policy sample list`"
        ))
    };
    let text = samples::of(sample.as_str()).ok_or_else(unknown)?;
    let file = file::parse(text).context("a sample cannot be read")?;
    let mut uses: Vec<Purpose> = file.worth.into_iter().flat_map(|rule| rule.purposes).collect();
    uses.sort_unstable();
    uses.dedup();
    Ok(uses)
}

async fn ask(session: &CommandContext, body: &WorthRequest) -> anyhow::Result<Exit> {
    let reply = session.client.ask_with(&routes::WORTH, body).await?;
    let answer = reply.value()?;
    if session.out.json {
        session.out.json(&reply.json)?;
    } else {
        let mut lines = vec![show::paragraph(&format!("{}: {}", answer.agency, answer.sentence))];
        lines.extend(answer.sample.iter().map(|note| show::paragraph(&format!("({note})"))));
        let by = answer.rules.iter();
        lines.extend(by.map(|by| show::paragraph(&format!("by rule {} ({})", by.rule, by.citation))));
        let needed = answer
            .sums
            .iter()
            .flat_map(|sum| sum.needed.iter().map(move |need| (sum, need)));
        let needed = needed.map(|(sum, n)| {
            let amount = in_units(n.amount, &sum.unit);
            format!("{amount} needed: {} ({})", n.says.trim_end_matches('.'), n.citation)
        });
        lines.extend(
            needed
                .chain(answer.besides.iter().cloned())
                .map(|line| show::paragraph(&line)),
        );
        if !answer.other_uses.is_empty() {
            let uses: Vec<&str> = answer.other_uses.iter().map(|purpose| purpose.as_str()).collect();
            lines.push(show::paragraph(&format!(
                "its rules say what badges count for in another use: `--purpose {}`",
                uses.join("` or `--purpose ")
            )));
        }
        for badge in &answer.badges {
            let name = badge.name.as_deref().unwrap_or("no badge");
            lines.push(show::paragraph(&format!("- {name}: {}", badge.sentence)));
        }
        session.out.data(&lines.join("\n"))?;
    }
    let in_doubt = answer
        .badges
        .iter()
        .any(|badge| badge.verdict == VerdictKind::CouldNotCheck);
    Ok(match (answer.accepted, in_doubt) {
        (_, true) => Exit::CouldNotCheck,
        (0, false) => Exit::Negative,
        _ => Exit::Done,
    })
}
