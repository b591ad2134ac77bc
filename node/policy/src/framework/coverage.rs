//! Coverage: which items of a framework the achievements are aligned to. Each number names its base; **no person, no
//! badge**.

use std::collections::{BTreeMap, BTreeSet};

use super::{BadFramework, Framework, FrameworkElement};

/// Most pairs of item and achievement that are counted upwards through a framework.
const MOST_PAIRS: usize = 2_000_000;

/// The facts known of one achievement: its badges, and the items that it is aligned to, by URI or identifier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlignedAchievement {
    /// The number of badges issued for it.
    pub badges: u64,
    /// The items.
    pub items: BTreeSet<String>,
}

/// The coverage of a framework.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoverageReport {
    /// Each item, in the framework's order.
    pub items: Vec<CoveredItem>,
    /// Over all items.
    pub all: CoverageShare,
    /// Over the items of subjects that are tested.
    pub tested: CoverageShare,
    /// Over the items of subjects that are not.
    pub not_tested: CoverageShare,
    /// Over the items that name no subject.
    pub no_subject: CoverageShare,
}

/// The coverage of one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoveredItem {
    /// The place of the item in [`Framework::items`].
    pub place: usize,
    /// The number of achievements aligned to the item itself.
    pub achievements: u64,
    /// The number of badges issued for those.
    pub badges: u64,
    /// The number of achievements aligned to it or to an item below it.
    pub with_below: u64,
}

/// The share of some items that is covered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CoverageShare {
    /// The number of items.
    pub items: u64,
    /// To how many of them an achievement is aligned.
    pub aligned: u64,
    /// To how many an achievement is aligned, or to an item below them.
    pub with_below: u64,
}

/// Returns how far these achievements cover a framework; `tested` are the names of the subjects in which students are tested.
///
/// # Errors
/// [`BadFramework`], if the framework is so tangled that counting would not end soon.
pub fn of(
    framework: &Framework,
    tested: &[String],
    achievements: &BTreeMap<String, AlignedAchievement>,
) -> Result<CoverageReport, BadFramework> {
    let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
    for (place, item) in framework.items.iter().enumerate() {
        by_name.insert(&item.id, place);
        by_name.insert(&item.uri, place);
    }
    let mut direct: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); framework.items.len()];
    for (number, aligned) in achievements.values().enumerate() {
        for item in &aligned.items {
            if let Some(set) = by_name.get(item.as_str()).and_then(|place| direct.get_mut(*place)) {
                set.insert(number);
            }
        }
    }
    let badges: Vec<u64> = achievements.values().map(|aligned| aligned.badges).collect();
    // Parents stand before their children: from the last item to the first, each is whole when it is added to its parents.
    let mut below = direct.clone();
    let mut pairs = 0;
    for (place, item) in framework.items.iter().enumerate().rev() {
        let own = below.get(place).cloned().unwrap_or_default();
        for parent in &item.parents {
            pairs += own.len();
            if pairs > MOST_PAIRS {
                return Err(BadFramework("the framework is too tangled to count".into()));
            }
            if let Some(set) = by_name.get(parent.as_str()).and_then(|place| below.get_mut(*place)) {
                set.extend(&own);
            }
        }
    }
    let subjects = subjects(framework);
    let mut coverage = CoverageReport {
        items: Vec::with_capacity(framework.items.len()),
        all: CoverageShare::default(),
        tested: CoverageShare::default(),
        not_tested: CoverageShare::default(),
        no_subject: CoverageShare::default(),
    };
    let is_tested = |subject: &String| tested.iter().any(|one| one.trim().eq_ignore_ascii_case(subject));
    for (place, ((direct, below), subjects)) in direct.iter().zip(&below).zip(&subjects).enumerate() {
        let covered = CoveredItem {
            place,
            achievements: count(direct.len()),
            badges: direct.iter().filter_map(|number| badges.get(*number)).sum(),
            with_below: count(below.len()),
        };
        let part = match subjects.as_slice() {
            [] => &mut coverage.no_subject,
            some if some.iter().any(is_tested) => &mut coverage.tested,
            _ => &mut coverage.not_tested,
        };
        for share in [part, &mut coverage.all] {
            share.items += 1;
            share.aligned += u64::from(covered.achievements > 0);
            share.with_below += u64::from(covered.with_below > 0);
        }
        coverage.items.push(covered);
    }
    Ok(coverage)
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// The subjects of each item: its own; or those of the items that it stands below; or the framework's.
fn subjects(framework: &Framework) -> Vec<Vec<String>> {
    let mut known: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for item in &framework.items {
        let mut subjects = item.subjects.clone();
        if subjects.is_empty() {
            let of_parents = item.parents.iter().filter_map(|parent| known.get(parent.as_str()));
            subjects = of_parents
                .flatten()
                .cloned()
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect();
        }
        if subjects.is_empty() {
            subjects.clone_from(&framework.subjects);
        }
        known.insert(&item.id, subjects);
    }
    let of = |item: &FrameworkElement| known.get(item.id.as_str()).cloned().unwrap_or_default();
    framework.items.iter().map(of).collect()
}
