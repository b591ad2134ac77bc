//! `comity policy worth`: what several badges count for together.

use registry_schema::{AgencyId, Purpose, Timestamp, VerdictKind};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Session,
    exit::{Exit, usage},
    show, verify,
};

#[derive(Debug, Deserialize)]
struct Answer {
    agency: AgencyId,
    sentence: String,
    accepted: usize,
    badges: Vec<Badge>,
    besides: Vec<String>,
    sums: Vec<Sum>,
}

#[derive(Debug, Deserialize)]
struct Badge {
    name: Option<String>,
    verdict: VerdictKind,
    sentence: String,
}

#[derive(Debug, Deserialize)]
struct Sum {
    unit: String,
    needed: Vec<Needed>,
}

#[derive(Debug, Deserialize)]
struct Needed {
    amount: String,
    says: String,
    citation: String,
}

pub(super) async fn count(
    session: &Session,
    badges: &[String],
    agency: Option<AgencyId>,
    purpose: Purpose,
    at: Option<Timestamp>,
) -> anyhow::Result<Exit> {
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
    let mut body = json!({ "badges": files, "purpose": purpose });
    if let Some(body) = body.as_object_mut() {
        agency.map(|agency| body.insert("agency".to_owned(), json!(agency)));
        at.map(|at| body.insert("at".to_owned(), json!(at.to_string())));
    }
    let reply = session
        .client
        .ask(&["v1", "worth"], &[], "application/json", body.to_string().into_bytes())
        .await?;
    let answer: Answer = reply.parse()?;
    if session.out.json {
        session.out.json(&reply.json)?;
    } else {
        let mut lines = vec![show::paragraph(&format!("{}: {}", answer.agency, answer.sentence))];
        let needed = answer
            .sums
            .iter()
            .flat_map(|sum| sum.needed.iter().map(move |need| (sum, need)));
        let needed = needed.map(|(sum, n)| format!("{} {} needed: {} ({})", n.amount, sum.unit, n.says, n.citation));
        lines.extend(
            needed
                .chain(answer.besides.iter().cloned())
                .map(|line| show::paragraph(&line)),
        );
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
