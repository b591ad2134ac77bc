//! Names that somebody wrote into a file, held against the names of those whom agencies register.
//!
//! Two names are alike if a reader may take one for the other: with confusable letters folded (Unicode UTS 39), without case,
//! accents, punctuation, invisible characters and legal forms, in whatever order their words stand, and in whatever order
//! direction controls put their letters; longer ones also with a letter or two amiss, and where one holds the other. Likeness
//! is a warning, **never a reason to believe**.

mod order;

use std::collections::BTreeSet;

use registry_schema::AgencyId;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
use unicode_security::confusable_detection::skeleton;

/// The most characters of a name that are folded: folding costs by length.
const LONGEST_FOLDED: usize = 200;

/// Words that say nothing of who somebody is, folded.
const EMPTY_WORDS: [&str; 19] = [
    "inc",
    "incorporated",
    "llc",
    "llp",
    "ltd",
    "limited",
    "corp",
    "corporation",
    "co",
    "company",
    "gmbh",
    "plc",
    "pbc",
    "the",
    "of",
    "and",
    "for",
    "a",
    "an",
];

/// Shortest folded name, in letters, that may have one letter amiss, and two.
const ONE_AMISS: usize = 7;
const TWO_AMISS: usize = 14;

/// Fewest letters of a name of several words that is found within another.
const LEAST_WITHIN: usize = 9;

/// A name with all that does not tell two names apart folded away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoldedName {
    /// The ways of folding it that differ: by what its letters are, by what they look like, and by the order in which they
    /// are seen.
    ways: Vec<NameFolding>,
}

/// One way of folding.
#[derive(Clone, Debug, PartialEq, Eq)]
struct NameFolding {
    /// Its words in their order, without what stands between.
    letters: Vec<char>,
    words: BTreeSet<String>,
    /// A bit for each letter that occurs.
    used: u64,
}

/// The degree to which two names are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameSimilarity {
    /// One holds the other's words, or a letter or two differ.
    Resembles,
    /// They read the same.
    Same,
}

/// A name of the federation that a name in a file is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimilarName {
    /// The name that stands in a trust list, or that an agency gives itself.
    pub name: String,
    /// The agency whose issuer it is; the agency itself, if it is an agency's name.
    pub agency: AgencyId,
    /// True if it is the agency's own name.
    pub is_agency: bool,
    /// The degree to which they are alike.
    pub likeness: NameSimilarity,
}

impl SimilarName {
    /// A name of the federation, if the claimed one is like it.
    #[must_use]
    pub fn new(
        claimed: &FoldedName,
        name: &str,
        folded: &FoldedName,
        agency: &AgencyId,
        is_agency: bool,
    ) -> Option<Self> {
        let likeness = claimed.likeness(folded)?;
        Some(Self {
            name: name.to_owned(),
            agency: agency.clone(),
            is_agency,
            likeness,
        })
    }
}

impl FoldedName {
    /// Folds a name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let look_of = |text: &str| skeleton(text).collect::<String>().to_lowercase();
        let mut ways: Vec<NameFolding> = Vec::new();
        for seen in order::seen(name, LONGEST_FOLDED) {
            let plain: String = seen.nfkc().take(LONGEST_FOLDED).collect();
            // A capital letter may look like another letter than its small one does, and the plain form of a letter like
            // another than the letter itself does; so all are looked at.
            for text in [plain.to_lowercase(), look_of(&plain), look_of(&seen)] {
                let way = NameFolding::new(&text);
                if !way.letters.is_empty() && !ways.contains(&way) {
                    ways.push(way);
                }
            }
        }
        Self { ways }
    }

    /// The likeness of this name to another, if there is any.
    #[must_use]
    pub fn likeness(&self, other: &Self) -> Option<NameSimilarity> {
        let pairs = self
            .ways
            .iter()
            .flat_map(|one| other.ways.iter().map(move |two| (one, two)));
        pairs.filter_map(|(one, two)| one.likeness(two)).max()
    }
}

impl NameFolding {
    fn new(text: &str) -> Self {
        let folded: String = skeleton(text).filter(|c| !is_combining_mark(*c)).map(look).collect();
        let all = || {
            folded
                .split(|c: char| !c.is_alphanumeric())
                .filter(|word| !word.is_empty())
        };
        let is_told = |word: &&str| !empty_words().any(|empty| empty == *word);
        // A name of such words alone is told by them.
        let told: Vec<&str> = match all().any(|word| is_told(&word)) {
            true => all().filter(is_told).collect(),
            false => all().collect(),
        };
        let letters: Vec<char> = told.concat().chars().collect();
        let used = letters.iter().fold(0, |used, c| used | 1 << (u32::from(*c) % 64));
        Self {
            letters,
            words: told.into_iter().map(str::to_owned).collect(),
            used,
        }
    }

    fn likeness(&self, other: &Self) -> Option<NameSimilarity> {
        if self.letters == other.letters || self.words == other.words {
            return Some(NameSimilarity::Same);
        }
        let (short, long) = if self.letters.len() <= other.letters.len() {
            (self, other)
        } else {
            (other, self)
        };
        let most = match short.letters.len() {
            TWO_AMISS.. => 2,
            ONE_AMISS.. => 1,
            _ => 0,
        };
        let within = short.words.len() > 1 && short.letters.len() >= LEAST_WITHIN && short.words.is_subset(&long.words);
        let is_near = || {
            long.letters.len() - short.letters.len() <= most
                && (short.used ^ long.used).count_ones() as usize <= 2 * most
                && distance(&short.letters, &long.letters, most)
        };
        (within || is_near()).then_some(NameSimilarity::Resembles)
    }
}

/// The words that are left out, folded as names are.
fn empty_words() -> impl Iterator<Item = &'static str> {
    static FOLDED: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| {
        let folded = EMPTY_WORDS.iter().map(|word| skeleton(word).map(look).collect());
        folded.collect()
    });
    FOLDED.iter().map(String::as_str)
}

/// Letters that UTS 39 tells apart, and a reader of capitals does not.
const fn look(c: char) -> char {
    match c {
        'i' | '1' | '|' => 'l',
        '0' => 'o',
        c => c,
    }
}

/// Returns true if one text becomes the other by at most so many insertions, deletions, replacements and swaps of neighbours.
fn distance(one: &[char], other: &[char], most: usize) -> bool {
    if most == 0 {
        return one == other;
    }
    let width = other.len() + 1;
    let (mut before, mut last): (Vec<usize>, Vec<usize>) = (vec![usize::MAX / 2; width], (0..width).collect());
    for (i, a) in one.iter().enumerate() {
        let mut row = Vec::with_capacity(width);
        row.push(i + 1);
        for (j, b) in other.iter().enumerate() {
            let at = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX / 2);
            let replaced = at(&last, j) + usize::from(a != b);
            let mut least = replaced.min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let before_a = i.checked_sub(1).and_then(|place| one.get(place));
            let before_b = j.checked_sub(1).and_then(|place| other.get(place));
            if before_a == Some(b) && before_b == Some(a) {
                least = least.min(at(&before, j - 1) + 1);
            }
            row.push(least);
        }
        if row.iter().min().is_none_or(|least| *least > most) {
            return false;
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().is_some_and(|found| *found <= most)
}

#[cfg(test)]
mod tests;
