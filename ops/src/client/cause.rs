//! The cause of an error that is worth telling.

pub(super) fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    // Some go on with the insides of a certificate, which help nobody here.
    let text = cause.to_string();
    crate::show::plain(text.split(" {").next().unwrap_or(&text)).to_lowercase()
}
