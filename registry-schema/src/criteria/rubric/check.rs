//! The check that a rubric is one: within its limits, and what it says that it is.

use std::collections::BTreeSet;

use super::{
    BadRubric, DeclaredRubric, MAX_COMPONENTS, MAX_LEVELS, MAX_REVIEWERS, MAX_STANDARDS, Rubric, RubricCounts,
    RubricGate, shown,
};

impl Rubric {
    /// Checks that it keeps to its limits, names nothing twice, and counts what it says and what is known of it.
    ///
    /// # Errors
    /// [`BadRubric`]: the first thing that is wrong.
    pub fn check(&self, declared: &[DeclaredRubric]) -> Result<(), BadRubric> {
        let whole = |field, what: String| Err(bad((None, None), field, what));
        if self.format != 1 {
            return whole("format", format!("`format` is `{}`: this version reads 1", self.format));
        }
        let top = (None, None);
        id(top, "id", &self.id)?;
        if !(1..=32).contains(&self.version.len())
            || !self
                .version
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        {
            let what = format!(
                "`{}` is no version: write 1 to 32 letters, digits, dots, hyphens or underscores",
                shown(&self.version)
            );
            return whole("version", what);
        }
        text(top, "title", &self.title, 200)?;
        text(top, "approved_by", &self.approved_by, 500)?;
        if !(2..=MAX_LEVELS).contains(&self.levels.len()) {
            return whole(
                "levels",
                format!(
                    "a scale has 2 to {MAX_LEVELS} levels, and this one has {}",
                    self.levels.len()
                ),
            );
        }
        let mut levels = BTreeSet::new();
        for level in &self.levels {
            id(top, "levels", level)?;
            if !levels.insert(level) {
                return whole("levels", format!("the level `{level}` is named twice: leave one out"));
            }
        }
        if !levels.contains(&self.met_from) {
            return whole(
                "met_from",
                format!(
                    "`{}` is no level of the scale: write one of `{}`",
                    shown(&self.met_from),
                    self.levels.join("`, `")
                ),
            );
        }
        if !(1..=MAX_REVIEWERS).contains(&self.reviewers) {
            return whole(
                "reviewers",
                format!(
                    "a rubric asks for 1 to {MAX_REVIEWERS} reviewers, not for {}",
                    self.reviewers
                ),
            );
        }
        self.check_standards()?;
        let counts = self.counts();
        if let RubricGate::AtLeast(least) = self.gate
            && !(1..=counts.components).contains(&least)
        {
            return whole(
                "gate",
                format!(
                    "the gate asks for {least} components, and there are {}",
                    counts.components
                ),
            );
        }
        if let Some(expected) = self.expect {
            agrees(counts, expected, "the rubric says of itself")?;
        }
        let known = declared.iter().find(|known| same_name(known.id, &self.id));
        known.map_or(Ok(()), |known| {
            agrees(
                counts,
                known.counts,
                &format!(
                    "`{}` ({}, {}) is known to have",
                    known.id, known.title, known.approved_by
                ),
            )
        })
    }

    fn check_standards(&self) -> Result<(), BadRubric> {
        if !(1..=MAX_STANDARDS).contains(&self.standards.len()) {
            let what = format!(
                "a rubric has 1 to {MAX_STANDARDS} standards, and this one has {}",
                self.standards.len()
            );
            return Err(bad((None, None), "standards", what));
        }
        let (mut standards, mut components) = (BTreeSet::new(), BTreeSet::new());
        for (i, standard) in self.standards.iter().enumerate() {
            let place = (Some(i), None);
            id(place, "id", &standard.id)?;
            text(place, "title", &standard.title, 200)?;
            if !standards.insert(&standard.id) {
                return Err(bad(
                    place,
                    "id",
                    format!("the id `{}` is taken: give each standard one of its own", standard.id),
                ));
            }
            if standard.components.is_empty() {
                return Err(bad(
                    place,
                    "components",
                    format!("the standard `{}` has no component: add one", standard.id),
                ));
            }
            for (j, component) in standard.components.iter().enumerate() {
                let place = (Some(i), Some(j));
                id(place, "id", &component.id)?;
                text(place, "demands", &component.demands, 1_000)?;
                if !components.insert(&component.id) {
                    return Err(bad(
                        place,
                        "id",
                        format!("the id `{}` is taken: give each component one of its own", component.id),
                    ));
                }
                if component.demanded_by.len() > 20 {
                    return Err(bad(place, "demanded_by", "name at most 20 who demand it".into()));
                }
                for who in &component.demanded_by {
                    text(place, "demanded_by", who, 200)?;
                }
            }
        }
        if components.len() > MAX_COMPONENTS {
            let what = format!(
                "a rubric has at most {MAX_COMPONENTS} components, and this one has {}",
                components.len()
            );
            return Err(bad((None, None), "standards", what));
        }
        Ok(())
    }
}

/// Names that a reader would take for the same: `nc-2024` and `nc_2024`.
fn same_name(one: &str, other: &str) -> bool {
    one.replace('-', "_") == other.replace('-', "_")
}

fn bad(place: (Option<usize>, Option<usize>), field: &'static str, what: String) -> BadRubric {
    BadRubric { place, field, what }
}

fn agrees(counts: RubricCounts, told: RubricCounts, who: &str) -> Result<(), BadRubric> {
    if counts == told {
        return Ok(());
    }
    let words = |e: RubricCounts| {
        let gate = match e.gate {
            RubricGate::All => "all must be met".to_owned(),
            RubricGate::AtLeast(least) => format!("at least {least} must be met"),
        };
        format!(
            "{} standards with {} components, of which {gate}",
            e.standards, e.components
        )
    };
    let what = format!(
        "{who} {}; this file has {}: import the whole of it, or give it another id",
        words(told),
        words(counts)
    );
    Err(bad((None, None), "standards", what))
}

fn id(place: (Option<usize>, Option<usize>), field: &'static str, id: &str) -> Result<(), BadRubric> {
    let fits = (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
    if fits {
        return Ok(());
    }
    let what = format!(
        "`{}` is no id: write 1 to 64 lower-case letters, digits, hyphens or underscores",
        shown(id)
    );
    Err(bad(place, field, what))
}

fn text(place: (Option<usize>, Option<usize>), field: &'static str, text: &str, most: usize) -> Result<(), BadRubric> {
    if (1..=most).contains(&text.trim().chars().count()) {
        return Ok(());
    }
    Err(bad(place, field, format!("`{field}` has 1 to {most} characters")))
}
