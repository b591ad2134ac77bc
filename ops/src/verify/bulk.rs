//! `comity verify --bulk`: a list or an archive of badges in, a line for each out.

use std::{fs, io::Read as _};

use anyhow::Context as _;
use api_types::{routes, verifications::BulkVerdict};

use super::{exit_for, query};
use crate::{
    CommandContext,
    args::VerifyArgs,
    exit::{Exit, fault, usage},
    out, show,
};

/// As much as the node takes.
const MAX_UPLOAD: u64 = 48 * 1024 * 1024;
/// After how many answers progress is told.
const EVERY: usize = 100;

/// Sends a file, and shows the answers: as a table, or each as a line of JSON as soon as it comes. The worst answer is
/// the exit code's.
pub(super) async fn verify(session: &CommandContext, args: &VerifyArgs, file: &str) -> anyhow::Result<Exit> {
    let upload = read(file)?;
    let kind = kind_of(file, &upload)?;
    let mut worst = Exit::Done;
    let mut rows = Vec::new();
    let (mut count, mut unknown) = (0_usize, 0_usize);
    let announced = session
        .client
        .ask_many(
            &routes::BULK_VERIFICATION,
            &query(args).pairs(),
            (kind, upload),
            |answer, announced| {
                let line = answer.value()?;
                count += 1;
                unknown += usize::from(line.verdict.is_by_someone_unknown());
                worst = worst.max(exit_for(line.verdict.verdict));
                if count.is_multiple_of(EVERY) {
                    let of = announced.map(|rows| format!(" of {rows}")).unwrap_or_default();
                    out::note(&format!("{count}{of} answered"));
                }
                match session.out.json {
                    true => session.out.json(&answer.json)?,
                    false => rows.push(cells(&line)),
                }
                Ok(())
            },
        )
        .await?;
    if announced.is_some_and(|rows| rows != count) {
        let message = format!(
            "the node broke off after {count} of {} answers: send what is left again",
            announced.unwrap_or_default()
        );
        return Err(fault(Exit::Unreachable, message));
    }
    if !session.out.json {
        session
            .out
            .data(&show::table(&["row", "badge", "answer", "in words"], 2, &rows))?;
    }
    let of_unknown = match unknown {
        0 => String::new(),
        some => format!("; {some} signed by somebody whom no agency here registers"),
    };
    out::note(&format!("{count} answered{of_unknown}"));
    Ok(worst)
}

fn cells(line: &BulkVerdict) -> Vec<String> {
    let name = line.verdict.credential.as_ref().and_then(|badge| badge.name.clone());
    let badge = match (&line.input, name) {
        (Some(input), Some(name)) => format!("{input}: {name}"),
        (Some(one), None) => one.clone(),
        (None, one) => one.unwrap_or_default(),
    };
    vec![
        line.row.to_string(),
        badge,
        match line.verdict.is_by_someone_unknown() {
            true => "not_recognized: signer unknown".to_owned(),
            false => line.verdict.verdict.as_str().to_owned(),
        },
        line.verdict.sentence.clone(),
    ]
}

fn read(file: &str) -> anyhow::Result<Vec<u8>> {
    let told = || format!("cannot read `{file}`");
    let mut upload = Vec::new();
    let opened = fs::File::open(file).with_context(told)?;
    opened
        .take(MAX_UPLOAD + 1)
        .read_to_end(&mut upload)
        .with_context(told)?;
    match upload.len() as u64 > MAX_UPLOAD {
        true => Err(usage(format!("`{file}` is longer than 48 MiB: send it in parts"))),
        false => Ok(upload),
    }
}

/// By what stands in the file, then by its name.
fn kind_of(file: &str, upload: &[u8]) -> anyhow::Result<&'static str> {
    let name = file.to_ascii_lowercase();
    let text = upload
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(upload)
        .trim_ascii_start();
    Ok(match () {
        () if upload.starts_with(b"PK") => "application/zip",
        () if name.ends_with(".jsonl") || name.ends_with(".ndjson") || text.starts_with(b"{") => "application/jsonl",
        () if name.ends_with(".csv") => "text/csv",
        () => {
            return Err(usage(format!(
                "`{file}` is no ZIP archive, no JSON lines and no CSV: end its name with .zip, .jsonl or .csv"
            )));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_sent_as_what_it_is() {
        for (file, content, kind) in [
            ("a.bin", &b"PK\x03\x04"[..], Some("application/zip")),
            ("a.JSONL", b"NC-4K2M9-QXR7T-3", Some("application/jsonl")),
            ("a", b"\xef\xbb\xbf {}", Some("application/jsonl")),
            ("a.csv", b"code\n", Some("text/csv")),
            ("a.txt", b"code\n", None),
        ] {
            assert_eq!(kind_of(file, content).ok(), kind, "{file}");
        }
    }
}
