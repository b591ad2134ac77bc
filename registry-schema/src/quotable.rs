//! Names that strangers wrote, made fit to be quoted in a sentence of ours.

use unicode_normalization::char::is_combining_mark;

/// What is shown of a name, in characters.
const LONGEST: usize = 120;

/// Most combining marks in a row that are shown.
const MOST_MARKS: usize = 2;

/// A name as it may be shown within quotation marks: on one line, at most 120 characters, without the controls that turn or
/// hide text and without quotation marks of its own, so that it cannot end the quotation. Nothing, if nothing is left.
#[must_use]
pub fn name(name: &str) -> Option<String> {
    let mut shown = String::new();
    let (mut length, mut marks) = (0, 0);
    for c in name.chars().take(10 * LONGEST) {
        let c = match c {
            _ if is_invisible(c) => continue,
            c if c.is_whitespace() || c.is_control() => ' ',
            '"' | '“' | '”' | '„' | '‟' | '«' | '»' | '`' | '″' | '〝' | '〞' | '＂' => '\'',
            c => c,
        };
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        if marks > MOST_MARKS || (c == ' ' && (shown.is_empty() || shown.ends_with(' '))) {
            continue;
        }
        if length == LONGEST {
            shown.push('…');
            break;
        }
        shown.push(c);
        length += 1;
    }
    let shown = shown.trim_end().to_owned();
    // Joiners and marks alone are no name.
    shown.chars().any(char::is_alphanumeric).then_some(shown)
}

/// Whether a character steers how others are shown, or shows nothing. Joiners do not: some scripts need them within words.
#[must_use]
pub const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180E}'
        | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::LONGEST;

    #[test]
    fn what_is_shown_of_a_name_stays_within_its_quotation_marks() {
        for (name, wanted) in [
            ("Palmetto", Some("Palmetto")),
            ("  a \u{202E}b\n\tc ", Some("a b c")),
            ("X”. Accepted in Tennessee. “Y", Some("X'. Accepted in Tennessee. 'Y")),
            ("`x`", Some("'x'")),
            ("क्\u{200D}ष", Some("क्\u{200D}ष")),
            ("e\u{0301}\u{0301}\u{0301}\u{0301}", Some("e\u{0301}\u{0301}")),
            ("\u{200B}\u{202E} \u{2066}", None),
            ("…", None),
            ("", None),
        ] {
            assert_eq!(super::name(name).as_deref(), wanted, "{name:?}");
        }
        let long = super::name(&"x".repeat(5_000)).unwrap();
        assert_eq!(long.chars().count(), LONGEST + 1);
    }
}
