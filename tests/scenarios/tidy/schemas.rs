//! Names of the types that the API's document shows.

use std::collections::BTreeMap;

use super::{NODE_CRATES, code, sources};

/// Types that describe themselves in OpenAPI have a name each: two with one name would show a stranger the wrong one.
#[test]
fn no_two_types_have_one_name_in_the_document_of_the_api() {
    let mut places: BTreeMap<String, String> = BTreeMap::new();
    let others = [
        "registry-schema/src",
        "node/api-types/src",
        "node/policy/src",
        "node/verification/src",
    ];
    for (file, source) in others.into_iter().chain(NODE_CRATES).flat_map(sources) {
        for rest in code(&source).split("ToSchema").skip(1) {
            // A derive, with what else stands before the type.
            let Some((attributes, rest)) = rest
                .split_once("struct ")
                .into_iter()
                .chain(rest.split_once("enum "))
                .min_by_key(|(before, _)| before.len())
            else {
                continue;
            };
            if attributes.contains(['{', ';']) && !attributes.contains("schema(as")
                || !attributes.trim_start().starts_with([')', ','])
            {
                continue;
            }
            let named = attributes.split_once("as = ").map_or(rest, |(_, name)| name);
            let name: String = named.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if let Some(other) = places.insert(name.clone(), file.clone()) {
                panic!("`{name}` is a type in {other} and in {file}: give one of them another name");
            }
        }
    }
    assert!(places.len() > 100, "{places:?}");
}
