//! Rubrics as files: TOML, with what is wrong said by line and column; and what is known of published ones.

use registry_schema::criteria::{BadRubric, DeclaredRubric, Rubric, RubricCounts, RubricGate};
use toml::de::DeTable;

use crate::file::{BadPolicyFile, read, wrong};

/// Longest rubric file, in bytes.
pub const MAX_BYTES: usize = 256 * 1024;

/// A rubric to begin with: this project's own, from what was found to be demanded of issuers and by whom.
pub const STARTER: &str = include_str!("../rubrics/starter.toml");

/// Published rubrics whose counts are known. Their texts are their owners': whoever has one imports it, and an import
/// under such a name that counts otherwise is refused.
pub const DECLARED: &[DeclaredRubric] = &[DeclaredRubric {
    id: "nc_2024",
    title: "Micro-credential Quality Assurance Standards and Rubric",
    approved_by: "NC State Board of Education, 2024",
    counts: RubricCounts {
        standards: 13,
        components: 29,
        gate: RubricGate::All,
    },
}];

/// Reads a rubric.
///
/// # Errors
/// [`BadPolicyFile`]: the first thing that cannot be read or breaks a limit, or counts that are not those of the rubric that it
/// says it is, with its place.
pub fn parse(text: &str) -> Result<Rubric, BadPolicyFile> {
    if text.len() > MAX_BYTES {
        let what = format!("the file has {} bytes: a rubric has at most {MAX_BYTES}", text.len());
        return Err(BadPolicyFile(vec![wrong(text, 0..0, what)]));
    }
    let rubric: Rubric = read(text)?;
    rubric
        .check(DECLARED)
        .map_err(|bad| BadPolicyFile(vec![wrong(text, place(text, &bad), bad.what)]))?;
    Ok(rubric)
}

/// Writes a rubric as a file that [`parse`] reads.
///
/// # Errors
/// If TOML cannot hold it, which is said in words.
pub fn write(rubric: &Rubric) -> Result<String, String> {
    toml::to_string_pretty(rubric).map_err(|error| error.to_string())
}

/// Finds the place of a fault in the file.
fn place(text: &str, bad: &BadRubric) -> std::ops::Range<usize> {
    let Ok(table) = DeTable::parse(text) else { return 0..0 };
    let top = table.get_ref();
    let standards = top.get("standards").and_then(|all| all.get_ref().as_array());
    let standard = bad.place.0.and_then(|i| standards?.get(i));
    let component = bad.place.1.and_then(|j| {
        let components = standard?.get_ref().as_table()?.get("components")?;
        components.get_ref().as_array()?.get(j)
    });
    let Some(around) = component.or(standard) else {
        return top.get(bad.field).map_or(0..0, toml::Spanned::span);
    };
    let field = around.get_ref().as_table().and_then(|table| table.get(bad.field));
    field.map_or_else(|| around.span(), toml::Spanned::span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_starter_rubric_is_one_and_reads_back() {
        let rubric = parse(STARTER).unwrap();
        assert_eq!((rubric.counts().standards, rubric.counts().components), (4, 12));
        assert!(
            rubric.components().all(|one| !one.demanded_by.is_empty()),
            "each names who demands it"
        );
        assert_eq!(parse(&write(&rubric).unwrap()).unwrap(), rubric);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let says = |from: &str, to: &str| {
            assert!(STARTER.contains(from), "{from}");
            parse(&STARTER.replacen(from, to, 1)).unwrap_err().to_string()
        };
        let line_of = |what: &str| STARTER.lines().position(|line| line.contains(what)).unwrap() + 1;
        let twice = says("id = \"blind-review\"", "id = \"calibrated-assessors\"");
        assert!(
            twice.starts_with(&format!(
                "line {}, column 6: the id `calibrated-assessors` is taken",
                line_of("blind-review")
            )),
            "{twice}"
        );
        let role = says("role = \"assessor\"", "role = \"judge\"");
        assert!(
            role.starts_with(&format!("line {}, column", line_of("\"assessor\""))),
            "{role}"
        );
        assert!(role.contains("unknown variant `judge`"), "{role}");
        assert!(says("components = 12", "components = 11").contains("4 standards with 11 components"));
        // A name that is known is not given to something else.
        let claims = says("id = \"comity-starter\"", "id = \"nc-2024\"");
        assert!(
            claims.contains("`nc_2024`") && claims.contains("13 standards with 29 components"),
            "{claims}"
        );
        assert!(
            parse(&"#".repeat(MAX_BYTES + 1))
                .unwrap_err()
                .to_string()
                .contains("at most 262144")
        );
    }

    /// All that the import checks, and no text of it: whoever has the real one gets in.
    #[test]
    fn a_whole_copy_of_a_known_rubric_is_taken_in() {
        let starter = parse(STARTER).unwrap();
        let model = starter.components().next().unwrap().clone();
        let components = |standard: usize| {
            let many = if standard < 3 { 3 } else { 2 };
            let one = |part: usize| registry_schema::criteria::RubricComponent {
                id: format!("c{standard}-{part}"),
                ..model.clone()
            };
            (0..many).map(one).collect()
        };
        let standard = |i| registry_schema::criteria::RubricStandard {
            id: format!("s{i}"),
            title: "A standard".into(),
            components: components(i),
        };
        let mut copy = Rubric {
            id: "nc_2024".into(),
            expect: None,
            standards: (0..13).map(standard).collect(),
            ..starter
        };
        assert!(parse(&write(&copy).unwrap()).is_ok());
        copy.gate = RubricGate::AtLeast(28);
        assert!(parse(&write(&copy).unwrap()).is_err(), "all must be met");
    }
}
