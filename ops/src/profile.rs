//! The profile: which node to ask, for which agency, with which token.

use std::{
    env, fmt, fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context;
use registry_schema::AgencyId;
use serde::Deserialize;

use crate::{exit::usage, out};

/// The contents of a profile file.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Profile {
    /// The node's address.
    pub(crate) node: Option<String>,
    /// The agency that the operator works for.
    pub(crate) agency: Option<AgencyId>,
    /// The token that lets the operator in.
    pub(crate) token: Option<Token>,
    /// The certificate of a node that no public authority vouches for (PEM), relative to the profile.
    pub(crate) ca_file: Option<PathBuf>,
    /// True if the token may travel in clear to another machine.
    #[serde(default)]
    pub(crate) insecure_http: bool,
}

/// A secret, which shows itself to nobody.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct Token(String);

impl Token {
    /// The value of the `Authorization` header.
    pub(crate) fn bearer(&self) -> String {
        format!("Bearer {}", self.0.trim())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

const KEYS: [&str; 5] = ["node", "agency", "token", "ca_file", "insecure_http"];

/// Reads the profile that was named, or the default one if it exists.
pub(crate) fn load(named: Option<&Path>) -> anyhow::Result<Profile> {
    let Some(path) = named.map(Path::to_path_buf).or_else(default_path) else {
        return Ok(Profile::default());
    };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound && named.is_none() => return Ok(Profile::default()),
        Err(e) => return Err(e).with_context(|| format!("cannot read the profile `{}`", path.display())),
    };
    let (mut profile, warnings) = parse(&text).with_context(|| format!("in the profile `{}`", path.display()))?;
    for warning in warnings.into_iter().chain(readable_by_others(&path)) {
        out::note(&format!("warning: {warning} (profile `{}`)", path.display()));
    }
    profile.ca_file = profile
        .ca_file
        .map(|file| path.parent().map_or_else(|| file.clone(), |dir| dir.join(&file)));
    Ok(profile)
}

/// `$XDG_CONFIG_HOME/comity/profile.toml`, or the same below `~/.config`.
pub(crate) fn default_path() -> Option<PathBuf> {
    let set = |name| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let config = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")))?;
    Some(config.join("comity").join("profile.toml"))
}

/// The profile, and what is odd about it.
fn parse(text: &str) -> anyhow::Result<(Profile, Vec<String>)> {
    let refuse = |e: toml::de::Error| {
        // Only where and what: the line itself may hold the token.
        let line = e.span().map_or(1, |s| {
            text.get(..s.start).map_or(1, |before| before.matches('\n').count() + 1)
        });
        usage(format!("line {line}: {}", e.message()))
    };
    let table: toml::Table = toml::from_str(text).map_err(refuse)?;
    let unknown = table.keys().filter(|k| !KEYS.contains(&k.as_str()));
    let warnings = unknown
        .map(|k| format!("`{k}` means nothing here: known are {}", KEYS.join(", ")))
        .collect();
    Ok((toml::from_str(text).map_err(refuse)?, warnings))
}

#[cfg(unix)]
fn readable_by_others(path: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).ok()?.permissions().mode();
    (mode & 0o077 != 0).then(|| "others on this machine can read it: use `chmod 600`".to_owned())
}

#[cfg(not(unix))]
fn readable_by_others(_: &Path) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_names_node_agency_and_token() {
        let text = "node = \"http://127.0.0.1:7401\"\nagency = \"US-SC\"\ntoken = \"s3cret\"\nca_file = \"node.pem\"\n";
        let (profile, warnings) = parse(text).unwrap();
        assert_eq!(profile.node.as_deref(), Some("http://127.0.0.1:7401"));
        assert_eq!(profile.agency.as_ref().unwrap().as_str(), "US-SC");
        assert_eq!(profile.token.as_ref().unwrap().bearer(), "Bearer s3cret");
        assert!(warnings.is_empty());
        assert!(!format!("{profile:?}").contains("s3cret"));
    }

    #[test]
    fn a_mistake_in_a_profile_is_named_and_the_token_is_not_shown() {
        let (_, warnings) = parse("nod = \"http://127.0.0.1:7401\"\n").unwrap();
        assert_eq!(
            warnings,
            ["`nod` means nothing here: known are node, agency, token, ca_file, insecure_http"]
        );
        let error = parse("agency = \"US-SC\"\ntoken = \"s3cret\" oops\n")
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("line 2: ") && !error.contains("s3cret"), "{error}");
        let error = parse("agency = \"south carolina\"\n").unwrap_err().to_string();
        assert!(error.contains("is no agency id"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_profile_that_others_can_read_is_warned_of() {
        use std::os::unix::fs::PermissionsExt;
        let path = env::temp_dir().join(format!("comity-profile-{}.toml", std::process::id()));
        fs::write(&path, "token = \"s3cret\"").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(readable_by_others(&path), None);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(readable_by_others(&path).is_some());
        fs::remove_file(&path).unwrap();
    }
}
