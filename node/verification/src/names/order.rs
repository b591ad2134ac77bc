//! The orders in which a reader may see the letters of a name: direction controls turn them around, in programs that honor
//! those, and a name that reads backward as it is stored reads forward on a screen.

use registry_schema::quotable::is_invisible;
use unicode_bidi::{BidiInfo, Level};

/// The characters looked at of a name, as a multiple of those seen: the rest is what nobody sees.
const HIDDEN: usize = 10;

/// The name without what nobody sees of it, in each order in which it may be shown; as it is stored first. At most so many
/// characters of each.
pub(super) fn seen(name: &str, most: usize) -> Vec<String> {
    let name: String = name.chars().take(HIDDEN * most).collect();
    let mut orders = vec![visible(name.chars(), most)];
    if name.chars().any(is_turn) {
        let bases = [None, Some(Level::ltr()), Some(Level::rtl())];
        orders.extend(bases.map(|base| visible(shown(&name, base).chars(), most)));
        orders.push(visible(name.chars().rev(), most));
        orders.push(visible(turned_within(&name).chars(), most));
        let mut told = Vec::new();
        orders.retain(|order| {
            let is_new = !told.contains(order);
            told.push(order.clone());
            is_new
        });
    }
    orders
}

fn visible(name: impl Iterator<Item = char>, most: usize) -> String {
    name.filter(|c| !is_invisible(*c)).take(most).collect()
}

/// Returns true if a character changes the direction of what follows.
const fn is_turn(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// As programs show it that have the Unicode Bidirectional Algorithm, in a paragraph of this direction, or of that of its
/// first letter.
fn shown(name: &str, base: Option<Level>) -> String {
    let info = BidiInfo::new(name, base);
    let lines = info.paragraphs.iter();
    lines.map(|line| info.reorder_line(line, line.range.clone())).collect()
}

/// With each stretch turned around that stands within direction controls, however a program honors them.
fn turned_within(name: &str) -> String {
    let (mut turned, mut stretch, mut depth) = (String::new(), String::new(), 0_usize);
    let flush = |stretch: &mut String, turned: &mut String| turned.extend(std::mem::take(stretch).chars().rev());
    for c in name.chars() {
        match c {
            '\u{202A}' | '\u{202B}' | '\u{202D}' | '\u{202E}' | '\u{2066}'..='\u{2068}' => depth += 1,
            '\u{202C}' | '\u{2069}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    flush(&mut stretch, &mut turned);
                }
            }
            c if depth > 0 => stretch.push(c),
            c => turned.push(c),
        }
    }
    flush(&mut stretch, &mut turned);
    turned
}
