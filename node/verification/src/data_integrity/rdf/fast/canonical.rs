//! RDFC-1.0 for graphs in which no two blank nodes look alike at first sight (§4.4, steps 1 to 4).

use super::{
    super::HashAlgorithm,
    statements::{NAMELESS, TripleSet, TripleSpan},
};

/// A blank node seen from itself, and where it is not the one that is looked from (§4.6, step 3.1.2).
const ITSELF: &str = "_:a ";
const ANOTHER: &str = "_:z ";

/// The canonical N-Quads; `None` if two blank nodes look alike.
pub(super) fn lines(mut made: TripleSet<'_>) -> Option<String> {
    let text = made.text.as_str();
    let of = |statement: &TripleSpan| text.get(statement.from..statement.to).unwrap_or_default();
    made.all.sort_by_key(|statement| statement.subject);
    for group in made.all.chunk_by_mut(|a, b| a.subject == b.subject) {
        group.sort_unstable_by(|a, b| of(a).cmp(of(b)));
    }
    // Two blank nodes are two things, however alike the lines are.
    made.all
        .dedup_by(|a, b| a.subject == b.subject && a.blank.is_none() && b.blank.is_none() && of(a) == of(b));
    let graph = RdfGraph::new(&made);
    let labels = graph.labels()?;
    Some(graph.written(&labels))
}

/// The statements, by what they are about.
struct RdfGraph<'a> {
    text: &'a str,
    subjects: &'a [Option<&'a str>],
    /// By the subject's number: what it says, in order.
    says: Vec<&'a [TripleSpan]>,
    /// By the object's number: the one statement that points there.
    pointer: Vec<Option<&'a TripleSpan>>,
}

impl<'a> RdfGraph<'a> {
    fn new(made: &'a TripleSet<'a>) -> Self {
        let mut says: Vec<&[TripleSpan]> = vec![&[]; made.subjects.len()];
        for group in made.all.chunk_by(|a, b| a.subject == b.subject) {
            if let Some(place) = group.first().and_then(|s| says.get_mut(s.subject)) {
                *place = group;
            }
        }
        let mut pointer = vec![None; made.subjects.len()];
        for statement in &made.all {
            if let Some(place) = statement.blank.and_then(|object| pointer.get_mut(object)) {
                *place = Some(statement);
            }
        }
        Self {
            text: &made.text,
            subjects: &made.subjects,
            says,
            pointer,
        }
    }

