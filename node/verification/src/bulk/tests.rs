use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::*;
use crate::said;

pub(crate) fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn read(bytes: &[u8]) -> Vec<BulkRow> {
    rows(bytes, form(bytes)).unwrap()
}

#[test]
fn every_file_of_an_archive_is_a_row_and_folders_are_none() {
    let zip = packed(&[
        ("a/ana.json", b"{}"),
        ("__MACOSX/a/._ana.json", b"x"),
        ("a/.DS_Store", b"x"),
        ("b.png", b""),
    ]);
    let rows = read(&zip);
    let names: Vec<_> = rows
        .iter()
        .map(|row| (row.row, row.input.as_deref().unwrap()))
        .collect();
    assert_eq!(names, [(1, "a/ana.json"), (4, "b.png")]);
    assert_eq!(rows[0].content, Ok(b"{}".to_vec()));
    assert_eq!(rows[1].content, Ok(vec![]));
}

#[test]
fn an_archive_unpacks_no_further_than_its_limits() {
    let zeros = vec![0; formats::MAX_BYTES + 1];
    let bomb = vec![0; 20 * 1024 * 1024];
    let zip = packed(&[("large", &zeros), ("bomb", &bomb), ("fine", b"{}")]);
    assert!(zip.len() < 300_000, "{}", zip.len());
    let start = Instant::now();
    let rows = read(&zip);
    assert!(start.elapsed() < Duration::from_secs(5));
    for row in &rows[..2] {
        let why = said(row.content.as_ref().unwrap_err());
        assert!(why.contains("more than the 2097152 bytes"), "{why}");
    }
    assert_eq!(
        rows[2].content,
        Ok(b"{}".to_vec()),
        "a bomb takes nothing from its neighbours"
    );

    let many: Vec<String> = (0..40).map(|i| format!("{i}.json")).collect();
    let zip = packed(&many.iter().map(|name| (name.as_str(), &zeros[1..])).collect::<Vec<_>>());
    let rows = read(&zip);
    let unpacked = rows
        .iter()
        .filter_map(|row| row.content.as_ref().ok())
        .map(Vec::len)
        .sum::<usize>();
    assert!(
        (MAX_UNPACKED - formats::MAX_BYTES..=MAX_UNPACKED).contains(&unpacked),
        "{unpacked}"
    );
    let last = said(rows[39].content.as_ref().unwrap_err());
    assert!(last.contains("files before it"), "{last}");
}

#[test]
fn a_damaged_or_foreign_archive_says_so() {
    let zip = packed(&[("a.json", b"{\"a\": 1}"), ("b.json", b"{}")]);
    let why = said(&rows(&zip[..zip.len() / 2], BulkFormat::Zip).unwrap_err());
    assert!(why.contains("damaged"), "{why}");
    let mut changed = zip.clone();
    // The content of the first file comes after its header (30) and its name.
    changed[30 + 6] ^= 0xff;
    let rows = read(&changed);
    assert!(
        said(rows[0].content.as_ref().unwrap_err()).contains("damaged"),
        "{rows:?}"
    );
    assert_eq!(rows[1].content, Ok(b"{}".to_vec()));
}

#[test]
fn an_archive_in_which_two_files_have_one_name_is_refused() {
    let files: [(&str, &[u8]); 3] = [("a.json", b"{\"a\": 1}"), ("b.json", b"{\"b\": 1}"), ("c.json", b"{}")];
    let zip = packed(&files);
    assert_eq!(read(&zip).len(), 3);
    // No writer makes such an archive; a hostile hand does.
    let mut twice = zip;
    while let Some(at) = twice.windows(6).position(|name| name == b"b.json") {
        twice[at] = b'a';
    }
    let why = said(&rows(&twice, BulkFormat::Zip).unwrap_err());
    assert!(why.contains("the same name"), "{why}");
}

#[test]
fn an_archive_with_too_many_entries_is_not_even_opened() {
    let mut hostile = b"PK\x03\x04".to_vec();
    hostile.extend(ENTRY.repeat(MAX_ROWS + 1));
    let why = said(&rows(&hostile, BulkFormat::Zip).unwrap_err());
    assert!(why.contains("more than 10000 rows"), "{why}");
}

#[test]
fn json_lines_keep_their_line_numbers() {
    let text = b"\xef\xbb\xbf{\"a\":1}\r\n\n  NC-4K2M9-QXR7T-3 \n[not json\n\xff\xfe\n";
    let rows = read(text);
    let seen: Vec<_> = rows.iter().map(|row| (row.row, row.input.as_deref())).collect();
    assert_eq!(seen, [(1, None), (3, Some("NC-4K2M9-QXR7T-3")), (4, None), (5, None)]);
    assert_eq!(rows[0].content, Ok(b"{\"a\":1}".to_vec()));
    let many = "{}\n".repeat(MAX_ROWS + 1);
    assert!(rows_of(many.as_bytes()).contains("more than 10000 rows"));
    assert_eq!(read("{}\n".repeat(MAX_ROWS).as_bytes()).len(), MAX_ROWS);
}

fn rows_of(bytes: &[u8]) -> String {
    said(&rows(bytes, form(bytes)).unwrap_err())
}

#[test]
fn a_csv_names_its_column_and_an_empty_cell_is_an_answer() {
    let text = "Name, Code ,Notes\n\"Reyes, Ana\",NC-4K2M9-QXR7T-3,\nBo,,\"two\nlines\"\nCy,https://badges.example/1\n";
    let rows = read(text.as_bytes());
    let seen: Vec<_> = rows.iter().map(|row| (row.row, row.input.as_deref())).collect();
    assert_eq!(
        seen,
        [
            (2, Some("NC-4K2M9-QXR7T-3")),
            (3, None),
            (5, Some("https://badges.example/1"))
        ]
    );
    assert!(said(rows[1].content.as_ref().unwrap_err()).contains("empty"));
    assert!(rows_of(b"name,number\nAna,1\n").contains("names no column"));
    assert!(rows_of(b"").contains("names no column"));
    assert!(rows_of(b"code\n").contains("no badge in the upload"));
    assert!(rows_of(b"code\n\xff\n").contains("line 2"));
}
