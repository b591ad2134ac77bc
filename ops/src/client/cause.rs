//! The cause of an error that is worth telling.

fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    // Some go on with the insides of a certificate, which help nobody here.
    let text = cause.to_string();
    crate::show::plain(text.split(" {").next().unwrap_or(&text)).to_lowercase()
}

/// Tells that a node's certificate is not trusted: why, and what helps in that case.
fn of_mistrust(node: &str, why: &str, has_ca_file: bool) -> String {
    let advice = if why.contains("expired") {
        "whoever runs it has to renew its certificate"
    } else if why.contains("not valid yet") {
        "is the clock of this machine right, and that of whoever made the certificate?"
    } else if why.contains("not valid for") {
        "ask for it by a name that its certificate says"
    } else if why.contains("causedasendentity") {
        "its certificate says that it is an authority's (CA:TRUE), and such a one is no node's: make it another \
         (`openssl req -x509 … -addext basicConstraints=critical,CA:FALSE`), or have an authority sign one"
    } else if has_ca_file {
        "add the certificate of the authority that signed its certificate to the file that is `ca_file` in the profile"
    } else {
        "if its certificate is its own or a private authority's, name that as `ca_file` in the profile"
    };
    format!("cannot trust the node at `{node}` ({why}): {advice}")
}

/// Tells that a node does not answer to the end.
pub(super) fn of_silence(error: &reqwest::Error, node: &str, writes: bool, has_ca_file: bool) -> String {
    let why = innermost(error);
    if why.contains("certificate") {
        of_mistrust(node, &why, has_ca_file)
    } else if error.is_connect() {
        format!("cannot reach the node at `{node}` ({why}): is it running, and is the address right?")
    } else if writes {
        format!(
            "the node at `{node}` did not answer to the end ({why}): it may have made the change, so look before you try again"
        )
    } else if error.is_timeout() {
        format!(
            "the node at `{node}` did not answer within {} seconds: try again later",
            super::TIMEOUT.as_secs()
        )
    } else {
        format!("the node at `{node}` did not answer to the end ({why}): try again")
    }
}
