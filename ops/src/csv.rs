//! Comma-separated values, as RFC 4180 has them and spreadsheets write them.

/// A row, and the line of the file on which it begins.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CsvRow {
    pub(crate) line: usize,
    pub(crate) cells: Vec<String>,
}

/// The rows of the text, blank lines left out.
///
/// # Errors
///
/// The line on which a quotation begins that never ends.
pub(crate) fn parse(text: &str) -> Result<Vec<CsvRow>, usize> {
    let mut rows = Vec::new();
    let (mut line, mut begun) = (1, 1);
    let mut cells = Vec::new();
    let mut cell = String::new();
    // Where a quotation began, while one is open; and whether this cell had one.
    let (mut open, mut quoted) = (None, false);
    let mut chars = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\n' {
            line += 1;
        }
        match c {
            '"' if open.is_some() => {
                if chars.next_if_eq(&'"').is_some() {
                    cell.push('"');
                } else {
                    open = None;
                }
            }
            _ if open.is_some() => cell.push(c),
            '"' if cell.is_empty() && !quoted => (open, quoted) = (Some(line), true),
            ',' => {
                cells.push(std::mem::take(&mut cell));
                quoted = false;
            }
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => {
                cells.push(std::mem::take(&mut cell));
                finish(&mut rows, &mut cells, begun);
                (quoted, begun) = (false, line);
            }
            _ => cell.push(c),
        }
    }
    if let Some(line) = open {
        return Err(line);
    }
    cells.push(cell);
    finish(&mut rows, &mut cells, begun);
    Ok(rows)
}

fn finish(rows: &mut Vec<CsvRow>, cells: &mut Vec<String>, line: usize) {
    let cells = std::mem::take(cells);
    if cells.iter().any(|c| !c.trim().is_empty()) {
        rows.push(CsvRow { line, cells });
    }
}

/// One line of a file.
pub(crate) fn line(cells: &[String]) -> String {
    let quote = |cell: &String| {
        if cell.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.clone()
        }
    };
    cells.iter().map(quote).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_writes_is_read_with_its_lines() {
        let text = "\u{feff}subject,note\r\n\"Reyes, Ana\",\"said \"\"yes\"\"\nand more\"\r\n\r\nBo,\n";
        let rows = parse(text).unwrap();
        let cells = |cells: &[&str]| cells.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            rows,
            [
                CsvRow {
                    line: 1,
                    cells: cells(&["subject", "note"])
                },
                CsvRow {
                    line: 2,
                    cells: cells(&["Reyes, Ana", "said \"yes\"\nand more"])
                },
                CsvRow {
                    line: 5,
                    cells: cells(&["Bo", ""])
                },
            ]
        );
        for row in rows {
            assert_eq!(parse(&line(&row.cells)).unwrap()[0].cells, row.cells);
        }
    }

    #[test]
    fn a_quotation_that_never_ends_is_found() {
        assert_eq!(parse("a,b\nc,\"d\n"), Err(2));
    }
}
