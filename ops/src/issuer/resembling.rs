//! The warning that an issuer's name may be taken for another one of the federation.

use api_types::issuers::ResemblingName;

use crate::show;

/// The warning, if there is one to give.
pub(crate) fn warning(resembles: &[ResemblingName]) -> Option<String> {
    let told: Vec<String> = resembles.iter().map(in_words).collect();
    (!told.is_empty()).then(|| {
        show::paragraph(&format!(
            "warning: readers may take it for another: {}. Badges say whose issuer made them, and people read names: take one that \
             tells it apart, unless it is the same body.",
            told.join("; ")
        ))
    })
}

fn in_words(like: &ResemblingName) -> String {
    let (whose, name) = (format!("{} ({})", like.agency_name, like.agency), &like.name);
    match (like.is_agency, like.reads_the_same) {
        (false, true) => format!("{whose} has an issuer of this name: {name}"),
        (false, false) => format!("{whose} has an issuer of a name like this one: {name}"),
        (true, true) => format!("it is the name of the agency {whose}"),
        (true, false) => format!("it is like the name of the agency {whose}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_others_bear_is_told_with_whose_it_is() {
        let one = |is_agency, reads_the_same| ResemblingName {
            name: "Palmetto Learning".into(),
            agency: "US-SC".parse().unwrap(),
            agency_name: "South Carolina".into(),
            is_agency,
            reads_the_same,
        };
        assert_eq!(warning(&[]), None);
        let told = warning(&[one(false, true), one(true, false)])
            .unwrap()
            .replace('\n', " ");
        for words in [
            "South Carolina (US-SC) has an issuer of this name: Palmetto Learning",
            "it is like the name of the agency South Carolina (US-SC)",
        ] {
            assert!(told.contains(words), "{told}");
        }
    }
}