    /// Predicate and object, without the end if the object is a blank node.
    fn part(&self, statement: &TripleSpan) -> &'a str {
        let end = if statement.blank.is_some() { NAMELESS.len() } else { 0 };
        self.text.get(statement.from..statement.to - end).unwrap_or_default()
    }

    fn iri(&self, number: usize) -> Option<&'a str> {
        self.subjects.get(number).copied().flatten()
    }

    /// The canonical number of each blank node, by its number here (§4.4, step 4); 0 for what has an IRI.
    fn labels(&self) -> Option<Vec<usize>> {
        let mut seen = String::with_capacity(2048);
        let mut hashes: Vec<([u8; 32], usize)> = Vec::with_capacity(self.says.len());
        for (number, says) in self.says.iter().enumerate() {
            if self.iri(number).is_none() {
                seen.clear();
                self.see(number, says, &mut seen);
                hashes.push((
                    HashAlgorithm::Sha256.of(seen.as_bytes()).as_ref().try_into().ok()?,
                    number,
                ));
            }
        }
        hashes.sort_unstable();
        if hashes.windows(2).any(|two| matches!(two, [(a, _), (b, _)] if a == b)) {
            return None;
        }
        let mut labels = vec![0; self.says.len()];
        for (label, (_, number)) in hashes.iter().enumerate() {
            *labels.get_mut(*number)? = label;
        }
        Some(labels)
    }

    /// Adds the look of a blank node at first sight (§4.6): its lines in order, among which the one that points to it is the
    /// first if it is about an IRI, else the last.
    fn see(&self, number: usize, says: &[TripleSpan], seen: &mut String) {
        let pointer = self.pointer.get(number).copied().flatten();
        let from = pointer.and_then(|statement| self.iri(statement.subject));
        if let (Some(statement), Some(iri)) = (pointer, from) {
            for part in ["<", iri, "> ", self.part(statement), "_:a .\n"] {
                seen.push_str(part);
            }
        }
        for statement in says {
            seen.push_str(ITSELF);
            seen.push_str(self.text.get(statement.from..statement.to).unwrap_or_default());
        }
        if let (Some(statement), None) = (pointer, from) {
            for part in [ANOTHER, self.part(statement), "_:a .\n"] {
                seen.push_str(part);
            }
        }
    }

    /// All lines, with canonical labels, in order (§4.4, step 6 and 7).
    fn written(&self, labels: &[usize]) -> String {
        // Subjects in the order of their lines: IRIs, then blank nodes by the digits of their labels.
        let mut subjects: Vec<(RdfSubject<'_>, &[TripleSpan])> = Vec::with_capacity(self.says.len());
        for ((number, says), label) in self.says.iter().enumerate().zip(labels) {
            let subject = self
                .iri(number)
                .map_or_else(|| RdfSubject::Blank(Digits::of(*label)), RdfSubject::Iri);
            subjects.push((subject, says));
        }
        subjects.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let mut text = String::with_capacity(self.text.len() * 2);
        let mut ends = Vec::with_capacity(self.text.len() / 64);
        for (subject, says) in subjects {
            for statement in says {
                let (before, name, after) = match &subject {
                    RdfSubject::Iri(iri) => ("<", *iri, "> "),
                    RdfSubject::Blank(label) => ("_:c14n", label.as_str(), " "),
                };
                for part in [before, name, after, self.part(statement)] {
                    text.push_str(part);
                }
                if let Some(object) = statement.blank {
                    let label = Digits::of(labels.get(object).copied().unwrap_or_default());
                    for part in ["_:c14n", label.as_str(), " .\n"] {
                        text.push_str(part);
                    }
                }
                ends.push(text.len());
            }
        }
        in_order(text, &ends)
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum RdfSubject<'a> {
    Iri(&'a str),
    Blank(Digits),
}

/// A number in decimal digits, in the order of texts.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Digits {
    /// From the left; zeros behind them, which no digit is below.
    text: [u8; 20],
    length: usize,
}

impl Digits {
    fn of(number: usize) -> Self {
        let mut digits = Self {
            text: [0; 20],
            length: 0,
        };
        let mut power = 1;
        while number / power >= 10 {
            power *= 10;
        }
        while power > 0 {
            if let (Some(place), Ok(digit)) = (digits.text.get_mut(digits.length), u8::try_from(number / power % 10)) {
                *place = b'0' + digit;
            }
            digits.length += 1;
            power /= 10;
        }
        digits
    }

    fn as_str(&self) -> &str {
        let digits = self.text.get(..self.length).unwrap_or_default();
        std::str::from_utf8(digits).unwrap_or_default()
    }
}

/// The text with its lines in order, each once. Most often they are.
fn in_order(text: String, ends: &[usize]) -> String {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let mut lines: Vec<&str> = starts
        .zip(ends)
        .map(|(from, to)| text.get(from..*to).unwrap_or_default())
        .collect();
    if lines.is_sorted_by(|a, b| a < b) {
        return text;
    }
    lines.sort();
    lines.dedup();
    lines.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_ordered_as_their_texts_are() {
        for a in (0..1100).chain([usize::MAX]) {
            assert_eq!(Digits::of(a).as_str(), a.to_string());
            for b in [0, 1, 9, 10, 11, 99, 100, 101, 109, 999, 1000] {
                assert_eq!(
                    Digits::of(a).cmp(&Digits::of(b)),
                    a.to_string().cmp(&b.to_string()),
                    "{a} {b}"
                );
            }
        }
    }
}
