//! Names that borrow, and names that do not.

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::*;

const REAL: &str = "Palmetto Educator Institute";

fn like(claimed: &str, real: &str) -> Option<NameSimilarity> {
    let (one, two) = (FoldedName::new(claimed), FoldedName::new(real));
    assert_eq!(one.likeness(&two), two.likeness(&one), "{claimed} and {real}");
    one.likeness(&two)
}

#[test]
fn names_that_read_the_same_are_the_same() {
    for claimed in [
        "palmetto educator institute",
        "PALMETTO EDUCATOR INSTITUTE",
        "  Palmetto   Educator\u{00A0}Institute ",
        "Palmetto-Educator-Institute, Inc.",
        "The Palmetto Educator Institute LLC",
        "Institute, Palmetto Educator",
        "PalmettoEducatorInstitute",
        // Cyrillic а, е, о; Greek Ρ, Ι, ο; full width; mathematical; circled accents.
        "P\u{0430}lm\u{0435}tt\u{043E} Educator Institute",
        "\u{03A1}almetto Educat\u{03BF}r \u{0399}nstitute",
        "Ｐａｌｍｅｔｔｏ Ｅｄｕｃａｔｏｒ Ｉｎｓｔｉｔｕｔｅ",
        "𝐏𝐚𝐥𝐦𝐞𝐭𝐭𝐨 𝐄𝐝𝐮𝐜𝐚𝐭𝐨𝐫 𝐈𝐧𝐬𝐭𝐢𝐭𝐮𝐭𝐞",
        "Pálmettö Éducator Înstitute",
        // Nothing to see, and turned around.
        "Pal\u{200B}metto Edu\u{00AD}cator Insti\u{2060}tute\u{FEFF}",
        "\u{202E}Palmetto\u{202C} Educator \u{2066}Institute\u{2069}",
        "Palmetto\u{200D} Educator\u{FE0F} Institute\u{E0041}",
        "Pa1metto Educator lnstitute",
        "Palmetto Educat0r Institute",
        "Palmetto Educator |nstitute",
    ] {
        assert_eq!(like(claimed, REAL), Some(NameSimilarity::Same), "{claimed:?}");
    }
    assert_eq!(like("Tеxаs", "Texas"), Some(NameSimilarity::Same));
}

#[test]
fn a_name_that_is_turned_around_is_the_one_that_is_seen() {
    let backward = |text: &str| text.chars().rev().collect::<String>();
    let whole = backward(REAL);
    for (opens, closes) in [
        ("\u{202E}", "\u{202C}"),
        ("\u{202E}", ""),
        ("\u{2067}\u{202E}", "\u{202C}\u{2069}"),
        ("\u{2066}\u{202E}", ""),
        ("\u{202D}\u{202E}", "\u{202C}\u{202C}"),
        ("\u{202B}", "\u{202C}"),
        ("\u{2067}", "\u{2069}"),
        ("\u{2066}", "\u{2069}"),
        ("\u{2068}", ""),
        ("\u{200F}", ""),
    ] {
        let claimed = format!("{opens}{whole}{closes}");
        assert_eq!(like(&claimed, REAL), Some(NameSimilarity::Same), "{claimed:?}");
    }
    let turned = |text: &str| format!("\u{202E}{}\u{202C}", backward(text));
    for claimed in [
        format!("Palmetto {} Institute", turned("Educator")),
        format!("{} Educator {}", turned("Palmetto"), turned("Institute")),
        format!("Pal{}etto Educator Institute", turned("m")),
        format!("Palme{} Educator Insti{}", turned("tto"), turned("tute")),
        format!("Palmetto \u{2067}{}\u{2069} Institute", backward("Educator")),
        format!("\u{2066}Palmetto\u{2069} {}", turned("Educator Institute")),
        // An override within an override, and letters of another script.
        format!(
            "\u{202E}{}\u{202D}Educator\u{202C}{}",
            backward(" Institute"),
            backward("Palmetto ")
        ),
        turned("P\u{0430}lm\u{0435}tto Educator Institute, Inc."),
        turned("𝐏𝐚𝐥𝐦𝐞𝐭𝐭𝐨 Educator Institute"),
    ] {
        assert_eq!(like(&claimed, REAL), Some(NameSimilarity::Same), "{claimed:?}");
    }
    assert_eq!(
        like(&turned("Palmeto Educator Institute"), REAL),
        Some(NameSimilarity::Resembles)
    );
    // Turned around, and another name.
    assert_eq!(like(&turned("Wateree Badge Works"), REAL), None);
    assert_eq!(like(&whole, REAL), None, "as it is seen without controls");
    let long = "\u{202E}x".repeat(100_000);
    assert_eq!(like(&long, REAL), None);
}

