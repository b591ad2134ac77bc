//! Strangers' words, made fit to stand in an answer of ours: names, other text, and identifiers.

use unicode_normalization::char::is_combining_mark;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// The length to which a name is shown, in characters.
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

/// A name that nobody vouches for, as it may be shown: like [`name`], and without pictures and signs. A tick, a shield or a
/// star beside a borrowed name is the borrower's own, and a reader takes it for ours.
#[must_use]
pub fn claimed(text: &str) -> Option<String> {
    let lettered: String = text.chars().take(10 * LONGEST).filter(|c| !is_pictorial(*c)).collect();
    name(&lettered)
}

/// Text that nobody vouches for, without pictures and signs, and as [`plain`] has it.
#[must_use]
pub fn unadorned(text: &str) -> String {
    let lettered: String = text.chars().filter(|c| !is_pictorial(*c)).collect();
    plain(lettered).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text as it may be shown: on one line, and without the controls that turn or hide text.
#[must_use]
pub fn plain(text: String) -> String {
    match text.chars().any(|c| is_invisible(c) || breaks(c)) {
        false => text,
        true => {
            let seen = text.chars().filter(|c| !is_invisible(*c));
            seen.map(|c| if breaks(c) { ' ' } else { c }).collect()
        }
    }
}

/// An identifier as it may be shown: what nobody sees of it is shown as `\u{FFFD}`, so that it does not read like another one.
#[must_use]
pub fn identifier(text: String) -> String {
    let is_hidden = |c: char| is_invisible(c) || breaks(c) || matches!(c, '\u{200C}' | '\u{200D}');
    match text.chars().any(is_hidden) {
        false => text,
        true => {
            let shown = text.chars();
            shown.map(|c| if is_hidden(c) { '\u{FFFD}' } else { c }).collect()
        }
    }
}

/// Returns true if a character ends a line, or tells a device what to do.
fn breaks(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Returns true if a character is a picture or a sign, and neither a letter nor a digit nor punctuation of a script.
fn is_pictorial(c: char) -> bool {
    // Blocks of pictures, with what they may still be given.
    if matches!(c, '\u{2700}'..='\u{27BF}' | '\u{1F000}'..='\u{1FBFF}') {
        return true;
    }
    match c.general_category() {
        GeneralCategory::OtherSymbol
        | GeneralCategory::EnclosingMark
        | GeneralCategory::PrivateUse
        | GeneralCategory::Unassigned => true,
        // `+` and `|` stand in names, a square root does for a tick.
        GeneralCategory::MathSymbol | GeneralCategory::ModifierSymbol => c > '\u{FF}',
        _ => false,
    }
}

/// Returns true if a character steers how others are shown, or shows nothing. Joiners do not: some scripts need them
/// within words.
#[must_use]
pub const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180E}'
        | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
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

    #[test]
    fn no_sign_beside_a_name_that_nobody_vouches_for_is_shown() {
        for sign in [
            "✅",
            "✓",
            "✔",
            "✔\u{FE0F}",
            "☑",
            "🗸",
            "🛡",
            "🛡\u{FE0F}",
            "🔒",
            "⭐",
            "★",
            "⍻",
            "√",
            "🆗",
            "🅥",
            "Ⓥ",
            "®",
            "©",
            "™",
            "\u{F8FF}",
            "\u{E0B0}",
            "👍🏽",
            "🏴\u{E0067}\u{E007F}",
            "🇺🇸",
            "⃝",
            "1\u{FE0F}\u{20E3}",
            "❛",
            "➔",
            "❶",
            "\u{1FAFF}",
        ] {
            for text in [
                format!("{sign} Palmetto"),
                format!("Palmetto {sign}"),
                format!("Pal{sign}metto"),
            ] {
                let shown = super::claimed(&text).unwrap().replace('1', "");
                assert_eq!(shown.trim(), "Palmetto", "{text:?}");
                assert_eq!(super::unadorned(&text).replace('1', "").trim(), "Palmetto", "{text:?}");
            }
            assert_eq!(super::claimed(sign).filter(|left| left != "1"), None, "{sign:?}");
        }
        for kept in [
            "Reading & Writing (K+12) | Board #4",
            "Escuela de Educación Nº 3",
            "$100 Club – South",
            "Hawai´i",
            "教育 研究所",
            "क्\u{200D}ष",
            "نور",
        ] {
            assert_eq!(super::claimed(kept).as_deref(), Some(kept));
            assert_eq!(super::unadorned(kept), kept);
        }
    }

    #[test]
    fn text_in_an_answer_turns_and_hides_nothing() {
        for hidden in [
            '\u{202E}',
            '\u{2066}',
            '\u{2069}',
            '\u{200B}',
            '\u{FEFF}',
            '\u{1BCA0}',
            '\u{1D173}',
            '\u{E0041}',
        ] {
            let text = format!("did:web:pal{hidden}metto.example");
            assert_eq!(super::plain(text.clone()), "did:web:palmetto.example", "{hidden:?}");
            assert_eq!(
                super::identifier(text),
                "did:web:pal\u{FFFD}metto.example",
                "{hidden:?}"
            );
        }
        for (text, line) in [
            ("a\nb\tc", "a b c"),
            ("a\u{1b}[1m\u{2028}b", "a [1m b"),
            ("क्\u{200D}ष “é”", "क्\u{200D}ष “é”"),
        ] {
            assert_eq!(super::plain(text.to_owned()), line);
        }
        assert_eq!(super::identifier("pal\u{200D}metto".to_owned()), "pal\u{FFFD}metto");
        assert_eq!(super::identifier("urn:ü:1".to_owned()), "urn:ü:1");
    }
}
