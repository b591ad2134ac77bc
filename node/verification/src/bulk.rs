//! Many badges in one upload: a ZIP archive of badge files, JSON lines, or a CSV of short codes and links.
//!
//! A row that holds nothing readable is a row all the same: whoever sent 500 gets 500 answers. Only an upload in which
//! no rows can be told apart at all is refused as a whole.

use std::{
    borrow::Cow,
    io::{Cursor, Read as _},
};

use registry_schema::phrases;
use zip::{ZipArchive, result::ZipError};

use crate::{
    UnreadableBadge,
    formats::{self, NextStep, UnreadableReason},
};

/// The most rows that one upload may have.
pub const MAX_ROWS: usize = 10_000;

/// The most bytes that one upload may have.
pub const MAX_UPLOAD: usize = 48 * 1024 * 1024;

/// The most bytes that all files of an archive may have together, unpacked. Nothing is unpacked beyond.
pub const MAX_UNPACKED: usize = 64 * 1024 * 1024;

/// The most characters that are shown of a file's name, or of a cell.
const LONGEST_INPUT: usize = 120;

/// With what every entry of an archive's directory begins (APPNOTE 6.3.10, §4.3.12).
const ENTRY: &[u8] = b"PK\x01\x02";

/// The names of the column that holds the badges, in a CSV; the first that there is.
const COLUMNS: [&str; 5] = ["badge", "credential", "code", "link", "url"];

/// The form of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkFormat {
    /// A ZIP archive; every file in it is a badge.
    Zip,
    /// JSON lines; every line is a badge, a token, a code or a link.
    Lines,
    /// Comma-separated values with a header line; one column holds codes, links, or whole badges.
    Csv,
}

/// One of many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkRow {
    /// The line of the file on which it begins, or its place in the archive; from 1 on.
    pub row: u64,
    /// The file's name in the archive, or the code or link; nothing for a badge that stands on a line itself.
    pub input: Option<String>,
    /// The thing to be checked: a badge, a code or a link; or why there is nothing.
    pub content: Result<Vec<u8>, UnreadableBadge>,
}

/// The form of these bytes, as far as they show it. A single badge is JSON lines with one line, if it is no more than that.
#[must_use]
pub fn form(bytes: &[u8]) -> BulkFormat {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    if bytes.starts_with(b"PK") {
        BulkFormat::Zip
    } else if text.starts_with(b"{") {
        BulkFormat::Lines
    } else {
        BulkFormat::Csv
    }
}

phrases! {
    /// The reason why an archive, or a file in it, cannot be unpacked.
    pub enum ZipProblem {
        Password,
        UnknownPacking,
        Damaged,
    }
}

/// Tells the rows of an upload apart.
///
/// # Errors
/// If there are none, or too many, or what stands there has not this form.
pub fn rows(bytes: &[u8], form: BulkFormat) -> Result<Vec<BulkRow>, UnreadableBadge> {
    if bytes.len() > MAX_UPLOAD {
        return Err(UnreadableBadge::new(
            UnreadableReason::UploadTooLarge {
                bytes: bytes.len(),
                most: MAX_UPLOAD,
            },
            NextStep::SendInParts,
        ));
    }
    let rows = match form {
        BulkFormat::Zip => archive(bytes),
        BulkFormat::Lines => lines(bytes),
        BulkFormat::Csv => table(bytes),
    }?;
    if rows.is_empty() {
        return Err(UnreadableBadge::new(
            UnreadableReason::UploadWithoutBadges,
            NextStep::SendOne,
        ));
    }
    Ok(rows)
}

const fn too_many() -> UnreadableBadge {
    UnreadableBadge::new(UnreadableReason::TooManyRows { most: MAX_ROWS }, NextStep::SendInParts)
}

fn shown(text: &str) -> String {
    let plain = text.chars().filter(|c| !c.is_control());
    plain.take(LONGEST_INPUT).collect()
}

/// A code or a link is shown beside its answer; a whole badge is not.
fn typed(text: &str) -> Option<String> {
    let is_short = text.len() <= LONGEST_INPUT && !text.starts_with(['{', '[', '"']);
    is_short.then(|| shown(text))
}

fn lines(bytes: &[u8]) -> Result<Vec<BulkRow>, UnreadableBadge> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut rows = Vec::new();
    for (line, content) in (1..).zip(bytes.split(|b| *b == b'\n')) {
        let content = content.trim_ascii();
        if content.is_empty() {
            continue;
        }
        if rows.len() == MAX_ROWS {
            return Err(too_many());
        }
        rows.push(BulkRow {
            row: line,
            input: std::str::from_utf8(content).ok().and_then(typed),
            content: Ok(content.to_vec()),
        });
    }
    Ok(rows)
}