#[test]
fn names_that_a_reader_may_take_for_another_resemble_it() {
    for claimed in [
        "Palmeto Educator Institute",
        "Palmetto Educators Institute",
        "Plametto Educator Institute",
        "Palmetto Educator Institute of South Carolina",
        "Official Badges: Palmetto Educator Institute",
    ] {
        assert_eq!(like(claimed, REAL), Some(NameSimilarity::Resembles), "{claimed:?}");
    }
    assert_eq!(
        like("North Carolina Board", "North Carolina"),
        Some(NameSimilarity::Resembles)
    );
}

#[test]
fn other_names_are_others() {
    for (one, other) in [
        ("Example Badges", REAL),
        ("Educator Institute", "Palmetto Teachers College"),
        ("Ohio", "Iowa"),
        ("Utah", "Iowa"),
        ("Texas Teachers", "Texas"),
        ("Cumberland Learning Collaborative", "Palmetto Learning Collaborative"),
        ("", REAL),
        ("\u{202E}\u{200B}", REAL),
        ("", ""),
    ] {
        assert_eq!(like(one, other), None, "{one:?} and {other:?}");
    }
}

/// Whatever is done to a name that no reader sees, it stays the same name; and what is not done to it is found by no chance.
#[test]
#[expect(clippy::print_stdout, reason = "whoever looks into a failure needs the seed")]
fn no_disguise_that_cannot_be_seen_hides_a_name() {
    let seed = std::env::var("COMITY_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(rand::random);
    println!("COMITY_TEST_SEED={seed}");
    let mut chance = StdRng::seed_from_u64(seed);
    let real = FoldedName::new(REAL);
    let twins = [
        ('a', "\u{0430}а\u{0251}ａ"),
        ('e', "\u{0435}ｅ"),
        ('o', "\u{03BF}\u{043E}0ｏ\u{0585}"),
        ('c', "\u{0441}ｃ\u{03F2}"),
        ('P', "\u{03A1}\u{0420}Ｐ"),
        ('E', "\u{0395}\u{0415}Ｅ"),
        ('I', "\u{0399}\u{0406}Ｉl1|"),
    ];
    let hidden = [
        '\u{200B}', '\u{200D}', '\u{2060}', '\u{202E}', '\u{2067}', '\u{00AD}', '\u{FEFF}', '\u{FE01}',
    ];
    for _ in 0..2_000 {
        let mut claimed = String::new();
        for c in REAL.chars() {
            if chance.random_bool(0.2) {
                claimed.push(hidden[chance.random_range(0..hidden.len())]);
            }
            let others = twins.iter().find(|(letter, _)| *letter == c).map(|(_, others)| others);
            match others.filter(|_| chance.random_bool(0.5)) {
                Some(others) => claimed.extend(others.chars().nth(chance.random_range(0..others.chars().count()))),
                None => claimed.push(c),
            }
            if c == ' ' && chance.random_bool(0.3) {
                claimed.push_str([" ", "\t", ", ", "\u{3000}"][chance.random_range(0..4)]);
            }
        }
        assert_eq!(
            FoldedName::new(&claimed).likeness(&real),
            Some(NameSimilarity::Same),
            "{claimed:?}"
        );
    }
}
