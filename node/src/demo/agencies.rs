//! The agencies that a demo can have.

/// The agencies that a demo can have, in their order: first the thirteen states and two districts of whose rules samples
/// are shipped ([`policy::samples`]), then the other states and territories.
pub(super) const AGENCIES: [(&str, &str); 58] = [
    ("US-NC", "North Carolina"),
    ("US-SC", "South Carolina"),
    ("US-TN", "Tennessee"),
    ("US-UT", "Utah"),
    ("US-GA", "Georgia"),
    ("US-DE", "Delaware"),
    ("US-AR", "Arkansas"),
    ("US-AL", "Alabama"),
    ("US-NM", "New Mexico"),
    ("US-KY", "Kentucky"),
    ("US-FL", "Florida"),
    ("US-TX", "Texas"),
    ("US-MD", "Maryland"),
    ("US-CO:aurora", "Aurora (Colorado)"),
    ("US-IL:troy-30-c", "Troy 30-C (Illinois)"),
    ("US-VA", "Virginia"),
    ("US-AK", "Alaska"),
    ("US-AZ", "Arizona"),
    ("US-CA", "California"),
    ("US-CO", "Colorado"),
    ("US-CT", "Connecticut"),
    ("US-DC", "District of Columbia"),
    ("US-HI", "Hawaii"),
    ("US-ID", "Idaho"),
    ("US-IL", "Illinois"),
    ("US-IN", "Indiana"),
    ("US-IA", "Iowa"),
    ("US-KS", "Kansas"),
    ("US-LA", "Louisiana"),
    ("US-ME", "Maine"),
    ("US-MA", "Massachusetts"),
    ("US-MI", "Michigan"),
    ("US-MN", "Minnesota"),
    ("US-MS", "Mississippi"),
    ("US-MO", "Missouri"),
    ("US-MT", "Montana"),
    ("US-NE", "Nebraska"),
    ("US-NV", "Nevada"),
    ("US-NH", "New Hampshire"),
    ("US-NJ", "New Jersey"),
    ("US-NY", "New York"),
    ("US-ND", "North Dakota"),
    ("US-OH", "Ohio"),
    ("US-OK", "Oklahoma"),
    ("US-OR", "Oregon"),
    ("US-PA", "Pennsylvania"),
    ("US-RI", "Rhode Island"),
    ("US-SD", "South Dakota"),
    ("US-VT", "Vermont"),
    ("US-WA", "Washington"),
    ("US-WV", "West Virginia"),
    ("US-WI", "Wisconsin"),
    ("US-WY", "Wyoming"),
    ("US-AS", "American Samoa"),
    ("US-GU", "Guam"),
    ("US-MP", "Northern Mariana Islands"),
    ("US-PR", "Puerto Rico"),
    ("US-VI", "U.S. Virgin Islands"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use policy::samples::SAMPLES;
    use registry_schema::AgencyId;

    use super::*;

    #[test]
    fn the_first_fifteen_are_those_of_the_samples_and_no_agency_stands_twice() {
        let first: BTreeSet<&str> = AGENCIES.iter().take(SAMPLES.len()).map(|(id, _)| *id).collect();
        assert_eq!(first, SAMPLES.iter().map(|(id, _)| *id).collect());
        let (ids, names): (BTreeSet<&str>, BTreeSet<&str>) = AGENCIES.iter().copied().unzip();
        assert_eq!((ids.len(), names.len()), (AGENCIES.len(), AGENCIES.len()));
        assert!(ids.iter().all(|id| id.parse::<AgencyId>().is_ok()));
        let districts = ids.iter().filter(|id| id.contains(':')).count();
        assert_eq!(
            (districts, ids.len() - districts),
            (2, 56),
            "all states and territories, and two districts"
        );
        assert_eq!(
            AGENCIES.map(|(id, _)| id)[..3],
            ["US-NC", "US-SC", "US-TN"],
            "these keep their ports"
        );
    }
}