fn table(bytes: &[u8]) -> Result<Vec<BulkRow>, UnreadableBadge> {
    let broken = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        UnreadableBadge::new(UnreadableReason::CsvBroken { line }, NextStep::SaveAsCsv)
    };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(bytes);
    let header = reader.headers().map_err(broken)?;
    let place = |name: &str| header.iter().position(|cell| cell.eq_ignore_ascii_case(name));
    let column = COLUMNS
        .iter()
        .find_map(|name| place(name))
        .ok_or_else(|| UnreadableBadge::new(UnreadableReason::CsvWithoutColumn, NextStep::NameColumn))?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        if record.iter().all(str::is_empty) {
            continue;
        }
        if rows.len() == MAX_ROWS {
            return Err(too_many());
        }
        let cell = record.get(column).unwrap_or_default();
        let content = match cell {
            "" => Err(UnreadableBadge::new(UnreadableReason::CellEmpty, NextStep::FillCell)),
            cell => Ok(cell.as_bytes().to_vec()),
        };
        rows.push(BulkRow {
            row: record.position().map_or(0, csv::Position::line),
            input: typed(cell).filter(|cell| !cell.is_empty()),
            content,
        });
    }
    Ok(rows)
}

fn archive(bytes: &[u8]) -> Result<Vec<BulkRow>, UnreadableBadge> {
    // Reading the directory costs memory for every entry, before anybody can ask how many there are.
    if bytes.windows(ENTRY.len()).filter(|window| *window == ENTRY).count() > MAX_ROWS {
        return Err(too_many());
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| {
        UnreadableBadge::new(
            UnreadableReason::ZipBroken { why: zip_fault(&error) },
            NextStep::PackAgain,
        )
    })?;
    if archive.len() > MAX_ROWS {
        return Err(too_many());
    }
    // Of files with one name the library keeps the last: the others would get no answer, and nobody would see it.
    if entries(bytes, archive.central_directory_start()) != archive.len() {
        return Err(UnreadableBadge::new(UnreadableReason::NamesAlike, NextStep::NameApart));
    }
    let mut left = MAX_UNPACKED;
    let mut rows = Vec::new();
    for place in 0..archive.len() {
        let name = archive.name_for_index(place).and_then(Result::ok);
        let name = name.map_or_else(|| format!("file {}", place + 1), Cow::into_owned);
        if is_not_a_file(&name) {
            continue;
        }
        let content = unpack(&mut archive, place, &mut left);
        rows.push(BulkRow {
            row: u64::try_from(place).unwrap_or(u64::MAX).saturating_add(1),
            input: Some(shown(&name)),
            content,
        });
    }
    Ok(rows)
}

/// Counts the files that the archive's directory names, one after the other (APPNOTE 6.3.10, §4.3.12).
fn entries(bytes: &[u8], start: u64) -> usize {
    let mut place = usize::try_from(start).unwrap_or(usize::MAX);
    let mut count = 0;
    while let Some(entry) = bytes.get(place..).filter(|entry| entry.starts_with(ENTRY)) {
        let length = |at: usize| {
            entry
                .get(at..at + 2)
                .map_or(0, |two| two.iter().rev().fold(0, |n, b| n << 8 | usize::from(*b)))
        };
        count += 1;
        place = place.saturating_add(46 + length(28) + length(30) + length(32));
    }
    count
}

/// Folders, and what operating systems put into archives beside the files.
fn is_not_a_file(name: &str) -> bool {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    last.is_empty() || last.starts_with('.') || last == "Thumbs.db" || name.starts_with("__MACOSX/")
}

/// The bytes of one file; `left` is what may still be unpacked.
fn unpack(archive: &mut ZipArchive<Cursor<&[u8]>>, place: usize, left: &mut usize) -> Result<Vec<u8>, UnreadableBadge> {
    let broken = |why| UnreadableBadge::new(UnreadableReason::NotUnpacked { why }, NextStep::PackAgain);
    if *left == 0 {
        return Err(UnreadableBadge::new(
            UnreadableReason::TooMuchBefore { most: MAX_UNPACKED },
            NextStep::SendInAnotherArchive,
        ));
    }
    let file = archive.by_index(place).map_err(|error| broken(zip_fault(&error)))?;
    // What the archive says of its sizes is not believed.
    let most = (formats::MAX_BYTES + 1).min(*left);
    let mut content = Vec::new();
    let read = file.take(most as u64).read_to_end(&mut content);
    *left -= content.len().min(*left);
    read.map_err(|_| broken(ZipProblem::Damaged))?;
    if content.len() > formats::MAX_BYTES || *left == 0 {
        return Err(UnreadableBadge::new(
            UnreadableReason::UnpackedTooLarge {
                most: formats::MAX_BYTES,
            },
            NextStep::SendFile,
        ));
    }
    Ok(content)
}

fn zip_fault(error: &ZipError) -> ZipProblem {
    match error {
        ZipError::UnsupportedArchive(why) if *why == ZipError::PASSWORD_REQUIRED => ZipProblem::Password,
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => ZipProblem::UnknownPacking,
        _ => ZipProblem::Damaged,
    }
}

#[cfg(test)]
pub(crate) mod tests;
