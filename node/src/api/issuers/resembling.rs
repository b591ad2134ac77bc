//! Names of the federation that the name of an issuer may be taken for.

use std::cmp::Reverse;

use api_types::issuers::ResemblingName;
use verification::names::{FoldedName, NameSimilarity, SimilarName};

use agency::registry::{AgencyState, Registry};

/// Most names that are told, the likest first.
const MOST_TOLD: usize = 5;

/// The names at other agencies that the name of the issuer with this id is like. An agency that registers it as well calls it so
/// by right.
pub(in crate::api) fn resembling(registry: &Registry, name: &str, id: &str) -> Vec<ResemblingName> {
    let claimed = FoldedName::new(name);
    let roster = registry.roster();
    let others = registry.agencies().into_iter();
    let others = others.filter(|lists| lists.id != *registry.home_id() && roster.expelled(&lists.id).is_none());
    let like_at = |lists: &AgencyState| {
        let same = lists.issuer(id).map(|same| same.name.clone());
        let like = lists
            .like_names(&claimed)
            .filter(|like| like.is_agency || same.as_ref() != Some(&like.name));
        like.map(|like| (like, lists.name.clone())).collect::<Vec<_>>()
    };
    let mut like: Vec<(SimilarName, String)> = others.flat_map(like_at).collect();
    like.sort_by_key(|(one, _)| (Reverse(one.likeness), one.is_agency));
    like.truncate(MOST_TOLD);
    let told = like.into_iter().map(|(like, agency_name)| ResemblingName {
        name: like.name,
        agency: like.agency,
        agency_name,
        is_agency: like.is_agency,
        reads_the_same: like.likeness == NameSimilarity::Same,
    });
    told.collect()
}
