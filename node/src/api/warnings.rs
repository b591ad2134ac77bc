//! Weaknesses of this node that an operator should know and mend, though it serves. For operators alone: a weakness is no
//! news for everybody.

use std::collections::BTreeMap;

use api_types::operations::OperatorWarningResponse;
use axum::{Json, extract::State};

use super::{App, auth::AuthenticatedOperator, problem::Problem};
use crate::certificate;

/// A code of a warning, its title and its explanation.
pub(crate) struct WarningCode {
    pub(crate) code: &'static str,
    pub(crate) title: &'static str,
    pub(crate) explanation: &'static str,
}

macro_rules! warning_codes {
    ($($name:ident = $code:literal, $title:literal, $explanation:literal;)*) => {
        $(const $name: WarningCode = WarningCode { code: $code, title: $title, explanation: $explanation };)*
        /// All codes, for the pages that explain them.
        pub(crate) const ALL: &[WarningCode] = &[$($name),*];
    };
}

warning_codes! {
    ROOT_AT_HOME = "root.at_home", "A key of the agency's root lies on the node's machine",
        "Whoever breaks into the machine takes the agency over for good, with a key that the node does not need. Move the file to a place that is offline, with a copy elsewhere.";
    APPLICATIONS_REFUSED = "applications.refused", "Applications to be an issuer are refused",
        "As many wait, or came in a short time, as this node takes, so that nobody can fill its store. Decide or close those that wait (`comity issuer list --applications`), or raise `most_open` under `[registration]` in comity.toml.";
    CERTIFICATE_ENDS = "certificate.ends", "The certificate of this node ends soon, or has ended",
        "Once it has ended, no client trusts the node any more. Renew the files; the node takes the new ones by itself.";
    ISSUER_KEY_DAMAGED = "issuer.key_damaged", "The key of an issuer is damaged in this node's store",
        "The disk gave back something else than was written, and nobody but a backup has this key: it never leaves the node. Nothing new can be issued for the issuer, and its status lists are not signed anew for verifiers outside the federation; its badges stay good, and can be revoked.\n\nPut a backup in the store's place that has the key (Backups, in ops/RUNBOOK.md), or give the issuer a new one: `comity issuer rekey ISSUER`. Look after the disk. `comityd repair` names all such keys.";
    ISSUER_KEY_SEALED = "issuer.key_sealed", "The key of an issuer is sealed with a key that is not here",
        "Issuers' keys are sealed with the key in `keys/seal.key`, or where `[keys]` in comity.toml says, and that file is lost or another one. Nothing new can be issued for the issuer. Put the file back, the same for every process of the store, and start the node again. If it is lost for good, give each issuer a new key: `comity issuer rekey ISSUER`.";
    PEER_UNREADABLE = "peer.unreadable", "What this node's store holds of a peer cannot be read",
        "The disk gave back something else than was written. The peer is not followed, unless comity.toml names it; the node does everything else. Add the peer again with its ticket: `comity peer add TICKET`. Or stop the node, and let `comityd repair` take the row out. Look after the disk.";
}

/// List what is weak about this node, though it serves; empty, if nothing is.
#[utoipa::path(get, path = api_types::routes::WARNINGS.path(), tag = "operations",
    responses((status = 200, body = Vec<OperatorWarningResponse>), (status = 401, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    _: AuthenticatedOperator,
) -> Result<Json<Vec<OperatorWarningResponse>>, Problem> {
    let roots = app.registrar.roots_at_home().await?;
    let roots = roots
        .iter()
        .map(|file| ROOT_AT_HOME.tells(platform::keys::root_at_home(file)));
    let refused = app.registrar.refuses_applications(app.registration.most_open).await?;
    let refused = refused.map(|detail| APPLICATIONS_REFUSED.tells(detail));
    let file = app.certificate.as_deref();
    let ending = file.and_then(|file| certificate::term_ends(file, app.clock.now()));
    let certificate = ending.map(|detail| CERTIFICATE_ENDS.tells(detail));
    let keys = app.registrar.issuers_without_key().await?;
    // Of a seal that is not here it is said once, for all issuers.
    let keys: BTreeMap<String, &WarningCode> = keys
        .iter()
        .map(|trouble| match trouble.other_seal {
            Some(_) => (trouble.error().to_string(), &ISSUER_KEY_SEALED),
            None => (trouble.error().to_string(), &ISSUER_KEY_DAMAGED),
        })
        .collect();
    let keys = keys.into_iter().map(|(detail, code)| code.tells(detail));
    let registry = app.registry.snapshot();
    let peers = registry.roster().unread().map(|(agency, why)| {
        PEER_UNREADABLE.tells(format!(
            "what this node's store holds of the peer `{agency}` cannot be read ({why}), and it is not followed: add it again with \
             `comity peer add TICKET`"
        ))
    });
    let peers: Vec<OperatorWarningResponse> = peers.collect();
    Ok(Json(
        roots
            .chain(refused)
            .chain(certificate)
            .chain(keys)
            .chain(peers)
            .collect(),
    ))
}

impl WarningCode {
    fn tells(&self, detail: String) -> OperatorWarningResponse {
        OperatorWarningResponse {
            code: self.code.to_owned(),
            detail,
        }
    }
}
