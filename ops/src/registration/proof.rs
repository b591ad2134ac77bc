//! Proof of control: a trial badge, signed with the applicant's own software.

use api_types::{applications::ApplicationResponse, routes};
use protocol::ticket::key_fingerprint;
use registry_schema::registration::RegistrationStep;

use super::{render, resolve};
use crate::{CommandContext, exit::Exit, verify};

/// `comity issuer prove APPLICATION FILE`
pub(super) async fn prove(session: &CommandContext, typed: &str, file: &str) -> anyhow::Result<Exit> {
    let id = resolve(session, typed).await?;
    let badge = verify::load(file)?;
    let file = (badge.kind, badge.bytes);
    let reply = session
        .client
        .send_file(&routes::CONTROL_PROOF, &[&id], &[], file, session.dry_run)
        .await?;
    session.shows(&reply, |case| render(case, true))?;
    session.done("proved: approved, it is registered under that identifier, with these keys");
    Ok(Exit::Done)
}

/// Lists what is proved, and what can be.
pub(super) fn in_lines(case: &ApplicationResponse) -> Vec<(String, String)> {
    let proven = case.proven.clone().map(|id| ("signs as".to_owned(), id));
    let challenge = case.challenge.clone();
    let challenge = challenge.map(|text| {
        (
            "challenge".to_owned(),
            format!("{text} (for a trial badge: prove --help)"),
        )
    });
    proven.into_iter().chain(challenge).collect()
}

/// Describes what a proof showed, for the list of steps.
pub(super) fn of_step(step: &RegistrationStep) -> Option<String> {
    let RegistrationStep::Prove { issuer, keys, .. } = step else {
        return None;
    };
    let keys: Vec<String> = keys
        .iter()
        .map(|key| key_fingerprint(&key.public_key_multibase))
        .collect();
    Some(format!("{issuer}, with the keys {}", keys.join(", ")))
}
