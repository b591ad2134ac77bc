//! Changes the status of a credential that another store of the agency keeps: its badge names list and place.

use std::{fs, path::Path};

use anyhow::Context as _;
use api_types::{routes, status_lists::ListEntryRequest};
use registry_schema::StatusState;
use serde_json::Value;

use crate::{
    CommandContext,
    args::StatusEntryArgs,
    exit::{Exit, fault, usage},
    out, show,
};

/// Puts one entry at the place that the badge in a file names.
pub(super) async fn change(
    session: &CommandContext,
    to: StatusState,
    entry: &StatusEntryArgs,
    file: &Path,
) -> anyhow::Result<Exit> {
    let bytes = fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let badge: Value = serde_json::from_slice(&bytes).map_err(|_| {
        usage(format!(
            "`{}` is no badge as JSON: a picture or a token does not do here",
            file.display()
        ))
    })?;
    let (list, index) = place(&badge).ok_or_else(|| {
        usage(format!(
            "the badge in `{}` names no place in a status list of an agency",
            file.display()
        ))
    })?;
    let id = badge
        .get("id")
        .and_then(Value::as_str)
        .unwrap_or("a badge without an id");
    out::note(&format!("{id}: list {list}, index {index}"));
    if to == StatusState::Revoked {
        session.agrees("Revoke this badge? This is final: it can never be made good again.")?;
    }
    let new = ListEntryRequest {
        index,
        status: to,
        reason: entry.reason,
        note: entry.note.clone(),
    };
    let number = list.to_string();
    let reply = session.change(&routes::LIST_ENTRY, &[&number], &new).await?;
    let entered = reply.value()?;
    if (entered.list, entered.index, entered.change.state) != (list, index, to) {
        let message = "the node's answer is not to what was asked";
        return Err(fault(Exit::Integrity, message.to_owned()));
    }
    session.shows(&reply, |entered| {
        let change = &entered.change;
        show::paragraph(&format!(
            "{} since {}: {}",
            super::capital(change.state.as_str()),
            change.at.in_words(),
            change.reason.in_words()
        ))
    })?;
    Ok(Exit::Done)
}

/// The list's number and the place in it. Whose list it is, is the node's to say: it knows its own alone.
fn place(badge: &Value) -> Option<(u32, u32)> {
    let entries = match badge.get("credentialStatus")? {
        Value::Array(entries) => entries.as_slice(),
        one => std::slice::from_ref(one),
    };
    entries.iter().find_map(|entry| {
        let list = entry.get("statusListCredential")?.as_str()?;
        let name = list.rsplit_once("/v1/status-lists/")?.1;
        let number = name.strip_suffix("-revocation")?.parse().ok()?;
        let index = match entry.get("statusListIndex")? {
            Value::String(text) => text.parse().ok()?,
            number => u32::try_from(number.as_u64()?).ok()?,
        };
        Some((number, index))
    })
}
